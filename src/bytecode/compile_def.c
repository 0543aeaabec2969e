/* compile_def.c - parameters, and what defines: def, class, module, alias, undef, END.
 *
 * Locals of a sequence are numbered before any code is emitted, since an instruction names a local by its distance from
 * the end: parameters in YARV's order (required, optional, rest, post, keywords, **rest, block), then the others. Then comes
 * the code of optional parameters (control enters it according to how many were given), of keywords, and last of parameters
 * that are taken apart.
 */
#include "bytecode/compile_internal.h"

static void add_locals(Scope *s, const AstConstantList *locals) {
    for (uint32_t i = 0; i < locals->count; i++) {
        Id id = tr_compile_id(s, locals->items[i]);
        bool exists = false;
        for (uint32_t j = 0; j < s->locals.count && !exists; j++) exists = s->locals.items[j] == id;
        if (!exists) tr_local_add(s, id);
    }
}

static const AstConstantList *locals_of(const AstNode *owner) {
    switch (owner->type) {
    case AST_DEF_NODE: return &((const AstDefNode *)owner)->locals;
    case AST_LAMBDA_NODE: return &((const AstLambdaNode *)owner)->locals;
    default: return &((const AstBlockNode *)owner)->locals;
    }
}

static void add_positional(Scope *s, const AstNode *node) {
    if (node->type == AST_REQUIRED_PARAMETER_NODE)
        tr_local_add(s, tr_compile_id(s, ((const AstRequiredParameterNode *)node)->name));
    else tr_local_add(s, 0); /* |(a, b)| */
}

static MAY_SWITCH void add_keywords(Scope *s, const AstNodeList *keywords, const AstNode *rest) {
    Params *params = &s->iseq->params;
    KeywordParams *k = params->keywords = tr_compile_alloc(s->compiler, sizeof *k);
    Id *names = tr_compile_alloc(s->compiler, (keywords->count + 1) * sizeof *names);
    Value *defaults = tr_compile_alloc(s->compiler, (keywords->count + 1) * sizeof *defaults);
    k->count = keywords->count;
    k->names = names;
    k->defaults = defaults;
    k->bits_start = k->rest_start = -1;
    uint32_t n = 0;
    for (uint32_t i = 0; i < keywords->count; i++)
        if (keywords->items[i]->type == AST_REQUIRED_KEYWORD_PARAMETER_NODE) {
            names[n] = tr_compile_id(s, ((const AstRequiredKeywordParameterNode *)keywords->items[i])->name);
            tr_local_add(s, names[n++]);
        }
    k->required_count = n;
    for (uint32_t i = 0; i < keywords->count; i++)
        if (keywords->items[i]->type == AST_OPTIONAL_KEYWORD_PARAMETER_NODE) {
            const AstOptionalKeywordParameterNode *keyword = (const void *)keywords->items[i];
            names[n] = tr_compile_id(s, keyword->name);
            bool is_static = tr_literal_is_static(keyword->value) && keyword->value->type != AST_ARRAY_NODE &&
                             keyword->value->type != AST_HASH_NODE;
            defaults[n - k->required_count] = is_static ? tr_literal_value(s, keyword->value) : TR_UNDEF;
            tr_local_add(s, names[n++]);
        }
    if (keywords->count > 0) k->bits_start = (int32_t)tr_local_add(s, 0);
    if (rest && rest->type == AST_KEYWORD_REST_PARAMETER_NODE) {
        AstConstant name = ((const AstKeywordRestParameterNode *)rest)->name;
        params->anonymous_kwrest = name == 0;
        k->rest_start = (int32_t)tr_local_add(s, name ? tr_compile_id(s, name) : TR_ID_power);
    }
}

static MAY_SWITCH void compile_optionals(Scope *s, const AstNodeList *optionals) {
    Params *params = &s->iseq->params;
    for (uint32_t i = 0; i <= optionals->count; i++) {
        LabelId label = tr_label_new(s);
        tr_label_place(s, label);
        s->labels.items[label].is_kept = true;
        *LIST_PUSH(s->opt_labels) = label;
        if (i == optionals->count) break;
        const AstOptionalParameterNode *optional = (const void *)optionals->items[i];
        s->line = tr_compile_line(s->compiler, optional->base.start);
        compile(s, optional->value);
        tr_emit_setlocal_number(s, params->lead_count + i);
    }
}

static MAY_SWITCH void compile_keyword_defaults(Scope *s, const AstNodeList *keywords) {
    const KeywordParams *k = s->iseq->params.keywords;
    uint32_t n = 0, first = (uint32_t)k->bits_start - k->count + k->required_count;
    for (uint32_t i = 0; i < keywords->count; i++) {
        if (keywords->items[i]->type != AST_OPTIONAL_KEYWORD_PARAMETER_NODE) continue;
        const AstOptionalKeywordParameterNode *keyword = (const void *)keywords->items[i];
        if (k->defaults[n] == TR_UNDEF) {
            LabelId given = tr_label_new(s);
            s->line = tr_compile_line(s->compiler, keyword->base.start);
            emit2(s, OP_checkkeyword, s->locals.count - (uint32_t)k->bits_start + 2, n);
            tr_emit_jump(s, OP_branchif, given);
            compile(s, keyword->value);
            tr_emit_setlocal_number(s, first + n);
            tr_label_place(s, given);
        }
        n++;
    }
}

static MAY_SWITCH void compile_destructuring(Scope *s, const AstNodeList *list, uint32_t first) {
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i]->type != AST_MULTI_TARGET_NODE) continue;
        tr_emit_getlocal_number(s, first + i);
        tr_compile_target_top(s, list->items[i]);
    }
}

MAY_SWITCH void tr_compile_parameters(Scope *s, const AstParametersNode *p, const AstNode *owner, bool is_block) {
    Params *params = &s->iseq->params;
    const AstConstantList *locals = locals_of(owner);
    if (!p) {
        params->is_simple = true;
        add_locals(s, locals);
        return;
    }
    for (uint32_t i = 0; i < p->requireds.count; i++) add_positional(s, p->requireds.items[i]);
    params->lead_count = p->requireds.count;
    for (uint32_t i = 0; i < p->optionals.count; i++)
        tr_local_add(s, tr_compile_id(s, ((const AstOptionalParameterNode *)p->optionals.items[i])->name));
    params->opt_count = p->optionals.count;
    bool is_forwarding = p->keyword_rest && p->keyword_rest->type == AST_FORWARDING_PARAMETER_NODE;
    if (p->rest && p->rest->type == AST_REST_PARAMETER_NODE) {
        AstConstant name = ((const AstRestParameterNode *)p->rest)->name;
        params->anonymous_rest = name == 0;
        params->rest_start = (int32_t)tr_local_add(s, name ? tr_compile_id(s, name) : TR_ID_times);
    } else if (is_forwarding) {
        params->anonymous_rest = true;
        params->rest_start = (int32_t)tr_local_add(s, TR_ID_times);
    }
    if (p->posts.count) params->post_start = (int32_t)s->locals.count;
    for (uint32_t i = 0; i < p->posts.count; i++) add_positional(s, p->posts.items[i]);
    params->post_count = p->posts.count;
    bool has_no_keywords = p->keyword_rest && p->keyword_rest->type == AST_NO_KEYWORDS_PARAMETER_NODE;
    params->accepts_no_keywords = has_no_keywords;
    if (p->keywords.count || (p->keyword_rest && !has_no_keywords)) add_keywords(s, &p->keywords, p->keyword_rest);
    if (is_forwarding) {
        params->forwardable = params->anonymous_kwrest = true;
        params->keywords->rest_start = (int32_t)tr_local_add(s, TR_ID_power);
        params->block_start = (int32_t)tr_local_add(s, TR_ID_and);
    }
    if (p->block) {
        AstConstant name = p->block->name;
        params->block_start = (int32_t)tr_local_add(s, name ? tr_compile_id(s, name) : TR_ID_and);
        s->iseq->uses_block = true;
    }
    params->size = s->locals.count;
    bool only_leads = params->opt_count == 0 && params->rest_start < 0 && params->post_count == 0 && !params->keywords;
    params->is_simple = only_leads && params->block_start < 0 && !has_no_keywords;
    params->ambiguous_param0 = is_block && only_leads && params->lead_count == 1 && !p->rest;
    add_locals(s, locals);
    if (p->optionals.count) compile_optionals(s, &p->optionals);
    if (p->keywords.count) compile_keyword_defaults(s, &p->keywords);
    compile_destructuring(s, &p->requireds, 0);
    compile_destructuring(s, &p->posts, params->post_start < 0 ? 0 : (uint32_t)params->post_start);
}

/* ---- def ---- */

MAY_SWITCH void tr_compile_method_body(Scope *s, const AstNode *node) {
    const AstDefNode *def = (const AstDefNode *)node;
    s->iseq->name = tr_compile_id(s, def->name);
    tr_compile_parameters(s, def->parameters, node, false);
    s->events |= EVENT_CALL;
    s->last_event_line = -1;
    s->line = tr_compile_line(s->compiler, node->start);
    tr_compile_body(s, def->body, false);
    s->line = (int32_t)s->iseq->last_line;
    s->events |= EVENT_RETURN;
    emit(s, OP_leave);
}

MAY_SWITCH void tr_compile_def(Scope *s, const AstDefNode *node, bool popped) {
    Id name = tr_compile_id(s, node->name);
    const IdName *text = tr_id_name(name);
    Value label = tr_string_interned(s->compiler->f, text->bytes, text->size, text->encoding);
    Iseq *method = node->base.flags & AST_FLAG_INCOMPLETE
                       ? tr_compile_later(s, label, node)
                       : tr_compile_child(s, ISEQ_METHOD, label, &node->base, true, tr_compile_method_body);
    if (node->receiver) {
        compile(s, node->receiver);
        emit2(s, OP_definesmethod, name, (uint64_t)method);
    } else emit2(s, OP_definemethod, name, (uint64_t)method);
    if (!popped) tr_emit_symbol(s, name);
}

/* ---- class, module ---- */

static MAY_SWITCH void compile_class_body(Scope *s, const AstConstantList *locals, const AstNode *body) {
    add_locals(s, locals);
    s->events |= EVENT_CLASS;
    s->last_event_line = -1;
    tr_compile_body(s, body, false);
    s->line = (int32_t)s->iseq->last_line;
    s->events |= EVENT_END;
    emit(s, OP_leave);
}

static MAY_SWITCH void class_body(Scope *s, const AstNode *node) {
    compile_class_body(s, &((const AstClassNode *)node)->locals, ((const AstClassNode *)node)->body);
}

static MAY_SWITCH void module_body(Scope *s, const AstNode *node) {
    compile_class_body(s, &((const AstModuleNode *)node)->locals, ((const AstModuleNode *)node)->body);
}

static MAY_SWITCH void singleton_class_body(Scope *s, const AstNode *node) {
    compile_class_body(s, &((const AstSingletonClassNode *)node)->locals, ((const AstSingletonClassNode *)node)->body);
}

static MAY_GC Value class_label(Scope *s, const char *kind, Id name) {
    const IdName *text = tr_id_name(name);
    size_t kind_size = strlen(kind), size = kind_size + text->size + 3;
    char *bytes = tr_compile_alloc(s->compiler, size + 1);
    snprintf(bytes, size + 1, "<%s:%s>", kind, text->bytes);
    return tr_string_interned(s->compiler->f, bytes, size, text->encoding);
}

/* Pushes where the constant goes; DEFINECLASS_SCOPED when that is written out. */
static MAY_SWITCH uint64_t push_class_base(Scope *s, const AstNode *path) {
    if (path->type != AST_CONSTANT_PATH_NODE) {
        emit1(s, OP_putspecialobject, SPECIAL_CONST_BASE);
        return 0;
    }
    const AstConstantPathNode *scoped = (const AstConstantPathNode *)path;
    if (scoped->parent) compile(s, scoped->parent);
    else tr_emit_literal(s, (Value)tr_class.object);
    return DEFINECLASS_SCOPED;
}

MAY_SWITCH void tr_compile_class(Scope *s, const AstClassNode *node, bool popped) {
    Id name = tr_compile_id(s, node->name);
    Iseq *body = tr_compile_child(s, ISEQ_CLASS, class_label(s, "class", name), &node->base, true, class_body);
    uint64_t flags = DEFINECLASS_CLASS | push_class_base(s, node->constant_path);
    if (node->superclass) {
        compile(s, node->superclass);
        flags |= DEFINECLASS_HAS_SUPERCLASS;
    } else emit(s, OP_putnil);
    emit3(s, OP_defineclass, name, (uint64_t)body, flags);
    if (popped) emit(s, OP_pop);
}

MAY_SWITCH void tr_compile_module(Scope *s, const AstModuleNode *node, bool popped) {
    Id name = tr_compile_id(s, node->name);
    Iseq *body = tr_compile_child(s, ISEQ_CLASS, class_label(s, "module", name), &node->base, true, module_body);
    uint64_t flags = DEFINECLASS_MODULE | push_class_base(s, node->constant_path);
    emit(s, OP_putnil);
    emit3(s, OP_defineclass, name, (uint64_t)body, flags);
    if (popped) emit(s, OP_pop);
}

MAY_SWITCH void tr_compile_singleton_class(Scope *s, const AstSingletonClassNode *node, bool popped) {
    static const char text[] = "singleton class";
    Value label = tr_string_interned(s->compiler->f, text, sizeof text - 1, ENCODING_US_ASCII);
    compile(s, node->expression);
    emit(s, OP_putnil);
    Iseq *body = tr_compile_child(s, ISEQ_CLASS, label, &node->base, true, singleton_class_body);
    emit3(s, OP_defineclass, tr_intern_cstr("singletonclass"), (uint64_t)body, DEFINECLASS_SINGLETON);
    if (popped) emit(s, OP_pop);
}

/* ---- alias, undef ---- */

static Id variable_name(Scope *s, const AstNode *node) {
    switch (node->type) {
    case AST_GLOBAL_VARIABLE_READ_NODE: return tr_compile_id(s, ((const AstGlobalVariableReadNode *)node)->name);
    case AST_BACK_REFERENCE_READ_NODE: return tr_compile_id(s, ((const AstBackReferenceReadNode *)node)->name);
    default: {
        char name[16];
        snprintf(name, sizeof name, "$%u", ((const AstNumberedReferenceReadNode *)node)->number);
        return tr_intern_cstr(name);
    }
    }
}

MAY_SWITCH void tr_compile_alias(Scope *s, const AstNode *node, bool popped) {
    emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    if (node->type == AST_ALIAS_METHOD_NODE) {
        const AstAliasMethodNode *alias = (const void *)node;
        emit1(s, OP_putspecialobject, SPECIAL_CBASE);
        compile(s, alias->new_name);
        compile(s, alias->old_name);
        emit_fcall(s, TR_ID_core_set_method_alias, 3);
    } else {
        const AstAliasGlobalVariableNode *alias = (const void *)node;
        tr_emit_symbol(s, variable_name(s, alias->new_name));
        tr_emit_symbol(s, variable_name(s, alias->old_name));
        emit_fcall(s, TR_ID_core_set_variable_alias, 2);
    }
    if (popped) emit(s, OP_pop);
}

MAY_SWITCH void tr_compile_undef(Scope *s, const AstUndefNode *node, bool popped) {
    for (uint32_t i = 0; i < node->names.count; i++) {
        emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
        emit1(s, OP_putspecialobject, SPECIAL_CBASE);
        compile(s, node->names.items[i]);
        emit_fcall(s, TR_ID_core_undef_method, 2);
        if (popped || i + 1 < node->names.count) emit(s, OP_pop);
    }
}

/* ---- END { } ---- */

static MAY_SWITCH void end_block_body(Scope *s, const AstNode *node) {
    s->start_label = tr_label_new(s), s->end_label = tr_label_new(s);
    tr_label_place(s, s->start_label);
    tr_compile_body(s, ((const AstPostExecutionNode *)node)->statements, false);
    tr_label_place(s, s->end_label);
    emit(s, OP_leave);
    tr_catch_add(s, CATCH_REDO, s->start_label, s->end_label, NULL, s->start_label);
    tr_catch_add(s, CATCH_NEXT, s->start_label, s->end_label, NULL, s->end_label);
}

static MAY_SWITCH void end_once_body(Scope *s, const AstNode *node) {
    emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    Iseq *block = tr_compile_child(s, ISEQ_BLOCK, tr_compile_block_label(s), node, false, end_block_body);
    tr_emit_send(s, TR_ID_core_set_postexe, 0, CALL_FCALL, NULL, block);
    emit(s, OP_leave);
}

MAY_SWITCH void tr_compile_post_execution(Scope *s, const AstPostExecutionNode *node, bool popped) {
    Iseq *once = tr_compile_child(s, ISEQ_ONCE, tr_compile_block_label(s), &node->base, false, end_once_body);
    emit2(s, OP_once, (uint64_t)once, s->once_caches++);
    if (popped) emit(s, OP_pop);
}

/* compile_call.c - calls: receivers, arguments, blocks; super, yield, lambda, for.
 *
 * What a call site pushes: receiver, positional arguments (a splatted array is the last of them), keyword values or one
 * hash, block argument. A splatted array is copied when something after it could change it or is pushed to it; a copy is
 * flagged ARGS_SPLAT_MUT, so that the callee may keep it.
 */
#include "bytecode/compile_internal.h"

enum { PUSH_CHUNK = 256 };

/* ---- arguments ---- */

typedef struct ArgumentState {
    Scope *s;
    Arguments out;
    uint32_t pending; /* on the stack above the splatted array */
    bool has_splat;
} ArgumentState;

static void flush_pending(ArgumentState *a) {
    if (a->pending == 0) return;
    emit1(a->s, OP_pushtoarray, a->pending);
    a->out.flags |= CALL_ARGS_SPLAT_MUT;
    a->pending = 0;
}

/* Evaluating it changes nothing. */
static bool is_harmless(const AstNode *node) {
    if (!node) return true;
    switch ((AstType)node->type) {
    case AST_LOCAL_VARIABLE_READ_NODE: case AST_INSTANCE_VARIABLE_READ_NODE: case AST_SELF_NODE: case AST_NIL_NODE:
    case AST_TRUE_NODE: case AST_FALSE_NODE: case AST_SYMBOL_NODE: case AST_INTEGER_NODE: case AST_STRING_NODE:
    case AST_FLOAT_NODE: case AST_LAMBDA_NODE: case AST_BLOCK_NODE: case AST_IT_LOCAL_VARIABLE_READ_NODE:
        return true;
    case AST_BLOCK_ARGUMENT_NODE: return is_harmless(((const AstBlockArgumentNode *)node)->expression);
    case AST_ASSOC_SPLAT_NODE: return is_harmless(((const AstAssocSplatNode *)node)->value);
    case AST_ASSOC_NODE: return is_harmless(((const AstAssocNode *)node)->key) && is_harmless(((const AstAssocNode *)node)->value);
    case AST_KEYWORD_HASH_NODE: {
        const AstNodeList *elements = &((const AstKeywordHashNode *)node)->elements;
        for (uint32_t i = 0; i < elements->count; i++)
            if (!is_harmless(elements->items[i])) return false;
        return true;
    }
    default: return false;
    }
}

static bool must_copy_splat(const AstArgumentsNode *arguments, uint32_t i, const AstNode *block, bool must_copy) {
    if (must_copy || !is_harmless(block)) return true;
    for (uint32_t j = i + 1; j < arguments->arguments.count; j++) {
        const AstNode *next = arguments->arguments.items[j];
        if (next->type != AST_KEYWORD_HASH_NODE || !is_harmless(next)) return true;
    }
    return false;
}

static MAY_SWITCH void push_splat(ArgumentState *a, const AstNode *expression, bool is_copied) {
    Scope *s = a->s;
    flush_pending(a);
    if (expression) compile(s, expression);
    else tr_emit_getlocal_id(s, TR_ID_times);
    if (a->has_splat) {
        emit(s, OP_concattoarray);
        a->out.flags |= CALL_ARGS_SPLAT_MUT;
        return;
    }
    emit1(s, OP_splatarray, tr_bool(is_copied));
    if (is_copied) a->out.flags |= CALL_ARGS_SPLAT_MUT;
    a->out.flags |= CALL_ARGS_SPLAT;
    a->out.argc++;
    a->has_splat = true;
}

static bool has_symbol_keys(const AstNodeList *elements) {
    for (uint32_t i = 0; i < elements->count; i++)
        if (elements->items[i]->type != AST_ASSOC_NODE || ((const AstAssocNode *)elements->items[i])->key->type != AST_SYMBOL_NODE)
            return false;
    return elements->count <= 256;
}

/* f(a: 1, b: 2): names in the call data, values on the stack; of a name given twice the last counts. */
static MAY_SWITCH void push_static_keywords(ArgumentState *a, const AstNodeList *elements) {
    Scope *s = a->s;
    CallKeywords *keywords = tr_compile_alloc(s->compiler, sizeof *keywords + elements->count * sizeof(Id));
    Id names[256];
    for (uint32_t i = 0; i < elements->count; i++)
        names[i] = tr_symbol_id(tr_literal_value(s, ((const AstAssocNode *)elements->items[i])->key));
    for (uint32_t i = 0; i < elements->count; i++) {
        bool is_repeated = false;
        for (uint32_t j = i + 1; j < elements->count; j++) is_repeated |= names[j] == names[i];
        tr_compile_node(s, ((const AstAssocNode *)elements->items[i])->value, is_repeated);
        if (!is_repeated) keywords->names[keywords->count++] = names[i];
    }
    a->out.keywords = keywords;
    a->out.flags |= CALL_KWARG;
    a->out.argc += keywords->count;
}

static MAY_SWITCH void push_keywords(ArgumentState *a, const AstNodeList *elements) {
    Scope *s = a->s;
    flush_pending(a);
    if (!a->has_splat && has_symbol_keys(elements)) {
        push_static_keywords(a, elements);
        return;
    }
    a->out.flags |= CALL_KW_SPLAT;
    a->out.argc++;
    if (elements->count == 1 && elements->items[0]->type == AST_ASSOC_SPLAT_NODE) {
        const AstNode *value = ((const AstAssocSplatNode *)elements->items[0])->value;
        if (value) compile(s, value);
        else tr_emit_getlocal_id(s, TR_ID_power);
        return;
    }
    a->out.flags |= CALL_KW_SPLAT_MUT;
    tr_compile_hash_elements(s, elements);
}

static void push_block_proxy(Scope *s, LocalRef ref) {
    emit2(s, ref.is_block_param ? OP_getblockparamproxy : OP_getlocal, ref.index, ref.level);
}

static MAY_SWITCH void push_block_argument(Scope *s, const AstBlockArgumentNode *block) {
    const AstNode *expression = block->expression;
    if (!expression) push_block_proxy(s, tr_local_find_id(s, TR_ID_and));
    else if (expression->type == AST_LOCAL_VARIABLE_READ_NODE) {
        const AstLocalVariableReadNode *read = (const void *)expression;
        push_block_proxy(s, tr_local_find(s, read->name, read->depth, false));
    } else compile(s, expression);
}

MAY_SWITCH Arguments tr_compile_arguments(Scope *s, const AstArgumentsNode *arguments, const AstNode *block, bool must_copy) {
    ArgumentState a = {.s = s};
    bool is_forwarding = false;
    for (uint32_t i = 0; arguments && i < arguments->arguments.count; i++) {
        const AstNode *item = arguments->arguments.items[i];
        switch (item->type) {
        case AST_SPLAT_NODE:
            push_splat(&a, ((const AstSplatNode *)item)->expression, must_copy_splat(arguments, i, block, must_copy));
            break;
        case AST_KEYWORD_HASH_NODE: push_keywords(&a, &((const AstKeywordHashNode *)item)->elements); break;
        case AST_FORWARDING_ARGUMENTS_NODE:
            push_splat(&a, NULL, must_copy);
            tr_emit_getlocal_id(s, TR_ID_power);
            a.out.flags |= CALL_KW_SPLAT;
            a.out.argc++;
            is_forwarding = true;
            break;
        default:
            compile(s, item);
            if (!a.has_splat) a.out.argc++;
            else if (++a.pending == PUSH_CHUNK) flush_pending(&a);
        }
    }
    flush_pending(&a);
    if (is_forwarding) {
        push_block_proxy(s, tr_local_find_id(s, TR_ID_and));
        a.out.flags |= CALL_ARGS_BLOCKARG;
    } else if (block && block->type == AST_BLOCK_ARGUMENT_NODE) {
        push_block_argument(s, (const AstBlockArgumentNode *)block);
        a.out.flags |= CALL_ARGS_BLOCKARG;
    } else if (block) a.out.block = tr_compile_block(s, block);
    return a.out;
}

/* ---- blocks ---- */

static void no_more_nop(Scope *s, uint32_t at) {
    Code *nop = &s->code.items[at];
    for (uint32_t i = at + 1; i < s->code.count; i++)
        if (s->code.items[i].op < OP_COUNT) {
            s->code.items[i].events |= nop->events;
            break;
        }
    nop->op = CODE_REMOVED;
}

/* The part of a block's code that redo and next of the block itself refer to. */
static MAY_SWITCH void loop_body(Scope *s, const AstNode *body, uint32_t end_offset) {
    LabelId start = s->start_label = tr_label_new(s), end = s->end_label = tr_label_new(s);
    s->events |= EVENT_B_CALL;
    uint32_t nop = s->code.count;
    emit(s, OP_nop);
    tr_label_place(s, start);
    s->last_event_line = -1;
    tr_compile_body(s, body, false);
    tr_label_place(s, end);
    s->line = tr_compile_line(s->compiler, end_offset);
    s->events |= EVENT_B_RETURN;
    emit(s, OP_leave);
    if (!s->has_throw && label_refs(s, start) == 0) no_more_nop(s, nop);
    tr_catch_add(s, CATCH_REDO, start, end, NULL, start);
    tr_catch_add(s, CATCH_NEXT, start, end, NULL, end);
}

static uint32_t end_of(const AstNode *node) { return node->length ? node->start + node->length - 1 : node->start; }

static void add_locals(Scope *s, const AstConstantList *locals) {
    for (uint32_t i = 0; i < locals->count; i++) {
        Id id = tr_compile_id(s, locals->items[i]);
        bool exists = false;
        for (uint32_t j = 0; j < s->locals.count && !exists; j++) exists = s->locals.items[j] == id;
        if (!exists) tr_local_add(s, id);
    }
}

static MAY_SWITCH void block_body(Scope *s, const AstNode *node) {
    const AstNode *parameters, *body;
    const AstConstantList *locals;
    if (node->type == AST_LAMBDA_NODE) {
        const AstLambdaNode *lambda = (const AstLambdaNode *)node;
        parameters = lambda->parameters, body = lambda->body, locals = &lambda->locals;
        s->iseq->params.is_lambda_literal = true;
    } else {
        const AstBlockNode *block = (const AstBlockNode *)node;
        parameters = block->parameters, body = block->body, locals = &block->locals;
    }
    Params *params = &s->iseq->params;
    if (parameters && parameters->type == AST_BLOCK_PARAMETERS_NODE)
        tr_compile_parameters(s, ((const AstBlockParametersNode *)parameters)->parameters, node, true);
    else {
        if (parameters && parameters->type == AST_NUMBERED_PARAMETERS_NODE) {
            uint32_t maximum = ((const AstNumberedParametersNode *)parameters)->maximum;
            for (uint32_t i = 0; i < maximum; i++) tr_local_add(s, (Id)(TR_ID__1 + i));
            params->lead_count = maximum;
            params->uses_it = params->has_numbered = true;
            params->ambiguous_param0 = maximum == 1;
        } else if (parameters && parameters->type == AST_IT_PARAMETERS_NODE) {
            s->it_local = (int32_t)tr_local_add(s, 0);
            params->lead_count = 1;
            params->uses_it = params->ambiguous_param0 = true;
        }
        params->size = s->locals.count;
        params->is_simple = true;
        add_locals(s, locals);
    }
    loop_body(s, body, end_of(node));
}

MAY_SWITCH Iseq *tr_compile_block(Scope *s, const AstNode *node) {
    return tr_compile_child(s, ISEQ_BLOCK, tr_compile_block_label(s), node, true, block_body);
}

/* Emits the call with its block, and where `break` from the block goes on. */
static void emit_call_with_block(Scope *s, Opcode op, Id mid, const Arguments *a) {
    LabelId start = 0;
    bool may_break = a->block && a->block->has_catch;
    if (may_break) {
        start = tr_label_new(s);
        tr_label_place(s, start);
    }
    if (op == OP_send) tr_emit_send(s, mid, a->argc, a->flags, a->keywords, a->block);
    else emit2(s, op, tr_call_data(s, mid, a->argc, a->flags, a->keywords), (uint64_t)a->block);
    if (!may_break) return;
    LabelId end = tr_label_new(s);
    tr_label_place(s, end);
    tr_catch_add(s, CATCH_BREAK, start, end, a->block, end);
}

/* ---- calls that have an instruction of their own ---- */

static bool is_simple_argument(const AstNode *node) {
    switch ((AstType)node->type) {
    case AST_STRING_NODE: case AST_SELF_NODE: case AST_LOCAL_VARIABLE_READ_NODE: case AST_INSTANCE_VARIABLE_READ_NODE:
    case AST_SYMBOL_NODE: case AST_INTEGER_NODE: return true;
    default: return false;
    }
}

static bool is_plain_array(const AstArrayNode *array) {
    if (array->elements.count > 64) return false;
    for (uint32_t i = 0; i < array->elements.count; i++)
        if (array->elements.items[i]->type == AST_SPLAT_NODE || array->elements.items[i]->type == AST_KEYWORD_HASH_NODE)
            return false;
    return true;
}

/* [a, b].max: no array is made. */
static MAY_SWITCH bool compile_array_call(Scope *s, const AstCallNode *node, Id mid, uint32_t argc) {
    const AstArrayNode *array = (const AstArrayNode *)node->receiver;
    bool is_static = tr_literal_is_static(&array->base) && array->elements.count > 0;
    if (argc == 0 && mid == TR_ID_freeze && (is_static || array->elements.count == 0)) {
        Value value = tr_literal_keep(s, tr_literal_value(s, &array->base));
        emit2(s, OP_opt_ary_freeze, value, tr_call_data(s, mid, 0, 0, NULL));
        return true;
    }
    if (argc == 1 && mid == TR_ID_include_p && is_simple_argument(node->arguments->arguments.items[0])) {
        const AstNode *item = node->arguments->arguments.items[0];
        if (is_static) {
            compile(s, item);
            emit3(s, OP_opt_duparray_send, tr_literal_value(s, &array->base), mid, 1);
            return true;
        }
        if (!is_plain_array(array) || array->elements.count == 0) return false;
        for (uint32_t i = 0; i < array->elements.count; i++) compile(s, array->elements.items[i]);
        compile(s, item);
        emit2(s, OP_opt_newarray_send, array->elements.count + 1, NEWARRAY_INCLUDE_P);
        return true;
    }
    uint64_t method = argc != 0 ? 0 : mid == TR_ID_max ? NEWARRAY_MAX : mid == TR_ID_min ? NEWARRAY_MIN
                      : mid == TR_ID_hash ? NEWARRAY_HASH : 0;
    if (method == 0 || is_static || array->elements.count == 0 || !is_plain_array(array)) return false;
    for (uint32_t i = 0; i < array->elements.count; i++) compile(s, array->elements.items[i]);
    emit2(s, OP_opt_newarray_send, array->elements.count, method);
    return true;
}

static MAY_SWITCH bool compile_literal_call(Scope *s, const AstCallNode *node, Id mid) {
    if (!node->receiver || node->block || (node->base.flags & AST_CALL_NODE_FLAGS_SAFE_NAVIGATION)) return false;
    uint32_t argc = node->arguments ? node->arguments->arguments.count : 0;
    switch ((AstType)node->receiver->type) {
    case AST_STRING_NODE:
        if (argc != 0 || (mid != TR_ID_freeze && mid != TR_ID_uminus)) return false;
        emit2(s, mid == TR_ID_freeze ? OP_opt_str_freeze : OP_opt_str_uminus, tr_literal_value(s, node->receiver),
              tr_call_data(s, mid, 0, 0, NULL));
        return true;
    case AST_ARRAY_NODE: return compile_array_call(s, node, mid, argc);
    case AST_HASH_NODE: {
        const AstHashNode *hash = (const AstHashNode *)node->receiver;
        if (argc != 0 || mid != TR_ID_freeze || (hash->elements.count > 0 && !tr_literal_is_static(&hash->base))) return false;
        emit2(s, OP_opt_hash_freeze, tr_literal_value(s, &hash->base), tr_call_data(s, mid, 0, 0, NULL));
        return true;
    }
    default: return false;
    }
}

/* ---- calls ---- */

static MAY_SWITCH void push_receiver(Scope *s, const AstCallNode *node, Id mid) {
    const AstNode *receiver = node->receiver;
    if (mid == TR_ID_call && receiver->type == AST_LOCAL_VARIABLE_READ_NODE) { /* block.call: no Proc is made */
        const AstLocalVariableReadNode *read = (const void *)receiver;
        LocalRef ref = tr_local_find(s, read->name, read->depth, false);
        push_block_proxy(s, ref);
    } else compile(s, receiver);
}

/* After `nil klass args…`: the object is allocated here when klass.new is the built-in one. */
static void emit_new(Scope *s, Id mid, const Arguments *a) {
    LabelId other = tr_label_new(s), done = tr_label_new(s);
    tr_label_refer(s, other);
    emit2(s, OP_opt_new, tr_call_data(s, mid, a->argc, a->flags, a->keywords), other);
    tr_emit_send(s, TR_ID_initialize, a->argc, a->flags | CALL_FCALL, a->keywords, NULL);
    tr_emit_jump(s, OP_jump, done);
    tr_label_place(s, other);
    tr_emit_send(s, mid, a->argc, a->flags, a->keywords, NULL);
    emit(s, OP_swap);
    tr_label_place(s, done);
    emit(s, OP_pop);
}

/* x.a = v, x[i] = v: the value assigned goes to the slot below the receiver. */
static void keep_assigned(Scope *s, const Arguments *a) {
    if (a->flags & CALL_ARGS_SPLAT) {
        emit(s, OP_dup);
        tr_emit_literal(s, TR_FIX(-1));
        emit_call(s, TR_ID_aref, 1);
        emit1(s, OP_setn, a->argc + 2);
        emit(s, OP_pop);
    } else emit1(s, OP_setn, a->argc + 1);
}

MAY_SWITCH void tr_compile_call(Scope *s, const AstCallNode *node, bool popped, bool has_receiver) {
    Id mid = tr_compile_id(s, node->name);
    if (ast_loc_is_present(node->message_loc)) s->line = tr_compile_line(s->compiler, node->message_loc.start);
    int32_t line = s->line;
    if (!has_receiver && compile_literal_call(s, node, mid)) {
        if (popped) emit(s, OP_pop);
        return;
    }
    bool is_safe = (node->base.flags & AST_CALL_NODE_FLAGS_SAFE_NAVIGATION) != 0;
    bool is_write = (node->base.flags & AST_CALL_NODE_FLAGS_ATTRIBUTE_WRITE) && !popped;
    bool is_new = mid == TR_ID_new && !node->block && !is_safe && !has_receiver &&
                  !(node->arguments && (node->arguments->base.flags & AST_ARGUMENTS_NODE_FLAGS_CONTAINS_FORWARDING));
    uint32_t flags = 0;
    if (node->base.flags & AST_CALL_NODE_FLAGS_VARIABLE_CALL) flags |= CALL_VCALL;
    if (!node->receiver || (node->base.flags & AST_CALL_NODE_FLAGS_IGNORE_VISIBILITY)) flags |= CALL_FCALL;
    if (is_write || is_new) emit(s, OP_putnil);
    if (!has_receiver) {
        if (node->receiver) push_receiver(s, node, mid);
        else emit(s, OP_putself);
    }
    LabelId end = 0;
    if (is_safe) {
        end = tr_label_new(s);
        emit(s, OP_dup);
        tr_emit_jump(s, OP_branchnil, end);
    }
    Arguments a = tr_compile_arguments(s, node->arguments, node->block, false);
    a.flags |= flags;
    s->line = line;
    if (is_write) keep_assigned(s, &a);
    if (is_new) emit_new(s, mid, &a);
    else emit_call_with_block(s, OP_send, mid, &a);
    if (end) tr_label_place(s, end);
    if (is_write || popped) emit(s, OP_pop);
}

MAY_SWITCH void tr_compile_lambda(Scope *s, const AstLambdaNode *node, bool popped) {
    if (popped) return;
    Iseq *block = tr_compile_block(s, &node->base);
    emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    tr_emit_send(s, TR_ID_lambda, 0, CALL_FCALL, NULL, block);
}

/* In an eval, the parser cannot know whether there is a method to yield from. */
static MAY_GC bool may_yield(Scope *s) {
    Compiler *c = s->compiler;
    uint32_t level;
    if (tr_scope_method(s, &level)->type == ISEQ_METHOD) return true;
    if (!c->has_failed) {
        Value raised = tr_raise(c->f, tr_class.syntax_error, "%s:%d: Invalid yield", c->ast->filepath, s->line);
        c->has_failed = raised == TR_RAISED;
    }
    return false;
}

MAY_SWITCH void tr_compile_yield(Scope *s, const AstYieldNode *node, bool popped) {
    if (!may_yield(s)) {
        if (!popped) emit(s, OP_putnil);
        return;
    }
    tr_scope_mark_yield(s);
    Arguments a = tr_compile_arguments(s, node->arguments, NULL, false);
    emit1(s, OP_invokeblock, tr_call_data(s, 0, a.argc, a.flags, a.keywords));
    if (popped) emit(s, OP_pop);
}

/* ---- super ---- */

MAY_SWITCH void tr_compile_super(Scope *s, const AstSuperNode *node, bool popped) {
    int32_t line = s->line;
    if (!node->block) tr_scope_mark_yield(s);
    emit(s, OP_putself);
    Arguments a = tr_compile_arguments(s, node->arguments, node->block, false);
    a.flags |= CALL_SUPER | CALL_FCALL;
    s->line = line;
    emit_call_with_block(s, OP_invokesuper, 0, &a);
    if (popped) emit(s, OP_pop);
}

typedef struct ZsuperState { Scope *s; const Iseq *method; uint32_t level; } ZsuperState;

static void push_parameter(const ZsuperState *z, uint32_t number) {
    emit2(z->s, OP_getlocal, z->method->local_count - number + 2, z->level);
}

/* The method's parameters, as they are now, become the arguments again. */
static Arguments push_zsuper_arguments(Scope *s) {
    ZsuperState z = {.s = s};
    z.method = tr_scope_method(s, &z.level);
    const Params *params = &z.method->params;
    Arguments a = {.flags = CALL_SUPER | CALL_ZSUPER | CALL_FCALL};
    uint32_t leading = params->lead_count + params->opt_count;
    for (uint32_t i = 0; i < leading; i++) push_parameter(&z, i);
    a.argc = leading;
    if (params->rest_start >= 0) {
        push_parameter(&z, (uint32_t)params->rest_start);
        emit1(s, OP_splatarray, tr_bool(params->post_count > 0));
        for (uint32_t i = 0; i < params->post_count; i++) push_parameter(&z, (uint32_t)params->post_start + i);
        if (params->post_count) {
            emit1(s, OP_pushtoarray, params->post_count);
            a.flags |= CALL_ARGS_SPLAT_MUT;
        }
        a.flags |= CALL_ARGS_SPLAT;
        a.argc++;
    } else {
        for (uint32_t i = 0; i < params->post_count; i++) push_parameter(&z, (uint32_t)params->post_start + i);
        a.argc += params->post_count;
    }
    const KeywordParams *keywords = params->keywords;
    if (!keywords) return a;
    a.flags |= CALL_KW_SPLAT;
    a.argc++;
    if (keywords->count == 0) {
        push_parameter(&z, (uint32_t)keywords->rest_start);
        return a;
    }
    a.flags |= CALL_KW_SPLAT_MUT;
    uint32_t first = (uint32_t)keywords->bits_start - keywords->count;
    bool has_rest = keywords->rest_start >= 0;
    if (has_rest) { /* a copy of **rest first, then what was named */
        emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
        emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
        emit1(s, OP_newhash, 0);
        push_parameter(&z, (uint32_t)keywords->rest_start);
        emit_call(s, TR_ID_core_hash_merge_kwd, 2);
    }
    for (uint32_t i = 0; i < keywords->count; i++) {
        tr_emit_symbol(s, keywords->names[i]);
        push_parameter(&z, first + i);
    }
    if (has_rest) emit_call(s, TR_ID_core_hash_merge_ptr, keywords->count * 2 + 1);
    else emit1(s, OP_newhash, keywords->count * 2);
    return a;
}

MAY_SWITCH void tr_compile_zsuper(Scope *s, const AstForwardingSuperNode *node, bool popped) {
    if (!node->block) tr_scope_mark_yield(s);
    emit(s, OP_putself);
    Arguments a = push_zsuper_arguments(s);
    if (node->block) a.block = tr_compile_block(s, &node->block->base);
    emit_call_with_block(s, OP_invokesuper, 0, &a);
    if (popped) emit(s, OP_pop);
}

/* ---- for ---- */

static void push_local(Scope *s, const void *number) { tr_emit_getlocal_number(s, *(const uint32_t *)number); }

/* `for *a in x`: an array that is the only value is taken apart, as a block's |a, b| does by itself. */
static void push_for_rest(Scope *s, const void *unused) {
    (void)unused;
    LabelId as_it_is = tr_label_new(s), no_array = tr_label_new(s), done = tr_label_new(s);
    tr_emit_getlocal_number(s, 0);
    emit(s, OP_dup);
    emit_call(s, TR_ID_length, 0);
    tr_emit_literal(s, TR_FIX(1));
    emit_call(s, TR_ID_eq, 1);
    tr_emit_jump(s, OP_branchunless, as_it_is);
    emit(s, OP_dup);
    tr_emit_literal(s, TR_FIX(0));
    emit_call(s, TR_ID_aref, 1);
    tr_emit_literal(s, (Value)tr_class.array);
    emit(s, OP_swap);
    emit_call(s, tr_intern_cstr("try_convert"), 1);
    emit(s, OP_dup);
    tr_emit_jump(s, OP_branchunless, no_array);
    emit(s, OP_swap);
    tr_label_place(s, no_array);
    emit(s, OP_pop);
    tr_emit_jump(s, OP_jump, done);
    tr_label_place(s, as_it_is);
    tr_label_place(s, done);
}

/* The block of a for loop has no names of its own: its hidden parameters go to the loop's variables first. */
static MAY_SWITCH void for_body(Scope *s, const AstNode *node) {
    const AstForNode *loop = (const AstForNode *)node;
    Params *params = &s->iseq->params;
    if (loop->index->type != AST_MULTI_TARGET_NODE) {
        uint32_t number = tr_local_add(s, 0);
        params->lead_count = params->size = 1;
        params->is_simple = params->ambiguous_param0 = true; /* an Array is not spread over one variable */
        tr_compile_assign_to(s, loop->index, push_local, &number);
    } else {
        const AstMultiTargetNode *targets = (const AstMultiTargetNode *)loop->index;
        if (targets->lefts.count == 0) {
            params->rest_start = (int32_t)tr_local_add(s, 0);
            params->size = 1;
            tr_compile_assign_to(s, loop->index, push_for_rest, NULL);
        } else {
            bool has_rest = targets->rest && targets->rest->type == AST_SPLAT_NODE;
            for (uint32_t i = 0; i < targets->lefts.count; i++) tr_local_add(s, 0);
            params->lead_count = targets->lefts.count;
            if (has_rest) params->rest_start = (int32_t)tr_local_add(s, 0);
            if (targets->rights.count) params->post_start = (int32_t)s->locals.count;
            for (uint32_t i = 0; i < targets->rights.count; i++) tr_local_add(s, 0);
            params->post_count = targets->rights.count;
            params->size = s->locals.count;
            params->is_simple = !has_rest && params->post_count == 0;
            for (uint32_t i = 0; i < targets->lefts.count; i++)
                tr_compile_assign_to(s, targets->lefts.items[i], push_local, &i);
            if (has_rest) {
                const AstNode *rest = ((const AstSplatNode *)targets->rest)->expression;
                uint32_t number = (uint32_t)params->rest_start;
                if (rest) tr_compile_assign_to(s, rest, push_local, &number);
            }
            for (uint32_t i = 0; i < targets->rights.count; i++) {
                uint32_t number = (uint32_t)params->post_start + i;
                tr_compile_assign_to(s, targets->rights.items[i], push_local, &number);
            }
        }
    }
    loop_body(s, loop->statements ? &loop->statements->base : NULL, loop->end_keyword_loc.start);
}

MAY_SWITCH void tr_compile_for(Scope *s, const AstForNode *node, bool popped) {
    compile(s, node->collection);
    Arguments a = {.block = tr_compile_child(s, ISEQ_BLOCK, tr_compile_block_label(s), &node->base, false, for_body)};
    emit_call_with_block(s, OP_send, TR_ID_each, &a);
    if (popped) emit(s, OP_pop);
}

/* ---- /(?<name>…)/ =~ string ---- */

MAY_SWITCH void tr_compile_match_write(Scope *s, const AstMatchWriteNode *node, bool popped) {
    LabelId none = tr_label_new(s), end = tr_label_new(s);
    tr_compile_node(s, &node->call->base, popped);
    emit2(s, OP_getspecial, SVAR_BACKREF, 0);
    emit(s, OP_dup);
    tr_emit_jump(s, OP_branchunless, none);
    for (uint32_t i = 0; i < node->targets.count; i++) {
        const AstLocalVariableTargetNode *target = (const void *)node->targets.items[i];
        emit(s, OP_dup);
        tr_emit_symbol(s, tr_compile_id(s, target->name));
        emit_call(s, TR_ID_aref, 1);
        tr_compile_target_top(s, &target->base);
    }
    tr_emit_jump(s, OP_jump, end);
    tr_label_place(s, none);
    for (uint32_t i = 0; i < node->targets.count; i++) {
        emit(s, OP_putnil);
        tr_compile_target_top(s, node->targets.items[i]);
    }
    tr_label_place(s, end);
    emit(s, OP_pop);
}

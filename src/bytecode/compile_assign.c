/* compile_assign.c - assignments: single, with operators, multiple.
 *
 * Order of evaluation is Ruby's: the receivers and indexes on the left first, from left to right, then the right side, then
 * the assignments. So a target has two steps: prepare pushes what it needs, store takes the value from the top and finds
 * the rest at the stack positions that prepare noted.
 */
#include "bytecode/compile_internal.h"

/* ---- variables ---- */

typedef enum VariableKind { VARIABLE_LOCAL, VARIABLE_INSTANCE, VARIABLE_GLOBAL, VARIABLE_CLASS, VARIABLE_CONSTANT } VariableKind;
typedef struct Variable { VariableKind kind; Id name; LocalRef local; } Variable;

static void get_variable(Scope *s, const Variable *v) {
    switch (v->kind) {
    case VARIABLE_LOCAL: tr_emit_getlocal(s, v->local); return;
    case VARIABLE_INSTANCE: emit2(s, OP_getinstancevariable, v->name, s->ivar_caches++); return;
    case VARIABLE_GLOBAL: emit1(s, OP_getglobal, v->name); return;
    case VARIABLE_CLASS: emit2(s, OP_getclassvariable, v->name, s->ivar_caches++); return;
    case VARIABLE_CONSTANT: tr_emit_getconst(s, &v->name, 1, false); return;
    }
}

static void set_variable(Scope *s, const Variable *v) {
    switch (v->kind) {
    case VARIABLE_LOCAL: tr_emit_setlocal(s, v->local); return;
    case VARIABLE_INSTANCE: emit2(s, OP_setinstancevariable, v->name, s->ivar_caches++); return;
    case VARIABLE_GLOBAL: emit1(s, OP_setglobal, v->name); return;
    case VARIABLE_CLASS: emit2(s, OP_setclassvariable, v->name, s->ivar_caches++); return;
    case VARIABLE_CONSTANT:
        emit1(s, OP_putspecialobject, SPECIAL_CONST_BASE);
        emit1(s, OP_setconstant, v->name);
        return;
    }
}

/* The parts of any `variable op= value` node. */
typedef struct OpWrite { Variable variable; const AstNode *value; enum { OP_AND, OP_OR, OP_CALL } kind; Id operator_id; } OpWrite;

/* ---- shareable_constant_value ---- */

/* A literal of `# shareable_constant_value: literal` is checked where it is not shareable by itself. */
static bool is_shareable_literal(const AstNode *node) {
    switch ((AstType)node->type) {
    case AST_NIL_NODE: case AST_TRUE_NODE: case AST_FALSE_NODE: case AST_INTEGER_NODE: case AST_FLOAT_NODE:
    case AST_SYMBOL_NODE: case AST_RATIONAL_NODE: case AST_IMAGINARY_NODE: case AST_REGULAR_EXPRESSION_NODE: return true;
    default: return false;
    }
}

static MAY_SWITCH void push_shareable_parts(Scope *s, const AstNode *value, const char *name);

static MAY_SWITCH void push_checked(Scope *s, const AstNode *value, const char *name) {
    if (is_shareable_literal(value)) {
        compile(s, value);
        return;
    }
    switch ((AstType)value->type) {
    case AST_STRING_NODE: emit1(s, OP_putobject, tr_literal_value(s, value)); return;
    case AST_ARRAY_NODE: case AST_HASH_NODE: push_shareable_parts(s, value, name); return;
    default: break;
    }
    emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    compile(s, value);
    tr_emit_cstr(s, name);
    emit_call(s, TR_ID_core_ensure_shareable, 2);
}

/* Arrays and hashes: each element must be shareable, then the whole is frozen. */
static MAY_SWITCH void push_shareable_parts(Scope *s, const AstNode *value, const char *name) {
    const AstNodeList *elements =
        value->type == AST_ARRAY_NODE ? &((const AstArrayNode *)value)->elements : &((const AstHashNode *)value)->elements;
    bool is_plain = elements->count <= 128;
    for (uint32_t i = 0; i < elements->count; i++)
        is_plain &= elements->items[i]->type != AST_SPLAT_NODE && elements->items[i]->type != AST_ASSOC_SPLAT_NODE &&
                    elements->items[i]->type != AST_KEYWORD_HASH_NODE;
    emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    if (!is_plain) {
        compile(s, value);
        tr_emit_cstr(s, name);
        emit_call(s, TR_ID_core_ensure_shareable, 2);
        return;
    }
    for (uint32_t i = 0; i < elements->count; i++) {
        if (value->type == AST_ARRAY_NODE) push_checked(s, elements->items[i], name);
        else {
            push_checked(s, ((const AstAssocNode *)elements->items[i])->key, name);
            push_checked(s, ((const AstAssocNode *)elements->items[i])->value, name);
        }
    }
    if (value->type == AST_ARRAY_NODE) emit1(s, OP_newarray, elements->count);
    else emit1(s, OP_newhash, elements->count * 2);
    emit_call(s, TR_ID_core_make_shareable, 1);
}

/* The value of a constant's assignment under the magic comment; flags are the ShareableConstantNode's, 0 for none. */
static MAY_SWITCH void push_constant_value(Scope *s, const AstNode *value, uint32_t flags, const char *name) {
    if (flags & AST_SHAREABLE_CONSTANT_NODE_FLAGS_LITERAL) {
        push_checked(s, value, name);
        return;
    }
    bool is_everything = flags & AST_SHAREABLE_CONSTANT_NODE_FLAGS_EXPERIMENTAL_EVERYTHING;
    bool is_copy = flags & AST_SHAREABLE_CONSTANT_NODE_FLAGS_EXPERIMENTAL_COPY;
    if (is_everything || is_copy) emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    compile(s, value);
    if (is_everything) emit_call(s, TR_ID_core_make_shareable, 1);
    else if (is_copy) emit_call(s, TR_ID_core_make_shareable_copy, 1);
}

/* The constant's name in messages: its source text. */
static const char *constant_text(Scope *s, const AstNode *node, uint32_t length) {
    char *text = tr_compile_alloc(s->compiler, length + 1);
    memcpy(text, s->compiler->ast->source + node->start, length);
    return text;
}

/* ---- writes ---- */

static MAY_SWITCH void write_variable(Scope *s, Variable v, const AstNode *value, bool popped) {
    compile(s, value);
    if (!popped) emit(s, OP_dup);
    set_variable(s, &v);
}

static MAY_SWITCH void push_path_parent(Scope *s, const AstNode *parent) {
    if (parent) compile(s, parent);
    else tr_emit_literal(s, (Value)tr_class.object);
}

static MAY_SWITCH void write_constant_path(Scope *s, const AstConstantPathWriteNode *node, uint32_t sharing, bool popped) {
    const AstConstantPathNode *target = node->target;
    push_path_parent(s, target->parent);
    push_constant_value(s, node->value, sharing, constant_text(s, &target->base, target->base.length));
    if (!popped) {
        emit(s, OP_swap);
        emit1(s, OP_topn, 1);
    }
    emit(s, OP_swap);
    emit1(s, OP_setconstant, tr_compile_id(s, target->name));
}

static MAY_SWITCH void write_constant(Scope *s, const AstConstantWriteNode *node, uint32_t sharing, bool popped) {
    push_constant_value(s, node->value, sharing, constant_text(s, &node->base, node->name_loc.length));
    if (!popped) emit(s, OP_dup);
    Variable v = {VARIABLE_CONSTANT, tr_compile_id(s, node->name), {0}};
    set_variable(s, &v);
}

MAY_SWITCH void tr_compile_write(Scope *s, const AstNode *node, bool popped) {
    switch ((AstType)node->type) {
    case AST_LOCAL_VARIABLE_WRITE_NODE: {
        const AstLocalVariableWriteNode *w = (const void *)node;
        write_variable(s, (Variable){VARIABLE_LOCAL, 0, tr_local_find(s, w->name, w->depth, true)}, w->value, popped);
        return;
    }
    case AST_INSTANCE_VARIABLE_WRITE_NODE: {
        const AstInstanceVariableWriteNode *w = (const void *)node;
        write_variable(s, (Variable){VARIABLE_INSTANCE, tr_compile_id(s, w->name), {0}}, w->value, popped);
        return;
    }
    case AST_GLOBAL_VARIABLE_WRITE_NODE: {
        const AstGlobalVariableWriteNode *w = (const void *)node;
        write_variable(s, (Variable){VARIABLE_GLOBAL, tr_compile_id(s, w->name), {0}}, w->value, popped);
        return;
    }
    case AST_CLASS_VARIABLE_WRITE_NODE: {
        const AstClassVariableWriteNode *w = (const void *)node;
        write_variable(s, (Variable){VARIABLE_CLASS, tr_compile_id(s, w->name), {0}}, w->value, popped);
        return;
    }
    case AST_CONSTANT_WRITE_NODE: write_constant(s, (const void *)node, 0, popped); return;
    default: write_constant_path(s, (const void *)node, 0, popped); return;
    }
}

/* ---- variable op= value ---- */

static OpWrite op_write(Scope *s, const AstNode *node) {
    OpWrite w = {.kind = OP_CALL};
#define TAKE(Type, variable_kind, op_kind)                                                  \
    {                                                                                       \
        const Ast##Type *n = (const void *)node;                                            \
        w.variable = (Variable){variable_kind, tr_compile_id(s, n->name), {0}};             \
        w.value = n->value;                                                                 \
        w.kind = op_kind;                                                                   \
    }                                                                                       \
    break
#define TAKE_OPERATOR(Type, variable_kind)                                                  \
    w.operator_id = tr_compile_id(s, ((const Ast##Type *)node)->binary_operator);           \
    TAKE(Type, variable_kind, OP_CALL)
#define TAKE_LOCAL(Type) w.variable.local = tr_local_find(s, ((const Ast##Type *)node)->name, ((const Ast##Type *)node)->depth, true)
    switch ((AstType)node->type) {
    case AST_LOCAL_VARIABLE_AND_WRITE_NODE: TAKE(LocalVariableAndWriteNode, VARIABLE_LOCAL, OP_AND);
    case AST_LOCAL_VARIABLE_OR_WRITE_NODE: TAKE(LocalVariableOrWriteNode, VARIABLE_LOCAL, OP_OR);
    case AST_LOCAL_VARIABLE_OPERATOR_WRITE_NODE: TAKE_OPERATOR(LocalVariableOperatorWriteNode, VARIABLE_LOCAL);
    case AST_INSTANCE_VARIABLE_AND_WRITE_NODE: TAKE(InstanceVariableAndWriteNode, VARIABLE_INSTANCE, OP_AND);
    case AST_INSTANCE_VARIABLE_OR_WRITE_NODE: TAKE(InstanceVariableOrWriteNode, VARIABLE_INSTANCE, OP_OR);
    case AST_INSTANCE_VARIABLE_OPERATOR_WRITE_NODE: TAKE_OPERATOR(InstanceVariableOperatorWriteNode, VARIABLE_INSTANCE);
    case AST_GLOBAL_VARIABLE_AND_WRITE_NODE: TAKE(GlobalVariableAndWriteNode, VARIABLE_GLOBAL, OP_AND);
    case AST_GLOBAL_VARIABLE_OR_WRITE_NODE: TAKE(GlobalVariableOrWriteNode, VARIABLE_GLOBAL, OP_OR);
    case AST_GLOBAL_VARIABLE_OPERATOR_WRITE_NODE: TAKE_OPERATOR(GlobalVariableOperatorWriteNode, VARIABLE_GLOBAL);
    case AST_CLASS_VARIABLE_AND_WRITE_NODE: TAKE(ClassVariableAndWriteNode, VARIABLE_CLASS, OP_AND);
    case AST_CLASS_VARIABLE_OR_WRITE_NODE: TAKE(ClassVariableOrWriteNode, VARIABLE_CLASS, OP_OR);
    case AST_CLASS_VARIABLE_OPERATOR_WRITE_NODE: TAKE_OPERATOR(ClassVariableOperatorWriteNode, VARIABLE_CLASS);
    case AST_CONSTANT_AND_WRITE_NODE: TAKE(ConstantAndWriteNode, VARIABLE_CONSTANT, OP_AND);
    case AST_CONSTANT_OR_WRITE_NODE: TAKE(ConstantOrWriteNode, VARIABLE_CONSTANT, OP_OR);
    case AST_CONSTANT_OPERATOR_WRITE_NODE: TAKE_OPERATOR(ConstantOperatorWriteNode, VARIABLE_CONSTANT);
    default: TR_UNREACHABLE();
    }
    switch ((AstType)node->type) {
    case AST_LOCAL_VARIABLE_AND_WRITE_NODE: TAKE_LOCAL(LocalVariableAndWriteNode); break;
    case AST_LOCAL_VARIABLE_OR_WRITE_NODE: TAKE_LOCAL(LocalVariableOrWriteNode); break;
    case AST_LOCAL_VARIABLE_OPERATOR_WRITE_NODE: TAKE_LOCAL(LocalVariableOperatorWriteNode); break;
    default: break;
    }
    return w;
#undef TAKE
#undef TAKE_OPERATOR
#undef TAKE_LOCAL
}

static MAY_SWITCH void op_write_variable(Scope *s, const AstNode *node, uint32_t sharing, bool popped) {
    OpWrite w = op_write(s, node);
    const char *name = sharing ? constant_text(s, node, (uint32_t)strlen(tr_id_cstr(w.variable.name))) : NULL;
    if (w.kind == OP_CALL) {
        if (sharing & (AST_SHAREABLE_CONSTANT_NODE_FLAGS_EXPERIMENTAL_EVERYTHING | AST_SHAREABLE_CONSTANT_NODE_FLAGS_LITERAL |
                       AST_SHAREABLE_CONSTANT_NODE_FLAGS_EXPERIMENTAL_COPY))
            emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
        get_variable(s, &w.variable);
        compile(s, w.value);
        emit_call(s, w.operator_id, 1);
        if (sharing & AST_SHAREABLE_CONSTANT_NODE_FLAGS_LITERAL) {
            tr_emit_cstr(s, name);
            emit_call(s, TR_ID_core_ensure_shareable, 2);
        } else if (sharing & AST_SHAREABLE_CONSTANT_NODE_FLAGS_EXPERIMENTAL_EVERYTHING)
            emit_call(s, TR_ID_core_make_shareable, 1);
        else if (sharing) emit_call(s, TR_ID_core_make_shareable_copy, 1);
        if (!popped) emit(s, OP_dup);
        set_variable(s, &w.variable);
        return;
    }
    LabelId end = tr_label_new(s), set = 0;
    DefinedKind defined = w.variable.kind == VARIABLE_GLOBAL ? DEFINED_GVAR
                          : w.variable.kind == VARIABLE_CLASS ? DEFINED_CVAR
                          : w.variable.kind == VARIABLE_CONSTANT ? DEFINED_CONST : DEFINED_NOT_DEFINED;
    if (w.kind == OP_OR && defined != DEFINED_NOT_DEFINED) {
        set = tr_label_new(s);
        emit(s, OP_putnil);
        emit3(s, OP_defined, defined, tr_value_from_id(w.variable.name), TR_TRUE);
        tr_emit_jump(s, OP_branchunless, set);
    }
    get_variable(s, &w.variable);
    if (!popped) emit(s, OP_dup);
    tr_emit_jump(s, w.kind == OP_OR ? OP_branchif : OP_branchunless, end);
    if (!popped) emit(s, OP_pop);
    if (set) tr_label_place(s, set);
    push_constant_value(s, w.value, sharing, name);
    if (!popped) emit(s, OP_dup);
    set_variable(s, &w.variable);
    tr_label_place(s, end);
}

/* A::B op= value */
static MAY_SWITCH void op_write_path(Scope *s, const AstNode *node, uint32_t sharing, bool popped) {
    const AstConstantPathNode *target;
    const AstNode *value;
    Id operator_id = 0;
    if (node->type == AST_CONSTANT_PATH_OPERATOR_WRITE_NODE) {
        const AstConstantPathOperatorWriteNode *w = (const void *)node;
        target = w->target, value = w->value, operator_id = tr_compile_id(s, w->binary_operator);
    } else {
        const AstConstantPathOrWriteNode *w = (const void *)node; /* the and-node has the same fields */
        target = w->target, value = w->value;
    }
    const char *text = constant_text(s, &target->base, target->base.length);
    Id name = tr_compile_id(s, target->name);
    push_path_parent(s, target->parent);
    if (operator_id) {
        emit(s, OP_dup);
        emit1(s, OP_putobject, TR_TRUE);
        emit1(s, OP_getconstant, name);
        compile(s, value);
        emit_call(s, operator_id, 1);
        if (sharing) {
            emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
            emit(s, OP_swap);
            if (sharing & AST_SHAREABLE_CONSTANT_NODE_FLAGS_LITERAL) {
                tr_emit_cstr(s, text);
                emit_call(s, TR_ID_core_ensure_shareable, 2);
            } else emit_call(s, sharing & AST_SHAREABLE_CONSTANT_NODE_FLAGS_EXPERIMENTAL_COPY ? TR_ID_core_make_shareable_copy
                                                                                              : TR_ID_core_make_shareable, 1);
        }
        emit(s, OP_swap);
        if (!popped) {
            emit1(s, OP_topn, 1);
            emit(s, OP_swap);
        }
        emit1(s, OP_setconstant, name);
        return;
    }
    LabelId assign = 0, done = tr_label_new(s);
    bool is_or = node->type == AST_CONSTANT_PATH_OR_WRITE_NODE;
    if (is_or) {
        assign = tr_label_new(s);
        emit(s, OP_dup);
        emit3(s, OP_defined, DEFINED_CONST_FROM, tr_value_from_id(name), TR_TRUE);
        tr_emit_jump(s, OP_branchunless, assign);
    }
    emit(s, OP_dup);
    emit1(s, OP_putobject, TR_TRUE);
    emit1(s, OP_getconstant, name);
    if (!popped) emit(s, OP_dup);
    tr_emit_jump(s, is_or ? OP_branchif : OP_branchunless, done);
    if (!popped) emit(s, OP_pop);
    if (assign) tr_label_place(s, assign);
    push_constant_value(s, value, sharing, text);
    if (popped) emit1(s, OP_topn, 1);
    else {
        emit(s, OP_dup);
        emit1(s, OP_topn, 2);
    }
    emit1(s, OP_setconstant, name);
    tr_label_place(s, done);
    if (!popped) emit(s, OP_swap);
    emit(s, OP_pop);
}

/* ---- receiver.name op= value ---- */

static MAY_SWITCH void op_write_call(Scope *s, const AstNode *node, bool popped) {
    const AstCallOrWriteNode *w = (const void *)node; /* receiver, names are at the same place in all three */
    Id read = tr_compile_id(s, w->read_name), write = tr_compile_id(s, w->write_name), operator_id = 0;
    const AstNode *value = w->value;
    if (node->type == AST_CALL_OPERATOR_WRITE_NODE) {
        const AstCallOperatorWriteNode *call = (const void *)node;
        operator_id = tr_compile_id(s, call->binary_operator);
        value = call->value;
    }
    int32_t line = s->line;
    if (ast_loc_is_present(w->message_loc)) line = tr_compile_line(s->compiler, w->message_loc.start);
    uint32_t flags = !w->receiver || (node->flags & AST_CALL_NODE_FLAGS_IGNORE_VISIBILITY) ? CALL_FCALL : 0;
    if (w->receiver) compile(s, w->receiver);
    else emit(s, OP_putself);
    s->line = line;
    LabelId safe = 0;
    if (node->flags & AST_CALL_NODE_FLAGS_SAFE_NAVIGATION) {
        safe = tr_label_new(s);
        emit(s, OP_dup);
        tr_emit_jump(s, OP_branchnil, safe);
    }
    emit(s, OP_dup);
    tr_emit_send(s, read, 0, flags, NULL, NULL);
    if (operator_id) {
        compile(s, value);
        emit_call(s, operator_id, 1);
        if (!popped) {
            emit(s, OP_swap);
            emit1(s, OP_topn, 1);
        }
        tr_emit_send(s, write, 1, flags, NULL, NULL);
        if (safe && popped) tr_label_place(s, safe);
        emit(s, OP_pop);
        if (safe && !popped) tr_label_place(s, safe);
        return;
    }
    LabelId keep = tr_label_new(s), end = tr_label_new(s);
    emit(s, OP_dup);
    tr_emit_jump(s, node->type == AST_CALL_OR_WRITE_NODE ? OP_branchif : OP_branchunless, keep);
    emit(s, OP_pop);
    compile(s, value);
    emit(s, OP_swap);
    emit1(s, OP_topn, 1);
    tr_emit_send(s, write, 1, flags, NULL, NULL);
    tr_emit_jump(s, OP_jump, end);
    tr_label_place(s, keep);
    emit(s, OP_swap);
    tr_label_place(s, end);
    emit(s, OP_pop);
    if (safe) tr_label_place(s, safe);
    if (popped) emit(s, OP_pop);
}

/* ---- receiver[arguments] op= value ---- */

static MAY_SWITCH void op_write_index(Scope *s, const AstNode *node, bool popped) {
    const AstIndexOrWriteNode *w = (const void *)node; /* the fields before the operator are the same in all three */
    Id operator_id = 0;
    const AstNode *value = w->value;
    if (node->type == AST_INDEX_OPERATOR_WRITE_NODE) {
        const AstIndexOperatorWriteNode *index = (const void *)node;
        operator_id = tr_compile_id(s, index->binary_operator);
        value = index->value;
    }
    int32_t line = s->line;
    uint32_t fcall = !w->receiver || (node->flags & AST_CALL_NODE_FLAGS_IGNORE_VISIBILITY) ? CALL_FCALL : 0;
    if (!popped) emit(s, OP_putnil);
    if (w->receiver) compile(s, w->receiver);
    else emit(s, OP_putself);
    Arguments a = tr_compile_arguments(s, w->arguments, NULL, true);
    s->line = line;
    uint32_t flags = (a.flags & ~(uint32_t)CALL_ARGS_SPLAT_MUT) | fcall, pushed = a.argc + 1;
    emit1(s, OP_dupn, pushed);
    tr_emit_send(s, TR_ID_aref, a.argc, flags & ~(uint32_t)CALL_KW_SPLAT_MUT, a.keywords, NULL);
    LabelId keep = 0, end = 0;
    if (!operator_id) {
        keep = tr_label_new(s), end = tr_label_new(s);
        emit(s, OP_dup);
        tr_emit_jump(s, node->type == AST_INDEX_OR_WRITE_NODE ? OP_branchif : OP_branchunless, keep);
        emit(s, OP_pop);
    }
    compile(s, value);
    if (operator_id) emit_call(s, operator_id, 1);
    if (!popped) emit1(s, OP_setn, pushed + 1);
    if (flags & CALL_ARGS_SPLAT) {
        emit1(s, OP_pushtoarray, 1);
        tr_emit_send(s, TR_ID_aset, a.argc, flags | CALL_ARGS_SPLAT_MUT, NULL, NULL);
    } else tr_emit_send(s, TR_ID_aset, a.argc + 1, flags, NULL, NULL);
    emit(s, OP_pop);
    if (operator_id) return;
    tr_emit_jump(s, OP_jump, end);
    tr_label_place(s, keep);
    if (!popped) emit1(s, OP_setn, pushed + 1);
    emit1(s, OP_adjuststack, pushed + 1);
    tr_label_place(s, end);
}

MAY_SWITCH void tr_compile_op_write(Scope *s, const AstNode *node, bool popped) {
    switch ((AstType)node->type) {
    case AST_CONSTANT_PATH_AND_WRITE_NODE: case AST_CONSTANT_PATH_OR_WRITE_NODE: case AST_CONSTANT_PATH_OPERATOR_WRITE_NODE:
        op_write_path(s, node, 0, popped);
        return;
    case AST_CALL_AND_WRITE_NODE: case AST_CALL_OR_WRITE_NODE: case AST_CALL_OPERATOR_WRITE_NODE:
        op_write_call(s, node, popped);
        return;
    case AST_INDEX_AND_WRITE_NODE: case AST_INDEX_OR_WRITE_NODE: case AST_INDEX_OPERATOR_WRITE_NODE:
        op_write_index(s, node, popped);
        return;
    default: op_write_variable(s, node, 0, popped); return;
    }
}

MAY_SWITCH void tr_compile_shareable(Scope *s, const AstShareableConstantNode *node, bool popped) {
    uint32_t sharing = node->base.flags & (AST_SHAREABLE_CONSTANT_NODE_FLAGS_LITERAL |
                                           AST_SHAREABLE_CONSTANT_NODE_FLAGS_EXPERIMENTAL_EVERYTHING |
                                           AST_SHAREABLE_CONSTANT_NODE_FLAGS_EXPERIMENTAL_COPY);
    switch ((AstType)node->write->type) {
    case AST_CONSTANT_WRITE_NODE: write_constant(s, (const void *)node->write, sharing, popped); return;
    case AST_CONSTANT_PATH_WRITE_NODE: write_constant_path(s, (const void *)node->write, sharing, popped); return;
    case AST_CONSTANT_AND_WRITE_NODE: case AST_CONSTANT_OR_WRITE_NODE: case AST_CONSTANT_OPERATOR_WRITE_NODE:
        op_write_variable(s, node->write, sharing, popped);
        return;
    default: op_write_path(s, node->write, sharing, popped); return;
    }
}

/* ---- targets ---- */

typedef struct Target {
    const AstNode *node;
    int32_t base;            /* position of the first value that prepare pushed */
    Arguments arguments;     /* of an index target */
    struct Target *children; /* of a multiple target: lefts, rest, rights */
} Target;

static MAY_SWITCH void prepare(Scope *s, Target *target, const AstNode *node);

static MAY_SWITCH void prepare_list(Scope *s, Target *target, const AstNodeList *lefts, const AstNode *rest, const AstNodeList *rights) {
    uint32_t count = lefts->count + rights->count + 1, n = 0;
    target->children = tr_compile_alloc(s->compiler, count * sizeof *target->children);
    for (uint32_t i = 0; i < lefts->count; i++) prepare(s, &target->children[n++], lefts->items[i]);
    const AstNode *inner = rest && rest->type == AST_SPLAT_NODE ? ((const AstSplatNode *)rest)->expression : NULL;
    if (inner) prepare(s, &target->children[n], inner);
    n++;
    for (uint32_t i = 0; i < rights->count; i++) prepare(s, &target->children[n++], rights->items[i]);
}

static MAY_SWITCH void prepare(Scope *s, Target *target, const AstNode *node) {
    target->node = node;
    target->base = s->depth;
    switch ((AstType)node->type) {
    case AST_CALL_TARGET_NODE: compile(s, ((const AstCallTargetNode *)node)->receiver); break;
    case AST_INDEX_TARGET_NODE: {
        const AstIndexTargetNode *index = (const void *)node;
        compile(s, index->receiver);
        target->arguments = tr_compile_arguments(s, index->arguments, NULL, true);
        break;
    }
    case AST_CONSTANT_PATH_TARGET_NODE: push_path_parent(s, ((const AstConstantPathTargetNode *)node)->parent); break;
    case AST_MULTI_TARGET_NODE: {
        const AstMultiTargetNode *multi = (const void *)node;
        prepare_list(s, target, &multi->lefts, multi->rest, &multi->rights);
        break;
    }
    default: break;
    }
}

static void store(Scope *s, const Target *target);

/* The value on top is taken apart. */
static void store_list(Scope *s, const Target *children, const AstNodeList *lefts, const AstNode *rest,
                       const AstNodeList *rights) {
    bool has_rest = rest && rest->type == AST_SPLAT_NODE && ((const AstSplatNode *)rest)->expression;
    bool has_posts = rights->count > 0;
    emit2(s, OP_expandarray, lefts->count, has_rest || has_posts);
    for (uint32_t i = 0; i < lefts->count; i++) store(s, &children[i]);
    if (has_posts) emit2(s, OP_expandarray, rights->count, has_rest ? 3 : 2);
    if (has_rest) store(s, &children[lefts->count]);
    for (uint32_t i = 0; i < rights->count; i++) store(s, &children[lefts->count + 1 + i]);
}

static void store_call(Scope *s, const Target *target) {
    const AstCallTargetNode *node = (const void *)target->node;
    uint32_t flags = node->base.flags & AST_CALL_NODE_FLAGS_IGNORE_VISIBILITY ? CALL_FCALL : 0;
    Id name = tr_compile_id(s, node->name);
    emit_pick(s, target->base);
    LabelId skip = 0;
    if (node->base.flags & AST_CALL_NODE_FLAGS_SAFE_NAVIGATION) {
        skip = tr_label_new(s);
        emit(s, OP_dup);
        tr_emit_jump(s, OP_branchnil, skip);
    }
    emit1(s, OP_topn, 1); /* value receiver value */
    tr_emit_send(s, name, 1, flags, NULL, NULL);
    if (skip) tr_label_place(s, skip);
    emit1(s, OP_adjuststack, 2);
}

static void store_index(Scope *s, const Target *target) {
    const AstIndexTargetNode *node = (const void *)target->node;
    const Arguments *a = &target->arguments;
    uint32_t flags = a->flags | (node->base.flags & AST_CALL_NODE_FLAGS_IGNORE_VISIBILITY ? CALL_FCALL : 0);
    int32_t value = s->depth - 1;
    for (uint32_t i = 0; i <= a->argc; i++) emit_pick(s, target->base + (int32_t)i);
    emit_pick(s, value);
    if (flags & CALL_ARGS_SPLAT) {
        emit1(s, OP_pushtoarray, 1);
        tr_emit_send(s, TR_ID_aset, a->argc, flags, NULL, NULL);
    } else tr_emit_send(s, TR_ID_aset, a->argc + 1, flags, NULL, NULL);
    emit1(s, OP_adjuststack, 2);
}

/* Takes the value from the top. */
static void store(Scope *s, const Target *target) {
    const AstNode *node = target->node;
    Variable v = {.kind = VARIABLE_LOCAL};
    switch ((AstType)node->type) {
    case AST_LOCAL_VARIABLE_TARGET_NODE: {
        const AstLocalVariableTargetNode *local = (const void *)node;
        v.local = tr_local_find(s, local->name, local->depth, true);
        break;
    }
    case AST_REQUIRED_PARAMETER_NODE: /* inside |(a, b)| */
        v.local = tr_local_find(s, ((const AstRequiredParameterNode *)node)->name, 0, true);
        break;
    case AST_INSTANCE_VARIABLE_TARGET_NODE:
        v = (Variable){VARIABLE_INSTANCE, tr_compile_id(s, ((const AstInstanceVariableTargetNode *)node)->name), {0}};
        break;
    case AST_GLOBAL_VARIABLE_TARGET_NODE:
        v = (Variable){VARIABLE_GLOBAL, tr_compile_id(s, ((const AstGlobalVariableTargetNode *)node)->name), {0}};
        break;
    case AST_CLASS_VARIABLE_TARGET_NODE:
        v = (Variable){VARIABLE_CLASS, tr_compile_id(s, ((const AstClassVariableTargetNode *)node)->name), {0}};
        break;
    case AST_CONSTANT_TARGET_NODE:
        v = (Variable){VARIABLE_CONSTANT, tr_compile_id(s, ((const AstConstantTargetNode *)node)->name), {0}};
        break;
    case AST_CONSTANT_PATH_TARGET_NODE:
        emit_pick(s, target->base);
        emit1(s, OP_setconstant, tr_compile_id(s, ((const AstConstantPathTargetNode *)node)->name));
        return;
    case AST_CALL_TARGET_NODE: store_call(s, target); return;
    case AST_INDEX_TARGET_NODE: store_index(s, target); return;
    case AST_MULTI_TARGET_NODE: {
        const AstMultiTargetNode *multi = (const void *)node;
        store_list(s, target->children, &multi->lefts, multi->rest, &multi->rights);
        return;
    }
    case AST_SPLAT_NODE: { /* a splat that is a parameter list's or a rescue's only target */
        const AstNode *inner = ((const AstSplatNode *)node)->expression;
        if (inner) {
            Target splat = {.node = inner, .base = target->base};
            store(s, &splat);
        } else emit(s, OP_pop);
        return;
    }
    default: tr_fatal(__FILE__, __LINE__, "cannot assign to a %s", tr_ast_type_name(node->type));
    }
    set_variable(s, &v);
}

MAY_SWITCH void tr_compile_target_top(Scope *s, const AstNode *node) {
    Target target = {.node = node};
    if (node->type == AST_MULTI_TARGET_NODE) prepare(s, &target, node); /* names only: pushes nothing */
    store(s, &target);
}

MAY_SWITCH void tr_compile_assign_to(Scope *s, const AstNode *node, void (*push)(Scope *s, const void *data), const void *data) {
    int32_t depth = s->depth;
    Target target = {0};
    prepare(s, &target, node);
    push(s, data);
    store(s, &target);
    tr_emit_adjust(s, depth);
}

/* ---- a, b = … ---- */

/* `a, b = b, a`: as many values as variables, and nobody wants the array. */
static bool is_pairwise(const AstMultiWriteNode *node) {
    if (node->rest || node->rights.count || node->value->type != AST_ARRAY_NODE) return false;
    const AstNodeList *values = &((const AstArrayNode *)node->value)->elements;
    if (values->count != node->lefts.count || values->count > 64) return false;
    for (uint32_t i = 0; i < values->count; i++)
        if (values->items[i]->type == AST_SPLAT_NODE || values->items[i]->type == AST_KEYWORD_HASH_NODE) return false;
    return true;
}

MAY_SWITCH void tr_compile_multi_write(Scope *s, const AstMultiWriteNode *node, bool popped) {
    int32_t depth = s->depth;
    if (!popped) emit(s, OP_putnil); /* where the value will be */
    Target target = {.node = &node->base};
    prepare_list(s, &target, &node->lefts, node->rest, &node->rights);
    if (popped && is_pairwise(node)) {
        const AstNodeList *values = &((const AstArrayNode *)node->value)->elements;
        for (uint32_t i = 0; i < values->count; i++) compile(s, values->items[i]);
        if (values->count == 2) emit(s, OP_swap);
        else if (values->count > 2) emit1(s, OP_opt_reverse, values->count);
        for (uint32_t i = 0; i < values->count; i++) store(s, &target.children[i]);
    } else {
        compile(s, node->value);
        if (!popped) emit_put(s, depth);
        store_list(s, target.children, &node->lefts, node->rest, &node->rights);
    }
    tr_emit_adjust(s, popped ? depth : depth + 1);
}

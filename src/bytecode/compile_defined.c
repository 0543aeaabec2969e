/* compile_defined.c - defined?(…).
 *
 * What is asked about is looked at, not run; only the receivers of calls are run, each once, and an exception there means nil.
 * `check` emits code that goes to a label, with the stack as it was, when the node is not defined; `value` does the same and
 * leaves the node's value.
 */
#include "bytecode/compile_internal.h"

uint32_t tr_constant_path(Scope *s, const AstNode *node, Id *path, uint32_t capacity, bool *absolute) {
    *absolute = false;
    if (node->type == AST_CONSTANT_READ_NODE) {
        if (capacity == 0) return 0;
        path[0] = tr_compile_id(s, ((const AstConstantReadNode *)node)->name);
        return 1;
    }
    if (node->type != AST_CONSTANT_PATH_NODE) return 0;
    const AstConstantPathNode *scoped = (const AstConstantPathNode *)node;
    uint32_t count = 0;
    if (scoped->parent) {
        count = tr_constant_path(s, scoped->parent, path, capacity, absolute);
        if (count == 0) return 0;
    } else *absolute = true;
    if (count == capacity) return 0;
    path[count] = tr_compile_id(s, scoped->name);
    return count + 1;
}

static MAY_SWITCH void check(Scope *s, const AstNode *node, LabelId otherwise);

static MAY_SWITCH void check_list(Scope *s, const AstNodeList *list, LabelId otherwise) {
    for (uint32_t i = 0; i < list->count; i++) check(s, list->items[i], otherwise);
}

/* One value lies above what `otherwise` expects. */
static void drop_unless(Scope *s, LabelId otherwise) {
    LabelId ok = tr_label_new(s);
    tr_emit_jump(s, OP_branchif, ok);
    emit(s, OP_pop);
    tr_emit_jump(s, OP_jump, otherwise);
    s->depth++;
    tr_label_place(s, ok);
}

/* Leaves the receiver of the call, and the answer whether it has the method, on the stack. */
static MAY_SWITCH void push_call_test(Scope *s, const AstCallNode *call, LabelId otherwise, bool keep_receiver);

static MAY_SWITCH void value(Scope *s, const AstNode *node, LabelId otherwise) {
    if (node->type != AST_CALL_NODE || (node->flags & AST_CALL_NODE_FLAGS_ATTRIBUTE_WRITE)) {
        check(s, node, otherwise);
        compile(s, node);
        return;
    }
    const AstCallNode *call = (const AstCallNode *)node;
    push_call_test(s, call, otherwise, true);
    drop_unless(s, otherwise);
    tr_compile_call(s, call, false, true);
}

static MAY_SWITCH void push_call_test(Scope *s, const AstCallNode *call, LabelId otherwise, bool keep_receiver) {
    if (call->arguments) check_list(s, &call->arguments->arguments, otherwise);
    if (call->block && call->block->type == AST_BLOCK_ARGUMENT_NODE && ((const AstBlockArgumentNode *)call->block)->expression)
        check(s, ((const AstBlockArgumentNode *)call->block)->expression, otherwise);
    bool is_function = !call->receiver;
    if (is_function) emit(s, OP_putself);
    else value(s, call->receiver, otherwise);
    if (keep_receiver) emit(s, OP_dup);
    Value pushed = tr_literal_keep(s, tr_string_interned(s->compiler->f, "method", 6, ENCODING_US_ASCII));
    emit3(s, OP_defined, is_function ? DEFINED_FUNC : DEFINED_METHOD, tr_value_from_id(tr_compile_id(s, call->name)), pushed);
}

static MAY_GC Value text_value(Scope *s, const char *text) {
    return tr_literal_keep(s, tr_string_interned(s->compiler->f, text, strlen(text), ENCODING_US_ASCII));
}

/* The instruction that pushes the answer, for what needs but one; false when it needs more. */
static MAY_GC bool push_simple(Scope *s, const AstNode *node) {
    const char *text;
    DefinedKind kind;
    Value object;
    switch ((AstType)node->type) {
    case AST_INSTANCE_VARIABLE_READ_NODE:
        emit3(s, OP_definedivar, tr_compile_id(s, ((const AstInstanceVariableReadNode *)node)->name), s->ivar_caches++,
              text_value(s, "instance-variable"));
        return true;
    case AST_GLOBAL_VARIABLE_READ_NODE:
        kind = DEFINED_GVAR, text = "global-variable";
        object = tr_value_from_id(tr_compile_id(s, ((const AstGlobalVariableReadNode *)node)->name));
        break;
    case AST_CLASS_VARIABLE_READ_NODE:
        kind = DEFINED_CVAR, text = "class variable";
        object = tr_value_from_id(tr_compile_id(s, ((const AstClassVariableReadNode *)node)->name));
        break;
    case AST_CONSTANT_READ_NODE:
        kind = DEFINED_CONST, text = "constant";
        object = tr_value_from_id(tr_compile_id(s, ((const AstConstantReadNode *)node)->name));
        break;
    case AST_YIELD_NODE:
        tr_scope_mark_yield(s);
        kind = DEFINED_YIELD, text = "yield", object = TR_FALSE;
        break;
    case AST_SUPER_NODE: case AST_FORWARDING_SUPER_NODE: kind = DEFINED_ZSUPER, text = "super", object = TR_FALSE; break;
    case AST_NUMBERED_REFERENCE_READ_NODE:
        kind = DEFINED_REF, text = "global-variable";
        object = TR_FIX((int64_t)((const AstNumberedReferenceReadNode *)node)->number << 1);
        break;
    case AST_BACK_REFERENCE_READ_NODE: {
        const AstString *name = ast_constant(s->compiler->ast, ((const AstBackReferenceReadNode *)node)->name);
        kind = DEFINED_REF, text = "global-variable", object = TR_FIX((int64_t)name->bytes[1] << 1 | 1);
        break;
    }
    default: return false;
    }
    emit(s, OP_putnil);
    Value pushed = text_value(s, text);
    emit3(s, OP_defined, kind, object, pushed);
    return true;
}

/* What is always defined is named by this; NULL when it depends. */
static const char *constant_answer(const AstNode *node) {
    switch ((AstType)node->type) {
    case AST_NIL_NODE: return "nil";
    case AST_SELF_NODE: return "self";
    case AST_TRUE_NODE: return "true";
    case AST_FALSE_NODE: return "false";
    case AST_LOCAL_VARIABLE_READ_NODE: case AST_IT_LOCAL_VARIABLE_READ_NODE: return "local-variable";
    case AST_LOCAL_VARIABLE_WRITE_NODE: case AST_LOCAL_VARIABLE_AND_WRITE_NODE: case AST_LOCAL_VARIABLE_OR_WRITE_NODE:
    case AST_LOCAL_VARIABLE_OPERATOR_WRITE_NODE: case AST_INSTANCE_VARIABLE_WRITE_NODE:
    case AST_INSTANCE_VARIABLE_AND_WRITE_NODE: case AST_INSTANCE_VARIABLE_OR_WRITE_NODE:
    case AST_INSTANCE_VARIABLE_OPERATOR_WRITE_NODE: case AST_GLOBAL_VARIABLE_WRITE_NODE:
    case AST_GLOBAL_VARIABLE_AND_WRITE_NODE: case AST_GLOBAL_VARIABLE_OR_WRITE_NODE:
    case AST_GLOBAL_VARIABLE_OPERATOR_WRITE_NODE: case AST_CLASS_VARIABLE_WRITE_NODE:
    case AST_CLASS_VARIABLE_AND_WRITE_NODE: case AST_CLASS_VARIABLE_OR_WRITE_NODE:
    case AST_CLASS_VARIABLE_OPERATOR_WRITE_NODE: case AST_CONSTANT_WRITE_NODE: case AST_CONSTANT_AND_WRITE_NODE:
    case AST_CONSTANT_OR_WRITE_NODE: case AST_CONSTANT_OPERATOR_WRITE_NODE: case AST_CONSTANT_PATH_WRITE_NODE:
    case AST_CONSTANT_PATH_AND_WRITE_NODE: case AST_CONSTANT_PATH_OR_WRITE_NODE: case AST_CONSTANT_PATH_OPERATOR_WRITE_NODE:
    case AST_CALL_AND_WRITE_NODE: case AST_CALL_OR_WRITE_NODE: case AST_CALL_OPERATOR_WRITE_NODE:
    case AST_INDEX_AND_WRITE_NODE: case AST_INDEX_OR_WRITE_NODE: case AST_INDEX_OPERATOR_WRITE_NODE:
    case AST_MULTI_WRITE_NODE: return "assignment";
    case AST_CALL_NODE: {
        const AstNode *block = ((const AstCallNode *)node)->block;
        return block && block->type == AST_BLOCK_NODE ? "expression" : NULL;
    }
    case AST_ARRAY_NODE: case AST_HASH_NODE: case AST_KEYWORD_HASH_NODE: case AST_RANGE_NODE: case AST_AND_NODE: case AST_OR_NODE:
    case AST_PARENTHESES_NODE: case AST_BEGIN_NODE: case AST_STATEMENTS_NODE: case AST_CONSTANT_PATH_NODE: case AST_SPLAT_NODE:
    case AST_ASSOC_NODE: case AST_ASSOC_SPLAT_NODE: case AST_IMPLICIT_NODE:
    case AST_INSTANCE_VARIABLE_READ_NODE: case AST_GLOBAL_VARIABLE_READ_NODE: case AST_CLASS_VARIABLE_READ_NODE:
    case AST_CONSTANT_READ_NODE: case AST_YIELD_NODE: case AST_SUPER_NODE: case AST_FORWARDING_SUPER_NODE:
    case AST_NUMBERED_REFERENCE_READ_NODE: case AST_BACK_REFERENCE_READ_NODE: return NULL;
    default: return "expression";
    }
}

static const AstNode *only_statement(const AstNode *body) {
    if (body && body->type == AST_STATEMENTS_NODE) {
        const AstStatementsNode *statements = (const AstStatementsNode *)body;
        return statements->body.count == 1 ? statements->body.items[0] : NULL;
    }
    return body;
}

/* (x), begin x end: what they consist of when that is one thing and nothing is rescued. */
static const AstNode *unwrap(const AstNode *node) {
    const AstNode *inner = NULL;
    switch ((AstType)node->type) {
    case AST_PARENTHESES_NODE: inner = only_statement(((const AstParenthesesNode *)node)->body); break;
    case AST_BEGIN_NODE: {
        const AstBeginNode *begin = (const AstBeginNode *)node;
        if (!begin->rescue_clause && !begin->ensure_clause && !begin->else_clause && begin->statements)
            inner = only_statement(&begin->statements->base);
        break;
    }
    case AST_STATEMENTS_NODE: inner = only_statement(node); break;
    case AST_IMPLICIT_NODE: inner = ((const AstImplicitNode *)node)->value; break;
    default: break;
    }
    return inner;
}

static bool is_empty_group(const AstNode *node) {
    if (node->type == AST_PARENTHESES_NODE) return !((const AstParenthesesNode *)node)->body;
    if (node->type == AST_BEGIN_NODE) {
        const AstBeginNode *begin = (const AstBeginNode *)node;
        return !begin->statements && !begin->rescue_clause && !begin->ensure_clause;
    }
    return false;
}

static MAY_SWITCH void check(Scope *s, const AstNode *node, LabelId otherwise) {
    for (const AstNode *inner; (inner = unwrap(node));) node = inner;
    if (constant_answer(node)) return;
    switch ((AstType)node->type) {
    case AST_ARRAY_NODE: check_list(s, &((const AstArrayNode *)node)->elements, otherwise); return;
    case AST_HASH_NODE: check_list(s, &((const AstHashNode *)node)->elements, otherwise); return;
    case AST_KEYWORD_HASH_NODE: check_list(s, &((const AstKeywordHashNode *)node)->elements, otherwise); return;
    case AST_ASSOC_NODE:
        check(s, ((const AstAssocNode *)node)->key, otherwise);
        check(s, ((const AstAssocNode *)node)->value, otherwise);
        return;
    case AST_ASSOC_SPLAT_NODE:
        if (((const AstAssocSplatNode *)node)->value) check(s, ((const AstAssocSplatNode *)node)->value, otherwise);
        return;
    case AST_SPLAT_NODE:
        if (((const AstSplatNode *)node)->expression) check(s, ((const AstSplatNode *)node)->expression, otherwise);
        return;
    case AST_RANGE_NODE: {
        const AstRangeNode *range = (const AstRangeNode *)node;
        if (range->left) check(s, range->left, otherwise);
        if (range->right) check(s, range->right, otherwise);
        return;
    }
    case AST_AND_NODE: case AST_OR_NODE: case AST_PARENTHESES_NODE: case AST_BEGIN_NODE: case AST_STATEMENTS_NODE: return;
    case AST_CONSTANT_PATH_NODE: {
        const AstConstantPathNode *path = (const AstConstantPathNode *)node;
        if (path->parent) value(s, path->parent, otherwise);
        else tr_emit_literal(s, (Value)tr_class.object);
        emit3(s, OP_defined, DEFINED_CONST_FROM, tr_value_from_id(tr_compile_id(s, path->name)), TR_TRUE);
        tr_emit_jump(s, OP_branchunless, otherwise);
        return;
    }
    case AST_CALL_NODE:
        push_call_test(s, (const AstCallNode *)node, otherwise, false);
        tr_emit_jump(s, OP_branchunless, otherwise);
        return;
    default:
        if (push_simple(s, node)) tr_emit_jump(s, OP_branchunless, otherwise);
    }
}

static void guard_body(Scope *s, const AstNode *node) {
    (void)node;
    tr_local_add(s, tr_intern_cstr("$!"));
    emit(s, OP_putnil);
    emit(s, OP_leave);
}

/* Whether looking can raise: then a rescue goes around it. */
static bool needs_guard(const AstNode *node) {
    switch ((AstType)node->type) {
    case AST_CALL_NODE: {
        const AstCallNode *call = (const AstCallNode *)node;
        return call->receiver || call->arguments || call->block;
    }
    case AST_CONSTANT_PATH_NODE: case AST_ARRAY_NODE: case AST_HASH_NODE: case AST_RANGE_NODE: return true;
    default: return false;
    }
}

MAY_SWITCH void tr_compile_defined(Scope *s, const AstDefinedNode *node, bool popped) {
    if (popped) return;
    const AstNode *asked = node->value;
    if (is_empty_group(asked)) {
        emit1(s, OP_putobject, text_value(s, "nil"));
        return;
    }
    for (const AstNode *inner; (inner = unwrap(asked));) asked = inner;
    const char *answer = constant_answer(asked);
    if (answer) {
        emit1(s, OP_putobject, text_value(s, answer));
        return;
    }
    if (push_simple(s, asked)) return;
    if (asked->type == AST_CONSTANT_PATH_NODE) answer = "constant";
    else if (asked->type == AST_CALL_NODE) answer = "method";
    else answer = "expression";
    LabelId otherwise = tr_label_new(s), end = tr_label_new(s), start = tr_label_new(s), stop = tr_label_new(s);
    Iseq *guard = NULL;
    if (needs_guard(asked))
        guard = tr_compile_child(s, ISEQ_RESCUE, tr_compile_label_format(s, "defined guard in ", s->iseq->label), asked, false,
                                 guard_body);
    tr_label_place(s, start);
    check(s, asked, otherwise);
    emit1(s, OP_putobject, text_value(s, answer));
    tr_label_place(s, stop);
    tr_emit_jump(s, OP_jump, end);
    s->depth--;
    tr_label_place(s, otherwise);
    emit(s, OP_putnil);
    tr_label_place(s, end);
    if (guard) tr_catch_add(s, CATCH_RESCUE, start, stop, guard, end);
}

/* compile_pattern.c - case/in, `value in pattern`, `value => pattern`.
 *
 * match(pattern) is emitted with the value on top of the stack and takes it away: control falls through when the pattern
 * matches, else it goes to a label with the same depth. Below the values lie, at known positions,
 *
 *     the answer of the value's #deconstruct (nil: not asked yet; false: it does not respond), asked once for all patterns
 *     with a single pattern, whose failure is told in detail: the text, whether a key was missing, and where and which
 */
#include "bytecode/compile_internal.h"

typedef struct Pattern {
    Scope *s;
    int32_t cache;      /* position of the deconstructed value */
    bool is_single;     /* the positions below are valid */
    int32_t text, is_key_error, matchee, key;
} Pattern;

static MAY_SWITCH void match(Pattern *p, const AstNode *node, LabelId otherwise, bool is_top);

/* ---- the detailed message ---- */

/* Stack: … arguments above VMCore and format; the text becomes the message. */
static void finish_text(Pattern *p, uint32_t argc, bool is_key_error) {
    Scope *s = p->s;
    emit_call(s, TR_ID_core_sprintf, argc + 1);
    emit_put(s, p->text);
    emit(s, OP_pop);
    emit1(s, OP_putobject, tr_bool(is_key_error));
    emit_put(s, p->is_key_error);
    emit(s, OP_pop);
}

static MAY_GC void begin_text(Pattern *p, const char *format) {
    emit1(p->s, OP_putspecialobject, SPECIAL_VMCORE);
    tr_emit_cstr(p->s, format);
}

/* "format % value at position" */
static MAY_GC void tell(Pattern *p, const char *format, int32_t position) {
    if (!p->is_single) return;
    begin_text(p, format);
    emit_pick(p->s, position);
    finish_text(p, 1, false);
}

/* Falls through when the condition on top is true; else says why, drops to `depth` and goes to `otherwise`. */
typedef void (*Telling)(Pattern *p, const void *data);
static void require(Pattern *p, int32_t depth, LabelId otherwise, Telling telling, const void *data) {
    Scope *s = p->s;
    if (s->depth - 1 == depth && !(p->is_single && telling)) {
        tr_emit_jump(s, OP_branchunless, otherwise);
        return;
    }
    LabelId ok = tr_label_new(s);
    tr_emit_jump(s, OP_branchif, ok);
    if (p->is_single && telling) telling(p, data);
    tr_emit_adjust(s, depth);
    tr_emit_jump(s, OP_jump, otherwise);
    tr_label_place(s, ok);
}

typedef struct At { const char *format; int32_t position; } At;
static MAY_GC void tell_at(Pattern *p, const void *data) {
    const At *at = data;
    tell(p, at->format, at->position);
}

/* ---- values ---- */

static MAY_GC void tell_not_equal(Pattern *p, const void *data) { /* value pattern */
    (void)data;
    Scope *s = p->s;
    int32_t top = s->depth - 1;
    begin_text(p, "%p === %p does not return true");
    emit_pick(s, top);
    emit_pick(s, top - 1);
    finish_text(p, 2, false);
}

/* The pattern is an expression: pattern === value. */
static MAY_SWITCH void match_value(Pattern *p, const AstNode *node, LabelId otherwise) {
    Scope *s = p->s;
    int32_t depth = s->depth - 1;
    if (node->type == AST_STRING_NODE) emit1(s, OP_putobject, tr_literal_value(s, node));
    else compile(s, node);
    if (!p->is_single) {
        emit1(s, OP_checkmatch, CHECKMATCH_CASE);
        tr_emit_jump(s, OP_branchunless, otherwise);
        return;
    }
    emit1(s, OP_dupn, 2);
    emit1(s, OP_checkmatch, CHECKMATCH_CASE);
    require(p, depth, otherwise, tell_not_equal, NULL);
    tr_emit_adjust(s, depth);
}

/* Const(…), Const[…]: the constant must match first; the value stays. */
static MAY_SWITCH void match_constant(Pattern *p, const AstNode *constant, LabelId otherwise) {
    if (!constant) return;
    Scope *s = p->s;
    LabelId fail = tr_label_new(s), ok = tr_label_new(s);
    emit(s, OP_dup);
    match_value(p, constant, fail);
    tr_emit_jump(s, OP_jump, ok);
    tr_label_place(s, fail);
    emit(s, OP_pop);
    tr_emit_jump(s, OP_jump, otherwise);
    s->depth++;
    tr_label_place(s, ok);
}

/* ---- arrays ---- */

static MAY_GC void raise_type_error(Scope *s, const char *text) {
    emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    tr_emit_literal(s, (Value)tr_class.type_error);
    tr_emit_cstr(s, text);
    emit_call(s, TR_ID_core_raise, 2);
    emit(s, OP_pop);
}

/* The value on top becomes what its #deconstruct answers. */
static MAY_GC void deconstruct(Pattern *p, LabelId otherwise, bool is_top) {
    Scope *s = p->s;
    int32_t position = s->depth - 1;
    At at = {"%p does not respond to #deconstruct", position};
    LabelId ask = tr_label_new(s), known = tr_label_new(s), is_array = tr_label_new(s);
    if (is_top) {
        emit_pick(s, p->cache);
        tr_emit_jump(s, OP_branchnil, ask);
        emit_pick(s, p->cache);
        require(p, position, otherwise, tell_at, &at);
        emit(s, OP_pop);
        emit_pick(s, p->cache);
        tr_emit_jump(s, OP_jump, known);
        tr_label_place(s, ask);
    }
    emit(s, OP_dup);
    tr_emit_symbol(s, TR_ID_deconstruct);
    emit_call(s, TR_ID_respond_to_p, 1);
    if (is_top) emit_put(s, p->cache);
    require(p, position, otherwise, tell_at, &at);
    emit_call(s, TR_ID_deconstruct, 0);
    if (is_top) emit_put(s, p->cache);
    emit(s, OP_dup);
    emit1(s, OP_checktype, CHECKTYPE_ARRAY);
    tr_emit_jump(s, OP_branchif, is_array);
    raise_type_error(s, "deconstruct must return Array");
    tr_label_place(s, is_array);
    if (is_top) tr_label_place(s, known);
}

typedef struct Length { int32_t array; uint32_t expected; bool or_more; } Length;
static MAY_GC void tell_length(Pattern *p, const void *data) {
    const Length *length = data;
    Scope *s = p->s;
    begin_text(p, length->or_more ? "%p length mismatch (given %p, expected %p+)" : "%p length mismatch (given %p, expected %p)");
    emit_pick(s, length->array);
    emit_pick(s, length->array);
    emit_call(s, TR_ID_length, 0);
    tr_emit_literal(s, TR_FIX(length->expected));
    finish_text(p, 3, false);
}

static void require_length(Pattern *p, uint32_t expected, bool or_more, LabelId otherwise) {
    Scope *s = p->s;
    Length length = {s->depth - 1, expected, or_more};
    emit(s, OP_dup);
    emit_call(s, TR_ID_length, 0);
    tr_emit_literal(s, TR_FIX(expected));
    emit_call(s, or_more ? TR_ID_ge : TR_ID_eq, 1);
    require(p, s->depth - 2, otherwise, tell_length, &length);
}

/* A failure inside, where the array still lies on the stack: it is dropped on the way. */
static void fail_here(Scope *s, LabelId fail, LabelId otherwise, int32_t depth) {
    LabelId done = tr_label_new(s);
    tr_emit_jump(s, OP_jump, done);
    if (label_refs(s, fail) > 0) {
        tr_label_place(s, fail);
        tr_emit_adjust(s, depth);
        tr_emit_jump(s, OP_jump, otherwise);
    } else tr_label_place(s, fail);
    s->depth = depth;
    s->labels.items[done].depth = depth;
    tr_label_place(s, done);
}

static const AstNode *splat_target(const AstNode *rest) {
    return rest && rest->type == AST_SPLAT_NODE ? ((const AstSplatNode *)rest)->expression : NULL;
}

static MAY_SWITCH void match_array(Pattern *p, const AstArrayPatternNode *node, LabelId otherwise, bool is_top) {
    Scope *s = p->s;
    int32_t depth = s->depth - 1;
    LabelId fail = tr_label_new(s);
    uint32_t before = node->requireds.count, after = node->posts.count;
    match_constant(p, node->constant, otherwise);
    deconstruct(p, otherwise, is_top);
    require_length(p, before + after, node->rest != NULL, otherwise);
    for (uint32_t i = 0; i < before; i++) {
        emit(s, OP_dup);
        tr_emit_literal(s, TR_FIX(i));
        emit_call(s, TR_ID_aref, 1);
        match(p, node->requireds.items[i], fail, false);
    }
    const AstNode *rest = splat_target(node->rest);
    if (rest) {
        emit(s, OP_dup);
        tr_emit_literal(s, TR_FIX(before));
        emit_pick(s, depth);
        emit_call(s, TR_ID_length, 0);
        tr_emit_literal(s, TR_FIX(before + after));
        emit_call(s, TR_ID_minus, 1);
        emit_call(s, TR_ID_aref, 2);
        match(p, rest, fail, false);
    }
    for (uint32_t i = 0; i < after; i++) {
        emit(s, OP_dup);
        emit(s, OP_dup);
        emit_call(s, TR_ID_length, 0);
        tr_emit_literal(s, TR_FIX(after - i));
        emit_call(s, TR_ID_minus, 1);
        emit_call(s, TR_ID_aref, 1);
        match(p, node->posts.items[i], fail, false);
    }
    emit(s, OP_pop);
    fail_here(s, fail, otherwise, depth);
}

/* [*, x, y, *]: tries every place. Stack: array length index. */
static MAY_SWITCH void match_find(Pattern *p, const AstFindPatternNode *node, LabelId otherwise, bool is_top) {
    Scope *s = p->s;
    int32_t depth = s->depth - 1;
    uint32_t count = node->requireds.count;
    match_constant(p, node->constant, otherwise);
    deconstruct(p, otherwise, is_top);
    require_length(p, count, true, otherwise);
    int32_t array = s->depth - 1, length = array + 1, index = array + 2;
    emit(s, OP_dup);
    emit_call(s, TR_ID_length, 0);
    tr_emit_literal(s, TR_FIX(0));
    LabelId loop = tr_label_new(s), next = tr_label_new(s), none = tr_label_new(s), fail = tr_label_new(s);
    tr_label_place(s, loop);
    emit(s, OP_dup);
    emit_pick(s, length);
    tr_emit_literal(s, TR_FIX(count));
    emit_call(s, TR_ID_minus, 1);
    emit_call(s, TR_ID_le, 1);
    tr_emit_jump(s, OP_branchunless, none);
    for (uint32_t i = 0; i < count; i++) {
        emit_pick(s, array);
        emit_pick(s, index);
        if (i > 0) {
            tr_emit_literal(s, TR_FIX(i));
            emit_call(s, TR_ID_plus, 1);
        }
        emit_call(s, TR_ID_aref, 1);
        match(p, node->requireds.items[i], next, false);
    }
    const AstNode *left = node->left->expression, *right = splat_target(node->right);
    if (left) {
        emit_pick(s, array);
        tr_emit_literal(s, TR_FIX(0));
        emit_pick(s, index);
        emit_call(s, TR_ID_aref, 2);
        match(p, left, fail, false);
    }
    if (right) {
        emit_pick(s, array);
        emit_pick(s, index);
        tr_emit_literal(s, TR_FIX(count));
        emit_call(s, TR_ID_plus, 1);
        emit_pick(s, length);
        emit_call(s, TR_ID_aref, 2);
        match(p, right, fail, false);
    }
    LabelId found = tr_label_new(s);
    tr_emit_jump(s, OP_jump, found);
    tr_label_place(s, next);
    tr_emit_literal(s, TR_FIX(1));
    emit_call(s, TR_ID_plus, 1);
    tr_emit_jump(s, OP_jump, loop);
    tr_label_place(s, none);
    tell(p, "%p does not match to find pattern", array);
    tr_label_place(s, fail);
    tr_emit_adjust(s, depth);
    tr_emit_jump(s, OP_jump, otherwise);
    tr_label_place(s, found);
    tr_emit_adjust(s, depth);
}

/* ---- hashes ---- */

typedef struct Key { int32_t hash; Id key; } Key;
static MAY_GC void tell_key(Pattern *p, const void *data) {
    const Key *key = data;
    Scope *s = p->s;
    begin_text(p, "key not found: %p");
    tr_emit_symbol(s, key->key);
    finish_text(p, 1, true);
    emit_pick(s, key->hash);
    emit_put(s, p->matchee);
    emit(s, OP_pop);
    tr_emit_symbol(s, key->key);
    emit_put(s, p->key);
    emit(s, OP_pop);
}

static MAY_SWITCH void push_keys(Scope *s, const AstHashPatternNode *node) {
    if (node->rest || node->elements.count == 0) {
        emit(s, OP_putnil);
        return;
    }
    Value keys = tr_array_new(s->compiler->f, node->elements.count);
    for (uint32_t i = 0; i < node->elements.count; i++) {
        Value key = tr_literal_value(s, ((const AstAssocNode *)node->elements.items[i])->key);
        if (tr_array_push(s->compiler->f, keys, key) == TR_RAISED) s->compiler->has_failed = true;
    }
    tr_header(keys)->flags |= TR_FLAG_FROZEN | TR_FLAG_SHAREABLE;
    emit1(s, OP_duparray, tr_literal_keep(s, keys));
}

static void require_empty(Pattern *p, int32_t depth, LabelId otherwise, const char *format) {
    At at = {format, p->s->depth - 1};
    emit(p->s, OP_dup);
    emit_call(p->s, TR_ID_empty_p, 0);
    require(p, depth, otherwise, tell_at, &at);
}

static MAY_SWITCH void match_hash(Pattern *p, const AstHashPatternNode *node, LabelId otherwise) {
    Scope *s = p->s;
    int32_t depth = s->depth - 1;
    LabelId fail = tr_label_new(s), is_hash = tr_label_new(s);
    match_constant(p, node->constant, otherwise);
    At at = {"%p does not respond to #deconstruct_keys", depth};
    emit(s, OP_dup);
    tr_emit_symbol(s, TR_ID_deconstruct_keys);
    emit_call(s, TR_ID_respond_to_p, 1);
    require(p, depth, otherwise, tell_at, &at);
    push_keys(s, node);
    emit_call(s, TR_ID_deconstruct_keys, 1);
    emit(s, OP_dup);
    emit1(s, OP_checktype, CHECKTYPE_HASH);
    tr_emit_jump(s, OP_branchif, is_hash);
    raise_type_error(s, "deconstruct_keys must return Hash");
    tr_label_place(s, is_hash);
    bool takes_rest = node->rest != NULL;
    if (takes_rest) emit_call(s, TR_ID_dup, 0);
    for (uint32_t i = 0; i < node->elements.count; i++) {
        Id name = tr_symbol_id(tr_literal_value(s, ((const AstAssocNode *)node->elements.items[i])->key));
        Key key = {depth, name};
        emit(s, OP_dup);
        tr_emit_symbol(s, name);
        emit_call(s, TR_ID_key_p, 1);
        require(p, depth, otherwise, tell_key, &key);
    }
    for (uint32_t i = 0; i < node->elements.count; i++) {
        const AstAssocNode *assoc = (const AstAssocNode *)node->elements.items[i];
        Id name = tr_symbol_id(tr_literal_value(s, assoc->key));
        emit(s, OP_dup);
        tr_emit_symbol(s, name);
        emit_call(s, takes_rest ? TR_ID_delete : TR_ID_aref, 1);
        match(p, assoc->value, fail, false);
    }
    if (node->elements.count == 0 && !node->rest) require_empty(p, depth, otherwise, "%p is not empty");
    if (node->rest && node->rest->type == AST_NO_KEYWORDS_PARAMETER_NODE)
        require_empty(p, depth, otherwise, "rest of %p is not empty");
    else if (node->rest && node->rest->type == AST_ASSOC_SPLAT_NODE && ((const AstAssocSplatNode *)node->rest)->value) {
        emit(s, OP_dup);
        match(p, ((const AstAssocSplatNode *)node->rest)->value, fail, false);
    }
    emit(s, OP_pop);
    fail_here(s, fail, otherwise, depth);
}

/* ---- the rest ---- */

static MAY_SWITCH void match_alternation(Pattern *p, const AstAlternationPatternNode *node, LabelId otherwise, bool is_top) {
    Scope *s = p->s;
    int32_t depth = s->depth - 1;
    LabelId right = tr_label_new(s), done = tr_label_new(s);
    emit(s, OP_dup);
    match(p, node->left, right, is_top);
    emit(s, OP_pop);
    tr_emit_jump(s, OP_jump, done);
    s->depth = depth + 1;
    tr_label_place(s, right);
    match(p, node->right, otherwise, is_top);
    tr_label_place(s, done);
}

static MAY_SWITCH void match_capture(Pattern *p, const AstCapturePatternNode *node, LabelId otherwise, bool is_top) {
    Scope *s = p->s;
    int32_t depth = s->depth - 1;
    LabelId fail = tr_label_new(s);
    emit(s, OP_dup);
    match(p, node->value, fail, is_top);
    tr_compile_target_top(s, &node->target->base);
    fail_here(s, fail, otherwise, depth);
}

static MAY_GC void tell_guard(Pattern *p, const void *data) {
    (void)data;
    begin_text(p, "guard clause does not return true");
    finish_text(p, 0, false);
}

/* `in pattern if condition`: the value is gone already. */
static MAY_SWITCH void match_guarded(Pattern *p, const AstNode *node, LabelId otherwise, bool is_top) {
    Scope *s = p->s;
    const AstNode *predicate = node->type == AST_IF_NODE ? ((const AstIfNode *)node)->predicate
                                                          : ((const AstUnlessNode *)node)->predicate;
    const AstStatementsNode *pattern = node->type == AST_IF_NODE ? ((const AstIfNode *)node)->statements
                                                                 : ((const AstUnlessNode *)node)->statements;
    match(p, pattern->body.items[0], otherwise, is_top);
    LabelId yes = tr_label_new(s), no = tr_label_new(s);
    if (node->type == AST_IF_NODE) tr_compile_branch(s, predicate, yes, no, NEXT_IS_ELSE);
    else tr_compile_branch(s, predicate, no, yes, NEXT_IS_THEN);
    tr_label_place(s, no);
    if (p->is_single) tell_guard(p, NULL);
    tr_emit_jump(s, OP_jump, otherwise);
    tr_label_place(s, yes);
}

static MAY_SWITCH void match(Pattern *p, const AstNode *node, LabelId otherwise, bool is_top) {
    Scope *s = p->s;
    int32_t line = s->line;
    s->line = tr_compile_line(s->compiler, node->start);
    switch ((AstType)node->type) {
    case AST_ARRAY_PATTERN_NODE: match_array(p, (const void *)node, otherwise, is_top); break;
    case AST_FIND_PATTERN_NODE: match_find(p, (const void *)node, otherwise, is_top); break;
    case AST_HASH_PATTERN_NODE: match_hash(p, (const void *)node, otherwise); break;
    case AST_ALTERNATION_PATTERN_NODE: match_alternation(p, (const void *)node, otherwise, is_top); break;
    case AST_CAPTURE_PATTERN_NODE: match_capture(p, (const void *)node, otherwise, is_top); break;
    case AST_LOCAL_VARIABLE_TARGET_NODE: tr_compile_target_top(s, node); break;
    case AST_IMPLICIT_NODE: match(p, ((const AstImplicitNode *)node)->value, otherwise, is_top); break;
    case AST_PARENTHESES_NODE: match(p, ((const AstParenthesesNode *)node)->body, otherwise, is_top); break;
    case AST_STATEMENTS_NODE: match(p, ((const AstStatementsNode *)node)->body.items[0], otherwise, is_top); break;
    case AST_PINNED_VARIABLE_NODE: match_value(p, ((const AstPinnedVariableNode *)node)->variable, otherwise); break;
    case AST_PINNED_EXPRESSION_NODE: match_value(p, ((const AstPinnedExpressionNode *)node)->expression, otherwise); break;
    case AST_SPLAT_NODE: match(p, ((const AstSplatNode *)node)->expression, otherwise, is_top); break;
    case AST_IF_NODE: case AST_UNLESS_NODE: match_guarded(p, node, otherwise, is_top); break;
    default: match_value(p, node, otherwise); break;
    }
    s->line = line;
}

/* ---- the three forms ---- */

static Pattern begin_match(Scope *s, bool is_single) {
    Pattern p = {.s = s, .is_single = is_single};
    if (is_single) {
        p.key = s->depth;
        emit(s, OP_putnil);
        p.matchee = s->depth;
        emit(s, OP_putnil);
        p.is_key_error = s->depth;
        emit1(s, OP_putobject, TR_FALSE);
        p.text = s->depth;
        emit(s, OP_putnil);
    }
    p.cache = s->depth;
    emit(s, OP_putnil);
    return p;
}

/* Raises for the value on top. */
static MAY_GC void raise_no_match(Pattern *p) {
    Scope *s = p->s;
    int32_t value = s->depth - 1;
    emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    if (!p->is_single) {
        tr_emit_literal(s, (Value)tr_class.no_matching_pattern_error);
        emit_pick(s, value);
        emit_call(s, TR_ID_core_raise, 2);
        emit(s, OP_pop);
        return;
    }
    LabelId key_error = tr_label_new(s), done = tr_label_new(s);
    emit_pick(s, p->is_key_error);
    tr_emit_jump(s, OP_branchif, key_error);
    tr_emit_literal(s, (Value)tr_class.no_matching_pattern_error);
    begin_text(p, "%p: %s");
    emit_pick(s, value);
    emit_pick(s, p->text);
    emit_call(s, TR_ID_core_sprintf, 3);
    emit_call(s, TR_ID_core_raise, 2);
    tr_emit_jump(s, OP_jump, done);
    s->depth = value + 2;
    tr_label_place(s, key_error);
    tr_emit_literal(s, (Value)tr_class.no_matching_pattern_key_error);
    begin_text(p, "%p: %s");
    emit_pick(s, value);
    emit_pick(s, p->text);
    emit_call(s, TR_ID_core_sprintf, 3);
    emit_pick(s, p->matchee);
    emit_pick(s, p->key);
    CallKeywords *keywords = tr_compile_alloc(s->compiler, sizeof *keywords + 2 * sizeof(Id));
    keywords->count = 2;
    keywords->names[0] = tr_intern_cstr("matchee");
    keywords->names[1] = TR_ID_key;
    tr_emit_send(s, TR_ID_new, 3, CALL_KWARG, keywords, NULL);
    emit_call(s, TR_ID_core_raise, 1);
    tr_label_place(s, done);
    emit(s, OP_pop);
}

MAY_SWITCH void tr_compile_case_match(Scope *s, const AstCaseMatchNode *node, bool popped) {
    int32_t depth = s->depth;
    uint32_t count = node->conditions.count;
    Pattern p = begin_match(s, count == 1 && !node->else_clause);
    tr_compile_body(s, node->predicate, false);
    int32_t inside = s->depth;
    LabelId *bodies = tr_compile_alloc(s->compiler, count * sizeof *bodies), end = tr_label_new(s);
    for (uint32_t i = 0; i < count; i++) {
        const AstInNode *clause = (const AstInNode *)node->conditions.items[i];
        bodies[i] = tr_label_new(s);
        LabelId next = tr_label_new(s);
        emit(s, OP_dup);
        match(&p, clause->pattern, next, true);
        tr_emit_jump(s, OP_jump, bodies[i]);
        tr_label_place(s, next);
    }
    if (node->else_clause) {
        tr_emit_adjust(s, depth);
        compile(s, node->else_clause);
    } else {
        raise_no_match(&p);
        tr_emit_adjust(s, depth);
        emit(s, OP_putnil);
    }
    if (popped) emit(s, OP_pop);
    tr_emit_jump(s, OP_jump, end);
    for (uint32_t i = 0; i < count; i++) {
        const AstInNode *clause = (const AstInNode *)node->conditions.items[i];
        s->depth = inside;
        tr_label_place(s, bodies[i]);
        tr_emit_adjust(s, depth);
        tr_compile_body(s, clause->statements, popped);
        if (i + 1 < count) tr_emit_jump(s, OP_jump, end);
    }
    tr_label_place(s, end);
}

MAY_SWITCH void tr_compile_match_predicate(Scope *s, const AstMatchPredicateNode *node, bool popped) {
    int32_t depth = s->depth;
    LabelId no = tr_label_new(s), end = tr_label_new(s);
    Pattern p = begin_match(s, false);
    compile(s, node->value);
    match(&p, node->pattern, no, true);
    tr_emit_adjust(s, depth);
    if (!popped) emit1(s, OP_putobject, TR_TRUE);
    tr_emit_jump(s, OP_jump, end);
    s->depth = depth + 1;
    tr_label_place(s, no);
    tr_emit_adjust(s, depth);
    if (!popped) emit1(s, OP_putobject, TR_FALSE);
    tr_label_place(s, end);
}

MAY_SWITCH void tr_compile_match_required(Scope *s, const AstMatchRequiredNode *node, bool popped) {
    int32_t depth = s->depth;
    LabelId no = tr_label_new(s), end = tr_label_new(s);
    Pattern p = begin_match(s, true);
    compile(s, node->value);
    int32_t inside = s->depth;
    emit(s, OP_dup);
    match(&p, node->pattern, no, true);
    tr_emit_jump(s, OP_jump, end);
    s->depth = inside;
    tr_label_place(s, no);
    raise_no_match(&p);
    tr_label_place(s, end);
    tr_emit_adjust(s, depth);
    if (!popped) emit(s, OP_putnil);
}

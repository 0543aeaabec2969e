/* compile_unwind.c - begin/rescue/else/ensure, and what leaves them: break, next, redo, retry, return.
 *
 * A rescue clause is a sequence that runs in a frame of its own; so is the copy of an ensure clause for exceptions and
 * throws. For the normal way, and before a jump that leaves it within the same sequence, the clause's code is inlined.
 * Where it is inlined the range that the exceptional copy protects is cut, or the clause would run twice.
 *
 * What leaves a loop or block from inside a rescue or ensure sequence cannot jump: it throws, and a catch entry of the
 * sequence outside goes on.
 */
#include "bytecode/compile_internal.h"

static Id error_info_id(void) { return tr_intern_cstr("$!"); }

static int32_t label_depth(const Scope *s, LabelId label) { return s->labels.items[label].depth; }

/* ---- ensure, inlined ---- */

static void cut_range(Scope *s, EnsureRange *range, LabelId start, LabelId end) {
    EnsureRange *rest = tr_compile_alloc(s->compiler, sizeof *rest);
    while (range->next) range = range->next;
    rest->start = end;
    rest->end = range->end;
    range->end = start;
    range->next = rest;
}

/* The code of the ensure clauses that a jump out of here leaves: up to the innermost loop, or all when it returns. Each
 * clause protects neither its own copy nor those of the clauses around it. */
static MAY_SWITCH void inline_ensures(Scope *s, bool is_return) {
    Ensure *saved = s->ensure;
    LabelId end = 0;
    for (Ensure *e = saved; e; e = e->outer) {
        if (!e->clause) {
            if (!is_return) break;
            continue;
        }
        LabelId start = tr_label_new(s);
        if (!end) end = tr_label_new(s);
        cut_range(s, e->ranges, start, end);
        s->ensure = e->outer;
        tr_label_place(s, start);
        tr_compile_body(s, e->clause->statements, true);
    }
    if (end) tr_label_place(s, end);
    s->ensure = saved;
}

/* In a body with a rescue clause inside an ensure, jumps out are thrown: their catch entries know the way. */
static bool can_inline_ensures(const Scope *s) {
    if (!s->in_rescue) return true;
    for (const Ensure *e = s->ensure; e; e = e->outer)
        if (e->clause) return false;
    return true;
}

/* ---- rescue ---- */

static void rescue_entry(Scope *s) { tr_local_add(s, error_info_id()); }

static void rethrow(Scope *s) {
    tr_emit_getlocal_number(s, 0);
    emit1(s, OP_throw, 0);
}

static void push_error(Scope *s, const void *unused) {
    (void)unused;
    tr_emit_getlocal_number(s, 0);
}

static MAY_SWITCH void match_exceptions(Scope *s, const AstNodeList *exceptions, LabelId matched) {
    for (uint32_t i = 0; i < exceptions->count; i++) {
        const AstNode *exception = exceptions->items[i];
        tr_emit_getlocal_number(s, 0);
        uint64_t kind = CHECKMATCH_RESCUE;
        if (exception->type == AST_SPLAT_NODE) {
            compile(s, ((const AstSplatNode *)exception)->expression);
            emit1(s, OP_splatarray, TR_FALSE);
            kind |= CHECKMATCH_ARRAY;
        } else compile(s, exception);
        emit1(s, OP_checkmatch, kind);
        tr_emit_jump(s, OP_branchif, matched);
    }
    if (exceptions->count > 0) return;
    tr_emit_getlocal_number(s, 0);
    tr_emit_literal(s, (Value)tr_class.standard_error);
    emit1(s, OP_checkmatch, CHECKMATCH_RESCUE);
    tr_emit_jump(s, OP_branchif, matched);
}

static MAY_SWITCH void rescue_body(Scope *s, const AstNode *node) {
    rescue_entry(s);
    for (const AstRescueNode *clause = (const AstRescueNode *)node; clause; clause = clause->subsequent) {
        s->line = tr_compile_line(s->compiler, clause->base.start);
        LabelId matched = tr_label_new(s), next = tr_label_new(s);
        match_exceptions(s, &clause->exceptions, matched);
        tr_emit_jump(s, OP_jump, next);
        tr_label_place(s, matched);
        if (clause->reference) tr_compile_assign_to(s, clause->reference, push_error, NULL);
        tr_compile_body(s, clause->statements, false);
        emit(s, OP_leave);
        tr_label_place(s, next);
    }
    rethrow(s);
}

static MAY_SWITCH void compile_rescue(Scope *s, const AstBeginNode *node, bool popped) {
    LabelId start = tr_label_new(s), end = tr_label_new(s), cont = tr_label_new(s);
    Iseq *handler = tr_compile_child(s, ISEQ_RESCUE, tr_compile_label_format(s, "rescue in ", s->iseq->label),
                                     &node->rescue_clause->base, false, rescue_body);
    tr_label_place(s, start);
    bool was_in_rescue = s->in_rescue;
    s->in_rescue = true;
    tr_compile_body(s, node->statements, false);
    s->in_rescue = was_in_rescue;
    tr_label_place(s, end);
    if (node->else_clause) {
        emit(s, OP_pop);
        compile(s, node->else_clause);
    }
    emit(s, OP_nop);
    tr_label_place(s, cont);
    if (popped) emit(s, OP_pop);
    tr_catch_add(s, CATCH_RESCUE, start, end, handler, cont);
    tr_catch_add(s, CATCH_RETRY, end, cont, NULL, start);
}

static MAY_SWITCH void rescue_modifier_body(Scope *s, const AstNode *node) {
    const AstRescueModifierNode *modifier = (const AstRescueModifierNode *)node;
    static const AstNodeList none;
    rescue_entry(s);
    LabelId matched = tr_label_new(s), next = tr_label_new(s);
    match_exceptions(s, &none, matched);
    tr_emit_jump(s, OP_jump, next);
    tr_label_place(s, matched);
    compile(s, modifier->rescue_expression);
    emit(s, OP_leave);
    tr_label_place(s, next);
    rethrow(s);
}

MAY_SWITCH void tr_compile_rescue_modifier(Scope *s, const AstRescueModifierNode *node, bool popped) {
    LabelId start = tr_label_new(s), end = tr_label_new(s), cont = tr_label_new(s);
    Iseq *handler = tr_compile_child(s, ISEQ_RESCUE, tr_compile_label_format(s, "rescue in ", s->iseq->label),
                                     &node->base, false, rescue_modifier_body);
    tr_label_place(s, start);
    bool was_in_rescue = s->in_rescue;
    s->in_rescue = true;
    compile(s, node->expression);
    s->in_rescue = was_in_rescue;
    tr_label_place(s, end);
    emit(s, OP_nop);
    tr_label_place(s, cont);
    if (popped) emit(s, OP_pop);
    tr_catch_add(s, CATCH_RESCUE, start, end, handler, cont);
    tr_catch_add(s, CATCH_RETRY, end, cont, NULL, start);
}

/* ---- ensure ---- */

static MAY_SWITCH void ensure_body(Scope *s, const AstNode *node) {
    rescue_entry(s);
    tr_compile_body(s, ((const AstEnsureNode *)node)->statements, true);
    rethrow(s);
}

static MAY_SWITCH void compile_protected(Scope *s, const AstBeginNode *node, bool popped) {
    if (node->rescue_clause) compile_rescue(s, node, popped);
    else {
        tr_compile_body(s, node->statements, popped && !node->else_clause);
        if (node->else_clause) {
            emit(s, OP_pop);
            tr_compile_node(s, &node->else_clause->base, popped);
        }
    }
}

static MAY_SWITCH void compile_ensure(Scope *s, const AstBeginNode *node, bool popped) {
    LabelId start = tr_label_new(s), end = tr_label_new(s), cont = tr_label_new(s);
    EnsureRange *range = tr_compile_alloc(s->compiler, sizeof *range);
    *range = (EnsureRange){start, end, NULL};
    Ensure entry = {.clause = node->ensure_clause, .ranges = range, .outer = s->ensure};
    s->ensure = &entry;
    tr_label_place(s, start);
    uint32_t before = s->code.count;
    compile_protected(s, node, popped);
    bool is_empty = s->code.count == before;
    tr_label_place(s, end);
    s->ensure = entry.outer;
    uint32_t clause = s->code.count;
    tr_compile_body(s, node->ensure_clause->statements, true);
    if (s->code.count == clause) emit(s, OP_nop); /* `cont` must lie outside of what is protected */
    tr_label_place(s, cont);
    if (is_empty) return;
    Iseq *handler = tr_compile_child(s, ISEQ_ENSURE, tr_compile_label_format(s, "ensure in ", s->iseq->label),
                                     &node->ensure_clause->base, false, ensure_body);
    for (EnsureRange *r = range; r; r = r->next)
        tr_catch_add(s, CATCH_ENSURE, r->start, r->end, handler, cont)->depth = label_depth(s, start);
}

MAY_SWITCH void tr_compile_begin(Scope *s, const AstBeginNode *node, bool popped) {
    if (node->ensure_clause) compile_ensure(s, node, popped);
    else compile_protected(s, node, popped);
}

/* ---- leaving ---- */

/* The value of break, next, return: none, one, or several in an array. */
static MAY_SWITCH void push_arguments(Scope *s, const AstArgumentsNode *arguments) {
    if (!arguments || arguments->arguments.count == 0) emit(s, OP_putnil);
    else if (arguments->arguments.count == 1) compile(s, arguments->arguments.items[0]);
    else tr_compile_array_elements(s, &arguments->arguments);
}

static void emit_throw(Scope *s, uint64_t state, bool popped) {
    emit1(s, OP_throw, state);
    s->has_throw = true;
    if (popped) emit(s, OP_pop);
}

/* After a jump away the depth is what it was, plus the value that never comes. */
static void resume_at(Scope *s, int32_t depth, bool popped) {
    s->depth = depth;
    if (!popped) emit(s, OP_putnil);
}

/* Which scope `break`, `next` and `redo` of a throw belong to: the nearest loop or block outside of rescue and ensure. */
static const Scope *loop_scope(const Scope *s) {
    for (; s; s = s->outer)
        if (s->redo_label || s->iseq->type == ISEQ_BLOCK) return s;
    return NULL;
}

MAY_SWITCH void tr_compile_break(Scope *s, const AstBreakNode *node, bool popped) {
    if (s->redo_label && can_inline_ensures(s)) { /* in while, until */
        int32_t depth = s->depth;
        tr_emit_adjust(s, label_depth(s, s->redo_label));
        push_arguments(s, node->arguments);
        inline_ensures(s, false);
        tr_emit_jump(s, OP_jump, s->end_label);
        resume_at(s, depth, popped);
        return;
    }
    const Scope *to = loop_scope(s);
    push_arguments(s, node->arguments);
    emit_throw(s, to && to->redo_label ? THROW_BREAK | THROW_NO_ESCAPE : THROW_BREAK, popped);
}

MAY_SWITCH void tr_compile_next(Scope *s, const AstNextNode *node, bool popped) {
    int32_t depth = s->depth;
    if (s->redo_label && can_inline_ensures(s)) {
        push_arguments(s, node->arguments);
        inline_ensures(s, false);
        tr_emit_adjust(s, label_depth(s, s->redo_label));
        tr_emit_jump(s, OP_jump, s->start_label);
        resume_at(s, depth, popped);
    } else if (s->end_label && can_inline_ensures(s)) { /* in a block */
        tr_emit_adjust(s, label_depth(s, s->start_label));
        push_arguments(s, node->arguments);
        inline_ensures(s, false);
        tr_emit_jump(s, OP_jump, s->end_label);
        resume_at(s, depth, popped);
    } else {
        push_arguments(s, node->arguments);
        emit_throw(s, THROW_NEXT | THROW_NO_ESCAPE, popped);
    }
}

MAY_SWITCH void tr_compile_redo(Scope *s, bool popped) {
    LabelId to = s->redo_label ? s->redo_label : s->start_label;
    if (to && can_inline_ensures(s)) {
        int32_t depth = s->depth;
        tr_emit_adjust(s, label_depth(s, to));
        inline_ensures(s, false);
        tr_emit_jump(s, OP_jump, to);
        resume_at(s, depth, popped);
        return;
    }
    emit(s, OP_putnil);
    emit_throw(s, THROW_REDO | THROW_NO_ESCAPE, popped);
}

void tr_compile_retry(Scope *s, bool popped) {
    emit(s, OP_putnil);
    emit_throw(s, THROW_RETRY, popped);
}

MAY_SWITCH void tr_compile_return(Scope *s, const AstReturnNode *node, bool popped) {
    IseqType type = s->iseq->type;
    bool is_direct = type == ISEQ_METHOD || type == ISEQ_TOP || type == ISEQ_MAIN;
    if (is_direct && can_inline_ensures(s)) {
        int32_t depth = s->depth;
        tr_emit_adjust(s, 0);
        push_arguments(s, node->arguments);
        inline_ensures(s, true);
        s->events |= EVENT_RETURN;
        emit(s, OP_leave);
        resume_at(s, depth, popped);
        return;
    }
    push_arguments(s, node->arguments);
    emit_throw(s, THROW_RETURN, popped);
}

/* compile_control.c - conditions, loops, case/when, flip-flops.
 *
 * A condition is compiled for its two ways out rather than for a value; the caller says which of the two labels it places
 * next, so that a branch falls through to it.
 */
#include "bytecode/compile_internal.h"

/* ---- conditions ---- */

static void branch_to(Scope *s, LabelId then_label, LabelId else_label, BranchNext next) {
    if (next == NEXT_IS_THEN) tr_emit_jump(s, OP_branchunless, else_label);
    else tr_emit_jump(s, OP_branchif, then_label);
}

/* Integer in a flip-flop's bound: compared with $. */
static MAY_SWITCH void compile_flip_flop_bound(Scope *s, const AstNode *node) {
    if (!node) {
        emit(s, OP_putnil);
        return;
    }
    compile(s, node);
    if (node->type == AST_INTEGER_NODE) {
        emit1(s, OP_getglobal, tr_intern_cstr("$."));
        emit_call(s, TR_ID_eq, 1);
    }
}

/* The states of a method's flip-flops stand in its frame, numbered from 0. Evaluated code shares that frame, and nobody
 * knows which numbers are taken there: it gets one that no other eval has. */
enum { FLIP_FLOPS_OF_METHOD = 256 };
static _Atomic uint32_t flip_flops_of_evals; /* relaxed: only to be different */
static uint64_t flip_flop_key(Scope *s) {
    Scope *method = s;
    while (method->outer && method->iseq->local_iseq != method->iseq) method = method->outer;
    if (method->iseq->type != ISEQ_EVAL) return SVAR_FLIPFLOP_START + method->flip_flops++;
    uint32_t number = atomic_fetch_add_explicit(&flip_flops_of_evals, 1, memory_order_relaxed);
    return SVAR_FLIPFLOP_START + FLIP_FLOPS_OF_METHOD + (uint64_t)number;
}

static MAY_SWITCH void branch_flip_flop(Scope *s, const AstFlipFlopNode *node, LabelId then_label, LabelId else_label) {
    uint64_t key = flip_flop_key(s);
    LabelId is_on = tr_label_new(s);
    emit2(s, OP_getspecial, key, 0);
    tr_emit_jump(s, OP_branchif, is_on);
    compile_flip_flop_bound(s, node->left);
    tr_emit_jump(s, OP_branchunless, else_label);
    emit1(s, OP_putobject, TR_TRUE);
    emit1(s, OP_setspecial, key);
    if (node->base.flags & AST_RANGE_FLAGS_EXCLUDE_END) tr_emit_jump(s, OP_jump, then_label);
    tr_label_place(s, is_on);
    compile_flip_flop_bound(s, node->right);
    tr_emit_jump(s, OP_branchunless, then_label);
    emit1(s, OP_putobject, TR_FALSE);
    emit1(s, OP_setspecial, key);
    tr_emit_jump(s, OP_jump, then_label);
}

MAY_SWITCH void tr_compile_branch(Scope *s, const AstNode *condition, LabelId then_label, LabelId else_label, BranchNext next) {
    switch ((AstType)condition->type) {
    case AST_AND_NODE: {
        const AstAndNode *node = (const AstAndNode *)condition;
        LabelId right = tr_label_new(s);
        tr_compile_branch(s, node->left, right, else_label, NEXT_IS_THEN);
        tr_label_place(s, right);
        tr_compile_branch(s, node->right, then_label, else_label, next);
        return;
    }
    case AST_OR_NODE: {
        const AstOrNode *node = (const AstOrNode *)condition;
        LabelId right = tr_label_new(s);
        tr_compile_branch(s, node->left, then_label, right, NEXT_IS_ELSE);
        tr_label_place(s, right);
        tr_compile_branch(s, node->right, then_label, else_label, next);
        return;
    }
    case AST_PARENTHESES_NODE: {
        const AstNode *body = ((const AstParenthesesNode *)condition)->body;
        if (body && body->type == AST_STATEMENTS_NODE && ((const AstStatementsNode *)body)->body.count == 1) {
            tr_compile_branch(s, ((const AstStatementsNode *)body)->body.items[0], then_label, else_label, next);
            return;
        }
        break;
    }
    case AST_NIL_NODE: case AST_FALSE_NODE: tr_emit_jump(s, OP_jump, else_label); return;
    case AST_TRUE_NODE: case AST_INTEGER_NODE: case AST_FLOAT_NODE: case AST_SYMBOL_NODE: case AST_STRING_NODE:
    case AST_RATIONAL_NODE: case AST_IMAGINARY_NODE: case AST_LAMBDA_NODE:
        tr_emit_jump(s, OP_jump, then_label);
        return;
    case AST_FLIP_FLOP_NODE: branch_flip_flop(s, (const AstFlipFlopNode *)condition, then_label, else_label); return;
    default: break;
    }
    compile(s, condition);
    branch_to(s, then_label, else_label, next);
}

MAY_SWITCH void tr_compile_flip_flop(Scope *s, const AstFlipFlopNode *node, bool popped) {
    LabelId then_label = tr_label_new(s), else_label = tr_label_new(s), end = tr_label_new(s);
    branch_flip_flop(s, node, then_label, else_label);
    tr_label_place(s, then_label);
    if (!popped) emit1(s, OP_putobject, TR_TRUE);
    tr_emit_jump(s, OP_jump, end);
    tr_label_place(s, else_label);
    if (!popped) emit1(s, OP_putobject, TR_FALSE);
    tr_label_place(s, end);
}

MAY_SWITCH void tr_compile_if(Scope *s, const AstNode *node, bool popped) {
    const AstNode *predicate, *then_part, *else_part;
    if (node->type == AST_IF_NODE) {
        const AstIfNode *branch = (const AstIfNode *)node;
        predicate = branch->predicate, else_part = branch->subsequent;
        then_part = branch->statements ? &branch->statements->base : NULL;
    } else {
        const AstUnlessNode *branch = (const AstUnlessNode *)node;
        predicate = branch->predicate, then_part = branch->else_clause ? &branch->else_clause->base : NULL;
        else_part = branch->statements ? &branch->statements->base : NULL;
    }
    LabelId then_label = tr_label_new(s), else_label = tr_label_new(s), end = tr_label_new(s);
    tr_compile_branch(s, predicate, then_label, else_label, NEXT_IS_THEN);
    /* when the condition is known there is no branch to one of the two, or nothing falls through to it */
    const Code *last = &s->code.items[s->code.count - 1];
    bool falls_through = last->op != OP_jump;
    bool has_then = falls_through || label_refs(s, then_label) > 0, has_else = label_refs(s, else_label) > 0;
    int32_t depth = s->depth;
    if (has_then) {
        tr_label_place(s, then_label);
        tr_compile_body(s, then_part, popped);
        if (has_else) tr_emit_jump(s, OP_jump, end);
    }
    if (has_else) {
        s->depth = depth;
        tr_label_place(s, else_label);
        tr_compile_body(s, else_part, popped);
    }
    if (has_then && has_else) tr_label_place(s, end);
}

/* ---- while, until ---- */

MAY_SWITCH void tr_compile_loop(Scope *s, const AstNode *node, bool popped) {
    const AstWhileNode *loop = (const AstWhileNode *)node; /* until has the same fields */
    LabelId outer_start = s->start_label, outer_end = s->end_label, outer_redo = s->redo_label;
    LabelId next = s->start_label = tr_label_new(s), redo = s->redo_label = tr_label_new(s);
    LabelId leave = s->end_label = tr_label_new(s), end = tr_label_new(s), next_catch = tr_label_new(s), first = 0;
    Ensure border = {.outer = s->ensure}; /* break and next stay inside the ensure clauses around the loop */
    s->ensure = &border;
    int32_t depth = s->depth;
    if (node->flags & AST_LOOP_FLAGS_BEGIN_MODIFIER) tr_emit_jump(s, OP_jump, first = tr_label_new(s));
    else tr_emit_jump(s, OP_jump, next);
    LabelId dropped = tr_label_new(s); /* keeps the offsets that YARV has */
    tr_label_place(s, dropped);
    s->labels.items[dropped].is_kept = true;
    emit(s, OP_putnil);
    tr_label_place(s, next_catch);
    emit(s, OP_pop);
    tr_emit_jump(s, OP_jump, next);
    if (first) tr_label_place(s, first);
    tr_label_place(s, redo);
    tr_compile_body(s, loop->statements, true);
    tr_label_place(s, next);
    s->line = tr_compile_line(s->compiler, loop->predicate->start);
    if (node->type == AST_WHILE_NODE) tr_compile_branch(s, loop->predicate, redo, end, NEXT_IS_ELSE);
    else tr_compile_branch(s, loop->predicate, end, redo, NEXT_IS_THEN);
    tr_label_place(s, end);
    s->depth = depth;
    emit(s, OP_putnil);
    tr_label_place(s, leave);
    tr_catch_add(s, CATCH_BREAK, redo, leave, NULL, leave);
    tr_catch_add(s, CATCH_NEXT, redo, leave, NULL, next_catch);
    tr_catch_add(s, CATCH_REDO, redo, leave, NULL, redo);
    if (popped) emit(s, OP_pop);
    s->start_label = outer_start;
    s->end_label = outer_end;
    s->redo_label = outer_redo;
    s->ensure = border.outer;
}

/* ---- &&, || ---- */

MAY_SWITCH void tr_compile_and_or(Scope *s, const AstNode *node, bool popped) {
    const AstAndNode *both = (const AstAndNode *)node; /* || has the same fields */
    LabelId end = tr_label_new(s);
    compile(s, both->left);
    if (!popped) emit(s, OP_dup);
    tr_emit_jump(s, node->type == AST_AND_NODE ? OP_branchunless : OP_branchif, end);
    if (!popped) emit(s, OP_pop);
    tr_compile_node(s, both->right, popped);
    tr_label_place(s, end);
}

/* ---- case/when ---- */

/* Literals that === compares as a hash does. */
static bool is_dispatchable(const AstNode *node) {
    switch ((AstType)node->type) {
    case AST_INTEGER_NODE: case AST_SYMBOL_NODE: case AST_STRING_NODE: case AST_NIL_NODE: case AST_TRUE_NODE:
    case AST_FALSE_NODE: return true;
    default: return false;
    }
}

static bool can_dispatch(const AstCaseNode *node) {
    for (uint32_t i = 0; i < node->conditions.count; i++) {
        const AstWhenNode *when = (const AstWhenNode *)node->conditions.items[i];
        for (uint32_t j = 0; j < when->conditions.count; j++)
            if (!is_dispatchable(when->conditions.items[j])) return false;
    }
    return node->conditions.count > 0;
}

static MAY_SWITCH void emit_dispatch(Scope *s, const AstCaseNode *node, const LabelId *bodies, LabelId otherwise) {
    *LIST_PUSH(s->case_tables) = (CaseTable){s->cases.count, 0};
    uint32_t table = s->case_tables.count - 1;
    for (uint32_t i = 0; i < node->conditions.count; i++) {
        const AstWhenNode *when = (const AstWhenNode *)node->conditions.items[i];
        for (uint32_t j = 0; j < when->conditions.count; j++) {
            Value literal = tr_literal_value(s, when->conditions.items[j]);
            *LIST_PUSH(s->cases) = (CaseEntry){literal, bodies[i]};
            s->case_tables.items[table].count++;
        }
    }
    emit(s, OP_dup);
    emit2(s, OP_opt_case_dispatch, table, otherwise);
    tr_label_refer(s, otherwise);
    for (uint32_t i = 0; i < node->conditions.count; i++) tr_label_refer(s, bodies[i]);
}

static MAY_SWITCH void emit_when_test(Scope *s, const AstNode *condition, bool has_predicate, LabelId body) {
    if (condition->type == AST_SPLAT_NODE) {
        emit(s, has_predicate ? OP_dup : OP_putnil);
        compile(s, ((const AstSplatNode *)condition)->expression);
        emit1(s, OP_splatarray, TR_FALSE);
        emit1(s, OP_checkmatch, (has_predicate ? CHECKMATCH_CASE : CHECKMATCH_WHEN) | CHECKMATCH_ARRAY);
        tr_emit_jump(s, OP_branchif, body);
    } else if (has_predicate) {
        if (condition->type == AST_STRING_NODE) emit1(s, OP_putobject, tr_literal_value(s, condition));
        else compile(s, condition);
        emit1(s, OP_topn, 1);
        emit_fcall(s, TR_ID_eqq, 1);
        tr_emit_jump(s, OP_branchif, body);
    } else {
        LabelId next = tr_label_new(s);
        tr_compile_branch(s, condition, body, next, NEXT_IS_ELSE);
        tr_label_place(s, next);
    }
}

MAY_SWITCH void tr_compile_case(Scope *s, const AstCaseNode *node, bool popped) {
    uint32_t count = node->conditions.count;
    LabelId *bodies = tr_compile_alloc(s->compiler, (count + 1) * sizeof *bodies);
    for (uint32_t i = 0; i < count; i++) bodies[i] = tr_label_new(s);
    LabelId otherwise = tr_label_new(s), end = tr_label_new(s);
    bool has_predicate = node->predicate != NULL;
    if (has_predicate) {
        compile(s, node->predicate);
        if (can_dispatch(node)) emit_dispatch(s, node, bodies, otherwise);
    }
    for (uint32_t i = 0; i < count; i++) {
        const AstWhenNode *when = (const AstWhenNode *)node->conditions.items[i];
        for (uint32_t j = 0; j < when->conditions.count; j++) {
            s->line = tr_compile_line(s->compiler, when->conditions.items[j]->start);
            emit_when_test(s, when->conditions.items[j], has_predicate, bodies[i]);
        }
    }
    tr_label_place(s, otherwise);
    int32_t depth = s->depth;
    if (has_predicate) emit(s, OP_pop);
    tr_compile_body(s, node->else_clause, popped);
    tr_emit_jump(s, OP_jump, end);
    for (uint32_t i = 0; i < count; i++) {
        const AstWhenNode *when = (const AstWhenNode *)node->conditions.items[i];
        s->depth = depth;
        tr_label_place(s, bodies[i]);
        if (has_predicate) emit(s, OP_pop);
        tr_compile_body(s, when->statements, popped);
        if (i + 1 < count) tr_emit_jump(s, OP_jump, end);
    }
    tr_label_place(s, end);
}

/* verify.c - checks what the interpreter relies on, for every sequence of a debug build.
 *
 * Control is followed along all ways from the entries (the start, each optional parameter, each catch entry's `cont`): an
 * instruction must be reached with one depth of the operand stack only, never with less than it pops, never above stack_max.
 */
#include <stdlib.h>

#include "bytecode/compile_internal.h"

typedef struct Walk {
    const Iseq *iseq;
    int32_t *depths;    /* by word offset; -1: not reached */
    uint32_t *work;
    uint32_t work_count;
} Walk;

static void reach(Walk *walk, uint32_t at, int32_t depth) {
    TR_CHECK(at < walk->iseq->size);
    TR_CHECK(depth >= 0 && depth <= (int32_t)walk->iseq->stack_max);
    if (walk->depths[at] >= 0) {
        if (walk->depths[at] != depth)
            tr_fatal(__FILE__, __LINE__, "%s: offset %u is reached with depths %d and %d", tr_string(walk->iseq->label)->bytes, at,
                     walk->depths[at], depth);
        return;
    }
    walk->depths[at] = depth;
    walk->work[walk->work_count++] = at;
}

static int32_t call_size(CodeWord word) {
    const CallData *call = (const CallData *)word;
    return (int32_t)call->argc + ((call->flags & CALL_ARGS_BLOCKARG) ? 1 : 0);
}

static void effect_of(Opcode op, const CodeWord *operand, int32_t *pops, int32_t *pushes) {
#define N(i) ((int32_t)operand[i])
#define ARGC(i) call_size(operand[i])
    switch (op) {
#define INSN(name, operands, pop_count, push_count, effect) \
    case OP_##name: \
        *pops = (int32_t)(pop_count), *pushes = (int32_t)(push_count); \
        return;
#include "bytecode/insns.def"
#undef INSN
    default: TR_CHECK(false);
    }
#undef N
#undef ARGC
}

static void step(Walk *walk, uint32_t at) {
    const Iseq *iseq = walk->iseq;
    Opcode op = tr_iseq_opcode(iseq, at);
    const CodeWord *operand = iseq->code + at + 1;
    int32_t pops = 0, pushes = 0, depth = walk->depths[at];
    effect_of(op, operand, &pops, &pushes);
    if (op == OP_topn || op == OP_setn) TR_CHECK((int32_t)operand[0] < depth);
    TR_CHECK(pops <= depth);
    int32_t after = depth - pops + pushes;
    uint32_t next = at + tr_insn_size(op);
    const char *kinds = tr_insn_operands(op);
    for (int k = 0; kinds[k]; k++)
        if (kinds[k] == 'O') reach(walk, next + (uint32_t)operand[k], after);
    if (op == OP_opt_case_dispatch) {
        size_t position = 0;
        Value key, offset;
        while (tr_hash_next(operand[0], &position, &key, &offset)) reach(walk, next + (uint32_t)tr_fixnum(offset), after);
    }
    if (op == OP_leave) TR_CHECK(depth == 1);
    if (op != OP_jump && op != OP_leave && op != OP_throw) reach(walk, next, after);
}

void tr_iseq_verify(const Iseq *iseq) {
    if (!tr_iseq_is_complete(iseq)) return;
    Walk walk = {.iseq = iseq, .depths = malloc(iseq->size * sizeof(int32_t)), .work = malloc(iseq->size * sizeof(uint32_t))};
    for (uint32_t i = 0; i < iseq->size; i++) walk.depths[i] = -1;
    reach(&walk, 0, 0);
    for (uint32_t i = 0; iseq->params.opt_table && i <= iseq->params.opt_count; i++) reach(&walk, iseq->params.opt_table[i], 0);
    for (uint32_t i = 0; i < iseq->catch_count; i++) {
        const CatchEntry *entry = &iseq->catches[i];
        TR_CHECK(entry->start < entry->end && entry->end <= iseq->size);
        bool takes_value = entry->type == CATCH_RESCUE || entry->type == CATCH_BREAK || entry->type == CATCH_NEXT;
        if (entry->type != CATCH_ENSURE) reach(&walk, entry->cont, (int32_t)entry->sp + takes_value);
        else TR_CHECK(entry->sp <= iseq->stack_max && (entry->cont <= entry->start || entry->cont > entry->end));
        TR_CHECK((entry->type == CATCH_RESCUE || entry->type == CATCH_ENSURE) == (entry->iseq && entry->type != CATCH_BREAK));
    }
    while (walk.work_count > 0) step(&walk, walk.work[--walk.work_count]);
    free(walk.depths);
    free(walk.work);
    for (uint32_t i = 0; i < iseq->child_count; i++) tr_iseq_verify(iseq->children[i]);
}

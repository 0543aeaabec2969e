/* emit.c - the buffer that instructions go into, labels, literals and call data.
 *
 * tr_emit keeps Scope.depth right for every instruction by the table insns.def, so no caller counts by hand.
 */
#include "bytecode/compile_internal.h"

/* How much an instruction moves the operand stack. */
static int32_t call_pops(const Scope *s, uint64_t call) {
    const CallData *data = &s->calls.items[call];
    return (int32_t)data->argc + ((data->flags & CALL_ARGS_BLOCKARG) ? 1 : 0);
}

static int32_t stack_effect(const Scope *s, const Code *code) {
    const uint64_t *operand = code->operand;
    (void)s;
#define N(i) ((int32_t)operand[i])
#define ARGC(i) call_pops(s, operand[i])
    switch (code->op) {
#define INSN(name, operands, pops, pushes, effect) \
    case OP_##name: \
        return (int32_t)(pushes) - (int32_t)(pops);
#include "bytecode/insns.def"
#undef INSN
    }
#undef N
#undef ARGC
    return 0;
}

Code *tr_emit(Scope *s, Opcode op, uint64_t a, uint64_t b, uint64_t c) {
    Code *code = LIST_PUSH(s->code);
    *code = (Code){.op = (uint16_t)op, .events = s->events, .line = s->line, .node_id = s->node_id, .operand = {a, b, c}};
    s->events = 0;
    s->depth += stack_effect(s, code);
    TR_CHECK(s->depth >= 0);
    return code;
}

LabelId tr_label_new(Scope *s) {
    if (s->labels.count == 0) *LIST_PUSH(s->labels) = (Label){0};
    *LIST_PUSH(s->labels) = (Label){.depth = -1};
    return s->labels.count - 1;
}

void tr_label_place(Scope *s, LabelId id) {
    Label *label = &s->labels.items[id];
    TR_ASSERT(!label->is_placed);
    label->is_placed = true;
    if (label->depth < 0) label->depth = s->depth;
    s->depth = label->depth;
    Code *code = LIST_PUSH(s->code);
    *code = (Code){.op = CODE_LABEL, .line = s->line, .operand = {id}};
}

static void refer_to(Scope *s, LabelId id) {
    Label *label = &s->labels.items[id];
    label->refs++;
    if (label->depth < 0) label->depth = s->depth;
}

void tr_emit_jump(Scope *s, Opcode op, LabelId to) {
    emit1(s, op, to);
    refer_to(s, to);
}

/* opt_new and opt_case_dispatch are emitted by emit2; their label is referred to by hand. */
void tr_label_refer(Scope *s, LabelId id) { refer_to(s, id); }

void tr_emit_adjust(Scope *s, int32_t depth) {
    int32_t excess = s->depth - depth;
    if (excess == 1) emit(s, OP_pop);
    else if (excess > 1) emit1(s, OP_adjuststack, (uint64_t)excess);
}

CatchRange *tr_catch_add(Scope *s, CatchType type, LabelId start, LabelId end, Iseq *iseq, LabelId cont) {
    CatchRange *range = LIST_PUSH(s->catches);
    *range = (CatchRange){type, start, end, cont, iseq, -1};
    s->labels.items[start].is_kept = s->labels.items[end].is_kept = s->labels.items[cont].is_kept = true;
    return range;
}

/* ---- literals ---- */

Value tr_literal_keep(Scope *s, Value value) {
    if (tr_is_immediate(value)) return value;
    Iseq *iseq = s->iseq;
    if (iseq->literal_count == s->literal_capacity)
        tr_list_grow((void **)&iseq->literals, &s->literal_capacity, iseq->literal_count, sizeof *iseq->literals);
    iseq->literals[iseq->literal_count++] = value;
    tr_barrier((Value)iseq, value);
    return value;
}

void tr_emit_literal(Scope *s, Value value) {
    if (value == TR_NIL) emit(s, OP_putnil);
    else emit1(s, OP_putobject, tr_literal_keep(s, value));
}

void tr_emit_symbol(Scope *s, Id id) { emit1(s, OP_putobject, tr_value_from_id(id)); }

MAY_GC void tr_emit_cstr(Scope *s, const char *text) {
    tr_emit_literal(s, tr_string_interned(s->compiler->f, text, strlen(text), ENCODING_UTF8));
}

/* ---- calls ---- */

uint32_t tr_call_data(Scope *s, Id mid, uint32_t argc, uint32_t flags, const CallKeywords *keywords) {
    if (!(flags & (CALL_ARGS_SPLAT | CALL_ARGS_BLOCKARG | CALL_KWARG | CALL_KW_SPLAT | CALL_FORWARDING)))
        flags |= CALL_ARGS_SIMPLE;
    CallData *data = LIST_PUSH(s->calls);
    memset(data, 0, sizeof *data);
    data->mid = mid;
    data->argc = argc;
    data->flags = flags;
    data->keywords = keywords;
    return s->calls.count - 1;
}

typedef struct Special { Id mid; uint8_t argc; uint16_t op; } Special;
static const Special specials[] = {
    {TR_ID_plus, 1, OP_opt_plus}, {TR_ID_minus, 1, OP_opt_minus}, {TR_ID_times, 1, OP_opt_mult},
    {TR_ID_divide, 1, OP_opt_div}, {TR_ID_modulo, 1, OP_opt_mod}, {TR_ID_eq, 1, OP_opt_eq}, {TR_ID_lt, 1, OP_opt_lt},
    {TR_ID_le, 1, OP_opt_le}, {TR_ID_gt, 1, OP_opt_gt}, {TR_ID_ge, 1, OP_opt_ge}, {TR_ID_lshift, 1, OP_opt_ltlt},
    {TR_ID_and, 1, OP_opt_and}, {TR_ID_or, 1, OP_opt_or}, {TR_ID_aref, 1, OP_opt_aref}, {TR_ID_aset, 2, OP_opt_aset},
    {TR_ID_length, 0, OP_opt_length}, {TR_ID_size, 0, OP_opt_size}, {TR_ID_empty_p, 0, OP_opt_empty_p},
    {TR_ID_succ, 0, OP_opt_succ}, {TR_ID_not, 0, OP_opt_not}, {TR_ID_nil_p, 0, OP_opt_nil_p},
    {TR_ID_match, 1, OP_opt_regexpmatch2}, {TR_ID_respond_to_p, 1, OP_opt_respond_to},
};

void tr_emit_send(Scope *s, Id mid, uint32_t argc, uint32_t flags, const CallKeywords *keywords, Iseq *block) {
    uint32_t equal = 0; /* opt_neq calls == too; its call data comes first */
    bool is_neq = mid == TR_ID_neq && argc == 1 && !block && !keywords &&
                  !(flags & ~(uint32_t)(CALL_FCALL | CALL_ARGS_SIMPLE));
    if (is_neq) equal = tr_call_data(s, TR_ID_eq, 1, flags, NULL);
    uint32_t call = tr_call_data(s, mid, argc, flags, keywords);
    flags = s->calls.items[call].flags;
    if (is_neq) {
        emit2(s, OP_opt_neq, equal, call);
        return;
    }
    if (block || (flags & CALL_ARGS_BLOCKARG)) {
        emit2(s, OP_send, call, (uint64_t)block);
        return;
    }
    if (s->iseq->is_internal && ((mid == TR_ID___at && argc == 1) || (mid == TR_ID___count && argc == 0))) {
        emit(s, argc ? OP_array_at : OP_array_count); /* only Array's own methods say so: self is one */
        return;
    }
    if ((flags & CALL_ARGS_SIMPLE) && argc <= 2 && mid < TR_ID_COUNT)
        for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
            if (specials[i].mid == mid && specials[i].argc == argc) {
                emit1(s, (Opcode)specials[i].op, call);
                return;
            }
    emit1(s, OP_opt_send_without_block, call);
}

void tr_emit_getconst(Scope *s, const Id *path, uint32_t count, bool absolute) {
    Id *copy = tr_compile_alloc(s->compiler, (count + 1) * sizeof *copy);
    memcpy(copy, path, count * sizeof *copy);
    ConstCache *cache = LIST_PUSH(s->constants);
    memset(cache, 0, sizeof *cache);
    cache->path = copy;
    cache->absolute = absolute;
    emit1(s, OP_opt_getconstant_path, s->constants.count - 1);
}

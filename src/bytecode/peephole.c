/* peephole.c - small improvements of a finished Scope's code, before it is laid out.
 *
 * Jumps go to where they end up (jump to jump, jump to leave), a jump to the next instruction vanishes, code that nothing
 * leads to is dropped, pushes that are popped at once go too. Labels stay where they are; what refers to one from
 * outside the code (a catch entry, an optional parameter) keeps the code behind it alive.
 */
#include "bytecode/compile_internal.h"

/* The first real instruction at or after an index; code.count when there is none. */
static uint32_t real_from(const Scope *s, uint32_t i) {
    while (i < s->code.count && s->code.items[i].op >= OP_COUNT) i++;
    return i;
}

static uint32_t label_position(const Scope *s, LabelId label) {
    return s->labels.items[label].at; /* index into the code, until it is laid out */
}

static void note_positions(Scope *s) {
    for (uint32_t i = 0; i < s->code.count; i++)
        if (s->code.items[i].op == CODE_LABEL) s->labels.items[s->code.items[i].operand[0]].at = i;
}

/* Which operand of an instruction is a label; -1 none. */
static int label_operand(uint16_t op) {
    switch (op) {
    case OP_jump: case OP_branchif: case OP_branchunless: case OP_branchnil: return 0;
    case OP_opt_case_dispatch: case OP_opt_new: return 1;
    default: return -1;
    }
}

static void retarget(Scope *s, Code *code, int operand, LabelId to) {
    s->labels.items[code->operand[operand]].refs--;
    s->labels.items[to].refs++;
    code->operand[operand] = to;
}

/* Follows jumps that lead to jumps. */
static LabelId final_target(const Scope *s, LabelId label) {
    for (int steps = 0; steps < 16; steps++) {
        uint32_t at = real_from(s, label_position(s, label));
        if (at == s->code.count || s->code.items[at].op != OP_jump) break;
        LabelId next = (LabelId)s->code.items[at].operand[0];
        if (next == label) break;
        label = next;
    }
    return label;
}

static void drop(Scope *s, Code *code) {
    int operand = label_operand(code->op);
    if (operand >= 0) s->labels.items[code->operand[operand]].refs--;
    code->op = CODE_REMOVED;
}

/* Does a label that something refers to stand between two indexes? */
static bool is_entered_between(const Scope *s, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        if (s->code.items[i].op != CODE_LABEL) continue;
        const Label *label = &s->labels.items[s->code.items[i].operand[0]];
        if (label->refs > 0 || label->is_kept) return true;
    }
    return false;
}

static bool leads_to(const Scope *s, uint32_t from, LabelId label) { /* only labels lie in between */
    uint32_t to = label_position(s, label);
    return to >= from && real_from(s, from) >= to;
}

static void improve_jump(Scope *s, uint32_t i) {
    Code *code = &s->code.items[i];
    if (leads_to(s, i + 1, (LabelId)code->operand[0])) {
        uint32_t next = real_from(s, i + 1);
        if (code->events && next < s->code.count) s->code.items[next].events |= code->events;
        drop(s, code);
        return;
    }
    LabelId to = final_target(s, (LabelId)code->operand[0]);
    if (to != code->operand[0]) retarget(s, code, 0, to);
    uint32_t at = real_from(s, label_position(s, to));
    if (at < s->code.count && s->code.items[at].op == OP_leave) {
        s->labels.items[to].refs--;
        code->op = OP_leave;
        code->events |= s->code.items[at].events;
    }
}

/* `branchif a; jump b; a:` is `branchunless b`. */
static void improve_branch(Scope *s, uint32_t i) {
    Code *code = &s->code.items[i];
    LabelId to = final_target(s, (LabelId)code->operand[0]);
    if (to != code->operand[0]) retarget(s, code, 0, to);
    if (code->op == OP_branchnil) return;
    uint32_t next = real_from(s, i + 1);
    if (next == s->code.count || s->code.items[next].op != OP_jump || is_entered_between(s, i + 1, next)) return;
    Code *jump = &s->code.items[next];
    if (!leads_to(s, next + 1, (LabelId)code->operand[0])) return;
    code->op = code->op == OP_branchif ? OP_branchunless : OP_branchif;
    retarget(s, code, 0, (LabelId)jump->operand[0]);
    drop(s, jump);
}

static bool is_pure_push(const Code *code) {
    switch (code->op) {
    case OP_putnil: case OP_putself: case OP_putobject: case OP_getlocal: case OP_dup: case OP_putstring:
    case OP_putchilledstring: case OP_duparray: case OP_duphash: return true;
    default: return false;
    }
}

/* What is pushed and popped at once. Values that a catch entry brings stay what they are: the label in between forbids it. */
static void improve_push(Scope *s, uint32_t i) {
    uint32_t next = real_from(s, i + 1);
    if (next == s->code.count || s->code.items[next].op != OP_pop || is_entered_between(s, i + 1, next)) return;
    uint32_t after = real_from(s, next + 1);
    if (after < s->code.count) s->code.items[after].events |= s->code.items[i].events;
    s->code.items[i].op = s->code.items[next].op = CODE_REMOVED;
}

static bool is_setter(const Code *code) {
    switch (code->op) {
    case OP_setlocal: case OP_setblockparam: case OP_setinstancevariable: case OP_setglobal: case OP_setclassvariable: return true;
    default: return false;
    }
}

/* `dup; setlocal; pop`: the value of an assignment that nobody wants, as a rescued body's last one. */
static bool improve_assignment(Scope *s, uint32_t i) {
    uint32_t set = real_from(s, i + 1);
    if (set == s->code.count || !is_setter(&s->code.items[set])) return false;
    uint32_t next = real_from(s, set + 1);
    if (next == s->code.count || s->code.items[next].op != OP_pop || is_entered_between(s, i + 1, next)) return false;
    s->code.items[set].events |= s->code.items[i].events;
    s->code.items[i].op = s->code.items[next].op = CODE_REMOVED;
    return true;
}

/* Drops what control cannot reach: after a jump, until a label that something refers to. */
static void drop_unreachable(Scope *s) {
    bool is_reachable = true;
    for (uint32_t i = 0; i < s->code.count; i++) {
        Code *code = &s->code.items[i];
        if (code->op == CODE_LABEL) {
            const Label *label = &s->labels.items[code->operand[0]];
            if (label->refs > 0 || label->is_kept) is_reachable = true;
        } else if (code->op < OP_COUNT) {
            if (!is_reachable) drop(s, code);
            else if (code->op == OP_jump || code->op == OP_leave || code->op == OP_throw) is_reachable = false;
        }
    }
}

void tr_peephole(Scope *s, bool is_enabled) {
    note_positions(s);
    for (uint32_t i = 0; is_enabled && i < s->code.count; i++) {
        switch (s->code.items[i].op) {
        case OP_jump: improve_jump(s, i); break;
        case OP_branchif: case OP_branchunless: case OP_branchnil: improve_branch(s, i); break;
        case OP_dup:
            if (improve_assignment(s, i)) break;
            /* fall through */
        default:
            if (is_pure_push(&s->code.items[i])) improve_push(s, i);
        }
    }
    drop_unreachable(s);
}

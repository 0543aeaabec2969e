/* finish.c - from a Scope's buffers to an Iseq: offsets, operands, catch table, lines; and questions to a finished Iseq.
 *
 * All that an Iseq owns besides itself lies in one malloc'ed block (iseq->arena), laid out here: the sizes are known, so one
 * pass counts and a second fills.
 */
#include <stdlib.h>

#include "bytecode/compile_internal.h"

extern CallCache tr_empty_call_cache;

/* ---- tables of instructions ---- */

static const char *const insn_names[] = {
#define INSN(name, operands, pops, pushes, effect) #name,
#include "bytecode/insns.def"
#undef INSN
};
static const char *const insn_operands[] = {
#define INSN(name, operands, pops, pushes, effect) operands,
#include "bytecode/insns.def"
#undef INSN
};

const uint8_t tr_insn_sizes[OP_COUNT] = {
#define INSN(name, operands, pops, pushes, effect) sizeof operands, /* the NUL stands for the opcode's word */
#include "bytecode/insns.def"
#undef INSN
};

const char *tr_insn_name(Opcode op) { return insn_names[op]; }
const char *tr_insn_operands(Opcode op) { return insn_operands[op]; }

/* ---- opcodes and handlers ---- */

enum { HANDLER_SLOTS = 1024 };
static const void *const *insn_handlers; /* set once at boot, before any sequence is made */
static struct { const void *handler; Opcode op; } handler_slots[HANDLER_SLOTS];

static size_t handler_slot(const void *handler) {
    return (size_t)(((uintptr_t)handler * UINT64_C(0x9e3779b97f4a7c15)) >> 54) % HANDLER_SLOTS;
}

void tr_iseq_set_handlers(const void *const *handlers) {
    insn_handlers = handlers;
    for (int op = 0; op < OP_COUNT; op++) {
        size_t slot = handler_slot(handlers[op]);
        while (handler_slots[slot].handler) slot = (slot + 1) % HANDLER_SLOTS;
        handler_slots[slot].handler = handlers[op];
        handler_slots[slot].op = (Opcode)op;
    }
}

void tr_iseq_finish(Iseq *iseq) {
    if (!insn_handlers) return;
    for (uint32_t i = 0; i < iseq->size;) {
        Opcode op = (Opcode)iseq->code[i];
        iseq->code[i] = (CodeWord)insn_handlers[op];
        i += tr_insn_size(op);
    }
}

Opcode tr_iseq_opcode(const Iseq *iseq, uint32_t offset) {
    CodeWord word = iseq->code[offset];
    if (word < OP_COUNT) return (Opcode)word;
    size_t slot = handler_slot((const void *)word);
    while (handler_slots[slot].handler != (const void *)word) slot = (slot + 1) % HANDLER_SLOTS;
    return handler_slots[slot].op;
}

int tr_iseq_line(const Iseq *iseq, uint32_t pc_offset) {
    uint32_t low = 0, high = iseq->line_count; /* the last entry before pc */
    if (high == 0) return (int)iseq->first_line;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (iseq->lines[middle].offset < pc_offset) low = middle;
        else high = middle;
    }
    return iseq->lines[low].line;
}

/* ---- operands get their short forms ---- */

static void specialise(Code *code) {
    switch (code->op) {
    case OP_getlocal:
        if (code->operand[1] <= 1) code->op = code->operand[1] ? OP_getlocal_WC_1 : OP_getlocal_WC_0;
        return;
    case OP_setlocal:
        if (code->operand[1] <= 1) code->op = code->operand[1] ? OP_setlocal_WC_1 : OP_setlocal_WC_0;
        return;
    case OP_putobject:
        if (code->operand[0] == TR_FIX(0)) code->op = OP_putobject_INT2FIX_0_;
        else if (code->operand[0] == TR_FIX(1)) code->op = OP_putobject_INT2FIX_1_;
        return;
    }
}

/* ---- counting ---- */

typedef struct Layout {
    uint32_t size, stack_max, line_count, respond_count, catch_count;
} Layout;

static int32_t depth_after(const Scope *s, const Code *code, int32_t depth) {
    const uint64_t *operand = code->operand;
    (void)s;
#define N(i) ((int32_t)operand[i])
#define ARGC(i) \
    ((int32_t)s->calls.items[operand[i]].argc + ((s->calls.items[operand[i]].flags & CALL_ARGS_BLOCKARG) ? 1 : 0))
    switch (code->op) {
#define INSN(name, operands, pops, pushes, effect) \
    case OP_##name: \
        return depth + (int32_t)(pushes) - (int32_t)(pops);
#include "bytecode/insns.def"
#undef INSN
    }
#undef N
#undef ARGC
    return depth;
}

static bool is_line_needed(const Code *code, int32_t last_line) { return code->line != last_line || code->events; }

static Layout lay_out(Scope *s) {
    Layout layout = {0};
    int32_t depth = 0, last_line = -1;
    for (uint32_t i = 0; i < s->code.count; i++) {
        Code *code = &s->code.items[i];
        if (code->op == CODE_REMOVED) continue;
        if (code->op == CODE_LABEL) {
            Label *label = &s->labels.items[code->operand[0]];
            label->at = layout.size;
            depth = label->depth;
            continue;
        }
        specialise(code);
        if (is_line_needed(code, last_line)) layout.line_count++;
        last_line = code->line;
        if (code->op == OP_opt_respond_to) layout.respond_count++;
        layout.size += tr_insn_size((Opcode)code->op);
        depth = depth_after(s, code, depth);
        if (depth > (int32_t)layout.stack_max) layout.stack_max = (uint32_t)depth;
    }
    return layout;
}

/* Without a throw here or in a block, only rescue and ensure entries can ever be looked at. */
static bool needs_catches(const Scope *s) {
    if (s->has_throw) return true;
    for (uint32_t i = 0; i < s->catches.count; i++) {
        CatchType type = s->catches.items[i].type;
        if (type == CATCH_RESCUE || type == CATCH_ENSURE || type == CATCH_RETRY) return true;
    }
    for (uint32_t i = 0; i < s->iseq->child_count; i++) {
        const Iseq *child = s->iseq->children[i];
        if (child->has_catch && child->type != ISEQ_METHOD && child->type != ISEQ_CLASS) return true;
    }
    return false;
}

/* ---- filling ---- */

typedef struct Region { char *at; size_t used; } Region; /* at NULL while counting */

static void *take(Region *region, size_t count, size_t item_bytes) {
    void *place = region->at ? region->at + region->used : NULL;
    region->used += (count * item_bytes + 15) & ~(size_t)15;
    return count > 0 ? place : NULL;
}

typedef struct Parts {
    CodeWord *code;
    LineEntry *lines;
    CatchEntry *catches;
    Id *locals;
    uint32_t *opt_table;
    KeywordParams *keywords;
    Id *keyword_names;
    Value *keyword_defaults;
    CallData *calls;
    RespondCallData *responds;
    char *call_keywords;
    ConstCache *constants;
    Id *paths;
    IvarCache *ivars;
    OnceCache *onces;
    Iseq **children;
    Value *literals;
    Id *outer_reads, *outer_writes;
} Parts;

static size_t call_keywords_size(const CallData *call) {
    return call->keywords ? (sizeof *call->keywords + call->keywords->count * sizeof(Id) + 7) & ~(size_t)7 : 0;
}

static uint32_t path_length(const Id *path) {
    uint32_t count = 0;
    while (path[count]) count++;
    return count + 1;
}

static void take_all(const Scope *s, const Layout *layout, Region *region, Parts *parts) {
    const Iseq *iseq = s->iseq;
    const KeywordParams *keywords = iseq->params.keywords;
    size_t keyword_bytes = 0, path_count = 0;
    for (uint32_t i = 0; i < s->calls.count; i++) keyword_bytes += call_keywords_size(&s->calls.items[i]);
    for (uint32_t i = 0; i < s->constants.count; i++) path_count += path_length(s->constants.items[i].path);
    parts->code = take(region, layout->size, sizeof *parts->code);
    parts->lines = take(region, layout->line_count, sizeof *parts->lines);
    parts->catches = take(region, layout->catch_count, sizeof *parts->catches);
    parts->locals = take(region, iseq->local_count, sizeof *parts->locals);
    parts->opt_table = take(region, s->opt_labels.count, sizeof *parts->opt_table);
    parts->keywords = take(region, keywords ? 1 : 0, sizeof *parts->keywords);
    parts->keyword_names = take(region, keywords ? keywords->count : 0, sizeof *parts->keyword_names);
    parts->keyword_defaults = take(region, keywords ? keywords->count : 0, sizeof *parts->keyword_defaults);
    parts->calls = take(region, s->calls.count, sizeof *parts->calls);
    parts->responds = take(region, layout->respond_count, sizeof *parts->responds);
    parts->call_keywords = take(region, keyword_bytes, 1);
    parts->constants = take(region, s->constants.count, sizeof *parts->constants);
    parts->paths = take(region, path_count, sizeof *parts->paths);
    parts->ivars = take(region, s->ivar_caches, sizeof *parts->ivars);
    parts->onces = take(region, s->once_caches, sizeof *parts->onces);
    parts->children = take(region, iseq->child_count, sizeof *parts->children);
    parts->literals = take(region, iseq->literal_count, sizeof *parts->literals);
    parts->outer_reads = take(region, s->outer_reads.count + 1, sizeof *parts->outer_reads);
    parts->outer_writes = take(region, s->outer_writes.count + 1, sizeof *parts->outer_writes);
}

#define COPY(to, from, count) \
    do { if ((count) > 0) memcpy(to, from, (count) * sizeof *(to)); } while (0)

static void fill_calls(const Scope *s, Parts *parts) {
    char *keywords = parts->call_keywords;
    COPY(parts->calls, s->calls.items, s->calls.count);
    for (uint32_t i = 0; i < s->calls.count; i++) {
        CallData *call = &parts->calls[i];
        atomic_init(&call->cache, &tr_empty_call_cache);
        size_t size = call_keywords_size(call);
        if (size == 0) continue;
        memcpy(keywords, call->keywords, sizeof *call->keywords + call->keywords->count * sizeof(Id));
        call->keywords = (const CallKeywords *)keywords;
        keywords += size;
    }
}

static void fill_constants(const Scope *s, Parts *parts) {
    Id *path = parts->paths;
    for (uint32_t i = 0; i < s->constants.count; i++) {
        const ConstCache *from = &s->constants.items[i];
        uint32_t length = path_length(from->path);
        memcpy(path, from->path, length * sizeof *path);
        parts->constants[i].path = path;
        parts->constants[i].absolute = from->absolute;
        path += length;
    }
}

/* The literal hash of a case: from literals to offsets. */
static MAY_SWITCH Value case_hash(Scope *s, uint32_t table, uint32_t next) {
    Fiber *f = s->compiler->f;
    const CaseTable *entries = &s->case_tables.items[table];
    Value hash = tr_hash_new_capacity(f, entries->count);
    for (uint32_t i = 0; i < entries->count; i++) {
        const CaseEntry *entry = &s->cases.items[entries->first + i];
        Value known = tr_hash_get(f, hash, entry->literal);
        if (known != TR_UNDEF) continue; /* the first one counts */
        Value offset = TR_FIX((int64_t)s->labels.items[entry->label].at - next);
        if (tr_hash_set(f, hash, entry->literal, offset) == TR_RAISED) s->compiler->has_failed = true;
    }
    tr_header(hash)->flags |= TR_FLAG_FROZEN | TR_FLAG_SHAREABLE;
    return tr_literal_keep(s, hash);
}

static CodeWord operand_word(Scope *s, Parts *parts, const Code *code, char kind, uint64_t operand, uint32_t next) {
    switch (kind) {
    case 'O': return (CodeWord)((int64_t)s->labels.items[operand].at - (int64_t)next);
    case 'C': return (CodeWord)(code->op == OP_opt_respond_to ? &parts->responds->call : &parts->calls[operand]);
    case 'K': return (CodeWord)&parts->constants[operand];
    case 'E': return (CodeWord)&parts->ivars[operand];
    case 'P': return (CodeWord)&parts->onces[operand];
    default: return operand;
    }
}

static void fill_code(Scope *s, Parts *parts, Value *case_hashes) {
    uint32_t at = 0, lines = 0;
    int32_t last_line = -1;
    for (uint32_t i = 0; i < s->code.count; i++) {
        const Code *code = &s->code.items[i];
        if (code->op >= OP_COUNT) continue;
        if (is_line_needed(code, last_line))
            parts->lines[lines++] = (LineEntry){at, code->line, (int32_t)code->node_id, 0, code->events};
        last_line = code->line;
        const char *kinds = tr_insn_operands((Opcode)code->op);
        uint32_t next = at + tr_insn_size((Opcode)code->op);
        parts->code[at++] = code->op;
        for (int k = 0; kinds[k]; k++)
            parts->code[at++] = kinds[k] == 'D' ? case_hashes[code->operand[k]]
                                                : operand_word(s, parts, code, kinds[k], code->operand[k], next);
        if (code->op == OP_opt_respond_to) {
            parts->responds->call = parts->calls[code->operand[0]];
            atomic_init(&parts->responds->call.cache, &tr_empty_call_cache);
            atomic_init(&parts->responds->asked, &tr_empty_call_cache);
            parts->responds++;
        }
    }
}

static uint32_t fill_catches(const Scope *s, CatchEntry *out) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->catches.count; i++) {
        const CatchRange *range = &s->catches.items[i];
        uint32_t start = s->labels.items[range->start].at, end = s->labels.items[range->end].at;
        const Label *cont = &s->labels.items[range->cont];
        if (start >= end) continue;
        bool takes_value = range->type == CATCH_RESCUE || range->type == CATCH_BREAK || range->type == CATCH_NEXT;
        int32_t depth = range->depth >= 0 ? range->depth : cont->depth - takes_value;
        if (out) out[count] = (CatchEntry){range->type, range->iseq, start, end, cont->at, (uint32_t)depth};
        count++;
    }
    return count;
}

static void fill_params(const Scope *s, Parts *parts) {
    Params *params = &s->iseq->params;
    for (uint32_t i = 0; i < s->opt_labels.count; i++) parts->opt_table[i] = s->labels.items[s->opt_labels.items[i]].at;
    params->opt_table = parts->opt_table;
    if (!params->keywords) return;
    *parts->keywords = *params->keywords;
    COPY(parts->keyword_names, params->keywords->names, params->keywords->count);
    COPY(parts->keyword_defaults, params->keywords->defaults, params->keywords->count);
    parts->keywords->names = parts->keyword_names;
    parts->keywords->defaults = parts->keyword_defaults;
    params->keywords = parts->keywords;
}

/* Where each opt_case_dispatch ends: its hash's offsets count from there. */
static MAY_SWITCH void make_case_hashes(Scope *s, Value *hashes) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < s->code.count; i++) {
        const Code *code = &s->code.items[i];
        if (code->op >= OP_COUNT) continue;
        at += tr_insn_size((Opcode)code->op);
        if (code->op == OP_opt_case_dispatch) hashes[code->operand[0]] = case_hash(s, (uint32_t)code->operand[0], at);
    }
}

MAY_SWITCH void tr_compile_finish(Scope *s) {
    Iseq *iseq = s->iseq;
    tr_peephole(s, !s->compiler->options->no_peephole);
    iseq->has_catch = needs_catches(s);
    if (!iseq->has_catch) s->catches.count = 0;
    Layout layout = lay_out(s);
    layout.catch_count = fill_catches(s, NULL);
    Value *case_hashes = tr_compile_alloc(s->compiler, (s->case_tables.count + 1) * sizeof *case_hashes);
    make_case_hashes(s, case_hashes);
    Region region = {0};
    Parts parts = {0};
    take_all(s, &layout, &region, &parts);
    region.at = calloc(1, region.used + 16);
    TR_CHECK(region.at);
    region.used = 0;
    take_all(s, &layout, &region, &parts);
    fill_calls(s, &parts);
    fill_constants(s, &parts);
    fill_code(s, &parts, case_hashes);
    iseq->catch_count = fill_catches(s, parts.catches);
    iseq->catches = parts.catches;
    fill_params(s, &parts);
    COPY(parts.locals, s->locals.items, iseq->local_count);
    COPY(parts.children, iseq->children, iseq->child_count);
    COPY(parts.literals, iseq->literals, iseq->literal_count);
    COPY(parts.outer_reads, s->outer_reads.items, s->outer_reads.count);
    COPY(parts.outer_writes, s->outer_writes.items, s->outer_writes.count);
    free(iseq->children);
    free(iseq->literals);
    iseq->children = parts.children;
    iseq->literals = parts.literals;
    iseq->locals = parts.locals;
    iseq->lines = parts.lines;
    iseq->line_count = layout.line_count;
    iseq->calls = parts.calls;
    iseq->call_count = s->calls.count;
    iseq->outer_reads = parts.outer_reads;
    iseq->outer_writes = parts.outer_writes;
    iseq->code = parts.code;
    iseq->size = layout.size;
    iseq->stack_max = layout.stack_max;
    iseq->arena = region.at;
    tr_iseq_finish(iseq);
}

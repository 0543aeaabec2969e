/* locals.c - from the names in the source to places in environments.
 *
 * Prism says for each local variable how many of its scopes lie between the use and the declaration. Sequences that have
 * no scope of Prism's (rescue, ensure, /o, the block of a for loop) are levels of their own and are skipped in that count.
 * Beyond the outermost scope of an eval the sequences of the running program follow; there the name decides.
 *
 * Every use across a block's border is noted in the block, with its children's, for Ractor.new's isolation.
 */
#include "bytecode/compile_internal.h"

uint32_t tr_local_add(Scope *s, Id id) {
    *LIST_PUSH(s->locals) = id;
    s->iseq->locals = s->locals.items;
    s->iseq->local_count = s->locals.count;
    return s->locals.count - 1;
}

static int32_t number_of(const Iseq *iseq, Id id) {
    for (uint32_t i = 0; i < iseq->local_count; i++)
        if (iseq->locals[i] == id) return (int32_t)i;
    return -1;
}

static LocalRef ref_to(const Iseq *iseq, uint32_t number, uint32_t level) {
    bool is_block = iseq->local_iseq == iseq && iseq->params.block_start == (int32_t)number;
    return (LocalRef){iseq->local_count - number + 2, level, is_block};
}

static void note(Scope *s, Id id, bool is_write) {
    if (is_write) {
        s->iseq->has_outer_writes = true;
        for (uint32_t i = 0; i < s->outer_writes.count; i++)
            if (s->outer_writes.items[i] == id) return;
        *LIST_PUSH(s->outer_writes) = id;
        return;
    }
    for (uint32_t i = 0; i < s->outer_reads.count; i++)
        if (s->outer_reads.items[i] == id) return;
    *LIST_PUSH(s->outer_reads) = id;
}

static LocalRef find(Scope *s, Id id, uint32_t depth, bool is_write) {
    uint32_t level = 0;
    Scope *at = s, *last = s;
    for (; at; last = at, at = at->outer, level++) {
        if (depth == 0) {
            int32_t number = number_of(at->iseq, id);
            if (number >= 0) {
                for (Scope *between = s; between != at; between = between->outer) note(between, id, is_write);
                return ref_to(at->iseq, (uint32_t)number, level);
            }
        } else if (at->is_ast_scope) depth--;
    }
    for (const Iseq *iseq = last->iseq->parent; iseq; iseq = iseq->parent, level++) {
        int32_t number = number_of(iseq, id);
        if (number < 0) continue;
        for (Scope *between = s; between; between = between->outer) note(between, id, is_write);
        return ref_to(iseq, (uint32_t)number, level);
    }
    tr_fatal(__FILE__, __LINE__, "no local variable %s", tr_id_cstr(id));
}

LocalRef tr_local_find(Scope *s, AstConstant name, uint32_t depth, bool is_write) {
    return find(s, tr_compile_id(s, name), depth, is_write);
}

LocalRef tr_local_find_id(Scope *s, Id id) { return find(s, id, 0, false); }

void tr_emit_getlocal(Scope *s, LocalRef ref) {
    emit2(s, ref.is_block_param ? OP_getblockparam : OP_getlocal, ref.index, ref.level);
}

void tr_emit_setlocal(Scope *s, LocalRef ref) {
    emit2(s, ref.is_block_param ? OP_setblockparam : OP_setlocal, ref.index, ref.level);
}

void tr_emit_getlocal_number(Scope *s, uint32_t number) { emit2(s, OP_getlocal, s->locals.count - number + 2, 0); }
void tr_emit_setlocal_number(Scope *s, uint32_t number) { emit2(s, OP_setlocal, s->locals.count - number + 2, 0); }
void tr_emit_getlocal_id(Scope *s, Id id) { tr_emit_getlocal(s, tr_local_find_id(s, id)); }

const Iseq *tr_scope_method(const Scope *s, uint32_t *level) {
    const Iseq *iseq = s->iseq, *local = iseq->local_iseq;
    *level = 0;
    while (iseq != local && iseq->parent) {
        iseq = iseq->parent;
        ++*level;
    }
    return iseq;
}

/* yield, super or block_given? here: the method uses its block, and the blocks in between refer to it. */
void tr_scope_mark_yield(Scope *s) {
    for (Scope *at = s; at; at = at->outer) {
        at->iseq->uses_block = true;
        if (at->iseq->local_iseq == at->iseq) return;
        at->iseq->outer_yield = true;
    }
}

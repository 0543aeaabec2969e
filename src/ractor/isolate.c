/* isolate.c - blocks without their surroundings: what Ractor.new runs, and shareable Procs.
 *
 * A block's code knows how many levels out a variable lies, so an isolated Proc gets environments of its own for as many
 * levels as it reads from. They are shareable and never written: FRAME_SHARED tells $~ and its kin to live in the
 * block's own frame instead.
 */
#include "ractor/shareable.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "vm/interp.h"

/* --- what a block uses of the outside --- */

typedef struct Text { char bytes[512]; size_t size; } Text;

static void append(Text *text, const char *more) {
    size_t room = sizeof text->bytes - text->size;
    int n = snprintf(text->bytes + text->size, room, "%s", more);
    text->size += (size_t)n < room ? (size_t)n : room - 1;
}

static bool has_id(const Id *list, Id id, size_t before) {
    for (size_t i = 0; list && list[i] && i < before; i++)
        if (list[i] == id) return true;
    return false;
}

static void append_names(Text *text, const Id *list, const Id *said, bool *any) {
    for (size_t i = 0; list && list[i]; i++) {
        if (has_id(said, list[i], SIZE_MAX)) continue;
        append(text, *any ? ", " : " because it accesses outer variables (");
        append(text, tr_id_cstr(list[i]));
        *any = true;
    }
}

/* ArgumentError naming the variables. */
MAY_GC MAY_RAISE static bool refuse_outer(Fiber *f, const Iseq *iseq, const char *what, bool reads_too) {
    Text text = {.size = 0};
    append(&text, what);
    bool any = false;
    if (reads_too) append_names(&text, iseq->outer_reads, NULL, &any);
    append_names(&text, iseq->outer_writes, reads_too ? iseq->outer_reads : NULL, &any);
    if (any) append(&text, ")");
    if (iseq->outer_yield) append(&text, any ? " and uses 'yield'" : " because it uses 'yield'");
    append(&text, ".");
    Value raised = tr_raise(f, tr_class.argument_error, "%s", text.bytes);
    return raised != TR_RAISED;
}

static bool is_used(const Id *list) { return list && list[0]; }

MAY_GC MAY_RAISE bool tr_block_check_isolated(Fiber *f, const Iseq *iseq) {
    if (!is_used(iseq->outer_reads) && !is_used(iseq->outer_writes) && !iseq->outer_yield) return true;
    return refuse_outer(f, iseq, "can not isolate a Proc", true);
}

/* --- is a variable assigned more than once? --- */

static unsigned count_writes(const Iseq *iseq, uint32_t index, uint32_t level) {
    unsigned count = 0;
    for (uint32_t at = 0; at < iseq->size;) {
        Opcode op = tr_iseq_opcode(iseq, at);
        const CodeWord *operands = &iseq->code[at + 1];
        if (op == OP_setlocal) count += operands[0] == index && operands[1] == level;
        if (op == OP_setlocal_WC_0) count += operands[0] == index && level == 0;
        if (op == OP_setlocal_WC_1) count += operands[0] == index && level == 1;
        at += tr_insn_size(op);
    }
    for (uint32_t i = 0; i < iseq->child_count; i++)
        if (iseq->children[i]->local_iseq == iseq->local_iseq)
            count += count_writes(iseq->children[i], index, level + 1);
    return count;
}

static bool may_be_reassigned(const Iseq *defining, uint32_t local) {
    uint32_t index = defining->local_count - local + 2;
    return count_writes(defining, index, 0) + (local < defining->params.size) > 1;
}

/* --- environments --- */

static MAY_GC Env *shared_env(Fiber *f, const Iseq *iseq, uint32_t locals, Value cref, const Env *parent) {
    uint32_t count = locals + 4; /* locals, cref, specval, flags, the object itself */
    size_t bytes = sizeof(Env) + count * sizeof(Value);
    bool fits = bytes <= TR_SLOT_MAX_BYTES;
    Value *buffer = NULL;
    if (!fits) {
        buffer = calloc(count, sizeof(Value));
        if (!buffer) tr_fatal(__FILE__, __LINE__, "no memory for an environment");
    }
    Env *env = tr_heap_alloc(f, fits ? bytes : sizeof(Env), TYPE_ENV | TR_FLAG_SHAREABLE | TR_FLAG_FROZEN, NULL);
    Value *slots = fits ? env->slots : buffer;
    for (uint32_t i = 0; i < locals; i++) slots[i] = TR_NIL;
    env->iseq = iseq;
    env->count = count;
    env->ep = slots + locals + 2;
    env->ep[-2] = cref;
    env->ep[-1] = parent ? (Value)parent->ep : TR_NIL;
    env->ep[0] = FRAME_ESCAPED | FRAME_SHARED | (parent ? FRAME_BLOCK : FRAME_TOP | FRAME_LOCAL);
    env->ep[1] = (Value)env;
    return env;
}

static MAY_GC Value make_proc(Fiber *f, const Iseq *iseq, Value *ep, Value self, bool is_lambda, uint32_t flags) {
    Proc *proc = tr_heap_alloc(f, sizeof(Proc), TYPE_PROC | flags, tr_class.proc);
    proc->kind = PROC_ISEQ;
    proc->is_lambda = is_lambda;
    proc->as.captured = (Captured){self, ep, iseq};
    return (Value)proc;
}

MAY_GC Value *tr_isolated_ep(Fiber *f, Cref *cref) {
    static _Atomic(Env *) top_env; /* release here pairs with the acquire below; a root through tr_heap_keep_for_ever */
    Env *env = cref == tr_cref_top() ? atomic_load_explicit(&top_env, memory_order_acquire) : NULL;
    if (!env) {
        env = shared_env(f, NULL, 0, (Value)cref, NULL);
        if (cref == tr_cref_top()) {
            tr_heap_keep_for_ever((Value)env);
            atomic_store_explicit(&top_env, env, memory_order_release);
        }
    }
    return env->ep;
}

/* --- shareable Procs --- */

/* Where the variable lies: how many levels out of the block, and which local. */
static bool find_outer(const Iseq *block, Id name, uint32_t *level, uint32_t *local) {
    uint32_t depth = 1;
    for (const Iseq *p = block->parent; p; p = p->parent, depth++) {
        for (uint32_t i = 0; i < p->local_count; i++)
            if (p->locals[i] == name) {
                *level = depth;
                *local = i;
                return true;
            }
        if (p == p->local_iseq) break;
    }
    return false;
}

static Value *local_slot(Value *ep, const Iseq *iseq, uint32_t local) { return ep - (iseq->local_count - local + 2); }

MAY_SWITCH MAY_RAISE static bool check_outer(Fiber *f, const Iseq *iseq, Value *ep) {
    for (const Id *name = iseq->outer_reads; name && *name; name++) {
        uint32_t level, local;
        if (!find_outer(iseq, *name, &level, &local)) continue;
        const Iseq *at = iseq;
        Value *at_ep = ep;
        for (uint32_t i = 1; i <= level; i++) {
            at = at->parent;
            if (i > 1) at_ep = tr_ep_parent(at_ep);
        }
        Value raised = TR_NIL;
        if (may_be_reassigned(at, local)) {
            raised = tr_raise(f, tr_class.ractor_isolation_error,
                              "cannot make a shareable Proc because the outer variable '%s' may be reassigned.",
                              tr_id_cstr(*name));
        } else if (!tr_share_if_possible(*local_slot(at_ep, at, local))) {
            Value text = tr_inspect(f, *local_slot(at_ep, at, local));
            raised = text == TR_RAISED ? TR_RAISED
                                       : tr_raise(f, tr_class.ractor_isolation_error,
                                                  "cannot make a shareable Proc because it can refer unshareable object "
                                                  "%pV from variable '%s'", (void *)text, tr_id_cstr(*name));
        }
        if (raised == TR_RAISED) return false;
    }
    return true;
}

/* Environments like those from ep outwards, holding only what the block reads. */
static MAY_GC Env *copy_outer(Fiber *f, const Iseq *block, const Iseq *iseq, Value *ep, uint32_t level) {
    bool is_last = (ep[0] & FRAME_LOCAL) || !iseq || !iseq->parent || ep[0] & FRAME_SHARED;
    Env *parent = is_last ? NULL : copy_outer(f, block, iseq->parent, tr_ep_parent(ep), level + 1);
    Value own = tr_ep_method_or_cref(ep);
    Value cref = is_last ? (Value)tr_ep_cref(f, ep) : tr_is_type(own, TYPE_CREF) ? own : TR_FALSE;
    Env *env = shared_env(f, iseq, iseq ? iseq->local_count : 0, cref, parent);
    for (const Id *name = block->outer_reads; name && *name; name++) {
        uint32_t at, local;
        if (find_outer(block, *name, &at, &local) && at == level)
            *local_slot(env->ep, iseq, local) = *local_slot(ep, iseq, local);
    }
    TR_KEEP(parent);
    return env;
}

/* The environment for a shareable Proc of the block; NULL: raised. */
MAY_SWITCH MAY_RAISE static Env *shareable_env(Fiber *f, const Captured *captured) {
    const Iseq *iseq = captured->iseq;
    if (is_used(iseq->outer_writes) || iseq->outer_yield) {
        if (!refuse_outer(f, iseq, "can not make a Proc shareable", false)) return NULL;
    }
    if (!check_outer(f, iseq, captured->ep)) return NULL;
    return copy_outer(f, iseq, iseq->parent, captured->ep, 1);
}

MAY_SWITCH MAY_RAISE Value tr_proc_shareable(Fiber *f, Value proc, Value self, bool is_lambda) {
    if (tr_proc(proc)->kind != PROC_ISEQ) return tr_proc_make_shareable(f, proc);
    Captured captured = tr_proc(proc)->as.captured;
    Env *env = shareable_env(f, &captured);
    TR_KEEP(proc);
    if (!env) return TR_RAISED;
    return make_proc(f, captured.iseq, env->ep, self, is_lambda, TR_FLAG_SHAREABLE | TR_FLAG_FROZEN);
}

MAY_SWITCH MAY_RAISE static Value refuse_self(Fiber *f, Value proc) {
    Value text = tr_inspect(f, proc);
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.ractor_isolation_error, "Proc's self is not shareable: %pV", (void *)text);
}

MAY_SWITCH MAY_RAISE Value tr_proc_make_shareable(Fiber *f, Value v) {
    if (tr_is_shareable_flagged(v)) return v;
    Proc *proc = tr_proc(v);
    if (proc->kind == PROC_ISEQ) {
        if (!tr_share_if_possible(proc->as.captured.self)) return refuse_self(f, v);
        Captured captured = proc->as.captured;
        Env *env = shareable_env(f, &captured);
        if (!env) return TR_RAISED;
        proc->as.captured.ep = env->ep;
    } else if (proc->kind != PROC_SYMBOL && !tr_share_if_possible(proc->as.c.data)) {
        return refuse_self(f, v);
    }
    tr_header(v)->flags |= TR_FLAG_FROZEN;
    tr_share_object(v);
    return v;
}

/* outcome.c - how a Ractor ended, and who gets to know.
 *
 * The block's value leaves the dying heap as a parcel. The first Ractor that asks for it becomes its successor, unpacks it
 * once and keeps it in a Cell of its own; nobody else can have it. An exception is unpacked anew for each one who asks.
 */
#include <stdlib.h>

#include "core/core.h"
#include "core/deadlock.h"
#include "core/exception.h"
#include "ractor/parcel_memory.h"
#include "ractor/ractor.h"

static void tell(Value port, bool has_failed) {
    Parcel parcel;
    tr_parcel_init(&parcel, tr_value_from_id(has_failed ? tr_intern_cstr("aborted") : tr_intern_cstr("exited")));
    Port *to = (Port *)port;
    if (!tr_ractor_post(to->owner, to, &parcel)) tr_parcel_drop(&parcel);
}

void tr_ractor_finish(Fiber *f, Parcel *taken_outcome, bool has_failed) {
    Ractor *ractor = f->ractor;
    RactorState *state = ractor->state;
    tr_inbox_fini(state);
    tr_ractor_lock(ractor);
    state->outcome = *taken_outcome;
    state->has_failed = has_failed;
    atomic_store(&state->status, RACTOR_ENDED); /* seq_cst: pairs with has_takers */
    for (Joiner *joiner = state->joiners; joiner; joiner = joiner->next) {
        joiner->done = true;
        tr_thread_unpark_remote(joiner->thread);
    }
    Monitor *monitors = state->monitors;
    state->monitors = NULL;
    tr_ractor_unlock(ractor);
    for (Monitor *next; monitors; monitors = next) {
        next = monitors->next;
        tell(monitors->port, has_failed);
        free(monitors);
    }
    if (atomic_load(&state->has_takers)) tr_rendezvous_end(ractor);
}

MAY_SWITCH MAY_RAISE Value tr_ractor_wait(Fiber *f, Ractor *ractor) {
    RactorState *state = ractor->state;
    Value result = TR_NIL;
    atomic_store_explicit(&state->uses_ports, true, memory_order_relaxed);
    if (tr_ractor_has_ended(ractor)) return TR_NIL;
    Joiner joiner = {.thread = f->thread};
    tr_ractor_lock(ractor);
    if (tr_ractor_has_ended(ractor)) {
        tr_ractor_unlock(ractor);
        return TR_NIL;
    }
    joiner.next = state->joiners;
    joiner.link = &state->joiners;
    if (joiner.next) joiner.next->link = &joiner.next;
    state->joiners = &joiner;
    tr_ractor_unlock(ractor);
    Value face = tr_ractor_face(f, ractor);
    for (bool is_told = false; result != TR_RAISED && !tr_ractor_has_ended(ractor);) {
        result = tr_deadlock_begin_ractor_wait(f, WAIT_RACTOR_VALUE, ractor, &is_told);
        if (result == TR_NIL) result = tr_thread_park(f, WAIT_RACTOR_VALUE, face, TR_FOREVER);
    }
    tr_deadlock_end_ractor_wait(f);
    tr_ractor_lock(ractor);
    *joiner.link = joiner.next;
    if (joiner.next) joiner.next->link = joiner.link;
    tr_ractor_unlock(ractor);
    TR_KEEP(face);
    return result == TR_RAISED ? TR_RAISED : TR_NIL;
}

/* A parcel with the same content, for an error that several ask for. false: there is no memory for it. */
static bool copy_error(const Parcel *p, Parcel *out) {
    Parcel copy = *p;
    if (p->block) {
        size_t bytes = tr_parcel_block_bytes(p);
        copy.block = tr_parcel_block_new(bytes);
        if (!copy.block) return false;
        memcpy(copy.block, p->block, bytes);
        ParcelBuffer *buffers = (ParcelBuffer *)((Value *)copy.block + p->ref_count);
        for (uint32_t i = 0; i < p->buffer_count; i++) {
            void *content = malloc(buffers[i].size + 1);
            if (!content) {
                while (i > 0) free(buffers[--i].bytes);
                tr_parcel_block_free(copy.block, bytes);
                return false;
            }
            memcpy(content, buffers[i].bytes, buffers[i].size + 1);
            buffers[i].bytes = content;
        }
    }
    *out = copy;
    return true;
}

MAY_SWITCH MAY_RAISE static Value raise_remote(Fiber *f, Ractor *ractor) {
    tr_ractor_lock(ractor);
    Parcel parcel;
    bool is_copied = copy_error(&ractor->state->outcome, &parcel);
    tr_ractor_unlock(ractor);
    if (!is_copied) return tr_raise_no_memory(f);
    Value cause = tr_parcel_unpack(f, &parcel);
    if (cause == TR_RAISED) return TR_RAISED;
    Value message = tr_string_new_cstr(f, "thrown by remote Ractor.");
    Value error = tr_exception_new(f, tr_class.ractor_remote_error, message);
    tr_write(error, &((Exception *)error)->cause, cause);
    Value face = tr_ractor_face(f, ractor);
    if (tr_ivar_set(f, error, tr_intern_cstr("@ractor"), face) == TR_RAISED) return TR_RAISED;
    return tr_raise_value(f, error);
}

MAY_SWITCH MAY_RAISE Value tr_ractor_check_failure(Fiber *f, Ractor *ractor) {
    return ractor->state->has_failed ? raise_remote(f, ractor) : TR_NIL;
}

enum Claim { CLAIM_FIRST, CLAIM_AGAIN, CLAIM_FOREIGN, CLAIM_TAKEN };

static enum Claim claim(Fiber *f, Ractor *ractor, bool take, Parcel *parcel) {
    RactorState *state = ractor->state;
    enum Claim result;
    tr_ractor_lock(ractor);
    if (take && state->is_taken) {
        result = CLAIM_TAKEN;
    } else if (state->has_failed) {
        result = CLAIM_AGAIN;
        state->is_taken |= take;
    } else if (!state->successor) {
        state->successor = f->ractor;
        tr_ractor_retain(f->ractor);
        *parcel = state->outcome;
        tr_parcel_init(&state->outcome, TR_NIL);
        state->is_taken |= take;
        result = CLAIM_FIRST;
    } else {
        result = state->successor == f->ractor ? CLAIM_AGAIN : CLAIM_FOREIGN;
        state->is_taken |= take;
    }
    tr_ractor_unlock(ractor);
    return result;
}

MAY_SWITCH MAY_RAISE Value tr_ractor_outcome(Fiber *f, Ractor *ractor, bool take) {
    RactorState *state = ractor->state;
    Parcel parcel;
    enum Claim claimed = claim(f, ractor, take, &parcel);
    if (claimed == CLAIM_TAKEN) {
        Value text = tr_inspect(f, tr_ractor_face(f, ractor));
        if (text == TR_RAISED) return TR_RAISED;
        return tr_raise(f, tr_class.ractor_closed_error, "The outgoing-port is already closed => %pV", (void *)text);
    }
    if (claimed == CLAIM_FOREIGN)
        return tr_raise(f, tr_class.ractor_error, "Only the successor ractor can take a value");
    if (state->has_failed) return raise_remote(f, ractor);
    bool foreign;
    if (claimed == CLAIM_AGAIN) { /* unless another thread is still unpacking it */
        while (!__atomic_load_n(&state->value, __ATOMIC_ACQUIRE)) tr_thread_pass(f);
        return tr_cell_get(f, state->value, &foreign);
    }
    Value value = tr_parcel_unpack(f, &parcel);
    Cell *cell = tr_cell_new();
    tr_cell_set(f, cell, value == TR_RAISED ? TR_NIL : value);
    __atomic_store_n(&state->value, cell, __ATOMIC_RELEASE);
    return value;
}

bool tr_ractor_monitor(Fiber *f, Ractor *ractor, Value port) {
    (void)f;
    RactorState *state = ractor->state;
    atomic_store_explicit(&state->uses_ports, true, memory_order_relaxed);
    Monitor *monitor = malloc(sizeof *monitor);
    TR_CHECK(monitor);
    tr_ractor_lock(ractor);
    bool has_ended = tr_ractor_has_ended(ractor);
    if (!has_ended) {
        *monitor = (Monitor){port, state->monitors};
        state->monitors = monitor;
    }
    tr_ractor_unlock(ractor);
    if (!has_ended) return true;
    free(monitor);
    tell(port, state->has_failed);
    return false;
}

void tr_ractor_unmonitor(Ractor *ractor, Value port) {
    Monitor *gone = NULL;
    tr_ractor_lock(ractor);
    for (Monitor **link = &ractor->state->monitors; *link; link = &(*link)->next)
        if ((*link)->port == port) {
            gone = *link;
            *link = gone->next;
            break;
        }
    tr_ractor_unlock(ractor);
    free(gone);
}

/* rendezvous.c - yield and take: a value changes hands when both sides are there.
 *
 * One who waits has a ticket, and an arm in the list of each thing it waits for. Whoever comes later and finds an arm whose
 * ticket is open fulfils it: puts the parcel into a taker's ticket, or takes it out of a yielder's. A ticket is fulfilled
 * once; its other arms are dead from then on, and its owner removes them when it wakes.
 *
 * All of it is under one lock for the process, held for a few instructions: a take may have to close two tickets at once,
 * and this is the interface of Ruby 3; ports do without.
 */
#include <pthread.h>
#include <stdlib.h>

#include "core/core.h"
#include "core/deadlock.h"
#include "ractor/ractor.h"

static pthread_mutex_t rendezvous_lock = PTHREAD_MUTEX_INITIALIZER;

struct Ticket {
    Thread *thread;
    bool is_done;
    Ractor *from;    /* a taker's: who gave; NULL: the own value was taken */
    Parcel parcel;   /* a taker's: what it got; a yielder's: what it offers */
};

struct TicketArm {
    Ticket *ticket;
    Ractor *ractor;
    struct TicketArm *next, **link;
};

typedef struct Leftover { Parcel parcel; struct Leftover *next; } Leftover;

static void link_arm(TicketArm **list, TicketArm *arm, Ticket *ticket, Ractor *ractor) {
    TicketArm **end = list; /* first come, first served */
    while (*end) end = &(*end)->next;
    *arm = (TicketArm){ticket, ractor, NULL, end};
    *end = arm;
}

static void unlink_arm(TicketArm *arm) {
    if (!arm->link) return;
    *arm->link = arm->next;
    if (arm->next) arm->next->link = arm->link;
    arm->link = NULL;
}

static void fulfil(Ticket *ticket) {
    ticket->is_done = true;
    tr_thread_unpark_remote(ticket->thread);
}

static TicketArm *open_arm(TicketArm *list, const Ticket *but) {
    while (list && (list->ticket->is_done || list->ticket == but)) list = list->next;
    return list;
}

/* --- with the lock held --- */

enum Take { TAKE_NOTHING, TAKE_PARCEL, TAKE_OUTCOME, TAKE_CLOSED };

/* What can be had from the Ractor now. `own`: the taker's ticket, whose own offer does not count. */
static enum Take try_take_locked(Ractor *from, const Ticket *own, Parcel *parcel) {
    RactorState *state = from->state;
    TicketArm *offer = open_arm(state->offers, own);
    if (offer) {
        *parcel = offer->ticket->parcel;
        offer->ticket->from = NULL;
        fulfil(offer->ticket);
        return TAKE_PARCEL;
    }
    Leftover *leftover = state->leftovers;
    if (leftover) {
        state->leftovers = leftover->next;
        *parcel = leftover->parcel;
        free(leftover);
        return TAKE_PARCEL;
    }
    if (atomic_load(&state->status) == RACTOR_ENDED) return TAKE_OUTCOME;
    return state->outgoing_closed ? TAKE_CLOSED : TAKE_NOTHING;
}

static bool try_yield_locked(Ractor *self, const Ticket *own, Parcel *taken_parcel) {
    TicketArm *taker = open_arm(self->state->takers, own);
    if (!taker) return false;
    taker->ticket->parcel = *taken_parcel;
    taker->ticket->from = self;
    fulfil(taker->ticket);
    return true;
}

MAY_SWITCH MAY_RAISE static Value raise_outgoing_closed(Fiber *f, Ractor *ractor) {
    Value text = tr_inspect(f, tr_ractor_face(f, ractor));
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.ractor_closed_error, "The outgoing-port is already closed => %pV", (void *)text);
}

MAY_SWITCH MAY_RAISE static Value open_take(Fiber *f, Ractor *from, enum Take took, Parcel *parcel) {
    if (took == TAKE_PARCEL) return tr_parcel_unpack(f, parcel);
    if (took == TAKE_OUTCOME) return tr_ractor_outcome(f, from, true);
    return raise_outgoing_closed(f, from);
}

/* --- one arm --- */

MAY_SWITCH MAY_RAISE Value tr_ractor_take(Fiber *f, Ractor *from) {
    Value face = tr_ractor_face(f, from);
    for (bool is_told = false;;) {
        Ticket ticket = {.thread = f->thread};
        TicketArm arm;
        atomic_store(&from->state->has_takers, true);
        pthread_mutex_lock(&rendezvous_lock);
        enum Take took = try_take_locked(from, NULL, &ticket.parcel);
        if (took == TAKE_NOTHING) link_arm(&from->state->takers, &arm, &ticket, from);
        pthread_mutex_unlock(&rendezvous_lock);
        if (took != TAKE_NOTHING) return open_take(f, from, took, &ticket.parcel);
        Value woken = tr_deadlock_begin_ractor_wait(f, WAIT_RACTOR_TAKE, from, &is_told);
        if (woken == TR_NIL) woken = tr_thread_park(f, WAIT_RACTOR_TAKE, face, TR_FOREVER);
        tr_deadlock_end_ractor_wait(f);
        pthread_mutex_lock(&rendezvous_lock);
        unlink_arm(&arm);
        pthread_mutex_unlock(&rendezvous_lock);
        if (ticket.is_done && woken != TR_RAISED) return tr_parcel_unpack(f, &ticket.parcel);
        if (ticket.is_done) tr_parcel_drop(&ticket.parcel);
        if (woken == TR_RAISED) return TR_RAISED;
    }
}

MAY_SWITCH MAY_RAISE Value tr_ractor_yield(Fiber *f, Value value, bool move) {
    Ractor *self = f->ractor;
    if (self->state->outgoing_closed) return raise_outgoing_closed(f, self);
    Ticket ticket = {.thread = f->thread};
    TicketArm arm;
    if (!tr_parcel_pack(f, &ticket.parcel, value, move)) return TR_RAISED;
    pthread_mutex_lock(&rendezvous_lock);
    bool taken = try_yield_locked(self, NULL, &ticket.parcel);
    if (!taken) link_arm(&self->state->offers, &arm, &ticket, self);
    pthread_mutex_unlock(&rendezvous_lock);
    Value woken = TR_NIL;
    while (!taken && woken != TR_RAISED && !self->state->outgoing_closed) {
        woken = tr_thread_park(f, WAIT_RACTOR_YIELD, TR_NIL, TR_FOREVER);
        pthread_mutex_lock(&rendezvous_lock);
        bool is_done = ticket.is_done;
        if (is_done || woken == TR_RAISED || self->state->outgoing_closed) unlink_arm(&arm);
        pthread_mutex_unlock(&rendezvous_lock);
        if (is_done) return woken == TR_RAISED ? TR_RAISED : TR_NIL;
    }
    if (taken) return TR_NIL;
    pthread_mutex_lock(&rendezvous_lock);
    unlink_arm(&arm);
    bool is_done = ticket.is_done;
    pthread_mutex_unlock(&rendezvous_lock);
    if (is_done) return TR_NIL;
    tr_parcel_drop(&ticket.parcel);
    return woken == TR_RAISED ? TR_RAISED : raise_outgoing_closed(f, self);
}

bool tr_ractor_close_outgoing(Ractor *ractor) {
    RactorState *state = ractor->state;
    pthread_mutex_lock(&rendezvous_lock);
    bool former = state->outgoing_closed;
    state->outgoing_closed = true;
    for (TicketArm *arm = state->takers; arm; arm = arm->next) tr_thread_unpark_remote(arm->ticket->thread);
    for (TicketArm *arm = state->offers; arm; arm = arm->next) tr_thread_unpark_remote(arm->ticket->thread);
    pthread_mutex_unlock(&rendezvous_lock);
    return former;
}

/* --- several arms --- */

typedef struct Select {
    Fiber *f;
    int count;
    const Value *arms;
    Ticket ticket;
    TicketArm offer;
    TicketArm *taking; /* one per arm; only those of Ractors are used */
    bool offers;
} Select;

MAY_GC static Value pair(Fiber *f, Value first, Value second) { return tr_array_new_values(f, 2, first, second); }

/* A message that lies in a port already. TR_UNDEF: none. */
MAY_SWITCH MAY_RAISE static Value select_port(Select *s) {
    Fiber *f = s->f;
    for (int i = 0; i < s->count; i++) {
        if (!tr_is_port(s->arms[i])) continue;
        Port *port = (Port *)s->arms[i];
        Message *message;
        if (tr_port_try_take(f, port, &message)) {
            Value value = tr_message_open(f, message);
            return value == TR_RAISED ? TR_RAISED : pair(f, s->arms[i], value);
        }
        if (tr_port_is_closed(f->ractor, port))
            return tr_raise(f, tr_class.ractor_closed_error, "The port was already closed");
    }
    return TR_UNDEF;
}

/* The same for Ractors; links the arms when there is nothing. */
MAY_SWITCH MAY_RAISE static Value select_ractor(Select *s) {
    Fiber *f = s->f;
    enum Take took = TAKE_NOTHING;
    Parcel parcel;
    int at = 0;
    bool yielded = false;
    for (int i = 0; i < s->count; i++)
        if (!tr_is_port(s->arms[i])) atomic_store(&tr_ractor_of(s->arms[i])->state->has_takers, true);
    pthread_mutex_lock(&rendezvous_lock);
    for (; at < s->count && took == TAKE_NOTHING; at++)
        if (!tr_is_port(s->arms[at])) took = try_take_locked(tr_ractor_of(s->arms[at]), &s->ticket, &parcel);
    if (took == TAKE_NOTHING && s->offers) yielded = try_yield_locked(f->ractor, &s->ticket, &s->ticket.parcel);
    if (took == TAKE_NOTHING && !yielded) {
        for (int i = 0; i < s->count; i++) {
            if (tr_is_port(s->arms[i])) continue;
            Ractor *from = tr_ractor_of(s->arms[i]);
            link_arm(&from->state->takers, &s->taking[i], &s->ticket, from);
        }
        if (s->offers) link_arm(&f->ractor->state->offers, &s->offer, &s->ticket, f->ractor);
    }
    pthread_mutex_unlock(&rendezvous_lock);
    if (yielded) return pair(f, tr_value_from_id(tr_intern_cstr("yield")), TR_NIL);
    if (took == TAKE_NOTHING) return TR_UNDEF;
    Value from = s->arms[at - 1];
    Value value = open_take(f, tr_ractor_of(from), took, &parcel);
    if (s->offers) tr_parcel_drop(&s->ticket.parcel);
    return value == TR_RAISED ? TR_RAISED : pair(f, from, value);
}

static void unlink_all(Select *s) {
    pthread_mutex_lock(&rendezvous_lock);
    for (int i = 0; i < s->count; i++) unlink_arm(&s->taking[i]);
    unlink_arm(&s->offer);
    pthread_mutex_unlock(&rendezvous_lock);
}

MAY_SWITCH MAY_RAISE static Value select_wait(Select *s, bool has_ports, int64_t deadline_ns) {
    Value woken = has_ports ? tr_inbox_wait(s->f, WAIT_RACTOR_TAKE, TR_NIL, deadline_ns)
                            : tr_thread_park(s->f, WAIT_RACTOR_TAKE, TR_NIL, deadline_ns);
    unlink_all(s);
    Ticket *ticket = &s->ticket;
    if (ticket->is_done && ticket->from) {
        Parcel parcel = ticket->parcel;
        if (woken == TR_RAISED) {
            tr_parcel_drop(&parcel);
            return TR_RAISED;
        }
        Value value = tr_parcel_unpack(s->f, &parcel);
        return value == TR_RAISED ? TR_RAISED : pair(s->f, tr_ractor_face(s->f, ticket->from), value);
    }
    if (ticket->is_done) return woken == TR_RAISED ? TR_RAISED : pair(s->f, tr_value_from_id(tr_intern_cstr("yield")), TR_NIL);
    if (woken == TR_RAISED) return TR_RAISED;
    return woken == TR_FALSE && tr_now_ns() >= deadline_ns ? TR_NIL : TR_UNDEF;
}

MAY_SWITCH MAY_RAISE Value tr_ractor_select(Fiber *f, int count, const Value *arms, Value yield_value, bool move,
                                            int64_t deadline_ns) {
    Select s = {.f = f, .count = count, .arms = arms, .offers = yield_value != TR_UNDEF};
    bool has_ports = false;
    for (int i = 0; i < count; i++) has_ports |= tr_is_port(arms[i]);
    s.taking = calloc((size_t)count + 1, sizeof *s.taking);
    if (!s.taking) return tr_raise_no_memory(f);
    Parcel offered;
    tr_parcel_init(&offered, TR_NIL);
    Value result = TR_UNDEF;
    if (s.offers && !tr_parcel_pack(f, &offered, yield_value, move)) {
        s.offers = false;
        result = TR_RAISED;
    }
    while (result == TR_UNDEF) {
        s.ticket = (Ticket){.thread = f->thread, .parcel = offered};
        result = select_port(&s);
        if (result == TR_UNDEF) result = select_ractor(&s);
        else if (s.offers) tr_parcel_drop(&offered);
        if (result == TR_UNDEF) {
            result = select_wait(&s, has_ports, deadline_ns);
            bool is_kept = !s.ticket.is_done || s.ticket.from; /* the offer found no taker */
            if (s.offers && is_kept && result != TR_UNDEF) tr_parcel_drop(&offered);
        }
    }
    free(s.taking);
    return result;
}

/* --- the end --- */

void tr_rendezvous_end(Ractor *ractor) {
    RactorState *state = ractor->state;
    pthread_mutex_lock(&rendezvous_lock);
    for (TicketArm *arm = state->takers; arm; arm = arm->next) tr_thread_unpark_remote(arm->ticket->thread);
    pthread_mutex_unlock(&rendezvous_lock);
}

void tr_rendezvous_keep_offers(Ractor *ractor) {
    RactorState *state = ractor->state;
    pthread_mutex_lock(&rendezvous_lock);
    Leftover **end = &state->leftovers;
    for (TicketArm *arm = state->offers; arm; arm = arm->next) {
        if (arm->ticket->is_done) continue;
        arm->ticket->is_done = true;
        Leftover *leftover = malloc(sizeof *leftover);
        TR_CHECK(leftover);
        *leftover = (Leftover){arm->ticket->parcel, NULL};
        *end = leftover;
        end = &leftover->next;
    }
    pthread_mutex_unlock(&rendezvous_lock);
}

void tr_rendezvous_free(Ractor *ractor) {
    for (Leftover *leftover = ractor->state->leftovers, *next; leftover; leftover = next) {
        next = leftover->next;
        tr_parcel_drop(&leftover->parcel);
        free(leftover);
    }
}

void tr_rendezvous_trace(Tracer *tracer, Ractor *ractor) {
    for (const Leftover *leftover = ractor->state->leftovers; leftover; leftover = leftover->next)
        tr_parcel_trace(tracer, &leftover->parcel);
    for (const TicketArm *arm = ractor->state->offers; arm; arm = arm->next)
        if (!arm->ticket->is_done) tr_parcel_trace(tracer, &arm->ticket->parcel);
    for (const TicketArm *arm = ractor->state->takers; arm; arm = arm->next)
        if (arm->ticket->is_done) tr_parcel_trace(tracer, &arm->ticket->parcel);
}

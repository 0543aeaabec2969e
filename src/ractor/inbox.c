/* inbox.c - messages: any number of senders, one Ractor that receives.
 *
 * Senders push onto a list with one compare-and-swap; the owner takes the whole list with one exchange, turns it round and
 * hands the messages to the queues of its ports, which nobody else touches. A sender never waits.
 *
 * Waking: of the threads that wait for messages one is the listener. It stores itself in `waiter` and then looks at the
 * list once more; a sender pushes and then looks at `waiter`. Both are seq_cst, so one of them sees the other. Whoever
 * takes the listener out of `waiter` wakes it. The listener hands messages round, wakes the other waiting threads when
 * there was something, and leaves its office to one of them when it goes.
 *
 * The end: the list's head becomes CLOSED, and the owner waits for the few senders that are between taking the
 * listener out and waking it (`waker_count`); after that no sender touches the Ractor's threads.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "core/core.h"
#include "ractor/ractor.h"

#define CLOSED ((Message *)1)

/* --- message memory: hands of one OS thread, exchanged in bunches, because one thread allocates and another frees --- */

#define BUNCH 64
#define PREFETCH_MAX 2048

static pthread_mutex_t depot_lock = PTHREAD_MUTEX_INITIALIZER;
static Message *depot; /* bunches, linked by `port`; under depot_lock */
static _Thread_local struct { Message *free; unsigned count; } hand;

static __attribute__((noinline)) void refill_hand(void) {
    pthread_mutex_lock(&depot_lock);
    Message *bunch = depot;
    if (bunch) depot = (Message *)bunch->port;
    pthread_mutex_unlock(&depot_lock);
    if (!bunch) {
        Message *slab = aligned_alloc(64, BUNCH * sizeof *slab);
        if (!slab) tr_fatal(__FILE__, __LINE__, "no memory for messages");
        for (unsigned i = 0; i < BUNCH; i++) slab[i].next = i + 1 < BUNCH ? &slab[i + 1] : NULL;
        bunch = slab;
    }
    hand.free = bunch;
    hand.count = BUNCH;
}

static __attribute__((noinline)) void give_bunch(void) {
    Message *bunch = hand.free, *last = bunch;
    for (unsigned i = 1; i < BUNCH; i++) last = last->next;
    hand.free = last->next;
    hand.count -= BUNCH;
    last->next = NULL;
    pthread_mutex_lock(&depot_lock);
    bunch->port = (Port *)depot;
    depot = bunch;
    pthread_mutex_unlock(&depot_lock);
}

static __attribute__((noinline)) Message *message_new(Port *port, Parcel *taken_parcel) {
    if (TR_UNLIKELY(!hand.free)) refill_hand();
    Message *message = hand.free;
    hand.free = message->next;
    hand.count--;
    message->port = port;
    message->parcel = *taken_parcel;
    return message;
}

static __attribute__((noinline)) void message_free(Message *message) {
    message->next = hand.free;
    hand.free = message;
    if (TR_UNLIKELY(++hand.count == 2 * BUNCH)) give_bunch();
}

/* --- queues --- */

static void queue_push(MessageQueue *queue, Message *message) {
    message->next = NULL;
    if (!queue->first) queue->last = &queue->first;
    *queue->last = message;
    queue->last = &message->next;
}

/* The next message will be wanted soon; another core wrote it. */
static inline void prefetch_parcel(const Message *message) {
    if (message->next) __builtin_prefetch(message->next);
    const char *block = message->parcel.block;
    if (!block) return;
    size_t bytes = tr_parcel_block_bytes(&message->parcel);
    for (size_t i = 0; i < bytes && i < PREFETCH_MAX; i += 64) __builtin_prefetch(block + i);
}

static inline Message *queue_shift(MessageQueue *queue) {
    Message *message = queue->first;
    if (!message) return NULL;
    queue->first = message->next;
    if (message->next) prefetch_parcel(message->next);
    return message;
}

void tr_message_queue_drop(MessageQueue *queue) {
    for (Message *message; (message = queue_shift(queue));) {
        tr_parcel_drop(&message->parcel);
        message_free(message);
    }
}

/* --- sending --- */

void tr_inbox_wake(Inbox *inbox) {
    if (!atomic_load(&inbox->waiter)) return;
    atomic_fetch_add(&inbox->waker_count, 1);
    Thread *waiter = atomic_exchange(&inbox->waiter, NULL);
    if (waiter) tr_thread_unpark_remote(waiter);
    atomic_fetch_sub(&inbox->waker_count, 1);
}

bool tr_port_is_closed(const Ractor *owner, const Port *port) {
    if (port && !port->is_default && atomic_load_explicit(&port->is_closed, memory_order_relaxed)) return true;
    const Inbox *inbox = &owner->state->inbox;
    if ((!port || port->is_default) && atomic_load_explicit(&inbox->is_closed, memory_order_relaxed)) return true;
    return atomic_load_explicit(&inbox->head, memory_order_relaxed) == CLOSED;
}

bool tr_ractor_post(Ractor *to, Port *port, Parcel *taken_parcel) {
    if (tr_port_is_closed(to, port)) return false;
    Inbox *inbox = &to->state->inbox;
    Message *message = message_new(port && port->is_default ? NULL : port, taken_parcel);
    Message *head = atomic_load_explicit(&inbox->head, memory_order_relaxed);
    do {
        if (TR_UNLIKELY(head == CLOSED)) {
            *taken_parcel = message->parcel;
            message_free(message);
            return false;
        }
        message->next = head;
    } while (!atomic_compare_exchange_weak(&inbox->head, &head, message)); /* release for `message`; seq_cst with waiter */
    tr_inbox_wake(inbox);
    return true;
}

MAY_SWITCH MAY_RAISE static Value raise_closed(Fiber *f, Ractor *to, const Port *port) {
    if (port || atomic_load_explicit(&to->state->uses_ports, memory_order_relaxed))
        return tr_raise(f, tr_class.ractor_closed_error, "The port was already closed");
    Value text = tr_inspect(f, tr_ractor_face(f, to));
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.ractor_closed_error, "The incoming-port is already closed => %pV", (void *)text);
}

MAY_SWITCH MAY_RAISE Value tr_ractor_send(Fiber *f, Ractor *to, Port *port, Value value, bool move) {
    if (TR_UNLIKELY(tr_port_is_closed(to, port))) return raise_closed(f, to, port);
    Parcel parcel;
    if (!tr_parcel_pack(f, &parcel, value, move)) return TR_RAISED;
    if (TR_LIKELY(tr_ractor_post(to, port, &parcel))) return TR_NIL;
    tr_parcel_drop(&parcel);
    return raise_closed(f, to, port);
}

/* --- receiving: the owner --- */

/* Hands what has come to the ports' queues. */
static bool drain(Inbox *inbox, Mail *mail) {
    Message *newest = atomic_load_explicit(&inbox->head, memory_order_relaxed);
    if (!newest || newest == CLOSED) return false;
    newest = atomic_exchange_explicit(&inbox->head, NULL, memory_order_acquire);
    Message *oldest = NULL;
    while (newest) {
        Message *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        Message *next = oldest->next;
        queue_push(oldest->port ? &oldest->port->queue : &mail->queue, oldest);
        oldest = next;
    }
    return true;
}

typedef struct PortWait { Thread *thread; struct PortWait *next, **link; } PortWait;

static void wake_others(const Mail *mail, const Thread *but) {
    for (PortWait *wait = mail->waiting; wait; wait = wait->next)
        if (wait->thread != but) tr_thread_unpark(wait->thread);
}

bool tr_port_try_take(Fiber *f, Port *port, Message **message) {
    Mail *mail = &f->ractor->state->mail;
    MessageQueue *queue = port && !port->is_default ? &port->queue : &mail->queue;
    if (!queue->first) {
        if (!drain(&f->ractor->state->inbox, mail)) return false;
        if (TR_UNLIKELY(mail->waiting != NULL)) wake_others(mail, f->thread);
    }
    *message = queue_shift(queue);
    return *message != NULL;
}

MAY_SWITCH MAY_RAISE Value tr_message_open(Fiber *f, Message *taken_message) {
    Parcel parcel = taken_message->parcel;
    message_free(taken_message);
    if (TR_LIKELY(!parcel.block)) return parcel.value;
    return tr_parcel_unpack(f, &parcel);
}

MAY_SWITCH MAY_RAISE Value tr_inbox_wait(Fiber *f, WaitReason why, Value on, int64_t deadline_ns) {
    Inbox *inbox = &f->ractor->state->inbox;
    Mail *mail = &f->ractor->state->mail;
    PortWait wait = {.thread = f->thread, .next = mail->waiting, .link = &mail->waiting};
    if (wait.next) wait.next->link = &wait.next;
    mail->waiting = &wait;
    bool may_have_come = false;
    if (!mail->listener) {
        mail->listener = f->thread;
        atomic_store(&inbox->waiter, f->thread);
        may_have_come = atomic_load(&inbox->head) != NULL;
    }
    Value result = may_have_come ? TR_TRUE : tr_thread_park(f, why, on, deadline_ns);
    *wait.link = wait.next;
    if (wait.next) wait.next->link = wait.link;
    if (mail->listener == f->thread) {
        atomic_store(&inbox->waiter, NULL);
        mail->listener = NULL;
        if (mail->waiting) tr_thread_unpark(mail->waiting->thread); /* listens from now on */
    }
    return result;
}

MAY_SWITCH MAY_RAISE static Value receive_seen(Fiber *f) {
    Value seen = f->ractor->state->received;
    if (!tr_is_array(seen) || tr_array_count(seen) == 0) return TR_UNDEF;
    return tr_array_shift(f, seen);
}

MAY_SWITCH MAY_RAISE Value tr_port_receive(Fiber *f, Port *port, int64_t deadline_ns) {
    bool is_default = !port || port->is_default;
    if (TR_UNLIKELY(is_default && f->ractor->state->received != TR_NIL)) {
        Value seen = receive_seen(f);
        if (seen != TR_UNDEF) return seen;
    }
    for (;;) {
        Message *message;
        if (TR_LIKELY(tr_port_try_take(f, port, &message))) return tr_message_open(f, message);
        if (tr_port_is_closed(f->ractor, port))
            return tr_raise(f, tr_class.ractor_closed_error, "The port was already closed");
        Value woken = tr_inbox_wait(f, WAIT_RACTOR_RECEIVE, port ? (Value)port : TR_NIL, deadline_ns);
        if (woken == TR_RAISED) return TR_RAISED;
        if (woken == TR_FALSE && !(atomic_load(&f->ractor->state->inbox.head))) return TR_UNDEF;
    }
}

/* Messages that the block refused stay, unpacked, in state->received, in order. */
MAY_SWITCH MAY_RAISE Value tr_ractor_receive_if(Fiber *f, Block block) {
    RactorState *state = f->ractor->state;
    if (state->received == TR_NIL) state->received = tr_array_new(f, 4);
    for (size_t i = 0;; i++) {
        while (i >= tr_array_count(state->received)) {
            Message *message;
            if (tr_port_try_take(f, NULL, &message)) {
                Value value = tr_message_open(f, message);
                if (value == TR_RAISED || tr_array_push(f, state->received, value) == TR_RAISED) return TR_RAISED;
            } else if (tr_port_is_closed(f->ractor, NULL)) {
                return tr_raise(f, tr_class.ractor_closed_error, "The port was already closed");
            } else if (tr_inbox_wait(f, WAIT_RACTOR_RECEIVE, TR_NIL, TR_FOREVER) == TR_RAISED) {
                return TR_RAISED;
            }
        }
        Value message = tr_array_at(state->received, i);
        Value wanted = tr_yield1(f, block, message);
        if (wanted == TR_RAISED) return TR_RAISED;
        if (!tr_is_truthy(wanted)) continue;
        Value *items = tr_array(state->received)->items;
        size_t count = tr_array_count(state->received);
        if (i >= count || items[i] != message) return message; /* the block received itself */
        memmove(items + i, items + i + 1, (count - i - 1) * sizeof *items);
        tr_array(state->received)->count--;
        return message;
    }
}

/* --- the end --- */

void tr_inbox_fini(RactorState *state) {
    Inbox *inbox = &state->inbox;
    Message *newest = atomic_exchange(&inbox->head, CLOSED);
    atomic_store(&inbox->is_closed, true);
    atomic_store(&inbox->waiter, NULL);
    while (atomic_load(&inbox->waker_count) != 0) sched_yield();
    while (newest && newest != CLOSED) {
        Message *next = newest->next;
        tr_parcel_drop(&newest->parcel);
        message_free(newest);
        newest = next;
    }
    tr_message_queue_drop(&state->mail.queue);
}

/* --- ports --- */

static void port_free(Heap *heap, Value object) {
    (void)heap;
    Port *port = (Port *)object;
    tr_message_queue_drop(&port->queue);
    if (port->owner) tr_ractor_release(port->owner);
}

static void trace_queue(Tracer *tracer, const MessageQueue *queue) {
    for (const Message *message = queue->first; message; message = message->next)
        tr_parcel_trace(tracer, &message->parcel);
}

static void port_trace(Tracer *tracer, Value object) {
    const Port *port = (const Port *)object;
    trace_queue(tracer, &port->queue);
    if (port->owner) tr_trace(tracer, port->owner->face);
}

const DataType tr_port_type = {.name = "Ractor::Port", .bytes = sizeof(Port), .trace = port_trace, .free = port_free,
                               .flags = TR_FLAG_SHAREABLE | TR_FLAG_FROZEN};

MAY_GC Value tr_port_new(Fiber *f, Ractor *owner, bool is_default) {
    static _Atomic uint64_t next_id = 1; /* relaxed: only uniqueness counts */
    Port *port = tr_data_alloc(f, &tr_port_type, tr_class.port);
    port->id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
    port->owner = owner;
    port->is_default = is_default;
    tr_ractor_retain(owner);
    return (Value)port;
}

void tr_inbox_trace(Tracer *tracer, Ractor *ractor) {
    const Inbox *inbox = &ractor->state->inbox;
    Message *head = atomic_load_explicit(&inbox->head, memory_order_relaxed);
    for (const Message *message = head == CLOSED ? NULL : head; message; message = message->next) {
        if (message->port) tr_trace(tracer, (Value)message->port);
        tr_parcel_trace(tracer, &message->parcel);
    }
    trace_queue(tracer, &ractor->state->mail.queue);
}

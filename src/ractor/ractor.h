/* ractor.h - the life of a Ractor, its inbox, and what others may do with it.
 *
 *     created ──tr_ractor_start──> running <──> blocking ──the block ends──> ended ──last reference──> freed
 *
 * The struct outlives the run: it is counted (by the run itself, its face and its Ports). Heap, threads and scheduler go
 * when the run ends; what is left is the outcome, a parcel, until somebody takes it.
 */
#ifndef TR_RACTOR_RACTOR_H
#define TR_RACTOR_RACTOR_H

#include "ractor/context.h"
#include "ractor/parcel.h"
#include "ractor/thread.h"
#include "value/data.h"
#include "vm/vm.h"

/* --- messages --- */
typedef struct Port Port;
typedef struct Message { /* a cache line */
    _Alignas(64) struct Message *next;
    Port *port;      /* NULL: the default port */
    Parcel parcel;
} Message;

typedef struct MessageQueue { /* owner only */
    Message *first, **last;
} MessageQueue;

struct Port { /* Ractor::Port; shareable */
    Data base;
    Ractor *owner;
    uint64_t id;
    _Atomic bool is_closed;
    bool is_default;    /* its queue is the Ractor's default one */
    MessageQueue queue; /* owner only */
};
extern const DataType tr_port_type;
static inline bool tr_is_port(Value v) { return tr_data_is(v, &tr_port_type); }

typedef struct Inbox { /* any thread; what only the owner writes lies elsewhere, in another cache line */
    _Atomic(Message *) head;   /* newest first; senders push with release, the owner takes all with acquire */
    _Atomic(Thread *) waiter;  /* parked until something comes; seq_cst with head: see inbox.c */
    _Atomic uint32_t waker_count; /* senders that are about to wake it */
    _Atomic bool is_closed;    /* the default port */
} Inbox;

typedef struct Mail { /* owner only */
    MessageQueue queue;        /* of the default port */
    struct PortWait *waiting;
    Thread *listener;
} Mail;

/* --- the other interface: yield and take --- */
typedef struct Ticket Ticket;       /* one waiting thread, on its C stack */
typedef struct TicketArm TicketArm; /* one thing it waits for */

/* --- the outcome --- */
typedef enum RactorStatus { RACTOR_CREATED, RACTOR_RUNNING, RACTOR_ENDED } RactorStatus;
typedef struct Joiner { Thread *thread; bool done; struct Joiner *next, **link; } Joiner;
typedef struct Monitor { Value port; struct Monitor *next; } Monitor;

typedef struct RactorState {
    /* fixed at birth */
    Value path; int line;       /* frozen String */
    /* any thread */
    _Atomic uint32_t reference_count;
    _Atomic uint32_t status;    /* RactorStatus; release under the lock */
    _Atomic bool has_takers;    /* seq_cst, pairs with status: see rendezvous.c */
    _Atomic bool uses_ports;    /* joined, asked for its value or its port: speaks of ports in errors */
    Inbox inbox;
    /* under the Ractor's lock (tr_ractor_lock) */
    Parcel outcome;             /* the block's value, or the exception with has_failed */
    bool has_failed, is_taken;
    Ractor *successor;          /* the one Ractor that may have the value; counted */
    Cell *value;                /* what the successor unpacked: a root of it */
    Joiner *joiners;
    Monitor *monitors;
    /* core/deadlock.c's, under its lock */
    Ractor *blocked_by;         /* whose end the main thread waits for, itself or through other threads; NULL */
    /* under the rendezvous lock */
    TicketArm *takers, *offers;
    struct Leftover *leftovers; /* yielded, and nobody took it before the end */
    bool outgoing_closed;
    /* owner only */
    Mail mail;
    Value default_port;         /* TR_UNDEF until asked for */
    Value received;             /* Array of messages that receive_if has seen, or nil */
    struct OpenParcel *open_parcels;
    struct RactorStart *start;  /* what the block needs; NULL once it runs */
    /* under its stripe of the list of all Ractors */
    Ractor *next, **link;
} RactorState;

/* A parcel that is being unpacked: its shareable objects are roots of the shared graph. */
typedef struct OpenParcel { const Parcel *parcel; struct OpenParcel *next, **link; } OpenParcel;
void tr_open_parcel_enter(Ractor *ractor, OpenParcel *open, const Parcel *parcel);
void tr_open_parcel_leave(OpenParcel *open);

/* --- life --- */
/* The main Ractor, without threads. */
Ractor *tr_ractor_new_main(void);
/* A Ractor that will run the block (Captured, Proc or Symbol) with the arguments; its face. */
MAY_SWITCH MAY_RAISE Value tr_ractor_create(Fiber *f, Block block, int argc, const Value *argv, Value name);
void tr_ractor_retain(Ractor *ractor);
void tr_ractor_release(Ractor *ractor);
typedef struct RactorFace { Data base; Ractor *ractor; } RactorFace;
extern const DataType tr_ractor_type;
/* Runs the ready finalizers of the current Ractor; `all`: of living objects too, at the end. */
MAY_SWITCH void tr_ractor_run_finalizers(Fiber *f, bool all);
Ractor *tr_ractor_of(Value face); /* NULL: not a Ractor */
/* The face, made when it is asked for. */
MAY_GC Value tr_ractor_face(Fiber *f, Ractor *ractor);
MAY_GC Value tr_ractor_default_port(Fiber *f, Ractor *ractor);
uint32_t tr_ractor_count(void);
/* In the child of fork: the main Ractor is alone. */
void tr_ractor_after_fork(void);
/* "created", "running", "blocking", "terminated". */
const char *tr_ractor_status_name(Ractor *ractor);
void tr_ractor_lock(Ractor *ractor);
void tr_ractor_unlock(Ractor *ractor);
Ractor *tr_ractor_main(void);
/* All that have not ended. While the world is stopped. */
void tr_ractor_each(void (*fn)(Ractor *ractor, void *data), void *data);
/* What messages and outcome of the Ractor refer to. While the world is stopped. */
void tr_ractor_trace_shared(Tracer *tracer, Ractor *ractor);
static inline bool tr_ractor_has_ended(const Ractor *ractor) {
    return atomic_load_explicit(&ractor->state->status, memory_order_acquire) == RACTOR_ENDED;
}

/* --- inbox.c --- */
/* To the default port (port NULL) or a port of the Ractor. False: closed; the parcel is still the caller's. */
bool tr_ractor_post(Ractor *to, Port *port, Parcel *taken_parcel);
/* Closed for good: later posts fail, what lies there is dropped. At the end, by the owner. */
void tr_inbox_fini(RactorState *state);
void tr_message_queue_drop(MessageQueue *queue);
/* Raises ClosedError unless posted. */
MAY_SWITCH MAY_RAISE Value tr_ractor_send(Fiber *f, Ractor *to, Port *port, Value value, bool move);
/* From a port of the current Ractor (NULL: the default one). TR_UNDEF at the deadline. */
MAY_SWITCH MAY_RAISE Value tr_port_receive(Fiber *f, Port *port, int64_t deadline_ns);
/* One that is there already: true and *message. */
bool tr_port_try_take(Fiber *f, Port *port, Message **message);
MAY_SWITCH MAY_RAISE Value tr_message_open(Fiber *f, Message *taken_message);
bool tr_port_is_closed(const Ractor *owner, const Port *port);
/* Wakes whoever of the Ractor waits for messages, to look again. Any thread. */
void tr_inbox_wake(Inbox *inbox);
/* Waits until something may have come: TR_TRUE, TR_FALSE at the deadline, TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_inbox_wait(Fiber *f, WaitReason why, Value on, int64_t deadline_ns);
MAY_SWITCH MAY_RAISE Value tr_ractor_receive_if(Fiber *f, Block block);
MAY_GC Value tr_port_new(Fiber *f, Ractor *owner, bool is_default);
void tr_inbox_trace(Tracer *tracer, Ractor *ractor);

/* --- outcome.c --- */
/* Publishes it and wakes all who wait for it. By the Ractor's main thread at its end. */
void tr_ractor_finish(Fiber *f, Parcel *taken_outcome, bool has_failed);
/* Waits for the end. TR_RAISED: interrupted. */
MAY_SWITCH MAY_RAISE Value tr_ractor_wait(Fiber *f, Ractor *ractor);
/* The value, or raises RemoteError; the Ractor has ended. `take`: only once. */
MAY_SWITCH MAY_RAISE Value tr_ractor_outcome(Fiber *f, Ractor *ractor, bool take);
/* Raises RemoteError if it failed, else nil. */
MAY_SWITCH MAY_RAISE Value tr_ractor_check_failure(Fiber *f, Ractor *ractor);
/* false: it had ended already, and the port was told. */
bool tr_ractor_monitor(Fiber *f, Ractor *ractor, Value port);
void tr_ractor_unmonitor(Ractor *ractor, Value port);

/* --- rendezvous.c --- */
MAY_SWITCH MAY_RAISE Value tr_ractor_yield(Fiber *f, Value value, bool move);
MAY_SWITCH MAY_RAISE Value tr_ractor_take(Fiber *f, Ractor *from);
/* [object, value]: an arm is a Ractor or a Port; yield_value TR_UNDEF: none. TR_NIL at the deadline. */
MAY_SWITCH MAY_RAISE Value tr_ractor_select(Fiber *f, int count, const Value *arms, Value yield_value, bool move,
                                            int64_t deadline_ns);
bool tr_ractor_close_outgoing(Ractor *ractor); /* whether it was closed before */
/* The Ractor has ended: takers look again. */
void tr_rendezvous_end(Ractor *ractor);
/* Its threads are about to be killed: what they offer is kept for takers. */
void tr_rendezvous_keep_offers(Ractor *ractor);
void tr_rendezvous_free(Ractor *ractor);
void tr_rendezvous_trace(Tracer *tracer, Ractor *ractor);

#endif

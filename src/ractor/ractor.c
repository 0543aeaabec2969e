/* ractor.c - a Ractor from its creation to its last reference. States and ownership: ractor.h.
 *
 * What a new Ractor needs is small and made late: the heap takes its first page when something is allocated, the face of
 * its main thread and its default port are made when somebody asks. At the end the outcome is packed, published, and the
 * heap goes at once, on the worker's own stack, because the Ractor's stack goes with it.
 */
#include "ractor/ractor.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "core/core.h"
#include "core/parcel_types.h"
#include "core/thread.h"
#include "ractor/shareable.h"
#include "vm/fiber_stack.h"
#include "vm/interp.h"

#define STRIPES 64

typedef struct Stripe { /* of the locks, and of the list of all Ractors that have not ended */
    pthread_mutex_t lock;
    Ractor *first;
} Stripe;

static Stripe stripes[STRIPES] = {[0 ... STRIPES - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static _Atomic uint32_t next_id = 1;  /* relaxed: only uniqueness counts */
static _Atomic uint32_t live_count;   /* relaxed */
static Ractor *main_ractor;           /* written at boot */

#define PLAIN_ARGUMENTS 4

/* What a new Ractor is to run: a block's code in its lexical scope, or `entry`, something shareable that is callable. A
 * few arguments that travel as they are stand here: a Ractor that only waits for messages then needs no page of a heap. */
typedef struct RactorStart {
    const Iseq *iseq;
    Cref *cref;
    Value entry;       /* TR_NIL: the iseq */
    uint32_t plain_count;
    Value plain[PLAIN_ARGUMENTS];
    Parcel arguments;  /* an Array of all others; nil */
    Parcel storage;    /* of the creator's fiber */
} RactorStart;

typedef struct RactorBlock { Ractor ractor; RactorState state; } RactorBlock;

static Stripe *stripe_of(const Ractor *ractor) { return &stripes[ractor->id % STRIPES]; }
void tr_ractor_lock(Ractor *ractor) { pthread_mutex_lock(&stripe_of(ractor)->lock); }
void tr_ractor_unlock(Ractor *ractor) { pthread_mutex_unlock(&stripe_of(ractor)->lock); }
Ractor *tr_ractor_main(void) { return main_ractor; }
bool tr_ractor_is_main(const Ractor *ractor) { return ractor == main_ractor; }
void tr_ractor_after_fork(void) { atomic_store_explicit(&live_count, 1, memory_order_relaxed); }
uint32_t tr_ractor_count(void) { return atomic_load_explicit(&live_count, memory_order_relaxed); }

/* --- references --- */

void tr_ractor_retain(Ractor *ractor) {
    atomic_fetch_add_explicit(&ractor->state->reference_count, 1, memory_order_relaxed);
}

static void free_start(RactorStart *start) {
    if (!start) return;
    tr_parcel_drop(&start->arguments);
    tr_parcel_drop(&start->storage);
    free(start);
}

static void drop_outcome(RactorState *state) {
    tr_parcel_drop(&state->outcome);
    free_start(state->start);
    tr_cell_free(state->value);
    for (Monitor *monitor = state->monitors, *next; monitor; monitor = next) {
        next = monitor->next;
        free(monitor);
    }
}

void tr_ractor_release(Ractor *ractor) {
    RactorState *state = ractor->state;
    if (atomic_fetch_sub_explicit(&state->reference_count, 1, memory_order_acq_rel) != 1) return;
    drop_outcome(state);
    tr_rendezvous_free(ractor);
    if (state->successor) tr_ractor_release(state->successor);
    free(ractor);
}

/* With its lock held. */
static void unlist(Ractor *ractor) {
    RactorState *state = ractor->state;
    *state->link = state->next;
    if (state->next) state->next->state->link = state->link;
}

void tr_ractor_each(void (*fn)(Ractor *ractor, void *data), void *data) {
    for (Stripe *stripe = stripes; stripe < stripes + STRIPES; stripe++)
        for (Ractor *ractor = stripe->first, *next; ractor; ractor = next) {
            next = ractor->state->next;
            fn(ractor, data);
        }
}

/* --- roots --- */

static void trace_ractor(Tracer *tracer, void *context) {
    Ractor *ractor = context;
    RactorState *state = ractor->state;
    tr_trace_range(tracer, ractor->locals, ractor->local_count);
    tr_trace(tracer, ractor->face);
    tr_trace(tracer, ractor->name);
    tr_trace(tracer, state->received);
    tr_ractor_trace_threads(tracer, ractor);
}

void tr_ractor_trace_shared(Tracer *tracer, Ractor *ractor) {
    RactorState *state = ractor->state;
    tr_trace(tracer, ractor->face);
    tr_trace(tracer, ractor->name);
    tr_trace(tracer, state->path);
    tr_trace(tracer, state->default_port);
    tr_parcel_trace(tracer, &state->outcome);
    if (state->start) {
        if (state->start->iseq) tr_trace(tracer, (Value)state->start->iseq);
        if (state->start->cref) tr_trace(tracer, (Value)state->start->cref);
        tr_trace(tracer, state->start->entry);
        tr_trace_range(tracer, state->start->plain, state->start->plain_count);
        tr_parcel_trace(tracer, &state->start->arguments);
        tr_parcel_trace(tracer, &state->start->storage);
    }
    if (state->value) tr_trace(tracer, state->value->value);
    for (const Monitor *monitor = state->monitors; monitor; monitor = monitor->next) tr_trace(tracer, monitor->port);
    for (const OpenParcel *open = state->open_parcels; open; open = open->next) tr_parcel_trace(tracer, open->parcel);
    tr_inbox_trace(tracer, ractor);
    tr_rendezvous_trace(tracer, ractor);
}

void tr_open_parcel_enter(Ractor *ractor, OpenParcel *open, const Parcel *parcel) {
    RactorState *state = ractor->state;
    *open = (OpenParcel){parcel, state->open_parcels, &state->open_parcels};
    if (open->next) open->next->link = &open->next;
    state->open_parcels = open;
}

void tr_open_parcel_leave(OpenParcel *open) {
    *open->link = open->next;
    if (open->next) open->next->link = open->link;
}

/* --- values of core classes, one set per Ractor --- */

static _Atomic uint32_t local_keys; /* at boot */

uint32_t tr_ractor_local_reserve(void) { return atomic_fetch_add_explicit(&local_keys, 1, memory_order_relaxed); }

Value tr_ractor_local_get(Ractor *ractor, uint32_t key) {
    return key < ractor->local_count ? ractor->locals[key] : TR_UNDEF;
}

void tr_ractor_local_set(Ractor *ractor, uint32_t key, Value value) {
    if (key >= ractor->local_count) {
        uint32_t count = atomic_load_explicit(&local_keys, memory_order_relaxed);
        ractor->locals = realloc(ractor->locals, count * sizeof(Value));
        TR_CHECK(ractor->locals && key < count);
        while (ractor->local_count < count) ractor->locals[ractor->local_count++] = TR_UNDEF;
    }
    ractor->locals[key] = value;
}

/* --- creation --- */

static Ractor *ractor_new(void) {
    RactorBlock *block = calloc(1, sizeof *block);
    if (!block) return NULL;
    Ractor *ractor = &block->ractor;
    RactorState *state = &block->state;
    ractor->state = state;
    ractor->id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
    ractor->face = TR_UNDEF;
    ractor->name = TR_NIL;
    ractor->heap = tr_heap_new(ractor);
    tr_heap_add_root(ractor->heap, trace_ractor, ractor);
    tr_ractor_sched_new(ractor);
    ractor->main_thread = tr_thread_new(ractor);
    state->reference_count = 1; /* the run */
    state->default_port = TR_UNDEF;
    state->received = state->path = TR_NIL;
    tr_parcel_init(&state->outcome, TR_NIL);
    Stripe *stripe = stripe_of(ractor);
    pthread_mutex_lock(&stripe->lock);
    state->next = stripe->first;
    state->link = &stripe->first;
    if (state->next) state->next->state->link = &state->next;
    stripe->first = ractor;
    pthread_mutex_unlock(&stripe->lock);
    atomic_fetch_add_explicit(&live_count, 1, memory_order_relaxed);
    return ractor;
}

Ractor *tr_ractor_new_main(void) {
    Ractor *ractor = ractor_new();
    if (!ractor) tr_fatal(__FILE__, __LINE__, "no memory");
    atomic_store(&ractor->state->status, RACTOR_RUNNING);
    main_ractor = ractor;
    return ractor;
}

static void face_free(Heap *heap, Value object) {
    (void)heap;
    RactorFace *face = (RactorFace *)object;
    if (face->ractor) tr_ractor_release(face->ractor);
}

static void face_trace(Tracer *tracer, Value object) {
    const RactorFace *face = (const RactorFace *)object;
    if (face->ractor) tr_ractor_trace_shared(tracer, face->ractor);
}

const DataType tr_ractor_type = {.name = "Ractor", .bytes = sizeof(RactorFace), .trace = face_trace, .free = face_free,
                                 .flags = TR_FLAG_SHAREABLE, .type = TYPE_RACTOR};

Ractor *tr_ractor_of(Value face) { return tr_data_is(face, &tr_ractor_type) ? ((RactorFace *)face)->ractor : NULL; }

static MAY_GC Value make_face(Fiber *f, Ractor *ractor) {
    RactorFace *face = tr_data_alloc(f, &tr_ractor_type, tr_class.ractor);
    face->ractor = ractor;
    tr_ractor_retain(ractor);
    tr_heap_note_shared(sizeof(RactorBlock));
    ractor->face = (Value)face;
    return (Value)face;
}

MAY_GC Value tr_ractor_face(Fiber *f, Ractor *ractor) {
    return ractor->face != TR_UNDEF ? ractor->face : make_face(f, ractor); /* only the main Ractor begins without one */
}

/* Any Ractor may be the first to ask. */
MAY_GC Value tr_ractor_default_port(Fiber *f, Ractor *ractor) {
    RactorState *state = ractor->state;
    atomic_store_explicit(&state->uses_ports, true, memory_order_relaxed);
    Value port = __atomic_load_n(&state->default_port, __ATOMIC_ACQUIRE);
    if (port != TR_UNDEF) return port;
    Value made = tr_port_new(f, ractor, true);
    Value expected = TR_UNDEF;
    if (__atomic_compare_exchange_n(&state->default_port, &expected, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    return expected;
}

const char *tr_ractor_status_name(Ractor *ractor) {
    switch ((RactorStatus)atomic_load_explicit(&ractor->state->status, memory_order_acquire)) {
    case RACTOR_CREATED: return "created";
    case RACTOR_ENDED: return "terminated";
    case RACTOR_RUNNING: break;
    }
    const char *name = "terminated";
    tr_ractor_lock(ractor); /* the scheduler's part is taken away under it */
    if (ractor->sched)
        name = atomic_load_explicit(&ractor->sched->task.state, memory_order_relaxed) == TASK_STATE_IDLE ? "blocking"
                                                                                                        : "running";
    tr_ractor_unlock(ractor);
    return name;
}

/* --- the end --- */

/* On the worker's own stack: nothing of the Ractor runs any more. */
static void release_run(Ractor *ractor) {
    Heap *heap = ractor->heap;
    RactorSched *sched = ractor->sched;
    tr_cells_abandon(ractor);
    tr_ractor_lock(ractor);
    ractor->heap = NULL;
    ractor->sched = NULL;
    unlist(ractor);
    tr_ractor_unlock(ractor);
    bool has_face = ractor->main_thread->face != TR_UNDEF; /* which frees the thread when it is swept */
    tr_heap_free(heap);
    if (!has_face) tr_thread_free(ractor->main_thread);
    tr_ractor_sched_free(sched);
    free(ractor->locals);
    ractor->locals = NULL;
    ractor->local_count = 0;
    tr_ractor_release(ractor);
}

/* The exception that ended the block; what is no exception (a kill) leaves nil. */
static MAY_SWITCH Value take_exception(Fiber *f) {
    Value exception = tr_rescue(f, NULL);
    if (exception == TR_UNDEF) {
        f->unwind = (Unwind){.kind = UNWIND_NONE, .value = TR_NIL, .tag = TR_NIL};
        return TR_NIL;
    }
    return exception;
}

static MAY_SWITCH bool pack_outcome(Fiber *f, Value result, Parcel *outcome) {
    if (result != TR_RAISED && tr_parcel_pack_last(f, outcome, result)) return false;
    Value exception = take_exception(f);
    tr_exception_prepare_parcel(f, exception);
    tr_parcel_pack_anyway(f, outcome, exception);
    TR_KEEP(exception);
    return true;
}

MAY_SWITCH void tr_ractor_run_finalizers(Fiber *f, bool all) {
    Value callable;
    uint64_t id;
    while (tr_heap_next_finalizer(f->heap, &callable, &id, all)) {
        Value argument = tr_integer_from_uint64(f, id);
        if (tr_call(f, callable, TR_ID_call, 1, argument) == TR_RAISED) take_exception(f); /* as Ruby does: ignored */
    }
}

_Noreturn static MAY_SWITCH void end_run(Fiber *f, Value result) {
    Ractor *ractor = f->ractor;
    tr_rendezvous_keep_offers(ractor);
    Value exception = result == TR_RAISED && f->unwind.kind == UNWIND_RAISE ? f->unwind.value : TR_NIL;
    tr_thread_finish(f, result);
    tr_threads_terminate_others(f);
    if (result == TR_RAISED) f->unwind = (Unwind){.kind = UNWIND_RAISE, .value = exception, .tag = TR_NIL};
    Parcel outcome;
    bool has_failed = pack_outcome(f, result, &outcome);
    tr_ractor_run_finalizers(f, true);
    atomic_fetch_sub_explicit(&live_count, 1, memory_order_relaxed);
    tr_ractor_finish(f, &outcome, has_failed);
    TR_LOG(TR_LOG_SCHED, "Ractor %u: ends", f->ractor->id);
    tr_ractor_sched_end(f, release_run);
}

/* --- the run --- */

/* An Array of the arguments that had to be encoded, or nil; the storage for fibers is set. TR_RAISED: could not be unpacked. */
static MAY_SWITCH MAY_RAISE Value unpack_arguments(Fiber *f, RactorStart *start) {
    Value storage = tr_parcel_unpack(f, &start->storage);
    tr_parcel_init(&start->storage, TR_NIL);
    if (storage == TR_RAISED) return TR_RAISED;
    f->storage = storage;
    Value arguments = tr_parcel_unpack(f, &start->arguments);
    tr_parcel_init(&start->arguments, TR_NIL);
    return arguments;
}

static MAY_SWITCH void run_block(Fiber *f) {
    Ractor *ractor = f->ractor;
    RactorState *state = ractor->state;
    atomic_store_explicit(&state->status, RACTOR_RUNNING, memory_order_release);
    tr_fiber_vm_init(f);
    tr_thread_adopt(f->thread);
    Value arguments = unpack_arguments(f, state->start), result = TR_RAISED;
    if (arguments != TR_RAISED) {
        RactorStart *start = state->start;
        Value plain[PLAIN_ARGUMENTS];
        int argc = (int)start->plain_count;
        memcpy(plain, start->plain, sizeof plain);
        const Value *argv = plain;
        if (tr_is_array(arguments)) {
            argc = (int)tr_array_count(arguments);
            argv = tr_array(arguments)->items;
        }
        Captured isolated;
        Block block = start->entry;
        if (block == TR_NIL) {
            isolated = (Captured){ractor->face, tr_isolated_ep(f, start->cref), start->iseq};
            block = tr_block_from_captured(&isolated);
        }
        state->start = NULL;
        free_start(start);
        result = tr_fiber_run_proc(f, block, ractor->face, argc, argv, TR_NIL);
        TR_KEEP(arguments);
    }
    end_run(f, result);
}

MAY_GC MAY_RAISE static bool choose_entry(Fiber *f, Block block, RactorStart *start) {
    if (tr_is_symbol(block)) {
        start->entry = block;
        return true;
    }
    const Captured *captured = NULL;
    if (tr_block_is_captured(block)) captured = tr_block_captured(block);
    else if (tr_is_proc(block) && tr_has_flag(block, TR_FLAG_SHAREABLE)) start->entry = block;
    else if (tr_is_proc(block) && tr_proc(block)->kind == PROC_SYMBOL) start->entry = tr_value_from_id(tr_proc(block)->as.symbol);
    else if (tr_is_proc(block) && tr_proc(block)->kind == PROC_ISEQ) captured = &tr_proc(block)->as.captured;
    else return tr_raise(f, tr_class.argument_error, "can not isolate a Proc that is implemented in C") != TR_RAISED;
    if (!captured) return true;
    if (!tr_block_check_isolated(f, captured->iseq)) return false;
    start->iseq = captured->iseq;
    start->cref = tr_ep_cref(f, captured->ep);
    return true;
}

MAY_GC MAY_RAISE static bool pack_arguments(Fiber *f, RactorStart *start, int argc, const Value *argv) {
    int plain = 0;
    while (plain < argc && argc <= PLAIN_ARGUMENTS && tr_parcel_is_as_is(argv[plain])) plain++;
    if (argc > 0 && plain == argc) {
        memcpy(start->plain, argv, (size_t)argc * sizeof *argv);
        start->plain_count = (uint32_t)argc;
    } else if (argc > 0) {
        Value array = tr_array_new_from(f, (size_t)argc, argv);
        if (!tr_parcel_pack(f, &start->arguments, array, false)) return false;
    }
    return f->storage == TR_NIL || tr_parcel_pack(f, &start->storage, f->storage, false);
}

static void discard(Ractor *ractor) {
    tr_ractor_lock(ractor);
    unlist(ractor);
    tr_ractor_unlock(ractor);
    tr_thread_free(ractor->main_thread);
    tr_ractor_sched_free(ractor->sched);
    tr_heap_free(ractor->heap);
    atomic_fetch_sub_explicit(&live_count, 1, memory_order_relaxed);
    atomic_store(&ractor->state->status, RACTOR_ENDED);
    tr_ractor_release(ractor);
}

MAY_SWITCH MAY_RAISE Value tr_ractor_create(Fiber *f, Block block, int argc, const Value *argv, Value name) {
    int line = 0;
    Value path = tr_caller_location(f, &line);
    RactorStart wanted = {.entry = TR_NIL};
    tr_parcel_init(&wanted.arguments, TR_NIL);
    tr_parcel_init(&wanted.storage, TR_NIL);
    if (!choose_entry(f, block, &wanted)) return TR_RAISED;
    Ractor *ractor = ractor_new();
    RactorStart *start = malloc(sizeof *start);
    if (!ractor || !start) return tr_raise_no_memory(f);
    *start = wanted;
    RactorState *state = ractor->state;
    state->start = start;
    state->line = line;
    ractor->name = name;
    state->path = path;
    Fiber *fiber = NULL;
    bool packed = pack_arguments(f, start, argc, argv);
    if (packed) fiber = tr_fiber_alloc(ractor->main_thread, run_block);
    if (!fiber) {
        discard(ractor);
        return packed ? tr_raise_no_memory(f) : TR_RAISED;
    }
    fiber->is_root = fiber->is_blocking = true;
    ractor->main_thread->fiber = ractor->main_thread->root_fiber = fiber;
    Value face = make_face(f, ractor);
    TR_LOG(TR_LOG_SCHED, "Ractor %u: made by Ractor %u", ractor->id, f->ractor->id);
    tr_thread_start(ractor->main_thread);
    tr_ractor_sched_start(ractor);
    return face;
}

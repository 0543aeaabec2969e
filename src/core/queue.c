/* queue.c - Thread::Queue and Thread::SizedQueue.
 *
 * A ring of Values in a buffer. Who pops from an empty queue waits in `poppers`, who pushes to a full one in `pushers`. A
 * waiter that is woken tries again, because another thread may have been quicker; a waiter that does not need its wake-up
 * any more (an interrupt came) passes it on.
 */
#include "core/core.h"
#include "core/waiters.h"

typedef struct Queue {
    Data base;
    Value *items;             /* ring in a buffer */
    size_t first, count, capacity; /* capacity: a power of two, or 0 */
    size_t max;               /* SizedQueue; 0: no limit */
    WaiterList poppers, pushers;
    bool is_closed, is_initialized;
} Queue;

static Queue *queue_of(Value v) { return (Queue *)v; }

static void queue_trace(Tracer *tracer, Value v) {
    const Queue *q = (const Queue *)v;
    size_t straight = q->first + q->count <= q->capacity ? q->count : q->capacity - q->first;
    if (q->count) {
        tr_trace_range(tracer, q->items + q->first, straight);
        tr_trace_range(tracer, q->items, q->count - straight);
    }
    tr_waiters_trace(tracer, &q->poppers);
    tr_waiters_trace(tracer, &q->pushers);
}
static void queue_free(Heap *heap, Value v) {
    Queue *q = queue_of(v);
    tr_buffer_free(heap, q->items, q->capacity * sizeof *q->items);
}
static size_t queue_size_of(Value v) { return queue_of(v)->capacity * sizeof(Value); }
static const DataType queue_type = {.name = "queue", .bytes = sizeof(Queue), .trace = queue_trace, .free = queue_free,
                                    .size = queue_size_of};

static MAY_GC Value queue_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &queue_type, klass); }

static MAY_GC MAY_RAISE Queue *get_queue(Fiber *f, Value self) {
    Queue *q = queue_of(self);
    if (TR_LIKELY(q->is_initialized)) return q;
    Value raised = tr_raise(f, tr_class.type_error, "%pV not initialized", tr_any_to_s(f, self));
    return raised == TR_RAISED ? NULL : q;
}

/* ---- the ring ---- */

static MAY_GC MAY_RAISE bool grow(Fiber *f, Value self) {
    Queue *q = queue_of(self);
    size_t capacity = q->capacity ? q->capacity * 2 : 8;
    Value *items = tr_buffer_alloc(f, capacity * sizeof *items);
    if (!items) return tr_raise_no_memory(f) != TR_RAISED;
    for (size_t i = 0; i < q->count; i++) items[i] = q->items[(q->first + i) & (q->capacity - 1)];
    tr_buffer_free(f->heap, q->items, q->capacity * sizeof *items);
    q->items = items;
    q->first = 0;
    q->capacity = capacity;
    return true;
}

static MAY_SWITCH MAY_RAISE Value put(Fiber *f, Value self, Value item) {
    Queue *q = queue_of(self);
    if (TR_UNLIKELY(q->count == q->capacity) && !grow(f, self)) return TR_RAISED;
    tr_write(self, &q->items[(q->first + q->count) & (q->capacity - 1)], item);
    q->count++;
    if (q->poppers.first && tr_waiters_wake_first(f, &q->poppers, self) == TR_RAISED) return TR_RAISED;
    return self;
}

static MAY_SWITCH MAY_RAISE Value take(Fiber *f, Value self) {
    Queue *q = queue_of(self);
    Value item = q->items[q->first];
    q->first = (q->first + 1) & (q->capacity - 1);
    q->count--;
    if (q->pushers.first && tr_waiters_wake_first(f, &q->pushers, self) == TR_RAISED) return TR_RAISED;
    return item;
}

/* ---- waiting ---- */

static const Id timeout_names[1] = {TR_ID_timeout};

/* non_block and timeout: of push and pop. `position`: where non_block stands. false: raised */
static MAY_SWITCH MAY_RAISE bool read_options(Fiber *f, const Args *args, int position, bool *non_block, int64_t *deadline) {
    Value timeout = TR_UNDEF;
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, timeout_names, 0, 1, &timeout, false)) return false;
    *non_block = args->argc > position && tr_is_truthy(args->argv[position]);
    *deadline = TR_FOREVER;
    if (timeout == TR_UNDEF || timeout == TR_NIL) return true;
    if (*non_block) {
        Value raised = tr_raise(f, tr_class.argument_error, "can't set a timeout if non_block is enabled");
        return raised != TR_RAISED;
    }
    return tr_deadline_from_timeout(f, timeout, deadline);
}

/* Waits in `list`, and hands an unused wake-up on. */
static MAY_SWITCH MAY_RAISE Value wait_in(Fiber *f, Value self, WaiterList *list, int64_t deadline) {
    Waiter waiter = {.fiber = f, .data = TR_NIL};
    tr_waiters_push(list, &waiter);
    tr_write_many(self);
    Value result = tr_waiters_wait_listed(f, &waiter, self, WAIT_QUEUE, deadline);
    tr_waiters_remove(list, &waiter);
    if (result == TR_RAISED && waiter.is_woken) {
        Unwind unwind = f->unwind;
        (void)!tr_waiters_wake_first(f, list, self);
        f->unwind = unwind;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value queue_pop(Fiber *f, Value self, const Args *args) {
    Queue *q = get_queue(f, self);
    if (!q) return TR_RAISED;
    bool non_block = false;
    int64_t deadline = TR_FOREVER;
    if (TR_UNLIKELY(args->argc > 0 || args->keywords != TR_NIL) && !read_options(f, args, 0, &non_block, &deadline))
        return TR_RAISED;
    while (q->count == 0) {
        if (non_block) return tr_raise(f, tr_class.thread_error, "queue empty");
        if (q->is_closed) return TR_NIL;
        if (deadline != TR_FOREVER && tr_now_ns() >= deadline) return TR_NIL;
        if (wait_in(f, self, &q->poppers, deadline) == TR_RAISED) return TR_RAISED;
    }
    return take(f, self);
}

static MAY_GC MAY_RAISE Value raise_closed(Fiber *f) { return tr_raise(f, tr_class.closed_queue_error, "queue closed"); }

static MAY_SWITCH MAY_RAISE Value queue_push(Fiber *f, Value self, const Args *args) {
    Queue *q = get_queue(f, self);
    if (!q) return TR_RAISED;
    if (q->is_closed) return raise_closed(f);
    return put(f, self, args->argv[0]);
}

static MAY_SWITCH MAY_RAISE Value sized_push(Fiber *f, Value self, const Args *args) {
    Queue *q = get_queue(f, self);
    if (!q) return TR_RAISED;
    bool non_block = false;
    int64_t deadline = TR_FOREVER;
    if (TR_UNLIKELY(args->argc > 1 || args->keywords != TR_NIL) && !read_options(f, args, 1, &non_block, &deadline))
        return TR_RAISED;
    if (q->is_closed) return raise_closed(f);
    while (q->count >= q->max) {
        if (non_block) return tr_raise(f, tr_class.thread_error, "queue full");
        if (deadline != TR_FOREVER && tr_now_ns() >= deadline) return TR_NIL;
        if (wait_in(f, self, &q->pushers, deadline) == TR_RAISED) return TR_RAISED;
        if (q->is_closed) return raise_closed(f);
    }
    return put(f, self, args->argv[0]);
}

/* ---- the rest ---- */

/* Queue.new(items = []) */
static MAY_SWITCH MAY_RAISE Value queue_initialize(Fiber *f, Value self, const Args *args) {
    queue_of(self)->is_initialized = true;
    if (args->argc == 0) return TR_NIL;
    Value given = args->argv[0];
    Value items = tr_is_array(given) ? given : tr_call_if_responds(f, given, TR_ID_to_a, 0, NULL);
    if (items == TR_RAISED) return TR_RAISED;
    if (items == TR_UNDEF)
        return tr_raise(f, tr_class.type_error, "can't convert %pC into Array", tr_real_class_of(given));
    if (!tr_is_array(items))
        return tr_raise(f, tr_class.type_error, "can't convert %pC into Array (%pC#to_a gives %pC)", tr_real_class_of(given),
                        tr_real_class_of(given), tr_real_class_of(items));
    for (size_t i = 0; i < tr_array_count(items); i++)
        if (put(f, self, tr_array_at(items, i)) == TR_RAISED) return TR_RAISED;
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE bool read_max(Fiber *f, Value v, size_t *max) {
    int64_t n;
    if (!tr_to_long(f, v, &n)) return false;
    if (n <= 0) {
        Value raised = tr_raise(f, tr_class.argument_error, "queue size must be positive");
        return raised != TR_RAISED;
    }
    *max = (size_t)n;
    return true;
}

static MAY_SWITCH MAY_RAISE Value sized_initialize(Fiber *f, Value self, const Args *args) {
    if (!read_max(f, args->argv[0], &queue_of(self)->max)) return TR_RAISED;
    queue_of(self)->is_initialized = true;
    return TR_NIL;
}

static MAY_GC MAY_RAISE Value sized_max(Fiber *f, Value self, const Args *args) {
    (void)args;
    Queue *q = get_queue(f, self);
    return q ? TR_FIX(q->max) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value sized_set_max(Fiber *f, Value self, const Args *args) {
    Queue *q = get_queue(f, self);
    size_t before, max = 0;
    if (!q || !read_max(f, args->argv[0], &max)) return TR_RAISED;
    before = q->max;
    q->max = max;
    for (size_t room = max > before ? max - before : 0; room > 0 && q->pushers.first; room--)
        if (tr_waiters_wake_first(f, &q->pushers, self) == TR_RAISED) return TR_RAISED;
    return args->argv[0];
}

static MAY_SWITCH MAY_RAISE Value queue_close(Fiber *f, Value self, const Args *args) {
    (void)args;
    Queue *q = get_queue(f, self);
    if (!q) return TR_RAISED;
    if (q->is_closed) return self;
    q->is_closed = true;
    if (tr_waiters_wake_all(f, &q->poppers, self) == TR_RAISED) return TR_RAISED;
    return tr_waiters_wake_all(f, &q->pushers, self) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH MAY_RAISE Value queue_clear(Fiber *f, Value self, const Args *args) {
    (void)args;
    Queue *q = get_queue(f, self);
    if (!q) return TR_RAISED;
    q->first = q->count = 0;
    return tr_waiters_wake_all(f, &q->pushers, self) == TR_RAISED ? TR_RAISED : self;
}

static MAY_GC MAY_RAISE Value queue_length(Fiber *f, Value self, const Args *args) {
    (void)args;
    Queue *q = get_queue(f, self);
    return q ? TR_FIX(q->count) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value queue_is_empty(Fiber *f, Value self, const Args *args) {
    (void)args;
    Queue *q = get_queue(f, self);
    return q ? tr_bool(q->count == 0) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value queue_is_closed(Fiber *f, Value self, const Args *args) {
    (void)args;
    Queue *q = get_queue(f, self);
    return q ? tr_bool(q->is_closed) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value queue_num_waiting(Fiber *f, Value self, const Args *args) {
    (void)args;
    Queue *q = get_queue(f, self);
    return q ? TR_FIX(tr_waiters_count(&q->poppers) + tr_waiters_count(&q->pushers)) : TR_RAISED;
}
static MAY_SWITCH MAY_RAISE Value queue_freeze(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value text = tr_any_to_s(f, self);
    return tr_raise(f, tr_class.type_error, "cannot freeze %pV", text);
}
static MAY_GC MAY_RAISE Value queue_marshal_dump(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_raise(f, tr_class.type_error, "can't dump %pC", tr_real_class_of(self));
}

static const MethodDef queue_methods[] = {
    {"initialize", queue_initialize, ARITY(0, 1), METHOD_PRIVATE},
    {"push", queue_push, ARITY(1, 1), 0},
    {"pop", queue_pop, ARITY(0, 1), METHOD_KEYWORDS},
    {"close", queue_close, ARITY(0, 0), 0},
    {"closed?", queue_is_closed, ARITY(0, 0), 0},
    {"clear", queue_clear, ARITY(0, 0), 0},
    {"empty?", queue_is_empty, ARITY(0, 0), 0},
    {"length", queue_length, ARITY(0, 0), 0},
    {"num_waiting", queue_num_waiting, ARITY(0, 0), 0},
    {"freeze", queue_freeze, ARITY(0, 0), 0},
    {"marshal_dump", queue_marshal_dump, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef sized_methods[] = {
    {"initialize", sized_initialize, ARITY(1, 1), METHOD_PRIVATE},
    {"max", sized_max, ARITY(0, 0), 0},
    {"max=", sized_set_max, ARITY(1, 1), 0},
    {"push", sized_push, ARITY(1, 2), METHOD_KEYWORDS},
    {"pop", queue_pop, ARITY(0, 1), METHOD_KEYWORDS},
    {"close", queue_close, ARITY(0, 0), 0},
    {"clear", queue_clear, ARITY(0, 0), 0},
    {"num_waiting", queue_num_waiting, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
static MAY_SWITCH void no_copies(Fiber *f, Class *klass) {
    int error = tr_method_undef(f, klass, TR_ID_initialize_copy) == TR_RAISED;
    TR_CHECK(!error);
}
static MAY_GC void add_aliases(Fiber *f, Class *klass) {
    tr_define_alias(f, klass, "<<", "push");
    tr_define_alias(f, klass, "enq", "push");
    tr_define_alias(f, klass, "shift", "pop");
    tr_define_alias(f, klass, "deq", "pop");
}
static MAY_SWITCH void queue_init(Fiber *f) {
    add_aliases(f, tr_class.queue);
    tr_define_alias(f, tr_class.queue, "size", "length");
    no_copies(f, tr_class.queue);
    tr_const_define(f, tr_class.object, "Queue", (Value)tr_class.queue);
}
static MAY_GC void sized_queue_init(Fiber *f) {
    add_aliases(f, tr_class.sized_queue);
    tr_const_define(f, tr_class.object, "SizedQueue", (Value)tr_class.sized_queue);
}
const ClassDef tr_queue_def = {.klass = &tr_class.queue, .methods = queue_methods, .alloc = queue_alloc,
                               .instance_type = TYPE_DATA, .init = queue_init};
const ClassDef tr_sized_queue_def = {.klass = &tr_class.sized_queue, .methods = sized_methods, .alloc = queue_alloc,
                                     .instance_type = TYPE_DATA, .init = sized_queue_init};

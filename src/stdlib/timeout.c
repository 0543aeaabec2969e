/* timeout.c - Timeout's timer: an exception that is sent to a thread at a deadline, unless it was called off.
 *
 * A request is an entry in its Ractor's heap of deadlines, so ten thousand of them cost no thread. When it is due, whoever
 * runs the Ractor only puts it into the thread's list of expired requests; the thread itself makes the exception, when it
 * looks at what was sent to it.
 */
#include "core/core.h"
#include "core/exception.h"
#include "core/thread.h"

typedef struct Request {
    Data base;
    ExpiredTimer expired;    /* the link in the thread's list */
    Value thread, exception, message;
    Value sent;              /* what was made of it; nil before */
} Request;

static Request *request_of(Value v) { return (Request *)v; }

static void request_trace(Tracer *tracer, Value v) {
    const Request *r = (const Request *)v;
    tr_trace(tracer, r->thread);
    tr_trace(tracer, r->exception);
    tr_trace(tracer, r->message);
    tr_trace(tracer, r->sent);
}

static void request_free(Heap *heap, Value v) {
    (void)heap;
    tr_expired_timer_cancel(&request_of(v)->expired);
}

static const DataType request_type = {.name = "timeout request", .bytes = sizeof(Request), .trace = request_trace,
                                      .free = request_free};

static MAY_SWITCH MAY_RAISE Value make_exception(Fiber *f, ExpiredTimer *expired) {
    Request *r = (Request *)((char *)expired - offsetof(Request, expired));
    Value arguments[2] = {r->exception, r->message};
    Args args = {.argc = 2, .argv = arguments, .block = TR_NIL, .keywords = TR_NIL};
    Value exception = tr_make_exception(f, &args);
    if (exception != TR_RAISED) tr_write((Value)r, &r->sent, exception);
    return exception;
}

/* Timeout::Request.new(thread, seconds, exception class or object, message) */
static MAY_SWITCH MAY_RAISE Value request_s_new(Fiber *f, Value self, const Args *args) {
    double seconds;
    if (!tr_to_double(f, args->argv[1], &seconds)) return TR_RAISED;
    if (!tr_data_is(args->argv[0], &tr_thread_type)) return tr_raise(f, tr_class.type_error, "not a thread");
    Request *r = tr_data_alloc(f, &request_type, (Class *)self);
    Value v = (Value)r;
    r->thread = args->argv[0];
    r->exception = args->argv[2];
    r->message = args->argv[3];
    r->sent = TR_NIL;
    tr_write_many(v);
    double ns = seconds * 1e9;
    int64_t now = tr_now_ns();
    if (ns < (double)(INT64_MAX - now - 1))
        tr_expired_timer_set(&r->expired, ((ThreadObject *)r->thread)->thread, now + (int64_t)ns, make_exception);
    return v;
}

/* Timeout::Request#finished: it is not to happen any more */
static Value request_finished(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    Request *r = request_of(self);
    tr_expired_timer_cancel(&r->expired);
    if (r->sent != TR_NIL) tr_thread_take_back(((ThreadObject *)r->thread)->thread, r->sent); /* another one came first */
    return TR_NIL;
}

MAY_SWITCH Value tr_timeout_init(Fiber *f) {
    Class *timeout = tr_module_define(f, "Timeout", NULL);
    Class *request = tr_class_define(f, "Request", tr_class.object, timeout);
    request->alloc = NULL;
    request->instance_type = TYPE_DATA;
    tr_define_singleton_method(f, (Value)request, "new", request_s_new, 4, 4, 0);
    tr_define_method(f, request, "finished", request_finished, 0, 0, 0);
    return TR_TRUE;
}

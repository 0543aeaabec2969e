/* dump.c - the state of the program in words: SIGQUIT and the deadlock reports.
 *
 * It describes the threads of the Ractor that runs it; of other Ractors it says what may be read from outside.
 */
#include "core/dump.h"

#include <unistd.h>

#include "core/core.h"
#include "core/exception.h"
#include "core/mutex.h"
#include "core/thread.h"

static const char *const reasons[] = {
    [WAIT_NONE] = "runs", [WAIT_SLEEP] = "sleeps", [WAIT_SLEEP_FOREVER] = "sleeps for good", [WAIT_JOIN] = "waits for the end of",
    [WAIT_MUTEX] = "waits for", [WAIT_CONDVAR] = "waits for", [WAIT_QUEUE] = "waits for",
    [WAIT_FD] = "waits for descriptor", [WAIT_RACTOR_RECEIVE] = "waits in Ractor.receive",
    [WAIT_RACTOR_TAKE] = "waits in take of", [WAIT_RACTOR_YIELD] = "waits in Ractor.yield", [WAIT_RACTOR_VALUE] = "waits for the value of",
    [WAIT_PROCESS] = "waits for process", [WAIT_BLOCKING_POOL] = "waits for a system call", [WAIT_ONCE] = "waits for /o",
    [WAIT_FIBER] = "waits for a fiber",
};

static MAY_GC void append(Fiber *f, Value text, Value more) {
    if (more == TR_RAISED || tr_string_append(f, text, more) == TR_RAISED) tr_rescue(f, NULL);
}
static MAY_GC void append_cstr(Fiber *f, Value text, const char *more) {
    if (tr_string_append_cstr(f, text, more) == TR_RAISED) tr_rescue(f, NULL);
}

static MAY_GC void append_object(Fiber *f, Value text, Value v) {
    append_cstr(f, text, " ");
    if (tr_is_fixnum(v)) append(f, text, tr_string_format(f, "%lld", (long long)tr_fixnum(v)));
    else if (tr_data_is(v, &tr_thread_type)) append(f, text, tr_thread_inspect(f, v));
    else append(f, text, tr_any_to_s(f, v));
}

Value tr_dump_wait(Fiber *f, const Thread *thread) {
    const ThreadState *s = thread->state;
    if (s->run_state != THREAD_PARKED) return tr_string_new_cstr(f, s->run_state == THREAD_RUNNING ? "runs" : "is ready to run");
    Value text = tr_string_new_cstr(f, reasons[s->wait]);
    if (s->wait_on != TR_NIL) append_object(f, text, s->wait_on);
    if (tr_is_mutex(s->wait_on) && ((Mutex *)s->wait_on)->owner) {
        append_cstr(f, text, ", held by");
        append_object(f, text, tr_thread_face(f, ((Mutex *)s->wait_on)->thread));
    }
    return text;
}

static MAY_GC void append_thread(Fiber *f, Value text, Thread *thread) {
    append_cstr(f, text, "  ");
    append(f, text, tr_thread_inspect(f, tr_thread_face(f, thread)));
    append_cstr(f, text, " ");
    append(f, text, tr_dump_wait(f, thread));
    append_cstr(f, text, "\n");
    if (!thread->fiber) return;
    Value lines = tr_backtrace_strings(f, tr_backtrace_capture(thread->fiber, 0, -1));
    if (lines == TR_RAISED) {
        tr_rescue(f, NULL);
        return;
    }
    for (size_t i = 0; i < tr_array_count(lines); i++) {
        append_cstr(f, text, "    ");
        append(f, text, tr_array_at(lines, i));
        append_cstr(f, text, "\n");
    }
}

void tr_dump_state(Fiber *f) {
    Value text = tr_string_format(f, "-- Ractor #%u, %u threads\n", f->ractor->id, f->ractor->sched->thread_count);
    for (ThreadState *s = f->ractor->sched->threads; s; s = s->all_next)
        if (!s->is_over) append_thread(f, text, s->thread);
    ssize_t written = write(STDERR_FILENO, tr_string(text)->bytes, tr_string(text)->size);
    (void)written;
}

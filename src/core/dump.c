/* dump.c - the state of the program in words: SIGQUIT and the deadlock reports. */
#include "core/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/core.h"
#include "core/exception.h"
#include "core/mutex.h"
#include "core/thread.h"
#include "ractor/ractor.h"
#include "ractor/world.h"

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

/* ---- everything, with the world stopped: only C, no allocation from a heap ---- */

static void print_thread_name(FILE *out, const Thread *thread) {
    const ThreadState *s = thread->state;
    fprintf(out, "#<Thread:0x%016llx", (unsigned long long)(tr_is_object(thread->face) ? thread->face : 0));
    if (tr_is_string(s->name)) fprintf(out, "@%s", tr_string(s->name)->bytes);
    if (tr_is_string(s->path)) fprintf(out, " %s:%d", tr_string(s->path)->bytes, s->line);
    fprintf(out, " %s>", tr_thread_status_name(thread));
}

static void print_wait(FILE *out, const ThreadState *s) {
    if (s->run_state != THREAD_PARKED) {
        fputs(s->run_state == THREAD_RUNNING ? "runs" : "is ready to run", out);
        return;
    }
    fputs(reasons[s->wait], out);
    if (tr_is_fixnum(s->wait_on)) {
        fprintf(out, " %lld", (long long)tr_fixnum(s->wait_on));
    } else if (tr_data_is(s->wait_on, &tr_thread_type)) {
        fputc(' ', out);
        print_thread_name(out, ((ThreadObject *)s->wait_on)->thread);
    } else if (tr_is_object(s->wait_on)) {
        fprintf(out, " #<%s:0x%016llx>", tr_class_cname(tr_real_class_of(s->wait_on)), (unsigned long long)s->wait_on);
    }
    if (!tr_is_mutex(s->wait_on) || !((Mutex *)s->wait_on)->owner) return;
    fputs(", held by ", out);
    print_thread_name(out, ((Mutex *)s->wait_on)->thread);
}

static void print_frames(FILE *out, const Fiber *fiber) {
    for (const Frame *frame = fiber->frame; frame; frame = frame->prev) {
        if (!frame->iseq || frame->iseq->is_internal) continue;
        fprintf(out, "    %s:%d:in '%s'\n", tr_string(frame->iseq->path)->bytes,
                tr_iseq_line(frame->iseq, (uint32_t)(frame->pc - frame->iseq->code)), tr_string(frame->iseq->label)->bytes);
    }
}

static void print_thread(FILE *out, const Thread *thread) {
    fputs("  ", out);
    print_thread_name(out, thread);
    fputc(' ', out);
    print_wait(out, thread->state);
    fputc('\n', out);
    for (const Mutex *m = thread->state->mutexes; m; m = m->next_held)
        fprintf(out, "    holds #<Thread::Mutex:0x%016llx>\n", (unsigned long long)(Value)m);
    for (const Fiber *fiber = thread->fiber; fiber; fiber = fiber->resumer) {
        if (fiber != thread->fiber) fputs("    - resumed by -\n", out);
        print_frames(out, fiber);
    }
}

static void print_ractor(Ractor *ractor, void *data) {
    FILE *out = data;
    if (!ractor->sched) return;
    fprintf(out, "Ractor #%u%s%s, %u threads\n", ractor->id, tr_is_string(ractor->name) ? " " : "",
            tr_is_string(ractor->name) ? tr_string(ractor->name)->bytes : "", ractor->sched->thread_count);
    for (const ThreadState *s = ractor->sched->threads; s; s = s->all_next)
        if (!s->is_over) print_thread(out, s->thread);
}

void tr_dump_state(Fiber *f) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return;
    fprintf(out, "-- state of process %d --\n", (int)getpid());
    tr_world_stop(f);
    tr_ractor_each(print_ractor, out);
    tr_world_start();
    fclose(out);
    ssize_t written = write(STDERR_FILENO, text, size);
    (void)written;
    free(text);
}

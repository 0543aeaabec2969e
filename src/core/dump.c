/* dump.c - the state of the program in words: SIGQUIT and what the deadlock reports share. */
#include "core/dump.h"

#include <errno.h>
#include <unistd.h>

#include "core/core.h"
#include "core/fiber.h"
#include "core/mutex.h"
#include "core/thread.h"
#include "ractor/world.h"
#include "vm/backtrace_text.h"

static const char *const reasons[] = {
    [WAIT_NONE] = "runs", [WAIT_SLEEP] = "sleeps", [WAIT_SLEEP_FOREVER] = "sleeps for good", [WAIT_JOIN] = "waits for the end of",
    [WAIT_MUTEX] = "waits for", [WAIT_CONDVAR] = "waits for", [WAIT_QUEUE] = "waits for",
    [WAIT_FD] = "waits for descriptor", [WAIT_RACTOR_RECEIVE] = "waits in Ractor.receive",
    [WAIT_RACTOR_TAKE] = "waits for", [WAIT_RACTOR_YIELD] = "waits in Ractor.yield for a taker",
    [WAIT_RACTOR_VALUE] = "waits for the end of", [WAIT_PROCESS] = "waits for process",
    [WAIT_BLOCKING_POOL] = "waits for a system call", [WAIT_ONCE] = "waits for", [WAIT_FIBER] = "waits for a fiber",
};
static const unsigned ALL_FRAMES = 200; /* of one fiber, in a dump */

static void print_address(Text *text, Value v) {
    tr_text_format(text, "#<%s:0x%016llx", tr_class_cname(tr_real_class_of(v)), (unsigned long long)v);
}

static void print_string(Text *text, Value v) { tr_text_bytes(text, tr_string(v)->bytes, tr_string(v)->size); }

void tr_print_thread_name(Text *text, const Thread *thread) {
    const ThreadState *s = thread->state;
    if (tr_is_object(thread->face)) print_address(text, thread->face);
    else tr_text_format(text, "#<Thread:0x%016llx", (unsigned long long)(uintptr_t)thread); /* nobody has asked for it yet */
    if (tr_is_string(s->name)) {
        tr_text_cstr(text, "@");
        print_string(text, s->name);
    }
    if (tr_is_string(s->path)) {
        tr_text_cstr(text, " ");
        print_string(text, s->path);
        tr_text_format(text, ":%d", s->line);
    }
    tr_text_format(text, " %s>", tr_thread_status_name(thread));
}

void tr_print_ractor_name(Text *text, Ractor *ractor) {
    tr_text_format(text, "#<Ractor:#%u", ractor->id);
    if (tr_is_string(ractor->name)) {
        tr_text_cstr(text, " ");
        print_string(text, ractor->name);
    }
    if (tr_is_string(ractor->state->path)) {
        tr_text_cstr(text, " ");
        print_string(text, ractor->state->path);
        tr_text_format(text, ":%d", ractor->state->line);
    }
    tr_text_format(text, " %s>", tr_ractor_status_name(ractor));
}

static void print_object(Text *text, Value v) {
    tr_text_cstr(text, " ");
    if (tr_is_fixnum(v)) {
        tr_text_format(text, "%lld", (long long)tr_fixnum(v));
    } else if (tr_data_is(v, &tr_thread_type) && ((ThreadObject *)v)->thread) {
        tr_print_thread_name(text, ((ThreadObject *)v)->thread);
    } else if (tr_ractor_of(v)) {
        tr_print_ractor_name(text, tr_ractor_of(v));
    } else if (tr_is_port(v)) {
        Port *port = (Port *)v;
        tr_text_format(text, "#<Ractor::Port to:#%u id:%llu>", port->owner->id, (unsigned long long)port->id);
    } else if (tr_is_string(v)) {
        print_string(text, v);
    } else {
        print_address(text, v);
        tr_text_cstr(text, ">");
    }
}

void tr_print_wait_for(Text *text, WaitReason why, Value on) {
    tr_text_cstr(text, tr_is_port(on) ? "waits for a message at" : reasons[why]); /* also in Ractor.select over ports */
    if (on != TR_NIL) print_object(text, on);
    else if (why == WAIT_RACTOR_TAKE) tr_text_cstr(text, " several in Ractor.select");
    if (!tr_is_mutex(on) || !((Mutex *)on)->owner) return;
    tr_text_cstr(text, ", held by ");
    tr_print_thread_name(text, ((Mutex *)on)->thread);
}

void tr_print_wait(Text *text, const ThreadState *s) {
    if (s->run_state == THREAD_PARKED) tr_print_wait_for(text, (WaitReason)s->wait, s->wait_on);
    else tr_text_cstr(text, s->run_state == THREAD_RUNNING ? "runs" : "is ready to run");
}

void tr_print_held(Text *text, const ThreadState *s, const char *indent) {
    for (const Mutex *m = s->mutexes; m; m = m->next_held) {
        tr_text_format(text, "%sholds", indent);
        print_object(text, (Value)m);
        tr_text_cstr(text, "\n");
    }
}

/* ---- SIGQUIT ---- */

static void print_thread(Text *text, const Thread *thread) {
    tr_text_cstr(text, "  ");
    tr_print_thread_name(text, thread);
    tr_text_cstr(text, " ");
    tr_print_wait(text, thread->state);
    tr_text_cstr(text, "\n");
    tr_print_held(text, thread->state, "    ");
    for (const Fiber *fiber = thread->fiber; fiber; fiber = fiber->resumer) {
        if (fiber != thread->fiber) tr_text_cstr(text, "    - resumed by -\n");
        tr_backtrace_print(text, fiber, "    ", ALL_FRAMES);
    }
}

static bool is_on_duty(const Fiber *fiber) { /* it runs, or waits for one that it resumed: print_thread has shown it */
    for (const Fiber *at = fiber->thread->fiber; at; at = at->resumer)
        if (at == fiber) return true;
    return false;
}

static void print_suspended(Value object, void *data) {
    Text *text = data;
    if (!tr_data_is(object, &tr_fiber_type)) return;
    const FiberObject *face = (const FiberObject *)object;
    const Fiber *fiber = face->fiber;
    if (!fiber || face->status != FIBER_STARTED || !fiber->thread || fiber->thread->state->is_over || is_on_duty(fiber)) return;
    tr_text_cstr(text, "  ");
    print_address(text, object);
    if (tr_is_string(face->path)) {
        tr_text_cstr(text, " ");
        print_string(text, face->path);
        tr_text_format(text, ":%d", face->line);
    }
    tr_text_cstr(text, "> is suspended, of ");
    tr_print_thread_name(text, fiber->thread);
    tr_text_cstr(text, "\n");
    tr_backtrace_print(text, fiber, "    ", ALL_FRAMES);
}

static void print_ractor(Ractor *ractor, void *data) {
    Text *text = data;
    if (!ractor->sched) return;
    tr_print_ractor_name(text, ractor);
    tr_text_format(text, ", %u thread%s\n", ractor->sched->thread_count, ractor->sched->thread_count == 1 ? "" : "s");
    for (const ThreadState *s = ractor->sched->threads; s; s = s->all_next)
        if (!s->is_over) print_thread(text, s->thread);
    if (ractor->heap) tr_heap_each_object(ractor->heap, print_suspended, text);
}

void tr_dump_state(Fiber *f) {
    Text text = {0};
    tr_text_format(&text, "-- state of process %d --\n", (int)getpid());
    tr_world_stop(f);
    tr_ractor_each(print_ractor, &text);
    tr_world_start();
    for (size_t done = 0; done < text.size;) {
        ssize_t count = write(STDERR_FILENO, text.bytes + done, text.size - done);
        if (count < 0 && errno != EINTR) break;
        if (count > 0) done += (size_t)count;
    }
    tr_text_free(&text);
}

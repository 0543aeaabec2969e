/* process_fork.c - fork: the child has the forking thread alone, and everything else starts afresh there.
 *
 * The world is stopped first, so that no other worker is inside a task: heaps, queues and locks are at rest when the copy
 * is made. In the child the other threads and Ractors are gone (their ensures do not run), their locks are free, and
 * workers, poller, timer thread and helpers are made anew when they are needed.
 *
 * Process._fork is what fork, IO.popen("-") and others go through: libraries prepend to it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/core.h"
#include "core/mutex.h"
#include "core/process.h"
#include "core/thread.h"
#include "ractor/ractor.h"
#include "ractor/world.h"

/* The threads of this Ractor that did not come along. */
static void bury_other_threads(Fiber *f) {
    RactorSched *rs = f->ractor->sched;
    for (ThreadState *s = rs->threads, *next; s; s = next) {
        next = s->all_next;
        if (s->thread == f->thread) continue;
        for (Mutex *m = s->mutexes; m; m = m->next_held) m->owner = NULL;
        s->mutexes = NULL;
        tr_thread_bury(s->thread);
    }
    f->ractor->main_thread = f->thread;
    rs->woken = rs->ready = (ThreadList){NULL, NULL};
}

/* The fibers that a scheduler was running are the parent's to go on with: the child is without it. Its forking fiber waits
 * as a thread does, and is where fibers of its own return to. */
static void leave_scheduler(Fiber *f) {
    ThreadState *s = f->thread->state;
    if (s->fiber_scheduler == TR_NIL) return;
    s->fiber_scheduler = TR_NIL;
    f->is_blocking = true;
    if (f != f->thread->root_fiber) s->return_fiber = f;
}

/* Runs on the forking thread, in the child. */
static void begin_child(Fiber *f) {
    tr_sched_after_fork_child();
    leave_scheduler(f);
    bury_other_threads(f);
    tr_ractor_after_fork();
    tr_process_after_fork();
}

/* Process._fork -> the child's pid, 0 in the child */
static MAY_SWITCH MAY_RAISE Value process_s_fork_now(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    if (!tr_ractor_is_main(f->ractor))
        return tr_raise(f, tr_class.not_implemented_error, "can not fork from non-main Ractors");
    tr_io_flush_all(f); /* what lies in buffers would be written twice */
    tr_world_stop(f);
    tr_sched_before_fork();
    pid_t pid = fork();
    int error = errno;
    if (pid == 0) {
        begin_child(f);
    } else {
        tr_sched_after_fork_parent();
        tr_world_start();
    }
    if (pid > 0) tr_process_add_child(pid);
    if (pid < 0) return tr_raise_errno(f, error, "fork(2)");
    return TR_FIX(pid);
}

/* fork -> pid, nil in the child; with a block: the child runs it and ends */
static MAY_SWITCH MAY_RAISE Value kernel_fork(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value pid = tr_call(f, (Value)tr_class.process, tr_intern_cstr("_fork"), 0);
    if (pid == TR_RAISED) return TR_RAISED;
    if (pid != TR_FIX(0)) return pid;
    if (!tr_block_is_given(args->block)) return TR_NIL;
    Value result = tr_yield(f, args->block, 0, NULL);
    exit(tr_vm_finish(f, result));
}

static MAY_SWITCH MAY_RAISE bool read_flag(Fiber *f, const Args *args, int i, bool *flag) {
    Value v = args->argc > i ? args->argv[i] : TR_NIL;
    *flag = v == TR_TRUE;
    if (v == TR_NIL || v == TR_TRUE || v == TR_FALSE) return true;
    Value text = tr_inspect(f, v);
    if (text != TR_RAISED) (void)!tr_raise(f, tr_class.argument_error, "expected true or false: %pV", text);
    return false;
}

/* Process.daemon(nochdir = nil, noclose = nil) -> 0; does not go through the hook Process._fork, as in Ruby */
static MAY_SWITCH MAY_RAISE Value process_s_daemon(Fiber *f, Value self, const Args *args) {
    (void)self;
    bool stays, keeps;
    if (!read_flag(f, args, 0, &stays) || !read_flag(f, args, 1, &keeps)) return TR_RAISED;
    for (int i = 0; i < 2; i++) { /* twice: the second one is no session leader and gets no terminal */
        Value pid = process_s_fork_now(f, TR_NIL, NULL);
        if (pid == TR_RAISED) return TR_RAISED;
        if (pid != TR_FIX(0)) _exit(0);
        if (i == 0 && setsid() < 0) return tr_raise_errno(f, errno, "setsid");
    }
    if (!stays && chdir("/") != 0) return tr_raise_errno(f, errno, "chdir");
    if (keeps) return TR_FIX(0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return tr_raise_errno(f, errno, "/dev/null");
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    close(null);
    return TR_FIX(0);
}

static const MethodDef fork_methods[] = {
    {"fork", kernel_fork, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef process_methods[] = {
    {"_fork", process_s_fork_now, ARITY(0, 0), 0},
    {"fork", kernel_fork, ARITY(0, 0), 0},
    {"daemon", process_s_daemon, ARITY(0, 2), 0},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_fork_def = {.klass = &tr_class.kernel, .methods = fork_methods};
const ClassDef tr_process_fork_def = {.klass = &tr_class.process, .singleton_methods = process_methods};

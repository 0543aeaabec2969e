/* process.c - child processes: starting them, waiting for them, Process::Status; identities and signals.
 *
 * What spawn's arguments mean is worked out in Ruby (core/process.rb); here arrives a plain list of steps for the
 * child. Between fork and exec the child makes only async-signal-safe calls, for other threads' locks are lost in it.
 * Waiting never blocks a worker: every child has a pidfd in one epoll instance, and that instance waits in the poller.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fiber.h"
#include "core/io.h"
#include "core/process.h"
#include "core/signal.h"

/* --- Process::Status --- */

typedef struct ProcessStatus {
    Data base;
    pid_t pid;
    int status; /* as waitpid gives it */
} ProcessStatus;
static const DataType status_type = { .name = "Process::Status", .bytes = sizeof(ProcessStatus), .flags = TR_FLAG_FROZEN };

static MAY_GC Value status_new(Fiber *f, pid_t pid, int status) {
    ProcessStatus *object = tr_data_alloc(f, &status_type, tr_class.process_status);
    object->pid = pid;
    object->status = status;
    return (Value)object;
}
static Value get_last_status(Fiber *f, Id name) {
    (void)name;
    return f->thread->state->last_status;
}
static void set_last_status(Fiber *f, Value status) { tr_thread_write(f->thread, &f->thread->state->last_status, status); }

static int status_of(Value self) { return ((ProcessStatus *)self)->status; }
static MAY_GC Value status_pid(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(((ProcessStatus *)self)->pid); }
static MAY_GC Value status_to_i(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(status_of(self)); }
static MAY_GC Value status_exited_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(WIFEXITED(status_of(self))); }
static MAY_GC Value status_signaled_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(WIFSIGNALED(status_of(self))); }
static MAY_GC Value status_stopped_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(WIFSTOPPED(status_of(self))); }
static MAY_GC Value status_coredump_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(WCOREDUMP(status_of(self))); }
static MAY_GC Value status_exitstatus(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return WIFEXITED(status_of(self)) ? TR_FIX(WEXITSTATUS(status_of(self))) : TR_NIL; }
static MAY_GC Value status_termsig(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return WIFSIGNALED(status_of(self)) ? TR_FIX(WTERMSIG(status_of(self))) : TR_NIL; }
static MAY_GC Value status_stopsig(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return WIFSTOPPED(status_of(self)) ? TR_FIX(WSTOPSIG(status_of(self))) : TR_NIL; }
static MAY_GC Value status_success_p(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    return WIFEXITED(status_of(self)) ? tr_bool(WEXITSTATUS(status_of(self)) == 0) : TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value status_equal(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_data_is(other, &status_type)) return tr_bool(status_of(self) == status_of(other));
    int same = tr_equal(f, TR_FIX(status_of(self)), other);
    return same < 0 ? TR_RAISED : tr_bool(same);
}

/* "pid 12 exit 0", "pid 12 SIGKILL (signal 9)" */
static void describe(const ProcessStatus *s, char *out, size_t size) {
    int used = snprintf(out, size, "pid %d", s->pid);
    if (WIFSTOPPED(s->status))
        used += snprintf(out + used, size - (size_t)used, " stopped SIG%s (signal %d)", sigabbrev_np(WSTOPSIG(s->status)), WSTOPSIG(s->status));
    if (WIFSIGNALED(s->status))
        used += snprintf(out + used, size - (size_t)used, " SIG%s (signal %d)", sigabbrev_np(WTERMSIG(s->status)), WTERMSIG(s->status));
    if (WIFEXITED(s->status)) used += snprintf(out + used, size - (size_t)used, " exit %d", WEXITSTATUS(s->status));
    if (WCOREDUMP(s->status)) snprintf(out + used, size - (size_t)used, " (core dumped)");
}
static MAY_GC Value status_to_s(Fiber *f, Value self, const Args *args) {
    char text[128];
    (void)args;
    describe((ProcessStatus *)self, text, sizeof text);
    return tr_string_new_cstr(f, text);
}
static MAY_GC Value status_inspect(Fiber *f, Value self, const Args *args) {
    char text[128];
    (void)args;
    describe((ProcessStatus *)self, text, sizeof text);
    return tr_string_format(f, "#<Process::Status: %s>", text);
}

static const MethodDef status_methods[] = {
    { "pid", status_pid, ARITY(0, 0), 0 }, { "to_i", status_to_i, ARITY(0, 0), 0 },
    { "exited?", status_exited_p, ARITY(0, 0), 0 }, { "signaled?", status_signaled_p, ARITY(0, 0), 0 },
    { "stopped?", status_stopped_p, ARITY(0, 0), 0 }, { "coredump?", status_coredump_p, ARITY(0, 0), 0 },
    { "exitstatus", status_exitstatus, ARITY(0, 0), 0 }, { "termsig", status_termsig, ARITY(0, 0), 0 },
    { "stopsig", status_stopsig, ARITY(0, 0), 0 }, { "success?", status_success_p, ARITY(0, 0), 0 },
    { "==", status_equal, ARITY(1, 1), 0 }, { "to_s", status_to_s, ARITY(0, 0), 0 }, { "inspect", status_inspect, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
const ClassDef tr_process_status_def = {
    .klass = &tr_class.process_status, .methods = status_methods, .no_alloc = true, .instance_type = TYPE_DATA };

/* --- the children and their pidfds --- */

typedef struct Child { pid_t pid; int fd; } Child;
static struct {
    pthread_mutex_t lock;
    int epoll_fd;         /* -1 until the first child */
    Child *items;
    size_t count, capacity;
} children = { .lock = PTHREAD_MUTEX_INITIALIZER, .epoll_fd = -1 };

void tr_process_add_child(pid_t pid) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return; /* it can still be waited for: see wait_child */
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    pthread_mutex_lock(&children.lock);
    if (children.epoll_fd < 0) children.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (children.count == children.capacity) {
        children.capacity = children.capacity ? children.capacity * 2 : 8;
        children.items = realloc(children.items, children.capacity * sizeof *children.items);
        TR_CHECK(children.items);
    }
    children.items[children.count++] = (Child){ pid, fd };
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    epoll_ctl(children.epoll_fd, EPOLL_CTL_ADD, fd, &event);
    pthread_mutex_unlock(&children.lock);
}

static void forget_child(pid_t pid) {
    pthread_mutex_lock(&children.lock);
    for (size_t i = 0; i < children.count; i++) {
        if (children.items[i].pid != pid) continue;
        close(children.items[i].fd); /* leaves the epoll instance by itself */
        children.items[i] = children.items[--children.count];
        break;
    }
    pthread_mutex_unlock(&children.lock);
}

/* The descriptor that becomes readable when the child (or any, pid <= 0) ends; -1: none known. */
static int waiting_fd(pid_t pid) {
    int fd = -1;
    pthread_mutex_lock(&children.lock);
    if (pid <= 0) fd = children.count ? children.epoll_fd : -1;
    for (size_t i = 0; pid > 0 && i < children.count; i++)
        if (children.items[i].pid == pid) fd = children.items[i].fd;
    pthread_mutex_unlock(&children.lock);
    return fd;
}

bool tr_process_has_children(void) {
    pthread_mutex_lock(&children.lock);
    bool any = false;
    for (size_t i = 0; i < children.count && !any; i++) {
        struct pollfd fd = {.fd = children.items[i].fd, .events = POLLIN}; /* readable when it has ended */
        any = poll(&fd, 1, 0) <= 0;
    }
    pthread_mutex_unlock(&children.lock);
    return any;
}

void tr_process_after_fork(void) {
    pthread_mutex_init(&children.lock, NULL);
    for (size_t i = 0; i < children.count; i++) close(children.items[i].fd);
    if (children.epoll_fd >= 0) close(children.epoll_fd);
    children.epoll_fd = -1;
    children.count = 0;
}

/* waitpid that parks. The pid, 0 with WNOHANG and nothing to report, -1 errno set, -2 raised. */
static MAY_SWITCH MAY_RAISE pid_t wait_child(Fiber *f, pid_t pid, int *status, int flags) {
    for (;;) {
        pid_t got = waitpid(pid, status, flags | WNOHANG);
        if (got > 0) {
            if (!WIFSTOPPED(*status)) forget_child(got);
            return got;
        }
        if (got < 0 && errno != EINTR) return -1;
        if (flags & WNOHANG) return 0;
        int fd = waiting_fd(pid);
        Value woken = fd >= 0 && !(flags & WUNTRACED) ? tr_wait_fd(f, fd, TR_POLL_IN, TR_FOREVER)
                                                      : tr_thread_park(f, WAIT_PROCESS, TR_NIL, tr_now_ns() + 5000000);
        if (woken == TR_RAISED) return -2;
    }
}

static MAY_SWITCH MAY_RAISE Value wait_and_set(Fiber *f, pid_t pid, int flags) {
    int status = 0;
    pid_t got = wait_child(f, pid, &status, flags);
    if (got == -2) return TR_RAISED;
    if (got < 0) return tr_raise_errno(f, errno, NULL);
    if (got == 0) {
        set_last_status(f, TR_NIL);
        return TR_NIL;
    }
    Value object = status_new(f, got, status);
    set_last_status(f, object);
    return object;
}

Value tr_process_reap_popen(Fiber *f, pid_t pid) {
    Value status = wait_and_set(f, pid, 0);
    if (status != TR_RAISED) return TR_NIL;
    return tr_rescue(f, tr_class.system_call_error) == TR_UNDEF ? TR_RAISED : TR_NIL; /* waited for already */
}

/* Process.__wait(pid, flags) -> Process::Status or nil */
static MAY_SWITCH MAY_RAISE Value process_wait(Fiber *f, Value self, const Args *args) {
    int64_t pid, flags;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &pid) || !tr_to_long(f, args->argv[1], &flags)) return TR_RAISED;
    Value scheduler = tr_fiber_scheduler(f);
    if (scheduler != TR_NIL) {
        Value status = tr_call_if_responds(f, scheduler, tr_intern_cstr("process_wait"), 2, args->argv);
        if (status != TR_UNDEF) {
            if (status != TR_RAISED) set_last_status(f, status);
            return status;
        }
    }
    return wait_and_set(f, (pid_t)pid, (int)flags);
}
static MAY_GC Value process_last_status(Fiber *f, Value self, const Args *args) {
    (void)self; (void)args;
    return get_last_status(f, 0);
}

/* --- starting a child --- */

/* What the child does before exec; made in the parent, read in the child. All memory is the parent's, copied by fork. */
typedef struct Plan {
    char **argv, **environment; /* argv: the file first, then what the program gets */
    const char *folder;
    int (*redirects)[2]; /* child's descriptor, parent's descriptor (-1: close) */
    size_t redirect_count;
    int64_t group, mask; /* -1: leave */
    bool closes_others;
} Plan;

typedef struct Failure {
    int error;
    bool is_folder; /* chdir failed */
} Failure;

static void child_fail(int report, bool is_folder) {
    Failure failure = { .error = errno, .is_folder = is_folder };
    ssize_t ignored = write(report, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

/* execvp, but with the PATH of the new environment. Async-signal-safe. */
static void execute(char **argv, char **environment) {
    const char *file = argv[0], *path = NULL;
    char full[4096];
    for (char **e = environment; *e && !path; e++)
        if (strncmp(*e, "PATH=", 5) == 0) path = *e + 5;
    if (strchr(file, '/') || !path) {
        execvpe(file, argv + 1, environment);
        return;
    }
    for (const char *end; *path; path = *end ? end + 1 : end) {
        end = strchrnul(path, ':');
        size_t size = (size_t)(end - path);
        if (size + strlen(file) + 2 > sizeof full) continue;
        memcpy(full, path, size);
        full[size] = '/';
        strcpy(full + size + (size > 0), file);
        execve(full, argv + 1, environment);
        if (errno == ENOEXEC) execvpe(full, argv + 1, environment); /* a script without its first line */
        else if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return;
    }
    errno = ENOENT;
}

/* Only async-signal-safe calls from here on. Sources are first moved out of the way of targets. */
static void child_run(const Plan *plan, int report) {
    if (plan->closes_others) close_range(3, ~0u, CLOSE_RANGE_CLOEXEC); /* what is redirected to is opened again below */
    for (size_t i = 0; i < plan->redirect_count; i++) {
        if (plan->redirects[i][1] < 0) continue;
        int moved = fcntl(plan->redirects[i][1], F_DUPFD_CLOEXEC, 256);
        if (moved < 0) moved = fcntl(plan->redirects[i][1], F_DUPFD_CLOEXEC, 10);
        if (moved < 0) child_fail(report, false);
        plan->redirects[i][1] = moved;
    }
    for (size_t i = 0; i < plan->redirect_count; i++) {
        if (plan->redirects[i][1] < 0) close(plan->redirects[i][0]);
        else if (dup2(plan->redirects[i][1], plan->redirects[i][0]) < 0) child_fail(report, false);
    }
    if (plan->group >= 0 && setpgid(0, (pid_t)plan->group) < 0) child_fail(report, false);
    if (plan->mask >= 0) umask((mode_t)plan->mask);
    if (plan->folder && chdir(plan->folder) < 0) child_fail(report, true);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execute(plan->argv, plan->environment);
    child_fail(report, false);
}

/* The child's pid; negative with *failure: what it was, or -1. */
static pid_t start_child(Plan *plan, Failure *failure) {
    int report[2];
    *failure = (Failure){ 0 };
    if (pipe2(report, O_CLOEXEC) < 0) { failure->error = errno; return -1; }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of ours in the child */
    pid_t pid = fork();
    if (pid == 0) {
        for (int number = 1; number < NSIG; number++) {
            struct sigaction action;
            if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL)
                signal(number, SIG_DFL);
        }
        child_run(plan, report[1]);
    }
    if (pid < 0) failure->error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (pid > 0) {
        ssize_t count;
        do count = read(report[0], failure, sizeof *failure); while (count < 0 && errno == EINTR);
        if (count == (ssize_t)sizeof *failure) {
            waitpid(pid, NULL, 0);
            pid = -pid;
        }
    }
    close(report[0]);
    return pid;
}

/* A NULL-terminated copy of an Array of Strings; NULL: raised. */
static MAY_SWITCH MAY_RAISE char **copy_strings(Fiber *f, Value array) {
    size_t count = tr_array_count(array);
    char **copy = calloc(count + 1, sizeof *copy);
    if (!copy) { (void)!tr_raise_no_memory(f); return NULL; }
    for (size_t i = 0; i < count; i++) {
        Value item = tr_array_at(array, i);
        const char *text = tr_string_cstr(f, &item);
        copy[i] = text ? strdup(text) : NULL;
        if (copy[i]) continue;
        for (size_t j = 0; j < i; j++) free(copy[j]);
        free(copy);
        return NULL;
    }
    return copy;
}
static void free_strings(char **strings) {
    for (char **p = strings; p && *p; p++) free(*p);
    free(strings);
}

/* Process.__spawn(argv, environment, redirects, folder, group, umask, close others): Arrays of Strings,
 * [[child, parent or -1]…]; argv begins with the file, then the program's name */
static MAY_SWITCH MAY_RAISE Value process_spawn(Fiber *f, Value self, const Args *args) {
    (void)self;
    Plan plan = { .group = -1, .mask = -1 };
    Value redirects = args->argv[2], folder = args->argv[3], result = TR_RAISED;
    char *folder_copy = NULL;
    plan.argv = copy_strings(f, args->argv[0]);
    plan.environment = plan.argv ? copy_strings(f, args->argv[1]) : NULL;
    if (!plan.environment) goto done;
    if (folder != TR_NIL) {
        const char *text = tr_string_cstr(f, &folder);
        if (!text) goto done;
        plan.folder = folder_copy = strdup(text);
    }
    if (args->argv[4] != TR_NIL && !tr_to_long(f, args->argv[4], &plan.group)) goto done;
    if (args->argv[5] != TR_NIL && !tr_to_long(f, args->argv[5], &plan.mask)) goto done;
    plan.redirect_count = tr_array_count(redirects);
    plan.redirects = calloc(plan.redirect_count + 1, sizeof *plan.redirects);
    if (!plan.redirects) { result = tr_raise_no_memory(f); goto done; }
    for (size_t i = 0; i < plan.redirect_count; i++) {
        Value pair = tr_array_at(redirects, i);
        plan.redirects[i][0] = (int)tr_fixnum(tr_array_at(pair, 0));
        plan.redirects[i][1] = (int)tr_fixnum(tr_array_at(pair, 1));
    }
    tr_io_flush_all(f);
    Failure failure;
    plan.closes_others = tr_is_truthy(args->argv[6]);
    pid_t pid = start_child(&plan, &failure);
    if (pid > 0) {
        tr_process_add_child(pid);
        result = TR_FIX(pid);
    } else {
        if (pid < -1) set_last_status(f, status_new(f, -pid, 127 << 8));
        result = tr_raise_errno(f, failure.error, failure.is_folder ? plan.folder : plan.argv[0]);
    }
done:
    free_strings(plan.argv);
    free_strings(plan.environment);
    free(plan.redirects);
    free(folder_copy);
    return result;
}

/* Process.__exec(argv, environment, redirects, folder, umask): does not come back, or raises */
static MAY_SWITCH MAY_RAISE Value process_exec(Fiber *f, Value self, const Args *args) {
    (void)self;
    char **argv = copy_strings(f, args->argv[0]), **environment = argv ? copy_strings(f, args->argv[1]) : NULL;
    if (!environment) { free_strings(argv); return TR_RAISED; }
    tr_io_flush_all(f);
    for (size_t i = 0; i < tr_array_count(args->argv[2]); i++) {
        Value pair = tr_array_at(args->argv[2], i);
        int to = (int)tr_fixnum(tr_array_at(pair, 0)), from = (int)tr_fixnum(tr_array_at(pair, 1));
        if (from < 0) close(to);
        else if (from == to) fcntl(to, F_SETFD, 0);
        else if (dup2(from, to) < 0) break;
    }
    Value folder = args->argv[3];
    if (folder != TR_NIL && chdir(tr_string(folder)->bytes) < 0) {
        free_strings(argv);
        free_strings(environment);
        return tr_raise_errno(f, errno, tr_string(folder)->bytes);
    }
    sigset_t none, before;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, &before);
    signal(SIGPIPE, SIG_DFL);
    execute(argv, environment);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, SIG_IGN);
    Value raised = tr_raise_errno(f, error, argv[0]);
    free_strings(argv);
    free_strings(environment);
    return raised;
}

/* --- identities --- */

#define IDENTITY(name, expression)                                                    \
    static MAY_GC Value process_##name(Fiber *f, Value self, const Args *args) {      \
        (void)self; (void)args; (void)f;                                              \
        return TR_FIX(expression);                                                    \
    }
IDENTITY(pid, getpid())
IDENTITY(ppid, getppid())
IDENTITY(uid, getuid())
IDENTITY(gid, getgid())
IDENTITY(euid, geteuid())
IDENTITY(egid, getegid())
IDENTITY(getpgrp, getpgrp())
#undef IDENTITY

static MAY_SWITCH MAY_RAISE Value process_getsid(Fiber *f, Value self, const Args *args) {
    int64_t pid = 0;
    (void)self;
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &pid)) return TR_RAISED;
    pid_t session = getsid((pid_t)pid);
    return session < 0 ? tr_raise_errno(f, errno, NULL) : TR_FIX(session);
}
static MAY_SWITCH MAY_RAISE Value process_setsid(Fiber *f, Value self, const Args *args) {
    (void)self; (void)args;
    pid_t session = setsid();
    return session < 0 ? tr_raise_errno(f, errno, NULL) : TR_FIX(session);
}
static MAY_SWITCH MAY_RAISE Value process_getpgid(Fiber *f, Value self, const Args *args) {
    int64_t pid;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &pid)) return TR_RAISED;
    pid_t group = getpgid((pid_t)pid);
    return group < 0 ? tr_raise_errno(f, errno, NULL) : TR_FIX(group);
}
static MAY_SWITCH MAY_RAISE Value process_setpgid(Fiber *f, Value self, const Args *args) {
    int64_t pid, group;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &pid) || !tr_to_long(f, args->argv[1], &group)) return TR_RAISED;
    return setpgid((pid_t)pid, (pid_t)group) < 0 ? tr_raise_errno(f, errno, NULL) : TR_FIX(0);
}

/* Process.__kill(number, pid): to itself it is handled before the call returns */
static MAY_SWITCH MAY_RAISE Value process_kill(Fiber *f, Value self, const Args *args) {
    int64_t number, pid;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &number) || !tr_to_long(f, args->argv[1], &pid)) return TR_RAISED;
    if (pid == getpid() && number > SIGRTMAX) return TR_FIX(1); /* none of those that we know: nothing comes */
    if (pid == getpid() && number > 0) return tr_signal_raise_self(f, (int)number) == TR_RAISED ? TR_RAISED : TR_FIX(1);
    if (kill((pid_t)pid, (int)number) < 0) return tr_raise_errno(f, errno, NULL);
    return TR_FIX(1);
}

static const MethodDef process_singleton_methods[] = {
    { "__wait", process_wait, ARITY(2, 2), METHOD_PRIVATE },
    { "__spawn", process_spawn, ARITY(7, 7), METHOD_PRIVATE },
    { "__exec", process_exec, ARITY(4, 4), METHOD_PRIVATE },
    { "__kill", process_kill, ARITY(2, 2), METHOD_PRIVATE },
    { "last_status", process_last_status, ARITY(0, 0), 0 },
    { "pid", process_pid, ARITY(0, 0), 0 }, { "ppid", process_ppid, ARITY(0, 0), 0 },
    { "uid", process_uid, ARITY(0, 0), 0 }, { "gid", process_gid, ARITY(0, 0), 0 },
    { "euid", process_euid, ARITY(0, 0), 0 }, { "egid", process_egid, ARITY(0, 0), 0 },
    { "getpgrp", process_getpgrp, ARITY(0, 0), 0 }, { "getpgid", process_getpgid, ARITY(1, 1), 0 },
    { "getsid", process_getsid, ARITY(0, 1), 0 },
    { "setpgid", process_setpgid, ARITY(2, 2), 0 }, { "setsid", process_setsid, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static MAY_GC void process_init(Fiber *f) {
    tr_global_define("$?", get_last_status, NULL, true);
    tr_const_define(f, tr_class.process, "WNOHANG", TR_FIX(WNOHANG));
    tr_const_define(f, tr_class.process, "WUNTRACED", TR_FIX(WUNTRACED));
}
const ClassDef tr_process_def = { .klass = &tr_class.process, .singleton_methods = process_singleton_methods, .init = process_init };

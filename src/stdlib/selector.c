/* selector.c - Async::Selector: what the loop of lib/async/scheduler.rb waits with. The descriptors lie in an epoll instance
 * of its own, each armed for one event, so a round costs what is ready, not what waits; the thread waits for that one
 * descriptor in the process's poller.
 *
 * A wake-up from another thread is an eventfd in the same instance. The child of a fork makes itself a new instance: the
 * old one is the parent's too.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/core.h"
#include "value/data.h"

enum { EVENTS_AT_ONCE = 256 };

typedef struct Selector {
    Data base;
    int epoll_fd, wake_fd; /* -1 when closed */
    pid_t pid;
} Selector;

static void close_both(Selector *s) {
    if (s->epoll_fd >= 0) close(s->epoll_fd);
    if (s->wake_fd >= 0) close(s->wake_fd);
    s->epoll_fd = s->wake_fd = -1;
}

static void selector_free(Heap *heap, Value v) {
    (void)heap;
    close_both((Selector *)v);
}
static const DataType selector_type = {.name = "Async::Selector", .bytes = sizeof(Selector), .free = selector_free};

/* 0 or -errno. */
static int open_both(Selector *s) {
    s->pid = getpid();
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = -1};
    if (s->epoll_fd >= 0 && s->wake_fd >= 0 && epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->wake_fd, &event) == 0) return 0;
    int error = errno;
    close_both(s);
    return -error;
}

static MAY_GC MAY_RAISE Value selector_s_new(Fiber *f, Value self, const Args *args) {
    (void)args;
    Selector *s = tr_data_alloc(f, &selector_type, (Class *)self);
    s->epoll_fd = s->wake_fd = -1;
    int state = open_both(s);
    return state < 0 ? tr_raise_errno(f, -state, NULL) : (Value)s;
}

static MAY_GC MAY_RAISE Selector *open_selector(Fiber *f, Value self) {
    Selector *s = (Selector *)self;
    if (s->epoll_fd < 0) {
        (void)!tr_raise(f, tr_class.io_error, "closed selector");
        return NULL;
    }
    if (s->pid == getpid()) return s;
    close_both(s);
    int state = open_both(s);
    if (state == 0) return s;
    (void)!tr_raise_errno(f, -state, NULL);
    return NULL;
}

/* Selector#watch(fd, events) -> true; false when the descriptor is always ready, as a file is */
static MAY_SWITCH MAY_RAISE Value selector_watch(Fiber *f, Value self, const Args *args) {
    int64_t fd, events;
    Selector *s = open_selector(f, self);
    if (!s || !tr_to_long(f, args->argv[0], &fd) || !tr_to_long(f, args->argv[1], &events)) return TR_RAISED;
    struct epoll_event event = {.data.fd = (int)fd, .events = EPOLLONESHOT};
    event.events |= (events & TR_POLL_IN ? EPOLLIN : 0u) | (events & TR_POLL_PRI ? EPOLLPRI : 0u) | (events & TR_POLL_OUT ? EPOLLOUT : 0u);
    int failed = epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, (int)fd, &event);
    if (failed && errno == ENOENT) failed = epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, (int)fd, &event);
    if (!failed) return TR_TRUE;
    return errno == EPERM ? TR_FALSE : tr_raise_errno(f, errno, NULL);
}

/* Selector#wait(seconds or nil) -> [fd, events, fd, events, …] of what is ready; empty at the end of the time */
static MAY_SWITCH MAY_RAISE Value selector_wait(Fiber *f, Value self, const Args *args) {
    double seconds = 0;
    Selector *s = open_selector(f, self);
    if (!s || (args->argv[0] != TR_NIL && !tr_to_double(f, args->argv[0], &seconds))) return TR_RAISED;
    int64_t deadline = args->argv[0] == TR_NIL ? TR_FOREVER : tr_now_ns() + (int64_t)(seconds * 1e9);
    if (tr_wait_fd(f, s->epoll_fd, TR_POLL_IN, deadline) == TR_RAISED) return TR_RAISED;
    struct epoll_event *events = malloc(EVENTS_AT_ONCE * sizeof *events); /* too large for a thread's stack */
    if (!events) return tr_raise_no_memory(f);
    int count = s->epoll_fd < 0 ? 0 : epoll_wait(s->epoll_fd, events, EVENTS_AT_ONCE, 0);
    Value ready = tr_array_new(f, 0);
    for (int i = 0; i < count && ready != TR_RAISED; i++) {
        uint32_t got = events[i].events;
        if (events[i].data.fd < 0) {
            uint64_t wakeups;
            ssize_t drained = read(s->wake_fd, &wakeups, sizeof wakeups);
            (void)drained;
            continue;
        }
        if (got & (EPOLLHUP | EPOLLERR)) got |= EPOLLIN | EPOLLOUT;
        int shown = (got & EPOLLIN ? TR_POLL_IN : 0) | (got & EPOLLPRI ? TR_POLL_PRI : 0) | (got & EPOLLOUT ? TR_POLL_OUT : 0);
        if (tr_array_push(f, ready, TR_FIX(events[i].data.fd)) == TR_RAISED || tr_array_push(f, ready, TR_FIX(shown)) == TR_RAISED)
            ready = TR_RAISED;
    }
    free(events);
    return ready;
}

/* Selector#wakeup: ends a wait; from any thread of the Ractor */
static Value selector_wakeup(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    const Selector *s = (const Selector *)self;
    uint64_t one = 1;
    if (s->wake_fd < 0) return TR_FALSE;
    return tr_bool(write(s->wake_fd, &one, sizeof one) == sizeof one || errno == EAGAIN);
}

static Value selector_close(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    close_both((Selector *)self);
    return TR_NIL;
}

MAY_SWITCH Value tr_async_init(Fiber *f) {
    Value have = tr_const_find(f, tr_class.object, tr_intern_cstr("Async"), false);
    if (have == TR_RAISED) return TR_RAISED;
    Class *async = have != TR_UNDEF ? (Class *)have : tr_module_define(f, "Async", NULL);
    Class *selector = tr_class_define(f, "Selector", tr_class.object, async);
    selector->alloc = NULL;
    selector->instance_type = TYPE_DATA;
    tr_define_singleton_method(f, (Value)selector, "new", selector_s_new, 0, 0, 0);
    tr_define_method(f, selector, "watch", selector_watch, 2, 2, 0);
    tr_define_method(f, selector, "wait", selector_wait, 1, 1, 0);
    tr_define_method(f, selector, "wakeup", selector_wakeup, 0, 0, 0);
    tr_define_method(f, selector, "close", selector_close, 0, 0, 0);
    return TR_TRUE;
}

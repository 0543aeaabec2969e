/* io_select.c - IO.select: waiting for any of many descriptors.
 *
 * The descriptors go into an epoll instance of their own, and the thread waits for that one descriptor in the
 * poller: any number of descriptors costs one entry there.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/fiber_scheduler.h"
#include "core/io.h"

typedef struct Selection {
    int epoll_fd;
    int count;          /* descriptors added */
    bool any_ready;     /* buffered bytes or a regular file: no waiting */
    Value ready[3];     /* Arrays: readable, writable, exceptional */
} Selection;

static const uint32_t event_bits[3] = { EPOLLIN, EPOLLOUT, EPOLLPRI };

/* One of the three lists: to_io of each, its descriptor into the instance (tagged with list and index). */
static MAY_SWITCH MAY_RAISE bool add_list(Fiber *f, Selection *selection, Value list, int kind) {
    for (size_t i = 0; list != TR_NIL && i < tr_array_count(list); i++) {
        Value item = tr_array_at(list, i), io = tr_to_io(f, item);
        if (io == TR_RAISED) return false;
        Stream *stream = kind == 0 ? tr_io_reader(f, io) : kind == 1 ? tr_io_writer(f, io) : tr_io_stream(f, io);
        if (!stream) return false;
        if (kind == 0 && tr_stream_available(stream)) {
            selection->any_ready = true;
            if (tr_array_push(f, selection->ready[kind], item) == TR_RAISED) return false;
            continue;
        }
        int fd = dup(stream->fd); /* the same descriptor may stand in several lists; epoll wants them distinct */
        if (fd < 0) return tr_raise_errno(f, errno, NULL) != TR_RAISED;
        struct epoll_event event = { .events = event_bits[kind], .data.u64 = (uint64_t)kind << 32 | (uint32_t)i };
        if (epoll_ctl(selection->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
            int error = errno;
            close(fd);
            if (error != EPERM) return tr_raise_errno(f, error, NULL) != TR_RAISED;
            selection->any_ready = true; /* a regular file never blocks */
            if (tr_array_push(f, selection->ready[kind], item) == TR_RAISED) return false;
            continue;
        }
        selection->count++;
        if (tr_array_push(f, selection->ready[2], TR_FIX(fd)) == TR_RAISED) return false; /* to be closed: see below */
    }
    return true;
}

static MAY_SWITCH MAY_RAISE Value list_argument(Fiber *f, const Args *args, int index) {
    if (index >= args->argc || args->argv[index] == TR_NIL) return TR_NIL;
    Value list = tr_try_convert(f, args->argv[index], tr_class.array, TR_ID_to_ary);
    if (list == TR_NIL)
        return tr_raise(f, tr_class.type_error, "wrong argument type %s (expected Array)",
                        tr_class_cname(tr_real_class_of(args->argv[index])));
    return list;
}

/* Waits and sorts what is ready into the three Arrays. 1 something, 0 timeout, -1 raised. */
static MAY_SWITCH MAY_RAISE int wait_selection(Fiber *f, Selection *selection, const Value *lists, int64_t deadline) {
    if (!selection->any_ready) {
        Value woken = selection->count ? tr_wait_fd(f, selection->epoll_fd, TR_POLL_IN, deadline)
                                       : tr_thread_park(f, WAIT_SLEEP, TR_NIL, deadline);
        if (woken == TR_RAISED) return -1;
    }
    struct epoll_event *events = calloc((size_t)selection->count + 1, sizeof *events);
    if (!events) return tr_raise_no_memory(f) == TR_RAISED ? -1 : 0;
    int found = epoll_wait(selection->epoll_fd, events, selection->count + 1, 0);
    int result = found > 0 || selection->any_ready;
    for (int i = 0; i < found && result > 0; i++) {
        int kind = (int)(events[i].data.u64 >> 32);
        Value item = tr_array_at(lists[kind], (uint32_t)events[i].data.u64);
        if (tr_array_push(f, selection->ready[kind], item) == TR_RAISED) result = -1;
    }
    free(events);
    return result;
}

/* IO.select(read, write = nil, error = nil, timeout = nil) -> [[…], […], […]] or nil */
static MAY_SWITCH MAY_RAISE Value io_s_select(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value lists[3];
    double seconds = -1;
    if (tr_fiber_scheduler(f) != TR_NIL) {
        Value result = tr_scheduler_call(f, "io_select", args->argc, args->argv);
        if (result != TR_UNDEF) return result;
    }
    for (int kind = 0; kind < 3; kind++)
        if ((lists[kind] = list_argument(f, args, kind)) == TR_RAISED) return TR_RAISED;
    if (args->argc > 3 && args->argv[3] != TR_NIL) {
        if (!tr_to_double(f, args->argv[3], &seconds)) return TR_RAISED;
        if (seconds < 0) return tr_raise(f, tr_class.argument_error, "time interval must not be negative");
    }
    int64_t deadline = seconds < 0 ? TR_FOREVER : tr_now_ns() + (int64_t)(seconds * 1e9);
    Selection selection = { .epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
    if (selection.epoll_fd < 0) return tr_raise_errno(f, errno, NULL);
    for (int kind = 0; kind < 3; kind++) selection.ready[kind] = tr_array_new(f, 0);
    Value exceptional = selection.ready[2], to_close = selection.ready[2] = tr_array_new(f, 0);
    bool added = true;
    for (int kind = 0; kind < 3 && added; kind++) added = add_list(f, &selection, lists[kind], kind);
    selection.ready[2] = exceptional;
    int state = -1;
    while (added && (state = wait_selection(f, &selection, lists, deadline)) == 0)
        if (deadline != TR_FOREVER && tr_now_ns() >= deadline) break;
    for (size_t i = 0; i < tr_array_count(to_close); i++) close((int)tr_fixnum(tr_array_at(to_close, i)));
    close(selection.epoll_fd);
    if (state < 0) return TR_RAISED;
    return state == 0 ? TR_NIL : tr_array_new_values(f, 3, selection.ready[0], selection.ready[1], selection.ready[2]);
}

static const MethodDef select_singleton_methods[] = {
    { "select", io_s_select, ARITY(1, 4), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static MAY_GC void select_init(Fiber *f) {
    tr_define_method(f, tr_class.kernel, "select", io_s_select, 1, 4, METHOD_MODULE_FUNCTION);
}
const ClassDef tr_io_select_def = { .klass = &tr_class.io, .singleton_methods = select_singleton_methods, .init = select_init };

/* poller.c - one epoll set for the process; see poller.h.
 *
 * Threads: every entry of the table has a lock, held for a few instructions and one epoll_ctl. The table's pages are made
 * on demand and stay. tr_poller_wait may run on several OS threads at once; each event goes to one of them.
 */
#include "sched/poller.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/sanitizer.h"

enum { PAGE_ENTRIES = 1024, PAGES = 1024, BATCH = 64 };

typedef struct FdEntry {
    atomic_flag lock;
    bool is_registered; /* a hint: epoll has the last word */
    FdWaiter *waiters;
} FdEntry;

/* Written once, before the first wait, under boot_lock. */
static pthread_mutex_t boot_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int epoll_fd = -1;
static int kick_fd = -1;
static _Atomic(FdEntry *) table[PAGES]; /* CAS publishes a zeroed page */
static _Atomic int waiter_count;        /* relaxed: a hint */

static void lock_entry(FdEntry *entry) {
    while (atomic_flag_test_and_set_explicit(&entry->lock, memory_order_acquire)) sched_yield();
}
static void unlock_entry(FdEntry *entry) { atomic_flag_clear_explicit(&entry->lock, memory_order_release); }

static void open_set(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    TR_CHECK(fd >= 0 && kick_fd >= 0);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = -1}};
    TR_CHECK(epoll_ctl(fd, EPOLL_CTL_ADD, kick_fd, &event) == 0);
    atomic_store_explicit(&epoll_fd, fd, memory_order_release);
}

int tr_poller_fd(void) {
    int fd = atomic_load_explicit(&epoll_fd, memory_order_acquire); /* pairs with the release in open_set */
    if (fd >= 0) return fd;
    pthread_mutex_lock(&boot_lock);
    if (atomic_load_explicit(&epoll_fd, memory_order_relaxed) < 0) open_set();
    pthread_mutex_unlock(&boot_lock);
    return atomic_load_explicit(&epoll_fd, memory_order_acquire);
}

static FdEntry *entry_of(int fd) {
    if (fd < 0 || fd >= PAGES * PAGE_ENTRIES) return NULL;
    _Atomic(FdEntry *) *page = &table[fd / PAGE_ENTRIES];
    FdEntry *entries = atomic_load_explicit(page, memory_order_acquire);
    if (!entries) {
        FdEntry *fresh = calloc(PAGE_ENTRIES, sizeof *fresh);
        TR_CHECK(fresh);
        if (atomic_compare_exchange_strong_explicit(page, &entries, fresh, memory_order_acq_rel, memory_order_acquire))
            entries = fresh;
        else free(fresh);
    }
    return &entries[fd % PAGE_ENTRIES];
}

static uint32_t epoll_events(int events) {
    return (events & TR_FD_IN ? EPOLLIN | EPOLLRDHUP : 0u) | (events & TR_FD_PRI ? EPOLLPRI : 0u) |
           (events & TR_FD_OUT ? EPOLLOUT : 0u);
}

static int events_from_epoll(uint32_t events) {
    int result = 0;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) result |= TR_FD_IN;
    if (events & EPOLLPRI) result |= TR_FD_PRI;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) result |= TR_FD_OUT;
    return result;
}

/* Arms fd for what its waiters want. Returns 0 or -errno. */
static int arm_locked(FdEntry *entry, int fd) {
    int events = 0;
    for (FdWaiter *w = entry->waiters; w; w = w->next) events |= w->events;
    struct epoll_event event = {.events = epoll_events(events) | EPOLLONESHOT, .data = {.fd = fd}};
    int set = tr_poller_fd();
    int operation = entry->is_registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    for (int attempt = 0; attempt < 2; attempt++) {
        if (epoll_ctl(set, operation, fd, &event) == 0) {
            entry->is_registered = true;
            return 0;
        }
        if (errno == EEXIST) operation = EPOLL_CTL_MOD;
        else if (errno == ENOENT) operation = EPOLL_CTL_ADD;
        else break;
    }
    entry->is_registered = false;
    return -errno;
}

static void list_locked(FdEntry *entry, FdWaiter *waiter) {
    waiter->prev = NULL;
    waiter->next = entry->waiters;
    if (waiter->next) waiter->next->prev = waiter;
    entry->waiters = waiter;
    waiter->is_listed = true;
    atomic_fetch_add_explicit(&waiter_count, 1, memory_order_relaxed);
}

static void unlist_locked(FdEntry *entry, FdWaiter *waiter) {
    if (waiter->prev) waiter->prev->next = waiter->next;
    else entry->waiters = waiter->next;
    if (waiter->next) waiter->next->prev = waiter->prev;
    waiter->is_listed = false;
}

/* After its wake-up: whoever finds nobody waiting any more sees what was woken. */
static void uncount(void) { atomic_fetch_sub_explicit(&waiter_count, 1, memory_order_release); }

int tr_poller_add(FdWaiter *waiter) {
    FdEntry *entry = entry_of(waiter->fd);
    if (!entry) return -EBADF;
    waiter->ready = 0;
    lock_entry(entry);
    list_locked(entry, waiter);
    int error = arm_locked(entry, waiter->fd);
    TR_LOG(TR_LOG_POLL, "fd %d: waiting for%s%s", waiter->fd, waiter->events & TR_FD_IN ? " input" : "",
           waiter->events & TR_FD_OUT ? " output" : "");
    if (error) {
        unlist_locked(entry, waiter);
        uncount();
    }
    unlock_entry(entry);
    return error == -EPERM ? waiter->events & (TR_FD_IN | TR_FD_OUT) : error;
}

int tr_poller_remove(FdWaiter *waiter) {
    FdEntry *entry = entry_of(waiter->fd);
    lock_entry(entry);
    if (waiter->is_listed) {
        unlist_locked(entry, waiter);
        uncount();
    }
    int ready = waiter->ready;
    unlock_entry(entry);
    return ready;
}

void tr_poller_forget(int fd) {
    if (fd < 0 || fd >= PAGES * PAGE_ENTRIES) return;
    FdEntry *entries = atomic_load_explicit(&table[fd / PAGE_ENTRIES], memory_order_acquire);
    if (!entries) return;
    FdEntry *entry = &entries[fd % PAGE_ENTRIES];
    lock_entry(entry);
    entry->is_registered = false;
    while (entry->waiters) {
        FdWaiter *waiter = entry->waiters;
        unlist_locked(entry, waiter);
        waiter->ready = TR_FD_GONE;
        waiter->wake(waiter->argument);
        uncount();
    }
    unlock_entry(entry);
}

static void deliver(int fd, int events) {
    FdEntry *entry = entry_of(fd);
    if (!entry) return;
    TR_LOG(TR_LOG_POLL, "fd %d: ready%s%s", fd, events & TR_FD_IN ? " for input" : "", events & TR_FD_OUT ? " for output" : "");
    lock_entry(entry);
    for (FdWaiter *w = entry->waiters, *next; w; w = next) {
        next = w->next;
        if (!(w->events & events)) continue;
        unlist_locked(entry, w);
        w->ready = w->events & events;
        w->wake(w->argument); /* the waiter cannot go before it has taken the lock */
        uncount();
    }
    if (entry->waiters) (void)arm_locked(entry, fd);
    unlock_entry(entry);
}

/* epoll_pwait2 takes nanoseconds; a kernel without it gets milliseconds, rounded up, and so does ThreadSanitizer, which
 * delivers a signal only inside functions of libc. */
static int wait_events(int set, struct epoll_event *events, int64_t timeout_ns) {
#if defined(SYS_epoll_pwait2) && !defined(TR_HAS_TSAN)
    static _Atomic bool is_missing;
    if (!atomic_load_explicit(&is_missing, memory_order_relaxed)) {
        struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
        int count = (int)syscall(SYS_epoll_pwait2, set, events, BATCH, timeout_ns < 0 ? NULL : &timeout, NULL, 0);
        if (count >= 0 || errno != ENOSYS) return count;
        atomic_store_explicit(&is_missing, true, memory_order_relaxed);
    }
#endif
    int64_t ms = timeout_ns < 0 ? -1 : (timeout_ns + 999999) / 1000000;
    return epoll_wait(set, events, BATCH, ms > 1000000 ? 1000000 : (int)ms);
}

int tr_poller_wait(int64_t timeout_ns) {
    struct epoll_event events[BATCH];
    int count = wait_events(tr_poller_fd(), events, timeout_ns);
    bool is_kicked = false;
    if (timeout_ns != 0) TR_LOG(TR_LOG_POLL, "%d events", count);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd >= 0) {
            deliver(events[i].data.fd, events_from_epoll(events[i].events));
            continue;
        }
        uint64_t ignored;
        is_kicked = true;
        if (timeout_ns != 0) (void)!read(kick_fd, &ignored, sizeof ignored); /* a look leaves it to whom it is meant for */
    }
    return is_kicked ? -1 : count < 0 ? 0 : count;
}

void tr_poller_kick(void) {
    uint64_t one = 1;
    int saved = errno;
    if (kick_fd >= 0) (void)!write(kick_fd, &one, sizeof one);
    errno = saved;
}

bool tr_poller_has_waiters(void) { return atomic_load_explicit(&waiter_count, memory_order_acquire) > 0; }

void tr_poller_after_fork(void) {
    int old = atomic_load_explicit(&epoll_fd, memory_order_relaxed);
    if (old >= 0) {
        close(old);
        close(kick_fd);
    }
    for (int page = 0; page < PAGES; page++) {
        FdEntry *entries = atomic_load_explicit(&table[page], memory_order_relaxed);
        if (entries) memset(entries, 0, PAGE_ENTRIES * sizeof *entries);
    }
    atomic_store_explicit(&waiter_count, 0, memory_order_relaxed);
    pthread_mutex_init(&boot_lock, NULL);
    kick_fd = -1;
    atomic_store_explicit(&epoll_fd, -1, memory_order_release);
}

/* watchdog.c - who runs for long without a safepoint.
 *
 * The timer thread pokes at each tick what runs on every worker. A poke is answered at the next safepoint, which counts
 * `looks`; a worker whose count stands still for longer than the limit gets a signal, and its handler, on the OS thread of
 * the worker and on top of what holds it, says what that is. Nothing of this costs anything while the watchdog is off.
 *
 * Threads: seen_looks, held_since and is_told are the timer thread's; told_looks is how the handler knows that it came in time.
 */
#include <errno.h>
#include <signal.h>

#include "base/assert.h"
#include "sched/sched_internal.h"

_Atomic bool tr_watchdog_is_on;              /* written at boot, before there is a second thread */
static int64_t limit_ns;                     /* likewise */
static void (*report)(int64_t held_ns);      /* likewise */

static int alarm_signal(void) { return SIGRTMAX - 1; }

static void on_alarm(int number) {
    (void)number;
    int saved = errno;
    Worker *worker = tr_worker_current();
    if (worker && atomic_load(&worker->flags) && atomic_load(&worker->looks) == atomic_load(&worker->told_looks))
        report(tr_now_ns() - atomic_load(&worker->held_since));
    errno = saved;
}

void tr_sched_watch(int64_t at_most_ns, void (*say)(int64_t held_ns)) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    TR_CHECK(sigaction(alarm_signal(), &action, NULL) == 0);
    limit_ns = at_most_ns;
    report = say;
    if (at_most_ns < 2 * TR_TICK_NS) tr_sched_set_tick(at_most_ns / 2 + 1);
    atomic_store(&tr_watchdog_is_on, true);
    tr_ticker_need();
}

void tr_worker_looked(Worker *worker) { atomic_fetch_add_explicit(&worker->looks, 1, memory_order_relaxed); }

bool tr_watchdog_tick(int64_t now_ns) {
    bool is_running = false;
    if (TR_LIKELY(!atomic_load_explicit(&tr_watchdog_is_on, memory_order_relaxed))) return false;
    int count = atomic_load_explicit(&tr_worker_started, memory_order_acquire);
    for (int i = 0; i < count; i++) {
        Worker *worker = tr_workers[i];
        _Atomic uint32_t *flags = atomic_load(&worker->flags);
        uint32_t looks = atomic_load(&worker->looks);
        is_running |= flags != NULL;
        if (!flags || looks != worker->seen_looks) {
            worker->seen_looks = looks;
            worker->is_told = false;
            atomic_store(&worker->held_since, now_ns);
        } else if (now_ns - atomic_load(&worker->held_since) >= limit_ns && !worker->is_told) {
            worker->is_told = true;
            atomic_store(&worker->told_looks, looks);
            pthread_kill(worker->os_thread, alarm_signal());
        }
        if (flags) atomic_fetch_or(flags, TR_POKE_BIT);
    }
    return is_running;
}

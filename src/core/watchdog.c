/* watchdog.c - TROUPE_WATCHDOG=ms: which thread held its Ractor for longer than that without reaching a safepoint, and in
 * which method. The words are put together in the handler of a signal that interrupted it (sched/watchdog.c): no heap, no
 * lock, one write.
 */
#include <stdlib.h>
#include <unistd.h>

#include "core/core.h"
#include "core/dump.h"
#include "vm/backtrace_text.h"

enum { FRAMES_SHOWN = 8, REPORT_BYTES = 2000, MOST_MS = 3600 * 1000 };

static void report(int64_t held_ns) {
    Fiber *f = tr_current_fiber();
    if (!f) return;
    char buffer[REPORT_BYTES];
    Text text = tr_text_fixed(buffer, sizeof buffer);
    tr_text_cstr(&text, "[watchdog] ");
    tr_print_thread_name(&text, f->thread);
    if (!tr_ractor_is_main(f->ractor)) tr_text_format(&text, " of Ractor #%u", f->ractor->id);
    tr_text_format(&text, " has reached no safepoint for %lld ms%s:\n", (long long)(held_ns / 1000000),
                   tr_heap_is_collecting(f->heap) ? " (collecting garbage)" : "");
    tr_backtrace_print(&text, f, "      at ", FRAMES_SHOWN);
    if (write(STDERR_FILENO, text.bytes, text.size) < 0) return; /* nobody listens */
}

static void watchdog_init(Fiber *f) {
    (void)f;
    const char *text = getenv("TROUPE_WATCHDOG");
    if (!text) return;
    char *end;
    long ms = strtol(text, &end, 10);
    if (*end == '\0' && ms > 0 && ms <= MOST_MS) tr_sched_watch((int64_t)ms * 1000000, report);
}

const ClassDef tr_watchdog_def = {.klass = &tr_class.thread, .init = watchdog_init};

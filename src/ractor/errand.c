/* errand.c - what a Ractor has the main Ractor do for it: `require`, because a library may set constants and globals.
 *
 * The errand lies on the stack of the one who waits for it. The main Ractor is told by the postponed-job interrupt, even
 * when its main thread waits for something, and runs each errand on a thread of its own.
 */
#include <pthread.h>

#include "core/core.h"
#include "core/parcel_types.h"
#include "core/thread.h"
#include "ractor/ractor.h"
#include "ractor/world.h"

typedef struct Errand {
    Parcel feature, reply;
    bool has_failed;
    _Atomic bool is_done; /* release pairs with the acquire of who waits */
    Thread *thread;
    struct Errand *next;
} Errand;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Errand *first, **last = &first; /* under the lock */

/* Its owner takes the lock once more before it goes on, so errand and thread are there until the end of this. */
static void finish(Errand *errand) {
    pthread_mutex_lock(&lock);
    atomic_store_explicit(&errand->is_done, true, memory_order_release);
    tr_thread_unpark_remote(errand->thread);
    pthread_mutex_unlock(&lock);
}

static MAY_SWITCH Value run_errand(Fiber *f, Value data, const Args *args) {
    (void)args;
    Errand *errand = (Errand *)tr_fixnum(data);
    Value feature = tr_parcel_unpack(f, &errand->feature);
    Value result = feature == TR_RAISED ? TR_RAISED : tr_require(f, feature);
    if (result == TR_RAISED) {
        result = tr_rescue(f, NULL);
        if (result == TR_UNDEF) result = TR_NIL;
        tr_exception_prepare_parcel(f, result);
        errand->has_failed = true;
    }
    tr_parcel_pack_anyway(f, &errand->reply, result);
    finish(errand);
    return TR_NIL;
}

MAY_SWITCH void tr_errands_run(Fiber *f) {
    for (;;) {
        pthread_mutex_lock(&lock);
        Errand *errand = first;
        if (errand) first = errand->next;
        if (!first) last = &first;
        pthread_mutex_unlock(&lock);
        if (!errand) return;
        if (tr_thread_create_c(f, run_errand, TR_FIX((intptr_t)errand)) != TR_RAISED) continue;
        tr_rescue(f, NULL);
        tr_parcel_drop(&errand->feature);
        tr_parcel_init(&errand->reply, TR_NIL);
        errand->has_failed = true;
        finish(errand);
    }
}

MAY_SWITCH MAY_RAISE Value tr_ractor_require(Fiber *f, Value feature) {
    Errand errand = {.thread = f->thread};
    if (!tr_parcel_pack(f, &errand.feature, feature, false)) return TR_RAISED;
    pthread_mutex_lock(&lock);
    *last = &errand;
    last = &errand.next;
    pthread_mutex_unlock(&lock);
    tr_thread_interrupt_remote(tr_ractor_main()->main_thread, INTERRUPT_POSTPONED_JOB);
    while (!atomic_load_explicit(&errand.is_done, memory_order_acquire))
        tr_thread_park_uninterruptible(f, WAIT_BLOCKING_POOL, TR_NIL, TR_FOREVER);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    Value reply = tr_parcel_unpack(f, &errand.reply);
    if (!errand.has_failed || reply == TR_RAISED) return reply;
    if (tr_is_type(reply, TYPE_EXCEPTION)) {
        ((Exception *)reply)->backtrace = TR_NIL; /* where it was asked for, not where it was done */
        return tr_raise_value(f, reply);
    }
    return tr_raise(f, tr_class.load_error, "the main Ractor could not load it");
}

/* blocking_pool.c - a few helper OS threads, made when they are needed and gone when they have been idle for a while.
 *
 * Threads: everything is under `lock`. A helper never touches a Ruby heap: a job's arguments were copied for it.
 */
#include "sched/blocking_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "base/assert.h"

enum { MAX_HELPERS = 64, IDLE_SECONDS = 5, STACK_BYTES = 256 * 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static BlockingJob *first, **last = &first;
static int helper_count, idle_count, queued_count;

static BlockingJob *take_locked(void) {
    BlockingJob *job = first;
    if (!job) return NULL;
    first = job->next;
    if (!first) last = &first;
    queued_count--;
    return job;
}

static void *help(void *unused) {
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        BlockingJob *job = take_locked();
        if (job) {
            pthread_mutex_unlock(&lock);
            job->fn(job->data);
            job->done(job);
            pthread_mutex_lock(&lock);
            continue;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += IDLE_SECONDS;
        idle_count++;
        int error = pthread_cond_timedwait(&arrived, &lock, &until);
        idle_count--;
        if (error && !first) break;
    }
    helper_count--;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void start_helper_locked(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, old;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old); /* signals are for the workers */
    if (pthread_create(&thread, &attributes, help, NULL) == 0) helper_count++;
    else TR_CHECK(helper_count > 0); /* without a single one the job would wait for ever */
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
}

void tr_blocking_submit(BlockingJob *job) {
    job->next = NULL;
    pthread_mutex_lock(&lock);
    *last = job;
    last = &job->next;
    queued_count++;
    if (queued_count > idle_count && helper_count < MAX_HELPERS) start_helper_locked();
    else pthread_cond_signal(&arrived);
    pthread_mutex_unlock(&lock);
}

void tr_blocking_after_fork(void) {
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&arrived, NULL);
    first = NULL;
    last = &first;
    helper_count = idle_count = queued_count = 0;
}

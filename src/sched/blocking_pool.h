/* blocking_pool.h - helper OS threads for what only a blocking system call can do (getaddrinfo, flock, slow files). */
#ifndef TR_SCHED_BLOCKING_POOL_H
#define TR_SCHED_BLOCKING_POOL_H

#include <stdatomic.h>

typedef struct BlockingJob {
    void (*fn)(void *data);              /* runs on a helper */
    void *data;
    void (*done)(struct BlockingJob *);  /* runs on the helper afterwards; the job's memory may be gone when it returns */
    void *argument;                      /* done's own */
    struct BlockingJob *next;            /* in the queue, under its lock */
} BlockingJob;

void tr_blocking_submit(BlockingJob *job);
void tr_blocking_after_fork(void);

#endif

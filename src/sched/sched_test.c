/* sched_test.c - coroutines, the run queue, deadlines, and tasks on several workers. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "sched/blocking_pool.h"
#include "sched/coroutine.h"
#include "sched/poller.h"
#include "sched/runq.h"
#include "sched/sched.h"
#include "sched/sched_internal.h"

/* ---- coroutines ---- */

static Coroutine main_coroutine, others[100];
static int visits[100];

static void bounce(void *argument) {
    int me = (int)(intptr_t)argument;
    for (int i = 0; i < 3; i++) {
        visits[me]++;
        tr_coroutine_switch(&others[me], &main_coroutine, 0);
    }
    visits[me] += 100;
    tr_coroutine_switch(&others[me], &main_coroutine, 1);
}

static void test_coroutines(void) {
    tr_coroutine_init_native(&main_coroutine);
    for (int i = 0; i < 100; i++) TR_CHECK(tr_coroutine_init(&others[i], bounce, (void *)(intptr_t)i, 0) == 0);
    TR_CHECK(tr_stack_block_count() == 100);
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < 100; i++) tr_coroutine_switch(&main_coroutine, &others[i], 0);
    for (int i = 0; i < 100; i++) {
        TR_CHECK(visits[i] == 103);
        tr_coroutine_fini(&others[i]);
    }
    TR_CHECK(tr_stack_block_count() == 0);
}

static int count_resident(char *const *pages, int count) {
    int resident = 0;
    for (int i = 0; i < count; i++) {
        unsigned char answer;
        TR_CHECK(mincore((void *)((uintptr_t)pages[i] & ~(uintptr_t)4095), 4096, &answer) == 0);
        resident += answer & 1;
    }
    return resident;
}

static void test_many_stacks(void) {
    enum { MANY = 70000, TOUCHED = MANY / 7 }; /* more than a process may have mappings */
    static char *touched[TOUCHED];
    StackBlock *blocks = malloc(MANY * sizeof *blocks);
    for (int i = 0; i < MANY; i++) {
        TR_CHECK(tr_stack_block_acquire(&blocks[i]) == 0);
        if (i % 7 != 0) continue;
        touched[i / 7] = blocks[i].split - 8;
        *touched[i / 7] = 1;
    }
    TR_CHECK(count_resident(touched, TOUCHED) == TOUCHED);
    for (int i = 0; i < MANY; i++) tr_stack_block_release(&blocks[i]);
    free(blocks);
    TR_CHECK(tr_stack_block_count() == 0);
    while (tr_stack_pool_trim()) {} /* what nobody uses gives its pages back */
    TR_CHECK(count_resident(touched, TOUCHED) < 2000);
}

/* ---- the run queue: one owner, two thieves, every task is seen once ---- */

enum { TASKS = 20000 };
static Task queue_tasks[TASKS];
static _Atomic int seen[TASKS];
static RunQueue queues[3];
static _Atomic bool is_over;

static void see(Task *task) { atomic_fetch_add(&seen[task - queue_tasks], 1); }

static void *thief(void *argument) {
    RunQueue *mine = argument;
    while (!atomic_load(&is_over) || tr_runq_count(&queues[0]) > 0) {
        Task *task = tr_runq_steal(&queues[0], mine);
        if (task) see(task);
        while ((task = tr_runq_pop(mine))) see(task);
    }
    return NULL;
}

static void test_run_queue(void) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, thief, &queues[i + 1]);
    for (int i = 0; i < TASKS; i++) {
        while (!tr_runq_push(&queues[0], &queue_tasks[i])) {
            Task *task = tr_runq_pop(&queues[0]);
            if (task) see(task);
        }
        if (i % 3 == 0) {
            Task *task = tr_runq_pop(&queues[0]);
            if (task) see(task);
        }
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < TASKS; i++) TR_CHECK(atomic_load(&seen[i]) == 1);
}

/* ---- deadlines ---- */

static void test_timers(void) {
    enum { COUNT = 5000 };
    static Timer timers[COUNT];
    TimerHeap heap = {0};
    srand(7);
    for (int i = 0; i < COUNT; i++) tr_timers_add(&heap, &timers[i], rand() % 1000000);
    for (int i = 0; i < COUNT; i += 3) tr_timers_remove(&heap, &timers[i]);
    for (int i = 0; i < COUNT; i += 6) tr_timers_add(&heap, &timers[i], rand() % 1000000);
    int64_t last = -1;
    int count = 0;
    TR_CHECK(tr_timers_pop_due(&heap, -1) == NULL);
    for (Timer *timer; (timer = tr_timers_pop_due(&heap, INT64_MAX - 1)); count++) {
        TR_CHECK(timer->deadline_ns >= last && !tr_timer_is_set(timer));
        last = timer->deadline_ns;
    }
    TR_CHECK(count == COUNT - (COUNT + 2) / 3 + (COUNT + 5) / 6);
    tr_timers_fini(&heap);
}

/* ---- tasks: each counts down and makes another one ready; some sleep, some wait for a pipe, some use a helper ---- */

enum { COUNTERS = 64, TURNS = 400 };
typedef struct Counter {
    Task task;
    _Atomic int left;
    _Atomic uint32_t flags;
    FdWaiter waiter;
    bool is_waiting;
    _Atomic bool is_outside; /* the helper has the job */
    int helped;
    BlockingJob job;
} Counter;
static Counter counters[COUNTERS];
static _Atomic int unfinished = COUNTERS;
static Task main_task;
static Coroutine test_coroutine;
static int test_pipe[2];

static Counter *counter_of(Task *task) { return (Counter *)task; }

static void wake_counter(void *argument) { tr_task_ready(argument); }
static void do_little(void *data) { ++*(int *)data; }
static void little_done(BlockingJob *job) {
    Task *task = job->argument;
    atomic_store(&counter_of(task)->is_outside, false);
    atomic_fetch_sub(&tr_sched_outside_count, 1);
    tr_task_ready(task);
}

static void run_counter(Task *task, Worker *worker) {
    Counter *counter = counter_of(task);
    tr_worker_set_flags(worker, &counter->flags);
    atomic_store(&task->is_poked, false);
    if (counter->is_waiting) {
        (void)tr_poller_remove(&counter->waiter);
        counter->is_waiting = false;
    }
    if (counter->left > 0) counter->left--;
}

static TaskOutcome settle_counter(Task *task, Worker *worker) {
    (void)worker;
    Counter *counter = counter_of(task);
    int me = (int)(counter - counters);
    if (counter->left == 0) {
        counter->left = -1;
        if (atomic_fetch_sub(&unfinished, 1) == 1) tr_task_ready(&main_task);
    }
    if (counter->left < 0) return TASK_PARKED;
    switch ((counter->left + me) % 8) {
    case 0:
        tr_task_set_deadline(task, tr_now_ns() + 100000, false);
        return TASK_PARKED;
    case 1:
        counter->waiter = (FdWaiter){.fd = test_pipe[1], .events = TR_FD_OUT, .wake = wake_counter, .argument = task};
        TR_CHECK(tr_poller_add(&counter->waiter) == 0);
        counter->is_waiting = true;
        return TASK_PARKED;
    case 2:
        if (atomic_exchange(&counter->is_outside, true)) return TASK_PARKED;
        counter->job = (BlockingJob){.fn = do_little, .data = &counter->helped, .done = little_done, .argument = task};
        atomic_fetch_add(&tr_sched_outside_count, 1);
        tr_blocking_submit(&counter->job);
        return TASK_PARKED;
    case 3:
        tr_task_ready(&counters[(me + 1) % COUNTERS].task); /* a wake-up that nobody needs */
        return TASK_READY;
    default: return TASK_READY;
    }
}

static void run_main(Task *task, Worker *worker) {
    (void)task;
    tr_coroutine_switch(tr_worker_coroutine(worker), &test_coroutine, 0);
}
static TaskOutcome settle_main(Task *task, Worker *worker) {
    (void)worker;
    atomic_store(&task->is_poked, false);
    return TASK_PARKED;
}

static __attribute__((noinline)) void park_main(void) {
    tr_coroutine_switch(&test_coroutine, tr_worker_coroutine(tr_worker_current()), 0);
}

static void test_tasks(void) {
    TR_CHECK(pipe(test_pipe) == 0);
    tr_task_init(&main_task, run_main, settle_main);
    tr_coroutine_init_native(&test_coroutine);
    tr_sched_boot(4, &main_task);
    for (int i = 0; i < COUNTERS; i++) {
        tr_task_init(&counters[i].task, run_counter, settle_counter);
        counters[i].left = TURNS;
    }
    for (int i = 0; i < COUNTERS; i++) tr_task_ready(&counters[i].task);
    while (atomic_load(&unfinished) > 0) park_main();
}

static void test_sleep(void) {
    int64_t worst = 0;
    for (int i = 0; i < 20; i++) {
        int64_t deadline = tr_now_ns() + 1000000;
        while (tr_now_ns() < deadline) {
            tr_task_set_deadline(&main_task, deadline, false);
            park_main();
        }
        int64_t late = tr_now_ns() - deadline;
        if (late > worst) worst = late;
    }
    TR_CHECK(worst < 500000000);
}

static void test_stop(void) {
    for (int i = 0; i < 50; i++) {
        atomic_store(&unfinished, COUNTERS);
        for (int k = 0; k < COUNTERS; k++) counters[k].left = 5;
        for (int k = 0; k < COUNTERS; k++) tr_task_ready(&counters[k].task);
        tr_sched_stop_world();
        int before = 0, after = 0;
        for (int k = 0; k < COUNTERS; k++) before += atomic_load(&counters[k].left);
        usleep(200);
        for (int k = 0; k < COUNTERS; k++) after += counters[k].left;
        tr_sched_start_world();
        (void)before, (void)after; /* helpers may still count: only that it neither hangs nor races is checked */
        while (atomic_load(&unfinished) > 0) park_main();
    }
}

int main(void) {
    test_coroutines();
    test_many_stacks();
    test_run_queue();
    test_timers();
    test_tasks();
    test_sleep();
    test_stop();
    puts("sched: ok");
    fflush(stdout);
    _exit(0);
}

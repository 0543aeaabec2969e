/* thread_test.c - threads of several Ractors without Ruby: parking, permits, deadlines, wake-ups from outside, fibers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ractor/thread.h"

enum { RACTORS = 4, THREADS = 50, ROUNDS = 200 };

typedef struct Seat { Thread *thread; int ractor, index, naps; bool is_over; } Seat;

static Ractor ractors[RACTORS], main_ractor;
static Seat seats[RACTORS][THREADS];
static _Atomic int unfinished, released;
static Thread *main_thread;

static Value take_nothing(Fiber *f, bool is_blocking) {
    (void)is_blocking;
    if (atomic_load(&f->thread->interrupt_flags) & INTERRUPT_TIMER) tr_thread_look_around(f);
    return TR_NIL;
}

static void safepoint(Fiber *f) {
    if (tr_interrupt_pending(f)) (void)!take_nothing(f, false);
}

/* --- each thread naps, passes, wakes neighbours and the main thread, burns time, and uses a helper thread --- */

static void count_up(void *data) { ++*(int *)data; }

static void sit(Fiber *f) {
    Seat *seat = f->core_private;
    unsigned random = (unsigned)(seat->index * 7919 + seat->ractor);
    for (int turn = 0; turn < ROUNDS; turn++) {
        random = random * 1103515245 + 12345;
        Seat *near = &seats[seat->ractor][(random >> 8) % THREADS];
        int64_t deadline = tr_now_ns() + (random >> 20) % 200 * 1000;
        int before = seat->naps;
        switch ((random >> 16) % 8) {
        case 0:
            if (tr_thread_park(f, WAIT_SLEEP, TR_NIL, deadline) == TR_FALSE) TR_CHECK(tr_now_ns() >= deadline);
            break;
        case 1: tr_thread_pass(f); break;
        case 2:
            if (!near->is_over) tr_thread_unpark(near->thread);
            break;
        case 3:
            for (volatile int i = 0; i < 2000; i++) safepoint(f);
            break;
        case 4:
            if (turn % 16 == 0) {
                TR_CHECK(tr_blocking_call(f, count_up, &seat->naps) == TR_NIL);
                TR_CHECK(seat->naps == before + 1);
            }
            break;
        default: tr_thread_unpark_remote(main_thread); break;
        }
        safepoint(f);
    }
    seat->is_over = true;
    atomic_fetch_sub(&unfinished, 1);
    tr_thread_unpark_remote(main_thread);
    if (f->ractor->sched->thread_count > 1) tr_thread_end(f);
    tr_ractor_sched_end(f, NULL);
}

static void release_ractor(Ractor *ractor) {
    (void)ractor;
    atomic_fetch_add(&released, 1);
    tr_thread_unpark_remote(main_thread);
}

static void sit_and_release(Fiber *f) {
    (void)f;
    tr_ractor_sched_end(f, release_ractor);
}

static void test_many(Fiber *f) {
    atomic_store(&unfinished, RACTORS * THREADS);
    for (int r = 0; r < RACTORS; r++) {
        tr_ractor_sched_new(&ractors[r]);
        for (int i = 0; i < THREADS; i++) {
            Thread *thread = tr_thread_new(&ractors[r]);
            seats[r][i] = (Seat){.thread = thread, .ractor = r, .index = i};
            thread->fiber = thread->root_fiber = tr_fiber_alloc(thread, sit);
            thread->fiber->core_private = &seats[r][i];
            tr_thread_start(thread);
        }
    }
    for (int r = 0; r < RACTORS; r++) tr_ractor_sched_start(&ractors[r]);
    while (atomic_load(&unfinished) > 0) (void)!tr_thread_park(f, WAIT_SLEEP_FOREVER, TR_NIL, TR_FOREVER);
}

/* --- a Ractor's life, many times --- */

static void test_ends(Fiber *f) {
    enum { COUNT = 300 };
    static Ractor some[COUNT];
    for (int i = 0; i < COUNT; i++) {
        tr_ractor_sched_new(&some[i]);
        Thread *thread = tr_thread_new(&some[i]);
        thread->fiber = thread->root_fiber = tr_fiber_alloc(thread, sit_and_release);
        tr_thread_start(thread);
        tr_ractor_sched_start(&some[i]);
    }
    while (atomic_load(&released) < COUNT) (void)!tr_thread_park(f, WAIT_SLEEP_FOREVER, TR_NIL, TR_FOREVER);
}

/* --- descriptors --- */

static int ends[2];

static void write_later(Fiber *f) {
    (void)!tr_thread_park(f, WAIT_SLEEP, TR_NIL, tr_now_ns() + 2000000);
    TR_CHECK(write(ends[1], "x", 1) == 1);
    tr_thread_end(f);
}

static void start_thread(void (*body)(Fiber *)) {
    Thread *thread = tr_thread_new(&main_ractor);
    thread->fiber = thread->root_fiber = tr_fiber_alloc(thread, body);
    tr_thread_start(thread);
}

static void test_descriptors(Fiber *f) {
    TR_CHECK(pipe(ends) == 0);
    for (int i = 0; i < 5; i++) {
        char c;
        TR_CHECK(tr_wait_fd(f, ends[0], TR_POLL_IN, tr_now_ns() + 100000) == TR_FIX(0));
        start_thread(write_later);
        TR_CHECK(tr_wait_fd(f, ends[0], TR_POLL_IN, TR_FOREVER) == TR_FIX(TR_POLL_IN));
        TR_CHECK(read(ends[0], &c, 1) == 1);
    }
    TR_CHECK(tr_wait_fd(f, ends[1], TR_POLL_OUT, TR_FOREVER) == TR_FIX(TR_POLL_OUT));
}

/* --- a thread that wakes goes before one that burns its quantum --- */

static bool is_burning;
static void burn(Fiber *f) {
    while (is_burning) safepoint(f);
    tr_thread_end(f);
}

static void test_preemption(Fiber *f) {
    is_burning = true;
    start_thread(burn);
    start_thread(burn);
    int64_t worst = 0, sum = 0;
    for (int i = 0; i < 50; i++) {
        int64_t deadline = tr_now_ns() + 1000000;
        while (tr_thread_park(f, WAIT_SLEEP, TR_NIL, deadline) == TR_TRUE) {}
        int64_t late = tr_now_ns() - deadline;
        sum += late;
        if (late > worst) worst = late;
    }
    is_burning = false;
    tr_thread_pass(f);
    printf("preemption: %lld us late on average, %lld at most\n", (long long)sum / 50000, (long long)worst / 1000);
    TR_CHECK(sum / 50 < 20 * 1000 * 1000);
}

/* --- hand-offs and fibers, timed --- */

static int baton;
static void pass_baton(Fiber *f) {
    while (baton >= 0) {
        if (baton == 1) {
            baton = 0;
            tr_thread_unpark(main_thread);
        }
        (void)!tr_thread_park(f, WAIT_QUEUE, TR_NIL, TR_FOREVER);
    }
    tr_thread_end(f);
}

static void test_hand_off(Fiber *f) {
    enum { COUNT = 100000 };
    start_thread(pass_baton);
    Thread *other = main_ractor.sched->ready.first->thread;
    int64_t start = tr_now_ns();
    for (int i = 0; i < COUNT; i++) {
        baton = 1;
        tr_thread_unpark(other);
        while (baton == 1) (void)!tr_thread_park(f, WAIT_QUEUE, TR_NIL, TR_FOREVER);
    }
    printf("round trip: %.1f ns\n", (double)(tr_now_ns() - start) / COUNT);
    baton = -1;
    tr_thread_unpark(other);
    tr_thread_pass(f);
}

static Fiber *generator;
static void generate(Fiber *f) {
    for (;;) tr_fiber_switch(f, f->resumer);
}

static void test_fibers(Fiber *f) {
    enum { COUNT = 1000000 };
    generator = tr_fiber_alloc(f->thread, generate);
    generator->resumer = f;
    int64_t start = tr_now_ns();
    for (int i = 0; i < COUNT; i++) tr_fiber_switch(f, generator);
    printf("resume and yield: %.1f ns\n", (double)(tr_now_ns() - start) / COUNT);
    tr_fiber_release(generator);
}

TR_EFFECT_ROOT int main(void) {
    tr_thread_take_interrupts = take_nothing;
    tr_ractor_sched_new(&main_ractor);
    main_thread = tr_thread_new(&main_ractor);
    main_ractor.main_thread = main_thread;
    Fiber *f = tr_fiber_alloc_native(main_thread, 1 << 20);
    main_thread->fiber = main_thread->root_fiber = f;
    tr_ractor_sched_boot(&main_ractor, 4);
    test_many(f);
    test_ends(f);
    test_descriptors(f);
    test_preemption(f);
    test_hand_off(f);
    test_fibers(f);
    puts("threads: ok");
    fflush(stdout);
    _exit(0);
}

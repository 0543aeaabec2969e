/* timer.c - the heap of deadlines; see timer.h. Four children a node: half the depth, and siblings lie in one or two
 * lines of the cache. The deadlines stand in the heap itself, so that comparing touches no timer. */
#include "sched/timer.h"

#include <stdlib.h>
#include <time.h>

#include "base/assert.h"

enum { CHILDREN = 4 };

int64_t tr_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint32_t parent_of(uint32_t place) { return (place - 2) / CHILDREN + 1; }
static uint32_t first_child_of(uint32_t place) { return (place - 1) * CHILDREN + 2; }

static void put(TimerHeap *heap, TimerEntry entry, uint32_t place) {
    heap->items[place] = entry;
    entry.timer->place = place;
}

static void sift_up(TimerHeap *heap, TimerEntry entry, uint32_t place) {
    while (place > 1) {
        uint32_t parent = parent_of(place);
        if (heap->items[parent].deadline_ns <= entry.deadline_ns) break;
        put(heap, heap->items[parent], place);
        place = parent;
    }
    put(heap, entry, place);
}

static void sift_down(TimerHeap *heap, TimerEntry entry, uint32_t place) {
    for (;;) {
        uint32_t first = first_child_of(place);
        if (first > heap->count) break;
        uint32_t least = first;
        for (uint32_t child = first + 1; child < first + CHILDREN && child <= heap->count; child++)
            if (heap->items[child].deadline_ns < heap->items[least].deadline_ns) least = child;
        if (heap->items[least].deadline_ns >= entry.deadline_ns) break;
        put(heap, heap->items[least], place);
        place = least;
    }
    put(heap, entry, place);
}

void tr_timers_fini(TimerHeap *heap) {
    free(heap->items);
    *heap = (TimerHeap){0};
}

void tr_timers_add(TimerHeap *heap, Timer *timer, int64_t deadline_ns) {
    TR_ASSERT(timer->place == 0);
    if (heap->count + 2 > heap->capacity) {
        heap->capacity = heap->capacity ? heap->capacity * 2 : 8;
        heap->items = realloc(heap->items, heap->capacity * sizeof *heap->items);
        TR_CHECK(heap->items);
    }
    timer->deadline_ns = deadline_ns;
    heap->count++;
    sift_up(heap, (TimerEntry){deadline_ns, timer}, heap->count);
}

void tr_timers_remove(TimerHeap *heap, Timer *timer) {
    uint32_t place = timer->place;
    if (place == 0) return;
    TR_ASSERT(heap->items[place].timer == timer);
    timer->place = 0;
    TimerEntry last = heap->items[heap->count--];
    if (last.timer == timer) return;
    if (place > 1 && heap->items[parent_of(place)].deadline_ns > last.deadline_ns) sift_up(heap, last, place);
    else sift_down(heap, last, place);
}

Timer *tr_timers_pop_due(TimerHeap *heap, int64_t now_ns) {
    if (heap->count == 0 || heap->items[1].deadline_ns > now_ns) return NULL;
    Timer *first = heap->items[1].timer;
    tr_timers_remove(heap, first);
    return first;
}

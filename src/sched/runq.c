/* runq.c - the ring of ready tasks of one worker; see runq.h. */
#include "sched/runq.h"

#include <stddef.h>

bool tr_runq_push(RunQueue *queue, Task *task) {
    uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_acquire); /* a slot is free once its taker's CAS is seen */
    if (tail - head >= TR_RUNQ_SLOTS) return false;
    atomic_store_explicit(&queue->slots[tail % TR_RUNQ_SLOTS], task, memory_order_relaxed);
    atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
    return true;
}

Task *tr_runq_pop(RunQueue *queue) {
    for (;;) {
        uint32_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
        uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
        if (head == tail) return NULL;
        Task *task = atomic_load_explicit(&queue->slots[head % TR_RUNQ_SLOTS], memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&queue->head, &head, head + 1, memory_order_acq_rel, memory_order_relaxed))
            return task;
    }
}

Task *tr_runq_steal(RunQueue *from, RunQueue *to) {
    Task *taken[TR_RUNQ_SLOTS / 2];
    for (;;) {
        uint32_t head = atomic_load_explicit(&from->head, memory_order_acquire);
        uint32_t tail = atomic_load_explicit(&from->tail, memory_order_acquire);
        uint32_t count = tail - head;
        if (count == 0) return NULL;
        if (count > TR_RUNQ_SLOTS) continue; /* head and tail were not read at one moment */
        count -= count / 2;
        for (uint32_t i = 0; i < count; i++)
            taken[i] = atomic_load_explicit(&from->slots[(head + i) % TR_RUNQ_SLOTS], memory_order_relaxed);
        if (!atomic_compare_exchange_weak_explicit(&from->head, &head, head + count, memory_order_acq_rel, memory_order_relaxed))
            continue;
        for (uint32_t i = 1; i < count; i++) (void)!tr_runq_push(to, taken[i]); /* `to` was empty: there is room */
        return taken[0];
    }
}

uint32_t tr_runq_count(RunQueue *queue) {
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
    uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
    return tail - head;
}

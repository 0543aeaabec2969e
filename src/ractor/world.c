/* world.c - stopping all Ractors, to collect the shared graph. */
#include "ractor/world.h"

#include <stdlib.h>

#include "base/log.h"
#include "ractor/ractor.h"

#define ROOTS_MAX 16

static struct { RootFn fn; void *context; } world_roots[ROOTS_MAX]; /* written at boot */
static unsigned world_root_count;
static void (*purges[ROOTS_MAX])(void); /* written at boot, as is the count */
static unsigned purge_count;
static _Atomic uint64_t collections; /* a stopper that came second sees that its work is done */

void tr_world_add_root(RootFn fn, void *context) {
    TR_CHECK(world_root_count < ROOTS_MAX);
    world_roots[world_root_count].fn = fn;
    world_roots[world_root_count++].context = context;
}

void tr_world_add_purge(void (*purge)(void)) {
    TR_CHECK(purge_count < ROOTS_MAX);
    purges[purge_count++] = purge;
}

/* Its frame lies below everything that the caller keeps, registers included. */
static __attribute__((noinline)) void stop_from_here(Fiber *f) {
    f->coroutine.sp = __builtin_frame_address(0);
    tr_sched_stop_world();
}

__attribute__((noinline)) MAY_SWITCH void tr_world_stop(Fiber *f) {
    __builtin_unwind_init();
    stop_from_here(f);
    TR_KEEP(f);
}

void tr_world_start(void) { tr_sched_start_world(); }

typedef struct HeapList { Heap **heaps; size_t count, capacity; } HeapList;

static void add_heap(Ractor *ractor, void *data) {
    HeapList *list = data;
    if (!ractor->heap) return;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->heaps = realloc(list->heaps, list->capacity * sizeof *list->heaps);
        TR_CHECK(list->heaps);
    }
    list->heaps[list->count++] = ractor->heap;
}

static void trace_living(Ractor *ractor, void *data) {
    if (!tr_ractor_has_ended(ractor)) tr_ractor_trace_shared(data, ractor);
}

static void trace_world(Tracer *tracer, void *context) {
    (void)context;
    tr_ractor_each(trace_living, tracer);
    for (unsigned i = 0; i < world_root_count; i++) world_roots[i].fn(tracer, world_roots[i].context);
    tr_trace_range(tracer, (const Value *)&tr_class, sizeof tr_class / sizeof(Value));
}

static void purge_world(void) {
    for (unsigned i = 0; i < purge_count; i++) purges[i]();
}

static __attribute__((noinline)) void collect_stopped(void) {
    HeapList list = {0};
    tr_ractor_each(add_heap, &list);
    tr_heap_collect_all_stopped(list.heaps, list.count, trace_world, purge_world, NULL);
    free(list.heaps);
}

MAY_SWITCH void tr_world_collect(Fiber *f) {
    uint64_t before = atomic_load(&collections);
    int64_t start = tr_now_ns();
    tr_world_stop(f);
    if (atomic_load(&collections) == before) {
        collect_stopped();
        atomic_fetch_add(&collections, 1);
        TR_LOG(TR_LOG_GC, "Ractor %u: collection of what is shared, %.2f ms with the stop", f->ractor->id,
               (double)(tr_now_ns() - start) / 1e6);
    }
    tr_world_start();
}

MAY_SWITCH void tr_ractor_postponed_job(Fiber *f) {
    if (tr_heap_is_shared_collection_due()) tr_world_collect(f);
    if (tr_ractor_is_main(f->ractor)) tr_errands_run(f);
    tr_ractor_run_finalizers(f, false);
}

/* heap_test.c - allocation, both kinds of collection, conservative marking, weak tables, the shared space. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

/* A node of the tests: two references and a buffer. */
typedef struct Node { Header h; Value left, right; void *buffer; size_t buffer_bytes; } Node;
static unsigned freed_nodes;

static void node_trace(Tracer *tracer, Value v) {
    Node *node = (Node *)v;
    tr_trace(tracer, node->left);
    tr_trace(tracer, node->right);
}
static void node_free(Heap *heap, Value v) {
    Node *node = (Node *)v;
    freed_nodes++;
    tr_buffer_free(heap, node->buffer, node->buffer_bytes);
}
static const HeapType node_type = {"Node", node_trace, node_free, NULL};

static Value roots[8];
static void *stack_base;
static bool scans_stack;

static void trace_roots(Tracer *tracer, void *context) {
    (void)context;
    tr_trace_range(tracer, roots, 8);
    if (scans_stack) tr_trace_conservative(tracer, __builtin_frame_address(0), stack_base);
}

static Fiber *start(void) {
    Fiber *f = calloc(1, sizeof *f);
    f->heap = tr_heap_new(NULL);
    tr_heap_add_root(f->heap, trace_roots, NULL);
    memset(roots, 0, sizeof roots);
    freed_nodes = 0;
    return f;
}
static void finish(Fiber *f) {
    tr_heap_free(f->heap);
    free(f);
}

static Value node_new(Fiber *f, Value left, Value right) {
    Node *node = tr_heap_alloc(f, sizeof *node, TYPE_ARRAY, NULL);
    node->left = left;
    node->right = right;
    return (Value)node;
}

static Value tree(Fiber *f, int depth) {
    if (depth == 0) return node_new(f, TR_NIL, TR_NIL);
    Value left = tree(f, depth - 1);
    Value right = tree(f, depth - 1);
    return node_new(f, left, right);
}
static unsigned count_tree(Value v) {
    return tr_is_object(v) ? 1 + count_tree(((Node *)v)->left) + count_tree(((Node *)v)->right) : 0;
}

static void test_size_classes(void) {
    for (unsigned c = 0; c < SIZE_CLASS_COUNT; c++) {
        uint64_t expected = 0;
        for (unsigned at = 0; at + tr_slot_bytes[c] <= BLOCK_BYTES; at += tr_slot_bytes[c])
            expected |= (uint64_t)1 << (at / GRANULE_BYTES);
        TR_CHECK(tr_slot_starts[c] == expected);
    }
    for (size_t bytes = 16; bytes <= TR_SLOT_MAX_BYTES; bytes++) {
        unsigned c = tr_size_class_of[(bytes + 15) / 16];
        TR_CHECK(tr_slot_bytes[c] >= bytes && (c == 0 || tr_slot_bytes[c - 1] < bytes || bytes <= 32));
    }
}

static void test_alloc_zeroes(void) {
    Fiber *f = start();
    for (int round = 0; round < 3; round++) {
        for (size_t bytes = 24; bytes <= TR_SLOT_MAX_BYTES; bytes += 40) {
            char *object = tr_heap_alloc(f, bytes, TYPE_STRING, NULL);
            size_t slot = tr_heap_slot_bytes((Value)object);
            TR_CHECK(slot >= bytes);
            for (size_t i = sizeof(Header); i < slot; i++) TR_CHECK(object[i] == 0);
            memset(object + sizeof(Header), 0xff, slot - sizeof(Header));
        }
        tr_heap_collect(f);
    }
    finish(f);
}

static void test_collect(void) {
    Fiber *f = start();
    roots[0] = tree(f, 10);
    tree(f, 8);
    tr_heap_collect(f);
    TR_CHECK(count_tree(roots[0]) == 2047);
    TR_CHECK(freed_nodes == 511);
    HeapStats stats;
    tr_heap_stats(f->heap, &stats);
    TR_CHECK(stats.live_objects == 2047 && stats.freed_objects == 511);
    roots[0] = TR_NIL;
    tr_heap_collect(f);
    TR_CHECK(freed_nodes == 511 + 2047);
    finish(f);
}

static void test_minor(void) {
    Fiber *f = start();
    roots[0] = node_new(f, TR_NIL, TR_NIL);
    tr_heap_collect(f);
    TR_CHECK(tr_has_flag(roots[0], TR_FLAG_OLD));
    Value young = node_new(f, TR_NIL, TR_NIL);
    tr_write(roots[0], &((Node *)roots[0])->left, young);
    TR_CHECK(tr_has_flag(roots[0], TR_FLAG_REMEMBERED));
    node_new(f, TR_NIL, TR_NIL);
    tr_collect(f->heap, true);
    tr_verify_marks(f->heap);
    tr_sweep_finish(f->heap);
    TR_CHECK(freed_nodes == 1 && count_tree(roots[0]) == 2);
    TR_CHECK(!tr_has_flag(roots[0], TR_FLAG_REMEMBERED));
    tr_write(roots[0], &((Node *)roots[0])->left, TR_NIL); /* an old object dies in a major collection only */
    tr_collect(f->heap, true);
    tr_sweep_finish(f->heap);
    TR_CHECK(freed_nodes == 1);
    tr_collect(f->heap, false);
    tr_sweep_finish(f->heap);
    TR_CHECK(freed_nodes == 2);
    finish(f);
}

static void test_stress(void) {
    Fiber *f = start();
    tr_heap_set_stress(f->heap, true);
    f->heap->is_verified = true;
    for (int i = 0; i < 200; i++) {
        roots[1] = node_new(f, TR_NIL, roots[1]);
        if (i % 50 == 49) roots[1] = TR_NIL;
    }
    tr_heap_set_stress(f->heap, false);
    roots[0] = tree(f, 3);
    tr_heap_collect(f);
    TR_CHECK(freed_nodes == 200 && count_tree(roots[0]) == 15);
    finish(f);
}

static __attribute__((noinline)) void test_conservative(void) {
    Fiber *f = start();
    stack_base = (char *)__builtin_frame_address(0) + 64;
    scans_stack = true;
    volatile Value local = node_new(f, TR_NIL, TR_NIL);
    volatile Value interior = node_new(f, TR_NIL, TR_NIL) + 24;
    volatile Value junk[] = {tr_region.base, tr_region.base + 1024 + 63 * 16, tr_region.base + tr_region.used - 8,
                             tr_region.base + tr_region.reserved, 1, ~(Value)0};
    tr_heap_collect(f);
    TR_CHECK(freed_nodes == 0);
    TR_KEEP(junk[0]);
    TR_CHECK(tr_object_type(local) == TYPE_ARRAY && tr_object_type(interior - 24) == TYPE_ARRAY);
    TR_CHECK(tr_page_find_object(f->heap, interior) == interior - 24);
    TR_CHECK(tr_page_find_object(NULL, tr_region.base) == 0);
    scans_stack = false;
    tr_heap_collect(f);
    TR_CHECK(freed_nodes == 2);
    finish(f);
}

static void test_bulk_drives_collections(void) {
    Fiber *f = start();
    for (int i = 0; i < 1000; i++) {
        void *buffer = tr_buffer_alloc(f, 1 << 20);
        Node *node = (Node *)node_new(f, TR_NIL, TR_NIL);
        node->buffer = buffer;
        node->buffer_bytes = 1 << 20;
    }
    HeapStats stats;
    tr_heap_stats(f->heap, &stats);
    TR_CHECK(stats.collections > 10);
    TR_CHECK(stats.buffer_bytes < 100u << 20);
    finish(f);
    TR_CHECK(freed_nodes == 1000);
}

typedef struct TestWeak { WeakTable table; Heap *heap; Value held; } TestWeak;
static void purge_test(WeakTable *table) {
    TestWeak *weak = (TestWeak *)table;
    if (tr_heap_is_doomed(weak->heap, weak->held)) weak->held = TR_NIL;
}

static void test_weak_and_finalizers(void) {
    Fiber *f = start();
    TestWeak weak = {.table.purge = purge_test, .heap = f->heap, .held = node_new(f, TR_NIL, TR_NIL)};
    tr_heap_add_weak(f->heap, &weak.table);
    roots[0] = weak.held;
    roots[1] = node_new(f, TR_NIL, TR_NIL);
    uint64_t id = tr_heap_object_id(f, roots[1]);
    TR_CHECK(tr_heap_object_id(f, roots[1]) == id && tr_heap_object_id(f, roots[0]) != id);
    TR_CHECK(tr_heap_object_from_id(f->heap, id) == roots[1]);
    Value callable = node_new(f, TR_NIL, TR_NIL);
    tr_heap_define_finalizer(f, roots[1], callable);
    tr_heap_collect(f);
    Value called;
    uint64_t called_id;
    TR_CHECK(weak.held == roots[0] && !tr_heap_next_finalizer(f->heap, &called, &called_id, false));
    roots[0] = roots[1] = TR_NIL;
    tr_heap_collect(f);
    TR_CHECK(weak.held == TR_NIL);
    TR_CHECK(tr_heap_next_finalizer(f->heap, &called, &called_id, false) && called == callable && called_id == id);
    TR_CHECK(!tr_heap_next_finalizer(f->heap, &called, &called_id, true));
    TR_CHECK(tr_heap_object_from_id(f->heap, id) == TR_UNDEF);
    for (int i = 0; i < 1000; i++) { /* the table of ids grows and closes its gaps */
        roots[0] = node_new(f, roots[0], TR_NIL);
        uint64_t other = tr_heap_object_id(f, roots[0]);
        TR_CHECK(tr_heap_object_from_id(f->heap, other) == roots[0]);
        if (i % 100 == 99) roots[0] = TR_NIL, tr_heap_collect(f);
    }
    tr_heap_remove_weak(&weak.table);
    finish(f);
}

static void test_shareable(void) {
    Fiber *f = start();
    Value born = (Value)tr_heap_alloc(f, 64, TYPE_STRING | TR_FLAG_SHAREABLE, NULL);
    TR_CHECK(tr_heap_of(born) == &tr_shared_heap);
    Value later = node_new(f, TR_NIL, TR_NIL);
    TR_CHECK(tr_heap_of(later) == f->heap);
    tr_header(later)->flags |= TR_FLAG_SHAREABLE;
    tr_heap_collect(f); /* nobody refers to it: a local collection does not care */
    tr_heap_collect(f);
    TR_CHECK(freed_nodes == 0);
    node_new(f, TR_NIL, TR_NIL);
    finish(f);
    TR_CHECK(freed_nodes == 1);
    TR_CHECK(tr_heap_of(later) == &tr_shared_heap && tr_object_type(later) == TYPE_ARRAY);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(void) {
    Fiber *f = start();
    double t = now();
    for (int i = 0; i < 20000000; i++) tr_heap_alloc(f, 40, TYPE_FLOAT, NULL);
    printf("alloc 48-byte garbage: %.2f ns each\n", (now() - t) * 1e9 / 20000000);
    t = now();
    unsigned nodes = 0;
    for (int i = 0; i < 20; i++) {
        roots[0] = tree(f, 16);
        nodes += (2 << 16) - 1;
    }
    printf("trees of 2^16: %.2f ns each node\n", (now() - t) * 1e9 / nodes);
    HeapStats stats;
    tr_heap_stats(f->heap, &stats);
    printf("collections %lu (minor %lu), %.2f ms, %lu pages\n", (unsigned long)stats.collections,
           (unsigned long)stats.minor_collections, (double)stats.collect_time_ns / 1e6, (unsigned long)stats.pages);
    finish(f);
    f = calloc(1, sizeof *f);
    t = now();
    for (int i = 0; i < 1000000; i++) {
        f->heap = tr_heap_new(NULL);
        for (int j = 0; j < 8; j++) node_new(f, TR_NIL, TR_NIL);
        tr_heap_alloc(f, 100, TYPE_FLOAT, NULL);
        tr_heap_free(f->heap);
    }
    printf("heap_new, 9 objects, heap_free: %.2f ns\n", (now() - t) * 1e9 / 1000000);
    free(f);
}

TR_EFFECT_ROOT int main(int argc, char **argv) {
    (void)argv;
    unsetenv("TROUPE_GC_STRESS"); /* these tests say themselves when there is a collection */
    tr_heap_register_type(TYPE_ARRAY, &node_type);
    test_size_classes();
    test_alloc_zeroes();
    test_collect();
    test_minor();
    test_stress();
    test_conservative();
    test_bulk_drives_collections();
    test_weak_and_finalizers();
    test_shareable();
    if (argc > 1) measure();
    puts("ok");
    return 0;
}

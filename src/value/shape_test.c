/* shape_test.c - shapes: same names in the same order are the same shape, on any thread; deep and wide trees. */
#include "value/shape.h"

#include <pthread.h>
#include <stdio.h>

#include "base/assert.h"

static void test_order(void) {
    uint32_t ab = tr_shape_add(tr_shape_add(TR_SHAPE_ROOT, 11), 12), ba = tr_shape_add(tr_shape_add(TR_SHAPE_ROOT, 12), 11);
    TR_CHECK(ab != ba && ab == tr_shape_add(tr_shape_add(TR_SHAPE_ROOT, 11), 12));
    TR_CHECK(tr_shape_find(ab, 11) == 0 && tr_shape_find(ab, 12) == 1 && tr_shape_find(ab, 13) == TR_SHAPE_NO_SLOT);
    TR_CHECK(tr_shape_find(ba, 11) == 1 && tr_shape_count(ba) == 2 && tr_shape_name(ba, 0) == 12);
    TR_CHECK(tr_shape_find(TR_SHAPE_ROOT, 11) == TR_SHAPE_NO_SLOT && tr_shape_count(TR_SHAPE_ROOT) == 0);
}

static void test_deep(void) {
    uint32_t shape = TR_SHAPE_ROOT;
    for (uint32_t i = 0; i < TR_SHAPE_MAX_SLOTS; i++) {
        shape = tr_shape_add(shape, 1000 + i);
        TR_CHECK(shape != TR_SHAPE_COMPLEX);
    }
    for (uint32_t i = 0; i < TR_SHAPE_MAX_SLOTS; i++) TR_CHECK(tr_shape_find(shape, 1000 + i) == i);
    TR_CHECK(tr_shape_find(shape, 999) == TR_SHAPE_NO_SLOT);
    TR_CHECK(tr_shape_add(shape, 5) == TR_SHAPE_COMPLEX && tr_shape_add(TR_SHAPE_COMPLEX, 5) == TR_SHAPE_COMPLEX);
}

enum { THREADS = 4, SHAPES = 30000 };
static uint32_t seen[THREADS][SHAPES];

static void *grow(void *argument) {
    uint32_t *out = argument;
    for (uint32_t i = 0; i < SHAPES; i++) {
        uint32_t parent = i < 100 ? TR_SHAPE_ROOT : out[i / 3];
        out[i] = tr_shape_add(parent, 10000 + i);
        TR_CHECK(tr_shape_find(out[i], 10000 + i) == tr_shape_count(parent));
    }
    return NULL;
}

static void test_threads(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) TR_CHECK(pthread_create(&threads[i], NULL, grow, seen[i]) == 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 1; i < THREADS; i++) TR_CHECK(memcmp(seen[0], seen[i], sizeof seen[0]) == 0);
}

int main(void) {
    test_order();
    test_deep();
    test_threads();
    puts("ok");
    return 0;
}

/* parcel_memory.c - blocks for parcels, passed on by the bunch.
 *
 * What one OS thread allocates another frees, message after message, which malloc answers with a lock for each. Here each
 * thread has a hand of free blocks per size; a hand that is full gives a bunch to the depot, an empty one takes a bunch from
 * there. So a lock is taken once in BUNCH_BYTES of traffic.
 */
#include "ractor/parcel_memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/assert.h"

/* Sizes in steps of a quarter: 64, 80, 96, 112, 128, 160, … 7168, 8192. */
#define SMALLEST_LOG2 6
#define LARGEST_LOG2 13
#define SIZE_COUNT ((LARGEST_LOG2 - SMALLEST_LOG2) * 4 + 1)
#define BUNCH_BYTES 32768
#define BUNCH_MAX 128
#define DEPOT_MAX_BUNCHES 64 /* what the depot keeps of a size; more goes back to malloc */

typedef struct FreeBlock { struct FreeBlock *next, *next_bunch; } FreeBlock;

static pthread_mutex_t depot_lock = PTHREAD_MUTEX_INITIALIZER;
static struct { FreeBlock *bunches; unsigned count; } depot[SIZE_COUNT]; /* under depot_lock */
static _Thread_local struct { FreeBlock *free; unsigned count; } hands[SIZE_COUNT];

/* Sanitizers are to see every block's true size, its end, and who gave it back. */
#if defined(__SANITIZE_ADDRESS__)
#define ALWAYS_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALWAYS_MALLOC 1
#endif
#endif
#ifndef ALWAYS_MALLOC
#define ALWAYS_MALLOC 0
#endif

static size_t bytes_of_size(unsigned size) { return (size_t)(4 + size % 4) << (size / 4 + SMALLEST_LOG2 - 2); }

static unsigned bunch_count(unsigned size) {
    size_t count = BUNCH_BYTES / bytes_of_size(size);
    return count < BUNCH_MAX ? (unsigned)count : BUNCH_MAX;
}

/* -1: too large to be kept. */
static inline int size_for(size_t bytes) {
    if (bytes > (size_t)1 << LARGEST_LOG2 || ALWAYS_MALLOC) return -1;
    if (bytes <= (size_t)1 << SMALLEST_LOG2) return 0;
    unsigned log2 = 63 - (unsigned)__builtin_clzll(bytes - 1);
    return (int)((log2 - SMALLEST_LOG2) * 4 + ((bytes - 1) >> (log2 - 2)) - 3);
}

static void *checked(void *memory) {
    if (!memory) tr_fatal(__FILE__, __LINE__, "no memory for a message");
    return memory;
}

static __attribute__((noinline)) void *take_bunch(unsigned size) {
    pthread_mutex_lock(&depot_lock);
    FreeBlock *bunch = depot[size].bunches;
    if (bunch) {
        depot[size].bunches = bunch->next_bunch;
        depot[size].count--;
    }
    pthread_mutex_unlock(&depot_lock);
    if (!bunch) return checked(malloc(bytes_of_size(size)));
    hands[size].free = bunch->next;
    hands[size].count = bunch_count(size) - 1;
    return bunch;
}

static __attribute__((noinline)) void give_bunch(unsigned size) {
    FreeBlock *bunch = hands[size].free, *last = bunch;
    for (unsigned i = 1; i < bunch_count(size); i++) last = last->next;
    hands[size].free = last->next;
    hands[size].count -= bunch_count(size);
    last->next = NULL;
    pthread_mutex_lock(&depot_lock);
    bool fits = depot[size].count < DEPOT_MAX_BUNCHES;
    if (fits) {
        bunch->next_bunch = depot[size].bunches;
        depot[size].bunches = bunch;
        depot[size].count++;
    }
    pthread_mutex_unlock(&depot_lock);
    for (FreeBlock *block = fits ? NULL : bunch, *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

__attribute__((noinline)) void *tr_parcel_block_new(size_t bytes) {
    int size = size_for(bytes);
    if (size < 0) return malloc(bytes);
    FreeBlock *block = hands[size].free;
    if (!block) return take_bunch((unsigned)size);
    hands[size].free = block->next;
    hands[size].count--;
    return block;
}

__attribute__((noinline)) void tr_parcel_block_free(void *taken_block, size_t bytes) {
    if (!taken_block) return;
    int size = size_for(bytes);
    if (size < 0) {
        free(taken_block);
        return;
    }
    FreeBlock *block = taken_block;
    block->next = hands[size].free;
    hands[size].free = block;
    if (++hands[size].count >= 2 * bunch_count((unsigned)size)) give_bunch((unsigned)size);
}

/* object_id.c - Object#object_id: a number that no other object of the process ever has.
 *
 * One table for all heaps, in shards with a lock each, because an object keeps its number when it becomes shareable and
 * other Ractors ask for it. A heap takes numbers in runs, so counting is not shared. TR_FLAG_OBJECT_ID in the header
 * says that there is an entry; sweeping drops it. For a shareable object the flag is set under the shard's lock.
 */
#include <stdlib.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

#define SHARD_COUNT 64
#define ID_STEP 8     /* as CRuby's */
#define ID_RUN 64     /* numbers that a heap takes at once */

typedef struct IdEntry { Value object; uint64_t id; } IdEntry; /* object 0: unused */
typedef struct Shard {
    pthread_mutex_t lock;
    IdEntry *entries; size_t count, capacity; /* open addressing, a power of two, at most three quarters full */
} Shard;

static Shard shards[SHARD_COUNT] = {[0 ... SHARD_COUNT - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static _Atomic uint64_t next_run = 1; /* relaxed: only uniqueness counts */

static uint64_t mix(Value v) {
    uint64_t h = (v >> 4) * 0x9e3779b97f4a7c15u;
    return h ^ (h >> 32);
}
static Shard *shard_of(Value v) { return &shards[mix(v) % SHARD_COUNT]; }

static IdEntry *find_locked(Shard *shard, Value v) {
    if (!shard->capacity) return NULL;
    size_t mask = shard->capacity - 1;
    for (size_t i = (mix(v) / SHARD_COUNT) & mask;; i = (i + 1) & mask) {
        if (shard->entries[i].object == v) return &shard->entries[i];
        if (!shard->entries[i].object) return NULL;
    }
}

static void insert_locked(Shard *shard, Value v, uint64_t id) {
    if (shard->count * 4 >= shard->capacity * 3) {
        IdEntry *old = shard->entries;
        size_t old_capacity = shard->capacity;
        shard->capacity = old_capacity ? old_capacity * 2 : 16;
        shard->entries = calloc(shard->capacity, sizeof *shard->entries);
        if (!shard->entries) tr_fatal(__FILE__, __LINE__, "no memory for object ids");
        shard->count = 0;
        for (size_t i = 0; i < old_capacity; i++)
            if (old[i].object) insert_locked(shard, old[i].object, old[i].id);
        free(old);
    }
    size_t mask = shard->capacity - 1, i = (mix(v) / SHARD_COUNT) & mask;
    while (shard->entries[i].object) i = (i + 1) & mask;
    shard->entries[i] = (IdEntry){v, id};
    shard->count++;
}

static uint64_t new_id(Heap *heap) {
    HeapExtras *extras = tr_heap_extras(heap);
    if (extras->next_id == extras->last_id) {
        extras->next_id = atomic_fetch_add_explicit(&next_run, ID_RUN, memory_order_relaxed);
        extras->last_id = extras->next_id + ID_RUN;
    }
    return extras->next_id++ * ID_STEP;
}

MAY_GC uint64_t tr_heap_object_id(Fiber *f, Value object) {
    Shard *shard = shard_of(object);
    pthread_mutex_lock(&shard->lock);
    IdEntry *entry = find_locked(shard, object);
    uint64_t id = entry ? entry->id : new_id(f->heap);
    if (!entry) {
        insert_locked(shard, object, id);
        tr_header(object)->flags |= TR_FLAG_OBJECT_ID;
    }
    pthread_mutex_unlock(&shard->lock);
    return id;
}

void tr_object_id_drop(Value object) {
    Shard *shard = shard_of(object);
    pthread_mutex_lock(&shard->lock);
    IdEntry *entry = find_locked(shard, object);
    if (entry) {
        size_t mask = shard->capacity - 1, hole = (size_t)(entry - shard->entries);
        /* Close the gap: move up each follower whose own place is not behind the hole. */
        for (size_t i = (hole + 1) & mask; shard->entries[i].object; i = (i + 1) & mask) {
            size_t home = (mix(shard->entries[i].object) / SHARD_COUNT) & mask;
            if (((i - home) & mask) < ((i - hole) & mask)) continue;
            shard->entries[hole] = shard->entries[i];
            hole = i;
        }
        shard->entries[hole] = (IdEntry){0, 0};
        shard->count--;
    }
    pthread_mutex_unlock(&shard->lock);
}

Value tr_heap_object_from_id(Heap *heap, uint64_t id) {
    tr_sweep_finish(heap);
    for (Shard *shard = shards; shard < shards + SHARD_COUNT; shard++) {
        Value found = TR_UNDEF;
        pthread_mutex_lock(&shard->lock);
        for (size_t i = 0; i < shard->capacity && found == TR_UNDEF; i++)
            if (shard->entries[i].object && shard->entries[i].id == id) found = shard->entries[i].object;
        pthread_mutex_unlock(&shard->lock);
        if (found == TR_UNDEF) continue;
        return tr_heap_of(found) == heap || tr_has_flag(found, TR_FLAG_SHAREABLE) ? found : TR_UNDEF;
    }
    return TR_UNDEF;
}

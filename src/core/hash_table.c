/* hash_table.c - the table inside Hash: lookup, insertion, deletion, growth. Layout and invariants:
 * hash_table.h.
 *
 * Keys whose equality is the identity of the word (fixnums, symbols, nil, true, false; everything with
 * compare_by_identity) and Strings are found without leaving C. Any other key may run Ruby for `hash` and
 * `eql?`, and that code may change this very table: the search then starts again.
 *
 * The seed is drawn once per process, before main, so that shareable hashes can be read by every Ractor.
 */
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "core/core.h"
#include "core/hash_table.h"

#define EMBED_DEFAULT 4 /* entries embedded in a new empty Hash */
#define COUNT_MAX     (UINT32_MAX / 4)

static uint64_t seed[2]; /* written once, before main */

__attribute__((constructor)) static void draw_seed(void) {
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed[0] = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u;
        seed[1] = (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)&now;
    }
    seed[0] |= 1;
}

/* --- hashing --- */

static inline uint64_t fold_multiply(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_word(uint64_t word) {
    return fold_multiply(word ^ seed[1], 0x9e3779b97f4a7c15u ^ seed[0]);
}

uint64_t tr_hash_mix(uint64_t a, uint64_t b) {
    return fold_multiply(a ^ seed[0], b ^ 0xd6e8feb86659fd93u ^ seed[1]) + b;
}

static inline uint64_t load64(const unsigned char *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

static inline uint64_t load32(const unsigned char *p) {
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}

uint64_t tr_hash_bytes(const void *bytes, size_t size) {
    const unsigned char *p = bytes;
    const uint64_t k0 = 0xa0761d6478bd642fu, k1 = 0xe7037ed1a0b428dbu;
    uint64_t state = seed[0] ^ fold_multiply(seed[1] ^ k0, size ^ k1);
    size_t left = size;
    while (left > 16) {
        state = fold_multiply(load64(p) ^ k1, load64(p + 8) ^ state);
        p += 16;
        left -= 16;
    }
    uint64_t a = 0, b = 0;
    if (left >= 8) {
        a = load64(p);
        b = load64(p + left - 8);
    } else if (left >= 4) {
        a = load32(p);
        b = load32(p + left - 4);
    } else if (left > 0) {
        a = (uint64_t)p[0] << 16 | (uint64_t)p[left >> 1] << 8 | p[left - 1];
    }
    return fold_multiply(k0 ^ size, fold_multiply(a ^ k1, b ^ state));
}

/* Equal iff the same word: no `eql?` needed. */
static inline bool is_word_key(Value key) { return tr_is_fixnum(key) || tr_is_symbol(key) || key <= TR_TRUE; }

static inline bool is_word_table(Value hash, Value key) {
    return is_word_key(key) || tr_hash_is_identity(hash);
}

MAY_SWITCH MAY_RAISE static bool hash_key(Fiber *f, Value hash, Value key, uint64_t *out) {
    if (is_word_table(hash, key)) {
        *out = hash_word(key);
        return true;
    }
    if (tr_is_string(key)) {
        *out = tr_string_hash(key);
        return true;
    }
    return tr_hash_of(f, key, out);
}

/* --- storage --- */

static size_t index_count_for(size_t capacity) { return capacity > HASH_LINEAR_MAX ? capacity * 2 : 0; }

static size_t buffer_bytes(size_t capacity) {
    return capacity * sizeof(HashEntry) + index_count_for(capacity) * sizeof(uint32_t);
}

static void trace_hash(Tracer *tracer, Value object) {
    Hash *h = tr_hash(object);
    tr_trace(tracer, h->fallback);
    for (uint32_t i = h->first; i < h->used; i++) {
        tr_trace(tracer, h->entries[i].key);
        tr_trace(tracer, h->entries[i].value);
    }
}

static void free_hash(Heap *heap, Value object) {
    Hash *h = tr_hash(object);
    if (!tr_has_flag(object, HASH_EMBEDDED) && h->entries)
        tr_buffer_free(heap, h->entries, buffer_bytes(h->capacity));
}

static size_t size_of_hash(Value object) {
    Hash *h = tr_hash(object);
    return tr_has_flag(object, HASH_EMBEDDED) || !h->entries ? 0 : buffer_bytes(h->capacity);
}

void tr_hash_register_type(void) {
    static const HeapType type = {"Hash", trace_hash, free_hash, size_of_hash};
    tr_heap_register_type(TYPE_HASH, &type);
    tr_heap_set_free_unless(TYPE_HASH, HASH_EMBEDDED);
}

static MAY_GC Value hash_alloc_embedding(Fiber *f, Class *klass, size_t room) {
    Hash *h = tr_heap_alloc(f, sizeof(Hash) + room * sizeof(HashEntry), TYPE_HASH | HASH_EMBEDDED, klass);
    h->entries = h->embedded;
    h->capacity = (uint32_t)room;
    h->fallback = TR_NIL;
    return (Value)h;
}

Value tr_hash_alloc(Fiber *f, Class *klass) { return hash_alloc_embedding(f, klass, EMBED_DEFAULT); }

Value tr_hash_new(Fiber *f) { return hash_alloc_embedding(f, tr_class.hash, EMBED_DEFAULT); }

Value tr_hash_new_capacity(Fiber *f, size_t capacity) {
    if (capacity <= HASH_LINEAR_MAX)
        return hash_alloc_embedding(f, tr_class.hash, capacity < 1 ? EMBED_DEFAULT : capacity);
    Value hash = hash_alloc_embedding(f, tr_class.hash, 0);
    if (!tr_hash_reserve(f, hash, capacity))
        (void)tr_rescue(f, NULL); /* then it grows, or raises, when filled */
    return hash;
}

static inline void index_insert(Hash *h, uint64_t hash, uint32_t position) {
    uint32_t at = (uint32_t)hash & h->index_mask;
    while (h->index[at]) at = (at + 1) & h->index_mask;
    h->index[at] = position + 1;
}

static void index_rebuild(Hash *h) {
    if (!h->index) return;
    memset(h->index, 0, ((size_t)h->index_mask + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < h->used; i++) index_insert(h, h->entries[i].hash, i);
}

/* Squeezes the dead entries out. Only while nothing iterates. */
static void compact(Hash *h) {
    uint32_t to = 0;
    for (uint32_t i = h->first; i < h->used; i++)
        if (h->entries[i].key != TR_UNDEF) h->entries[to++] = h->entries[i];
    h->used = to;
    h->first = 0;
    index_rebuild(h);
}

static size_t round_capacity(size_t wanted) {
    if (wanted <= HASH_LINEAR_MAX) return HASH_LINEAR_MAX;
    size_t capacity = 16;
    while (capacity < wanted) capacity *= 2;
    return capacity;
}

/* Moves the live entries into a buffer for at least `wanted`. */
static MAY_GC MAY_RAISE bool resize(Fiber *f, Value hash, size_t wanted) {
    size_t capacity = round_capacity(wanted);
    if (capacity > COUNT_MAX) return !tr_is_raised(tr_raise(f, tr_class.argument_error, "hash too big"));
    HashEntry *entries = tr_buffer_alloc(f, buffer_bytes(capacity));
    if (!entries) return !tr_is_raised(tr_raise_no_memory(f));
    Hash *h = tr_hash(hash);
    uint32_t to = 0;
    for (uint32_t i = h->first; i < h->used; i++)
        if (h->entries[i].key != TR_UNDEF) entries[to++] = h->entries[i];
    if (!tr_has_flag(hash, HASH_EMBEDDED) && h->entries)
        tr_buffer_free(f->heap, h->entries, buffer_bytes(h->capacity));
    h->h.flags &= ~HASH_EMBEDDED;
    h->entries = entries;
    h->capacity = (uint32_t)capacity;
    h->used = to;
    h->first = 0;
    size_t index_count = index_count_for(capacity);
    h->index = index_count ? (uint32_t *)(entries + capacity) : NULL;
    h->index_mask = index_count ? (uint32_t)index_count - 1 : 0;
    index_rebuild(h);
    return true;
}

bool tr_hash_reserve(Fiber *f, Value hash, size_t capacity) {
    return capacity <= tr_hash(hash)->capacity || resize(f, hash, capacity);
}

static MAY_GC MAY_RAISE bool make_room(Fiber *f, Value hash) {
    Hash *h = tr_hash(hash);
    if (TR_LIKELY(h->used < h->capacity)) return true;
    if (h->count < h->capacity - h->capacity / 4 && h->capacity > 0) {
        compact(h);
        return true;
    }
    return resize(f, hash, (size_t)h->count * 2);
}

/* --- search --- */

#define ABSENT        ((int64_t)-1)
#define SEARCH_RAISED ((int64_t)-2)

static inline int64_t find_word(const Hash *h, Value key) {
    const HashEntry *entries = h->entries;
    if (!h->index) {
        for (uint32_t i = h->first; i < h->used; i++)
            if (entries[i].key == key) return i;
        return ABSENT;
    }
    uint32_t at = (uint32_t)hash_word(key) & h->index_mask;
    for (uint32_t position; (position = h->index[at]) != 0; at = (at + 1) & h->index_mask)
        if (entries[position - 1].key == key) return position - 1;
    return ABSENT;
}

static inline bool string_keys_equal(Value a, Value b) {
    return a == b || (tr_is_string(b) && tr_string_equal(a, b));
}

static int64_t find_string(const Hash *h, Value key, uint64_t hash) {
    const HashEntry *entries = h->entries;
    if (!h->index) {
        for (uint32_t i = h->first; i < h->used; i++)
            if (entries[i].hash == hash && string_keys_equal(key, entries[i].key)) return i;
        return ABSENT;
    }
    uint32_t at = (uint32_t)hash & h->index_mask;
    for (uint32_t position; (position = h->index[at]) != 0; at = (at + 1) & h->index_mask) {
        const HashEntry *entry = &entries[position - 1];
        if (entry->hash == hash && string_keys_equal(key, entry->key)) return position - 1;
    }
    return ABSENT;
}

/* Keys with Ruby-level `eql?`. The comparison may change the table: `entries` or the candidate moved: start
 * again. */
static MAY_SWITCH MAY_RAISE int64_t find_any(Fiber *f, Value hash, Value key, uint64_t wanted) {
restart:;
    Hash *h = tr_hash(hash);
    uint32_t at = (uint32_t)wanted & h->index_mask, next = h->first;
    for (;;) {
        uint32_t position;
        if (h->index) {
            position = h->index[at];
            if (!position) return ABSENT;
            position--;
            at = (at + 1) & h->index_mask;
        } else {
            if (next >= h->used) return ABSENT;
            position = next++;
        }
        Value candidate = h->entries[position].key;
        if (candidate == TR_UNDEF || h->entries[position].hash != wanted) continue;
        if (candidate == key) return position;
        const HashEntry *before = h->entries;
        uint32_t used_before = h->used;
        int same = tr_eql(f, key, candidate);
        if (same < 0) return SEARCH_RAISED;
        if (h->entries != before || h->used < used_before || h->entries[position].key != candidate)
            goto restart;
        if (same) return position;
    }
}

static inline MAY_SWITCH MAY_RAISE int64_t find(Fiber *f, Value hash, Value key, uint64_t hash_value) {
    if (is_word_table(hash, key)) return find_word(tr_hash(hash), key);
    if (tr_is_string(key)) return find_string(tr_hash(hash), key, hash_value);
    return find_any(f, hash, key, hash_value);
}

Value tr_hash_get(Fiber *f, Value hash, Value key) {
    Hash *h = tr_hash(hash);
    if (h->count == 0) return TR_UNDEF;
    int64_t at;
    if (is_word_table(hash, key)) {
        at = find_word(h, key);
    } else {
        uint64_t hash_value;
        if (!hash_key(f, hash, key, &hash_value)) return TR_RAISED;
        at = find(f, hash, key, hash_value);
        if (at == SEARCH_RAISED) return TR_RAISED;
    }
    return at < 0 ? TR_UNDEF : h->entries[at].value;
}

int tr_hash_find(Fiber *f, Value hash, Value key, size_t *position) {
    if (tr_hash(hash)->count == 0) return 0;
    uint64_t hash_value;
    if (!hash_key(f, hash, key, &hash_value)) return -1;
    int64_t at = find(f, hash, key, hash_value);
    if (at == SEARCH_RAISED) return -1;
    if (at < 0) return 0;
    *position = (size_t)at;
    return 1;
}

Value tr_hash_get_symbol(Value hash, Id key) {
    Hash *h = tr_hash(hash);
    int64_t at = find_word(h, tr_value_from_id(key));
    return at < 0 ? TR_UNDEF : h->entries[at].value;
}

/* --- change --- */

static MAY_GC MAY_RAISE bool append(Fiber *f, Value hash, Value key, Value value, uint64_t hash_value) {
    Hash *h = tr_hash(hash);
    if (TR_UNLIKELY(h->iterating)) {
        return !tr_is_raised(
            tr_raise(f, tr_class.runtime_error, "can't add a new key into hash during iteration"));
    }
    if (TR_UNLIKELY(!make_room(f, hash))) return false;
    uint32_t position = h->used++;
    HashEntry *entry = &h->entries[position];
    entry->hash = hash_value;
    tr_write(hash, &entry->key, key);
    tr_write(hash, &entry->value, value);
    h->count++;
    if (h->index) index_insert(h, hash_value, position);
    return true;
}

Value tr_hash_append_new(Fiber *f, Value hash, Value key, Value value) {
    if (!is_word_table(hash, key) && !tr_is_string(key)) return tr_hash_set_raw(f, hash, key, value);
    uint64_t hash_value;
    if (!hash_key(f, hash, key, &hash_value)) return TR_RAISED;
    return append(f, hash, key, value, hash_value) ? value : TR_RAISED;
}

bool tr_hash_append_pairs(Fiber *f, Value hash, const Value *pairs, size_t count) {
    Hash *h = tr_hash(hash);
    for (size_t i = 0; i < count; i++, pairs += 2) {
        Value key = pairs[0];
        uint64_t hash_value;
        if (is_word_key(key)) hash_value = hash_word(key);
        else if (tr_is_string(key) && !tr_hash_is_identity(hash)) hash_value = tr_string_hash(key);
        else hash_value = 0;
        if (TR_LIKELY(hash_value && h->used < h->capacity && !h->iterating)) {
            h->entries[h->used] = (HashEntry){key, pairs[1], hash_value};
            if (h->index) index_insert(h, hash_value, h->used);
            h->used++;
            h->count++;
            continue;
        }
        tr_write_many(hash);
        if (tr_hash_append_new(f, hash, key, pairs[1]) == TR_RAISED) return false;
    }
    tr_write_many(hash);
    return true;
}

Value tr_hash_set_raw(Fiber *f, Value hash, Value key, Value value) {
    uint64_t hash_value;
    if (!hash_key(f, hash, key, &hash_value)) return TR_RAISED;
    int64_t at = find(f, hash, key, hash_value);
    if (at == SEARCH_RAISED) return TR_RAISED;
    if (at >= 0) {
        tr_write(hash, &tr_hash(hash)->entries[at].value, value);
        return value;
    }
    return append(f, hash, key, value, hash_value) ? value : TR_RAISED;
}

int tr_hash_add(Fiber *f, Value hash, Value key, Value value) {
    uint64_t hash_value;
    if (!hash_key(f, hash, key, &hash_value)) return -1;
    int64_t at = find(f, hash, key, hash_value);
    if (at == SEARCH_RAISED) return -1;
    if (at >= 0) return 0;
    return append(f, hash, key, value, hash_value) ? 1 : -1;
}

static MAY_GC Value frozen_copy(Fiber *f, Value string) {
    Value copy = tr_string_dup(f, string);
    tr_header(copy)->flags |= TR_FLAG_FROZEN;
    return copy;
}

Value tr_hash_set(Fiber *f, Value hash, Value key, Value value) {
    uint64_t hash_value;
    if (!hash_key(f, hash, key, &hash_value)) return TR_RAISED;
    int64_t at = find(f, hash, key, hash_value);
    if (at == SEARCH_RAISED) return TR_RAISED;
    if (at >= 0) {
        tr_write(hash, &tr_hash(hash)->entries[at].value, value);
        return value;
    }
    if (tr_is_string(key) && !tr_has_flag(key, TR_FLAG_FROZEN) && !tr_hash_is_identity(hash) &&
        tr_class_of(key) == tr_class.string && !tr_hash(hash)->iterating)
        key = frozen_copy(f, key);
    return append(f, hash, key, value, hash_value) ? value : TR_RAISED;
}

Value tr_hash_set_symbol(Fiber *f, Value hash, Id id, Value value) {
    Hash *h = tr_hash(hash);
    Value key = tr_value_from_id(id);
    int64_t at = find_word(h, key);
    if (at >= 0) {
        tr_write(hash, &h->entries[at].value, value);
        return value;
    }
    return append(f, hash, key, value, hash_word(key)) ? value : TR_RAISED;
}

void tr_hash_delete_at(Value hash, size_t position) {
    Hash *h = tr_hash(hash);
    h->entries[position].key = TR_UNDEF;
    h->entries[position].value = TR_NIL;
    h->count--;
    if (h->count == 0 && !h->iterating) {
        h->used = h->first = 0;
        index_rebuild(h);
        return;
    }
    while (h->first < h->used && h->entries[h->first].key == TR_UNDEF) h->first++;
}

Value tr_hash_delete(Fiber *f, Value hash, Value key) {
    size_t position;
    int found = tr_hash_find(f, hash, key, &position);
    if (found < 0) return TR_RAISED;
    if (!found) return TR_UNDEF;
    Value value = tr_hash(hash)->entries[position].value;
    tr_hash_delete_at(hash, position);
    return value;
}

Value tr_hash_clear(Fiber *f, Value hash) {
    Hash *h = tr_hash(hash);
    if (h->iterating) {
        for (uint32_t i = h->first; i < h->used; i++) {
            h->entries[i].key = TR_UNDEF;
            h->entries[i].value = TR_NIL;
        }
        h->count = 0;
        h->first = h->used;
        return hash;
    }
    if (!tr_has_flag(hash, HASH_EMBEDDED) && h->entries) {
        tr_buffer_free(f->heap, h->entries, buffer_bytes(h->capacity));
        h->entries = NULL;
        h->index = NULL;
        h->capacity = h->index_mask = 0;
    }
    h->count = h->used = h->first = 0;
    return hash;
}

/* --- the whole table --- */

bool tr_hash_next(Value hash, size_t *position, Value *key, Value *value) {
    Hash *h = tr_hash(hash);
    size_t i = *position < h->first ? h->first : *position;
    while (i < h->used && h->entries[i].key == TR_UNDEF) i++;
    if (i >= h->used) {
        *position = i;
        return false;
    }
    *key = h->entries[i].key;
    *value = h->entries[i].value;
    *position = i + 1;
    return true;
}

size_t tr_hash_count(Value hash) { return tr_hash(hash)->count; }

/* Copies the entries of `from` (compacted) into the empty table `to`. */
static MAY_GC MAY_RAISE bool copy_entries(Fiber *f, Value to, Value from) {
    if (!tr_hash_reserve(f, to, tr_hash(from)->count)) return false;
    Hash *target = tr_hash(to), *source = tr_hash(from);
    uint32_t count = 0;
    for (uint32_t i = source->first; i < source->used; i++)
        if (source->entries[i].key != TR_UNDEF) target->entries[count++] = source->entries[i];
    target->used = target->count = count;
    target->first = 0;
    index_rebuild(target);
    tr_write_many(to);
    return true;
}

Value tr_hash_dup(Fiber *f, Value hash) {
    uint32_t count = tr_hash(hash)->count;
    Value copy =
        hash_alloc_embedding(f, tr_class.hash, count <= HASH_LINEAR_MAX && count > 0 ? count : EMBED_DEFAULT);
    tr_header(copy)->flags |= tr_header(hash)->flags & HASH_IDENTITY;
    if (!copy_entries(f, copy, hash)) tr_fatal(__FILE__, __LINE__, "out of memory for a copy of a Hash");
    return copy;
}

Value tr_hash_replace(Fiber *f, Value hash, Value from) {
    if (hash == from) return hash;
    if (tr_hash(hash)->iterating)
        return tr_raise(f, tr_class.runtime_error, "can't replace hash during iteration");
    if (tr_is_raised(tr_hash_clear(f, hash))) return TR_RAISED;
    tr_header(hash)->flags =
        (tr_header(hash)->flags & ~HASH_IDENTITY) | (tr_header(from)->flags & HASH_IDENTITY);
    return copy_entries(f, hash, from) ? hash : TR_RAISED;
}

Value tr_hash_update(Fiber *f, Value hash, Value other) {
    size_t position = 0;
    Value key, value;
    if (tr_hash(hash)->count == 0 && !tr_hash(hash)->iterating && hash != other &&
        tr_hash_is_identity(hash) == tr_hash_is_identity(other))
        return copy_entries(f, hash, other) ? hash : TR_RAISED;
    while (tr_hash_next(other, &position, &key, &value))
        if (tr_is_raised(tr_hash_set(f, hash, key, value))) return TR_RAISED;
    return hash;
}

/* Refills `hash` from its own entries: keys have changed, or the way they are compared. */
Value tr_hash_rehash(Fiber *f, Value hash) {
    if (tr_hash(hash)->iterating) return tr_raise(f, tr_class.runtime_error, "rehash during iteration");
    Value copy = hash_alloc_embedding(f, tr_class.hash, 0);
    tr_header(copy)->flags |= tr_header(hash)->flags & HASH_IDENTITY;
    if (!tr_hash_reserve(f, copy, tr_hash(hash)->count)) return TR_RAISED;
    size_t position = 0;
    Value key, value;
    while (tr_hash_next(hash, &position, &key, &value))
        if (tr_hash_add(f, copy, key, value) < 0) return TR_RAISED;
    return tr_hash_replace(f, hash, copy);
}

Value tr_hash_keys(Fiber *f, Value hash) {
    Value keys = tr_array_new(f, tr_hash(hash)->count);
    size_t position = 0;
    Value key, value;
    while (tr_hash_next(hash, &position, &key, &value))
        if (tr_is_raised(tr_array_push(f, keys, key))) tr_fatal(__FILE__, __LINE__, "out of memory for keys");
    return keys;
}

Value tr_hash_compare_by_identity(Fiber *f, Value hash) {
    if (tr_hash_is_identity(hash)) return hash;
    tr_header(hash)->flags |= HASH_IDENTITY;
    return tr_hash_rehash(f, hash);
}

bool tr_hash_is_ruby2_keywords(Value hash) { return tr_has_flag(hash, HASH_RUBY2_KEYWORDS); }

void tr_hash_set_ruby2_keywords(Value hash, bool flagged) {
    if (flagged) tr_header(hash)->flags |= HASH_RUBY2_KEYWORDS;
    else tr_header(hash)->flags &= ~HASH_RUBY2_KEYWORDS;
}

/* --- defaults --- */

Value tr_hash_default_for(Fiber *f, Value hash, Value key) {
    if (TR_UNLIKELY(tr_class_of(hash) != tr_class.hash) && !tr_method_is_basic(hash, TR_ID_default))
        return tr_call(f, hash, TR_ID_default, 1, key);
    Value fallback = tr_hash(hash)->fallback;
    if (!tr_has_flag(hash, HASH_DEFAULT_PROC)) return fallback;
    Value argv[2] = {hash, key};
    return tr_proc_call(f, fallback, 2, argv);
}

Value tr_hash_aref(Fiber *f, Value hash, Value key) {
    Value value = tr_hash_get(f, hash, key);
    return TR_LIKELY(value != TR_UNDEF) ? value : tr_hash_default_for(f, hash, key);
}

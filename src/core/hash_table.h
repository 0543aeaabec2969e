/* hash_table.h - the layout of Hash, for the files of core/ that implement it and for Set.
 *
 * Entries lie in insertion order in one array; a deleted entry keeps its place with the key TR_UNDEF until
 * the next compaction. Up to HASH_LINEAR_MAX entries are searched one by one; larger tables have an
 * open-addressing index of 32-bit positions (+1, 0 is empty) behind the entries in the same buffer. Every
 * entry that was ever appended since the last rebuild has its index slot, dead or not, so the index is never
 * more than half full and probing ends.
 *
 * Invariants: count ≤ used ≤ capacity; entries before `first` are dead; index != NULL iff capacity >
 * HASH_LINEAR_MAX; while iterating > 0 no entry moves and no key is added.
 */
#ifndef TR_CORE_HASH_TABLE_H
#define TR_CORE_HASH_TABLE_H

#include "core/hash.h"

typedef struct HashEntry {
    Value key; /* TR_UNDEF: deleted */
    Value value;
    uint64_t hash;
} HashEntry;

struct Hash {
    Header h;
    HashEntry *entries; /* into the object with HASH_EMBEDDED, else a buffer; NULL when capacity is 0 */
    uint32_t *index;
    uint32_t count; /* live entries */
    uint32_t used;  /* entries, dead ones included */
    uint32_t capacity;
    uint32_t index_mask;
    uint32_t first;
    uint32_t iterating; /* how many iterations are going on (not counted for frozen ones) */
    Value fallback;     /* default value, or the default proc with HASH_DEFAULT_PROC */
    HashEntry embedded[];
};
#define HASH_EMBEDDED       TR_FLAG_USER(0)
#define HASH_DEFAULT_PROC   TR_FLAG_USER(1)
#define HASH_IDENTITY       TR_FLAG_USER(2)
#define HASH_RUBY2_KEYWORDS TR_FLAG_USER(3)
#define HASH_LINEAR_MAX     8

static inline Hash *tr_hash(Value v) { return (Hash *)v; }
static inline bool tr_hash_is_identity(Value v) { return tr_has_flag(v, HASH_IDENTITY); }

/* An empty Hash of the class. */
MAY_GC Value tr_hash_alloc(Fiber *f, Class *klass);
/* Replaces hash's contents, comparison included, with from's; no default. Raises while hash is iterated. */
MAY_SWITCH MAY_RAISE Value tr_hash_replace(Fiber *f, Value hash, Value from);
MAY_GC MAY_RAISE Value tr_hash_clear(Fiber *f, Value hash);
MAY_SWITCH MAY_RAISE Value tr_hash_rehash(Fiber *f, Value hash);
/* Like tr_hash_set without copying String keys. */
MAY_SWITCH MAY_RAISE Value tr_hash_set_raw(Fiber *f, Value hash, Value key, Value value);
/* For a key that is known not to be there. */
MAY_SWITCH MAY_RAISE Value tr_hash_append_new(Fiber *f, Value hash, Value key, Value value);
/* The same for many; the words at `pairs` are not roots. False: raised. */
MAY_SWITCH MAY_RAISE bool tr_hash_append_pairs(Fiber *f, Value hash, const Value *pairs, size_t count);
/* 1 the key was absent and is now there, 0 it was there (value left alone), -1 raised. Keys are not copied.
 */
MAY_SWITCH MAY_RAISE int tr_hash_add(Fiber *f, Value hash, Value key, Value value);
/* Whether the key is there; -1 raised. *position is its entry. */
MAY_SWITCH MAY_RAISE int tr_hash_find(Fiber *f, Value hash, Value key, size_t *position);
/* Deletes the entry at a position that tr_hash_find or iteration gave. */
void tr_hash_delete_at(Value hash, size_t position);
/* An iteration during which keys may not be added. Pass what begin returned to end. */
static inline bool tr_hash_iterate_begin(Value hash) {
    if (tr_has_flag(hash, TR_FLAG_FROZEN)) return false;
    tr_hash(hash)->iterating++;
    return true;
}
static inline void tr_hash_iterate_end(Value hash, bool counted) {
    if (counted) tr_hash(hash)->iterating--;
}
/* Room for so many entries at once. */
MAY_GC MAY_RAISE bool tr_hash_reserve(Fiber *f, Value hash, size_t capacity);
/* What a missing key yields: `default` if it is redefined, the default proc's answer, or the default value.
 */
MAY_SWITCH MAY_RAISE Value tr_hash_default_for(Fiber *f, Value hash, Value key);
/* Boot: the collector's view of TYPE_HASH. */
void tr_hash_register_type(void);

#endif

/* weak_map.c - ObjectSpace::WeakMap and WeakKeyMap: entries that go when their objects go.
 *
 * A WeakMap compares keys by identity and holds neither keys nor values; a WeakKeyMap compares by #eql? and holds values.
 * Entries lie in insertion order; a dead one keeps its place, with the key TR_UNDEF, until the table grows. The collector
 * calls `purge` between marking and sweeping.
 */
#include <stdlib.h>

#include "core/core.h"
#include "core/weak_map.h"
#include "value/data.h"

typedef struct WeakEntry { Value key, value; uint64_t hash; uint32_t next; } WeakEntry; /* next: position + 1 */

typedef struct WeakMap {
    Data base;
    WeakTable table;
    Heap *heap;
    WeakEntry *entries;
    uint32_t *buckets;       /* position + 1 */
    uint32_t used, count, capacity; /* capacity: a power of two; buckets are as many */
    uint32_t changes;        /* additions: a search that ran Ruby starts again */
    bool by_value;           /* WeakKeyMap */
} WeakMap;

static Class *weak_key_map_class; /* written at boot */

static WeakMap *map_of_table(WeakTable *table) { return (WeakMap *)((char *)table - offsetof(WeakMap, table)); }

static void map_trace(Tracer *tracer, Value object) {
    const WeakMap *map = (const WeakMap *)object;
    for (uint32_t i = 0; map->by_value && i < map->used; i++)
        if (map->entries[i].key != TR_UNDEF) tr_trace(tracer, map->entries[i].value);
}

static void map_free(Heap *heap, Value object) {
    (void)heap;
    WeakMap *map = (WeakMap *)object;
    tr_heap_remove_weak(&map->table);
    free(map->entries);
    free(map->buckets);
}

static size_t map_size(Value object) {
    return ((const WeakMap *)object)->capacity * (sizeof(WeakEntry) + sizeof(uint32_t));
}

static const DataType map_type = {.name = "ObjectSpace::WeakMap", .bytes = sizeof(WeakMap), .trace = map_trace,
                                  .free = map_free, .size = map_size};

static void forget(WeakMap *map, WeakEntry *entry) {
    entry->key = TR_UNDEF;
    entry->value = TR_NIL;
    map->count--;
}

static void purge(WeakTable *table) {
    WeakMap *map = map_of_table(table);
    for (uint32_t i = 0; i < map->used; i++) {
        WeakEntry *entry = &map->entries[i];
        if (entry->key == TR_UNDEF) continue;
        if (tr_heap_is_doomed(map->heap, entry->key) ||
            (!map->by_value && tr_heap_is_doomed(map->heap, entry->value)))
            forget(map, entry);
    }
}

static MAY_GC Value map_alloc(Fiber *f, Class *klass) {
    WeakMap *map = tr_data_alloc(f, &map_type, klass);
    map->heap = f->heap;
    map->table.purge = purge;
    map->by_value = tr_class_inherits(klass, weak_key_map_class);
    tr_heap_add_weak(f->heap, &map->table);
    return (Value)map;
}

/* --- the table --- */

MAY_SWITCH MAY_RAISE static bool hash_key(Fiber *f, const WeakMap *map, Value key, uint64_t *hash) {
    if (map->by_value) return tr_hash_of(f, key, hash);
    *hash = (key >> 3) * 0x9e3779b97f4a7c15u >> 20;
    return true;
}

/* Position, -1 when absent, -2 raised. */
MAY_SWITCH MAY_RAISE static int64_t find(Fiber *f, WeakMap *map, Value key, uint64_t hash) {
restart:
    if (map->capacity == 0) return -1;
    uint32_t changes = map->changes;
    for (uint32_t at = map->buckets[hash & (map->capacity - 1)]; at; at = map->entries[at - 1].next) {
        Value candidate = map->entries[at - 1].key;
        if (candidate == TR_UNDEF || map->entries[at - 1].hash != hash) continue;
        if (candidate == key) return at - 1;
        if (!map->by_value) continue;
        int same = tr_eql(f, key, candidate);
        if (same < 0) return -2;
        if (map->changes != changes) goto restart;
        if (same && map->entries[at - 1].key == candidate) return at - 1;
    }
    return -1;
}

static void link_entry(WeakMap *map, uint32_t position) {
    uint32_t *bucket = &map->buckets[map->entries[position].hash & (map->capacity - 1)];
    map->entries[position].next = *bucket;
    *bucket = position + 1;
}

static void enlarge(WeakMap *map) {
    uint32_t capacity = map->capacity;
    if (map->count * 2 >= capacity) capacity = capacity ? capacity * 2 : 8;
    WeakEntry *entries = malloc(capacity * sizeof *entries);
    uint32_t *buckets = calloc(capacity, sizeof *buckets);
    if (!entries || !buckets) tr_fatal(__FILE__, __LINE__, "no memory for a WeakMap");
    uint32_t used = 0;
    for (uint32_t i = 0; i < map->used; i++)
        if (map->entries[i].key != TR_UNDEF) entries[used++] = map->entries[i];
    free(map->entries);
    free(map->buckets);
    map->entries = entries;
    map->buckets = buckets;
    map->used = used;
    map->capacity = capacity;
    for (uint32_t i = 0; i < used; i++) link_entry(map, i);
}

MAY_SWITCH MAY_RAISE static Value store(Fiber *f, WeakMap *map, Value key, Value value) {
    uint64_t hash;
    if (!hash_key(f, map, key, &hash)) return TR_RAISED;
    int64_t at = find(f, map, key, hash);
    if (at == -2) return TR_RAISED;
    if (at < 0) {
        if (map->used == map->capacity) enlarge(map);
        at = map->used++;
        map->entries[at] = (WeakEntry){key, TR_NIL, hash, 0};
        link_entry(map, (uint32_t)at);
        map->count++;
        map->changes++;
    }
    map->entries[at].value = value;
    if (map->by_value) tr_barrier((Value)map, value);
    return value;
}

/* The entry's position, -1 absent, -2 raised. */
MAY_SWITCH MAY_RAISE static int64_t look_up(Fiber *f, Value self, Value key) {
    WeakMap *map = (WeakMap *)self;
    uint64_t hash;
    if (map->count == 0) return -1;
    return hash_key(f, map, key, &hash) ? find(f, map, key, hash) : -2;
}

/* --- methods of both --- */

MAY_SWITCH MAY_RAISE static Value map_aref(Fiber *f, Value self, const Args *args) {
    int64_t at = look_up(f, self, args->argv[0]);
    return at == -2 ? TR_RAISED : at < 0 ? TR_NIL : ((WeakMap *)self)->entries[at].value;
}

MAY_SWITCH MAY_RAISE static Value map_aset(Fiber *f, Value self, const Args *args) {
    WeakMap *map = (WeakMap *)self;
    Value key = args->argv[0];
    if (map->by_value && (tr_is_immediate(key) || tr_is_float(key) || tr_is_bignum(key)))
        return tr_raise(f, tr_class.argument_error, "WeakKeyMap keys must be garbage collectable");
    return store(f, map, key, args->argv[1]);
}

MAY_SWITCH MAY_RAISE static Value map_has_key(Fiber *f, Value self, const Args *args) {
    int64_t at = look_up(f, self, args->argv[0]);
    return at == -2 ? TR_RAISED : tr_bool(at >= 0);
}

MAY_SWITCH MAY_RAISE static Value map_delete(Fiber *f, Value self, const Args *args) {
    WeakMap *map = (WeakMap *)self;
    int64_t at = look_up(f, self, args->argv[0]);
    if (at == -2) return TR_RAISED;
    if (at < 0) return tr_block_is_given(args->block) ? tr_yield1(f, args->block, args->argv[0]) : TR_NIL;
    Value value = map->entries[at].value;
    forget(map, &map->entries[at]);
    return value;
}

MAY_SWITCH MAY_RAISE static Value key_map_getkey(Fiber *f, Value self, const Args *args) {
    int64_t at = look_up(f, self, args->argv[0]);
    return at == -2 ? TR_RAISED : at < 0 ? TR_NIL : ((WeakMap *)self)->entries[at].key;
}

static Value key_map_clear(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    WeakMap *map = (WeakMap *)self;
    for (uint32_t i = 0; i < map->used; i++)
        if (map->entries[i].key != TR_UNDEF) forget(map, &map->entries[i]);
    return self;
}

MAY_GC static Value key_map_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_format(f, "#<%s:0x%016lx size=%u>", tr_class_cname(tr_real_class_of(self)), (unsigned long)self,
                            ((WeakMap *)self)->count);
}

/* --- WeakMap alone --- */

static Value map_count(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(((WeakMap *)self)->count);
}

typedef enum What { KEYS, VALUES, PAIRS } What;

MAY_SWITCH MAY_RAISE static Value each_entry(Fiber *f, Value self, const Args *args, What what) {
    WeakMap *map = (WeakMap *)self;
    for (uint32_t i = 0; i < map->used; i++) {
        Value key = map->entries[i].key, value = map->entries[i].value;
        if (key == TR_UNDEF) continue;
        if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.local_jump_error, "no block given");
        Value result = what == PAIRS ? tr_yield2(f, args->block, key, value)
                                     : tr_yield1(f, args->block, what == KEYS ? key : value);
        if (result == TR_RAISED) return TR_RAISED;
    }
    return self;
}

MAY_SWITCH MAY_RAISE static Value map_each(Fiber *f, Value self, const Args *args) { return each_entry(f, self, args, PAIRS); }
MAY_SWITCH MAY_RAISE static Value map_each_key(Fiber *f, Value self, const Args *args) { return each_entry(f, self, args, KEYS); }
MAY_SWITCH MAY_RAISE static Value map_each_value(Fiber *f, Value self, const Args *args) { return each_entry(f, self, args, VALUES); }

MAY_GC MAY_RAISE static Value list(Fiber *f, Value self, bool keys) {
    WeakMap *map = (WeakMap *)self;
    Value array = tr_array_new(f, map->count);
    for (uint32_t i = 0; i < map->used; i++) {
        WeakEntry *entry = &map->entries[i];
        if (entry->key == TR_UNDEF) continue;
        if (tr_array_push(f, array, keys ? entry->key : entry->value) == TR_RAISED) return TR_RAISED;
    }
    return array;
}

MAY_GC MAY_RAISE static Value map_keys(Fiber *f, Value self, const Args *args) {
    (void)args;
    return list(f, self, true);
}
MAY_GC MAY_RAISE static Value map_values(Fiber *f, Value self, const Args *args) {
    (void)args;
    return list(f, self, false);
}

MAY_SWITCH MAY_RAISE static bool append_item(Fiber *f, Value text, Value item) {
    Value shown = tr_is_object(item) ? tr_any_to_s(f, item) : tr_inspect(f, item);
    return shown != TR_RAISED && tr_string_append(f, text, shown) != TR_RAISED;
}

MAY_SWITCH MAY_RAISE static Value map_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    WeakMap *map = (WeakMap *)self;
    Value text = tr_string_format(f, "#<%s:0x%016lx", tr_class_cname(tr_real_class_of(self)), (unsigned long)self);
    bool any = false;
    for (uint32_t i = 0; i < map->used; i++) {
        Value key = map->entries[i].key, value = map->entries[i].value;
        if (key == TR_UNDEF) continue;
        if (tr_string_append_cstr(f, text, any ? ", " : ": ") == TR_RAISED || !append_item(f, text, key) ||
            tr_string_append_cstr(f, text, " => ") == TR_RAISED || !append_item(f, text, value))
            return TR_RAISED;
        any = true;
    }
    return tr_string_append_cstr(f, text, ">");
}

static const MethodDef map_methods[] = {
    {"[]", map_aref, ARITY(1, 1), 0},          {"[]=", map_aset, ARITY(2, 2), 0},
    {"key?", map_has_key, ARITY(1, 1), 0},     {"include?", map_has_key, ARITY(1, 1), 0},
    {"member?", map_has_key, ARITY(1, 1), 0},  {"delete", map_delete, ARITY(1, 1), 0},
    {"each", map_each, ARITY(0, 0), 0},        {"each_pair", map_each, ARITY(0, 0), 0},
    {"each_key", map_each_key, ARITY(0, 0), 0}, {"each_value", map_each_value, ARITY(0, 0), 0},
    {"keys", map_keys, ARITY(0, 0), 0},        {"values", map_values, ARITY(0, 0), 0},
    {"size", map_count, ARITY(0, 0), 0},       {"length", map_count, ARITY(0, 0), 0},
    {"inspect", map_inspect, ARITY(0, 0), 0},  {NULL, NULL, 0, 0, 0},
};

static const MethodDef key_map_methods[] = {
    {"[]", map_aref, ARITY(1, 1), 0},           {"[]=", map_aset, ARITY(2, 2), 0},
    {"key?", map_has_key, ARITY(1, 1), 0},      {"delete", map_delete, ARITY(1, 1), 0},
    {"getkey", key_map_getkey, ARITY(1, 1), 0}, {"clear", key_map_clear, ARITY(0, 0), 0},
    {"inspect", key_map_inspect, ARITY(0, 0), 0}, {NULL, NULL, 0, 0, 0},
};

static MAY_GC Class *make_class(Fiber *f, const char *name, const MethodDef *methods) {
    Class *klass = tr_class_define(f, name, tr_class.object, tr_class.object_space);
    klass->alloc = map_alloc;
    klass->instance_type = TYPE_DATA;
    tr_define_methods(f, klass, methods);
    return klass;
}

MAY_SWITCH void tr_weak_map_boot(Fiber *f) {
    weak_key_map_class = make_class(f, "WeakKeyMap", key_map_methods);
    Class *weak_map_class = make_class(f, "WeakMap", map_methods);
    TR_CHECK(tr_module_include(f, weak_map_class, tr_class.enumerable) != TR_RAISED);
}

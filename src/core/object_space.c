/* object_space.c - ObjectSpace: counting, listing and finalizing objects of the current Ractor's heap.
 *
 * Shareable objects that were born so (classes above all) live in the shared space, where any Ractor may be making one; so
 * each_object stops the world while it looks there.
 */
#include "core/core.h"
#include "core/weak_map.h"
#include "ractor/world.h"

static const char *const type_names[TYPE_COUNT] = {
    [TYPE_FREE] = "FREE", [TYPE_OBJECT] = "T_OBJECT", [TYPE_CLASS] = "T_CLASS", [TYPE_MODULE] = "T_MODULE",
    [TYPE_ICLASS] = "T_ICLASS", [TYPE_STRING] = "T_STRING", [TYPE_ARRAY] = "T_ARRAY", [TYPE_HASH] = "T_HASH",
    [TYPE_RANGE] = "T_RANGE", [TYPE_STRUCT] = "T_STRUCT", [TYPE_FLOAT] = "T_FLOAT", [TYPE_BIGNUM] = "T_BIGNUM",
    [TYPE_RATIONAL] = "T_RATIONAL", [TYPE_COMPLEX] = "T_COMPLEX", [TYPE_REGEXP] = "T_REGEXP", [TYPE_MATCH] = "T_MATCH",
    [TYPE_PROC] = "T_PROC", [TYPE_METHOD_OBJECT] = "T_METHOD", [TYPE_EXCEPTION] = "T_EXCEPTION", [TYPE_DATA] = "T_DATA",
    [TYPE_FIBER] = "T_FIBER", [TYPE_THREAD] = "T_THREAD", [TYPE_RACTOR] = "T_RACTOR", [TYPE_ISEQ] = "T_ISEQ",
    [TYPE_METHOD] = "T_IMEMO", [TYPE_ENV] = "T_ENV", [TYPE_CREF] = "T_CREF", [TYPE_MOVED] = "T_MOVED",
};

MAY_SWITCH MAY_RAISE static Value garbage_collect(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    tr_heap_collect(f);
    return TR_NIL;
}

/* --- counting --- */

static void count_one(Value object, void *data) { ((uint64_t *)data)[tr_object_type(object)]++; }

MAY_SWITCH MAY_RAISE static Value count_objects(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value hash = args->argc > 0 ? args->argv[0] : tr_hash_new(f);
    if (!tr_is_hash(hash)) return tr_raise(f, tr_class.type_error, "non-hash given");
    uint64_t counts[TYPE_COUNT] = {0}, total = 0;
    tr_heap_each_object(f->heap, count_one, counts);
    HeapStats stats;
    tr_heap_stats(f->heap, &stats);
    counts[TYPE_FREE] = stats.free_slots;
    for (unsigned i = 0; i < TYPE_COUNT; i++) total += counts[i];
    if (tr_hash_set_symbol(f, hash, tr_intern_cstr("TOTAL"), tr_integer_from_uint64(f, total)) == TR_RAISED) return TR_RAISED;
    for (unsigned i = 0; i < TYPE_COUNT; i++) {
        if (!type_names[i] || (i != TYPE_FREE && counts[i] == 0)) continue;
        Value count = tr_integer_from_uint64(f, counts[i]);
        if (tr_hash_set_symbol(f, hash, tr_intern_cstr(type_names[i]), count) == TR_RAISED) return TR_RAISED;
    }
    return hash;
}

/* --- listing --- */

typedef struct Listing { Class *wanted; Value *items; size_t count, capacity; } Listing;

static bool is_visible(Value object) {
    switch (tr_object_type(object)) {
    case TYPE_ICLASS: case TYPE_ISEQ: case TYPE_METHOD: case TYPE_ENV: case TYPE_CREF: case TYPE_MOVED: return false;
    case TYPE_CLASS: return !(((Class *)object)->flags & CLASS_SINGLETON);
    default: return tr_header(object)->klass != NULL;
    }
}

static void list_one(Value object, void *data) {
    Listing *listing = data;
    if (!is_visible(object) || (listing->wanted && !tr_is_kind_of(object, listing->wanted))) return;
    if (listing->count < listing->capacity) listing->items[listing->count] = object;
    listing->count++;
}

static MAY_SWITCH void list_all(Fiber *f, Listing *listing) {
    listing->count = 0;
    tr_world_stop(f);
    tr_heap_each_object(f->heap, list_one, listing);
    tr_heap_each_shared_stopped(list_one, listing);
    tr_world_start();
}

/* An Array of them: made first, filled without an allocation, because what is found may be about to die. */
MAY_SWITCH static Value list_objects(Fiber *f, Class *wanted) {
    Listing listing = {.wanted = wanted};
    for (;;) {
        list_all(f, &listing);
        Value array = tr_array_new(f, listing.count + 16);
        listing.items = tr_array(array)->items;
        listing.capacity = listing.count + 16;
        list_all(f, &listing);
        if (listing.count > listing.capacity) continue;
        tr_array(array)->count = listing.count;
        tr_write_many(array);
        return array;
    }
}

MAY_SWITCH MAY_RAISE static Value each_object(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    Value wanted = args->argc > 0 ? args->argv[0] : TR_NIL;
    if (wanted != TR_NIL && !tr_is_module(wanted)) return tr_raise(f, tr_class.type_error, "class or module required");
    Value objects = list_objects(f, wanted == TR_NIL ? NULL : (Class *)wanted);
    size_t count = tr_array_count(objects);
    for (size_t i = 0; i < tr_array_count(objects); i++)
        if (tr_yield1(f, args->block, tr_array_at(objects, i)) == TR_RAISED) return TR_RAISED;
    return tr_integer_from_uint64(f, count);
}

/* --- finalizers --- */

MAY_SWITCH MAY_RAISE static Value define_finalizer(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value object = args->argv[0], callable = args->argc > 1 ? args->argv[1] : TR_NIL;
    if (args->argc < 2) {
        if (tr_need_block(f, args) == TR_RAISED) return TR_RAISED;
        callable = tr_block_to_proc(f, args->block);
        if (callable == TR_RAISED) return TR_RAISED;
    }
    int responds = tr_responds_to(f, callable, TR_ID_call, true);
    if (responds < 0) return TR_RAISED;
    if (!responds)
        return tr_raise(f, tr_class.argument_error, "wrong type argument %pC (should be callable)",
                        (void *)tr_real_class_of(callable));
    if (!tr_is_object(object) || tr_is_float(object) || tr_is_bignum(object))
        return tr_raise(f, tr_class.argument_error, "cannot define finalizer for %pC", (void *)tr_real_class_of(object));
    if (tr_is_frozen(object)) return tr_raise_frozen(f, object);
    tr_heap_define_finalizer(f, object, callable);
    return tr_array_new_values(f, 2, TR_FIX(0), callable);
}

static Value undefine_finalizer(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (tr_is_object(args->argv[0])) tr_heap_undefine_finalizers(f->heap, args->argv[0]);
    return args->argv[0];
}

MAY_SWITCH MAY_RAISE static Value id2ref(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value id = tr_to_int(f, args->argv[0]);
    if (id == TR_RAISED) return TR_RAISED;
    if (id == TR_FIX(4) || id == TR_FIX(8)) return TR_NIL;
    if (id == TR_FIX(20)) return TR_TRUE;
    if (id == TR_FIX(0)) return TR_FALSE;
    int64_t number;
    if (tr_integer_fits_int64(id, &number) && number % 2 == 1) return TR_FIX(number / 2);
    Value object = tr_integer_fits_int64(id, &number) && number > 0 ? tr_heap_object_from_id(f->heap, (uint64_t)number) : TR_UNDEF;
    if (object != TR_UNDEF) return object;
    Value text = tr_inspect(f, id);
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.range_error, "%pV is not an id value", (void *)text);
}

static const MethodDef object_space_methods[] = {
    {"garbage_collect", garbage_collect, ARITY(0, 0), METHOD_MODULE_FUNCTION | METHOD_KEYWORDS},
    {"count_objects", count_objects, ARITY(0, 1), METHOD_MODULE_FUNCTION},
    {"each_object", each_object, ARITY(0, 1), METHOD_MODULE_FUNCTION},
    {"define_finalizer", define_finalizer, ARITY(1, 2), METHOD_MODULE_FUNCTION},
    {"undefine_finalizer", undefine_finalizer, ARITY(1, 1), METHOD_MODULE_FUNCTION},
    {"_id2ref", id2ref, ARITY(1, 1), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0},
};

const ClassDef tr_object_space_def = {.klass = &tr_class.object_space, .methods = object_space_methods,
                                      .init = tr_weak_map_boot};

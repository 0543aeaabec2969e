/* set.c - Set: membership, change of one member, iteration, comparison. Operations on whole sets are set.rb.
 *
 * The table is reachable through the set only and flagged frozen from birth, so that a frozen set is
 * shareable if its members are; what counts is whether the set is frozen.
 */
#include "core/set.h"
#include "ractor/parcel_io.h"
#include "ractor/shareable.h"

#define ARG(i) (args->argv[i])

static void trace_set(Tracer *tracer, Value object) { tr_trace(tracer, tr_set_table(object)); }

const DataType tr_set_type = {.name = "Set", .bytes = sizeof(Set), .trace = trace_set};

static MAY_GC Value set_alloc(Fiber *f, Class *klass) {
    Set *set = tr_data_alloc(f, &tr_set_type, klass);
    set->table = TR_NIL;
    tr_write((Value)set, &set->table, tr_hash_new(f));
    tr_header(set->table)->flags |= TR_FLAG_FROZEN;
    return (Value)set;
}

Value tr_set_new(Fiber *f) { return set_alloc(f, tr_class.set); }

/* 1 added, 0 was there, -1 raised. */
static MAY_SWITCH MAY_RAISE int add(Fiber *f, Value self, Value member) {
    Value table = tr_set_table(self);
    if (TR_UNLIKELY(tr_hash(table)->iterating)) {
        size_t position;
        int found = tr_hash_find(f, table, member, &position);
        if (found) return found < 0 ? -1 : 0;
        (void)!tr_raise(f, tr_class.runtime_error, "can't add a new item into set during iteration");
        return -1;
    }
    if (tr_is_string(member) && !tr_has_flag(member, TR_FLAG_FROZEN) && !tr_hash_is_identity(table) &&
        tr_class_of(member) == tr_class.string) {
        size_t position;
        int found = tr_hash_find(f, table, member, &position);
        if (found) return found < 0 ? -1 : 0;
        return tr_is_raised(tr_hash_set(f, table, member, TR_TRUE)) ? -1 : 1;
    }
    return tr_hash_add(f, table, member, TR_TRUE);
}

Value tr_set_add(Fiber *f, Value set, Value member) { return add(f, set, member) < 0 ? TR_RAISED : set; }

static MAY_SWITCH MAY_RAISE Value set_s_create(Fiber *f, Value self, const Args *args) {
    Class *klass = (Class *)self;
    Value set = klass->alloc(f, klass);
    for (int i = 0; i < args->argc; i++)
        if (add(f, set, ARG(i)) < 0) return TR_RAISED;
    return set;
}

static MAY_SWITCH MAY_RAISE Value set_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (self == ARG(0)) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (!tr_is_set(ARG(0)))
        return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    return tr_is_raised(tr_hash_replace(f, tr_set_table(self), tr_set_table(ARG(0)))) ? TR_RAISED : self;
}

/* --- members --- */

static MAY_SWITCH MAY_RAISE Value set_include(Fiber *f, Value self, const Args *args) {
    Value found = tr_hash_get(f, tr_set_table(self), ARG(0));
    return found == TR_RAISED ? TR_RAISED : tr_bool(found != TR_UNDEF);
}

static MAY_SWITCH MAY_RAISE Value set_add(Fiber *f, Value self, const Args *args) {
    return tr_check_frozen(f, self) ? tr_set_add(f, self, ARG(0)) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value set_add_p(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    int added = add(f, self, ARG(0));
    return added < 0 ? TR_RAISED : added ? self : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value set_delete(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return tr_hash_delete(f, tr_set_table(self), ARG(0)) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH MAY_RAISE Value set_delete_p(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value was = tr_hash_delete(f, tr_set_table(self), ARG(0));
    return was == TR_RAISED ? TR_RAISED : was == TR_UNDEF ? TR_NIL : self;
}

static MAY_GC MAY_RAISE Value set_clear(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return tr_hash_clear(f, tr_set_table(self)) == TR_RAISED ? TR_RAISED : self;
}

static Value set_size(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum((int64_t)tr_hash_count(tr_set_table(self)));
}

static Value set_is_empty(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_hash_count(tr_set_table(self)) == 0);
}

static MAY_GC Value set_to_a(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_hash_keys(f, tr_set_table(self));
}

static MAY_SWITCH MAY_RAISE Value set_each(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, set_size);
    Value table = tr_set_table(self), key, value, outcome = TR_NIL;
    bool counted = !tr_has_flag(self, TR_FLAG_FROZEN);
    size_t position = 0;
    if (counted) tr_hash(table)->iterating++;
    while (outcome != TR_RAISED && tr_hash_next(table, &position, &key, &value))
        outcome = tr_yield1(f, args->block, key);
    tr_hash_iterate_end(table, counted);
    return outcome == TR_RAISED ? TR_RAISED : self;
}

/* --- the way members are compared --- */

static MAY_SWITCH MAY_RAISE Value set_compare_by_identity(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value table = tr_set_table(self);
    if (tr_hash_is_identity(table)) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (tr_hash(table)->iterating)
        return tr_raise(f, tr_class.runtime_error, "compare_by_identity during iteration");
    return tr_hash_compare_by_identity(f, table) == TR_RAISED ? TR_RAISED : self;
}

static Value set_compares_by_identity(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_hash_is_identity(tr_set_table(self)));
}

static MAY_SWITCH MAY_RAISE Value set_reset(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (tr_hash(tr_set_table(self))->iterating)
        return tr_raise(f, tr_class.runtime_error, "reset during iteration");
    return tr_hash_rehash(f, tr_set_table(self)) == TR_RAISED ? TR_RAISED : self;
}

/* --- comparison --- */

/* Whether every member of `a` is one of `b`; -1 raised. */
static MAY_SWITCH MAY_RAISE int contains_all(Fiber *f, Value b, Value a) {
    size_t position = 0, ignored;
    Value key, value;
    while (tr_hash_next(tr_set_table(a), &position, &key, &value)) {
        int found = tr_hash_find(f, tr_set_table(b), key, &ignored);
        if (found <= 0) return found;
    }
    return 1;
}

static MAY_SWITCH MAY_RAISE Value equal_guarded(Fiber *f, Value self, Value other, bool is_recursive) {
    int equal = is_recursive ? 1 : contains_all(f, other, self);
    return equal < 0 ? TR_RAISED : tr_bool(equal);
}

static MAY_SWITCH MAY_RAISE Value set_equal(Fiber *f, Value self, const Args *args) {
    if (self == ARG(0)) return TR_TRUE;
    if (!tr_is_set(ARG(0)) || tr_hash_count(tr_set_table(self)) != tr_hash_count(tr_set_table(ARG(0))))
        return TR_FALSE;
    if (tr_hash_is_identity(tr_set_table(self)) != tr_hash_is_identity(tr_set_table(ARG(0)))) return TR_FALSE;
    return tr_recursion_guard(f, TR_ID_eq, self, ARG(0), equal_guarded, ARG(0));
}

/* __contains_all(other): whether other's members are all in self. */
static MAY_SWITCH MAY_RAISE Value set_contains_all(Fiber *f, Value self, const Args *args) {
    int answer = contains_all(f, self, ARG(0));
    return answer < 0 ? TR_RAISED : tr_bool(answer);
}

static MAY_SWITCH MAY_RAISE Value hash_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    uint64_t sum = 0, member;
    size_t position = 0;
    Value key, value;
    while (!is_recursive && tr_hash_next(tr_set_table(self), &position, &key, &value)) {
        if (!tr_hash_of(f, key, &member)) return TR_RAISED;
        sum += tr_hash_mix(member, 0x536574);
    }
    return tr_value_from_fixnum((int64_t)(tr_hash_mix(sum, tr_hash_count(tr_set_table(self))) >> 2));
}

static MAY_SWITCH MAY_RAISE Value set_hash(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_recursion_guard(f, TR_ID_hash, self, TR_UNDEF, hash_guarded, TR_NIL);
}

static MAY_SWITCH MAY_RAISE Value inspect_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    Value text = tr_string_dup(f, tr_class_path(f, tr_real_class_of(self))), key, value;
    if (is_recursive) return tr_string_append_cstr(f, text, "[...]");
    if (tr_is_raised(tr_string_append_bytes(f, text, "[", 1))) return TR_RAISED;
    size_t position = 0;
    bool first = true;
    while (tr_hash_next(tr_set_table(self), &position, &key, &value)) {
        if (!first && tr_is_raised(tr_string_append_bytes(f, text, ", ", 2))) return TR_RAISED;
        first = false;
        Value shown = tr_inspect(f, key);
        if (shown == TR_RAISED || tr_is_raised(tr_string_append(f, text, shown))) return TR_RAISED;
    }
    return tr_string_append_bytes(f, text, "]", 1);
}

static MAY_SWITCH MAY_RAISE Value set_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_recursion_guard(f, TR_ID_inspect, self, TR_UNDEF, inspect_guarded, TR_NIL);
}

static MAY_GC MAY_RAISE Value set_check_frozen(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_check_frozen(f, self) ? self : TR_RAISED;
}

/* --- between Ractors --- */

static void write_set(ParcelWriter *w, Value self) {
    Value table = tr_set_table(self), key, value;
    tr_parcel_put_word(w, tr_hash_count(table));
    tr_parcel_put_word(w, tr_hash_is_identity(table));
    for (size_t at = 0; tr_hash_next(table, &at, &key, &value);)
        tr_parcel_put_value(w, key, STEP_KEY, TR_NIL);
}

static MAY_GC Value make_set(ParcelReader *r, Class *klass) { return set_alloc(tr_parcel_fiber(r), klass); }

static MAY_SWITCH bool complete_set(ParcelReader *r, Value self) {
    Fiber *f = tr_parcel_fiber(r);
    uint64_t count = tr_parcel_get_word(r);
    if (tr_parcel_get_word(r) & 1) tr_header(tr_set_table(self))->flags |= HASH_IDENTITY;
    for (uint64_t i = 0; i < count; i++)
        if (add(f, self, tr_parcel_get_value(r)) < 0) return false;
    return true;
}

static const ParcelType set_parcel = {.write = write_set, .make = make_set, .complete = complete_set};

static const MethodDef set_singleton_methods[] = {
    {"[]", set_s_create, ARITY_REST(0), 0},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef set_methods[] = {
    {"initialize_copy", set_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"include?", set_include, ARITY(1, 1), 0},
    {"member?", set_include, ARITY(1, 1), 0},
    {"===", set_include, ARITY(1, 1), 0},
    {"add", set_add, ARITY(1, 1), 0},
    {"<<", set_add, ARITY(1, 1), 0},
    {"add?", set_add_p, ARITY(1, 1), 0},
    {"delete", set_delete, ARITY(1, 1), 0},
    {"delete?", set_delete_p, ARITY(1, 1), 0},
    {"clear", set_clear, ARITY(0, 0), 0},
    {"size", set_size, ARITY(0, 0), METHOD_LEAF},
    {"length", set_size, ARITY(0, 0), METHOD_LEAF},
    {"empty?", set_is_empty, ARITY(0, 0), METHOD_LEAF},
    {"to_a", set_to_a, ARITY(0, 0), 0},
    {"each", set_each, ARITY(0, 0), 0},
    {"compare_by_identity", set_compare_by_identity, ARITY(0, 0), 0},
    {"compare_by_identity?", set_compares_by_identity, ARITY(0, 0), 0},
    {"reset", set_reset, ARITY(0, 0), 0},
    {"==", set_equal, ARITY(1, 1), 0},
    {"eql?", set_equal, ARITY(1, 1), 0},
    {"__contains_all", set_contains_all, ARITY(1, 1), METHOD_PRIVATE},
    {"__check_frozen", set_check_frozen, ARITY(0, 0), METHOD_PRIVATE},
    {"hash", set_hash, ARITY(0, 0), 0},
    {"inspect", set_inspect, ARITY(0, 0), 0},
    {"to_s", set_inspect, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_SWITCH void init_set(Fiber *f) {
    tr_shareable_register_data(&tr_set_type, NULL);
    tr_parcel_register_data(&tr_set_type, &set_parcel);
    if (tr_is_raised(tr_module_include(f, tr_class.set, tr_class.enumerable))) (void)tr_rescue(f, NULL);
}

const ClassDef tr_set_class_def = {
    &tr_class.set, set_methods, set_singleton_methods, set_alloc, false, TYPE_DATA, init_set,
};

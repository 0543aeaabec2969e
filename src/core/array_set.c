/* array_set.c - Array as a set: |, &, -, uniq and kin. Elements are compared by hash and eql?, through a
 * Hash.
 */
#include "core/array_internal.h"
#include "core/hash_table.h"

#define ARG(i) (args->argv[i])

/* A Hash with the elements as keys. */
static MAY_SWITCH MAY_RAISE Value table_of(Fiber *f, Value array) {
    Value table = tr_hash_new_capacity(f, tr_array_count(array));
    for (size_t i = 0; i < tr_array_count(array); i++)
        if (tr_hash_add(f, table, tr_array_at(array, i), TR_TRUE) < 0 || TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return TR_RAISED;
    return table;
}

static MAY_SWITCH MAY_RAISE int table_has(Fiber *f, Value table, Value key) {
    size_t position;
    return tr_hash_find(f, table, key, &position);
}

/* Appends to `result` what is new to `table`. */
static MAY_SWITCH MAY_RAISE bool add_new(Fiber *f, Value result, Value table, Value from) {
    for (size_t i = 0; i < tr_array_count(from); i++) {
        if (TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return false;
        Value item = tr_array_at(from, i);
        int added = tr_hash_add(f, table, item, TR_TRUE);
        if (added < 0 || (added && tr_is_raised(tr_array_push(f, result, item)))) return false;
    }
    return true;
}

static MAY_SWITCH MAY_RAISE Value union_of(Fiber *f, Value self, int count, const Value *others) {
    Value result = tr_array_new(f, tr_array_count(self)),
          table = tr_hash_new_capacity(f, tr_array_count(self));
    if (!add_new(f, result, table, self)) return TR_RAISED;
    for (int i = 0; i < count; i++) {
        Value other = tr_to_ary(f, others[i]);
        if (other == TR_RAISED || !add_new(f, result, table, other)) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_union(Fiber *f, Value self, const Args *args) {
    return union_of(f, self, args->argc, args->argv);
}

/* Elements of self that are (keep) or are not in other. Duplicates stay when unique is false. */
static MAY_SWITCH MAY_RAISE Value filtered(Fiber *f, Value self, Value other, bool keep, bool unique) {
    Value result = tr_array_new(f, 0), table = table_of(f, other);
    if (table == TR_RAISED) return TR_RAISED;
    for (size_t i = 0; i < tr_array_count(self); i++) {
        Value item = tr_array_at(self, i);
        int has = table_has(f, table, item);
        if (has < 0 || TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return TR_RAISED;
        if (has != keep) continue;
        if (unique && tr_is_raised(tr_hash_delete(f, table, item))) return TR_RAISED;
        if (tr_is_raised(tr_array_push(f, result, item))) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_difference(Fiber *f, Value self, const Args *args) {
    Value result = tr_array_new_from(f, tr_array_count(self), tr_array(self)->items);
    for (int i = 0; i < args->argc && result != TR_RAISED; i++) {
        Value other = tr_to_ary(f, ARG(i));
        if (other == TR_RAISED) return TR_RAISED;
        result = filtered(f, result, other, false, false);
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_and(Fiber *f, Value self, const Args *args) {
    Value other = tr_to_ary(f, ARG(0));
    return other == TR_RAISED ? TR_RAISED : filtered(f, self, other, true, true);
}

static MAY_SWITCH MAY_RAISE Value array_intersection(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0) return tr_array_dup(f, self);
    Value result = self;
    for (int i = 0; i < args->argc && result != TR_RAISED; i++) {
        Value other = tr_to_ary(f, ARG(i));
        if (other == TR_RAISED) return TR_RAISED;
        result = filtered(f, result, other, true, true);
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_intersects(Fiber *f, Value self, const Args *args) {
    Value other = tr_to_ary(f, ARG(0));
    if (other == TR_RAISED) return TR_RAISED;
    Value large = self, small = other;
    if (tr_array_count(large) < tr_array_count(small)) large = other, small = self;
    Value table = table_of(f, small);
    if (table == TR_RAISED) return TR_RAISED;
    for (size_t i = 0; i < tr_array_count(large); i++) {
        if (TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return TR_RAISED;
        int has = table_has(f, table, tr_array_at(large, i));
        if (has) return has < 0 ? TR_RAISED : TR_TRUE;
    }
    return TR_FALSE;
}

static MAY_SWITCH MAY_RAISE Value array_uniq(Fiber *f, Value self, const Args *args) {
    Value result = tr_array_new(f, 0), table = tr_hash_new_capacity(f, tr_array_count(self));
    if (!tr_block_is_given(args->block)) return add_new(f, result, table, self) ? result : TR_RAISED;
    for (size_t i = 0; i < tr_array_count(self); i++) {
        Value item = tr_array_at(self, i), key = tr_yield1(f, args->block, item);
        if (key == TR_RAISED) return TR_RAISED;
        int added = tr_hash_add(f, table, key, TR_TRUE);
        if (added < 0 || (added && tr_is_raised(tr_array_push(f, result, item)))) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_uniq_bang(Fiber *f, Value self, const Args *args) {
    if (!tr_array_modify(f, self)) return TR_RAISED;
    Value unique = array_uniq(f, self, args);
    if (unique == TR_RAISED) return TR_RAISED;
    if (tr_array_count(unique) == tr_array_count(self)) return TR_NIL;
    return tr_array_modify(f, self) ? tr_array_replace(f, self, unique) : TR_RAISED;
}

const MethodDef tr_array_set_methods[] = {
    {"|", array_union, ARITY(1, 1), 0},
    {"union", array_union, ARITY_REST(0), 0},
    {"-", array_difference, ARITY(1, 1), 0},
    {"difference", array_difference, ARITY_REST(0), 0},
    {"&", array_and, ARITY(1, 1), 0},
    {"intersection", array_intersection, ARITY_REST(0), 0},
    {"intersect?", array_intersects, ARITY(1, 1), 0},
    {"uniq", array_uniq, ARITY(0, 0), 0},
    {"uniq!", array_uniq_bang, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

/* hash_iterate.c - Hash: methods that call a block for each pair.
 *
 * While one of them runs, keys may not be added (hash_table.h); deletion is fine. `iterate` below is the
 * frame of them all, so that the count of iterations goes down however the block ends.
 */
#include "core/hash_internal.h"

#define ARG(i) (args->argv[i])

Value tr_hash_enum_size(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum((int64_t)tr_hash_count(self));
}

bool tr_hash_block_spreads(Block block) {
    return !tr_block_is_lambda(block) && (tr_block_arity(block) > 1 || tr_block_arity(block) < -2);
}

Value tr_hash_yield_pair(Fiber *f, Block block, bool spread, Value key, Value value) {
    return spread ? tr_yield2(f, block, key, value) : tr_yield1(f, block, tr_hash_pair(f, key, value));
}

/* Called for each pair; at `position` of the table. TR_UNDEF: stop here. */
typedef Value (*PairFn)(Fiber *f, Value self, Value key, Value value, size_t position, Block block,
                        Value data);

/* TR_RAISED, or TR_NIL at the end, or TR_UNDEF if fn stopped. */
static MAY_SWITCH MAY_RAISE Value iterate(Fiber *f, Value self, Block block, PairFn fn, Value data) {
    bool counted = tr_hash_iterate_begin(self);
    size_t position = 0;
    Value key, value, outcome = TR_NIL;
    while (outcome != TR_RAISED && outcome != TR_UNDEF && tr_hash_next(self, &position, &key, &value))
        outcome = fn(f, self, key, value, position - 1, block, data);
    tr_hash_iterate_end(self, counted);
    return outcome == TR_RAISED || outcome == TR_UNDEF ? outcome : TR_NIL;
}

#define NEED_BLOCK(f, self, args)                                                                            \
    if (!tr_block_is_given((args)->block)) return tr_enumerator(f, self, args, tr_hash_enum_size)

/* --- each --- */

static MAY_SWITCH MAY_RAISE Value hash_each(Fiber *f, Value self, const Args *args) {
    NEED_BLOCK(f, self, args);
    bool spread = tr_hash_block_spreads(args->block), counted = tr_hash_iterate_begin(self);
    size_t position = 0;
    Value key, value, outcome = TR_NIL;
    while (outcome != TR_RAISED && tr_hash_next(self, &position, &key, &value))
        outcome = tr_hash_yield_pair(f, args->block, spread, key, value);
    tr_hash_iterate_end(self, counted);
    return outcome == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH MAY_RAISE Value each_key_step(Fiber *f, Value self, Value key, Value value, size_t position,
                                                Block block, Value data) {
    (void)self, (void)value, (void)position, (void)data;
    return tr_yield1(f, block, key) == TR_RAISED ? TR_RAISED : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value each_value_step(Fiber *f, Value self, Value key, Value value,
                                                  size_t position, Block block, Value data) {
    (void)self, (void)key, (void)position, (void)data;
    return tr_yield1(f, block, value) == TR_RAISED ? TR_RAISED : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value hash_each_key(Fiber *f, Value self, const Args *args) {
    NEED_BLOCK(f, self, args);
    return iterate(f, self, args->block, each_key_step, TR_NIL) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH MAY_RAISE Value hash_each_value(Fiber *f, Value self, const Args *args) {
    NEED_BLOCK(f, self, args);
    return iterate(f, self, args->block, each_value_step, TR_NIL) == TR_RAISED ? TR_RAISED : self;
}

/* --- selection: the blocks get (key, value) --- */

static MAY_SWITCH MAY_RAISE Value select_step(Fiber *f, Value self, Value key, Value value, size_t position,
                                              Block block, Value result) {
    (void)self, (void)position;
    Value answer = tr_yield2(f, block, key, value);
    if (answer == TR_RAISED) return TR_RAISED;
    return tr_is_truthy(answer) ? tr_hash_set_raw(f, result, key, value) : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value reject_step(Fiber *f, Value self, Value key, Value value, size_t position,
                                              Block block, Value result) {
    (void)self, (void)position;
    Value answer = tr_yield2(f, block, key, value);
    if (answer == TR_RAISED) return TR_RAISED;
    return tr_is_truthy(answer) ? TR_NIL : tr_hash_set_raw(f, result, key, value);
}

/* An empty Hash that compares keys as self does. */
static MAY_GC MAY_RAISE Value empty_like(Fiber *f, Value self) {
    Value result = tr_hash_new(f);
    tr_header(result)->flags |= tr_header(self)->flags & HASH_IDENTITY;
    return result;
}

static MAY_SWITCH MAY_RAISE Value hash_select(Fiber *f, Value self, const Args *args) {
    NEED_BLOCK(f, self, args);
    Value result = empty_like(f, self);
    return iterate(f, self, args->block, select_step, result) == TR_RAISED ? TR_RAISED : result;
}

static MAY_SWITCH MAY_RAISE Value hash_reject(Fiber *f, Value self, const Args *args) {
    NEED_BLOCK(f, self, args);
    Value result = empty_like(f, self);
    return iterate(f, self, args->block, reject_step, result) == TR_RAISED ? TR_RAISED : result;
}

/* The block may have changed the table: the entry is looked at again. */
static void delete_if_same(Value self, size_t position, Value key) {
    Hash *h = tr_hash(self);
    if (position < h->used && h->entries[position].key == key) tr_hash_delete_at(self, position);
}

static MAY_SWITCH MAY_RAISE Value keep_if_step(Fiber *f, Value self, Value key, Value value, size_t position,
                                               Block block, Value data) {
    (void)data;
    Value answer = tr_yield2(f, block, key, value);
    if (answer == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    if (!tr_is_truthy(answer)) delete_if_same(self, position, key);
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value delete_if_step(Fiber *f, Value self, Value key, Value value,
                                                 size_t position, Block block, Value data) {
    (void)data;
    Value answer = tr_yield2(f, block, key, value);
    if (answer == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    if (tr_is_truthy(answer)) delete_if_same(self, position, key);
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value filter_in_place(Fiber *f, Value self, const Args *args, PairFn step,
                                                  bool nil_if_none) {
    NEED_BLOCK(f, self, args);
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    size_t before = tr_hash_count(self);
    if (tr_is_raised(iterate(f, self, args->block, step, TR_NIL))) return TR_RAISED;
    return nil_if_none && tr_hash_count(self) == before ? TR_NIL : self;
}

static MAY_SWITCH MAY_RAISE Value hash_select_bang(Fiber *f, Value self, const Args *args) {
    return filter_in_place(f, self, args, keep_if_step, true);
}

static MAY_SWITCH MAY_RAISE Value hash_keep_if(Fiber *f, Value self, const Args *args) {
    return filter_in_place(f, self, args, keep_if_step, false);
}

static MAY_SWITCH MAY_RAISE Value hash_reject_bang(Fiber *f, Value self, const Args *args) {
    return filter_in_place(f, self, args, delete_if_step, true);
}

static MAY_SWITCH MAY_RAISE Value hash_delete_if(Fiber *f, Value self, const Args *args) {
    return filter_in_place(f, self, args, delete_if_step, false);
}

/* --- transformation --- */

static MAY_SWITCH MAY_RAISE Value transform_values_step(Fiber *f, Value self, Value key, Value value,
                                                        size_t position, Block block, Value result) {
    (void)self, (void)position;
    Value changed = tr_yield1(f, block, value);
    return changed == TR_RAISED ? TR_RAISED : tr_hash_set_raw(f, result, key, changed);
}

static MAY_SWITCH MAY_RAISE Value hash_transform_values(Fiber *f, Value self, const Args *args) {
    NEED_BLOCK(f, self, args);
    Value result = empty_like(f, self);
    return iterate(f, self, args->block, transform_values_step, result) == TR_RAISED ? TR_RAISED : result;
}

static MAY_SWITCH MAY_RAISE Value transform_values_bang_step(Fiber *f, Value self, Value key, Value value,
                                                             size_t position, Block block, Value data) {
    (void)data;
    Value changed = tr_yield1(f, block, value);
    if (changed == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    Hash *h = tr_hash(self);
    if (position < h->used && h->entries[position].key == key)
        tr_write(self, &h->entries[position].value, changed);
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value hash_transform_values_bang(Fiber *f, Value self, const Args *args) {
    NEED_BLOCK(f, self, args);
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return iterate(f, self, args->block, transform_values_bang_step, TR_NIL) == TR_RAISED ? TR_RAISED : self;
}

/* What becomes of a key: the mapping's answer, else the block's, else the key. */
static MAY_SWITCH MAY_RAISE Value transformed_key(Fiber *f, Value mapping, Block block, Value key) {
    if (mapping != TR_NIL) {
        Value mapped = tr_hash_get(f, mapping, key);
        if (mapped != TR_UNDEF) return mapped;
    }
    return tr_block_is_given(block) ? tr_yield1(f, block, key) : key;
}

static MAY_SWITCH MAY_RAISE Value key_mapping(Fiber *f, const Args *args) {
    return args->argc > 0 ? tr_to_hash(f, ARG(0)) : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value hash_transform_keys(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0) NEED_BLOCK(f, self, args);
    Value mapping = key_mapping(f, args);
    if (mapping == TR_RAISED) return TR_RAISED;
    Value result = tr_hash_new(f), key, value;
    size_t position = 0;
    while (tr_hash_next(self, &position, &key, &value)) {
        Value changed = transformed_key(f, mapping, args->block, key);
        if (changed == TR_RAISED || tr_is_raised(tr_hash_set(f, result, changed, value))) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value hash_transform_keys_bang(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0) NEED_BLOCK(f, self, args);
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value mapping = key_mapping(f, args);
    if (mapping == TR_RAISED) return TR_RAISED;
    /* Old pairs go as their turn comes; a new key that equals an old one still to come survives that one's
     * removal. */
    Value pairs = tr_hash_dup(f, self), fresh = empty_like(f, self), key, value;
    size_t position = 0;
    while (tr_hash_next(pairs, &position, &key, &value)) {
        Value changed = transformed_key(f, mapping, args->block, key), is_new = TR_NIL;
        if (changed == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
        is_new = tr_hash_get(f, fresh, key);
        if (is_new == TR_RAISED || (is_new == TR_UNDEF && tr_is_raised(tr_hash_delete(f, self, key))))
            return TR_RAISED;
        if (tr_is_raised(tr_hash_set(f, self, changed, value)) ||
            tr_is_raised(tr_hash_set(f, fresh, changed, TR_TRUE)))
            return TR_RAISED;
    }
    return self;
}

static MAY_SWITCH MAY_RAISE Value hash_to_h(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) {
        if (tr_real_class_of(self) == tr_class.hash) return self;
        Value copy = tr_hash_dup(f, self);
        tr_header(copy)->flags |= tr_header(self)->flags & HASH_DEFAULT_PROC;
        tr_write(copy, &tr_hash(copy)->fallback, tr_hash(self)->fallback);
        return copy;
    }
    Value result = tr_hash_new_capacity(f, tr_hash_count(self)), key, value;
    size_t position = 0;
    while (tr_hash_next(self, &position, &key, &value)) {
        Value answer = tr_yield2(f, args->block, key, value);
        if (answer == TR_RAISED) return TR_RAISED;
        Value pair = tr_try_convert(f, answer, tr_class.array, TR_ID_to_ary);
        if (pair == TR_RAISED) return TR_RAISED;
        if (pair == TR_NIL)
            return tr_raise(f, tr_class.type_error, "wrong element type %pC (expected array)",
                            tr_real_class_of(answer));
        if (tr_array_count(pair) != 2)
            return tr_raise(f, tr_class.argument_error,
                            "element has wrong array length (expected 2, was %zu)", tr_array_count(pair));
        if (tr_is_raised(tr_hash_set(f, result, tr_array_at(pair, 0), tr_array_at(pair, 1))))
            return TR_RAISED;
    }
    return result;
}

/* --- questions --- */

static MAY_SWITCH MAY_RAISE Value any_step(Fiber *f, Value self, Value key, Value value, size_t position,
                                           Block block, Value spread) {
    (void)self, (void)position;
    Value answer = tr_hash_yield_pair(f, block, tr_is_truthy(spread), key, value);
    return answer == TR_RAISED ? TR_RAISED : tr_is_truthy(answer) ? TR_UNDEF : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value any_matching_step(Fiber *f, Value self, Value key, Value value,
                                                    size_t position, Block block, Value pattern) {
    (void)self, (void)position, (void)block;
    int matches = tr_case_equal(f, pattern, tr_hash_pair(f, key, value));
    return matches < 0 ? TR_RAISED : matches ? TR_UNDEF : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value hash_any(Fiber *f, Value self, const Args *args) {
    Value outcome;
    if (args->argc > 0) {
        if (tr_block_is_given(args->block)) tr_warn(f, "given block not used");
        outcome = iterate(f, self, TR_NIL, any_matching_step, ARG(0));
    } else if (tr_block_is_given(args->block)) {
        outcome = iterate(f, self, args->block, any_step, tr_bool(tr_hash_block_spreads(args->block)));
    } else {
        return tr_bool(tr_hash_count(self) > 0);
    }
    return outcome == TR_RAISED ? TR_RAISED : tr_bool(outcome == TR_UNDEF);
}

const MethodDef tr_hash_iterate_methods[] = {
    {"each", hash_each, ARITY(0, 0), 0},
    {"each_pair", hash_each, ARITY(0, 0), 0},
    {"each_key", hash_each_key, ARITY(0, 0), 0},
    {"each_value", hash_each_value, ARITY(0, 0), 0},
    {"select", hash_select, ARITY(0, 0), 0},
    {"filter", hash_select, ARITY(0, 0), 0},
    {"reject", hash_reject, ARITY(0, 0), 0},
    {"select!", hash_select_bang, ARITY(0, 0), 0},
    {"filter!", hash_select_bang, ARITY(0, 0), 0},
    {"keep_if", hash_keep_if, ARITY(0, 0), 0},
    {"reject!", hash_reject_bang, ARITY(0, 0), 0},
    {"delete_if", hash_delete_if, ARITY(0, 0), 0},
    {"transform_values", hash_transform_values, ARITY(0, 0), 0},
    {"transform_values!", hash_transform_values_bang, ARITY(0, 0), 0},
    {"transform_keys", hash_transform_keys, ARITY(0, 1), 0},
    {"transform_keys!", hash_transform_keys_bang, ARITY(0, 1), 0},
    {"to_h", hash_to_h, ARITY(0, 0), 0},
    {"any?", hash_any, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

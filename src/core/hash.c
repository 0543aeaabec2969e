/* hash.c - Hash: construction, lookup, change, comparison, conversion. The table is hash_table.c; what takes
 * a block for each pair is hash_iterate.c.
 */
#include "core/array_internal.h"
#include "core/hash_internal.h"

#define ARG(i) (args->argv[i])

Value tr_hash_pair(Fiber *f, Value key, Value value) {
    Value pair[2] = {key, value};
    return tr_array_new_from(f, 2, pair);
}

/* --- construction --- */

static MAY_SWITCH MAY_RAISE bool check_default_proc(Fiber *f, Value proc) {
    if (!tr_block_is_lambda(tr_block_from_proc(proc))) return true;
    int arity = tr_block_arity(tr_block_from_proc(proc));
    if (arity == 2 || (arity < 0 && arity >= -3)) return true;
    if (arity < 0) arity = -arity - 1;
    return !tr_is_raised(
        tr_raise(f, tr_class.type_error, "default_proc takes two arguments (2 for %d)", arity));
}

static void set_default(Value self, Value value, bool is_proc) {
    if (is_proc) tr_header(self)->flags |= HASH_DEFAULT_PROC;
    else tr_header(self)->flags &= ~HASH_DEFAULT_PROC;
    tr_write(self, &tr_hash(self)->fallback, value);
}

static MAY_SWITCH MAY_RAISE Value hash_initialize(Fiber *f, Value self, const Args *args) {
    static Id names[1]; /* the same whoever writes it first */
    if (!names[0]) names[0] = tr_intern_cstr("capacity");
    Value capacity;
    int64_t wanted = 0;
    if (!tr_check_frozen(f, self) || !tr_keywords(f, args->keywords, names, 0, 1, &capacity, false))
        return TR_RAISED;
    if (capacity != TR_UNDEF && !tr_to_long(f, capacity, &wanted)) return TR_RAISED;
    if (wanted > 0 && !tr_hash_reserve(f, self, wanted < 1 << 20 ? (size_t)wanted : 1 << 20))
        return TR_RAISED;
    if (tr_block_is_given(args->block)) {
        if (args->argc > 0) return tr_raise_argc(f, args->argc, 0, 0);
        Value proc = tr_block_to_proc(f, args->block);
        if (proc == TR_RAISED || !check_default_proc(f, proc)) return TR_RAISED;
        set_default(self, proc, true);
    } else {
        set_default(self, args->argc > 0 ? ARG(0) : TR_NIL, false);
    }
    return self;
}

static MAY_SWITCH MAY_RAISE Value hash_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value from = tr_to_hash(f, ARG(0));
    if (from == TR_RAISED) return TR_RAISED;
    if (self == from) return self;
    if (tr_is_raised(tr_hash_replace(f, self, from))) return TR_RAISED;
    set_default(self, tr_hash(from)->fallback, tr_has_flag(from, HASH_DEFAULT_PROC));
    return self;
}

static MAY_SWITCH MAY_RAISE bool fill_from_pairs(Fiber *f, Value hash, Value pairs) {
    for (size_t i = 0; i < tr_array_count(pairs); i++) {
        Value element = tr_array_at(pairs, i),
              pair = tr_try_convert(f, element, tr_class.array, TR_ID_to_ary);
        if (pair == TR_RAISED) return false;
        if (pair == TR_NIL)
            return !tr_is_raised(tr_raise(f, tr_class.argument_error,
                                          "wrong element type %pC at %zu (expected array)",
                                          tr_real_class_of(element), i));
        size_t count = tr_array_count(pair);
        if (count != 1 && count != 2)
            return !tr_is_raised(
                tr_raise(f, tr_class.argument_error, "invalid number of elements (%zu for 1..2)", count));
        if (tr_is_raised(tr_hash_set(f, hash, tr_array_at(pair, 0), tr_array_at(pair, 1)))) return false;
    }
    return true;
}

/* Hash[hash], Hash[pairs], Hash[key, value, …] */
static MAY_SWITCH MAY_RAISE Value hash_s_create(Fiber *f, Value self, const Args *args) {
    Class *klass = (Class *)self;
    Value hash = klass->alloc(f, klass);
    if (args->argc == 1) {
        Value from = tr_try_convert(f, ARG(0), tr_class.hash, TR_ID_to_hash);
        if (from == TR_RAISED) return TR_RAISED;
        if (from != TR_NIL) {
            if (!tr_hash_is_identity(from)) return tr_hash_replace(f, hash, from);
            return tr_hash_update(f, hash, from);
        }
        Value pairs = tr_try_convert(f, ARG(0), tr_class.array, TR_ID_to_ary);
        if (pairs == TR_RAISED) return TR_RAISED;
        if (pairs != TR_NIL) return fill_from_pairs(f, hash, pairs) ? hash : TR_RAISED;
    }
    if (args->argc % 2) return tr_raise(f, tr_class.argument_error, "odd number of arguments for Hash");
    for (int i = 0; i < args->argc; i += 2)
        if (tr_is_raised(tr_hash_set(f, hash, ARG(i), ARG(i + 1)))) return TR_RAISED;
    return hash;
}

static MAY_SWITCH MAY_RAISE Value hash_s_try_convert(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_try_convert(f, ARG(0), tr_class.hash, TR_ID_to_hash);
}

/* For the core library in Ruby: to_hash, or a TypeError. */
static MAY_SWITCH MAY_RAISE Value hash_s_to_hash(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_to_hash(f, ARG(0));
}

static MAY_SWITCH MAY_RAISE Value hash_s_ruby2_keywords_hash_p(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (!tr_is_hash(ARG(0)))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Hash)",
                        tr_real_class_of(ARG(0)));
    return tr_bool(tr_hash_is_ruby2_keywords(ARG(0)));
}

static MAY_SWITCH MAY_RAISE Value hash_s_ruby2_keywords_hash(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (!tr_is_hash(ARG(0)))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Hash)",
                        tr_real_class_of(ARG(0)));
    Value copy = tr_hash_dup(f, ARG(0));
    tr_hash_set_ruby2_keywords(copy, true);
    return copy;
}

/* --- lookup --- */

static MAY_SWITCH MAY_RAISE Value hash_aref(Fiber *f, Value self, const Args *args) {
    return tr_hash_aref(f, self, ARG(0));
}

static MAY_SWITCH MAY_RAISE Value raise_key_error(Fiber *f, Value self, Value key) {
    Value text = tr_inspect(f, key);
    if (text == TR_RAISED) return TR_RAISED;
    (void)!tr_raise(f, tr_class.key_error, "key not found: %pV", text);
    Value exception = tr_rescue(f, tr_class.key_error);
    if (exception == TR_UNDEF) return TR_RAISED;
    tr_write(exception, &((Exception *)exception)->key, key);
    tr_write(exception, &((Exception *)exception)->receiver, self);
    return tr_raise_value(f, exception);
}

static MAY_SWITCH MAY_RAISE Value hash_fetch(Fiber *f, Value self, const Args *args) {
    if (args->argc == 2 && tr_block_is_given(args->block))
        tr_warn(f, "block supersedes default value argument");
    Value value = tr_hash_get(f, self, ARG(0));
    if (value != TR_UNDEF) return value;
    if (tr_block_is_given(args->block)) return tr_yield1(f, args->block, ARG(0));
    return args->argc == 2 ? ARG(1) : raise_key_error(f, self, ARG(0));
}

static MAY_SWITCH MAY_RAISE Value hash_fetch_values(Fiber *f, Value self, const Args *args) {
    Value result = tr_array_new(f, (size_t)args->argc);
    for (int i = 0; i < args->argc; i++) {
        Args one = {1, &ARG(i), args->block, TR_NIL};
        Value value = hash_fetch(f, self, &one);
        if (value == TR_RAISED || tr_is_raised(tr_array_push(f, result, value))) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value hash_values_at(Fiber *f, Value self, const Args *args) {
    Value result = tr_array_new(f, (size_t)args->argc);
    for (int i = 0; i < args->argc; i++) {
        Value value = tr_hash_aref(f, self, ARG(i));
        if (value == TR_RAISED || tr_is_raised(tr_array_push(f, result, value))) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value hash_dig(Fiber *f, Value self, const Args *args) {
    Value item = tr_hash_aref(f, self, ARG(0));
    return item == TR_RAISED ? TR_RAISED : tr_dig(f, item, args->argc - 1, args->argv + 1);
}

static MAY_SWITCH MAY_RAISE Value hash_has_key(Fiber *f, Value self, const Args *args) {
    Value value = tr_hash_get(f, self, ARG(0));
    return value == TR_RAISED ? TR_RAISED : tr_bool(value != TR_UNDEF);
}

/* The first key whose value == v; TR_UNDEF when there is none. */
static MAY_SWITCH MAY_RAISE Value key_of(Fiber *f, Value self, Value v) {
    size_t position = 0;
    Value key, value;
    while (tr_hash_next(self, &position, &key, &value)) {
        int same = tr_equal(f, value, v);
        if (same) return same < 0 ? TR_RAISED : key;
    }
    return TR_UNDEF;
}

static MAY_SWITCH MAY_RAISE Value hash_has_value(Fiber *f, Value self, const Args *args) {
    Value key = key_of(f, self, ARG(0));
    return key == TR_RAISED ? TR_RAISED : tr_bool(key != TR_UNDEF);
}

static MAY_SWITCH MAY_RAISE Value hash_key(Fiber *f, Value self, const Args *args) {
    Value key = key_of(f, self, ARG(0));
    return key == TR_UNDEF ? TR_NIL : key;
}

static MAY_SWITCH MAY_RAISE Value hash_assoc(Fiber *f, Value self, const Args *args) {
    size_t position;
    int found = tr_hash_find(f, self, ARG(0), &position);
    if (found <= 0) return found < 0 ? TR_RAISED : TR_NIL;
    HashEntry *entry = &tr_hash(self)->entries[position];
    return tr_hash_pair(f, entry->key, entry->value);
}

static MAY_SWITCH MAY_RAISE Value hash_rassoc(Fiber *f, Value self, const Args *args) {
    Value key = key_of(f, self, ARG(0));
    if (key == TR_RAISED || key == TR_UNDEF) return key == TR_UNDEF ? TR_NIL : key;
    Value value = tr_hash_get(f, self, key);
    return value == TR_RAISED ? value : tr_hash_pair(f, key, value);
}

/* --- defaults --- */

static MAY_SWITCH MAY_RAISE Value hash_default(Fiber *f, Value self, const Args *args) {
    Value fallback = tr_hash(self)->fallback;
    if (!tr_has_flag(self, HASH_DEFAULT_PROC)) return fallback;
    if (args->argc == 0) return TR_NIL;
    Value argv[2] = {self, ARG(0)};
    return tr_proc_call(f, fallback, 2, argv);
}

static MAY_GC MAY_RAISE Value hash_set_default(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    set_default(self, ARG(0), false);
    return ARG(0);
}

static Value hash_default_proc(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_has_flag(self, HASH_DEFAULT_PROC) ? tr_hash(self)->fallback : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value hash_set_default_proc(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (ARG(0) == TR_NIL) {
        set_default(self, TR_NIL, false);
        return TR_NIL;
    }
    Value proc = tr_try_convert(f, ARG(0), tr_class.proc, TR_ID_to_proc);
    if (proc == TR_RAISED) return TR_RAISED;
    if (proc == TR_NIL || !tr_is_type(proc, TYPE_PROC))
        return tr_raise(f, tr_class.type_error, "wrong default_proc type %pC (expected Proc)",
                        tr_real_class_of(ARG(0)));
    if (!check_default_proc(f, proc)) return TR_RAISED;
    set_default(self, proc, true);
    return ARG(0);
}

/* --- change --- */

static MAY_SWITCH MAY_RAISE Value hash_aset(Fiber *f, Value self, const Args *args) {
    return tr_check_frozen(f, self) ? tr_hash_set(f, self, ARG(0), ARG(1)) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value hash_delete(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value value = tr_hash_delete(f, self, ARG(0));
    if (value != TR_UNDEF) return value;
    return tr_block_is_given(args->block) ? tr_yield1(f, args->block, ARG(0)) : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value hash_shift(Fiber *f, Value self, const Args *args) {
    (void)args;
    size_t position = 0;
    Value key, value;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (!tr_hash_next(self, &position, &key, &value)) return TR_NIL;
    tr_hash_delete_at(self, position - 1);
    return tr_hash_pair(f, key, value);
}

static MAY_GC MAY_RAISE Value hash_clear(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_check_frozen(f, self) ? tr_hash_clear(f, self) : TR_RAISED;
}

/* Merges `other` into self; the block decides between two values. */
static MAY_SWITCH MAY_RAISE bool merge_one(Fiber *f, Value self, Value other, Block block) {
    if (!tr_block_is_given(block)) return !tr_is_raised(tr_hash_update(f, self, other));
    size_t position = 0;
    Value key, value;
    while (tr_hash_next(other, &position, &key, &value)) {
        Value have = tr_hash_get(f, self, key);
        if (have == TR_RAISED) return false;
        if (have != TR_UNDEF) {
            Value choice[3] = {key, have, value};
            value = tr_yield(f, block, 3, choice);
            if (value == TR_RAISED || !tr_check_frozen(f, self)) return false;
        }
        if (tr_is_raised(tr_hash_set(f, self, key, value))) return false;
    }
    return true;
}

static MAY_SWITCH MAY_RAISE Value hash_update(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    for (int i = 0; i < args->argc; i++) {
        Value other = tr_to_hash(f, ARG(i));
        if (other == TR_RAISED || !merge_one(f, self, other, args->block)) return TR_RAISED;
    }
    return self;
}

/* A copy of the same class, with the default but without singleton methods and instance variables. */
static MAY_SWITCH MAY_RAISE Value like_self(Fiber *f, Value self) {
    Class *klass = tr_real_class_of(self);
    Value copy = klass->alloc(f, klass);
    if (tr_is_raised(tr_hash_replace(f, copy, self))) return TR_RAISED;
    set_default(copy, tr_hash(self)->fallback, tr_has_flag(self, HASH_DEFAULT_PROC));
    return copy;
}

static MAY_SWITCH MAY_RAISE Value hash_merge(Fiber *f, Value self, const Args *args) {
    Value copy = like_self(f, self);
    return copy == TR_RAISED ? TR_RAISED : hash_update(f, copy, args);
}

static MAY_SWITCH MAY_RAISE Value hash_slice(Fiber *f, Value self, const Args *args) {
    Value result = tr_hash_new_capacity(f, (size_t)args->argc);
    if (tr_hash_is_identity(self) && tr_is_raised(tr_hash_compare_by_identity(f, result))) return TR_RAISED;
    for (int i = 0; i < args->argc; i++) {
        size_t position;
        int found = tr_hash_find(f, self, ARG(i), &position);
        if (found < 0) return TR_RAISED;
        if (found && tr_is_raised(tr_hash_set_raw(f, result, ARG(i), tr_hash(self)->entries[position].value)))
            return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value hash_except(Fiber *f, Value self, const Args *args) {
    Value result = tr_hash_dup(f, self);
    for (int i = 0; i < args->argc; i++)
        if (tr_is_raised(tr_hash_delete(f, result, ARG(i)))) return TR_RAISED;
    return result;
}

/* Deletes the pairs whose value is nil. Whether there were any. */
static bool drop_nils(Value hash) {
    size_t position = 0;
    Value key, value;
    bool any = false;
    while (tr_hash_next(hash, &position, &key, &value)) {
        if (value != TR_NIL) continue;
        tr_hash_delete_at(hash, position - 1);
        any = true;
    }
    return any;
}

static MAY_GC Value hash_compact(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value result = tr_hash_dup(f, self);
    set_default(result, tr_hash(self)->fallback, tr_has_flag(self, HASH_DEFAULT_PROC));
    (void)drop_nils(result);
    return result;
}

static MAY_GC MAY_RAISE Value hash_compact_bang(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return drop_nils(self) ? self : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value hash_rehash(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_hash(self)->iterating) return tr_raise(f, tr_class.runtime_error, "rehash during iteration");
    return tr_check_frozen(f, self) ? tr_hash_rehash(f, self) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value hash_compare_by_identity(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_hash_is_identity(self)) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (tr_hash(self)->iterating)
        return tr_raise(f, tr_class.runtime_error, "compare_by_identity during iteration");
    return tr_hash_compare_by_identity(f, self);
}

static Value hash_compares_by_identity(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_hash_is_identity(self));
}

/* --- comparison --- */

typedef int (*SameFn)(Fiber *f, Value a, Value b);

/* Whether every pair of `a` is in `b`; -1 raised. */
static MAY_SWITCH MAY_RAISE int contains_all(Fiber *f, Value b, Value a, SameFn same) {
    size_t position = 0;
    Value key, value;
    while (tr_hash_next(a, &position, &key, &value)) {
        Value other = tr_hash_get(f, b, key);
        if (other == TR_RAISED || other == TR_UNDEF) return other == TR_RAISED ? -1 : 0;
        int equal = value == other && !tr_is_float(value) ? 1 : same(f, value, other);
        if (equal <= 0) return equal;
    }
    return 1;
}

static MAY_SWITCH MAY_RAISE Value equal_guarded(Fiber *f, Value self, Value other, bool is_recursive) {
    int equal = is_recursive ? 1 : contains_all(f, other, self, tr_equal);
    return equal < 0 ? TR_RAISED : tr_bool(equal);
}

static MAY_SWITCH MAY_RAISE Value eql_guarded(Fiber *f, Value self, Value other, bool is_recursive) {
    int equal = is_recursive ? 1 : contains_all(f, other, self, tr_eql);
    return equal < 0 ? TR_RAISED : tr_bool(equal);
}

static MAY_SWITCH MAY_RAISE Value hash_same(Fiber *f, Value self, Value other, bool eql) {
    if (self == other) return TR_TRUE;
    if (!tr_is_hash(other)) {
        int responds = tr_responds_to(f, other, TR_ID_to_hash, true);
        if (responds <= 0) return responds < 0 ? TR_RAISED : TR_FALSE;
        int same = eql ? tr_eql(f, other, self) : tr_equal(f, other, self);
        return same < 0 ? TR_RAISED : tr_bool(same);
    }
    if (tr_hash_count(self) != tr_hash_count(other)) return TR_FALSE;
    if (tr_hash_count(self) == 0) return TR_TRUE;
    if (tr_hash_is_identity(self) != tr_hash_is_identity(other)) return TR_FALSE;
    return tr_recursion_guard(f, eql ? TR_ID_eql_p : TR_ID_eq, self, other, eql ? eql_guarded : equal_guarded,
                              other);
}

static MAY_SWITCH MAY_RAISE Value hash_equal(Fiber *f, Value self, const Args *args) {
    return hash_same(f, self, ARG(0), false);
}

static MAY_SWITCH MAY_RAISE Value hash_eql(Fiber *f, Value self, const Args *args) {
    return hash_same(f, self, ARG(0), true);
}

/* The sum over the pairs: order does not matter. */
static MAY_SWITCH MAY_RAISE Value hash_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    uint64_t sum = 0;
    size_t position = 0;
    Value key, value;
    while (!is_recursive && tr_hash_next(self, &position, &key, &value)) {
        uint64_t key_hash, value_hash;
        if (!tr_hash_of(f, key, &key_hash) || !tr_hash_of(f, value, &value_hash)) return TR_RAISED;
        sum += tr_hash_mix(key_hash, value_hash);
    }
    return tr_value_from_fixnum((int64_t)(tr_hash_mix(sum, tr_hash_count(self)) >> 2));
}

static MAY_SWITCH MAY_RAISE Value hash_hash(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_recursion_guard(f, TR_ID_hash, self, TR_UNDEF, hash_guarded, TR_NIL);
}

static MAY_SWITCH MAY_RAISE Value subset(Fiber *f, Value small, Value large, bool proper) {
    if (tr_hash_count(small) > tr_hash_count(large) - (proper && tr_hash_count(large) > 0)) return TR_FALSE;
    if (proper && tr_hash_count(large) == 0) return TR_FALSE;
    int answer = contains_all(f, large, small, tr_equal);
    return answer < 0 ? TR_RAISED : tr_bool(answer);
}

static MAY_SWITCH MAY_RAISE Value hash_le(Fiber *f, Value self, const Args *args) {
    Value other = tr_to_hash(f, ARG(0));
    return other == TR_RAISED ? TR_RAISED : subset(f, self, other, false);
}

static MAY_SWITCH MAY_RAISE Value hash_lt(Fiber *f, Value self, const Args *args) {
    Value other = tr_to_hash(f, ARG(0));
    return other == TR_RAISED ? TR_RAISED : subset(f, self, other, true);
}

static MAY_SWITCH MAY_RAISE Value hash_ge(Fiber *f, Value self, const Args *args) {
    Value other = tr_to_hash(f, ARG(0));
    return other == TR_RAISED ? TR_RAISED : subset(f, other, self, false);
}

static MAY_SWITCH MAY_RAISE Value hash_gt(Fiber *f, Value self, const Args *args) {
    Value other = tr_to_hash(f, ARG(0));
    return other == TR_RAISED ? TR_RAISED : subset(f, other, self, true);
}

/* --- conversion --- */

static Value hash_count(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum((int64_t)tr_hash_count(self));
}

static Value hash_is_empty(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_hash_count(self) == 0);
}

static MAY_GC Value hash_keys(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_hash_keys(f, self);
}

static MAY_GC MAY_RAISE Value hash_values(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value result = tr_array_new(f, tr_hash_count(self)), key, value;
    size_t position = 0;
    while (tr_hash_next(self, &position, &key, &value))
        if (tr_is_raised(tr_array_push(f, result, value))) return TR_RAISED;
    return result;
}

static MAY_GC MAY_RAISE Value hash_to_a(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value result = tr_array_new(f, tr_hash_count(self)), key, value;
    size_t position = 0;
    while (tr_hash_next(self, &position, &key, &value))
        if (tr_is_raised(tr_array_push(f, result, tr_hash_pair(f, key, value)))) return TR_RAISED;
    return result;
}

static MAY_SWITCH MAY_RAISE bool inspect_key(Fiber *f, Value text, Value key) {
    if (tr_is_symbol(key)) {
        if (tr_symbol_is_plain_key(key)) {
            if (tr_is_raised(tr_string_append(f, text, tr_symbol_name(f, tr_symbol_id(key))))) return false;
        } else {
            Value quoted = tr_string_inspect(f, tr_symbol_to_s(f, key));
            if (quoted == TR_RAISED || tr_is_raised(tr_string_append(f, text, quoted))) return false;
        }
        return !tr_is_raised(tr_string_append_bytes(f, text, ": ", 2));
    }
    Value shown = tr_inspect(f, key);
    if (shown == TR_RAISED || tr_is_raised(tr_string_append(f, text, shown))) return false;
    return !tr_is_raised(tr_string_append_bytes(f, text, " => ", 4));
}

static MAY_SWITCH MAY_RAISE Value inspect_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    if (is_recursive) return tr_string_new_cstr(f, "{...}");
    Value text = tr_string_new_cstr(f, "{"), key, value;
    size_t position = 0;
    bool first = true;
    while (tr_hash_next(self, &position, &key, &value)) {
        if (!first && tr_is_raised(tr_string_append_bytes(f, text, ", ", 2))) return TR_RAISED;
        first = false;
        if (!inspect_key(f, text, key)) return TR_RAISED;
        Value shown = tr_inspect(f, value);
        if (shown == TR_RAISED || tr_is_raised(tr_string_append(f, text, shown))) return TR_RAISED;
    }
    return tr_string_append_bytes(f, text, "}", 1);
}

static MAY_SWITCH MAY_RAISE Value hash_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_hash_count(self) == 0) return tr_string_new_ascii(f, "{}");
    return tr_recursion_guard(f, TR_ID_inspect, self, TR_UNDEF, inspect_guarded, TR_NIL);
}

static Value hash_to_hash(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return self;
}

static MAY_SWITCH MAY_RAISE Value proc_body(Fiber *f, Value hash, const Args *args) {
    return tr_method_is_basic(hash, TR_ID_aref) ? tr_hash_aref(f, hash, ARG(0))
                                                : tr_call(f, hash, TR_ID_aref, 1, ARG(0));
}

static MAY_GC Value hash_to_proc(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_proc_from_c(f, proc_body, self, 1, 1, true);
}

static MAY_SWITCH MAY_RAISE Value hash_invert(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value result = tr_hash_new_capacity(f, tr_hash_count(self)), key, value;
    size_t position = 0;
    while (tr_hash_next(self, &position, &key, &value))
        if (tr_is_raised(tr_hash_set(f, result, value, key))) return TR_RAISED;
    return result;
}

/* Pairs in a row; arrays among keys and values too, `depth - 1` levels deep. */
static MAY_SWITCH MAY_RAISE Value hash_flatten(Fiber *f, Value self, const Args *args) {
    int64_t depth = 1;
    if (args->argc > 0 && !tr_to_long(f, ARG(0), &depth)) return TR_RAISED;
    Value pairs = hash_to_a(f, self, args);
    bool changed;
    return pairs == TR_RAISED || depth == 0 ? pairs : tr_array_flatten(f, pairs, depth, &changed);
}

static MAY_GC Value hash_freeze(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_freeze(f, self);
}

static const MethodDef hash_singleton_methods[] = {
    {"[]", hash_s_create, ARITY_REST(0), 0},
    {"try_convert", hash_s_try_convert, ARITY(1, 1), 0},
    {"__to_hash", hash_s_to_hash, ARITY(1, 1), 0},
    {"ruby2_keywords_hash?", hash_s_ruby2_keywords_hash_p, ARITY(1, 1), 0},
    {"ruby2_keywords_hash", hash_s_ruby2_keywords_hash, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef hash_methods[] = {
    {"initialize", hash_initialize, ARITY(0, 1), METHOD_PRIVATE | METHOD_KEYWORDS},
    {"initialize_copy", hash_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"replace", hash_initialize_copy, ARITY(1, 1), 0},
    {"[]", hash_aref, ARITY(1, 1), 0},
    {"[]=", hash_aset, ARITY(2, 2), 0},
    {"store", hash_aset, ARITY(2, 2), 0},
    {"fetch", hash_fetch, ARITY(1, 2), 0},
    {"fetch_values", hash_fetch_values, ARITY_REST(0), 0},
    {"values_at", hash_values_at, ARITY_REST(0), 0},
    {"dig", hash_dig, ARITY_REST(1), 0},
    {"key?", hash_has_key, ARITY(1, 1), 0},
    {"has_key?", hash_has_key, ARITY(1, 1), 0},
    {"include?", hash_has_key, ARITY(1, 1), 0},
    {"member?", hash_has_key, ARITY(1, 1), 0},
    {"value?", hash_has_value, ARITY(1, 1), 0},
    {"has_value?", hash_has_value, ARITY(1, 1), 0},
    {"key", hash_key, ARITY(1, 1), 0},
    {"assoc", hash_assoc, ARITY(1, 1), 0},
    {"rassoc", hash_rassoc, ARITY(1, 1), 0},
    {"default", hash_default, ARITY(0, 1), 0},
    {"default=", hash_set_default, ARITY(1, 1), 0},
    {"default_proc", hash_default_proc, ARITY(0, 0), 0},
    {"default_proc=", hash_set_default_proc, ARITY(1, 1), 0},
    {"delete", hash_delete, ARITY(1, 1), 0},
    {"shift", hash_shift, ARITY(0, 0), 0},
    {"clear", hash_clear, ARITY(0, 0), 0},
    {"update", hash_update, ARITY_REST(0), 0},
    {"merge!", hash_update, ARITY_REST(0), 0},
    {"merge", hash_merge, ARITY_REST(0), 0},
    {"slice", hash_slice, ARITY_REST(0), 0},
    {"except", hash_except, ARITY_REST(0), 0},
    {"compact", hash_compact, ARITY(0, 0), 0},
    {"compact!", hash_compact_bang, ARITY(0, 0), 0},
    {"rehash", hash_rehash, ARITY(0, 0), 0},
    {"compare_by_identity", hash_compare_by_identity, ARITY(0, 0), 0},
    {"compare_by_identity?", hash_compares_by_identity, ARITY(0, 0), 0},
    {"==", hash_equal, ARITY(1, 1), 0},
    {"eql?", hash_eql, ARITY(1, 1), 0},
    {"hash", hash_hash, ARITY(0, 0), 0},
    {"<=", hash_le, ARITY(1, 1), 0},
    {"<", hash_lt, ARITY(1, 1), 0},
    {">=", hash_ge, ARITY(1, 1), 0},
    {">", hash_gt, ARITY(1, 1), 0},
    {"length", hash_count, ARITY(0, 0), METHOD_LEAF},
    {"size", hash_count, ARITY(0, 0), METHOD_LEAF},
    {"empty?", hash_is_empty, ARITY(0, 0), METHOD_LEAF},
    {"keys", hash_keys, ARITY(0, 0), 0},
    {"values", hash_values, ARITY(0, 0), 0},
    {"to_a", hash_to_a, ARITY(0, 0), 0},
    {"inspect", hash_inspect, ARITY(0, 0), 0},
    {"to_s", hash_inspect, ARITY(0, 0), 0},
    {"to_hash", hash_to_hash, ARITY(0, 0), 0},
    {"deconstruct_keys", hash_to_hash, ARITY(1, 1), 0},
    {"to_proc", hash_to_proc, ARITY(0, 0), 0},
    {"invert", hash_invert, ARITY(0, 0), 0},
    {"flatten", hash_flatten, ARITY(0, 1), 0},
    {"freeze", hash_freeze, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_SWITCH void init_hash(Fiber *f) {
    tr_hash_register_type();
    tr_define_methods(f, tr_class.hash, tr_hash_iterate_methods);
    if (tr_is_raised(tr_module_include(f, tr_class.hash, tr_class.enumerable))) (void)tr_rescue(f, NULL);
}

const ClassDef tr_hash_class_def = {
    &tr_class.hash, hash_methods, hash_singleton_methods, tr_hash_alloc, false, TYPE_HASH, init_hash,
};

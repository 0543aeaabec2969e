/* array_edit.c - Array: methods that change the receiver, and those that build a new array from whole pieces
 * (+, *, reverse, rotate, flatten, transpose, …). Each checks for frozenness before anything else happens.
 */
#include "core/array_internal.h"
#include "core/hash_table.h"

#define ARG(i) (args->argv[i])

/* --- the ends --- */

static MAY_GC MAY_RAISE Value array_push(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (args->argc == 1) return tr_array_push(f, self, ARG(0));
    return tr_array_append(f, self, args->argv, (size_t)args->argc);
}

static MAY_GC MAY_RAISE Value array_lshift(Fiber *f, Value self, const Args *args) {
    return tr_check_frozen(f, self) ? tr_array_push(f, self, ARG(0)) : TR_RAISED;
}

/* How many a counted pop or shift takes: at most all. -1: raised. */
static MAY_SWITCH MAY_RAISE int64_t end_count(Fiber *f, Value self, const Args *args) {
    int64_t count;
    if (!tr_to_long(f, ARG(0), &count)) return -1;
    if (count < 0) {
        (void)!tr_raise(f, tr_class.argument_error, "negative array size");
        return -1;
    }
    int64_t total = (int64_t)tr_array_count(self);
    return count < total ? count : total;
}

static MAY_SWITCH MAY_RAISE Value array_pop(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (args->argc == 0) return tr_array_pop(self);
    int64_t count = end_count(f, self, args);
    if (count < 0 || !tr_check_frozen(f, self)) return TR_RAISED;
    Value result = tr_array_sub(f, self, tr_array_count(self) - (size_t)count, (size_t)count);
    tr_array(self)->count -= (size_t)count;
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_shift(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (args->argc == 0) return tr_array_shift(f, self);
    int64_t count = end_count(f, self, args);
    if (count < 0) return TR_RAISED;
    Value result = tr_array_sub(f, self, 0, (size_t)count);
    for (int64_t i = 0; i < count; i++) (void)tr_array_shift(f, self);
    return result;
}

static MAY_GC MAY_RAISE Value array_unshift(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return args->argc == 0 ? self : tr_array_splice(f, self, 0, 0, args->argv, (size_t)args->argc);
}

static MAY_SWITCH MAY_RAISE Value array_insert(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    int64_t at;
    if (!tr_to_long(f, ARG(0), &at)) return TR_RAISED;
    if (args->argc == 1) return self;
    int64_t total = (int64_t)tr_array_count(self);
    if (at < 0) {
        if (at + total + 1 < 0)
            return tr_raise(f, tr_class.index_error, "index %lld too small for array; minimum: -%lld",
                            (long long)at, (long long)total + 1);
        at += total + 1;
    }
    if (at > total) {
        Value stored = tr_array_store(f, self, at + args->argc - 2, TR_NIL);
        if (stored == TR_RAISED) return TR_RAISED;
        memcpy(tr_array(self)->items + at, args->argv + 1, (size_t)(args->argc - 1) * sizeof(Value));
        tr_write_many(self);
        return self;
    }
    return tr_array_splice(f, self, (size_t)at, 0, args->argv + 1, (size_t)args->argc - 1);
}

/* --- assignment --- */

/* Replaces `count` elements from `start` by those of `with` (an Array, or one item); extends with nil. */
static MAY_SWITCH MAY_RAISE Value replace_span(Fiber *f, Value self, int64_t start, int64_t count,
                                               Value with) {
    int64_t total = (int64_t)tr_array_count(self);
    if (count < 0) return tr_raise(f, tr_class.index_error, "negative length (%lld)", (long long)count);
    if (start < 0) {
        start += total;
        if (start < 0)
            return tr_raise(f, tr_class.index_error, "index %lld too small for array; minimum: -%lld",
                            (long long)(start - total), (long long)total);
    }
    Value list = tr_is_array(with) ? with : tr_try_convert(f, with, tr_class.array, TR_ID_to_ary);
    if (list == TR_RAISED) return TR_RAISED;
    list = list == TR_NIL ? tr_array_new_from(f, 1, &with)
                          : tr_array_dup(f, list); /* a copy: with may be self */
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    total = (int64_t)tr_array_count(self);
    if ((uint64_t)start >= ARRAY_COUNT_MAX)
        return tr_raise(f, tr_class.index_error, "index %lld too big", (long long)start);
    if (start > total) {
        if (!tr_array_prepare(f, self, (size_t)start + tr_array_count(list))) return TR_RAISED;
        Array *a = tr_array(self);
        while (a->count < (size_t)start) a->items[a->count++] = TR_NIL;
        count = 0;
    } else if (count > total - start) {
        count = total - start;
    }
    Value done =
        tr_array_splice(f, self, (size_t)start, (size_t)count, tr_array(list)->items, tr_array_count(list));
    TR_KEEP(list);
    return done == TR_RAISED ? TR_RAISED : with;
}

Value tr_array_aset(Fiber *f, Value array, Value index, Value item) {
    if (!tr_check_frozen(f, array)) return TR_RAISED;
    if (TR_LIKELY(tr_is_fixnum(index))) return tr_array_store(f, array, tr_fixnum(index), item);
    int64_t start, count;
    int outcome = tr_range_bounds(f, index, (int64_t)tr_array_count(array), &start, &count, 2);
    if (outcome == -1) return TR_RAISED;
    if (outcome == 1) return replace_span(f, array, start, count, item);
    if (!tr_to_long(f, index, &start)) return TR_RAISED;
    return tr_array_store(f, array, start, item);
}

static MAY_SWITCH MAY_RAISE Value array_aset(Fiber *f, Value self, const Args *args) {
    if (args->argc == 2) return tr_array_aset(f, self, ARG(0), ARG(1));
    int64_t start, count;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (!tr_to_long(f, ARG(0), &start) || !tr_to_long(f, ARG(1), &count)) return TR_RAISED;
    return replace_span(f, self, start, count, ARG(2));
}

/* fill([item], [start, [count]] | [range]) { |index| } */
static MAY_SWITCH MAY_RAISE Value array_fill(Fiber *f, Value self, const Args *args) {
    bool has_block = tr_block_is_given(args->block);
    int first = has_block ? 0 : 1;
    if (args->argc < first || args->argc > first + 2) return tr_raise_argc(f, args->argc, first, first + 2);
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value where = args->argc > first ? ARG(first) : TR_NIL,
          length = args->argc > first + 1 ? ARG(first + 1) : TR_NIL;
    int64_t total = (int64_t)tr_array_count(self), start = 0, count = total;
    int outcome =
        args->argc == first + 1 && where != TR_NIL ? tr_range_bounds(f, where, total, &start, &count, 2) : -2;
    if (outcome == -1) return TR_RAISED;
    if (outcome != 1) {
        if (where != TR_NIL && !tr_to_long(f, where, &start)) return TR_RAISED;
        if (start < 0) start = start + total < 0 ? 0 : start + total;
        count = total > start ? total - start : 0;
        if (length != TR_NIL && !tr_to_long(f, length, &count)) return TR_RAISED;
    }
    if (count <= 0) return self;
    if ((uint64_t)start >= ARRAY_COUNT_MAX || (uint64_t)count > ARRAY_COUNT_MAX - (uint64_t)start)
        return tr_raise(f, tr_class.argument_error, "argument too big");
    int64_t end = start + count;
    if (!tr_array_prepare(f, self, (size_t)(end > total ? end : total))) return TR_RAISED;
    Array *a = tr_array(self);
    while (a->count < (size_t)end) a->items[a->count++] = TR_NIL;
    for (int64_t i = start; i < end; i++) {
        Value item = has_block ? tr_yield1(f, args->block, tr_value_from_fixnum(i)) : ARG(0);
        if (item == TR_RAISED) return TR_RAISED;
        if (has_block && (!tr_check_frozen(f, self) || tr_is_raised(tr_array_store(f, self, i, item))))
            return TR_RAISED;
        if (!has_block) tr_write(self, &tr_array(self)->items[i], item);
    }
    return self;
}

/* --- removal --- */

static MAY_SWITCH MAY_RAISE Value array_delete(Fiber *f, Value self, const Args *args) {
    Value found = TR_UNDEF;
    size_t to = 0;
    for (size_t i = 0; i < tr_array_count(self); i++) {
        Value item = tr_array_at(self, i);
        int same = tr_equal(f, item, ARG(0));
        if (same < 0 || TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return TR_RAISED;
        if (same) {
            found = item;
            continue;
        }
        if (to != i) {
            if (!tr_array_modify(f, self)) return TR_RAISED;
            if (to < tr_array_count(self)) tr_write(self, &tr_array(self)->items[to], item);
        }
        to++;
    }
    if (found == TR_UNDEF) return tr_block_is_given(args->block) ? tr_yield1(f, args->block, ARG(0)) : TR_NIL;
    if (!tr_array_modify(f, self)) return TR_RAISED;
    if (to < tr_array_count(self)) tr_array(self)->count = to;
    return found;
}

static MAY_SWITCH MAY_RAISE Value array_delete_at(Fiber *f, Value self, const Args *args) {
    int64_t at;
    if (!tr_to_long(f, ARG(0), &at)) return TR_RAISED;
    at = tr_array_wrap_index(self, at);
    if (at < 0 || at >= (int64_t)tr_array_count(self)) return TR_NIL;
    return tr_array_modify(f, self) ? tr_array_delete_at(self, (size_t)at) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value array_slice_bang(Fiber *f, Value self, const Args *args) {
    int64_t start, count, total = (int64_t)tr_array_count(self);
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (args->argc == 1) {
        int outcome = tr_is_fixnum(ARG(0)) ? -2 : tr_range_bounds(f, ARG(0), total, &start, &count, 0);
        if (outcome == -1) return TR_RAISED;
        if (outcome == 0) return TR_NIL;
        if (outcome == -2) return array_delete_at(f, self, args);
    } else {
        if (!tr_to_long(f, ARG(0), &start) || !tr_to_long(f, ARG(1), &count)) return TR_RAISED;
        total = (int64_t)tr_array_count(self);
        if (start < 0) start += total;
        if (start < 0 || start > total || count < 0) return TR_NIL;
        if (count > total - start) count = total - start;
    }
    Value removed = tr_array_sub(f, self, (size_t)start, (size_t)count);
    if (count > 0 && tr_is_raised(tr_array_splice(f, self, (size_t)start, (size_t)count, NULL, 0)))
        return TR_RAISED;
    return removed;
}

static MAY_GC MAY_RAISE Value array_clear(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_array_modify(f, self)) return TR_RAISED;
    tr_array(self)->count = 0;
    return self;
}

static MAY_GC Value array_compact(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value result = tr_array_new(f, tr_array_count(self));
    Array *to = tr_array(result), *from = tr_array(self);
    for (size_t i = 0; i < from->count; i++)
        if (from->items[i] != TR_NIL) to->items[to->count++] = from->items[i];
    tr_write_many(result);
    return result;
}

static MAY_GC MAY_RAISE Value array_compact_bang(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_array_modify(f, self)) return TR_RAISED;
    Array *a = tr_array(self);
    size_t to = 0, before = a->count;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i] != TR_NIL) a->items[to++] = a->items[i];
    a->count = to;
    return to == before ? TR_NIL : self;
}

/* --- whole arrays --- */

static MAY_SWITCH MAY_RAISE Value array_replace(Fiber *f, Value self, const Args *args) {
    if (!tr_array_modify(f, self)) return TR_RAISED;
    Value from = tr_to_ary(f, ARG(0));
    return from == TR_RAISED ? TR_RAISED : tr_array_replace(f, self, from);
}

static MAY_SWITCH MAY_RAISE Value array_concat(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value all = tr_array_new(f, 0);
    for (int i = 0; i < args->argc; i++) {
        Value list = tr_to_ary(f, ARG(i));
        if (list == TR_RAISED || tr_is_raised(tr_array_concat(f, all, list))) return TR_RAISED;
    }
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return tr_array_concat(f, self, all);
}

static MAY_SWITCH MAY_RAISE Value array_plus(Fiber *f, Value self, const Args *args) {
    Value other = tr_to_ary(f, ARG(0));
    if (other == TR_RAISED) return TR_RAISED;
    Value result = tr_array_new(f, tr_array_count(self) + tr_array_count(other));
    if (tr_is_raised(tr_array_concat(f, result, self))) return TR_RAISED;
    return tr_array_concat(f, result, other);
}

static MAY_SWITCH MAY_RAISE Value array_times(Fiber *f, Value self, const Args *args) {
    Value separator = tr_try_convert(f, ARG(0), tr_class.string, TR_ID_to_str);
    if (separator == TR_RAISED) return TR_RAISED;
    if (separator != TR_NIL) return tr_array_join(f, self, separator);
    int64_t times;
    if (!tr_to_long(f, ARG(0), &times)) return TR_RAISED;
    if (times < 0) return tr_raise(f, tr_class.argument_error, "negative argument");
    Value from = tr_array_dup(f, self); /* another thread may change self */
    size_t count = tr_array_count(from);
    if (count && (uint64_t)times > ARRAY_COUNT_MAX / count)
        return tr_raise(f, tr_class.argument_error, "argument too big");
    Value result = tr_array_new(f, 0);
    if (!tr_array_prepare(f, result, count * (size_t)times)) return TR_RAISED;
    Array *to = tr_array(result); /* nobody else sees it, so its items stay */
    const size_t piece = 65536;
    for (int64_t i = 0; i < times && count > 0; i++) {
        for (size_t at = 0; at < count; at += piece) {
            size_t size = count - at < piece ? count - at : piece;
            memcpy(to->items + to->count, tr_array(from)->items + at, size * sizeof(Value));
            to->count += size;
            if (size < piece ? TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED : TR_SAFEPOINT(f) == TR_RAISED) return TR_RAISED;
        }
    }
    tr_write_many(result);
    TR_KEEP(from);
    return result;
}

static MAY_GC MAY_RAISE Value array_reverse_bang(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_array_modify(f, self)) return TR_RAISED;
    Array *a = tr_array(self);
    for (size_t i = 0, j = a->count; i + 1 < j; i++) {
        Value item = a->items[i];
        a->items[i] = a->items[--j];
        a->items[j] = item;
    }
    return self;
}

static MAY_GC Value array_reverse(Fiber *f, Value self, const Args *args) {
    (void)args;
    size_t count = tr_array_count(self);
    Value result = tr_array_new(f, count);
    Array *to = tr_array(result);
    for (size_t i = 0; i < count; i++) to->items[i] = tr_array(self)->items[count - 1 - i];
    to->count = count;
    tr_write_many(result);
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_rotate(Fiber *f, Value self, const Args *args) {
    int64_t by = 1;
    if (args->argc > 0 && !tr_to_long(f, ARG(0), &by)) return TR_RAISED;
    size_t count = tr_array_count(self);
    Value result = tr_array_new(f, count);
    if (count == 0) return result;
    size_t offset = (size_t)(((by % (int64_t)count) + (int64_t)count) % (int64_t)count);
    Array *to = tr_array(result), *from = tr_array(self);
    memcpy(to->items, from->items + offset, (count - offset) * sizeof(Value));
    memcpy(to->items + count - offset, from->items, offset * sizeof(Value));
    to->count = count;
    tr_write_many(result);
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_rotate_bang(Fiber *f, Value self, const Args *args) {
    if (!tr_array_modify(f, self)) return TR_RAISED;
    Value rotated = array_rotate(f, self, args);
    return rotated == TR_RAISED ? TR_RAISED : tr_array_replace(f, self, rotated);
}

static MAY_SWITCH MAY_RAISE Value array_transpose(Fiber *f, Value self, const Args *args) {
    (void)args;
    size_t rows = tr_array_count(self), columns = 0;
    Value result = tr_array_new(f, 0);
    for (size_t i = 0; i < rows; i++) {
        Value row = tr_to_ary(f, tr_array_at(self, i));
        if (row == TR_RAISED) return TR_RAISED;
        if (i == 0) {
            columns = tr_array_count(row);
            for (size_t j = 0; j < columns; j++)
                if (tr_is_raised(tr_array_push(f, result, tr_array_new(f, rows)))) return TR_RAISED;
        } else if (tr_array_count(row) != columns) {
            return tr_raise(f, tr_class.index_error, "element size differs (%zu should be %zu)",
                            tr_array_count(row), columns);
        }
        for (size_t j = 0; j < columns; j++)
            if (tr_is_raised(tr_array_push(f, tr_array_at(result, j), tr_array_at(row, j)))) return TR_RAISED;
    }
    return result;
}

/* --- flatten --- */

/* The arrays being flattened, each inside the one before: `lists`, with the position in each; `members` has
 * them as keys, to find recursion, when there is no limit of depth (else nil). */
typedef struct Flattening {
    Value lists, positions, members;
} Flattening;

/* The Array that an element is or converts to; nil for none. */
static MAY_SWITCH MAY_RAISE Value as_array(Fiber *f, Value item) {
    if (tr_is_array(item)) return item;
    if (!tr_is_object(item) || tr_is_string(item)) return TR_NIL;
    return tr_try_convert(f, item, tr_class.array, TR_ID_to_ary);
}

static MAY_SWITCH MAY_RAISE bool flatten_enter(Fiber *f, Flattening *state, Value list) {
    int added = state->members == TR_NIL ? 1 : tr_hash_add(f, state->members, list, TR_TRUE);
    if (added == 0)
        return !tr_is_raised(tr_raise(f, tr_class.argument_error, "tried to flatten recursive array"));
    return added > 0 && !tr_is_raised(tr_array_push(f, state->lists, list)) &&
           !tr_is_raised(tr_array_push(f, state->positions, TR_FIX(0)));
}

/* `depth` levels, all when negative. Without recursion in C: arrays nest deeper than the stack. */
Value tr_array_flatten(Fiber *f, Value array, int64_t depth, bool *changed) {
    Value result = tr_array_new(f, tr_array_count(array)), list = array;
    Flattening state = {tr_array_new(f, 0), tr_array_new(f, 0), depth < 0 ? tr_hash_new(f) : TR_NIL};
    if (depth < 0) tr_header(state.members)->flags |= HASH_IDENTITY;
    *changed = false;
    if (!flatten_enter(f, &state, array)) return TR_RAISED;
    size_t level = 0, at = 0;
    for (;;) {
        if (at >= tr_array_count(list)) {
            if (level == 0) break;
            if (depth < 0 && tr_is_raised(tr_hash_delete(f, state.members, list))) return TR_RAISED;
            (void)tr_array_pop(state.lists);
            (void)tr_array_pop(state.positions);
            level--;
            list = tr_array_at(state.lists, level);
            at = (size_t)tr_fixnum(tr_array_at(state.positions, level));
            continue;
        }
        Value item = tr_array_at(list, at++);
        Value inner = depth < 0 || (int64_t)level < depth ? as_array(f, item) : TR_NIL;
        if (inner == TR_RAISED) return TR_RAISED;
        if (inner == TR_NIL) {
            if (tr_is_raised(tr_array_push(f, result, item))) return TR_RAISED;
            continue;
        }
        *changed = true;
        tr_array(state.positions)->items[level] = tr_value_from_fixnum((int64_t)at);
        if (!flatten_enter(f, &state, inner)) return TR_RAISED;
        level++;
        list = inner;
        at = 0;
    }
    TR_KEEP(state.members);
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_flatten(Fiber *f, Value self, const Args *args) {
    int64_t depth = -1;
    bool changed;
    if (args->argc > 0 && ARG(0) != TR_NIL && !tr_to_long(f, ARG(0), &depth)) return TR_RAISED;
    return depth == 0 ? tr_array_dup(f, self) : tr_array_flatten(f, self, depth, &changed);
}

static MAY_SWITCH MAY_RAISE Value array_flatten_bang(Fiber *f, Value self, const Args *args) {
    int64_t depth = -1;
    bool changed;
    if (!tr_array_modify(f, self)) return TR_RAISED;
    if (args->argc > 0 && ARG(0) != TR_NIL && !tr_to_long(f, ARG(0), &depth)) return TR_RAISED;
    if (depth == 0) return TR_NIL;
    Value flat = tr_array_flatten(f, self, depth, &changed);
    if (flat == TR_RAISED) return TR_RAISED;
    if (!changed) return TR_NIL;
    if (!tr_array_modify(f, self)) return TR_RAISED;
    return tr_array_replace(f, self, flat);
}

const MethodDef tr_array_edit_methods[] = {
    {"push", array_push, ARITY_REST(0), 0},
    {"append", array_push, ARITY_REST(0), 0},
    {"<<", array_lshift, ARITY(1, 1), 0},
    {"pop", array_pop, ARITY(0, 1), 0},
    {"shift", array_shift, ARITY(0, 1), 0},
    {"unshift", array_unshift, ARITY_REST(0), 0},
    {"prepend", array_unshift, ARITY_REST(0), 0},
    {"insert", array_insert, ARITY_REST(1), 0},
    {"[]=", array_aset, ARITY(2, 3), 0},
    {"fill", array_fill, ARITY_REST(0), 0},
    {"delete", array_delete, ARITY(1, 1), 0},
    {"delete_at", array_delete_at, ARITY(1, 1), 0},
    {"slice!", array_slice_bang, ARITY(1, 2), 0},
    {"clear", array_clear, ARITY(0, 0), 0},
    {"compact", array_compact, ARITY(0, 0), 0},
    {"compact!", array_compact_bang, ARITY(0, 0), 0},
    {"replace", array_replace, ARITY(1, 1), 0},
    {"concat", array_concat, ARITY_REST(0), 0},
    {"+", array_plus, ARITY(1, 1), 0},
    {"*", array_times, ARITY(1, 1), 0},
    {"reverse", array_reverse, ARITY(0, 0), 0},
    {"reverse!", array_reverse_bang, ARITY(0, 0), 0},
    {"rotate", array_rotate, ARITY(0, 1), 0},
    {"rotate!", array_rotate_bang, ARITY(0, 1), 0},
    {"transpose", array_transpose, ARITY(0, 0), 0},
    {"flatten", array_flatten, ARITY(0, 1), 0},
    {"flatten!", array_flatten_bang, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

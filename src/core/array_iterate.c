/* array_iterate.c - Array: filtering in place. What only reads (each, map, select, …) is Ruby: array.rb.
 *
 * The block may raise, break, or change the receiver: what it accepted so far is moved down in any case, and
 * the rest stays.
 */
#include "core/array_internal.h"

/* Keeps the elements for which the block's truth is `keep`. TR_RAISED; else whether any went. */
static MAY_SWITCH MAY_RAISE Value filter_in_place(Fiber *f, Value self, Block block, bool keep) {
    if (!tr_array_modify(f, self)) return TR_RAISED;
    size_t from = 0, to = 0;
    Value answer = TR_NIL;
    while (from < tr_array_count(self)) {
        Value item = tr_array_at(self, from);
        answer = tr_yield1(f, block, item);
        if (answer == TR_RAISED) break;
        from++;
        if (tr_is_truthy(answer) != keep) continue;
        if (to != from - 1 && to < tr_array_count(self)) {
            if (!tr_array_modify(f, self)) return TR_RAISED;
            tr_write(self, &tr_array(self)->items[to], item);
        }
        to++;
    }
    size_t count = tr_array_count(self);
    if (from > count) from = count;
    if (to < from && !tr_has_flag(self, TR_FLAG_FROZEN | ARRAY_SHARED)) {
        Array *a = tr_array(self);
        memmove(a->items + to, a->items + from, (count - from) * sizeof(Value));
        a->count = to + count - from;
        return answer == TR_RAISED ? TR_RAISED : TR_TRUE;
    }
    if (answer == TR_RAISED) return TR_RAISED;
    if (to >= from) return TR_FALSE;
    if (!tr_array_modify(f, self)) return TR_RAISED;
    memmove(tr_array(self)->items + to, tr_array(self)->items + from, (count - from) * sizeof(Value));
    tr_array(self)->count = to + count - from;
    return TR_TRUE;
}

static MAY_SWITCH MAY_RAISE Value filter_method(Fiber *f, Value self, const Args *args, bool keep,
                                                bool nil_if_none) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, tr_array_enum_length);
    Value changed = filter_in_place(f, self, args->block, keep);
    if (changed == TR_RAISED) return TR_RAISED;
    return changed == TR_FALSE && nil_if_none ? TR_NIL : self;
}

static MAY_SWITCH MAY_RAISE Value array_select_bang(Fiber *f, Value self, const Args *args) {
    return filter_method(f, self, args, true, true);
}

static MAY_SWITCH MAY_RAISE Value array_keep_if(Fiber *f, Value self, const Args *args) {
    return filter_method(f, self, args, true, false);
}

static MAY_SWITCH MAY_RAISE Value array_reject_bang(Fiber *f, Value self, const Args *args) {
    return filter_method(f, self, args, false, true);
}

static MAY_SWITCH MAY_RAISE Value array_delete_if(Fiber *f, Value self, const Args *args) {
    return filter_method(f, self, args, false, false);
}

const MethodDef tr_array_iterate_methods[] = {
    {"select!", array_select_bang, ARITY(0, 0), 0}, {"filter!", array_select_bang, ARITY(0, 0), 0},
    {"keep_if", array_keep_if, ARITY(0, 0), 0},     {"reject!", array_reject_bang, ARITY(0, 0), 0},
    {"delete_if", array_delete_if, ARITY(0, 0), 0}, {NULL, NULL, 0, 0, 0},
};

/* insns_value.c - instructions that make and take apart values: expandarray, interpolation, keyword splats,
 * $1, &block. */
#include "core/core.h"
#include "vm/interp.h"
#include "vm/refinement.h"

/* ---- a, *b, c = array ---- */

static MAY_SWITCH MAY_RAISE Value array_of(Fiber *f, Value v) {
    if (tr_is_array(v)) return v;
    if (!tr_is_object(v) && !tr_method_find(tr_class_of(v), TR_ID_to_ary)->method) return TR_NIL;
    Value array = tr_try_convert(f, v, tr_class.array, TR_ID_to_ary);
    return array;
}

/* `array` lies at sp[-1]; its parts are pushed in its place so that the first is on top. */
bool tr_insn_expandarray(Fiber *f, Value *sp, Value array, uint64_t count, uint64_t flags) {
    Value converted = array_of(f, array);
    if (converted == TR_RAISED) return false;
    Value *at = sp - 1;
    bool splat = flags & 1, post = flags & 2;
    size_t size = converted == TR_NIL ? 1 : tr_array_count(converted);
#define ITEM(i) (converted == TR_NIL ? ((i) == 0 ? array : TR_NIL) : tr_array_at(converted, (i)))
    if (!post) { /* a, b, *rest */
        Value rest = TR_NIL;
        if (splat) {
            if (size > count)
                rest = converted == TR_NIL ? tr_array_new_values(f, 1, array)
                                           : tr_array_sub(f, converted, count, size - count);
            else rest = tr_array_new(f, 0);
            *at++ = rest;
        }
        for (uint64_t i = count; i-- > 0;) *at++ = ITEM(i);
    } else { /* *rest, a, b: the array that comes in is what the lead ones left */
        size_t given = size < count ? size : count;
        size_t rest_count = size - given;
        Value rest = TR_NIL;
        if (splat) {
            if (rest_count == 0) rest = tr_array_new(f, 0);
            else
                rest = converted == TR_NIL ? tr_array_new_values(f, 1, array)
                                           : tr_array_sub(f, converted, 0, rest_count);
        }
        for (uint64_t i = count; i-- > 0;) *at++ = i < given ? ITEM(rest_count + i) : TR_NIL;
        if (splat) *at++ = rest;
    }
#undef ITEM
    TR_KEEP(converted);
    return true;
}

/* ---- "#{…}" ---- */

Value tr_insn_objtostring(Fiber *f, Frame *frame, Value v, CallData *data) {
    (void)frame;
    if (tr_is_string(v)) return v;
    const CallCache *cache = atomic_load_explicit(&data->cache, memory_order_acquire);
    Class *klass = tr_class_of(v);
    if (atomic_load_explicit(&cache->klass, memory_order_relaxed) != klass)
        cache = tr_site_lookup(data, klass);
    if (cache->resolved && (cache->resolved->flags & METHOD_BASIC)) {
        if (tr_is_symbol(v)) return tr_symbol_name(f, tr_symbol_id(v));
        if (tr_is_fixnum(v)) return tr_integer_to_s(f, v, 10);
        if (v == TR_NIL) return tr_string_new_ascii(f, "");
    }
    if (TR_UNLIKELY(cache->is_refined)) {
        cache = tr_method_find_for_caller(f, klass, TR_ID_to_s);
        if (cache->resolved) return tr_call_method(f, cache->resolved, v, 0, NULL, TR_NIL, TR_NIL);
    }
    return tr_callv(f, v, TR_ID_to_s, 0, NULL);
}

Value tr_insn_toregexp(Fiber *f, int options, int count, const Value *parts) {
    Value source = count == 1 ? parts[0] : tr_string_concat_many(f, count, parts);
    if (source == TR_RAISED) return TR_RAISED;
    return tr_regexp_new(f, source, options);
}

/* ---- **hash ---- */

Value tr_insn_splatkw(Fiber *f, Value v) { return v == TR_NIL ? v : tr_to_hash(f, v); }

/* ---- [a, b].max ---- */

static MAY_SWITCH MAY_RAISE Value extreme(Fiber *f, int64_t count, const Value *items, int sign) {
    Value best = items[0];
    for (int64_t i = 1; i < count; i++) {
        int order;
        if (tr_is_fixnum(best) && tr_is_fixnum(items[i]))
            order = ((int64_t)items[i] > (int64_t)best) - ((int64_t)items[i] < (int64_t)best);
        else if (!tr_compare_strict(f, items[i], best, &order)) return TR_RAISED;
        if (order * sign > 0) best = items[i];
    }
    return best;
}

Value tr_insn_newarray_send(Fiber *f, Frame *frame, int64_t count, int64_t method, Value *items) {
    (void)frame;
    uint16_t basics = BOP_ARRAY;
    switch ((enum NewArraySend)method) {
    case NEWARRAY_MAX:
    case NEWARRAY_MIN: {
        bool max = method == NEWARRAY_MAX;
        if (tr_basic_op_intact(max ? BOP_MAX : BOP_MIN, basics) &&
            tr_basic_op_intact(BOP_CMP, BOP_INTEGER | BOP_FLOAT | BOP_STRING))
            return count == 0 ? TR_NIL : extreme(f, count, items, max ? 1 : -1);
        return tr_call(f, tr_array_new_from(f, (size_t)count, items), max ? TR_ID_max : TR_ID_min, 0);
    }
    case NEWARRAY_HASH: return tr_call(f, tr_array_new_from(f, (size_t)count, items), TR_ID_hash, 0);
    case NEWARRAY_PACK:
        return tr_call(f, tr_array_new_from(f, (size_t)count - 1, items), TR_ID_pack, 1, items[count - 1]);
    case NEWARRAY_PACK_BUFFER: {
        Value keywords = tr_hash_new(f);
        if (tr_hash_set_symbol(f, keywords, tr_intern_cstr("buffer"), items[count - 1]) == TR_RAISED)
            return TR_RAISED;
        return tr_call_full(f, tr_array_new_from(f, (size_t)count - 2, items), TR_ID_pack, 1,
                            &items[count - 2], TR_NIL, keywords, false);
    }
    case NEWARRAY_INCLUDE_P:
        return tr_call(f, tr_array_new_from(f, (size_t)count - 1, items), TR_ID_include_p, 1,
                       items[count - 1]);
    }
    TR_UNREACHABLE();
}

/* ---- $~, $1, flip-flops ---- */

Value tr_insn_getspecial(Fiber *f, Frame *frame, int64_t key, int64_t type) {
    const Value *ep = frame->captured.ep;
    if (type == 0) return tr_svar_get(f, ep, key);
    Value match = tr_svar_get(f, ep, SVAR_BACKREF);
    if (match == TR_NIL) return TR_NIL;
    return type & 1 ? tr_match_special(f, match, (char)(type >> 1))
                    : tr_match_nth(f, match, (int)(type >> 1));
}

/* ---- &block ---- */

Value tr_insn_getblockparam(Fiber *f, Frame *frame, Value *ep, uint32_t index) {
    if (ep[0] & FRAME_BLOCK_PARAM_SET) return ep[-(int64_t)index];
    Frame *owner = tr_frame_of_ep(frame, ep);
    Value proc = tr_block_to_proc(f, tr_ep_block(ep));
    if (proc == TR_RAISED) return TR_RAISED;
    if (owner) ep = owner->captured.ep; /* may have moved to the heap */
    if (tr_ep_is_escaped(ep)) tr_write(tr_ep_env(ep), &ep[-(int64_t)index], proc);
    else ep[-(int64_t)index] = proc;
    ep[0] |= FRAME_BLOCK_PARAM_SET;
    return proc;
}

Value tr_insn_getblockparamproxy(Fiber *f, Frame *frame, Value *ep, uint32_t index) {
    if (ep[0] & FRAME_BLOCK_PARAM_SET) return ep[-(int64_t)index];
    Block block = tr_ep_block(ep);
    if (tr_is_symbol(block)) return tr_insn_getblockparam(f, frame, ep, index);
    return block; /* a Proc */
}

/* protocol.c - the questions that C code puts to any object: equality, hash, order, text, conversion.
 *
 * Built-in classes are answered at once as long as the method in question is the built-in one; everything else is a call.
 */
#include <math.h>

#include "core/core.h"

/* ---- equality, hash, order ---- */

static uint16_t basic_class_bit(Value v) {
    if (tr_is_fixnum(v)) return BOP_INTEGER;
    if (tr_is_flonum(v)) return BOP_FLOAT;
    if (tr_is_symbol(v)) return BOP_SYMBOL;
    if (v == TR_NIL) return BOP_NIL;
    if (v == TR_TRUE) return BOP_TRUE;
    if (v == TR_FALSE) return BOP_FALSE;
    return 0;
}

MAY_SWITCH MAY_RAISE int tr_equal(Fiber *f, Value a, Value b) {
    if (a == b) return 1;
    uint16_t bit = basic_class_bit(a);
    if (bit && tr_basic_op_intact(BOP_EQ, bit)) {
        if (bit == BOP_INTEGER && tr_is_fixnum(b)) return 0;
        if (bit == BOP_FLOAT && tr_is_flonum(b)) return tr_flonum(a) == tr_flonum(b);
        if (bit & (BOP_SYMBOL | BOP_NIL | BOP_TRUE | BOP_FALSE)) return 0;
    }
    if (tr_is_string(a) && tr_is_string(b) && tr_basic_op_intact(BOP_EQ, BOP_STRING) &&
        tr_header(a)->klass == tr_class.string)
        return tr_string_equal(a, b);
    Value answer = tr_call(f, a, TR_ID_eq, 1, b);
    return answer == TR_RAISED ? -1 : tr_is_truthy(answer);
}

MAY_SWITCH MAY_RAISE int tr_eql(Fiber *f, Value a, Value b) {
    if (a == b) return 1;
    if (tr_is_fixnum(a) || tr_is_symbol(a)) return 0;
    if (tr_is_string(a) && tr_header(a)->klass == tr_class.string) return tr_is_string(b) && tr_string_equal(a, b);
    if (tr_is_bignum(a)) return tr_is_bignum(b) && tr_integer_equal(a, b);
    Value answer = tr_call(f, a, TR_ID_eql_p, 1, b);
    return answer == TR_RAISED ? -1 : tr_is_truthy(answer);
}

MAY_SWITCH MAY_RAISE bool tr_hash_of(Fiber *f, Value v, uint64_t *hash) {
    if (tr_is_fixnum(v) || tr_is_symbol(v) || v == TR_NIL || v == TR_TRUE || v == TR_FALSE) {
        *hash = tr_hash_mix(v, 1);
        return true;
    }
    if (tr_is_string(v) && tr_header(v)->klass == tr_class.string) {
        *hash = tr_string_hash(v);
        return true;
    }
    if (tr_is_float(v) || tr_is_bignum(v)) {
        *hash = tr_number_hash(v);
        return true;
    }
    Value answer = tr_call(f, v, TR_ID_hash, 0);
    if (answer == TR_RAISED) return false;
    if (!tr_is_integer(answer)) {
        answer = tr_to_int(f, answer);
        if (answer == TR_RAISED) return false;
    }
    *hash = tr_is_fixnum(answer) ? (uint64_t)tr_fixnum(answer) : tr_number_hash(answer);
    return true;
}

MAY_SWITCH MAY_RAISE int tr_case_equal(Fiber *f, Value pattern, Value v) {
    if (tr_is_module(pattern) && tr_method_is_basic(pattern, TR_ID_eqq)) return tr_is_kind_of(v, (Class *)pattern);
    Value answer = tr_call(f, pattern, TR_ID_eqq, 1, v);
    return answer == TR_RAISED ? -1 : tr_is_truthy(answer);
}

/* What <=> answered, as a fixnum of -1, 0, 1. */
static MAY_SWITCH MAY_RAISE Value order_of(Fiber *f, Value answer) {
    if (tr_is_fixnum(answer)) {
        int64_t n = tr_fixnum(answer);
        return n < 0 ? TR_FIX(-1) : n > 0 ? TR_FIX(1) : TR_FIX(0);
    }
    Value positive = tr_call(f, answer, TR_ID_gt, 1, TR_FIX(0));
    if (positive == TR_RAISED) return TR_RAISED;
    if (tr_is_truthy(positive)) return TR_FIX(1);
    Value negative = tr_call(f, answer, TR_ID_lt, 1, TR_FIX(0));
    if (negative == TR_RAISED) return TR_RAISED;
    return tr_is_truthy(negative) ? TR_FIX(-1) : TR_FIX(0);
}

MAY_SWITCH MAY_RAISE Value tr_compare(Fiber *f, Value a, Value b) {
    if (tr_is_fixnum(a) && tr_is_fixnum(b) && tr_basic_op_intact(BOP_CMP, BOP_INTEGER)) {
        int64_t x = tr_fixnum(a), y = tr_fixnum(b);
        return x < y ? TR_FIX(-1) : x > y ? TR_FIX(1) : TR_FIX(0);
    }
    if (tr_is_flonum(a) && tr_is_flonum(b) && tr_basic_op_intact(BOP_CMP, BOP_FLOAT)) {
        double x = tr_flonum(a), y = tr_flonum(b);
        return x < y ? TR_FIX(-1) : x > y ? TR_FIX(1) : TR_FIX(0);
    }
    if (tr_is_string(a) && tr_is_string(b) && tr_basic_op_intact(BOP_CMP, BOP_STRING) &&
        tr_header(a)->klass == tr_class.string)
        return TR_FIX(tr_string_compare(a, b));
    Value answer = tr_call(f, a, TR_ID_cmp, 1, b);
    return answer == TR_NIL || answer == TR_RAISED ? answer : order_of(f, answer);
}

MAY_SWITCH MAY_RAISE Value tr_class_text(Fiber *f, Class *klass) {
    Value text = tr_call(f, (Value)klass, TR_ID_to_s, 0);
    return text == TR_RAISED || tr_is_string(text) ? text : tr_class_path(f, klass);
}

MAY_SWITCH MAY_RAISE Value tr_raise_comparison(Fiber *f, Value a, Value b) {
    bool is_plain = tr_is_object(b) && !tr_is_float(b);
    Value text = is_plain ? tr_class_text(f, tr_real_class_of(b)) : tr_inspect(f, b);
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.argument_error, "comparison of %pC with %pV failed", tr_real_class_of(a), text);
}

MAY_SWITCH MAY_RAISE bool tr_compare_strict(Fiber *f, Value a, Value b, int *order) {
    Value answer = tr_compare(f, a, b);
    if (answer == TR_RAISED) return false;
    if (answer == TR_NIL) return tr_raise_comparison(f, a, b) != TR_RAISED;
    *order = (int)tr_fixnum(answer);
    return true;
}

/* ---- text ---- */

MAY_GC Value tr_any_to_s(Fiber *f, Value v) {
    Value path = tr_class_path(f, tr_real_class_of(v));
    Value text = tr_string_format(f, "#<%s:0x%016llx>", tr_string(path)->bytes, (unsigned long long)v);
    TR_KEEP(path);
    return text;
}

MAY_SWITCH MAY_RAISE Value tr_to_s(Fiber *f, Value v) {
    if (tr_is_string(v)) return v;
    Value text = tr_call(f, v, TR_ID_to_s, 0);
    return text == TR_RAISED || tr_is_string(text) ? text : tr_any_to_s(f, v);
}

MAY_SWITCH MAY_RAISE Value tr_inspect(Fiber *f, Value v) {
    Value text = tr_call(f, v, TR_ID_inspect, 0);
    return text == TR_RAISED ? TR_RAISED : tr_to_s(f, text);
}

MAY_GC MAY_RAISE Value tr_string_of_id(Fiber *f, Id id) { return tr_symbol_to_s(f, tr_value_from_id(id)); }

/* ---- recursion ---- */

/* What this fiber is visiting: a list through the C frames of tr_recursion_guard. Beyond the first few, a table finds
 * those of the same object; it lies in the frame of the visit that began it. */
enum { VISITS_UNLISTED = 32, VISIT_BUCKETS = 512 };
typedef struct Visit {
    Id what;
    Value object, paired;
    struct Visit *before, *same_bucket;
    struct Visit **table;
    uint32_t depth;
} Visit;

static Visit **bucket_of(Visit **table, Value object) { return &table[(object >> 4 ^ object >> 13) % VISIT_BUCKETS]; }

static bool is_visited(const Visit *last, const Visit *visit) {
    const Visit *v = last;
    if (v && v->table)
        for (v = *bucket_of(v->table, visit->object); v; v = v->same_bucket)
            if (v->what == visit->what && v->object == visit->object && v->paired == visit->paired) return true;
    for (v = last && last->table ? last->table[VISIT_BUCKETS] : last; v; v = v->before)
        if (v->what == visit->what && v->object == visit->object && v->paired == visit->paired) return true;
    return false;
}

static MAY_SWITCH MAY_RAISE Value visit_in_table(Fiber *f, Visit *visit, RecursionFn fn, Value data) {
    Visit **bucket = bucket_of(visit->table, visit->object);
    visit->same_bucket = *bucket;
    *bucket = visit;
    Value result = fn(f, visit->object, data, false);
    *bucket = visit->same_bucket;
    return result;
}

static __attribute__((noinline)) MAY_SWITCH MAY_RAISE Value visit_with_table(Fiber *f, Visit *visit, RecursionFn fn,
                                                                             Value data) {
    Visit *table[VISIT_BUCKETS + 1] = {NULL}; /* the last one: what came before and is in no bucket */
    table[VISIT_BUCKETS] = visit->before;
    visit->table = table;
    return visit_in_table(f, visit, fn, data);
}

MAY_SWITCH MAY_RAISE Value tr_recursion_guard(Fiber *f, Id what, Value object, Value paired, RecursionFn fn, Value data) {
    Visit *before = f->inspect_stack;
    Visit visit = {what, object, paired, before, NULL, before ? before->table : NULL, before ? before->depth + 1 : 0};
    if (is_visited(before, &visit)) return fn(f, object, data, true);
    if (tr_stack_is_low(f)) return tr_raise_stack_overflow(f);
    f->inspect_stack = &visit;
    Value result = visit.table                          ? visit_in_table(f, &visit, fn, data)
                   : visit.depth >= VISITS_UNLISTED ? visit_with_table(f, &visit, fn, data)
                                                        : fn(f, object, data, false);
    f->inspect_stack = visit.before;
    return result;
}

/* ---- conversions ---- */

/* nil, true, false by name, else the class. */
MAY_GC Value tr_kind_name(Fiber *f, Value v) {
    if (v == TR_NIL) return tr_string_new_cstr(f, "nil");
    if (v == TR_TRUE) return tr_string_new_cstr(f, "true");
    if (v == TR_FALSE) return tr_string_new_cstr(f, "false");
    return tr_class_path(f, tr_real_class_of(v));
}

static bool is_instance(Value v, const Class *klass) {
    if (klass == tr_class.string) return tr_is_string(v);
    if (klass == tr_class.array) return tr_is_array(v);
    if (klass == tr_class.hash) return tr_is_hash(v);
    if (klass == tr_class.integer) return tr_is_integer(v);
    return tr_is_kind_of(v, klass);
}

static MAY_GC MAY_RAISE Value refuse_answer(Fiber *f, Value v, const Class *klass, Id mid, Value answer) {
    return tr_raise(f, tr_class.type_error, "can't convert %pV to %pC (%pV#%pI gives %pC)", tr_kind_name(f, v), klass,
                    tr_class_path(f, tr_real_class_of(v)), mid, tr_real_class_of(answer));
}

MAY_SWITCH MAY_RAISE Value tr_try_convert(Fiber *f, Value v, Class *klass, Id mid) {
    if (is_instance(v, klass)) return v;
    Value answer = tr_call_if_responds(f, v, mid, 0, NULL);
    if (answer == TR_RAISED) return TR_RAISED;
    if (answer == TR_UNDEF || answer == TR_NIL) return TR_NIL;
    return is_instance(answer, klass) ? answer : refuse_answer(f, v, klass, mid, answer);
}

static MAY_SWITCH MAY_RAISE Value convert(Fiber *f, Value v, Class *klass, Id mid) {
    if (is_instance(v, klass)) return v;
    Value answer = tr_call_if_responds(f, v, mid, 0, NULL);
    if (answer == TR_RAISED || is_instance(answer, klass)) return answer;
    if (answer != TR_UNDEF) return refuse_answer(f, v, klass, mid, answer);
    Value kind = tr_is_object(v) ? tr_class_text(f, tr_real_class_of(v)) : tr_kind_name(f, v);
    if (kind == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.type_error, "no implicit conversion of %pV into %pC", kind, klass);
}

MAY_SWITCH MAY_RAISE Value tr_to_str(Fiber *f, Value v) {
    return TR_LIKELY(tr_is_string(v)) ? v : convert(f, v, tr_class.string, TR_ID_to_str);
}
MAY_SWITCH MAY_RAISE Value tr_to_ary(Fiber *f, Value v) {
    return TR_LIKELY(tr_is_array(v)) ? v : convert(f, v, tr_class.array, TR_ID_to_ary);
}
MAY_SWITCH MAY_RAISE Value tr_to_hash(Fiber *f, Value v) {
    return TR_LIKELY(tr_is_hash(v)) ? v : convert(f, v, tr_class.hash, TR_ID_to_hash);
}
MAY_SWITCH MAY_RAISE Value tr_to_int(Fiber *f, Value v) {
    return TR_LIKELY(tr_is_integer(v)) ? v : convert(f, v, tr_class.integer, TR_ID_to_int);
}

MAY_SWITCH MAY_RAISE bool tr_to_long(Fiber *f, Value v, int64_t *out) {
    if (TR_LIKELY(tr_is_fixnum(v))) {
        *out = tr_fixnum(v);
        return true;
    }
    if (v == TR_NIL)
        return tr_raise(f, tr_class.type_error, "no implicit conversion from nil to integer") != TR_RAISED;
    if (tr_is_float(v)) {
        double d = tr_float(v);
        if (d < 9223372036854775808.0 && d > -9223372036854775809.0) {
            *out = (int64_t)d;
            return true;
        }
        Value text = isinf(d) ? tr_string_new_cstr(f, d < 0 ? "-Inf" : "Inf") : tr_float_to_s(f, d);
        return tr_raise(f, tr_class.range_error, "float %pV out of range of integer", text) != TR_RAISED;
    }
    v = tr_to_int(f, v);
    if (v == TR_RAISED) return false;
    if (tr_integer_fits_int64(v, out)) return true;
    return tr_raise(f, tr_class.range_error, "bignum too big to convert into 'long'") != TR_RAISED;
}

MAY_SWITCH MAY_RAISE bool tr_to_double(Fiber *f, Value v, double *out) {
    if (TR_LIKELY(tr_is_float(v))) {
        *out = tr_float(v);
        return true;
    }
    if (tr_is_integer(v)) {
        *out = tr_integer_to_double(v);
        return true;
    }
    if (!tr_is_kind_of(v, tr_class.numeric))
        return tr_raise(f, tr_class.type_error, "can't convert %pV into Float", tr_kind_name(f, v)) != TR_RAISED;
    Value answer = tr_call(f, v, TR_ID_to_f, 0);
    if (answer == TR_RAISED) return false;
    if (!tr_is_float(answer)) return refuse_answer(f, v, tr_class.float_, TR_ID_to_f, answer) != TR_RAISED;
    *out = tr_float(answer);
    return true;
}

MAY_SWITCH MAY_RAISE Id tr_to_id(Fiber *f, Value v) {
    if (TR_LIKELY(tr_is_symbol(v))) return tr_symbol_id(v);
    Value text = v;
    if (!tr_is_string(v)) {
        text = tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
        if (text == TR_RAISED) return TR_ID_NONE;
        if (text == TR_NIL) {
            text = tr_inspect(f, v);
            if (text != TR_RAISED && tr_raise(f, tr_class.type_error, "%pV is not a symbol nor a string", text) == TR_RAISED)
                return TR_ID_NONE;
            return TR_ID_NONE;
        }
    }
    Value symbol = tr_string_to_symbol(f, text);
    return symbol == TR_RAISED ? TR_ID_NONE : tr_symbol_id(symbol);
}

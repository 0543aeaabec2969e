/* kernel_convert.c - Kernel's conversion functions: Integer(), Float(), String(), Array(), Hash().
 *
 * With `exception: false` whatever StandardError the conversion raises becomes nil.
 */
#include "core/core.h"

static MAY_GC Value name_of_kind(Fiber *f, Value v) {
    const char *text = v == TR_NIL ? "nil" : v == TR_TRUE ? "true" : v == TR_FALSE ? "false" : NULL;
    return text ? tr_string_new_cstr(f, text) : tr_class_path(f, tr_real_class_of(v));
}

static MAY_GC MAY_RAISE Value cannot(Fiber *f, Value v, const char *what) {
    return tr_raise(f, tr_class.type_error, "can't convert %pV into %s", name_of_kind(f, v), what);
}

/* The exception: keyword; -1 raised. */
static MAY_SWITCH MAY_RAISE int wants_exception(Fiber *f, const Args *args) {
    static const Id names[] = {TR_ID_exception};
    Value value;
    if (!tr_keywords(f, args->keywords, names, 0, 1, &value, false)) return -1;
    if (value == TR_UNDEF || value == TR_TRUE) return 1;
    if (value == TR_FALSE) return 0;
    Value text = tr_inspect(f, value);
    if (text != TR_RAISED && tr_raise(f, tr_class.argument_error, "expected true or false as exception: %pV", text) == TR_RAISED)
        return -1;
    return -1;
}

static MAY_SWITCH MAY_RAISE Value finish(Fiber *f, Value result, bool exception) {
    if (result != TR_RAISED || exception) return result;
    return tr_rescue(f, tr_class.standard_error) == TR_UNDEF ? TR_RAISED : TR_NIL;
}

/* ---- Integer() ---- */

static MAY_SWITCH MAY_RAISE Value integer_from(Fiber *f, Value v, Value base_value) {
    int64_t base = 0;
    if (base_value != TR_NIL && !tr_to_long(f, base_value, &base)) return TR_RAISED;
    if (base_value != TR_NIL && !tr_is_string(v)) {
        Value text = tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
        if (text == TR_RAISED) return TR_RAISED;
        if (text == TR_NIL) return tr_raise(f, tr_class.argument_error, "base specified for non string value");
        v = text;
    }
    if (base == -1) base = 0; /* the text's own, as for 0 */
    if (tr_is_string(v)) return tr_string_to_integer(f, v, (int)base, true);
    if (tr_is_integer(v)) return v;
    if (tr_is_float(v)) return tr_integer_from_double(f, tr_float(v));
    if (v == TR_NIL) return cannot(f, v, "Integer");
    Value answer = tr_call_if_responds(f, v, TR_ID_to_int, 0, NULL);
    if (answer == TR_RAISED || tr_is_integer(answer)) return answer;
    Value text = tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
    if (text == TR_RAISED) return TR_RAISED;
    if (text != TR_NIL) return tr_string_to_integer(f, text, (int)base, true);
    answer = tr_call_if_responds(f, v, TR_ID_to_i, 0, NULL);
    if (answer == TR_RAISED || tr_is_integer(answer)) return answer;
    if (answer == TR_UNDEF) return cannot(f, v, "Integer");
    return tr_raise(f, tr_class.type_error, "can't convert %pC to Integer (%pC#to_i gives %pC)", tr_real_class_of(v),
                    tr_real_class_of(v), tr_real_class_of(answer));
}

/* Integer(value, base = nil, exception: true) */
static MAY_SWITCH Value kernel_integer(Fiber *f, Value self, const Args *args) {
    (void)self;
    int exception = wants_exception(f, args);
    if (exception < 0) return TR_RAISED;
    if (tr_is_integer(args->argv[0]) && args->argc == 1) return args->argv[0];
    if (args->argc > 1 && args->argv[1] == TR_NIL)
        return finish(f, tr_raise(f, tr_class.type_error, "no implicit conversion from nil to integer"), exception);
    return finish(f, integer_from(f, args->argv[0], args->argc > 1 ? args->argv[1] : TR_NIL), exception);
}

/* ---- Float() ---- */

static MAY_SWITCH MAY_RAISE Value float_from(Fiber *f, Value v) {
    if (tr_is_float(v)) return v;
    if (tr_is_integer(v)) return tr_float_new(f, tr_integer_to_double(v));
    if (tr_is_string(v)) return tr_string_to_float(f, v, true);
    if (v == TR_NIL || v == TR_TRUE || v == TR_FALSE) return cannot(f, v, "Float");
    Value answer = tr_call_if_responds(f, v, TR_ID_to_f, 0, NULL);
    if (answer == TR_RAISED || tr_is_float(answer)) return answer;
    if (answer == TR_UNDEF) return cannot(f, v, "Float");
    return tr_raise(f, tr_class.type_error, "can't convert %pC to Float (%pC#to_f gives %pC)", tr_real_class_of(v),
                    tr_real_class_of(v), tr_real_class_of(answer));
}

static MAY_SWITCH Value kernel_float(Fiber *f, Value self, const Args *args) {
    (void)self;
    int exception = wants_exception(f, args);
    return exception < 0 ? TR_RAISED : finish(f, float_from(f, args->argv[0]), exception);
}

/* ---- String(), Array(), Hash() ---- */

static MAY_SWITCH Value kernel_string(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value v = args->argv[0];
    Value text = tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
    if (text != TR_NIL) return text;
    text = tr_call_if_responds(f, v, TR_ID_to_s, 0, NULL);
    if (text == TR_RAISED || tr_is_string(text)) return text;
    if (text == TR_UNDEF) return cannot(f, v, "String");
    return tr_raise(f, tr_class.type_error, "can't convert %pC to String (%pC#to_s gives %pC)", tr_real_class_of(v),
                    tr_real_class_of(v), tr_real_class_of(text));
}

static MAY_SWITCH Value kernel_array(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value v = args->argv[0];
    Value array = tr_try_convert(f, v, tr_class.array, TR_ID_to_ary);
    if (array == TR_NIL) array = tr_try_convert(f, v, tr_class.array, TR_ID_to_a);
    return array == TR_NIL ? tr_array_new_values(f, 1, v) : array;
}

static MAY_SWITCH Value kernel_hash(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value v = args->argv[0];
    if (v == TR_NIL || (tr_is_array(v) && tr_array_count(v) == 0)) return tr_hash_new(f);
    Value hash = tr_try_convert(f, v, tr_class.hash, TR_ID_to_hash);
    return hash == TR_NIL ? cannot(f, v, "Hash") : hash;
}

static const MethodDef kernel_methods[] = {
    {"Integer", kernel_integer, ARITY(1, 2), METHOD_MODULE_FUNCTION | METHOD_KEYWORDS},
    {"Float", kernel_float, ARITY(1, 1), METHOD_MODULE_FUNCTION | METHOD_KEYWORDS},
    {"String", kernel_string, ARITY(1, 1), METHOD_MODULE_FUNCTION},
    {"Array", kernel_array, ARITY(1, 1), METHOD_MODULE_FUNCTION},
    {"Hash", kernel_hash, ARITY(1, 1), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_kernel_convert_def = {.klass = &tr_class.kernel, .methods = kernel_methods};

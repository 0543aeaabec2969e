/* warning.c - the Warning module, Kernel#warn, and where C code's warnings go out.
 *
 * Every warning passes through Warning.warn, which a program may redefine. Categories are switched for the whole process.
 */
#include "core/core.h"
#include "core/exception.h"

_Atomic uint8_t tr_warning_categories[WARNING_CATEGORIES] = {[WARNING_EXPERIMENTAL] = 1};

static const char *const category_names[WARNING_CATEGORIES] = {
    [WARNING_DEPRECATED] = "deprecated",
    [WARNING_EXPERIMENTAL] = "experimental",
    [WARNING_PERFORMANCE] = "performance",
    [WARNING_STRICT_UNUSED_BLOCK] = "strict_unused_block",
};

bool tr_warning_deprecated_enabled(void) {
    return atomic_load_explicit(&tr_warning_categories[WARNING_DEPRECATED], memory_order_relaxed);
}

/* ---- sending ---- */

static MAY_SWITCH MAY_RAISE Value send(Fiber *f, Value text, Value category) {
    Id warn = tr_intern_cstr("warn");
    if (category == TR_UNDEF) return tr_call(f, (Value)tr_class.warning, warn, 1, text);
    const CallCache *found = tr_method_find(tr_class_of((Value)tr_class.warning), warn);
    if (found->resolved && tr_method_arity(found->resolved) == 1) /* redefined without categories */
        return tr_call(f, (Value)tr_class.warning, warn, 1, text);
    Value keywords = tr_hash_new(f);
    if (tr_hash_set_symbol(f, keywords, tr_intern_cstr("category"), category) == TR_RAISED) return TR_RAISED;
    return tr_call_full(f, (Value)tr_class.warning, warn, 1, &text, TR_NIL, keywords, false);
}

MAY_SWITCH void tr_warn_at(Fiber *f, Value path, int line, const char *format, ...) {
    if (tr_verbose(f) == TR_NIL) return;
    va_list list;
    va_start(list, format);
    Value message = tr_vformat(f, format, list);
    va_end(list);
    Value text = tr_string_format(f, "%s:%d: warning: %s\n", tr_string(path)->bytes, line, tr_string(message)->bytes);
    TR_KEEP(message);
    if (send(f, text, TR_UNDEF) == TR_RAISED) tr_rescue(f, tr_class.standard_error);
}

/* ---- Warning ---- */

/* Which category a Symbol names; -1: raised. */
static MAY_SWITCH MAY_RAISE int category_of(Fiber *f, Value v) {
    if (!tr_is_symbol(v)) {
        if (tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Symbol)", tr_real_class_of(v)) == TR_RAISED)
            return -1;
        return -1;
    }
    for (int i = 0; i < WARNING_CATEGORIES; i++)
        if (strcmp(category_names[i], tr_id_cstr(tr_symbol_id(v))) == 0) return i;
    if (tr_raise(f, tr_class.argument_error, "unknown category: %pI", tr_symbol_id(v)) == TR_RAISED) return -1;
    return -1;
}

static MAY_SWITCH Value warning_aref(Fiber *f, Value self, const Args *args) {
    (void)self;
    int category = category_of(f, args->argv[0]);
    return category < 0 ? TR_RAISED
                        : tr_bool(atomic_load_explicit(&tr_warning_categories[category], memory_order_relaxed));
}

static MAY_SWITCH Value warning_aset(Fiber *f, Value self, const Args *args) {
    (void)self;
    int category = category_of(f, args->argv[0]);
    if (category < 0) return TR_RAISED;
    atomic_store_explicit(&tr_warning_categories[category], tr_is_truthy(args->argv[1]), memory_order_relaxed);
    return args->argv[1];
}

static MAY_GC Value warning_categories(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Value list = tr_array_new(f, WARNING_CATEGORIES);
    for (int i = 0; i < WARNING_CATEGORIES; i++)
        if (tr_array_push(f, list, tr_value_from_id(tr_intern_cstr(category_names[i]))) == TR_RAISED) return TR_RAISED;
    return list;
}

/* Warning.warn(message, category: nil) */
static MAY_SWITCH Value warning_warn(Fiber *f, Value self, const Args *args) {
    (void)self;
    const Id names[] = {tr_intern_cstr("category")};
    Value category;
    if (!tr_keywords(f, args->keywords, names, 0, 1, &category, false)) return TR_RAISED;
    if (!tr_is_string(args->argv[0]))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected String)",
                        tr_real_class_of(args->argv[0]));
    if (category != TR_UNDEF && category != TR_NIL) {
        int number = category_of(f, category);
        if (number < 0) return TR_RAISED;
        if (!atomic_load_explicit(&tr_warning_categories[number], memory_order_relaxed)) return TR_NIL;
    }
    return tr_io_write_stderr(f, args->argv[0]) == TR_RAISED ? TR_RAISED : TR_NIL;
}

/* ---- Kernel#warn ---- */

/* Appends what puts would print. */
static MAY_SWITCH MAY_RAISE Value append_message(Fiber *f, Value text, Value message) {
    if (tr_is_array(message)) {
        for (size_t i = 0; i < tr_array_count(message); i++)
            if (append_message(f, text, tr_array_at(message, i)) == TR_RAISED) return TR_RAISED;
        return text;
    }
    Value part = tr_to_s(f, message);
    if (part == TR_RAISED || tr_string_append(f, text, part) == TR_RAISED) return TR_RAISED;
    const String *s = tr_string(part);
    return s->size && s->bytes[s->size - 1] == '\n' ? text : tr_string_append_cstr(f, text, "\n");
}

/* "file:line: warning: " of the caller `level` frames up, or "warning: ". */
static MAY_SWITCH MAY_RAISE Value append_place(Fiber *f, Value self, Value text, Value level) {
    int64_t n;
    if (!tr_to_long(f, level, &n)) return TR_RAISED;
    if (n < 0) return tr_raise(f, tr_class.argument_error, "negative level (%lld)", (long long)n);
    Value list = tr_call(f, self, tr_intern_cstr("caller_locations"), 2, TR_FIX(n + 1), TR_FIX(1));
    if (list == TR_RAISED) return TR_RAISED;
    if (tr_is_array(list) && tr_array_count(list)) {
        Value at = tr_array_at(list, 0);
        Value path = tr_call(f, at, tr_intern_cstr("path"), 0), line = tr_call(f, at, tr_intern_cstr("lineno"), 0);
        if (path == TR_RAISED || line == TR_RAISED) return TR_RAISED;
        if (tr_is_string(path)) {
            Value place = tr_string_format(f, "%s:%lld: ", tr_string(path)->bytes,
                                           tr_is_fixnum(line) ? (long long)tr_fixnum(line) : 0);
            if (tr_string_append(f, text, place) == TR_RAISED) return TR_RAISED;
        }
    }
    return tr_string_append_cstr(f, text, "warning: ");
}

/* Kernel#warn(*messages, uplevel: nil, category: nil) -> nil */
static MAY_SWITCH Value kernel_warn(Fiber *f, Value self, const Args *args) {
    const Id names[] = {tr_intern_cstr("uplevel"), tr_intern_cstr("category")};
    Value given[2];
    if (!tr_keywords(f, args->keywords, names, 0, 2, given, false)) return TR_RAISED;
    Value uplevel = given[0] == TR_UNDEF ? TR_NIL : given[0], category = given[1] == TR_UNDEF ? TR_NIL : given[1];
    if (tr_verbose(f) == TR_NIL || args->argc == 0) return TR_NIL;
    if (category != TR_NIL) {
        Id name = tr_to_id(f, category);
        if (!name) return TR_RAISED;
        category = tr_value_from_id(name);
        int number = category_of(f, category);
        if (number < 0) return TR_RAISED;
        if (!atomic_load_explicit(&tr_warning_categories[number], memory_order_relaxed)) return TR_NIL;
    }
    Value text = tr_string_new_cstr(f, "");
    if (uplevel != TR_NIL && append_place(f, self, text, uplevel) == TR_RAISED) return TR_RAISED;
    for (int i = 0; i < args->argc; i++)
        if (append_message(f, text, args->argv[i]) == TR_RAISED) return TR_RAISED;
    if (tr_string(text)->size == 0) return TR_NIL;
    return send(f, text, category) == TR_RAISED ? TR_RAISED : TR_NIL;
}

static const MethodDef warning_methods[] = {
    {"warn", warning_warn, ARITY(1, 1), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef warning_singleton_methods[] = {
    {"[]", warning_aref, ARITY(1, 1), 0},
    {"[]=", warning_aset, ARITY(2, 2), 0},
    {"categories", warning_categories, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_SWITCH void warning_init(Fiber *f) { /* Warning.warn is Warning#warn: so `super` works in one's own */
    Class *singleton = tr_singleton_class(f, (Value)tr_class.warning);
    if (tr_module_include(f, singleton, tr_class.warning) == TR_RAISED) TR_UNREACHABLE();
}
const ClassDef tr_warning_def = {.klass = &tr_class.warning, .methods = warning_methods,
                                 .singleton_methods = warning_singleton_methods, .init = warning_init};

static const MethodDef kernel_methods[] = {
    {"warn", kernel_warn, ARITY_REST(0), METHOD_MODULE_FUNCTION | METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_kernel_warn_def = {.klass = &tr_class.kernel, .methods = kernel_methods};

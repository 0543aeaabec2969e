/* nil.c - nil, true and false. */
#include "core/core.h"

static inline bool argument(const Args *args) { return tr_is_truthy(args->argv[0]); }

static MAY_GC MAY_RAISE Value frozen_text(Fiber *f, const char *text) {
    return tr_string_interned(f, text, strlen(text), ENCODING_US_ASCII);
}

/* ---- nil ---- */

static Value always_true(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_TRUE;
}
static Value always_false(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FALSE;
}
static MAY_GC Value nil_to_s(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return frozen_text(f, "");
}
static MAY_GC Value nil_inspect(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_string_new_ascii(f, "nil");
}
static MAY_GC Value nil_to_a(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_array_new(f, 0);
}
static MAY_GC Value nil_to_h(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_hash_new(f);
}
static Value nil_to_i(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FIX(0);
}
static MAY_GC Value nil_to_f(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_float_new(f, 0.0);
}
static Value nil_match(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_NIL;
}

/* ---- shared by the three ---- */

static Value is_same(Fiber *f, Value self, const Args *args) {
    (void)f;
    return tr_bool(self == args->argv[0]);
}
static Value give_argument(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    return tr_bool(argument(args));
}
static Value give_opposite(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    return tr_bool(!argument(args));
}
static MAY_GC Value true_to_s(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return frozen_text(f, "true");
}
static MAY_GC Value false_to_s(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return frozen_text(f, "false");
}

static const MethodDef nil_methods[] = {
    {"nil?", always_true, ARITY(0, 0), METHOD_LEAF},   {"to_s", nil_to_s, ARITY(0, 0), 0},
    {"inspect", nil_inspect, ARITY(0, 0), 0},          {"to_a", nil_to_a, ARITY(0, 0), 0},
    {"to_h", nil_to_h, ARITY(0, 0), 0},                {"to_i", nil_to_i, ARITY(0, 0), METHOD_LEAF},
    {"to_f", nil_to_f, ARITY(0, 0), 0},
    {"=~", nil_match, ARITY(1, 1), METHOD_LEAF},       {"&", always_false, ARITY(1, 1), METHOD_LEAF},
    {"|", give_argument, ARITY(1, 1), METHOD_LEAF},    {"^", give_argument, ARITY(1, 1), METHOD_LEAF},
    {"===", is_same, ARITY(1, 1), METHOD_LEAF},        {NULL, NULL, 0, 0, 0},
};
static const MethodDef true_methods[] = {
    {"to_s", true_to_s, ARITY(0, 0), 0},               {"inspect", true_to_s, ARITY(0, 0), 0},
    {"&", give_argument, ARITY(1, 1), METHOD_LEAF},    {"|", always_true, ARITY(1, 1), METHOD_LEAF},
    {"^", give_opposite, ARITY(1, 1), METHOD_LEAF},    {"===", is_same, ARITY(1, 1), METHOD_LEAF},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef false_methods[] = {
    {"to_s", false_to_s, ARITY(0, 0), 0},              {"inspect", false_to_s, ARITY(0, 0), 0},
    {"&", always_false, ARITY(1, 1), METHOD_LEAF},     {"|", give_argument, ARITY(1, 1), METHOD_LEAF},
    {"^", give_argument, ARITY(1, 1), METHOD_LEAF},    {"===", is_same, ARITY(1, 1), METHOD_LEAF},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_nil_def = {.klass = &tr_class.nil, .methods = nil_methods, .no_alloc = true};
const ClassDef tr_true_def = {.klass = &tr_class.true_, .methods = true_methods, .no_alloc = true};
const ClassDef tr_false_def = {.klass = &tr_class.false_, .methods = false_methods, .no_alloc = true};

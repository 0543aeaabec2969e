/* symbol.c - class Symbol. Symbols are immediates; their names are interned strings, and most methods are
 * String's, asked of the name.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "core/encoding.h"
#include "core/string_internal.h"

/* The interned names by Id, in blocks that are made when they are needed. An entry is only ever set to the
 * one interned string, so a race writes the same twice. */
#define NAME_BLOCK 1024
#define NAME_BLOCKS 65536
static _Atomic(_Atomic(Value) *)
    name_blocks[NAME_BLOCKS]; /* release on making pairs with the acquire of readers */

static _Atomic(Value) *make_name_block(Id index) {
    _Atomic(Value) *block = calloc(NAME_BLOCK, sizeof *block), *expected = NULL;
    TR_CHECK(block != NULL);
    if (!atomic_compare_exchange_strong_explicit(&name_blocks[index], &expected, block, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        free(block);
        block = expected;
    }
    return block;
}

Value tr_symbol_name(Fiber *f, Id id) {
    Id index = id / NAME_BLOCK;
    const IdName *name = tr_id_name(id);
    if (TR_UNLIKELY(index >= NAME_BLOCKS))
        return tr_string_interned(f, name->bytes, name->size, name->encoding);
    _Atomic(Value) *block = atomic_load_explicit(&name_blocks[index], memory_order_acquire);
    if (TR_UNLIKELY(!block)) block = make_name_block(index);
    Value v = atomic_load_explicit(&block[id % NAME_BLOCK], memory_order_acquire);
    if (TR_LIKELY(v != 0)) return v;
    v = tr_string_interned(f, name->bytes, name->size, name->encoding);
    tr_heap_keep_for_ever(v); /* as long as the symbol */
    atomic_store_explicit(&block[id % NAME_BLOCK], v, memory_order_release);
    return v;
}

Value tr_symbol_to_s(Fiber *f, Value symbol) {
    const IdName *name = tr_id_name(tr_symbol_id(symbol));
    Value v = tr_string_new_encoded(f, name->bytes, name->size, name->encoding);
    if (name->encoding == ENCODING_US_ASCII) tr_string_set_coderange(v, CODERANGE_7BIT);
    return v;
}

Value tr_string_to_symbol(Fiber *f, Value v) {
    int encoding = tr_string_encoding(v);
    if (tr_string_coderange(v) == CODERANGE_BROKEN) {
        Value text = tr_string_inspect(f, v);
        if (text == TR_RAISED) return TR_RAISED;
        return tr_raise(f, tr_class.encoding_error, "invalid symbol in encoding %s :%pV",
                        tr_encodings[encoding].name, (void *)text);
    }
    if (tr_string_coderange(v) == CODERANGE_7BIT) encoding = ENCODING_US_ASCII;
    Id id = tr_intern(tr_string(v)->bytes, tr_string(v)->size, encoding);
    TR_KEEP(v);
    return tr_value_from_id(id);
}

static MAY_GC Value name_of(Fiber *f, Value self) { return tr_symbol_name(f, tr_symbol_id(self)); }

/* The same method of the name. */
static MAY_SWITCH Value ask_name(Fiber *f, Value self, Id mid, const Args *args) {
    return tr_call_full(f, name_of(f, self), mid, args->argc, args->argv, args->block, args->keywords, true);
}

static MAY_SWITCH MAY_RAISE Value ask_for_symbol(Fiber *f, Value self, Id mid, const Args *args) {
    Value text = ask_name(f, self, mid, args);
    return text == TR_RAISED ? TR_RAISED : tr_string_to_symbol(f, text);
}

static MAY_GC Value symbol_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_symbol_to_s(f, self);
}

static MAY_GC Value symbol_name(Fiber *f, Value self, const Args *args) {
    (void)args;
    return name_of(f, self);
}

static Value symbol_itself(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return self;
}

static MAY_GC Value symbol_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_symbol_inspect(f, self);
}

static MAY_GC Value symbol_to_proc(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_block_to_proc(f, self);
}

static Value symbol_equal(Fiber *f, Value self, const Args *args) {
    (void)f;
    return tr_bool(self == args->argv[0]);
}

static MAY_GC Value symbol_compare(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (!tr_is_symbol(other)) return TR_NIL;
    Value a = name_of(f, self), b = name_of(f, other);
    return TR_FIX(tr_string_compare(a, b));
}

static MAY_GC Value symbol_length(Fiber *f, Value self, const Args *args) {
    (void)args;
    return TR_FIX(tr_string_length(name_of(f, self)));
}

static Value symbol_is_empty(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_id_name(tr_symbol_id(self))->size == 0);
}

static Value symbol_encoding(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_encoding_object(tr_id_name(tr_symbol_id(self))->encoding);
}

/* Symbol#casecmp, casecmp?: nil for anything but a Symbol. */
static MAY_SWITCH Value symbol_casecmp(Fiber *f, Value self, const Args *args) {
    if (!tr_is_symbol(args->argv[0])) return TR_NIL;
    return tr_call(f, name_of(f, self), TR_ID_casecmp, 1, name_of(f, args->argv[0]));
}

static MAY_SWITCH Value symbol_casecmp_p(Fiber *f, Value self, const Args *args) {
    if (!tr_is_symbol(args->argv[0])) return TR_NIL;
    return tr_call(f, name_of(f, self), TR_ID_casecmp_p, 1, name_of(f, args->argv[0]));
}

#define ASK(function, id) \
    static MAY_SWITCH MAY_RAISE Value function(Fiber *f, Value self, const Args *args) { \
        return ask_name(f, self, TR_ID_##id, args); \
    }
#define ASK_FOR_SYMBOL(function, id) \
    static MAY_SWITCH MAY_RAISE Value function(Fiber *f, Value self, const Args *args) { \
        return ask_for_symbol(f, self, TR_ID_##id, args); \
    }
MAY_SWITCH ASK(symbol_aref, aref)
MAY_SWITCH ASK(symbol_match_operator, match)
MAY_SWITCH ASK(symbol_match, match_m)
MAY_SWITCH ASK(symbol_match_p, match_p)
MAY_SWITCH ASK(symbol_start_with, start_with_p)
MAY_SWITCH ASK(symbol_end_with, end_with_p)
MAY_SWITCH ASK_FOR_SYMBOL(symbol_succ, succ)
MAY_SWITCH ASK_FOR_SYMBOL(symbol_upcase, upcase)
MAY_SWITCH ASK_FOR_SYMBOL(symbol_downcase, downcase)
MAY_SWITCH ASK_FOR_SYMBOL(symbol_capitalize, capitalize)
MAY_SWITCH ASK_FOR_SYMBOL(symbol_swapcase, swapcase)

static MAY_GC MAY_RAISE Value symbol_s_all_symbols(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Id count = tr_id_count();
    Value all = tr_array_new(f, count);
    for (Id id = 1; id <= count; id++)
        if (tr_array_push(f, all, tr_value_from_id(id)) == TR_RAISED) return TR_RAISED;
    return all;
}

static MAY_SWITCH void symbol_init(Fiber *f) {
    if (tr_module_include(f, tr_class.symbol, tr_class.comparable) == TR_RAISED) TR_UNREACHABLE();
}

static const MethodDef symbol_methods[] = {
    {"to_s", symbol_to_s, ARITY(0, 0), 0},
    {"id2name", symbol_to_s, ARITY(0, 0), 0},
    {"name", symbol_name, ARITY(0, 0), 0},
    {"to_sym", symbol_itself, ARITY(0, 0), METHOD_LEAF},
    {"intern", symbol_itself, ARITY(0, 0), METHOD_LEAF},
    {"inspect", symbol_inspect, ARITY(0, 0), 0},
    {"to_proc", symbol_to_proc, ARITY(0, 0), 0},
    {"==", symbol_equal, ARITY(1, 1), METHOD_LEAF},
    {"===", symbol_equal, ARITY(1, 1), METHOD_LEAF},
    {"<=>", symbol_compare, ARITY(1, 1), 0},
    {"casecmp", symbol_casecmp, ARITY(1, 1), 0},
    {"casecmp?", symbol_casecmp_p, ARITY(1, 1), 0},
    {"=~", symbol_match_operator, ARITY(1, 1), 0},
    {"match", symbol_match, ARITY(1, 2), 0},
    {"match?", symbol_match_p, ARITY(1, 2), 0},
    {"[]", symbol_aref, ARITY(1, 2), 0},
    {"slice", symbol_aref, ARITY(1, 2), 0},
    {"length", symbol_length, ARITY(0, 0), 0},
    {"size", symbol_length, ARITY(0, 0), 0},
    {"empty?", symbol_is_empty, ARITY(0, 0), METHOD_LEAF},
    {"encoding", symbol_encoding, ARITY(0, 0), METHOD_LEAF},
    {"start_with?", symbol_start_with, ARITY_REST(0), 0},
    {"end_with?", symbol_end_with, ARITY_REST(0), 0},
    {"succ", symbol_succ, ARITY(0, 0), 0},
    {"next", symbol_succ, ARITY(0, 0), 0},
    {"upcase", symbol_upcase, ARITY_REST(0), 0},
    {"downcase", symbol_downcase, ARITY_REST(0), 0},
    {"capitalize", symbol_capitalize, ARITY_REST(0), 0},
    {"swapcase", symbol_swapcase, ARITY_REST(0), 0},
    {NULL, NULL, 0, 0, 0}
};
static const MethodDef symbol_singleton_methods[] = {
    {"all_symbols", symbol_s_all_symbols, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
const ClassDef tr_symbol_class = {
    .klass = &tr_class.symbol, .methods = symbol_methods, .singleton_methods = symbol_singleton_methods,
    .no_alloc = true, .init = symbol_init
};

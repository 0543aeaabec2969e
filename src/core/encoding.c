/* encoding.c - class Encoding: one frozen, shareable object per encoding, lookup by name, the defaults, and
 * which encodings go together.
 *
 * default_external and default_internal are process-wide, as in Ruby; each is one atomic word.
 */
#include "core/encoding.h"

#include <langinfo.h>
#include <stdatomic.h>
#include <strings.h>

#include "core/core.h"
#include "core/integer.h"
#include "core/regexp.h"
#include "value/data.h"

typedef struct EncodingObject { Data base; int index; } EncodingObject;
static const DataType encoding_type = {
    .name = "Encoding", .bytes = sizeof(EncodingObject), .flags = TR_FLAG_SHAREABLE | TR_FLAG_FROZEN
};
static Value encoding_objects[ENCODING_COUNT];            /* written at boot only */
static _Atomic int default_external = ENCODING_UTF8;      /* relaxed: a setting, orders nothing */
static _Atomic int default_internal = -1;

Value tr_encoding_object(int index) { return encoding_objects[index]; }
bool tr_is_encoding(Value v) { return tr_data_is(v, &encoding_type); }
static int index_of(Value encoding) { return ((EncodingObject *)encoding)->index; }
int tr_encoding_default_external(void) {
    return atomic_load_explicit(&default_external, memory_order_relaxed);
}
int tr_encoding_default_internal(void) {
    return atomic_load_explicit(&default_internal, memory_order_relaxed);
}

const char *tr_encoding_message_name(int index) {
    return index == ENCODING_BINARY ? "BINARY (ASCII-8BIT)" : tr_encodings[index].name;
}

/* --- finding --- */

static bool is_name(const char *have, const char *name, size_t size) {
    return strlen(have) == size && strncasecmp(have, name, size) == 0;
}

int tr_encoding_find(const char *name, size_t size) {
    for (int i = 0; i < ENCODING_COUNT; i++) {
        if (is_name(tr_encodings[i].name, name, size)) return i;
        for (const char *alias = tr_encodings[i].aliases; *alias; alias += strlen(alias) + 1)
            if (is_name(alias, name, size)) return i;
    }
    if (is_name("locale", name, size) || is_name("external", name, size) || is_name("filesystem", name, size))
        return tr_encoding_default_external();
    if (is_name("internal", name, size)) {
        int internal = tr_encoding_default_internal();
        return internal < 0 ? -2 : internal;
    }
    return -1;
}

int tr_encoding_from_value_or_unknown(Fiber *f, Value v) {
    if (tr_is_encoding(v)) return index_of(v);
    Value name = tr_to_str(f, v);
    if (name == TR_RAISED) return -1;
    int index = -1;
    if (tr_encoding_is_ascii_compatible(tr_string_encoding(name)))
        index = tr_encoding_find(tr_string(name)->bytes, tr_string(name)->size);
    TR_KEEP(name);
    return index < 0 ? -2 : index;
}

int tr_encoding_from_value(Fiber *f, Value v) {
    if (tr_is_encoding(v)) return index_of(v);
    Value name = tr_to_str(f, v);
    if (name == TR_RAISED) return -1;
    if (!tr_encoding_is_ascii_compatible(tr_string_encoding(name))) {
        (void)!tr_raise(f, tr_class.argument_error, "invalid encoding name (non ASCII)");
        return -1;
    }
    int index = tr_encoding_find(tr_string(name)->bytes, tr_string(name)->size);
    if (index < 0) {
        (void)!tr_raise(f, tr_class.argument_error, "unknown encoding name - %pV", (void *)name);
        return -1;
    }
    return index;
}

/* --- negotiation --- */

int tr_value_encoding(Value v) {
    if (tr_is_string(v)) return tr_string_encoding(v);
    if (tr_is_symbol(v)) return tr_id_name(tr_symbol_id(v))->encoding;
    if (tr_is_regexp(v))
        return tr_regexp(v)->source == TR_UNDEF ? -1 : tr_string_encoding(tr_regexp(v)->source);
    if (tr_is_encoding(v)) return index_of(v);
    return -1;
}

static int compatible_strings(Value a, Value b) {
    int ea = tr_string_encoding(a), eb = tr_string_encoding(b);
    bool a7 = tr_string_is_7bit(a);
    if (tr_string(b)->size == 0) {
        return ea;
    }
    if (tr_string(a)->size == 0)
        return tr_encoding_is_ascii_compatible(ea) && tr_string_is_7bit(b) ? ea : eb;
    if (!tr_encoding_is_ascii_compatible(ea) || !tr_encoding_is_ascii_compatible(eb)) return -1;
    if (tr_string_is_7bit(b)) return ea;
    return a7 ? eb : -1;
}

int tr_encoding_compatible(Value a, Value b) {
    int ea = tr_value_encoding(a), eb = tr_value_encoding(b);
    if (ea < 0 || eb < 0) return -1;
    if (ea == eb) return ea;
    bool a_is_string = tr_is_string(a), b_is_string = tr_is_string(b);
    if (a_is_string && b_is_string) return compatible_strings(a, b);
    if (b_is_string && tr_string(b)->size == 0) return ea;
    if (a_is_string && tr_string(a)->size == 0) return eb;
    if (!tr_encoding_is_ascii_compatible(ea) || !tr_encoding_is_ascii_compatible(eb)) return -1;
    /* objects whose encoding is the same are handled; one without content gives way when it is US-ASCII */
    if (!b_is_string && eb == ENCODING_US_ASCII) return ea;
    if (!a_is_string && ea == ENCODING_US_ASCII) return eb;
    if (!a_is_string) {
        if (b_is_string) return tr_string_is_7bit(b) ? ea : -1;
        return -1;
    }
    return tr_string_is_7bit(a) ? eb : -1;
}

int tr_encoding_negotiate(Fiber *f, Value a, Value b) {
    int ea = tr_string_encoding(a);
    if (ea == tr_string_encoding(b)) return ea;
    int encoding = compatible_strings(a, b);
    if (encoding < 0)
        (void)!tr_raise(f, tr_class.compatibility_error, "incompatible character encodings: %s and %s",
                        tr_encoding_message_name(ea), tr_encoding_message_name(tr_string_encoding(b)));
    return encoding;
}

/* --- Integer#chr --- */

Value tr_raise_char(Fiber *f, uint32_t code, int encoding) {
    bool is_wide = tr_encoding_is_unicode(encoding) ? code <= 0x10ffff : tr_encodings[encoding].max_size > 1;
    if (!is_wide) return tr_raise(f, tr_class.range_error, "%u out of char range", code);
    return tr_raise(f, tr_class.range_error, "invalid codepoint 0x%X in %s", code, tr_encodings[encoding].name);
}

Value tr_integer_to_char(Fiber *f, uint32_t code, Value given) {
    int encoding;
    if (given == TR_UNDEF) {
        if (code < 0x80) return tr_string_new_encoded(f, (char[]){(char)code}, 1, ENCODING_US_ASCII);
        if (code < 0x100) return tr_string_new_encoded(f, (char[]){(char)code}, 1, ENCODING_BINARY);
        encoding = tr_encoding_default_internal();
        if (encoding < 0) return tr_raise(f, tr_class.range_error, "%u out of char range", code);
    } else if ((encoding = tr_encoding_from_value(f, given)) < 0) {
        return TR_RAISED;
    }
    char bytes[8];
    int n = tr_char_encode(encoding, code, bytes);
    if (n > 0) return tr_string_new_encoded(f, bytes, (size_t)n, encoding);
    return tr_raise_char(f, code, encoding);
}

/* --- methods --- */

static MAY_GC Value encoding_name(Fiber *f, Value self, const Args *args) {
    (void)args;
    const char *name = tr_encodings[index_of(self)].name;
    return tr_string_interned(f, name, strlen(name), ENCODING_US_ASCII);
}

static MAY_GC Value encoding_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    int index = index_of(self);
    return tr_string_format(f, "#<Encoding:%s%s>", tr_encoding_message_name(index),
                            tr_encodings[index].is_dummy ? " (dummy)" : "");
}

static MAY_GC Value push_name(Fiber *f, Value names, const char *name) {
    return tr_array_push(f, names, tr_string_interned(f, name, strlen(name), ENCODING_US_ASCII));
}

/* Encoding#names -> [String, …], "locale", "external"… for the defaults included */
static MAY_GC MAY_RAISE Value encoding_names(Fiber *f, Value self, const Args *args) {
    (void)args;
    int index = index_of(self);
    Value names = tr_array_new(f, 4);
    if (push_name(f, names, tr_encodings[index].name) == TR_RAISED) return TR_RAISED;
    for (const char *alias = tr_encodings[index].aliases; *alias; alias += strlen(alias) + 1)
        if (push_name(f, names, alias) == TR_RAISED) return TR_RAISED;
    if (index == tr_encoding_default_external()) {
        static const char *const extra[] = {"locale", "external", "filesystem"};
        for (int i = 0; i < 3; i++)
            if (push_name(f, names, extra[i]) == TR_RAISED) return TR_RAISED;
    }
    if (index == tr_encoding_default_internal() && push_name(f, names, "internal") == TR_RAISED)
        return TR_RAISED;
    return names;
}

static Value encoding_is_dummy(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_encodings[index_of(self)].is_dummy);
}

static Value encoding_is_ascii_compatible(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_encodings[index_of(self)].is_ascii_compatible);
}

static MAY_GC Value encoding_dump(Fiber *f, Value self, const Args *args) {
    return encoding_name(f, self, args);
}

static MAY_SWITCH MAY_RAISE Value encoding_s_load(Fiber *f, Value self, const Args *args) {
    (void)self;
    int index = tr_encoding_from_value(f, args->argv[0]);
    return index < 0 ? TR_RAISED : encoding_objects[index];
}

static MAY_GC Value encoding_s_list(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_array_new_from(f, ENCODING_COUNT, encoding_objects);
}

static const char *const special_names[] = {"locale", "external", "filesystem", "internal"};

static MAY_GC MAY_RAISE Value encoding_s_name_list(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Value names = tr_array_new(f, 180);
    for (int i = 0; i < ENCODING_COUNT; i++) {
        if (push_name(f, names, tr_encodings[i].name) == TR_RAISED) return TR_RAISED;
        for (const char *alias = tr_encodings[i].aliases; *alias; alias += strlen(alias) + 1)
            if (push_name(f, names, alias) == TR_RAISED) return TR_RAISED;
    }
    for (int i = 0; i < 4; i++)
        if (push_name(f, names, special_names[i]) == TR_RAISED) return TR_RAISED;
    return names;
}

static MAY_SWITCH Value set_alias(Fiber *f, Value hash, const char *alias, const char *name) {
    Value key = tr_string_interned(f, alias, strlen(alias), ENCODING_US_ASCII);
    return tr_hash_set(f, hash, key, tr_string_interned(f, name, strlen(name), ENCODING_US_ASCII));
}

static MAY_SWITCH MAY_RAISE Value encoding_s_aliases(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Value aliases = tr_hash_new(f);
    for (int i = 0; i < ENCODING_COUNT; i++)
        for (const char *alias = tr_encodings[i].aliases; *alias; alias += strlen(alias) + 1)
            if (set_alias(f, aliases, alias, tr_encodings[i].name) == TR_RAISED) return TR_RAISED;
    const char *external = tr_encodings[tr_encoding_default_external()].name;
    for (int i = 0; i < 3; i++)
        if (set_alias(f, aliases, special_names[i], external) == TR_RAISED) return TR_RAISED;
    if (tr_encoding_default_internal() >= 0 &&
        set_alias(f, aliases, "internal", tr_encodings[tr_encoding_default_internal()].name) == TR_RAISED)
        return TR_RAISED;
    return aliases;
}

static MAY_SWITCH MAY_RAISE Value encoding_s_find(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (tr_is_encoding(args->argv[0])) return args->argv[0];
    Value name = tr_to_str(f, args->argv[0]);
    if (name == TR_RAISED) return TR_RAISED;
    if (tr_encoding_find(tr_string(name)->bytes, tr_string(name)->size) == -2) return TR_NIL;
    int index = tr_encoding_from_value(f, name);
    return index < 0 ? TR_RAISED : encoding_objects[index];
}

static Value encoding_s_compatible(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    int index = tr_encoding_compatible(args->argv[0], args->argv[1]);
    return index < 0 ? TR_NIL : encoding_objects[index];
}

static Value encoding_s_default_external(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return encoding_objects[tr_encoding_default_external()];
}

static MAY_SWITCH MAY_RAISE Value encoding_s_set_default_external(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->argv[0] == TR_NIL)
        return tr_raise(f, tr_class.argument_error, "default external can not be nil");
    int index = tr_encoding_from_value(f, args->argv[0]);
    if (index < 0) return TR_RAISED;
    atomic_store_explicit(&default_external, index, memory_order_relaxed);
    return args->argv[0];
}

static Value encoding_s_default_internal(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    int index = tr_encoding_default_internal();
    return index < 0 ? TR_NIL : encoding_objects[index];
}

static MAY_SWITCH MAY_RAISE Value encoding_s_set_default_internal(Fiber *f, Value self, const Args *args) {
    (void)self;
    int index = -1;
    if (args->argv[0] != TR_NIL && (index = tr_encoding_from_value(f, args->argv[0])) < 0) return TR_RAISED;
    atomic_store_explicit(&default_internal, index, memory_order_relaxed);
    return args->argv[0];
}

static MAY_GC Value encoding_s_locale_charmap(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_string_new_ascii(f, nl_langinfo(CODESET));
}

/* Encoding::UTF_8, Encoding::Shift_JIS and SHIFT_JIS, Encoding::EUCJP for "eucJP": the rule of Ruby's own
 * names. */
static MAY_GC void define_constants(Fiber *f, const char *name, Value object) {
    char constant[64];
    size_t size = strlen(name);
    bool has_lower = false;
    if (name[0] >= '0' && name[0] <= '9') return;
    for (size_t i = 0; i <= size; i++) {
        char c = name[i];
        bool is_lower = c >= 'a' && c <= 'z';
        has_lower |= is_lower;
        bool is_word = is_lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == 0;
        constant[i] = is_word ? c : '_';
    }
    if (constant[0] >= 'a' && constant[0] <= 'z') constant[0] = (char)(constant[0] - 32);
    tr_const_define(f, tr_class.encoding, constant, object);
    if (!has_lower) return;
    for (size_t i = 0; i < size; i++)
        if (constant[i] >= 'a' && constant[i] <= 'z') constant[i] = (char)(constant[i] - 32);
    tr_const_define(f, tr_class.encoding, constant, object);
}

static MAY_GC void encoding_init(Fiber *f) {
    for (int i = 0; i < ENCODING_COUNT; i++) {
        EncodingObject *object = tr_data_alloc(f, &encoding_type, tr_class.encoding);
        object->index = i;
        encoding_objects[i] = (Value)object;
        tr_heap_keep_for_ever((Value)object);
        define_constants(f, tr_encodings[i].name, (Value)object);
        for (const char *alias = tr_encodings[i].aliases; *alias; alias += strlen(alias) + 1)
            define_constants(f, alias, (Value)object);
    }
}

static const MethodDef encoding_methods[] = {
    {"to_s", encoding_name, ARITY(0, 0), 0},
    {"name", encoding_name, ARITY(0, 0), 0},
    {"inspect", encoding_inspect, ARITY(0, 0), 0},
    {"names", encoding_names, ARITY(0, 0), 0},
    {"dummy?", encoding_is_dummy, ARITY(0, 0), METHOD_LEAF},
    {"ascii_compatible?", encoding_is_ascii_compatible, ARITY(0, 0), METHOD_LEAF},
    {"_dump", encoding_dump, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0}
};
static const MethodDef encoding_singleton_methods[] = {
    {"list", encoding_s_list, ARITY(0, 0), 0},
    {"name_list", encoding_s_name_list, ARITY(0, 0), 0},
    {"aliases", encoding_s_aliases, ARITY(0, 0), 0},
    {"find", encoding_s_find, ARITY(1, 1), 0},
    {"compatible?", encoding_s_compatible, ARITY(2, 2), METHOD_LEAF},
    {"default_external", encoding_s_default_external, ARITY(0, 0), METHOD_LEAF},
    {"default_external=", encoding_s_set_default_external, ARITY(1, 1), 0},
    {"default_internal", encoding_s_default_internal, ARITY(0, 0), METHOD_LEAF},
    {"default_internal=", encoding_s_set_default_internal, ARITY(1, 1), 0},
    {"locale_charmap", encoding_s_locale_charmap, ARITY(0, 0), 0},
    {"_load", encoding_s_load, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0}
};
const ClassDef tr_encoding_class = {
    .klass = &tr_class.encoding, .methods = encoding_methods, .singleton_methods = encoding_singleton_methods,
    .no_alloc = true, .init = encoding_init
};

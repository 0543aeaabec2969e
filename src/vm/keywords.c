/* keywords.c - the keywords of methods written in C. */
#include "core/core.h"

static MAY_SWITCH MAY_RAISE bool refuse(Fiber *f, const char *what, Value names) {
    Value list = tr_string_new_cstr(f, "");
    for (size_t i = 0; i < tr_array_count(names); i++) {
        Value text = tr_inspect(f, tr_array_at(names, i));
        if (text == TR_RAISED || (i && tr_string_append_cstr(f, list, ", ") == TR_RAISED) ||
            tr_string_append(f, list, text) == TR_RAISED)
            return false;
    }
    return tr_raise(f, tr_class.argument_error, "%s keyword%s: %pV", what, tr_array_count(names) == 1 ? "" : "s", list) !=
           TR_RAISED;
}

MAY_SWITCH MAY_RAISE bool tr_keywords(Fiber *f, Value keywords, const Id *names, int required, int optional, Value *values,
                                      bool allow_others) {
    int count = required + optional;
    size_t found = 0;
    for (int i = 0; i < count; i++) {
        values[i] = keywords == TR_NIL ? TR_UNDEF : tr_hash_get_symbol(keywords, names[i]);
        found += values[i] != TR_UNDEF;
    }
    Value missing = TR_NIL;
    for (int i = 0; i < required; i++) {
        if (values[i] != TR_UNDEF) continue;
        if (missing == TR_NIL) missing = tr_array_new(f, 0);
        if (tr_array_push(f, missing, tr_value_from_id(names[i])) == TR_RAISED) return false;
    }
    if (missing != TR_NIL) return refuse(f, "missing", missing);
    if (keywords == TR_NIL || allow_others || found == tr_hash_count(keywords)) return true;
    Value unknown = tr_array_new(f, 0), key, value;
    for (size_t position = 0; tr_hash_next(keywords, &position, &key, &value);) {
        bool known = false;
        for (int i = 0; i < count && !known; i++) known = key == tr_value_from_id(names[i]);
        if (!known && tr_array_push(f, unknown, key) == TR_RAISED) return false;
    }
    return refuse(f, "unknown", unknown);
}

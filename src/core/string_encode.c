/* string_encode.c - a string's encoding: asking, relabelling, scrubbing, converting, normalising.
 */
#include <stdlib.h>

#include "core/string_internal.h"
#include "core/transcode.h"
#include "core/unicode.h"

static Value string_encoding(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_encoding_object(tr_string_encoding(self));
}

static MAY_SWITCH MAY_RAISE Value string_force_encoding(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    int encoding = tr_encoding_from_value(f, args->argv[0]);
    if (encoding < 0 || !tr_check_frozen(f, self)) return TR_RAISED;
    tr_string_set_encoding(self, encoding);
    return self;
}

static MAY_GC Value string_b(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value copy = tr_string_dup(f, self);
    tr_string_set_encoding(copy, ENCODING_BINARY);
    return copy;
}

static Value string_is_ascii_only(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_string_coderange(self) == CODERANGE_7BIT);
}

static Value string_is_valid(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(!tr_string_is_broken(self));
}

/* --- scrub --- */

/* What is put for bad bytes: the argument, the block's answer, or the default. */
static MAY_SWITCH MAY_RAISE Value scrub_replacement(Fiber *f, Value self, Value given, Block block,
                                                    const char *bad, size_t size) {
    int encoding = tr_string_encoding(self);
    Value text = given;
    if (given == TR_NIL && block == TR_NIL) {
        char bytes[8];
        int n = tr_char_encode(encoding, tr_encoding_is_unicode(encoding) ? 0xfffd : '?', bytes);
        return tr_string_new_encoded(f, bytes, (size_t)n, encoding);
    }
    if (given == TR_NIL) {
        text = tr_yield1(f, block, tr_string_new_encoded(f, bad, size, encoding));
        if (text == TR_RAISED) return TR_RAISED;
    }
    text = tr_to_str(f, text);
    if (text == TR_RAISED) return TR_RAISED;
    if (tr_string_is_broken(text)) {
        Value shown = tr_string_inspect(f, text);
        if (shown == TR_RAISED) return TR_RAISED;
        return tr_raise(f, tr_class.argument_error, "replacement must be valid byte sequence '%pV'",
                        (void *)shown);
    }
    if (tr_string_encoding(text) != encoding && !tr_string_is_7bit(text)) {
        if (tr_encoding_negotiate(f, self, text) < 0) return TR_RAISED;
    }
    return text;
}

/* How many bytes at p, where no character begins, belong together: the longest beginning of a character. */
static size_t bad_run(int encoding, const char *p, const char *end) {
    int unit = tr_encoding(encoding)->min_size;
    if (unit > 1) return (size_t)(end - p < unit ? end - p : unit);
    size_t n = 1;
    while (p + n < end && tr_char_size(encoding, p, p + n) < 0 && tr_char_size(encoding, p, p + n + 1) < 0)
        n++;
    return n;
}

static MAY_SWITCH MAY_RAISE Value scrubbed(Fiber *f, Value self, Value given,
                                           Block block) { /* self is broken */
    int encoding = tr_string_encoding(self);
    Value text = tr_string_frozen_copy(f, self);
    Value out = tr_string_new_capacity(f, tr_string(text)->size + 16, encoding);
    size_t at = 0, run = 0;
    while (at < tr_string(text)->size) {
        const char *p = tr_string(text)->bytes + at, *end = tr_string_end(text);
        int n = tr_char_size(encoding, p, end);
        if (n > 0) {
            at += (size_t)n;
            continue;
        }
        size_t bad = bad_run(encoding, p, end);
        if (tr_string_append_bytes(f, out, tr_string(text)->bytes + run, at - run) == TR_RAISED)
            return TR_RAISED;
        Value with = scrub_replacement(f, text, given, block, p, bad);
        if (with == TR_RAISED) return TR_RAISED;
        if (tr_string_append_bytes(f, out, tr_string(with)->bytes, tr_string(with)->size) == TR_RAISED)
            return TR_RAISED;
        TR_KEEP(with);
        run = at += bad;
    }
    return tr_string_append_bytes(f, out, tr_string(text)->bytes + run, at - run);
}

static MAY_SWITCH Value string_scrub(Fiber *f, Value self, const Args *args) {
    if (!tr_string_is_broken(self)) return tr_string_dup(f, self);
    return scrubbed(f, self, args->argc > 0 ? args->argv[0] : TR_NIL, args->block);
}

static MAY_SWITCH MAY_RAISE Value string_scrub_bang(Fiber *f, Value self, const Args *args) {
    if (!tr_string_is_broken(self)) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value fresh = scrubbed(f, self, args->argc > 0 ? args->argv[0] : TR_NIL, args->block);
    if (fresh == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    return tr_string_replace(f, self, fresh);
}

/* --- encode --- */

/* The name of an encoding in an argument, for a message; NULL: raised. */
static MAY_SWITCH int encoding_argument(Fiber *f, Value v, Value *name) {
    int index = tr_encoding_from_value_or_unknown(f, v);
    if (index == -1) return -1;
    *name = tr_is_encoding(v) ? TR_NIL : tr_to_str(f, v);
    if (*name == TR_RAISED) return -1;
    return index;
}

static const char *name_of(int index, Value given) {
    return index >= 0 ? tr_encodings[index].name : tr_string(given)->bytes;
}

/* The converted content of self; self: nothing to do but to label it `*label`. */
static MAY_SWITCH MAY_RAISE Value encoded(Fiber *f, Value self, const Args *args, int *label) {
    ConvertOptions options;
    if (!tr_convert_options(f, args->keywords, &options)) return TR_RAISED;
    int source = tr_string_encoding(self), dest;
    Value dest_name = TR_NIL, source_name = TR_NIL;
    *label = source;
    if (args->argc == 0) {
        dest = tr_encoding_default_internal();
        if (dest < 0) {
            if (args->keywords == TR_NIL) return self;
            dest = source;
        }
    } else {
        dest = encoding_argument(f, args->argv[0], &dest_name);
        if (dest == -1) return TR_RAISED;
    }
    if (args->argc > 1) {
        source = encoding_argument(f, args->argv[1], &source_name);
        if (source == -1) return TR_RAISED;
    }
    if (source < 0 || dest < 0)
        return tr_raise_no_converter(f, name_of(source, source_name), name_of(dest, dest_name));
    *label = dest;
    bool decorates = (options.flags & CONVERT_DECORATOR_MASK) != 0;
    if (!decorates) {
        if (source == dest) {
            if ((options.flags & CONVERT_INVALID_MASK) != CONVERT_INVALID_REPLACE || args->keywords == TR_NIL)
                return self;
            if (!tr_string_is_broken(self)) return self;
            if (args->argc == 0 && tr_encoding_default_internal() < 0 && args->keywords == TR_NIL)
                return self;
            return scrubbed(f, self, options.replacement, TR_NIL);
        }
        if (tr_encoding_is_ascii_compatible(source) && tr_encoding_is_ascii_compatible(dest) &&
            tr_string_coderange(self) == CODERANGE_7BIT)
            return self;
    }
    if (source == dest) source = dest = -1;
    Value out = tr_string_transcode(f, self, source, dest, &options);
    if (out != TR_RAISED) tr_string_set_encoding(out, *label);
    return out;
}

static MAY_SWITCH MAY_RAISE Value string_encode(Fiber *f, Value self, const Args *args) {
    int label;
    Value out = encoded(f, self, args, &label);
    if (out == TR_RAISED) return TR_RAISED;
    if (out == self) out = tr_string_dup(f, self);
    tr_string_set_encoding(out, label);
    return out;
}

static MAY_SWITCH MAY_RAISE Value string_encode_bang(Fiber *f, Value self, const Args *args) {
    int label;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value out = encoded(f, self, args, &label);
    if (out == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    if (out != self && tr_string_replace(f, self, out) == TR_RAISED) return TR_RAISED;
    tr_string_set_encoding(self, label);
    return self;
}

const MethodDef tr_string_encode_methods[] = {
    {"encoding", string_encoding, ARITY(0, 0), METHOD_LEAF},
    {"force_encoding", string_force_encoding, ARITY(1, 1), 0},
    {"b", string_b, ARITY(0, 0), 0},
    {"ascii_only?", string_is_ascii_only, ARITY(0, 0), METHOD_LEAF},
    {"valid_encoding?", string_is_valid, ARITY(0, 0), METHOD_LEAF},
    {"scrub", string_scrub, ARITY(0, 1), 0},
    {"scrub!", string_scrub_bang, ARITY(0, 1), 0},
    {"encode", string_encode, ARITY(0, 2), METHOD_KEYWORDS},
    {"encode!", string_encode_bang, ARITY(0, 2), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0}
};

/* --- normalisation --- */

static MAY_SWITCH bool normal_form(Fiber *f, const Args *args, NormalForm *form) {
    static const struct { Id id; NormalForm form; } forms[] = {
        {TR_ID_nfc, FORM_NFC}, {TR_ID_nfd, FORM_NFD}, {TR_ID_nfkc, FORM_NFKC}, {TR_ID_nfkd, FORM_NFKD}
    };
    *form = FORM_NFC;
    if (args->argc == 0) return true;
    for (int i = 0; i < 4; i++) {
        if (args->argv[0] != tr_value_from_id(forms[i].id)) continue;
        *form = forms[i].form;
        return true;
    }
    Value text = tr_to_s(f, args->argv[0]);
    if (text != TR_RAISED)
        (void)!tr_raise(f, tr_class.argument_error, "Invalid normalization form %pV.", (void *)text);
    return false;
}

static MAY_SWITCH MAY_RAISE Value normalized(Fiber *f, Value self, const Args *args) {
    NormalForm form;
    if (!normal_form(f, args, &form)) return TR_RAISED;
    int encoding = tr_string_encoding(self);
    if (!tr_encoding_is_unicode(encoding) && encoding != ENCODING_US_ASCII)
        return tr_raise(f, tr_class.compatibility_error, "Unicode Normalization not appropriate for %s",
                        tr_encodings[encoding].name);
    if (tr_string_is_broken(self))
        return tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                        tr_encodings[encoding].name);
    if (tr_string_is_7bit(self)) return tr_string_dup(f, self);
    size_t count = 0;
    Value scratch = tr_string_alloc(f, tr_class.string, 0, (tr_string(self)->size + 1) * sizeof(uint32_t),
                                    ENCODING_BINARY);
    if (scratch == TR_RAISED) return TR_RAISED;
    uint32_t *codes = (uint32_t *)(void *)tr_string(scratch)->bytes;
    for (const char *p = tr_string(self)->bytes, *end = tr_string_end(self); p < end;) {
        int n = tr_char_size(encoding, p, end);
        codes[count++] = tr_char_decode(encoding, p, n);
        p += n;
    }
    uint32_t *result;
    size_t result_count = tr_unicode_normalize(form, codes, count, &result);
    Value out = tr_string_new_capacity(f, result_count * 3, encoding);
    for (size_t i = 0; i < result_count && out != TR_RAISED; i++) {
        char bytes[8];
        int n = tr_char_encode(encoding, result[i], bytes);
        out = tr_string_append_ranged(f, out, bytes, (size_t)n, CODERANGE_UNKNOWN);
    }
    free(result);
    TR_KEEP(scratch);
    return out;
}

static MAY_SWITCH MAY_RAISE Value string_normalize_bang(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value fresh = normalized(f, self, args);
    return fresh == TR_RAISED ? TR_RAISED : tr_string_replace(f, self, fresh);
}

static MAY_SWITCH MAY_RAISE Value string_is_normalized(Fiber *f, Value self, const Args *args) {
    Value fresh = normalized(f, self, args);
    return fresh == TR_RAISED ? TR_RAISED : tr_bool(tr_string_equal(fresh, self));
}

const MethodDef tr_string_normalize_methods[] = {
    {"unicode_normalize", normalized, ARITY(0, 1), 0},
    {"unicode_normalize!", string_normalize_bang, ARITY(0, 1), 0},
    {"unicode_normalized?", string_is_normalized, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0}
};

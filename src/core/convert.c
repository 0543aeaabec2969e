/* convert.c - conversion of Strings: options, replacements, fallbacks, and the exceptions of Encoding.
 *
 * The loop drives a Transcoder, and what it stops at is settled here: replaced, looked up in the fallback, or
 * raised.
 */
#include <stdlib.h>

#include "core/core.h"
#include "core/transcode.h"

/* --- options --- */

static MAY_GC bool bad_option(Fiber *f, const char *message) {
    (void)!tr_raise(f, tr_class.argument_error, "%s", message);
    return false;
}

static MAY_SWITCH bool read_newline(Fiber *f, Value v, uint32_t *flags) {
    if (v == TR_NIL) return true;
    Id id = tr_is_symbol(v) ? tr_symbol_id(v) : 0;
    if (id == TR_ID_universal) *flags |= CONVERT_UNIVERSAL_NEWLINE;
    else if (id == TR_ID_crlf) *flags |= CONVERT_CRLF_NEWLINE;
    else if (id == TR_ID_cr) *flags |= CONVERT_CR_NEWLINE;
    else if (id == TR_ID_lf) *flags |= CONVERT_LF_NEWLINE;
    else {
        Value text = tr_to_s(f, v);
        if (text != TR_RAISED)
            (void)!tr_raise(f, tr_class.argument_error,
                            tr_is_symbol(v) ? "unexpected value for newline option: %pV"
                                            : "unexpected value for newline option",
                            (void *)text);
        return false;
    }
    return true;
}

bool tr_convert_options(Fiber *f, Value keywords, ConvertOptions *options) {
    *options = (ConvertOptions){0, TR_NIL, TR_NIL};
    if (keywords == TR_NIL) return true;
    Value v = tr_hash_get_symbol(keywords, TR_ID_invalid);
    if (v != TR_UNDEF && v != TR_NIL) {
        if (v != tr_value_from_id(TR_ID_replace))
            return bad_option(f, "unknown value for invalid character option");
        options->flags |= CONVERT_INVALID_REPLACE;
    }
    v = tr_hash_get_symbol(keywords, TR_ID_undef);
    if (v != TR_UNDEF && v != TR_NIL) {
        if (v != tr_value_from_id(TR_ID_replace))
            return bad_option(f, "unknown value for undefined character option");
        options->flags |= CONVERT_UNDEF_REPLACE;
    }
    v = tr_hash_get_symbol(keywords, TR_ID_replace);
    if (v != TR_UNDEF && v != TR_NIL) {
        if ((v = tr_to_str(f, v)) == TR_RAISED) return false;
        options->replacement = v;
        if (!(options->flags & CONVERT_INVALID_REPLACE)) options->flags |= CONVERT_UNDEF_REPLACE;
    }
    v = tr_hash_get_symbol(keywords, TR_ID_xml);
    if (v != TR_UNDEF && v != TR_NIL) {
        if (v == tr_value_from_id(TR_ID_text)) options->flags |= CONVERT_XML_TEXT | CONVERT_UNDEF_HEX_CHARREF;
        else if (v == tr_value_from_id(TR_ID_attr))
            options->flags |= CONVERT_XML_ATTR_CONTENT | CONVERT_XML_ATTR_QUOTE | CONVERT_UNDEF_HEX_CHARREF;
        else if (tr_is_symbol(v))
            return (void)!tr_raise(f, tr_class.argument_error, "unexpected value for xml option: %s",
                                   tr_id_cstr(tr_symbol_id(v))),
                   false;
        else return bad_option(f, "unexpected value for xml option");
    }
    v = tr_hash_get_symbol(keywords, TR_ID_newline);
    if (v != TR_UNDEF && !read_newline(f, v, &options->flags)) return false;
    static const struct { Id id; uint32_t flag; } newlines[] = {
        {TR_ID_universal_newline, CONVERT_UNIVERSAL_NEWLINE}, {TR_ID_crlf_newline, CONVERT_CRLF_NEWLINE},
        {TR_ID_cr_newline, CONVERT_CR_NEWLINE}, {TR_ID_lf_newline, CONVERT_LF_NEWLINE}
    };
    for (int i = 0; i < 4; i++) {
        v = tr_hash_get_symbol(keywords, newlines[i].id);
        if (v != TR_UNDEF && tr_is_truthy(v)) options->flags |= newlines[i].flag;
    }
    v = tr_hash_get_symbol(keywords, TR_ID_fallback);
    if (v != TR_UNDEF) options->fallback = v;
    return true;
}

/* --- exceptions --- */

Value tr_raise_no_converter(Fiber *f, const char *from, const char *to) {
    return tr_raise(f, tr_class.converter_not_found_error, "code converter not found (%s to %s)", from, to);
}

static MAY_SWITCH Value set(Fiber *f, Value exception, const char *name, Value v) {
    return tr_ivar_set(f, exception, tr_intern_cstr(name), v);
}

static MAY_GC Value bytes_string(Fiber *f, const char *bytes, int size, int encoding) {
    return tr_string_new_encoded(f, bytes, (size_t)size, encoding);
}

static MAY_GC MAY_RAISE Value invalid_message(Fiber *f, const Transcoder *t) {
    Value bad = tr_string_inspect(f, bytes_string(f, t->error_bytes, t->error_size, ENCODING_BINARY));
    if (bad == TR_RAISED) return TR_RAISED;
    const char *from = tr_encodings[t->error_from].name;
    if (t->result == CONVERT_INCOMPLETE)
        return tr_string_format(f, "incomplete %s on %s", tr_string(bad)->bytes, from);
    if (t->readagain_size == 0) return tr_string_format(f, "%s on %s", tr_string(bad)->bytes, from);
    Value again = tr_string_inspect(
        f, bytes_string(f, t->error_bytes + t->error_size, t->readagain_size, ENCODING_BINARY));
    if (again == TR_RAISED) return TR_RAISED;
    return tr_string_format(f, "%s followed by %s on %s", tr_string(bad)->bytes, tr_string(again)->bytes,
                            from);
}

static MAY_GC MAY_RAISE Value undefined_message(Fiber *f, const Transcoder *t) {
    Value shown;
    if (t->error_from == ENCODING_UTF8 && t->error_code != UINT32_MAX)
        shown = tr_string_format(f, "U+%04X", t->error_code);
    else shown = tr_string_inspect(f, bytes_string(f, t->error_bytes, t->error_size, ENCODING_BINARY));
    if (shown == TR_RAISED) return TR_RAISED;
    const char *from = tr_encodings[t->error_from].name, *to = tr_encodings[t->error_to].name;
    if (t->error_from == t->source && t->error_to == t->dest)
        return tr_string_format(f, "%s from %s to %s", tr_string(shown)->bytes, from, to);
    Value message = tr_string_format(f, "%s to %s in conversion from %s", tr_string(shown)->bytes, to,
                                     tr_encodings[t->source].name);
    for (int i = 1; i < t->path_count; i++)
        if (tr_string_append_cstr(f, message, " to ") == TR_RAISED ||
            tr_string_append_cstr(f, message, tr_encodings[t->path[i]].name) == TR_RAISED)
            return TR_RAISED;
    return message;
}

Value tr_convert_error(Fiber *f, const Transcoder *t) {
    bool is_undefined = t->result == CONVERT_UNDEFINED;
    Value message = is_undefined ? undefined_message(f, t) : invalid_message(f, t);
    if (message == TR_RAISED) return TR_RAISED;
    Value error = tr_exception_new(
        f, is_undefined ? tr_class.undefined_conversion_error : tr_class.invalid_byte_sequence_error,
        message);
    const char *from = tr_encodings[t->error_from].name, *to = tr_encodings[t->error_to].name;
    if (set(f, error, "@source_encoding_name", tr_string_new_ascii(f, from)) == TR_RAISED ||
        set(f, error, "@destination_encoding_name", tr_string_new_ascii(f, to)) == TR_RAISED ||
        set(f, error, "@source_encoding", tr_encoding_object(t->error_from)) == TR_RAISED ||
        set(f, error, "@destination_encoding", tr_encoding_object(t->error_to)) == TR_RAISED)
        return TR_RAISED;
    if (is_undefined) {
        if (set(f, error, "@error_char", bytes_string(f, t->error_bytes, t->error_size, t->error_from)) ==
            TR_RAISED)
            return TR_RAISED;
        return error;
    }
    Value again = t->result == CONVERT_INCOMPLETE || t->readagain_size == 0 ? TR_NIL
                  : bytes_string(f, t->error_bytes + t->error_size, t->readagain_size, ENCODING_BINARY);
    if (set(f, error, "@error_bytes", bytes_string(f, t->error_bytes, t->error_size, ENCODING_BINARY)) ==
            TR_RAISED ||
        set(f, error, "@readagain_bytes", again) == TR_RAISED ||
        set(f, error, "@incomplete_input", tr_bool(t->result == CONVERT_INCOMPLETE)) == TR_RAISED)
        return TR_RAISED;
    return error;
}

/* --- the loop --- */

/* Adds text (a String of any encoding) in the destination's. False: raised or impossible (*impossible). */
static MAY_SWITCH bool put_string(Fiber *f, Transcoder *t, ByteBuffer *out, Value text, bool *impossible) {
    *impossible = false;
    int encoding = tr_string_encoding(text);
    if (t->dest < 0 || encoding == t->dest) {
        tr_byte_buffer_add(out, tr_string(text)->bytes, tr_string(text)->size);
        return true;
    }
    const char *p = tr_string(text)->bytes, *end = p + tr_string(text)->size;
    if (tr_encoding_is_unicode(encoding) || tr_string_is_7bit(text)) {
        while (p < end) {
            int n = tr_char_size(encoding, p, end);
            if (n <= 0 || !tr_transcoder_put(t, tr_char_decode(encoding, p, n), out)) {
                *impossible = true;
                return false;
            }
            p += n;
        }
        return true;
    }
    ConvertOptions none = {0, TR_NIL, TR_NIL};
    Value converted = tr_string_transcode(f, text, encoding, t->dest, &none);
    if (converted == TR_RAISED) return false;
    tr_byte_buffer_add(out, tr_string(converted)->bytes, tr_string(converted)->size);
    return true;
}

static MAY_SWITCH bool put_replacement(Fiber *f, Transcoder *t, ByteBuffer *out, Value replacement) {
    bool impossible;
    if (replacement != TR_NIL) {
        if (put_string(f, t, out, replacement, &impossible)) return true;
        if (impossible) {
            Value error = tr_convert_error(f, t);
            if (error != TR_RAISED) (void)!tr_raise_value(f, error);
        }
        return false;
    }
    bool is_unicode = t->dest == ENCODING_UTF16 || t->dest == ENCODING_UTF32 ||
                      (t->dest >= 0 && tr_encoding_is_unicode(t->dest));
    (void)tr_transcoder_put(t, is_unicode ? 0xfffd : '?', out);
    return true;
}

/* The fallback's answer for the character that has no counterpart. 1 put, 0 it has none, -1 raised. */
static MAY_SWITCH int put_fallback(Fiber *f, Transcoder *t, ByteBuffer *out, Value fallback) {
    Value c = bytes_string(f, t->error_bytes, t->error_size, t->error_from), answer;
    if (tr_is_hash(fallback)) answer = tr_hash_aref(f, fallback, c);
    else if (tr_is_type(fallback, TYPE_PROC)) answer = tr_proc_call(f, fallback, 1, &c);
    else if (tr_is_type(fallback, TYPE_METHOD_OBJECT)) answer = tr_call(f, fallback, TR_ID_call, 1, c);
    else answer = tr_call(f, fallback, TR_ID_aref, 1, c);
    if (answer == TR_RAISED) return -1;
    if (answer == TR_NIL) return 0;
    answer = tr_to_str(f, answer);
    if (answer == TR_RAISED) return -1;
    bool impossible;
    if (put_string(f, t, out, answer, &impossible)) return 1;
    if (impossible) (void)!tr_raise(f, tr_class.argument_error, "too big fallback string");
    return -1;
}

static MAY_SWITCH bool settle(Fiber *f, Transcoder *t, ConvertResult result, ByteBuffer *out,
                              const ConvertOptions *options) {
    if (result == CONVERT_UNDEFINED) {
        if (options->fallback != TR_NIL) {
            int put = put_fallback(f, t, out, options->fallback);
            if (put != 0) return put > 0;
        }
        if ((options->flags & CONVERT_UNDEF_MASK) == CONVERT_UNDEF_REPLACE)
            return put_replacement(f, t, out, options->replacement);
    } else if ((options->flags & CONVERT_INVALID_MASK) == CONVERT_INVALID_REPLACE) {
        return put_replacement(f, t, out, options->replacement);
    }
    Value error = tr_convert_error(f, t);
    if (error != TR_RAISED) (void)!tr_raise_value(f, error);
    return false;
}

/* Between the UTFs nothing can go wrong with valid text. */
static MAY_GC Value transcode_unicode(Fiber *f, Value v, int source, int dest) {
    size_t unit = tr_encoding(dest)->kind == KIND_UTF8 ? 4 : tr_encoding(dest)->max_size;
    Value out = tr_string_new_capacity(f, tr_string_length(v) * unit, dest);
    const char *p = tr_string(v)->bytes, *end = p + tr_string(v)->size;
    char *to = tr_string(out)->bytes;
    while (p < end) {
        int n = tr_char_size(source, p, end);
        to += tr_char_encode(dest, tr_char_decode(source, p, n), to);
        p += n;
    }
    *to = 0;
    tr_string(out)->size = (size_t)(to - tr_string(out)->bytes);
    TR_KEEP(v);
    return out;
}

Value tr_string_transcode(Fiber *f, Value v, int source, int dest, const ConvertOptions *options) {
    if (source >= 0 && source == tr_string_encoding(v) && tr_encoding_is_unicode(source) &&
        tr_encoding_is_unicode(dest) && tr_string_coderange(v) != CODERANGE_BROKEN &&
        !(options->flags & CONVERT_DECORATOR_MASK))
        return transcode_unicode(f, v, source, dest);
    Transcoder t;
    if (!tr_transcoder_init(&t, source, dest, options->flags))
        return tr_raise_no_converter(f, tr_encodings[source].name, tr_encodings[dest].name);
    ByteBuffer out = {0};
    Value text = tr_string_frozen_copy(f, v), result = TR_RAISED;
    const char *p = tr_string(text)->bytes, *end = p + tr_string(text)->size;
    for (;;) {
        ConvertResult outcome = tr_transcode(&t, &p, end, &out, SIZE_MAX, 0);
        if (outcome == CONVERT_FINISHED) break;
        if (!settle(f, &t, outcome, &out, options)) goto done;
    }
    result = tr_string_new_encoded(f, out.bytes ? out.bytes : "", out.size,
                                   dest < 0 ? tr_string_encoding(v) : dest);
done:
    TR_KEEP(text);
    TR_KEEP(options->replacement);
    free(out.bytes);
    tr_transcoder_fini(&t);
    return result;
}

/* --- what the exceptions answer --- */

#define ERROR_READER(name) \
    static MAY_SWITCH MAY_RAISE Value error_##name(Fiber *f, Value self, const Args *args) { \
        (void)args; \
        return tr_ivar_get(f, self, tr_intern_cstr("@" #name)); \
    }
MAY_GC ERROR_READER(source_encoding_name)
MAY_GC ERROR_READER(destination_encoding_name)
MAY_GC ERROR_READER(source_encoding)
MAY_GC ERROR_READER(destination_encoding)
MAY_GC ERROR_READER(error_char)
MAY_GC ERROR_READER(error_bytes)
MAY_GC ERROR_READER(readagain_bytes)
MAY_GC ERROR_READER(incomplete_input)

static const MethodDef undefined_methods[] = {
    {"source_encoding_name", error_source_encoding_name, ARITY(0, 0), 0},
    {"destination_encoding_name", error_destination_encoding_name, ARITY(0, 0), 0},
    {"source_encoding", error_source_encoding, ARITY(0, 0), 0},
    {"destination_encoding", error_destination_encoding, ARITY(0, 0), 0},
    {"error_char", error_error_char, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
static const MethodDef invalid_methods[] = {
    {"source_encoding_name", error_source_encoding_name, ARITY(0, 0), 0},
    {"destination_encoding_name", error_destination_encoding_name, ARITY(0, 0), 0},
    {"source_encoding", error_source_encoding, ARITY(0, 0), 0},
    {"destination_encoding", error_destination_encoding, ARITY(0, 0), 0},
    {"error_bytes", error_error_bytes, ARITY(0, 0), 0},
    {"readagain_bytes", error_readagain_bytes, ARITY(0, 0), 0},
    {"incomplete_input?", error_incomplete_input, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
const ClassDef tr_undefined_conversion_class = {.klass = &tr_class.undefined_conversion_error,
                                                .methods = undefined_methods};
const ClassDef tr_invalid_byte_sequence_class = {.klass = &tr_class.invalid_byte_sequence_error,
                                                 .methods = invalid_methods};

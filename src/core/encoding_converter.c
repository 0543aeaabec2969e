/* encoding_converter.c - class Encoding::Converter: a Transcoder that Ruby code drives piece by piece.
 */
#include <stdlib.h>

#include "core/string_internal.h"
#include "core/transcode.h"
#include "value/data.h"

typedef struct Converter {
    Data base;
    Transcoder *transcoder;   /* malloc'ed: larger than a slot */
    ConvertOptions options;
    Value replacement;        /* String that was set, or nil */
    bool is_finished;
} Converter;

static void converter_trace(Tracer *tracer, Value v) {
    tr_trace(tracer, ((Converter *)v)->replacement);
}

static void converter_free(Heap *heap, Value v) {
    (void)heap;
    Converter *c = (Converter *)v;
    if (!c->transcoder) return;
    tr_transcoder_fini(c->transcoder);
    free(c->transcoder);
}

static const DataType converter_type = {.name = "Encoding::Converter",
                                        .bytes = sizeof(Converter),
                                        .trace = converter_trace,
                                        .free = converter_free};
static Class *converter_class; /* written at boot */

static MAY_GC Value converter_alloc(Fiber *f, Class *klass) {
    Converter *c = tr_data_alloc(f, &converter_type, klass);
    c->replacement = TR_NIL;
    return (Value)c;
}

static MAY_GC Converter *get(Fiber *f, Value self) { /* NULL: raised */
    Converter *c = (Converter *)self;
    if (c->transcoder) return c;
    (void)!tr_raise(f, tr_class.type_error, "uninitialized encoding converter");
    return NULL;
}

/* --- making --- */

/* An encoding argument; "" (or nil) means none: *index is -1. False: raised. Unknown: *index is -2, *name its
 * name. */
static MAY_SWITCH bool read_encoding(Fiber *f, Value v, int *index, Value *name) {
    *name = TR_NIL;
    if (tr_is_encoding(v)) {
        *index = tr_value_encoding(v);
        return true;
    }
    Value text = tr_to_str(f, v);
    if (text == TR_RAISED) return false;
    *name = text;
    *index = tr_string(text)->size == 0 ? -1
                                        : tr_encoding_find(tr_string(text)->bytes, tr_string(text)->size);
    if (*index == -1 && tr_string(text)->size > 0) *index = -2;
    return true;
}

static MAY_GC bool setup(Fiber *f, Converter *c, int source, int dest, Value source_name, Value dest_name,
                         uint32_t flags) {
    Transcoder *t = malloc(sizeof *t);
    TR_CHECK(t != NULL);
    bool is_none = source == -1 && dest == -1;
    if (source == -2 || dest == -2 || (source < 0) != (dest < 0) || (!is_none && source == dest) ||
        !tr_transcoder_init(t, source, dest, flags)) {
        free(t);
        (void)!tr_raise_no_converter(f,
                                     source >= 0             ? tr_encodings[source].name
                                     : source_name == TR_NIL ? ""
                                                             : tr_string(source_name)->bytes,
                                     dest >= 0             ? tr_encodings[dest].name
                                     : dest_name == TR_NIL ? ""
                                                           : tr_string(dest_name)->bytes);
        return false;
    }
    c->transcoder = t;
    return true;
}

/* From [["a", "b"], ["b", "c"], "crlf_newline"] */
static MAY_SWITCH bool setup_from_path(Fiber *f, Converter *c, Value path) {
    int source = -1, dest = -1;
    uint32_t flags = 0;
    static const struct { const char *name; uint32_t flag;
    } decorators[] = {{"universal_newline", CONVERT_UNIVERSAL_NEWLINE},
                      {"crlf_newline", CONVERT_CRLF_NEWLINE},
                      {"cr_newline", CONVERT_CR_NEWLINE},
                      {"lf_newline", CONVERT_LF_NEWLINE},
                      {"xml_text_escape", CONVERT_XML_TEXT},
                      {"xml_attr_content_escape", CONVERT_XML_ATTR_CONTENT},
                      {"xml_attr_quote", CONVERT_XML_ATTR_QUOTE}};
    for (size_t i = 0; i < tr_array_count(path); i++) {
        Value item = tr_array_at(path, i), pair = tr_try_convert(f, item, tr_class.array, TR_ID_to_ary);
        if (pair == TR_RAISED) return false;
        if (pair != TR_NIL) {
            if (tr_array_count(pair) != 2) {
                (void)!tr_raise(f, tr_class.argument_error, "not a 2-element array in convpath");
                return false;
            }
            Value name;
            int from, to;
            if (!read_encoding(f, tr_array_at(pair, 0), &from, &name) ||
                !read_encoding(f, tr_array_at(pair, 1), &to, &name))
                return false;
            if (source < 0) source = from;
            dest = to;
            continue;
        }
        Value name = tr_to_str(f, item);
        if (name == TR_RAISED) return false;
        bool is_known = false;
        for (size_t k = 0; k < sizeof decorators / sizeof decorators[0]; k++)
            if (tr_string_is(name, decorators[k].name)) flags |= decorators[k].flag, is_known = true;
        if (!is_known) {
            (void)!tr_raise(f, tr_class.converter_not_found_error, "decoder failed: %pV", (void *)name);
            return false;
        }
    }
    return setup(f, c, source, dest, TR_NIL, TR_NIL, flags);
}

/* Encoding::Converter.new(source, dest, options | flags), new(convpath) */
static MAY_SWITCH MAY_RAISE Value converter_initialize(Fiber *f, Value self, const Args *args) {
    Converter *c = (Converter *)self;
    if (c->transcoder) return tr_raise(f, tr_class.type_error, "already initialized");
    if (!tr_convert_options(f, args->keywords, &c->options)) return TR_RAISED;
    if (args->argc == 1) {
        Value path = tr_to_ary(f, args->argv[0]);
        if (path == TR_RAISED) return TR_RAISED;
        return setup_from_path(f, c, path) ? self : TR_RAISED;
    }
    if (args->argc < 2) return tr_raise_argc(f, args->argc, 1, 3);
    if (args->argc == 3) {
        int64_t flags;
        if (!tr_to_long(f, args->argv[2], &flags)) return TR_RAISED;
        c->options.flags = (uint32_t)flags;
    }
    int source, dest;
    Value source_name, dest_name;
    if (!read_encoding(f, args->argv[0], &source, &source_name) ||
        !read_encoding(f, args->argv[1], &dest, &dest_name))
        return TR_RAISED;
    tr_write(self, &c->replacement, c->options.replacement);
    return setup(f, c, source, dest, source_name, dest_name, c->options.flags) ? self : TR_RAISED;
}

/* --- paths --- */

static MAY_GC MAY_RAISE Value path_array(Fiber *f, const int *path, int count, uint32_t flags) {
    Value list = tr_array_new(f, 4);
    for (int i = 0; i + 1 < count; i++) {
        Value pair = tr_array_new_values(f, 2, tr_encoding_object(path[i]), tr_encoding_object(path[i + 1]));
        if (tr_array_push(f, list, pair) == TR_RAISED) return TR_RAISED;
    }
    static const struct { uint32_t flag; const char *name;
    } decorators[] = {{CONVERT_XML_TEXT, "xml_text_escape"},
                      {CONVERT_XML_ATTR_CONTENT, "xml_attr_content_escape"},
                      {CONVERT_XML_ATTR_QUOTE, "xml_attr_quote"},
                      {CONVERT_CRLF_NEWLINE, "crlf_newline"},
                      {CONVERT_CR_NEWLINE, "cr_newline"},
                      {CONVERT_LF_NEWLINE, "lf_newline"},
                      {CONVERT_UNIVERSAL_NEWLINE, "universal_newline"}};
    for (size_t i = 0; i < sizeof decorators / sizeof decorators[0]; i++)
        if (flags & decorators[i].flag &&
            tr_array_push(f, list, tr_string_new_ascii(f, decorators[i].name)) == TR_RAISED)
            return TR_RAISED;
    return list;
}

static MAY_GC MAY_RAISE Value converter_convpath(Fiber *f, Value self, const Args *args) {
    (void)args;
    Converter *c = get(f, self);
    return c ? path_array(f, c->transcoder->path, c->transcoder->path_count, c->transcoder->flags)
             : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value converter_s_search_convpath(Fiber *f, Value self, const Args *args) {
    (void)self;
    ConvertOptions options;
    int source, dest, path[TRANSCODE_PATH_MAX], count = 0;
    Value source_name, dest_name;
    if (!tr_convert_options(f, args->keywords, &options)) return TR_RAISED;
    if (!read_encoding(f, args->argv[0], &source, &source_name) ||
        !read_encoding(f, args->argv[1], &dest, &dest_name))
        return TR_RAISED;
    if (source >= 0 && dest >= 0) count = tr_transcode_path(source, dest, path);
    if (count == 0)
        return tr_raise_no_converter(f,
                                     source >= 0 ? tr_encodings[source].name : tr_string(source_name)->bytes,
                                     dest >= 0 ? tr_encodings[dest].name : tr_string(dest_name)->bytes);
    return path_array(f, path, count, options.flags);
}

static MAY_SWITCH MAY_RAISE Value converter_s_asciicompat(Fiber *f, Value self, const Args *args) {
    (void)self;
    int index;
    Value name;
    if (!read_encoding(f, args->argv[0], &index, &name)) return TR_RAISED;
    if (index < 0 || tr_encoding_is_ascii_compatible(index)) return TR_NIL;
    if (strncmp(tr_encodings[index].name, "ISO-2022-JP", 11) == 0)
        return tr_encoding_object(tr_encoding_find("stateless-ISO-2022-JP", 21));
    return index == ENCODING_UTF16 || index == ENCODING_UTF32 || tr_encoding_is_unicode(index)
               ? tr_encoding_object(ENCODING_UTF8)
               : TR_NIL;
}

/* --- converting --- */

static Value result_symbol(ConvertResult result) {
    static const char *const names[] = {
        "finished",         "source_buffer_empty",     "invalid_byte_sequence", "undefined_conversion",
        "incomplete_input", "destination_buffer_full", "after_output"};
    return tr_value_from_id(tr_intern_cstr(names[result]));
}

static bool replaces(const Converter *c, ConvertResult result) {
    if (result == CONVERT_UNDEFINED) return (c->options.flags & CONVERT_UNDEF_MASK) == CONVERT_UNDEF_REPLACE;
    return (result == CONVERT_INVALID || result == CONVERT_INCOMPLETE) &&
           (c->options.flags & CONVERT_INVALID_MASK) == CONVERT_INVALID_REPLACE;
}

/* The text in the destination's encoding. */
static MAY_SWITCH bool put_text(Fiber *f, Converter *c, ByteBuffer *out, Value text) {
    int encoding = tr_string_encoding(text), dest = c->transcoder->dest;
    if (dest < 0 || encoding == dest) {
        tr_byte_buffer_add(out, tr_string(text)->bytes, tr_string(text)->size);
        return true;
    }
    const char *p = tr_string(text)->bytes, *end = tr_string_end(text);
    if (tr_encoding_is_unicode(encoding) || tr_string_is_7bit(text)) {
        for (int n; p < end; p += n) {
            n = tr_char_step(encoding, p, end);
            if (!tr_transcoder_put(c->transcoder, tr_char_decode(encoding, p, n), out)) {
                (void)!tr_raise(f, tr_class.undefined_conversion_error,
                                "replacement has no counterpart in %s", tr_encodings[dest].name);
                return false;
            }
        }
        return true;
    }
    ConvertOptions none = {0, TR_NIL, TR_NIL};
    Value converted = tr_string_transcode(f, text, encoding, dest, &none);
    if (converted == TR_RAISED) return false;
    tr_byte_buffer_add(out, tr_string(converted)->bytes, tr_string(converted)->size);
    return true;
}

static MAY_SWITCH bool put_replacement(Fiber *f, Converter *c, ByteBuffer *out) {
    if (c->replacement != TR_NIL) return put_text(f, c, out, c->replacement);
    int dest = c->transcoder->dest;
    bool is_unicode = dest >= 0 &&
                      (tr_encoding_is_unicode(dest) || dest == ENCODING_UTF16 || dest == ENCODING_UTF32);
    (void)tr_transcoder_put(c->transcoder, is_unicode ? 0xfffd : '?', out);
    return true;
}

/* Runs on, replacing what the options say. False: raised. */
static MAY_SWITCH bool run(Fiber *f, Converter *c, const char **p, const char *end, ByteBuffer *out,
                           size_t limit, uint32_t flags, ConvertResult *result) {
    for (;;) {
        size_t had = out->size;
        *result = tr_transcode(c->transcoder, p, end, out, limit, flags);
        if (!replaces(c, *result)) return true;
        if (limit != SIZE_MAX) limit -= out->size - had;
        if (!put_replacement(f, c, out)) return false;
    }
}

static MAY_SWITCH MAY_RAISE Value raise_last(Fiber *f, const Converter *c) {
    Value error = tr_convert_error(f, c->transcoder);
    return error == TR_RAISED ? TR_RAISED : tr_raise_value(f, error);
}

static MAY_GC Value new_output(Fiber *f, const Converter *c, ByteBuffer *out) {
    int dest = c->transcoder->dest;
    Value v = tr_string_new_encoded(f, out->bytes ? out->bytes : "", out->size,
                                    dest < 0 ? ENCODING_UTF8 : dest);
    free(out->bytes);
    return v;
}

static MAY_SWITCH MAY_RAISE Value converter_convert(Fiber *f, Value self, const Args *args) {
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    Value text = tr_to_str(f, args->argv[0]);
    if (text == TR_RAISED) return TR_RAISED;
    text = tr_string_frozen_copy(f, text);
    const char *p = tr_string(text)->bytes;
    ByteBuffer out = {0};
    ConvertResult result;
    bool is_good = run(f, c, &p, tr_string_end(text), &out, SIZE_MAX, CONVERT_PARTIAL_INPUT, &result);
    TR_KEEP(text);
    if (is_good && result == CONVERT_SOURCE_EMPTY) return new_output(f, c, &out);
    free(out.bytes);
    return is_good ? raise_last(f, c) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value converter_finish(Fiber *f, Value self, const Args *args) {
    (void)args;
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    const char *p = "";
    ByteBuffer out = {0};
    ConvertResult result;
    bool is_good = run(f, c, &p, p, &out, SIZE_MAX, 0, &result);
    if (is_good && result == CONVERT_FINISHED) return new_output(f, c, &out);
    free(out.bytes);
    return is_good ? raise_last(f, c) : TR_RAISED;
}

/* primitive_convert(source_buffer, destination_buffer, dest_byteoffset = nil, dest_bytesize = nil, options)
 */
static MAY_SWITCH MAY_RAISE Value converter_primitive_convert(Fiber *f, Value self, const Args *args) {
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    static const Id names[] = {TR_ID_partial_input, TR_ID_after_output};
    Value given[2] = {TR_UNDEF, TR_UNDEF};
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 2, given, false))
        return TR_RAISED;
    uint32_t flags = 0;
    int64_t offset = -1, limit = -1, number;
    if (args->argc > 4 && args->argv[4] != TR_NIL) {
        if (!tr_to_long(f, args->argv[4], &number)) return TR_RAISED;
        flags = (uint32_t)number;
    }
    if (given[0] != TR_UNDEF && tr_is_truthy(given[0])) flags |= CONVERT_PARTIAL_INPUT;
    if (given[1] != TR_UNDEF && tr_is_truthy(given[1])) flags |= CONVERT_AFTER_OUTPUT;
    if (args->argc > 2 && args->argv[2] != TR_NIL && !tr_to_long(f, args->argv[2], &offset)) return TR_RAISED;
    if (args->argc > 3 && args->argv[3] != TR_NIL) {
        if (!tr_to_long(f, args->argv[3], &limit)) return TR_RAISED;
        if (limit < 0) return tr_raise(f, tr_class.argument_error, "negative output_bytesize");
    }
    if (args->argc > 2 && args->argv[2] != TR_NIL && offset < 0)
        return tr_raise(f, tr_class.argument_error, "negative output_byteoffset");
    Value source = args->argv[0], dest = tr_to_str(f, args->argv[1]);
    if (dest == TR_RAISED || (source != TR_NIL && (source = tr_to_str(f, source)) == TR_RAISED))
        return TR_RAISED;
    if (!tr_check_frozen(f, dest) || (source != TR_NIL && !tr_check_frozen(f, source))) return TR_RAISED;
    if (offset > (int64_t)tr_string(dest)->size)
        return tr_raise(f, tr_class.argument_error, "output_byteoffset too big");
    const char *start = source == TR_NIL ? "" : tr_string(source)->bytes, *p = start;
    size_t size = source == TR_NIL ? 0 : tr_string(source)->size;
    ByteBuffer out = {0};
    ConvertResult result;
    bool is_good = run(f, c, &p, start + size, &out, limit < 0 ? SIZE_MAX : (size_t)limit, flags, &result);
    Value done = TR_RAISED;
    size_t keep = offset < 0 ? tr_string(dest)->size : (size_t)offset;
    if (is_good &&
        (source == TR_NIL || tr_string_splice_bytes(f, source, 0, (size_t)(p - start), "", 0) != TR_RAISED) &&
        tr_string_resize(f, dest, keep) != TR_RAISED &&
        tr_string_append_ranged(f, dest, out.bytes ? out.bytes : "", out.size, CODERANGE_UNKNOWN) !=
            TR_RAISED) {
        if (c->transcoder->dest >= 0) tr_string_set_encoding(dest, c->transcoder->dest);
        tr_string_set_coderange(dest, CODERANGE_UNKNOWN);
        done = result_symbol(result);
    }
    free(out.bytes);
    return done;
}

static MAY_GC MAY_RAISE Value converter_primitive_errinfo(Fiber *f, Value self, const Args *args) {
    (void)args;
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    Transcoder *t = c->transcoder;
    bool is_error = t->result == CONVERT_INVALID || t->result == CONVERT_UNDEFINED ||
                    t->result == CONVERT_INCOMPLETE;
    if (!is_error) return tr_array_new_values(f, 5, result_symbol(t->result), TR_NIL, TR_NIL, TR_NIL, TR_NIL);
    Value from = tr_string_new_ascii(f, tr_encodings[t->error_from].name),
          to = tr_string_new_ascii(f, tr_encodings[t->error_to].name);
    Value bad = tr_string_new_encoded(f, t->error_bytes, (size_t)t->error_size, ENCODING_BINARY);
    Value again = tr_string_new_encoded(f, t->error_bytes + t->error_size, (size_t)t->readagain_size,
                                        ENCODING_BINARY);
    return tr_array_new_values(f, 5, result_symbol(t->result), from, to, bad, again);
}

static MAY_SWITCH MAY_RAISE Value converter_last_error(Fiber *f, Value self, const Args *args) {
    (void)args;
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    ConvertResult r = c->transcoder->result;
    return r == CONVERT_INVALID || r == CONVERT_UNDEFINED || r == CONVERT_INCOMPLETE
               ? tr_convert_error(f, c->transcoder)
               : TR_NIL;
}

/* Takes back what was read again after an error: at most `max` bytes from the end. */
static MAY_SWITCH MAY_RAISE Value converter_putback(Fiber *f, Value self, const Args *args) {
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    Transcoder *t = c->transcoder;
    int64_t max = t->readagain_size;
    if (args->argc > 0 && args->argv[0] != TR_NIL && !tr_to_long(f, args->argv[0], &max)) return TR_RAISED;
    int n = t->is_held_partial ? 0 : t->held_size < t->readagain_size ? t->held_size : t->readagain_size;
    if (max < n) n = max < 0 ? 0 : (int)max;
    Value v = tr_string_new_encoded(f, t->held + t->held_size - n, (size_t)n,
                                    t->source < 0 ? ENCODING_BINARY : t->source);
    t->held_size -= n;
    return v;
}

static MAY_SWITCH MAY_RAISE Value converter_insert_output(Fiber *f, Value self, const Args *args) {
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    Value text = tr_to_str(f, args->argv[0]);
    if (text == TR_RAISED || !put_text(f, c, &c->transcoder->overflow, text)) return TR_RAISED;
    return TR_NIL;
}

/* --- attributes --- */

static MAY_GC MAY_RAISE Value converter_source_encoding(Fiber *f, Value self, const Args *args) {
    (void)args;
    Converter *c = get(f, self);
    return !c ? TR_RAISED : c->transcoder->source < 0 ? TR_NIL : tr_encoding_object(c->transcoder->source);
}

static MAY_GC MAY_RAISE Value converter_destination_encoding(Fiber *f, Value self, const Args *args) {
    (void)args;
    Converter *c = get(f, self);
    return !c ? TR_RAISED : c->transcoder->dest < 0 ? TR_NIL : tr_encoding_object(c->transcoder->dest);
}

static MAY_GC MAY_RAISE Value converter_replacement(Fiber *f, Value self, const Args *args) {
    (void)args;
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    if (c->replacement != TR_NIL) return c->replacement;
    int dest = c->transcoder->dest;
    bool is_unicode = dest >= 0 &&
                      (tr_encoding_is_unicode(dest) || dest == ENCODING_UTF16 || dest == ENCODING_UTF32);
    return is_unicode ? tr_string_new_cstr(f, "\xef\xbf\xbd") : tr_string_new_ascii(f, "?");
}

static MAY_SWITCH MAY_RAISE Value converter_set_replacement(Fiber *f, Value self, const Args *args) {
    Converter *c = get(f, self);
    if (!c) return TR_RAISED;
    Value text = tr_to_str(f, args->argv[0]);
    if (text == TR_RAISED) return TR_RAISED;
    ByteBuffer scratch = {0};
    bool is_good = put_text(f, c, &scratch, text);
    free(scratch.bytes);
    if (!is_good) return TR_RAISED;
    tr_write(self, &c->replacement, tr_string_frozen_copy(f, text));
    return args->argv[0];
}

static MAY_GC Value converter_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    Transcoder *t = ((Converter *)self)->transcoder;
    if (!t) return tr_any_to_s(f, self);
    const char *name = tr_class_cname(tr_real_class_of(self));
    if (t->source < 0) return tr_string_format(f, "#<%s: no-conversion>", name);
    return tr_string_format(f, "#<%s: %s to %s>", name, tr_encodings[t->source].name,
                            tr_encodings[t->dest].name);
}

static Value converter_equal(Fiber *f, Value self, const Args *args) {
    (void)f;
    if (!tr_data_is(args->argv[0], &converter_type)) return TR_FALSE;
    Converter *a = (Converter *)self, *b = (Converter *)args->argv[0];
    if (!a->transcoder || !b->transcoder) return tr_bool(a == b);
    bool same_text = a->replacement == b->replacement ||
                     (a->replacement != TR_NIL && b->replacement != TR_NIL &&
                      tr_string_equal(a->replacement, b->replacement));
    return tr_bool(a->transcoder->source == b->transcoder->source &&
                   a->transcoder->dest == b->transcoder->dest && a->options.flags == b->options.flags &&
                   same_text);
}

static const MethodDef converter_methods[] = {
    {"initialize", converter_initialize, ARITY(1, 3), METHOD_KEYWORDS},
    {"convert", converter_convert, ARITY(1, 1), 0},
    {"finish", converter_finish, ARITY(0, 0), 0},
    {"primitive_convert", converter_primitive_convert, ARITY(2, 5), METHOD_KEYWORDS},
    {"primitive_errinfo", converter_primitive_errinfo, ARITY(0, 0), 0},
    {"last_error", converter_last_error, ARITY(0, 0), 0},
    {"putback", converter_putback, ARITY(0, 1), 0},
    {"insert_output", converter_insert_output, ARITY(1, 1), 0},
    {"convpath", converter_convpath, ARITY(0, 0), 0},
    {"source_encoding", converter_source_encoding, ARITY(0, 0), 0},
    {"destination_encoding", converter_destination_encoding, ARITY(0, 0), 0},
    {"replacement", converter_replacement, ARITY(0, 0), 0},
    {"replacement=", converter_set_replacement, ARITY(1, 1), 0},
    {"inspect", converter_inspect, ARITY(0, 0), 0},
    {"==", converter_equal, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0}
};

static MAY_GC void define_singletons(Fiber *f) {
    tr_define_singleton_method(f, (Value)converter_class, "search_convpath", converter_s_search_convpath, 2,
                               2, METHOD_KEYWORDS);
    tr_define_singleton_method(f, (Value)converter_class, "asciicompat_encoding", converter_s_asciicompat, 1,
                               1, 0);
}

static MAY_GC void converter_init(Fiber *f) {
    static const struct { const char *name; int value;
    } constants[] = {{"INVALID_MASK", CONVERT_INVALID_MASK},
                     {"INVALID_REPLACE", CONVERT_INVALID_REPLACE},
                     {"UNDEF_MASK", CONVERT_UNDEF_MASK},
                     {"UNDEF_REPLACE", CONVERT_UNDEF_REPLACE},
                     {"UNDEF_HEX_CHARREF", CONVERT_UNDEF_HEX_CHARREF},
                     {"PARTIAL_INPUT", CONVERT_PARTIAL_INPUT},
                     {"AFTER_OUTPUT", CONVERT_AFTER_OUTPUT},
                     {"UNIVERSAL_NEWLINE_DECORATOR", CONVERT_UNIVERSAL_NEWLINE},
                     {"CRLF_NEWLINE_DECORATOR", CONVERT_CRLF_NEWLINE},
                     {"CR_NEWLINE_DECORATOR", CONVERT_CR_NEWLINE},
                     {"LF_NEWLINE_DECORATOR", CONVERT_LF_NEWLINE},
                     {"XML_TEXT_DECORATOR", CONVERT_XML_TEXT},
                     {"XML_ATTR_CONTENT_DECORATOR", CONVERT_XML_ATTR_CONTENT},
                     {"XML_ATTR_QUOTE_DECORATOR", CONVERT_XML_ATTR_QUOTE}};
    converter_class = tr_class_define(f, "Converter", tr_class.object, tr_class.encoding);
    converter_class->alloc = converter_alloc;
    converter_class->instance_type = TYPE_DATA;
    tr_define_methods(f, converter_class, converter_methods);
    define_singletons(f);
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        tr_const_define(f, converter_class, constants[i].name, TR_FIX(constants[i].value));
}

/* A ClassDef of Encoding's, only to be run at boot. */
const ClassDef tr_encoding_converter_def = {
    .klass = &tr_class.encoding, .no_alloc = true, .init = converter_init};

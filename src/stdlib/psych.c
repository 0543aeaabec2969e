/* psych.c - the primitives behind lib/ext/psych.rb: YAML's events from a text, and a text from events, over libyaml.
 *
 * The library is opened when it is first required, as crypto.c does. The parser calls its handler's methods event by event;
 * the emitter collects what libyaml writes in plain memory and hands it to the io after each event, so that no Ruby code
 * runs inside libyaml.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <yaml.h>

#include "core/core.h"
#include "core/require.h"
#include "value/data.h"

#define FUNCTIONS(F)                                                                                                \
    F(yaml_get_version) F(yaml_parser_initialize) F(yaml_parser_delete) F(yaml_parser_set_input_string)             \
    F(yaml_parser_parse) F(yaml_event_delete) F(yaml_emitter_initialize) F(yaml_emitter_delete)                     \
    F(yaml_emitter_set_output) F(yaml_emitter_set_unicode) F(yaml_emitter_set_canonical) F(yaml_emitter_set_indent) \
    F(yaml_emitter_set_width) F(yaml_emitter_emit) F(yaml_stream_start_event_initialize)                            \
    F(yaml_stream_end_event_initialize) F(yaml_document_start_event_initialize)                                     \
    F(yaml_document_end_event_initialize) F(yaml_alias_event_initialize) F(yaml_scalar_event_initialize)            \
    F(yaml_sequence_start_event_initialize) F(yaml_sequence_end_event_initialize)                                   \
    F(yaml_mapping_start_event_initialize) F(yaml_mapping_end_event_initialize)

#define MEMBER(name) __typeof__(name) *name;
static struct { FUNCTIONS(MEMBER) } lib; /* filled once, by the first require */
#undef MEMBER

static MAY_GC Value text_or_nil(Fiber *f, const yaml_char_t *text) {
    return text ? tr_string_new_cstr(f, (const char *)text) : TR_NIL;
}

/* --- Psych::Parser --- */

typedef struct Parser {
    Data base;
    yaml_parser_t *yaml; /* while a text is being parsed */
} Parser;

static void close_parser(Parser *p) {
    if (!p->yaml) return;
    lib.yaml_parser_delete(p->yaml);
    free(p->yaml);
    p->yaml = NULL;
}
static void parser_free(Heap *heap, Value object) {
    (void)heap;
    close_parser((Parser *)object);
}
static const DataType parser_type = { .name = "Psych/Parser", .bytes = sizeof(Parser), .free = parser_free };
static MAY_GC Value parser_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &parser_type, klass); }

static MAY_GC MAY_RAISE Value directives_of(Fiber *f, const yaml_event_t *event) {
    Value list = tr_array_new(f, 0);
    const yaml_tag_directive_t *tag = event->data.document_start.tag_directives.start;
    for (; tag != event->data.document_start.tag_directives.end; tag++) {
        Value handle = text_or_nil(f, tag->handle), prefix = text_or_nil(f, tag->prefix);
        if (tr_array_push(f, list, tr_array_new_values(f, 2, handle, prefix)) == TR_RAISED) return TR_RAISED;
    }
    return list;
}

static MAY_SWITCH MAY_RAISE Value call_document_start(Fiber *f, Value handler, const yaml_event_t *event) {
    const yaml_version_directive_t *given = event->data.document_start.version_directive;
    Value version = given ? tr_array_new_values(f, 2, TR_FIX(given->major), TR_FIX(given->minor)) : tr_array_new(f, 0);
    Value tags = directives_of(f, event);
    if (tags == TR_RAISED) return TR_RAISED;
    return tr_call(f, handler, tr_intern_cstr("start_document"), 3, version, tags, tr_bool(event->data.document_start.implicit == 1));
}

static MAY_SWITCH MAY_RAISE Value call_handler(Fiber *f, Value handler, const yaml_event_t *event) {
    Value anchor, tag;
    switch (event->type) {
    case YAML_STREAM_START_EVENT:
        return tr_call(f, handler, tr_intern_cstr("start_stream"), 1, TR_FIX(event->data.stream_start.encoding));
    case YAML_STREAM_END_EVENT: return tr_call(f, handler, tr_intern_cstr("end_stream"), 0);
    case YAML_DOCUMENT_START_EVENT: return call_document_start(f, handler, event);
    case YAML_DOCUMENT_END_EVENT:
        return tr_call(f, handler, tr_intern_cstr("end_document"), 1, tr_bool(event->data.document_end.implicit == 1));
    case YAML_ALIAS_EVENT:
        return tr_call(f, handler, tr_intern_cstr("alias"), 1, text_or_nil(f, event->data.alias.anchor));
    case YAML_SCALAR_EVENT: {
        Value text = tr_string_new(f, (const char *)event->data.scalar.value, event->data.scalar.length);
        anchor = text_or_nil(f, event->data.scalar.anchor);
        tag = text_or_nil(f, event->data.scalar.tag);
        return tr_call(f, handler, tr_intern_cstr("scalar"), 6, text, anchor, tag, tr_bool(event->data.scalar.plain_implicit),
                       tr_bool(event->data.scalar.quoted_implicit), TR_FIX(event->data.scalar.style));
    }
    case YAML_SEQUENCE_START_EVENT:
        anchor = text_or_nil(f, event->data.sequence_start.anchor);
        tag = text_or_nil(f, event->data.sequence_start.tag);
        return tr_call(f, handler, tr_intern_cstr("start_sequence"), 4, anchor, tag,
                       tr_bool(event->data.sequence_start.implicit), TR_FIX(event->data.sequence_start.style));
    case YAML_SEQUENCE_END_EVENT: return tr_call(f, handler, tr_intern_cstr("end_sequence"), 0);
    case YAML_MAPPING_START_EVENT:
        anchor = text_or_nil(f, event->data.mapping_start.anchor);
        tag = text_or_nil(f, event->data.mapping_start.tag);
        return tr_call(f, handler, tr_intern_cstr("start_mapping"), 4, anchor, tag,
                       tr_bool(event->data.mapping_start.implicit), TR_FIX(event->data.mapping_start.style));
    case YAML_MAPPING_END_EVENT: return tr_call(f, handler, tr_intern_cstr("end_mapping"), 0);
    default: return tr_call(f, handler, tr_intern_cstr("empty"), 0);
    }
}

static MAY_SWITCH MAY_RAISE Value raise_syntax_error(Fiber *f, Value self, const yaml_parser_t *yaml) {
    Value problem = text_or_nil(f, (const yaml_char_t *)yaml->problem);
    Value context = text_or_nil(f, (const yaml_char_t *)yaml->context);
    return tr_call(f, self, tr_intern_cstr("__syntax_error"), 5, TR_FIX((int64_t)yaml->context_mark.line + 1),
                   TR_FIX((int64_t)yaml->context_mark.column + 1), TR_FIX((int64_t)yaml->problem_offset), problem, context);
}

/* __parse(text, handler): one call of the handler for each event */
static MAY_SWITCH MAY_RAISE Value parser_parse(Fiber *f, Value self, const Args *args) {
    Parser *p = (Parser *)self;
    Value text = tr_to_str(f, args->argv[0]), handler = args->argv[1], result = TR_NIL;
    if (text == TR_RAISED) return TR_RAISED;
    text = tr_string_dup(f, text);
    close_parser(p);
    yaml_parser_t *yaml = p->yaml = malloc(sizeof *p->yaml);
    if (!yaml || !lib.yaml_parser_initialize(yaml)) {
        free(yaml);
        p->yaml = NULL;
        return tr_raise_no_memory(f);
    }
    lib.yaml_parser_set_input_string(yaml, (const unsigned char *)tr_string(text)->bytes, tr_string(text)->size);
    for (bool more = true; more && result != TR_RAISED;) {
        yaml_event_t event;
        if (!lib.yaml_parser_parse(yaml, &event)) {
            result = raise_syntax_error(f, self, yaml);
            break;
        }
        result = tr_call(f, handler, tr_intern_cstr("event_location"), 4, TR_FIX((int64_t)event.start_mark.line),
                         TR_FIX((int64_t)event.start_mark.column), TR_FIX((int64_t)event.end_mark.line),
                         TR_FIX((int64_t)event.end_mark.column));
        if (result != TR_RAISED) result = call_handler(f, handler, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        lib.yaml_event_delete(&event);
        if (p->yaml != yaml) return result == TR_RAISED ? TR_RAISED : TR_NIL; /* the handler parsed with it again */
    }
    TR_KEEP(text);
    TR_KEEP(self);
    return result == TR_RAISED ? TR_RAISED : self;
}

/* __mark -> [index, line, column] */
static MAY_GC Value parser_mark(Fiber *f, Value self, const Args *args) {
    (void)args;
    yaml_mark_t mark = { 0, 0, 0 };
    if (((Parser *)self)->yaml) mark = ((Parser *)self)->yaml->mark;
    return tr_array_new_values(f, 3, TR_FIX((int64_t)mark.index), TR_FIX((int64_t)mark.line), TR_FIX((int64_t)mark.column));
}

/* --- Psych::Emitter --- */

typedef struct Emitter {
    Data base;
    yaml_emitter_t *yaml;
    char *pending; /* written by libyaml, not yet by the io */
    size_t pending_size, pending_capacity;
    Value io;
} Emitter;

static void emitter_trace(Tracer *tracer, Value object) { tr_trace(tracer, ((Emitter *)object)->io); }
static void emitter_free(Heap *heap, Value object) {
    Emitter *e = (Emitter *)object;
    (void)heap;
    if (e->yaml) lib.yaml_emitter_delete(e->yaml);
    free(e->yaml);
    free(e->pending);
}
static const DataType emitter_type = { .name = "Psych/Emitter", .bytes = sizeof(Emitter), .trace = emitter_trace, .free = emitter_free };

static MAY_GC Value emitter_alloc(Fiber *f, Class *klass) {
    Emitter *e = tr_data_alloc(f, &emitter_type, klass);
    e->io = TR_NIL;
    return (Value)e;
}

/* libyaml's output: into plain memory. 0 ends the emitting. */
static int keep_output(void *object, unsigned char *bytes, size_t size) {
    Emitter *e = object;
    if (e->pending_size + size > e->pending_capacity) {
        size_t capacity = (e->pending_size + size) * 2;
        char *grown = realloc(e->pending, capacity);
        if (!grown) return 0;
        e->pending = grown;
        e->pending_capacity = capacity;
    }
    memcpy(e->pending + e->pending_size, bytes, size);
    e->pending_size += size;
    return 1;
}

/* __open(io) */
static MAY_SWITCH MAY_RAISE Value emitter_open(Fiber *f, Value self, const Args *args) {
    Emitter *e = (Emitter *)self;
    if (e->yaml) return tr_raise(f, tr_class.runtime_error, "emitter is open already");
    e->yaml = malloc(sizeof *e->yaml);
    if (!e->yaml || !lib.yaml_emitter_initialize(e->yaml)) {
        free(e->yaml);
        e->yaml = NULL;
        return tr_raise_no_memory(f);
    }
    tr_write(self, &e->io, args->argv[0]);
    lib.yaml_emitter_set_output(e->yaml, keep_output, e);
    lib.yaml_emitter_set_unicode(e->yaml, 1);
    return self;
}

static MAY_SWITCH MAY_RAISE Value emit(Fiber *f, Value self, yaml_event_t *event, int is_made) {
    Emitter *e = (Emitter *)self;
    if (!is_made) return tr_raise_no_memory(f);
    if (!e->yaml) {
        lib.yaml_event_delete(event);
        return tr_raise(f, tr_class.runtime_error, "uninitialized emitter");
    }
    if (!lib.yaml_emitter_emit(e->yaml, event))
        return tr_raise(f, tr_class.runtime_error, "%s", e->yaml->problem ? e->yaml->problem : "cannot emit");
    if (e->pending_size == 0) return self;
    Value text = tr_string_new(f, e->pending, e->pending_size);
    e->pending_size = 0;
    return tr_call(f, e->io, tr_intern_cstr("write"), 1, text) == TR_RAISED ? TR_RAISED : self;
}

/* A text for libyaml in UTF-8, or NULL for nil; *v becomes what must be kept. False: raised. */
static MAY_SWITCH MAY_RAISE bool utf8_argument(Fiber *f, Value *v, const yaml_char_t **out) {
    *out = NULL;
    if (*v == TR_NIL) return true;
    if (!tr_is_string(*v))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected String)", (void *)tr_real_class_of(*v)) != TR_RAISED;
    int encoding = tr_string_encoding(*v);
    if (encoding != ENCODING_UTF8 && encoding != ENCODING_BINARY && !tr_string_is_7bit(*v)) {
        Value name = tr_string_new_cstr(f, "UTF-8");
        *v = tr_call(f, *v, tr_intern_cstr("encode"), 1, name);
        if (*v == TR_RAISED) return false;
    }
    *out = (const yaml_char_t *)tr_string(*v)->bytes;
    return true;
}

static MAY_SWITCH MAY_RAISE Value emitter_start_stream(Fiber *f, Value self, const Args *args) {
    int64_t encoding;
    yaml_event_t event;
    if (!tr_to_long(f, args->argv[0], &encoding)) return TR_RAISED;
    return emit(f, self, &event, lib.yaml_stream_start_event_initialize(&event, (yaml_encoding_t)encoding));
}

static MAY_SWITCH Value emitter_end_stream(Fiber *f, Value self, const Args *args) {
    yaml_event_t event;
    (void)args;
    return emit(f, self, &event, lib.yaml_stream_end_event_initialize(&event));
}

/* start_document(version, tags, implicit): version [] or [major, minor], tags [[handle, prefix], …] */
static MAY_SWITCH MAY_RAISE Value emitter_start_document(Fiber *f, Value self, const Args *args) {
    Value version = args->argv[0], tags = args->argv[1], kept = tr_array_new(f, 4);
    yaml_version_directive_t directive = { 1, 1 };
    if (!tr_is_array(version) || !tr_is_array(tags)) return tr_raise(f, tr_class.type_error, "wrong argument type (expected Array)");
    bool has_version = tr_array_count(version) > 0;
    if (has_version) {
        int64_t major, minor;
        if (!tr_to_long(f, tr_array_at(version, 0), &major) || !tr_to_long(f, tr_array_at(version, 1), &minor)) return TR_RAISED;
        directive = (yaml_version_directive_t){ (int)major, (int)minor };
    }
    size_t count = tr_array_count(tags);
    yaml_tag_directive_t *list = calloc(count + 1, sizeof *list);
    if (!list) return tr_raise_no_memory(f);
    Value result = TR_NIL;
    for (size_t i = 0; i < count && result != TR_RAISED; i++) {
        Value pair = tr_array_at(tags, i);
        if (!tr_is_array(pair) || tr_array_count(pair) < 2) {
            result = tr_raise(f, tr_class.runtime_error, "tag tuple must be of length 2");
            break;
        }
        Value handle = tr_array_at(pair, 0), prefix = tr_array_at(pair, 1);
        const yaml_char_t *handle_text = NULL, *prefix_text = NULL;
        if (!utf8_argument(f, &handle, &handle_text) || tr_array_push(f, kept, handle) == TR_RAISED ||
            !utf8_argument(f, &prefix, &prefix_text) || tr_array_push(f, kept, prefix) == TR_RAISED) result = TR_RAISED;
        list[i] = (yaml_tag_directive_t){ (yaml_char_t *)handle_text, (yaml_char_t *)prefix_text };
    }
    if (result != TR_RAISED) {
        yaml_event_t event;
        int made = lib.yaml_document_start_event_initialize(&event, has_version ? &directive : NULL, list, list + count,
                                                            tr_is_truthy(args->argv[2]));
        result = emit(f, self, &event, made);
    }
    TR_KEEP(kept);
    free(list);
    return result;
}

static MAY_SWITCH Value emitter_end_document(Fiber *f, Value self, const Args *args) {
    yaml_event_t event;
    return emit(f, self, &event, lib.yaml_document_end_event_initialize(&event, tr_is_truthy(args->argv[0])));
}

/* scalar(value, anchor, tag, plain, quoted, style) */
static MAY_SWITCH MAY_RAISE Value emitter_scalar(Fiber *f, Value self, const Args *args) {
    Value text = args->argv[0], anchor = args->argv[1], tag = args->argv[2];
    const yaml_char_t *bytes, *anchor_bytes, *tag_bytes;
    int64_t style;
    yaml_event_t event;
    if (text == TR_NIL) return tr_raise(f, tr_class.type_error, "wrong argument type nil (expected String)");
    if (!tr_to_long(f, args->argv[5], &style) || !utf8_argument(f, &text, &bytes) || !utf8_argument(f, &anchor, &anchor_bytes) ||
        !utf8_argument(f, &tag, &tag_bytes)) return TR_RAISED;
    int made = lib.yaml_scalar_event_initialize(&event, anchor_bytes, tag_bytes, bytes, (int)tr_string(text)->size,
                                                tr_is_truthy(args->argv[3]), tr_is_truthy(args->argv[4]), (yaml_scalar_style_t)style);
    TR_KEEP(text);
    TR_KEEP(anchor);
    TR_KEEP(tag);
    return emit(f, self, &event, made);
}

/* start_sequence(anchor, tag, implicit, style), start_mapping likewise */
static MAY_SWITCH MAY_RAISE Value start_collection(Fiber *f, Value self, const Args *args, bool is_mapping) {
    Value anchor = args->argv[0], tag = args->argv[1];
    const yaml_char_t *anchor_bytes, *tag_bytes;
    int64_t style;
    yaml_event_t event;
    if (!tr_to_long(f, args->argv[3], &style) || !utf8_argument(f, &anchor, &anchor_bytes) || !utf8_argument(f, &tag, &tag_bytes))
        return TR_RAISED;
    int implicit = tr_is_truthy(args->argv[2]);
    int made = is_mapping ? lib.yaml_mapping_start_event_initialize(&event, anchor_bytes, tag_bytes, implicit, (yaml_mapping_style_t)style)
                          : lib.yaml_sequence_start_event_initialize(&event, anchor_bytes, tag_bytes, implicit, (yaml_sequence_style_t)style);
    TR_KEEP(anchor);
    TR_KEEP(tag);
    return emit(f, self, &event, made);
}
static MAY_SWITCH Value emitter_start_sequence(Fiber *f, Value self, const Args *args) { return start_collection(f, self, args, false); }
static MAY_SWITCH Value emitter_start_mapping(Fiber *f, Value self, const Args *args) { return start_collection(f, self, args, true); }

static MAY_SWITCH Value emitter_end_sequence(Fiber *f, Value self, const Args *args) {
    yaml_event_t event;
    (void)args;
    return emit(f, self, &event, lib.yaml_sequence_end_event_initialize(&event));
}
static MAY_SWITCH Value emitter_end_mapping(Fiber *f, Value self, const Args *args) {
    yaml_event_t event;
    (void)args;
    return emit(f, self, &event, lib.yaml_mapping_end_event_initialize(&event));
}

static MAY_SWITCH MAY_RAISE Value emitter_alias(Fiber *f, Value self, const Args *args) {
    Value anchor = args->argv[0];
    const yaml_char_t *bytes;
    yaml_event_t event;
    if (!utf8_argument(f, &anchor, &bytes)) return TR_RAISED;
    int made = lib.yaml_alias_event_initialize(&event, bytes);
    TR_KEEP(anchor);
    return emit(f, self, &event, made);
}

static MAY_SWITCH MAY_RAISE Value emitter_set(Fiber *f, Value self, const Args *args, void (*set)(yaml_emitter_t *, int)) {
    int64_t value;
    if (!tr_to_long(f, args->argv[0], &value)) return TR_RAISED;
    if (!((Emitter *)self)->yaml) return tr_raise(f, tr_class.runtime_error, "uninitialized emitter");
    set(((Emitter *)self)->yaml, (int)value);
    return args->argv[0];
}
static MAY_SWITCH Value emitter_set_indentation(Fiber *f, Value self, const Args *args) { return emitter_set(f, self, args, lib.yaml_emitter_set_indent); }
static MAY_SWITCH Value emitter_set_line_width(Fiber *f, Value self, const Args *args) { return emitter_set(f, self, args, lib.yaml_emitter_set_width); }
static MAY_SWITCH Value emitter_set_canonical(Fiber *f, Value self, const Args *args) {
    Args number = *args;
    Value flag = TR_FIX(tr_is_truthy(args->argv[0]));
    number.argv = &flag;
    return emitter_set(f, self, &number, lib.yaml_emitter_set_canonical) == TR_RAISED ? TR_RAISED : args->argv[0];
}
static Value emitter_indentation(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(((Emitter *)self)->yaml ? ((Emitter *)self)->yaml->best_indent : 0);
}
static Value emitter_line_width(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(((Emitter *)self)->yaml ? ((Emitter *)self)->yaml->best_width : 0);
}
static Value emitter_canonical(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(((Emitter *)self)->yaml && ((Emitter *)self)->yaml->canonical);
}

static MAY_GC Value psych_version(Fiber *f, Value self, const Args *args) {
    int major, minor, patch;
    (void)self, (void)args;
    lib.yaml_get_version(&major, &minor, &patch);
    return tr_array_new_values(f, 3, TR_FIX(major), TR_FIX(minor), TR_FIX(patch));
}

static const char *open_library(void) {
    void *library = dlopen("libyaml-0.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!library) return "libyaml-0.so.2";
#define RESOLVE(name) \
    if (!(*(void **)&lib.name = dlsym(library, #name))) return #name;
    FUNCTIONS(RESOLVE)
#undef RESOLVE
    return NULL;
}

static const MethodDef parser_methods[] = {
    { "__parse", parser_parse, ARITY(2, 2), METHOD_PRIVATE }, { "__mark", parser_mark, ARITY(0, 0), METHOD_PRIVATE },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef emitter_methods[] = {
    { "__open", emitter_open, ARITY(1, 1), METHOD_PRIVATE },
    { "start_stream", emitter_start_stream, ARITY(1, 1), 0 }, { "end_stream", emitter_end_stream, ARITY(0, 0), 0 },
    { "start_document", emitter_start_document, ARITY(3, 3), 0 }, { "end_document", emitter_end_document, ARITY(1, 1), 0 },
    { "scalar", emitter_scalar, ARITY(6, 6), 0 }, { "start_sequence", emitter_start_sequence, ARITY(4, 4), 0 },
    { "end_sequence", emitter_end_sequence, ARITY(0, 0), 0 }, { "start_mapping", emitter_start_mapping, ARITY(4, 4), 0 },
    { "end_mapping", emitter_end_mapping, ARITY(0, 0), 0 }, { "alias", emitter_alias, ARITY(1, 1), 0 },
    { "canonical", emitter_canonical, ARITY(0, 0), 0 }, { "canonical=", emitter_set_canonical, ARITY(1, 1), 0 },
    { "indentation", emitter_indentation, ARITY(0, 0), 0 }, { "indentation=", emitter_set_indentation, ARITY(1, 1), 0 },
    { "line_width", emitter_line_width, ARITY(0, 0), 0 }, { "line_width=", emitter_set_line_width, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};

MAY_SWITCH Value tr_psych_init(Fiber *f) {
    const char *missing = open_library();
    if (missing) return tr_raise(f, tr_class.load_error, "cannot load such file -- psych.so (%s is missing)", missing);
    Value there = tr_const_find(f, tr_class.object, tr_intern_cstr("Psych"), false); /* versions.rb came first */
    Class *module = tr_is_type(there, TYPE_MODULE) ? (Class *)there : tr_module_define(f, "Psych", NULL);
    tr_define_singleton_method(f, (Value)module, "libyaml_version", psych_version, 0, 0, 0);
    Class *parser = tr_class_define(f, "Parser", tr_class.object, module);
    parser->alloc = parser_alloc;
    parser->instance_type = TYPE_DATA;
    tr_define_methods(f, parser, parser_methods);
    Class *handler = tr_class_define(f, "Handler", tr_class.object, module);
    Class *emitter = tr_class_define(f, "Emitter", handler, module);
    emitter->alloc = emitter_alloc;
    emitter->instance_type = TYPE_DATA;
    tr_define_methods(f, emitter, emitter_methods);
    return TR_NIL;
}

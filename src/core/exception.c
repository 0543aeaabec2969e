/* exception.c - Exception: message, backtrace, cause, and how it is printed. The subclasses with more to say
 * are in exception_kinds.c. */
#include "core/exception.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vm/interp.h"

#define SELF ((Exception *)self)

/* ---- representation ---- */

static void exception_trace(Tracer *tracer, Value object) {
    const Exception *e = (const Exception *)object;
    tr_trace_range(tracer, &e->message, (sizeof(Exception) - offsetof(Exception, message)) / sizeof(Value));
}
static const HeapType exception_type = {.name = "Exception", .trace = exception_trace};

static MAY_GC Value exception_alloc(Fiber *f, Class *klass) {
    Exception *e = tr_heap_alloc(f, sizeof(Exception), TYPE_EXCEPTION, klass);
    e->message = e->backtrace = e->backtrace_locations = TR_NIL;
    e->cause = e->name = e->receiver = e->key = e->result = e->args = TR_UNDEF;
    return (Value)e;
}

Value tr_exception_new(Fiber *f, Class *klass, Value message) {
    Value e = exception_alloc(f, klass);
    tr_write(e, &((Exception *)e)->message, message);
    return e;
}

static MAY_SWITCH MAY_RAISE Value exception_initialize(Fiber *f, Value self, const Args *args) {
    (void)f;
    tr_write(self, &SELF->message, args->argc > 0 ? args->argv[0] : TR_NIL);
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value exception_s_exception(Fiber *f, Value self, const Args *args) {
    return tr_call_full(f, self, TR_ID_new, args->argc, args->argv, args->block, args->keywords, false);
}

static MAY_SWITCH MAY_RAISE Value exception_exception(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0 || args->argv[0] == self) return self;
    Value copy = tr_clone(f, self, TR_NIL);
    if (copy == TR_RAISED) return TR_RAISED;
    tr_write(copy, &((Exception *)copy)->message, args->argv[0]);
    return copy;
}

/* ---- messages ---- */

static MAY_SWITCH MAY_RAISE Value exception_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (SELF->message == TR_NIL) return tr_class_path(f, tr_real_class_of(self));
    return tr_to_s(f, SELF->message);
}

static MAY_SWITCH MAY_RAISE Value exception_message(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_to_s(f, self);
}

Value tr_exception_message(Fiber *f, Value exception) {
    Value message = tr_call(f, exception, TR_ID_message, 0);
    if (message == TR_RAISED || tr_is_string(message)) return message;
    return tr_to_s(f, message);
}

static MAY_SWITCH MAY_RAISE Value exception_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value text = tr_to_s(f, self);
    if (text == TR_RAISED) return TR_RAISED;
    Value name = tr_class_path(f, tr_real_class_of(self));
    if (tr_string(text)->size == 0) return name;
    bool several = memchr(tr_string(text)->bytes, '\n', tr_string(text)->size) != NULL;
    if (several) text = tr_string_inspect(f, text);
    if (text == TR_RAISED) return TR_RAISED;
    Value result = tr_string_new_cstr(f, "#<");
    if (tr_string_append(f, result, name) == TR_RAISED ||
        tr_string_append_cstr(f, result, several ? ":" : ": ") == TR_RAISED ||
        tr_string_append(f, result, text) == TR_RAISED || tr_string_append_cstr(f, result, ">") == TR_RAISED)
        return TR_RAISED;
    return result;
}

static MAY_SWITCH MAY_RAISE Value exception_equal(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (self == other) return TR_TRUE;
    if (!tr_is_type(other, TYPE_EXCEPTION) || tr_real_class_of(self) != tr_real_class_of(other))
        return TR_FALSE;
    static const Id asked[] = {TR_ID_message, TR_ID_backtrace};
    for (int i = 0; i < 2; i++) {
        Value a = tr_call(f, self, asked[i], 0);
        if (a == TR_RAISED) return TR_RAISED;
        Value b = tr_call(f, other, asked[i], 0);
        if (b == TR_RAISED) return TR_RAISED;
        int same = tr_equal(f, a, b);
        if (same <= 0) return same < 0 ? TR_RAISED : TR_FALSE;
    }
    return TR_TRUE;
}

/* ---- backtrace and cause ---- */

Value tr_exception_backtrace(Fiber *f, Value exception) {
    Exception *e = (Exception *)exception;
    if (!tr_is_captured_backtrace(e->backtrace)) return e->backtrace;
    Value captured = e->backtrace;
    Value strings = tr_backtrace_strings(f, captured);
    if (strings == TR_RAISED) return TR_RAISED;
    if (e->backtrace_locations == TR_NIL) tr_write(exception, &e->backtrace_locations, captured);
    tr_write(exception, &e->backtrace, strings);
    return strings;
}

static MAY_SWITCH MAY_RAISE Value exception_backtrace(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_exception_backtrace(f, self);
}

static MAY_SWITCH MAY_RAISE Value exception_backtrace_locations(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value captured = tr_is_captured_backtrace(SELF->backtrace) ? SELF->backtrace : SELF->backtrace_locations;
    if (!tr_is_captured_backtrace(captured)) return captured;
    Value locations = tr_backtrace_locations(f, captured);
    if (locations == TR_RAISED) return TR_RAISED;
    if (tr_exception_backtrace(f, self) == TR_RAISED) return TR_RAISED;
    tr_write(self, &SELF->backtrace_locations, locations);
    return locations;
}

static bool all_of(Value array, bool (*test)(Value v)) {
    for (size_t i = 0; i < tr_array_count(array); i++)
        if (!test(tr_array_at(array, i))) return false;
    return true;
}
static bool is_location(Value v) {
    return tr_is_object(v) && tr_header(v)->klass == tr_class.backtrace_location;
}
static bool is_string(Value v) { return tr_is_string(v); }

static MAY_SWITCH MAY_RAISE Value exception_set_backtrace(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value given = args->argv[0];
    Value locations = TR_NIL;
    if (tr_is_string(given)) {
        given = tr_array_new_values(f, 1, given);
    } else if (tr_is_array(given) && tr_array_count(given) > 0 && all_of(given, is_location)) {
        locations = given;
        Value strings = tr_array_new(f, tr_array_count(given));
        for (size_t i = 0; i < tr_array_count(locations); i++) {
            Value text = tr_to_s(f, tr_array_at(locations, i));
            if (text == TR_RAISED || tr_array_push(f, strings, text) == TR_RAISED) return TR_RAISED;
        }
        given = strings;
    } else if (given != TR_NIL && !(tr_is_array(given) && all_of(given, is_string))) {
        return tr_raise(f, tr_class.type_error,
                        "backtrace must be an Array of String or an Array of Thread::Backtrace::Location");
    }
    if (locations == TR_NIL) { /* where it was raised is still known */
        locations = tr_is_captured_backtrace(SELF->backtrace) ? SELF->backtrace : SELF->backtrace_locations;
    }
    tr_write(self, &SELF->backtrace, given);
    tr_write(self, &SELF->backtrace_locations, locations);
    return given;
}

static MAY_SWITCH MAY_RAISE Value exception_cause(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return SELF->cause == TR_UNDEF ? TR_NIL : SELF->cause;
}

/* ---- how it is printed ---- */

static const char underline[] = "\033[1;4m", bold[] = "\033[1m", reset[] = "\033[m";

typedef struct Text { /* a String that is being written; stops at the first failure */
    Fiber *f;
    Value string;
    bool failed;
} Text;

static MAY_GC void put(Text *t, const char *bytes, size_t size) {
    if (!t->failed && tr_string_append_bytes(t->f, t->string, bytes, size) == TR_RAISED) t->failed = true;
}
static MAY_GC void put_cstr(Text *t, const char *text) { put(t, text, strlen(text)); }
static MAY_GC void put_string(Text *t, Value s) {
    if (!t->failed && tr_string_append(t->f, t->string, s) == TR_RAISED) t->failed = true;
}

/* "message (Class)", the class behind the first line. */
static MAY_GC MAY_RAISE Value decorate(Fiber *f, Value message, Class *klass, bool highlight) {
    Value name = tr_class_path(f, klass);
    const String *m = tr_string(message);
    Text t = {f, tr_string_new(f, "", 0), false};
    if (m->size == 0) {
        if (highlight) put_cstr(&t, underline);
        if (klass == tr_class.runtime_error) put_cstr(&t, "unhandled exception");
        else put_string(&t, name);
        if (highlight) put_cstr(&t, reset);
        return t.failed ? TR_RAISED : t.string;
    }
    const char *newline = memchr(m->bytes, '\n', m->size);
    size_t first = newline ? (size_t)(newline - m->bytes) : m->size;
    bool named = tr_string(name)->size > 0 && tr_string(name)->bytes[0] != '#';
    if (highlight) put_cstr(&t, bold);
    put_string(&t, tr_string_sub(f, message, 0, first));
    if (named) {
        put_cstr(&t, " (");
        if (highlight) put_cstr(&t, underline);
        put_string(&t, name);
        if (highlight) put_cstr(&t, reset), put_cstr(&t, bold);
        put_cstr(&t, ")");
        if (highlight) put_cstr(&t, reset);
    }
    size_t at = first + 1;
    if (newline && at < m->size) {
        put_cstr(&t, "\n");
        if (!highlight) {
            put_string(&t, tr_string_sub(f, message, at, m->size - at));
        } else {
            while (at < m->size) { /* each line on its own in bold */
                const char *end = memchr(m->bytes + at, '\n', m->size - at);
                size_t size = end ? (size_t)(end - m->bytes) - at : m->size - at;
                if (size > 0) {
                    put_cstr(&t, bold);
                    put_string(&t, tr_string_sub(f, message, at, size));
                    put_cstr(&t, reset);
                }
                if (end) put_cstr(&t, "\n");
                at += size + 1;
            }
        }
    }
    TR_KEEP(message);
    return t.failed ? TR_RAISED : t.string;
}

/* highlight: of the keywords; -1 raised, -2 not given. */
static MAY_SWITCH MAY_RAISE int highlight_option(Fiber *f, Value keywords) {
    Value v = keywords == TR_NIL ? TR_UNDEF : tr_hash_get_symbol(keywords, TR_ID_highlight);
    if (v == TR_UNDEF || v == TR_NIL) return -2;
    if (v == TR_TRUE || v == TR_FALSE) return v == TR_TRUE;
    Value text = tr_inspect(f, v);
    if (text == TR_RAISED) return -1;
    Value raised = tr_raise(f, tr_class.argument_error, "expected true or false as highlight: %pV", text);
    return raised == TR_RAISED ? -1 : -1;
}

static MAY_SWITCH MAY_RAISE Value exception_detailed_message(Fiber *f, Value self, const Args *args) {
    int highlight = highlight_option(f, args->keywords);
    if (highlight == -1) return TR_RAISED;
    Value message = tr_exception_message(f, self);
    if (message == TR_RAISED) return TR_RAISED;
    return decorate(f, message, tr_real_class_of(self), highlight == 1);
}

/* What detailed_message answers, as a String. */
static MAY_SWITCH MAY_RAISE Value detailed(Fiber *f, Value exception, Value options, bool highlight) {
    Value keywords = options == TR_NIL ? tr_hash_new(f) : tr_hash_dup(f, options);
    if (tr_hash_set_symbol(f, keywords, TR_ID_highlight, tr_bool(highlight)) == TR_RAISED) return TR_RAISED;
    Value text = tr_call_full(f, exception, TR_ID_detailed_message, 0, NULL, TR_NIL, keywords, false);
    if (text != TR_RAISED && !tr_is_string(text)) return tr_class_path(f, tr_real_class_of(exception));
    return text;
}

/* "file:line:in 'x': " of the code that asks, for an exception that was never raised. */
static MAY_GC void put_position(Text *t) {
    int line = 0;
    Value path = tr_caller_location(t->f, &line);
    if (path == TR_NIL) return;
    Id mid = tr_current_method_id(t->f);
    char place[48];
    put_string(t, path);
    snprintf(place, sizeof place, mid ? ":%d:in '" : ":%d: ", line);
    put_cstr(t, place);
    if (!mid) return;
    put_cstr(t, tr_id_cstr(mid));
    put_cstr(t, "': ");
}

/* Of an endless recursion only the two ends are shown. */
enum { TRACE_HEAD = 8, TRACE_TAIL = 5, TRACE_MOST = TRACE_HEAD + TRACE_TAIL + 5 };

static MAY_SWITCH MAY_RAISE bool put_one(Text *t, Value exception, Value options, bool highlight,
                                         bool top_first) {
    Fiber *f = t->f;
    Value backtrace = tr_call(f, exception, TR_ID_backtrace, 0);
    if (backtrace == TR_RAISED) return false;
    if (!tr_is_array(backtrace)) backtrace = TR_NIL;
    Value message = detailed(f, exception, options, highlight);
    if (message == TR_RAISED) return false;
    size_t count = backtrace == TR_NIL ? 0 : tr_array_count(backtrace);
    char number[64];
    if (!top_first) {
        int width = snprintf(number, sizeof number, "%zu", count > 0 ? count - 1 : 0);
        for (size_t i = count; i-- > 1;) {
            snprintf(number, sizeof number, "\t%*zu: from ", width, i);
            put_cstr(t, number);
            if (tr_is_string(tr_array_at(backtrace, i))) put_string(t, tr_array_at(backtrace, i));
            put_cstr(t, "\n");
        }
    }
    if (count > 0 && tr_is_string(tr_array_at(backtrace, 0))) {
        put_string(t, tr_array_at(backtrace, 0));
        put_cstr(t, ": ");
    } else if (count == 0) {
        put_position(t);
    }
    put_string(t, message);
    const String *s = tr_string(t->string);
    if (s->size == 0 || s->bytes[s->size - 1] != '\n') put_cstr(t, "\n");
    size_t skip_from = SIZE_MAX, skip_count = 0;
    if (tr_backtrace_limit >= 0 && count > (size_t)tr_backtrace_limit + 2) {
        skip_from = (size_t)tr_backtrace_limit + 1;
        skip_count = count - skip_from;
    } else if (count > TRACE_MOST && tr_is_kind_of(exception, tr_class.system_stack_error)) {
        skip_from = TRACE_HEAD;
        skip_count = count - TRACE_HEAD - TRACE_TAIL;
    }
    if (top_first)
        for (size_t i = 1; i < count; i++) {
            if (i == skip_from) {
                snprintf(number, sizeof number, "\t ... %zu levels...\n", skip_count);
                put_cstr(t, number);
                i += skip_count;
                if (i >= count) break;
            }
            put_cstr(t, "\tfrom ");
            if (tr_is_string(tr_array_at(backtrace, i))) put_string(t, tr_array_at(backtrace, i));
            put_cstr(t, "\n");
        }
    return !t->failed;
}

#define MAX_CAUSES 64

static MAY_SWITCH MAY_RAISE Value full_message(Fiber *f, Value self, Value options, bool highlight,
                                               bool top_first) {
    Text t = {f, tr_string_new(f, "", 0), false};
    Value chain[MAX_CAUSES];
    int count = 0;
    for (Value e = self; e != TR_NIL && e != TR_UNDEF && count < MAX_CAUSES; e = ((Exception *)e)->cause) {
        bool seen = false;
        for (int i = 0; i < count; i++) seen |= chain[i] == e;
        if (seen || !tr_is_type(e, TYPE_EXCEPTION)) break;
        chain[count++] = e;
    }
    if (!top_first) {
        put_cstr(&t, highlight ? "\033[1mTraceback\033[m (most recent call last):\n"
                               : "Traceback (most recent call last):\n");
        for (int i = count; i-- > 0;)
            if (!put_one(&t, chain[i], i == 0 ? options : TR_NIL, highlight, false)) return TR_RAISED;
    } else {
        for (int i = 0; i < count; i++)
            if (!put_one(&t, chain[i], i == 0 ? options : TR_NIL, highlight, true)) return TR_RAISED;
    }
    return t.failed ? TR_RAISED : t.string;
}

static MAY_SWITCH MAY_RAISE Value exception_full_message(Fiber *f, Value self, const Args *args) {
    int highlight = highlight_option(f, args->keywords);
    if (highlight == -1) return TR_RAISED;
    if (highlight == -2) highlight = isatty(2);
    Value order = args->keywords == TR_NIL ? TR_UNDEF : tr_hash_get_symbol(args->keywords, TR_ID_order);
    bool top_first = true;
    if (order != TR_UNDEF && order != TR_NIL) {
        Id id = tr_is_symbol(order) ? tr_symbol_id(order) : 0;
        top_first = id == tr_intern_cstr("top");
        if (!top_first && id != tr_intern_cstr("bottom")) {
            Value text = tr_inspect(f, order);
            if (text == TR_RAISED) return TR_RAISED;
            return tr_raise(f, tr_class.argument_error, "expected :top or :bottom as order: %pV", text);
        }
    }
    Value options = args->keywords;
    if (options != TR_NIL) { /* detailed_message gets all but the order */
        options = tr_hash_dup(f, options);
        if (tr_hash_delete(f, options, tr_value_from_id(TR_ID_order)) == TR_RAISED) return TR_RAISED;
    }
    return full_message(f, self, options, highlight == 1, top_first);
}

Value tr_exception_full_message(Fiber *f, Value exception, bool highlight) {
    return full_message(f, exception, TR_NIL, highlight, true);
}

void tr_exception_report(Fiber *f, Value exception) {
    Value text = full_message(f, exception, TR_NIL, isatty(2), true);
    if (text == TR_RAISED) { /* its own methods raise: say at least what it is */
        f->unwind.kind = UNWIND_NONE;
        Value name = tr_class_path(f, tr_real_class_of(exception));
        text = tr_string_format(f, "troupe: unprintable exception (%s)\n", tr_string(name)->bytes);
    }
    Value done = tr_io_write_stderr(f, text);
    if (done == TR_RAISED) f->unwind.kind = UNWIND_NONE;
}

static MAY_SWITCH MAY_RAISE Value exception_s_to_tty(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return tr_bool(isatty(2));
}

static MAY_SWITCH MAY_RAISE Value exception_initialize_copy(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (self == other) return self;
    if (!tr_is_type(other, TYPE_EXCEPTION))
        return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    memcpy(&SELF->message, &((Exception *)other)->message, sizeof(Exception) - offsetof(Exception, message));
    tr_write_many(self);
    return self;
}

/* $! and $@ */
static Value get_error(Fiber *f, Id name) {
    (void)name;
    return tr_current_error(f);
}
static MAY_GC Value get_error_backtrace(Fiber *f, Id name) {
    (void)name;
    Value error = tr_current_error(f);
    return error == TR_NIL ? TR_NIL : tr_exception_backtrace(f, error);
}

static MAY_SWITCH MAY_RAISE Value set_error_backtrace(Fiber *f, Id name, Value value) {
    (void)name;
    Value error = tr_current_error(f);
    if (error == TR_NIL) return tr_raise(f, tr_class.argument_error, "$! not set");
    return tr_call(f, error, TR_ID_set_backtrace, 1, value);
}

static void exception_init(Fiber *f) {
    (void)f;
    tr_heap_register_type(TYPE_EXCEPTION, &exception_type);
    tr_global_define("$!", get_error, NULL, true);
    tr_global_define("$@", get_error_backtrace, set_error_backtrace, true);
}

static const MethodDef exception_methods[] = {
    {"initialize", exception_initialize, ARITY(0, 1), 0},
    {"initialize_copy", exception_initialize_copy, ARITY(1, 1), 0},
    {"exception", exception_exception, ARITY(0, 1), 0},
    {"to_s", exception_to_s, ARITY(0, 0), 0},
    {"message", exception_message, ARITY(0, 0), 0},
    {"detailed_message", exception_detailed_message, ARITY(0, 0), METHOD_KEYWORDS},
    {"full_message", exception_full_message, ARITY(0, 0), METHOD_KEYWORDS},
    {"inspect", exception_inspect, ARITY(0, 0), 0},
    {"==", exception_equal, ARITY(1, 1), 0},
    {"backtrace", exception_backtrace, ARITY(0, 0), 0},
    {"backtrace_locations", exception_backtrace_locations, ARITY(0, 0), 0},
    {"set_backtrace", exception_set_backtrace, ARITY(1, 1), 0},
    {"cause", exception_cause, ARITY(0, 0), 0},
    {0}
};
static const MethodDef exception_singleton_methods[] = {
    {"exception", exception_s_exception, ARITY_REST(0), METHOD_KEYWORDS},
    {"to_tty?", exception_s_to_tty, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_exception_class = {.klass = &tr_class.exception,
                                     .methods = exception_methods,
                                     .singleton_methods = exception_singleton_methods,
                                     .alloc = exception_alloc,
                                     .instance_type = TYPE_EXCEPTION,
                                     .init = exception_init};

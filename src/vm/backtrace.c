/* backtrace.c - where we are: captured cheaply as (code, pc) pairs, made into text only when somebody looks.
 *
 * One Backtrace object holds an entry per visible frame, innermost first. A method in C, and the core
 * library's methods in Ruby, have no place of their own: they appear with their own label and the place of
 * the Ruby code that called them. Several frames of the core library in a row count as one.
 */
#include <stdio.h>

#include "core/array.h"
#include "core/exception.h"
#include "core/string.h"
#include "value/data.h"
#include "vm/interp.h"

typedef struct Entry {
    const Iseq *iseq;     /* whose place it is; NULL: no Ruby code below */
    const Method *method; /* the label's owner; NULL at the toplevel and in class bodies */
    uint32_t pc;
    bool is_native;       /* the label is the method's own, not the iseq's */
} Entry;

typedef struct Backtrace {
    Data base;
    Entry *entries; /* into `embedded` or a buffer */
    uint32_t count;
    bool has_buffer;
    Entry embedded[];
} Backtrace;

static void backtrace_trace(Tracer *tracer, Value object) {
    const Backtrace *b = (const Backtrace *)object;
    for (uint32_t i = 0; i < b->count; i++) {
        tr_trace(tracer, (Value)b->entries[i].iseq);
        tr_trace(tracer, (Value)b->entries[i].method);
    }
}

static void backtrace_free(Heap *heap, Value object) {
    Backtrace *b = (Backtrace *)object;
    if (b->has_buffer) tr_buffer_free(heap, b->entries, b->count * sizeof(Entry));
}

static const DataType backtrace_type = {
    .name = "backtrace", .bytes = sizeof(Backtrace), .trace = backtrace_trace, .free = backtrace_free};

bool tr_is_captured_backtrace(Value v) { return tr_data_is(v, &backtrace_type); }

/* --- capturing --- */

/* A part in C of a core method in Ruby, such as Enumerator#__each; not __send__ and its kin. */
static bool is_helper(const Method *method) {
    if (!method || method->kind != METHOD_C || !(method->flags & METHOD_BASIC)) return false;
    const IdName *name = tr_id_name(method->original_id);
    return name->size > 2 && memcmp(name->bytes, "__", 2) == 0 && name->bytes[name->size - 1] != '_';
}

/* Walks the visible frames, innermost first, and fills `into` (NULL: counts only). */
static uint32_t walk(Fiber *f, uint32_t skip, uint32_t limit, Entry *into) {
    uint32_t count = 0,
             waiting = 0; /* natives at the end of `into` that wait for a Ruby frame to lend its place */
    bool after_internal = false;
    for (const Frame *frame = f->frame; frame && count < limit; frame = frame->prev) {
        const Method *method = tr_frame_method(frame);
        bool is_internal = frame->iseq ? frame->iseq->is_internal : is_helper(method);
        if (!frame->iseq && (!method || tr_frame_type(frame) == FRAME_DUMMY)) continue;
        if (is_internal && !method) continue;
        if (is_internal && after_internal && count > 0 &&
            skip == 0) { /* one for all of them: the outermost */
            if (into) into[count - 1] = (Entry){.method = method, .is_native = true};
            continue;
        }
        after_internal = is_internal;
        if (skip > 0) {
            skip--;
            continue;
        }
        bool is_native = !frame->iseq || is_internal;
        uint32_t pc = is_native ? 0 : (uint32_t)(frame->pc - frame->iseq->code);
        if (into) {
            into[count] = (Entry){
                .iseq = is_native ? NULL : frame->iseq, .method = method, .pc = pc, .is_native = is_native};
            if (!is_native)
                for (uint32_t i = waiting; i < count; i++) {
                    into[i].iseq = frame->iseq;
                    into[i].pc = pc;
                }
        }
        count++;
        if (!is_native) waiting = count;
    }
    return count;
}

/* Natives at the end that found no Ruby frame within the limit get the place of the next one outwards. */
static void lend_place(Fiber *f, uint32_t skip, Entry *entries, uint32_t count) {
    if (count == 0 || entries[count - 1].iseq) return;
    uint32_t visible = 0;
    for (const Frame *frame = f->frame; frame; frame = frame->prev) {
        const Method *method = tr_frame_method(frame);
        if (!frame->iseq && !method) continue;
        visible++;
        if (visible <= skip + count || !frame->iseq || frame->iseq->is_internal) continue;
        for (uint32_t i = count; i-- > 0 && !entries[i].iseq;) {
            entries[i].iseq = frame->iseq;
            entries[i].pc = (uint32_t)(frame->pc - frame->iseq->code);
        }
        return;
    }
}

Value tr_backtrace_capture(Fiber *f, int skip, int limit) {
    uint32_t most = limit < 0 ? UINT32_MAX : (uint32_t)limit;
    uint32_t count = walk(f, (uint32_t)skip, most, NULL);
    size_t bytes = sizeof(Backtrace) + count * sizeof(Entry);
    Backtrace *b;
    if (bytes <= TR_SLOT_MAX_BYTES) {
        b = tr_heap_alloc(f, bytes, TYPE_DATA, NULL);
        b->base.type = &backtrace_type;
        b->entries = b->embedded;
    } else {
        b = tr_data_alloc(f, &backtrace_type, NULL);
        b->entries = tr_buffer_alloc(f, count * sizeof(Entry));
        if (!b->entries) return TR_NIL;
        b->has_buffer = true;
    }
    b->count = walk(f, (uint32_t)skip, most, b->entries);
    lend_place(f, (uint32_t)skip, b->entries, b->count);
    tr_write_many((Value)b);
    return (Value)b;
}

/* --- labels --- */

/* "Foo#bar", "Foo.bar", "bar" when the owner has no name. */
static MAY_GC Value method_label(Fiber *f, const Method *method, const char *name, size_t size) {
    Value label = tr_string_new(f, "", 0);
    Class *owner = method->owner;
    const char *joint = "#";
    if (owner && (owner->flags & CLASS_SINGLETON)) {
        Value attached = owner->attached;
        owner = tr_is_module(attached) ? (Class *)attached : NULL;
        joint = ".";
    }
    if (owner && owner->name != TR_NIL && owner->name != 0) {
        Value path = tr_class_path(f, owner);
        if (tr_string_append(f, label, path) == TR_RAISED ||
            tr_string_append_cstr(f, label, joint) == TR_RAISED)
            return label;
    }
    Value done = tr_string_append_bytes(f, label, name, size);
    return done == TR_RAISED ? done : label;
}

static MAY_GC Value entry_label(Fiber *f, const Entry *e) {
    if (e->is_native) {
        const IdName *name = tr_id_name(e->method->original_id);
        return method_label(f, e->method, name->bytes, name->size);
    }
    Value label = e->iseq->label;
    const Iseq *home = e->iseq->local_iseq;
    if (!e->method || e->method->kind != METHOD_ISEQ || !home || home->type != ISEQ_METHOD) return label;
    const String *whole = tr_string(label), *base = tr_string(home->label);
    if (base->size > whole->size ||
        memcmp(whole->bytes + whole->size - base->size, base->bytes, base->size) != 0)
        return label;
    Value qualified = method_label(f, e->method, base->bytes, base->size);
    if (qualified == TR_RAISED) return label;
    Value text = tr_string_new(f, whole->bytes, whole->size - base->size);
    return tr_string_append(f, text, qualified) == TR_RAISED ? label : text;
}

static MAY_GC Value entry_base_label(Fiber *f, const Entry *e) {
    if (e->is_native) return tr_symbol_name(f, e->method->original_id);
    return e->iseq->local_iseq ? e->iseq->local_iseq->label : e->iseq->label;
}

static int entry_line(const Entry *e) { return e->iseq ? tr_iseq_line(e->iseq, e->pc) : 0; }

static MAY_GC Value entry_string(Fiber *f, const Entry *e) {
    Value label = entry_label(f, e);
    Value text = tr_string_new(f, "", 0);
    Value done = TR_NIL;
    if (e->iseq) {
        char line[32];
        snprintf(line, sizeof line, ":%d:in '", entry_line(e));
        done = tr_string_append(f, text, e->iseq->path);
        if (done != TR_RAISED) done = tr_string_append_cstr(f, text, line);
    } else {
        done = tr_string_append_cstr(f, text, "in '");
    }
    if (done != TR_RAISED) done = tr_string_append(f, text, label);
    if (done != TR_RAISED) done = tr_string_append_cstr(f, text, "'");
    return done == TR_RAISED ? TR_RAISED : text;
}

Value tr_backtrace_strings(Fiber *f, Value captured) {
    Backtrace *b = (Backtrace *)captured;
    Value array = tr_array_new(f, b->count);
    for (uint32_t i = 0; i < b->count; i++) {
        Value text = entry_string(f, &b->entries[i]);
        if (text == TR_RAISED || tr_array_push(f, array, text) == TR_RAISED) return TR_RAISED;
    }
    TR_KEEP(captured);
    return array;
}

int tr_backtrace_limit = -1;

/* Thread::Backtrace.limit -> Integer: how many lines of a backtrace are printed; -1: all */
static Value backtrace_s_limit(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FIX(tr_backtrace_limit);
}

/* --- Thread::Backtrace::Location --- */

typedef struct Location {
    Data base;
    Entry entry;
} Location;

static void location_trace(Tracer *tracer, Value object) {
    const Location *l = (const Location *)object;
    tr_trace(tracer, (Value)l->entry.iseq);
    tr_trace(tracer, (Value)l->entry.method);
}

static const DataType location_type = {.name = "Thread::Backtrace::Location", .bytes = sizeof(Location),
                                       .trace = location_trace};

Value tr_backtrace_locations(Fiber *f, Value captured) {
    Backtrace *b = (Backtrace *)captured;
    Value array = tr_array_new(f, b->count);
    for (uint32_t i = 0; i < b->count; i++) {
        Location *l = tr_data_alloc(f, &location_type, tr_class.backtrace_location);
        l->entry = b->entries[i];
        tr_write_many((Value)l);
        if (tr_array_push(f, array, (Value)l) == TR_RAISED) return TR_RAISED;
    }
    TR_KEEP(captured);
    return array;
}

static const Entry *location_entry(Value self) { return &((const Location *)self)->entry; }

static Value location_lineno(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum(entry_line(location_entry(self)));
}
static Value location_path(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return location_entry(self)->iseq ? location_entry(self)->iseq->path : TR_NIL;
}
static Value location_absolute_path(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return location_entry(self)->iseq ? location_entry(self)->iseq->absolute_path : TR_NIL;
}
static MAY_GC Value location_label(Fiber *f, Value self, const Args *args) {
    (void)args;
    return entry_label(f, location_entry(self));
}
static MAY_GC Value location_base_label(Fiber *f, Value self, const Args *args) {
    (void)args;
    return entry_base_label(f, location_entry(self));
}
static MAY_GC Value location_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    return entry_string(f, location_entry(self));
}
static MAY_GC Value location_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value text = entry_string(f, location_entry(self));
    return text == TR_RAISED ? text : tr_string_inspect(f, text);
}

static const MethodDef location_methods[] = {
    {"lineno", location_lineno, ARITY(0, 0), 0},
    {"path", location_path, ARITY(0, 0), 0},
    {"absolute_path", location_absolute_path, ARITY(0, 0), 0},
    {"label", location_label, ARITY(0, 0), 0},
    {"base_label", location_base_label, ARITY(0, 0), 0},
    {"to_s", location_to_s, ARITY(0, 0), 0},
    {"inspect", location_inspect, ARITY(0, 0), 0},
    {0}
};
static const MethodDef backtrace_singleton_methods[] = {{"limit", backtrace_s_limit, ARITY(0, 0), 0}, {0}};
const ClassDef tr_backtrace_class = {
    .klass = &tr_class.backtrace, .singleton_methods = backtrace_singleton_methods, .no_alloc = true};
const ClassDef tr_backtrace_location_class = {
    .klass = &tr_class.backtrace_location, .methods = location_methods, .no_alloc = true};

/* --- the place of the caller --- */

Value tr_caller_file(Fiber *f) {
    for (const Frame *frame = f->frame; frame; frame = frame->prev) {
        if (!frame->iseq || frame->iseq->is_internal) continue;
        return frame->iseq->absolute_path == TR_NIL ? frame->iseq->path : frame->iseq->absolute_path;
    }
    return TR_NIL;
}

Value tr_caller_location(Fiber *f, int *line) {
    for (const Frame *frame = f->frame; frame; frame = frame->prev) {
        if (!frame->iseq || frame->iseq->is_internal) continue;
        if (line) *line = tr_iseq_line(frame->iseq, (uint32_t)(frame->pc - frame->iseq->code));
        return frame->iseq->path;
    }
    if (line) *line = 0;
    return TR_NIL;
}

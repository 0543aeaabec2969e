/* backtrace_text.c - a backtrace as vm/backtrace.c gives it, for who must not allocate: the reports on stuck programs, and
 * the watchdog's signal handler. Everything read here is immutable or belongs to a fiber that does not move.
 */
#include "vm/backtrace_text.h"

#include "core/string.h"
#include "vm/interp.h"

static void print_string(Text *text, Value v) {
    if (tr_is_string(v)) tr_text_bytes(text, tr_string(v)->bytes, tr_string(v)->size);
}

/* "Foo#bar", "Foo.bar", "bar". */
static void print_method(Text *text, const Method *method, const char *name, size_t size) {
    const Class *owner = method->owner;
    const char *joint = "#";
    if (owner && (owner->flags & CLASS_SINGLETON)) {
        owner = tr_is_module(owner->attached) ? (const Class *)owner->attached : NULL;
        joint = ".";
    }
    if (owner && tr_is_string(owner->name)) {
        print_string(text, owner->name);
        tr_text_cstr(text, joint);
    }
    tr_text_bytes(text, name, size);
}

static void print_native_label(Text *text, const Method *method) {
    const IdName *name = tr_id_name(method->original_id);
    print_method(text, method, name->bytes, name->size);
}

static void print_label(Text *text, const Frame *frame) {
    const Iseq *home = frame->iseq->local_iseq;
    const Method *method = tr_frame_method(frame);
    const String *whole = tr_string(frame->iseq->label);
    if (method && method->kind == METHOD_ISEQ && home && home->type == ISEQ_METHOD) {
        const String *base = tr_string(home->label);
        size_t before = whole->size - base->size;
        if (base->size <= whole->size && memcmp(whole->bytes + before, base->bytes, base->size) == 0) {
            tr_text_bytes(text, whole->bytes, before);
            print_method(text, method, base->bytes, base->size);
            return;
        }
    }
    tr_text_bytes(text, whole->bytes, whole->size);
}

static void print_place(Text *text, const Frame *frame) { /* of the Ruby code there or further out */
    while (frame && (!frame->iseq || frame->iseq->is_internal)) frame = frame->prev;
    if (!frame) return;
    print_string(text, frame->iseq->path);
    tr_text_format(text, ":%d:", tr_iseq_line(frame->iseq, (uint32_t)(frame->pc - frame->iseq->code)));
}

void tr_backtrace_print(Text *text, const Fiber *fiber, const char *indent, unsigned limit) {
    const Method *internal = NULL; /* several frames of the core library in a row count as one, the outermost */
    unsigned count = 0;
    for (const Frame *frame = fiber->frame; frame && count < limit; frame = frame->prev) {
        const Method *method = tr_frame_method(frame);
        bool is_internal = frame->iseq && frame->iseq->is_internal;
        if (!frame->iseq && (!method || tr_frame_type(frame) == FRAME_DUMMY)) continue;
        if (is_internal && !method) continue;
        if (is_internal) {
            internal = method;
            const Frame *next = frame->prev;
            if (next && next->iseq && next->iseq->is_internal && tr_frame_method(next)) continue;
        }
        tr_text_cstr(text, indent);
        print_place(text, frame);
        tr_text_cstr(text, "in '");
        if (is_internal) print_native_label(text, internal);
        else if (!frame->iseq) print_native_label(text, method);
        else print_label(text, frame);
        tr_text_cstr(text, "'\n");
        count++;
    }
}

/* frame.c - what the code of a frame belongs to: its method, its lexical scope, its $~ and $_.
 *
 * ep[-2] of an environment holds the Method it runs, the Cref of a class body or eval, or nothing (a plain
 * block: ask the environment around). Where $~, $_ or a flip-flop was used, a Specials object stands there
 * and carries both.
 */
#include "vm/interp.h"
#include "vm/refinement.h"

#include "core/array.h"
#include "core/string.h"
#include "value/data.h"

typedef struct Specials {
    Data base;
    Value method_or_cref;
    Value lastline, backref;
    Value flipflops; /* Array or nil */
} Specials;

static void specials_trace(Tracer *tracer, Value object) {
    const Specials *s = (const Specials *)object;
    tr_trace_range(tracer, &s->method_or_cref, 4);
}

static const DataType specials_type = {
    .name = "special variables", .bytes = sizeof(Specials), .trace = specials_trace};

Value tr_ep_method_or_cref(const Value *ep) {
    Value v = ep[-2];
    return tr_data_is(v, &specials_type) ? ((const Specials *)v)->method_or_cref : v;
}

Frame *tr_ruby_frame(Fiber *f) {
    for (Frame *frame = f->frame; frame; frame = frame->prev) {
        if (frame->iseq) return frame;
        if (tr_frame_type(frame) == FRAME_CBLOCK && frame->captured.iseq) {
            Value *ep = (Value *)frame->captured.iseq; /* of the C frame that wrote the block */
            frame = (Frame *)(ep + 1);
        }
    }
    return NULL;
}

const Method *tr_ep_method(const Value *ep) {
    for (;;) {
        Value v = tr_ep_method_or_cref(ep);
        if (tr_is_type(v, TYPE_METHOD)) return (const Method *)v;
        if (ep[0] & FRAME_LOCAL) return NULL;
        ep = tr_ep_parent(ep);
    }
}

const Method *tr_frame_method(const Frame *frame) {
    return frame->iseq ? tr_ep_method(frame->captured.ep) : frame->method;
}

static Cref *top_cref;

Cref *tr_cref_top(void) { return top_cref; }

Cref *tr_cref_new(Fiber *f, Class *klass, Cref *next) {
    const Class *part_of = next && next->klass && next->klass->owner ? next->klass : klass;
    Cref *cref = tr_class_alloc_part(f, part_of, sizeof(Cref), TYPE_CREF);
    cref->klass = klass;
    cref->next = next;
    return cref;
}

static void cref_trace(Tracer *tracer, Value object) {
    const Cref *cref = (const Cref *)object;
    tr_trace(tracer, (Value)cref->klass);
    tr_trace(tracer, (Value)cref->next);
    for (const RefinementList *r = cref->refinements; r; r = r->next) tr_trace(tracer, (Value)r->refinement);
}

static const HeapType cref_type = {.name = "scope", .trace = cref_trace};

static void trace_top(Tracer *tracer, void *context) {
    (void)context;
    tr_trace(tracer, (Value)top_cref);
    tr_trace(tracer, tr_block_param_proxy);
}

MAY_GC void tr_frame_boot(Fiber *f) {
    tr_heap_register_type(TYPE_CREF, &cref_type);
    top_cref = tr_cref_new(f, tr_class.object, NULL);
    top_cref->visibility = VISIBILITY_PRIVATE;
    tr_heap_add_root(f->heap, trace_top, NULL);
}

static Cref *find_cref(const Value *ep, bool past_methods) {
    for (;;) {
        Value v = tr_ep_method_or_cref(ep);
        if (tr_is_type(v, TYPE_CREF)) return (Cref *)v;
        if (tr_is_type(v, TYPE_METHOD) && ((const Method *)v)->kind == METHOD_ISEQ)
            return past_methods ? ((const Method *)v)->as.ruby.cref : NULL;
        if (ep[0] & FRAME_LOCAL) return past_methods ? top_cref : NULL;
        ep = tr_ep_parent(ep);
    }
}

Cref *tr_ep_cref(Fiber *f, const Value *ep) {
    (void)f;
    Cref *cref = find_cref(ep, true);
    return cref ? cref : top_cref;
}

Cref *tr_ep_scope(const Value *ep) { return find_cref(ep, false); }

Cref *tr_caller_cref(Fiber *f) {
    const Frame *frame = tr_ruby_frame(f);
    return frame ? tr_ep_cref(f, frame->captured.ep) : top_cref;
}

Cref *tr_caller_scope(Fiber *f) {
    const Frame *frame = tr_ruby_frame(f);
    return frame ? tr_ep_scope(frame->captured.ep) : NULL;
}

Id tr_current_method_id(Fiber *f) {
    const Frame *frame = f->frame;
    const Method *method = frame ? tr_frame_method(frame) : NULL;
    return method ? method->called_id : 0;
}

/* --- $~ and $_ --- */

static Value *local_ep(Value *ep) {
    while (!(ep[0] & FRAME_LOCAL)) ep = tr_ep_parent(ep);
    return ep;
}

/* The word that refers to the Specials of the method around ep. */
static Value *specials_slot(Fiber *f, Value *local) {
    FiberVm *vm = tr_fiber_vm(f);
    return vm->root_ep == local ? &vm->root_specials : &local[-2];
}

Value tr_svar_get(Fiber *f, const Value *ep, int64_t key) {
    Value v = *specials_slot(f, (Value *)tr_ep_local(ep));
    if (!tr_data_is(v, &specials_type)) return TR_NIL;
    const Specials *s = (const Specials *)v;
    if (key == SVAR_LASTLINE) return s->lastline;
    if (key == SVAR_BACKREF) return s->backref;
    return s->flipflops == TR_NIL ? TR_NIL : tr_array_at(s->flipflops, (size_t)(key - SVAR_FLIPFLOP_START));
}

void tr_svar_set(Fiber *f, Value *ep, int64_t key, Value value) {
    Value *local = local_ep(ep);
    Value *slot = specials_slot(f, local);
    if (!tr_data_is(*slot, &specials_type)) {
        if (value == TR_NIL) return;
        Specials *made = tr_data_alloc(f, &specials_type, NULL);
        made->method_or_cref = *slot;
        made->lastline = made->backref = made->flipflops = TR_NIL;
        if (slot == &local[-2] && tr_ep_is_escaped(local)) tr_write(tr_ep_env(local), slot, (Value)made);
        else *slot = (Value)made;
    }
    Value object = *slot;
    Specials *s = (Specials *)object;
    if (key == SVAR_LASTLINE) {
        tr_write(object, &s->lastline, value);
    } else if (key == SVAR_BACKREF) {
        tr_write(object, &s->backref, value);
    } else {
        if (s->flipflops == TR_NIL) {
            Value array = tr_array_new(f, 1);
            tr_write(object, &s->flipflops, array);
        }
        Value stored = tr_array_store(f, s->flipflops, key - SVAR_FLIPFLOP_START, value);
        TR_CHECK(stored != TR_RAISED);
    }
}

Value tr_backref_get(Fiber *f) {
    const Frame *frame = tr_ruby_frame(f);
    return frame ? tr_svar_get(f, frame->captured.ep, SVAR_BACKREF) : TR_NIL;
}

/* Where the core library, written in Ruby, reads for its caller (gets), the caller gets it as well. */
static MAY_GC void svar_set_for_caller(Fiber *f, int64_t key, Value value) {
    Frame *frame = tr_ruby_frame(f);
    if (!frame) return;
    tr_svar_set(f, frame->captured.ep, key, value);
    if (TR_LIKELY(!frame->iseq->is_internal)) return;
    while (frame && (!frame->iseq || frame->iseq->is_internal)) frame = frame->prev;
    if (frame) tr_svar_set(f, frame->captured.ep, key, value);
}

void tr_backref_set(Fiber *f, Value match) {
    Frame *frame = tr_ruby_frame(f);
    if (frame) tr_svar_set(f, frame->captured.ep, SVAR_BACKREF, match);
}

void tr_backref_set_for_caller(Fiber *f, Value match) { svar_set_for_caller(f, SVAR_BACKREF, match); }

Value tr_lastline_get(Fiber *f) {
    const Frame *frame = tr_ruby_frame(f);
    return frame ? tr_svar_get(f, frame->captured.ep, SVAR_LASTLINE) : TR_NIL;
}

void tr_lastline_set(Fiber *f, Value line) { svar_set_for_caller(f, SVAR_LASTLINE, line); }

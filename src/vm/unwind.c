/* unwind.c - leaving frames without returning: exceptions, break, next, return, retry, redo, throw, kill.
 *
 * What travels is in fiber->unwind; C code sees only TR_RAISED. In Ruby frames tr_unwind searches the catch
 * tables from the innermost frame outwards. A rescue or ensure body is an iseq that runs in a frame of its
 * own on top of the frame it belongs to; its local 0 holds the exception, or for ensure a Thrown object that
 * carries any other kind of unwinding, which `throw 0` sends on its way again.
 *
 * break, return and retry know their target frame from the throw on; only ensure bodies run on the way. $! is
 * not stored anywhere: it is the local 0 of the innermost rescue or ensure frame.
 */
#include "vm/interp.h"

#include "core/core.h"
#include "value/data.h"

typedef struct Thrown {
    Data base;
    Unwind unwind;
} Thrown;

static void thrown_trace(Tracer *tracer, Value object) {
    const Thrown *thrown = (const Thrown *)object;
    tr_trace(tracer, thrown->unwind.value);
    tr_trace(tracer, thrown->unwind.tag);
}

static const DataType thrown_type = {.name = "throw", .bytes = sizeof(Thrown), .trace = thrown_trace};

static Value *rescue_local(const Frame *frame) {
    return &frame->captured.ep[-(int64_t)frame->iseq->local_count - 2];
}

Value tr_current_error(Fiber *f) {
    for (const Frame *frame = f->frame; frame; frame = frame->prev) {
        if (!frame->iseq || (frame->iseq->type != ISEQ_RESCUE && frame->iseq->type != ISEQ_ENSURE)) continue;
        if (tr_frame_type(frame) != FRAME_RESCUE) continue;
        Value error = *rescue_local(frame);
        if (tr_is_type(error, TYPE_EXCEPTION)) return error;
    }
    return f->error_info;
}

/* --- throw --- */

static Value start(Fiber *f, UnwindKind kind, Value value, const Frame *target) {
    f->unwind = (Unwind){.kind = kind, .value = value, .tag = TR_NIL, .target = target};
    return TR_RAISED;
}

static MAY_GC MAY_RAISE Value jump_error(Fiber *f, const char *message, Value value, Id reason) {
    Value error = tr_exception_new(f, tr_class.local_jump_error, tr_string_new_cstr(f, message));
    ((Exception *)error)->result = value;
    ((Exception *)error)->name = tr_value_from_id(reason);
    tr_write_many(error);
    return tr_raise_value(f, error);
}

Value tr_raise_no_block(Fiber *f, const char *message) {
    return jump_error(f, message, TR_NIL, tr_intern_cstr("noreason"));
}

/* The frame that runs the block or method whose code `frame` (a rescue frame, perhaps) is part of. */
static Frame *frame_of_level(Frame *frame, const Iseq **iseq, IseqType stop) {
    const Value *ep = frame->captured.ep;
    *iseq = frame->iseq;
    while ((*iseq)->type != stop && !(ep[0] & FRAME_LOCAL)) {
        ep = tr_ep_parent(ep);
        *iseq = (*iseq)->parent;
        frame = tr_frame_of_ep(frame, ep);
        if (!frame) return NULL;
    }
    return frame;
}

/* Whether the call that `frame` is making has `block` as its literal block. */
static bool is_passing(const Frame *frame, const Iseq *block) {
    uint32_t pc = (uint32_t)(frame->pc - frame->iseq->code);
    for (uint32_t i = 0; i < frame->iseq->catch_count; i++) {
        const CatchEntry *entry = &frame->iseq->catches[i];
        if (entry->type == CATCH_BREAK && entry->iseq == block && entry->start < pc && pc <= entry->end)
            return entry->cont == pc;
    }
    return false;
}

static MAY_GC MAY_RAISE Value throw_break(Fiber *f, Frame *frame, Value value) {
    const Iseq *iseq;
    Frame *block = frame_of_level(frame, &iseq, ISEQ_BLOCK);
    if (block && iseq->type == ISEQ_BLOCK) {
        if (block->captured.ep[0] & FRAME_LAMBDA) return start(f, UNWIND_RETURN, value, block);
        Frame *home = tr_frame_of_ep(block->prev, tr_ep_parent(block->captured.ep));
        if (home && home->iseq && is_passing(home, iseq)) return start(f, UNWIND_BREAK, value, home);
    }
    return jump_error(f, "break from proc-closure", value, tr_intern_cstr("break"));
}

static MAY_GC MAY_RAISE Value throw_return(Fiber *f, Frame *frame, Value value) {
    const Value *ep = frame->captured.ep;
    Frame *from = frame;
    bool in_eval = false;
    for (;;) { /* the innermost lambda around, else the method */
        Frame *owner = tr_frame_of_ep(from, ep);
        if (owner) {
            from = owner;
            bool is_rescue = tr_frame_type(owner) == FRAME_RESCUE;
            if (!is_rescue && (ep[0] & (FRAME_LAMBDA | FRAME_LOCAL))) {
                IseqType type = owner->iseq ? owner->iseq->type : ISEQ_METHOD;
                if (type == ISEQ_CLASS || (in_eval && (type == ISEQ_MAIN || type == ISEQ_TOP))) break;
                return start(f, UNWIND_RETURN, value, owner);
            }
            in_eval |= owner->iseq && owner->iseq->type == ISEQ_EVAL;
        } else if (ep[0] & (FRAME_LOCAL | FRAME_LAMBDA)) {
            break;
        }
        ep = tr_ep_parent(ep);
    }
    return jump_error(f, "unexpected return", value, tr_intern_cstr("return"));
}

Value tr_throw(Fiber *f, Frame *frame, uint64_t operand, Value object) {
    switch (operand & THROW_STATE_MASK) {
    case THROW_NONE:
        if (tr_data_is(object, &thrown_type)) {
            f->unwind = ((const Thrown *)object)->unwind;
            return TR_RAISED;
        }
        return start(f, UNWIND_RAISE, object, NULL);
    case THROW_RETURN: return throw_return(f, frame, object);
    case THROW_BREAK:
        if (operand & THROW_NO_ESCAPE) return start(f, UNWIND_BREAK, object, NULL);
        return throw_break(f, frame, object);
    case THROW_NEXT: return start(f, UNWIND_NEXT, object, NULL);
    case THROW_REDO: return start(f, UNWIND_REDO, object, NULL);
    case THROW_RETRY:
        return start(f, UNWIND_RETRY, object, tr_frame_of_ep(frame->prev, tr_ep_parent(frame->captured.ep)));
    default: TR_UNREACHABLE();
    }
}

/* --- unwinding --- */

/* `left`: the rescue or ensure body that the unwinding comes from, or NULL. Its own entry may still cover the
 * place where the frame was to go on; the search begins behind it. */
static const CatchEntry *find_entry(const Frame *frame, unsigned kinds, const Iseq *left) {
    uint32_t pc = (uint32_t)(frame->pc - frame->iseq->code);
    uint32_t first = 0;
    for (uint32_t i = 0; left && i < frame->iseq->catch_count; i++)
        if (frame->iseq->catches[i].iseq == left && frame->iseq->catches[i].cont == pc) first = i + 1;
    for (uint32_t i = first; i < frame->iseq->catch_count; i++) {
        const CatchEntry *entry = &frame->iseq->catches[i];
        if (entry->type == CATCH_BREAK && entry->iseq)
            continue; /* a call with a block: found by its target */
        if ((1u << entry->type & kinds) && entry->start < pc && pc <= entry->end) return entry;
    }
    return NULL;
}
#define KIND(type) (1u << CATCH_##type)

static void clear(Fiber *f) { f->unwind = (Unwind){.kind = UNWIND_NONE, .value = TR_NIL, .tag = TR_NIL}; }

static void continue_at(Fiber *f, Frame *frame, const CatchEntry *entry) {
    frame->pc = frame->iseq->code + entry->cont;
    Value *sp = tr_frame_stack(frame) + entry->sp;
    while (frame->sp < sp) *frame->sp++ = TR_NIL; /* never what was popped */
    frame->sp = sp;
    clear(f);
}

/* The frame of a rescue or ensure body. false: there was no room (what travels is then the SystemStackError).
 */
static MAY_GC bool push_handler(Fiber *f, Frame *frame, const CatchEntry *entry) {
    Value error = f->unwind.value;
    if (f->unwind.kind != UNWIND_RAISE) {
        Thrown *thrown = tr_data_alloc(f, &thrown_type, NULL);
        thrown->unwind = f->unwind;
        tr_write_many((Value)thrown);
        error = (Value)thrown;
    }
    continue_at(f, frame, entry);
    const Iseq *iseq = entry->iseq;
    Value *locals = frame->sp;
    if (!tr_iseq_fits(f, locals, iseq)) return tr_frame_overflow(f) != TR_RAISED;
    locals[0] = error;
    for (uint32_t i = 1; i < iseq->local_count; i++) locals[i] = TR_NIL;
    tr_frame_push(f, tr_locals_ep(locals, iseq), TR_FALSE, (Value)frame->captured.ep, FRAME_RESCUE, iseq,
                  iseq->code, frame->captured.self);
    return true;
}

/* Leaves `frame` with a value. true: its caller goes on; false: it was entered from C. */
static bool leave_with(Fiber *f, Frame *frame, Value value) {
    bool finish = (frame->captured.ep[0] & FRAME_FINISH) != 0;
    clear(f);
    f->frame = frame->prev;
    if (!finish) *f->frame->sp++ = value;
    return !finish;
}

/* What catches in this frame; NULL: nothing. *stops: the entry is where the unwinding ends, not an ensure. */
static const CatchEntry *find_handler(const Fiber *f, const Frame *frame, const Iseq *left, bool *stops) {
    const Unwind *u = &f->unwind;
    unsigned also = 0;
    switch (u->kind) {
    case UNWIND_RAISE: return find_entry(frame, KIND(RESCUE) | KIND(ENSURE), left);
    case UNWIND_BREAK: also = u->target ? 0 : KIND(BREAK); break;
    case UNWIND_NEXT: also = KIND(NEXT); break;
    case UNWIND_REDO: also = KIND(REDO); break;
    case UNWIND_RETRY: also = u->target == frame ? KIND(RETRY) : 0; break;
    default: break;
    }
    const CatchEntry *entry = find_entry(frame, KIND(ENSURE) | also, left);
    *stops = entry && entry->type != CATCH_ENSURE;
    return entry;
}

MAY_GC bool tr_unwind(Fiber *f, Value *result) {
    const Iseq *left = NULL;
    for (;;) {
        Frame *frame = f->frame;
        Unwind *u = &f->unwind;
        if (u->kind == UNWIND_BREAK && u->target == frame) {
            Value value = u->value;
            clear(f);
            *frame->sp++ = value;
            return true;
        }
        bool stops = false;
        const CatchEntry *entry = find_handler(f, frame, left, &stops);
        if (entry && stops) {
            Value value = u->value;
            bool pushes = u->kind == UNWIND_BREAK || u->kind == UNWIND_NEXT;
            continue_at(f, frame, entry);
            if (pushes) *frame->sp++ = value;
            return true;
        }
        if (entry) {
            if (push_handler(f, frame, entry)) return true;
            continue;
        }
        if (u->kind == UNWIND_RETURN && u->target == frame) {
            *result = u->value;
            return leave_with(f, frame, *result);
        }
        bool finish = (frame->captured.ep[0] & FRAME_FINISH) != 0;
        left = tr_frame_type(frame) == FRAME_RESCUE ? frame->iseq : NULL;
        f->frame = frame->prev;
        if (finish) {
            *result = TR_RAISED;
            return false;
        }
    }
}

Value tr_rescue(Fiber *f, Class *klass_or_null) {
    if (f->unwind.kind != UNWIND_RAISE) return TR_UNDEF;
    Value error = f->unwind.value;
    if (klass_or_null && !tr_is_kind_of(error, klass_or_null)) return TR_UNDEF;
    clear(f);
    return error;
}

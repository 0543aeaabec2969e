/* port.c - Ractor::Port: anyone sends, the Ractor that made it receives. */
#include "core/core.h"
#include "core/ractor.h"
#include "ractor/ractor.h"

static Port *self_port(Value self) { return (Port *)self; }

MAY_GC static Value port_alloc(Fiber *f, Class *klass) {
    Value port = tr_port_new(f, f->ractor, false);
    tr_header(port)->klass = klass;
    return port;
}

MAY_SWITCH MAY_RAISE static Value port_send(Fiber *f, Value self, const Args *args) {
    bool moves = false;
    if (TR_UNLIKELY(args->keywords != TR_NIL)) {
        Id name = TR_ID_move;
        Value move = TR_UNDEF;
        if (!tr_keywords(f, args->keywords, &name, 0, 1, &move, false)) return TR_RAISED;
        moves = move != TR_UNDEF && tr_is_truthy(move);
    }
    Port *port = self_port(self);
    return tr_ractor_send(f, port->owner, port, args->argv[0], moves) == TR_RAISED ? TR_RAISED : self;
}

MAY_SWITCH MAY_RAISE static Value port_receive(Fiber *f, Value self, const Args *args) {
    Port *port = self_port(self);
    int64_t deadline = TR_FOREVER;
    if (TR_UNLIKELY(args->keywords != TR_NIL)) {
        Id name = TR_ID_timeout;
        Value timeout = TR_UNDEF;
        if (!tr_keywords(f, args->keywords, &name, 0, 1, &timeout, false) ||
            !tr_timeout_to_deadline(f, timeout, &deadline))
            return TR_RAISED;
    }
    if (port->owner != f->ractor)
        return tr_raise(f, tr_class.ractor_error, "only allowed from the creator Ractor of this port");
    Value message = tr_port_receive(f, port, deadline);
    return message == TR_UNDEF ? TR_NIL : message;
}

MAY_SWITCH MAY_RAISE Value tr_port_close(Fiber *f, Value self) {
    Port *port = self_port(self);
    if (port->owner != f->ractor)
        return tr_raise(f, tr_class.ractor_error, "closing port by other ractors is not allowed");
    atomic_store(&port->is_closed, true);
    Inbox *inbox = &f->ractor->state->inbox;
    if (port->is_default) atomic_store(&inbox->is_closed, true);
    tr_inbox_wake(inbox); /* a thread of ours that waits for it */
    return self;
}

MAY_SWITCH MAY_RAISE static Value port_close(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_port_close(f, self);
}

static Value port_is_closed(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_port_is_closed(self_port(self)->owner, self_port(self)));
}

MAY_GC static Value port_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_format(f, "#<Ractor::Port to:#%u id:%lu>", self_port(self)->owner->id,
                            (unsigned long)self_port(self)->id);
}

static const MethodDef port_methods[] = {
    {"send", port_send, ARITY(1, 1), METHOD_KEYWORDS},
    {"<<", port_send, ARITY(1, 1), METHOD_KEYWORDS},
    {"receive", port_receive, ARITY(0, 0), METHOD_KEYWORDS},
    {"close", port_close, ARITY(0, 0), 0},
    {"closed?", port_is_closed, ARITY(0, 0), 0},
    {"inspect", port_inspect, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_port_class_def = {.klass = &tr_class.port, .methods = port_methods, .alloc = port_alloc,
                                    .instance_type = TYPE_DATA};

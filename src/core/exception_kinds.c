/* exception_kinds.c - the exceptions that carry more than a message: NameError, KeyError, SystemExit,
 * Errno::*, … */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "core/exception.h"
#include "core/signal.h"
#include "vm/interp.h"

#define SELF ((Exception *)self)

static MAY_GC MAY_RAISE Value field(Fiber *f, Value v, const char *missing) {
    return v == TR_UNDEF ? tr_raise(f, tr_class.argument_error, "%s", missing) : v;
}

/* A keyword of an initialize; TR_UNDEF when absent. */
static Value option(const Args *args, Id name) {
    return args->keywords == TR_NIL ? TR_UNDEF : tr_hash_get_symbol(args->keywords, name);
}

static MAY_GC void set_message(Value self, const Args *args) {
    tr_write(self, &SELF->message, args->argc > 0 ? args->argv[0] : TR_NIL);
}

/* ---- NameError, NoMethodError ---- */

static MAY_SWITCH MAY_RAISE Value name_error_initialize(Fiber *f, Value self, const Args *args) {
    (void)f;
    set_message(self, args);
    tr_write(self, &SELF->name, args->argc > 1 ? args->argv[1] : TR_NIL);
    Value receiver = option(args, TR_ID_receiver);
    tr_write(self, &SELF->receiver, receiver);
    return TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value no_method_error_initialize(Fiber *f, Value self, const Args *args) {
    Value done = name_error_initialize(f, self, args);
    tr_write(self, &SELF->args, args->argc > 2 ? args->argv[2] : TR_NIL);
    SELF->result = tr_bool(args->argc > 3 && tr_is_truthy(args->argv[3]));
    return done;
}
static Value name_error_name(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return SELF->name == TR_UNDEF ? TR_NIL : SELF->name;
}
static MAY_GC MAY_RAISE Value error_receiver(Fiber *f, Value self, const Args *args) {
    (void)args;
    return field(f, SELF->receiver, "no receiver is available");
}
static Value no_method_error_args(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return SELF->args == TR_UNDEF ? TR_NIL : SELF->args;
}
static Value no_method_error_private_call(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return SELF->result == TR_UNDEF ? TR_FALSE : SELF->result;
}
static MAY_GC Value name_error_local_variables(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_array_new(f, 0);
}

static const MethodDef name_error_methods[] = {
    {"initialize", name_error_initialize, ARITY(0, 2), METHOD_KEYWORDS},
    {"name", name_error_name, ARITY(0, 0), 0},
    {"receiver", error_receiver, ARITY(0, 0), 0},
    {"local_variables", name_error_local_variables, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_name_error_class = {.klass = &tr_class.name_error, .methods = name_error_methods};
static const MethodDef no_method_error_methods[] = {
    {"initialize", no_method_error_initialize, ARITY(0, 4), METHOD_KEYWORDS},
    {"args", no_method_error_args, ARITY(0, 0), 0},
    {"private_call?", no_method_error_private_call, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_no_method_error_class = {.klass = &tr_class.no_method_error,
                                           .methods = no_method_error_methods};

/* ---- KeyError, FrozenError, NoMatchingPatternKeyError ---- */

static MAY_SWITCH MAY_RAISE Value key_error_initialize(Fiber *f, Value self, const Args *args) {
    (void)f;
    set_message(self, args);
    tr_write(self, &SELF->receiver, option(args, TR_ID_receiver));
    tr_write(self, &SELF->key, option(args, TR_ID_key));
    return TR_NIL;
}
static MAY_GC MAY_RAISE Value key_error_key(Fiber *f, Value self, const Args *args) {
    (void)args;
    return field(f, SELF->key, "no key is available");
}
static const MethodDef key_error_methods[] = {
    {"initialize", key_error_initialize, ARITY(0, 1), METHOD_KEYWORDS},
    {"receiver", error_receiver, ARITY(0, 0), 0},
    {"key", key_error_key, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_key_error_class = {.klass = &tr_class.key_error, .methods = key_error_methods};

static MAY_SWITCH MAY_RAISE Value pattern_key_initialize(Fiber *f, Value self, const Args *args) {
    (void)f;
    set_message(self, args);
    tr_write(self, &SELF->receiver, option(args, tr_intern_cstr("matchee")));
    tr_write(self, &SELF->key, option(args, TR_ID_key));
    return TR_NIL;
}
static MAY_GC MAY_RAISE Value pattern_key_matchee(Fiber *f, Value self, const Args *args) {
    (void)args;
    return field(f, SELF->receiver, "no matchee is available");
}
static const MethodDef pattern_key_methods[] = {
    {"initialize", pattern_key_initialize, ARITY(0, 1), METHOD_KEYWORDS},
    {"matchee", pattern_key_matchee, ARITY(0, 0), 0},
    {"key", key_error_key, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_no_matching_pattern_key_error_class = {.klass = &tr_class.no_matching_pattern_key_error,
                                                         .methods = pattern_key_methods};

static const MethodDef frozen_error_methods[] = {
    {"initialize", key_error_initialize, ARITY(0, 1), METHOD_KEYWORDS},
    {"receiver", error_receiver, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_frozen_error_class = {.klass = &tr_class.frozen_error, .methods = frozen_error_methods};

/* ---- StopIteration, LocalJumpError, UncaughtThrowError ---- */

static Value error_result(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return SELF->result == TR_UNDEF ? TR_NIL : SELF->result;
}
static const MethodDef stop_iteration_methods[] = {{"result", error_result, ARITY(0, 0), 0}, {0}};
const ClassDef tr_stop_iteration_class = {.klass = &tr_class.stop_iteration,
                                          .methods = stop_iteration_methods};

static const MethodDef local_jump_error_methods[] = {
    {"exit_value", error_result, ARITY(0, 0), 0},
    {"reason", name_error_name, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_local_jump_error_class = {.klass = &tr_class.local_jump_error,
                                            .methods = local_jump_error_methods};

static Value throw_tag(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return SELF->key == TR_UNDEF ? TR_NIL : SELF->key;
}
static MAY_SWITCH MAY_RAISE Value throw_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    return SELF->message == TR_NIL ? tr_class_path(f, tr_real_class_of(self)) : tr_to_s(f, SELF->message);
}
static const MethodDef uncaught_throw_methods[] = {
    {"to_s", throw_to_s, ARITY(0, 0), 0},
    {"tag", throw_tag, ARITY(0, 0), 0},
    {"value", error_result, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_uncaught_throw_error_class = {.klass = &tr_class.uncaught_throw_error,
                                                .methods = uncaught_throw_methods};

/* ---- LoadError, SyntaxError ---- */

static Value error_path(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return SELF->name == TR_UNDEF ? TR_NIL : SELF->name;
}
static const MethodDef path_methods[] = {{"path", error_path, ARITY(0, 0), 0}, {0}};
const ClassDef tr_load_error_class = {.klass = &tr_class.load_error, .methods = path_methods};
const ClassDef tr_syntax_error_class = {.klass = &tr_class.syntax_error, .methods = path_methods};

/* ---- SystemExit ---- */

static MAY_SWITCH MAY_RAISE Value system_exit_initialize(Fiber *f, Value self, const Args *args) {
    int64_t status = 0;
    int used = 0;
    if (args->argc > 0) {
        Value v = args->argv[0];
        if (v == TR_TRUE || v == TR_FALSE) {
            status = v == TR_FALSE;
            used = 1;
        } else if (tr_is_integer(v)) {
            if (!tr_to_long(f, v, &status)) return TR_RAISED;
            used = 1;
        }
    }
    SELF->result = tr_value_from_fixnum(status);
    tr_write(self, &SELF->message, args->argc > used ? args->argv[used] : TR_NIL);
    return TR_NIL;
}
static Value system_exit_status(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return SELF->result == TR_UNDEF ? TR_FIX(0) : SELF->result;
}
static Value system_exit_success(Fiber *f, Value self, const Args *args) {
    return tr_bool(system_exit_status(f, self, args) == TR_FIX(0));
}
static const MethodDef system_exit_methods[] = {
    {"initialize", system_exit_initialize, ARITY(0, 2), 0},
    {"status", system_exit_status, ARITY(0, 0), 0},
    {"success?", system_exit_success, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_system_exit_class = {.klass = &tr_class.system_exit, .methods = system_exit_methods};

/* ---- SignalException, Interrupt ---- */

static MAY_SWITCH MAY_RAISE Value signal_exception_initialize(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0) return tr_raise_argc(f, 0, 1, 1);
    if (args->argc > 2) return tr_raise_argc(f, args->argc, 1, 2);
    int number = tr_signal_number(f, args->argv[0]);
    if (number < 0) return TR_RAISED;
    if (args->argc > 1 && !tr_is_fixnum(args->argv[0])) return tr_raise_argc(f, args->argc, 1, 1);
    const char *known = number > 0 ? sigabbrev_np(number) : NULL;
    Value message = args->argc > 1 ? args->argv[1]
                    : known       ? tr_string_format(f, "SIG%s", known)
                                  : tr_string_format(f, "SIG%d", number);
    tr_write(self, &SELF->message, message);
    SELF->result = tr_value_from_fixnum(number);
    return TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value interrupt_initialize(Fiber *f, Value self, const Args *args) {
    tr_write(self, &SELF->message, args->argc > 0 ? args->argv[0] : tr_string_new_cstr(f, "Interrupt"));
    SELF->result = tr_value_from_fixnum(SIGINT);
    return TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value signal_exception_signm(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_exception_message(f, self);
}
static const MethodDef signal_exception_methods[] = {
    {"initialize", signal_exception_initialize, ARITY_REST(0), 0},
    {"signo", error_result, ARITY(0, 0), 0},
    {"signm", signal_exception_signm, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_signal_exception_class = {.klass = &tr_class.signal_exception,
                                            .methods = signal_exception_methods};
static const MethodDef interrupt_methods[] = {{"initialize", interrupt_initialize, ARITY(0, 1), 0}, {0}};
const ClassDef tr_interrupt_class = {.klass = &tr_class.interrupt, .methods = interrupt_methods};

/* ---- SystemCallError and Errno::* ---- */

#define ERRNOS(X) \
    X(EPERM) \
    X(ENOENT) X(ESRCH) X(EINTR) X(EIO) X(ENXIO) X(E2BIG) X(ENOEXEC) X(EBADF) X(ECHILD) X(EAGAIN) X(ENOMEM) \
        X(EACCES) X(EFAULT) X(ENOTBLK) X(EBUSY) X(EEXIST) X(EXDEV) X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL) \
            X(ENFILE) X(EMFILE) X(ENOTTY) X(ETXTBSY) X(EFBIG) X(ENOSPC) X(ESPIPE) X(EROFS) X(EMLINK) \
                X(EPIPE) X(EDOM) X(ERANGE) X(EDEADLK) X(ENAMETOOLONG) X(ENOLCK) X(ENOSYS) X(ENOTEMPTY) \
                    X(ELOOP) X(EOVERFLOW) X(EILSEQ) X(ENOTSOCK) X(EDESTADDRREQ) X(EMSGSIZE) X(EPROTOTYPE) \
                        X(ENOPROTOOPT) X(EPROTONOSUPPORT) X(ESOCKTNOSUPPORT) X(EOPNOTSUPP) X(EPFNOSUPPORT) \
                            X(EAFNOSUPPORT) X(EADDRINUSE) X(EADDRNOTAVAIL) X(ENETDOWN) X(ENETUNREACH) \
                                X(ENETRESET) X(ECONNABORTED) X(ECONNRESET) X(ENOBUFS) X(EISCONN) X(ENOTCONN) \
                                    X(ESHUTDOWN) X(ETOOMANYREFS) X(ETIMEDOUT) X(ECONNREFUSED) X(EHOSTDOWN) \
                                        X(EHOSTUNREACH) X(EALREADY) X(EINPROGRESS) X(ESTALE) X(EDQUOT) \
                                            X(ECANCELED) X(EPROTO) X(ENOTSUP) X(EUSERS) X(ENOMSG) X(EIDRM) \
                                                X(ENODATA) X(ETIME) X(EBADMSG) X(EOWNERDEAD) \
                                                    X(ENOTRECOVERABLE) X(EMULTIHOP) X(ENOLINK) X(EREMOTE) \
                                                        X(ENOSTR) X(ENOSR)

static const struct { const char *name; int number; } errnos[] = {
#define X(name) {#name, name},
    ERRNOS(X)
#undef X
};
#define ERRNO_COUNT (sizeof errnos / sizeof errnos[0])
static Class *errno_classes[ERRNO_COUNT]; /* written at boot only; kept alive as constants of Errno */

static Class *class_of_errno(int number) {
    for (size_t i = 0; i < ERRNO_COUNT; i++)
        if (errnos[i].number == number) return errno_classes[i];
    return tr_class.system_call_error;
}

/* "No such file or directory - detail". */
static MAY_GC MAY_RAISE Value errno_message(Fiber *f, int number, Value place, Value detail) {
    char text[256];
    const char *known = strerror_r(number, text, sizeof text);
    Value message = tr_string_new_cstr(f, known);
    if (place != TR_NIL && (tr_string_append_cstr(f, message, " @ ") == TR_RAISED ||
                            tr_string_append(f, message, place) == TR_RAISED))
        return TR_RAISED;
    if (detail == TR_NIL) return message;
    if (tr_string_append_cstr(f, message, " - ") == TR_RAISED ||
        tr_string_append(f, message, detail) == TR_RAISED)
        return TR_RAISED;
    return message;
}

Value tr_errno_exception(Fiber *f, int error, const char *detail) {
    if (error < 0) error = -error;
    Value message = errno_message(f, error, TR_NIL, detail ? tr_string_new_cstr(f, detail) : TR_NIL);
    if (message == TR_RAISED) return TR_RAISED;
    Value e = tr_exception_new(f, class_of_errno(error), message);
    ((Exception *)e)->result = tr_value_from_fixnum(error);
    return e;
}

/* SystemCallError.new(message = nil, errno = nil) answers an Errno::X when it knows the number;
 * Errno::X.new(message = nil). */
static MAY_SWITCH MAY_RAISE Value system_call_error_initialize(Fiber *f, Value self, const Args *args) {
    Value detail = args->argc > 0 ? args->argv[0] : TR_NIL;
    Value number = TR_NIL, place = TR_NIL;
    Class *klass = tr_real_class_of(self);
    int place_at = 1;
    if (klass == tr_class.system_call_error) {
        if (args->argc == 0) return tr_raise_argc(f, 0, 1, 3);
        place_at = 2;
        if (args->argc > 1) number = args->argv[1];
        else if (tr_is_fixnum(detail)) number = detail, detail = TR_NIL;
        if (number != TR_NIL) {
            int64_t n;
            if (!tr_to_long(f, number, &n)) return TR_RAISED;
            number = TR_FIX((int32_t)n);
            Class *known = class_of_errno((int)n);
            if (known != tr_class.system_call_error) tr_header(self)->klass = known;
        }
    } else {
        number = tr_const_get(f, klass, tr_intern_cstr("Errno"), true);
        if (number == TR_RAISED) return TR_RAISED;
    }
    if (args->argc > place_at && args->argv[place_at] != TR_NIL) { /* where it happened */
        place = tr_to_str(f, args->argv[place_at]);
        if (place == TR_RAISED) return TR_RAISED;
    }
    if (detail != TR_NIL && !tr_is_string(detail)) {
        detail = tr_to_str(f, detail);
        if (detail == TR_RAISED) return TR_RAISED;
    }
    Value message;
    if (number == TR_NIL) {
        message = tr_string_new_cstr(f, "unknown error");
        if (detail != TR_NIL && (tr_string_append_cstr(f, message, " - ") == TR_RAISED ||
                                 tr_string_append(f, message, detail) == TR_RAISED))
            return TR_RAISED;
    } else {
        message = errno_message(f, (int)tr_fixnum(number), place, detail);
        if (message == TR_RAISED) return TR_RAISED;
    }
    tr_write(self, &SELF->message, message);
    SELF->result = number;
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value system_call_error_s_eqq(Fiber *f, Value self, const Args *args) {
    Value e = args->argv[0];
    if (tr_is_kind_of(e, (Class *)self)) return TR_TRUE;
    if (!tr_is_kind_of(e, tr_class.system_call_error) || self == (Value)tr_class.system_call_error)
        return TR_FALSE;
    Value number = tr_const_find(f, (Class *)self, tr_intern_cstr("Errno"), true);
    return tr_bool(number != TR_UNDEF && ((Exception *)e)->result == number);
}

static MAY_GC void system_call_error_init(Fiber *f) {
    for (size_t i = 0; i < ERRNO_COUNT; i++) {
        Class *klass = NULL;
        for (size_t k = 0; k < i && !klass; k++)
            if (errnos[k].number == errnos[i].number) klass = errno_classes[k];
        if (klass) {
            tr_const_define(f, tr_class.errno_, errnos[i].name, (Value)klass);
        } else {
            klass = tr_class_define(f, errnos[i].name, tr_class.system_call_error, tr_class.errno_);
            tr_const_define(f, klass, "Errno", tr_value_from_fixnum(errnos[i].number));
        }
        errno_classes[i] = klass;
    }
    tr_const_define(f, tr_class.errno_, "EWOULDBLOCK", (Value)class_of_errno(EAGAIN));
    Class *none = tr_class_define(f, "NOERROR", tr_class.system_call_error, tr_class.errno_);
    tr_const_define(f, none, "Errno", TR_FIX(0));
}

static const MethodDef system_call_error_methods[] = {
    {"initialize", system_call_error_initialize, ARITY(0, 3), 0},
    {"errno", error_result, ARITY(0, 0), 0},
    {0}
};
static const MethodDef system_call_error_singleton_methods[] = {
    {"===", system_call_error_s_eqq, ARITY(1, 1), 0}, {0}};
const ClassDef tr_system_call_error_class = {.klass = &tr_class.system_call_error,
                                             .methods = system_call_error_methods,
                                             .singleton_methods = system_call_error_singleton_methods,
                                             .init = system_call_error_init};

/* raise.c - C code raises: messages are formatted, exceptions made, and set on their way in fiber->unwind. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/core.h"
#include "core/exception.h"
#include "vm/interp.h"

static MAY_GC bool append_value(Fiber *f, Value text, Value v) {
    Value name = tr_is_string(v) ? v : tr_class_path(f, tr_is_module(v) ? (Class *)v : tr_real_class_of(v));
    return tr_string_append(f, text, name) != TR_RAISED;
}

/* --- raising --- */

Value tr_raise_value(Fiber *f, Value exception) {
    Exception *e = (Exception *)exception;
    if (e->cause ==
        TR_UNDEF) { /* an exception without a cause may yet get one when it is raised again elsewhere */
        Value cause = tr_current_error(f);
        bool is_circular = false;
        for (Value c = cause; tr_is_type(c, TYPE_EXCEPTION) && !is_circular; c = ((Exception *)c)->cause)
            is_circular = c == exception;
        if (cause != TR_NIL && !is_circular) tr_write(exception, &e->cause, cause);
    }
    if (e->backtrace == TR_NIL) {
        Value backtrace = tr_backtrace_capture(f, 0, -1);
        tr_write(exception, &e->backtrace, backtrace);
    }
    f->unwind = (Unwind){.kind = UNWIND_RAISE, .value = exception, .tag = TR_NIL};
    return TR_RAISED;
}

Value tr_raise_object(Fiber *f, Value exception) {
    Exception *e = (Exception *)exception;
    if (TR_UNLIKELY(!tr_method_is_basic(exception, TR_ID_set_backtrace)) && e->backtrace == TR_NIL) {
        Value backtrace = tr_backtrace_capture(f, 0, -1);
        tr_write(exception, &e->backtrace, backtrace);
        Value strings = tr_backtrace_strings(f, backtrace);
        if (strings == TR_RAISED || tr_call(f, exception, TR_ID_set_backtrace, 1, strings) == TR_RAISED) return TR_RAISED;
    }
    return tr_raise_value(f, exception);
}

Value tr_raise(Fiber *f, Class *klass, const char *format, ...) {
    va_list list;
    va_start(list, format);
    Value message = tr_vformat(f, format, list);
    va_end(list);
    return tr_raise_value(f, tr_exception_new(f, klass, message));
}

Value tr_raise_stack_overflow(Fiber *f) {
    FiberVm *vm = tr_fiber_vm(f);
    if (vm->in_overflow) tr_fatal(__FILE__, __LINE__, "stack overflow while SystemStackError was being made");
    vm->in_overflow = true;
    Value *end = f->stack_end; /* the reserve is for this */
    char *limit = f->c_stack_limit;
    f->stack_end = end + TR_STACK_RESERVE_WORDS / 2;
    f->c_stack_limit = limit - (limit - vm->c_stack_low) / 2;
    Value result = tr_raise(f, tr_class.system_stack_error, "stack level too deep");
    f->stack_end = end;
    f->c_stack_limit = limit;
    vm->in_overflow = false;
    return result;
}

/* Runs #inspect of the object although its callers do not count on a switch: all they do afterwards is
 * return. */
TR_EFFECT_ROOT Value tr_raise_frozen(Fiber *f, Value object) {
    Value text = tr_inspect(f, object);
    if (text == TR_RAISED) return TR_RAISED;
    Value message = tr_string_new_cstr(f, "can't modify frozen ");
    if (!append_value(f, message, (Value)tr_real_class_of(object))) return TR_RAISED;
    if (tr_string_append_cstr(f, message, ": ") == TR_RAISED ||
        tr_string_append(f, message, text) == TR_RAISED)
        return TR_RAISED;
    Value error = tr_exception_new(f, tr_class.frozen_error, message);
    tr_write(error, &((Exception *)error)->receiver, object);
    return tr_raise_value(f, error);
}

TR_EFFECT_ROOT bool tr_check_frozen_slow(Fiber *f, Value v) {
    if (tr_is_object(v) &&
        !tr_has_flag(v, TR_FLAG_FROZEN)) { /* a literal that is only going to be frozen one day */
        if (tr_is_string(v) && tr_has_flag(v, STRING_LOCKED))
            return tr_raise(f, tr_class.runtime_error, "can't modify string; temporarily locked") != TR_RAISED;
        tr_header(v)->flags &= ~TR_FLAG_CHILLED;
        tr_warn_deprecated(f, "literal string will be frozen in the future");
        return true;
    }
    return tr_raise_frozen(f, v) != TR_RAISED;
}

Value tr_raise_no_memory(Fiber *f) {
    return tr_raise(f, tr_class.no_memory_error, "failed to allocate memory");
}

Value tr_raise_stop_iteration(Fiber *f, Value result, const char *message) {
    Value error = tr_exception_new(f, tr_class.stop_iteration, tr_string_new_cstr(f, message));
    tr_write(error, &((Exception *)error)->result, result);
    return tr_raise_value(f, error);
}

Value tr_raise_errno(Fiber *f, int error, const char *detail) {
    Value exception = tr_errno_exception(f, error, detail);
    return exception == TR_RAISED ? TR_RAISED : tr_raise_value(f, exception);
}

/* --- what was called and is not there --- */

/* "an instance of Foo", "class Foo", "nil", "main". */
/* The name as the class itself tells it, if it can. */
static MAY_SWITCH Value class_name(Fiber *f, Class *klass) {
    if (!tr_method_is_basic((Value)klass, TR_ID_name)) {
        Value name = tr_call(f, (Value)klass, TR_ID_name, 0);
        if (name == TR_RAISED) tr_rescue(f, tr_class.standard_error);
        else if (tr_is_string(name)) return name;
    }
    return tr_class_path(f, klass);
}

static MAY_SWITCH Value describe_receiver(Fiber *f, Value receiver) {
    if (receiver == TR_NIL) return tr_string_new_cstr(f, "nil");
    if (receiver == TR_TRUE) return tr_string_new_cstr(f, "true");
    if (receiver == TR_FALSE) return tr_string_new_cstr(f, "false");
    if (receiver == tr_main_object(f)) return tr_string_new_cstr(f, "main");
    Value text, name;
    if (tr_is_module(receiver)) {
        text = tr_string_new_cstr(f, tr_object_type(receiver) == TYPE_CLASS ? "class " : "module ");
        name = class_name(f, (Class *)receiver);
    } else if (tr_class_is_singleton(tr_class_of(receiver))) {
        return tr_any_to_s(f, receiver);
    } else {
        text = tr_string_new_cstr(f, "an instance of ");
        name = class_name(f, tr_real_class_of(receiver));
    }
    Value done = tr_string_append(f, text, name);
    return done == TR_RAISED ? name : text;
}

/* The receiver's own `name` may be asked, by callers that only return afterwards. */
TR_EFFECT_ROOT Value tr_raise_missing(Fiber *f, Value receiver, Id mid, enum MissingReason reason, int argc,
                                      const Value *argv) {
    const char *format = "undefined method '%pI' for %pV";
    Class *klass = tr_class.no_method_error;
    switch (reason) {
    case MISSING_VCALL:
        format = "undefined local variable or method '%pI' for %pV";
        klass = tr_class.name_error;
        break;
    case MISSING_PRIVATE: format = "private method '%pI' called for %pV"; break;
    case MISSING_PROTECTED: format = "protected method '%pI' called for %pV"; break;
    case MISSING_SUPER: format = "super: no superclass method '%pI' for %pV"; break;
    case MISSING_NONE: case MISSING_FCALL: break;
    }
    Value arguments = tr_array_new_from(f, (size_t)argc, argv);
    Value who = describe_receiver(f, receiver);
    Value message = tr_string_new(f, "", 0);
    for (const char *at = format; *at; at++) {
        Value done;
        if (*at == '%') {
            const IdName *name = tr_id_name(mid);
            done = at[2] == 'I' ? tr_string_append_bytes(f, message, name->bytes, name->size)
                                : tr_string_append(f, message, who);
            at += 2;
        } else {
            done = tr_string_append_bytes(f, message, at, 1);
        }
        if (done == TR_RAISED) return TR_RAISED;
    }
    Value error = tr_exception_new(f, klass, message);
    Exception *e = (Exception *)error;
    e->name = tr_value_from_id(mid);
    e->receiver = receiver;
    e->args = arguments;
    if (reason == MISSING_FCALL || reason == MISSING_VCALL) e->result = TR_TRUE; /* private_call? */
    tr_write_many(error);
    return tr_raise_value(f, error);
}

/* --- warnings --- */

static MAY_SWITCH void warn_list(Fiber *f, const char *format, va_list *list) {
    int line = 0;
    Value path = tr_caller_location(f, &line);
    Value text = tr_is_string(path) ? tr_string_format(f, "%s:%d: warning: ", tr_string(path)->bytes, line)
                                    : tr_string_new_cstr(f, "warning: ");
    Value message = tr_vformat(f, format, *list);
    if (tr_string_append(f, text, message) == TR_RAISED ||
        tr_string_append_bytes(f, text, "\n", 1) == TR_RAISED)
        return;
    Value done = tr_call(f, (Value)tr_class.warning, tr_intern_cstr("warn"), 1, text);
    if (done == TR_RAISED) tr_rescue(f, tr_class.standard_error);
}

TR_EFFECT_ROOT void tr_warn(Fiber *f, const char *format, ...) {
    if (tr_verbose(f) == TR_NIL) return;
    va_list list;
    va_start(list, format);
    warn_list(f, format, &list);
    va_end(list);
}

TR_EFFECT_ROOT void tr_warning(Fiber *f, const char *format, ...) {
    if (tr_verbose(f) != TR_TRUE) return;
    va_list list;
    va_start(list, format);
    warn_list(f, format, &list);
    va_end(list);
}

TR_EFFECT_ROOT void tr_warn_deprecated(Fiber *f, const char *format, ...) {
    if (tr_verbose(f) == TR_NIL || !tr_warning_deprecated_enabled()) return;
    va_list list;
    va_start(list, format);
    warn_list(f, format, &list);
    va_end(list);
}

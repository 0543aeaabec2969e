/* kernel_control.c - the methods of Kernel that are control structures: raise, catch, throw, eval, lambda,
 * caller, … */
#include <stdlib.h>
#include <unistd.h>

#include "core/exception.h"
#include "vm/eval.h"
#include "vm/interp.h"

/* ---- raise ---- */

/* The exception that raise's arguments name; TR_RAISED when they name none. */
static MAY_SWITCH MAY_RAISE Value make_exception(Fiber *f, int argc, const Value *argv) {
    if (argc == 0) {
        Value current = tr_current_error(f);
        return current != TR_NIL ? current
                                 : tr_exception_new(f, tr_class.runtime_error, tr_string_new(f, "", 0));
    }
    if (argc == 1 && tr_is_string(argv[0]))
        return tr_exception_new(f, tr_class.runtime_error, argv[0]);
    Value made = TR_UNDEF;
    int given = argc > 1 ? 1 : 0;
    int answers = tr_responds_to(f, argv[0], TR_ID_exception, true);
    if (answers < 0) return TR_RAISED;
    if (answers) made = tr_call_full(f, argv[0], TR_ID_exception, given, argv + 1, TR_NIL, TR_NIL, false);
    if (made == TR_RAISED) return TR_RAISED;
    if (made == TR_UNDEF) return tr_raise(f, tr_class.type_error, "exception class/object expected");
    if (!tr_is_type(made, TYPE_EXCEPTION))
        return tr_raise(f, tr_class.type_error, "exception object expected");
    if (argc > 2 && argv[2] != TR_NIL && tr_call(f, made, TR_ID_set_backtrace, 1, argv[2]) == TR_RAISED)
        return TR_RAISED;
    return made;
}

static MAY_GC MAY_RAISE bool check_circular(Fiber *f, Value exception, Value cause) {
    for (Value c = cause; tr_is_type(c, TYPE_EXCEPTION); c = ((Exception *)c)->cause)
        if (c == exception) return tr_raise(f, tr_class.argument_error, "circular causes") != TR_RAISED;
    return true;
}

Value tr_make_exception(Fiber *f, const Args *args) {
    Value keywords = args->keywords, cause = TR_UNDEF;
    if (keywords != TR_NIL) {
        cause = tr_hash_get_symbol(keywords, TR_ID_cause);
        if (cause != TR_UNDEF) {
            keywords = tr_hash_dup(f, keywords);
            if (tr_hash_delete(f, keywords, tr_value_from_id(TR_ID_cause)) == TR_RAISED) return TR_RAISED;
            if (tr_hash_count(keywords) == 0) keywords = TR_NIL;
        }
        if (cause != TR_UNDEF && args->argc == 0)
            return tr_raise(f, tr_class.argument_error, "only cause is given with no arguments");
        if (cause != TR_UNDEF && cause != TR_NIL && !tr_is_type(cause, TYPE_EXCEPTION))
            return tr_raise(f, tr_class.type_error, "exception object expected");
    }
    Value argv[3];
    int argc = args->argc;
    for (int i = 0; i < argc; i++) argv[i] = args->argv[i];
    if (keywords != TR_NIL && argc > 0 && argc < 3)
        argv[argc++] = keywords; /* an ordinary Hash for the exception */
    Value exception = make_exception(f, argc, argv);
    if (exception == TR_RAISED) return TR_RAISED;
    if (cause != TR_UNDEF && cause != exception) {
        if (!check_circular(f, exception, cause)) return TR_RAISED;
        tr_write(exception, &((Exception *)exception)->cause, cause);
    }
    return exception;
}

static MAY_SWITCH MAY_RAISE Value kernel_raise(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value exception = tr_make_exception(f, args);
    if (exception == TR_RAISED) return TR_RAISED;
    Frame *mine = f->frame; /* the backtrace begins with who called raise */
    f->frame = mine->prev;
    Value raised = tr_raise_object(f, exception);
    f->frame = mine;
    return raised;
}

/* ---- catch and throw ---- */

typedef struct CatchTag {
    Value tag;
    struct CatchTag *previous;
} CatchTag;

static MAY_SWITCH MAY_RAISE Value kernel_catch(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (tr_need_block(f, args) == TR_RAISED) return TR_RAISED;
    CatchTag mine = {args->argc > 0 ? args->argv[0] : tr_object_alloc(f, tr_class.object), f->catch_tags};
    f->catch_tags = &mine;
    Value v = tr_yield1(f, args->block, mine.tag);
    f->catch_tags = mine.previous;
    Value thrown;
    if (v == TR_RAISED && tr_broken(f, &mine, &thrown)) return thrown;
    return v;
}

static MAY_SWITCH MAY_RAISE Value kernel_throw(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value tag = args->argv[0], value = args->argc > 1 ? args->argv[1] : TR_NIL;
    for (const CatchTag *t = f->catch_tags; t; t = t->previous)
        if (t->tag == tag) return tr_break(f, t, value);
    Value text = tr_inspect(f, tag);
    if (text == TR_RAISED) return TR_RAISED;
    Value message = tr_string_new_cstr(f, "uncaught throw ");
    if (tr_string_append(f, message, text) == TR_RAISED) return TR_RAISED;
    Value error = tr_exception_new(f, tr_class.uncaught_throw_error, message);
    ((Exception *)error)->key = tag;
    ((Exception *)error)->result = value;
    tr_write_many(error);
    return tr_raise_value(f, error);
}

/* ---- blocks and procs ---- */

static MAY_SWITCH MAY_RAISE Value kernel_lambda(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (!tr_block_is_given(args->block))
        return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    const Frame *caller = f->frame->prev;
    bool is_literal =
        tr_block_is_captured(args->block) && caller && tr_block_captured(args->block) == &caller->captured;
    if (!is_literal && !tr_block_is_lambda(args->block))
        return tr_raise(f, tr_class.argument_error, "the lambda method requires a literal block");
    Value proc = tr_block_to_proc(f, args->block);
    if (proc != TR_RAISED && is_literal) tr_proc(proc)->is_lambda = true;
    return proc;
}

static MAY_SWITCH MAY_RAISE Value kernel_proc(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (!tr_block_is_given(args->block))
        return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    return tr_block_to_proc(f, args->block);
}

/* The Ruby frame that called the C method. */
static Frame *calling_frame(Fiber *f) {
    Frame *frame = f->frame->prev;
    while (frame && !frame->iseq) frame = frame->prev;
    return frame;
}

static Value kernel_block_given(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    const Frame *frame = calling_frame(f);
    return tr_bool(frame && tr_ep_block(frame->captured.ep) != TR_NIL);
}

static Value kernel_method(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    const Frame *frame = calling_frame(f);
    const Method *method = frame ? tr_frame_method(frame) : NULL;
    return method ? tr_value_from_id(method->original_id) : TR_NIL;
}

static Value kernel_callee(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    const Frame *frame = calling_frame(f);
    const Method *method = frame ? tr_frame_method(frame) : NULL;
    return method ? tr_value_from_id(method->called_id) : TR_NIL;
}

/* The folder of the calling file; nil in an eval without a file name. */
static MAY_SWITCH MAY_RAISE Value kernel_dir(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    const Frame *frame = calling_frame(f);
    if (!frame) return TR_NIL;
    Value path = frame->iseq->absolute_path;
    if (path == TR_NIL) {
        path = frame->iseq->path;
        if (strncmp(tr_string(path)->bytes, "(eval ", 6) == 0) return TR_NIL;
    }
    path = tr_call(f, (Value)tr_class.file, tr_intern_cstr("expand_path"), 1, path);
    return path == TR_RAISED ? path : tr_call(f, (Value)tr_class.file, tr_intern_cstr("dirname"), 1, path);
}

static MAY_GC Value kernel_global_variables(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_global_names(f);
}

/* ---- eval ---- */

static MAY_SWITCH MAY_RAISE Value kernel_eval(Fiber *f, Value self, const Args *args) {
    Value binding = args->argc > 1 ? args->argv[1] : TR_NIL;
    int64_t line = 1;
    if (args->argc > 3 && !tr_to_long(f, args->argv[3], &line)) return TR_RAISED;
    if (binding != TR_NIL && !tr_data_is(binding, &tr_binding_type))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected binding)",
                        tr_real_class_of(binding));
    if (binding == TR_NIL) {
        binding = tr_binding_of_caller(f);
        if (binding == TR_RAISED) return TR_RAISED;
        ((Binding *)binding)->self = calling_frame(f) ? calling_frame(f)->captured.self : self;
    }
    return tr_eval_string(f, args->argv[0], TR_UNDEF, binding, args->argc > 2 ? args->argv[2] : TR_NIL,
                          (int)line);
}

static MAY_SWITCH MAY_RAISE Value kernel_binding(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_binding_of_caller(f);
}

/* ---- caller ---- */

/* (start = 1, length = nil) or a Range of frames; the frame of `caller` itself is not counted. */
static MAY_SWITCH MAY_RAISE Value captured_caller(Fiber *f, const Args *args,
                                                  Value (*convert)(Fiber *f, Value captured)) {
    int64_t start = 1, count = -1;
    bool by_range = args->argc > 0 && tr_is_type(args->argv[0], TYPE_RANGE);
    if (!by_range && args->argc > 0 && !tr_to_long(f, args->argv[0], &start)) return TR_RAISED;
    if (!by_range && args->argc > 1 && args->argv[1] != TR_NIL && !tr_to_long(f, args->argv[1], &count))
        return TR_RAISED;
    if (!by_range && start < 0)
        return tr_raise(f, tr_class.argument_error, "negative level (%ld)", (long)start);
    if (args->argc > 1 && args->argv[1] != TR_NIL && count < 0)
        return tr_raise(f, tr_class.argument_error, "negative size (%ld)", (long)count);
    Frame *mine = f->frame;
    f->frame = mine->prev;
    Value captured = tr_backtrace_capture(f, 0, by_range || count < 0 ? -1 : (int)(start + count));
    f->frame = mine;
    Value list = convert(f, captured);
    if (list == TR_RAISED) return TR_RAISED;
    if (by_range) {
        int64_t from, length;
        int ok = tr_range_bounds(f, args->argv[0], (int64_t)tr_array_count(list), &from, &length, 0);
        if (ok < 0) return TR_RAISED;
        return ok ? tr_array_sub(f, list, (size_t)from, (size_t)length) : TR_NIL;
    }
    int64_t total = (int64_t)tr_array_count(list);
    if (start > total) return TR_NIL;
    if (count < 0 || count > total - start) count = total - start;
    return tr_array_sub(f, list, (size_t)start, (size_t)count);
}

static MAY_SWITCH MAY_RAISE Value kernel_caller(Fiber *f, Value self, const Args *args) {
    (void)self;
    return captured_caller(f, args, tr_backtrace_strings);
}
static MAY_SWITCH MAY_RAISE Value kernel_caller_locations(Fiber *f, Value self, const Args *args) {
    (void)self;
    return captured_caller(f, args, tr_backtrace_locations);
}

/* ---- method_missing ---- */

static MAY_SWITCH MAY_RAISE Value object_method_missing(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0 || !tr_is_symbol(args->argv[0]))
        return tr_raise(f, tr_class.argument_error, "no method name given");
    enum MissingReason reason = tr_fiber_vm(f)->missing_reason;
    tr_fiber_vm(f)->missing_reason = MISSING_NONE;
    Frame *mine = f->frame; /* the error comes from the caller */
    f->frame = mine->prev;
    Value raised =
        tr_raise_missing(f, self, tr_symbol_id(args->argv[0]), reason, args->argc - 1, args->argv + 1);
    f->frame = mine;
    return raised;
}

/* ---- the end ---- */

static MAY_SWITCH MAY_RAISE Value raise_exit(Fiber *f, int status, Value message) {
    Value error = tr_exception_new(f, tr_class.system_exit, message);
    ((Exception *)error)->result = tr_value_from_fixnum(status);
    return tr_raise_value(f, error);
}

/* The status of exit's argument: true, false or an Integer. */
static MAY_SWITCH MAY_RAISE bool exit_status(Fiber *f, const Args *args, int *status) {
    *status = 0;
    if (args->argc == 0 || args->argv[0] == TR_TRUE) return true;
    int64_t n = 1;
    if (args->argv[0] != TR_FALSE && !tr_to_long(f, args->argv[0], &n)) return false;
    *status = (int)n;
    return true;
}

static MAY_SWITCH MAY_RAISE Value kernel_exit(Fiber *f, Value self, const Args *args) {
    (void)self;
    int status;
    if (!exit_status(f, args, &status)) return TR_RAISED;
    return raise_exit(f, status, tr_string_new_cstr(f, "exit"));
}

static MAY_SWITCH MAY_RAISE Value kernel_exit_now(Fiber *f, Value self, const Args *args) {
    (void)self;
    int status = 1;
    if (args->argc > 0 && !exit_status(f, args, &status)) return TR_RAISED;
    _exit(status & 0xff);
}

static MAY_SWITCH MAY_RAISE Value kernel_abort(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value message = TR_NIL;
    if (args->argc > 0) {
        message = tr_to_str(f, args->argv[0]);
        if (message == TR_RAISED) return TR_RAISED;
        Value line = tr_string_dup(f, message);
        if (tr_string_append_cstr(f, line, "\n") == TR_RAISED || tr_io_write_stderr(f, line) == TR_RAISED)
            return TR_RAISED;
    } else {
        Value error = tr_current_error(f);
        if (error != TR_NIL) tr_exception_report(f, error);
    }
    return raise_exit(f, 1, message == TR_NIL ? tr_string_new_cstr(f, "exit") : message);
}

static uint32_t at_exit_key; /* Ractor local: Array of Procs */

Value tr_at_exit_add(Fiber *f, Value proc) {
    Value list = tr_ractor_local_get(f->ractor, at_exit_key);
    if (list == TR_UNDEF) {
        list = tr_array_new(f, 1);
        tr_ractor_local_set(f->ractor, at_exit_key, list);
    }
    return tr_array_push(f, list, proc) == TR_RAISED ? TR_RAISED : proc;
}

static MAY_SWITCH MAY_RAISE Value kernel_at_exit(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (!tr_block_is_given(args->block))
        return tr_raise(f, tr_class.argument_error, "called without a block");
    Value proc = tr_block_to_proc(f, args->block);
    return proc == TR_RAISED ? proc : tr_at_exit_add(f, proc);
}

/* Last in, first out; a block may add others. What a block raises takes the place of what the program ended
 * with. */
void tr_at_exit_run(Fiber *f) {
    for (;;) {
        Value list = tr_ractor_local_get(f->ractor, at_exit_key);
        if (list == TR_UNDEF || tr_array_count(list) == 0) return;
        Value v = tr_proc_call(f, tr_array_pop(list), 0, NULL);
        if (v != TR_RAISED) continue;
        Value error = tr_rescue(f, NULL);
        if (error == TR_UNDEF) {
            f->unwind.kind = UNWIND_NONE;
            continue;
        }
        if (!tr_is_kind_of(error, tr_class.system_exit)) tr_exception_report(f, error);
        f->error_info = error;
    }
}

/* ---- $VERBOSE, $DEBUG, $0 ---- */

static _Atomic Value verbose = TR_FALSE,
                     debug = TR_FALSE; /* nil, false or true; relaxed: a switch orders nothing else */

Value tr_verbose(Fiber *f) {
    (void)f;
    return atomic_load_explicit(&verbose, memory_order_relaxed);
}
static Value get_verbose(Fiber *f, Id name) {
    (void)name;
    return tr_verbose(f);
}
static Value set_verbose(Fiber *f, Id name, Value value) {
    (void)f, (void)name;
    atomic_store_explicit(&verbose, value == TR_NIL ? TR_NIL : tr_bool(tr_is_truthy(value)),
                          memory_order_relaxed);
    return value;
}
static Value get_debug(Fiber *f, Id name) {
    (void)f, (void)name;
    return atomic_load_explicit(&debug, memory_order_relaxed);
}
static Value set_debug(Fiber *f, Id name, Value value) {
    (void)f, (void)name;
    atomic_store_explicit(&debug, tr_bool(tr_is_truthy(value)), memory_order_relaxed);
    return value;
}

static Value script_name = TR_NIL; /* frozen, interned: shareable; written by the main Ractor */
static Value get_script_name(Fiber *f, Id name) {
    (void)f, (void)name;
    return script_name;
}
static MAY_SWITCH MAY_RAISE Value set_script_name(Fiber *f, Id name, Value value) {
    (void)name;
    value = tr_to_str(f, value);
    if (value == TR_RAISED) return TR_RAISED;
    script_name =
        tr_string_interned(f, tr_string(value)->bytes, tr_string(value)->size, tr_string_encoding(value));
    return value;
}
static void trace_script_name(Tracer *tracer, void *context) {
    (void)context;
    tr_trace(tracer, script_name);
}
void tr_boot_script_name(Fiber *f, const char *name) {
    if (name) script_name = tr_string_interned(f, name, strlen(name), ENCODING_UTF8);
    tr_heap_add_root(f->heap, trace_script_name, NULL);
}

static MAY_GC void kernel_control_init(Fiber *f) {
    tr_global_define("$VERBOSE", get_verbose, set_verbose, true);
    tr_global_define("$DEBUG", get_debug, set_debug, true);
    tr_global_define("$0", get_script_name, set_script_name, true);
    static const char *const aliases[][2] = {
        {"$-v", "$VERBOSE"}, {"$-w", "$VERBOSE"}, {"$-d", "$DEBUG"}, {"$PROGRAM_NAME", "$0"}};
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        tr_global_alias(tr_intern_cstr(aliases[i][0]), tr_intern_cstr(aliases[i][1]));
    at_exit_key = tr_ractor_local_reserve();
    tr_define_method(f, tr_class.basic_object, "method_missing", object_method_missing, 0, -1,
                     METHOD_PRIVATE);
}

static const MethodDef kernel_control_methods[] = {
    {"raise", kernel_raise, ARITY(0, 3), METHOD_KEYWORDS | METHOD_MODULE_FUNCTION},
    {"fail", kernel_raise, ARITY(0, 3), METHOD_KEYWORDS | METHOD_MODULE_FUNCTION},
    {"catch", kernel_catch, ARITY(0, 1), METHOD_MODULE_FUNCTION},
    {"throw", kernel_throw, ARITY(1, 2), METHOD_MODULE_FUNCTION},
    {"lambda", kernel_lambda, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"proc", kernel_proc, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"block_given?", kernel_block_given, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"iterator?", kernel_block_given, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"__method__", kernel_method, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"__callee__", kernel_callee, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"global_variables", kernel_global_variables, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"__dir__", kernel_dir, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"eval", kernel_eval, ARITY(1, 4), METHOD_MODULE_FUNCTION},
    {"binding", kernel_binding, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"caller", kernel_caller, ARITY(0, 2), METHOD_MODULE_FUNCTION},
    {"caller_locations", kernel_caller_locations, ARITY(0, 2), METHOD_MODULE_FUNCTION},
    {"exit", kernel_exit, ARITY(0, 1), METHOD_MODULE_FUNCTION},
    {"exit!", kernel_exit_now, ARITY(0, 1), METHOD_MODULE_FUNCTION},
    {"abort", kernel_abort, ARITY(0, 1), METHOD_MODULE_FUNCTION},
    {"at_exit", kernel_at_exit, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {0}
};
const ClassDef tr_kernel_control_def = {.klass = &tr_class.kernel, .methods = kernel_control_methods,
                                        .init = kernel_control_init};

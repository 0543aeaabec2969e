/* kernel_trace.c - Kernel's rarer functions around the program itself: trace_var, set_trace_func, syscall. */
#include <errno.h>
#include <unistd.h>

#include "core/core.h"

static MAY_SWITCH Value kernel_trace_var(Fiber *f, Value self, const Args *args) {
    (void)self;
    Id name = tr_to_id(f, args->argv[0]);
    if (!name) return TR_RAISED;
    Value command = args->argc > 1 ? args->argv[1] : tr_block_to_proc(f, args->block);
    if (command == TR_RAISED) return TR_RAISED;
    if (args->argc == 1 && command == TR_NIL)
        return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    if (command == TR_NIL) return tr_global_untrace(f, name, TR_UNDEF);
    return tr_global_trace(f, name, command);
}

static MAY_SWITCH Value kernel_untrace_var(Fiber *f, Value self, const Args *args) {
    (void)self;
    Id name = tr_to_id(f, args->argv[0]);
    return name ? tr_global_untrace(f, name, args->argc > 1 ? args->argv[1] : TR_UNDEF) : TR_RAISED;
}

/* set_trace_func(nil) -> nil; differs: tracing with it is not supported */
static MAY_GC Value kernel_set_trace_func(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->argv[0] == TR_NIL) return TR_NIL;
    return tr_raise(f, tr_class.not_implemented_error, "set_trace_func is not supported");
}

/* syscall(number, arguments…): Integers as they are, Strings by address */
static MAY_SWITCH Value kernel_syscall(Fiber *f, Value self, const Args *args) {
    (void)self;
    int64_t words[7] = {0};
    if (args->argc > 7) return tr_raise(f, tr_class.argument_error, "too many arguments for syscall");
    for (int i = 0; i < args->argc; i++) {
        Value v = args->argv[i];
        if (!tr_is_string(v)) {
            if (!tr_to_long(f, v, &words[i])) return TR_RAISED;
            continue;
        }
        if (!tr_is_frozen(v) && tr_string_reserve(f, v, tr_string(v)->size) == TR_RAISED) return TR_RAISED;
        words[i] = (int64_t)(intptr_t)tr_string(v)->bytes;
    }
    long result = syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]);
    if (result == -1) return tr_raise_errno(f, errno, NULL);
    return tr_integer_from_int64(f, result);
}

static const MethodDef kernel_methods[] = {
    {"trace_var", kernel_trace_var, ARITY(1, 2), METHOD_MODULE_FUNCTION},
    {"untrace_var", kernel_untrace_var, ARITY(1, 2), METHOD_MODULE_FUNCTION},
    {"set_trace_func", kernel_set_trace_func, ARITY(1, 1), METHOD_MODULE_FUNCTION},
    {"syscall", kernel_syscall, ARITY_REST(1), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_kernel_trace_def = {.klass = &tr_class.kernel, .methods = kernel_methods};

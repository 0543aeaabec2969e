/* kernel_lines.c - Kernel#sub, gsub, chop and chomp: what -n and -p add for one-liners. They change the caller's $_. */
#include "core/core.h"
#include "vm/frame.h"

static MAY_SWITCH MAY_RAISE Value change_line(Fiber *f, const Args *args, Id mid) {
    Value line = tr_lastline_get(f);
    if (!tr_is_string(line)) {
        Value text = tr_inspect(f, line);
        return text == TR_RAISED ? text : tr_raise(f, tr_class.type_error, "$_ value need to be String (%pV given)", text);
    }
    line = tr_call_full(f, line, mid, args->argc, args->argv, args->block, args->keywords, false);
    if (line != TR_RAISED) tr_lastline_set(f, line);
    return line;
}

static MAY_SWITCH MAY_RAISE Value kernel_sub(Fiber *f, Value self, const Args *args) {
    (void)self;
    return change_line(f, args, TR_ID_sub);
}
static MAY_SWITCH MAY_RAISE Value kernel_gsub(Fiber *f, Value self, const Args *args) {
    (void)self;
    return change_line(f, args, TR_ID_gsub);
}
static MAY_SWITCH MAY_RAISE Value kernel_chop(Fiber *f, Value self, const Args *args) {
    (void)self;
    return change_line(f, args, TR_ID_chop);
}
static MAY_SWITCH MAY_RAISE Value kernel_chomp(Fiber *f, Value self, const Args *args) {
    (void)self;
    return change_line(f, args, TR_ID_chomp);
}

static const MethodDef line_methods[] = {
    {"sub", kernel_sub, ARITY(1, 2), METHOD_MODULE_FUNCTION},
    {"gsub", kernel_gsub, ARITY(1, 2), METHOD_MODULE_FUNCTION},
    {"chop", kernel_chop, ARITY(0, 0), METHOD_MODULE_FUNCTION},
    {"chomp", kernel_chomp, ARITY(0, 1), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0},
};

void tr_kernel_lines_define(Fiber *f) { tr_define_methods(f, tr_class.kernel, line_methods); }

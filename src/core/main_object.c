/* main_object.c - the methods of the object that a program starts in: they act on Object. */
#include "core/main_object.h"

#include "core/module_internal.h"

static MAY_GC Value main_to_s(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_string_new_cstr(f, "main");
}

static MAY_SWITCH Value delegate(Fiber *f, const Args *args, Id mid) {
    return tr_call_full(f, (Value)tr_class.object, mid, args->argc, args->argv, args->block, args->keywords, false);
}

/* Without arguments they change the scope of the file, which is the caller's: the Module methods look at it themselves. */
static MAY_SWITCH Value main_public(Fiber *f, Value self, const Args *args) {
    (void)self;
    return delegate(f, args, TR_ID_public);
}

static MAY_SWITCH Value main_private(Fiber *f, Value self, const Args *args) {
    (void)self;
    return delegate(f, args, TR_ID_private);
}

static MAY_SWITCH Value main_include(Fiber *f, Value self, const Args *args) {
    (void)self;
    return delegate(f, args, tr_intern_cstr("include"));
}

static MAY_SWITCH Value main_define_method(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_module_define_method(f, tr_class.object, args, VISIBILITY_PUBLIC);
}

static MAY_SWITCH Value main_using(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (!tr_caller_scope(f)) return tr_raise(f, tr_class.runtime_error, "main.using is permitted only at toplevel");
    return tr_module_using(f, args->argv[0]) == TR_RAISED ? TR_RAISED : self;
}

MAY_GC void tr_main_object_init(Fiber *f, Value main) {
    tr_define_singleton_method(f, main, "to_s", main_to_s, 0, 0, 0);
    tr_define_singleton_method(f, main, "inspect", main_to_s, 0, 0, 0);
    tr_define_singleton_method(f, main, "public", main_public, 0, -1, METHOD_PRIVATE);
    tr_define_singleton_method(f, main, "private", main_private, 0, -1, METHOD_PRIVATE);
    tr_define_singleton_method(f, main, "include", main_include, 1, -1, METHOD_PRIVATE);
    tr_define_singleton_method(f, main, "define_method", main_define_method, 1, 2, METHOD_PRIVATE);
    tr_define_singleton_method(f, main, "using", main_using, 1, 1, METHOD_PRIVATE);
}

/* ruby_module.c - the module Ruby: what the RUBY_… constants say, and Ruby::Box, which is never enabled. */
#include "core/core.h"

static Value box_is_enabled(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FALSE;
}

static Value box_current(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_NIL;
}

static MAY_GC Value box_new(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_raise(f, tr_class.runtime_error,
                    "Ruby Box is disabled. Set RUBY_BOX=1 environment variable to use Ruby::Box.");
}

static MAY_SWITCH void ruby_init(Fiber *f) {
    static const char *const names[] = {"VERSION", "ENGINE", "ENGINE_VERSION", "PLATFORM", "RELEASE_DATE", "COPYRIGHT",
                                        "DESCRIPTION", "REVISION", "PATCHLEVEL"};
    Class *ruby = tr_module_define(f, "Ruby", NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char full[32] = "RUBY_";
        strcat(full, names[i]);
        Value value = tr_const_find(f, tr_class.object, tr_intern_cstr(full), false);
        if (value != TR_UNDEF) tr_const_define(f, ruby, names[i], value);
    }
    Class *box = tr_class_define(f, "Box", tr_class.module, ruby);
    tr_define_singleton_method(f, (Value)box, "enabled?", box_is_enabled, 0, 0, METHOD_LEAF);
    tr_define_singleton_method(f, (Value)box, "current", box_current, 0, 0, METHOD_LEAF);
    tr_define_singleton_method(f, (Value)box, "new", box_new, 0, 0, 0);
}
const ClassDef tr_ruby_module_def = {.klass = &tr_class.object, .init = ruby_init};

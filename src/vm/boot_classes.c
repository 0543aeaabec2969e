/* boot_classes.c - makes every built-in class: structure from vm/classes.def, behaviour from core/classes.c.
 *
 * In this order, so that no step sees a half-made world: the classes; allocators and instance layouts (inherited by those
 * that say nothing); all methods; then each class's init function.
 */
#include <string.h>

#include "core/core.h"
#include "vm/boot_classes.h"
#include "vm/constant.h"
#include "vm/ivar.h"
#include "vm/method_table.h"

/* The class that "A::B" nests in (Thread::Backtrace is made so), and *last is "B". */
static MAY_SWITCH Class *enclosing(Fiber *f, const char *path, const char **last) {
    Class *under = NULL;
    for (const char *colons; (colons = strstr(path, "::")); path = colons + 2) {
        Id name = tr_intern(path, (size_t)(colons - path), ENCODING_UTF8);
        Class *around = under ? under : tr_class.object;
        Value found = tr_const_find(f, around, name, false);
        under = found == TR_UNDEF ? tr_class_define(f, tr_id_cstr(name), tr_class.object, around) : (Class *)found;
    }
    *last = path;
    return under;
}

static MAY_SWITCH void make_class(Fiber *f, Class **field, const char *path, Class *super) {
    const char *name;
    Class *under = enclosing(f, path, &name);
    if (!*field) {
        *field = tr_class_define(f, name, super, under);
        return;
    }
    tr_class_set_name(f, *field, NULL, tr_intern_cstr(name)); /* one of the first four */
    tr_const_define(f, tr_class.object, name, (Value)*field);
}

static MAY_SWITCH void make_module(Fiber *f, Class **field, const char *path) {
    const char *name;
    Class *under = enclosing(f, path, &name);
    *field = tr_module_define(f, name, under);
}

static const ClassDef *def_of(Class *const *field) {
    for (const ClassDef *const *def = tr_class_defs; *def; def++)
        if ((*def)->klass == field && ((*def)->alloc || (*def)->no_alloc || (*def)->instance_type)) return *def;
    return NULL;
}

/* Superclasses stand before their subclasses in classes.def. */
static void set_layout(Class **field) {
    Class *klass = *field, *super = tr_class_superclass(klass);
    if (super) {
        klass->alloc = super->alloc;
        klass->instance_type = super->instance_type;
    }
    const ClassDef *def = def_of(field);
    if (!def) return;
    if (def->alloc) klass->alloc = def->alloc;
    if (def->no_alloc) klass->alloc = NULL;
    if (def->instance_type) klass->instance_type = def->instance_type;
}

static MAY_GC void define_methods(Fiber *f, const ClassDef *def) {
    Class *klass = *def->klass;
    tr_define_methods(f, klass, def->methods);
    for (const MethodDef *m = def->singleton_methods; m && m->name; m++)
        tr_define_singleton_method(f, (Value)klass, m->name, m->fn, m->min, m->max, m->flags);
}

static void trace_classes(Tracer *tracer, void *context) {
    (void)context;
    Class *const *all = (Class *const *)&tr_class;
    for (size_t i = 0; i < sizeof tr_class / sizeof *all; i++)
        if (all[i]) tr_trace(tracer, (Value)all[i]);
}

MAY_SWITCH void tr_boot_classes(Fiber *f) {
    tr_ivar_boot();
    tr_method_boot();
    tr_class_boot(f);
#define CLASS(field, path, super) make_class(f, &tr_class.field, path, tr_class.super);
#define MODULE(field, path) make_module(f, &tr_class.field, path);
#include "vm/classes.def"
#undef CLASS
#undef MODULE
    if (tr_module_include(f, tr_class.object, tr_class.kernel) == TR_RAISED) TR_UNREACHABLE();
#define CLASS(field, path, super) set_layout(&tr_class.field);
#define MODULE(field, path)
#include "vm/classes.def"
#undef CLASS
#undef MODULE
    for (const ClassDef *const *def = tr_class_defs; *def; def++) define_methods(f, *def);
    for (const ClassDef *const *def = tr_class_defs; *def; def++)
        if ((*def)->init) (*def)->init(f);
    tr_heap_add_root(f->heap, trace_classes, NULL);
}

/* method_table.h - what class.c and core/module.c need of the method tables and caches besides vm/method.h. */
#ifndef TR_VM_METHOD_TABLE_H
#define TR_VM_METHOD_TABLE_H

#include "vm/vm.h"

/* The answers for `klass` and everything below it are forgotten. */
void tr_method_invalidate_all_locked(Class *klass);
/* Lookups of `mid` from klass and below start afresh. */
void tr_method_forget(Class *klass, Id mid);
/* The class dies: no site may match its address again. */
void tr_method_caches_drop_locked(Class *klass);
void tr_method_caches_trace(Tracer *tracer, const Class *klass);
/* `module` was prepended to klass: its methods may redefine basic operators. */
void tr_basic_op_check_module_locked(const Class *klass, const Class *module);
MAY_GC void tr_method_copy_all(Fiber *f, Class *to, const Class *from);
/* A copy for `to` that is not in a table yet. */
MAY_GC Method *tr_method_copy(Fiber *f, const Class *to, const Method *method);
MAY_GC Method *tr_method_new(Fiber *f, Class *owner, Id mid, MethodKind kind, Visibility visibility);
void tr_method_boot(void);
/* Runs method_added and the like, unless it is the built-in one. */
MAY_SWITCH MAY_RAISE Value tr_method_hook(Fiber *f, Class *klass, Id hook, Id singleton_hook, Id mid);
/* false: FrozenError. A singleton class is frozen with its object. */
MAY_SWITCH MAY_RAISE bool tr_class_check_frozen(Fiber *f, Class *klass);
/* As tr_method_add, with the checks, the warning and the hook of `def`. */
MAY_SWITCH MAY_RAISE Value tr_method_add_checked(Fiber *f, Class *klass, Method *method);
static inline Visibility tr_method_visibility(const Method *m) { return (Visibility)m->visibility; }
/* Methods defined from now on are the user's. */
void tr_method_boot_done(void);

#endif

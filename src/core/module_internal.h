/* module_internal.h - what the files around Object, Module and Method share. */
#ifndef TR_CORE_MODULE_INTERNAL_H
#define TR_CORE_MODULE_INTERNAL_H

#include "core/core.h"
#include "vm/constant.h"
#include "vm/id_table.h"
#include "vm/ivar.h"
#include "vm/method_table.h"

/* --- lists of method names --- */
typedef bool (*MethodFilter)(const Method *method);
bool tr_method_is_public(const Method *m);
bool tr_method_is_private(const Method *m);
bool tr_method_is_protected(const Method *m);
bool tr_method_is_callable(const Method *m); /* public or protected */
/* Adds to the Hash `names` (Symbol => true, or false for what is hidden by an undef or a filter) what the elements of the
 * chain from `from` up to but not including `until` (NULL: to the end) have. */
MAY_GC MAY_RAISE Value tr_method_names_collect(Fiber *f, Value names, Class *from, const Class *until, MethodFilter filter);
MAY_GC MAY_RAISE Value tr_method_names_array(Fiber *f, Value names);
MAY_GC MAY_RAISE Value tr_singleton_method_names(Fiber *f, Value object, bool all);

/* --- Method objects --- */
/* The Method of `mid` for the object; NameError when absent. is_public: only public ones. */
MAY_SWITCH MAY_RAISE Value tr_method_object(Fiber *f, Value object, Id mid, bool is_public);
MAY_SWITCH MAY_RAISE Value tr_unbound_method(Fiber *f, Class *klass, Id mid, bool is_public);
/* define_method(name, method_or_proc) { … } on klass. */
MAY_SWITCH MAY_RAISE Value tr_module_define_method(Fiber *f, Class *klass, const Args *args, Visibility visibility);
/* What a Method or UnboundMethod stands for; NULL for anything else. */
const Method *tr_method_object_method(Value v, Value *receiver);
MAY_SWITCH MAY_RAISE Value tr_method_parameters(Fiber *f, const Method *method);

/* `using module` in the caller's scope. */
MAY_SWITCH MAY_RAISE Value tr_module_using(Fiber *f, Value module);

/* --- names --- */
/* Ids for variables and constants; 0: NameError raised. */
MAY_SWITCH MAY_RAISE Id tr_ivar_id(Fiber *f, Value object, Value name);
MAY_SWITCH MAY_RAISE Id tr_cvar_id(Fiber *f, Value object, Value name);
MAY_SWITCH MAY_RAISE Id tr_const_id(Fiber *f, Value object, Value name);

extern const MethodDef tr_object_reflection_methods[], tr_module_reflection_methods[], tr_module_constant_methods[];

#endif

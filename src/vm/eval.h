/* eval.h - running source text. */
#ifndef TR_VM_EVAL_H
#define TR_VM_EVAL_H

#include "syntax/ast.h"
#include "value/data.h"
#include "vm/proc.h"

/* Raises what the errors of `ast` call for, after printing its warnings. true: there are none. */
MAY_SWITCH MAY_RAISE bool tr_check_syntax(Fiber *f, const Ast *ast);
/* Runs the iseq of a file, as <main> or <top (required)>. */
MAY_SWITCH MAY_RAISE Value tr_run_top(Fiber *f, Iseq *iseq, Value self, Cref *cref);

/* --- bindings --- */
MAY_GC Value tr_binding_new(Fiber *f, Frame *frame);
/* `eval` of a String in it. */
MAY_SWITCH MAY_RAISE Value tr_binding_eval(Fiber *f, Binding *binding, Value self, Class *under, Value source,
                                           Value path, int line);
/* The slot of a local variable; NULL when there is none. *env is the object that holds it. */
MAY_GC Value *tr_binding_find(Fiber *f, Binding *binding, Id name, Value *env);
/* Whether the local is _1… or `it`: not a local variable as Binding sees them. */
bool tr_is_implicit_parameter(const Iseq *iseq, uint32_t local);
/* TOPLEVEL_BINDING: its environment is the main program's, which it asks for only when it is used. */
MAY_GC void tr_toplevel_binding_boot(Fiber *f);
extern Frame *tr_main_frame; /* of <main>, on the main fiber's stack; NULL before and after */
extern const DataType tr_binding_type;

#endif

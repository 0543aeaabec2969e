/* vm.h - what C code says to the virtual machine: call, yield, raise, convert.
 *
 * Every function that MAY_RAISE returns TR_RAISED (functions with another result type return `false` or -1 as said) when
 * an exception or another unwinding (break, throw, kill) is on its way. The caller cleans up and returns TR_RAISED too.
 *
 *     Value item = tr_call(f, object, TR_ID_to_s, 0);
 *     if (item == TR_RAISED) return TR_RAISED;
 */
#ifndef TR_VM_VM_H
#define TR_VM_VM_H

#include <stdarg.h>

#include "ractor/context.h"
#include "vm/class.h"
#include "vm/frame.h"
#include "vm/method.h"

/* --- calling methods --- */
/* Like a call with an implicit receiver: private methods too. Variadic arguments are Values. */
MAY_SWITCH MAY_RAISE Value tr_call(Fiber *f, Value receiver, Id mid, int argc, ...);
MAY_SWITCH MAY_RAISE Value tr_callv(Fiber *f, Value receiver, Id mid, int argc, const Value *argv);
/* Everything: block handler, keywords (Hash or nil), visibility respected when is_public. */
MAY_SWITCH MAY_RAISE Value tr_call_full(Fiber *f, Value receiver, Id mid, int argc, const Value *argv, Block block,
                                        Value keywords, bool is_public);
/* With a block in C. */
MAY_SWITCH MAY_RAISE Value tr_call_with_cblock(Fiber *f, Value receiver, Id mid, int argc, const Value *argv, CBlockFn fn,
                                               Value data);
/* Leaving an iteration from inside a C block: the block returns tr_break(f, tag, value), where `tag` is any address of the
 * caller's; when its tr_call_with_cblock answers TR_RAISED, tr_broken(f, tag, &value) says whether that was it (and ends it). */
MAY_RAISE Value tr_break(Fiber *f, const void *tag, Value value);
bool tr_broken(Fiber *f, const void *tag, Value *value);
/* TR_UNDEF when the receiver does not respond (respond_to_missing? is honoured). */
MAY_SWITCH MAY_RAISE Value tr_call_if_responds(Fiber *f, Value receiver, Id mid, int argc, const Value *argv);
MAY_SWITCH MAY_RAISE Value tr_call_super(Fiber *f, int argc, const Value *argv); /* from inside a C method */
/* -1 raised, 0 no, 1 yes. Asks respond_to? if it is redefined. */
MAY_SWITCH MAY_RAISE int tr_responds_to(Fiber *f, Value receiver, Id mid, bool include_private);
/* Whether the method the receiver would run is the one built in (METHOD_BASIC). */
MAY_GC bool tr_method_is_basic(Value receiver, Id mid);
MAY_SWITCH MAY_RAISE Value tr_new(Fiber *f, Class *klass, int argc, const Value *argv); /* klass.new(…) */

/* Runs `method` (its defined_class is where super starts) on `receiver`: Method#call, UnboundMethod#bind_call. */
MAY_SWITCH MAY_RAISE Value tr_call_method(Fiber *f, const Method *method, Value receiver, int argc, const Value *argv,
                                          Block block, Value keywords);

/* --- blocks and procs --- */
MAY_SWITCH MAY_RAISE Value tr_yield(Fiber *f, Block block, int argc, const Value *argv);
static inline MAY_SWITCH MAY_RAISE Value tr_yield1(Fiber *f, Block block, Value a) { return tr_yield(f, block, 1, &a); }
static inline MAY_SWITCH MAY_RAISE Value tr_yield2(Fiber *f, Block block, Value a, Value b) { /* |a, b| */
    Value v[2] = {a, b};
    return tr_yield(f, block, 2, v);
}
/* The block's own block and keywords too (Proc#call, instance_exec). */
MAY_SWITCH MAY_RAISE Value tr_yield_full(Fiber *f, Block block, int argc, const Value *argv, Block passed, Value keywords);
/* With another self (instance_eval, instance_exec, define_method); cref_class NULL: keep the block's definee. */
MAY_SWITCH MAY_RAISE Value tr_yield_under(Fiber *f, Block block, Value self, Class *cref_class, int argc, const Value *argv, Value keywords);
/* The same for instance_eval: what is defined inside goes to self's singleton class. */
MAY_SWITCH MAY_RAISE Value tr_yield_eval(Fiber *f, Block block, Value self, int argc, const Value *argv, Value keywords);
MAY_GC MAY_RAISE Value tr_block_to_proc(Fiber *f, Block block); /* nil for none; moves environments to the heap */
static inline Block tr_block_from_proc(Value proc_or_nil) { return proc_or_nil; }
int tr_block_arity(Block block);
int tr_block_arity_as_lambda(Block block); /* of a define_method body */
int tr_block_min_arity(Block block, int *max);
bool tr_block_is_lambda(Block block);
MAY_GC Value tr_proc_from_c(Fiber *f, CBlockFn fn, Value data, int min, int max, bool is_lambda);
MAY_SWITCH MAY_RAISE Value tr_proc_call(Fiber *f, Value proc, int argc, const Value *argv);
/* Raises LocalJumpError "no block given (yield)". */
MAY_GC MAY_RAISE Value tr_need_block(Fiber *f, const Args *args);
/* `return enum_for(method, args)` when no block: if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, size_fn);
 * size_fn may be NULL; it returns the size lazily. The method name is that of the running C frame. */
typedef Value (*EnumSizeFn)(Fiber *f, Value self, const Args *args);
MAY_GC MAY_RAISE Value tr_enumerator(Fiber *f, Value self, const Args *args, EnumSizeFn size);

/* --- raising (all return TR_RAISED) --- */
/* Format: printf's, plus %V for a Value's to_s-free inspect-safe text: use tr_inspect yourself when you need inspect.
 * Extra conversions: %pC const Class * (its name), %pV Value (to_s of a String; class name for others), %pI Id. */
MAY_GC MAY_RAISE Value tr_raise(Fiber *f, Class *klass, const char *format, ...);
/* What tr_raise makes of its format: a String (vm/format.c). */
MAY_GC Value tr_vformat(Fiber *f, const char *format, va_list arguments);
/* NameError (or the subclass) with its name and receiver. */
MAY_GC MAY_RAISE Value tr_raise_name_error(Fiber *f, Value receiver, Id name, const char *format, ...);
MAY_GC MAY_RAISE Value tr_raise_value(Fiber *f, Value exception);            /* sets backtrace and cause if unset */
MAY_SWITCH MAY_RAISE Value tr_raise_object(Fiber *f, Value exception); /* and tells its class's own set_backtrace first */
MAY_GC MAY_RAISE Value tr_raise_errno(Fiber *f, int error, const char *detail); /* Errno::X; detail may be NULL */
MAY_GC MAY_RAISE Value tr_raise_argc(Fiber *f, int given, int min, int max);
MAY_SWITCH MAY_RAISE Value tr_raise_frozen(Fiber *f, Value object);
MAY_GC MAY_RAISE Value tr_raise_no_memory(Fiber *f);
MAY_GC MAY_RAISE Value tr_raise_stop_iteration(Fiber *f, Value result, const char *message);
/* The exception that travels, taken out of the fiber so that it is handled (TR_UNDEF if what travels is no exception: then
 * leave it and return TR_RAISED). Restore with tr_raise_value. */
Value tr_rescue(Fiber *f, Class *klass_or_null);
static inline bool tr_check_frozen(Fiber *f, Value v) { /* false: raised */
    if (TR_LIKELY(tr_is_object(v) && !tr_has_flag(v, TR_FLAG_FROZEN | TR_FLAG_CHILLED))) return true;
    extern bool tr_check_frozen_slow(Fiber *f, Value v);
    return tr_check_frozen_slow(f, v);
}
MAY_SWITCH void tr_warn(Fiber *f, const char *format, ...);     /* "file:line: warning: …", unless $VERBOSE is nil */
MAY_SWITCH void tr_warn_at(Fiber *f, Value path, int line, const char *format, ...); /* for another place than the caller's */
MAY_SWITCH void tr_warning(Fiber *f, const char *format, ...);  /* only with -w */
#define tr_check_argc(f, argc, min, max) ((argc) >= (min) && ((max) < 0 || (argc) <= (max)) ? TR_NIL : tr_raise_argc(f, argc, min, max))

/* --- keywords of C methods: fills values[i] for names[i] (TR_UNDEF when not given); unknown ones raise ArgumentError
 *     unless allow_others; the first `required` must be there. false: raised --- */
MAY_SWITCH MAY_RAISE bool tr_keywords(Fiber *f, Value keywords, const Id *names, int required, int optional, Value *values,
                                      bool allow_others);

/* --- questions to any object --- */
MAY_SWITCH MAY_RAISE Value tr_to_s(Fiber *f, Value v);        /* always a String (falls back to any_to_s) */
MAY_SWITCH MAY_RAISE Value tr_inspect(Fiber *f, Value v);     /* String */
MAY_GC Value tr_any_to_s(Fiber *f, Value v);                  /* #<Foo> */
MAY_SWITCH MAY_RAISE int tr_equal(Fiber *f, Value a, Value b);/* ==: -1 raised, 0, 1 */
MAY_SWITCH MAY_RAISE int tr_eql(Fiber *f, Value a, Value b);
MAY_SWITCH MAY_RAISE int tr_case_equal(Fiber *f, Value pattern, Value v); /* === */
MAY_SWITCH MAY_RAISE Value tr_compare(Fiber *f, Value a, Value b);        /* <=>: fixnum or nil */
/* <=> as -1, 0, 1 in *order; false when raised, ArgumentError "comparison of A with B failed" included. */
MAY_SWITCH MAY_RAISE bool tr_compare_strict(Fiber *f, Value a, Value b, int *order);
/* The ArgumentError of that. */
MAY_SWITCH MAY_RAISE Value tr_raise_comparison(Fiber *f, Value a, Value b);
/* #hash as a machine word in *hash; built-in fast paths. false: raised */
MAY_SWITCH MAY_RAISE bool tr_hash_of(Fiber *f, Value v, uint64_t *hash);
/* Runs fn with `object` marked as being visited; when it is already being visited on this fiber, calls again(…) instead. */
typedef Value (*RecursionFn)(Fiber *f, Value object, Value data, bool is_recursive);
MAY_SWITCH MAY_RAISE Value tr_recursion_guard(Fiber *f, Id what, Value object, Value paired_or_undef, RecursionFn fn, Value data);

/* --- conversions: the object itself if it is of the type, else through the method --- */
MAY_SWITCH MAY_RAISE Value tr_class_text(Fiber *f, Class *klass);  /* String: what its to_s says, which it may define */
MAY_GC Value tr_kind_name(Fiber *f, Value v);               /* String: nil, true, false by name, else the class */
MAY_SWITCH MAY_RAISE Value tr_to_str(Fiber *f, Value v);      /* "no implicit conversion of X into String" */
MAY_SWITCH MAY_RAISE Value tr_to_ary(Fiber *f, Value v);
MAY_SWITCH MAY_RAISE Value tr_to_hash(Fiber *f, Value v);
MAY_SWITCH MAY_RAISE Value tr_to_int(Fiber *f, Value v);      /* Integer */
MAY_SWITCH MAY_RAISE Value tr_to_proc(Fiber *f, Value v);
MAY_SWITCH MAY_RAISE Value tr_try_convert(Fiber *f, Value v, Class *klass, Id mid); /* nil when it does not respond; TypeError if it answers another class */
MAY_SWITCH MAY_RAISE bool tr_to_long(Fiber *f, Value v, int64_t *out);   /* to_int, RangeError "bignum too big to convert into 'long'" */
MAY_SWITCH MAY_RAISE bool tr_to_double(Fiber *f, Value v, double *out);  /* Float(v) semantics of C methods: "can't convert nil into Float" */
MAY_SWITCH MAY_RAISE Id tr_to_id(Fiber *f, Value v);          /* Symbol or String; 0 raised: "x is not a symbol nor a string" */
MAY_GC MAY_RAISE Value tr_string_of_id(Fiber *f, Id id);

/* --- variables and constants --- */
MAY_GC Value tr_ivar_get(Fiber *f, Value object, Id name);    /* nil when unset; TR_UNDEF never */
MAY_GC Value tr_ivar_find(Fiber *f, Value object, Id name);   /* TR_UNDEF when unset */
MAY_SWITCH MAY_RAISE Value tr_ivar_set(Fiber *f, Value object, Id name, Value value); /* frozen check included */
MAY_SWITCH MAY_RAISE Value tr_ivar_remove(Fiber *f, Value object, Id name);           /* TR_UNDEF when unset */
void tr_ivar_each(Fiber *f, Value object, void (*fn)(Id name, Value value, void *data), void *data);
MAY_SWITCH MAY_RAISE Value tr_ivar_copy(Fiber *f, Value to, Value from);              /* for dup and clone */
MAY_SWITCH MAY_RAISE Value tr_const_get(Fiber *f, Class *klass, Id name, bool inherit); /* const_missing, autoload */
MAY_SWITCH Value tr_const_find(Fiber *f, Class *klass, Id name, bool inherit);    /* TR_UNDEF when absent, no autoload */
MAY_SWITCH MAY_RAISE Value tr_const_set(Fiber *f, Class *klass, Id name, Value value);
MAY_GC void tr_const_define(Fiber *f, Class *klass, const char *name, Value value); /* boot */
MAY_SWITCH MAY_RAISE Value tr_global_get(Fiber *f, Id name);
MAY_SWITCH MAY_RAISE Value tr_global_set(Fiber *f, Id name, Value value);
/* Special globals: getter/setter in C; setter NULL: read-only (NameError). per_ractor ones are allowed everywhere. */
typedef Value (*GlobalGetFn)(Fiber *f, Id name);
typedef Value (*GlobalSetFn)(Fiber *f, Id name, Value value);
void tr_global_define(const char *name, GlobalGetFn get, GlobalSetFn set, bool any_ractor);
void tr_global_alias(Id new_name, Id old_name);
void tr_globals_trace(Tracer *tracer, void *context); /* a root of the process */
bool tr_global_is_defined(Id name);
MAY_GC Value tr_global_names(Fiber *f); /* Array of Symbols */
/* trace_var and untrace_var: a Proc or String to run at each assignment. Untracing with TR_UNDEF ends all; Array or nil. */
MAY_GC MAY_RAISE Value tr_global_trace(Fiber *f, Id name, Value command);
MAY_SWITCH MAY_RAISE Value tr_global_untrace(Fiber *f, Id name, Value command);
/* Warning[category]; -W:no-x, -w and -W0 set them too. */
enum WarningCategory { WARNING_DEPRECATED, WARNING_EXPERIMENTAL, WARNING_PERFORMANCE, WARNING_STRICT_UNUSED_BLOCK,
    WARNING_CATEGORIES };
extern _Atomic uint8_t tr_warning_categories[WARNING_CATEGORIES];

/* --- the frame of the caller --- */
/* $~ and $_ of the innermost Ruby frame. */
Value tr_backref_get(Fiber *f);
MAY_GC void tr_backref_set(Fiber *f, Value match);
/* The same where a pattern may be the caller's (===, as grep asks it): for the caller of a core method in Ruby as well. */
MAY_GC void tr_backref_set_for_caller(Fiber *f, Value match);
Value tr_lastline_get(Fiber *f);
MAY_GC void tr_lastline_set(Fiber *f, Value line);
extern int tr_backtrace_limit; /* --backtrace-limit: lines of a backtrace to print, -1: all; written at boot */
MAY_GC Value tr_caller_file(Fiber *f);                       /* its absolute path, else its path; nil */
MAY_GC Value tr_caller_location(Fiber *f, int *line);         /* path of the innermost Ruby frame, String or nil */
Id tr_current_method_id(Fiber *f);
Cref *tr_caller_cref(Fiber *f);
/* The same when `def` would take its visibility from it (a class body, an eval); NULL inside of a method. `private` without
 * arguments sets `visibility` there. */
Cref *tr_caller_scope(Fiber *f);
MAY_GC Value tr_backtrace_capture(Fiber *f, int skip, int limit); /* internal object; core/exception.c makes Arrays of it */

/* --- catch/throw, ensure --- */
MAY_SWITCH MAY_RAISE Value tr_eval_string(Fiber *f, Value source, Value self, Value binding_or_nil, Value path, int line);
/* The same with the caller's locals, and `under` as what def and constants go to: instance_eval and module_eval of a String. */
MAY_SWITCH MAY_RAISE Value tr_eval_string_under(Fiber *f, Value source, Value self, Class *under, Value path, int line);
/* `wrap`: the module that the file's constants and methods go to; NULL: none. */
MAY_SWITCH MAY_RAISE Value tr_load_file(Fiber *f, Value path, Class *wrap);
MAY_SWITCH MAY_RAISE Value tr_require(Fiber *f, Value feature); /* core/require.c */
/* A require in another Ractor, carried out by the main one (ractor/ractor.c). */
MAY_SWITCH MAY_RAISE Value tr_ractor_require(Fiber *f, Value feature);

/* Stack depth: raises SystemStackError when the machine stack nears its end. Call in recursive C code that does not go
 * through tr_call (which checks). */
static inline bool tr_stack_is_low(Fiber *f) { return TR_UNLIKELY((char *)__builtin_frame_address(0) < f->c_stack_limit); }
MAY_GC MAY_RAISE Value tr_raise_stack_overflow(Fiber *f);

/* --- objects --- */
MAY_GC Value tr_object_alloc(Fiber *f, Class *klass);         /* TYPE_OBJECT */
MAY_SWITCH MAY_RAISE Value tr_dup(Fiber *f, Value object);
MAY_SWITCH MAY_RAISE Value tr_clone(Fiber *f, Value object, Value freeze_or_nil);
MAY_GC Value tr_freeze(Fiber *f, Value object);
/* The main object. */
Value tr_main_object(Fiber *f);

/* --- boot --- */
typedef struct VmOptions { int worker_count; int backtrace_limit; int argc; char **argv; const char *script_name; } VmOptions;
/* Makes the main Ractor and every built-in class; returns its root fiber. */
MAY_SWITCH Fiber *tr_vm_boot(const VmOptions *options);
/* The main program, a tree without errors: runs it as <main>, then at_exit blocks; reports an uncaught exception; the exit
 * status. Frees the tree as soon as it is compiled. */
typedef struct Ast Ast;
MAY_SWITCH int tr_run_main(Fiber *f, Ast *taken_ast, Value path, const CompileOptions *options);
/* What follows the main program, when the caller ran it itself: at_exit, report, status of the TR_RAISED (or other) result. */
MAY_SWITCH int tr_vm_finish(Fiber *f, Value result);

#endif

/* iseq.h - an instruction sequence: what the compiler makes, the interpreter runs and the dumper prints.
 *
 * An Iseq is an immutable, shareable object (TYPE_ISEQ): any Ractor on any worker runs the same one. What changes
 * after compilation are inline caches (single words, published with one atomic store). All literals are
 * shareable (frozen strings, frozen arrays and hashes that duparray/duphash copy, regexps, bignums, ranges).
 *
 * Environment layout, as in YARV (the frame's `ep` points at the flags word):
 *
 *      locals[0] … locals[n-1]  ep[-2] method/cref   ep[-1] specval   ep[0] flags   operand stack …
 *
 * so local i of n has the index  idx = n - i + 2  and lives at ep[-idx]. Parameters come first, in YARV's order:
 * lead, opt, rest, post, kw (required first, then optional), kwrest, block, then other locals. An optional
 * keyword set needs one hidden local after the keywords (`kw.bits_start`) for checkkeyword.
 *
 * What both the compiler and the interpreter rely on, as in YARV:
 *  - An O operand is relative to the following instruction. opt_case_dispatch's Hash maps literals to such offsets; its O
 *    is taken when there is no entry.
 *  - opt_new (C, O) stands after `… nil klass args…`. When klass.new is the built-in one: allocate, put the new object into
 *    both slots (the nil and the class) and go on with the next instruction, a call of initialize; else take the branch to an
 *    ordinary call of new.
 *  - A handler is found by the frame's pc, which is behind the calling instruction: start < pc <= end. RESCUE and ENSURE: the
 *    frame's pc becomes `cont` and its sp `sp` first, then the entry's iseq runs in a frame of its own on top (parent ep: the
 *    frame's ep); what it leaves is pushed. So a RETRY entry covers `cont`. BREAK pushes the value at `sp` and goes on at cont,
 *    NEXT and RETRY/REDO likewise (RETRY, REDO push nothing).
 *  - iseq->type ISEQ_ONCE (regexps with /o, END) runs like a block without arguments: parent ep is the frame's ep.
 *  - A keyword whose default is code has kw.defaults[i] == TR_UNDEF: the callee sets bit i (counted from the first optional
 *    one) of the fixnum in the hidden local when it was *not* given; `checkkeyword L, i` pushes true when it *was* given.
 */
#ifndef TR_BYTECODE_ISEQ_H
#define TR_BYTECODE_ISEQ_H

#include <stdatomic.h>

#include "heap/heap.h"
#include "value/symbol.h"
#include "value/value.h"

typedef struct Iseq Iseq;
typedef struct Method Method;
typedef struct CallCache CallCache;
typedef struct Cref Cref;
typedef uint64_t CodeWord;

typedef enum Opcode {
#define INSN(name, operands, pops, pushes, effect) OP_##name,
#include "bytecode/insns.def"
#undef INSN
    OP_COUNT
} Opcode;

typedef enum IseqType {
    ISEQ_TOP, ISEQ_MAIN, ISEQ_METHOD, ISEQ_BLOCK, ISEQ_CLASS, ISEQ_RESCUE, ISEQ_ENSURE, ISEQ_EVAL, ISEQ_ONCE
} IseqType;

/* --- numbers inside operands: YARV's, so that dumps read the same --- */
/* throw: low byte of the operand (state), THROW_NO_ESCAPE: break/next/redo of a while loop or of this very block, thrown from
 * a rescue or ensure frame: to be caught by a catch entry of an enclosing frame of the same block or method. State 0 (throw 0)
 * goes on with what is in $! (local 0 of a rescue/ensure iseq): an exception, or the throw that the ensure frame interrupted,
 * so the VM stores a throw object there that means nothing to Ruby code. */
enum ThrowState { THROW_NONE = 0, THROW_RETURN = 1, THROW_BREAK = 2, THROW_NEXT = 3, THROW_RETRY = 4, THROW_REDO = 5,
    THROW_RAISE = 6, THROW_STATE_MASK = 0xff, THROW_NO_ESCAPE = 0x8000 };
/* defined(type, object, pushval) always pops one value: the receiver (METHOD), the scope (CONST_FROM), self (FUNC), else nil.
 * object: a Symbol for names; for REF a fixnum as getspecial's type. definedivar is used for instance variables. */
typedef enum DefinedKind {
    DEFINED_NOT_DEFINED, DEFINED_NIL = 1, DEFINED_IVAR, DEFINED_LVAR, DEFINED_GVAR, DEFINED_CVAR, DEFINED_CONST,
    DEFINED_METHOD, DEFINED_YIELD, DEFINED_ZSUPER, DEFINED_SELF, DEFINED_TRUE, DEFINED_FALSE, DEFINED_ASGN, DEFINED_EXPR,
    DEFINED_REF, DEFINED_FUNC, DEFINED_CONST_FROM
} DefinedKind;
/* putspecialobject. VMCORE receives:
 *   core#set_method_alias(cbase, new, old)  core#undef_method(cbase, name)  core#set_variable_alias(new, old)
 *   core#set_postexe { }                    lambda { }  (both with a literal block)
 *   core#hash_merge_ptr(hash, k, v, …) -> hash, changed     core#hash_merge_kwd(hash, other) -> hash, changed; other is nil
 *       or converted by to_hash ("no implicit conversion of X into Hash")
 *   core#raise(class_or_exception[, message])               core#sprintf(format, args…)
 *   core#make_shareable(v)  core#make_shareable_copy(v)     (shareable_constant_value: experimental_everything, …_copy)
 *   core#ensure_shareable(v, "name") -> v, Ractor::IsolationError "cannot assign unshareable object to name" (…: literal) */
enum SpecialObject { SPECIAL_VMCORE = 1, SPECIAL_CBASE = 2, SPECIAL_CONST_BASE = 3 };
enum SpecialVariable { SVAR_LASTLINE = 0, SVAR_BACKREF = 1, SVAR_FLIPFLOP_START = 2 }; /* getspecial's key, per method frame */
enum CheckMatchKind { CHECKMATCH_WHEN = 1, CHECKMATCH_CASE = 2, CHECKMATCH_RESCUE = 3, CHECKMATCH_ARRAY = 4 };
enum CheckTypeKind { CHECKTYPE_STRING = 5, CHECKTYPE_ARRAY = 7, CHECKTYPE_HASH = 8 };
enum DefineClassFlags { DEFINECLASS_CLASS = 0, DEFINECLASS_SINGLETON = 1, DEFINECLASS_MODULE = 2, DEFINECLASS_TYPE_MASK = 7,
    DEFINECLASS_SCOPED = 0x08, DEFINECLASS_HAS_SUPERCLASS = 0x10 };
/* opt_newarray_send; PACK has the format on top of the items, PACK_BUFFER format and buffer, INCLUDE_P the argument. */
enum NewArraySend { NEWARRAY_MAX = 1, NEWARRAY_MIN, NEWARRAY_HASH, NEWARRAY_PACK, NEWARRAY_PACK_BUFFER, NEWARRAY_INCLUDE_P };

/* --- call sites --- */
enum CallFlags { /* printed by the dumper under YARV's names */
    CALL_ARGS_SPLAT = 1 << 0, CALL_ARGS_BLOCKARG = 1 << 1, CALL_FCALL = 1 << 2, CALL_VCALL = 1 << 3,
    CALL_ARGS_SIMPLE = 1 << 4, CALL_KWARG = 1 << 5, CALL_KW_SPLAT = 1 << 6, CALL_TAILCALL = 1 << 7,
    CALL_SUPER = 1 << 8, CALL_ZSUPER = 1 << 9, CALL_OPT_SEND = 1 << 10, CALL_KW_SPLAT_MUT = 1 << 11,
    CALL_ARGS_SPLAT_MUT = 1 << 12, CALL_FORWARDING = 1 << 13
};
typedef struct CallKeywords { uint32_t count; Id names[]; } CallKeywords; /* static keyword names of a call */

/* One per call instruction, malloc'ed with the iseq. Stack: receiver, args…, [splat array is the last positional],
 * [keyword values in order, or one hash with KW_SPLAT], [block argument with ARGS_BLOCKARG]. */
typedef struct CallData {
    Id mid;
    uint32_t argc;             /* as YARV: positional, plus keywords->count with KWARG, plus 1 with KW_SPLAT; no block arg */
    uint32_t flags;            /* CallFlags */
    const CallKeywords *keywords; /* with CALL_KWARG */
    _Atomic(CallCache *) cache;   /* vm/method.h; never NULL, starts as the empty cache; relaxed load, release store */
} CallData;

/* --- other inline caches --- */
typedef struct ConstCacheEntry ConstCacheEntry; /* vm/constant.h: immutable {serial, value or cell, cref} */
typedef struct ConstCache {
    const Id *path; /* 0-terminated: A, B, C of A::B::C */
    bool absolute;  /* ::A::B: the first name is looked up in Object only */
    _Atomic(ConstCacheEntry *) entry;
} ConstCache;
typedef struct IvarCache { _Atomic(uint64_t) word; } IvarCache; /* shape id << 32 | slot + 1; 0 empty */
typedef struct OnceCache { _Atomic(void *) state; Cell *cell; } OnceCache; /* vm/once.c */
/* opt_respond_to: the call of respond_to? and, behind it, the method that it asks for. */
typedef struct RespondCallData {
    CallData call;
    _Atomic(CallCache *) asked;   /* starts as the empty cache */
} RespondCallData;

/* --- exceptions: YARV's catch table --- */
typedef enum CatchType { CATCH_RESCUE = 1, CATCH_ENSURE, CATCH_RETRY, CATCH_BREAK, CATCH_REDO, CATCH_NEXT } CatchType;
typedef struct CatchEntry {
    CatchType type;
    Iseq *iseq;            /* RESCUE, ENSURE: run in a frame of its own; its local 0 is $! (error info) */
    uint32_t start, end;   /* word offsets: start < pc-after-instruction ≤ end, as in YARV */
    uint32_t cont;         /* where to go on */
    uint32_t sp;           /* operand stack depth there */
} CatchEntry;

typedef struct LineEntry { uint32_t offset; int32_t line; int32_t node_id; uint32_t column; uint32_t events; } LineEntry;

/* --- parameters --- */
typedef struct KeywordParams {
    uint32_t count, required_count;
    int32_t bits_start;    /* local number of the "which were given" word */
    int32_t rest_start;    /* **rest, or -1 */
    const Id *names;       /* required first */
    const Value *defaults; /* for the optional ones: literal, or TR_UNDEF when code computes it (checkkeyword) */
} KeywordParams;

typedef struct Params {
    uint32_t size;         /* locals that are parameters */
    uint32_t lead_count, opt_count, post_count;
    int32_t rest_start, post_start, block_start; /* local numbers, -1 when absent */
    const uint32_t *opt_table;  /* opt_count + 1 word offsets: where to start with i optionals given */
    KeywordParams *keywords;    /* NULL when none; kwrest alone also makes one, with count 0 */
    bool accepts_no_keywords : 1;   /* **nil */
    bool accepts_no_block : 1;      /* &nil */
    bool ambiguous_param0 : 1;      /* { |a| } rather than { |a,| } */
    bool anonymous_rest : 1, anonymous_kwrest : 1;
    bool ruby2_keywords : 1;
    bool forwardable : 1;           /* (...) : compile it as *rest, **kwrest, &block with anonymous names */
    bool is_simple : 1;             /* lead only */
    bool is_lambda_literal : 1;     /* -> { } */
    bool uses_it : 1;               /* numbered or `it` parameters: lead parameters named _1… / it (hidden) */
    bool has_numbered : 1;
    bool is_internal : 1;           /* core library in Ruby: hidden from backtraces */
} Params;

struct Iseq {
    Header h;                  /* TYPE_ISEQ, shareable */
    /* fixed after compilation */
    IseqType type;
    CodeWord *code;            /* handler addresses (tr_iseq_finish); NULL: a method of the core library that was not needed
                                  yet, nothing but name, label, path, parent and line is known: tr_iseq_complete */
    uint32_t size;             /* words */
    uint32_t local_count;
    uint32_t stack_max;        /* operand stack words, exact */
    uint32_t first_line, last_line, first_column, last_column;
    const Id *locals;          /* names, 0 for hidden */
    Params params;
    CatchEntry *catches;  uint32_t catch_count;
    LineEntry *lines;     uint32_t line_count;
    Iseq *parent;              /* lexically enclosing, NULL at the top */
    Iseq *local_iseq;          /* the method/class/top that owns the locals of level "out of all blocks" */
    Iseq **children;      uint32_t child_count;   /* for the dumper and the collector */
    Value *literals;      uint32_t literal_count; /* all Values in code, for the collector */
    CallData *calls;      uint32_t call_count;
    Id name;                   /* method name for ISEQ_METHOD, else 0 */
    Value label;               /* frozen String: "foo", "block in foo", "<main>", "<class:A>", "rescue in foo" */
    Value path, absolute_path; /* frozen Strings; absolute_path nil for eval */
    Value source;              /* frozen String kept only for eval'd or SCRIPT_LINES__ use, else nil */
    bool is_internal;          /* core library */
    bool uses_block;           /* yield, super without args, &block: "block might not be used" */
    bool has_outer_writes;     /* isolation: sets an outer local */
    bool has_catch;            /* has, or contains, an instruction `throw` or a handler */
    const Id *outer_reads, *outer_writes; /* 0-terminated: outer variables read / assigned by this block and its children */
    bool outer_yield;          /* yields from an enclosing method */
    /* the code words' own owners, freed with the iseq */
    void *arena;
    _Atomic(void *) jit;       /* for a later JIT */
    _Atomic uint32_t run_count;
};

/* Operand kinds of an opcode, e.g. "CS"; its YARV name; its length in words. */
const char *tr_insn_operands(Opcode op);
const char *tr_insn_name(Opcode op);
extern const uint8_t tr_insn_sizes[OP_COUNT];
static inline uint32_t tr_insn_size(Opcode op) { return tr_insn_sizes[op]; }
/* The opcode at a word offset, also after tr_iseq_finish. */
Opcode tr_iseq_opcode(const Iseq *iseq, uint32_t offset);
/* Line of the instruction whose *end* is at most pc (pc as saved in a frame: the next instruction). */
int tr_iseq_line(const Iseq *iseq, uint32_t pc_offset);

/* --- compiling --- */
typedef struct Ast Ast;
typedef struct CompileOptions {
    bool frozen_string_literal_set, frozen_string_literal; /* from the command line */
    bool is_internal;      /* core library: no line events, hidden frames */
    bool no_peephole;
    Iseq *parent;          /* for eval: the iseq whose locals are visible */
    int first_line;        /* of the source; the Ast's lines already count from it */
    const char *label;     /* of the outermost sequence; NULL: by type ("<main>", "<top (required)>", the parent's for eval) */
    bool print_result, loop_gets, autosplit, chomp; /* reserved for -n -p -a -l, which the parser handles */
} CompileOptions;
/* Ast to Iseq; the Ast must be free of errors. type is ISEQ_MAIN, ISEQ_TOP or ISEQ_EVAL. The only thing that can be wrong is
 * what a literal says (a regexp that is none): then NULL, and the exception is raised. */
MAY_SWITCH MAY_RAISE Iseq *tr_compile(Fiber *f, const Ast *ast, IseqType type, Value path, Value absolute_path,
                        const CompileOptions *options);
static inline bool tr_iseq_is_complete(const Iseq *iseq) { return __atomic_load_n(&iseq->code, __ATOMIC_ACQUIRE) != NULL; }
/* Compiles a method that was put off. Any Ractor; does nothing the second time. */
MAY_SWITCH void tr_iseq_complete(Fiber *f, Iseq *iseq);
/* Turns opcodes into the interpreter's handler addresses; the interpreter supplies the table at start-up. */
void tr_iseq_set_handlers(const void *const *handlers);
void tr_iseq_finish(Iseq *iseq); /* the compiler calls it for every sequence it makes */
/* The disassembly as `ruby --dump=insns` prints it, in a malloc'ed string. */
MAY_SWITCH char *tr_iseq_disasm(const Iseq *iseq, size_t *size);

#endif

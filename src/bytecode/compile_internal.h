/* compile_internal.h - what the files of the compiler share.
 *
 * One Scope per instruction sequence that is being compiled. Code is emitted in order into Scope.code; labels are
 * pseudo-instructions in it. The depth of the operand stack is followed while emitting: a label takes the depth of the
 * first branch to it, or of the place where it stands, and after an unconditional jump the depth goes on as it was. So
 * every construct must leave the same depth on all its ways, also on those that control never takes:
 *
 *     compile(scope, node, popped)   raises the depth by exactly one, or by none when popped
 *
 * Values that end up in code are kept in the Iseq's literals as soon as they are made; the Iseqs hang on each other and
 * the outermost one is in a C local of tr_compile. Until a sequence is finished its params, locals, children and literals lie
 * in memory of the Compiler; tr_compile_finish moves all of it into one block that the Iseq owns.
 */
#ifndef TR_BYTECODE_COMPILE_INTERNAL_H
#define TR_BYTECODE_COMPILE_INTERNAL_H

#include <stdio.h>

#include "base/assert.h"
#include "bytecode/iseq.h"
#include "core/core.h"
#include "core/encoding.h"
#include "syntax/ast.h"
#include "vm/vm.h"

typedef uint32_t LabelId; /* 0: none */
typedef struct Compiler Compiler;
typedef struct Scope Scope;

enum { CODE_LABEL = OP_COUNT, CODE_REMOVED }; /* pseudo-opcodes */

/* What happens at an instruction, as shown by the dumper: [LiCa]. */
enum CodeEvents {
    EVENT_LINE = 0x1, EVENT_CLASS = 0x2, EVENT_END = 0x4, EVENT_CALL = 0x8, EVENT_RETURN = 0x10, EVENT_C_CALL = 0x20,
    EVENT_C_RETURN = 0x40, EVENT_B_CALL = 0x100, EVENT_B_RETURN = 0x200
};

typedef struct Code {
    uint16_t op;
    uint16_t events;
    int32_t line;
    uint32_t node_id;
    uint64_t operand[3]; /* O: LabelId; C, K, E, P: index into the Scope's lists; S: Iseq *; the rest as in the Iseq */
} Code;

typedef struct Label {
    int32_t depth;   /* of the operand stack; -1 unknown */
    uint32_t refs;   /* branches to it */
    uint32_t at;     /* index of its CODE_LABEL; after layout the word offset */
    bool is_placed, is_kept; /* is_kept: a catch entry or an optional parameter refers to it */
} Label;

typedef struct CatchRange {
    CatchType type;
    LabelId start, end, cont;
    Iseq *iseq;
    int32_t depth; /* of the operand stack for the handler; -1: follows from cont */
} CatchRange;

typedef struct CaseTable { /* of one opt_case_dispatch */
    uint32_t first, count; /* in Scope.cases */
} CaseTable;
typedef struct CaseEntry { Value literal; LabelId label; } CaseEntry;

/* An ensure clause around the code being compiled. Its protected ranges are cut where it is inlined. */
typedef struct EnsureRange { LabelId start, end; struct EnsureRange *next; } EnsureRange;
typedef struct Ensure {
    const AstEnsureNode *clause; /* NULL: a loop; break and next stop here */
    EnsureRange *ranges;
    struct Ensure *outer;
} Ensure;

#define LIST(Type) struct { Type *items; uint32_t count, capacity; }

struct Scope {
    Compiler *compiler;
    Scope *outer;            /* of the lexically enclosing sequence, or NULL */
    Iseq *iseq;
    bool is_ast_scope;       /* Prism counts it in the depth of a variable */
    int32_t it_local;        /* number of the hidden local of `it`, or -1 */

    LIST(Code) code;
    LIST(Label) labels;      /* [0] unused */
    LIST(CatchRange) catches;
    LIST(CallData) calls;
    LIST(ConstCache) constants;
    LIST(CaseTable) case_tables;
    LIST(CaseEntry) cases;
    LIST(Id) locals;
    LIST(LabelId) opt_labels;
    LIST(Id) outer_reads;
    LIST(Id) outer_writes;
    uint32_t ivar_caches, once_caches;
    uint32_t literal_capacity, child_capacity;

    int32_t depth;           /* of the operand stack here */
    int32_t line;            /* of what is emitted now */
    uint32_t node_id;
    int32_t last_event_line;
    uint16_t events;         /* for the next instruction */
    LabelId start_label, end_label, redo_label; /* next, break, redo of the innermost loop or block */
    Ensure *ensure;
    bool in_rescue;
    uint32_t flip_flops;     /* of a method-level scope */
    bool has_throw;
};

struct Compiler {
    Fiber *f;
    const Ast *ast;
    const CompileOptions *options;
    Value path, absolute_path;
    Id *ids;                 /* of AstConstants, 0: not yet asked for */
    int encoding;            /* of the source */
    bool has_failed;         /* raised: a literal is invalid */
    uint32_t line_hint;      /* index into ast->line_offsets */
    Scope *free_scopes;
    struct CompileChunk *chunks; /* memory that lives as long as the compiler */
};

/* --- memory of the compiler (compile.c) --- */
void *tr_compile_alloc(Compiler *c, size_t bytes); /* zeroed; ends the process when there is none */
void tr_list_grow(void **items, uint32_t *capacity, uint32_t count, size_t item_bytes);
#define LIST_PUSH(list) /* -> pointer to a new, uninitialised item */ \
    (((list).count == (list).capacity \
          ? tr_list_grow((void **)&(list).items, &(list).capacity, (list).count, sizeof *(list).items) : (void)0), \
     &(list).items[(list).count++])

/* --- names and places --- */
Id tr_compile_id(Scope *s, AstConstant name);
int32_t tr_compile_line(Compiler *c, uint32_t offset);

/* --- emitting (emit.c) --- */
Code *tr_emit(Scope *s, Opcode op, uint64_t a, uint64_t b, uint64_t c);
static inline Code *emit(Scope *s, Opcode op) { return tr_emit(s, op, 0, 0, 0); }
static inline Code *emit1(Scope *s, Opcode op, uint64_t a) { return tr_emit(s, op, a, 0, 0); }
static inline Code *emit2(Scope *s, Opcode op, uint64_t a, uint64_t b) { return tr_emit(s, op, a, b, 0); }
static inline Code *emit3(Scope *s, Opcode op, uint64_t a, uint64_t b, uint64_t c) { return tr_emit(s, op, a, b, c); }
LabelId tr_label_new(Scope *s);
void tr_label_place(Scope *s, LabelId label);
static inline uint32_t label_refs(const Scope *s, LabelId label) { return s->labels.items[label].refs; }
void tr_emit_jump(Scope *s, Opcode op, LabelId to);  /* jump, branchif, branchunless, branchnil */
void tr_label_refer(Scope *s, LabelId label);         /* for instructions that have it next to other operands */
void tr_emit_literal(Scope *s, Value value);         /* putobject, or its short forms */
Value tr_literal_keep(Scope *s, Value value);        /* in iseq->literals; returns it */
void tr_emit_symbol(Scope *s, Id id);
MAY_GC void tr_emit_cstr(Scope *s, const char *text);       /* putobject "text" */
uint32_t tr_call_data(Scope *s, Id mid, uint32_t argc, uint32_t flags, const CallKeywords *keywords);
/* The instruction for a call: specialised when there is one. */
void tr_emit_send(Scope *s, Id mid, uint32_t argc, uint32_t flags, const CallKeywords *keywords, Iseq *block);
static inline void emit_call(Scope *s, Id mid, uint32_t argc) { tr_emit_send(s, mid, argc, 0, NULL, NULL); }
static inline void emit_fcall(Scope *s, Id mid, uint32_t argc) { tr_emit_send(s, mid, argc, CALL_FCALL, NULL, NULL); }
void tr_emit_getconst(Scope *s, const Id *path, uint32_t count, bool absolute);
void tr_emit_adjust(Scope *s, int32_t depth);        /* pops down to a depth */
CatchRange *tr_catch_add(Scope *s, CatchType type, LabelId start, LabelId end, Iseq *iseq, LabelId cont);
/* Copies the value at an absolute position of the stack to its top; sets it to the top. */
static inline void emit_pick(Scope *s, int32_t position) { emit1(s, OP_topn, (uint64_t)(s->depth - 1 - position)); }
static inline void emit_put(Scope *s, int32_t position) { emit1(s, OP_setn, (uint64_t)(s->depth - 1 - position)); }

/* --- locals (locals.c) --- */
typedef struct LocalRef { uint32_t index, level; bool is_block_param; } LocalRef; /* index: distance from ep */
LocalRef tr_local_find(Scope *s, AstConstant name, uint32_t depth, bool is_write);
LocalRef tr_local_find_id(Scope *s, Id id);          /* from here outwards, anonymous parameters included */
void tr_emit_getlocal(Scope *s, LocalRef ref);
void tr_emit_setlocal(Scope *s, LocalRef ref);
void tr_emit_getlocal_number(Scope *s, uint32_t number); /* of this very scope */
void tr_emit_setlocal_number(Scope *s, uint32_t number);
void tr_emit_getlocal_id(Scope *s, Id id);
uint32_t tr_local_add(Scope *s, Id id);
const Iseq *tr_scope_method(const Scope *s, uint32_t *level); /* the sequence that super and yield belong to */
void tr_scope_mark_yield(Scope *s);

/* --- scopes (compile.c) --- */
typedef void (*ScopeBody)(Scope *s, const AstNode *node);
/* Compiles a child sequence: opens a scope, runs `body` in it, finishes it. The label must be kept by the caller. */
MAY_SWITCH Iseq *tr_compile_child(Scope *outer, IseqType type, Value label, const AstNode *node, bool is_ast_scope, ScopeBody body);
/* A method whose tree is not decoded yet: its sequence is made when it is first called. */
MAY_GC Iseq *tr_compile_later(Scope *outer, Value label, const AstDefNode *node);
MAY_GC Value tr_compile_block_label(Scope *outer);
MAY_GC Value tr_compile_label_format(Scope *s, const char *prefix, Value label);
MAY_SWITCH void tr_compile_finish(Scope *s); /* finish.c */
void tr_peephole(Scope *s, bool is_enabled); /* peephole.c; drops unreachable code in any case */

void tr_iseq_verify(const Iseq *iseq); /* verify.c; debug builds: aborts when the compiler is wrong */

/* --- nodes --- */
MAY_SWITCH void tr_compile_node(Scope *s, const AstNode *node, bool popped);
static MAY_SWITCH inline void compile(Scope *s, const void *node) { tr_compile_node(s, (const AstNode *)node, false); }
static MAY_SWITCH inline void compile_popped(Scope *s, const void *node) { tr_compile_node(s, (const AstNode *)node, true); }
/* A body that may be absent. */
MAY_SWITCH void tr_compile_body(Scope *s, const void *node_or_null, bool popped);

/* compile_literal.c */
bool tr_literal_is_static(const AstNode *node);
MAY_SWITCH Value tr_literal_value(Scope *s, const AstNode *node); /* kept */
MAY_GC Value tr_literal_string(Scope *s, const AstString *text, uint32_t flags);
MAY_SWITCH void tr_compile_string(Scope *s, const AstStringNode *node, bool popped);
MAY_SWITCH void tr_compile_interpolated(Scope *s, const AstNode *node, bool popped);
MAY_SWITCH void tr_compile_regexp(Scope *s, const AstNode *node, bool popped);
MAY_SWITCH void tr_compile_match_last_line(Scope *s, const AstNode *node, bool popped);
MAY_SWITCH void tr_compile_array(Scope *s, const AstArrayNode *node, bool popped);
MAY_SWITCH void tr_compile_hash(Scope *s, const AstNode *node, bool popped);
MAY_SWITCH void tr_compile_hash_elements(Scope *s, const AstNodeList *elements);
MAY_SWITCH void tr_compile_array_elements(Scope *s, const AstNodeList *elements);
MAY_SWITCH void tr_compile_range(Scope *s, const AstRangeNode *node, bool popped);
void tr_compile_source_encoding(Scope *s, bool popped);

/* compile_call.c */
typedef struct Arguments { uint32_t argc, flags; const CallKeywords *keywords; Iseq *block; } Arguments;
/* Pushes arguments and block argument. must_copy: a splatted array is pushed to afterwards. */
MAY_SWITCH Arguments tr_compile_arguments(Scope *s, const AstArgumentsNode *arguments, const AstNode *block, bool must_copy);
MAY_SWITCH void tr_compile_call(Scope *s, const AstCallNode *node, bool popped, bool has_receiver);
MAY_SWITCH void tr_compile_super(Scope *s, const AstSuperNode *node, bool popped);
MAY_SWITCH void tr_compile_zsuper(Scope *s, const AstForwardingSuperNode *node, bool popped);
MAY_SWITCH void tr_compile_yield(Scope *s, const AstYieldNode *node, bool popped);
MAY_SWITCH void tr_compile_lambda(Scope *s, const AstLambdaNode *node, bool popped);
MAY_SWITCH void tr_compile_for(Scope *s, const AstForNode *node, bool popped);
MAY_SWITCH void tr_compile_match_write(Scope *s, const AstMatchWriteNode *node, bool popped);
/* A block iseq's body function; also used for lambdas. */
MAY_SWITCH Iseq *tr_compile_block(Scope *s, const AstNode *node);

/* compile_control.c */
typedef enum BranchNext { NEXT_IS_THEN, NEXT_IS_ELSE } BranchNext;
MAY_SWITCH void tr_compile_branch(Scope *s, const AstNode *condition, LabelId then_label, LabelId else_label, BranchNext next);
MAY_SWITCH void tr_compile_if(Scope *s, const AstNode *node, bool popped);
MAY_SWITCH void tr_compile_loop(Scope *s, const AstNode *node, bool popped);
MAY_SWITCH void tr_compile_and_or(Scope *s, const AstNode *node, bool popped);
MAY_SWITCH void tr_compile_case(Scope *s, const AstCaseNode *node, bool popped);
MAY_SWITCH void tr_compile_flip_flop(Scope *s, const AstFlipFlopNode *node, bool popped);

/* compile_unwind.c */
MAY_SWITCH void tr_compile_begin(Scope *s, const AstBeginNode *node, bool popped);
MAY_SWITCH void tr_compile_rescue_modifier(Scope *s, const AstRescueModifierNode *node, bool popped);
MAY_SWITCH void tr_compile_break(Scope *s, const AstBreakNode *node, bool popped);
MAY_SWITCH void tr_compile_next(Scope *s, const AstNextNode *node, bool popped);
MAY_SWITCH void tr_compile_redo(Scope *s, bool popped);
void tr_compile_retry(Scope *s, bool popped);
MAY_SWITCH void tr_compile_return(Scope *s, const AstReturnNode *node, bool popped);

/* compile_assign.c */
MAY_SWITCH void tr_compile_write(Scope *s, const AstNode *node, bool popped);    /* x = v for all kinds of variables */
MAY_SWITCH void tr_compile_op_write(Scope *s, const AstNode *node, bool popped); /* +=, ||=, &&= of all kinds */
MAY_SWITCH void tr_compile_multi_write(Scope *s, const AstMultiWriteNode *node, bool popped);
/* Assigns the value that `push` leaves on the stack to any target node; the target's receiver comes first. */
MAY_SWITCH void tr_compile_assign_to(Scope *s, const AstNode *target, void (*push)(Scope *s, const void *data), const void *data);
/* The value on top goes to the target, which has no receiver that must come first (locals, variables). */
MAY_SWITCH void tr_compile_target_top(Scope *s, const AstNode *target);
MAY_SWITCH void tr_compile_shareable(Scope *s, const AstShareableConstantNode *node, bool popped);

/* compile_pattern.c */
MAY_SWITCH void tr_compile_case_match(Scope *s, const AstCaseMatchNode *node, bool popped);
MAY_SWITCH void tr_compile_match_predicate(Scope *s, const AstMatchPredicateNode *node, bool popped);
MAY_SWITCH void tr_compile_match_required(Scope *s, const AstMatchRequiredNode *node, bool popped);

/* compile_def.c */
MAY_SWITCH void tr_compile_parameters(Scope *s, const AstParametersNode *parameters, const AstNode *owner, bool is_block);
MAY_SWITCH void tr_compile_method_body(Scope *s, const AstNode *node);
MAY_SWITCH void tr_compile_def(Scope *s, const AstDefNode *node, bool popped);
MAY_SWITCH void tr_compile_class(Scope *s, const AstClassNode *node, bool popped);
MAY_SWITCH void tr_compile_module(Scope *s, const AstModuleNode *node, bool popped);
MAY_SWITCH void tr_compile_singleton_class(Scope *s, const AstSingletonClassNode *node, bool popped);
MAY_SWITCH void tr_compile_alias(Scope *s, const AstNode *node, bool popped);
MAY_SWITCH void tr_compile_undef(Scope *s, const AstUndefNode *node, bool popped);
MAY_SWITCH void tr_compile_post_execution(Scope *s, const AstPostExecutionNode *node, bool popped);

/* compile_defined.c */
MAY_SWITCH void tr_compile_defined(Scope *s, const AstDefinedNode *node, bool popped);
/* A::B as names when it consists of constants only: count, or 0. */
uint32_t tr_constant_path(Scope *s, const AstNode *node, Id *path, uint32_t capacity, bool *absolute);

#endif

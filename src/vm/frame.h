/* frame.h - one activation on a fiber's VM stack.
 *
 * The VM stack grows upwards and holds everything of a frame in one run:
 *
 *     args = first locals … | other locals | method/cref | specval | flags | Frame | operand stack →
 *                                                            ^ep
 * A Ruby→Ruby call turns the caller's pushed arguments into the callee's first locals without copying, puts a Frame
 * behind the environment and goes on in the same interpreter loop. C frames have no locals but the same shape.
 * When a block becomes a Proc (or a Binding is taken) the environments move to the heap (TYPE_ENV) and `ep` of the
 * frames concerned is redirected; the stack copy is dead from then on.
 *
 * Block handlers (specval of a method frame, Args.block) are words of their own domain:
 *     TR_NIL (none) | a Proc object | a Symbol | Captured* | 1 (block of Ruby code) | CBlock* | 3 (block of C code)
 */
#ifndef TR_VM_FRAME_H
#define TR_VM_FRAME_H

#include "bytecode/iseq.h"

typedef struct Frame Frame;
typedef Value Block; /* a block handler; not a Ruby value unless Proc, Symbol or nil */

/* What a literal block closes over; lies inside the Frame that wrote the block. */
typedef struct Captured {
    Value self;
    Value *ep;
    const Iseq *iseq; /* of the block, set by the call site that passes the block */
} Captured;

/* A block in C: lives on the C stack (or in a Proc's object) of who passes it. */
typedef struct Args Args;
typedef Value (*CBlockFn)(Fiber *f, Value data, const Args *args); /* args->argv are the yielded values */
typedef struct CBlock {
    Captured captured; /* self, ep of the frame that passed it; iseq NULL */
    CBlockFn fn;
    Value data;
    int min, max;      /* arity, max -1 for any */
    bool is_lambda;
    bool wants_keywords; /* in args->keywords; otherwise they come as a last positional Hash */
} CBlock;

enum FrameFlags { /* in ep[0], next to the type */
    FRAME_METHOD = 1, FRAME_BLOCK, FRAME_CLASS, FRAME_TOP, FRAME_C, FRAME_CBLOCK, FRAME_RESCUE, FRAME_EVAL, FRAME_DUMMY,
    FRAME_TYPE_MASK = 0xf,
    FRAME_FINISH = 1 << 4,   /* leaving it leaves this activation of the interpreter loop: it was entered from C */
    FRAME_LAMBDA = 1 << 5,
    FRAME_BMETHOD = 1 << 6,  /* define_method body */
    FRAME_LOCAL = 1 << 7,    /* ep[-1] is a block handler, not the parent's ep */
    FRAME_ESCAPED = 1 << 8,  /* the environment lives on the heap: ep[1] is the TYPE_ENV object */
    FRAME_INTERNAL = 1 << 9, /* core library */
    FRAME_KEYWORDS = 1 << 10,/* C frame that was given keywords */
    FRAME_SHARED = 1 << 11,  /* environment of a shareable Proc: never written; $~ lives in the frames above it */
    FRAME_BLOCK_PARAM_SET = 1 << 11, /* the &block parameter's local holds its value (else it is made when asked for) */
};

struct Frame {
    const CodeWord *pc;     /* of the next instruction; saved when the frame calls out */
    Value *sp;              /* saved likewise */
    const Iseq *iseq;       /* NULL for C frames */
    Captured captured;      /* self, ep; and the block this frame passes right now */
    Frame *prev;            /* caller; NULL at the bottom of a fiber */
    const Method *method;   /* of C frames (backtraces); Ruby frames have it in ep[-2] */
};

static inline Block tr_block_from_captured(Captured *c) { return (Value)c | 1; }
static inline Block tr_block_from_c(CBlock *c) { return (Value)c | 3; }
static inline bool tr_block_is_captured(Block b) { return (b & 3) == 1; }
static inline bool tr_block_is_c(Block b) { return (b & 3) == 3; }
static inline Captured *tr_block_captured(Block b) { return (Captured *)(b & ~(Value)3); }
static inline bool tr_block_is_given(Block b) { return b != TR_NIL; }

/* TYPE_ENV: a heap environment. `slots` has local_count locals, then method/cref, specval, flags, self Env pointer. */
typedef struct Env {
    Header h;
    const Iseq *iseq;
    Value *ep;       /* into slots */
    uint32_t count;  /* of slots */
    Value slots[];   /* in the object when it fits, else `ep` points into a buffer (then slots is empty) */
} Env;

static inline Value *tr_ep_parent(const Value *ep) { return (Value *)(ep[-1] & ~(Value)3); }
static inline const Value *tr_ep_local(const Value *ep) { /* the ep of the method/class/top frame around */
    while (!(ep[0] & FRAME_LOCAL)) ep = tr_ep_parent(ep);
    return ep;
}

#endif

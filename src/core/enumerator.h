/* enumerator.h - the representation of Enumerator and its kin. */
#ifndef TR_CORE_ENUMERATOR_H
#define TR_CORE_ENUMERATOR_H

#include "core/core.h"
#include "value/data.h"

/* "Call `method` of `receiver` with these arguments and a block." Subclasses written in Ruby (Chain, Product,
 * Lazy, ArithmeticSequence) keep what is theirs in `state`. */
typedef struct Enumerator {
    Data base;
    Value receiver;  /* TR_UNDEF: uninitialized */
    Value arguments; /* Array or nil */
    Value keywords;  /* Hash or nil */
    Value size;      /* nil, a number, or something to call; used when size_fn is NULL */
    Value state;
    /* external iteration */
    Value fiber; /* nil when it does not run */
    Value ahead; /* Array of the yielded values that peek has fetched, TR_UNDEF when none */
    Value fed;   /* what the block answers next: Enumerator#feed; TR_UNDEF when nothing was fed */
    Value stop;  /* the StopIteration that ended it, or nil */
    EnumSizeFn size_fn;
    Id method;
} Enumerator;

extern const DataType tr_enumerator_type;
static inline Enumerator *tr_enumerator_of(Value v) { return (Enumerator *)v; }
/* The enumerator, or NULL with an ArgumentError: uninitialized. */
MAY_GC MAY_RAISE Enumerator *tr_enumerator_get(Fiber *f, Value self);
/* What the block got, as one value: nil, the value, or an Array of several. */
MAY_GC Value tr_pack_values(Fiber *f, int argc, const Value *argv);
/* Calls the enumerator's method with a block. */
MAY_SWITCH MAY_RAISE Value tr_enumerator_run(Fiber *f, Value self, Block block);
extern const MethodDef tr_enumerator_external_methods[];

#endif

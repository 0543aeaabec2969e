/* shareable.h - what any Ractor may refer to: finding out, and making it so. */
#ifndef TR_RACTOR_SHAREABLE_H
#define TR_RACTOR_SHAREABLE_H

#include "ractor/context.h"
#include "bytecode/iseq.h"
#include "value/data.h"

/* Whether the object and all it refers to are deeply frozen; if so they are flagged shareable, for good. Runs no Ruby. */
bool tr_share_if_possible(Value v);
/* Boot: frozen objects of the type are shareable when what they refer to is. `settle`, or NULL: called for a frozen object
 * before it is shared, makes lazily computed parts final and freezes private helpers. */
void tr_shareable_register_data(const DataType *type, void (*settle)(Value object));
/* Flags one object that is known to refer to shareable ones only. */
void tr_share_object(Value v);

/* --- blocks without their surroundings (isolate.c) --- */
/* For Ractor.new: raises ArgumentError when the block uses outer variables or yields. */
MAY_GC MAY_RAISE bool tr_block_check_isolated(Fiber *f, const Iseq *iseq);
/* Where such a block runs: no surroundings but the lexical scope `cref`. In a shareable environment. */
MAY_GC Value *tr_isolated_ep(Fiber *f, Cref *cref);
/* A shareable Proc with copies of the outer variables; Ractor::IsolationError when one cannot be. */
MAY_SWITCH MAY_RAISE Value tr_proc_shareable(Fiber *f, Value proc, Value self, bool is_lambda);
/* Makes an existing Proc shareable, in place. */
MAY_SWITCH MAY_RAISE Value tr_proc_make_shareable(Fiber *f, Value proc);

#endif

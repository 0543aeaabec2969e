/* parcel_types.h - how the core's objects travel between Ractors. */
#ifndef TR_CORE_PARCEL_TYPES_H
#define TR_CORE_PARCEL_TYPES_H

#include "vm/vm.h"

/* Registers them; at boot. */
void tr_parcel_types_boot(void);
/* The backtraces of an exception and its causes become Arrays of Strings, which can travel. */
MAY_GC void tr_exception_prepare_parcel(Fiber *f, Value exception);

#endif

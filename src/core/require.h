/* require.h - features that are compiled into the binary: what is a C extension elsewhere. */
#ifndef TR_CORE_REQUIRE_H
#define TR_CORE_REQUIRE_H

#include "vm/vm.h"

/* A library in C: `require "name"` calls init once, in the main Ractor. init NULL: nothing to do, the feature is core. */
typedef struct BuiltinFeature {
    const char *name; /* without extension; "name.so" asks for it too */
    Value (*init)(Fiber *f); /* MAY_SWITCH; TR_NIL or TR_RAISED */
} BuiltinFeature;
/* Ends with a NULL name: stdlib/features.c. */
extern const BuiltinFeature tr_builtin_features[];

#endif

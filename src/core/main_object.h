/* main_object.h - see main_object.c. */
#ifndef TR_CORE_MAIN_OBJECT_H
#define TR_CORE_MAIN_OBJECT_H

#include "vm/vm.h"

MAY_GC void tr_main_object_init(Fiber *f, Value main);

#endif

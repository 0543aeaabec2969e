/* weak_map.h - ObjectSpace::WeakMap and WeakKeyMap. */
#ifndef TR_CORE_WEAK_MAP_H
#define TR_CORE_WEAK_MAP_H

#include "vm/vm.h"

/* Defines both under ObjectSpace; at boot. */
MAY_SWITCH void tr_weak_map_boot(Fiber *f);

#endif

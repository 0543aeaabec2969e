/* boot_classes.h - the step of tr_vm_boot that makes the built-in classes. */
#ifndef TR_VM_BOOT_CLASSES_H
#define TR_VM_BOOT_CLASSES_H

#include "vm/vm.h"

/* Needs names (tr_symbol_boot), a Heap and a Fiber; afterwards everything of core/ that is written in C is there. */
MAY_SWITCH void tr_boot_classes(Fiber *f);

#endif

/* prompt.h - `troupe` without a program, on a terminal: read, evaluate, print, again. */
#ifndef TR_CLI_PROMPT_H
#define TR_CLI_PROMPT_H

#include "vm/vm.h"

/* Until the end of the input (TR_NIL), or something that ends a program is on its way (TR_RAISED). */
MAY_SWITCH MAY_RAISE Value tr_prompt_run(Fiber *f);

#endif

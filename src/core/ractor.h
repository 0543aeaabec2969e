/* ractor.h - what Ractor's and Port's methods share. */
#ifndef TR_CORE_RACTOR_H
#define TR_CORE_RACTOR_H

#include "vm/vm.h"

/* nil or absent: TR_FOREVER. false: raised. */
MAY_SWITCH MAY_RAISE bool tr_timeout_to_deadline(Fiber *f, Value timeout, int64_t *deadline_ns);
/* Port#close: the port; Ractor::Error unless it belongs to the current Ractor. */
MAY_SWITCH MAY_RAISE Value tr_port_close(Fiber *f, Value port);

#endif

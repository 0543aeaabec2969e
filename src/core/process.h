/* process.h - children of the process, for the code that forks. */
#ifndef TR_CORE_PROCESS_H
#define TR_CORE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* A new child: it can be waited for without blocking a worker. Any OS thread. */
void tr_process_add_child(pid_t pid);
/* Is there a child that has not ended? It may still send us a signal. Any OS thread. */
bool tr_process_has_children(void);
/* In the child of a fork: its parent's other children are not its own. */
void tr_process_after_fork(void);

#endif

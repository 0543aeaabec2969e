/* process.h - children of the process, for the code that forks. */
#ifndef TR_CORE_PROCESS_H
#define TR_CORE_PROCESS_H

#include <sys/types.h>

/* A new child: it can be waited for without blocking a worker. Any OS thread. */
void tr_process_add_child(pid_t pid);
/* In the child of a fork: its parent's other children are not its own. */
void tr_process_after_fork(void);

#endif

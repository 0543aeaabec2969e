/* world.h - stopping all Ractors, and what happens then. */
#ifndef TR_RACTOR_WORLD_H
#define TR_RACTOR_WORLD_H

#include "ractor/context.h"

/* Returns when no other Ractor runs. The caller's stack can be scanned by whoever stops the world first. */
MAY_SWITCH void tr_world_stop(Fiber *f);
void tr_world_start(void);
/* Collects everything, shareable objects too. */
MAY_SWITCH void tr_world_collect(Fiber *f);
/* At a safepoint, after INTERRUPT_POSTPONED_JOB: finalizers that are ready, a collection of the shared graph that is due. */
MAY_SWITCH void tr_ractor_postponed_job(Fiber *f);
/* errand.c: the main Ractor does what others asked of it. */
MAY_SWITCH void tr_errands_run(Fiber *f);
/* A root of the whole process: traced when everything is collected. At boot. */
void tr_world_add_root(RootFn fn, void *context);
/* Called with the world stopped, between marking everything and sweeping it: forgets what tr_heap_is_doomed. At boot. */
void tr_world_add_purge(void (*purge)(void));

#endif

/* effects.h - what a call may do to its caller.
 *
 * Every function is marked with the most it may do. Under clang the marks are capabilities, and `make lint`
 * (-Wthread-safety) rejects a call whose effect the caller has not declared; under gcc they vanish.
 *
 *   (none)      computes; never allocates from the Ruby heap, switches, waits or raises
 *   MAY_GC      may allocate, so may collect: re-read interior pointers afterwards
 *   MAY_SWITCH  may run Ruby, park, be preempted (includes MAY_GC): hold no lock, re-check lengths and states
 *   MAY_BLOCK   may stop the OS thread: only between tr_blocking_enter and tr_blocking_leave
 *   MAY_RAISE   may return TR_RAISED (or the type's failure value): the result must be tested
 *
 * A function reached through a pointer (a method, a trace callback) escapes the analysis; such functions carry
 * the mark all the same, because it documents them and checks their bodies.
 */
#ifndef TR_BASE_EFFECTS_H
#define TR_BASE_EFFECTS_H

#if defined(__clang__) && defined(TR_LINT)
typedef int __attribute__((capability("effect"))) TrEffect;
extern TrEffect tr_effect_gc, tr_effect_switch, tr_effect_block;
#define MAY_GC     __attribute__((requires_capability(tr_effect_gc)))
#define MAY_SWITCH __attribute__((requires_capability(tr_effect_gc, tr_effect_switch)))
#define MAY_BLOCK  __attribute__((requires_capability(tr_effect_block)))
/* A function where an effect begins: a thread's entry, the C main, a unit test. It declares nothing to its caller. */
#define TR_EFFECT_ROOT __attribute__((no_thread_safety_analysis))
#else
#define MAY_GC
#define MAY_SWITCH
#define MAY_BLOCK
#define TR_EFFECT_ROOT
#endif

#define MAY_RAISE __attribute__((warn_unused_result))

#endif

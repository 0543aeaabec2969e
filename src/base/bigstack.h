/* bigstack.h - runs a function on a large stack of its own, then returns here.
 *
 * Parsing and compiling recurse as deep as the program is nested, while a coroutine's stack is small. Of the
 * stack that is mapped for the call only the pages that the function needs are touched, and they are given back.
 *
 * The function must not switch coroutines. It may collect garbage: a collector that scans machine stacks finds the
 * parts that lie elsewhere by following tr_bigstack_active(). Whoever compares stack addresses with a limit of the
 * coroutine (Fiber.c_stack_limit) sets that limit to `low` plus a reserve for the time of the call.
 */
#ifndef TR_BASE_BIGSTACK_H
#define TR_BASE_BIGSTACK_H

#include <stdbool.h>
#include <stddef.h>

/* What one call to tr_bigstack_call left behind on the stack that it came from. */
typedef struct BigStack {
    char *low, *high;          /* the big stack itself: the running function's frames lie in it */
    char *caller_sp;           /* the machine stack below this address of the caller's is not in use */
    struct BigStack *previous; /* the call around this one, or NULL */
} BigStack;

/* Enough for any tree of AST_MAX_DEPTH with a kilobyte or two for each level. */
#define TR_BIGSTACK_BYTES ((size_t)64 << 20)

/* Calls function(argument) on a fresh stack of `bytes` (a multiple of the page size). False: no memory, not called. */
bool tr_bigstack_call(void (*function)(void *), void *argument, size_t bytes);

/* The innermost such call that this OS thread is in, or NULL. */
const BigStack *tr_bigstack_active(void);

#endif

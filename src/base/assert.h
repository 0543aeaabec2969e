/* assert.h - three kinds of "this cannot be".
 *
 * TR_ASSERT  our own bugs; checked in debug builds only (-DTR_DEBUG)
 * TR_CHECK   what would corrupt memory if it were false; checked always
 * TR_UNREACHABLE  the end of a closed switch
 *
 * None of them is for user input: that gets a Ruby exception.
 */
#ifndef TR_BASE_ASSERT_H
#define TR_BASE_ASSERT_H

/* Prints the message, what the current worker was doing (through the hook below), and aborts. Never returns. */
_Noreturn void tr_fatal(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Called by tr_fatal before it aborts; set once at start-up by the VM so that it can print Ruby backtraces. */
extern void (*tr_fatal_hook)(void);

#define TR_CHECK(condition) \
    do { if (__builtin_expect(!(condition), 0)) tr_fatal(__FILE__, __LINE__, "check failed: %s", #condition); } while (0)

#ifdef TR_DEBUG
#define TR_ASSERT(condition) TR_CHECK(condition)
#define TR_UNREACHABLE() tr_fatal(__FILE__, __LINE__, "unreachable")
#else
#define TR_ASSERT(condition) ((void)0)
#define TR_UNREACHABLE() __builtin_unreachable()
#endif

#define TR_LIKELY(x)   __builtin_expect(!!(x), 1)
#define TR_UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif

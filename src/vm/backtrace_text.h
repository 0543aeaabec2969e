/* backtrace_text.h - where a fiber is, in words, without a heap. */
#ifndef TR_VM_BACKTRACE_TEXT_H
#define TR_VM_BACKTRACE_TEXT_H

#include "base/text.h"
#include "vm/vm.h"

/* "INDENT file:line:in 'label'\n" for each visible frame, innermost first, at most `limit`. The fiber is parked, the caller's
 * own, or interrupted by a signal on this OS thread. */
void tr_backtrace_print(Text *text, const Fiber *fiber, const char *indent, unsigned limit);

#endif

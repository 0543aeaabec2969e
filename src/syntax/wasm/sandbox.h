/* sandbox.h - one run of the parser's WebAssembly module. */
#ifndef TR_SYNTAX_WASM_SANDBOX_H
#define TR_SYNTAX_WASM_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    SANDBOX_OK,
    SANDBOX_TOO_DEEP,  /* a stack ran out: the source is nested too deeply */
    SANDBOX_NO_MEMORY, /* the parser's memory cannot grow any further */
    SANDBOX_GAVE_UP,   /* any other trap: a bug in the parser that did no harm */
} SandboxStatus;

/* Parses source with the packed options of pm_options_read. On SANDBOX_OK, calls take(context, bytes, size) with the
 * serialized tree, which is gone when take returns. Everything the module allocated is let go in any case.
 * stack_low: the lowest address of the machine stack that may be used. */
typedef void (*SandboxTake)(void *context, const uint8_t *bytes, size_t size);
SandboxStatus tr_sandbox_parse(const uint8_t *source, size_t size, const uint8_t *options, size_t options_size,
                               const char *stack_low, SandboxTake take, void *context);

#endif

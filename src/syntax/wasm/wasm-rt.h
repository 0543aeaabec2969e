/* wasm-rt.h - what the C that wasm2c makes of Prism asks of its surroundings.
 *
 * This header stands in for wabt's own of the same name, for three reasons. A trap unwinds to the parse that caused
 * it, of which any number run at once on different OS threads. Memory grows without being copied. And each function
 * checks on entry that there is room on the machine stack and on the module's own stack in its linear memory, so
 * that endless nesting in a source file is a trap instead of a fault or a scribble.
 *
 * Names and types are fixed by wasm2c (wabt 1.0.32).
 */
#ifndef TR_SYNTAX_WASM_RT_H
#define TR_SYNTAX_WASM_RT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define wasm_rt_memcpy __builtin_memcpy

/* Bounds are checked in software: SIGSEGV belongs to the rest of Troupe. */
#define WASM_RT_MEMCHECK_SIGNAL_HANDLER 0
#define WASM_RT_USE_STACK_DEPTH_COUNT 0

typedef enum {
    WASM_RT_TRAP_NONE,
    WASM_RT_TRAP_OOB,
    WASM_RT_TRAP_INT_OVERFLOW,
    WASM_RT_TRAP_DIV_BY_ZERO,
    WASM_RT_TRAP_INVALID_CONVERSION,
    WASM_RT_TRAP_UNREACHABLE,
    WASM_RT_TRAP_CALL_INDIRECT,
    WASM_RT_TRAP_UNCAUGHT_EXCEPTION,
    WASM_RT_TRAP_EXHAUSTION,
} wasm_rt_trap_t;

typedef enum {
    WASM_RT_I32,
    WASM_RT_I64,
    WASM_RT_F32,
    WASM_RT_F64,
    WASM_RT_FUNCREF,
    WASM_RT_EXTERNREF,
} wasm_rt_type_t;

typedef void (*wasm_rt_function_ptr_t)(void);

typedef struct {
    uint32_t func_type;
    wasm_rt_function_ptr_t func;
    void *module_instance;
} wasm_rt_funcref_t;

typedef void *wasm_rt_externref_t;
static const wasm_rt_externref_t wasm_rt_externref_null_value = NULL;

typedef struct {
    uint8_t *data;
    uint32_t pages, max_pages;
    uint32_t size;
} wasm_rt_memory_t;

typedef struct {
    wasm_rt_funcref_t *data;
    uint32_t max_size;
    uint32_t size;
} wasm_rt_funcref_table_t;

typedef struct {
    wasm_rt_externref_t *data;
    uint32_t max_size;
    uint32_t size;
} wasm_rt_externref_table_t;

static inline bool wasm_rt_is_initialized(void) { return true; }

__attribute__((noreturn, cold)) void wasm_rt_trap(wasm_rt_trap_t code);
uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...);
void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t initial_pages, uint32_t max_pages);
uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint32_t pages);
void wasm_rt_free_memory(wasm_rt_memory_t *memory);
void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t *table, uint32_t elements, uint32_t max_elements);
void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t *table);

/* Where the running parse must stop: the lowest usable address of the machine stack, and of the module's stack in
 * linear memory. Set by sandbox.c for this OS thread; a parse never changes threads. */
extern _Thread_local const char *tr_wasm_stack_limit;
#define TR_WASM_SHADOW_STACK_LOW (4u << 16)

/* The build takes wasm2c's empty definition of this macro out of the generated file. Its code names the instance
 * `instance` and the module's stack pointer w2c_g0 (checked by the build). */
#define FUNC_PROLOGUE                                                                        \
    do {                                                                                     \
        if (UNLIKELY((const char *)__builtin_frame_address(0) < tr_wasm_stack_limit ||       \
                     instance->w2c_g0 < TR_WASM_SHADOW_STACK_LOW))                           \
            wasm_rt_trap(WASM_RT_TRAP_EXHAUSTION);                                           \
    } while (0)

#endif

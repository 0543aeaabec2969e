/* sandbox.c - the parser's module: memory, traps, and an instance for each parse at a time.
 *
 * Linear memory is an anonymous mapping that grows by mremap: nothing is copied, and pages cost only when touched.
 * Its beginning is the module's data; then comes a stack of our own making, because the 64 KB that the module was
 * linked with end at some dozens of nested brackets; the module's malloc takes what follows.
 *
 * A trap jumps out of the module (C frames without anything to clean up) back into tr_sandbox_parse.
 *
 * To make an instance costs more than most parses, so one whose parse went well waits for the next: what it allocated
 * for the last one it has freed again. After a trap, or when its memory grew, it is thrown away.
 *
 * Threads: an instance belongs to the call that parses with it; spare_instance passes one on. The function types are
 * registered once, under pthread_once.
 */
#include "syntax/wasm/sandbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "prism.h"

#define WASM_PAGE 65536u
#define SHADOW_STACK_PAGES 512u /* 32 MB */
#define INITIAL_PAGES (3u + 1u + SHADOW_STACK_PAGES) /* the module's own three, one in case its stack overflows */
/* The module addresses 32 bits, and `size` must not wrap. */
#define MAX_PAGES 65535u
/* What the prologue of a function leaves to the function itself and to the C library below it. */
#define STACK_RESERVE (256 * 1024)

_Static_assert(TR_WASM_SHADOW_STACK_LOW == 4 * WASM_PAGE, "the stack begins behind the module's three pages");

_Thread_local const char *tr_wasm_stack_limit;
static _Thread_local jmp_buf *trap_target;
static _Thread_local bool memory_ran_out;

void wasm_rt_trap(wasm_rt_trap_t code)
{
    longjmp(*trap_target, code);
}

/* ---- linear memory ---- */

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t initial_pages, uint32_t max_pages)
{
    (void)initial_pages; /* three; the build's version of the module is pinned */
    (void)max_pages;
    *memory = (wasm_rt_memory_t){ .pages = INITIAL_PAGES, .max_pages = MAX_PAGES, .size = INITIAL_PAGES * WASM_PAGE };
    void *data = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) {
        memory_ran_out = true;
        wasm_rt_trap(WASM_RT_TRAP_OOB);
    }
    madvise(data, memory->size, MADV_NOHUGEPAGE);
    memory->data = data;
}

uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint32_t delta)
{
    uint32_t old_pages = memory->pages;
    void *data = MAP_FAILED;
    if (delta <= memory->max_pages - old_pages)
        data = mremap(memory->data, (size_t)old_pages * WASM_PAGE, (size_t)(old_pages + delta) * WASM_PAGE,
                      MREMAP_MAYMOVE);
    if (data == MAP_FAILED) {
        memory_ran_out = true;
        return UINT32_MAX;
    }
    memory->data = data;
    memory->pages = old_pages + delta;
    memory->size = memory->pages * WASM_PAGE;
    return old_pages;
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory)
{
    if (memory->data)
        munmap(memory->data, (size_t)memory->pages * WASM_PAGE);
}

/* ---- tables ---- */

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t *table, uint32_t elements, uint32_t max_elements)
{
    table->data = calloc(elements, sizeof *table->data);
    table->size = table->data ? elements : 0;
    table->max_size = max_elements;
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t *table)
{
    free(table->data);
}

/* A signature is packed two bits a type; the module's longest has far fewer than 28 of them. Equal signatures get
 * the same number; numbers start at 1. Called from Z_prism_init_module only. */
#define MAX_FUNC_TYPES 256
static uint64_t func_types[MAX_FUNC_TYPES]; /* written under pthread_once, not read afterwards */
static uint32_t func_type_count;

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...)
{
    uint64_t packed = ((uint64_t)params << 5) | results;
    va_list types;
    va_start(types, results);
    for (uint32_t i = 0; i < params + results; i++)
        packed = (packed << 2) | (va_arg(types, wasm_rt_type_t) & 3);
    va_end(types);
    if (params + results > 27)
        abort();
    for (uint32_t i = 0; i < func_type_count; i++)
        if (func_types[i] == packed)
            return i + 1;
    if (func_type_count == MAX_FUNC_TYPES)
        abort();
    func_types[func_type_count] = packed;
    return ++func_type_count;
}

/* ---- instances ---- */

/* Release by the one who leaves it here, acquire by the one who takes it: whoever exchanges it away owns it. */
static _Atomic(Z_prism_instance_t *) spare_instance;
#define SPARE_PAGES_MAX (INITIAL_PAGES + 32)
/* The part of the module's stack that a spare instance keeps; a source of more bytes than that may have used more. */
#define SPARE_STACK_BYTES (64u * 1024)
#define SHALLOW_SOURCE_BYTES 1024

static void instance_free(Z_prism_instance_t *taken_instance)
{
    Z_prism_free(taken_instance);
    free(taken_instance);
}

/* False: it has become too large to wait for the next parse. */
static bool leave_to_next(Z_prism_instance_t *instance, size_t source_size)
{
    if (instance->w2c_memory.pages > SPARE_PAGES_MAX)
        return false;
    uint8_t *stack = instance->w2c_memory.data + TR_WASM_SHADOW_STACK_LOW;
    size_t unused = SHADOW_STACK_PAGES * WASM_PAGE - SPARE_STACK_BYTES;
    if (source_size > SHALLOW_SOURCE_BYTES && madvise(stack, unused, MADV_DONTNEED) != 0)
        return false;
    Z_prism_instance_t *empty = NULL;
    return atomic_compare_exchange_strong_explicit(&spare_instance, &empty, instance, memory_order_release,
                                                   memory_order_relaxed);
}

/* ---- a parse ---- */

static pthread_once_t module_once = PTHREAD_ONCE_INIT;

typedef struct {
    Z_prism_instance_t *instance;
    bool is_new;
    const uint8_t *source, *options;
    size_t size, options_size;
} Run;

/* Copies bytes into the module and terminates them with zeros. */
static uint32_t carry_in(Z_prism_instance_t *instance, const uint8_t *bytes, size_t size)
{
    const uint32_t padding = 16;
    uint32_t at = Z_prismZ_malloc(instance, (uint32_t)size + padding);
    if (at == 0 || (uint64_t)at + size + padding > instance->w2c_memory.size) {
        memory_ran_out = true;
        wasm_rt_trap(WASM_RT_TRAP_OOB);
    }
    if (size > 0)
        memcpy(instance->w2c_memory.data + at, bytes, size);
    memset(instance->w2c_memory.data + at + size, 0, padding);
    return at;
}

static void initialize(Z_prism_instance_t *instance)
{
    Z_prism_instantiate(instance, NULL);
    instance->w2c_g0 = INITIAL_PAGES * WASM_PAGE;
    Z_prismZ__initialize(instance);
}

static __attribute__((noinline)) void run_module(const Run *run, SandboxTake take, void *context)
{
    Z_prism_instance_t *instance = run->instance;
    if (run->is_new)
        initialize(instance);
    uint32_t source = carry_in(instance, run->source, run->size);
    uint32_t options = carry_in(instance, run->options, run->options_size);
    static const uint8_t zeros[64];
    uint32_t buffer_size = Z_prismZ_pm_buffer_sizeof(instance);
    uint32_t buffer = carry_in(instance, zeros, buffer_size < sizeof zeros ? buffer_size : sizeof zeros);
    Z_prismZ_pm_buffer_init(instance, buffer);
    Z_prismZ_pm_serialize_parse(instance, buffer, source, (uint32_t)run->size, options);
    uint64_t at = Z_prismZ_pm_buffer_value(instance, buffer);
    uint64_t length = Z_prismZ_pm_buffer_length(instance, buffer);
    if (at + length > instance->w2c_memory.size)
        wasm_rt_trap(WASM_RT_TRAP_OOB);
    take(context, instance->w2c_memory.data + at, length);
    Z_prismZ_pm_buffer_free(instance, buffer);
    Z_prismZ_free(instance, buffer);
    Z_prismZ_free(instance, options);
    Z_prismZ_free(instance, source);
}

static SandboxStatus status_of_trap(int trap)
{
    if (memory_ran_out)
        return SANDBOX_NO_MEMORY;
    return trap == WASM_RT_TRAP_EXHAUSTION ? SANDBOX_TOO_DEEP : SANDBOX_GAVE_UP;
}

/* What trapped, 0 when nothing did. */
static __attribute__((noinline)) int run_guarded(const Run *run, SandboxTake take, void *context)
{
    jmp_buf target;
    trap_target = &target;
    int trap = setjmp(target);
    if (trap == 0)
        run_module(run, take, context);
    return trap;
}

SandboxStatus tr_sandbox_parse(const uint8_t *source, size_t size, const uint8_t *options, size_t options_size,
                               const char *stack_low, SandboxTake take, void *context)
{
    pthread_once(&module_once, Z_prism_init_module);
    if (size > UINT32_MAX / 4)
        return SANDBOX_NO_MEMORY;
    Z_prism_instance_t *instance = atomic_exchange_explicit(&spare_instance, NULL, memory_order_acquire);
    bool is_new = instance == NULL;
    if (is_new && !(instance = calloc(1, sizeof *instance)))
        return SANDBOX_NO_MEMORY;
    Run run = { .instance = instance, .is_new = is_new, .source = source, .size = size, .options = options,
                .options_size = options_size };
    tr_wasm_stack_limit = stack_low + STACK_RESERVE;
    memory_ran_out = false;
    int trap = run_guarded(&run, take, context);
    if (trap != 0 || !leave_to_next(instance, size))
        instance_free(instance);
    return trap == 0 ? SANDBOX_OK : status_of_trap(trap);
}

/* boot.c - from nothing to a running main program, and from its end to an exit status. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/exception.h"
#include "core/fiber.h"
#include "core/main_object.h"
#include "core/parcel_types.h"
#include "core/prelude.h"
#include "core/signal.h"
#include "core/thread.h"
#include "ractor/ractor.h"
#include "ractor/world.h"
#include "value/data.h"
#include "vm/boot_classes.h"
#include "vm/constant.h"
#include "vm/ivar.h"
#include "vm/eval.h"
#include "vm/fiber_stack.h"
#include "vm/interp.h"
#include "vm/interp_arith.h"
#include "vm/method_table.h"

void tr_block_boot(void);
MAY_GC void tr_frame_boot(Fiber *f);

/* ---- the main object ---- */

static Value main_object = TR_NIL; /* a root of the main Ractor */

Value tr_main_object(Fiber *f) {
    (void)f;
    return main_object;
}

static void trace_main(Tracer *tracer, void *context) {
    (void)context;
    tr_trace(tracer, main_object);
}

static MAY_GC void make_main_object(Fiber *f) {
    main_object = tr_object_alloc(f, tr_class.object);
    tr_heap_add_root(f->heap, trace_main, NULL);
    tr_main_object_init(f, main_object);
}

/* ---- the main Ractor ---- */

static Fiber *make_main_ractor(void) {
    Ractor *ractor = tr_ractor_new_main();
    Thread *thread = ractor->main_thread;
    Fiber *f = tr_fiber_alloc_native(thread, TR_VM_STACK_BYTES);
    TR_CHECK(f != NULL);
    f->is_root = f->is_blocking = true;
    ractor->thread = thread;
    thread->fiber = thread->root_fiber = f;
    tr_fiber_set_current(f);
    tr_fiber_vm_init(f);
    return f;
}

/* ---- the core library in Ruby ---- */

static MAY_SWITCH void run_prelude(Fiber *f) {
    for (const PreludeSource *p = tr_prelude_sources; p->name; p++) {
        char path[128];
        snprintf(path, sizeof path, "<internal:%.*s>", (int)strcspn(p->name, "."), p->name);
        Ast *ast = tr_ast_from_tree((const uint8_t *)p->source, p->size, p->tree, p->tree_size, path);
        TR_CHECK(ast != NULL);
        Value name = tr_string_interned(f, path, strlen(path), ENCODING_US_ASCII);
        CompileOptions options = {.is_internal = true, .frozen_string_literal_set = true,
                                  .frozen_string_literal = true};
        Iseq *iseq = tr_compile(f, ast, ISEQ_TOP, name, TR_NIL, &options);
        if (!iseq || tr_run_top(f, iseq, main_object, tr_cref_new(f, tr_class.object, NULL)) == TR_RAISED) {
            tr_exception_report(f, f->unwind.value);
            tr_fatal(__FILE__, __LINE__, "the core library did not load: %s", path);
        }
    }
}

/* ---- when everything is lost ---- */

static void print_ruby_backtrace(void) {
    Fiber *f = tr_current_fiber();
    if (!f || !f->vm_private) return;
    int left = 40;
    for (const Frame *frame = f->frame; frame && left > 0; frame = frame->prev) {
        if (!frame->iseq) continue;
        fprintf(stderr, "\tfrom %s:%d:in '%s'\n", tr_string(frame->iseq->path)->bytes,
                tr_iseq_line(frame->iseq, (uint32_t)(frame->pc - frame->iseq->code)),
                tr_string(frame->iseq->label)->bytes);
        left--;
    }
}

/* --workers, else TROUPE_WORKERS, else the cores that this process may use. */
static int worker_count(int wanted) {
    const char *text = getenv("TROUPE_WORKERS");
    if (wanted <= 0 && text) wanted = atoi(text);
    if (wanted > 0) return wanted;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    return 1;
}

/* The names of the first classes are older than String. */
static void give_class(Value object, void *data) {
    (void)data;
    if (tr_object_type(object) == TYPE_STRING && !tr_header(object)->klass)
        tr_header(object)->klass = tr_class.string;
}

TR_EFFECT_ROOT Fiber *tr_vm_boot(const VmOptions *options) {
    tr_fatal_hook = print_ruby_backtrace;
    if (!tr_log_boot()) fprintf(stderr, "troupe: TROUPE_LOG can be gc, sched, poll, or several with commas\n");
    tr_symbol_boot();
    tr_backtrace_limit = options->backtrace_limit;
    tr_parcel_types_boot();
    tr_block_boot();
    tr_interp_boot();
    tr_fiber_stack_boot();
    tr_postponed_job_hook = tr_ractor_postponed_job;
    tr_world_add_root(tr_globals_trace, NULL);
    tr_world_add_purge(tr_strings_purge);
    tr_world_add_purge(tr_const_invalidate_all);
    tr_world_add_purge(tr_cvar_invalidate);
    tr_world_add_purge(tr_retire_flush_stopped);
    Fiber *f = make_main_ractor();
    bool was_disabled = tr_heap_set_disabled(f->heap, true); /* nothing half-made is ever traced */
    tr_boot_classes(f);
    tr_heap_each_object(f->heap, give_class, NULL);
    make_main_object(f);
    f->frame->captured.self = main_object;
    tr_frame_boot(f);
    tr_vm_core_boot(f);
    tr_toplevel_binding_boot(f);
    tr_ractor_sched_boot(f->ractor, worker_count(options->worker_count));
    Value arguments = tr_array_new(f, (size_t)options->argc);
    for (int i = 0; i < options->argc; i++) {
        Value pushed = tr_array_push(f, arguments, tr_string_new_cstr(f, options->argv[i]));
        TR_CHECK(pushed != TR_RAISED);
    }
    tr_const_define(f, tr_class.object, "ARGV", arguments);
    tr_boot_script_name(f, options->script_name);
    run_prelude(f);
    tr_method_boot_done();
    tr_heap_set_disabled(f->heap, was_disabled);
    return f;
}

/* ---- the program ---- */

int tr_run_main(Fiber *f, Ast *taken_ast, Value path, const CompileOptions *options) {
    Value shared = tr_string_interned(f, tr_string(path)->bytes, tr_string(path)->size, ENCODING_UTF8);
    char *real = realpath(tr_string(path)->bytes, NULL);
    Value full = real ? tr_string_interned(f, real, strlen(real), ENCODING_UTF8) : shared;
    free(real);
    Iseq *iseq = tr_compile(f, taken_ast, ISEQ_MAIN, shared, full, options);
    tr_ast_free(taken_ast);
    Value result = iseq ? tr_run_top(f, iseq, main_object, tr_cref_top()) : TR_RAISED;
    return tr_vm_finish(f, result);
}

/* The status that an uncaught exception ends the process with; signals end it by themselves. */
static MAY_SWITCH int status_of(Fiber *f, Value error, int *signal_number) {
    const Exception *e = (const Exception *)error;
    if (tr_is_kind_of(error, tr_class.system_exit))
        return e->result == TR_UNDEF ? 0 : (int)tr_fixnum(e->result);
    if (tr_is_kind_of(error, tr_class.signal_exception)) {
        *signal_number = tr_is_fixnum(e->result) ? (int)tr_fixnum(e->result) : SIGINT;
        if (*signal_number != SIGINT) return 1;
    }
    Value broken_pipe = tr_const_find(f, tr_class.errno_, tr_intern_cstr("EPIPE"), false);
    if (broken_pipe != TR_UNDEF && tr_is_kind_of(error, (Class *)broken_pipe))
        return 1; /* the reader has gone: say nothing */
    tr_exception_report(f, error);
    return 1;
}

int tr_vm_finish(Fiber *f, Value result) {
    Unwind unwind = f->unwind;
    if (tr_fiber_scheduler_close(f) == TR_RAISED) result = TR_RAISED; /* what its fibers have still to do */
    else f->unwind = unwind;
    f->error_info = TR_NIL;
    if (result == TR_RAISED) {
        Value error = tr_rescue(f, NULL);
        if (error != TR_UNDEF) {
            f->error_info = error;
        } else if (f->unwind.kind == UNWIND_THROW || f->unwind.kind == UNWIND_BREAK) {
            f->unwind.kind = UNWIND_NONE;
        }
    }
    Value before = f->error_info;
    int status = 0, signal_number = 0;
    tr_signal_run_exit_trap(f);
    tr_at_exit_run(f);
    Value error = f->error_info;
    tr_threads_terminate_others(f);
    tr_ractor_run_finalizers(f, true);
    if (before != TR_NIL)
        status = status_of(f, before, &signal_number); /* told after what at_exit blocks had to tell */
    if (error != before) {
        if (tr_is_kind_of(error, tr_class.system_exit)) status = status_of(f, error, &signal_number);
        else if (before == TR_NIL) status = 1;
    }
    if (tr_io_finish(f) == TR_RAISED) {
        Value unwritten = tr_rescue(f, NULL);
        int signal_of_flush = 0;
        if (status == 0) status = 1;
        if (signal_number == 0 && unwritten != TR_UNDEF)
            (void)!status_of(f, unwritten, &signal_of_flush); /* reports it */
    }
    tr_io_flush_all(f);
    if (signal_number > 0) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    if (tr_ractor_count() >
        1) { /* others still run: the process ends at once, without tearing down what they use */
        fflush(NULL);
        _exit(status & 0xff);
    }
    return status & 0xff;
}

/* signal.c - Signal.trap, and what signals do that nobody trapped.
 *
 * The operating system's handler only sets a bit, pokes what runs and kicks the poller. Whoever comes to a safepoint, or the
 * worker that polls, then marks the main thread of the main Ractor, which runs the Ruby handler at its next safepoint with
 * the TRAP bit masked: handlers are not re-entered, and cannot lock a Mutex.
 *
 * Threads: `arrived` and `dispositions` are read and written by any; commands are the main Ractor's own.
 */
#include "core/signal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/dump.h"
#include "core/thread.h"
#include "ractor/thread.h"
#include "sched/poller.h"

enum { SIGNAL_COUNT = 65 };

typedef enum Disposition { DISPOSITION_SYSTEM, DISPOSITION_DEFAULT, DISPOSITION_IGNORE, DISPOSITION_NIL, DISPOSITION_COMMAND } Disposition;

static _Atomic uint64_t arrived;                 /* bit n: signal n; release in the handler, acquire in take */
static _Atomic uint8_t dispositions[SIGNAL_COUNT];
static Ractor *main_ractor;                      /* written at boot */
static uint32_t commands_key;                    /* Ractor local: Array of Procs and Strings by number */

static const struct { const char *name; int number; } names[] = {
    {"EXIT", 0}, {"HUP", SIGHUP}, {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"ILL", SIGILL}, {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},
    {"IOT", SIGABRT}, {"BUS", SIGBUS}, {"FPE", SIGFPE}, {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"CHLD", SIGCHLD},
    {"CLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},
    {"URG", SIGURG}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH},
    {"IO", SIGIO}, {"POLL", SIGIO}, {"PWR", SIGPWR}, {"SYS", SIGSYS},
};
enum { NAME_COUNT = sizeof names / sizeof *names };

static const char *name_of(int number) {
    for (int i = 0; i < NAME_COUNT; i++)
        if (names[i].number == number) return names[i].name;
    return NULL;
}

int tr_signal_number(Fiber *f, Value v) {
    if (tr_is_fixnum(v)) {
        int64_t number = tr_fixnum(v);
        if (number >= 0 && number < SIGNAL_COUNT) return (int)number;
        Value raised = tr_raise(f, tr_class.argument_error, "invalid signal number (%lld)", (long long)number);
        return raised == TR_RAISED ? -1 : 0;
    }
    if (!tr_is_symbol(v) && !tr_is_string(v)) {
        Value text = tr_call_if_responds(f, v, TR_ID_to_str, 0, NULL);
        if (text == TR_RAISED) return -1;
        if (text == TR_UNDEF || !tr_is_string(text)) {
            Value raised = tr_raise(f, tr_class.argument_error, "bad signal type %pC", tr_real_class_of(v));
            return raised == TR_RAISED ? -1 : 0;
        }
        v = text;
    }
    if (tr_is_symbol(v)) v = tr_symbol_to_s(f, v);
    const char *text = tr_string(v)->bytes;
    if (strlen(text) != tr_string(v)->size) {
        Value raised = tr_raise(f, tr_class.argument_error, "signal name with null byte");
        return raised == TR_RAISED ? -1 : 0;
    }
    if (text[0] == '-') {
        Value raised = tr_raise(f, tr_class.argument_error, "negative signal name: %s", text);
        return raised == TR_RAISED ? -1 : 0;
    }
    const char *bare = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
    for (int i = 0; i < NAME_COUNT; i++)
        if (strcmp(names[i].name, bare) == 0) return names[i].number;
    Value raised = tr_raise(f, tr_class.argument_error, "unsupported signal 'SIG%s'", bare);
    return raised == TR_RAISED ? -1 : 0;
}

/* ---- arrival ---- */

/* Async-signal-safe: atomics and a write to an eventfd. */
static void note(int number) {
    atomic_fetch_or_explicit(&arrived, (uint64_t)1 << (number & 63), memory_order_release);
    tr_sched_poke_all();
}

static void ignore(int number) { (void)number; }

static void mark_main_thread(void) {
    if (atomic_load_explicit(&arrived, memory_order_acquire) == 0) return;
    tr_thread_interrupt_remote(main_ractor->main_thread, INTERRUPT_TRAP);
}

bool tr_signal_has_arrived(void) { return atomic_load_explicit(&arrived, memory_order_acquire) != 0; }

void tr_signal_look(Fiber *f) {
    if (TR_LIKELY(atomic_load_explicit(&arrived, memory_order_relaxed) == 0)) return;
    if (f->thread == main_ractor->main_thread) atomic_fetch_or(&f->thread->interrupt_flags, INTERRUPT_TRAP);
    else mark_main_thread();
}

static MAY_SWITCH MAY_RAISE Value raise_default(Fiber *f, int number) {
    if (number == SIGQUIT) {
        tr_dump_state(f);
        return TR_NIL;
    }
    Value argument = number == SIGINT ? tr_string_new_cstr(f, "") : tr_string_format(f, "SIG%s", name_of(number));
    Value error = tr_new(f, number == SIGINT ? tr_class.interrupt : tr_class.signal_exception, 1, &argument);
    if (error == TR_RAISED) return TR_RAISED;
    tr_thread_post(f, f->thread, error); /* like Thread#raise: handle_interrupt may hold it back */
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value run_command(Fiber *f, Value command, int number) {
    if (!tr_is_string(command)) {
        Value argument = TR_FIX(number);
        return tr_callv(f, command, TR_ID_call, 1, &argument);
    }
    if (tr_string_is(command, "EXIT")) {
        Value status = TR_FIX(0);
        Value error = tr_new(f, tr_class.system_exit, 1, &status);
        return error == TR_RAISED ? TR_RAISED : tr_raise_value(f, error);
    }
    return tr_eval_string(f, command, tr_main_object(f), TR_NIL, tr_string_new_cstr(f, "(trap)"), 1);
}

static MAY_SWITCH MAY_RAISE Value handle(Fiber *f, int number) {
    uint8_t disposition = atomic_load(&dispositions[number]);
    if (disposition == DISPOSITION_IGNORE || disposition == DISPOSITION_NIL) return TR_NIL;
    if (disposition != DISPOSITION_COMMAND) return raise_default(f, number);
    Value command = tr_array_at(tr_ractor_local_get(f->ractor, commands_key), (size_t)number);
    uint32_t mask = f->thread->interrupt_mask;
    f->thread->interrupt_mask |= INTERRUPT_TRAP;
    Value result = run_command(f, command, number);
    f->thread->interrupt_mask = mask;
    return result;
}

Value tr_signal_run_handlers(Fiber *f) {
    if (f->thread != main_ractor->main_thread) return TR_NIL;
    for (;;) {
        uint64_t bits = atomic_load_explicit(&arrived, memory_order_acquire);
        if (bits == 0) return TR_NIL;
        int number = __builtin_ctzll(bits);
        atomic_fetch_and_explicit(&arrived, ~((uint64_t)1 << number), memory_order_acq_rel);
        if (handle(f, number) == TR_RAISED) {
            if (atomic_load(&arrived)) atomic_fetch_or(&f->thread->interrupt_flags, INTERRUPT_TRAP);
            return TR_RAISED;
        }
    }
}

Value tr_signal_raise_self(Fiber *f, int number) {
    if (number < 0 || (size_t)number >= sizeof dispositions / sizeof *dispositions) return tr_raise_errno(f, EINVAL, NULL);
    uint8_t disposition = atomic_load(&dispositions[number]);
    if (disposition == DISPOSITION_SYSTEM || number == SIGKILL || number == SIGSTOP) {
        if (raise(number) != 0) return tr_raise_errno(f, errno, NULL);
        return TR_NIL;
    }
    note(number);
    mark_main_thread();
    if (f->thread != main_ractor->main_thread) tr_thread_pass(f);
    return TR_SAFEPOINT(f);
}

void tr_signal_run_exit_trap(Fiber *f) {
    if (atomic_load(&dispositions[0]) != DISPOSITION_COMMAND) return;
    Value commands = tr_ractor_local_get(f->ractor, commands_key);
    if (commands == TR_UNDEF) return;
    Value command = tr_array_at(commands, 0);
    atomic_store(&dispositions[0], DISPOSITION_NIL);
    if (run_command(f, command, 0) == TR_RAISED) {
        Value error = tr_rescue(f, NULL);
        if (error != TR_UNDEF) f->error_info = error;
    }
}

/* ---- trap ---- */

static bool is_reserved(int n) { return n == SIGSEGV || n == SIGBUS || n == SIGILL || n == SIGFPE || n == SIGVTALRM; }

static bool is_ours_by_default(int n) {
    return n == SIGHUP || n == SIGINT || n == SIGQUIT || n == SIGTERM || n == SIGALRM || n == SIGUSR1 || n == SIGUSR2;
}

static int install(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL) == 0 ? 0 : errno;
}

static int apply(int number, Disposition disposition) {
    switch (disposition) {
    case DISPOSITION_SYSTEM: return install(number, SIG_DFL);
    case DISPOSITION_DEFAULT:
        if (number == SIGPIPE) return install(number, ignore);
        return install(number, is_ours_by_default(number) ? note : SIG_DFL);
    case DISPOSITION_IGNORE: return install(number, SIG_IGN);
    case DISPOSITION_NIL: return install(number, number == SIGCHLD ? SIG_DFL : ignore);
    case DISPOSITION_COMMAND: return install(number, note);
    }
    TR_UNREACHABLE();
    return 0;
}

/* What a command means, and what is to be kept of it. */
static MAY_SWITCH MAY_RAISE Value read_command(Fiber *f, Value command, Disposition *disposition) {
    *disposition = DISPOSITION_COMMAND;
    if (command == TR_NIL) {
        *disposition = DISPOSITION_NIL;
        return TR_NIL;
    }
    if (tr_is_symbol(command)) command = tr_symbol_to_s(f, command);
    if (!tr_is_string(command)) { /* whatever it is: it is called when the signal comes */
        Value text = tr_call_if_responds(f, command, TR_ID_to_str, 0, NULL);
        if (text == TR_RAISED) return TR_RAISED;
        if (text == TR_UNDEF) return command;
        command = text;
    }
    if (tr_string_is(command, "") || tr_string_is(command, "SIG_IGN") || tr_string_is(command, "IGNORE"))
        *disposition = DISPOSITION_IGNORE;
    else if (tr_string_is(command, "SIG_DFL") || tr_string_is(command, "DEFAULT")) *disposition = DISPOSITION_DEFAULT;
    else if (tr_string_is(command, "SYSTEM_DEFAULT")) *disposition = DISPOSITION_SYSTEM;
    return tr_string_dup(f, command);
}

static MAY_GC Value describe(Fiber *f, int number) {
    switch ((Disposition)atomic_load(&dispositions[number])) {
    case DISPOSITION_SYSTEM: return tr_string_new_cstr(f, "SYSTEM_DEFAULT");
    case DISPOSITION_DEFAULT: return tr_string_new_cstr(f, "DEFAULT");
    case DISPOSITION_IGNORE: return tr_string_new_cstr(f, "IGNORE");
    case DISPOSITION_NIL: return TR_NIL;
    case DISPOSITION_COMMAND: return tr_array_at(tr_ractor_local_get(f->ractor, commands_key), (size_t)number);
    }
    TR_UNREACHABLE();
    return TR_NIL;
}

/* Signal.trap(signal, command) / trap(signal) { |number| … } -> the former command */
static MAY_SWITCH MAY_RAISE Value signal_trap(Fiber *f, Value self, const Args *args) {
    (void)self;
    int number = tr_signal_number(f, args->argv[0]);
    if (number < 0) return TR_RAISED;
    if (is_reserved(number)) return tr_raise(f, tr_class.argument_error, "can't trap reserved signal: SIG%s", name_of(number));
    Value command;
    Disposition disposition = DISPOSITION_COMMAND;
    if (args->argc > 1) command = read_command(f, args->argv[1], &disposition);
    else if (tr_block_is_given(args->block)) command = tr_block_to_proc(f, args->block);
    else command = tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    if (command == TR_RAISED) return TR_RAISED;
    if (!tr_ractor_is_main(f->ractor))
        return tr_raise(f, tr_class.ractor_unsafe_error, "can not set a signal handler from non-main Ractors");
    Value former = number == 0 && atomic_load(&dispositions[0]) != DISPOSITION_COMMAND ? TR_NIL : describe(f, number);
    Value commands = tr_ractor_local_get(f->ractor, commands_key);
    if (commands == TR_UNDEF) {
        commands = tr_array_new(f, SIGNAL_COUNT);
        tr_ractor_local_set(f->ractor, commands_key, commands);
    }
    if (tr_array_store(f, commands, number, command) == TR_RAISED) return TR_RAISED;
    int error = 0;
    Disposition before = atomic_load(&dispositions[number]);
    atomic_store(&dispositions[number], (uint8_t)disposition); /* before a signal can come to find it */
    if (number > 0) error = apply(number, disposition);
    if (error) {
        atomic_store(&dispositions[number], (uint8_t)before);
        char text[16];
        snprintf(text, sizeof text, "SIG%s", name_of(number) ? name_of(number) : "?");
        return tr_raise_errno(f, error, text);
    }
    return former;
}

/* Signal.list -> {"EXIT" => 0, "HUP" => 1, …} */
static MAY_SWITCH MAY_RAISE Value signal_list(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Value list = tr_hash_new(f);
    for (int i = 0; i < NAME_COUNT; i++)
        if (tr_hash_set(f, list, tr_string_new_ascii(f, names[i].name), TR_FIX(names[i].number)) == TR_RAISED) return TR_RAISED;
    return list;
}

/* Signal.signame(number) -> String or nil */
static MAY_SWITCH MAY_RAISE Value signal_signame(Fiber *f, Value self, const Args *args) {
    (void)self;
    int64_t number;
    if (!tr_to_long(f, args->argv[0], &number)) return TR_RAISED;
    const char *name = number >= 0 && number < SIGNAL_COUNT ? name_of((int)number) : NULL;
    return name ? tr_string_new_ascii(f, name) : TR_NIL;
}

static void install_defaults(void) {
    for (int n = 1; n < 32; n++) {
        if (!is_ours_by_default(n) && n != SIGPIPE) continue;
        struct sigaction now;
        if (sigaction(n, NULL, &now) == 0 && now.sa_handler == SIG_IGN) { /* as `nohup` wants it */
            atomic_store(&dispositions[n], DISPOSITION_IGNORE);
            continue;
        }
        atomic_store(&dispositions[n], n == SIGPIPE ? DISPOSITION_NIL : DISPOSITION_DEFAULT);
        apply(n, n == SIGPIPE ? DISPOSITION_NIL : DISPOSITION_DEFAULT);
    }
}

static const MethodDef kernel_methods[] = {
    {"trap", signal_trap, ARITY(1, 2), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef signal_methods[] = {
    {"trap", signal_trap, ARITY(1, 2), 0},
    {"list", signal_list, ARITY(0, 0), 0},
    {"signame", signal_signame, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};
static MAY_GC void signal_init(Fiber *f) {
    commands_key = tr_ractor_local_reserve();
    main_ractor = f->ractor;
    tr_sched_kicked = mark_main_thread;
    tr_threads_boot(f);
    install_defaults();
}
const ClassDef tr_signal_kernel_def = {.klass = &tr_class.kernel, .methods = kernel_methods};
const ClassDef tr_signal_def = {.klass = &tr_class.signal, .singleton_methods = signal_methods, .init = signal_init};

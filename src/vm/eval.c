/* eval.c - from text to running code: files, eval, Bindings.
 *
 * A Binding holds an environment on the heap. Code that is evaluated in it runs in a frame of its own whose
 * parent is that environment; when it defines new locals, its own environment goes to the heap and becomes
 * the Binding's, so that the next eval sees them.
 */
#include "vm/eval.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/exception.h"
#include "ractor/thread.h"
#include "syntax/diagnostics.h"
#include "value/data.h"
#include "vm/interp.h"

Frame *tr_main_frame;

/* ---- syntax ---- */

static MAY_SWITCH void print_warnings(Fiber *f, const Ast *ast) {
    Value verbose = tr_verbose(f);
    if (verbose == TR_NIL || ast->warning_count == 0) return;
    char *text = tr_diagnostics_warnings(ast, verbose == TR_TRUE);
    if (text && *text) {
        Value done = tr_io_write_stderr(f, tr_string_new_cstr(f, text));
        if (done == TR_RAISED) tr_rescue(f, NULL);
    }
    free(text);
}

bool tr_check_syntax(Fiber *f, const Ast *ast) {
    if (ast->error_count == 0) {
        print_warnings(f, ast);
        return true;
    }
    char *text = tr_diagnostics_errors(ast);
    AstErrorLevel level = tr_diagnostics_level(ast);
    Class *klass = level == AST_ERROR_LEVEL_ARGUMENT ? tr_class.argument_error
                   : level == AST_ERROR_LEVEL_LOAD   ? tr_class.load_error
                                                     : tr_class.syntax_error;
    Value message = tr_string_new_cstr(f, text ? text : "syntax error");
    free(text);
    Value error = tr_exception_new(f, klass, message);
    if (klass == tr_class.syntax_error)
        tr_write(error, &((Exception *)error)->name, tr_string_new_cstr(f, ast->filepath));
    return tr_raise_value(f, error) != TR_RAISED;
}

/* ---- files ---- */

Value tr_run_top(Fiber *f, Iseq *iseq, Value self, Cref *cref) {
    Frame *frame = f->frame;
    Value *locals = frame->sp;
    if (tr_stack_is_low(f) || !tr_iseq_fits(f, locals, iseq)) return tr_frame_overflow(f);
    for (uint32_t i = 0; i < iseq->local_count; i++) locals[i] = TR_NIL;
    Frame *pushed = tr_frame_push(f, tr_locals_ep(locals, iseq), (Value)cref, TR_NIL,
                                  FRAME_TOP | FRAME_LOCAL | FRAME_FINISH, iseq, iseq->code, self);
    if (iseq->type == ISEQ_MAIN) tr_main_frame = pushed;
    Value v = tr_vm_exec(f);
    if (iseq->type == ISEQ_MAIN) tr_main_frame = NULL;
    return v;
}

/* The file's bytes, malloc'ed; NULL: raised. */
static MAY_GC MAY_RAISE char *read_file(Fiber *f, const char *path, size_t *size) {
    int error = 0;
    char *bytes = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        error = errno;
    } else if (S_ISDIR(st.st_mode)) {
        error = EISDIR;
    } else {
        size_t capacity = (size_t)st.st_size + 4096, used = 0;
        bytes = malloc(capacity);
        while (bytes) {
            ssize_t got = read(fd, bytes + used, capacity - used);
            if (got <= 0) {
                if (got < 0) error = errno;
                break;
            }
            used += (size_t)got;
            if (used < capacity) continue;
            char *more = realloc(bytes, capacity *= 2);
            if (!more) free(bytes);
            bytes = more;
        }
        *size = used;
        if (!bytes) error = ENOMEM;
    }
    if (fd >= 0) close(fd);
    if (!error) return bytes;
    free(bytes);
    Value raised = tr_raise(f, tr_class.load_error, "cannot load such file -- %s", path);
    return raised == TR_RAISED ? NULL : bytes;
}

static MAY_GC Value absolute_path(Fiber *f, Value path) {
    char *real = realpath(tr_string(path)->bytes, NULL);
    Value v = real ? tr_string_interned(f, real, strlen(real), ENCODING_UTF8) : path;
    free(real);
    return v;
}

static MAY_GC Value shared_path(Fiber *f, Value path) {
    return tr_string_interned(f, tr_string(path)->bytes, tr_string(path)->size, ENCODING_UTF8);
}

Value tr_load_file(Fiber *f, Value path, Class *wrap) {
    size_t size = 0;
    char *bytes = read_file(f, tr_string(path)->bytes, &size);
    if (!bytes) return TR_RAISED;
    AstOptions options = {.filepath = tr_string(path)->bytes};
    Ast *ast = tr_ast_parse((const uint8_t *)bytes, size, &options);
    free(bytes);
    if (!ast) return tr_raise_no_memory(f);
    Iseq *iseq = NULL;
    if (tr_check_syntax(f, ast)) {
        CompileOptions compile = {0};
        Value shared = shared_path(f, path);
        Value full = absolute_path(f, shared);
        iseq = tr_compile(f, ast, ISEQ_TOP, shared, full, &compile);
    }
    tr_ast_free(ast);
    if (!iseq) return TR_RAISED;
    if (!wrap) return tr_run_top(f, iseq, tr_main_object(f), tr_cref_new(f, tr_class.object, NULL));
    Value self = tr_clone(f, tr_main_object(f), TR_NIL);
    if (self == TR_RAISED || tr_call(f, self, tr_intern_cstr("extend"), 1, (Value)wrap) == TR_RAISED)
        return TR_RAISED;
    return tr_run_top(f, iseq, self, tr_cref_new(f, wrap, tr_cref_top()));
}

/* ---- Bindings ---- */

static void binding_trace(Tracer *tracer, Value object) {
    const Binding *b = (const Binding *)object;
    tr_trace(tracer, b->env);
    tr_trace(tracer, b->self);
    tr_trace(tracer, (Value)b->iseq);
    tr_trace(tracer, b->path);
}
const DataType tr_binding_type = {.name = "Binding", .bytes = sizeof(Binding), .trace = binding_trace};

Value tr_binding_new(Fiber *f, Frame *frame) {
    tr_env_escape(f, frame);
    Binding *b = tr_data_alloc(f, &tr_binding_type, tr_class.binding);
    b->env = tr_ep_env(frame->captured.ep);
    b->self = frame->captured.self;
    b->iseq = frame->iseq;
    b->path = frame->iseq->path;
    b->line = tr_iseq_line(frame->iseq, (uint32_t)(frame->pc - frame->iseq->code));
    tr_write_many((Value)b);
    return (Value)b;
}

Value tr_binding_of_caller(Fiber *f) {
    Frame *frame = tr_ruby_frame(f);
    while (frame && (!frame->iseq || frame->iseq->is_internal)) frame = frame->prev;
    if (!frame)
        return tr_raise(f, tr_class.runtime_error, "Can't create Binding Object on top of Fiber or Thread");
    return tr_binding_new(f, frame);
}

void tr_toplevel_binding_boot(Fiber *f) {
    Binding *b = tr_data_alloc(f, &tr_binding_type, tr_class.binding);
    b->env = TR_UNDEF;
    b->self = tr_main_object(f);
    b->path = tr_string_interned(f, "main", 4, ENCODING_US_ASCII);
    b->line = 1;
    tr_const_define(f, tr_class.object, "TOPLEVEL_BINDING", (Value)b);
}

/* The innermost environment; NULL: TOPLEVEL_BINDING without a main program. */
static MAY_GC const Env *binding_env(Fiber *f, Binding *b) {
    if (b->env == TR_UNDEF) {
        if (!tr_main_frame) return NULL;
        Fiber *main = f->ractor->main_thread->root_fiber;
        Frame *mine = main->frame;
        if (main == f) {
            tr_env_escape(f, tr_main_frame);
        } else { /* the frames that lie inside of it are on the main fiber's stack */
            Frame *here = f->frame;
            f->frame = mine;
            tr_env_escape(f, tr_main_frame);
            f->frame = here;
        }
        b->env = tr_ep_env(tr_main_frame->captured.ep);
        b->iseq = tr_main_frame->iseq;
        tr_write_many((Value)b);
    }
    return (const Env *)b->env;
}

bool tr_is_implicit_parameter(const Iseq *iseq, uint32_t local) {
    return local < iseq->params.lead_count && (iseq->params.has_numbered || iseq->params.uses_it);
}

MAY_GC Value *tr_binding_find(Fiber *f, Binding *b, Id name, Value *env) {
    const Env *e = binding_env(f, b);
    while (e) {
        const Iseq *iseq = e->iseq;
        for (uint32_t i = 0; iseq && name && i < iseq->local_count; i++)
            if (iseq->locals[i] == name && !tr_is_implicit_parameter(iseq, i)) {
                *env = (Value)e;
                return &e->ep[-(int64_t)(iseq->local_count - i + 2)];
            }
        if (e->ep[0] & FRAME_LOCAL) break;
        e = (const Env *)tr_ep_env(tr_ep_parent(e->ep));
    }
    return NULL;
}

/* ---- eval ---- */

/* The scopes around, outermost first, for the parser. */
typedef struct Scopes {
    AstScope *list;
    uint32_t count;
} Scopes;

static void free_scopes(Scopes *scopes) {
    for (uint32_t i = 0; i < scopes->count; i++) free((void *)scopes->list[i].locals);
    free(scopes->list);
}

/* What `...`, `*`, `**` and `&` mean inside of the method. */
static uint8_t forwarding_of(const Iseq *iseq) {
    const Params *p = &iseq->params;
    uint8_t flags = 0;
    if (p->forwardable)
        return AST_FORWARDING_POSITIONALS | AST_FORWARDING_KEYWORDS | AST_FORWARDING_BLOCK |
               AST_FORWARDING_ALL;
    if (p->anonymous_rest) flags |= AST_FORWARDING_POSITIONALS;
    if (p->anonymous_kwrest) flags |= AST_FORWARDING_KEYWORDS;
    if (p->block_start >= 0 && iseq->locals[p->block_start] == 0) flags |= AST_FORWARDING_BLOCK;
    return flags;
}

static bool collect_scopes(const Env *env, Scopes *scopes) {
    uint32_t count = 0;
    for (const Env *e = env; e; count++) {
        if (e->ep[0] & FRAME_LOCAL) { count++; break; }
        e = (const Env *)tr_ep_env(tr_ep_parent(e->ep));
    }
    scopes->count = count;
    scopes->list = calloc(count ? count : 1, sizeof(AstScope));
    if (!scopes->list) return false;
    const Env *e = env;
    for (uint32_t level = count; level-- > 0;) {
        const Iseq *iseq = e->iseq;
        uint32_t locals = iseq ? iseq->local_count : 0, used = 0;
        AstString *names = calloc(locals ? locals : 1, sizeof(AstString));
        for (uint32_t i = 0; i < locals && names; i++) {
            if (!iseq->locals[i]) continue;
            const IdName *name = tr_id_name(iseq->locals[i]);
            names[used++] = (AstString){(const uint8_t *)name->bytes, name->size};
        }
        scopes->list[level] = (AstScope){names, used, iseq ? forwarding_of(iseq) : 0};
        if (level > 0) e = (const Env *)tr_ep_env(tr_ep_parent(e->ep));
    }
    return true;
}

static MAY_SWITCH MAY_RAISE Iseq *compile_eval(Fiber *f, Value source, const Env *env, Value path, int line) {
    Scopes scopes = {NULL, 0};
    if (env && !collect_scopes(env, &scopes)) {
        Value raised = tr_raise_no_memory(f);
        return raised == TR_RAISED ? NULL : NULL;
    }
    AstOptions options = {.filepath = tr_string(path)->bytes,
                          .line = line,
                          .has_line = true,
                          .encoding_locked = false,
                          .scopes = scopes.list,
                          .scope_count = scopes.count};
    if (tr_string_encoding(source) == ENCODING_BINARY) options.encoding = "ASCII-8BIT";
    else if (tr_string_encoding(source) == ENCODING_US_ASCII) options.encoding = "US-ASCII";
    Ast *ast = tr_ast_parse((const uint8_t *)tr_string(source)->bytes, tr_string(source)->size, &options);
    free_scopes(&scopes);
    Iseq *iseq = NULL;
    if (ast && tr_check_syntax(f, ast)) {
        CompileOptions compile = {.parent = env ? (Iseq *)env->iseq : NULL};
        iseq = tr_compile(f, ast, ISEQ_EVAL, shared_path(f, path), TR_NIL, &compile);
    }
    tr_ast_free(ast);
    TR_KEEP(source);
    return iseq;
}

Value tr_binding_eval(Fiber *f, Binding *b, Value self, Class *under, Value source, Value path, int line) {
    source = tr_to_str(f, source);
    if (source == TR_RAISED) return TR_RAISED;
    if (path == TR_NIL) {
        int at = 0;
        Value caller = tr_caller_location(f, &at);
        path =
            tr_string_format(f, "(eval at %s:%d)", tr_is_string(caller) ? tr_string(caller)->bytes : "", at);
        TR_KEEP(caller);
    } else {
        path = tr_to_str(f, path);
        if (path == TR_RAISED) return TR_RAISED;
    }
    const Env *env = binding_env(f, b);
    Iseq *iseq = compile_eval(f, source, env, path, line);
    if (!iseq) return TR_RAISED;
    Value method_or_cref = TR_FALSE;
    if (under || !env) {
        Cref *cref = tr_cref_new(f, under ? under : tr_class.object, env ? tr_ep_cref(f, env->ep) : NULL);
        method_or_cref = (Value)cref;
    } else { /* what `private` and `using` change inside stays inside */
        const Cref *around = tr_ep_cref(f, env->ep);
        Cref *cref = tr_cref_new(f, around->klass, around->next);
        memcpy((char *)cref + sizeof(Header), (const char *)around + sizeof(Header),
               sizeof(Cref) - sizeof(Header));
        method_or_cref = (Value)cref;
    }
    Frame *frame = f->frame;
    Value *locals = frame->sp;
    if (tr_stack_is_low(f) || !tr_iseq_fits(f, locals, iseq)) return tr_frame_overflow(f);
    for (uint32_t i = 0; i < iseq->local_count; i++) locals[i] = TR_NIL;
    Value flags = FRAME_EVAL | FRAME_FINISH | (env ? 0 : FRAME_LOCAL);
    Frame *pushed =
        tr_frame_push(f, tr_locals_ep(locals, iseq), method_or_cref, env ? (Value)env->ep : TR_NIL, flags,
                      iseq, iseq->code, self == TR_UNDEF ? b->self : self);
    if (iseq->local_count > 0) {
        tr_env_escape(f, pushed);
        b->env = tr_ep_env(pushed->captured.ep);
        b->iseq = iseq;
        tr_write_many((Value)b);
    }
    Value v = tr_vm_exec(f);
    TR_KEEP((Value)b);
    return v;
}

Value tr_eval_string(Fiber *f, Value source, Value self, Value binding, Value path, int line) {
    if (binding == TR_NIL) {
        binding = tr_binding_of_caller(f);
        if (binding == TR_RAISED) return TR_RAISED;
    }
    return tr_binding_eval(f, (Binding *)binding, self, NULL, source, path, line);
}

Value tr_eval_string_under(Fiber *f, Value source, Value self, Class *under, Value path, int line) {
    Value binding = tr_binding_of_caller(f);
    if (binding == TR_RAISED) return TR_RAISED;
    return tr_binding_eval(f, (Binding *)binding, self, under, source, path, line);
}

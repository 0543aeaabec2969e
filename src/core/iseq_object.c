/* iseq_object.c - RubyVM::InstructionSequence: compiled code as an object.
 *
 * The object holds an Iseq, which is shareable; running it runs the code with self = main at the top level.
 */
#include <stdlib.h>

#include "bytecode/iseq.h"
#include "core/core.h"
#include "syntax/ast.h"
#include "value/data.h"
#include "vm/eval.h"
#include "vm/interp.h"
#include "vm/proc.h"

typedef struct IseqObject { Data base; Iseq *iseq; } IseqObject;

static void iseq_object_trace(Tracer *tracer, Value object) { tr_trace(tracer, (Value)((IseqObject *)object)->iseq); }
static const DataType iseq_object_type = {
    .name = "RubyVM::InstructionSequence", .bytes = sizeof(IseqObject), .trace = iseq_object_trace,
};

static MAY_GC Value wrap(Fiber *f, Iseq *iseq) {
    IseqObject *object = tr_data_alloc(f, &iseq_object_type, tr_class.iseq);
    object->iseq = iseq;
    tr_barrier((Value)object, (Value)iseq);
    return (Value)object;
}

static Iseq *iseq_of(Value self) { return ((IseqObject *)self)->iseq; }

/* ---- compiling ---- */

typedef struct CompileRequest { Value source, file, path; int line; AstFrozenStringLiteral frozen; bool no_peephole; } CompileRequest;

/* The options Hash: frozen_string_literal: and peephole_optimization: count, others are accepted. */
static void read_options(CompileRequest *request, Value options) {
    if (!tr_is_hash(options)) return;
    Value frozen = tr_hash_get_symbol(options, tr_intern_cstr("frozen_string_literal"));
    if (frozen != TR_UNDEF && frozen != TR_NIL)
        request->frozen = tr_is_truthy(frozen) ? AST_FROZEN_ENABLED : AST_FROZEN_DISABLED;
    Value peephole = tr_hash_get_symbol(options, tr_intern_cstr("peephole_optimization"));
    request->no_peephole = peephole == TR_FALSE;
}

static MAY_SWITCH MAY_RAISE Value compile_request(Fiber *f, const CompileRequest *request, const char *label) {
    AstOptions options = {.filepath = tr_string(request->file)->bytes, .line = request->line, .has_line = true,
                          .frozen_string_literal = request->frozen};
    Ast *ast = tr_ast_parse((const uint8_t *)tr_string(request->source)->bytes, tr_string(request->source)->size, &options);
    if (!ast) return tr_raise_no_memory(f);
    Iseq *iseq = NULL;
    if (tr_check_syntax(f, ast)) {
        CompileOptions compile = {.label = label, .no_peephole = request->no_peephole};
        Value file = tr_string_intern(f, request->file);
        Value path = tr_is_nil(request->path) ? TR_NIL : tr_string_intern(f, request->path);
        iseq = tr_compile(f, ast, ISEQ_TOP, file, path, &compile);
    }
    tr_ast_free(ast);
    return iseq ? wrap(f, iseq) : TR_RAISED;
}

/* RubyVM::InstructionSequence.compile(source = "", file = "<compiled>", path = nil, line = 1, options = nil, **options)
 *   source   String, or an object that can be read (File)
 *   raises   SyntaxError
 *   effects  none of the code is run */
static MAY_SWITCH Value iseq_compile(Fiber *f, Value self, const Args *args) {
    (void)self;
    CompileRequest request = {.path = TR_NIL, .line = 1};
    Value source = args->argv[0];
    if (!tr_is_string(source)) {
        Value text = tr_call_if_responds(f, source, TR_ID_read, 0, NULL);
        if (text == TR_RAISED) return TR_RAISED;
        if (text != TR_UNDEF) source = text;
    }
    request.source = tr_to_str(f, source);
    if (request.source == TR_RAISED) return TR_RAISED;
    request.file = tr_string_new_cstr(f, "<compiled>");
    if (args->argc > 1 && args->argv[1] != TR_NIL) {
        request.file = tr_to_path(f, args->argv[1]);
        if (request.file == TR_RAISED) return TR_RAISED;
    }
    if (args->argc > 2 && args->argv[2] != TR_NIL) {
        request.path = tr_to_path(f, args->argv[2]);
        if (request.path == TR_RAISED) return TR_RAISED;
    }
    int64_t line = 1;
    if (args->argc > 3 && args->argv[3] != TR_NIL && !tr_to_long(f, args->argv[3], &line)) return TR_RAISED;
    request.line = (int)line;
    if (args->argc > 4) read_options(&request, args->argv[4]);
    read_options(&request, args->keywords);
    return compile_request(f, &request, "<compiled>");
}

/* RubyVM::InstructionSequence.compile_file(path, options = nil) */
static MAY_SWITCH Value iseq_compile_file(Fiber *f, Value self, const Args *args) {
    (void)self;
    CompileRequest request = {.line = 1};
    request.file = tr_to_path(f, args->argv[0]);
    if (request.file == TR_RAISED) return TR_RAISED;
    request.source = tr_call(f, (Value)tr_class.file, TR_ID_read, 1, request.file);
    if (request.source == TR_RAISED) return TR_RAISED;
    request.path = tr_call(f, (Value)tr_class.file, tr_intern_cstr("expand_path"), 1, request.file);
    if (request.path == TR_RAISED) return TR_RAISED;
    if (args->argc > 1) read_options(&request, args->argv[1]);
    read_options(&request, args->keywords);
    return compile_request(f, &request, "<main>");
}

/* ---- from code that exists ---- */

/* The sequence of a Method, UnboundMethod or Proc; NULL when it is not written in Ruby. */
static MAY_SWITCH MAY_RAISE Value find_iseq(Fiber *f, Value body, Iseq **iseq) {
    *iseq = NULL;
    if (tr_is_type(body, TYPE_METHOD_OBJECT)) *iseq = (Iseq *)tr_method_object_iseq(body);
    else if (tr_is_proc(body)) {
        const Proc *proc = tr_proc(body);
        if (proc->kind == PROC_ISEQ) *iseq = (Iseq *)proc->as.captured.iseq;
    } else if (tr_data_is(body, &iseq_object_type)) *iseq = iseq_of(body);
    else return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Proc/Method)", tr_real_class_of(body));
    if (*iseq) tr_iseq_complete(f, *iseq);
    return TR_NIL;
}

/* RubyVM::InstructionSequence.of(method_or_proc) -> InstructionSequence or nil */
static MAY_SWITCH Value iseq_s_of(Fiber *f, Value self, const Args *args) {
    (void)self;
    Iseq *iseq;
    if (find_iseq(f, args->argv[0], &iseq) == TR_RAISED) return TR_RAISED;
    return iseq ? wrap(f, iseq) : TR_NIL;
}

static MAY_SWITCH Value disasm_string(Fiber *f, const Iseq *iseq) {
    size_t size;
    char *text = tr_iseq_disasm(iseq, &size);
    Value string = tr_string_new(f, text, size);
    free(text);
    return string;
}

/* RubyVM::InstructionSequence.disasm(method_or_proc) -> String or nil */
static MAY_SWITCH Value iseq_s_disasm(Fiber *f, Value self, const Args *args) {
    (void)self;
    Iseq *iseq;
    if (find_iseq(f, args->argv[0], &iseq) == TR_RAISED) return TR_RAISED;
    return iseq ? disasm_string(f, iseq) : TR_NIL;
}

/* ---- instances ---- */

static MAY_SWITCH Value iseq_eval(Fiber *f, Value self, const Args *args) {
    (void)args;
    Iseq *iseq = iseq_of(self);
    if (iseq->type != ISEQ_TOP && iseq->type != ISEQ_MAIN)
        return tr_raise(f, tr_class.type_error, "attempt to evaluate non-top InstructionSequence");
    return tr_run_top(f, iseq, tr_main_object(f), tr_cref_new(f, tr_class.object, NULL));
}

static MAY_SWITCH Value iseq_disasm(Fiber *f, Value self, const Args *args) {
    (void)args;
    return disasm_string(f, iseq_of(self));
}

static Value iseq_path(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return iseq_of(self)->path;
}

static Value iseq_absolute_path(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return iseq_of(self)->absolute_path;
}

static Value iseq_label(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return iseq_of(self)->label;
}

static Value iseq_base_label(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return iseq_of(self)->local_iseq->label;
}

static Value iseq_first_lineno(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(iseq_of(self)->first_line);
}

static Value iseq_script_lines(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_NIL;
}

/* "<RubyVM::InstructionSequence:label@path:line>" */
static MAY_GC Value iseq_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    const Iseq *iseq = iseq_of(self);
    return tr_string_format(f, "<RubyVM::InstructionSequence:%s@%s:%u>", tr_string(iseq->label)->bytes,
                            tr_string(iseq->path)->bytes, iseq->first_line);
}

static MAY_SWITCH Value iseq_each_child(Fiber *f, Value self, const Args *args) {
    for (uint32_t i = 0; i < iseq_of(self)->child_count; i++) {
        Iseq *child = iseq_of(self)->children[i];
        tr_iseq_complete(f, child);
        if (tr_yield1(f, args->block, wrap(f, child)) == TR_RAISED) return TR_RAISED;
    }
    return TR_NIL;
}

/* [[line, :event], …] for each instruction that has one */
static MAY_SWITCH Value iseq_trace_points(Fiber *f, Value self, const Args *args) {
    (void)args;
    static const struct { uint32_t event; const char *name; } names[] = {
        {0x1, "line"}, {0x2, "class"}, {0x4, "end"}, {0x8, "call"}, {0x10, "return"}, {0x100, "b_call"}, {0x200, "b_return"},
    };
    Value points = tr_array_new(f, 0);
    const Iseq *iseq = iseq_of(self);
    for (uint32_t i = 0; i < iseq->line_count; i++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            if (!(iseq->lines[i].events & names[n].event)) continue;
            Value point = tr_array_new_values(f, 2, TR_FIX(iseq->lines[i].line), tr_value_from_id(tr_intern_cstr(names[n].name)));
            if (tr_array_push(f, points, point) == TR_RAISED) return TR_RAISED;
        }
    return points;
}

static const MethodDef iseq_methods[] = {
    { "eval",          iseq_eval,          ARITY(0, 0), 0 },
    { "disasm",        iseq_disasm,        ARITY(0, 0), 0 },
    { "disassemble",   iseq_disasm,        ARITY(0, 0), 0 },
    { "path",          iseq_path,          ARITY(0, 0), 0 },
    { "absolute_path", iseq_absolute_path, ARITY(0, 0), 0 },
    { "label",         iseq_label,         ARITY(0, 0), 0 },
    { "base_label",    iseq_base_label,    ARITY(0, 0), 0 },
    { "first_lineno",  iseq_first_lineno,  ARITY(0, 0), 0 },
    { "script_lines",  iseq_script_lines,  ARITY(0, 0), 0 },
    { "inspect",       iseq_inspect,       ARITY(0, 0), 0 },
    { "each_child",    iseq_each_child,    ARITY(0, 0), 0 },
    { "trace_points",  iseq_trace_points,  ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef iseq_singleton_methods[] = {
    { "compile",            iseq_compile,      ARITY(1, 5), METHOD_KEYWORDS },
    { "new",                iseq_compile,      ARITY(1, 5), METHOD_KEYWORDS },
    { "compile_prism",      iseq_compile,      ARITY(1, 5), METHOD_KEYWORDS },
    { "compile_file",       iseq_compile_file, ARITY(1, 2), METHOD_KEYWORDS },
    { "compile_file_prism", iseq_compile_file, ARITY(1, 2), METHOD_KEYWORDS },
    { "of",                 iseq_s_of,         ARITY(1, 1), 0 },
    { "disasm",             iseq_s_disasm,     ARITY(1, 1), 0 },
    { "disassemble",        iseq_s_disasm,     ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};

const ClassDef tr_iseq_def = {
    .klass = &tr_class.iseq, .methods = iseq_methods, .singleton_methods = iseq_singleton_methods, .no_alloc = true,
};

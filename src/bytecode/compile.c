/* compile.c - the compiler's frame: memory, scopes, and which function compiles which node.
 *
 * tr_compile walks the tree once. Each def, class, block, rescue and ensure clause is a sequence of its own, compiled when the
 * walk comes to it (a Scope opened inside a Scope). Trees may be deep, so a deep one is compiled on a stack made for it.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/bigstack.h"
#include "bytecode/compile_internal.h"

/* ---- memory ---- */

typedef struct CompileChunk {
    struct CompileChunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
} CompileChunk;

void *tr_compile_alloc(Compiler *c, size_t bytes) {
    bytes = (bytes + 15) & ~(size_t)15;
    CompileChunk *chunk = c->chunks;
    if (!chunk || chunk->size - chunk->used < bytes) {
        size_t size = bytes > 32000 ? bytes : 32000;
        chunk = malloc(sizeof *chunk + size);
        TR_CHECK(chunk);
        *chunk = (CompileChunk){.next = c->chunks, .size = size};
        c->chunks = chunk;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return memset(memory, 0, bytes);
}

void tr_list_grow(void **items, uint32_t *capacity, uint32_t count, size_t item_bytes) {
    uint32_t wanted = count < 8 ? 16 : count * 2;
    *items = realloc(*items, wanted * item_bytes);
    TR_CHECK(*items);
    *capacity = wanted;
}

/* ---- names and places ---- */

Id tr_compile_id(Scope *s, AstConstant name) {
    Compiler *c = s->compiler;
    if (c->ids[name] == 0 && name != 0) {
        const AstString *text = ast_constant(c->ast, name);
        c->ids[name] = tr_intern((const char *)text->bytes, text->size, c->encoding);
    }
    return c->ids[name];
}

int32_t tr_compile_line(Compiler *c, uint32_t offset) {
    const Ast *ast = c->ast;
    uint32_t i = c->line_hint;
    if (ast->line_offsets[i] > offset) {
        uint32_t low = 0, high = i;
        while (high - low > 1) {
            uint32_t middle = (low + high) / 2;
            if (ast->line_offsets[middle] <= offset) low = middle;
            else high = middle;
        }
        i = low;
    } else {
        uint32_t steps = 0;
        while (i + 1 < ast->line_count && ast->line_offsets[i + 1] <= offset && steps++ < 8) i++;
        if (i + 1 < ast->line_count && ast->line_offsets[i + 1] <= offset) {
            uint32_t low = i, high = ast->line_count;
            while (high - low > 1) {
                uint32_t middle = (low + high) / 2;
                if (ast->line_offsets[middle] <= offset) low = middle;
                else high = middle;
            }
            i = low;
        }
    }
    c->line_hint = i;
    return ast->start_line + (int32_t)i;
}

/* ---- the Iseq as an object ---- */

static void iseq_trace(Tracer *tracer, Value object) {
    Iseq *iseq = (Iseq *)object;
    if (iseq->parent) tr_trace(tracer, (Value)iseq->parent);
    if (iseq->local_iseq) tr_trace(tracer, (Value)iseq->local_iseq);
    for (uint32_t i = 0; i < iseq->child_count; i++) tr_trace(tracer, (Value)iseq->children[i]);
    tr_trace_range(tracer, iseq->literals, iseq->literal_count);
    tr_trace(tracer, iseq->label);
    tr_trace(tracer, iseq->path);
    tr_trace(tracer, iseq->absolute_path);
    tr_trace(tracer, iseq->source);
}

static void iseq_free(Heap *heap, Value object) {
    (void)heap;
    Iseq *iseq = (Iseq *)object;
    if (!iseq->arena) { /* its compilation was given up */
        free(iseq->literals);
        free(iseq->children);
    }
    free(iseq->arena);
}

static size_t iseq_size(Value object) {
    const Iseq *iseq = (const Iseq *)object;
    return iseq->size * sizeof *iseq->code + iseq->call_count * sizeof *iseq->calls;
}

static const HeapType iseq_type = {"iseq", iseq_trace, iseq_free, iseq_size};

void tr_iseq_register_type(void) { tr_heap_register_type(TYPE_ISEQ, &iseq_type); }

static MAY_GC Iseq *iseq_alloc(Compiler *c, IseqType type, Iseq *parent, Value label, const AstNode *node) {
    Iseq *iseq = tr_heap_alloc(c->f, sizeof *iseq, TYPE_ISEQ | TR_FLAG_FROZEN, NULL);
    iseq->type = type;
    iseq->parent = parent;
    bool is_own = type == ISEQ_TOP || type == ISEQ_MAIN || type == ISEQ_METHOD || type == ISEQ_CLASS || !parent;
    iseq->local_iseq = is_own ? iseq : parent->local_iseq;
    iseq->label = label;
    iseq->path = c->path;
    iseq->absolute_path = c->absolute_path;
    iseq->source = TR_NIL;
    iseq->is_internal = iseq->params.is_internal = c->options->is_internal;
    iseq->params.rest_start = iseq->params.post_start = iseq->params.block_start = -1;
    iseq->first_line = (uint32_t)tr_compile_line(c, node->start);
    iseq->last_line = (uint32_t)tr_compile_line(c, node->start + node->length);
    iseq->first_column = tr_ast_column(c->ast, node->start);
    iseq->last_column = tr_ast_column(c->ast, node->start + node->length);
    return iseq;
}

static void flag_shareable(Iseq *iseq) {
    iseq->h.flags |= TR_FLAG_SHAREABLE;
    tr_heap_note_shared(tr_heap_object_bytes((Value)iseq));
    for (uint32_t i = 0; i < iseq->child_count; i++) flag_shareable(iseq->children[i]);
}

/* ---- scopes ---- */

#define LIST_CLEAR(list) ((list).count = 0)

static Scope *scope_open(Compiler *c, Scope *outer, Iseq *iseq, bool is_ast_scope) {
    Scope *s = c->free_scopes;
    if (s) c->free_scopes = s->outer;
    else {
        s = calloc(1, sizeof *s);
        TR_CHECK(s);
    }
    LIST_CLEAR(s->code), LIST_CLEAR(s->labels), LIST_CLEAR(s->catches), LIST_CLEAR(s->calls), LIST_CLEAR(s->constants);
    LIST_CLEAR(s->case_tables), LIST_CLEAR(s->cases), LIST_CLEAR(s->locals), LIST_CLEAR(s->opt_labels);
    LIST_CLEAR(s->outer_reads), LIST_CLEAR(s->outer_writes);
    s->compiler = c;
    s->outer = outer;
    s->iseq = iseq;
    s->is_ast_scope = is_ast_scope;
    s->it_local = -1;
    s->ivar_caches = s->once_caches = s->literal_capacity = s->child_capacity = 0;
    s->depth = 0;
    s->line = (int32_t)iseq->first_line;
    s->node_id = 0;
    s->last_event_line = -1;
    s->events = 0;
    s->start_label = s->end_label = s->redo_label = 0;
    s->ensure = NULL;
    s->in_rescue = s->has_throw = false;
    s->flip_flops = 0;
    iseq->locals = NULL;
    return s;
}

static void scope_close(Scope *s) {
    s->outer = s->compiler->free_scopes;
    s->compiler->free_scopes = s;
}

static void scope_free_all(Compiler *c) {
    for (Scope *s = c->free_scopes, *next; s; s = next) {
        next = s->outer;
        free(s->code.items), free(s->labels.items), free(s->catches.items), free(s->calls.items), free(s->constants.items);
        free(s->case_tables.items), free(s->cases.items), free(s->locals.items), free(s->opt_labels.items);
        free(s->outer_reads.items), free(s->outer_writes.items);
        free(s);
    }
    for (CompileChunk *chunk = c->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
}

static void add_child(Scope *outer, Iseq *iseq) {
    Iseq *parent = outer->iseq;
    if (parent->child_count == outer->child_capacity)
        tr_list_grow((void **)&parent->children, &outer->child_capacity, parent->child_count, sizeof *parent->children);
    parent->children[parent->child_count++] = iseq;
    tr_barrier((Value)parent, (Value)iseq);
}

MAY_SWITCH Iseq *tr_compile_child(Scope *outer, IseqType type, Value label, const AstNode *node, bool is_ast_scope, ScopeBody body) {
    Compiler *c = outer->compiler;
    Iseq *iseq = iseq_alloc(c, type, outer->iseq, label, node);
    add_child(outer, iseq);
    Scope *s = scope_open(c, outer, iseq, is_ast_scope);
    body(s, node);
    tr_compile_finish(s);
    scope_close(s);
    return iseq;
}

MAY_GC Value tr_compile_label_format(Scope *s, const char *prefix, Value label) {
    const String *text = tr_string(label);
    size_t prefix_size = strlen(prefix), size = prefix_size + text->size;
    char *bytes = tr_compile_alloc(s->compiler, size + 1);
    memcpy(bytes, prefix, prefix_size);
    memcpy(bytes + prefix_size, text->bytes, text->size);
    return tr_string_interned(s->compiler->f, bytes, size, tr_string_encoding(label));
}

MAY_GC Value tr_compile_block_label(Scope *outer) {
    int levels = 1;
    const Iseq *iseq = outer->iseq;
    for (; iseq->local_iseq != iseq && iseq->parent; iseq = iseq->parent)
        if (iseq->type == ISEQ_BLOCK) levels++;
    char prefix[40] = "block in ";
    if (levels > 1) snprintf(prefix, sizeof prefix, "block (%d levels) in ", levels);
    return tr_compile_label_format(outer, prefix, iseq->label);
}

/* ---- nodes ---- */

MAY_SWITCH void tr_compile_body(Scope *s, const void *node, bool popped) {
    if (node) tr_compile_node(s, node, popped);
    else if (!popped) emit(s, OP_putnil);
}

static MAY_SWITCH void compile_statements(Scope *s, const AstStatementsNode *node, bool popped) {
    uint32_t count = node->body.count;
    for (uint32_t i = 0; i + 1 < count; i++) compile_popped(s, node->body.items[i]);
    if (count > 0) tr_compile_node(s, node->body.items[count - 1], popped);
    else if (!popped) emit(s, OP_putnil);
}

static MAY_SWITCH void compile_static(Scope *s, const AstNode *node, bool popped) {
    if (!popped) tr_emit_literal(s, tr_literal_value(s, node));
}

static MAY_SWITCH void compile_constant_path(Scope *s, const AstConstantPathNode *node, bool popped) {
    Id path[32];
    bool absolute;
    uint32_t count = tr_constant_path(s, &node->base, path, 32, &absolute);
    if (count > 0) tr_emit_getconst(s, path, count, absolute);
    else {
        if (node->parent) compile(s, node->parent);
        else tr_emit_literal(s, (Value)tr_class.object);
        emit1(s, OP_putobject, TR_FALSE);
        emit1(s, OP_getconstant, tr_compile_id(s, node->name));
    }
    if (popped) emit(s, OP_pop);
}

static void compile_it(Scope *s) {
    uint32_t level = 0;
    for (Scope *at = s; at; at = at->outer, level++)
        if (at->it_local >= 0) {
            emit2(s, OP_getlocal, at->iseq->local_count - (uint32_t)at->it_local + 2, level);
            return;
        }
    emit(s, OP_putnil);
}

static void note_newline(Scope *s, const AstNode *node) {
    if ((node->flags & AST_FLAG_NEWLINE) && s->last_event_line != s->line) {
        s->last_event_line = s->line;
        s->events |= EVENT_LINE;
    }
}

static uint64_t ivar_cache(Scope *s) { return s->ivar_caches++; }

static void compile_variable_read(Scope *s, const AstNode *node, bool popped) {
#define NAME(Type) tr_compile_id(s, ((const Type *)node)->name)
    switch (node->type) {
    case AST_LOCAL_VARIABLE_READ_NODE: {
        if (popped) return;
        const AstLocalVariableReadNode *read = (const void *)node;
        tr_emit_getlocal(s, tr_local_find(s, read->name, read->depth, false));
        return;
    }
    case AST_INSTANCE_VARIABLE_READ_NODE:
        if (popped) return;
        emit2(s, OP_getinstancevariable, NAME(AstInstanceVariableReadNode), ivar_cache(s));
        return;
    case AST_GLOBAL_VARIABLE_READ_NODE: emit1(s, OP_getglobal, NAME(AstGlobalVariableReadNode)); break;
    case AST_CLASS_VARIABLE_READ_NODE:
        emit2(s, OP_getclassvariable, NAME(AstClassVariableReadNode), ivar_cache(s));
        break;
    case AST_CONSTANT_READ_NODE: {
        Id name = NAME(AstConstantReadNode);
        tr_emit_getconst(s, &name, 1, false);
        break;
    }
    case AST_NUMBERED_REFERENCE_READ_NODE: {
        uint32_t number = ((const AstNumberedReferenceReadNode *)node)->number;
        if (popped) return;
        if (number == 0) emit(s, OP_putnil); /* a number too big to be one */
        else emit2(s, OP_getspecial, SVAR_BACKREF, (uint64_t)number << 1);
        return;
    }
    case AST_BACK_REFERENCE_READ_NODE:
        if (popped) return;
        emit2(s, OP_getspecial, SVAR_BACKREF,
              (uint64_t)ast_constant(s->compiler->ast, ((const AstBackReferenceReadNode *)node)->name)->bytes[1] << 1 | 1);
        return;
    case AST_IT_LOCAL_VARIABLE_READ_NODE:
        if (!popped) compile_it(s);
        return;
    }
#undef NAME
    if (popped) emit(s, OP_pop);
}

static MAY_SWITCH void compile_embedded(Scope *s, const AstNode *node, bool popped) {
    if (node->type == AST_EMBEDDED_VARIABLE_NODE)
        tr_compile_node(s, ((const AstEmbeddedVariableNode *)node)->variable, popped);
    else tr_compile_body(s, ((const AstEmbeddedStatementsNode *)node)->statements, popped);
}

static MAY_SWITCH void dispatch(Scope *s, const AstNode *node, bool popped) {
    switch ((AstType)node->type) {
    case AST_STATEMENTS_NODE: compile_statements(s, (const void *)node, popped); return;
    case AST_PARENTHESES_NODE: tr_compile_body(s, ((const AstParenthesesNode *)node)->body, popped); return;
    case AST_ELSE_NODE: tr_compile_body(s, ((const AstElseNode *)node)->statements, popped); return;
    case AST_EMBEDDED_STATEMENTS_NODE: case AST_EMBEDDED_VARIABLE_NODE: compile_embedded(s, node, popped); return;
    case AST_IMPLICIT_NODE: tr_compile_node(s, ((const AstImplicitNode *)node)->value, popped); return;
    case AST_BEGIN_NODE: tr_compile_begin(s, (const void *)node, popped); return;
    case AST_RESCUE_MODIFIER_NODE: tr_compile_rescue_modifier(s, (const void *)node, popped); return;

    case AST_NIL_NODE: if (!popped) emit(s, OP_putnil); return;
    case AST_TRUE_NODE: if (!popped) emit1(s, OP_putobject, TR_TRUE); return;
    case AST_FALSE_NODE: if (!popped) emit1(s, OP_putobject, TR_FALSE); return;
    case AST_SELF_NODE: if (!popped) emit(s, OP_putself); return;
    case AST_INTEGER_NODE: case AST_FLOAT_NODE: case AST_RATIONAL_NODE: case AST_IMAGINARY_NODE: case AST_SYMBOL_NODE:
    case AST_SOURCE_LINE_NODE: compile_static(s, node, popped); return;
    case AST_STRING_NODE: tr_compile_string(s, (const void *)node, popped); return;
    case AST_SOURCE_FILE_NODE: tr_compile_string(s, (const void *)node, popped); return;
    case AST_SOURCE_ENCODING_NODE: tr_compile_source_encoding(s, popped); return;
    case AST_INTERPOLATED_STRING_NODE: case AST_INTERPOLATED_SYMBOL_NODE: case AST_X_STRING_NODE:
    case AST_INTERPOLATED_X_STRING_NODE: tr_compile_interpolated(s, node, popped); return;
    case AST_REGULAR_EXPRESSION_NODE: case AST_INTERPOLATED_REGULAR_EXPRESSION_NODE: tr_compile_regexp(s, node, popped); return;
    case AST_MATCH_LAST_LINE_NODE: case AST_INTERPOLATED_MATCH_LAST_LINE_NODE:
        tr_compile_match_last_line(s, node, popped);
        return;
    case AST_ARRAY_NODE: tr_compile_array(s, (const void *)node, popped); return;
    case AST_HASH_NODE: case AST_KEYWORD_HASH_NODE: tr_compile_hash(s, node, popped); return;
    case AST_RANGE_NODE: tr_compile_range(s, (const void *)node, popped); return;

    case AST_LOCAL_VARIABLE_READ_NODE: case AST_INSTANCE_VARIABLE_READ_NODE: case AST_GLOBAL_VARIABLE_READ_NODE:
    case AST_CLASS_VARIABLE_READ_NODE: case AST_CONSTANT_READ_NODE: case AST_NUMBERED_REFERENCE_READ_NODE:
    case AST_BACK_REFERENCE_READ_NODE: case AST_IT_LOCAL_VARIABLE_READ_NODE:
        compile_variable_read(s, node, popped);
        return;
    case AST_CONSTANT_PATH_NODE: compile_constant_path(s, (const void *)node, popped); return;

    case AST_LOCAL_VARIABLE_WRITE_NODE: case AST_INSTANCE_VARIABLE_WRITE_NODE: case AST_GLOBAL_VARIABLE_WRITE_NODE:
    case AST_CLASS_VARIABLE_WRITE_NODE: case AST_CONSTANT_WRITE_NODE: case AST_CONSTANT_PATH_WRITE_NODE:
        tr_compile_write(s, node, popped);
        return;
    case AST_LOCAL_VARIABLE_AND_WRITE_NODE: case AST_LOCAL_VARIABLE_OR_WRITE_NODE: case AST_LOCAL_VARIABLE_OPERATOR_WRITE_NODE:
    case AST_INSTANCE_VARIABLE_AND_WRITE_NODE: case AST_INSTANCE_VARIABLE_OR_WRITE_NODE:
    case AST_INSTANCE_VARIABLE_OPERATOR_WRITE_NODE: case AST_GLOBAL_VARIABLE_AND_WRITE_NODE:
    case AST_GLOBAL_VARIABLE_OR_WRITE_NODE: case AST_GLOBAL_VARIABLE_OPERATOR_WRITE_NODE:
    case AST_CLASS_VARIABLE_AND_WRITE_NODE: case AST_CLASS_VARIABLE_OR_WRITE_NODE: case AST_CLASS_VARIABLE_OPERATOR_WRITE_NODE:
    case AST_CONSTANT_AND_WRITE_NODE: case AST_CONSTANT_OR_WRITE_NODE: case AST_CONSTANT_OPERATOR_WRITE_NODE:
    case AST_CONSTANT_PATH_AND_WRITE_NODE: case AST_CONSTANT_PATH_OR_WRITE_NODE: case AST_CONSTANT_PATH_OPERATOR_WRITE_NODE:
    case AST_CALL_AND_WRITE_NODE: case AST_CALL_OR_WRITE_NODE: case AST_CALL_OPERATOR_WRITE_NODE:
    case AST_INDEX_AND_WRITE_NODE: case AST_INDEX_OR_WRITE_NODE: case AST_INDEX_OPERATOR_WRITE_NODE:
        tr_compile_op_write(s, node, popped);
        return;
    case AST_MULTI_WRITE_NODE: tr_compile_multi_write(s, (const void *)node, popped); return;
    case AST_SHAREABLE_CONSTANT_NODE: tr_compile_shareable(s, (const void *)node, popped); return;

    case AST_CALL_NODE: tr_compile_call(s, (const void *)node, popped, false); return;
    case AST_SUPER_NODE: tr_compile_super(s, (const void *)node, popped); return;
    case AST_FORWARDING_SUPER_NODE: tr_compile_zsuper(s, (const void *)node, popped); return;
    case AST_YIELD_NODE: tr_compile_yield(s, (const void *)node, popped); return;
    case AST_LAMBDA_NODE: tr_compile_lambda(s, (const void *)node, popped); return;
    case AST_MATCH_WRITE_NODE: tr_compile_match_write(s, (const void *)node, popped); return;

    case AST_IF_NODE: case AST_UNLESS_NODE: tr_compile_if(s, node, popped); return;
    case AST_WHILE_NODE: case AST_UNTIL_NODE: tr_compile_loop(s, node, popped); return;
    case AST_FOR_NODE: tr_compile_for(s, (const void *)node, popped); return;
    case AST_AND_NODE: case AST_OR_NODE: tr_compile_and_or(s, node, popped); return;
    case AST_CASE_NODE: tr_compile_case(s, (const void *)node, popped); return;
    case AST_CASE_MATCH_NODE: tr_compile_case_match(s, (const void *)node, popped); return;
    case AST_MATCH_PREDICATE_NODE: tr_compile_match_predicate(s, (const void *)node, popped); return;
    case AST_MATCH_REQUIRED_NODE: tr_compile_match_required(s, (const void *)node, popped); return;
    case AST_FLIP_FLOP_NODE: tr_compile_flip_flop(s, (const void *)node, popped); return;
    case AST_BREAK_NODE: tr_compile_break(s, (const void *)node, popped); return;
    case AST_NEXT_NODE: tr_compile_next(s, (const void *)node, popped); return;
    case AST_REDO_NODE: tr_compile_redo(s, popped); return;
    case AST_RETRY_NODE: tr_compile_retry(s, popped); return;
    case AST_RETURN_NODE: tr_compile_return(s, (const void *)node, popped); return;

    case AST_DEF_NODE: tr_compile_def(s, (const void *)node, popped); return;
    case AST_CLASS_NODE: tr_compile_class(s, (const void *)node, popped); return;
    case AST_MODULE_NODE: tr_compile_module(s, (const void *)node, popped); return;
    case AST_SINGLETON_CLASS_NODE: tr_compile_singleton_class(s, (const void *)node, popped); return;
    case AST_ALIAS_METHOD_NODE: case AST_ALIAS_GLOBAL_VARIABLE_NODE: tr_compile_alias(s, node, popped); return;
    case AST_UNDEF_NODE: tr_compile_undef(s, (const void *)node, popped); return;
    case AST_POST_EXECUTION_NODE: tr_compile_post_execution(s, (const void *)node, popped); return;
    case AST_PRE_EXECUTION_NODE: if (!popped) emit(s, OP_putnil); return; /* it ran first: see compile_program */
    case AST_DEFINED_NODE: tr_compile_defined(s, (const void *)node, popped); return;

    case AST_SPLAT_NODE: /* in contexts that take an array: return *a, when *a, x = *a */
        compile(s, ((const AstSplatNode *)node)->expression);
        emit1(s, OP_splatarray, TR_TRUE);
        if (popped) emit(s, OP_pop);
        return;
    default: break;
    }
    tr_fatal(__FILE__, __LINE__, "the compiler does not know a %s", tr_ast_type_name(node->type));
}

MAY_SWITCH void tr_compile_node(Scope *s, const AstNode *node, bool popped) {
    int32_t line = s->line;
    uint32_t node_id = s->node_id;
    const AstNode *place = node;
    if (node->type == AST_BEGIN_NODE) { /* an empty body: the rescue clause is where it is */
        const AstBeginNode *begin = (const AstBeginNode *)node;
        if (!begin->statements && begin->rescue_clause) place = &begin->rescue_clause->base;
    }
    s->line = tr_compile_line(s->compiler, place->start);
    s->node_id = node->node_id;
    note_newline(s, node);
    dispatch(s, node, popped);
    s->line = line;
    s->node_id = node_id;
}

/* ---- programs ---- */

static int source_encoding(const Ast *ast) {
    if (strcmp(ast->encoding, "UTF-8") == 0) return ENCODING_UTF8;
    if (strcmp(ast->encoding, "US-ASCII") == 0) return ENCODING_US_ASCII;
    if (strcmp(ast->encoding, "ASCII-8BIT") == 0) return ENCODING_BINARY;
    int found = tr_encoding_find(ast->encoding, strlen(ast->encoding));
    return found < 0 ? ENCODING_BINARY : found;
}


static MAY_SWITCH void compile_program(Scope *s, const AstProgramNode *program) {
    for (uint32_t i = 0; i < program->locals.count; i++) tr_local_add(s, tr_compile_id(s, program->locals.items[i]));
    const AstStatementsNode *statements = program->statements;
    for (uint32_t i = 0; i < statements->body.count; i++) /* BEGIN { } */
        if (statements->body.items[i]->type == AST_PRE_EXECUTION_NODE)
            tr_compile_body(s, ((const AstPreExecutionNode *)statements->body.items[i])->statements, true);
    compile_statements(s, statements, false);
    if (s->code.count > 0) s->line = s->code.items[s->code.count - 1].line;
    emit(s, OP_leave);
}

typedef struct Job {
    Compiler compiler;
    Iseq *root;
    const AstNode *node;
    ScopeBody body;
} Job;

static MAY_SWITCH void program_body(Scope *s, const AstNode *node) { compile_program(s, (const AstProgramNode *)node); }

static MAY_SWITCH void run_job(void *argument) {
    Job *job = argument;
    Scope *s = scope_open(&job->compiler, NULL, job->root, true);
    job->body(s, job->node);
    tr_compile_finish(s);
    scope_close(s);
}

/* Machine stack that one level of the tree may need: several C frames each. */
#define STACK_PER_LEVEL ((size_t)1500)

/* Compiles the node into job->root and lets the compiler's memory go. */
static MAY_SWITCH void run_and_finish(Job *job) {
    Compiler *c = &job->compiler;
    Fiber *f = c->f;
    c->ids = calloc(c->ast->constant_count + 1, sizeof *c->ids);
    TR_CHECK(c->ids);
    size_t room = (size_t)((char *)__builtin_frame_address(0) - f->c_stack_limit);
    if (__atomic_load_n(&c->ast->depth, __ATOMIC_RELAXED) * STACK_PER_LEVEL > room) { /* see tr_iseq_complete */
        char *limit = f->c_stack_limit;
        bool was_disabled = tr_heap_set_disabled(f->heap, true);
        f->c_stack_limit = NULL;
        bool done = tr_bigstack_call(run_job, job, TR_BIGSTACK_BYTES);
        TR_CHECK(done);
        f->c_stack_limit = limit;
        tr_heap_set_disabled(f->heap, was_disabled);
    } else run_job(job);
    flag_shareable(job->root);
#ifdef TR_DEBUG
    tr_iseq_verify(job->root);
#endif
    scope_free_all(c);
    free(c->ids);
}

MAY_SWITCH Iseq *tr_compile(Fiber *f, const Ast *ast, IseqType type, Value path, Value absolute_path, const CompileOptions *options) {
    static const CompileOptions no_options;
    static _Atomic bool is_registered;
    if (!atomic_exchange_explicit(&is_registered, true, memory_order_relaxed)) tr_iseq_register_type();
    if (!options) options = &no_options;
    Job job = {.compiler = {.f = f, .ast = ast, .options = options, .path = path, .absolute_path = absolute_path,
                            .encoding = source_encoding(ast)},
               .node = &ast->root->base, .body = program_body};
    Value label;
    if (options->label) label = tr_string_interned(f, options->label, strlen(options->label), ENCODING_UTF8);
    else if (type == ISEQ_EVAL && options->parent) label = options->parent->label;
    else {
        const char *text = type == ISEQ_MAIN ? "<main>" : type == ISEQ_EVAL ? "<compiled>" : "<top (required)>";
        label = tr_string_interned(f, text, strlen(text), ENCODING_UTF8);
    }
    Iseq *root = job.root = iseq_alloc(&job.compiler, type, options->parent, label, &ast->root->base);
    run_and_finish(&job);
    TR_KEEP(root);
    return job.compiler.has_failed ? NULL : root;
}

/* ---- methods of the core library: compiled when they are first called ---- */

typedef struct LaterMethod {
    const Ast *ast; /* lives for ever */
    const AstDefNode *node;
} LaterMethod;

MAY_GC Iseq *tr_compile_later(Scope *outer, Value label, const AstDefNode *node) {
    Compiler *c = outer->compiler;
    Iseq *iseq = iseq_alloc(c, ISEQ_METHOD, outer->iseq, label, &node->base);
    LaterMethod *later = malloc(sizeof *later);
    TR_CHECK(later);
    *later = (LaterMethod){c->ast, node};
    iseq->arena = later;
    iseq->name = tr_compile_id(outer, node->name);
    add_child(outer, iseq);
    return iseq;
}

static pthread_mutex_t later_lock = PTHREAD_MUTEX_INITIALIZER; /* decoding, publishing: never across an allocation of ours */

/* Blocks and handlers inside were made for `from`; they belong to `to`. */
static void adopt(Iseq *child, const Iseq *from, Iseq *to) {
    if (child->local_iseq == from) child->local_iseq = to;
    if (child->parent == from) child->parent = to;
    for (uint32_t i = 0; i < child->child_count; i++) adopt(child->children[i], from, to);
}

/* What was made beside becomes the sequence itself, `code` last: whoever sees it sees all. */
static void publish(Iseq *iseq, Iseq *made) {
    pthread_mutex_lock(&later_lock);
    if (!tr_iseq_is_complete(iseq)) {
        for (uint32_t i = 0; i < made->child_count; i++) adopt(made->children[i], made, iseq);
        free(iseq->arena);
        CodeWord *code = made->code;
        made->code = NULL;
        made->local_iseq = iseq;
        enum { BEFORE_CODE = offsetof(Iseq, code), AFTER_CODE = BEFORE_CODE + sizeof made->code }; /* others look at it */
        memcpy((char *)iseq + sizeof iseq->h, (char *)made + sizeof made->h, BEFORE_CODE - sizeof made->h);
        memcpy((char *)iseq + AFTER_CODE, (char *)made + AFTER_CODE, sizeof *made - AFTER_CODE);
        __atomic_store_n(&iseq->code, code, __ATOMIC_RELEASE);
        made->arena = NULL;
        made->children = NULL, made->literals = NULL;
        made->child_count = made->literal_count = 0;
        tr_write_many((Value)iseq);
    }
    pthread_mutex_unlock(&later_lock);
}

MAY_SWITCH void tr_iseq_complete(Fiber *f, Iseq *iseq) {
    if (tr_iseq_is_complete(iseq)) return;
    static const CompileOptions internal = {.is_internal = true, .frozen_string_literal_set = true,
                                            .frozen_string_literal = true};
    pthread_mutex_lock(&later_lock);
    bool is_complete = tr_iseq_is_complete(iseq), is_decoded = true;
    LaterMethod later = {0};
    Iseq known; /* as it is now: another Ractor may publish it while this one compiles */
    if (!is_complete) {
        known = *iseq;
        later = *(LaterMethod *)iseq->arena;
        if (later.node->base.flags & AST_FLAG_INCOMPLETE)
            is_decoded = tr_ast_complete((Ast *)later.ast, (AstDefNode *)later.node);
    }
    pthread_mutex_unlock(&later_lock);
    TR_CHECK(is_decoded);
    if (is_complete) return;
    Job job = {.compiler = {.f = f, .ast = later.ast, .options = &internal, .path = known.path,
                            .absolute_path = known.absolute_path, .encoding = source_encoding(later.ast)},
               .node = &later.node->base, .body = tr_compile_method_body};
    Iseq *made = job.root = iseq_alloc(&job.compiler, ISEQ_METHOD, known.parent, known.label, &later.node->base);
    run_and_finish(&job);
    TR_CHECK(!job.compiler.has_failed);
    publish(iseq, made);
    TR_KEEP(made);
}

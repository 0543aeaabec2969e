/* parse.c - source and options in, Ast out: packs the options, runs the parser, loads what it serialized.
 *
 * All of it happens on a big stack, because the parser and the loader recurse as deep as the source is nested. When
 * the parser cannot go on (nesting, memory), the Ast has no root and one error that says so.
 */
#include "syntax/ast_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/bigstack.h"
#include "syntax/arena.h"
#include "syntax/wasm/sandbox.h"

/* The parser takes some 10 KB of machine stack for each level of nesting, and itself refuses 10,000 levels. */
#define PARSER_STACK_BYTES ((size_t)256 << 20)

/* ---- options, packed as pm_options_read expects them ---- */

typedef struct {
    uint8_t *bytes;
    size_t size, capacity;
    bool failed;
} Buffer;

static void put(Buffer *buffer, const void *bytes, size_t size)
{
    if (buffer->size + size > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity * 2 : 256;
        while (capacity < buffer->size + size)
            capacity *= 2;
        uint8_t *grown = realloc(buffer->bytes, capacity);
        if (!grown) {
            buffer->failed = true;
            return;
        }
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
    if (size > 0)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

static void put_byte(Buffer *buffer, uint8_t byte)
{
    put(buffer, &byte, 1);
}

static void put_word(Buffer *buffer, uint32_t word)
{
    uint8_t bytes[4] = { (uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24) };
    put(buffer, bytes, sizeof bytes);
}

static void put_string(Buffer *buffer, const void *bytes, size_t size)
{
    put_word(buffer, (uint32_t)size);
    put(buffer, bytes, size);
}

static uint8_t frozen_byte(AstFrozenStringLiteral frozen)
{
    switch (frozen) {
    case AST_FROZEN_DISABLED: return 0xff; /* -1 */
    case AST_FROZEN_ENABLED:  return 1;
    default:                  return 0;
    }
}

/* The parser takes the last scope for the source's own, so the surrounding ones are followed by an empty one. */
static void put_scopes(Buffer *buffer, const AstOptions *options)
{
    put_word(buffer, options->scope_count ? options->scope_count + 1 : 0);
    for (uint32_t i = 0; i < options->scope_count; i++) {
        const AstScope *scope = &options->scopes[i];
        put_word(buffer, scope->local_count);
        put_byte(buffer, scope->forwarding);
        for (uint32_t j = 0; j < scope->local_count; j++)
            put_string(buffer, scope->locals[j].bytes, scope->locals[j].size);
    }
    if (options->scope_count) {
        put_word(buffer, 0);
        put_byte(buffer, 0);
    }
}

static Buffer pack_options(const AstOptions *options)
{
    const uint8_t ruby_4_0 = 3;
    const char *path = options->filepath ? options->filepath : "";
    const char *encoding = options->encoding ? options->encoding : "";
    Buffer buffer = { 0 };
    put_string(&buffer, path, strlen(path));
    put_word(&buffer, (uint32_t)(options->has_line || options->line ? options->line : 1));
    put_string(&buffer, encoding, strlen(encoding));
    put_byte(&buffer, frozen_byte(options->frozen_string_literal));
    put_byte(&buffer, options->command_line);
    put_byte(&buffer, ruby_4_0);
    put_byte(&buffer, options->encoding_locked);
    put_byte(&buffer, options->main_script);
    put_byte(&buffer, options->partial_script);
    put_byte(&buffer, 0); /* freeze: nodes for Ruby's own objects, of which we have none */
    put_scopes(&buffer, options);
    return buffer;
}

/* ---- the parse ---- */

typedef struct {
    Ast *ast;
    Buffer options;
    SandboxStatus sandbox;
    AstLoadStatus load;
} Parse;

static void load_serialized(void *context, const uint8_t *bytes, size_t size)
{
    Parse *parse = context;
    parse->load = tr_ast_load(parse->ast, bytes, size);
}

static void run_parse(void *context)
{
    Parse *parse = context;
    const Ast *ast = parse->ast;
    parse->sandbox = tr_sandbox_parse(ast->source, ast->source_size, parse->options.bytes, parse->options.size,
                                      tr_bigstack_active()->low, load_serialized, parse);
}

static const char *failure_message(const Parse *parse)
{
    if (parse->sandbox == SANDBOX_TOO_DEEP || parse->load == AST_LOAD_TOO_DEEP)
        return "nesting too deep";
    if (parse->sandbox == SANDBOX_NO_MEMORY || parse->load == AST_LOAD_NO_MEMORY)
        return "the source is too large for the parser's memory";
    return "the parser gave up on this source";
}

/* What the parser had found before it failed is dropped: only the failure is reported. */
static void report_failure(Ast *ast, const char *message)
{
    AstDiagnostic *error = tr_arena_get(ast->arena, sizeof *error);
    static const AstDiagnostic no_memory = { .type = AST_DIAGNOSTIC_TROUPE, .message = "out of memory" };
    if (error)
        *error = (AstDiagnostic){ .type = AST_DIAGNOSTIC_TROUPE, .message = message };
    ast->errors = error ? error : &no_memory;
    ast->error_count = 1;
    ast->warning_count = 0;
}

/* Behind the first complaint about nesting come up to four for each bracket, and none says anything. */
static void keep_nesting_error_only(Ast *ast)
{
    for (uint32_t i = 0; i < ast->error_count; i++) {
        if (ast->errors[i].type == AST_ERROR_NESTING_TOO_DEEP) {
            ast->errors = &ast->errors[i];
            ast->error_count = 1;
        }
    }
}

Ast *tr_ast_parse(const uint8_t *source, size_t size, const AstOptions *options)
{
    static const AstOptions defaults;
    if (!options)
        options = &defaults;
    bool is_too_large = size > UINT32_MAX / 4;
    Parse parse = { .ast = tr_ast_new(source, is_too_large ? 0 : size, options), .options = pack_options(options) };
    if (!parse.ast || parse.options.failed) {
        free(parse.options.bytes);
        tr_ast_free(parse.ast);
        return NULL;
    }
    if (is_too_large || !tr_bigstack_call(run_parse, &parse, PARSER_STACK_BYTES))
        parse.sandbox = SANDBOX_NO_MEMORY;
    free(parse.options.bytes);
    if (parse.sandbox != SANDBOX_OK || parse.load != AST_LOAD_OK)
        report_failure(parse.ast, failure_message(&parse));
    keep_nesting_error_only(parse.ast);
    return parse.ast;
}

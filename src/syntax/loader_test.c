/* loader_test.c - the way from source to tree: what arrives, what is refused, and what does no harm. */
#include "syntax/ast_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "syntax/diagnostics.h"
#include "syntax/wasm/sandbox.h"

static Ast *parse(const char *source)
{
    return tr_ast_parse((const uint8_t *)source, strlen(source), &(AstOptions){ .filepath = "t.rb" });
}

static AstNode *first_statement(const Ast *ast)
{
    return ast->root->statements->body.items[0];
}

static bool is_text(const Ast *ast, AstConstant name, const char *text)
{
    const AstString *string = ast_constant(ast, name);
    return string->size == strlen(text) && memcmp(string->bytes, text, string->size) == 0;
}

/* `piece` repeated, with something before and after; malloc'ed. */
static char *repeat(const char *before, const char *piece, size_t count, const char *after)
{
    size_t size = strlen(piece);
    char *text = malloc(strlen(before) + size * count + strlen(after) + 1), *at = stpcpy(text, before);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, piece);
    stpcpy(at, after);
    return text;
}

static void reads_a_call(void)
{
    Ast *ast = parse("# frozen_string_literal: true\nfoo&.bar(1, *a) { |x| x }\n__END__\ndata\n");
    TEST_EQUAL(0, ast->error_count);
    AstCallNode *call = (AstCallNode *)first_statement(ast);
    TEST_EQUAL(AST_CALL_NODE, call->base.type);
    TEST_CHECK(is_text(ast, call->name, "bar"));
    TEST_CHECK(call->base.flags & AST_CALL_NODE_FLAGS_SAFE_NAVIGATION);
    TEST_CHECK(call->base.flags & AST_FLAG_NEWLINE);
    TEST_EQUAL(2, call->arguments->arguments.count);
    TEST_CHECK(call->arguments->base.flags & AST_ARGUMENTS_NODE_FLAGS_CONTAINS_SPLAT);
    TEST_EQUAL(AST_BLOCK_NODE, call->block->type);
    TEST_CHECK(!ast_loc_is_present(call->equal_loc));
    TEST_EQUAL(2, tr_ast_line(ast, call->base.start));
    TEST_EQUAL(5, tr_ast_column(ast, call->message_loc.start));
    TEST_CHECK(ast_loc_is_present(ast->data_loc));
    TEST_EQUAL(1, ast->magic_comment_count);
    TEST_EQUAL(1, ast->comment_count);
    TEST_STRING("UTF-8", ast->encoding);
    tr_ast_free(ast);
}

static void reads_literals(void)
{
    Ast *ast = parse("[-5, 0x1_0000_0000_0000_0000, 1.5, 'a\\'b', \"\\u00e9\", 3r]");
    TEST_EQUAL(0, ast->error_count);
    AstNode **items = ((AstArrayNode *)first_statement(ast))->elements.items;
    AstIntegerNode *small = (AstIntegerNode *)items[0], *big = (AstIntegerNode *)items[1];
    TEST_CHECK(small->value.is_negative && small->value.count == 1 && small->value.words[0] == 5);
    TEST_CHECK(big->value.count == 3 && big->value.words[0] == 0 && big->value.words[2] == 1);
    TEST_CHECK(((AstFloatNode *)items[2])->value == 1.5);
    AstString quoted = ((AstStringNode *)items[3])->unescaped, accent = ((AstStringNode *)items[4])->unescaped;
    TEST_CHECK(quoted.size == 3 && memcmp(quoted.bytes, "a'b", 3) == 0);
    TEST_CHECK(accent.size == 2 && memcmp(accent.bytes, "\303\251", 2) == 0);
    TEST_EQUAL(3, ((AstRationalNode *)items[5])->numerator.words[0]);
    tr_ast_free(ast);
}

static void knows_the_variables_of_an_eval(void)
{
    AstString outer = { (const uint8_t *)"x", 1 }, inner = { (const uint8_t *)"y", 1 };
    AstScope scopes[] = { { &outer, 1, 0 }, { &inner, 1, AST_FORWARDING_BLOCK } };
    AstOptions options = { .filepath = "(eval)", .line = 10, .scopes = scopes, .scope_count = 2 };
    Ast *ast = tr_ast_parse((const uint8_t *)"x\ny\nz = 1", 9, &options);
    TEST_EQUAL(0, ast->error_count);
    TEST_EQUAL(1, ast->root->locals.count);
    AstLocalVariableReadNode *x = (AstLocalVariableReadNode *)ast->root->statements->body.items[0];
    AstLocalVariableReadNode *y = (AstLocalVariableReadNode *)ast->root->statements->body.items[1];
    TEST_EQUAL(AST_LOCAL_VARIABLE_READ_NODE, x->base.type);
    TEST_EQUAL(2, x->depth);
    TEST_EQUAL(1, y->depth);
    TEST_EQUAL(11, tr_ast_line(ast, y->base.start));
    tr_ast_free(ast);
}

static void wraps_a_script_in_a_loop(void)
{
    AstOptions options = { .command_line = AST_COMMAND_LINE_N | AST_COMMAND_LINE_L };
    Ast *ast = tr_ast_parse((const uint8_t *)"p 1", 3, &options);
    TEST_EQUAL(AST_WHILE_NODE, first_statement(ast)->type);
    tr_ast_free(ast);
}

static void numbers_warnings_after_errors(void)
{
    Ast *ast = parse("foo == 1; foo\n");
    TEST_EQUAL(0, ast->error_count);
    TEST_EQUAL(1, ast->warning_count);
    TEST_EQUAL(AST_WARNING_VOID_STATEMENT, ast->warnings[0].type);
    TEST_EQUAL(AST_WARNING_LEVEL_VERBOSE, ast->warnings[0].level);
    char *text = tr_diagnostics_warnings(ast, true), *none = tr_diagnostics_warnings(ast, false);
    TEST_STRING("t.rb:1: warning: possibly useless use of == in void context\n", text);
    TEST_STRING("", none);
    free(text);
    free(none);
    tr_ast_free(ast);
}

static void reports_errors_as_ruby_does(void)
{
    Ast *ast = parse("def f\n  1 +\nend\nfoo(\n\n\n\n\n\n\nbar]\n");
    char *text = tr_diagnostics_errors(ast);
    TEST_STRING("t.rb:3: syntax errors found\n"
                "   1 | def f\n"
                "   2 |   1 +\n"
                ">  3 | end\n"
                "     | ^~~ unexpected 'end'; expected an expression after the operator\n"
                "     | ^~~ unexpected 'end', assuming it is closing the parent method definition\n"
                "   4 | foo(\n"
                "   5 | \n"
                "  ~~~~~~\n"
                "   9 | \n"
                "  10 | \n"
                "> 11 | bar]\n"
                "     |    ^ unexpected ']'; expected a `)` to close the arguments\n"
                "     |    ^ unexpected ']', expecting end-of-input\n"
                "     |    ^ unexpected ']', ignoring it\n",
                text);
    TEST_EQUAL(AST_ERROR_LEVEL_SYNTAX, tr_diagnostics_level(ast));
    free(text);
    tr_ast_free(ast);
}

static void reports_an_unknown_encoding(void)
{
    Ast *ast = parse("# encoding: nope\n1");
    TEST_EQUAL(AST_ERROR_LEVEL_ARGUMENT, tr_diagnostics_level(ast));
    char *text = tr_diagnostics_errors(ast);
    TEST_STRING("t.rb:1: unknown or invalid encoding in the magic comment\n"
                "> 1 | # encoding: nope\n"
                "    |             ^~~~\n"
                "  2 | 1\n",
                text);
    free(text);
    tr_ast_free(ast);
}

static void check_nesting(char *source)
{
    Ast *ast = parse(source);
    TEST_EQUAL(1, ast->error_count);
    TEST_STRING("nesting too deep", ast->errors[0].message);
    char *text = tr_diagnostics_errors(ast);
    TEST_CHECK(text && strstr(text, "nesting too deep"));
    free(text);
    tr_ast_free(ast);
    free(source);
}

static void refuses_deep_nesting(void)
{
    check_nesting(repeat("", "[", 100000, ""));
    check_nesting(repeat("", "(", 100000, ""));
    check_nesting(repeat("", "-", 100000, "1"));
    check_nesting(repeat("", "def a;", 20000, ""));
    check_nesting(repeat("", "\"#{", 20000, ""));
    check_nesting(repeat("a", "+a", 100000, ""));
    check_nesting(repeat("a", ".b", 100000, ""));
}

static void takes_long_lines(void)
{
    char *source = repeat("x = \"", "0123456789", 1000000, "\"");
    Ast *ast = parse(source);
    TEST_EQUAL(0, ast->error_count);
    AstLocalVariableWriteNode *write = (AstLocalVariableWriteNode *)first_statement(ast);
    TEST_EQUAL(10000000, ((AstStringNode *)write->value)->unescaped.size);
    tr_ast_free(ast);
    free(source);
}

static void takes_rubbish(void)
{
    unsigned seed = 1;
    for (int round = 0; round < 50; round++) {
        uint8_t bytes[2000];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
        Ast *ast = tr_ast_parse(bytes, sizeof bytes, NULL);
        if (ast->error_count > 0)
            free(tr_diagnostics_errors(ast));
        tr_ast_free(ast);
    }
}

/* ---- the loader alone ---- */

typedef struct {
    uint8_t *bytes;
    size_t size;
} Wire;

static const char wire_source[] = "class A < B; def f(a, b = 1, *c, d:, **e, &g) = a + @b; end\nx = [1, \"a#{x}b\", :s, /r/]";

/* Smallest honest input: what the serializer makes of an empty program, written down by hand. */
static Wire empty_program(void)
{
    static const uint8_t bytes[] = {
        'P', 'R', 'I', 'S', 'M', AST_PRISM_MAJOR, AST_PRISM_MINOR, AST_PRISM_PATCH, 0,
        5, 'U', 'T', 'F', '-', '8', 2, 1, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0,                                   /* the constant pool: at 0, empty */
        AST_PROGRAM_NODE, 1, 0, 0, 0, 0,                 /* id, location, flags, locals */
        AST_STATEMENTS_NODE, 2, 0, 0, 0, 0,
    };
    Wire wire = { malloc(sizeof bytes), sizeof bytes };
    memcpy(wire.bytes, bytes, sizeof bytes);
    return wire;
}

static AstLoadStatus load(const Wire *wire, size_t size)
{
    Ast *ast = tr_ast_new((const uint8_t *)wire_source, sizeof wire_source - 1, &(AstOptions){ 0 });
    AstLoadStatus status = tr_ast_load(ast, wire->bytes, size);
    TEST_EQUAL(status == AST_LOAD_OK, ast->root != NULL);
    tr_ast_free(ast);
    return status;
}

static void loads_what_is_well_formed_only(void)
{
    Wire wire = empty_program();
    TEST_EQUAL(AST_LOAD_OK, load(&wire, wire.size));
    for (size_t size = 0; size < wire.size; size++)
        TEST_EQUAL(AST_LOAD_CORRUPT, load(&wire, size));
    for (size_t at = 0; at < wire.size; at++) {
        uint8_t saved = wire.bytes[at];
        for (int byte = 0; byte < 256; byte++) {
            wire.bytes[at] = (uint8_t)byte;
            load(&wire, wire.size);
        }
        wire.bytes[at] = saved;
    }
    free(wire.bytes);
}

/* What the parser says about a source, kept. */
static void keep_tree(void *context, const uint8_t *bytes, size_t size)
{
    Wire *wire = context;
    wire->bytes = malloc(size);
    wire->size = size;
    memcpy(wire->bytes, bytes, size);
}

static void leaves_methods_for_later(void)
{
    static const char source[] = "class A\n  def f(a) = a + 1\n  def self.g\n    def h; end\n  end\nend\n";
    static const uint8_t no_options[64];
    const char *stack_low = (const char *)__builtin_frame_address(0) - (4 << 20);
    Wire wire;
    TEST_EQUAL(SANDBOX_OK, tr_sandbox_parse((const uint8_t *)source, sizeof source - 1, no_options, sizeof no_options,
                                            stack_low, keep_tree, &wire));
    Ast *ast = tr_ast_from_tree((const uint8_t *)source, sizeof source - 1, wire.bytes, wire.size, "<internal:a>");
    AstClassNode *class = (AstClassNode *)first_statement(ast);
    AstNodeList body = ((AstStatementsNode *)class->body)->body;
    AstDefNode *f = (AstDefNode *)body.items[0], *g = (AstDefNode *)body.items[1];
    TEST_EQUAL(2, body.count);
    TEST_CHECK((f->base.flags & AST_FLAG_INCOMPLETE) && !f->parameters && !f->body);
    TEST_CHECK(is_text(ast, f->name, "f") && !f->receiver && g->receiver->type == AST_SELF_NODE);
    TEST_CHECK(tr_ast_complete(ast, f) && tr_ast_complete(ast, g) && tr_ast_complete(ast, g));
    TEST_CHECK(!(f->base.flags & AST_FLAG_INCOMPLETE) && ast_loc_is_present(f->equal_loc));
    TEST_EQUAL(1, f->parameters->requireds.count);
    AstDefNode *h = (AstDefNode *)((AstStatementsNode *)g->body)->body.items[0];
    TEST_CHECK(is_text(ast, h->name, "h") && !(h->base.flags & AST_FLAG_INCOMPLETE));
    TEST_EQUAL(4, tr_ast_line(ast, h->base.start));
    tr_ast_free(ast);
    free(wire.bytes);
}

static void *parse_in_a_thread(void *context)
{
    for (int i = 0; i < 50; i++) {
        Ast *ast = parse(context);
        if (ast->error_count > 0 || ast->root->statements->body.count != 2)
            return NULL;
        tr_ast_free(ast);
    }
    return context;
}

static void parses_on_many_threads(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, parse_in_a_thread, (void *)wire_source);
    for (int i = 0; i < 4; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        TEST_CHECK(result != NULL);
    }
}

static void dumps_a_tree(void)
{
    Ast *ast = parse("1");
    char *text = tr_ast_dump(ast);
    TEST_STRING("@ ProgramNode (location: (1,0)-(1,1))\n"
                "├── flags: ∅\n"
                "├── locals: []\n"
                "└── statements:\n"
                "    @ StatementsNode (location: (1,0)-(1,1))\n"
                "    ├── flags: ∅\n"
                "    └── body: (length: 1)\n"
                "        └── @ IntegerNode (location: (1,0)-(1,1))\n"
                "            ├── flags: newline, static_literal, decimal\n"
                "            └── value: 1\n",
                text);
    free(text);
    tr_ast_free(ast);
}

int main(void)
{
    TEST_RUN(reads_a_call);
    TEST_RUN(reads_literals);
    TEST_RUN(knows_the_variables_of_an_eval);
    TEST_RUN(wraps_a_script_in_a_loop);
    TEST_RUN(numbers_warnings_after_errors);
    TEST_RUN(reports_errors_as_ruby_does);
    TEST_RUN(reports_an_unknown_encoding);
    TEST_RUN(refuses_deep_nesting);
    TEST_RUN(takes_long_lines);
    TEST_RUN(takes_rubbish);
    TEST_RUN(loads_what_is_well_formed_only);
    TEST_RUN(leaves_methods_for_later);
    TEST_RUN(parses_on_many_threads);
    TEST_RUN(dumps_a_tree);
    return TEST_RESULT();
}

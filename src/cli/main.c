/* main.c - the `troupe` command: what happens before and after the program runs.
 *
 * Options, source, syntax; only a program that can run costs a virtual machine.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/options.h"
#include "cli/source.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"

static bool change_directory(const char *directory)
{
    if (!directory || chdir(directory) == 0)
        return true;
    fprintf(stderr, "troupe: Can't chdir to %s (%s)\n", directory, strerror(errno));
    return false;
}

static Ast *parse_source(const Source *source, const CliOptions *options)
{
    return tr_ast_parse((const uint8_t *)source->bytes, source->size,
                        &(AstOptions){
                            .filepath = source->name,
                            .encoding = options->script_encoding,
                            .frozen_string_literal = (AstFrozenStringLiteral)options->frozen_string_literal,
                            .command_line = options->command_line,
                            .main_script = true,
                        });
}

/* An uncaught exception's shape: the class behind the first line of the message. */
static void print_syntax_error(const Ast *ast)
{
    static const char *const classes[] = { "SyntaxError", "ArgumentError", "LoadError" };
    char *message = tr_diagnostics_errors(ast);
    if (!message) {
        fputs("troupe: failed to allocate memory (NoMemoryError)\n", stderr);
        return;
    }
    AstErrorLevel level = tr_diagnostics_level(ast);
    size_t first = strcspn(message, "\n");
    fprintf(stderr, "%s: %.*s (%s)%s", level == AST_ERROR_LEVEL_LOAD ? "troupe" : ast->filepath, (int)first, message,
            classes[level], message + first);
    if (message[strlen(message) - 1] != '\n')
        fputc('\n', stderr);
    free(message);
}

static void print_warnings(const Ast *ast, CliVerbose verbose)
{
    if (verbose == CLI_VERBOSE_NIL)
        return;
    char *warnings = tr_diagnostics_warnings(ast, verbose == CLI_VERBOSE_TRUE);
    if (warnings)
        fputs(warnings, stderr);
    free(warnings);
}

static int with_tree(Ast *ast, const CliOptions *options)
{
    if (ast->error_count > 0) {
        print_syntax_error(ast);
        return 1;
    }
    print_warnings(ast, options->verbose);
    if (options->mode == CLI_CHECK) {
        puts("Syntax OK");
        return 0;
    }
    if (options->dump & CLI_DUMP_AST) {
        char *text = tr_ast_dump(ast);
        if (text)
            fputs(text, stdout);
        free(text);
    }
    return 0;
}

static int with_source(const Source *source, const CliOptions *options)
{
    Ast *ast = parse_source(source, options);
    if (!ast) {
        fputs("troupe: failed to allocate memory (NoMemoryError)\n", stderr);
        return 1;
    }
    int status = with_tree(ast, options);
    tr_ast_free(ast);
    return status;
}

static int with_options(const CliOptions *options)
{
    switch (options->mode) {
    case CLI_VERSION:    tr_version_print(); return 0;
    case CLI_HELP:       tr_help_print(); return 0;
    case CLI_HELP_DEBUG: tr_help_debug_print(); return 0;
    default:             break;
    }
    if (options->prints_version)
        tr_version_print();
    if (!change_directory(options->directory))
        return 1;
    Source source;
    if (!tr_source_read(&source, options))
        return 1;
    int status = with_source(&source, options);
    tr_source_free(&source);
    return status;
}

int main(int argc, char **argv)
{
    CliOptions options;
    int status = tr_options_read(&options, argc, argv) ? with_options(&options) : 1;
    tr_options_free(&options);
    if (fflush(stdout) != 0 && status == 0)
        status = 1;
    return status;
}

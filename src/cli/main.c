/* main.c - the `troupe` command: what happens before and after the program runs.
 *
 * Options, source, syntax; only a program that can run costs a virtual machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/options.h"
#include "cli/run.h"
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

static int print_tree(const Ast *ast)
{
    char *text = tr_ast_dump(ast);
    if (text)
        fputs(text, stdout);
    free(text);
    return text ? 0 : 1;
}

/* The tree is freed here or in tr_cli_run. */
static int with_tree(Ast *ast, const Source *source, const CliOptions *options)
{
    int status = 1;
    if (ast->error_count > 0) {
        print_syntax_error(ast);
    } else {
        print_warnings(ast, options->verbose);
        if (options->mode == CLI_CHECK)
            status = puts("Syntax OK") < 0;
        else if (options->dump & CLI_DUMP_AST)
            status = print_tree(ast);
        else if (change_directory(options->search_directory))
            return tr_cli_run(options, source, ast);
    }
    tr_ast_free(ast);
    return status;
}

static int with_source(const Source *source, const CliOptions *options)
{
    Ast *ast = parse_source(source, options);
    if (ast)
        return with_tree(ast, source, options);
    fputs("troupe: failed to allocate memory (NoMemoryError)\n", stderr);
    return 1;
}

/* No program on the command line, and a person at both ends. */
static bool wants_prompt(const CliOptions *options)
{
    return options->mode == CLI_RUN && !options->dump && !options->program && !options->script &&
           isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
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
    if (wants_prompt(options))
        return tr_cli_prompt(options);
    Source source;
    if (!tr_source_read(&source, options))
        return 1;
    int status = with_source(&source, options);
    tr_source_free(&source);
    return status;
}

/* Or the next file that is opened becomes the standard output. Used the other way round they fail with EBADF, as closed
 * descriptors do. */
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(1);
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    CliOptions options;
    int status = tr_options_read(&options, argc, argv) ? with_options(&options) : 1;
    tr_options_free(&options);
    if (fflush(stdout) != 0 && status == 0)
        status = 1;
    return status;
}

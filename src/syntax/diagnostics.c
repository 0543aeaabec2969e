/* diagnostics.c - source lines with carets below them.
 *
 * The layout is that of Ruby 3.4 and 4.0: two lines of context around each error, a line of tildes where lines are
 * left out, `>` before a line with an error, and below it one line of carets per error. A long line is cut before its
 * first error and behind its last one.
 *
 * A source whose lines around the errors are not UTF-8 is not shown; its errors are listed, one a line.
 */
#include "syntax/diagnostics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More errors than this are counted, not shown. Each costs a line, and a machine-made source can have a million. */
#define SHOWN_MAX 500
/* A line is cut where more than this would stand before its first or behind its last error. */
#define CUT_BYTES 30
#define CONTEXT_LINES 2

/* An error by its place: line index from 0, columns in bytes. */
typedef struct {
    const AstDiagnostic *error;
    uint32_t line, column, end_column;
} Mark;

typedef struct {
    const Ast *ast;
    FILE *out;
    Mark *marks;
    uint32_t count;
    int digits;     /* of the line numbers */
    int32_t shown;  /* index of the last line that was shown; -1: none */
    uint32_t cut;   /* bytes left out at the beginning of the line that was shown last */
} Page;

/* ---- lines ---- */

static uint32_t line_start(const Ast *ast, uint32_t line)
{
    return line < ast->line_count ? ast->line_offsets[line] : ast->source_size;
}

/* Where the text of a line ends, its newline not included. */
static uint32_t line_end(const Ast *ast, uint32_t line)
{
    uint32_t start = line_start(ast, line), end = line_start(ast, line + 1);
    return end > start && ast->source[end - 1] == '\n' ? end - 1 : end;
}

/* The number of lines, an empty one behind the last newline not counted. */
static uint32_t text_lines(const Ast *ast)
{
    uint32_t count = ast->line_count;
    return count > 1 && ast->line_offsets[count - 1] == ast->source_size ? count - 1 : count;
}

static Mark mark_of(const Ast *ast, const AstDiagnostic *error)
{
    uint32_t start = error->location.start, end = start + error->location.length;
    uint32_t line = (uint32_t)(tr_ast_line(ast, start) - ast->start_line);
    uint32_t limit = line_end(ast, line);
    if (start > limit)
        start = limit;
    Mark mark = { error, line, start - line_start(ast, line), 0 };
    if (end > limit)
        end = limit;
    mark.end_column = end > start ? end - line_start(ast, line) : mark.column + 1;
    return mark;
}

static int compare_marks(const void *left, const void *right)
{
    const Mark *a = left, *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return a->error < b->error ? -1 : a->error > b->error;
}

/* ---- UTF-8 ---- */

static uint32_t utf8_width(const uint8_t *at, const uint8_t *end)
{
    uint32_t width = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (width == 0 || width > (size_t)(end - at))
        return 0;
    for (uint32_t i = 1; i < width; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return width;
}

static bool line_is_utf8(const Ast *ast, uint32_t line)
{
    const uint8_t *at = ast->source + line_start(ast, line), *end = ast->source + line_end(ast, line);
    while (at < end) {
        uint32_t width = utf8_width(at, end);
        if (width == 0)
            return false;
        at += width;
    }
    return true;
}

static bool marks_are_utf8(const Page *page)
{
    for (uint32_t i = 0; i < page->count; i++)
        if ((i == 0 || page->marks[i].line != page->marks[i - 1].line) && !line_is_utf8(page->ast, page->marks[i].line))
            return false;
    return true;
}

/* ---- the page ---- */

static void print_number(Page *page, uint32_t line, const char *before)
{
    int32_t number = (int32_t)((uint32_t)page->ast->start_line + line);
    fprintf(page->out, "%s%*" PRId32 " | ", before, page->digits, number);
}

static void print_context(Page *page, uint32_t line)
{
    uint32_t start = line_start(page->ast, line);
    print_number(page, line, "  ");
    fwrite(page->ast->source + start, 1, line_end(page->ast, line) - start, page->out);
    fputc('\n', page->out);
    page->shown = (int32_t)line;
}

/* What is shown above an error: up to two lines that were not shown yet, and tildes for those left out. */
static void print_above(Page *page, const Mark *mark)
{
    int32_t line = (int32_t)mark->line, first = line - CONTEXT_LINES;
    if (first <= page->shown)
        first = page->shown + 1;
    else if (page->shown >= 0 && first > page->shown + 1)
        fprintf(page->out, "  ~~~~%.*s\n", page->digits, "~~~~~~~~~~");
    for (; first < line; first++)
        print_context(page, (uint32_t)first);
}

static uint32_t last_column_on_line(const Page *page, uint32_t index)
{
    uint32_t last = 0;
    for (uint32_t i = index; i < page->count && page->marks[i].line == page->marks[index].line; i++)
        if (page->marks[i].end_column > last)
            last = page->marks[i].end_column;
    return last;
}

static void print_marked_line(Page *page, uint32_t index)
{
    const Mark *mark = &page->marks[index];
    const Ast *ast = page->ast;
    uint32_t start = line_start(ast, mark->line), end = line_end(ast, mark->line);
    uint32_t last = start + last_column_on_line(page, index);
    bool cut_end = last < end && end - last >= CUT_BYTES;
    page->cut = mark->column >= CUT_BYTES ? mark->column : 0;
    page->shown = (int32_t)mark->line;
    print_number(page, mark->line, "> ");
    if (cut_end)
        end = last;
    if (page->cut)
        fputs("... ", page->out);
    fwrite(ast->source + start + page->cut, 1, end - start - page->cut, page->out);
    fputs(cut_end ? " ...\n" : "\n", page->out);
}

/* A character for each character of the line from one column to another. */
static uint32_t print_under(Page *page, uint32_t line, uint32_t column, uint32_t to, int mark)
{
    const uint8_t *start = page->ast->source + line_start(page->ast, line);
    const uint8_t *end = page->ast->source + page->ast->source_size;
    while (column < to) {
        uint32_t width = start + column < end ? utf8_width(start + column, end) : 1;
        fputc(mark, page->out);
        column += width ? width : 1;
    }
    return column;
}

static void print_carets(Page *page, const Mark *mark, bool with_message)
{
    fprintf(page->out, "  %*s | ", page->digits, "");
    if (page->cut)
        fputs("    ", page->out);
    uint32_t column = print_under(page, mark->line, page->cut, mark->column, ' ');
    column = print_under(page, mark->line, column, column + 1, '^');
    print_under(page, mark->line, column, mark->end_column, '~');
    if (with_message)
        fprintf(page->out, " %s", mark->error->message);
    fputc('\n', page->out);
}

/* What is shown below an error: up to two lines, as far as the next error or the end. */
static void print_below(Page *page, uint32_t index)
{
    uint32_t line = page->marks[index].line;
    uint32_t limit = index + 1 < page->count ? page->marks[index + 1].line : text_lines(page->ast);
    for (uint32_t next = line + 1; next < limit && next <= line + CONTEXT_LINES; next++)
        print_context(page, next);
}

static void print_page(Page *page, bool with_messages)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const Mark *mark = &page->marks[i];
        bool is_new_line = i == 0 || mark->line != page->marks[i - 1].line;
        if (is_new_line) {
            print_above(page, mark);
            print_marked_line(page, i);
        }
        print_carets(page, mark, with_messages);
        print_below(page, i);
    }
}

static void print_list(Page *page)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const Mark *mark = &page->marks[i];
        fprintf(page->out, "%s:%" PRId32 ": %s\n", page->ast->filepath,
                (int32_t)((uint32_t)page->ast->start_line + mark->line), mark->error->message);
    }
}

/* The width of the widest line number of all marks. */
static int number_width(const Page *page)
{
    int64_t start = page->ast->start_line;
    int first = snprintf(NULL, 0, "%" PRId64, start + page->marks[0].line);
    int last = snprintf(NULL, 0, "%" PRId64, start + page->marks[page->count - 1].line);
    return first > last ? first : last;
}

static void print_errors(Page *page, const AstDiagnostic *errors, uint32_t count, bool with_messages)
{
    const Ast *ast = page->ast;
    page->count = count < SHOWN_MAX ? count : SHOWN_MAX;
    for (uint32_t i = 0; i < page->count; i++)
        page->marks[i] = mark_of(ast, &errors[i]);
    qsort(page->marks, page->count, sizeof *page->marks, compare_marks);
    page->shown = -1;
    page->digits = number_width(page);
    if (marks_are_utf8(page))
        print_page(page, with_messages);
    else
        print_list(page);
    if (count > page->count)
        fprintf(page->out, "... and %" PRIu32 " more errors\n", count - page->count);
}

/* ---- what others call ---- */

/* The first error of the gravest level. */
static const AstDiagnostic *gravest(const Ast *ast)
{
    const AstDiagnostic *result = &ast->errors[0];
    for (uint32_t i = 0; i < ast->error_count; i++)
        if (ast->errors[i].level > AST_ERROR_LEVEL_SYNTAX)
            return &ast->errors[i];
    return result;
}

AstErrorLevel tr_diagnostics_level(const Ast *ast)
{
    return gravest(ast)->level;
}

static void print_message(Page *page)
{
    const Ast *ast = page->ast;
    const AstDiagnostic *first = gravest(ast);
    int32_t line = tr_ast_line(ast, first->location.start);
    switch (first->level) {
    case AST_ERROR_LEVEL_LOAD:
        fputs(first->message, page->out);
        break;
    case AST_ERROR_LEVEL_ARGUMENT:
        fprintf(page->out, "%s:%" PRId32 ": %s\n", ast->filepath, line, first->message);
        print_errors(page, first, 1, false);
        break;
    default:
        fprintf(page->out, "%s:%" PRId32 ": syntax error%s found\n", ast->filepath, line,
                ast->error_count > 1 ? "s" : "");
        print_errors(page, ast->errors, ast->error_count, true);
    }
}

char *tr_diagnostics_errors(const Ast *ast)
{
    char *text = NULL;
    size_t size = 0;
    Page page = { .ast = ast, .out = open_memstream(&text, &size) };
    if (!page.out)
        return NULL;
    page.marks = calloc(ast->error_count < SHOWN_MAX ? ast->error_count : SHOWN_MAX, sizeof *page.marks);
    if (page.marks)
        print_message(&page);
    bool failed = !page.marks || ferror(page.out);
    free(page.marks);
    if (fclose(page.out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

char *tr_diagnostics_warnings(const Ast *ast, bool is_verbose)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    for (uint32_t i = 0; i < ast->warning_count; i++) {
        const AstDiagnostic *warning = &ast->warnings[i];
        if (warning->level == AST_WARNING_LEVEL_VERBOSE && !is_verbose)
            continue;
        fprintf(out, "%s:%" PRId32 ": warning: %s\n", ast->filepath, tr_ast_line(ast, warning->location.start),
                warning->message);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

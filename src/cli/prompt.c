/* prompt.c - reads expressions at a terminal, evaluates them in the toplevel binding, and prints what they are.
 *
 * While it waits for keys the thread is parked like any other that waits for a descriptor, so threads and Ractors that
 * were started here go on. The terminal is raw only while a line is being edited: a program that runs finds it as it
 * was. An expression that is not complete yet is continued on the next line. The last value is `_`.
 */
#include "cli/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/version.h"
#include "cli/line_editor.h"
#include "core/core.h"
#include "syntax/ast.h"

typedef struct {
    LineEditor *editor;
    char *history_path; /* NULL: nowhere to keep it */
    char *source;       /* the lines of the expression so far; malloc'ed */
    size_t size;
    Value binding;
    int line;           /* number of the expression's first line */
    int next_line;
} Prompt;

/* ---- history ---- */

static void load_history(Prompt *prompt)
{
    const char *home = getenv("HOME");
    if (!home || asprintf(&prompt->history_path, "%s/.troupe_history", home) < 0) {
        prompt->history_path = NULL;
        return;
    }
    FILE *file = fopen(prompt->history_path, "r");
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    while (file && (size = getline(&line, &capacity, file)) > 0) {
        if (line[size - 1] == '\n')
            line[size - 1] = 0;
        tr_line_editor_remember(prompt->editor, line);
    }
    free(line);
    if (file)
        fclose(file);
}

static void save_history(const Prompt *prompt)
{
    FILE *file = prompt->history_path ? fopen(prompt->history_path, "w") : NULL;
    if (!file)
        return;
    for (size_t i = 0; i < tr_line_editor_history_count(prompt->editor); i++)
        fprintf(file, "%s\n", tr_line_editor_history(prompt->editor, i));
    fclose(file);
}

/* ---- the terminal ---- */

static bool make_raw(struct termios *before)
{
    if (tcgetattr(STDIN_FILENO, before) != 0)
        return false;
    struct termios raw = *before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void show(LineEditor *editor)
{
    size_t size;
    const char *bytes = tr_line_editor_output(editor, &size);
    while (size > 0) {
        ssize_t count = write(STDOUT_FILENO, bytes, size);
        if (count < 0 && errno != EINTR)
            return;
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
}

/* Keys until the line is over. False: raised. */
MAY_SWITCH MAY_RAISE static bool edit_line(Fiber *f, LineEditor *editor, LineEvent *event)
{
    for (*event = LINE_MORE; *event == LINE_MORE; show(editor)) {
        if (tr_wait_fd(f, STDIN_FILENO, TR_POLL_IN, TR_FOREVER) == TR_RAISED)
            return false;
        unsigned char key;
        ssize_t count = read(STDIN_FILENO, &key, 1);
        if (count == 1)
            *event = tr_line_editor_feed(editor, key);
        else if (count == 0 || errno != EINTR)
            *event = LINE_END;
    }
    return true;
}

MAY_SWITCH MAY_RAISE static bool read_line(Fiber *f, Prompt *prompt, LineEvent *event)
{
    struct termios before;
    char text[40];
    snprintf(text, sizeof text, "troupe:%03d%s ", prompt->next_line, prompt->size ? "*" : ">");
    if (!make_raw(&before)) {
        *event = LINE_END;
        return true;
    }
    tr_line_editor_start(prompt->editor, text, terminal_columns());
    show(prompt->editor);
    bool done = edit_line(f, prompt->editor, event);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    return done;
}

/* ---- expressions ---- */

/* An error at which more lines may help: something was still open where the text ended. */
static bool asks_for_more(const AstDiagnostic *error)
{
    switch (error->type) {
    case AST_ERROR_EMBDOC_TERM:
    case AST_ERROR_HEREDOC_TERM:
    case AST_ERROR_LIST_I_LOWER_TERM:
    case AST_ERROR_LIST_I_UPPER_TERM:
    case AST_ERROR_LIST_W_LOWER_TERM:
    case AST_ERROR_LIST_W_UPPER_TERM:
    case AST_ERROR_REGEXP_TERM:
    case AST_ERROR_STRING_LITERAL_EOF:
    case AST_ERROR_STRING_LITERAL_TERM:
    case AST_ERROR_STRING_INTERPOLATED_TERM:
    case AST_ERROR_XSTRING_TERM:
        return true;
    default:
        return strncmp(error->message, "unexpected end-of-input", strlen("unexpected end-of-input")) == 0;
    }
}

static bool is_complete(const Prompt *prompt)
{
    Ast *ast = tr_ast_parse((const uint8_t *)prompt->source, prompt->size, NULL);
    bool asks = false;
    for (uint32_t i = 0; ast && i < ast->error_count; i++)
        asks = asks || asks_for_more(&ast->errors[i]);
    tr_ast_free(ast);
    return !asks;
}

static void take_line(Prompt *prompt)
{
    const char *line = tr_line_editor_text(prompt->editor);
    size_t size = strlen(line);
    char *grown = realloc(prompt->source, prompt->size + size + 2);
    tr_line_editor_remember(prompt->editor, line);
    prompt->next_line++;
    if (!grown)
        return;
    memcpy(grown + prompt->size, line, size);
    memcpy(grown + prompt->size + size, "\n", 2);
    prompt->source = grown;
    prompt->size += size + 1;
}

static void drop_source(Prompt *prompt)
{
    prompt->size = 0;
    prompt->line = prompt->next_line;
}

/* An exception is shown; what ends a program travels on (TR_RAISED). */
MAY_SWITCH MAY_RAISE static Value show_exception(Fiber *f)
{
    Value exception = tr_rescue(f, NULL);
    if (exception == TR_UNDEF)
        return TR_RAISED;
    if (tr_is_kind_of(exception, tr_class.system_exit))
        return tr_raise_value(f, exception);
    tr_exception_report(f, exception);
    return TR_NIL;
}

MAY_SWITCH MAY_RAISE static Value show_value(Fiber *f, Value value)
{
    Value text = tr_inspect(f, value);
    if (text == TR_RAISED)
        return TR_RAISED;
    Value line = tr_string_format(f, "=> %.*s\n", (int)tr_string(text)->size, tr_string(text)->bytes);
    TR_KEEP(text);
    return tr_io_write_stdout(f, line);
}

MAY_SWITCH MAY_RAISE static Value evaluate(Fiber *f, Prompt *prompt)
{
    Value source = tr_string_new(f, prompt->source, prompt->size);
    int line = prompt->line;
    drop_source(prompt);
    Value value = tr_eval_string(f, source, tr_main_object(f), prompt->binding, tr_string_new_cstr(f, "(troupe)"), line);
    if (value != TR_RAISED) {
        Value arguments[] = { tr_value_from_id(tr_intern_cstr("_")), value };
        value = tr_callv(f, prompt->binding, tr_intern_cstr("local_variable_set"), 2, arguments);
    }
    if (value != TR_RAISED)
        value = show_value(f, value);
    return value == TR_RAISED ? show_exception(f) : TR_NIL;
}

MAY_SWITCH MAY_RAISE static Value loop(Fiber *f, Prompt *prompt)
{
    for (;;) {
        LineEvent event;
        if (!read_line(f, prompt, &event)) {
            if (show_exception(f) == TR_RAISED)
                return TR_RAISED;
            drop_source(prompt);
            continue;
        }
        if (event == LINE_END)
            return TR_NIL;
        if (event == LINE_CANCEL) {
            drop_source(prompt);
            continue;
        }
        take_line(prompt);
        if (is_complete(prompt) && evaluate(f, prompt) == TR_RAISED)
            return TR_RAISED;
    }
}

Value tr_prompt_run(Fiber *f)
{
    Prompt prompt = { .editor = tr_line_editor_new(), .line = 1, .next_line = 1 };
    if (!prompt.editor)
        return tr_raise_no_memory(f);
    prompt.binding = tr_const_get(f, tr_class.object, tr_intern_cstr("TOPLEVEL_BINDING"), true);
    Value result = prompt.binding;
    if (result != TR_RAISED) {
        puts(TR_DESCRIPTION);
        fflush(stdout);
        load_history(&prompt);
        result = loop(f, &prompt);
        save_history(&prompt);
    }
    TR_KEEP(prompt.binding);
    tr_line_editor_free(prompt.editor);
    free(prompt.history_path);
    free(prompt.source);
    return result;
}

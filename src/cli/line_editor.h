/* line_editor.h - editing one line at a terminal, with history: bytes of keys in, bytes for the screen out.
 *
 * It reads and writes nothing itself, so whoever owns the terminal decides how to wait for keys.
 */
#ifndef TR_CLI_LINE_EDITOR_H
#define TR_CLI_LINE_EDITOR_H

#include <stddef.h>

typedef struct LineEditor LineEditor;

typedef enum {
    LINE_MORE,   /* more keys are needed */
    LINE_DONE,   /* the line is complete: tr_line_editor_text */
    LINE_CANCEL, /* Ctrl-C */
    LINE_END,    /* Ctrl-D on an empty line */
} LineEvent;

LineEditor *tr_line_editor_new(void); /* NULL: out of memory */
void tr_line_editor_free(LineEditor *editor);

/* Begins a line. The prompt is borrowed until the line is done; columns is the terminal's width. */
void tr_line_editor_start(LineEditor *editor, const char *prompt, int columns);
LineEvent tr_line_editor_feed(LineEditor *editor, unsigned char key);

/* What to write to the terminal now; taking it empties it. */
const char *tr_line_editor_output(LineEditor *editor, size_t *size);
/* The line so far, without its newline; ends with NUL. */
const char *tr_line_editor_text(const LineEditor *editor);

/* Remembers a line for the arrow keys; empty ones and repetitions are not. */
void tr_line_editor_remember(LineEditor *editor, const char *line);
size_t tr_line_editor_history_count(const LineEditor *editor);
const char *tr_line_editor_history(const LineEditor *editor, size_t index); /* 0: the oldest */

#endif

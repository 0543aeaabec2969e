/* line_editor.c - a line of UTF-8 text, a cursor in it, and the keys of Emacs and of the arrows.
 *
 * The screen is redrawn after each key: to the first column, the prompt, the part of the text that fits, the rest
 * erased, the cursor put where it belongs. A line longer than the terminal is wide is shown through a window that
 * moves with the cursor. An escape sequence arrives byte by byte, so it is collected in `escape` until it is complete.
 */
#include "cli/line_editor.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 1000

typedef struct {
    char *bytes;
    size_t size, capacity;
} Text;

struct LineEditor {
    Text line, output, killed, draft; /* draft: the new line while an old one is looked at */
    size_t cursor;                    /* byte offset into line, at the beginning of a character */
    const char *prompt;
    int columns;
    char escape[16];
    size_t escape_size;
    char *history[HISTORY_MAX];
    size_t history_count, history_at; /* history_at == history_count: the draft */
};

/* ---- text ---- */

static bool reserve(Text *text, size_t size)
{
    if (size + 1 <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < size + 1)
        capacity *= 2;
    char *grown = realloc(text->bytes, capacity);
    if (!grown)
        return false;
    text->bytes = grown;
    text->capacity = capacity;
    return true;
}

static void insert(Text *text, size_t at, const char *bytes, size_t size)
{
    if (!reserve(text, text->size + size))
        return;
    memmove(text->bytes + at + size, text->bytes + at, text->size - at);
    memcpy(text->bytes + at, bytes, size);
    text->size += size;
    text->bytes[text->size] = 0;
}

static void append(Text *text, const char *bytes)
{
    insert(text, text->size, bytes, strlen(bytes));
}

static void cut(Text *text, size_t from, size_t to)
{
    memmove(text->bytes + from, text->bytes + to, text->size - to);
    text->size -= to - from;
    text->bytes[text->size] = 0;
}

static void set(Text *text, const char *bytes, size_t size)
{
    text->size = 0;
    insert(text, 0, bytes, size);
}

/* ---- characters ---- */

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t previous_character(const Text *text, size_t at)
{
    while (at > 0 && is_continuation(text->bytes[--at]))
        continue;
    return at;
}

static size_t next_character(const Text *text, size_t at)
{
    if (at < text->size)
        at++;
    while (at < text->size && is_continuation(text->bytes[at]))
        at++;
    return at;
}

static uint32_t code_point(const Text *text, size_t at, size_t end)
{
    unsigned char first = (unsigned char)text->bytes[at];
    uint32_t code = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : first & 0x07;
    while (++at < end)
        code = code << 6 | ((unsigned char)text->bytes[at] & 0x3f);
    return code;
}

/* Columns on the screen: 0 for combining marks, 2 for what East Asia and emoji write wide. */
static int width_of(uint32_t code)
{
    static const struct { uint32_t first, last; int width; } ranges[] = {
        { 0x0300, 0x036f, 0 },   { 0x200b, 0x200d, 0 },   { 0xfe00, 0xfe0f, 0 },   { 0x1100, 0x115f, 2 },
        { 0x2e80, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },   { 0xfe30, 0xfe6f, 2 },
        { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1faff, 2 }, { 0x20000, 0x3fffd, 2 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

static int width_between(const Text *text, size_t from, size_t to)
{
    int width = 0;
    while (from < to) {
        size_t next = next_character(text, from);
        width += width_of(code_point(text, from, next));
        from = next;
    }
    return width;
}

/* ---- the screen ---- */

static void redraw(LineEditor *editor)
{
    const Text *line = &editor->line;
    int prompt_width = (int)strlen(editor->prompt), room = editor->columns - prompt_width - 1;
    size_t first = 0, last;
    while (first < editor->cursor && width_between(line, first, editor->cursor) > room)
        first = next_character(line, first);
    last = line->size;
    while (last > editor->cursor && width_between(line, first, last) > room)
        last = previous_character(line, last);
    append(&editor->output, "\r");
    append(&editor->output, editor->prompt);
    insert(&editor->output, editor->output.size, line->bytes + first, last - first);
    append(&editor->output, "\033[K\r");
    int column = prompt_width + width_between(line, first, editor->cursor);
    if (column > 0) {
        char move[32];
        snprintf(move, sizeof move, "\033[%dC", column);
        append(&editor->output, move);
    }
}

/* ---- editing ---- */

static void kill_between(LineEditor *editor, size_t from, size_t to)
{
    set(&editor->killed, editor->line.bytes + from, to - from);
    cut(&editor->line, from, to);
    editor->cursor = from;
}

static size_t word_before(const LineEditor *editor)
{
    const Text *line = &editor->line;
    size_t at = editor->cursor;
    while (at > 0 && line->bytes[at - 1] == ' ')
        at--;
    while (at > 0 && line->bytes[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_after(const LineEditor *editor)
{
    const Text *line = &editor->line;
    size_t at = editor->cursor;
    while (at < line->size && line->bytes[at] == ' ')
        at++;
    while (at < line->size && line->bytes[at] != ' ')
        at++;
    return at;
}

static void show_history(LineEditor *editor, size_t index)
{
    if (editor->history_at == editor->history_count)
        set(&editor->draft, editor->line.bytes, editor->line.size);
    editor->history_at = index;
    if (index == editor->history_count)
        set(&editor->line, editor->draft.bytes, editor->draft.size);
    else
        set(&editor->line, editor->history[index], strlen(editor->history[index]));
    editor->cursor = editor->line.size;
}

static void older(LineEditor *editor)
{
    if (editor->history_at > 0)
        show_history(editor, editor->history_at - 1);
}

static void newer(LineEditor *editor)
{
    if (editor->history_at < editor->history_count)
        show_history(editor, editor->history_at + 1);
}

static void swap_characters(LineEditor *editor)
{
    Text *line = &editor->line;
    size_t middle = editor->cursor == line->size ? previous_character(line, editor->cursor) : editor->cursor;
    size_t first = previous_character(line, middle), last = next_character(line, middle);
    char kept[8];
    size_t size = middle - first;
    if (middle == 0 || size > sizeof kept)
        return;
    memcpy(kept, line->bytes + first, size);
    memmove(line->bytes + first, line->bytes + middle, last - middle);
    memcpy(line->bytes + first + (last - middle), kept, size);
    editor->cursor = last;
}

static void delete_at_cursor(LineEditor *editor)
{
    cut(&editor->line, editor->cursor, next_character(&editor->line, editor->cursor));
}

static void backspace(LineEditor *editor)
{
    size_t from = previous_character(&editor->line, editor->cursor);
    cut(&editor->line, from, editor->cursor);
    editor->cursor = from;
}

/* ---- keys ---- */

#define CTRL(letter) ((letter) & 0x1f)

/* A complete sequence behind the escape, such as "[A". */
static void run_escape(LineEditor *editor, const char *sequence)
{
    static const struct { const char *sequence; char key; } keys[] = {
        { "[A", 'P' }, { "OA", 'P' }, { "[B", 'N' },  { "OB", 'N' },  { "[C", 'F' },  { "OC", 'F' },
        { "[D", 'B' }, { "OD", 'B' }, { "[H", 'A' },  { "OH", 'A' },  { "[1~", 'A' }, { "[7~", 'A' },
        { "[F", 'E' }, { "OF", 'E' }, { "[4~", 'E' }, { "[8~", 'E' },
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(sequence, keys[i].sequence) == 0) {
            tr_line_editor_feed(editor, CTRL((unsigned char)keys[i].key));
            return;
        }
    if (strcmp(sequence, "[3~") == 0)
        delete_at_cursor(editor);
    else if (strcmp(sequence, "b") == 0 || strcmp(sequence, "[1;5D") == 0)
        editor->cursor = word_before(editor);
    else if (strcmp(sequence, "f") == 0 || strcmp(sequence, "[1;5C") == 0)
        editor->cursor = word_after(editor);
    else if (strcmp(sequence, "d") == 0)
        kill_between(editor, editor->cursor, word_after(editor));
}

static bool escape_is_complete(const char *sequence, size_t size)
{
    char last = sequence[size - 1];
    if (sequence[0] == 'O')
        return size == 2;
    if (sequence[0] == '[')
        return size > 1 && last >= '@' && last <= '~';
    return true;
}

static void feed_escape(LineEditor *editor, unsigned char key)
{
    editor->escape[editor->escape_size++] = (char)key;
    editor->escape[editor->escape_size] = 0;
    bool is_complete = escape_is_complete(editor->escape + 1, editor->escape_size - 1);
    if (!is_complete && editor->escape_size + 1 < sizeof editor->escape)
        return;
    char sequence[sizeof editor->escape];
    memcpy(sequence, editor->escape + 1, editor->escape_size);
    editor->escape_size = 0;
    if (is_complete)
        run_escape(editor, sequence);
}

static void feed_control(LineEditor *editor, unsigned char key)
{
    Text *line = &editor->line;
    switch (key) {
    case CTRL('A'): editor->cursor = 0; break;
    case CTRL('B'): editor->cursor = previous_character(line, editor->cursor); break;
    case CTRL('D'): delete_at_cursor(editor); break;
    case CTRL('E'): editor->cursor = line->size; break;
    case CTRL('F'): editor->cursor = next_character(line, editor->cursor); break;
    case CTRL('H'):
    case 0x7f:      backspace(editor); break;
    case CTRL('I'):
        insert(line, editor->cursor, "  ", 2);
        editor->cursor += 2;
        break;
    case CTRL('K'): kill_between(editor, editor->cursor, line->size); break;
    case CTRL('L'): append(&editor->output, "\033[H\033[2J"); break;
    case CTRL('N'): newer(editor); break;
    case CTRL('P'): older(editor); break;
    case CTRL('T'): swap_characters(editor); break;
    case CTRL('U'): kill_between(editor, 0, editor->cursor); break;
    case CTRL('W'): kill_between(editor, word_before(editor), editor->cursor); break;
    case CTRL('Y'):
        insert(line, editor->cursor, editor->killed.bytes, editor->killed.size);
        editor->cursor += editor->killed.size;
        break;
    case 0x1b:
        editor->escape[0] = 0x1b;
        editor->escape_size = 1;
        break;
    default:
        break;
    }
}

LineEvent tr_line_editor_feed(LineEditor *editor, unsigned char key)
{
    if (editor->escape_size > 0) {
        feed_escape(editor, key);
    } else if (key == '\r' || key == '\n') {
        append(&editor->output, "\r\n");
        return LINE_DONE;
    } else if (key == CTRL('C')) {
        append(&editor->output, "^C\r\n");
        return LINE_CANCEL;
    } else if (key == CTRL('D') && editor->line.size == 0) {
        append(&editor->output, "\r\n");
        return LINE_END;
    } else if (key < 0x20 || key == 0x7f) {
        feed_control(editor, key);
    } else {
        char byte = (char)key;
        insert(&editor->line, editor->cursor, &byte, 1);
        editor->cursor++;
    }
    redraw(editor);
    return LINE_MORE;
}

/* ---- the rest ---- */

LineEditor *tr_line_editor_new(void)
{
    LineEditor *editor = calloc(1, sizeof *editor);
    if (!editor)
        return NULL;
    editor->prompt = "";
    Text *texts[] = { &editor->line, &editor->output, &editor->killed, &editor->draft };
    bool has_room = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        has_room = has_room && reserve(texts[i], 0);
        if (has_room)
            texts[i]->bytes[0] = 0;
    }
    if (has_room)
        return editor;
    tr_line_editor_free(editor);
    return NULL;
}

void tr_line_editor_free(LineEditor *editor)
{
    if (!editor)
        return;
    for (size_t i = 0; i < editor->history_count; i++)
        free(editor->history[i]);
    free(editor->line.bytes);
    free(editor->output.bytes);
    free(editor->killed.bytes);
    free(editor->draft.bytes);
    free(editor);
}

void tr_line_editor_start(LineEditor *editor, const char *prompt, int columns)
{
    editor->prompt = prompt;
    editor->columns = columns > (int)strlen(prompt) + 10 ? columns : (int)strlen(prompt) + 10;
    editor->cursor = 0;
    editor->escape_size = 0;
    editor->history_at = editor->history_count;
    set(&editor->line, "", 0);
    set(&editor->draft, "", 0);
    redraw(editor);
}

const char *tr_line_editor_output(LineEditor *editor, size_t *size)
{
    *size = editor->output.size;
    editor->output.size = 0;
    return editor->output.bytes;
}

const char *tr_line_editor_text(const LineEditor *editor)
{
    return editor->line.bytes;
}

void tr_line_editor_remember(LineEditor *editor, const char *line)
{
    size_t count = editor->history_count;
    if (*line == 0 || (count > 0 && strcmp(editor->history[count - 1], line) == 0))
        return;
    char *copy = strdup(line);
    if (!copy)
        return;
    if (count == HISTORY_MAX) {
        free(editor->history[0]);
        memmove(editor->history, editor->history + 1, (HISTORY_MAX - 1) * sizeof *editor->history);
        count--;
    }
    editor->history[count] = copy;
    editor->history_count = count + 1;
}

size_t tr_line_editor_history_count(const LineEditor *editor)
{
    return editor->history_count;
}

const char *tr_line_editor_history(const LineEditor *editor, size_t index)
{
    return editor->history[index];
}

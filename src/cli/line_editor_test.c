/* line_editor_test.c - keys in, text out. */
#include "cli/line_editor.h"

#include "base/test.h"

static LineEditor *editor;

static LineEvent type(const char *keys)
{
    LineEvent event = LINE_MORE;
    size_t size;
    while (*keys && event == LINE_MORE)
        event = tr_line_editor_feed(editor, (unsigned char)*keys++);
    tr_line_editor_output(editor, &size);
    return event;
}

static const char *typed(const char *keys)
{
    tr_line_editor_start(editor, "> ", 80);
    type(keys);
    return tr_line_editor_text(editor);
}

static void edits_a_line(void)
{
    TEST_STRING("puts 1", typed("puts 1"));
    TEST_STRING("xputs", typed("puts\001x"));
    TEST_STRING("put", typed("puts\177"));
    TEST_STRING("pts", typed("puts\002\002\002\004"));
    TEST_STRING("one ", typed("one two\027"));
    TEST_STRING("", typed("one two\025"));
    TEST_STRING("two", typed("one two\001\033d\004"));
    TEST_STRING("ab", typed("ba\024"));
    TEST_STRING("one one", typed("one\025\031 \031"));
}

static void moves_by_characters(void)
{
    TEST_STRING("\303\251x\303\274", typed("\303\251\303\274\033[Dx"));
    TEST_STRING("\303\251", typed("\303\251\303\274\177"));
    TEST_STRING("ab", typed("b\033[Ha"));
    TEST_STRING("ab", typed("a\033OH\033OFb"));
    TEST_STRING("b", typed("ab\001\033[3~"));
}

static void remembers_lines(void)
{
    tr_line_editor_remember(editor, "first");
    tr_line_editor_remember(editor, "second");
    tr_line_editor_remember(editor, "second");
    tr_line_editor_remember(editor, "");
    TEST_EQUAL(2, tr_line_editor_history_count(editor));
    TEST_STRING("first", typed("\020\020\020"));
    TEST_STRING("draft", typed("draft\033[A\033[A\033[B\033[B"));
}

static void ends_a_line(void)
{
    tr_line_editor_start(editor, "> ", 80);
    TEST_EQUAL(LINE_DONE, type("1\r"));
    tr_line_editor_start(editor, "> ", 80);
    TEST_EQUAL(LINE_END, type("\004"));
    tr_line_editor_start(editor, "> ", 80);
    TEST_EQUAL(LINE_CANCEL, type("12\003"));
}

static void shows_a_window_of_a_long_line(void)
{
    size_t size;
    tr_line_editor_start(editor, "> ", 20);
    for (int i = 0; i < 100; i++)
        tr_line_editor_feed(editor, 'x');
    tr_line_editor_output(editor, &size);
    tr_line_editor_feed(editor, 'y');
    const char *output = tr_line_editor_output(editor, &size);
    TEST_CHECK(size < 40 && memcmp(output, "\r> x", 4) == 0);
}

int main(void)
{
    editor = tr_line_editor_new();
    TEST_RUN(edits_a_line);
    TEST_RUN(moves_by_characters);
    TEST_RUN(remembers_lines);
    TEST_RUN(ends_a_line);
    TEST_RUN(shows_a_window_of_a_long_line);
    tr_line_editor_free(editor);
    return TEST_RESULT();
}

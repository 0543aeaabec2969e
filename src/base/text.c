/* text.c - see text.h. No memory: the text is cut off. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

/* How many of `wanted` bytes there is room for. */
static size_t make_room(Text *text, size_t wanted) {
    size_t needed = text->size + wanted + 1;
    if (needed > text->room && !text->is_fixed) {
        size_t room = text->room ? text->room : FIRST_ROOM;
        while (room < needed) room *= 2;
        char *bytes = realloc(text->bytes, room);
        if (bytes) {
            text->bytes = bytes;
            text->room = room;
        }
    }
    if (text->room == 0) return 0;
    return needed <= text->room ? wanted : text->room - text->size - 1;
}

void tr_text_bytes(Text *text, const char *bytes, size_t size) {
    size = make_room(text, size);
    if (text->room == 0) return;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void tr_text_cstr(Text *text, const char *cstr) { tr_text_bytes(text, cstr, strlen(cstr)); }

void tr_text_format(Text *text, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size > 0) tr_text_bytes(text, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

void tr_text_free(Text *text) {
    if (!text->is_fixed) free(text->bytes);
    *text = (Text){0};
}

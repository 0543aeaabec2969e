/* text.h - text that grows, outside of any heap: for reports that are written while the world stands still, and, over a
 * buffer of the caller's, in a signal handler.
 */
#ifndef TR_BASE_TEXT_H
#define TR_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Text {
    char *bytes;   /* always ends with a NUL */
    size_t size, room;
    bool is_fixed; /* the buffer is the caller's: what does not fit is left out */
} Text;

/* What fits into the caller's buffer. */
static inline Text tr_text_fixed(char *buffer, size_t room) {
    buffer[0] = '\0';
    return (Text){.bytes = buffer, .room = room, .is_fixed = true};
}
void tr_text_bytes(Text *text, const char *bytes, size_t size);
void tr_text_cstr(Text *text, const char *cstr);
__attribute__((format(printf, 2, 3))) void tr_text_format(Text *text, const char *format, ...);
void tr_text_free(Text *text);

#endif

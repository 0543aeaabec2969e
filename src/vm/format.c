/* format.c - the text of messages: printf's conversions and Ruby's own (%pC class, %pV value, %pI name).
 *
 * Nothing here runs Ruby: %pV of something other than a String is its class's name.
 */
#include <stdio.h>
#include <string.h>

#include "core/core.h"

static MAY_GC void append(Fiber *f, Value to, const char *bytes, size_t size) {
    if (tr_string_append_bytes(f, to, bytes, size) == TR_RAISED) f->unwind.kind = UNWIND_NONE; /* a shorter message */
}

static MAY_GC void append_string(Fiber *f, Value to, Value string) {
    append(f, to, tr_string(string)->bytes, tr_string(string)->size);
    TR_KEEP(string);
}

static MAY_GC void append_ruby(Fiber *f, Value to, char kind, va_list *arguments) {
    if (kind == 'I') {
        const IdName *name = tr_id_name(va_arg(*arguments, Id));
        append(f, to, name->bytes, name->size);
    } else if (kind == 'C') {
        append_string(f, to, tr_class_path(f, va_arg(*arguments, Class *)));
    } else {
        Value v = va_arg(*arguments, Value);
        append_string(f, to, tr_is_string(v) ? v : tr_class_path(f, tr_real_class_of(v)));
    }
}

/* One printf conversion that starts at `spec`; returns what follows it. */
static MAY_GC const char *append_c(Fiber *f, Value to, const char *spec, va_list *arguments) {
    char one[32], text[512];
    size_t n = 0, longs = 0;
    int star[2], stars = 0;
    one[n++] = *spec++;
    while (*spec && n < sizeof one - 2 && strchr("-+ #0123456789.*", *spec)) {
        if (*spec == '*' && stars < 2) star[stars++] = va_arg(*arguments, int);
        one[n++] = *spec++;
    }
    for (; *spec == 'l' || *spec == 'z' || *spec == 'j'; spec++) {
        longs++;
        one[n++] = *spec;
    }
    char kind = *spec;
    one[n++] = kind;
    one[n] = '\0';
    if (kind == '\0') return spec;
    int precision = stars ? star[stars - 1] : -1;
    if (kind == 's') {
        const char *s = va_arg(*arguments, const char *);
        append(f, to, s, precision >= 0 && strchr(one, '.') ? strnlen(s, (size_t)precision) : strlen(s));
        return spec + 1;
    }
#define PRINT(value)                                                                                     \
    (stars == 0   ? snprintf(text, sizeof text, one, value)                                              \
     : stars == 1 ? snprintf(text, sizeof text, one, star[0], value)                                     \
                  : snprintf(text, sizeof text, one, star[0], star[1], value))
    int size = 0;
    if (kind == '%') size = snprintf(text, sizeof text, "%%");
    else if (strchr("eEfgGa", kind)) size = PRINT(va_arg(*arguments, double));
    else if (longs) size = PRINT(va_arg(*arguments, long long));
    else size = PRINT(va_arg(*arguments, int));
#undef PRINT
    if (size > (int)sizeof text - 1) size = (int)sizeof text - 1;
    if (size > 0) append(f, to, text, (size_t)size);
    return spec + 1;
}

MAY_GC Value tr_vformat(Fiber *f, const char *format, va_list list) {
    va_list arguments;
    va_copy(arguments, list);
    Value to = tr_string_new_capacity(f, strlen(format) + 40, ENCODING_UTF8);
    while (*format) {
        size_t plain = strcspn(format, "%");
        if (plain) append(f, to, format, plain);
        format += plain;
        if (!*format) break;
        if (format[1] == 'p' && (format[2] == 'C' || format[2] == 'V' || format[2] == 'I')) {
            append_ruby(f, to, format[2], &arguments);
            format += 3;
        } else {
            format = append_c(f, to, format, &arguments);
        }
    }
    va_end(arguments);
    return to;
}

MAY_GC MAY_RAISE Value tr_raise_name_error(Fiber *f, Value receiver, Id name, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    Value message = tr_vformat(f, format, arguments);
    va_end(arguments);
    Value error = tr_exception_new(f, tr_class.name_error, message);
    Exception *e = (Exception *)error;
    tr_write(error, &e->receiver, receiver);
    e->name = tr_value_from_id(name);
    return tr_raise_value(f, error);
}

/* float_format.c - the shortest decimal text that reads back as the same double, in Ruby's layout.
 *
 * Fifteen correctly rounded digits identify most doubles that people write; sixteen and seventeen are tried only
 * when they do not. Trailing zeros are dropped, so the result has the fewest digits possible. Layout: plain between
 * 1e-4 and 1e15, else d.ddde+XX.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "core/float.h"

/* Decimal digits of |d| (finite, not 0) without trailing zeros into `digits`; the value is 0.DIGITS * 10**point. */
int tr_double_digits(double d, char digits[20], int *point) {
    char text[40];
    d = fabs(d);
    for (int precision = d < DBL_MIN ? 1 : 15; precision <= 17; precision++) { /* subnormals have fewer digits */
        snprintf(text, sizeof text, "%.*e", precision - 1, d);
        if (precision == 17 || strtod(text, NULL) == d) break;
    }
    int count = 0;
    const char *p = text;
    for (; *p && *p != 'e'; p++)
        if (*p != '.') digits[count++] = *p;
    *point = atoi(p + 1) + 1;
    while (count > 1 && digits[count - 1] == '0') count--;
    digits[count] = '\0';
    return count;
}

Value tr_float_to_s(Fiber *f, double d) {
    char text[64], digits[20], *p = text;
    if (isnan(d)) return tr_string_new_ascii(f, "NaN");
    if (isinf(d)) return tr_string_new_ascii(f, d < 0 ? "-Infinity" : "Infinity");
    if (signbit(d)) *p++ = '-';
    if (d == 0.0) {
        memcpy(p, "0.0", 4);
        return tr_string_new_ascii(f, text);
    }
    int point, count = tr_double_digits(d, digits, &point);
    if (point > 0 && point <= 15) {
        for (int i = 0; i < point; i++) *p++ = i < count ? digits[i] : '0';
        *p++ = '.';
        if (count <= point) *p++ = '0';
        for (int i = point; i < count; i++) *p++ = digits[i];
    } else if (point > -4 && point <= 0) {
        *p++ = '0';
        *p++ = '.';
        for (int i = point; i < 0; i++) *p++ = '0';
        for (int i = 0; i < count; i++) *p++ = digits[i];
    } else {
        *p++ = digits[0];
        *p++ = '.';
        if (count == 1) *p++ = '0';
        for (int i = 1; i < count; i++) *p++ = digits[i];
        p += sprintf(p, "e%+03d", point - 1);
    }
    *p = '\0';
    return tr_string_new_ascii(f, text);
}

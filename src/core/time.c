/* time.c - Time: a moment in nanoseconds since the epoch, and the offset it is looked at with.
 *
 * The broken-down fields are computed when asked for and kept. Years are unlimited in principle; seconds are 64 bits.
 * What is finer than a nanosecond is a Rational beside it. Constructors that parse or take zone names are Ruby:
 * core/time.rb.
 */
#include "core/time.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/times.h>
#include <unistd.h>

#include "core/integer.h"
#include "ractor/parcel_io.h"
#include "ractor/shareable.h"
#include "value/data.h"

typedef enum ZoneKind { ZONE_LOCAL, ZONE_UTC, ZONE_FIXED } ZoneKind;

typedef struct Time {
    Data base;
    int64_t seconds;
    int32_t nanoseconds;  /* 0..999999999 */
    int32_t offset;       /* seconds east of UTC, once has_fields */
    uint8_t zone_kind;
    bool has_fields, is_dst;
    int8_t month, day, hour, minute, second, wday;
    int16_t yday;
    int64_t year;
    Value zone;           /* name, zone object, or nil */
    Value finer;          /* Rational nanoseconds in (0, 1), or nil */
} Time;

/* A count of seconds, exactly. */
typedef struct Moment {
    int64_t seconds, nanoseconds;
    Value finer;
} Moment;

static void time_trace(Tracer *tracer, Value object) {
    tr_trace(tracer, ((Time *)object)->zone);
    tr_trace(tracer, ((Time *)object)->finer);
}
static const DataType time_type = { .name = "Time", .bytes = sizeof(Time), .trace = time_trace };

static MAY_GC Value time_alloc(Fiber *f, Class *klass) {
    Time *t = tr_data_alloc(f, &time_type, klass);
    t->zone = t->finer = TR_NIL;
    return (Value)t;
}

static MAY_GC Time *make(Fiber *f, Class *klass, int64_t seconds, int64_t nanoseconds) {
    Time *t = (Time *)time_alloc(f, klass);
    int64_t carry = nanoseconds / 1000000000;
    nanoseconds %= 1000000000;
    if (nanoseconds < 0) {
        nanoseconds += 1000000000;
        carry--;
    }
    t->seconds = seconds + carry;
    t->nanoseconds = (int32_t)nanoseconds;
    return t;
}

Value tr_time_new(Fiber *f, int64_t seconds, int64_t nanoseconds) { return (Value)make(f, tr_class.time, seconds, nanoseconds); }

/* --- calendar: proleptic Gregorian, days since 1970-01-01 --- */

static int64_t days_from_civil(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static void set_civil(Time *t, int64_t local_seconds) {
    int64_t days = local_seconds / 86400, rest = local_seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    t->hour = (int8_t)(rest / 3600);
    t->minute = (int8_t)(rest / 60 % 60);
    t->second = (int8_t)(rest % 60);
    t->wday = (int8_t)(((days + 4) % 7 + 7) % 7);
    int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_index = (5 * day_of_year + 2) / 153;
    t->day = (int8_t)(day_of_year - (153 * month_index + 2) / 5 + 1);
    t->month = (int8_t)(month_index < 10 ? month_index + 3 : month_index - 9);
    t->year = year_of_era + era * 400 + (t->month <= 2);
    t->yday = (int16_t)(days - days_from_civil(t->year, 1, 1) + 1);
}

/* The local offset in force at a moment. */
static int32_t local_offset(int64_t seconds, bool *is_dst, char *name, size_t name_size) {
    struct tm tm;
    time_t moment = (time_t)seconds;
    tzset();
    if (!localtime_r(&moment, &tm)) memset(&tm, 0, sizeof tm);
    *is_dst = tm.tm_isdst > 0;
    if (name) snprintf(name, name_size, "%s", tm.tm_zone ? tm.tm_zone : "UTC");
    return (int32_t)tm.tm_gmtoff;
}

static MAY_GC Time *fields(Fiber *f, Value self) {
    Time *t = (Time *)self;
    if (t->has_fields) return t;
    if (t->zone_kind == ZONE_LOCAL) {
        char name[32];
        t->offset = local_offset(t->seconds, &t->is_dst, name, sizeof name);
        Value zone = tr_string_interned(f, name, strlen(name), ENCODING_US_ASCII);
        tr_write(self, &t->zone, zone);
    } else if (t->zone_kind == ZONE_UTC) {
        t->offset = 0;
    }
    set_civil(t, t->seconds + t->offset);
    t->has_fields = true;
    return t;
}

/* Seconds since the epoch of a local wall clock time. Of two readings (clock set back) the later, unless summer time is
 * asked for; a gap moves on. */
static int64_t seconds_from_local(int64_t wall, bool is_summer) {
    bool dst;
    int32_t before = local_offset(wall - 86400, &dst, NULL, 0), after = local_offset(wall + 86400, &dst, NULL, 0);
    int64_t first = wall - before, second = wall - after;
    if (is_summer && local_offset(first, &dst, NULL, 0) == before && dst) return first;
    if (local_offset(second, &dst, NULL, 0) == after) return second;
    return first;
}

/* --- numbers to moments --- */

/* The float's fraction of a second, in [0, 1), as nanoseconds. */
static MAY_SWITCH MAY_RAISE bool split_fraction(Fiber *f, Value fraction, Moment *out) {
    Value scaled = tr_call(f, fraction, TR_ID_times, 1, TR_FIX(1000000000));
    Value whole = scaled == TR_RAISED ? TR_RAISED : tr_call(f, scaled, TR_ID_floor, 0);
    if (whole == TR_RAISED || !tr_to_long(f, whole, &out->nanoseconds)) return false;
    Value rest = tr_call(f, scaled, TR_ID_minus, 1, whole);
    if (rest == TR_RAISED) return false;
    Value is_zero = tr_call(f, rest, TR_ID_eq, 1, TR_FIX(0));
    if (is_zero == TR_RAISED) return false;
    out->finer = tr_is_truthy(is_zero) ? TR_NIL : rest;
    return true;
}

static MAY_GC MAY_RAISE Value raise_no_exact_number(Fiber *f, Value v) {
    return tr_raise(f, tr_class.type_error, "can't convert %pC into an exact number", (void *)tr_real_class_of(v));
}

/* What stands for an exact number: an Integer or a Rational. */
static MAY_SWITCH MAY_RAISE Value to_exact(Fiber *f, Value v) {
    if (tr_is_integer(v) || tr_is_type(v, TYPE_RATIONAL)) return v;
    if (tr_is_float(v)) return tr_call(f, v, TR_ID_to_r, 0);
    if (tr_is_string(v) || v == TR_NIL) return raise_no_exact_number(f, v);
    int whole = tr_responds_to(f, v, TR_ID_to_int, false), rational = tr_responds_to(f, v, TR_ID_to_r, false);
    if (whole < 0 || rational < 0) return TR_RAISED;
    if (!whole) return raise_no_exact_number(f, v);
    Value exact = tr_call(f, v, rational ? TR_ID_to_r : TR_ID_to_int, 0);
    if (exact == TR_RAISED || tr_is_integer(exact) || tr_is_type(exact, TYPE_RATIONAL)) return exact;
    return raise_no_exact_number(f, v);
}

static MAY_SWITCH MAY_RAISE bool split_number(Fiber *f, Value v, Moment *out) {
    *out = (Moment){ .finer = TR_NIL };
    if (tr_is_float(v)) {
        double d = tr_float(v), whole = floor(d), scaled = (d - whole) * 1e9;
        if (!isfinite(d)) return tr_raise(f, tr_class.float_domain_error, isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity") != TR_RAISED;
        if (whole < -9.2e18 || whole > 9.2e18) return tr_raise(f, tr_class.range_error, "float out of range of Time") != TR_RAISED;
        out->seconds = (int64_t)whole;
        if (d == whole) return true;
        if (ldexp(d - whole, 24) == floor(ldexp(d - whole, 24)) && scaled == floor(scaled)) { /* 24 + 30 bits: exact */
            out->nanoseconds = (int64_t)scaled;
            return true;
        }
        Value fraction = tr_float_to_rational(f, d - whole);
        return fraction != TR_RAISED && split_fraction(f, fraction, out);
    }
    v = to_exact(f, v);
    if (v == TR_RAISED) return false;
    Value whole = tr_is_integer(v) ? v : tr_call(f, v, TR_ID_floor, 0);
    if (whole == TR_RAISED) return false;
    if (!tr_integer_fits_int64(whole, &out->seconds))
        return tr_raise(f, tr_class.range_error, "bignum too big to convert into 'long'") != TR_RAISED;
    if (whole == v) return true;
    Value fraction = tr_call(f, v, TR_ID_minus, 1, whole);
    return fraction != TR_RAISED && split_fraction(f, fraction, out);
}

/* Adds fractions of a nanosecond; a whole one goes to *nanoseconds. */
static MAY_SWITCH MAY_RAISE Value add_finer(Fiber *f, Value a, Value b, int64_t *nanoseconds) {
    if (a == TR_NIL || b == TR_NIL) return a == TR_NIL ? b : a;
    Value sum = tr_call(f, a, TR_ID_plus, 1, b);
    Value whole = sum == TR_RAISED ? TR_RAISED : tr_call(f, sum, TR_ID_floor, 0);
    if (whole == TR_RAISED) return TR_RAISED;
    *nanoseconds += tr_fixnum(whole);
    Value rest = tr_call(f, sum, TR_ID_minus, 1, whole);
    if (rest == TR_RAISED) return TR_RAISED;
    Value is_zero = tr_call(f, rest, TR_ID_eq, 1, TR_FIX(0));
    return is_zero == TR_RAISED ? TR_RAISED : tr_is_truthy(is_zero) ? TR_NIL : rest;
}

bool tr_time_to_timespec(Fiber *f, Value v, struct timespec *out) {
    if (v == TR_NIL) {
        clock_gettime(CLOCK_REALTIME, out);
        return true;
    }
    if (tr_data_is(v, &time_type)) {
        *out = (struct timespec){ .tv_sec = ((Time *)v)->seconds, .tv_nsec = ((Time *)v)->nanoseconds };
        return true;
    }
    Moment moment;
    if (!split_number(f, v, &moment)) return false;
    *out = (struct timespec){ .tv_sec = moment.seconds, .tv_nsec = moment.nanoseconds };
    return true;
}

/* --- primitives of core/time.rb --- */

/* Time.__now */
static MAY_GC Value time_s_now(Fiber *f, Value self, const Args *args) {
    struct timespec now;
    (void)args;
    clock_gettime(CLOCK_REALTIME, &now);
    return (Value)make(f, (Class *)self, now.tv_sec, now.tv_nsec);
}

/* Time.__at(number, nanoseconds) */
static MAY_SWITCH MAY_RAISE Value time_s_at(Fiber *f, Value self, const Args *args) {
    Moment moment, more;
    Value v = args->argv[0];
    if (tr_data_is(v, &time_type)) {
        Time *from = (Time *)v, *t = make(f, (Class *)self, from->seconds, from->nanoseconds);
        t->zone_kind = from->zone_kind;
        t->offset = from->offset;
        tr_write((Value)t, &t->zone, from->zone);
        tr_write((Value)t, &t->finer, from->finer);
        return (Value)t;
    }
    if (!split_number(f, v, &moment)) return TR_RAISED;
    if (args->argv[1] != TR_FIX(0)) {
        Value fraction = to_exact(f, args->argv[1]);
        if (fraction == TR_RAISED) return TR_RAISED;
        fraction = tr_call(f, fraction, TR_ID_divide, 1, tr_rational_raw(f, TR_FIX(1000000000), TR_FIX(1)));
        if (fraction == TR_RAISED || !split_number(f, fraction, &more)) return TR_RAISED;
        moment.seconds += more.seconds;
        moment.nanoseconds += more.nanoseconds;
        moment.finer = add_finer(f, moment.finer, more.finer, &moment.nanoseconds);
        if (moment.finer == TR_RAISED) return TR_RAISED;
    }
    Time *t = make(f, (Class *)self, moment.seconds, moment.nanoseconds);
    tr_write((Value)t, &t->finer, moment.finer);
    return (Value)t;
}

/* Time.__civil(year, month, day, hour, minute, second, nanoseconds, zone, finer): zone :local, :summer, :utc or an offset in seconds */
static MAY_SWITCH MAY_RAISE Value time_s_civil(Fiber *f, Value self, const Args *args) {
    int64_t part[7];
    for (int i = 0; i < 7; i++)
        if (!tr_to_long(f, args->argv[i], &part[i])) return TR_RAISED;
    int64_t wall = days_from_civil(part[0], (int)part[1], (int)part[2]) * 86400 + part[3] * 3600 + part[4] * 60 + part[5];
    Value zone = args->argv[7];
    Time *t;
    if (tr_is_fixnum(zone)) {
        t = make(f, (Class *)self, wall - tr_fixnum(zone), part[6]);
        t->zone_kind = ZONE_FIXED;
        t->offset = (int32_t)tr_fixnum(zone);
    } else if (strcmp(tr_id_cstr(tr_symbol_id(zone)), "utc") == 0) {
        t = make(f, (Class *)self, wall, part[6]);
        t->zone_kind = ZONE_UTC;
    } else {
        t = make(f, (Class *)self, seconds_from_local(wall, strcmp(tr_id_cstr(tr_symbol_id(zone)), "summer") == 0), part[6]);
        fields(f, (Value)t);
    }
    tr_write((Value)t, &t->finer, args->argv[8]);
    return (Value)t;
}

/* Time#__zone(kind, name): the same moment seen with :local, :utc or an offset; changes self. */
static MAY_SWITCH MAY_RAISE Value time_set_zone(Fiber *f, Value self, const Args *args) {
    Time *t = (Time *)self;
    Value zone = args->argv[0];
    ZoneKind kind = tr_is_fixnum(zone) ? ZONE_FIXED : strcmp(tr_id_cstr(tr_symbol_id(zone)), "utc") == 0 ? ZONE_UTC : ZONE_LOCAL;
    if (kind != ZONE_FIXED && kind == (ZoneKind)t->zone_kind) {
        fields(f, self);
        return self;
    }
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    t->zone_kind = (uint8_t)kind;
    t->has_fields = false;
    t->is_dst = false;
    if (kind == ZONE_FIXED) t->offset = (int32_t)tr_fixnum(zone);
    tr_write(self, &t->zone, args->argv[1]);
    if (kind == ZONE_LOCAL) fields(f, self); /* with the zone that is set now */
    return self;
}

static MAY_SWITCH MAY_RAISE Value time_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (!tr_data_is(args->argv[0], &time_type)) return tr_raise(f, tr_class.type_error, "wrong argument type");
    Time *to = (Time *)self, *from = (Time *)args->argv[0];
    size_t after = sizeof(Data);
    memcpy((char *)to + after, (char *)from + after, sizeof(Time) - after);
    tr_write(self, &to->zone, from->zone);
    tr_write(self, &to->finer, from->finer);
    return self;
}

/* Time#__add(seconds, subtract): any exact number; keeps the zone */
static MAY_SWITCH MAY_RAISE Value time_add(Fiber *f, Value self, const Args *args) {
    Time *t = (Time *)self;
    Moment moment;
    Value number = args->argv[0];
    if (tr_is_truthy(args->argv[1])) {
        number = tr_is_float(number) ? number : to_exact(f, number);
        if (number != TR_RAISED) number = tr_call(f, number, TR_ID_uminus, 0);
    }
    if (number == TR_RAISED || !split_number(f, number, &moment)) return TR_RAISED;
    moment.nanoseconds += t->nanoseconds;
    Value finer = add_finer(f, t->finer, moment.finer, &moment.nanoseconds);
    if (finer == TR_RAISED) return TR_RAISED;
    Time *sum = make(f, tr_class.time, t->seconds + moment.seconds, moment.nanoseconds);
    sum->zone_kind = t->zone_kind;
    if (t->zone_kind == ZONE_FIXED) sum->offset = t->offset;
    tr_write((Value)sum, &sum->zone, t->zone);
    tr_write((Value)sum, &sum->finer, finer);
    return (Value)sum;
}

#define READER(name, expression)                                              \
    static MAY_GC Value time_##name(Fiber *f, Value self, const Args *args) { \
        Time *t = fields(f, self);                                            \
        (void)args;                                                           \
        return (expression);                                                  \
    }
READER(year, tr_integer_from_int64(f, t->year))
READER(month, TR_FIX(t->month))
READER(day, TR_FIX(t->day))
READER(hour, TR_FIX(t->hour))
READER(min, TR_FIX(t->minute))
READER(sec, TR_FIX(t->second))
READER(wday, TR_FIX(t->wday))
READER(yday, TR_FIX(t->yday))
READER(nsec, TR_FIX(t->nanoseconds))
READER(usec, TR_FIX(t->nanoseconds / 1000))
READER(utc_offset, TR_FIX(t->offset))
READER(dst_p, tr_bool(t->is_dst))
READER(to_i, tr_integer_from_int64(f, t->seconds))
READER(to_f, tr_float_new(f, (double)t->seconds + (double)t->nanoseconds / 1e9))
READER(utc_p, tr_bool(t->zone_kind == ZONE_UTC))
READER(fixed_p, tr_bool(t->zone_kind == ZONE_FIXED))
READER(finer, t->finer)
READER(zone, t->zone_kind == ZONE_UTC ? tr_string_interned(f, "UTC", 3, ENCODING_US_ASCII) : t->zone)
#undef READER

/* Time#__cmp(time) -> -1, 0, 1, nil for what is no Time */
static MAY_SWITCH MAY_RAISE Value time_cmp(Fiber *f, Value self, const Args *args) {
    if (!tr_data_is(args->argv[0], &time_type)) return TR_NIL;
    Time *a = (Time *)self, *b = (Time *)args->argv[0];
    if (a->seconds != b->seconds) return TR_FIX(a->seconds < b->seconds ? -1 : 1);
    if (a->nanoseconds != b->nanoseconds) return TR_FIX(a->nanoseconds < b->nanoseconds ? -1 : 1);
    if (a->finer == TR_NIL || b->finer == TR_NIL) return TR_FIX((a->finer != TR_NIL) - (b->finer != TR_NIL));
    return tr_call(f, a->finer, TR_ID_cmp, 1, b->finer);
}
static MAY_GC Value time_hash(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    Time *t = (Time *)self;
    return tr_value_from_fixnum((int64_t)tr_hash_mix((uint64_t)t->seconds, (uint64_t)t->nanoseconds) >> 2);
}

/* --- strftime --- */

static const char *const day_names[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char *const month_names[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
                                           "October", "November", "December" };

#define TOO_WIDE 10000000

typedef struct Directive { /* what stands between % and its letter */
    char padding;          /* 0: the letter's own; '0', ' ' */
    bool is_bare, upcase, swap_case; /* -, ^, # */
    int width, colons;
} Directive;

static MAY_GC MAY_RAISE Value append_padded(Fiber *f, Value out, const char *text, size_t size, char padding, int width) {
    char fill = padding == '0' ? '0' : ' ';
    bool sign_first = fill == '0' && size > 0 && (text[0] == '-' || text[0] == '+');
    if (sign_first) {
        if (tr_string_append_bytes(f, out, text, 1) == TR_RAISED) return TR_RAISED;
        text++;
        size--;
        width--;
    }
    for (int i = (int)size; padding != '-' && i < width; i++)
        if (tr_string_append_bytes(f, out, &fill, 1) == TR_RAISED) return TR_RAISED;
    return tr_string_append_bytes(f, out, text, size);
}

static MAY_GC MAY_RAISE Value append_number(Fiber *f, Value out, int64_t n, const Directive *d, char padding, int width) {
    char text[32];
    int size = snprintf(text, sizeof text, "%ld", (long)n);
    if (d->padding) padding = d->padding;
    if (d->is_bare) padding = '-';
    return append_padded(f, out, text, (size_t)size, padding, d->width ? d->width : width);
}

/* `#` is ^ for names, and makes small what stands in capitals (%p, %Z). */
static MAY_GC MAY_RAISE Value append_text(Fiber *f, Value out, const char *text, const Directive *d, bool is_capital) {
    char buffer[64];
    size_t size = strlen(text);
    if (size >= sizeof buffer) size = sizeof buffer - 1;
    bool down = d->swap_case && is_capital, up = d->upcase || d->swap_case;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (down ? c >= 'A' && c <= 'Z' : up && c >= 'a' && c <= 'z') c = (char)(c ^ 32);
        buffer[i] = c;
    }
    return append_padded(f, out, buffer, size, d->is_bare ? '-' : d->padding ? d->padding : ' ', d->width);
}

static int iso_week(const Time *t, int64_t *year) {
    int weekday = (t->wday + 6) % 7, week = (t->yday - 1 - weekday + 10) / 7;
    *year = t->year;
    if (week < 1) {
        (*year)--;
        int days = is_leap(*year) ? 366 : 365;
        week = (t->yday - 1 + days - weekday + 10) / 7;
    } else if (week == 53) {
        int days = is_leap(t->year) ? 366 : 365;
        if (t->yday - 1 - weekday + 3 >= days) {
            week = 1;
            (*year)++;
        }
    }
    return week;
}

/* %z with 0 to 3 colons: +hhmm, +hh:mm, +hh:mm:ss, shortest. The padding goes to the hours; %-z tells UTC by -0000. */
static MAY_GC MAY_RAISE Value append_offset(Fiber *f, Value out, const Time *t, const Directive *d) {
    char hours[24], tail[16], text[48];
    int total = t->offset < 0 ? -t->offset : t->offset, h = total / 3600, m = total / 60 % 60, s = total % 60;
    char sign = t->offset < 0 || (d->is_bare && t->zone_kind == ZONE_UTC) ? '-' : '+';
    if (d->colons == 0) snprintf(tail, sizeof tail, "%02d", m);
    else if (d->colons == 1) snprintf(tail, sizeof tail, ":%02d", m);
    else if (d->colons == 2 || s) snprintf(tail, sizeof tail, ":%02d:%02d", m, s);
    else if (m) snprintf(tail, sizeof tail, ":%02d", m);
    else tail[0] = '\0';
    if (d->padding == ' ') {
        snprintf(hours, sizeof hours, "%c%d", sign, h);
        int size = snprintf(text, sizeof text, "%s%s", hours, tail), least = 3 + (int)strlen(tail);
        return append_padded(f, out, text, (size_t)size, ' ', d->width > least ? d->width : least);
    }
    int size = snprintf(text, sizeof text, "%c%02d%s", sign, h, tail);
    return append_padded(f, out, text, (size_t)size, '0', d->width);
}

/* %N, %L: digits of the second's fraction, cut, not rounded */
static MAY_SWITCH MAY_RAISE Value append_fraction(Fiber *f, Value out, const Time *t, int digits) {
    char text[10];
    snprintf(text, sizeof text, "%09d", t->nanoseconds);
    if (digits <= 9) return tr_string_append_bytes(f, out, text, (size_t)digits);
    if (tr_string_append_bytes(f, out, text, 9) == TR_RAISED) return TR_RAISED;
    Value finer = t->finer == TR_NIL ? TR_FIX(0) : t->finer;
    Value scale = tr_call(f, TR_FIX(10), tr_intern_cstr("**"), 1, TR_FIX(digits - 9));
    Value scaled = scale == TR_RAISED ? TR_RAISED : tr_call(f, finer, TR_ID_times, 1, scale);
    Value whole = scaled == TR_RAISED ? TR_RAISED : tr_call(f, scaled, TR_ID_floor, 0);
    Value rest = whole == TR_RAISED ? TR_RAISED : tr_call(f, whole, TR_ID_to_s, 0);
    if (rest == TR_RAISED) return TR_RAISED;
    Value result = append_padded(f, out, tr_string(rest)->bytes, tr_string(rest)->size, '0', digits - 9);
    TR_KEEP(rest);
    return result;
}

static MAY_SWITCH MAY_RAISE Value format_into(Fiber *f, Value out, Value self, const char *format, size_t size);

static MAY_SWITCH MAY_RAISE Value append_composite(Fiber *f, Value out, Value self, const char *format, const Directive *d) {
    Value part = tr_string_new_capacity(f, 32, ENCODING_US_ASCII);
    if (format_into(f, part, self, format, strlen(format)) == TR_RAISED) return TR_RAISED;
    Directive outer = *d;
    outer.swap_case = false;
    Value result = append_text(f, out, tr_string(part)->bytes, &outer, false);
    TR_KEEP(part);
    return result;
}

/* One directive; TR_UNDEF when there is no such letter. */
static MAY_SWITCH MAY_RAISE Value append_directive(Fiber *f, Value out, Value self, char letter, Directive *d) {
    Time *t = fields(f, self);
    int64_t week_year;
    char text[24];
    int twelve = t->hour % 12 == 0 ? 12 : t->hour % 12;
    switch (letter) {
    case 'Y': return append_number(f, out, t->year, d, '0', t->year < 0 ? 5 : 4);
    case 'C': return append_number(f, out, (t->year - (t->year % 100 + 100) % 100) / 100, d, '0', 2);
    case 'y': return append_number(f, out, (t->year % 100 + 100) % 100, d, '0', 2);
    case 'm': return append_number(f, out, t->month, d, '0', 2);
    case 'd': return append_number(f, out, t->day, d, '0', 2);
    case 'e': return append_number(f, out, t->day, d, ' ', 2);
    case 'j': return append_number(f, out, t->yday, d, '0', 3);
    case 'H': return append_number(f, out, t->hour, d, '0', 2);
    case 'k': return append_number(f, out, t->hour, d, ' ', 2);
    case 'I': return append_number(f, out, twelve, d, '0', 2);
    case 'l': return append_number(f, out, twelve, d, ' ', 2);
    case 'M': return append_number(f, out, t->minute, d, '0', 2);
    case 'S': return append_number(f, out, t->second, d, '0', 2);
    case 's': return append_number(f, out, t->seconds, d, '0', 1);
    case 'u': return append_number(f, out, t->wday == 0 ? 7 : t->wday, d, '0', 1);
    case 'w': return append_number(f, out, t->wday, d, '0', 1);
    case 'U': return append_number(f, out, (t->yday - 1 + 7 - t->wday) / 7, d, '0', 2);
    case 'W': return append_number(f, out, (t->yday - 1 + 7 - (t->wday + 6) % 7) / 7, d, '0', 2);
    case 'V': return append_number(f, out, iso_week(t, &week_year), d, '0', 2);
    case 'G': iso_week(t, &week_year); return append_number(f, out, week_year, d, '0', week_year < 0 ? 5 : 4);
    case 'g': iso_week(t, &week_year); return append_number(f, out, (week_year % 100 + 100) % 100, d, '0', 2);
    case 'L': return append_fraction(f, out, t, d->width ? d->width : 3);
    case 'N': return append_fraction(f, out, t, d->width ? d->width : 9);
    case 'A': return append_text(f, out, day_names[t->wday], d, false);
    case 'B': return append_text(f, out, month_names[t->month - 1], d, false);
    case 'a': snprintf(text, sizeof text, "%.3s", day_names[t->wday]); return append_text(f, out, text, d, false);
    case 'b': case 'h': snprintf(text, sizeof text, "%.3s", month_names[t->month - 1]); return append_text(f, out, text, d, false);
    case 'p': return append_text(f, out, t->hour < 12 ? "AM" : "PM", d, true);
    case 'P': return append_text(f, out, t->hour < 12 ? "am" : "pm", d, false);
    case 'z': return append_offset(f, out, t, d);
    case 'Z': {
        if (t->zone_kind == ZONE_UTC) return append_text(f, out, "UTC", d, true);
        Value zone = tr_call(f, self, tr_intern_cstr("__abbreviation"), 0);
        if (zone == TR_RAISED) return TR_RAISED;
        Value result = append_text(f, out, tr_is_string(zone) ? tr_string(zone)->bytes : "", d, true);
        TR_KEEP(zone);
        return result;
    }
    case 'n': return append_text(f, out, "\n", d, false);
    case 't': return append_text(f, out, "\t", d, false);
    case '%': return append_text(f, out, "%", d, false);
    case 'c': return append_composite(f, out, self, "%a %b %e %H:%M:%S %Y", d);
    case 'D': case 'x': return append_composite(f, out, self, "%m/%d/%y", d);
    case 'F': return append_composite(f, out, self, "%Y-%m-%d", d);
    case 'T': case 'X': return append_composite(f, out, self, "%H:%M:%S", d);
    case 'R': return append_composite(f, out, self, "%H:%M", d);
    case 'r': return append_composite(f, out, self, "%I:%M:%S %p", d);
    case 'v': return append_composite(f, out, self, "%e-%^b-%4Y", d);
    default: return TR_UNDEF;
    }
}

static MAY_SWITCH MAY_RAISE Value format_into(Fiber *f, Value out, Value self, const char *format, size_t size) {
    const char *end = format + size;
    for (const char *p = format; p < end;) {
        const char *percent = memchr(p, '%', (size_t)(end - p));
        size_t plain = (size_t)((percent ? percent : end) - p);
        if (plain && tr_string_append_bytes(f, out, p, plain) == TR_RAISED) return TR_RAISED;
        if (!percent) break;
        Directive d = {0};
        p = percent + 1;
        for (bool more = true; more && p < end;) {
            switch (*p) {
            case '-': d.is_bare = true; p++; break;
            case '0': d.padding = *p++; break;
            case '_': d.padding = ' '; p++; break;
            case '^': d.upcase = true; p++; break;
            case '#': d.swap_case = true; p++; break;
            case ':': d.colons++; p++; break;
            default: more = false;
            }
        }
        while (p < end && *p >= '0' && *p <= '9' && d.width < TOO_WIDE) d.width = d.width * 10 + (*p++ - '0');
        if (d.width >= TOO_WIDE) return tr_raise_errno(f, ERANGE, format);
        while (p < end && *p == ':') { d.colons++; p++; }
        if (p < end && (*p == 'E' || *p == 'O') && p + 1 < end) p++;
        if (p >= end) return tr_raise(f, tr_class.argument_error, "invalid format: %s", format);
        Value done = append_directive(f, out, self, *p, &d);
        if (done == TR_RAISED) return TR_RAISED;
        if (done == TR_UNDEF) { /* unknown: as it stands */
            if (tr_string_append_bytes(f, out, percent, (size_t)(p + 1 - percent)) == TR_RAISED) return TR_RAISED;
        }
        p++;
    }
    return out;
}

static MAY_SWITCH MAY_RAISE Value time_strftime(Fiber *f, Value self, const Args *args) {
    Value format = tr_to_str(f, args->argv[0]);
    if (format == TR_RAISED) return TR_RAISED;
    Value out = tr_string_new_capacity(f, tr_string(format)->size + 16, tr_string_encoding(format));
    format = tr_string_dup(f, format);
    if (format_into(f, out, self, tr_string(format)->bytes, tr_string(format)->size) == TR_RAISED) return TR_RAISED;
    TR_KEEP(format);
    return out;
}

static const MethodDef time_methods[] = {
    { "initialize_copy", time_initialize_copy, ARITY(1, 1), METHOD_PRIVATE },
    { "__zone", time_set_zone, ARITY(2, 2), METHOD_PRIVATE },
    { "__add", time_add, ARITY(2, 2), METHOD_PRIVATE },
    { "year", time_year, ARITY(0, 0), 0 }, { "month", time_month, ARITY(0, 0), 0 }, { "mon", time_month, ARITY(0, 0), 0 },
    { "day", time_day, ARITY(0, 0), 0 }, { "mday", time_day, ARITY(0, 0), 0 }, { "hour", time_hour, ARITY(0, 0), 0 },
    { "min", time_min, ARITY(0, 0), 0 }, { "sec", time_sec, ARITY(0, 0), 0 }, { "wday", time_wday, ARITY(0, 0), 0 },
    { "yday", time_yday, ARITY(0, 0), 0 }, { "nsec", time_nsec, ARITY(0, 0), 0 }, { "tv_nsec", time_nsec, ARITY(0, 0), 0 },
    { "usec", time_usec, ARITY(0, 0), 0 }, { "tv_usec", time_usec, ARITY(0, 0), 0 },
    { "utc_offset", time_utc_offset, ARITY(0, 0), 0 }, { "gmt_offset", time_utc_offset, ARITY(0, 0), 0 },
    { "gmtoff", time_utc_offset, ARITY(0, 0), 0 }, { "dst?", time_dst_p, ARITY(0, 0), 0 },
    { "isdst", time_dst_p, ARITY(0, 0), 0 }, { "to_i", time_to_i, ARITY(0, 0), 0 }, { "tv_sec", time_to_i, ARITY(0, 0), 0 },
    { "to_f", time_to_f, ARITY(0, 0), 0 }, { "utc?", time_utc_p, ARITY(0, 0), 0 }, { "gmt?", time_utc_p, ARITY(0, 0), 0 },
    { "__fixed?", time_fixed_p, ARITY(0, 0), METHOD_PRIVATE }, { "zone", time_zone, ARITY(0, 0), 0 },
    { "__cmp", time_cmp, ARITY(1, 1), METHOD_PRIVATE }, { "__finer", time_finer, ARITY(0, 0), METHOD_PRIVATE }, { "hash", time_hash, ARITY(0, 0), 0 },
    { "strftime", time_strftime, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef time_singleton_methods[] = {
    { "__now", time_s_now, ARITY(0, 0), METHOD_PRIVATE },
    { "__at", time_s_at, ARITY(2, 2), METHOD_PRIVATE },
    { "__civil", time_s_civil, ARITY(9, 9), METHOD_PRIVATE },
    { NULL, NULL, 0, 0, 0 }
};
/* --- between Ractors --- */

static MAY_GC void settle(Value self) { fields(tr_current_fiber(), self); }

static void write_parcel(ParcelWriter *w, Value self) {
    const Time *t = (const Time *)self;
    tr_parcel_put_word(w, (uint64_t)t->seconds);
    tr_parcel_put_word(w, (uint64_t)t->nanoseconds << 32 | t->zone_kind);
    tr_parcel_put_word(w, (uint64_t)(int64_t)t->offset);
    tr_parcel_put_value(w, t->zone_kind == ZONE_LOCAL ? TR_NIL : t->zone, STEP_NAMED, tr_value_from_id(tr_intern_cstr("zone")));
    tr_parcel_put_value(w, t->finer, STEP_NAMED, tr_value_from_id(tr_intern_cstr("subsec")));
}

static MAY_GC Value make_from_parcel(ParcelReader *r, Class *klass) {
    Time *t = (Time *)time_alloc(tr_parcel_fiber(r), klass);
    t->seconds = (int64_t)tr_parcel_get_word(r);
    uint64_t rest = tr_parcel_get_word(r);
    t->nanoseconds = (int32_t)(rest >> 32);
    t->zone_kind = (uint8_t)rest;
    t->offset = (int32_t)(int64_t)tr_parcel_get_word(r);
    return t->zone_kind > ZONE_FIXED || t->nanoseconds < 0 || t->nanoseconds >= 1000000000 ? 0 : (Value)t;
}

static bool fill_from_parcel(ParcelReader *r, Value self) {
    tr_parcel_get_words(r, 3);
    tr_write(self, &((Time *)self)->zone, tr_parcel_get_value(r));
    Value finer = tr_parcel_get_value(r);
    if (finer != TR_NIL && !tr_is_type(finer, TYPE_RATIONAL)) return false;
    tr_write(self, &((Time *)self)->finer, finer);
    return true;
}

static const ParcelType time_parcel = { .write = write_parcel, .make = make_from_parcel, .fill = fill_from_parcel };

static void time_init(Fiber *f) {
    (void)f;
    tr_parcel_register_data(&time_type, &time_parcel);
    tr_shareable_register_data(&time_type, settle);
}

const ClassDef tr_time_def = {
    .klass = &tr_class.time, .methods = time_methods, .singleton_methods = time_singleton_methods, .alloc = time_alloc,
    .instance_type = TYPE_DATA, .init = time_init };

/* --- Process's clocks --- */

static MAY_SWITCH MAY_RAISE Value clock_value(Fiber *f, const struct timespec *t, Value unit) {
    const char *name = unit == TR_UNDEF || unit == TR_NIL ? "float_second" : tr_is_symbol(unit) ? tr_id_cstr(tr_symbol_id(unit)) : "";
    double exact = (double)t->tv_sec + (double)t->tv_nsec / 1e9;
    if (strcmp(name, "float_second") == 0) return tr_float_new(f, exact);
    if (strcmp(name, "float_millisecond") == 0) return tr_float_new(f, (double)t->tv_sec * 1e3 + (double)t->tv_nsec / 1e6);
    if (strcmp(name, "float_microsecond") == 0) return tr_float_new(f, (double)t->tv_sec * 1e6 + (double)t->tv_nsec / 1e3);
    if (strcmp(name, "second") == 0) return TR_FIX(t->tv_sec);
    if (strcmp(name, "millisecond") == 0) return TR_FIX(t->tv_sec * 1000 + t->tv_nsec / 1000000);
    if (strcmp(name, "microsecond") == 0) return TR_FIX(t->tv_sec * 1000000 + t->tv_nsec / 1000);
    if (strcmp(name, "nanosecond") == 0) return TR_FIX(t->tv_sec * 1000000000 + t->tv_nsec);
    Value text = tr_inspect(f, unit);
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.argument_error, "unexpected unit: %s", tr_is_symbol(unit) ? name : tr_string(text)->bytes);
}

/* The clocks that Ruby makes of other system calls: the same moment, in their units. */
typedef struct EmulatedClock { const char *name; clockid_t clock; int64_t unit_ns; } EmulatedClock;
static const EmulatedClock *find_emulated(Value symbol) {
    static const EmulatedClock clocks[] = {
        { "GETTIMEOFDAY_BASED_CLOCK_REALTIME", CLOCK_REALTIME, 1000 }, { "TIME_BASED_CLOCK_REALTIME", CLOCK_REALTIME, 1000000000 },
        { "TIMES_BASED_CLOCK_MONOTONIC", CLOCK_MONOTONIC, 10000000 },
        { "GETRUSAGE_BASED_CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID, 1000 },
        { "TIMES_BASED_CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID, 10000000 },
        { "CLOCK_BASED_CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID, 1000 } };
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++)
        if (strcmp(tr_id_cstr(tr_symbol_id(symbol)), clocks[i].name) == 0) return &clocks[i];
    return NULL;
}

static MAY_SWITCH MAY_RAISE Value read_clock(Fiber *f, const Args *args, int (*read)(clockid_t, struct timespec *), const char *function) {
    struct timespec t;
    int64_t clock;
    int64_t unit = 1; /* nanoseconds: what the clock counts in */
    if (tr_is_symbol(args->argv[0])) {
        const EmulatedClock *emulated = find_emulated(args->argv[0]);
        if (!emulated) return tr_raise_errno(f, EINVAL, function);
        clock = emulated->clock;
        unit = emulated->unit_ns;
    } else if (!tr_to_long(f, args->argv[0], &clock)) {
        return TR_RAISED;
    }
    if (read((clockid_t)clock, &t) < 0) return tr_raise_errno(f, errno, function);
    if (unit > 1 && read == clock_getres) t = (struct timespec){ .tv_sec = unit / 1000000000, .tv_nsec = unit % 1000000000 };
    if (unit > 1 && read == clock_gettime) t.tv_nsec = unit < 1000000000 ? t.tv_nsec / unit * unit : 0;
    return clock_value(f, &t, args->argc > 1 ? args->argv[1] : TR_UNDEF);
}
static MAY_SWITCH MAY_RAISE Value process_clock_gettime(Fiber *f, Value self, const Args *args) { (void)self; return read_clock(f, args, clock_gettime, "clock_gettime"); }
static MAY_SWITCH MAY_RAISE Value process_clock_getres(Fiber *f, Value self, const Args *args) { (void)self; return read_clock(f, args, clock_getres, "clock_getres"); }

/* Process.__times -> [utime, stime, cutime, cstime] */
static MAY_GC Value process_times(Fiber *f, Value self, const Args *args) {
    struct tms t;
    double tick = (double)sysconf(_SC_CLK_TCK);
    struct timespec own;
    (void)self; (void)args;
    times(&t);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    Value user = tr_float_new(f, (double)t.tms_utime / tick), system = tr_float_new(f, (double)t.tms_stime / tick);
    Value child_user = tr_float_new(f, (double)t.tms_cutime / tick);
    return tr_array_new_values(f, 4, user, system, child_user, tr_float_new(f, (double)t.tms_cstime / tick));
}

static const MethodDef clock_singleton_methods[] = {
    { "clock_gettime", process_clock_gettime, ARITY(1, 2), 0 },
    { "clock_getres", process_clock_getres, ARITY(1, 2), 0 },
    { "__times", process_times, ARITY(0, 0), METHOD_PRIVATE },
    { NULL, NULL, 0, 0, 0 }
};
static MAY_GC void clock_init(Fiber *f) {
    static const struct { const char *name; int value; } clocks[] = {
        { "CLOCK_REALTIME", CLOCK_REALTIME }, { "CLOCK_MONOTONIC", CLOCK_MONOTONIC },
        { "CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID }, { "CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID },
        { "CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW }, { "CLOCK_REALTIME_COARSE", CLOCK_REALTIME_COARSE },
        { "CLOCK_MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE }, { "CLOCK_BOOTTIME", CLOCK_BOOTTIME } };
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++)
        tr_const_define(f, tr_class.process, clocks[i].name, TR_FIX(clocks[i].value));
}
const ClassDef tr_clock_def = { .klass = &tr_class.process, .singleton_methods = clock_singleton_methods, .init = clock_init };

/* parcel_types.c - how the core's objects travel from one Ractor to another (ractor/parcel.h).
 *
 * The bytes of a String up to INLINE_MAX are copied into the parcel and out of it, moved or not: that is cheaper than a
 * buffer that one thread allocates and another frees. Longer ones travel in a buffer of their own, which the receiving
 * String keeps: one copy when the message is copied, none when it is moved.
 */
#include <stdlib.h>

#include "core/core.h"
#include "core/exception.h"
#include "core/hash_table.h"
#include "core/parcel_types.h"
#include "core/regexp.h"
#include "core/string_internal.h"
#include "ractor/parcel_io.h"

#define INLINE_MAX 4096

static Value set_class(Value v, Class *klass) {
    if (v == TR_RAISED) return v;
    tr_header(v)->klass = klass;
    return v;
}

/* A new object as `allocate` gives it. */
static MAY_GC Value make_allocated(ParcelReader *r, Class *klass) {
    return klass->alloc ? klass->alloc(tr_parcel_fiber(r), klass) : 0;
}

static void write_nothing(ParcelWriter *w, Value object) {
    (void)w;
    (void)object;
}
const ParcelType tr_parcel_fresh = {.write = write_nothing, .make = make_allocated};
static const ParcelType object_parcel = {.write = write_nothing, .make = make_allocated};

/* --- String --- */

static bool has_own_buffer(const String *s) { return !(s->h.flags & (STRING_EMBEDDED | STRING_SHARED)); }

static void write_string(ParcelWriter *w, Value v) {
    const String *s = tr_string(v);
    uint64_t *words = tr_parcel_reserve(w, 2 + (s->size <= INLINE_MAX ? tr_parcel_words_for(s->size) : 0));
    words[0] = s->size;
    words[1] = s->h.aux;
    if (TR_LIKELY(s->size <= INLINE_MAX)) {
        tr_parcel_set_bytes(words + 2, s->bytes, s->size);
        return;
    }
    if (tr_parcel_is_move(w) && has_own_buffer(s)) {
        tr_parcel_put_buffer(w, s->bytes, s->as.capacity, true);
        return;
    }
    char *copy = malloc(s->size + 1);
    if (!copy) tr_fatal(__FILE__, __LINE__, "no memory for a message");
    memcpy(copy, s->bytes, s->size);
    copy[s->size] = '\0';
    tr_parcel_put_buffer(w, copy, s->size, false);
}

static MAY_GC Value make_string(ParcelReader *r, Class *klass) {
    Fiber *f = tr_parcel_fiber(r);
    const uint64_t *words = tr_parcel_get_words(r, 2);
    if (!words) return 0;
    uint64_t size = words[0];
    uint32_t aux = (uint32_t)words[1];
    if ((aux & 0xff) >= ENCODING_COUNT) return 0;
    Value v;
    if (size <= INLINE_MAX) {
        const char *bytes = tr_parcel_get_bytes(r, size);
        if (!bytes) return 0;
        v = tr_string_alloc(f, klass, size, size, aux & 0xff);
        if (v == TR_RAISED) return v;
        memcpy(tr_string(v)->bytes, bytes, size);
        tr_string(v)->bytes[size] = '\0';
    } else {
        size_t capacity;
        char *bytes = tr_parcel_take_buffer(r, &capacity);
        if (!bytes) return 0;
        if (capacity < size) {
            free(bytes);
            return 0;
        }
        v = tr_string_alloc(f, klass, 0, 0, aux & 0xff);
        if (v == TR_RAISED) {
            free(bytes);
            return v;
        }
        String *s = tr_string(v);
        s->h.flags &= ~STRING_EMBEDDED;
        s->bytes = bytes;
        s->size = size;
        s->as.capacity = capacity;
        tr_buffer_adopt(f->heap, capacity + 1);
    }
    tr_string(v)->h.aux = aux & 0x3ff;
    return v;
}

static void release_string(Heap *heap, Value v) {
    String *s = tr_string(v);
    if (s->size <= INLINE_MAX || !has_own_buffer(s)) return;
    tr_buffer_disown(heap, s->as.capacity + 1);
    s->h.flags |= STRING_EMBEDDED; /* the buffer is not its own any more */
}

static const ParcelType string_parcel = {.write = write_string, .make = make_string, .release = release_string};

/* --- Array --- */

static void write_array(ParcelWriter *w, Value v) {
    const Array *a = tr_array(v);
    uint64_t *words = tr_parcel_reserve(w, 1 + a->count);
    *words++ = a->count;
    for (size_t i = 0; i < a->count; i++)
        words[i] = tr_parcel_word_of(w, a->items[i], STEP_INDEX, tr_value_from_fixnum((int64_t)i));
}

static MAY_GC Value make_array(ParcelReader *r, Class *klass) {
    uint64_t count = tr_parcel_get_word(r);
    if (count > tr_parcel_words_left(r)) return 0;
    return set_class(tr_array_new(tr_parcel_fiber(r), count), klass);
}

static bool fill_array(ParcelReader *r, Value v) {
    size_t count = tr_parcel_get_word(r);
    const uint64_t *words = tr_parcel_get_words(r, count);
    Value *items = tr_array(v)->items;
    for (size_t i = 0; i < count; i++) items[i] = tr_parcel_value_of(r, words[i]);
    tr_array(v)->count = count;
    tr_write_many(v);
    return true;
}

static const ParcelType array_parcel = {.write = write_array, .make = make_array, .fill = fill_array};

/* --- Hash --- */

static void write_hash(ParcelWriter *w, Value v) {
    const Hash *h = tr_hash(v);
    uint64_t *words = tr_parcel_reserve(w, 3 + (size_t)h->count * 2);
    *words++ = h->count;
    *words++ = h->h.flags & (HASH_DEFAULT_PROC | HASH_IDENTITY | HASH_RUBY2_KEYWORDS);
    *words++ = tr_parcel_word_of(w, h->fallback, STEP_DEFAULT, TR_NIL);
    for (uint32_t i = h->first; i < h->used; i++) {
        Value key = h->entries[i].key;
        if (key == TR_UNDEF) continue;
        *words++ = tr_parcel_word_of(w, key, STEP_KEY, TR_NIL);
        *words++ = tr_parcel_word_of(w, h->entries[i].value, STEP_VALUE_OF, key);
    }
}

static MAY_GC Value make_hash(ParcelReader *r, Class *klass) {
    uint64_t count = tr_parcel_get_word(r);
    if (count > tr_parcel_words_left(r)) return 0;
    return set_class(tr_hash_new_capacity(tr_parcel_fiber(r), count), klass);
}

static MAY_SWITCH bool complete_hash(ParcelReader *r, Value v) {
    Fiber *f = tr_parcel_fiber(r);
    const uint64_t *words = tr_parcel_get_words(r, 3);
    if (!words) return false;
    uint64_t count = words[0];
    uint32_t flags = (uint32_t)words[1];
    Value fallback = tr_parcel_value_of(r, words[2]);
    tr_header(v)->flags |= flags & (HASH_IDENTITY | HASH_RUBY2_KEYWORDS);
    if (flags & HASH_DEFAULT_PROC && tr_is_type(fallback, TYPE_PROC)) tr_header(v)->flags |= HASH_DEFAULT_PROC;
    tr_write(v, &tr_hash(v)->fallback, fallback);
    Value *pairs = tr_parcel_get_values(r, count <= tr_parcel_words_left(r) / 2 ? count * 2 : SIZE_MAX);
    return pairs && tr_hash_append_pairs(f, v, pairs, count);
}

static const ParcelType hash_parcel = {.write = write_hash, .make = make_hash, .complete = complete_hash};

/* --- Range, Struct and Data --- */

static void write_range(ParcelWriter *w, Value v) {
    const Range *range = (const Range *)v;
    tr_parcel_put_value(w, range->begin, STEP_NAMED, tr_value_from_id(tr_intern_cstr("begin")));
    tr_parcel_put_value(w, range->end, STEP_NAMED, tr_value_from_id(tr_intern_cstr("end")));
    tr_parcel_put_word(w, range->excludes_end);
}

static bool fill_range(ParcelReader *r, Value v) {
    Range *range = (Range *)v;
    tr_write(v, &range->begin, tr_parcel_get_value(r));
    tr_write(v, &range->end, tr_parcel_get_value(r));
    range->excludes_end = tr_parcel_get_word(r) & 1;
    return true;
}

static const ParcelType range_parcel = {.write = write_range, .make = make_allocated, .fill = fill_range};

static void write_struct(ParcelWriter *w, Value v) {
    const Struct *s = (const Struct *)v;
    Value members = tr_real_class_of(v)->struct_members;
    for (uint32_t i = 0; i < s->count; i++) {
        Value name = tr_is_array(members) ? tr_array_at(members, i) : TR_FIX(i);
        tr_parcel_put_value(w, s->items[i], STEP_NAMED, name);
    }
}

static bool fill_struct(ParcelReader *r, Value v) {
    Struct *s = (Struct *)v;
    for (uint32_t i = 0; i < s->count; i++) s->items[i] = tr_parcel_get_value(r);
    tr_write_many(v);
    return true;
}

static const ParcelType struct_parcel = {.write = write_struct, .make = make_allocated, .fill = fill_struct};

/* --- numbers --- */

static void write_float(ParcelWriter *w, Value v) {
    uint64_t bits;
    double d = tr_float(v);
    memcpy(&bits, &d, sizeof bits);
    tr_parcel_put_word(w, bits);
}

static MAY_GC Value make_float(ParcelReader *r, Class *klass) {
    (void)klass;
    uint64_t bits = tr_parcel_get_word(r);
    double d;
    memcpy(&d, &bits, sizeof d);
    if (tr_flonum_try(d)) return 0; /* would not have been an object */
    return tr_float_new(tr_parcel_fiber(r), d);
}

static const ParcelType float_parcel = {.write = write_float, .make = make_float};

static void write_bignum(ParcelWriter *w, Value v) {
    const Bignum *big = (const Bignum *)v;
    size_t limbs = mpz_size(big->value);
    tr_parcel_put_word(w, limbs << 1 | (mpz_sgn(big->value) < 0));
    tr_parcel_put_bytes(w, mpz_limbs_read(big->value), limbs * sizeof(mp_limb_t));
}

static MAY_GC Value make_bignum(ParcelReader *r, Class *klass) {
    (void)klass;
    uint64_t head = tr_parcel_get_word(r);
    if (head >> 1 > tr_parcel_words_left(r)) return 0;
    const void *limbs = tr_parcel_get_bytes(r, (head >> 1) * sizeof(mp_limb_t));
    if (!limbs) return 0;
    mpz_t z;
    mpz_init(z);
    mpz_import(z, head >> 1, -1, sizeof(mp_limb_t), 0, 0, limbs);
    if (head & 1) mpz_neg(z, z);
    Value v = tr_integer_from_mpz(tr_parcel_fiber(r), z);
    mpz_clear(z);
    return tr_is_object(v) ? v : 0;
}

static const ParcelType bignum_parcel = {.write = write_bignum, .make = make_bignum};

/* Rational and Complex have two references behind the header. */
static void write_pair(ParcelWriter *w, Value v) {
    const Rational *pair = (const Rational *)v;
    tr_parcel_put_value(w, pair->numerator, STEP_INDEX, TR_FIX(0));
    tr_parcel_put_value(w, pair->denominator, STEP_INDEX, TR_FIX(1));
}

static MAY_GC Value make_rational(ParcelReader *r, Class *klass) {
    Rational *pair = tr_heap_alloc(tr_parcel_fiber(r), sizeof *pair, TYPE_RATIONAL | TR_FLAG_FROZEN, klass);
    pair->numerator = pair->denominator = TR_FIX(1);
    return (Value)pair;
}
static MAY_GC Value make_complex(ParcelReader *r, Class *klass) {
    Complex *pair = tr_heap_alloc(tr_parcel_fiber(r), sizeof *pair, TYPE_COMPLEX | TR_FLAG_FROZEN, klass);
    pair->real = pair->imaginary = TR_FIX(0);
    return (Value)pair;
}

static bool is_positive(Value v) {
    return tr_is_fixnum(v) ? tr_fixnum(v) > 0 : tr_is_bignum(v) && mpz_sgn(((Bignum *)v)->value) > 0;
}

static bool fill_rational(ParcelReader *r, Value v) {
    Value numerator = tr_parcel_get_value(r), denominator = tr_parcel_get_value(r);
    if (!tr_is_integer(numerator) || !is_positive(denominator)) {
        tr_parcel_damage(r);
        return false;
    }
    tr_write(v, &((Rational *)v)->numerator, numerator);
    tr_write(v, &((Rational *)v)->denominator, denominator);
    return true;
}

static bool is_real(Value v) { return tr_is_integer(v) || tr_is_float(v) || tr_is_type(v, TYPE_RATIONAL); }

static bool fill_complex(ParcelReader *r, Value v) {
    Value real = tr_parcel_get_value(r), imaginary = tr_parcel_get_value(r);
    if (!is_real(real) || !is_real(imaginary)) {
        tr_parcel_damage(r);
        return false;
    }
    tr_write(v, &((Complex *)v)->real, real);
    tr_write(v, &((Complex *)v)->imaginary, imaginary);
    return true;
}

_Static_assert(offsetof(Rational, denominator) == offsetof(Complex, imaginary), "the same shape");
static const ParcelType rational_parcel = {.write = write_pair, .make = make_rational, .fill = fill_rational};
static const ParcelType complex_parcel = {.write = write_pair, .make = make_complex, .fill = fill_complex};

/* --- Exception: its backtrace has been made an Array of Strings before (tr_exception_prepare_parcel) --- */

#define EXCEPTION_FIELDS 9

static Value *exception_field(Exception *e, unsigned i) {
    Value *fields[EXCEPTION_FIELDS] = {&e->message, &e->backtrace, &e->backtrace_locations, &e->cause, &e->name,
                                       &e->receiver, &e->key, &e->result, &e->args};
    return fields[i];
}

static void write_exception(ParcelWriter *w, Value v) {
    static const char *const names[EXCEPTION_FIELDS] = {"message", "backtrace", "backtrace_locations", "cause", "name",
                                                        "receiver", "key", "result", "args"};
    for (unsigned i = 0; i < EXCEPTION_FIELDS; i++) {
        Value field = *exception_field((Exception *)v, i);
        bool is_local = i == 2 || (i == 1 && !tr_is_array(field)); /* positions in code that runs here */
        tr_parcel_put_value(w, is_local ? TR_NIL : field, STEP_NAMED, tr_value_from_id(tr_intern_cstr(names[i])));
    }
}

static bool fill_exception(ParcelReader *r, Value v) {
    for (unsigned i = 0; i < EXCEPTION_FIELDS; i++) tr_write(v, exception_field((Exception *)v, i), tr_parcel_get_value(r));
    return true;
}

static const ParcelType exception_parcel = {.write = write_exception, .make = make_allocated, .fill = fill_exception};

MAY_GC void tr_exception_prepare_parcel(Fiber *f, Value exception) {
    for (unsigned depth = 0; tr_is_type(exception, TYPE_EXCEPTION) && depth < 64; depth++) {
        if (!tr_has_flag(exception, TR_FLAG_SHAREABLE)) {
            Value strings = tr_exception_backtrace(f, exception);
            if (tr_is_array(strings)) tr_write(exception, &((Exception *)exception)->backtrace, strings);
        }
        exception = ((Exception *)exception)->cause;
    }
}

/* --- Regexp that is not frozen --- */

static void write_regexp(ParcelWriter *w, Value v) {
    tr_parcel_put_value(w, tr_regexp(v)->source, STEP_NAMED, tr_value_from_id(tr_intern_cstr("source")));
    tr_parcel_put_word(w, tr_regexp(v)->options);
}

static MAY_GC MAY_RAISE Value make_regexp(ParcelReader *r, Class *klass) {
    Value source = tr_parcel_get_value(r);
    uint64_t options = tr_parcel_get_word(r);
    if (!tr_is_string(source)) return 0;
    return set_class(tr_regexp_new(tr_parcel_fiber(r), source, (int)(options & 0xff)), klass);
}

static const ParcelType regexp_parcel = {.write = write_regexp, .make = make_regexp};

void tr_parcel_types_boot(void) {
    tr_parcel_register(TYPE_OBJECT, &object_parcel);
    tr_parcel_register(TYPE_STRING, &string_parcel);
    tr_parcel_register(TYPE_ARRAY, &array_parcel);
    tr_parcel_register(TYPE_HASH, &hash_parcel);
    tr_parcel_register(TYPE_RANGE, &range_parcel);
    tr_parcel_register(TYPE_STRUCT, &struct_parcel);
    tr_parcel_register(TYPE_FLOAT, &float_parcel);
    tr_parcel_register(TYPE_BIGNUM, &bignum_parcel);
    tr_parcel_register(TYPE_RATIONAL, &rational_parcel);
    tr_parcel_register(TYPE_COMPLEX, &complex_parcel);
    tr_parcel_register(TYPE_EXCEPTION, &exception_parcel);
    tr_parcel_register(TYPE_REGEXP, &regexp_parcel);
}

/* random.c - Random: MT19937 with Ruby's seeding and Ruby's way from words to numbers, so that a seed gives the
 * sequence that every Ruby gives. Each Ractor has a default generator of its own, seeded from the system.
 */
#include <errno.h>
#include <math.h>
#include <sys/random.h>

#include "core/integer.h"
#include "value/data.h"

enum { STATE_WORDS = 624, SHIFT_WORDS = 397 };

typedef struct Generator {
    uint32_t words[STATE_WORDS];
    int next;
} Generator;

typedef struct Random {
    Data base;
    Value seed;
    Generator *generator; /* malloc'ed: 2.5 KB */
} Random;

/* --- MT19937, after the published description --- */

static void generator_init(Generator *g, uint32_t seed) {
    g->words[0] = seed;
    for (uint32_t i = 1; i < STATE_WORDS; i++) g->words[i] = 1812433253u * (g->words[i - 1] ^ (g->words[i - 1] >> 30)) + i;
    g->next = STATE_WORDS;
}

static void generator_init_words(Generator *g, const uint32_t *key, uint32_t count) {
    generator_init(g, 19650218u);
    uint32_t *w = g->words, i = 1, j = 0;
    for (uint32_t k = count > STATE_WORDS ? count : STATE_WORDS; k > 0; k--) {
        w[i] = (w[i] ^ ((w[i - 1] ^ (w[i - 1] >> 30)) * 1664525u)) + key[j] + j;
        if (++i >= STATE_WORDS) { w[0] = w[STATE_WORDS - 1]; i = 1; }
        if (++j >= count) j = 0;
    }
    for (uint32_t k = STATE_WORDS - 1; k > 0; k--) {
        w[i] = (w[i] ^ ((w[i - 1] ^ (w[i - 1] >> 30)) * 1566083941u)) - i;
        if (++i >= STATE_WORDS) { w[0] = w[STATE_WORDS - 1]; i = 1; }
    }
    w[0] = 0x80000000u;
}

static void generator_refill(Generator *g) {
    uint32_t *w = g->words;
    for (int i = 0; i < STATE_WORDS; i++) {
        uint32_t y = (w[i] & 0x80000000u) | (w[(i + 1) % STATE_WORDS] & 0x7fffffffu);
        w[i] = w[(i + SHIFT_WORDS) % STATE_WORDS] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    g->next = 0;
}

static uint32_t next_word(Generator *g) {
    if (g->next >= STATE_WORDS) generator_refill(g);
    uint32_t y = g->words[g->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* [0, 1) with 53 bits. */
static double next_double(Generator *g) {
    uint32_t a = next_word(g) >> 5, b = next_word(g) >> 6;
    return ((double)a * 67108864.0 + (double)b) * (1.0 / 9007199254740992.0);
}

/* [0, 1] with both ends: 64 bits scaled by (2**53 + 1) / 2**64. */
static double next_double_inclusive(Generator *g) {
    uint64_t a = next_word(g), b = next_word(g);
    unsigned __int128 scaled = (unsigned __int128)((a << 32) | b) * (((uint64_t)1 << 53) | 1);
    return ldexp((double)(uint64_t)(scaled >> 64), -53);
}

static uint64_t mask_for(uint64_t limit) {
    return limit == 0 ? 0 : ~(uint64_t)0 >> __builtin_clzll(limit);
}

/* 0..limit, both included: draw only as many words as the limit has, again when above it. */
static uint64_t next_limited(Generator *g, uint64_t limit) {
    uint64_t mask = mask_for(limit), value;
    if (limit == 0) return 0;
again:
    value = 0;
    for (int i = 1; i >= 0; i--) {
        if (!((mask >> (i * 32)) & 0xffffffffu)) continue;
        value |= (uint64_t)next_word(g) << (i * 32);
        value &= mask;
        if (value > limit) goto again;
    }
    return value;
}

static MAY_GC MAY_RAISE Value next_limited_big(Fiber *f, Generator *g, Value limit) {
    mpz_t z;
    mpz_init(z);
    tr_integer_to_mpz(limit, z);
    size_t count = (mpz_sizeinbase(z, 2) + 31) / 32;
    uint32_t *words = calloc(count * 2, sizeof(uint32_t));
    if (!words) { mpz_clear(z); return tr_raise_no_memory(f); }
    uint32_t *limits = words + count;
    mpz_export(limits, NULL, -1, sizeof(uint32_t), 0, 0, z);
    mpz_clear(z);
    bool again = true;
    while (again) {
        bool at_boundary = true, any_mask = false;
        again = false;
        for (size_t i = count; i-- > 0 && !again;) {
            uint32_t mask = any_mask ? 0xffffffffu : (uint32_t)mask_for(limits[i]);
            any_mask |= mask != 0;
            words[i] = mask ? next_word(g) & mask : 0;
            if (mask && at_boundary) {
                again = words[i] > limits[i];
                at_boundary = words[i] >= limits[i];
            }
        }
    }
    Value result = tr_integer_from_words(f, false, words, count);
    free(words);
    return result;
}

/* --- objects --- */

static void random_trace(Tracer *tracer, Value object) { tr_trace(tracer, ((Random *)object)->seed); }
static void random_free(Heap *heap, Value object) {
    (void)heap;
    free(((Random *)object)->generator);
}
static const DataType random_type = { .name = "Random", .bytes = sizeof(Random), .trace = random_trace, .free = random_free };

static uint32_t default_key; /* Ractor local; reserved at boot */

static MAY_GC Value random_alloc(Fiber *f, Class *klass) {
    Random *random = tr_data_alloc(f, &random_type, klass);
    random->seed = TR_FIX(0);
    random->generator = calloc(1, sizeof(Generator));
    TR_CHECK(random->generator);
    generator_init(random->generator, 0);
    return (Value)random;
}

static MAY_GC Value new_seed(Fiber *f) {
    uint32_t words[4];
    if (getrandom(words, sizeof words, 0) != (ssize_t)sizeof words)
        for (int i = 0; i < 4; i++) words[i] = (uint32_t)(tr_now_ns() >> (i * 8)) * 2654435761u;
    return tr_integer_from_words(f, false, words, 4);
}

static MAY_GC void random_seed(Random *random, Value seed) {
    mpz_t z;
    mpz_init(z);
    tr_integer_to_mpz(seed, z);
    mpz_abs(z, z);
    size_t count = (mpz_sizeinbase(z, 2) + 31) / 32;
    uint32_t small[8] = {0}, *words = count <= 8 ? small : calloc(count, sizeof(uint32_t));
    TR_CHECK(words);
    mpz_export(words, NULL, -1, sizeof(uint32_t), 0, 0, z);
    mpz_clear(z);
    if (count <= 1) generator_init(random->generator, words[0]);
    else generator_init_words(random->generator, words, (uint32_t)count);
    if (words != small) free(words);
    tr_write((Value)random, &random->seed, seed);
}

static MAY_GC Random *default_random(Fiber *f) {
    Value v = tr_ractor_local_get(f->ractor, default_key);
    if (v != TR_UNDEF) return (Random *)v;
    Random *random = (Random *)random_alloc(f, tr_class.random);
    random_seed(random, new_seed(f));
    tr_ractor_local_set(f->ractor, default_key, (Value)random);
    return random;
}

/* The generator behind `self`: a Random, or the class Random itself (default generator). */
static MAY_GC Random *random_of(Fiber *f, Value self) {
    return tr_data_is(self, &random_type) ? (Random *)self : default_random(f);
}

MAY_GC double tr_random_double(Fiber *f) { return next_double(default_random(f)->generator); }
MAY_GC uint64_t tr_random_below(Fiber *f, uint64_t limit) { return next_limited(default_random(f)->generator, limit - 1); }

static MAY_SWITCH MAY_RAISE Value random_initialize(Fiber *f, Value self, const Args *args) {
    Value seed = args->argc > 0 ? tr_to_int(f, args->argv[0]) : new_seed(f);
    if (seed == TR_RAISED) return TR_RAISED;
    random_seed((Random *)self, seed);
    return self;
}

static MAY_SWITCH MAY_RAISE Value random_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (!tr_data_is(args->argv[0], &random_type)) return tr_raise(f, tr_class.type_error, "wrong argument type");
    Random *from = (Random *)args->argv[0], *to = (Random *)self;
    *to->generator = *from->generator;
    tr_write(self, &to->seed, from->seed);
    return self;
}

/* --- numbers out of it --- */

static MAY_SWITCH MAY_RAISE Value raise_invalid(Fiber *f, Value argument) {
    Value text = tr_to_s(f, argument);
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.argument_error, "invalid argument - %s", tr_string(text)->bytes);
}

/* A number in 0..limit (Integer, ≥ 0). */
static MAY_GC MAY_RAISE Value integer_up_to(Fiber *f, Generator *g, Value limit) {
    int64_t n;
    if (tr_integer_fits_int64(limit, &n)) return tr_integer_from_uint64(f, next_limited(g, (uint64_t)n));
    return next_limited_big(f, g, limit);
}

static MAY_SWITCH MAY_RAISE Value raise_domain(Fiber *f) { return tr_raise_errno(f, EDOM, NULL); }

static MAY_SWITCH MAY_RAISE Value in_range(Fiber *f, Generator *g, Range *range) {
    Value begin = range->begin, end = range->end;
    bool excludes = range->excludes_end;
    if (begin == TR_NIL || end == TR_NIL) return raise_domain(f);
    if (tr_is_float(begin) || tr_is_float(end) || !tr_is_integer(begin) || !tr_is_integer(end)) {
        double from, to;
        if (!tr_to_double(f, begin, &from) || !tr_to_double(f, end, &to)) return TR_RAISED;
        if (!isfinite(from) || !isfinite(to)) return raise_domain(f);
        if (to < from || (excludes && to == from)) return TR_NIL;
        double span = to - from, part = excludes ? next_double(g) : next_double_inclusive(g);
        if (isinf(span)) return tr_float_new(f, (part - 0.5) * 2 * (to / 2 - from / 2) + (from / 2 + to / 2));
        return tr_float_new(f, part * span + from);
    }
    Value limit = tr_integer_sub(f, end, begin);
    if (limit == TR_RAISED) return TR_RAISED;
    if (excludes) limit = tr_integer_sub(f, limit, TR_FIX(1));
    if (limit == TR_RAISED) return TR_RAISED;
    if (tr_integer_sign(limit) < 0) return TR_NIL;
    Value offset = integer_up_to(f, g, limit);
    return offset == TR_RAISED ? TR_RAISED : tr_integer_add(f, begin, offset);
}

static bool is_numeric_range(Value v) {
    if (!tr_is_type(v, TYPE_RANGE)) return false;
    Value begin = ((Range *)v)->begin, end = ((Range *)v)->end;
    return (begin == TR_NIL || tr_is_kind_of(begin, tr_class.numeric)) && (end == TR_NIL || tr_is_kind_of(end, tr_class.numeric));
}

/* Random#rand, Random.rand: strict about its argument. */
static MAY_SWITCH MAY_RAISE Value random_rand(Fiber *f, Value self, const Args *args) {
    Generator *g = random_of(f, self)->generator;
    if (args->argc == 0) return tr_float_new(f, next_double(g));
    Value limit = args->argv[0], result;
    if (limit == TR_NIL) return raise_invalid(f, limit);
    if (tr_is_float(limit)) {
        double max = tr_float(limit);
        if (!isfinite(max)) return raise_domain(f);
        if (max < 0) return raise_invalid(f, limit);
        return tr_float_new(f, next_double(g) * (max == 0 ? 1 : max));
    }
    if (is_numeric_range(limit)) {
        result = in_range(f, g, (Range *)limit);
    } else {
        Value max = tr_to_int(f, limit);
        if (max == TR_RAISED) return TR_RAISED;
        if (tr_integer_sign(max) <= 0) return raise_invalid(f, limit);
        result = integer_up_to(f, g, tr_integer_sub(f, max, TR_FIX(1)));
    }
    return result == TR_NIL ? raise_invalid(f, limit) : result;
}

/* Kernel#rand(max = 0): nil and 0 give a Float, negatives count by magnitude, an empty range gives nil. */
static MAY_SWITCH MAY_RAISE Value kernel_rand(Fiber *f, Value self, const Args *args) {
    (void)self;
    Generator *g = default_random(f)->generator;
    Value limit = args->argc > 0 ? args->argv[0] : TR_NIL;
    if (tr_is_type(limit, TYPE_RANGE)) return in_range(f, g, (Range *)limit);
    if (limit != TR_NIL) {
        limit = tr_to_int(f, limit);
        if (limit == TR_RAISED) return TR_RAISED;
        if (limit != TR_FIX(0)) return integer_up_to(f, g, tr_integer_sub(f, tr_integer_abs(f, limit), TR_FIX(1)));
    }
    return tr_float_new(f, next_double(g));
}

/* srand(seed = new) -> the former seed */
static MAY_SWITCH MAY_RAISE Value random_srand(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value seed = args->argc > 0 ? tr_to_int(f, args->argv[0]) : new_seed(f);
    if (seed == TR_RAISED) return TR_RAISED;
    Random *random = default_random(f);
    Value former = random->seed;
    random_seed(random, seed);
    return former;
}

static MAY_GC Value random_seed_get(Fiber *f, Value self, const Args *args) { (void)args; return random_of(f, self)->seed; }
static MAY_GC Value random_s_new_seed(Fiber *f, Value self, const Args *args) { (void)self; (void)args; return new_seed(f); }

static MAY_SWITCH MAY_RAISE Value random_bytes(Fiber *f, Value self, const Args *args) {
    int64_t size;
    if (!tr_to_long(f, args->argv[0], &size)) return TR_RAISED;
    if (size < 0) return tr_raise(f, tr_class.argument_error, "negative string size (or size too big)");
    Generator *g = random_of(f, self)->generator;
    Value string = tr_string_new_capacity(f, (size_t)size, ENCODING_BINARY);
    if (tr_string_resize(f, string, (size_t)size) == TR_RAISED) return TR_RAISED;
    char *bytes = tr_string(string)->bytes;
    for (int64_t i = 0; i < size; i += 4) {
        uint32_t word = next_word(g);
        for (int64_t j = i; j < size && j < i + 4; j++, word >>= 8) bytes[j] = (char)word;
    }
    return string;
}

static MAY_SWITCH MAY_RAISE Value random_s_urandom(Fiber *f, Value self, const Args *args) {
    int64_t size;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &size)) return TR_RAISED;
    if (size < 0) return tr_raise(f, tr_class.argument_error, "negative string size (or size too big)");
    Value string = tr_string_new_capacity(f, (size_t)size, ENCODING_BINARY);
    if (tr_string_resize(f, string, (size_t)size) == TR_RAISED) return TR_RAISED;
    for (size_t done = 0; done < (size_t)size;) {
        ssize_t got = getrandom(tr_string(string)->bytes + done, (size_t)size - done, 0);
        if (got < 0 && errno != EINTR) return tr_raise_errno(f, errno, "getrandom");
        if (got > 0) done += (size_t)got;
    }
    return string;
}

static MAY_GC Value random_equal(Fiber *f, Value self, const Args *args) {
    (void)f;
    if (!tr_data_is(args->argv[0], &random_type)) return TR_FALSE;
    Random *a = (Random *)self, *b = (Random *)args->argv[0];
    return tr_bool(tr_integer_equal(a->seed, b->seed) && a->generator->next == b->generator->next &&
                   memcmp(a->generator->words, b->generator->words, sizeof a->generator->words) == 0);
}

/* The state as Marshal keeps it: the words as one Integer, how many are left, the seed. */
static MAY_GC Value random_marshal_dump(Fiber *f, Value self, const Args *args) {
    (void)args;
    Random *random = (Random *)self;
    Value words = tr_integer_from_words(f, false, random->generator->words, STATE_WORDS);
    return tr_array_new_values(f, 3, words, TR_FIX(STATE_WORDS + 1 - random->generator->next), random->seed);
}
static MAY_GC MAY_RAISE Value random_marshal_load(Fiber *f, Value self, const Args *args) {
    Random *random = (Random *)self;
    Value state = args->argv[0];
    if (!tr_is_array(state) || tr_array_count(state) != 3 || !tr_is_integer(tr_array_at(state, 0)) ||
        !tr_is_fixnum(tr_array_at(state, 1)) || !tr_is_integer(tr_array_at(state, 2)))
        return tr_raise(f, tr_class.argument_error, "wrong dump data");
    int64_t left = tr_fixnum(tr_array_at(state, 1));
    mpz_t z;
    mpz_init(z);
    tr_integer_to_mpz(tr_array_at(state, 0), z);
    bool fits = mpz_sgn(z) >= 0 && mpz_sizeinbase(z, 2) <= STATE_WORDS * 32 && left >= 1 && left <= STATE_WORDS + 1;
    if (fits) {
        memset(random->generator->words, 0, sizeof random->generator->words);
        mpz_export(random->generator->words, NULL, -1, sizeof(uint32_t), 0, 0, z);
        random->generator->next = (int)(STATE_WORDS + 1 - left);
        tr_write(self, &random->seed, tr_array_at(state, 2));
    }
    mpz_clear(z);
    return fits ? self : tr_raise(f, tr_class.argument_error, "wrong value");
}

static const MethodDef random_methods[] = {
    { "marshal_dump", random_marshal_dump, ARITY(0, 0), METHOD_PRIVATE },
    { "marshal_load", random_marshal_load, ARITY(1, 1), METHOD_PRIVATE },
    { "initialize", random_initialize, ARITY(0, 1), METHOD_PRIVATE },
    { "initialize_copy", random_initialize_copy, ARITY(1, 1), METHOD_PRIVATE },
    { "rand", random_rand, ARITY(0, 1), 0 },
    { "bytes", random_bytes, ARITY(1, 1), 0 },
    { "seed", random_seed_get, ARITY(0, 0), 0 },
    { "==", random_equal, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef random_singleton_methods[] = {
    { "rand", random_rand, ARITY(0, 1), 0 },
    { "bytes", random_bytes, ARITY(1, 1), 0 },
    { "seed", random_seed_get, ARITY(0, 0), 0 },
    { "srand", random_srand, ARITY(0, 1), 0 },
    { "new_seed", random_s_new_seed, ARITY(0, 0), 0 },
    { "urandom", random_s_urandom, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static MAY_GC void random_init(Fiber *f) {
    default_key = tr_ractor_local_reserve();
    tr_define_method(f, tr_class.kernel, "rand", kernel_rand, 0, 1, METHOD_MODULE_FUNCTION);
    tr_define_method(f, tr_class.kernel, "srand", random_srand, 0, 1, METHOD_MODULE_FUNCTION);
}
const ClassDef tr_random_def = {
    .klass = &tr_class.random, .methods = random_methods, .singleton_methods = random_singleton_methods,
    .alloc = random_alloc, .instance_type = TYPE_DATA, .init = random_init,
};

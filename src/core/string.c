/* string.c - the representation of String: where the bytes live, copy on write, appending, the table of
 * interned strings.
 *
 * A string is embedded (bytes in its own slot), owns a buffer, or shares the tail of a frozen string's bytes:
 * a whole copy or a suffix, never a piece from the middle, so that the bytes of every string end with a NUL.
 * The first change of a sharing string gives it bytes of its own. A frozen string that others share never
 * changes or moves its bytes.
 *
 * The code range (7-bit, valid, broken) is cached in the header and kept up to date by appending.
 *
 * Interned strings are in one process-wide table in shards. Readers take no lock: they probe the table that
 * the shard publishes (acquire); a writer, under the shard's lock, stores the string (release), and a grown
 * table replaces the old one, which is retired. Interned strings are never collected.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/string_internal.h"
#include "ractor/shareable.h"

/* --- making --- */

static void string_trace(Tracer *tracer, Value v) {
    if (tr_has_flag(v, STRING_SHARED)) tr_trace(tracer, tr_string(v)->as.shared);
}

static void string_free(Heap *heap, Value v) {
    String *s = tr_string(v);
    if (s->bytes && !(s->h.flags & (STRING_EMBEDDED | STRING_SHARED)))
        tr_buffer_free(heap, s->bytes, s->as.capacity + 1);
}

static size_t string_size(Value v) {
    return tr_string(v)->h.flags & (STRING_EMBEDDED | STRING_SHARED) ? 0 : tr_string(v)->as.capacity + 1;
}

static const HeapType string_heap_type = {
    "String", string_trace, string_free, string_size
};

static void register_type(void) __attribute__((constructor));
static void register_type(void) {
    tr_heap_register_type(TYPE_STRING, &string_heap_type);
    tr_heap_set_free_unless(TYPE_STRING, STRING_EMBEDDED | STRING_SHARED);
    tr_heap_set_free_unless(TYPE_STRING, STRING_EMBEDDED | STRING_SHARED);
}

static inline size_t embed_capacity(Value v) {
    return tr_heap_slot_bytes(v) - offsetof(String, embedded) - 1;
}

static inline MAY_GC String *alloc_embedded(Fiber *f, Class *klass, size_t capacity, int encoding) {
    String *s = tr_heap_alloc(f, offsetof(String, embedded) + capacity + 1, TYPE_STRING | STRING_EMBEDDED,
                              klass);
    s->h.aux = (uint32_t)encoding;
    s->bytes = s->embedded;
    return s;
}

static inline MAY_GC String *alloc_bare(Fiber *f, Class *klass, int encoding) {
    String *s = tr_heap_alloc(f, sizeof(String), TYPE_STRING, klass);
    s->h.aux = (uint32_t)encoding;
    return s;
}

Value tr_string_alloc(Fiber *f, Class *klass, size_t size, size_t capacity, int encoding) {
    if (capacity < size) capacity = size;
    if (capacity <= STRING_EMBED_MAX) {
        String *s = alloc_embedded(f, klass, capacity, encoding);
        s->size = size;
        s->bytes[size] = 0;
        return (Value)s;
    }
    if (capacity > (size_t)INT64_MAX / 2) return tr_raise_no_memory(f);
    String *s = alloc_bare(f, klass, encoding);
    char *bytes = tr_buffer_alloc(f, capacity + 1);
    if (!bytes) return tr_raise_no_memory(f);
    s->as.capacity = capacity;
    s->size = size;
    s->bytes = bytes;
    bytes[size] = 0;
    return (Value)s;
}

/* For callers that cannot raise: a process that has no memory for a plain string ends. */
static MAY_GC MAY_RAISE Value alloc_or_die(Fiber *f, Class *klass, size_t size, size_t capacity,
                                           int encoding) {
    Value v = tr_string_alloc(f, klass, size, capacity, encoding);
    if (v == TR_RAISED) tr_fatal(__FILE__, __LINE__, "failed to allocate memory (%zu bytes)", capacity);
    return v;
}

Value tr_string_new_encoded(Fiber *f, const char *bytes, size_t size, int encoding) {
    if (TR_LIKELY(size <= STRING_EMBED_MAX)) {
        String *s = alloc_embedded(f, tr_class.string, size, encoding);
        memcpy(s->embedded, bytes, size);
        s->embedded[size] = 0;
        s->size = size;
        return (Value)s;
    }
    Value v = alloc_or_die(f, tr_class.string, size, size, encoding);
    memcpy(tr_string(v)->bytes, bytes, size);
    return v;
}

Value tr_string_new(Fiber *f, const char *bytes, size_t size) {
    return tr_string_new_encoded(f, bytes, size, ENCODING_UTF8);
}

Value tr_string_new_cstr(Fiber *f, const char *text) {
    return tr_string_new_encoded(f, text, strlen(text), ENCODING_UTF8);
}

Value tr_string_new_ascii(Fiber *f, const char *text) {
    Value v = tr_string_new_encoded(f, text, strlen(text), ENCODING_US_ASCII);
    tr_string_set_coderange(v, CODERANGE_7BIT);
    return v;
}

Value tr_string_new_capacity(Fiber *f, size_t capacity, int encoding) {
    return alloc_or_die(f, tr_class.string, 0, capacity, encoding);
}

Value tr_string_new_like(Fiber *f, Value like, const char *bytes, size_t size) {
    Value v = tr_string_new_encoded(f, bytes, size, tr_string_encoding(like));
    TR_KEEP(like);
    return v;
}

Value tr_string_format(Fiber *f, const char *format, ...) {
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    Value v;
    if (n >= 0 && (size_t)n < sizeof small) {
        v = tr_string_new(f, small, (size_t)n);
    } else {
        v = alloc_or_die(f, tr_class.string, (size_t)n, (size_t)n, ENCODING_UTF8);
        vsnprintf(tr_string(v)->bytes, (size_t)n + 1, format, again);
    }
    va_end(again);
    return v;
}

static inline void copy_aux(Value to, Value from) {
    tr_string(to)->h.aux = __atomic_load_n(&tr_string(from)->h.aux, __ATOMIC_RELAXED);
}

/* The frozen string whose bytes `v` may be shared from: v itself, what it shares, or a new one that takes v's
 * buffer. */
static MAY_GC Value shared_root(Fiber *f, Value v) {
    if (tr_has_flag(v, STRING_SHARED)) return tr_string(v)->as.shared;
    if (tr_has_flag(v, TR_FLAG_FROZEN)) return v;
    String *root = alloc_bare(f, tr_class.string, 0);
    String *s = tr_string(v);
    root->h.aux = s->h.aux;
    root->bytes = s->bytes;
    root->size = s->size;
    root->as.capacity = s->as.capacity;
    root->h.flags |= TR_FLAG_FROZEN;
    s->h.flags |= STRING_SHARED;
    tr_write(v, &s->as.shared, (Value)root);
    return (Value)root;
}

/* A new string of `klass` that shows [offset, end) of v without copying. v is not embedded. */
static MAY_GC Value share_tail(Fiber *f, Class *klass, Value v, size_t offset) {
    Value root = shared_root(f, v);
    String *s = alloc_bare(f, klass, tr_string_encoding(v));
    s->h.flags |= STRING_SHARED;
    s->bytes = tr_string(v)->bytes + offset;
    s->size = tr_string(v)->size - offset;
    tr_write((Value)s, &s->as.shared, root);
    return (Value)s;
}

Value tr_string_dup(Fiber *f, Value v) {
    Value copy;
    if (tr_string(v)->size <= STRING_EMBED_MAX)
        copy = tr_string_new_like(f, v, tr_string(v)->bytes, tr_string(v)->size);
    else if (tr_has_flag(v, STRING_EMBEDDED | STRING_LOCKED))
        copy = tr_string_new_like(f, v, tr_string(v)->bytes, tr_string(v)->size);
    else
        copy = share_tail(f, tr_class.string, v, 0);
    copy_aux(copy, v);
    return copy;
}

Value tr_string_sub(Fiber *f, Value v, size_t offset, size_t size) {
    TR_ASSERT(offset + size <= tr_string(v)->size);
    Value sub;
    if (size > STRING_EMBED_MAX && offset + size == tr_string(v)->size &&
        !tr_has_flag(v, STRING_EMBEDDED | STRING_LOCKED))
        sub = share_tail(f, tr_class.string, v, offset);
    else
        sub = tr_string_new_like(f, v, tr_string(v)->bytes + offset, size);
    if (tr_string_coderange_known(v) == CODERANGE_7BIT) tr_string_set_coderange(sub, CODERANGE_7BIT);
    return sub;
}

Value tr_string_frozen_copy(Fiber *f, Value v) {
    if (tr_has_flag(v, TR_FLAG_FROZEN) && tr_header(v)->klass == tr_class.string) return v;
    Value copy = tr_string_dup(f, v);
    tr_header(copy)->flags |= TR_FLAG_FROZEN;
    return copy;
}

Value tr_string_chilled(Fiber *f, Value literal) {
    Value copy = tr_string_dup(f, literal);
    tr_header(copy)->flags |= TR_FLAG_CHILLED;
    return copy;
}

/* --- room to change --- */

/* Own bytes with room for `capacity`; content and size stay. */
static MAY_GC MAY_RAISE Value own_bytes(Fiber *f, Value v, size_t capacity) {
    String *s = tr_string(v);
    if (capacity > (size_t)INT64_MAX / 2) return tr_raise_no_memory(f);
    if (!(s->h.flags & (STRING_EMBEDDED | STRING_SHARED)) && s->bytes) { /* grow our buffer */
        char *bytes = tr_buffer_realloc(f, s->bytes, s->as.capacity + 1, capacity + 1);
        if (!bytes) return tr_raise_no_memory(f);
        s->bytes = bytes;
        s->as.capacity = capacity;
        return v;
    }
    size_t room = embed_capacity(v);
    if (capacity <= room) { /* sharing before, small enough now */
        const char *from = s->bytes;
        if (from != s->embedded) memmove(s->embedded, from, s->size);
        s->embedded[s->size] = 0;
        s->bytes = s->embedded;
        s->h.flags = (s->h.flags & ~(uint32_t)STRING_SHARED) | STRING_EMBEDDED;
        return v;
    }
    Value keep = s->h.flags & STRING_SHARED ? s->as.shared : TR_NIL;
    char *bytes = tr_buffer_alloc(f, capacity + 1);
    if (!bytes) return tr_raise_no_memory(f);
    memcpy(bytes, s->bytes, s->size);
    bytes[s->size] = 0;
    s->bytes = bytes;
    s->as.capacity = capacity;
    s->h.flags &= ~(uint32_t)(STRING_SHARED | STRING_EMBEDDED);
    TR_KEEP(keep);
    return v;
}

static inline size_t current_capacity(Value v) { /* 0 while the bytes are not its own */
    uint32_t flags = tr_header(v)->flags;
    if (flags & STRING_SHARED) return 0;
    return flags & STRING_EMBEDDED ? embed_capacity(v) : tr_string(v)->as.capacity;
}

Value tr_string_reserve(Fiber *f, Value v, size_t capacity) {
    if (capacity < tr_string(v)->size) capacity = tr_string(v)->size;
    if (!(tr_header(v)->flags & STRING_SHARED) && tr_string(v)->bytes && current_capacity(v) >= capacity)
        return v;
    return own_bytes(f, v, capacity);
}

Value tr_string_modify(Fiber *f, Value v) {
    if (tr_has_flag(v, STRING_SHARED) && own_bytes(f, v, tr_string(v)->size) == TR_RAISED) return TR_RAISED;
    tr_string_set_coderange(v, CODERANGE_UNKNOWN);
    return v;
}

/* Room for `more` bytes after the content; grows by doubling so that appending is linear in all. */
static inline MAY_GC MAY_RAISE Value grow(Fiber *f, Value v, size_t more) {
    size_t need = tr_string(v)->size + more;
    if (TR_LIKELY(need <= current_capacity(v))) return v;
    if (need < more) return tr_raise_no_memory(f);
    size_t capacity = need < 128                 ? 255
                      : need + need / 2 < need   ? need
                      : need > ((size_t)1 << 20) ? need + need / 2
                                                 : need * 2;
    return own_bytes(f, v, capacity);
}

Value tr_string_resize(Fiber *f, Value v, size_t size) {
    size_t old = tr_string(v)->size;
    if (size > old || tr_has_flag(v, STRING_SHARED)) {
        if (tr_string_reserve(f, v, size > old ? size : old) == TR_RAISED) return TR_RAISED;
        if (size > old) memset(tr_string(v)->bytes + old, 0, size - old);
    }
    tr_string(v)->size = size;
    tr_string(v)->bytes[size] = 0;
    if (size == 0 || tr_string_coderange_known(v) != CODERANGE_7BIT || size > old)
        tr_string_set_coderange(v, CODERANGE_UNKNOWN);
    return v;
}

Value tr_string_replace(Fiber *f, Value v, Value other) {
    if (v == other) return v;
    size_t size = tr_string(other)->size;
    if (size <= STRING_EMBED_MAX || tr_has_flag(other, STRING_EMBEDDED | STRING_LOCKED)) {
        if (tr_has_flag(v, STRING_SHARED)) { /* nothing of the old content is needed */
            tr_string(v)->size = 0;
        }
        if (tr_string_reserve(f, v, size) == TR_RAISED) return TR_RAISED;
        memmove(tr_string(v)->bytes, tr_string(other)->bytes, size);
        tr_string(v)->bytes[size] = 0;
    } else {
        Value root = shared_root(f, other);
        String *s = tr_string(v);
        if (!(s->h.flags & (STRING_EMBEDDED | STRING_SHARED)))
            tr_buffer_free(f->heap, s->bytes, s->as.capacity + 1);
        s->h.flags = (s->h.flags & ~(uint32_t)STRING_EMBEDDED) | STRING_SHARED;
        s->bytes = tr_string(other)->bytes;
        tr_write(v, &s->as.shared, root);
    }
    tr_string(v)->size = size;
    copy_aux(v, other);
    return v;
}

void tr_string_set_encoding(Value v, int encoding) {
    String *s = tr_string(v);
    if ((int)(s->h.aux & 0xff) == encoding) return;
    enum CodeRange keep = tr_string_coderange_known(v) == CODERANGE_7BIT &&
                                  tr_encoding_is_ascii_compatible(encoding)
                              ? CODERANGE_7BIT
                              : CODERANGE_UNKNOWN;
    s->h.aux = (uint32_t)encoding | (uint32_t)keep << 8;
}

/* --- appending --- */

Value tr_string_append_ranged(Fiber *f, Value v, const char *bytes, size_t size, enum CodeRange range) {
    if (size == 0) return v;
    enum CodeRange have = tr_string_coderange_known(v);
    if (tr_string(v)->size == 0) have = range;
    else if (have == CODERANGE_7BIT && (range == CODERANGE_VALID || range == CODERANGE_7BIT)) have = range;
    else if (have != CODERANGE_VALID || (range != CODERANGE_VALID && range != CODERANGE_7BIT))
        have = CODERANGE_UNKNOWN;
    String *s = tr_string(v);
    /* The bytes may be the string's own. */
    bool is_inside = bytes >= s->bytes && bytes <= s->bytes + s->size;
    size_t offset = is_inside ? (size_t)(bytes - s->bytes) : 0;
    if (grow(f, v, size) == TR_RAISED) return TR_RAISED;
    memcpy(s->bytes + s->size, is_inside ? s->bytes + offset : bytes, size);
    s->size += size;
    s->bytes[s->size] = 0;
    tr_string_set_coderange(v, have);
    return v;
}

Value tr_string_append_bytes(Fiber *f, Value v, const char *bytes, size_t size) {
    enum CodeRange range = CODERANGE_UNKNOWN, have = tr_string_coderange_known(v);
    if (have == CODERANGE_7BIT || have == CODERANGE_VALID || tr_string(v)->size == 0)
        range = tr_coderange_scan(tr_string_encoding(v), bytes, size);
    return tr_string_append_ranged(f, v, bytes, size, range);
}

Value tr_string_append_cstr(Fiber *f, Value v, const char *text) {
    return tr_string_append_bytes(f, v, text, strlen(text));
}

Value tr_string_append(Fiber *f, Value v, Value other) {
    const String *o = tr_string(other);
    int mine = tr_string_encoding(v), its = tr_string_encoding(other);
    if (TR_UNLIKELY(mine != its)) {
        if (o->size == 0) return v;
        int encoding = tr_encoding_negotiate(f, v, other);
        if (encoding < 0) return TR_RAISED;
        if (encoding != mine) tr_string_set_encoding(v, encoding);
    }
    Value result = tr_string_append_ranged(f, v, o->bytes, o->size, tr_string_coderange(other));
    TR_KEEP(other);
    return result;
}

Value tr_string_append_char(Fiber *f, Value v, uint32_t codepoint) {
    int encoding = tr_string_encoding(v);
    char bytes[8];
    int n = tr_char_encode(encoding, codepoint, bytes);
    if (n == 0 && encoding == ENCODING_US_ASCII && codepoint < 256) { /* as <<: US-ASCII gives way */
        tr_string_set_encoding(v, ENCODING_BINARY);
        bytes[0] = (char)codepoint;
        n = 1;
    }
    if (n == 0) return tr_raise_char(f, codepoint, encoding);
    return tr_string_append_bytes(f, v, bytes, (size_t)n);
}

/* What interpolation makes: 7-bit pieces give UTF-8, whatever they were; others give the encoding of the
 * first that is not. */
Value tr_string_concat_many(Fiber *f, int count, const Value *strings) {
    size_t size = 0;
    int encoding = -1;
    bool is_mixed = false;
    enum CodeRange range = CODERANGE_7BIT;
    for (int i = 0; i < count; i++) {
        size += tr_string(strings[i])->size;
        enum CodeRange r = tr_string_coderange(strings[i]);
        if (r == CODERANGE_7BIT) continue;
        int own = tr_string_encoding(strings[i]);
        if (encoding >= 0 && own != encoding) is_mixed = true;
        if (encoding < 0) encoding = own;
        range = r == CODERANGE_BROKEN || range == CODERANGE_UNKNOWN ? CODERANGE_UNKNOWN : CODERANGE_VALID;
    }
    if (encoding < 0) encoding = ENCODING_UTF8;
    if (TR_UNLIKELY(is_mixed ||
                    !tr_encoding_is_ascii_compatible(encoding))) { /* appending settles it, or raises */
        Value v = tr_string_new_capacity(f, size, tr_string_encoding(strings[0]));
        for (int i = 0; i < count; i++)
            if (tr_string_append(f, v, strings[i]) == TR_RAISED) return TR_RAISED;
        return v;
    }
    Value v = tr_string_alloc(f, tr_class.string, size, size, encoding);
    if (v == TR_RAISED) return TR_RAISED;
    char *to = tr_string(v)->bytes;
    for (int i = 0; i < count; i++) {
        const String *s = tr_string(strings[i]);
        memcpy(to, s->bytes, s->size);
        to += s->size;
    }
    tr_string_set_coderange(v, range);
    return v;
}

/* --- looking --- */

enum CodeRange tr_string_coderange_slow(Value v) {
    enum CodeRange range = tr_coderange_scan(tr_string_encoding(v), tr_string(v)->bytes, tr_string(v)->size);
    tr_string_set_coderange(v, range);
    return range;
}

static bool are_comparable(Value a, Value b) {
    int ea = tr_string_encoding(a), eb = tr_string_encoding(b);
    if (ea == eb || tr_string(a)->size == 0 || tr_string(b)->size == 0) return true;
    bool a7 = tr_string_is_7bit(a), b7 = tr_string_is_7bit(b);
    if (a7 && b7) return true;
    if (b7 && tr_encoding_is_ascii_compatible(ea)) return true;
    return a7 && tr_encoding_is_ascii_compatible(eb);
}

bool tr_string_equal(Value a, Value b) {
    if (a == b) return true;
    const String *s = tr_string(a), *t = tr_string(b);
    if (s->size != t->size) return false;
    if (TR_UNLIKELY(((s->h.aux ^ t->h.aux) & 0xff) != 0) && !are_comparable(a, b)) return false;
    return memcmp(s->bytes, t->bytes, s->size) == 0;
}

int tr_string_compare(Value a, Value b) {
    if (a == b) return 0;
    const String *s = tr_string(a), *t = tr_string(b);
    size_t n = s->size < t->size ? s->size : t->size;
    int order = memcmp(s->bytes, t->bytes, n);
    if (order != 0) return order < 0 ? -1 : 1;
    if (s->size != t->size) return s->size < t->size ? -1 : 1;
    if (!are_comparable(a, b)) return tr_string_encoding(a) > tr_string_encoding(b) ? 1 : -1;
    return 0;
}

uint64_t tr_string_hash(Value v) {
    uint64_t hash = tr_hash_bytes(tr_string(v)->bytes, tr_string(v)->size);
    int encoding = tr_string_encoding(v);
    return encoding == ENCODING_UTF8 || tr_string_is_7bit(v) ? hash : tr_hash_mix(hash, (uint64_t)encoding);
}

/* How many of eight bytes of UTF-8 are no continuation bytes. */
static inline size_t starts_in(uint64_t word) {
    return (size_t)((((~word >> 7 | word >> 6) & 0x0101010101010101u) * 0x0101010101010101u) >> 56);
}

size_t tr_chars_between(int encoding, const char *p, const char *end, bool is_valid) {
    const Encoding *e = tr_encoding(encoding);
    size_t count = 0;
    if (e->max_size == e->min_size) return (size_t)(end - p + e->max_size - 1) / e->max_size;
    if (e->kind == KIND_UTF8 && is_valid) { /* count what is not a continuation byte, eight bytes at a time */
        for (; end - p >= 8; p += 8) {
            uint64_t word;
            memcpy(&word, p, 8);
            count += starts_in(word);
        }
        for (; p < end; p++) count += (*p & 0xc0) != 0x80;
        return count;
    }
    while (p < end) {
        p += tr_char_step(encoding, p, end);
        count++;
    }
    return count;
}

const char *tr_chars_advance(int encoding, const char *p, const char *end, size_t n, bool is_valid) {
    const Encoding *e = tr_encoding(encoding);
    if (e->max_size == e->min_size) {
        size_t room = (size_t)(end - p);
        if (n <= room / e->max_size) return p + n * e->max_size;
        return n == (room + e->max_size - 1) / e->max_size ? end : NULL;
    }
    if (e->kind == KIND_UTF8 && is_valid) {
        while (n >= 8 && end - p >= 8) {
            uint64_t word;
            memcpy(&word, p, 8);
            size_t starts = starts_in(word);
            n -= starts;
            p += 8;
        }
        while (p < end && (*p & 0xc0) == 0x80) p++;
        while (n > 0 && p < end) {
            unsigned char c = (unsigned char)*p;
            p += c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
            n--;
        }
        return n == 0 ? p : NULL;
    }
    while (n > 0 && p < end) {
        p += tr_char_step(encoding, p, end);
        n--;
    }
    return n == 0 ? p : NULL;
}

size_t tr_string_length(Value v) {
    const String *s = tr_string(v);
    if (tr_string_is_single_byte(v)) return s->size;
    return tr_chars_between(tr_string_encoding(v), s->bytes, s->bytes + s->size, !tr_string_is_broken(v));
}

size_t tr_string_byte_offset(Value v, size_t index) {
    const String *s = tr_string(v);
    if (tr_string_is_single_byte(v)) return index < s->size ? index : s->size;
    const char *p = tr_chars_advance(tr_string_encoding(v), s->bytes, s->bytes + s->size, index,
                                     !tr_string_is_broken(v));
    return p ? (size_t)(p - s->bytes) : s->size;
}

size_t tr_string_char_index(Value v, size_t offset) {
    const String *s = tr_string(v);
    if (tr_string_is_single_byte(v)) return offset;
    return tr_chars_between(tr_string_encoding(v), s->bytes, s->bytes + offset, !tr_string_is_broken(v));
}

bool tr_string_is(Value v, const char *text) {
    return tr_is_string(v) && tr_string(v)->size == strlen(text) &&
           memcmp(tr_string(v)->bytes, text, tr_string(v)->size) == 0;
}

Value tr_to_path(Fiber *f, Value v) {
    if (!tr_is_string(v)) {
        Value path = tr_call_if_responds(f, v, TR_ID_to_path, 0, NULL);
        if (path == TR_RAISED) return TR_RAISED;
        v = tr_to_str(f, path == TR_UNDEF ? v : path);
        if (v == TR_RAISED) return TR_RAISED;
    }
    if (!tr_encoding_is_ascii_compatible(tr_string_encoding(v)))
        return tr_raise(f, tr_class.compatibility_error,
                        "path name must be ASCII-compatible string (%s): %pV",
                        tr_encodings[tr_string_encoding(v)].name, (void *)v);
    if (memchr(tr_string(v)->bytes, 0, tr_string(v)->size))
        return tr_raise(f, tr_class.argument_error, "string contains null byte");
    return v;
}

const char *tr_string_cstr(Fiber *f, Value *v) {
    Value string = tr_to_path(f, *v);
    if (string == TR_RAISED) return NULL;
    *v = string;
    return tr_string(string)->bytes;
}

/* --- interned strings ---
 *
 * The table keeps none of them alive: those that died are forgotten when everything is collected. Until then any Ractor may
 * find one here, so none is swept before.
 */

typedef struct InternTable {
    size_t mask;
    _Atomic(Value) slots[]; /* 0: empty */
} InternTable;

typedef struct InternShard {
    _Atomic(InternTable *) table; /* release on growth pairs with the acquire of readers */
    pthread_mutex_t lock;         /* writers */
    size_t count;                 /* under lock */
} InternShard;

#define SHARD_COUNT 32
static InternShard intern_shards[SHARD_COUNT] = {
    [0 ... SHARD_COUNT - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}
};

static uint64_t intern_hash(const char *bytes, size_t size) {
    uint64_t h = 0x9e3779b97f4a7c15u ^ size;
    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    uint64_t tail = 0;
    memcpy(&tail, bytes, size);
    h = (h ^ tail) * 0xff51afd7ed558ccdu;
    return h ^ h >> 29;
}

static Value intern_probe(const InternTable *table, uint64_t hash, const char *bytes, size_t size,
                          int encoding) {
    if (!table) return 0;
    for (size_t i = (size_t)(hash >> 8);; i++) {
        Value v = atomic_load_explicit(&table->slots[i & table->mask], memory_order_acquire);
        if (v == 0) return 0;
        const String *s = tr_string(v);
        if (s->size == size && tr_string_encoding(v) == encoding && memcmp(s->bytes, bytes, size) == 0)
            return v;
    }
}

static void intern_put(InternTable *table, uint64_t hash, Value v) {
    size_t i = (size_t)(hash >> 8);
    while (atomic_load_explicit(&table->slots[i & table->mask], memory_order_relaxed) != 0) i++;
    atomic_store_explicit(&table->slots[i & table->mask], v, memory_order_release);
}

static InternTable *intern_copy(const InternTable *table, size_t slots, bool without_dead) {
    InternTable *copy = calloc(1, sizeof *copy + slots * sizeof(Value));
    TR_CHECK(copy != NULL);
    copy->mask = slots - 1;
    for (size_t i = 0; table && i <= table->mask; i++) {
        Value v = atomic_load_explicit(&table->slots[i], memory_order_relaxed);
        if (v && !(without_dead && tr_heap_is_doomed(NULL, v)))
            intern_put(copy, intern_hash(tr_string(v)->bytes, tr_string(v)->size), v);
    }
    return copy;
}

/* Publishes v, or finds that another thread was faster. */
static Value intern_insert(InternShard *shard, uint64_t hash, Value v) {
    pthread_mutex_lock(&shard->lock);
    InternTable *table = atomic_load_explicit(&shard->table, memory_order_relaxed);
    Value have = intern_probe(table, hash, tr_string(v)->bytes, tr_string(v)->size, tr_string_encoding(v));
    if (have == 0) {
        if (!table || shard->count * 2 > table->mask) {
            InternTable *grown = intern_copy(table, table ? (table->mask + 1) * 2 : 64, false);
            atomic_store_explicit(&shard->table, grown, memory_order_release);
            if (table) tr_retire(table);
            table = grown;
        }
        intern_put(table, hash, v);
        shard->count++;
        have = v;
    }
    pthread_mutex_unlock(&shard->lock);
    return have;
}

static void purge_shard(InternShard *shard) {
    InternTable *table = atomic_load_explicit(&shard->table, memory_order_relaxed);
    size_t dead = 0;
    for (size_t i = 0; table && i <= table->mask; i++) {
        Value v = atomic_load_explicit(&table->slots[i], memory_order_relaxed);
        dead += v != 0 && tr_heap_is_doomed(NULL, v);
    }
    if (dead == 0) return;
    atomic_store_explicit(&shard->table, intern_copy(table, table->mask + 1, true), memory_order_release);
    shard->count -= dead;
    free(table);
}

void tr_strings_purge(void) {
    for (InternShard *shard = intern_shards; shard < intern_shards + SHARD_COUNT; shard++) purge_shard(shard);
}

Value tr_string_interned(Fiber *f, const char *bytes, size_t size, int encoding) {
    uint64_t hash = intern_hash(bytes, size);
    InternShard *shard = &intern_shards[hash % SHARD_COUNT];
    Value have = intern_probe(atomic_load_explicit(&shard->table, memory_order_acquire), hash, bytes, size,
                              encoding);
    if (have) return have;
    Value v = tr_string_new_encoded(f, bytes, size, encoding);
    tr_string_coderange(v);
    tr_header(v)->flags |= TR_FLAG_FROZEN;
    tr_share_object(v);
    return intern_insert(shard, hash, v);
}

Value tr_string_intern(Fiber *f, Value v) {
    if (tr_has_flag(v, TR_FLAG_IVARS) || tr_header(v)->klass != tr_class.string) {
        if (tr_has_flag(v, TR_FLAG_FROZEN))
            return v; /* its class or variables cannot be shared with others */
        v = tr_string_dup(f, v);
    }
    return tr_string_interned(f, tr_string(v)->bytes, tr_string(v)->size, tr_string_encoding(v));
}

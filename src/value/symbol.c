/* symbol.c - the process-wide table of names.
 *
 * Names lie in blocks that never move, found by id through a directory; a hash table of ids finds them by bytes. Both are
 * read without a lock: a name is complete before its id is published (release) in the hash table. Interning a new
 * name takes the lock; a hash table that is full is replaced by one of twice the size, and the old one is kept, because a
 * reader may still be in it (all old ones together are smaller than the new).
 */
#include "value/symbol.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/assert.h"

#define BLOCK_BITS 12
#define BLOCK_NAMES (1u << BLOCK_BITS)
#define MAX_BLOCKS (1u << 14) /* 67 million names */
#define ARENA_BYTES (64u * 1024)

typedef struct Table {
    struct Table *previous; /* what it replaced: somebody may still be looking there */
    uint32_t mask;
    _Atomic(Id) ids[];
} Table;

typedef struct Name {
    IdName public;
    uint64_t hash;
    _Atomic(Id) attrset; /* 0: not asked for yet */
} Name;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(Name *) blocks[MAX_BLOCKS]; /* release store under the lock; an id is published after its block */
static _Atomic(Table *) table;             /* release store under the lock */
static _Atomic(Id) count;                  /* highest id; under the lock, read by anyone */
static char *arena;                        /* under the lock */
static size_t arena_left;

static const char *const boot_names[TR_ID_COUNT] = {
    [TR_ID_NONE] = "",
#define ID(name, text) [TR_ID_##name] = text,
#include "value/ids.def"
#undef ID
};

static uint64_t hash_bytes(const char *bytes, size_t size, int encoding) {
    uint64_t h = 0x9e3779b97f4a7c15u ^ (uint64_t)encoding ^ (size << 8);
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
        bytes += 8, size -= 8;
    }
    uint64_t rest = 0;
    memcpy(&rest, bytes, size);
    h = (h ^ rest) * 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 29);
}

static inline Name *name_of(Id id) {
    Name *block = atomic_load_explicit(&blocks[id >> BLOCK_BITS], memory_order_acquire);
    return &block[id & (BLOCK_NAMES - 1)];
}

static bool is_word_start(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_word(unsigned char c) { return is_word_start(c) || (c >= '0' && c <= '9'); }

/* How much of the text is one identifier; 0 when it does not start with one. */
static size_t word_size(const char *bytes, size_t size) {
    if (size == 0 || !is_word_start((unsigned char)bytes[0])) return 0;
    size_t i = 1;
    while (i < size && is_word((unsigned char)bytes[i])) i++;
    return i;
}

static bool is_operator(const char *bytes, size_t size) {
    static const char *const operators[] = {"+",  "-",  "*",  "/",  "%",  "**", "===", "==", "!=", "<",  "<=", ">", ">=",
                                            "<=>", "<<", ">>", "&",  "|",  "^",  "!",   "~",  "+@", "-@", "=~", "!~", "[]",
                                            "[]=", "`",  "~@", "!@"};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strlen(operators[i]) == size && memcmp(operators[i], bytes, size) == 0) return true;
    return false;
}

static bool is_global_name(const char *rest, size_t size) {
    if (size == 0) return false;
    if (word_size(rest, size) == size) return true;
    if (size == 1) return strchr("~*$?!@/\\;,.=:<>\"&`'+0_", rest[0]) != NULL || (rest[0] >= '1' && rest[0] <= '9');
    if (rest[0] == '-') return size == 2 && is_word((unsigned char)rest[1]);
    for (size_t i = 0; i < size; i++)
        if (rest[i] < '0' || rest[i] > '9') return false;
    return rest[0] != '0';
}

/* Uppercase or titlecase first character of UTF-8 text beyond ASCII: the scripts that have case and are in use. */
static bool starts_with_wide_capital(const char *bytes, size_t size) {
    const unsigned char *b = (const unsigned char *)bytes;
    if (size < 2 || b[0] < 0xc3 || b[0] > 0xdf) return false;
    uint32_t c = (uint32_t)(b[0] & 0x1f) << 6 | (b[1] & 0x3f);
    if (c >= 0xc0 && c <= 0xde) return c != 0xd7;
    if (c >= 0x100 && c <= 0x137) return (c & 1) == 0;
    if (c >= 0x139 && c <= 0x148) return (c & 1) == 1;
    if (c >= 0x14a && c <= 0x177) return (c & 1) == 0;
    if (c == 0x178 || c == 0x179 || c == 0x17b || c == 0x17d) return true;
    if (c >= 0x386 && c <= 0x3ab) return c != 0x387 && c != 0x390;
    if (c >= 0x400 && c <= 0x42f) return true;
    if (c >= 0x460 && c <= 0x481) return (c & 1) == 0;
    return c >= 0x531 && c <= 0x556;
}

static IdKind kind_of(const char *bytes, size_t size) {
    if (size == 0) return ID_JUNK;
    if (bytes[0] == '$') return is_global_name(bytes + 1, size - 1) ? ID_GLOBAL : ID_JUNK;
    if (size > 2 && bytes[0] == '@' && bytes[1] == '@')
        return word_size(bytes + 2, size - 2) == size - 2 ? ID_CLASS_VARIABLE : ID_JUNK;
    if (bytes[0] == '@') return size > 1 && word_size(bytes + 1, size - 1) == size - 1 ? ID_INSTANCE : ID_JUNK;
    size_t word = word_size(bytes, size);
    if (word == 0) return is_operator(bytes, size) ? (strcmp(bytes, "[]=") == 0 ? ID_ATTRSET : ID_OPERATOR) : ID_JUNK;
    bool is_capital = (bytes[0] >= 'A' && bytes[0] <= 'Z') || starts_with_wide_capital(bytes, size);
    if (word == size) return is_capital ? ID_CONSTANT : ID_LOCAL;
    if (word + 1 == size && bytes[word] == '=') return ID_ATTRSET;
    if (word + 1 == size && (bytes[word] == '?' || bytes[word] == '!')) return ID_OPERATOR; /* only a method's name */
    return ID_JUNK;
}

static bool is_seven_bit(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] >= 0x80) return false;
    return true;
}

static Id find_in(const Table *in, const char *bytes, size_t size, int encoding, uint64_t hash) {
    for (uint32_t i = (uint32_t)hash & in->mask;; i = (i + 1) & in->mask) {
        Id id = atomic_load_explicit(&((Table *)in)->ids[i], memory_order_acquire);
        if (id == 0) return 0;
        const Name *name = name_of(id);
        if (name->hash == hash && name->public.size == size && name->public.encoding == encoding &&
            memcmp(name->public.bytes, bytes, size) == 0)
            return id;
    }
}

static void insert(Table *into, Id id, uint64_t hash) {
    uint32_t i = (uint32_t)hash & into->mask;
    while (atomic_load_explicit(&into->ids[i], memory_order_relaxed)) i = (i + 1) & into->mask;
    atomic_store_explicit(&into->ids[i], id, memory_order_release);
}

static Table *new_table(uint32_t slots, Table *previous) {
    Table *made = calloc(1, sizeof(Table) + slots * sizeof(Id));
    TR_CHECK(made != NULL);
    made->previous = previous;
    made->mask = slots - 1;
    return made;
}

static char *copy_bytes_locked(const char *bytes, size_t size) {
    size_t need = size + 1;
    char *to;
    if (need > ARENA_BYTES / 4) {
        to = malloc(need);
        TR_CHECK(to != NULL);
    } else {
        if (need > arena_left) {
            arena = malloc(ARENA_BYTES);
            TR_CHECK(arena != NULL);
            arena_left = ARENA_BYTES;
        }
        to = arena;
        arena += need, arena_left -= need;
    }
    memcpy(to, bytes, size);
    to[size] = '\0';
    return to;
}

static Id add_locked(const char *bytes, size_t size, int encoding, uint64_t hash) {
    Id id = atomic_load_explicit(&count, memory_order_relaxed) + 1;
    TR_CHECK(id >> BLOCK_BITS < MAX_BLOCKS);
    if (!atomic_load_explicit(&blocks[id >> BLOCK_BITS], memory_order_relaxed)) {
        Name *block = calloc(BLOCK_NAMES, sizeof(Name));
        TR_CHECK(block != NULL);
        atomic_store_explicit(&blocks[id >> BLOCK_BITS], block, memory_order_release);
    }
    Name *name = name_of(id);
    name->public.bytes = copy_bytes_locked(bytes, size);
    name->public.size = (uint32_t)size;
    name->public.encoding = (uint8_t)encoding;
    name->public.kind = (uint8_t)kind_of(name->public.bytes, size);
    name->hash = hash;
    atomic_store_explicit(&count, id, memory_order_release);

    Table *now = atomic_load_explicit(&table, memory_order_relaxed);
    if (id > now->mask / 2) {
        Table *bigger = new_table((now->mask + 1) * 2, now);
        for (Id each = 1; each < id; each++) insert(bigger, each, name_of(each)->hash);
        insert(bigger, id, hash);
        atomic_store_explicit(&table, bigger, memory_order_release);
    } else {
        insert(now, id, hash);
    }
    return id;
}

void tr_symbol_boot(void) {
    if (atomic_load_explicit(&table, memory_order_relaxed)) return;
    atomic_store_explicit(&table, new_table(1u << 13, NULL), memory_order_release);
    Name *block = calloc(BLOCK_NAMES, sizeof(Name));
    TR_CHECK(block != NULL);
    block[0].public = (IdName){.bytes = "", .size = 0, .encoding = 2, .kind = ID_JUNK};
    atomic_store_explicit(&blocks[0], block, memory_order_release);
    for (Id id = 1; id < TR_ID_COUNT; id++) {
        size_t size = strlen(boot_names[id]);
        Id got = add_locked(boot_names[id], size, 2, hash_bytes(boot_names[id], size, 2));
        TR_CHECK(got == id);
    }
}

/* 7-bit names are US-ASCII; the bytes of UTF-16 and UTF-32 (indexes 3 to 8) say nothing about that. */
static int name_encoding(const char *bytes, size_t size, int encoding) {
    bool is_wide = encoding >= 3 && encoding <= 8;
    return !is_wide && is_seven_bit(bytes, size) ? 2 : encoding;
}

Id tr_intern_find(const char *bytes, size_t size, int encoding) {
    encoding = name_encoding(bytes, size, encoding);
    return find_in(atomic_load_explicit(&table, memory_order_acquire), bytes, size, encoding,
                   hash_bytes(bytes, size, encoding));
}

Id tr_intern(const char *bytes, size_t size, int encoding) {
    encoding = name_encoding(bytes, size, encoding);
    uint64_t hash = hash_bytes(bytes, size, encoding);
    Id id = find_in(atomic_load_explicit(&table, memory_order_acquire), bytes, size, encoding, hash);
    if (id) return id;
    pthread_mutex_lock(&lock);
    id = find_in(atomic_load_explicit(&table, memory_order_relaxed), bytes, size, encoding, hash);
    if (!id) id = add_locked(bytes, size, encoding, hash);
    pthread_mutex_unlock(&lock);
    return id;
}

Id tr_intern_cstr(const char *text) { return tr_intern(text, strlen(text), 1); }

const IdName *tr_id_name(Id id) { return &name_of(id)->public; }

Id tr_id_attrset(Id id) {
    Name *name = name_of(id);
    Id known = atomic_load_explicit(&name->attrset, memory_order_relaxed); /* any thread computes the same answer */
    if (known) return known;
    size_t size = name->public.size;
    char *text = malloc(size + 1);
    TR_CHECK(text != NULL);
    memcpy(text, name->public.bytes, size);
    text[size] = '=';
    known = tr_intern(text, size + 1, name->public.encoding);
    free(text);
    atomic_store_explicit(&name->attrset, known, memory_order_relaxed);
    return known;
}

Id tr_id_count(void) { return atomic_load_explicit(&count, memory_order_acquire); }

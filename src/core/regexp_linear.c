/* regexp_linear.c - matching in linear time, for regexps that make libonig's backtracking explode.
 *
 * The pattern (as translated for libonig) is compiled to a small program, which is run by backtracking too,
 * but each pair of instruction and position is tried once only: what failed there fails always, as long as
 * the pattern has no back references. So the time is at most program size times text size. Members of
 * character classes are asked of libonig, each class once for every ASCII character.
 *
 * It is a second attempt, made after libonig has used up its first limit. Patterns with atomic groups,
 * look-behind, group calls and other rarities are refused, and libonig goes on with them.
 */
#include "core/regexp_linear.h"

#include <stdlib.h>

#include "core/encoding.h"
#include "core/regexp_internal.h"
#include "core/regexp_syntax.h"

typedef enum Opcode2 {
    OP_SET,    /* one character of set x */
    OP_SPLIT,  /* go on at x, later at y (relative) */
    OP_JUMP,   /* to x (relative) */
    OP_SAVE,   /* the position into slot x */
    OP_ASSERT, /* x: one of ^ $ A z Z b B G */
    OP_LOOK,   /* the x instructions that follow must (y: must not) match here; the first of them holds the
                * range   of the groups in it */
    OP_MATCH
} Opcode2;

typedef struct Instruction { uint8_t op; int32_t x, y; } Instruction;

/* A matcher of one character: a regexp of libonig's, with its answers for ASCII. */
typedef struct CharTest { OnigRegex regex; uint64_t ascii[2]; } CharTest;

#define MAX_PROGRAM 20000
#define MAX_VISITED_BYTES ((size_t)16 << 20)

typedef struct Options { bool ignores_case, spans_lines, is_extended; } Options;

typedef struct Linear {
    /* the program */
    Instruction *code;
    int size, capacity;
    CharTest *tests;
    int test_count, test_capacity;
    /* reading */
    const char *p, *end;
    Options now;
    int group;                 /* the next to be numbered */
    bool names_only;           /* only named groups are numbered */
    bool is_refused;
    int depth;
    int encoding;
    OnigEncoding onig;
    /* running */
    const char *text, *text_end, *first;
    uint64_t *visited;
    int64_t *slots;
    int slot_count;
    struct { int32_t pc; int64_t at; } *stack; /* pc < 0: restore slot -pc - 1 to `at` */
    size_t depth_used, stack_capacity;
    uint64_t steps;
} Linear;

/* --- the program --- */

static int emit(Linear *l, Opcode2 op, int x, int y) {
    if (l->size == l->capacity) {
        l->capacity = l->capacity * 2 + 64;
        l->code = realloc(l->code, (size_t)l->capacity * sizeof *l->code);
        TR_CHECK(l->code != NULL);
    }
    if (l->size >= MAX_PROGRAM) l->is_refused = true;
    l->code[l->size] = (Instruction){(uint8_t)op, x, y};
    return l->size++;
}

/* Puts an instruction in front of [start, size); jumps within that piece are relative and stay right. */
static void insert(Linear *l, int start, Opcode2 op, int x, int y) {
    emit(l, OP_MATCH, 0, 0);
    memmove(l->code + start + 1, l->code + start, (size_t)(l->size - 1 - start) * sizeof *l->code);
    l->code[start] = (Instruction){(uint8_t)op, x, y};
}

static bool refuse(Linear *l) {
    l->is_refused = true;
    return false;
}

/* A test for the single-character atom [from, to). */
static bool emit_test(Linear *l, const char *from, const char *to) {
    if (l->now.ignores_case && l->encoding >= 0) return refuse(l); /* one may match several: ß and SS */
    if (l->test_count == l->test_capacity) {
        l->test_capacity = l->test_capacity * 2 + 8;
        l->tests = realloc(l->tests, (size_t)l->test_capacity * sizeof *l->tests);
        TR_CHECK(l->tests != NULL);
    }
    OnigOptionType options = (l->now.ignores_case ? ONIG_OPTION_IGNORECASE : ONIG_OPTION_NONE) |
                             (l->now.spans_lines ? ONIG_OPTION_MULTILINE : ONIG_OPTION_NONE);
    CharTest test = {.regex = tr_regexp_compile_piece(from, (size_t)(to - from), options, l->onig)};
    if (!test.regex) return refuse(l);
    for (int c = 0; c < 128; c++) {
        unsigned char byte = (unsigned char)c;
        if (onig_match(test.regex, &byte, &byte + 1, &byte, NULL, ONIG_OPTION_NONE) == 1)
            test.ascii[c >> 6] |= (uint64_t)1 << (c & 63);
    }
    emit(l, OP_SET, l->test_count, 0);
    l->tests[l->test_count++] = test;
    return true;
}

/* --- reading the pattern --- */

static bool read_alternatives(Linear *l);

static const char *class_end(const char *p, const char *end) { /* behind the ] of the class at p; NULL */
    int depth = 0;
    for (; p < end; p++) {
        if (*p == '\\') p++;
        else if (*p == '[') depth++;
        else if (*p == ']' && --depth == 0) return p + 1;
    }
    return NULL;
}

static bool read_escape(Linear *l) {
    const char *start = l->p;
    if (l->end - start < 2) return refuse(l);
    char c = start[1];
    if (strchr("AzZbBG", c)) {
        l->p += 2;
        emit(l, OP_ASSERT, c, 0);
        return true;
    }
    if ((c >= '1' && c <= '9') || strchr("kgKRXyYNO", c)) return refuse(l);
    l->p += 2;
    if (c == 'x') {
        for (int i = 0; i < 2 && l->p < l->end && memchr("0123456789abcdefABCDEF", *l->p, 22); i++) l->p++;
    } else if (c == 'p' || c == 'P') {
        const char *close = memchr(l->p, '}', (size_t)(l->end - l->p));
        if (!close) return refuse(l);
        l->p = close + 1;
    } else if (c == '0') {
        for (int i = 0; i < 2 && l->p < l->end && *l->p >= '0' && *l->p <= '7'; i++) l->p++;
    }
    return emit_test(l, start, l->p);
}

/* (?imx-imx:…) and (?imx-imx), at what follows "(?". */
static bool read_options(Linear *l, bool *is_group) {
    bool turns_on = true;
    for (; l->p < l->end && *l->p != ')' && *l->p != ':'; l->p++) {
        if (*l->p == '-') turns_on = false;
        else if (*l->p == 'i') l->now.ignores_case = turns_on;
        else if (*l->p == 'm') l->now.spans_lines = turns_on;
        else if (*l->p == 'x') l->now.is_extended = turns_on;
        else return refuse(l);
    }
    if (l->p >= l->end) return refuse(l);
    *is_group = *l->p++ == ':';
    return true;
}

static bool read_inside(Linear *l) { /* up to and with the closing parenthesis */
    if (++l->depth > 200 || !read_alternatives(l) || l->p >= l->end || *l->p != ')') return refuse(l);
    l->depth--;
    l->p++;
    return true;
}

static bool read_captured(Linear *l) {
    int group = l->group++;
    emit(l, OP_SAVE, 2 * group, 0);
    if (!read_inside(l)) return false;
    emit(l, OP_SAVE, 2 * group + 1, 0);
    return true;
}

static bool read_look(Linear *l, bool is_negative) {
    int look = emit(l, OP_LOOK, 0, is_negative);
    emit(l, OP_JUMP, l->group, 0); /* not run: which groups are in there */
    if (!read_inside(l)) return false;
    emit(l, OP_MATCH, 0, 0);
    l->code[look].x = l->size - look - 1;
    l->code[look + 1].y = l->group;
    return true;
}

static bool read_group(Linear *l) {
    Options saved = l->now;
    static const char ascii_word[] = "(?W:\\w)";
    size_t left = (size_t)(l->end - l->p), n = sizeof ascii_word - 1;
    if (left >= n && memcmp(l->p, ascii_word, 5) == 0 && l->p[n - 1] == ')' && (l->p[n - 2] | 0x20) == 'w') {
        l->p += n;
        return emit_test(l, l->p - n, l->p);
    }
    bool done = false, is_group = true;
    if (left < 2 || l->p[1] != '?') {
        l->p++;
        done = l->names_only ? read_inside(l) : read_captured(l);
    } else if (left > 3 && l->p[2] == ':') {
        l->p += 3;
        done = read_inside(l);
    } else if (left > 3 && (l->p[2] == '=' || l->p[2] == '!')) {
        l->p += 3;
        done = read_look(l, l->p[-1] == '!');
    } else if (left > 4 && (l->p[2] == '<' || l->p[2] == '\'') && l->p[3] != '=' && l->p[3] != '!') {
        const char *close = memchr(l->p + 3, l->p[2] == '<' ? '>' : '\'', left - 3);
        if (!close) return refuse(l);
        l->p = close + 1;
        done = read_captured(l);
    } else if (left > 3 && strchr("imx-", l->p[2])) {
        l->p += 2;
        if (!read_options(l, &is_group)) return false;
        if (!is_group) return true; /* the options hold to the end of the group around */
        done = read_inside(l);
    }
    l->now = saved;
    return done ? true : refuse(l);
}

/* One atom. False: refused. *is_atom false: there was nothing to repeat. */
static bool read_atom(Linear *l, bool *is_atom) {
    *is_atom = true;
    char c = *l->p;
    if (c == '(') return read_group(l);
    if (c == '\\') return read_escape(l);
    if (c == '[') {
        const char *start = l->p;
        if (!(l->p = class_end(start, l->end))) return refuse(l);
        return emit_test(l, start, l->p);
    }
    if (c == '^' || c == '$') {
        l->p++;
        emit(l, OP_ASSERT, c, 0);
        return true;
    }
    const char *start = l->p;
    l->p += tr_char_step(l->encoding < 0 ? ENCODING_BINARY : l->encoding, start, l->end);
    return emit_test(l, start, l->p);
}

static bool read_count(Linear *l, int *low, int *high) { /* {n}, {n,}, {,m}, {n,m}; false: a literal brace */
    const char *p = l->p + 1;
    bool has_low = false, has_high = false;
    *low = *high = 0;
    for (; p < l->end && *p >= '0' && *p <= '9' && *low < 100000; p++)
        *low = *low * 10 + (*p - '0'), has_low = true;
    if (p < l->end && *p == ',') {
        for (p++; p < l->end && *p >= '0' && *p <= '9' && *high < 100000; p++)
            *high = *high * 10 + (*p - '0'), has_high = true;
        if (!has_high) *high = -1;
        if (!has_low && !has_high) return false;
    } else {
        *high = *low;
        if (!has_low) return false;
    }
    if (p >= l->end || *p != '}') return false;
    l->p = p + 1;
    return true;
}

static void put_split(Linear *l, int at, bool is_inserted, int first, int second, bool is_lazy) {
    int x = is_lazy ? second : first, y = is_lazy ? first : second;
    if (is_inserted) insert(l, at, OP_SPLIT, x, y);
    else emit(l, OP_SPLIT, x, y);
}

static void put_star(Linear *l, int start, bool is_lazy) { /* the piece [start, size), any number of times */
    int n = l->size - start;
    put_split(l, start, true, 1, n + 2, is_lazy);
    emit(l, OP_JUMP, -(n + 1), 0);
}

/* The atom at `from` again; its groups get the same numbers. */
static bool read_again(Linear *l, const char *from, int group, Options options) {
    const char *after = l->p;
    int group_after = l->group;
    Options options_after = l->now;
    bool is_atom;
    l->p = from;
    l->group = group;
    l->now = options;
    bool done = read_atom(l, &is_atom);
    l->p = after;
    l->group = group_after;
    l->now = options_after;
    return done;
}

static bool repeat(Linear *l, int start, const char *atom, int group, Options options, int low, int high,
                   bool is_lazy) {
    if (low == 0 && high == -1) return put_star(l, start, is_lazy), true;
    if (low == 1 && high == -1) { /* back to the start */
        put_split(l, 0, false, -(l->size - start), 1, is_lazy);
        return true;
    }
    l->size = start;
    for (int i = 0; i < low; i++)
        if (l->is_refused || !read_again(l, atom, group, options)) return refuse(l);
    if (high == -1) {
        int piece = l->size;
        if (!read_again(l, atom, group, options)) return false;
        put_star(l, piece, is_lazy);
        return true;
    }
    for (int i = low; i < high;
         i++) { /* each optional one leads past the ones after it when it is left out */
        int split = emit(l, OP_SPLIT, 0, 0);
        if (l->is_refused || !read_again(l, atom, group, options)) return refuse(l);
        int n = l->size - split;
        l->code[split] = (Instruction){OP_SPLIT, is_lazy ? n : 1, is_lazy ? 1 : n};
    }
    return true;
}

static bool read_repeated(Linear *l) {
    const char *atom = l->p;
    int start = l->size, group = l->group;
    Options options = l->now;
    bool is_atom;
    if (!read_atom(l, &is_atom)) return false;
    while (l->p < l->end && !l->is_refused) {
        int low, high;
        char c = *l->p;
        if (c == '*') low = 0, high = -1, l->p++;
        else if (c == '+') low = 1, high = -1, l->p++;
        else if (c == '?') low = 0, high = 1, l->p++;
        else if (c != '{' || !read_count(l, &low, &high)) break;
        bool is_lazy = l->p < l->end && *l->p == '?';
        if (is_lazy) l->p++;
        else if (l->p < l->end && *l->p == '+' && c != '{') return refuse(l); /* possessive */
        if (!repeat(l, start, atom, group, options, low, high, is_lazy)) return false;
        if (l->p < l->end && strchr("*+?{", *l->p)) return refuse(l); /* a repeated repeat */
    }
    return !l->is_refused;
}

static bool read_sequence(Linear *l) {
    while (l->p < l->end && *l->p != '|' && *l->p != ')') {
        if (l->now.is_extended && strchr(" \t\n\r\f\v", *l->p)) l->p++;
        else if (!read_repeated(l)) return false;
    }
    return true;
}

static bool read_alternatives(Linear *l) {
    int start = l->size;
    if (!read_sequence(l)) return false;
    if (l->p >= l->end || *l->p != '|') return true;
    l->p++;
    int n = l->size - start;
    insert(l, start, OP_SPLIT, 1, n + 2);
    int jump = emit(l, OP_JUMP, 0, 0);
    if (!read_alternatives(l)) return false;
    l->code[jump].x = l->size - jump;
    return !l->is_refused;
}

/* --- running --- */

static bool is_word_at(const Linear *l, const char *p) {
    int encoding = l->encoding < 0 ? ENCODING_BINARY : l->encoding;
    uint32_t code = (unsigned char)*p < 0x80
                        ? (unsigned char)*p
                        : tr_char_decode(encoding, p, tr_char_step(encoding, p, l->text_end));
    return ONIGENC_IS_CODE_CTYPE(l->onig, code, ONIGENC_CTYPE_WORD) != 0;
}

static bool holds(const Linear *l, int kind, const char *p) {
    const char *start = l->text, *end = l->text_end;
    switch (kind) {
    case '^': return p == start || (p[-1] == '\n' && p < end);
    case '$': return p == end || *p == '\n';
    case 'A': return p == start;
    case 'z': return p == end;
    case 'Z': return p == end || (p + 1 == end && *p == '\n');
    case 'G': return p == l->first;
    default: {
        int encoding = l->encoding < 0 ? ENCODING_BINARY : l->encoding;
        bool before = p > start && is_word_at(l, tr_char_left(encoding, start, p - 1, end));
        bool after = p < end && is_word_at(l, p);
        return (before != after) == (kind == 'b');
    }
    }
}

/* Size of the character at p if it is in the set, else 0. */
static int test_char(const Linear *l, const CharTest *test, const char *p) {
    if (p >= l->text_end) return 0;
    unsigned char c = (unsigned char)*p;
    if (c < 0x80) return test->ascii[c >> 6] >> (c & 63) & 1;
    int n = tr_char_step(l->encoding < 0 ? ENCODING_BINARY : l->encoding, p, l->text_end);
    const OnigUChar *from = (const OnigUChar *)p;
    return onig_match(test->regex, from, from + n, from, NULL, ONIG_OPTION_NONE) == n ? n : 0;
}

static void push(Linear *l, int pc, int64_t at) {
    if (l->depth_used == l->stack_capacity) {
        l->stack_capacity = l->stack_capacity * 2 + 1024;
        l->stack = realloc(l->stack, l->stack_capacity * sizeof *l->stack);
        TR_CHECK(l->stack != NULL);
    }
    l->stack[l->depth_used].pc = pc;
    l->stack[l->depth_used++].at = at;
}

static inline bool is_first_visit(Linear *l, int pc, int64_t at) {
    size_t bit = (size_t)at * (size_t)l->size + (size_t)pc;
    if (l->visited[bit >> 6] >> (bit & 63) & 1) return false;
    l->visited[bit >> 6] |= (uint64_t)1 << (bit & 63);
    return true;
}

static void forget(Linear *l, int from, int to) { /* what was tried of a piece of the program */
    for (int64_t at = 0; at <= l->text_end - l->text; at++)
        for (int pc = from; pc < to; pc++) {
            size_t bit = (size_t)at * (size_t)l->size + (size_t)pc;
            l->visited[bit >> 6] &= ~((uint64_t)1 << (bit & 63));
        }
}

static int run(Linear *l, int pc, int64_t at);

/* Looks ahead at pc. Groups that it sets are put back when matching backtracks over it, or at once when it
 * must fail. */
static bool look(Linear *l, int pc, int64_t at) {
    const Instruction *i = &l->code[pc];
    int first = 2 * i[1].x, last = 2 * i[1].y;
    for (int slot = first; slot < last; slot++) push(l, -slot - 1, l->slots[slot]);
    int found = run(l, pc + 2, at);
    if (found) forget(l, pc + 2, pc + 1 + i->x);
    if (i->y)
        for (int slot = last; slot > first; slot--) l->slots[slot - 1] = l->stack[--l->depth_used].at;
    return found != i->y;
}

/* Runs from (pc, at): 1 matched, 0 not. Look-ahead runs inside with a stack of its own above ours. */
static int run(Linear *l, int pc, int64_t at) {
    size_t base = l->depth_used;
    push(l, pc, at);
    while (l->depth_used > base) {
        l->depth_used--;
        pc = l->stack[l->depth_used].pc;
        at = l->stack[l->depth_used].at;
        if (pc < 0) {
            l->slots[-pc - 1] = at;
            continue;
        }
        for (bool goes_on = true; goes_on && is_first_visit(l, pc, at);) {
            const Instruction *i = &l->code[pc];
            l->steps++;
            switch ((Opcode2)i->op) {
            case OP_SET: {
                int n = test_char(l, &l->tests[i->x], l->text + at);
                goes_on = n > 0;
                at += n;
                pc++;
                break;
            }
            case OP_SPLIT:
                push(l, pc + i->y, at);
                pc += i->x;
                break;
            case OP_JUMP: pc += i->x; break;
            case OP_SAVE:
                push(l, -i->x - 1, l->slots[i->x]);
                l->slots[i->x] = at;
                pc++;
                break;
            case OP_ASSERT:
                goes_on = holds(l, i->x, l->text + at);
                pc++;
                break;
            case OP_LOOK: {
                goes_on = look(l, pc, at);
                pc += i->x + 1;
                break;
            }
            case OP_MATCH:
                l->depth_used = base;
                return 1;
            }
        }
    }
    return 0;
}

static void fini(Linear *l) {
    for (int i = 0; i < l->test_count; i++) onig_free(l->tests[i].regex);
    free(l->tests);
    free(l->code);
    free(l->visited);
    free(l->slots);
    free(l->stack);
}

static bool build(Linear *l, Value regexp, int encoding) {
    Value source = tr_regexp(regexp)->source;
    RegexpPattern pattern;
    uint32_t options = tr_regexp(regexp)->options;
    bool is_good = tr_regexp_translate(tr_string(source)->bytes, tr_string(source)->size,
                                       tr_string_encoding(source), (int)options, encoding, &pattern);
    if (is_good && pattern.is_linear) {
        l->p = pattern.bytes, l->end = pattern.bytes + pattern.size;
        l->now = (Options){(options & REGEXP_IGNORECASE) != 0, (options & REGEXP_MULTILINE) != 0,
                           (options & REGEXP_EXTENDED) != 0};
        l->group = 1;
        l->names_only = tr_regexp(regexp)->name_count > 0;
        emit(l, OP_SAVE, 0, 0);
        is_good = read_alternatives(l) && l->p == l->end;
        emit(l, OP_SAVE, 1, 0);
        emit(l, OP_MATCH, 0, 0);
    }
    is_good = is_good && pattern.is_linear && !l->is_refused;
    tr_regexp_pattern_free(&pattern);
    return is_good;
}

int64_t tr_regexp_linear_search(const Search *search, int encoding, size_t start, bool only_here,
                                OnigRegion *region) {
    Linear l = {.encoding = encoding};
    l.onig = encoding < 0 ? ONIG_ENCODING_ASCII : (OnigEncoding)tr_encodings[encoding].onig;
    if (encoding >= 0 && !tr_encoding_is_ascii_compatible(encoding)) return -3;
    int groups = tr_regexp(search->regexp)->group_count + 1;
    int64_t result = -3;
    l.text = tr_string(search->string)->bytes + search->base;
    l.text_end = tr_string(search->string)->bytes + tr_string(search->string)->size;
    l.first = tr_string(search->string)->bytes + start;
    l.slot_count = 2 * groups;
    l.slots = malloc((size_t)l.slot_count * sizeof *l.slots);
    TR_CHECK(l.slots != NULL);
    for (int i = 0; i < l.slot_count; i++) l.slots[i] = -1;
    if (!build(&l, search->regexp, encoding) || l.group != groups) goto done;
    size_t bits = (size_t)l.size * (size_t)(l.text_end - l.text + 1);
    if (bits / 8 > MAX_VISITED_BYTES || !(l.visited = calloc(bits / 64 + 1, 8))) goto done;
    result = ONIG_MISMATCH;
    for (const char *p = l.first; p <= l.text_end;
         p += p < l.text_end ? tr_char_step(encoding < 0 ? ENCODING_BINARY : encoding, p, l.text_end) : 1) {
        if (run(&l, 0, p - l.text)) {
            onig_region_resize(region, groups);
            for (int i = 0; i < groups; i++) {
                bool took_part = l.slots[2 * i] >= 0 && l.slots[2 * i + 1] >= 0;
                region->beg[i] = took_part ? (int)l.slots[2 * i] : -1;
                region->end[i] = took_part ? (int)l.slots[2 * i + 1] : -1;
            }
            result = only_here ? region->end[0] - region->beg[0] : region->beg[0];
            break;
        }
        if (only_here) break;
    }
done:
    fini(&l);
    return result;
}

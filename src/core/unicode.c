/* unicode.c - lookups in the Unicode tables: printable, case mappings, normalisation. No Ruby objects. */
#include "core/unicode.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "core/unicode_tables.h"

bool tr_unicode_is_print(uint32_t c) {
    if (c < 0x7f) return c >= 0x20;
    size_t low = 0, high = tr_unicode_print_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > tr_unicode_print[mid][1]) low = mid + 1;
        else if (c < tr_unicode_print[mid][0]) high = mid;
        else return true;
    }
    return false;
}

static const CaseRecord *case_record(uint32_t c) {
    return &tr_case_records[tr_case_stage2[tr_case_stage1[c / TR_CASE_PAGE]][c % TR_CASE_PAGE]];
}

int tr_unicode_map_case(CaseMap map, uint32_t c, uint32_t *to) {
    to[0] = c;
    if (c >= TR_CASE_LIMIT) return 1;
    const CaseRecord *record = case_record(c);
    if (record->special) {
        const uint32_t *sequence = tr_unicode_sequences + tr_case_specials[record->special - 1][map];
        if (sequence != tr_unicode_sequences) {
            memcpy(to, sequence + 1, sequence[0] * sizeof *to);
            return (int)sequence[0];
        }
    }
    int32_t delta = map == CASE_UPPER ? record->upper : map == CASE_LOWER ? record->lower
                    : map == CASE_TITLE ? record->title : record->fold;
    to[0] = (uint32_t)((int32_t)c + delta);
    return 1;
}

bool tr_unicode_is_upper(uint32_t c) {
    if (c >= TR_CASE_LIMIT) return false;
    const CaseRecord *record = case_record(c);
    return record->lower != 0 || (record->special && tr_case_specials[record->special - 1][CASE_LOWER]);
}

bool tr_unicode_is_lower(uint32_t c) {
    if (c >= TR_CASE_LIMIT) return false;
    const CaseRecord *record = case_record(c);
    return record->upper != 0 || (record->special && tr_case_specials[record->special - 1][CASE_UPPER]);
}

/* --- normalisation --- */

#define HANGUL_BASE 0xac00u
#define HANGUL_COUNT 11172u
#define L_BASE 0x1100u
#define V_BASE 0x1161u
#define T_BASE 0x11a7u
#define L_COUNT 19u
#define V_COUNT 21u
#define T_COUNT 28u

typedef struct CodeBuffer { uint32_t *items; size_t count, capacity; } CodeBuffer;

static void push(CodeBuffer *buffer, uint32_t c) {
    if (buffer->count == buffer->capacity) {
        buffer->capacity = buffer->capacity ? buffer->capacity * 2 : 64;
        buffer->items = realloc(buffer->items, buffer->capacity * sizeof(uint32_t));
        TR_CHECK(buffer->items != NULL);
    }
    buffer->items[buffer->count++] = c;
}

static int combining_rank(uint32_t c) {
    if (c < 0x300) return 0;
    size_t low = 0, high = tr_combining_class_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > tr_combining_classes[mid].last) low = mid + 1;
        else if (c < tr_combining_classes[mid].first) high = mid;
        else return tr_combining_classes[mid].rank;
    }
    return 0;
}

static void decompose(CodeBuffer *buffer, uint32_t c, bool is_compatible) {
    if (c < 0xa0) {
        push(buffer, c);
        return;
    }
    if (c - HANGUL_BASE < HANGUL_COUNT) {
        uint32_t s = c - HANGUL_BASE;
        push(buffer, L_BASE + s / (V_COUNT * T_COUNT));
        push(buffer, V_BASE + s % (V_COUNT * T_COUNT) / T_COUNT);
        if (s % T_COUNT) push(buffer, T_BASE + s % T_COUNT);
        return;
    }
    size_t low = 0, high = tr_decomposition_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const Decomposition *d = &tr_decompositions[mid];
        if (c > d->code) low = mid + 1;
        else if (c < d->code) high = mid;
        else {
            uint32_t at = is_compatible && d->compatible ? d->compatible : d->canonical;
            if (!at) break;
            for (uint32_t i = 1; i <= tr_unicode_sequences[at]; i++)
                push(buffer, tr_unicode_sequences[at + i]);
            return;
        }
    }
    push(buffer, c);
}

/* Puts each run of combining marks in the order of their classes; stable. */
static void order_marks(CodeBuffer *buffer) {
    for (size_t i = 1; i < buffer->count; i++) {
        uint32_t c = buffer->items[i];
        int rank = combining_rank(c);
        if (rank == 0) continue;
        size_t j = i;
        while (j > 0 && combining_rank(buffer->items[j - 1]) > rank) {
            buffer->items[j] = buffer->items[j - 1];
            j--;
        }
        buffer->items[j] = c;
    }
}

static uint32_t composite(uint32_t a, uint32_t b) { /* 0: they do not compose */
    if (a - L_BASE < L_COUNT && b - V_BASE < V_COUNT)
        return HANGUL_BASE + ((a - L_BASE) * V_COUNT + (b - V_BASE)) * T_COUNT;
    if (a - HANGUL_BASE < HANGUL_COUNT && (a - HANGUL_BASE) % T_COUNT == 0 && b - T_BASE - 1 < T_COUNT - 1)
        return a + (b - T_BASE);
    size_t low = 0, high = tr_composition_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const uint32_t *row = tr_compositions[mid];
        if (a > row[0] || (a == row[0] && b > row[1])) low = mid + 1;
        else if (a == row[0] && b == row[1]) return row[2];
        else high = mid;
    }
    return 0;
}

static void compose(CodeBuffer *buffer) {
    size_t starter = SIZE_MAX, out = 0;
    int last_rank = 0;
    for (size_t i = 0; i < buffer->count; i++) {
        uint32_t c = buffer->items[i];
        int rank = combining_rank(c);
        /* c is blocked from the starter by a mark of the same or a higher class between them */
        if (starter != SIZE_MAX && (out == starter + 1 || last_rank < rank)) {
            if (out == starter + 1 || rank != 0) {
                uint32_t both = composite(buffer->items[starter], c);
                if (both) {
                    buffer->items[starter] = both;
                    continue;
                }
            }
        }
        if (rank == 0) starter = out;
        last_rank = rank;
        buffer->items[out++] = c;
    }
    buffer->count = out;
}

size_t tr_unicode_normalize(NormalForm form, const uint32_t *codes, size_t count, uint32_t **to) {
    CodeBuffer buffer = {0};
    for (size_t i = 0; i < count; i++) decompose(&buffer, codes[i], form == FORM_NFKC || form == FORM_NFKD);
    order_marks(&buffer);
    if (form == FORM_NFC || form == FORM_NFKC) compose(&buffer);
    *to = buffer.items;
    return buffer.count;
}

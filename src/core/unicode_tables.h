/* unicode_tables.h - the shape of the tables that tools/gen_unicode.mjs makes (build/gen/unicode_tables.c).
 */
#ifndef TR_CORE_UNICODE_TABLES_H
#define TR_CORE_UNICODE_TABLES_H

#include <stddef.h>
#include <stdint.h>

#define TR_CASE_PAGE 128
#define TR_CASE_LIMIT 0x1f000 /* code points from here on have no case */

typedef struct CaseRecord {
    int32_t upper, lower, title, fold;
    uint16_t special;
} CaseRecord; /* deltas; special: 1 + index */
/* canonical and compatible: offsets into tr_unicode_sequences of the full decomposition; 0: none (compatible:
 * as canonical) */
typedef struct Decomposition { uint32_t code; uint16_t canonical, compatible; } Decomposition;
typedef struct CombiningClass { uint32_t first, last; uint8_t rank; } CombiningClass;

extern const char tr_unicode_version[];
extern const uint32_t tr_unicode_print[][2];
extern const size_t tr_unicode_print_count;
extern const CaseRecord tr_case_records[];
extern const uint16_t tr_case_specials[][4];    /* upper, lower, title, fold: offsets of sequences, 0 none */
extern const uint32_t tr_unicode_sequences[];   /* count, code points … */
extern const uint8_t tr_case_stage1[];
extern const uint16_t tr_case_stage2[][TR_CASE_PAGE];
extern const Decomposition tr_decompositions[]; /* sorted by code */
extern const size_t tr_decomposition_count;
extern const uint32_t tr_compositions[][3];     /* first, second, composite; sorted */
extern const size_t tr_composition_count;
extern const CombiningClass tr_combining_classes[];
extern const size_t tr_combining_class_count;

#endif

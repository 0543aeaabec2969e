/* unicode.h - properties and mappings of Unicode code points (Unicode version: tr_unicode_version). */
#ifndef TR_CORE_UNICODE_H
#define TR_CORE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TR_CASE_MAX 3 /* code points that one may map to */
typedef enum CaseMap { CASE_UPPER, CASE_LOWER, CASE_TITLE, CASE_FOLD } CaseMap;

bool tr_unicode_is_print(uint32_t c);
/* Writes the full mapping and returns its length (1..TR_CASE_MAX). */
int tr_unicode_map_case(CaseMap map, uint32_t c, uint32_t *to);
bool tr_unicode_is_upper(uint32_t c);
bool tr_unicode_is_lower(uint32_t c);

typedef enum NormalForm { FORM_NFC, FORM_NFD, FORM_NFKC, FORM_NFKD } NormalForm;
/* Normalises; *to is malloc'ed (taken by the caller). Returns the count. */
size_t tr_unicode_normalize(NormalForm form, const uint32_t *codes, size_t count, uint32_t **to);
extern const char tr_unicode_version[];

#endif

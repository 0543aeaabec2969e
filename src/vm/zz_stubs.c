/* zz_stubs.c - weak stand-ins for parts that have not landed yet; goes away with the last of them. */
#include <stdlib.h>
#include "core/core.h"
static Value stub(Fiber *f, const char *w) { return tr_raise(f, tr_class.not_implemented_error, "stub %s", w); }
static uint32_t n;
__attribute__((weak)) uint32_t tr_ractor_local_reserve(void) { return n++; }
__attribute__((weak)) Value tr_ractor_local_get(Ractor *r, uint32_t k) { return k < r->local_count ? r->locals[k] : TR_UNDEF; }
__attribute__((weak)) void tr_ractor_local_set(Ractor *r, uint32_t k, Value v) {
  if (!r->locals) { r->locals = malloc(8*200); for (int i=0;i<200;i++) r->locals[i]=TR_UNDEF; r->local_count=200; }
  r->locals[k]=v; }
__attribute__((weak)) bool tr_ractor_is_main(const Ractor *r) { return r->id == 1; }
__attribute__((weak)) Value tr_safepoint_slow(Fiber *f) { atomic_store(&f->thread->interrupt_flags, 0); return TR_NIL; }
__attribute__((weak)) Value tr_regexp_new(Fiber *f, Value s, int o) { (void)f;(void)o; return s; }
__attribute__((weak)) Value tr_regexp_match_operator(Fiber *f, Value s, Value o) { (void)s;(void)o; return stub(f,"regexp"); }
__attribute__((weak)) Value tr_match_special(Fiber *f, Value s, char o) { (void)s;(void)o; return stub(f,"regexp"); }
__attribute__((weak)) Value tr_match_nth(Fiber *f, Value s, int o) { (void)s;(void)o; return stub(f,"regexp"); }
__attribute__((weak)) int tr_is_shareable(Fiber *f, Value s) { (void)f; return tr_is_shareable_flagged(s); }
__attribute__((weak)) Value tr_make_shareable(Fiber *f, Value s, bool o) { (void)s;(void)o; return stub(f,"regexp"); }
__attribute__((weak)) Value tr_format(Fiber *f, Value s, int o, const Value *v) { (void)s;(void)o;(void)v; return stub(f,"format"); }
__attribute__((weak)) Value tr_ractor_require(Fiber *f, Value s) { (void)s; return stub(f,"require"); }
__attribute__((weak)) Value tr_integer_to_char(Fiber *f, uint32_t s, Value b) { (void)s;(void)b; return stub(f,"chr"); }
__attribute__((weak)) Value tr_pack(Fiber *f, Value s, Value b, Value c) { (void)s;(void)b;(void)c; return stub(f,"chr"); }
#include "core/regexp_match.h"
#define WEAK __attribute__((weak))
WEAK Value tr_regexp_match_at(Fiber *f, Value r, Value s, size_t at) { (void)r;(void)s;(void)at; return stub(f, "regexp"); }
WEAK Value tr_match_group(Fiber *f, Value m, Value w) { (void)m;(void)w; return stub(f, "regexp"); }
WEAK int tr_match_group_number(Fiber *f, Value m, Value w) { (void)m;(void)w; (void)!stub(f, "regexp"); return -1; }
WEAK Value tr_regexp_match_p(Fiber *f, Value m, Value w) { (void)m;(void)w; return stub(f, "regexp"); }
WEAK int64_t tr_regexp_search(Fiber *f, Value r, Value s, size_t a, bool b, bool c) { (void)r;(void)s;(void)a;(void)b;(void)c; (void)!stub(f, "regexp"); return -2; }
WEAK Value tr_to_regexp(Fiber *f, Value m, bool w) { (void)m;(void)w; return stub(f, "regexp"); }
WEAK bool tr_search_begin(Fiber *f, Search *s, Value r, Value t) { (void)s;(void)r;(void)t; (void)!stub(f, "regexp"); return false; }
WEAK const MethodDef tr_string_encode_methods[] = {{NULL, NULL, 0, 0, 0}};
WEAK const MethodDef tr_string_normalize_methods[] = {{NULL, NULL, 0, 0, 0}};
WEAK const MethodDef tr_string_pattern_methods[] = {{NULL, NULL, 0, 0, 0}};
WEAK const MethodDef tr_string_split_methods[] = {{NULL, NULL, 0, 0, 0}};
WEAK const MethodDef tr_unpack_methods[] = {{NULL, NULL, 0, 0, 0}};
WEAK const uint16_t *tr_single_byte_table(int e) { (void)e; return NULL; }
WEAK int tr_single_byte_find(const uint16_t *t, uint32_t c) { (void)t;(void)c; return -1; }
WEAK void tr_search_end(Search *s) { (void)s; }
WEAK int64_t tr_search_here(Fiber *f, Search *s, size_t n) { (void)f;(void)s;(void)n; return -1; }
WEAK Value tr_search_match(Fiber *f, const Search *s, Value v) { (void)f;(void)s;(void)v; return TR_NIL; }

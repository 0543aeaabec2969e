/* regexp_internal.h - what the files of Regexp share. */
#ifndef TR_CORE_REGEXP_INTERNAL_H
#define TR_CORE_REGEXP_INTERNAL_H

#include "core/regexp_match.h"

/* The program for subjects of `encoding` (-1: 7-bit ones), compiled now if need be; NULL: raised. */
MAY_GC MAY_RAISE OnigRegex tr_regexp_program(Fiber *f, Value regexp, int encoding);
/* The same, to keep beyond the Regexp; NULL: it cannot be compiled. */
OnigRegex tr_regexp_own_program(Value regexp, int encoding);
/* "initialize" of a fresh Regexp: validates and compiles. */
MAY_GC MAY_RAISE Value tr_regexp_setup(Fiber *f, Value regexp, Value source, int options);
/* The source as it stands between slashes. */
MAY_GC MAY_RAISE Value tr_regexp_source_text(Fiber *f, Value source);
/* nil → -1; seconds → nanoseconds; -2 raised */
MAY_SWITCH MAY_RAISE int64_t tr_regexp_timeout_from(Fiber *f, Value seconds);
/* A piece of a translated pattern by itself; NULL: it is no pattern. */
OnigRegex tr_regexp_compile_piece(const char *bytes, size_t size, OnigOptionType options, OnigEncoding onig);
extern _Atomic int64_t tr_regexp_default_timeout_ns; /* Regexp.timeout; 0 none; relaxed */
extern Class *tr_regexp_timeout_error;               /* written at boot */
extern const MethodDef tr_regexp_match_methods[], tr_regexp_match_singleton_methods[];

#endif

/* globals.c - the predefined constants RUBY_*, and the special globals that belong to no class.
 *
 * Separators ($/ $, $; $\) are Ractor locals: each Ractor has its own, as each has its own $stdout.
 */
#include <unistd.h>

#include "core/core.h"

enum { INPUT_SEPARATOR, OUTPUT_FIELD, FIELD_SEPARATOR, OUTPUT_SEPARATOR, SEPARATOR_COUNT };
static const char *const separator_names[SEPARATOR_COUNT] = { "$/", "$,", "$;", "$\\" };
static Id separator_ids[SEPARATOR_COUNT];         /* written at boot only, as the keys */
static uint32_t separator_keys[SEPARATOR_COUNT];

static int separator_index(Id name) {
    for (int i = 0; i < SEPARATOR_COUNT; i++)
        if (separator_ids[i] == name) return i;
    return strcmp(tr_id_cstr(name), "$-0") == 0 ? INPUT_SEPARATOR : FIELD_SEPARATOR; /* the aliases $-0 and $-F */
}

static MAY_GC Value get_separator(Fiber *f, Id name) {
    int index = separator_index(name);
    Value v = tr_ractor_local_get(f->ractor, separator_keys[index]);
    if (v != TR_UNDEF) return v;
    return index == INPUT_SEPARATOR ? tr_string_interned(f, "\n", 1, ENCODING_US_ASCII) : TR_NIL;
}

static MAY_SWITCH Value set_separator(Fiber *f, Id name, Value value) {
    int index = separator_index(name);
    if (value != TR_NIL && !tr_is_string(value) && !(index == FIELD_SEPARATOR && tr_is_type(value, TYPE_REGEXP)))
        return tr_raise(f, tr_class.type_error, "value of %s must be String%s", tr_id_cstr(name), index == FIELD_SEPARATOR ? " or Regexp" : "");
    if (value != TR_NIL) tr_warning(f, "'%s' is deprecated", tr_id_cstr(name));
    tr_ractor_local_set(f->ractor, separator_keys[index], value);
    return value;
}

static Value get_pid(Fiber *f, Id name) {
    (void)f; (void)name;
    return TR_FIX(getpid());
}
static MAY_SWITCH Value get_arguments(Fiber *f, Id name) {
    (void)name;
    return tr_const_get(f, tr_class.object, tr_intern_cstr("ARGV"), true);
}
static MAY_SWITCH Value get_argf(Fiber *f, Id name) {
    (void)name;
    return tr_const_get(f, tr_class.object, tr_intern_cstr("ARGF"), true);
}
static MAY_SWITCH Value get_filename(Fiber *f, Id name) {
    Value files = get_argf(f, name);
    return files == TR_RAISED ? files : tr_call(f, files, tr_intern_cstr("filename"), 0);
}
static MAY_GC Value get_match_part(Fiber *f, Id name) {
    return tr_match_special(f, tr_backref_get(f), tr_id_cstr(name)[1]);
}

static Value get_backref(Fiber *f, Id name) { (void)name; return tr_backref_get(f); }
static MAY_SWITCH Value set_backref(Fiber *f, Id name, Value value) {
    (void)name;
    if (value != TR_NIL && !tr_is_type(value, TYPE_MATCH))
        return tr_raise(f, tr_class.type_error, "wrong argument type %s (expected MatchData)", tr_class_cname(tr_real_class_of(value)));
    tr_backref_set(f, value);
    return value;
}
static Value get_lastline(Fiber *f, Id name) { (void)name; return tr_lastline_get(f); }
static MAY_GC Value set_lastline(Fiber *f, Id name, Value value) {
    (void)name;
    tr_lastline_set(f, value);
    return value;
}

static MAY_GC void define_text(Fiber *f, const char *name, const char *text) {
    tr_const_define(f, tr_class.object, name, tr_string_interned(f, text, strlen(text), ENCODING_US_ASCII));
}

static void alias(const char *new_name, const char *old_name) { tr_global_alias(tr_intern_cstr(new_name), tr_intern_cstr(old_name)); }

#if defined(__x86_64__)
#define MACHINE "x86_64-linux"
#elif defined(__aarch64__)
#define MACHINE "aarch64-linux"
#else
#define MACHINE "unknown-linux"
#endif

static MAY_GC void globals_init(Fiber *f) {
    define_text(f, "RUBY_VERSION", "4.0.5");
    define_text(f, "RUBY_ENGINE", "troupe");
    define_text(f, "RUBY_ENGINE_VERSION", "0.1.0");
    define_text(f, "RUBY_PLATFORM", MACHINE);
    define_text(f, "RUBY_RELEASE_DATE", "2026-11-21");
    define_text(f, "RUBY_COPYRIGHT", "troupe - Copyright (C) 2026 the authors of Troupe");
    define_text(f, "RUBY_DESCRIPTION", "troupe 0.1.0 (ruby 4.0.5) [" MACHINE "]");
    define_text(f, "RUBY_REVISION", "0.1.0");
    tr_const_define(f, tr_class.object, "RUBY_PATCHLEVEL", TR_FIX(0));
    for (int i = 0; i < SEPARATOR_COUNT; i++) {
        separator_keys[i] = tr_ractor_local_reserve();
        separator_ids[i] = tr_intern_cstr(separator_names[i]);
        tr_global_define(separator_names[i], get_separator, set_separator, true);
    }
    tr_global_define("$$", get_pid, NULL, true);
    tr_global_define("$*", get_arguments, NULL, false);
    tr_global_define("$<", get_argf, NULL, false);
    tr_global_define("$FILENAME", get_filename, NULL, false);
    tr_global_define("$~", get_backref, set_backref, true);
    tr_global_define("$&", get_match_part, NULL, true); /* code reads these directly; aliases of them come here */
    tr_global_define("$`", get_match_part, NULL, true);
    tr_global_define("$'", get_match_part, NULL, true);
    tr_global_define("$+", get_match_part, NULL, true);
    tr_global_define("$_", get_lastline, set_lastline, true);
    alias("$-0", "$/");
    alias("$-F", "$;");
    alias("$-v", "$VERBOSE");
    alias("$-w", "$VERBOSE");
    alias("$-d", "$DEBUG");
    alias("$PROGRAM_NAME", "$0");
}

const ClassDef tr_globals_def = { .klass = &tr_class.object, .init = globals_init };

/* require.c - finding and loading libraries: require, require_relative, load, $LOAD_PATH, $LOADED_FEATURES.
 *
 * The load path and the list of features belong to the main Ractor. A feature is known by its full path (or its bare name,
 * when it is built in). While a file is being loaded it stands in `loading`, with the thread that loads it: another thread
 * that requires it waits, the same thread (a circular require) goes on without it.
 *
 * A require in another Ractor is carried out by the main one (ractor/ractor.c): what a library defines is then as
 * the program's own code would have defined it.
 */
#include "core/require.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core.h"

static uint32_t load_path_key, features_key, loading_key; /* Ractor locals, set in the main Ractor */
static uint32_t known_key; /* Hash: feature path -> true, mirrors $LOADED_FEATURES as of `known_count` entries */
static char library_folder[PATH_MAX]; /* written before the VM boots */

/* The folder of Troupe's own libraries, beside the executable: its source tree's lib/, or PREFIX/lib/troupe. */
static void find_library_folder(void) {
    char folder[PATH_MAX];
    static const char *const candidates[] = { "%s/../lib", "%s/../../lib", "%s/../lib/troupe" };
    char *resolved = realpath("/proc/self/exe", NULL);
    if (!resolved) return;
    char *slash = strrchr(resolved, '/');
    if (slash) *slash = '\0';
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        char probe[PATH_MAX];
        snprintf(folder, sizeof folder, candidates[i], resolved);
        if (snprintf(probe, sizeof probe, "%s/rbconfig.rb", folder) < (int)sizeof probe && access(probe, R_OK) == 0 &&
            realpath(folder, library_folder)) break;
    }
    free(resolved);
}

static MAY_GC Value local(Fiber *f, uint32_t key) { return tr_ractor_local_get(f->ractor, key); }

/* --- the two lists --- */

static MAY_GC void push_path(Fiber *f, Value list, const char *path, size_t size) {
    if (size > 0) (void)!tr_array_push(f, list, tr_string_new(f, path, size));
}

static MAY_SWITCH Value resolve_feature_path(Fiber *f, Value self, const Args *args);

static MAY_GC Value load_path(Fiber *f) {
    Value list = local(f, load_path_key);
    if (list != TR_UNDEF) return list;
    list = tr_array_new(f, 8);
    const char *extra = getenv("RUBYLIB");
    for (const char *p = extra; p && *p;) {
        const char *colon = strchrnul(p, ':');
        push_path(f, list, p, (size_t)(colon - p));
        p = *colon ? colon + 1 : colon;
    }
    push_path(f, list, library_folder, strlen(library_folder));
    static const char *const folders[] = { "/usr/local/lib/site_ruby", "/usr/lib/ruby/vendor_ruby", "/usr/lib/ruby/3.1.0" };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) push_path(f, list, folders[i], strlen(folders[i]));
    tr_ractor_local_set(f->ractor, load_path_key, list);
    tr_define_singleton_method(f, list, "resolve_feature_path", resolve_feature_path, 1, 1, 0);
    return list;
}

static MAY_GC Value list_of(Fiber *f, uint32_t key) {
    Value list = local(f, key);
    if (list != TR_UNDEF) return list;
    list = tr_array_new(f, 8);
    tr_ractor_local_set(f->ractor, key, list);
    return list;
}

static MAY_GC Value get_load_path(Fiber *f, Id name) { (void)name; return load_path(f); }
static MAY_GC Value get_features(Fiber *f, Id name) { (void)name; return list_of(f, features_key); }

/* --- what is loaded already --- */

/* The user may edit $LOADED_FEATURES; the Hash beside it is made anew when the count differs. */
static MAY_SWITCH MAY_RAISE Value known_features(Fiber *f) {
    Value known = local(f, known_key), list = list_of(f, features_key);
    if (known != TR_UNDEF && tr_hash_count(known) == tr_array_count(list)) return known;
    known = tr_hash_new(f);
    for (size_t i = 0; i < tr_array_count(list); i++) {
        Value feature = tr_array_at(list, i);
        if (tr_is_string(feature) && tr_hash_set(f, known, feature, TR_TRUE) == TR_RAISED) return TR_RAISED;
    }
    tr_ractor_local_set(f->ractor, known_key, known);
    return known;
}

static MAY_SWITCH MAY_RAISE int is_loaded(Fiber *f, Value path) {
    Value known = known_features(f);
    if (known == TR_RAISED) return -1;
    Value found = tr_hash_get(f, known, path);
    return found == TR_RAISED ? -1 : found != TR_UNDEF;
}

static MAY_SWITCH MAY_RAISE bool provide(Fiber *f, Value path) {
    Value known = known_features(f);
    if (known == TR_RAISED) return false;
    path = tr_string_dup(f, path);
    tr_freeze(f, path);
    return tr_array_push(f, list_of(f, features_key), path) != TR_RAISED && tr_hash_set(f, known, path, TR_TRUE) != TR_RAISED;
}

/* --- finding --- */

static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool has_extension(const char *name, const char *extension) {
    size_t size = strlen(name), tail = strlen(extension);
    return size > tail && strcmp(name + size - tail, extension) == 0;
}

/* The file behind `base` (a path without or with .rb), its real name in `out`. */
static bool probe(const char *base, char *out) {
    char path[PATH_MAX];
    if (has_extension(base, ".rb") && is_file(base)) return realpath(base, out) != NULL;
    if (snprintf(path, sizeof path, "%s.rb", base) < (int)sizeof path && is_file(path)) return realpath(path, out) != NULL;
    return false;
}

static const BuiltinFeature *find_builtin(const char *name) {
    size_t size = strlen(name);
    if (has_extension(name, ".so") || has_extension(name, ".rb")) size -= 3;
    for (const BuiltinFeature *feature = tr_builtin_features; feature->name; feature++)
        if (strlen(feature->name) == size && memcmp(feature->name, name, size) == 0) return feature;
    return NULL;
}

/* 1 found (in `out`), 0 not, -1 raised. */
static MAY_SWITCH MAY_RAISE int find_file(Fiber *f, const char *name, char *out) {
    if (name[0] == '/' || strncmp(name, "./", 2) == 0 || strncmp(name, "../", 3) == 0) return probe(name, out);
    if (name[0] == '~') {
        Value path = tr_call(f, (Value)tr_class.file, tr_intern_cstr("expand_path"), 1, tr_string_new_cstr(f, name));
        return path == TR_RAISED ? -1 : probe(tr_string(path)->bytes, out);
    }
    Value list = load_path(f);
    for (size_t i = 0; i < tr_array_count(list); i++) {
        Value folder = tr_to_path(f, tr_array_at(list, i));
        char path[PATH_MAX];
        if (folder == TR_RAISED) return -1;
        int size = snprintf(path, sizeof path, "%s/%s", tr_string(folder)->bytes, name);
        TR_KEEP(folder);
        if (size < (int)sizeof path && probe(path, out)) return 1;
    }
    return 0;
}

/* What is a C extension elsewhere and Ruby here: lib/ext/NAME.rb, for `require "NAME.so"` and as a last resort. */
static bool find_extension(const char *name, char *out) {
    char path[PATH_MAX];
    size_t size = strlen(name);
    if (!library_folder[0]) return false;
    if (has_extension(name, ".so")) size -= 3;
    return snprintf(path, sizeof path, "%s/ext/%.*s.rb", library_folder, (int)size, name) < (int)sizeof path && is_file(path) &&
           realpath(path, out) != NULL;
}

/* A library of one of Debian's gem packages: its folder joins the load path, so that its other files are found there. */
static MAY_GC bool find_packaged_gem(Fiber *f, const char *name, char *out) {
    static const char *const patterns[] = { "/usr/share/rubygems-integration/all/gems/*/lib/%s%s",
                                            "/usr/share/rubygems-integration/all/gems/*/lib/*/%s%s",
                                            "/usr/lib/ruby/gems/3.1.0/gems/*/lib/%s%s", "/var/lib/gems/3.1.0/gems/*/lib/%s%s" };
    const char *extension = has_extension(name, ".rb") ? "" : ".rb";
    bool is_found = false;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns && !is_found; i++) {
        char pattern[PATH_MAX];
        glob_t found;
        if (name[0] == '/' || strchr(name, '*') ||
            snprintf(pattern, sizeof pattern, patterns[i], name, extension) >= (int)sizeof pattern) return false;
        if (glob(pattern, 0, NULL, &found) == 0 && realpath(found.gl_pathv[0], out)) {
            size_t folder = strlen(found.gl_pathv[0]) - strlen(name) - strlen(extension) - 1;
            push_path(f, load_path(f), found.gl_pathv[0], folder);
            is_found = true;
        }
        globfree(&found);
    }
    return is_found;
}

static MAY_SWITCH MAY_RAISE Value raise_load_error(Fiber *f, const char *name) {
    Value error = tr_exception_new(f, tr_class.load_error, tr_string_format(f, "cannot load such file -- %s", name));
    if (tr_ivar_set(f, error, tr_intern_cstr("@path"), tr_string_new_cstr(f, name)) == TR_RAISED) return TR_RAISED;
    return tr_raise_value(f, error);
}

/* --- loading once --- */

/* Files in progress: Hash path -> Thread object (or true when it has no face yet). */
static MAY_GC Value loading_table(Fiber *f) {
    Value table = local(f, loading_key);
    if (table != TR_UNDEF) return table;
    table = tr_hash_new(f);
    tr_ractor_local_set(f->ractor, loading_key, table);
    return table;
}

/* Waits while another thread loads `path`. 1 it is loaded now, 0 it is ours to load, 2 circular, -1 raised. */
static MAY_SWITCH MAY_RAISE int wait_for_loader(Fiber *f, Value path) {
    for (;;) {
        Value loader = tr_hash_get(f, loading_table(f), path);
        if (loader == TR_RAISED) return -1;
        if (loader == TR_UNDEF) return is_loaded(f, path);
        if (loader == tr_integer_from_uint64(f, (uint64_t)(uintptr_t)f->thread >> 3)) return 2;
        if (tr_thread_park(f, WAIT_ONCE, path, tr_now_ns() + 1000000) == TR_RAISED) return -1;
    }
}

static MAY_SWITCH MAY_RAISE Value load_once(Fiber *f, Value path) {
    int state = wait_for_loader(f, path);
    if (state != 0) {
        if (state == 2) tr_warning(f, "loading in progress, circular require considered harmful - %s", tr_string(path)->bytes);
        return state < 0 ? TR_RAISED : TR_FALSE;
    }
    Value table = loading_table(f), mark = tr_integer_from_uint64(f, (uint64_t)(uintptr_t)f->thread >> 3);
    if (tr_hash_set(f, table, path, mark) == TR_RAISED) return TR_RAISED;
    Value result = tr_load_file(f, path, NULL);
    Unwind pending = f->unwind;
    Value removed = tr_hash_delete(f, table, path);
    if (result == TR_RAISED) {
        f->unwind = pending;
        return TR_RAISED;
    }
    return removed == TR_RAISED || !provide(f, path) ? TR_RAISED : TR_TRUE;
}

static MAY_SWITCH MAY_RAISE Value load_builtin(Fiber *f, const BuiltinFeature *feature) {
    char name[256];
    snprintf(name, sizeof name, "%s.so", feature->name);
    Value path = tr_string_new_cstr(f, name);
    int loaded = is_loaded(f, path);
    if (loaded != 0) return loaded < 0 ? TR_RAISED : TR_FALSE;
    if (!feature->init) return TR_FALSE; /* part of the core: there from the start */
    if (!provide(f, path)) return TR_RAISED;
    return feature->init(f) == TR_RAISED ? TR_RAISED : TR_TRUE;
}

Value tr_require(Fiber *f, Value feature) {
    if (!tr_ractor_is_main(f->ractor)) return tr_ractor_require(f, feature);
    char path[PATH_MAX];
    feature = tr_to_path(f, feature);
    const char *name = feature == TR_RAISED ? NULL : tr_string_cstr(f, &feature);
    if (!name) return TR_RAISED;
    int loaded = is_loaded(f, feature);
    if (loaded != 0) return loaded < 0 ? TR_RAISED : TR_FALSE;
    int found = has_extension(name, ".so") ? 0 : find_file(f, name, path);
    if (found < 0) return TR_RAISED;
    /* Troupe's own lib/ stands first in the path; what is in C or in the core beats files that stand behind it */
    const BuiltinFeature *builtin = find_builtin(name);
    if (builtin && !(found && library_folder[0] && strncmp(path, library_folder, strlen(library_folder)) == 0))
        return load_builtin(f, builtin);
    if (!found && !find_extension(name, path) && !find_packaged_gem(f, name, path)) return raise_load_error(f, name);
    Value full = tr_string_new_cstr(f, path);
    return load_once(f, full);
}

/* $LOAD_PATH.resolve_feature_path(feature) -> [:rb or :so, path] or nil: what require would load */
static MAY_SWITCH Value resolve_feature_path(Fiber *f, Value self, const Args *args) {
    (void)self;
    char path[PATH_MAX];
    Value feature = tr_to_path(f, args->argv[0]);
    const char *name = feature == TR_RAISED ? NULL : tr_string_cstr(f, &feature);
    if (!name) return TR_RAISED;
    int found = has_extension(name, ".so") ? 0 : find_file(f, name, path);
    if (found < 0) return TR_RAISED;
    const BuiltinFeature *builtin = find_builtin(name);
    if (!found && builtin)
        return tr_array_new_values(f, 2, tr_value_from_id(tr_intern_cstr("so")), tr_string_format(f, "%s.so", builtin->name));
    if (!found && !find_extension(name, path)) return TR_NIL;
    return tr_array_new_values(f, 2, tr_value_from_id(tr_intern_cstr("rb")), tr_string_new_cstr(f, path));
}

static MAY_SWITCH MAY_RAISE Value kernel_require(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_require(f, args->argv[0]);
}

/* require_relative(path): relative to the file of the caller */
static MAY_SWITCH MAY_RAISE Value kernel_require_relative(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value feature = tr_to_path(f, args->argv[0]);
    if (feature == TR_RAISED) return TR_RAISED;
    Value caller = tr_caller_file(f);
    if (!tr_is_string(caller)) return tr_raise(f, tr_class.load_error, "cannot infer basepath");
    Value folder = tr_call(f, (Value)tr_class.file, tr_intern_cstr("dirname"), 1, caller);
    if (folder == TR_RAISED) return TR_RAISED;
    Value path = tr_call(f, (Value)tr_class.file, tr_intern_cstr("expand_path"), 2, feature, folder);
    return path == TR_RAISED ? TR_RAISED : tr_require(f, path);
}

/* load(path, wrap = false): runs the file each time; found as it stands, or in the load path */
static MAY_SWITCH MAY_RAISE Value kernel_load(Fiber *f, Value self, const Args *args) {
    (void)self;
    char path[PATH_MAX];
    Value name = tr_to_path(f, args->argv[0]);
    if (name == TR_RAISED || !tr_string_cstr(f, &name)) return TR_RAISED;
    bool found = false;
    const char *text = tr_string(name)->bytes;
    if (text[0] != '/' && text[0] != '.') {
        Value list = load_path(f);
        for (size_t i = 0; i < tr_array_count(list) && !found; i++) {
            Value folder = tr_to_path(f, tr_array_at(list, i));
            if (folder == TR_RAISED) return TR_RAISED;
            found = snprintf(path, sizeof path, "%s/%s", tr_string(folder)->bytes, tr_string(name)->bytes) < (int)sizeof path &&
                    is_file(path);
            TR_KEEP(folder);
        }
    }
    if (!found && is_file(tr_string(name)->bytes)) {
        Value full = tr_call(f, (Value)tr_class.file, tr_intern_cstr("expand_path"), 1, name);
        if (full == TR_RAISED) return TR_RAISED;
        found = snprintf(path, sizeof path, "%s", tr_string(full)->bytes) < (int)sizeof path;
    }
    if (!found) return raise_load_error(f, tr_string(name)->bytes);
    Class *wrap = NULL;
    if (args->argc > 1 && tr_is_truthy(args->argv[1]))
        wrap = tr_is_type(args->argv[1], TYPE_MODULE) ? (Class *)args->argv[1] : tr_module_new(f);
    return tr_load_file(f, tr_string_new_cstr(f, path), wrap) == TR_RAISED ? TR_RAISED : TR_TRUE;
}

static MAY_GC Value load_error_path(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_ivar_get(f, self, tr_intern_cstr("@path"));
}

static const MethodDef require_methods[] = {
    { "require", kernel_require, ARITY(1, 1), METHOD_MODULE_FUNCTION },
    { "require_relative", kernel_require_relative, ARITY(1, 1), METHOD_MODULE_FUNCTION },
    { "load", kernel_load, ARITY(1, 2), METHOD_MODULE_FUNCTION },
    { NULL, NULL, 0, 0, 0 }
};
static MAY_GC void require_init(Fiber *f) {
    find_library_folder();
    load_path_key = tr_ractor_local_reserve();
    features_key = tr_ractor_local_reserve();
    known_key = tr_ractor_local_reserve();
    loading_key = tr_ractor_local_reserve();
    tr_global_define("$LOAD_PATH", get_load_path, NULL, false);
    tr_global_define("$LOADED_FEATURES", get_features, NULL, false);
    tr_global_alias(tr_intern_cstr("$:"), tr_intern_cstr("$LOAD_PATH"));
    tr_global_alias(tr_intern_cstr("$-I"), tr_intern_cstr("$LOAD_PATH"));
    tr_global_alias(tr_intern_cstr("$\""), tr_intern_cstr("$LOADED_FEATURES"));
    tr_define_method(f, tr_class.load_error, "path", load_error_path, 0, 0, 0);
}
const ClassDef tr_require_def = { .klass = &tr_class.kernel, .methods = require_methods, .init = require_init };

/* dir.c - Dir: reading, making and leaving directories. Patterns (Dir.glob, File.fnmatch) are Ruby: core/file.rb. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io.h"

typedef struct Dir {
    Data base;
    DIR *handle; /* NULL when closed */
    Value path;
} Dir;

static void dir_trace(Tracer *tracer, Value object) { tr_trace(tracer, ((Dir *)object)->path); }
static void dir_free(Heap *heap, Value object) {
    (void)heap;
    if (((Dir *)object)->handle) closedir(((Dir *)object)->handle);
}
static const DataType dir_type = { .name = "Dir", .bytes = sizeof(Dir), .trace = dir_trace, .free = dir_free };

static MAY_GC Value dir_alloc(Fiber *f, Class *klass) {
    Dir *dir = tr_data_alloc(f, &dir_type, klass);
    dir->path = TR_NIL;
    return (Value)dir;
}

static MAY_GC MAY_RAISE Value raise_dir(Fiber *f, int error, const char *function, const char *path) {
    char detail[PATH_MAX + 64];
    snprintf(detail, sizeof detail, "%s - %s", function, path);
    return tr_raise_errno_at(f, error, detail);
}

static MAY_SWITCH MAY_RAISE const char *path_of(Fiber *f, Value *v) {
    *v = tr_to_path(f, *v);
    return *v == TR_RAISED ? NULL : tr_string_cstr(f, v);
}

static MAY_SWITCH MAY_RAISE Value dir_initialize(Fiber *f, Value self, const Args *args) {
    Dir *dir = (Dir *)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name) return TR_RAISED;
    dir->handle = opendir(name);
    if (!dir->handle) return raise_dir(f, errno, "dir_initialize", name);
    tr_write(self, &dir->path, tr_string_dup(f, path));
    return self;
}

static MAY_GC MAY_RAISE DIR *handle_of(Fiber *f, Value self) {
    DIR *handle = ((Dir *)self)->handle;
    if (!handle) (void)!tr_raise(f, tr_class.io_error, "closed directory");
    return handle;
}

static MAY_GC MAY_RAISE Value dir_read(Fiber *f, Value self, const Args *args) {
    (void)args;
    DIR *handle = handle_of(f, self);
    if (!handle) return TR_RAISED;
    errno = 0;
    struct dirent *entry = readdir(handle);
    if (entry) return tr_string_new_cstr(f, entry->d_name);
    return errno ? tr_raise_errno(f, errno, NULL) : TR_NIL;
}
static MAY_GC MAY_RAISE Value dir_close(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    Dir *dir = (Dir *)self;
    if (dir->handle) closedir(dir->handle);
    dir->handle = NULL;
    return TR_NIL;
}
static MAY_GC MAY_RAISE Value dir_rewind(Fiber *f, Value self, const Args *args) {
    (void)args;
    DIR *handle = handle_of(f, self);
    if (!handle) return TR_RAISED;
    rewinddir(handle);
    return self;
}
static MAY_GC MAY_RAISE Value dir_tell(Fiber *f, Value self, const Args *args) {
    (void)args;
    DIR *handle = handle_of(f, self);
    return handle ? tr_integer_from_int64(f, telldir(handle)) : TR_RAISED;
}
static MAY_SWITCH MAY_RAISE Value dir_seek(Fiber *f, Value self, const Args *args) {
    int64_t position;
    DIR *handle = handle_of(f, self);
    if (!handle || !tr_to_long(f, args->argv[0], &position)) return TR_RAISED;
    seekdir(handle, position);
    return self;
}
static MAY_GC MAY_RAISE Value dir_fileno(Fiber *f, Value self, const Args *args) {
    (void)args;
    DIR *handle = handle_of(f, self);
    return handle ? TR_FIX(dirfd(handle)) : TR_RAISED;
}
static MAY_GC Value dir_path(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return ((Dir *)self)->path; }

/* Dir.__list(path, errors): names without . and .., as they come; errors false: nil for what cannot be read. */
static MAY_SWITCH MAY_RAISE Value dir_s_list(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name) return TR_RAISED;
    DIR *handle = opendir(name);
    if (!handle) return tr_is_truthy(args->argv[1]) ? raise_dir(f, errno, "dir_initialize", name) : TR_NIL;
    Value names = tr_array_new(f, 16), result = names;
    struct dirent *entry;
    while ((entry = readdir(handle))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (tr_array_push(f, names, tr_string_new_cstr(f, entry->d_name)) == TR_RAISED) { result = TR_RAISED; break; }
    }
    closedir(handle);
    return result;
}

static MAY_SWITCH MAY_RAISE Value dir_s_getwd(Fiber *f, Value self, const Args *args) {
    char path[PATH_MAX];
    (void)self; (void)args;
    return getcwd(path, sizeof path) ? tr_string_new_cstr(f, path) : tr_raise_errno(f, errno, "getcwd");
}
static MAY_SWITCH MAY_RAISE Value dir_s_chdir(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name) return TR_RAISED;
    return chdir(name) < 0 ? raise_dir(f, errno, "chdir_path", name) : TR_FIX(0);
}
static MAY_SWITCH MAY_RAISE Value dir_s_mkdir(Fiber *f, Value self, const Args *args) {
    int64_t mode = 0777;
    (void)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name || (args->argc > 1 && !tr_to_long(f, args->argv[1], &mode))) return TR_RAISED;
    return mkdir(name, (mode_t)mode) < 0 ? raise_dir(f, errno, "dir_s_mkdir", name) : TR_FIX(0);
}
static MAY_SWITCH MAY_RAISE Value dir_s_rmdir(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name) return TR_RAISED;
    return rmdir(name) < 0 ? raise_dir(f, errno, "dir_s_rmdir", name) : TR_FIX(0);
}

/* Dir.fchdir(fd) without its block, which file.rb has */
static MAY_SWITCH MAY_RAISE Value dir_s_fchdir(Fiber *f, Value self, const Args *args) {
    int64_t fd;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &fd)) return TR_RAISED;
    return fchdir((int)fd) < 0 ? tr_raise_errno(f, errno, "fchdir") : TR_FIX(0);
}

/* Dir.for_fd(fd): a Dir that owns the descriptor and has no path */
static MAY_SWITCH MAY_RAISE Value dir_s_for_fd(Fiber *f, Value self, const Args *args) {
    int64_t fd;
    if (!tr_to_long(f, args->argv[0], &fd)) return TR_RAISED;
    DIR *handle = fdopendir((int)fd);
    if (!handle) return tr_raise_errno(f, errno, "fdopendir");
    Dir *dir = tr_data_alloc(f, &dir_type, (Class *)self);
    dir->path = TR_NIL;
    dir->handle = handle;
    return (Value)dir;
}

/* Dir.home(user = nil) */
static MAY_SWITCH MAY_RAISE Value dir_s_home(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->argc > 0 && args->argv[0] != TR_NIL) {
        Value user = args->argv[0];
        const char *name = tr_string_cstr(f, &user);
        if (!name) return TR_RAISED;
        struct passwd *entry = getpwnam(name);
        if (!entry) return tr_raise(f, tr_class.argument_error, "user %s doesn't exist", name);
        return tr_string_new_cstr(f, entry->pw_dir);
    }
    const char *home = getenv("HOME");
    if (home) return tr_string_new_cstr(f, home);
    struct passwd *entry = getpwuid(getuid());
    if (entry) return tr_string_new_cstr(f, entry->pw_dir);
    return tr_raise(f, tr_class.argument_error, "couldn't find HOME environment -- expanding '~'");
}

static const MethodDef dir_methods[] = {
    { "initialize", dir_initialize, ARITY(1, 1), METHOD_KEYWORDS | METHOD_PRIVATE },
    { "read", dir_read, ARITY(0, 0), 0 },
    { "close", dir_close, ARITY(0, 0), 0 },
    { "rewind", dir_rewind, ARITY(0, 0), 0 },
    { "tell", dir_tell, ARITY(0, 0), 0 },
    { "pos", dir_tell, ARITY(0, 0), 0 },
    { "seek", dir_seek, ARITY(1, 1), 0 },
    { "fileno", dir_fileno, ARITY(0, 0), 0 },
    { "path", dir_path, ARITY(0, 0), 0 },
    { "to_path", dir_path, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef dir_singleton_methods[] = {
    { "__list", dir_s_list, ARITY(2, 2), METHOD_PRIVATE },
    { "getwd", dir_s_getwd, ARITY(0, 0), 0 },
    { "pwd", dir_s_getwd, ARITY(0, 0), 0 },
    { "__chdir", dir_s_chdir, ARITY(1, 1), METHOD_PRIVATE },
    { "mkdir", dir_s_mkdir, ARITY(1, 2), 0 },
    { "rmdir", dir_s_rmdir, ARITY(1, 1), 0 },
    { "delete", dir_s_rmdir, ARITY(1, 1), 0 },
    { "unlink", dir_s_rmdir, ARITY(1, 1), 0 },
    { "home", dir_s_home, ARITY(0, 1), 0 },
    { "__fchdir", dir_s_fchdir, ARITY(1, 1), METHOD_PRIVATE },
    { "for_fd", dir_s_for_fd, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};
const ClassDef tr_dir_def = {
    .klass = &tr_class.dir, .methods = dir_methods, .singleton_methods = dir_singleton_methods, .alloc = dir_alloc,
    .instance_type = TYPE_DATA };

/* file.c - File: what asks the file system or changes it. Path arithmetic is Ruby (core/file.rb).
 *
 * System calls on local files are short, so they are made directly; flock and mkfifo-like waits go to a helper thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utime.h>

#include "core/io.h"
#include "core/time.h"

/* --- File::Stat --- */

typedef struct FileStat {
    Data base;
    struct stat status;
    bool is_set;
} FileStat;
static const DataType stat_type = { .name = "File::Stat", .bytes = sizeof(FileStat) };

static MAY_GC Value stat_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &stat_type, klass); }

static MAY_GC Value stat_new(Fiber *f, const struct stat *status) {
    FileStat *object = (FileStat *)stat_alloc(f, tr_class.file_stat);
    object->status = *status;
    object->is_set = true;
    return (Value)object;
}

static MAY_GC MAY_RAISE Value raise_path(Fiber *f, int error, const char *function, const char *path) {
    char detail[PATH_MAX + 64];
    snprintf(detail, sizeof detail, "%s - %s", function, path);
    return tr_raise_errno_at(f, error, detail);
}

/* The path of an argument: String, #to_path, or the path of a File. NULL: raised. */
static MAY_SWITCH MAY_RAISE const char *path_of(Fiber *f, Value *v) {
    *v = tr_to_path(f, *v);
    if (*v == TR_RAISED) return NULL;
    if (memchr(tr_string(*v)->bytes, 0, tr_string(*v)->size)) {
        (void)!tr_raise(f, tr_class.argument_error, "path name contains null byte");
        return NULL;
    }
    return tr_string_cstr(f, v);
}

/* stat of an argument (path or IO). 1 done, 0 failed with errno, -1 raised. */
static MAY_SWITCH MAY_RAISE int stat_value(Fiber *f, Value v, struct stat *status, bool follow) {
    if (tr_is_io(v)) {
        Stream *stream = tr_io_stream(f, v);
        if (!stream) return -1;
        return fstat(stream->fd, status) == 0;
    }
    const char *path = path_of(f, &v);
    if (!path) return -1;
    return (follow ? stat(path, status) : lstat(path, status)) == 0;
}

static MAY_SWITCH MAY_RAISE Value stat_initialize(Fiber *f, Value self, const Args *args) {
    FileStat *object = (FileStat *)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name) return TR_RAISED;
    if (stat(name, &object->status) < 0) return raise_path(f, errno, "rb_stat_init", name);
    object->is_set = true;
    return self;
}

static MAY_SWITCH MAY_RAISE Value stat_of_path(Fiber *f, Value v, bool follow) {
    struct stat status;
    int state = stat_value(f, v, &status, follow);
    if (state < 0) return TR_RAISED;
    if (state > 0) return stat_new(f, &status);
    int error = errno;
    const char *path = tr_is_io(v) ? "" : path_of(f, &v);
    return path ? raise_path(f, error, follow ? "rb_file_s_stat" : "rb_file_s_lstat", path) : TR_RAISED;
}
static MAY_SWITCH MAY_RAISE Value file_s_stat(Fiber *f, Value self, const Args *args) { (void)self; return stat_of_path(f, args->argv[0], true); }
static MAY_SWITCH MAY_RAISE Value file_s_lstat(Fiber *f, Value self, const Args *args) { (void)self; return stat_of_path(f, args->argv[0], false); }
static MAY_SWITCH MAY_RAISE Value io_stat(Fiber *f, Value self, const Args *args) { (void)args; return stat_of_path(f, self, true); }
static MAY_SWITCH MAY_RAISE Value file_lstat(Fiber *f, Value self, const Args *args) {
    (void)args;
    return stat_of_path(f, ((IO *)self)->path, false);
}

static struct stat *status_of(Value self) { return &((FileStat *)self)->status; }

#define STAT_NUMBER(name, expression)                                           \
    static MAY_GC Value stat_##name(Fiber *f, Value self, const Args *args) {   \
        struct stat *s = status_of(self);                                       \
        (void)args;                                                             \
        return tr_integer_from_int64(f, (int64_t)(expression));                 \
    }
STAT_NUMBER(dev, s->st_dev)
STAT_NUMBER(dev_major, major(s->st_dev))
STAT_NUMBER(dev_minor, minor(s->st_dev))
STAT_NUMBER(ino, s->st_ino)
STAT_NUMBER(mode, s->st_mode)
STAT_NUMBER(nlink, s->st_nlink)
STAT_NUMBER(uid, s->st_uid)
STAT_NUMBER(gid, s->st_gid)
STAT_NUMBER(rdev, s->st_rdev)
STAT_NUMBER(size, s->st_size)
STAT_NUMBER(blksize, s->st_blksize)
STAT_NUMBER(blocks, s->st_blocks)
#undef STAT_NUMBER

static bool group_matches(gid_t gid) {
    if (gid == getegid()) return true;
    gid_t groups[256];
    int count = getgroups(256, groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == gid) return true;
    return false;
}
static bool may_access(const struct stat *s, int bit, uid_t uid) { /* bit: 4 read, 2 write, 1 execute */
    if (uid == 0) return bit != 1 || (s->st_mode & 0111);
    if (s->st_uid == uid) return s->st_mode & ((mode_t)bit << 6);
    if (group_matches(s->st_gid)) return s->st_mode & ((mode_t)bit << 3);
    return s->st_mode & (mode_t)bit;
}

/* One predicate serves File::Stat#x?, File.x?(path) and FileTest.x?: it answers a Value for a stat. */
#define PREDICATE(name, expression)                                                              \
    static Value test_##name(const struct stat *s) { return (expression); }                      \
    static MAY_GC Value stat_##name##_p(Fiber *f, Value self, const Args *args) {                \
        (void)f; (void)args;                                                                     \
        return test_##name(status_of(self));                                                     \
    }                                                                                            \
    static MAY_SWITCH MAY_RAISE Value file_s_##name##_p(Fiber *f, Value self, const Args *args) { \
        struct stat status;                                                                      \
        (void)self;                                                                              \
        int state = stat_value(f, args->argv[0], &status, true);                                 \
        return state < 0 ? TR_RAISED : state == 0 ? TR_FALSE : test_##name(&status);             \
    }
PREDICATE(file, tr_bool(S_ISREG(s->st_mode)))
PREDICATE(directory, tr_bool(S_ISDIR(s->st_mode)))
PREDICATE(pipe, tr_bool(S_ISFIFO(s->st_mode)))
PREDICATE(socket, tr_bool(S_ISSOCK(s->st_mode)))
PREDICATE(blockdev, tr_bool(S_ISBLK(s->st_mode)))
PREDICATE(chardev, tr_bool(S_ISCHR(s->st_mode)))
PREDICATE(owned, tr_bool(s->st_uid == geteuid()))
PREDICATE(grpowned, tr_bool(group_matches(s->st_gid)))
PREDICATE(readable, tr_bool(may_access(s, 4, geteuid())))
PREDICATE(readable_real, tr_bool(may_access(s, 4, getuid())))
PREDICATE(writable, tr_bool(may_access(s, 2, geteuid())))
PREDICATE(writable_real, tr_bool(may_access(s, 2, getuid())))
PREDICATE(executable, tr_bool(may_access(s, 1, geteuid())))
PREDICATE(executable_real, tr_bool(may_access(s, 1, getuid())))
PREDICATE(setuid, tr_bool(s->st_mode & S_ISUID))
PREDICATE(setgid, tr_bool(s->st_mode & S_ISGID))
PREDICATE(sticky, tr_bool(s->st_mode & S_ISVTX))
PREDICATE(zero, tr_bool(s->st_size == 0))
PREDICATE(size_or_nil, s->st_size ? TR_FIX(s->st_size) : TR_NIL)
PREDICATE(world_readable, s->st_mode & S_IROTH ? TR_FIX(s->st_mode & 0777) : TR_NIL)
PREDICATE(world_writable, s->st_mode & S_IWOTH ? TR_FIX(s->st_mode & 0777) : TR_NIL)
#undef PREDICATE

static MAY_SWITCH MAY_RAISE Value file_s_exist_p(Fiber *f, Value self, const Args *args) {
    struct stat status;
    (void)self;
    int state = stat_value(f, args->argv[0], &status, true);
    return state < 0 ? TR_RAISED : tr_bool(state > 0);
}

static MAY_SWITCH MAY_RAISE Value file_s_size_p(Fiber *f, Value self, const Args *args) {
    Value size = file_s_size_or_nil_p(f, self, args);
    return size == TR_FALSE ? TR_NIL : size;
}
static MAY_SWITCH MAY_RAISE Value file_s_world_readable_p2(Fiber *f, Value self, const Args *args) {
    Value mode = file_s_world_readable_p(f, self, args);
    return mode == TR_FALSE ? TR_NIL : mode;
}
static MAY_SWITCH MAY_RAISE Value file_s_world_writable_p2(Fiber *f, Value self, const Args *args) {
    Value mode = file_s_world_writable_p(f, self, args);
    return mode == TR_FALSE ? TR_NIL : mode;
}
static MAY_GC Value stat_symlink_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(S_ISLNK(status_of(self)->st_mode)); }
static MAY_SWITCH MAY_RAISE Value file_s_symlink_p(Fiber *f, Value self, const Args *args) {
    struct stat status;
    (void)self;
    int state = stat_value(f, args->argv[0], &status, false);
    return state < 0 ? TR_RAISED : tr_bool(state > 0 && S_ISLNK(status.st_mode));
}

static MAY_GC Value file_type(Fiber *f, mode_t mode) {
    return tr_string_new_cstr(f, S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "directory" : S_ISCHR(mode) ? "characterSpecial" :
        S_ISBLK(mode) ? "blockSpecial" : S_ISFIFO(mode) ? "fifo" : S_ISLNK(mode) ? "link" : S_ISSOCK(mode) ? "socket" : "unknown");
}
static MAY_GC Value stat_ftype(Fiber *f, Value self, const Args *args) { (void)args; return file_type(f, status_of(self)->st_mode); }
static MAY_SWITCH MAY_RAISE Value file_s_ftype(Fiber *f, Value self, const Args *args) {
    struct stat status;
    (void)self;
    int state = stat_value(f, args->argv[0], &status, false);
    if (state < 0) return TR_RAISED;
    if (state > 0) return file_type(f, status.st_mode);
    Value path = args->argv[0];
    int error = errno;
    return path_of(f, &path) ? raise_path(f, error, "rb_file_s_ftype", tr_string(path)->bytes) : TR_RAISED;
}

static MAY_GC Value stat_rdev_major(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(major(status_of(self)->st_rdev)); }
static MAY_GC Value stat_rdev_minor(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(minor(status_of(self)->st_rdev)); }

static MAY_GC Value stat_inspect(Fiber *f, Value self, const Args *args) {
    const struct stat *s = status_of(self);
    (void)args;
    return tr_string_format(f, "#<File::Stat dev=0x%lx, ino=%lu, mode=0%o, nlink=%lu, uid=%u, gid=%u, rdev=0x%lx, size=%ld, "
                            "blksize=%ld, blocks=%ld>", (long)s->st_dev, (unsigned long)s->st_ino, s->st_mode,
                            (unsigned long)s->st_nlink, s->st_uid, s->st_gid, (long)s->st_rdev, (long)s->st_size,
                            (long)s->st_blksize, (long)s->st_blocks);
}

/* When the file was made, where the file system keeps it. */
static MAY_SWITCH MAY_RAISE Value birth_time(Fiber *f, int fd, const char *path) {
    struct statx status;
    int result = statx(path ? AT_FDCWD : fd, path ? path : "", path ? 0 : AT_EMPTY_PATH, STATX_BTIME, &status);
    if (result < 0) return raise_path(f, errno, "rb_file_s_birthtime", path ? path : "");
    if (!(status.stx_mask & STATX_BTIME)) return tr_raise(f, tr_class.not_implemented_error, "birthtime is unimplemented on this filesystem");
    return tr_time_new(f, status.stx_btime.tv_sec, status.stx_btime.tv_nsec);
}
static MAY_SWITCH MAY_RAISE Value file_s_birthtime(Fiber *f, Value self, const Args *args) {
    Value path = args->argv[0];
    (void)self;
    const char *name = path_of(f, &path);
    return name ? birth_time(f, -1, name) : TR_RAISED;
}
static MAY_SWITCH MAY_RAISE Value file_birthtime(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    return stream ? birth_time(f, stream->fd, NULL) : TR_RAISED;
}

static MAY_GC Value stat_atime(Fiber *f, Value self, const Args *args) { (void)args; return tr_time_new(f, status_of(self)->st_atim.tv_sec, status_of(self)->st_atim.tv_nsec); }
static MAY_GC Value stat_mtime(Fiber *f, Value self, const Args *args) { (void)args; return tr_time_new(f, status_of(self)->st_mtim.tv_sec, status_of(self)->st_mtim.tv_nsec); }
static MAY_GC Value stat_ctime(Fiber *f, Value self, const Args *args) { (void)args; return tr_time_new(f, status_of(self)->st_ctim.tv_sec, status_of(self)->st_ctim.tv_nsec); }

static MAY_SWITCH MAY_RAISE Value stat_cmp(Fiber *f, Value self, const Args *args) {
    if (!tr_data_is(args->argv[0], &stat_type)) return TR_NIL;
    struct timespec a = status_of(self)->st_mtim, b = status_of(args->argv[0])->st_mtim;
    (void)f;
    if (a.tv_sec != b.tv_sec) return TR_FIX(a.tv_sec < b.tv_sec ? -1 : 1);
    return TR_FIX((a.tv_nsec > b.tv_nsec) - (a.tv_nsec < b.tv_nsec));
}

static const MethodDef stat_methods[] = {
    { "initialize", stat_initialize, ARITY(1, 1), METHOD_PRIVATE },
    { "dev", stat_dev, ARITY(0, 0), 0 }, { "dev_major", stat_dev_major, ARITY(0, 0), 0 },
    { "dev_minor", stat_dev_minor, ARITY(0, 0), 0 }, { "ino", stat_ino, ARITY(0, 0), 0 },
    { "mode", stat_mode, ARITY(0, 0), 0 }, { "nlink", stat_nlink, ARITY(0, 0), 0 }, { "uid", stat_uid, ARITY(0, 0), 0 },
    { "gid", stat_gid, ARITY(0, 0), 0 }, { "rdev", stat_rdev, ARITY(0, 0), 0 }, { "size", stat_size, ARITY(0, 0), 0 },
    { "blksize", stat_blksize, ARITY(0, 0), 0 }, { "blocks", stat_blocks, ARITY(0, 0), 0 },
    { "atime", stat_atime, ARITY(0, 0), 0 }, { "mtime", stat_mtime, ARITY(0, 0), 0 }, { "ctime", stat_ctime, ARITY(0, 0), 0 },
    { "ftype", stat_ftype, ARITY(0, 0), 0 }, { "inspect", stat_inspect, ARITY(0, 0), 0 },
    { "rdev_major", stat_rdev_major, ARITY(0, 0), 0 }, { "rdev_minor", stat_rdev_minor, ARITY(0, 0), 0 }, { "<=>", stat_cmp, ARITY(1, 1), 0 },
    { "file?", stat_file_p, ARITY(0, 0), 0 }, { "directory?", stat_directory_p, ARITY(0, 0), 0 },
    { "pipe?", stat_pipe_p, ARITY(0, 0), 0 }, { "socket?", stat_socket_p, ARITY(0, 0), 0 },
    { "blockdev?", stat_blockdev_p, ARITY(0, 0), 0 }, { "chardev?", stat_chardev_p, ARITY(0, 0), 0 },
    { "symlink?", stat_symlink_p, ARITY(0, 0), 0 }, { "owned?", stat_owned_p, ARITY(0, 0), 0 },
    { "grpowned?", stat_grpowned_p, ARITY(0, 0), 0 }, { "readable?", stat_readable_p, ARITY(0, 0), 0 },
    { "readable_real?", stat_readable_real_p, ARITY(0, 0), 0 }, { "writable?", stat_writable_p, ARITY(0, 0), 0 },
    { "writable_real?", stat_writable_real_p, ARITY(0, 0), 0 }, { "executable?", stat_executable_p, ARITY(0, 0), 0 },
    { "executable_real?", stat_executable_real_p, ARITY(0, 0), 0 }, { "setuid?", stat_setuid_p, ARITY(0, 0), 0 },
    { "setgid?", stat_setgid_p, ARITY(0, 0), 0 }, { "sticky?", stat_sticky_p, ARITY(0, 0), 0 },
    { "zero?", stat_zero_p, ARITY(0, 0), 0 }, { "size?", stat_size_or_nil_p, ARITY(0, 0), 0 },
    { "world_readable?", stat_world_readable_p, ARITY(0, 0), 0 },
    { "world_writable?", stat_world_writable_p, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
const ClassDef tr_file_stat_def = {
    .klass = &tr_class.file_stat, .methods = stat_methods, .alloc = stat_alloc, .instance_type = TYPE_DATA };

/* --- questions about a path --- */

static MAY_SWITCH MAY_RAISE Value file_s_size(Fiber *f, Value self, const Args *args) {
    struct stat status;
    (void)self;
    int state = stat_value(f, args->argv[0], &status, true);
    if (state < 0) return TR_RAISED;
    if (state > 0) return tr_integer_from_int64(f, status.st_size);
    Value path = args->argv[0];
    int error = errno;
    return path_of(f, &path) ? raise_path(f, error, "rb_file_s_size", tr_string(path)->bytes) : TR_RAISED;
}
static MAY_SWITCH MAY_RAISE Value file_size(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    struct stat status;
    if (!stream) return TR_RAISED;
    if (stream->can_write && tr_stream_flush(f, stream) == STREAM_RAISED) return TR_RAISED;
    return fstat(stream->fd, &status) < 0 ? tr_io_raise(f, self, -errno) : tr_integer_from_int64(f, status.st_size);
}

typedef enum TimeKind { TIME_ACCESS, TIME_MODIFICATION, TIME_CHANGE } TimeKind;
static MAY_SWITCH MAY_RAISE Value time_of(Fiber *f, Value v, TimeKind kind) {
    static const char *const functions[] = { "rb_file_s_atime", "rb_file_s_mtime", "rb_file_s_ctime" };
    struct stat status;
    int state = stat_value(f, v, &status, true);
    if (state < 0) return TR_RAISED;
    if (state == 0) {
        int error = errno;
        return path_of(f, &v) ? raise_path(f, error, functions[kind], tr_string(v)->bytes) : TR_RAISED;
    }
    struct timespec t = kind == TIME_ACCESS ? status.st_atim : kind == TIME_MODIFICATION ? status.st_mtim : status.st_ctim;
    return tr_time_new(f, t.tv_sec, t.tv_nsec);
}
static MAY_SWITCH MAY_RAISE Value file_s_atime(Fiber *f, Value self, const Args *args) { (void)self; return time_of(f, args->argv[0], TIME_ACCESS); }
static MAY_SWITCH MAY_RAISE Value file_s_mtime(Fiber *f, Value self, const Args *args) { (void)self; return time_of(f, args->argv[0], TIME_MODIFICATION); }
static MAY_SWITCH MAY_RAISE Value file_s_ctime(Fiber *f, Value self, const Args *args) { (void)self; return time_of(f, args->argv[0], TIME_CHANGE); }
static MAY_SWITCH MAY_RAISE Value file_atime(Fiber *f, Value self, const Args *args) { (void)args; return time_of(f, self, TIME_ACCESS); }
static MAY_SWITCH MAY_RAISE Value file_mtime(Fiber *f, Value self, const Args *args) { (void)args; return time_of(f, self, TIME_MODIFICATION); }
static MAY_SWITCH MAY_RAISE Value file_ctime(Fiber *f, Value self, const Args *args) { (void)args; return time_of(f, self, TIME_CHANGE); }

static MAY_SWITCH MAY_RAISE Value file_s_identical_p(Fiber *f, Value self, const Args *args) {
    struct stat a, b;
    (void)self;
    int first = stat_value(f, args->argv[0], &a, true);
    if (first < 0) return TR_RAISED;
    int second = stat_value(f, args->argv[1], &b, true);
    if (second < 0) return TR_RAISED;
    return tr_bool(first && second && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

static MAY_SWITCH MAY_RAISE Value file_s_readlink(Fiber *f, Value self, const Args *args) {
    char target[PATH_MAX];
    (void)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name) return TR_RAISED;
    ssize_t size = readlink(name, target, sizeof target);
    return size < 0 ? raise_path(f, errno, "rb_readlink", name) : tr_string_new(f, target, (size_t)size);
}

static MAY_SWITCH MAY_RAISE Value file_s_realpath(Fiber *f, Value self, const Args *args) {
    char resolved[PATH_MAX];
    (void)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name) return TR_RAISED;
    return realpath(name, resolved) ? tr_string_new_cstr(f, resolved) : raise_path(f, errno, "rb_realpath_internal", name);
}

/* --- changing --- */

/* Runs fn on each path argument from `first`; the count. */
static MAY_SWITCH MAY_RAISE Value each_path(Fiber *f, const Args *args, int first, const char *function, int (*fn)(const char *, void *), void *data) {
    for (int i = first; i < args->argc; i++) {
        Value path = args->argv[i];
        const char *name = path_of(f, &path);
        if (!name) return TR_RAISED;
        if (fn(name, data) < 0) return raise_path(f, errno, function, name);
    }
    return TR_FIX(args->argc - first);
}
static int do_unlink(const char *path, void *data) { (void)data; return unlink(path); }
static int do_chmod(const char *path, void *data) { return chmod(path, *(mode_t *)data); }
static int do_chown(const char *path, void *data) { return chown(path, ((uid_t *)data)[0], ((uid_t *)data)[1]); }
static int do_lchown(const char *path, void *data) { return lchown(path, ((uid_t *)data)[0], ((uid_t *)data)[1]); }
static int do_utime(const char *path, void *data) { return utimensat(AT_FDCWD, path, data, 0); }
static int do_lutime(const char *path, void *data) { return utimensat(AT_FDCWD, path, data, AT_SYMLINK_NOFOLLOW); }

static MAY_SWITCH MAY_RAISE Value file_s_unlink(Fiber *f, Value self, const Args *args) {
    (void)self;
    return each_path(f, args, 0, "apply2files", do_unlink, NULL);
}
static MAY_SWITCH MAY_RAISE Value file_s_chmod(Fiber *f, Value self, const Args *args) {
    int64_t bits;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &bits)) return TR_RAISED;
    mode_t mode = (mode_t)bits;
    return each_path(f, args, 1, "apply2files", do_chmod, &mode);
}
static MAY_SWITCH MAY_RAISE Value change_owner(Fiber *f, const Args *args, int (*fn)(const char *, void *)) {
    uid_t ids[2];
    for (int i = 0; i < 2; i++) {
        int64_t id = -1;
        if (args->argv[i] != TR_NIL && !tr_to_long(f, args->argv[i], &id)) return TR_RAISED;
        ids[i] = (uid_t)id;
    }
    return each_path(f, args, 2, "apply2files", fn, ids);
}
static MAY_SWITCH MAY_RAISE Value file_s_chown(Fiber *f, Value self, const Args *args) { (void)self; return change_owner(f, args, do_chown); }
static MAY_SWITCH MAY_RAISE Value file_s_lchown(Fiber *f, Value self, const Args *args) { (void)self; return change_owner(f, args, do_lchown); }
static MAY_SWITCH MAY_RAISE Value set_times(Fiber *f, const Args *args, int (*fn)(const char *, void *)) {
    struct timespec times[2];
    for (int i = 0; i < 2; i++)
        if (!tr_time_to_timespec(f, args->argv[i], &times[i])) return TR_RAISED;
    return each_path(f, args, 2, "apply2files", fn, times);
}
static MAY_SWITCH MAY_RAISE Value file_s_utime(Fiber *f, Value self, const Args *args) { (void)self; return set_times(f, args, do_utime); }
static MAY_SWITCH MAY_RAISE Value file_s_lutime(Fiber *f, Value self, const Args *args) { (void)self; return set_times(f, args, do_lutime); }
static MAY_SWITCH MAY_RAISE Value file_chown(Fiber *f, Value self, const Args *args) {
    int64_t ids[2] = { -1, -1 };
    Stream *stream = tr_io_stream(f, self);
    for (int i = 0; stream && i < 2; i++)
        if (args->argv[i] != TR_NIL && !tr_to_long(f, args->argv[i], &ids[i])) return TR_RAISED;
    if (!stream) return TR_RAISED;
    return fchown(stream->fd, (uid_t)ids[0], (gid_t)ids[1]) < 0 ? tr_io_raise(f, self, -errno) : TR_FIX(0);
}

static MAY_SWITCH MAY_RAISE Value two_paths(Fiber *f, const Args *args, const char *function, int (*fn)(const char *, const char *)) {
    Value from = args->argv[0], to = args->argv[1];
    const char *a = path_of(f, &from);
    if (!a) return TR_RAISED;
    const char *b = path_of(f, &to);
    if (!b) return TR_RAISED;
    if (fn(a, b) == 0) return TR_FIX(0);
    char detail[PATH_MAX * 2 + 64];
    snprintf(detail, sizeof detail, "%s - (%s, %s)", function, a, b);
    return tr_raise_errno_at(f, errno, detail);
}
static MAY_SWITCH MAY_RAISE Value file_s_rename(Fiber *f, Value self, const Args *args) { (void)self; return two_paths(f, args, "rb_file_s_rename", rename); }
static MAY_SWITCH MAY_RAISE Value file_s_link(Fiber *f, Value self, const Args *args) { (void)self; return two_paths(f, args, "rb_file_s_link", link); }
static MAY_SWITCH MAY_RAISE Value file_s_symlink(Fiber *f, Value self, const Args *args) { (void)self; return two_paths(f, args, "rb_file_s_symlink", symlink); }

static MAY_SWITCH MAY_RAISE Value file_s_truncate(Fiber *f, Value self, const Args *args) {
    int64_t size;
    (void)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name || !tr_to_long(f, args->argv[1], &size)) return TR_RAISED;
    return truncate(name, size) < 0 ? raise_path(f, errno, "rb_file_s_truncate", name) : TR_FIX(0);
}
static MAY_SWITCH MAY_RAISE Value file_truncate(Fiber *f, Value self, const Args *args) {
    int64_t size;
    Stream *stream = tr_io_writer(f, self);
    if (!stream || !tr_to_long(f, args->argv[0], &size)) return TR_RAISED;
    ssize_t flushed = tr_stream_flush(f, stream);
    if (flushed < 0) return tr_io_raise(f, self, flushed);
    return ftruncate(stream->fd, size) < 0 ? tr_io_raise(f, self, -errno) : TR_FIX(0);
}
static MAY_SWITCH MAY_RAISE Value file_s_mkfifo(Fiber *f, Value self, const Args *args) {
    int64_t mode = 0666;
    (void)self;
    Value path = args->argv[0];
    const char *name = path_of(f, &path);
    if (!name || (args->argc > 1 && !tr_to_long(f, args->argv[1], &mode))) return TR_RAISED;
    return mkfifo(name, (mode_t)mode) < 0 ? raise_path(f, errno, "rb_file_s_mkfifo", name) : TR_FIX(0);
}
static MAY_SWITCH MAY_RAISE Value file_s_umask(Fiber *f, Value self, const Args *args) {
    int64_t mask;
    (void)self;
    if (args->argc == 0) {
        mode_t now = umask(0);
        umask(now);
        return TR_FIX(now);
    }
    if (!tr_to_long(f, args->argv[0], &mask)) return TR_RAISED;
    return TR_FIX(umask((mode_t)mask & 0777));
}
static MAY_SWITCH MAY_RAISE Value file_chmod(Fiber *f, Value self, const Args *args) {
    int64_t mode;
    Stream *stream = tr_io_stream(f, self);
    if (!stream || !tr_to_long(f, args->argv[0], &mode)) return TR_RAISED;
    return fchmod(stream->fd, (mode_t)mode) < 0 ? tr_io_raise(f, self, -errno) : TR_FIX(0);
}

/* A lock that somebody else holds. The helper thread has a descriptor of its own: it may outlive the File. */
typedef struct FlockCall { int fd, operation, error; } FlockCall;
static void run_flock(void *data) {
    FlockCall *call = data;
    call->error = flock(call->fd, call->operation) < 0 ? errno : 0;
}
static void drop_flock(void *data) {
    FlockCall *call = data;
    if (!call->error) (void)!flock(call->fd, LOCK_UN);
    close(call->fd);
    free(call);
}
/* 0, errno, or -1: raised. */
static MAY_SWITCH MAY_RAISE int wait_for_lock(Fiber *f, int fd, int operation) {
    FlockCall *call = malloc(sizeof *call);
    if (!call) return ENOMEM;
    *call = (FlockCall){ .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .operation = operation };
    if (tr_blocking_call_detachable(f, run_flock, drop_flock, call, TR_FOREVER) != TR_TRUE) return -1;
    int error = call->error;
    close(call->fd);
    free(call);
    return error;
}
static MAY_SWITCH MAY_RAISE Value file_flock(Fiber *f, Value self, const Args *args) {
    int64_t operation;
    Stream *stream = tr_io_stream(f, self);
    if (!stream || !tr_to_long(f, args->argv[0], &operation)) return TR_RAISED;
    if (stream->can_write && tr_stream_flush(f, stream) == STREAM_RAISED) return TR_RAISED;
    int error = flock(stream->fd, (int)operation | LOCK_NB) < 0 ? errno : 0;
    if (error == EWOULDBLOCK && !(operation & LOCK_NB)) error = wait_for_lock(f, stream->fd, (int)operation);
    if (error < 0) return TR_RAISED;
    if (error == EWOULDBLOCK) return TR_FALSE;
    return error ? tr_io_raise(f, self, -error) : TR_FIX(0);
}

static const MethodDef file_methods[] = {
    { "initialize", tr_file_initialize, ARITY(1, 3), METHOD_KEYWORDS | METHOD_PRIVATE },
    { "size", file_size, ARITY(0, 0), 0 },
    { "lstat", file_lstat, ARITY(0, 0), 0 },
    { "atime", file_atime, ARITY(0, 0), 0 },
    { "mtime", file_mtime, ARITY(0, 0), 0 },
    { "ctime", file_ctime, ARITY(0, 0), 0 },
    { "truncate", file_truncate, ARITY(1, 1), 0 },
    { "chmod", file_chmod, ARITY(1, 1), 0 },
    { "chown", file_chown, ARITY(2, 2), 0 },
    { "birthtime", file_birthtime, ARITY(0, 0), 0 },
    { "flock", file_flock, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};

#define PREDICATES \
    { "exist?", file_s_exist_p, ARITY(1, 1), 0 }, { "file?", file_s_file_p, ARITY(1, 1), 0 }, \
    { "directory?", file_s_directory_p, ARITY(1, 1), 0 }, { "pipe?", file_s_pipe_p, ARITY(1, 1), 0 }, \
    { "socket?", file_s_socket_p, ARITY(1, 1), 0 }, { "blockdev?", file_s_blockdev_p, ARITY(1, 1), 0 }, \
    { "chardev?", file_s_chardev_p, ARITY(1, 1), 0 }, { "symlink?", file_s_symlink_p, ARITY(1, 1), 0 }, \
    { "owned?", file_s_owned_p, ARITY(1, 1), 0 }, { "grpowned?", file_s_grpowned_p, ARITY(1, 1), 0 }, \
    { "readable?", file_s_readable_p, ARITY(1, 1), 0 }, { "readable_real?", file_s_readable_real_p, ARITY(1, 1), 0 }, \
    { "writable?", file_s_writable_p, ARITY(1, 1), 0 }, { "writable_real?", file_s_writable_real_p, ARITY(1, 1), 0 }, \
    { "executable?", file_s_executable_p, ARITY(1, 1), 0 }, { "executable_real?", file_s_executable_real_p, ARITY(1, 1), 0 }, \
    { "setuid?", file_s_setuid_p, ARITY(1, 1), 0 }, { "setgid?", file_s_setgid_p, ARITY(1, 1), 0 }, \
    { "sticky?", file_s_sticky_p, ARITY(1, 1), 0 }, { "zero?", file_s_zero_p, ARITY(1, 1), 0 }, \
    { "empty?", file_s_zero_p, ARITY(1, 1), 0 }, { "size?", file_s_size_p, ARITY(1, 1), 0 }, \
    { "size", file_s_size, ARITY(1, 1), 0 }, { "identical?", file_s_identical_p, ARITY(2, 2), 0 }, \
    { "world_readable?", file_s_world_readable_p2, ARITY(1, 1), 0 }, { "world_writable?", file_s_world_writable_p2, ARITY(1, 1), 0 }

static const MethodDef file_test_singleton_methods[] = { PREDICATES, { NULL, NULL, 0, 0, 0 } };
static const MethodDef file_singleton_methods[] = {
    PREDICATES,
    { "stat", file_s_stat, ARITY(1, 1), 0 },
    { "lstat", file_s_lstat, ARITY(1, 1), 0 },
    { "ftype", file_s_ftype, ARITY(1, 1), 0 },
    { "atime", file_s_atime, ARITY(1, 1), 0 },
    { "mtime", file_s_mtime, ARITY(1, 1), 0 },
    { "ctime", file_s_ctime, ARITY(1, 1), 0 },
    { "readlink", file_s_readlink, ARITY(1, 1), 0 },
    { "__realpath", file_s_realpath, ARITY(1, 1), METHOD_PRIVATE },
    { "unlink", file_s_unlink, ARITY_REST(0), 0 },
    { "delete", file_s_unlink, ARITY_REST(0), 0 },
    { "chmod", file_s_chmod, ARITY_REST(1), 0 },
    { "chown", file_s_chown, ARITY_REST(2), 0 },
    { "lchown", file_s_lchown, ARITY_REST(2), 0 },
    { "utime", file_s_utime, ARITY_REST(2), 0 },
    { "lutime", file_s_lutime, ARITY_REST(2), 0 },
    { "birthtime", file_s_birthtime, ARITY(1, 1), 0 },
    { "rename", file_s_rename, ARITY(2, 2), 0 },
    { "link", file_s_link, ARITY(2, 2), 0 },
    { "symlink", file_s_symlink, ARITY(2, 2), 0 },
    { "truncate", file_s_truncate, ARITY(2, 2), 0 },
    { "mkfifo", file_s_mkfifo, ARITY(1, 2), 0 },
    { "umask", file_s_umask, ARITY(0, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};

static MAY_SWITCH void file_init(Fiber *f) {
    static const struct { const char *name; int value; } constants[] = {
        { "RDONLY", O_RDONLY }, { "WRONLY", O_WRONLY }, { "RDWR", O_RDWR }, { "APPEND", O_APPEND }, { "CREAT", O_CREAT },
        { "EXCL", O_EXCL }, { "TRUNC", O_TRUNC }, { "NONBLOCK", O_NONBLOCK }, { "NOCTTY", O_NOCTTY }, { "BINARY", 0 },
        { "SHARE_DELETE", 0 }, { "SYNC", O_SYNC }, { "DSYNC", O_DSYNC }, { "RSYNC", O_RSYNC }, { "NOFOLLOW", O_NOFOLLOW },
        { "DIRECTORY", O_DIRECTORY }, { "TMPFILE", O_TMPFILE }, { "NOATIME", O_NOATIME }, { "DIRECT", O_DIRECT },
        { "LOCK_SH", LOCK_SH }, { "LOCK_EX", LOCK_EX }, { "LOCK_NB", LOCK_NB }, { "LOCK_UN", LOCK_UN },
        { "FNM_NOESCAPE", 1 }, { "FNM_PATHNAME", 2 }, { "FNM_DOTMATCH", 4 }, { "FNM_CASEFOLD", 8 }, { "FNM_EXTGLOB", 16 },
        { "FNM_SYSCASE", 0 }, { "FNM_SHORTNAME", 0 } };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        tr_const_define(f, tr_class.file_constants, constants[i].name, TR_FIX(constants[i].value));
    tr_const_define(f, tr_class.file_constants, "NULL", tr_string_interned(f, "/dev/null", 9, ENCODING_UTF8));
    (void)!tr_module_include(f, tr_class.io, tr_class.file_constants);
    tr_const_define(f, tr_class.file, "SEPARATOR", tr_string_interned(f, "/", 1, ENCODING_UTF8));
    tr_const_define(f, tr_class.file, "Separator", tr_string_interned(f, "/", 1, ENCODING_UTF8));
    tr_const_define(f, tr_class.file, "PATH_SEPARATOR", tr_string_interned(f, ":", 1, ENCODING_UTF8));
    tr_const_define(f, tr_class.file, "ALT_SEPARATOR", TR_NIL);
    tr_define_method(f, tr_class.io, "stat", io_stat, 0, 0, 0);
}

const ClassDef tr_file_def = {
    .klass = &tr_class.file, .methods = file_methods, .singleton_methods = file_singleton_methods, .init = file_init };
const ClassDef tr_file_test_def = { .klass = &tr_class.file_test, .singleton_methods = file_test_singleton_methods };

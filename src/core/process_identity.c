/* process_identity.c - who the process is and what it may: users, groups, sessions, priorities, resource limits. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/core.h"
#include "core/process.h"

static MAY_GC MAY_RAISE Value checked(Fiber *f, int result) {
    return result < 0 ? tr_raise_errno(f, errno, NULL) : tr_value_from_fixnum(result);
}

/* --- resource limits --- */

static const struct { const char *name; int number; } resources[] = {
    { "AS", RLIMIT_AS }, { "CORE", RLIMIT_CORE }, { "CPU", RLIMIT_CPU }, { "DATA", RLIMIT_DATA }, { "FSIZE", RLIMIT_FSIZE },
    { "MEMLOCK", RLIMIT_MEMLOCK }, { "MSGQUEUE", RLIMIT_MSGQUEUE }, { "NICE", RLIMIT_NICE }, { "NOFILE", RLIMIT_NOFILE },
    { "NPROC", RLIMIT_NPROC }, { "RSS", RLIMIT_RSS }, { "RTPRIO", RLIMIT_RTPRIO }, { "RTTIME", RLIMIT_RTTIME },
    { "SIGPENDING", RLIMIT_SIGPENDING }, { "STACK", RLIMIT_STACK } };

/* The text of a Symbol or of what is a String; NULL when it is neither, or raised (*ok false). */
static MAY_SWITCH MAY_RAISE const char *name_of(Fiber *f, Value *v, bool *ok) {
    *ok = true;
    if (tr_is_symbol(*v)) return tr_id_cstr(tr_symbol_id(*v));
    Value text = tr_try_convert(f, *v, tr_class.string, TR_ID_to_str);
    if (text == TR_RAISED) *ok = false;
    if (text == TR_RAISED || text == TR_NIL) return NULL;
    *v = text;
    const char *name = tr_string_cstr(f, v);
    *ok = name != NULL;
    return name;
}

static MAY_SWITCH MAY_RAISE bool resource_of(Fiber *f, Value v, int *resource) {
    bool ok;
    int64_t number;
    const char *name = name_of(f, &v, &ok);
    if (!ok) return false;
    if (!name) {
        if (!tr_to_long(f, v, &number)) return false;
        *resource = (int)number;
        return true;
    }
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
        if (strcmp(resources[i].name, name) != 0) continue;
        *resource = resources[i].number;
        return true;
    }
    return tr_raise(f, tr_class.argument_error, "invalid resource name: %s", name) != TR_RAISED;
}

static MAY_SWITCH MAY_RAISE bool limit_of(Fiber *f, Value v, rlim_t *limit) {
    bool ok;
    const char *name = name_of(f, &v, &ok);
    if (!ok) return false;
    if (name) {
        *limit = RLIM_INFINITY;
        if (strcmp(name, "INFINITY") == 0 || strcmp(name, "SAVED_MAX") == 0 || strcmp(name, "SAVED_CUR") == 0) return true;
        return tr_raise(f, tr_class.argument_error, "invalid resource value: %s", name) != TR_RAISED;
    }
    Value number = tr_to_int(f, v);
    if (number == TR_RAISED) return false;
    if (tr_is_fixnum(number)) {
        *limit = (rlim_t)tr_fixnum(number);
        return true;
    }
    mpz_srcptr z = ((Bignum *)number)->value;
    if (mpz_sgn(z) < 0 || mpz_sizeinbase(z, 2) > 64)
        return tr_raise(f, tr_class.range_error, "bignum too big to convert into 'unsigned long'") != TR_RAISED;
    *limit = mpz_get_ui(z);
    return true;
}

/* Process.getrlimit(resource) -> [present, greatest] */
static MAY_SWITCH MAY_RAISE Value process_s_getrlimit(Fiber *f, Value self, const Args *args) {
    struct rlimit limit;
    int resource;
    (void)self;
    if (!resource_of(f, args->argv[0], &resource)) return TR_RAISED;
    if (getrlimit(resource, &limit) < 0) return tr_raise_errno(f, errno, "getrlimit");
    Value present = tr_integer_from_uint64(f, limit.rlim_cur);
    return tr_array_new_values(f, 2, present, tr_integer_from_uint64(f, limit.rlim_max));
}

/* Process.setrlimit(resource, present, greatest = present) -> nil */
static MAY_SWITCH MAY_RAISE Value process_s_setrlimit(Fiber *f, Value self, const Args *args) {
    struct rlimit limit;
    int resource;
    (void)self;
    if (!resource_of(f, args->argv[0], &resource) || !limit_of(f, args->argv[1], &limit.rlim_cur)) return TR_RAISED;
    limit.rlim_max = limit.rlim_cur;
    if (args->argc > 2 && !limit_of(f, args->argv[2], &limit.rlim_max)) return TR_RAISED;
    return setrlimit(resource, &limit) < 0 ? tr_raise_errno(f, errno, "setrlimit") : TR_NIL;
}

/* --- priorities, sessions --- */

static MAY_SWITCH MAY_RAISE Value process_s_getpriority(Fiber *f, Value self, const Args *args) {
    int64_t kind, id;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &kind) || !tr_to_long(f, args->argv[1], &id)) return TR_RAISED;
    errno = 0;
    int priority = getpriority((__priority_which_t)kind, (id_t)id);
    return errno ? tr_raise_errno(f, errno, NULL) : TR_FIX(priority);
}
static MAY_SWITCH MAY_RAISE Value process_s_setpriority(Fiber *f, Value self, const Args *args) {
    int64_t kind, id, priority;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &kind) || !tr_to_long(f, args->argv[1], &id) ||
        !tr_to_long(f, args->argv[2], &priority)) return TR_RAISED;
    return checked(f, setpriority((__priority_which_t)kind, (id_t)id, (int)priority));
}
static MAY_SWITCH MAY_RAISE Value process_s_getsid(Fiber *f, Value self, const Args *args) {
    int64_t pid = 0;
    (void)self;
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &pid)) return TR_RAISED;
    return checked(f, getsid((pid_t)pid));
}
static MAY_GC MAY_RAISE Value process_s_setpgrp(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return checked(f, setpgid(0, 0));
}

/* --- users and groups --- */

static MAY_SWITCH MAY_RAISE bool user_of(Fiber *f, Value v, uid_t *uid) {
    char buffer[4096];
    struct passwd entry, *found = NULL;
    int64_t number;
    if (!tr_is_string(v)) {
        if (!tr_to_long(f, v, &number)) return false;
        *uid = (uid_t)number;
        return true;
    }
    const char *name = tr_string_cstr(f, &v);
    if (!name) return false;
    getpwnam_r(name, &entry, buffer, sizeof buffer, &found);
    if (!found) return tr_raise(f, tr_class.argument_error, "can't find user for %s", name) != TR_RAISED;
    *uid = found->pw_uid;
    return true;
}
static MAY_SWITCH MAY_RAISE bool group_of(Fiber *f, Value v, gid_t *gid) {
    char buffer[4096];
    struct group entry, *found = NULL;
    int64_t number;
    if (!tr_is_string(v)) {
        if (!tr_to_long(f, v, &number)) return false;
        *gid = (gid_t)number;
        return true;
    }
    const char *name = tr_string_cstr(f, &v);
    if (!name) return false;
    getgrnam_r(name, &entry, buffer, sizeof buffer, &found);
    if (!found) return tr_raise(f, tr_class.argument_error, "can't find group for %s", name) != TR_RAISED;
    *gid = found->gr_gid;
    return true;
}

/* One of the three ids; libc changes it in every thread of the process. */
static MAY_SWITCH MAY_RAISE Value set_user(Fiber *f, Value v, bool is_effective) {
    uid_t uid;
    if (!user_of(f, v, &uid)) return TR_RAISED;
    int result = is_effective ? setresuid((uid_t)-1, uid, (uid_t)-1) : setresuid(uid, (uid_t)-1, (uid_t)-1);
    return result < 0 ? tr_raise_errno(f, errno, NULL) : v;
}
static MAY_SWITCH MAY_RAISE Value set_group(Fiber *f, Value v, bool is_effective) {
    gid_t gid;
    if (!group_of(f, v, &gid)) return TR_RAISED;
    int result = is_effective ? setresgid((gid_t)-1, gid, (gid_t)-1) : setresgid(gid, (gid_t)-1, (gid_t)-1);
    return result < 0 ? tr_raise_errno(f, errno, NULL) : v;
}
static MAY_SWITCH MAY_RAISE Value process_s_set_uid(Fiber *f, Value self, const Args *args) {
    (void)self;
    return set_user(f, args->argv[0], false);
}
static MAY_SWITCH MAY_RAISE Value process_s_set_euid(Fiber *f, Value self, const Args *args) {
    (void)self;
    return set_user(f, args->argv[0], true);
}
static MAY_SWITCH MAY_RAISE Value process_s_set_gid(Fiber *f, Value self, const Args *args) {
    (void)self;
    return set_group(f, args->argv[0], false);
}
static MAY_SWITCH MAY_RAISE Value process_s_set_egid(Fiber *f, Value self, const Args *args) {
    (void)self;
    return set_group(f, args->argv[0], true);
}

/* Process.__change(id, is a group): the real, the effective and the saved one */
static MAY_SWITCH MAY_RAISE Value process_s_change(Fiber *f, Value self, const Args *args) {
    int64_t id;
    bool is_group = tr_is_truthy(args->argv[1]);
    (void)self;
    if (!tr_to_long(f, args->argv[0], &id)) return TR_RAISED;
    int result = is_group ? setresgid((gid_t)id, (gid_t)id, (gid_t)id) : setresuid((uid_t)id, (uid_t)id, (uid_t)id);
    return result < 0 ? tr_raise_errno(f, errno, NULL) : args->argv[0];
}

static MAY_GC MAY_RAISE Value process_s_groups(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    int count = getgroups(0, NULL);
    gid_t *groups = count >= 0 ? calloc((size_t)count + 1, sizeof *groups) : NULL;
    if (!groups || (count = getgroups(count, groups)) < 0) {
        free(groups);
        return tr_raise_errno(f, errno, NULL);
    }
    Value list = tr_array_new(f, (size_t)count);
    for (int i = 0; i < count && list != TR_RAISED; i++)
        if (tr_array_push(f, list, TR_FIX(groups[i])) == TR_RAISED) list = TR_RAISED;
    free(groups);
    return list;
}
static MAY_SWITCH MAY_RAISE Value process_s_set_groups(Fiber *f, Value self, const Args *args) {
    gid_t groups[256];
    (void)self;
    Value list = tr_to_ary(f, args->argv[0]);
    if (list == TR_RAISED) return TR_RAISED;
    size_t count = tr_array_count(list);
    if (count > sizeof groups / sizeof *groups) return tr_raise(f, tr_class.argument_error, "too many groups, 256 max");
    for (size_t i = 0; i < count; i++)
        if (!group_of(f, tr_array_at(list, i), &groups[i])) return TR_RAISED;
    return setgroups(count, groups) < 0 ? tr_raise_errno(f, errno, NULL) : list;
}
static MAY_SWITCH MAY_RAISE Value process_s_initgroups(Fiber *f, Value self, const Args *args) {
    gid_t gid;
    Value name = tr_to_str(f, args->argv[0]);
    if (name == TR_RAISED || !tr_string_cstr(f, &name) || !group_of(f, args->argv[1], &gid)) return TR_RAISED;
    if (initgroups(tr_string(name)->bytes, gid) < 0) return tr_raise_errno(f, errno, NULL);
    return process_s_groups(f, self, args);
}

static const MethodDef identity_methods[] = {
    { "getrlimit", process_s_getrlimit, ARITY(1, 1), 0 },
    { "setrlimit", process_s_setrlimit, ARITY(2, 3), 0 },
    { "getpriority", process_s_getpriority, ARITY(2, 2), 0 },
    { "setpriority", process_s_setpriority, ARITY(3, 3), 0 },
    { "getsid", process_s_getsid, ARITY(0, 1), 0 },
    { "setpgrp", process_s_setpgrp, ARITY(0, 0), 0 },
    { "uid=", process_s_set_uid, ARITY(1, 1), 0 },
    { "euid=", process_s_set_euid, ARITY(1, 1), 0 },
    { "gid=", process_s_set_gid, ARITY(1, 1), 0 },
    { "egid=", process_s_set_egid, ARITY(1, 1), 0 },
    { "__change", process_s_change, ARITY(2, 2), METHOD_PRIVATE },
    { "groups", process_s_groups, ARITY(0, 0), 0 },
    { "groups=", process_s_set_groups, ARITY(1, 1), 0 },
    { "initgroups", process_s_initgroups, ARITY(2, 2), 0 },
    { NULL, NULL, 0, 0, 0 }
};

static MAY_GC void identity_init(Fiber *f) {
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
        char name[32] = "RLIMIT_";
        strcat(name, resources[i].name);
        tr_const_define(f, tr_class.process, name, TR_FIX(resources[i].number));
    }
    tr_const_define(f, tr_class.process, "PRIO_PGRP", TR_FIX(PRIO_PGRP));
    tr_const_define(f, tr_class.process, "PRIO_USER", TR_FIX(PRIO_USER));
}
const ClassDef tr_process_identity_def = { .klass = &tr_class.process, .singleton_methods = identity_methods,
                                           .init = identity_init };

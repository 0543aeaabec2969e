/* process_identity.c - whose the process is: changing users and groups, leading a process group. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "core/core.h"
#include "core/process.h"

static MAY_GC MAY_RAISE Value checked(Fiber *f, int result) {
    return result < 0 ? tr_raise_errno(f, errno, NULL) : tr_value_from_fixnum(result);
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

static MAY_SWITCH MAY_RAISE Value process_s_initgroups(Fiber *f, Value self, const Args *args) {
    gid_t gid;
    Value name = tr_to_str(f, args->argv[0]);
    if (name == TR_RAISED || !tr_string_cstr(f, &name) || !group_of(f, args->argv[1], &gid)) return TR_RAISED;
    if (initgroups(tr_string(name)->bytes, gid) < 0) return tr_raise_errno(f, errno, NULL);
    return tr_call(f, self, tr_intern_cstr("groups"), 0);
}

static const MethodDef identity_methods[] = {
    { "setpgrp", process_s_setpgrp, ARITY(0, 0), 0 },
    { "uid=", process_s_set_uid, ARITY(1, 1), 0 },
    { "euid=", process_s_set_euid, ARITY(1, 1), 0 },
    { "gid=", process_s_set_gid, ARITY(1, 1), 0 },
    { "egid=", process_s_set_egid, ARITY(1, 1), 0 },
    { "__change", process_s_change, ARITY(2, 2), METHOD_PRIVATE },
    { "initgroups", process_s_initgroups, ARITY(2, 2), 0 },
    { NULL, NULL, 0, 0, 0 }
};

const ClassDef tr_process_identity_def = { .klass = &tr_class.process, .singleton_methods = identity_methods };

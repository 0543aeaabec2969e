/* process_limits.c - Process's priorities, groups and resource limits. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/core.h"
#include "core/integer.h"

static const struct Resource { const char *name; int number; } resources[] = {
    { "AS", RLIMIT_AS }, { "CORE", RLIMIT_CORE }, { "CPU", RLIMIT_CPU }, { "DATA", RLIMIT_DATA }, { "FSIZE", RLIMIT_FSIZE },
    { "MEMLOCK", RLIMIT_MEMLOCK }, { "MSGQUEUE", RLIMIT_MSGQUEUE }, { "NICE", RLIMIT_NICE }, { "NOFILE", RLIMIT_NOFILE },
    { "NPROC", RLIMIT_NPROC }, { "RSS", RLIMIT_RSS }, { "RTPRIO", RLIMIT_RTPRIO }, { "RTTIME", RLIMIT_RTTIME },
    { "SIGPENDING", RLIMIT_SIGPENDING }, { "STACK", RLIMIT_STACK } };

/* --- priorities --- */

static MAY_SWITCH MAY_RAISE Value process_getpriority(Fiber *f, Value self, const Args *args) {
    int64_t kind, id;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &kind) || !tr_to_long(f, args->argv[1], &id)) return TR_RAISED;
    errno = 0;
    int priority = getpriority((__priority_which_t)kind, (id_t)id);
    return priority == -1 && errno ? tr_raise_errno(f, errno, NULL) : TR_FIX(priority);
}

static MAY_SWITCH MAY_RAISE Value process_setpriority(Fiber *f, Value self, const Args *args) {
    int64_t kind, id, priority;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &kind) || !tr_to_long(f, args->argv[1], &id) || !tr_to_long(f, args->argv[2], &priority))
        return TR_RAISED;
    return setpriority((__priority_which_t)kind, (id_t)id, (int)priority) < 0 ? tr_raise_errno(f, errno, NULL) : TR_FIX(0);
}

/* --- groups --- */

static _Atomic int most_groups = 65536; /* Process.maxgroups=; any Ractor sets it */

static MAY_GC MAY_RAISE Value process_groups(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    int count = getgroups(0, NULL);
    gid_t *groups = count < 0 ? NULL : malloc(((size_t)count + 1) * sizeof *groups);
    if (!groups) return count < 0 ? tr_raise_errno(f, errno, NULL) : tr_raise_no_memory(f);
    count = getgroups(count, groups);
    Value list = count < 0 ? tr_raise_errno(f, errno, NULL) : tr_array_new(f, (size_t)count);
    for (int i = 0; i < count && list != TR_RAISED; i++)
        if (tr_array_push(f, list, TR_FIX(groups[i])) == TR_RAISED) list = TR_RAISED;
    free(groups);
    return list;
}

static MAY_SWITCH MAY_RAISE Value process_set_groups(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value list = tr_to_ary(f, args->argv[0]), result = args->argv[0];
    if (list == TR_RAISED) return TR_RAISED;
    size_t count = tr_array_count(list);
    if (count > (size_t)most_groups) return tr_raise(f, tr_class.argument_error, "too many groups, %d max", most_groups);
    gid_t *groups = malloc((count + 1) * sizeof *groups);
    if (!groups) return tr_raise_no_memory(f);
    for (size_t i = 0; i < count && result != TR_RAISED; i++) {
        int64_t group = -1;
        if (i >= tr_array_count(list) || !tr_to_long(f, tr_array_at(list, i), &group)) result = TR_RAISED;
        groups[i] = (gid_t)group;
    }
    if (result != TR_RAISED && setgroups(count, groups) < 0) result = tr_raise_errno(f, errno, NULL);
    free(groups);
    return result;
}

static Value process_maxgroups(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FIX(most_groups);
}

static MAY_SWITCH MAY_RAISE Value process_set_maxgroups(Fiber *f, Value self, const Args *args) {
    int64_t count;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &count)) return TR_RAISED;
    if (count <= 0) return tr_raise(f, tr_class.argument_error, "maxgroups %ld should be positive", (long)count);
    most_groups = count > 65536 ? 65536 : (int)count;
    return TR_FIX(most_groups);
}

/* --- limits --- */

/* A resource by its number, its Symbol or its name. */
static MAY_SWITCH MAY_RAISE bool resource_of(Fiber *f, Value v, int *out) {
    int64_t number;
    Value text = tr_is_symbol(v) ? tr_symbol_name(f, tr_symbol_id(v)) : tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
    if (text == TR_RAISED) return false;
    if (text == TR_NIL) {
        if (!tr_to_long(f, v, &number)) return false;
        *out = (int)number;
        return true;
    }
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
        if (tr_string_is(text, resources[i].name)) {
            *out = resources[i].number;
            return true;
        }
    return tr_raise(f, tr_class.argument_error, "invalid resource name: %pV", text) != TR_RAISED;
}

static MAY_SWITCH MAY_RAISE bool limit_of(Fiber *f, Value v, rlim_t *out) {
    int64_t number;
    Value text = tr_is_symbol(v) ? tr_symbol_name(f, tr_symbol_id(v)) : tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
    if (text == TR_RAISED) return false;
    if (text != TR_NIL) {
        *out = RLIM_INFINITY;
        if (tr_string_is(text, "INFINITY") || tr_string_is(text, "SAVED_MAX") || tr_string_is(text, "SAVED_CUR")) return true;
        return tr_raise(f, tr_class.argument_error, "invalid resource value: %pV", text) != TR_RAISED;
    }
    v = tr_to_int(f, v);
    if (v == TR_RAISED) return false;
    if (tr_is_bignum(v)) { /* RLIM_INFINITY itself */
        *out = RLIM_INFINITY;
        return true;
    }
    if (!tr_to_long(f, v, &number)) return false;
    *out = (rlim_t)number;
    return true;
}

static MAY_SWITCH MAY_RAISE Value process_getrlimit(Fiber *f, Value self, const Args *args) {
    struct rlimit limit;
    int resource;
    (void)self;
    if (!resource_of(f, args->argv[0], &resource)) return TR_RAISED;
    if (getrlimit((__rlimit_resource_t)resource, &limit) < 0) return tr_raise_errno(f, errno, "getrlimit");
    Value soft = tr_integer_from_uint64(f, limit.rlim_cur);
    return tr_array_new_values(f, 2, soft, tr_integer_from_uint64(f, limit.rlim_max));
}

static MAY_SWITCH MAY_RAISE Value process_setrlimit(Fiber *f, Value self, const Args *args) {
    struct rlimit limit;
    int resource;
    (void)self;
    if (!resource_of(f, args->argv[0], &resource) || !limit_of(f, args->argv[1], &limit.rlim_cur) ||
        !limit_of(f, args->argv[args->argc > 2 ? 2 : 1], &limit.rlim_max)) return TR_RAISED;
    return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? tr_raise_errno(f, errno, "setrlimit") : TR_NIL;
}

static const MethodDef limits_singleton_methods[] = {
    { "getpriority", process_getpriority, ARITY(2, 2), 0 }, { "setpriority", process_setpriority, ARITY(3, 3), 0 },
    { "groups", process_groups, ARITY(0, 0), 0 }, { "groups=", process_set_groups, ARITY(1, 1), 0 },
    { "maxgroups", process_maxgroups, ARITY(0, 0), 0 }, { "maxgroups=", process_set_maxgroups, ARITY(1, 1), 0 },
    { "getrlimit", process_getrlimit, ARITY(1, 1), 0 }, { "setrlimit", process_setrlimit, ARITY(2, 3), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static MAY_GC void limits_init(Fiber *f) {
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
        char name[32] = "RLIMIT_";
        strcat(name, resources[i].name);
        tr_const_define(f, tr_class.process, name, TR_FIX(resources[i].number));
    }
    tr_const_define(f, tr_class.process, "PRIO_PROCESS", TR_FIX(PRIO_PROCESS));
    tr_const_define(f, tr_class.process, "PRIO_PGRP", TR_FIX(PRIO_PGRP));
    tr_const_define(f, tr_class.process, "PRIO_USER", TR_FIX(PRIO_USER));
}
const ClassDef tr_process_limits_def = {
    .klass = &tr_class.process, .singleton_methods = limits_singleton_methods, .init = limits_init };

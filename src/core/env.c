/* env.c - ENV: the process's environment. Reading and writing one variable; the Hash-like rest is env.rb.
 *
 * The environment belongs to the process, so ENV is shareable: every Ractor sees the same. The C library's
 * functions for it are not safe between threads, hence the lock, which is held over nothing but those calls.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/core.h"

#define ARG(i) (args->argv[i])

extern char **environ;
static pthread_mutex_t environment_lock = PTHREAD_MUTEX_INITIALIZER; /* guards environ */

static MAY_GC Value frozen_string(Fiber *f, const char *bytes, size_t size) {
    Value string = tr_string_new(f, bytes, size);
    tr_header(string)->flags |= TR_FLAG_FROZEN;
    return string;
}

/* The bytes of a name or value; NULL: raised. *v becomes the converted String. */
static MAY_SWITCH MAY_RAISE const char *text_of(Fiber *f, Value *v, const char *what) {
    *v = tr_to_str(f, *v);
    if (*v == TR_RAISED) return NULL;
    String *string = tr_string(*v);
    if (memchr(string->bytes, 0, string->size)) {
        (void)!tr_raise(f, tr_class.argument_error, "bad environment variable %s: contains null byte", what);
        return NULL;
    }
    return string->bytes;
}

/* __get(name): the value or nil. */
static MAY_SWITCH MAY_RAISE Value env_get(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value name = ARG(0);
    const char *text = text_of(f, &name, "name");
    if (!text) return TR_RAISED;
    pthread_mutex_lock(&environment_lock);
    const char *found = getenv(text);
    char *copy = found ? strdup(found) : NULL;
    pthread_mutex_unlock(&environment_lock);
    TR_KEEP(name);
    if (!copy) return TR_NIL;
    Value value = frozen_string(f, copy, strlen(copy));
    free(copy);
    return value;
}

/* __set(name, value or nil) */
static MAY_SWITCH MAY_RAISE Value env_set(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value name = ARG(0), value = ARG(1);
    const char *name_text = text_of(f, &name, "name");
    if (!name_text) return TR_RAISED;
    const char *value_text = value == TR_NIL ? NULL : text_of(f, &value, "value");
    if (!value_text && value != TR_NIL) return TR_RAISED;
    name_text = tr_string(name)->bytes;
    pthread_mutex_lock(&environment_lock);
    int outcome = value_text ? setenv(name_text, value_text, 1) : unsetenv(name_text), error = errno;
    pthread_mutex_unlock(&environment_lock);
    if (outcome == 0 || (!value_text && error == EINVAL)) return ARG(1);
    Value detail = tr_string_format(f, "setenv(%s)", name_text);
    return tr_raise_errno(f, error, tr_string(detail)->bytes);
}

/* __pairs: all variables as [name, value]. */
static MAY_GC MAY_RAISE Value env_pairs(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    size_t count = 0, bytes = 0;
    pthread_mutex_lock(&environment_lock);
    for (char **entry = environ; entry && *entry; entry++) bytes += strlen(*entry) + 1, count++;
    char *copy = malloc(bytes + 1), *to = copy;
    for (char **entry = environ; copy && entry && *entry; entry++) to = stpcpy(to, *entry) + 1;
    pthread_mutex_unlock(&environment_lock);
    if (!copy) return tr_raise_no_memory(f);
    Value pairs = tr_array_new(f, count);
    const char *from = copy;
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(from, '=');
        if (equals) {
            Value name = frozen_string(f, from, (size_t)(equals - from));
            Value value = frozen_string(f, equals + 1, strlen(equals + 1));
            if (tr_is_raised(tr_array_push(f, pairs, tr_array_new_values(f, 2, name, value)))) break;
        }
        from += strlen(from) + 1;
    }
    free(copy);
    return pairs;
}

static MAY_GC Value env_to_s(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_string_new_cstr(f, "ENV");
}

static MAY_SWITCH void init_env(Fiber *f) {
    Value env = tr_object_alloc(f, tr_class.object);
    tr_header(env)->flags |= TR_FLAG_SHAREABLE;
    tr_define_singleton_method(f, env, "__get", env_get, 1, 1, METHOD_PRIVATE);
    tr_define_singleton_method(f, env, "__set", env_set, 2, 2, METHOD_PRIVATE);
    tr_define_singleton_method(f, env, "__pairs", env_pairs, 0, 0, METHOD_PRIVATE);
    tr_define_singleton_method(f, env, "to_s", env_to_s, 0, 0, 0);
    tr_const_define(f, tr_class.object, "ENV", env);
}

const ClassDef tr_env_def = {&tr_class.object, NULL, NULL, NULL, false, 0, init_env};

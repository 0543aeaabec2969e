/* thread_group.c - ThreadGroup: a name tag for threads. A thread knows its group; the group asks all living threads. */
#include "core/core.h"
#include "core/thread.h"

typedef struct ThreadGroup {
    Data base;
    bool is_enclosed;
} ThreadGroup;

static const DataType group_type = {.name = "thgroup", .bytes = sizeof(ThreadGroup)};
static uint32_t default_key; /* Ractor local: each Ractor's threads begin in a group of their own */

static MAY_GC Value group_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &group_type, klass); }

static MAY_GC Value default_group(Fiber *f) {
    Value group = tr_ractor_local_get(f->ractor, default_key);
    if (group != TR_UNDEF) return group;
    group = group_alloc(f, tr_class.thread_group);
    tr_ractor_local_set(f->ractor, default_key, group);
    return group;
}

Value tr_thread_group(Fiber *f, Thread *thread) {
    return thread->state->group != TR_NIL ? thread->state->group : default_group(f);
}

static bool is_enclosed(Value group) { return ((ThreadGroup *)group)->is_enclosed; }

/* ThreadGroup#add(thread) -> self */
static MAY_GC MAY_RAISE Value group_add(Fiber *f, Value self, const Args *args) {
    Value object = args->argv[0];
    if (!tr_data_is(object, &tr_thread_type) || !((ThreadObject *)object)->thread)
        return tr_raise(f, tr_class.type_error, "wrong argument type %pV (expected VM/thread)", tr_kind_name(f, object));
    Thread *thread = ((ThreadObject *)object)->thread;
    Value from = tr_thread_group(f, thread);
    const char *message = NULL;
    if (tr_is_frozen(self)) message = "can't move to the frozen thread group";
    else if (is_enclosed(self)) message = "can't move to the enclosed thread group";
    else if (from != TR_NIL && tr_is_frozen(from)) message = "can't move from the frozen thread group";
    else if (from != TR_NIL && is_enclosed(from)) message = "can't move from the enclosed thread group";
    if (message) return tr_raise(f, tr_class.thread_error, message);
    tr_thread_write(thread, &thread->state->group, self);
    return self;
}

static MAY_GC MAY_RAISE Value group_list(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value list = tr_array_new(f, 0);
    for (ThreadState *s = f->ractor->sched->threads; s; s = s->all_next)
        if (!s->is_over && tr_thread_group(f, s->thread) == self && tr_array_push(f, list, tr_thread_face(f, s->thread)) == TR_RAISED) return TR_RAISED;
    return list;
}

static Value group_enclose(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    ((ThreadGroup *)self)->is_enclosed = true;
    return self;
}

static Value group_is_enclosed(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(is_enclosed(self));
}

static const MethodDef group_methods[] = {
    {"add", group_add, ARITY(1, 1), 0},
    {"list", group_list, ARITY(0, 0), 0},
    {"enclose", group_enclose, ARITY(0, 0), 0},
    {"enclosed?", group_is_enclosed, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
static MAY_GC void group_init(Fiber *f) {
    default_key = tr_ractor_local_reserve();
    tr_thread_adopt(f->ractor->main_thread);
    tr_const_define(f, tr_class.thread_group, "Default", default_group(f));
}
const ClassDef tr_thread_group_def = {.klass = &tr_class.thread_group, .methods = group_methods, .alloc = group_alloc,
                                      .instance_type = TYPE_DATA, .init = group_init};

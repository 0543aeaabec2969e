/* shareable.c - Ractor.shareable? and Ractor.make_shareable.
 *
 * The flag in an object's header says that it and everything it refers to may be seen by every Ractor. An object gets it
 * when somebody asks and the answer is yes; being immutable, it keeps it. Questions go over the graph with the
 * collector's own trace functions, so a new type needs nothing here.
 */
#include "ractor/shareable.h"

#include <stdlib.h>

#include "core/core.h"
#include "ractor/parcel.h"
#include "vm/ivar.h"
#include "vm/proc.h"

#define DATA_TYPES_MAX 64

typedef struct ShareableData { const DataType *type; void (*settle)(Value object); } ShareableData;
static ShareableData data_types[DATA_TYPES_MAX]; /* written at boot */
static unsigned data_type_count;

void tr_shareable_register_data(const DataType *type, void (*settle)(Value object)) {
    TR_CHECK(data_type_count < DATA_TYPES_MAX);
    data_types[data_type_count++] = (ShareableData){type, settle};
}

static const ShareableData *data_type_of(Value v) {
    for (unsigned i = 0; i < data_type_count; i++)
        if (((const Data *)v)->type == data_types[i].type) return &data_types[i];
    return NULL;
}

/* The object is frozen. */
static void settle(Value v) {
    const ShareableData *type = tr_object_type(v) == TYPE_DATA ? data_type_of(v) : NULL;
    if (type && type->settle) type->settle(v);
}

/* Whether objects of the type are immutable once frozen. */
static bool is_plain_data(Value v) {
    switch (tr_object_type(v)) {
    case TYPE_OBJECT: case TYPE_STRING: case TYPE_ARRAY: case TYPE_HASH: case TYPE_RANGE: case TYPE_STRUCT:
    case TYPE_FLOAT: case TYPE_BIGNUM: case TYPE_RATIONAL: case TYPE_COMPLEX: case TYPE_REGEXP: case TYPE_EXCEPTION:
        return true;
    case TYPE_DATA: return data_type_of(v) != NULL;
    default: return false;
    }
}

/* An unshareable class in an object's header is its singleton class, and comes along. */
static bool is_own_class(Value object, Value child) { return (Value)tr_header(object)->klass == child; }

void tr_share_object(Value v) {
    Heap *heap = tr_heap_of(v);
    size_t bulk = tr_heap_object_bytes(v) - tr_heap_slot_bytes(v);
    if (bulk) tr_buffer_disown(heap, bulk);
    tr_heap_note_shared(bulk + tr_heap_slot_bytes(v));
    Class *klass = tr_header(v)->klass;
    if (klass && klass->owner) tr_class_make_shareable(klass);
    tr_header(v)->flags |= TR_FLAG_SHAREABLE;
    if (tr_has_flag(v, TR_FLAG_IVARS)) tr_ivar_share(v);
}

/* --- a set of objects in the order they were found, in C memory --- */

typedef struct Walk {
    Value *list; size_t count, capacity;
    Value *slots; size_t slot_count; /* open addressing; 0 is empty */
    Value from;                      /* whose children are being visited */
    bool failed;
} Walk;

static size_t slot_of(const Walk *walk, Value v) {
    size_t mask = walk->slot_count - 1, i = ((v >> 4) * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (walk->slots[i] && walk->slots[i] != v) i = (i + 1) & mask;
    return i;
}

static void add(Walk *walk, Value v) {
    if (walk->count * 2 >= walk->slot_count) {
        walk->slot_count = walk->slot_count ? walk->slot_count * 2 : 32;
        free(walk->slots);
        walk->slots = calloc(walk->slot_count, sizeof *walk->slots);
        if (!walk->slots) tr_fatal(__FILE__, __LINE__, "no memory");
        for (size_t i = 0; i < walk->count; i++) walk->slots[slot_of(walk, walk->list[i])] = walk->list[i];
    }
    size_t slot = slot_of(walk, v);
    if (walk->slots[slot]) return;
    walk->slots[slot] = v;
    if (walk->count == walk->capacity) {
        walk->capacity = walk->capacity ? walk->capacity * 2 : 32;
        walk->list = realloc(walk->list, walk->capacity * sizeof *walk->list);
        if (!walk->list) tr_fatal(__FILE__, __LINE__, "no memory");
    }
    walk->list[walk->count++] = v;
}

static void free_walk(Walk *walk) {
    free(walk->list);
    free(walk->slots);
}

/* --- the question --- */

static void ask_child(Value child, void *data) {
    Walk *walk = data;
    if (walk->failed || tr_is_shareable_flagged(child) || is_own_class(walk->from, child)) return;
    if (!tr_has_flag(child, TR_FLAG_FROZEN) || !is_plain_data(child))
        walk->failed = true;
    else
        add(walk, child);
}

static bool is_simple_leaf(Value v) {
    uint32_t flags = tr_header(v)->flags;
    return (flags & TR_TYPE_MASK) == TYPE_STRING && !(flags & (TR_FLAG_IVARS | STRING_SHARED)) &&
           !tr_header(v)->klass->owner;
}

bool tr_share_if_possible(Value v) {
    if (tr_is_shareable_flagged(v)) return true;
    if (!tr_has_flag(v, TR_FLAG_FROZEN) || !is_plain_data(v)) return false;
    if (is_simple_leaf(v)) {
        tr_share_object(v);
        return true;
    }
    Walk walk = {0};
    add(&walk, v);
    for (size_t i = 0; i < walk.count && !walk.failed; i++) {
        walk.from = walk.list[i];
        settle(walk.from);
        tr_heap_visit_children(walk.from, ask_child, &walk);
    }
    for (size_t i = 0; i < walk.count && !walk.failed; i++) tr_share_object(walk.list[i]);
    free_walk(&walk);
    return !walk.failed;
}

MAY_SWITCH MAY_RAISE int tr_is_shareable(Fiber *f, Value v) {
    (void)f;
    return tr_share_if_possible(v);
}

/* --- making it so --- */

typedef struct Children { Value *list; size_t count, capacity; Value from; } Children;

static void collect_child(Value child, void *data) {
    Children *children = data;
    if (tr_is_shareable_flagged(child) || is_own_class(children->from, child)) return;
    if (children->count == children->capacity) {
        children->capacity = children->capacity ? children->capacity * 2 : 32;
        children->list = realloc(children->list, children->capacity * sizeof *children->list);
        if (!children->list) tr_fatal(__FILE__, __LINE__, "no memory");
    }
    children->list[children->count++] = child;
}

MAY_SWITCH MAY_RAISE static Value freeze_object(Fiber *f, Value v) {
    if (tr_is_proc(v)) return tr_proc_make_shareable(f, v);
    if (!is_plain_data(v)) {
        Value text = tr_inspect(f, v);
        if (text == TR_RAISED) return TR_RAISED;
        return tr_raise(f, tr_class.ractor_error, "can not make shareable object for %pV", (void *)text);
    }
    if (tr_has_flag(v, TR_FLAG_FROZEN)) return v;
    if (!tr_header(v)->klass) { /* what strings and arrays share their content with */
        tr_header(v)->flags |= TR_FLAG_FROZEN;
        return v;
    }
    if (tr_method_is_basic(v, TR_ID_freeze)) return tr_freeze(f, v);
    if (tr_call(f, v, TR_ID_freeze, 0) == TR_RAISED) return TR_RAISED;
    if (!tr_has_flag(v, TR_FLAG_FROZEN)) return tr_raise(f, tr_class.ractor_error, "#freeze does not freeze object correctly");
    return v;
}

/* `todo` keeps the objects alive while #freeze runs Ruby; each stands in it once, `walk` says which. */
MAY_SWITCH MAY_RAISE static Value freeze_all(Fiber *f, Value todo, Walk *walk) {
    for (size_t i = 0; i < tr_array_count(todo); i++) {
        Value object = tr_array_at(todo, i);
        if (tr_is_shareable_flagged(object)) continue;
        if (freeze_object(f, object) == TR_RAISED) return TR_RAISED;
        if (tr_is_shareable_flagged(object)) continue; /* a Proc is so at once */
        settle(object);
        Children children = {.from = object};
        tr_heap_visit_children(object, collect_child, &children);
        Value pushed = todo;
        for (size_t c = 0; c < children.count && pushed != TR_RAISED; c++) {
            size_t known = walk->count;
            add(walk, children.list[c]);
            if (walk->count != known) pushed = tr_array_push(f, todo, children.list[c]);
        }
        free(children.list);
        if (pushed == TR_RAISED) return TR_RAISED;
    }
    return todo;
}

MAY_SWITCH MAY_RAISE Value tr_make_shareable(Fiber *f, Value v, bool copy) {
    if (tr_share_if_possible(v)) return v;
    if (copy) {
        v = tr_copy_deeply(f, v);
        if (v == TR_RAISED || tr_is_shareable_flagged(v)) return v;
    }
    Value todo = tr_array_new_from(f, 1, &v);
    Walk walk = {0};
    add(&walk, v);
    Value done = freeze_all(f, todo, &walk);
    free_walk(&walk);
    if (done == TR_RAISED) return TR_RAISED;
    for (size_t i = 0; i < tr_array_count(todo); i++) {
        Value object = tr_array_at(todo, i);
        if (!tr_is_shareable_flagged(object)) tr_share_object(object);
    }
    return v;
}

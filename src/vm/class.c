/* class.c - the structure of classes: making them, singleton classes, ancestry, names.
 *
 * Ancestry is a chain along `super`. An element takes the methods of its `methods_of`: a class of itself, an iclass of its
 * module, the origin of a class with prepended modules of that class (the class itself then takes nobody's).
 * Inserting iclasses happens under the structure lock, one atomic store each, so that a reader sees the chain before or
 * after. What a module gets later (include, prepend) is inserted wherever the module already is.
 *
 * Each class has a metaclass from the start; a metaclass gets its own only when asked. A singleton class belongs to the
 * Ractor of its object when that is not shareable.
 */
#include "vm/class.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/core.h"
#include "vm/constant.h"
#include "vm/id_table.h"
#include "vm/ivar.h"
#include "vm/method_table.h"
#include "vm/refinement.h"
#include "vm/vm.h"

TrClasses tr_class;

struct ClassList {
    Class *klass;
    struct ClassList *next, **link;
};

/* ---- the structure lock and what readers may still be reading ---- */

static pthread_mutex_t structure_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t retired_lock = PTHREAD_MUTEX_INITIALIZER;
static void **retired; /* under retired_lock, as the two below */
static size_t retired_count, retired_capacity;

void tr_structure_lock(void) { pthread_mutex_lock(&structure_lock); }
void tr_structure_unlock(void) { pthread_mutex_unlock(&structure_lock); }

void tr_retire(void *memory) {
    if (!memory) return;
    pthread_mutex_lock(&retired_lock);
    if (retired_count == retired_capacity) {
        retired_capacity = retired_capacity ? retired_capacity * 2 : 256;
        retired = realloc(retired, retired_capacity * sizeof *retired);
        TR_CHECK(retired != NULL);
    }
    retired[retired_count++] = memory;
    pthread_mutex_unlock(&retired_lock);
}

void tr_retire_flush_stopped(void) {
    pthread_mutex_lock(&retired_lock);
    for (size_t i = 0; i < retired_count; i++) free(retired[i]);
    retired_count = 0;
    pthread_mutex_unlock(&retired_lock);
}

/* ---- the chain ---- */

static inline Class *super_of(const Class *c) { return atomic_load_explicit(&c->super, memory_order_acquire); }
static inline void set_super(Class *c, Class *super) {
    atomic_store_explicit(&c->super, super, memory_order_release);
    if (super) tr_barrier((Value)c, (Value)super);
}

Class *tr_real_class(Class *klass) {
    while (klass && (klass->flags & CLASS_SINGLETON || (klass->h.flags & TR_TYPE_MASK) == TYPE_ICLASS))
        klass = super_of(klass);
    return klass;
}

Class *tr_class_superclass(const Class *klass) {
    Class *c = super_of(klass->origin);
    while (c && (c->h.flags & TR_TYPE_MASK) == TYPE_ICLASS) c = super_of(c);
    return c;
}

Class *tr_class_element(const Class *klass, const Class *ancestor) {
    for (const Class *c = klass; c; c = super_of(c))
        if (c->methods_of == ancestor) return (Class *)c;
    return NULL;
}

bool tr_class_inherits(const Class *klass, const Class *ancestor) {
    for (const Class *c = klass; c; c = super_of(c))
        if (c == ancestor || c->methods_of == ancestor) return true;
    return false;
}

static void list_add_locked(Class *super, Class *sub) {
    struct ClassList *node = malloc(sizeof *node);
    TR_CHECK(node != NULL);
    node->klass = sub;
    node->next = super->subclasses;
    node->link = &super->subclasses;
    if (node->next) node->next->link = &node->next;
    super->subclasses = node;
    sub->as_subclass = node;
}

static void list_remove_locked(Class *sub) {
    struct ClassList *node = sub->as_subclass;
    if (!node) return;
    sub->as_subclass = NULL;
    if (node->link) *node->link = node->next;
    if (node->next) node->next->link = node->link;
    free(node);
}

void tr_class_each_subclass_locked(const Class *klass, void (*fn)(Class *subclass, void *data), void *data) {
    for (struct ClassList *node = klass->subclasses, *next; node; node = next) {
        next = node->next;
        fn(node->klass, data);
    }
}

/* ---- the collector's view ---- */

static void trace_methods(Tracer *tracer, const Class *c) {
    Id id;
    void *value;
    for (uint32_t i = 0; tr_id_table_next(&c->methods, &i, &id, &value);) tr_trace(tracer, (Value)value);
}

/* Cells without an owner hold shareable values and are traced here; the others are roots of their Ractors. */
static void trace_cell(Tracer *tracer, const Cell *cell) {
    if (cell && !cell->owner) tr_trace(tracer, cell->value);
}

static inline void trace_class(Tracer *tracer, const Class *c) {
    if (c) tr_trace(tracer, (Value)c);
}

static void class_trace(Tracer *tracer, Value v) {
    const Class *c = (const Class *)v;
    trace_class(tracer, super_of(c));
    trace_class(tracer, c->origin);
    trace_class(tracer, c->methods_of);
    trace_class(tracer, c->module);
    trace_class(tracer, c->includer);
    trace_methods(tracer, c);
    Id id;
    void *entry;
    for (uint32_t i = 0; tr_id_table_next(&c->constants, &i, &id, &entry);) {
        const ConstEntry *constant = entry;
        trace_cell(tracer, constant->cell);
        tr_trace(tracer, constant->autoload_path);
        tr_trace(tracer, constant->file);
    }
    for (uint32_t i = 0; tr_id_table_next(&c->class_variables, &i, &id, &entry);) trace_cell(tracer, entry);
    for (uint32_t i = 0; tr_id_table_next(&c->ivars, &i, &id, &entry);) trace_cell(tracer, entry);
    Cref *cref = atomic_load_explicit(&c->eval_cref, memory_order_acquire);
    if (cref) tr_trace(tracer, (Value)cref);
    tr_trace(tracer, c->attached);
    tr_trace(tracer, c->name);
    tr_trace(tracer, c->struct_members);
    for (const RefinementList *r = c->refinements; r; r = r->next) trace_class(tracer, r->refinement);
    tr_method_caches_trace(tracer, c);
}

static void free_cells(IdTableRef *table) {
    Id id;
    void *cell;
    for (uint32_t i = 0; tr_id_table_next(table, &i, &id, &cell);) tr_cell_free(cell);
    tr_id_table_free(table);
}

/* Nobody finds the class through another one any more, nor an answer of its own. */
static void detach_locked(Class *c) {
    tr_method_caches_drop_locked(c);
    list_remove_locked(c);
    for (struct ClassList *node = c->subclasses, *next; node; node = next) { /* they outlive it by a sweep */
        next = node->next;
        node->link = NULL;
        node->klass->as_subclass = NULL;
        free(node);
    }
    c->subclasses = NULL;
}

/* A class that is shared is swept some time after its death: till then Class#subclasses must not find it. */
static void class_died(Value v) {
    tr_structure_lock();
    detach_locked((Class *)v);
    tr_structure_unlock();
}

static void class_free(Heap *heap, Value v) {
    (void)heap;
    Class *c = (Class *)v;
    class_died(v);
    Id id;
    void *entry;
    for (uint32_t i = 0; tr_id_table_next(&c->constants, &i, &id, &entry);) {
        tr_cell_free(((ConstEntry *)entry)->cell);
        free(entry);
    }
    tr_id_table_free(&c->constants);
    tr_id_table_free(&c->methods);
    free_cells(&c->class_variables);
    free_cells(&c->ivars);
}

/* ---- making ---- */

static void class_init(Class *c) {
    c->origin = c->methods_of = c;
    c->attached = c->struct_members = TR_UNDEF;
    c->name = TR_NIL;
}

static MAY_GC Class *class_alloc(Fiber *f, ObjectType type, Class *klass, bool is_shareable) {
    Class *c = tr_heap_alloc(f, sizeof(Class), type | (is_shareable ? TR_FLAG_SHAREABLE : 0), klass);
    class_init(c);
    return c;
}

static void link_below_locked(Class *c, Class *super) {
    set_super(c, super);
    if (!super) return;
    Class *real = super;
    while (real && (real->h.flags & TR_TYPE_MASK) == TYPE_ICLASS) real = super_of(real);
    if (real) list_add_locked(real, c);
}

static void inherit(Class *c, const Class *super) {
    c->alloc = super->alloc;
    c->instance_type = super->instance_type;
    c->ivar_hint = super->ivar_hint;
    c->struct_members = super->struct_members;
}

static MAY_GC Class *make_metaclass(Fiber *f, Class *klass) {
    Class *meta = klass->h.klass;
    if (meta && meta->flags & CLASS_SINGLETON && meta->attached == (Value)klass) return meta;
    Class *above = tr_class_superclass(klass);
    Class *super = above ? make_metaclass(f, above) : tr_class.class;
    meta = class_alloc(f, TYPE_CLASS, tr_class.class, tr_has_flag((Value)klass, TR_FLAG_SHAREABLE));
    meta->flags = CLASS_SINGLETON | CLASS_INITIALIZED;
    meta->attached = (Value)klass;
    meta->owner = klass->owner;
    inherit(meta, super);
    meta->h.flags |= klass->h.flags & TR_FLAG_FROZEN;
    tr_structure_lock();
    link_below_locked(meta, super);
    __atomic_store_n(&klass->h.klass, meta, __ATOMIC_RELEASE);
    tr_barrier((Value)klass, (Value)meta);
    tr_structure_unlock();
    return meta;
}

MAY_GC Class *tr_class_new(Fiber *f, Class *super) {
    Class *c = class_alloc(f, TYPE_CLASS, tr_class.class, true);
    inherit(c, super);
    c->flags = CLASS_INITIALIZED;
    tr_structure_lock();
    link_below_locked(c, super);
    tr_structure_unlock();
    make_metaclass(f, c);
    return c;
}

MAY_GC void tr_class_set_superclass(Fiber *f, Class *klass, Class *super) {
    Class *meta = make_metaclass(f, klass), *above = make_metaclass(f, super);
    inherit(klass, super);
    inherit(meta, above);
    klass->flags |= CLASS_INITIALIZED;
    tr_structure_lock();
    list_remove_locked(klass);
    link_below_locked(klass, super);
    list_remove_locked(meta);
    link_below_locked(meta, above);
    tr_method_invalidate_all_locked(klass);
    tr_method_invalidate_all_locked(meta);
    tr_structure_unlock();
}

MAY_GC Class *tr_module_new(Fiber *f) {
    Class *c = class_alloc(f, TYPE_MODULE, tr_class.module, true);
    c->flags = CLASS_INITIALIZED;
    return c;
}

static MAY_GC MAY_RAISE Class *singleton_of_object(Fiber *f, Value v) {
    Class *below = tr_header(v)->klass;
    if (below->flags & CLASS_SINGLETON && below->attached == v) return below;
    bool is_shareable = tr_has_flag(v, TR_FLAG_SHAREABLE);
    Class *c = class_alloc(f, TYPE_CLASS, tr_class.class, is_shareable);
    c->flags = CLASS_SINGLETON | CLASS_INITIALIZED;
    c->attached = v;
    c->owner = is_shareable ? NULL : f->ractor;
    inherit(c, below);
    c->h.flags |= tr_header(v)->flags & TR_FLAG_FROZEN;
    tr_structure_lock();
    link_below_locked(c, below);
    __atomic_store_n(&tr_header(v)->klass, c, __ATOMIC_RELEASE);
    tr_structure_unlock();
    tr_barrier(v, (Value)c);
    return c;
}

MAY_GC Class *tr_singleton_class(Fiber *f, Value v) {
    if (!tr_is_object(v)) {
        if (v == TR_NIL || v == TR_TRUE || v == TR_FALSE) return tr_class_of(v);
        if (tr_raise(f, tr_class.type_error, "can't define singleton") == TR_RAISED) return NULL;
    }
    ObjectType type = tr_object_type(v);
    if (type == TYPE_CLASS) return make_metaclass(f, (Class *)v);
    bool is_interned = type == TYPE_STRING && tr_is_shareable_flagged(v); /* is everybody's */
    if (type == TYPE_FLOAT || type == TYPE_BIGNUM || is_interned) {
        if (tr_raise(f, tr_class.type_error, "can't define singleton") == TR_RAISED) return NULL;
    }
    return singleton_of_object(f, v);
}

static void share_methods(Class *c) {
    Id mid;
    void *entry;
    for (uint32_t i = 0; tr_id_table_next(&c->methods, &i, &mid, &entry);) {
        Method *m = entry;
        m->h.flags |= TR_FLAG_SHAREABLE;
        if (m->kind != METHOD_ISEQ) continue;
        for (Cref *cref = m->as.ruby.cref; cref; cref = cref->next) cref->h.flags |= TR_FLAG_SHAREABLE;
    }
}

void tr_class_make_shareable(Class *singleton) {
    for (Class *c = singleton; c && c->owner; c = super_of(c)) {
        c->h.flags |= TR_FLAG_SHAREABLE;
        c->owner = NULL;
        share_methods(c);
        Class *meta = c->h.klass;
        if (meta && meta->owner) tr_class_make_shareable(meta);
    }
}

MAY_GC void *tr_class_alloc_part(Fiber *f, const Class *klass, size_t bytes, ObjectType type) {
    return tr_heap_alloc(f, bytes, type | (klass && klass->owner ? 0 : TR_FLAG_SHAREABLE), NULL);
}

void *tr_spare_take_locked(Fiber *f, TrSpare *spare, const Class *klass) {
    if (!klass->owner) return tr_heap_alloc_quiet(f, spare->bytes, spare->type | TR_FLAG_SHAREABLE, NULL);
    if (spare->count) return spare->parts[--spare->count];
    spare->is_short = true;
    return NULL;
}

/* The effect of allocation ends here, because the heap collects nothing meanwhile. */
TR_EFFECT_ROOT bool tr_spare_refill(Fiber *f, TrSpare *spare) {
    if (TR_LIKELY(!spare->is_short)) return false;
    spare->is_short = false;
    bool was_disabled = tr_heap_set_disabled(f->heap, true);
    while (spare->count < sizeof spare->parts / sizeof *spare->parts)
        spare->parts[spare->count++] = tr_heap_alloc(f, spare->bytes, spare->type, NULL);
    tr_heap_set_disabled(f->heap, was_disabled);
    return true;
}

/* ---- include and prepend ---- */

static Class *new_iclass_locked(Fiber *f, TrSpare *spare, Class *module, Class *includer, Class *super) {
    Class *c = tr_spare_take_locked(f, spare, includer);
    if (!c) return NULL;
    class_init(c);
    c->module = c->methods_of = module;
    c->includer = includer;
    c->owner = includer->owner;
    c->flags = CLASS_INITIALIZED;
    set_super(c, super);
    list_add_locked(module, c);
    return c;
}

/* Inserts the ancestry of `module` behind `after` in the chain of klass. What the chain has up to `end` (NULL: all of it,
 * superclasses included) is not inserted again; what lies behind `after` and before a superclass moves the place. */
static bool insert_modules_locked(Fiber *f, TrSpare *spare, Class *klass, Class *after, const Class *end,
                                  const Class *module) {
    bool changed = false;
    for (const Class *m = module; m; m = super_of(m)) {
        if (!m->methods_of) continue;
        bool superclass_seen = false, place_seen = after == klass, found = false;
        for (Class *c = super_of(klass); c && c != end && !found; c = super_of(c)) {
            if ((c->h.flags & TR_TYPE_MASK) != TYPE_ICLASS) superclass_seen = true;
            found = c->methods_of == m->methods_of;
            if (found && place_seen && !superclass_seen) after = c;
            place_seen |= c == after;
        }
        if (found) continue;
        Class *iclass = new_iclass_locked(f, spare, m->methods_of, klass, super_of(after));
        if (!iclass) return changed;
        set_super(after, iclass);
        after = iclass;
        changed = true;
    }
    return changed;
}

typedef struct Propagation {
    Fiber *f;
    TrSpare *spare;
    const Class *module;
    bool is_prepend, changed;
} Propagation;

static MAY_GC void propagate_locked(Class *iclass, void *data) {
    Propagation *p = data;
    Class *includer = iclass->includer;
    if ((iclass->h.flags & TR_TYPE_MASK) != TYPE_ICLASS || !includer || includer == iclass->module) return;
    if (!p->is_prepend) {
        p->changed |= insert_modules_locked(p->f, p->spare, includer, iclass, NULL, p->module);
        return;
    }
    Class *before = includer;
    while (before && super_of(before) != iclass) before = super_of(before);
    if (before) p->changed |= insert_modules_locked(p->f, p->spare, includer, before, iclass, p->module);
}

static MAY_SWITCH MAY_RAISE Value changed_ancestry(Fiber *f, Class *klass, const Class *module, const char *what) {
    if (!tr_class_check_frozen(f, klass)) return TR_RAISED;
    if ((module->h.flags & TR_TYPE_MASK) != TYPE_MODULE)
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Module)",
                        tr_real_class_of((Value)module));
    if (klass == module || tr_class_inherits(module, klass))
        return tr_raise(f, tr_class.argument_error, "cyclic %s detected", what);
    return TR_NIL;
}

static bool has_constants(const Class *module) {
    for (const Class *m = module; m; m = super_of(m))
        if (m->methods_of && tr_id_table_count(&m->methods_of->constants)) return true;
    return false;
}

MAY_SWITCH MAY_RAISE Value tr_module_include(Fiber *f, Class *klass, Class *module) {
    if (changed_ancestry(f, klass, module, "include") == TR_RAISED) return TR_RAISED;
    TrSpare spare = {.bytes = sizeof(Class), .type = TYPE_ICLASS};
    do {
        tr_structure_lock();
        Propagation p = {f, &spare, module, false, false};
        p.changed = insert_modules_locked(f, &spare, klass, klass->origin, NULL, module);
        if (tr_object_type((Value)klass) == TYPE_MODULE) tr_class_each_subclass_locked(klass, propagate_locked, &p);
        if (p.changed) {
            tr_method_invalidate_all_locked(klass);
            tr_cvar_invalidate();
            if (has_constants(module)) tr_const_invalidate_all();
        }
        tr_structure_unlock();
    } while (tr_spare_refill(f, &spare));
    return TR_NIL;
}

static bool ensure_origin_locked(Fiber *f, TrSpare *spare, Class *klass) {
    if (klass->origin != klass) return true;
    Class *origin = tr_spare_take_locked(f, spare, klass);
    if (!origin) return false;
    class_init(origin);
    origin->owner = klass->owner;
    origin->module = origin->methods_of = origin->includer = klass;
    origin->flags = CLASS_INITIALIZED;
    set_super(origin, super_of(klass));
    klass->flags |= CLASS_HAS_PREPENDED;
    klass->origin = origin;
    set_super(klass, origin);
    klass->methods_of = NULL;
    return true;
}

MAY_SWITCH MAY_RAISE Value tr_module_prepend(Fiber *f, Class *klass, Class *module) {
    if (changed_ancestry(f, klass, module, "prepend") == TR_RAISED) return TR_RAISED;
    TrSpare spare = {.bytes = sizeof(Class), .type = TYPE_ICLASS};
    do {
        tr_structure_lock();
        if (ensure_origin_locked(f, &spare, klass)) {
            Propagation p = {f, &spare, module, true, false};
            p.changed = insert_modules_locked(f, &spare, klass, klass, klass->origin, module);
            if (tr_object_type((Value)klass) == TYPE_MODULE) tr_class_each_subclass_locked(klass, propagate_locked, &p);
        }
        tr_method_invalidate_all_locked(klass);
        tr_cvar_invalidate();
        for (const Class *m = module; m; m = super_of(m))
            if (m->methods_of) tr_basic_op_check_module_locked(klass, m->methods_of);
        if (has_constants(module)) tr_const_invalidate_all();
        tr_structure_unlock();
    } while (tr_spare_refill(f, &spare));
    return TR_NIL;
}

/* ---- names ---- */

const char *tr_class_cname(const Class *klass) {
    return tr_is_string(klass->name) ? tr_string(klass->name)->bytes : "";
}

MAY_GC Value tr_class_path(Fiber *f, Class *klass) {
    if (klass->name != TR_NIL) return klass->name;
    if (klass->flags & CLASS_REFINEMENT) {
        Value of = tr_class_path(f, klass->module), by = tr_class_path(f, klass->includer);
        Value path = tr_string_format(f, "#<refinement:%s@%s>", tr_string(of)->bytes, tr_string(by)->bytes);
        TR_KEEP(of);
        TR_KEEP(by);
        return path;
    }
    if (klass->flags & CLASS_SINGLETON) {
        Value of = tr_is_module(klass->attached) ? tr_class_path(f, (Class *)klass->attached)
                   : klass->attached == TR_UNDEF ? tr_string_new_cstr(f, "?")
                                                 : tr_any_to_s(f, klass->attached);
        Value path = tr_string_format(f, "#<Class:%s>", tr_string(of)->bytes);
        TR_KEEP(of);
        return path;
    }
    Class *kind = tr_real_class(klass->h.klass);
    return tr_string_format(f, "#<%s:0x%016llx>", kind ? tr_class_cname(kind) : "Class", (unsigned long long)klass);
}

static MAY_GC Value path_under(Fiber *f, Class *under, Id name) {
    const IdName *n = tr_id_name(name);
    if (!under || under == tr_class.object) return tr_string_interned(f, n->bytes, n->size, n->encoding);
    Value prefix = tr_class_path(f, under);
    Value path = tr_string_format(f, "%s::%s", tr_string(prefix)->bytes, n->bytes);
    TR_KEEP(prefix);
    return tr_string_interned(f, tr_string(path)->bytes, tr_string(path)->size, ENCODING_UTF8);
}

MAY_GC void tr_class_set_name(Fiber *f, Class *klass, Class *under, Id name) {
    if (klass->flags & CLASS_NAMED_PERMANENTLY) return;
    bool permanent = !under || under == tr_class.object || under->flags & CLASS_NAMED_PERMANENTLY;
    if (!permanent && klass->name != TR_NIL) return;
    Value path = path_under(f, under, name);
    tr_write((Value)klass, &klass->name, path);
    if (!permanent) return;
    klass->flags |= CLASS_NAMED_PERMANENTLY;
    Id nested;
    void *entry;
    for (uint32_t i = 0; tr_id_table_next(&klass->constants, &i, &nested, &entry);) {
        Value value = ((ConstEntry *)entry)->cell->value;
        if (tr_is_module(value)) tr_class_set_name(f, (Class *)value, klass, nested);
    }
}

/* ---- dup and clone of classes ---- */

/* Behind `after` in to's chain, the iclasses of from's from `c` up to `end` (NULL: up to the superclass). Those that an attempt
 * which was broken off has inserted are passed over. */
static bool copy_iclasses_locked(Fiber *f, TrSpare *spare, Class *to, Class *after, Class *c, const Class *end) {
    for (; c && c != end && (c->h.flags & TR_TYPE_MASK) == TYPE_ICLASS; c = super_of(c)) {
        Class *next = super_of(after);
        if (!next || next->includer != to || next->methods_of != c->methods_of) {
            Class *iclass = new_iclass_locked(f, spare, c->methods_of, to, next);
            if (!iclass) return false;
            set_super(after, iclass);
        }
        after = super_of(after);
    }
    return true;
}

/* The same superclass, and the same modules around. */
static void copy_ancestry(Fiber *f, Class *to, const Class *from) {
    tr_structure_lock();
    if (tr_object_type((Value)from) == TYPE_CLASS) {
        list_remove_locked(to);
        link_below_locked(to, tr_class_superclass(from));
    }
    tr_structure_unlock();
    TrSpare spare = {.bytes = sizeof(Class), .type = TYPE_ICLASS};
    do {
        tr_structure_lock();
        bool has_prepended = from->origin != from;
        if (copy_iclasses_locked(f, &spare, to, to->origin, super_of(from->origin), NULL) && has_prepended &&
            ensure_origin_locked(f, &spare, to))
            copy_iclasses_locked(f, &spare, to, to, super_of(from), from->origin);
        tr_method_invalidate_all_locked(to);
        tr_structure_unlock();
    } while (tr_spare_refill(f, &spare));
}

MAY_GC void tr_class_copy_contents(Fiber *f, Class *to, Class *from) {
    if (tr_object_type((Value)from) == TYPE_CLASS) inherit(to, from);
    to->flags |= CLASS_INITIALIZED;
    copy_ancestry(f, to, from);
    tr_method_copy_all(f, to, from);
    tr_const_copy_all(f, to, from);
    tr_cvar_copy_all(f, to, from);
    Class *singleton = from->h.klass;
    if (tr_class_is_singleton(from) || !tr_class_is_singleton(singleton) || singleton->attached != (Value)from) return;
    Class *copy = tr_singleton_class(f, (Value)to);
    if (copy) tr_class_copy_contents(f, copy, singleton);
}

/* ---- boot ---- */

MAY_GC void tr_class_boot(Fiber *f) {
    static const HeapType type = {.name = "Class", .trace = class_trace, .free = class_free};
    tr_heap_class_died = class_died;
    tr_heap_register_type(TYPE_CLASS, &type);
    tr_heap_register_type(TYPE_MODULE, &type);
    tr_heap_register_type(TYPE_ICLASS, &type);
    Class *const four[] = {class_alloc(f, TYPE_CLASS, NULL, true), class_alloc(f, TYPE_CLASS, NULL, true),
                           class_alloc(f, TYPE_CLASS, NULL, true), class_alloc(f, TYPE_CLASS, NULL, true)};
    tr_class.basic_object = four[0], tr_class.object = four[1], tr_class.module = four[2], tr_class.class = four[3];
    tr_structure_lock();
    for (int i = 0; i < 4; i++) {
        four[i]->h.klass = tr_class.class;
        four[i]->flags = CLASS_INITIALIZED;
        four[i]->instance_type = TYPE_OBJECT;
        four[i]->alloc = tr_object_alloc;
        link_below_locked(four[i], i ? four[i - 1] : NULL);
    }
    tr_structure_unlock();
    tr_class.module->instance_type = TYPE_MODULE;
    tr_class.class->instance_type = TYPE_CLASS;
    for (int i = 0; i < 4; i++) make_metaclass(f, four[i]);
}

MAY_GC Class *tr_class_define(Fiber *f, const char *name, Class *super, Class *under) {
    Class *c = tr_class_new(f, super);
    Id id = tr_intern_cstr(name);
    tr_class_set_name(f, c, under, id);
    tr_const_define(f, under ? under : tr_class.object, name, (Value)c);
    return c;
}

MAY_GC Class *tr_module_define(Fiber *f, const char *name, Class *under) {
    Class *c = tr_module_new(f);
    tr_class_set_name(f, c, under, tr_intern_cstr(name));
    tr_const_define(f, under ? under : tr_class.object, name, (Value)c);
    return c;
}

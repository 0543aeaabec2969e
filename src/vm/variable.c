/* variable.c - variables that hang on shareable structure: of classes, and globals.
 *
 * Each is a Cell, so a value that is not shareable stays a root of the Ractor that stored it, and other Ractors are refused.
 * Globals are found by id in one step; one that C code defines has a getter and a setter in place of a cell.
 */
#include <pthread.h>
#include <stdlib.h>

#include "core/core.h"
#include "vm/id_table.h"
#include "vm/ivar.h"

/* ---- cells in tables ---- */

static Cell *cell_for_writing(IdTableRef *table, Id name) {
    Cell *cell = tr_id_table_get(table, name);
    if (cell) return cell;
    Cell *made = tr_cell_new();
    tr_structure_lock();
    cell = tr_id_table_get(table, name);
    if (!cell) {
        tr_id_table_set_locked(table, name, made);
        cell = made;
        made = NULL;
        tr_cvar_invalidate();
    }
    tr_structure_unlock();
    tr_cell_free(made);
    return cell;
}

static void cell_store(Fiber *f, Class *klass, Cell *cell, Value value) {
    tr_cell_set(f, cell, value);
    tr_barrier((Value)klass, tr_is_shareable_flagged(value) ? value : TR_NIL);
}

/* ---- instance variables of classes ---- */

MAY_GC MAY_RAISE Value tr_class_ivar_get(Fiber *f, Class *klass, Id name) {
    const Cell *cell = tr_id_table_get(&klass->ivars, name);
    if (!cell) return TR_UNDEF;
    bool foreign;
    Value value = tr_cell_get(f, cell, &foreign);
    if (TR_LIKELY(!foreign)) return value;
    return tr_raise(f, tr_class.ractor_isolation_error,
                    "can not get unshareable values from instance variables of classes/modules from non-main Ractors "
                    "(%pI from %pC)", name, klass);
}

MAY_GC MAY_RAISE Value tr_class_ivar_set(Fiber *f, Class *klass, Id name, Value value) {
    if (!tr_ractor_is_main(f->ractor))
        return tr_raise(f, tr_class.ractor_isolation_error,
                        "can not set instance variables of classes/modules by non-main Ractors");
    cell_store(f, klass, cell_for_writing(&klass->ivars, name), value);
    return value;
}

/* ---- class variables ---- */

/* The nearest class whose table has it; a singleton class of a class also looks in the attached one. NULL: none. */
static Class *cvar_owner(Class *klass, Id name) {
    if (tr_id_table_get(&klass->class_variables, name)) return klass;
    if (tr_class_is_singleton(klass) && tr_is_module(klass->attached)) klass = (Class *)klass->attached;
    if (tr_id_table_get(&klass->class_variables, name)) return klass;
    for (Class *c = klass; c; c = atomic_load_explicit(&c->super, memory_order_acquire))
        if (c->methods_of && tr_id_table_get(&c->methods_of->class_variables, name)) return c->methods_of;
    return NULL;
}

MAY_GC bool tr_cvar_is_defined(Fiber *f, Class *klass, Id name) {
    (void)f;
    return cvar_owner(klass, name) != NULL;
}

static MAY_GC MAY_RAISE Value refuse_cvar(Fiber *f, Class *klass, Id name) {
    return tr_raise(f, tr_class.ractor_isolation_error,
                    "can not access class variables from non-main Ractors (%pI from %pC)", name, klass);
}

/* A variable that an ancestor got after `klass` (or a module below it) had defined its own is an error. */
static MAY_GC MAY_RAISE bool check_overtaken(Fiber *f, Class *start, const Class *front, Id name) {
    const Class *last = NULL;
    if (tr_class_is_singleton(start) && tr_is_module(start->attached)) start = (Class *)start->attached;
    for (Class *c = start; c; c = atomic_load_explicit(&c->super, memory_order_acquire))
        if (c->methods_of && tr_id_table_get(&c->methods_of->class_variables, name)) last = c->methods_of;
    if (!last || last == front) return true;
    return tr_raise(f, tr_class.runtime_error, "class variable %pI of %pC is overtaken by %pC", name, front, last) !=
           TR_RAISED;
}

MAY_GC MAY_RAISE Value tr_cvar_get(Fiber *f, Class *klass, Id name) {
    Class *owner = cvar_owner(klass, name);
    if (!owner)
        return tr_raise_name_error(f, (Value)klass, name, "uninitialized class variable %pI in %pC", name, klass);
    if (!tr_ractor_is_main(f->ractor)) return refuse_cvar(f, klass, name);
    if (!check_overtaken(f, klass, owner, name)) return TR_RAISED;
    bool foreign;
    return tr_cell_get(f, tr_id_table_get(&owner->class_variables, name), &foreign);
}

MAY_SWITCH MAY_RAISE Value tr_cvar_set(Fiber *f, Class *klass, Id name, Value value) {
    Class *owner = cvar_owner(klass, name);
    if (!tr_ractor_is_main(f->ractor)) return refuse_cvar(f, klass, name);
    if (!owner) owner = klass;
    else if (!check_overtaken(f, klass, owner, name)) return TR_RAISED;
    if (owner->h.flags & TR_FLAG_FROZEN) return tr_raise_frozen(f, (Value)owner);
    cell_store(f, owner, cell_for_writing(&owner->class_variables, name), value);
    return value;
}

/* What a site remembers: immutable, published with a release store in the word of its cache. */
typedef struct CvarEntry {
    uint64_t serial;
    const Class *klass; /* where the lookup began */
    const Class *owner; /* where it ended */
    Cell *cell;
} CvarEntry;

static _Atomic uint64_t cvar_serial = 1; /* relaxed: what another Ractor defines has no other order */

void tr_cvar_invalidate(void) { atomic_fetch_add_explicit(&cvar_serial, 1, memory_order_relaxed); }

static inline const CvarEntry *cached_entry(Fiber *f, const Class *klass, IvarCache *cache) {
    const CvarEntry *e = (const CvarEntry *)atomic_load_explicit(&cache->word, memory_order_acquire);
    if (e && e->klass == klass && e->serial == atomic_load_explicit(&cvar_serial, memory_order_relaxed) &&
        tr_ractor_is_main(f->ractor))
        return e;
    return NULL;
}

static void remember_cell(uint64_t serial, Class *klass, Id name, IvarCache *cache) {
    Class *owner = cvar_owner(klass, name);
    if (!owner) return;
    CvarEntry *made = malloc(sizeof *made);
    TR_CHECK(made != NULL);
    *made = (CvarEntry){serial, klass, owner, tr_id_table_get(&owner->class_variables, name)};
    tr_retire((void *)atomic_exchange_explicit(&cache->word, (uint64_t)made, memory_order_acq_rel));
}

MAY_GC MAY_RAISE Value tr_cvar_get_cached(Fiber *f, Class *klass, Id name, IvarCache *cache) {
    const CvarEntry *entry = cached_entry(f, klass, cache);
    bool foreign;
    if (TR_LIKELY(entry != NULL)) return tr_cell_get(f, entry->cell, &foreign);
    uint64_t serial = atomic_load_explicit(&cvar_serial, memory_order_relaxed);
    Value value = tr_cvar_get(f, klass, name);
    if (value != TR_RAISED) remember_cell(serial, klass, name, cache);
    return value;
}

MAY_SWITCH MAY_RAISE Value tr_cvar_set_cached(Fiber *f, Class *klass, Id name, Value value, IvarCache *cache) {
    const CvarEntry *entry = cached_entry(f, klass, cache);
    if (TR_LIKELY(entry != NULL) && !(entry->owner->h.flags & TR_FLAG_FROZEN)) {
        tr_cell_set(f, entry->cell, value);
        return value;
    }
    if (tr_cvar_set(f, klass, name, value) == TR_RAISED) return TR_RAISED;
    remember_cell(atomic_load_explicit(&cvar_serial, memory_order_relaxed), klass, name, cache);
    return value;
}

MAY_GC MAY_RAISE Class *tr_cvar_base(Fiber *f, const Cref *cref) {
    while (cref && cref->next && (tr_class_is_singleton(cref->klass) || cref->pushed_by_eval || cref->is_eval_singleton))
        cref = cref->next;
    if (cref && cref->next) return cref->klass;
    if (tr_raise(f, tr_class.runtime_error, "class variable access from toplevel") == TR_RAISED) return NULL;
    return NULL;
}

MAY_GC void tr_cvar_copy_all(Fiber *f, Class *to, Class *from) {
    Id name;
    void *cell;
    for (uint32_t i = 0; tr_id_table_next(&from->class_variables, &i, &name, &cell);) {
        bool foreign;
        Value value = tr_cell_get(f, cell, &foreign);
        if (value != TR_UNDEF) cell_store(f, to, cell_for_writing(&to->class_variables, name), value);
    }
}

/* ---- globals ---- */

typedef struct Global {
    Id name;         /* the first one; aliases lead here */
    GlobalGetFn get; /* NULL: a plain variable */
    GlobalSetFn set;
    bool any_ractor;
    Cell *cell;
    Cell *traces; /* Array of Procs and Strings, the newest last (trace_var); NULL: never traced */
} Global;

#define GLOBAL_BLOCK 4096u
typedef struct GlobalBlock { _Atomic(Global *) by_id[GLOBAL_BLOCK]; } GlobalBlock;

static _Atomic(GlobalBlock *) global_blocks[16384]; /* release under global_lock */
static pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;
static Id *global_ids; /* in order of definition; under the lock */
static uint32_t global_count;

static Global *global_find(Id name) {
    GlobalBlock *block = atomic_load_explicit(&global_blocks[name / GLOBAL_BLOCK], memory_order_acquire);
    return block ? atomic_load_explicit(&block->by_id[name % GLOBAL_BLOCK], memory_order_acquire) : NULL;
}

static void global_put_locked(Id name, Global *global) {
    GlobalBlock *block = atomic_load_explicit(&global_blocks[name / GLOBAL_BLOCK], memory_order_relaxed);
    if (!block) {
        block = calloc(1, sizeof *block);
        TR_CHECK(block != NULL);
        atomic_store_explicit(&global_blocks[name / GLOBAL_BLOCK], block, memory_order_release);
    }
    if (!atomic_load_explicit(&block->by_id[name % GLOBAL_BLOCK], memory_order_relaxed)) {
        if ((global_count & (global_count - 1)) == 0) {
            global_ids = realloc(global_ids, (global_count ? global_count * 2 : 1) * sizeof *global_ids);
            TR_CHECK(global_ids != NULL);
        }
        global_ids[global_count++] = name;
    }
    atomic_store_explicit(&block->by_id[name % GLOBAL_BLOCK], global, memory_order_release);
}

static Global *global_new(void) {
    Global *global = calloc(1, sizeof *global);
    TR_CHECK(global != NULL);
    return global;
}

static Global *global_ensure(Id name) {
    Global *global = global_find(name);
    if (global) return global;
    pthread_mutex_lock(&global_lock);
    global = global_find(name);
    if (!global) {
        global = global_new();
        global->name = name;
        global->cell = tr_cell_new();
        global_put_locked(name, global);
    }
    pthread_mutex_unlock(&global_lock);
    return global;
}

void tr_global_define(const char *name, GlobalGetFn get, GlobalSetFn set, bool any_ractor) {
    Global *global = global_new();
    global->name = tr_intern_cstr(name);
    global->get = get;
    global->set = set;
    global->any_ractor = any_ractor;
    if (!get) global->cell = tr_cell_new();
    pthread_mutex_lock(&global_lock);
    global_put_locked(global->name, global);
    pthread_mutex_unlock(&global_lock);
}

void tr_global_alias(Id new_name, Id old_name) {
    Global *global = global_ensure(old_name);
    pthread_mutex_lock(&global_lock);
    global_put_locked(new_name, global);
    pthread_mutex_unlock(&global_lock);
}

static MAY_GC MAY_RAISE Value refuse_global(Fiber *f, Id name) {
    return tr_raise(f, tr_class.ractor_isolation_error, "can not access global variable %pI from non-main Ractor", name);
}

MAY_SWITCH MAY_RAISE Value tr_global_get(Fiber *f, Id name) {
    const Global *global = global_find(name);
    if ((!global || !global->any_ractor) && !tr_ractor_is_main(f->ractor)) return refuse_global(f, name);
    if (global && global->get) return global->get(f, global->name);
    bool foreign = false;
    Value value = global ? tr_cell_get(f, global->cell, &foreign) : TR_UNDEF;
    if (TR_LIKELY(value != TR_UNDEF)) return value;
    tr_warning(f, "global variable '%s' not initialized", tr_id_cstr(name));
    return TR_NIL;
}

static Value traces_of(Fiber *f, const Global *global) {
    bool foreign;
    return global->traces ? tr_cell_get(f, global->traces, &foreign) : TR_UNDEF;
}

static MAY_SWITCH MAY_RAISE Value run_traces(Fiber *f, const Global *global, Value value) {
    Value list = traces_of(f, global);
    for (size_t i = list == TR_UNDEF ? 0 : tr_array_count(list); i-- > 0;) {
        Value command = tr_array_at(list, i);
        Value done = tr_is_string(command) ? tr_eval_string(f, command, TR_UNDEF, TR_NIL, TR_NIL, 1)
                                           : tr_call(f, command, TR_ID_call, 1, value);
        if (done == TR_RAISED) return TR_RAISED;
    }
    return value;
}

MAY_SWITCH MAY_RAISE Value tr_global_set(Fiber *f, Id name, Value value) {
    const Global *global = global_ensure(name);
    if (!global->any_ractor && !tr_ractor_is_main(f->ractor)) return refuse_global(f, name);
    if (global->get) {
        if (!global->set)
            return tr_raise_name_error(f, TR_NIL, name, "%pI is a read-only variable", name);
        if (global->set(f, global->name, value) == TR_RAISED) return TR_RAISED;
    } else {
        tr_cell_set(f, global->cell, value);
    }
    return TR_LIKELY(!global->traces) ? value : run_traces(f, global, value);
}

MAY_GC MAY_RAISE Value tr_global_trace(Fiber *f, Id name, Value command) {
    Global *global = global_ensure(name);
    Value list = traces_of(f, global);
    list = list == TR_UNDEF ? tr_array_new(f, 1) : tr_array_dup(f, list); /* a running set_traces goes on with the old one */
    if (tr_array_push(f, list, command) == TR_RAISED) return TR_RAISED;
    if (!global->traces) global->traces = tr_cell_new();
    tr_cell_set(f, global->traces, list);
    return TR_NIL;
}

MAY_SWITCH MAY_RAISE Value tr_global_untrace(Fiber *f, Id name, Value command) {
    Global *global = global_find(name);
    if (!global) return tr_raise_name_error(f, TR_NIL, name, "undefined global variable %pI", name);
    Value list = traces_of(f, global);
    if (command == TR_UNDEF) {
        if (list != TR_UNDEF) tr_cell_set(f, global->traces, TR_UNDEF);
        return list == TR_UNDEF ? tr_array_new(f, 0) : tr_call(f, list, TR_ID_reverse, 0);
    }
    Value rest = tr_array_new(f, 1), found = TR_NIL;
    for (size_t i = 0; list != TR_UNDEF && i < tr_array_count(list); i++) {
        Value each = tr_array_at(list, i);
        if (each == command) found = each;
        else if (tr_array_push(f, rest, each) == TR_RAISED) return TR_RAISED;
    }
    if (found == TR_NIL) return TR_NIL;
    tr_cell_set(f, global->traces, tr_array_count(rest) ? rest : TR_UNDEF);
    return tr_array_new_values(f, 1, found);
}

/* The shareable values; those of an owner are its roots. While the world is stopped. */
void tr_globals_trace(Tracer *tracer, void *context) {
    (void)context;
    for (uint32_t i = 0; i < global_count; i++) {
        const Global *global = global_find(global_ids[i]);
        if (global->cell && !global->cell->owner) tr_trace(tracer, global->cell->value);
    }
}

bool tr_global_is_defined(Id name) {
    const Global *global = global_find(name);
    return global && (global->get || global->cell->value != TR_UNDEF);
}

MAY_GC Value tr_global_names(Fiber *f) {
    Value names = tr_array_new(f, global_count);
    for (uint32_t i = 0; i < global_count; i++)
        if (tr_array_push(f, names, tr_value_from_id(global_ids[i])) == TR_RAISED) return TR_RAISED;
    return names;
}

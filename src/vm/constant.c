/* constant.c - constants: see constant.h.
 *
 * An entry is malloc'ed and replaced as a whole; its cell lives with it. Reading takes no lock. A constant's own class wins
 * over a prepended module (unlike methods), so the walk goes by tables, not by methods_of.
 */
#include "vm/constant.h"

#include <stdlib.h>

#include "core/core.h"
#include "vm/id_table.h"
#include "vm/method_table.h"

_Atomic uint64_t tr_constant_serial = 1;
static IdSet cached_names; /* names that an inline cache has looked up */

void tr_const_invalidate_all(void) { atomic_fetch_add_explicit(&tr_constant_serial, 1, memory_order_release); }

static void invalidate(Id name) {
    if (tr_id_set_has(&cached_names, name)) tr_const_invalidate_all();
}

/* ---- entries ---- */

const ConstEntry *tr_const_entry(Class *klass, Id name) { return tr_id_table_get(&klass->constants, name); }

static inline bool has_value(const ConstEntry *entry) {
    return __atomic_load_n(&entry->cell->value, __ATOMIC_ACQUIRE) != TR_UNDEF;
}

/* Whose constants stand at an element of the chain. */
static Class *holder_at(Class *element) {
    if ((element->h.flags & TR_TYPE_MASK) != TYPE_ICLASS) return element;
    return element->module == element->includer ? NULL : element->module;
}

/* The entry as seen from klass, own table first. `with_object`: a module sees Object's too. */
static const ConstEntry *search(Class *klass, Id name, bool inherit, bool with_object, Class **owner) {
    for (Class *c = klass; c; c = atomic_load_explicit(&c->super, memory_order_acquire)) {
        Class *holder = holder_at(c);
        const ConstEntry *entry = holder ? tr_id_table_get(&holder->constants, name) : NULL;
        if (entry && (has_value(entry) || entry->autoload_path != TR_UNDEF)) {
            *owner = holder;
            return entry;
        }
        if (!inherit) return NULL;
    }
    if (!with_object || tr_object_type((Value)klass) != TYPE_MODULE) return NULL;
    return search(tr_class.object, name, true, false, owner);
}

/* What follows the constants of `owner` in the chain of klass. */
static Class *element_after(Class *klass, const Class *owner) {
    for (Class *c = klass; c; c = atomic_load_explicit(&c->super, memory_order_acquire))
        if (holder_at(c) == owner) return atomic_load_explicit(&c->super, memory_order_acquire);
    return NULL;
}

static ConstEntry *new_entry(void) {
    ConstEntry *entry = calloc(1, sizeof *entry);
    TR_CHECK(entry != NULL);
    entry->cell = tr_cell_new();
    entry->autoload_path = TR_UNDEF;
    entry->file = TR_NIL;
    return entry;
}

static void put_entry(Class *klass, Id name, ConstEntry *entry) {
    tr_structure_lock();
    ConstEntry *old = tr_id_table_set_locked(&klass->constants, name, entry);
    tr_structure_unlock();
    if (entry && tr_is_shareable_flagged(entry->cell->value)) tr_barrier((Value)klass, entry->cell->value);
    invalidate(name);
    if (!old) return;
    if (!entry || old->cell != entry->cell) {
        tr_cell_set(tr_current_fiber(), old->cell, TR_NIL); /* off its owner's list */
        tr_retire(old->cell);
    }
    tr_retire(old);
}

/* ---- reading ---- */

typedef struct Found {
    Value value;
    bool cacheable;
} Found;

static MAY_GC MAY_RAISE Value uncacheable(Found *found, Value value) {
    found->cacheable = false;
    return value;
}

/* The value behind an entry: TR_UNDEF when an autoload did not define it. */
static MAY_SWITCH MAY_RAISE Value entry_value(Fiber *f, Class *owner, const ConstEntry *entry, Id name, Found *found) {
    if (!has_value(entry) && entry->autoload_path != TR_UNDEF) {
        if (tr_require(f, entry->autoload_path) == TR_RAISED) return uncacheable(found, TR_RAISED);
        entry = tr_const_entry(owner, name);
        if (!entry) return TR_UNDEF;
    }
    if (entry->is_deprecated) {
        found->cacheable = false;
        if (atomic_load_explicit(&tr_warning_categories[WARNING_DEPRECATED], memory_order_relaxed)) {
            Value path = tr_class_path(f, owner);
            tr_warn(f, "constant %s::%s is deprecated", owner == tr_class.object ? "" : tr_string(path)->bytes,
                    tr_id_cstr(name));
            TR_KEEP(path);
            entry = tr_const_entry(owner, name); /* what warned may have removed it */
            if (!entry) return TR_UNDEF;
        }
    }
    bool foreign;
    Value value = tr_cell_get(f, entry->cell, &foreign);
    if (TR_LIKELY(!foreign)) return value;
    return uncacheable(found, tr_raise(f, tr_class.ractor_isolation_error,
                                       "can not access non-shareable objects in constant %pC::%pI by non-main Ractor.",
                                       owner, name));
}

static MAY_SWITCH MAY_RAISE Value call_missing(Fiber *f, Class *klass, Id name, Found *found) {
    found->cacheable = false;
    if (tr_method_is_basic((Value)klass, TR_ID_const_missing)) { /* no frame of its own in the backtrace */
        if (klass == tr_class.object) return tr_raise_name_error(f, (Value)klass, name, "uninitialized constant %pI", name);
        return tr_raise_name_error(f, (Value)klass, name, "uninitialized constant %pC::%pI", klass, name);
    }
    return tr_call(f, (Value)klass, TR_ID_const_missing, 1, tr_value_from_id(name));
}

/* Constants are looked up past what eval pushed. */
static const Cref *lexical(const Cref *cref) {
    while (cref && cref->next && (cref->pushed_by_eval || cref->is_eval_singleton)) cref = cref->next;
    return cref;
}

static Class *scope_class(const Cref *cref) {
    cref = lexical(cref);
    return cref && cref->klass ? cref->klass : tr_class.object;
}

Class *tr_const_base(const Cref *cref) { return scope_class(cref); }

static MAY_SWITCH MAY_RAISE Value get_lexical(Fiber *f, const Cref *cref, Id name, Found *found) {
    for (const Cref *c = lexical(cref); c && c->next; c = lexical(c->next)) {
        const ConstEntry *entry = tr_const_entry(c->klass, name);
        if (!entry) continue;
        Value value = entry_value(f, c->klass, entry, name, found);
        if (value != TR_UNDEF) return value;
    }
    Class *base = scope_class(cref), *owner;
    const ConstEntry *entry = search(base, name, true, true, &owner);
    while (entry) {
        Value value = entry_value(f, owner, entry, name, found);
        if (value != TR_UNDEF) return value;
        Class *rest = element_after(base, owner); /* an autoload that defined it elsewhere: go on */
        entry = rest ? search(rest, name, true, false, &owner) : NULL;
    }
    return call_missing(f, base, name, found);
}

static MAY_SWITCH MAY_RAISE Value get_public(Fiber *f, Value scope, Id name, Found *found) {
    if (!tr_is_module(scope)) {
        Value text = tr_inspect(f, scope);
        return text == TR_RAISED ? TR_RAISED : tr_raise(f, tr_class.type_error, "%pV is not a class/module", text);
    }
    Class *klass = (Class *)scope, *owner;
    const ConstEntry *entry = search(klass, name, true, false, &owner);
    if (entry && owner == tr_class.object && klass != tr_class.object) entry = NULL;
    if (entry && entry->is_private)
        return uncacheable(found, tr_raise_name_error(f, scope, name, "private constant %pC::%pI referenced", owner, name));
    Value value = entry ? entry_value(f, owner, entry, name, found) : TR_UNDEF;
    return value != TR_UNDEF ? value : call_missing(f, klass, name, found);
}

MAY_SWITCH MAY_RAISE Value tr_const_get_lexical(Fiber *f, const Cref *cref, Id name) {
    Found found = {TR_UNDEF, true};
    return get_lexical(f, cref, name, &found);
}

MAY_SWITCH MAY_RAISE Value tr_const_get_public(Fiber *f, Value scope, Id name) {
    Found found = {TR_UNDEF, true};
    return get_public(f, scope, name, &found);
}

MAY_SWITCH MAY_RAISE Value tr_const_get(Fiber *f, Class *klass, Id name, bool inherit) {
    Found found = {TR_UNDEF, true};
    Class *owner;
    const ConstEntry *entry = search(klass, name, inherit, inherit, &owner);
    Value value = entry ? entry_value(f, owner, entry, name, &found) : TR_UNDEF;
    return value != TR_UNDEF ? value : call_missing(f, klass, name, &found);
}

MAY_SWITCH Value tr_const_find(Fiber *f, Class *klass, Id name, bool inherit) {
    Class *owner;
    const ConstEntry *entry = search(klass, name, inherit, inherit, &owner);
    bool foreign;
    return entry ? tr_cell_get(f, entry->cell, &foreign) : TR_UNDEF;
}

Class *tr_const_find_owner(Class *klass, Id name, bool inherit) {
    Class *owner = NULL;
    return search(klass, name, inherit, inherit, &owner) ? owner : NULL;
}

MAY_SWITCH bool tr_const_is_defined_lexical(Fiber *f, const Cref *cref, Id name) {
    (void)f;
    for (const Cref *c = lexical(cref); c && c->next; c = lexical(c->next))
        if (tr_const_entry(c->klass, name)) return true;
    Class *owner;
    return search(scope_class(cref), name, true, true, &owner) != NULL;
}

MAY_SWITCH bool tr_const_is_defined_public(Fiber *f, Value scope, Id name) {
    (void)f;
    if (!tr_is_module(scope)) return false;
    Class *owner;
    const ConstEntry *entry = search((Class *)scope, name, true, false, &owner);
    return entry && !entry->is_private && (owner != tr_class.object || scope == (Value)tr_class.object);
}

/* ---- the inline cache ---- */

/* The scope that the answer depends on, when the same code can run in several: under a singleton class or an eval. */
static const Cref *key_scope(const Cref *cref) {
    for (const Cref *c = cref; c; c = c->next)
        if (c->pushed_by_eval || c->is_eval_singleton || (c->klass && tr_class_is_singleton(c->klass))) return lexical(cref);
    return NULL;
}

MAY_SWITCH MAY_RAISE Value tr_const_cache_fill(Fiber *f, ConstCache *cache, const Cref *cref) {
    uint64_t serial = atomic_load_explicit(&tr_constant_serial, memory_order_acquire);
    ConstCacheEntry *old = atomic_load_explicit(&cache->entry, memory_order_acquire);
    if (old && old->serial == serial && old->cref && old->cref == key_scope(cref) &&
        (!old->owner || old->owner == f->ractor))
        return old->value;
    for (const Id *id = cache->path; *id; id++) tr_id_set_add(&cached_names, *id);
    Found found = {TR_UNDEF, true};
    Value value = cache->absolute ? (Value)tr_class.object : get_lexical(f, cref, cache->path[0], &found);
    for (const Id *id = cache->path + (cache->absolute ? 0 : 1); *id && value != TR_RAISED; id++)
        value = get_public(f, value, *id, &found);
    if (value == TR_RAISED || !found.cacheable) return value;
    ConstCacheEntry *made = malloc(sizeof *made);
    TR_CHECK(made != NULL);
    *made = (ConstCacheEntry){serial, value, tr_is_shareable_flagged(value) ? NULL : f->ractor,
                              cache->absolute ? NULL : key_scope(cref)};
    old = atomic_exchange_explicit(&cache->entry, made, memory_order_acq_rel);
    tr_retire(old);
    return value;
}

/* ---- writing ---- */

static MAY_GC void note_location(Fiber *f, ConstEntry *entry) {
    if (!f->frame) return;
    Value path = tr_caller_location(f, &entry->line);
    if (tr_is_string(path)) entry->file = tr_string_intern(f, path);
}

static MAY_SWITCH MAY_RAISE Value run_const_added(Fiber *f, Class *klass, Id name) {
    if (tr_method_is_basic((Value)klass, TR_ID_const_added)) return TR_NIL;
    return tr_call(f, (Value)klass, TR_ID_const_added, 1, tr_value_from_id(name));
}

static MAY_SWITCH void warn_redefined(Fiber *f, Class *klass, Id name, const ConstEntry *old) {
    Value prefix = tr_class_path(f, klass);
    bool at_top = klass == tr_class.object;
    tr_warn(f, "already initialized constant %s%s%s", at_top ? "" : tr_string(prefix)->bytes, at_top ? "" : "::",
            tr_id_cstr(name));
    if (tr_is_string(old->file))
        tr_warn_at(f, old->file, old->line, "previous definition of %s was here", tr_id_cstr(name));
    TR_KEEP(prefix);
}

/* Stores without hooks. */
static MAY_SWITCH MAY_RAISE Value store(Fiber *f, Class *klass, Id name, Value value) {
    if (tr_is_module(value)) tr_class_set_name(f, (Class *)value, klass, name);
    ConstEntry *entry = new_entry();
    note_location(f, entry);
    const ConstEntry *old = tr_const_entry(klass, name);
    if (old) {
        entry->is_private = old->is_private;
        entry->is_deprecated = old->is_deprecated;
    }
    tr_cell_set(f, entry->cell, value);
    put_entry(klass, name, entry);
    return value;
}

MAY_SWITCH MAY_RAISE Value tr_const_set(Fiber *f, Class *klass, Id name, Value value) {
    if (klass->h.flags & TR_FLAG_FROZEN) return tr_raise_frozen(f, (Value)klass);
    if (tr_is_object(value) && (tr_header(value)->flags & (TR_FLAG_FROZEN | TR_FLAG_SHAREABLE)) == TR_FLAG_FROZEN &&
        tr_is_shareable(f, value) < 0)
        return TR_RAISED;
    if (!tr_is_shareable_flagged(value) && !tr_ractor_is_main(f->ractor))
        return tr_raise(f, tr_class.ractor_isolation_error,
                        "can not set constants with non-shareable objects by non-main Ractors");
    const ConstEntry *old = tr_const_entry(klass, name);
    if (old && has_value(old)) warn_redefined(f, klass, name, old);
    if (store(f, klass, name, value) == TR_RAISED || run_const_added(f, klass, name) == TR_RAISED) return TR_RAISED;
    return value;
}

MAY_GC void tr_const_define(Fiber *f, Class *klass, const char *name, Value value) {
    ConstEntry *entry = new_entry();
    tr_cell_set(f, entry->cell, value);
    put_entry(klass, tr_intern_cstr(name), entry);
}

MAY_SWITCH MAY_RAISE Value tr_const_remove(Fiber *f, Class *klass, Id name) {
    if (klass->h.flags & TR_FLAG_FROZEN) return tr_raise_frozen(f, (Value)klass);
    const ConstEntry *entry = tr_const_entry(klass, name);
    if (!entry)
        return tr_raise_name_error(f, (Value)klass, name, "constant %pC::%pI not defined", klass, name);
    bool foreign;
    Value value = tr_cell_get(f, entry->cell, &foreign);
    put_entry(klass, name, NULL);
    return value == TR_UNDEF ? TR_NIL : value;
}

static MAY_GC MAY_RAISE ConstEntry *own_entry(Fiber *f, Class *klass, Id name) {
    const ConstEntry *entry = tr_const_entry(klass, name);
    if (entry) return (ConstEntry *)entry;
    if (tr_raise_name_error(f, (Value)klass, name, "constant %pC::%pI not defined", klass, name) == TR_RAISED) return NULL;
    return NULL;
}

MAY_SWITCH MAY_RAISE Value tr_const_set_private(Fiber *f, Class *klass, Id name, bool is_private) {
    ConstEntry *entry = own_entry(f, klass, name);
    if (!entry) return TR_RAISED;
    entry->is_private = is_private;
    invalidate(name);
    return TR_NIL;
}

MAY_SWITCH MAY_RAISE Value tr_const_set_deprecated(Fiber *f, Class *klass, Id name) {
    ConstEntry *entry = own_entry(f, klass, name);
    if (!entry) return TR_RAISED;
    entry->is_deprecated = true;
    invalidate(name);
    return TR_NIL;
}

MAY_SWITCH MAY_RAISE Value tr_const_autoload(Fiber *f, Class *klass, Id name, Value path) {
    const ConstEntry *there = tr_const_entry(klass, name);
    if (there && has_value(there)) return TR_NIL;
    ConstEntry *entry = new_entry();
    entry->autoload_path = tr_string_intern(f, path);
    note_location(f, entry);
    put_entry(klass, name, entry);
    return run_const_added(f, klass, name) == TR_RAISED ? TR_RAISED : TR_NIL;
}

void tr_const_each(Class *klass, void (*fn)(Id name, const ConstEntry *entry, void *data), void *data) {
    Id name;
    void *entry;
    for (uint32_t i = 0; tr_id_table_next(&klass->constants, &i, &name, &entry);) fn(name, entry, data);
}

MAY_GC void tr_const_copy_all(Fiber *f, Class *to, Class *from) {
    Id name;
    void *each;
    for (uint32_t i = 0; tr_id_table_next(&from->constants, &i, &name, &each);) {
        const ConstEntry *old = each;
        bool foreign;
        Value value = tr_cell_get(f, old->cell, &foreign);
        if (value == TR_UNDEF && old->autoload_path == TR_UNDEF) continue;
        ConstEntry *entry = new_entry();
        Cell *cell = entry->cell;
        *entry = *old;
        entry->cell = cell;
        tr_cell_set(f, cell, value);
        put_entry(to, name, entry);
    }
}

/* ---- class and module definitions ---- */

/* The value of a definition's name that is already there; TR_UNDEF none. */
static MAY_SWITCH MAY_RAISE Value existing(Fiber *f, Class *base, Id name) {
    Class *owner;
    const ConstEntry *entry = search(base, name, base == tr_class.object, false, &owner);
    Found found = {TR_UNDEF, true};
    return entry ? entry_value(f, owner, entry, name, &found) : TR_UNDEF;
}

static MAY_SWITCH MAY_RAISE Class *not_a(Fiber *f, Class *base, Id name, const char *what) {
    const ConstEntry *entry = tr_const_entry(base, name);
    Value prefix = base == tr_class.object ? TR_NIL : tr_class_path(f, base);
    const char *under = prefix == TR_NIL ? "" : tr_string(prefix)->bytes, *colons = prefix == TR_NIL ? "" : "::";
    Value raised;
    if (entry && tr_is_string(entry->file))
        raised = tr_raise(f, tr_class.type_error, "%s%s%s is not a %s\n%pV:%d: previous definition of %s was here", under,
                          colons, tr_id_cstr(name), what, entry->file, entry->line, tr_id_cstr(name));
    else
        raised = tr_raise(f, tr_class.type_error, "%s%s%s is not a %s\n:: previous definition of %s was here", under, colons,
                          tr_id_cstr(name), what, tr_id_cstr(name));
    TR_KEEP(prefix);
    (void)raised;
    return NULL;
}

static MAY_SWITCH MAY_RAISE Class *scope_of(Fiber *f, Value cbase) {
    if (tr_is_module(cbase)) return (Class *)cbase;
    Value text = tr_inspect(f, cbase);
    if (text != TR_RAISED && tr_raise(f, tr_class.type_error, "%pV is not a class/module", text) == TR_RAISED) return NULL;
    return NULL;
}

MAY_SWITCH MAY_RAISE bool tr_class_check_super(Fiber *f, Value super) {
    Value raised = TR_NIL;
    if (!tr_is_type(super, TYPE_CLASS))
        raised = tr_raise(f, tr_class.type_error, "superclass must be an instance of Class (given an instance of %pC)",
                          tr_real_class_of(super));
    else if (tr_class_is_singleton((Class *)super))
        raised = tr_raise(f, tr_class.type_error, "can't make subclass of singleton class");
    else if (super == (Value)tr_class.class)
        raised = tr_raise(f, tr_class.type_error, "can't make subclass of Class");
    else if (!(((Class *)super)->flags & CLASS_INITIALIZED))
        raised = tr_raise(f, tr_class.type_error, "can't inherit uninitialized class");
    return raised != TR_RAISED;
}

MAY_SWITCH MAY_RAISE Value tr_class_run_inherited(Fiber *f, Class *super, Class *klass) {
    if (tr_method_is_basic((Value)super, TR_ID_inherited)) return TR_NIL;
    return tr_call(f, (Value)super, TR_ID_inherited, 1, (Value)klass);
}

MAY_SWITCH MAY_RAISE Class *tr_class_open(Fiber *f, Value cbase, Id name, Value super) {
    Class *base = scope_of(f, cbase);
    if (!base) return NULL;
    if (super != TR_UNDEF && !tr_is_type(super, TYPE_CLASS) && !tr_class_check_super(f, super)) return NULL;
    Value there = existing(f, base, name);
    if (there == TR_RAISED) return NULL;
    if (there != TR_UNDEF) {
        if (!tr_is_type(there, TYPE_CLASS)) return not_a(f, base, name, "class");
        Class *klass = (Class *)there;
        if (super != TR_UNDEF && tr_real_class(tr_class_superclass(klass)) != (Class *)super &&
            tr_raise(f, tr_class.type_error, "superclass mismatch for class %pI", name) == TR_RAISED)
            return NULL;
        return klass;
    }
    if (super == TR_UNDEF) super = (Value)tr_class.object;
    if (!tr_class_check_super(f, super)) return NULL;
    if (base->h.flags & TR_FLAG_FROZEN && tr_raise_frozen(f, (Value)base) == TR_RAISED) return NULL;
    Class *klass = tr_class_new(f, (Class *)super);
    if (store(f, base, name, (Value)klass) == TR_RAISED || run_const_added(f, base, name) == TR_RAISED ||
        tr_class_run_inherited(f, (Class *)super, klass) == TR_RAISED)
        return NULL;
    return klass;
}

MAY_SWITCH MAY_RAISE Class *tr_module_open(Fiber *f, Value cbase, Id name) {
    Class *base = scope_of(f, cbase);
    if (!base) return NULL;
    Value there = existing(f, base, name);
    if (there == TR_RAISED) return NULL;
    if (there != TR_UNDEF) return tr_is_type(there, TYPE_MODULE) ? (Class *)there : not_a(f, base, name, "module");
    if (base->h.flags & TR_FLAG_FROZEN && tr_raise_frozen(f, (Value)base) == TR_RAISED) return NULL;
    Class *module = tr_module_new(f);
    if (store(f, base, name, (Value)module) == TR_RAISED || run_const_added(f, base, name) == TR_RAISED) return NULL;
    return module;
}

/* method_table.c - method tables, lookup and the caches of its answers.
 *
 * A class keeps a CallCache for each name that its instances were asked for (and one per start of a super call). Sites keep
 * pointers to them. A CallCache is never freed, because a site may hold it for ever; it is made invalid by storing
 * NULL in its klass (those of dead singleton classes serve again). A change to the method `mid` of a class invalidates the answers for mid of that class and of all
 * below it; most definitions find that nobody has ever asked for the name and skip even that.
 *
 * Readers take no lock: a cache table's slots go from NULL to an entry, or from an invalid entry to its
 * successor (release), and a full table is replaced and retired.
 *
 * A method that is found through an iclass or an origin is answered as a copy whose defined_class is that element, so that
 * `super` inside knows where to go on; the copy is kept in the iclass's otherwise unused method table.
 */
#include "vm/method_table.h"

#include <stdlib.h>

#include "core/core.h"
#include "vm/id_table.h"
#include "vm/ivar.h"
#include "vm/refinement.h"

CallCache tr_empty_call_cache;
_Atomic uint16_t tr_basic_op_redefined[BOP_COUNT];
static bool is_booting = true; /* written by the thread that boots, before any other runs */

struct CacheTable {
    uint32_t mask, used;
    _Atomic(CallCache *) slots[];
};

static IdSet asked; /* names that somebody has looked up; added to under the structure lock */

/* ---- cache tables ---- */

static inline uint32_t hash_mid(Id mid) { return (mid * 0x9e3779b1u) >> 10; }

static CallCache *cache_find(const Class *klass, Id mid, const Class *super_of) {
    CacheTable *t = atomic_load_explicit(&klass->caches, memory_order_acquire);
    if (!t) return NULL;
    for (uint32_t i = hash_mid(mid) & t->mask;; i = (i + 1) & t->mask) {
        CallCache *cache = atomic_load_explicit(&t->slots[i], memory_order_acquire); /* pairs with cache_put_locked */
        if (!cache) return NULL;
        if (cache->mid == mid && cache->super_of == super_of &&
            atomic_load_explicit(&cache->klass, memory_order_acquire) == klass)
            return cache;
    }
}

static void cache_put_locked(Class *klass, CallCache *cache) {
    CacheTable *t = atomic_load_explicit(&klass->caches, memory_order_relaxed);
    if (!t || (t->used + 1) * 4 > (t->mask + 1) * 3) {
        uint32_t live = 0;
        for (uint32_t i = 0; t && i <= t->mask; i++) {
            CallCache *each = atomic_load_explicit(&t->slots[i], memory_order_relaxed);
            live += each && atomic_load_explicit(&each->klass, memory_order_relaxed);
        }
        uint32_t slots = 8;
        while (slots < (live + 1) * 2) slots *= 2;
        CacheTable *bigger = calloc(1, sizeof(CacheTable) + slots * sizeof bigger->slots[0]);
        TR_CHECK(bigger != NULL);
        bigger->mask = slots - 1;
        for (uint32_t i = 0; t && i <= t->mask; i++) {
            CallCache *each = atomic_load_explicit(&t->slots[i], memory_order_relaxed);
            if (!each || !atomic_load_explicit(&each->klass, memory_order_relaxed)) continue;
            uint32_t j = hash_mid(each->mid) & bigger->mask;
            while (atomic_load_explicit(&bigger->slots[j], memory_order_relaxed)) j = (j + 1) & bigger->mask;
            atomic_store_explicit(&bigger->slots[j], each, memory_order_relaxed);
            bigger->used++;
        }
        atomic_store_explicit(&klass->caches, bigger, memory_order_release);
        tr_retire(t);
        t = bigger;
    }
    uint32_t i = hash_mid(cache->mid) & t->mask;
    for (;; i = (i + 1) & t->mask) {
        CallCache *there = atomic_load_explicit(&t->slots[i], memory_order_relaxed);
        if (!there) {
            t->used++;
            break;
        }
        if (!atomic_load_explicit(&there->klass, memory_order_relaxed) && there->mid == cache->mid) break;
    }
    atomic_store_explicit(&t->slots[i], cache, memory_order_release);
}

static void forget(CallCache *cache) { atomic_store_explicit(&cache->klass, NULL, memory_order_release); }

static void invalidate_own(Class *klass, Id mid) {
    CacheTable *t = atomic_load_explicit(&klass->caches, memory_order_relaxed);
    if (!t) return;
    if (!mid) {
        for (uint32_t i = 0; i <= t->mask; i++) {
            CallCache *cache = atomic_load_explicit(&t->slots[i], memory_order_relaxed);
            if (cache) forget(cache);
        }
        return;
    }
    for (uint32_t i = hash_mid(mid) & t->mask;; i = (i + 1) & t->mask) {
        CallCache *cache = atomic_load_explicit(&t->slots[i], memory_order_relaxed);
        if (!cache) return;
        if (cache->mid == mid) forget(cache);
    }
}

static void invalidate_below(Class *klass, void *mid) {
    Id id = (Id)(uintptr_t)mid;
    if ((klass->h.flags & TR_TYPE_MASK) == TYPE_ICLASS) {
        if (id) tr_id_table_set_locked(&klass->methods, id, NULL);
        else if (atomic_load_explicit(&klass->methods, memory_order_relaxed))
            tr_retire(atomic_exchange_explicit(&klass->methods, NULL, memory_order_acq_rel));
        if (klass->includer == klass->methods_of) return; /* an origin: its class is under way */
        klass = klass->includer;
    }
    if (klass->origin != klass) {
        if (id) tr_id_table_set_locked(&klass->origin->methods, id, NULL);
        else tr_retire(atomic_exchange_explicit(&klass->origin->methods, NULL, memory_order_acq_rel));
    }
    invalidate_own(klass, id);
    tr_class_each_subclass_locked(klass, invalidate_below, mid);
}

void tr_method_invalidate_all_locked(Class *klass) {
    klass->ancestry_serial++;
    invalidate_below(klass, NULL);
}

static void invalidate_locked(Class *klass, Id mid) {
    if (tr_id_set_has(&asked, mid)) invalidate_below(klass, (void *)(uintptr_t)mid);
}

void tr_method_forget(Class *klass, Id mid) {
    tr_structure_lock();
    invalidate_locked(klass, mid);
    tr_structure_unlock();
}

/* What singleton classes leave behind. A site that still holds such a cache may see it serve another class, so it serves
 * only the same name again, and only classes of the same Ractor: no other Ractor ever finds one of its classes in it. */
#define SPARE_BUCKETS 512u
static CallCache *spare_caches[SPARE_BUCKETS]; /* under the structure lock; linked through `method` */

static void keep_spare_locked(CallCache *cache, const Ractor *owner) {
    CallCache **bucket = &spare_caches[hash_mid(cache->mid) % SPARE_BUCKETS];
    cache->defined_class = (Class *)owner;
    cache->method = (const Method *)*bucket;
    *bucket = cache;
}

static CallCache *take_spare_locked(Id mid, const Ractor *owner) {
    for (CallCache **at = &spare_caches[hash_mid(mid) % SPARE_BUCKETS]; *at; at = (CallCache **)&(*at)->method) {
        CallCache *cache = *at;
        if (cache->mid != mid || cache->defined_class != (const Class *)owner) continue;
        *at = (CallCache *)cache->method;
        cache->method = cache->resolved = NULL;
        cache->defined_class = NULL;
        return cache;
    }
    return NULL;
}

void tr_method_caches_drop_locked(Class *klass) {
    invalidate_own(klass, TR_ID_NONE);
    CacheTable *t = klass->owner ? atomic_load_explicit(&klass->caches, memory_order_relaxed) : NULL;
    for (uint32_t i = 0; t && i <= t->mask; i++) {
        CallCache *cache = atomic_load_explicit(&t->slots[i], memory_order_relaxed);
        if (cache && !cache->super_of) keep_spare_locked(cache, klass->owner);
    }
    tr_retire(atomic_exchange_explicit(&klass->caches, NULL, memory_order_acq_rel));
}

void tr_method_caches_trace(Tracer *tracer, const Class *klass) {
    CacheTable *t = atomic_load_explicit(&klass->caches, memory_order_acquire);
    for (uint32_t i = 0; t && i <= t->mask; i++) {
        CallCache *cache = atomic_load_explicit(&t->slots[i], memory_order_acquire);
        if (!cache || !atomic_load_explicit(&cache->klass, memory_order_relaxed)) continue;
        if (cache->method) tr_trace(tracer, (Value)cache->method);
        if (cache->resolved) tr_trace(tracer, (Value)cache->resolved);
        if (cache->is_super) tr_trace(tracer, (Value)cache->super_of);
    }
}

/* ---- lookup ---- */

static inline Class *above(const Class *c) { return atomic_load_explicit(&c->super, memory_order_acquire); }

/* A class's own method, past the mark that it is refined. */
static inline const Method *unmarked(const Method *entry) {
    return entry && entry->kind == METHOD_REFINED ? entry->as.alias.target : entry;
}

/* The class that an element of the chain stands for first: where its refinements apply, before prepended modules. */
static Class *head_at(Class *element) {
    if ((element->h.flags & TR_TYPE_MASK) != TYPE_ICLASS) return element;
    return element->module == element->includer ? NULL : element->module;
}

static const Method *refined_at(const RefinementList *active, Class *head, Id mid, Class **at) {
    for (; active; active = active->next) {
        const Method *method = active->refinement->module == head ? tr_method_own(active->refinement, mid) : NULL;
        if (!method) continue;
        *at = active->refinement;
        return method;
    }
    return NULL;
}

typedef struct Search {
    const RefinementList *active; /* under `using` */
    bool is_refined;              /* a refinement may answer otherwise */
    Class *at;                    /* the element where it was found */
} Search;

/* The first entry at or above `from`. */
static const Method *search(Search *s, Class *from, Id mid) {
    for (Class *c = from; c; c = above(c)) {
        Class *head = head_at(c);
        const Method *entry = head ? tr_id_table_get(&head->methods, mid) : NULL;
        if (TR_UNLIKELY(entry && entry->kind == METHOD_REFINED)) {
            s->is_refined = true;
            const Method *refined = refined_at(s->active, head, mid, &s->at);
            if (refined) return refined;
        }
        if (!c->methods_of) continue;
        if (c->methods_of != head) entry = tr_id_table_get(&c->methods_of->methods, mid);
        entry = unmarked(entry);
        if (!entry) continue;
        s->at = c;
        return entry;
    }
    return NULL;
}

static Method *copy_locked(Fiber *f, TrSpare *spare, const Class *of, const Method *method) {
    Method *copy = tr_spare_take_locked(f, spare, of);
    if (!copy) return NULL;
    memcpy((char *)copy + sizeof(Header), (const char *)method + sizeof(Header), sizeof(Method) - sizeof(Header));
    return copy;
}

/* The method with the element where it was found as its defined_class. */
static const Method *complement_locked(Fiber *f, TrSpare *spare, const Method *method, Class *at) {
    if (method->defined_class == at) return method;
    if ((at->h.flags & TR_TYPE_MASK) != TYPE_ICLASS) return method;
    if (method->kind == METHOD_ATTR_READER || method->kind == METHOD_ATTR_WRITER) return method;
    const Method *known = method->called_id ? tr_id_table_get(&at->methods, method->called_id) : NULL;
    if (known && known->original_id == method->original_id && known->owner == method->owner &&
        memcmp(&known->as, &method->as, sizeof method->as) == 0 && known->flags == method->flags)
        return known;
    Method *copy = copy_locked(f, spare, at, method);
    if (!copy) return NULL;
    copy->defined_class = at;
    copy->is_complement = true;
    if (at->methods_of == method->owner) {
        tr_id_table_set_locked(&at->methods, method->called_id, copy);
        tr_barrier((Value)at, (Value)copy);
    }
    return copy;
}

/* What really runs for an entry found at `at` in klass's chain: aliases and visibility changes are followed. NULL: nothing, or
 * the spare methods are short. */
static const Method *resolve_locked(Fiber *f, TrSpare *spare, Search *s, Class *klass, const Method *method) {
    Class **at = &s->at;
    while (method && method->kind == METHOD_ZSUPER) method = search(s, above(*at), method->original_id);
    if (!method || method->kind == METHOD_UNDEF) return NULL;
    if (method->kind == METHOD_ALIAS) {
        Id called_id = method->called_id;
        method = method->as.alias.target;
        Class *element = tr_class_element(klass, method->owner);
        *at = element ? element : method->defined_class;
        method = complement_locked(f, spare, method, *at);
        if (!method || method->called_id == called_id || method->kind == METHOD_C) return method;
        Method *renamed = copy_locked(f, spare, *at, method); /* what __callee__ answers */
        if (!renamed) return NULL;
        renamed->called_id = called_id;
        return renamed;
    }
    return complement_locked(f, spare, method, *at);
}

#define SPARE_METHODS {.bytes = sizeof(Method), .type = TYPE_METHOD}

/* `key` is what super_of of the cache says: where a super call starts from, or the active refinements. */
static const CallCache *find_locked(TrSpare *spare, Class *klass, Class *from, const void *key,
                                    const RefinementList *active, Id mid) {
    Fiber *f = tr_current_fiber();
    tr_id_set_add(&asked, mid);
    Search s = {active, false, NULL};
    const Method *method = search(&s, from, mid), *resolved = NULL;
    if (method && method->kind != METHOD_UNDEF) {
        resolved = resolve_locked(f, spare, &s, klass, method);
        if (s.is_refined && resolved && resolved->flags & METHOD_BASIC) {
            Method *copy = copy_locked(f, spare, klass, resolved); /* no short cut may take it for the built-in one */
            if (copy) {
                copy->flags &= ~(uint32_t)METHOD_BASIC;
                copy->is_complement = true;
                resolved = copy;
            }
        }
    }
    if (spare->is_short) return NULL;
    CallCache *cache = klass->owner && !key ? take_spare_locked(mid, klass->owner) : NULL;
    if (!cache) cache = calloc(1, sizeof *cache);
    TR_CHECK(cache != NULL);
    cache->mid = mid;
    cache->super_of = key;
    cache->is_super = key && !active;
    if (resolved) {
        cache->resolved = resolved;
        cache->method = method->kind == METHOD_ALIAS || method->kind == METHOD_ZSUPER ? method : resolved;
        cache->defined_class = resolved->defined_class;
    }
    atomic_store_explicit(&cache->klass, klass, memory_order_relaxed);
    tr_call_cache_prepare(cache);
    cache->is_refined = s.is_refined && !active && !key;
    if (cache->is_refined) cache->kinds[0] = cache->kinds[1] = CALL_SLOW;
    cache_put_locked(klass, cache);
    return cache;
}

MAY_GC const CallCache *tr_method_find(Class *klass, Id mid) {
    const CallCache *cache = cache_find(klass, mid, NULL);
    if (TR_LIKELY(cache != NULL)) return cache;
    TrSpare spare = SPARE_METHODS;
    do {
        tr_structure_lock();
        cache = cache_find(klass, mid, NULL);
        if (!cache) cache = find_locked(&spare, klass, klass, NULL, NULL, mid);
        tr_structure_unlock();
    } while (tr_spare_refill(tr_current_fiber(), &spare));
    return cache;
}

MAY_GC const CallCache *tr_method_find_refined(const RefinementList *active, Class *klass, Id mid) {
    const CallCache *cache = cache_find(klass, mid, (const Class *)active);
    if (TR_LIKELY(cache != NULL)) return cache;
    TrSpare spare = SPARE_METHODS;
    do {
        tr_structure_lock();
        cache = cache_find(klass, mid, (const Class *)active);
        if (!cache) cache = find_locked(&spare, klass, klass, active, active, mid);
        tr_structure_unlock();
    } while (tr_spare_refill(tr_current_fiber(), &spare));
    return cache;
}

/* Where `super` looks on from a method of `defined_class`; NULL: nowhere. */
static Class *super_start(Class *klass, Class *defined_class) {
    Class *start = defined_class;
    ObjectType type = (ObjectType)(start->h.flags & TR_TYPE_MASK);
    if (defined_class->flags & CLASS_REFINEMENT) { /* the refined class itself, with what was prepended to it */
        for (start = klass; start && head_at(start) != defined_class->module;) start = above(start);
        return start;
    }
    if (type == TYPE_MODULE) start = tr_class_element(klass, defined_class);
    else if (type == TYPE_CLASS) start = defined_class->origin;
    return start ? above(start) : NULL;
}

MAY_GC const CallCache *tr_method_find_super(Class *klass, Class *defined_class, Id mid) {
    const CallCache *cache = cache_find(klass, mid, defined_class);
    if (TR_LIKELY(cache != NULL)) return cache;
    TrSpare spare = SPARE_METHODS;
    do {
        tr_structure_lock();
        cache = cache_find(klass, mid, defined_class);
        if (!cache) cache = find_locked(&spare, klass, super_start(klass, defined_class), defined_class, NULL, mid);
        tr_structure_unlock();
    } while (tr_spare_refill(tr_current_fiber(), &spare));
    return cache;
}

const Method *tr_method_own(Class *klass, Id mid) { return unmarked(tr_id_table_get(&klass->methods, mid)); }

void tr_method_table_each(Class *klass, void (*fn)(Id mid, const Method *method, void *data), void *data) {
    Id mid;
    void *method;
    for (uint32_t i = 0; tr_id_table_next(&klass->methods, &i, &mid, &method);)
        if (unmarked(method)) fn(mid, unmarked(method), data);
}

/* ---- basic operators ---- */

static const struct { Id mid; BasicOp op; } basic_ops[] = {
    {TR_ID_plus, BOP_PLUS}, {TR_ID_minus, BOP_MINUS}, {TR_ID_times, BOP_MULT}, {TR_ID_divide, BOP_DIV},
    {TR_ID_modulo, BOP_MOD}, {TR_ID_eq, BOP_EQ}, {TR_ID_neq, BOP_NEQ}, {TR_ID_lt, BOP_LT}, {TR_ID_le, BOP_LE},
    {TR_ID_gt, BOP_GT}, {TR_ID_ge, BOP_GE}, {TR_ID_lshift, BOP_LTLT}, {TR_ID_and, BOP_AND}, {TR_ID_or, BOP_OR},
    {TR_ID_aref, BOP_AREF}, {TR_ID_aset, BOP_ASET}, {TR_ID_length, BOP_LENGTH}, {TR_ID_size, BOP_SIZE},
    {TR_ID_empty_p, BOP_EMPTY_P}, {TR_ID_nil_p, BOP_NIL_P}, {TR_ID_succ, BOP_SUCC}, {TR_ID_not, BOP_NOT},
    {TR_ID_match, BOP_MATCH}, {TR_ID_freeze, BOP_FREEZE}, {TR_ID_uminus, BOP_UMINUS}, {TR_ID_max, BOP_MAX},
    {TR_ID_min, BOP_MIN}, {TR_ID_hash, BOP_HASH}, {TR_ID_call, BOP_CALL}, {TR_ID_pack, BOP_PACK},
    {TR_ID_include_p, BOP_INCLUDE_P}, {TR_ID_cmp, BOP_CMP}, {TR_ID_eqq, BOP_EQQ}, {TR_ID_respond_to_p, BOP_RESPOND_TO},
    {TR_ID_initialize, BOP_INITIALIZE},
};

static uint16_t basic_op_class(const Class *klass) {
    if (klass == tr_class.integer) return BOP_INTEGER;
    if (klass == tr_class.float_) return BOP_FLOAT;
    if (klass == tr_class.string) return BOP_STRING;
    if (klass == tr_class.array) return BOP_ARRAY;
    if (klass == tr_class.hash) return BOP_HASH_;
    if (klass == tr_class.symbol) return BOP_SYMBOL;
    if (klass == tr_class.nil) return BOP_NIL;
    if (klass == tr_class.true_) return BOP_TRUE;
    if (klass == tr_class.false_) return BOP_FALSE;
    if (klass == tr_class.proc) return BOP_PROC;
    if (klass == tr_class.regexp) return BOP_REGEXP;
    if (klass == tr_class.object || klass == tr_class.basic_object || klass == tr_class.kernel ||
        klass == tr_class.comparable || klass == tr_class.numeric || klass == tr_class.enumerable)
        return 0xffff;
    return 0;
}

static void note_redefinition(const Class *klass, Id mid) {
    uint16_t classes = basic_op_class(klass);
    if (!classes || is_booting) return;
    for (size_t i = 0; i < sizeof basic_ops / sizeof *basic_ops; i++)
        if (basic_ops[i].mid == mid)
            atomic_fetch_or_explicit(&tr_basic_op_redefined[basic_ops[i].op], classes, memory_order_release);
}

void tr_basic_op_check_module_locked(const Class *klass, const Class *module) {
    Id mid;
    void *method;
    for (uint32_t i = 0; tr_id_table_next(&module->methods, &i, &mid, &method);) note_redefinition(klass, mid);
}

void tr_method_boot_done(void) { is_booting = false; }

/* ---- making and adding ---- */

MAY_GC Method *tr_method_new(Fiber *f, Class *owner, Id mid, MethodKind kind, Visibility visibility) {
    Method *m = tr_class_alloc_part(f, owner, sizeof *m, TYPE_METHOD);
    m->kind = (uint8_t)kind;
    m->called_id = m->original_id = mid;
    m->owner = m->defined_class = owner;
    m->visibility = (uint8_t)visibility;
    m->flags = (visibility == VISIBILITY_PRIVATE ? METHOD_PRIVATE : 0) |
               (visibility == VISIBILITY_PROTECTED ? METHOD_PROTECTED : 0) | (is_booting ? METHOD_BASIC : 0);
    return m;
}

MAY_GC Method *tr_method_copy(Fiber *f, const Class *to, const Method *method) {
    Method *m = tr_class_alloc_part(f, to, sizeof(Method), TYPE_METHOD);
    memcpy((char *)m + sizeof(Header), (const char *)method + sizeof(Header), sizeof(Method) - sizeof(Header));
    m->is_complement = false;
    return m;
}

static bool put_marked_locked(Fiber *f, TrSpare *spare, Class *klass, Id mid, const Method *own) {
    Method *mark = tr_spare_take_locked(f, spare, klass);
    if (!mark) return false;
    mark->kind = METHOD_REFINED;
    mark->called_id = mark->original_id = mid;
    mark->owner = mark->defined_class = klass;
    mark->as.alias.target = own;
    tr_id_table_set_locked(&klass->methods, mid, mark);
    tr_barrier((Value)klass, (Value)mark);
    return true;
}

static void set_visibility_bits(Method *m, Visibility visibility) {
    m->visibility = (uint8_t)visibility;
    m->flags &= ~(uint32_t)(METHOD_PRIVATE | METHOD_PROTECTED);
    if (visibility == VISIBILITY_PRIVATE) m->flags |= METHOD_PRIVATE;
    if (visibility == VISIBILITY_PROTECTED) m->flags |= METHOD_PROTECTED;
}

/* Marks that a refinement has `mid` for klass. */
static void mark_refined_locked(Fiber *f, TrSpare *spare, Class *klass, Id mid) {
    const Method *entry = tr_id_table_get(&klass->methods, mid);
    if ((!entry || entry->kind != METHOD_REFINED) && !put_marked_locked(f, spare, klass, mid, entry)) return;
    tr_id_set_add(&asked, mid);
    invalidate_below(klass, (void *)(uintptr_t)mid);
    note_redefinition(klass, mid);
}

MAY_GC void tr_method_add(Fiber *f, Class *klass, Method *method) {
    TrSpare spare = SPARE_METHODS;
    do {
        tr_structure_lock();
        const Method *old = tr_id_table_get(&klass->methods, method->called_id);
        if (TR_UNLIKELY(old && old->kind == METHOD_REFINED)) put_marked_locked(f, &spare, klass, method->called_id, method);
        else tr_id_table_set_locked(&klass->methods, method->called_id, method);
        tr_barrier((Value)klass, (Value)method);
        if (TR_UNLIKELY(klass->flags & CLASS_REFINEMENT)) mark_refined_locked(f, &spare, klass->module, method->called_id);
        invalidate_locked(klass, method->called_id);
        note_redefinition(klass, method->called_id);
        tr_structure_unlock();
    } while (tr_spare_refill(f, &spare));
}

MAY_GC void tr_method_copy_all(Fiber *f, Class *to, const Class *from) {
    Id mid;
    void *entry;
    for (uint32_t i = 0; tr_id_table_next(&from->methods, &i, &mid, &entry);) {
        entry = (void *)unmarked(entry);
        if (!entry) continue;
        Method *copy = tr_method_copy(f, to, entry);
        if (copy->owner == from) copy->owner = to;
        copy->defined_class = to;
        tr_method_add(f, to, copy);
    }
}

MAY_SWITCH MAY_RAISE Value tr_method_hook(Fiber *f, Class *klass, Id hook, Id singleton_hook, Id mid) {
    Value receiver = (Value)klass;
    if (klass->flags & CLASS_SINGLETON) {
        if (klass->attached == TR_UNDEF) return TR_NIL;
        receiver = klass->attached;
        hook = singleton_hook;
    }
    if (tr_method_is_basic(receiver, hook)) return TR_NIL;
    return tr_call(f, receiver, hook, 1, tr_value_from_id(mid));
}

MAY_SWITCH MAY_RAISE bool tr_class_check_frozen(Fiber *f, Class *klass) {
    if (TR_LIKELY(!(klass->h.flags & TR_FLAG_FROZEN))) return true;
    Value what = tr_class_is_singleton(klass) && klass->attached != TR_UNDEF ? klass->attached : (Value)klass;
    return tr_raise_frozen(f, what) != TR_RAISED;
}

static bool is_always_private(Id mid) {
    return mid == TR_ID_initialize || mid == TR_ID_initialize_copy || mid == TR_ID_initialize_clone ||
           mid == TR_ID_initialize_dup || mid == TR_ID_respond_to_missing_p;
}

MAY_SWITCH MAY_RAISE Value tr_method_add_checked(Fiber *f, Class *klass, Method *method) {
    if (!tr_class_check_frozen(f, klass)) return TR_RAISED;
    Id mid = method->called_id;
    if (is_always_private(mid)) set_visibility_bits(method, VISIBILITY_PRIVATE);
    const Method *old = tr_method_own(klass, mid);
    if (old && method->kind == METHOD_ISEQ && old->kind == METHOD_ISEQ && !(old->flags & METHOD_BASIC))
        tr_warning(f, "method redefined; discarding old %s", tr_id_cstr(mid));
    tr_method_add(f, klass, method);
    return tr_method_hook(f, klass, TR_ID_method_added, TR_ID_singleton_method_added, mid);
}

/* module_function: a private instance method and a public one of the module itself. */
static MAY_SWITCH MAY_RAISE Value add_module_function(Fiber *f, Class *module, const Method *method) {
    Class *singleton = tr_singleton_class(f, (Value)module);
    if (!singleton) return TR_RAISED;
    Method *copy = tr_method_copy(f, singleton, method);
    copy->owner = copy->defined_class = singleton;
    set_visibility_bits(copy, VISIBILITY_PUBLIC);
    return tr_method_add_checked(f, singleton, copy);
}

static MAY_SWITCH MAY_RAISE Value add_with_visibility(Fiber *f, Class *klass, Method *method, Visibility visibility) {
    if (tr_method_add_checked(f, klass, method) == TR_RAISED) return TR_RAISED;
    if (visibility == VISIBILITY_MODULE_FUNCTION && add_module_function(f, klass, method) == TR_RAISED)
        return TR_RAISED;
    return tr_value_from_id(method->called_id);
}

static Visibility table_visibility(Visibility v) { return v == VISIBILITY_MODULE_FUNCTION ? VISIBILITY_PRIVATE : v; }

MAY_SWITCH MAY_RAISE Value tr_method_define_iseq(Fiber *f, Class *klass, Id mid, Iseq *iseq, Cref *cref,
                                                 Visibility visibility) {
    Method *m = tr_method_new(f, klass, mid, METHOD_ISEQ, table_visibility(visibility));
    m->as.ruby.iseq = iseq;
    m->as.ruby.cref = cref;
    if (iseq->is_internal) m->flags |= METHOD_INTERNAL;
    return add_with_visibility(f, klass, m, visibility);
}

MAY_SWITCH MAY_RAISE Value tr_method_define_proc(Fiber *f, Class *klass, Id mid, Value proc, Visibility visibility) {
    Method *m = tr_method_new(f, klass, mid, METHOD_PROC, table_visibility(visibility));
    m->as.proc.proc = tr_cell_new();
    tr_cell_set(f, m->as.proc.proc, proc);
    return add_with_visibility(f, klass, m, visibility);
}

static MAY_SWITCH MAY_RAISE Value raise_undefined(Fiber *f, Class *klass, Id mid) {
    return tr_raise_name_error(f, (Value)klass, mid, "undefined method '%pI' for %s '%pC'", mid,
                               tr_object_type((Value)klass) == TYPE_MODULE ? "module" : "class", klass);
}

/* The entry for mid as klass's instances see it; a module's also see Object's. Entry and what it resolves to. */
static MAY_GC const CallCache *find_for_change(Class *klass, Id mid) {
    const CallCache *found = tr_method_find(klass, mid);
    if (!found->method && tr_object_type((Value)klass) == TYPE_MODULE) found = tr_method_find(tr_class.object, mid);
    return found->method ? found : NULL;
}

MAY_SWITCH MAY_RAISE Value tr_method_alias(Fiber *f, Class *klass, Id new_id, Id old_id) {
    if (!tr_class_check_frozen(f, klass)) return TR_RAISED;
    const CallCache *found = find_for_change(klass, old_id);
    if (!found) return raise_undefined(f, klass, old_id);
    const Method *target = found->resolved;
    if (new_id == old_id && found->method->owner == klass) return TR_NIL;
    /* The core library's other names are methods of their own, as those of one C function are: Enumerable#detect is not
     * Enumerable#find in a backtrace. */
    if (is_booting && target->kind == METHOD_ISEQ && target->owner == klass)
        return tr_method_define_iseq(f, klass, new_id, target->as.ruby.iseq, target->as.ruby.cref,
                                     tr_method_visibility(found->method));
    Method *m = tr_method_new(f, klass, new_id, METHOD_ALIAS, tr_method_visibility(found->method));
    m->original_id = target->original_id;
    m->as.alias.target = target;
    m->flags |= target->flags & (METHOD_BASIC | METHOD_INTERNAL);
    return tr_method_add_checked(f, klass, m);
}

MAY_SWITCH MAY_RAISE Value tr_method_undef(Fiber *f, Class *klass, Id mid) {
    if (!tr_class_check_frozen(f, klass)) return TR_RAISED;
    if (mid == TR_ID_object_id || mid == TR_ID___id__ || mid == TR_ID___send__ || mid == TR_ID_initialize)
        tr_warn(f, "undefining '%s' may cause serious problems", tr_id_cstr(mid));
    if (!tr_method_find(klass, mid)->method) return raise_undefined(f, klass, mid);
    tr_method_add(f, klass, tr_method_new(f, klass, mid, METHOD_UNDEF, VISIBILITY_PUBLIC));
    return tr_method_hook(f, klass, TR_ID_method_undefined, TR_ID_singleton_method_undefined, mid);
}

MAY_SWITCH MAY_RAISE Value tr_method_remove(Fiber *f, Class *klass, Id mid) {
    if (!tr_class_check_frozen(f, klass)) return TR_RAISED;
    if (mid == TR_ID_object_id || mid == TR_ID___id__ || mid == TR_ID___send__ || mid == TR_ID_initialize)
        tr_warn(f, "removing '%s' may cause serious problems", tr_id_cstr(mid));
    const Method *own = tr_method_own(klass, mid);
    if (!own || own->kind == METHOD_UNDEF)
        return tr_raise_name_error(f, (Value)klass, mid, "method '%pI' not defined in %pC", mid, klass);
    TrSpare spare = SPARE_METHODS;
    do {
        tr_structure_lock();
        const Method *entry = tr_id_table_get(&klass->methods, mid);
        if (entry && entry->kind == METHOD_REFINED) put_marked_locked(f, &spare, klass, mid, NULL);
        else tr_id_table_set_locked(&klass->methods, mid, NULL);
        invalidate_locked(klass, mid);
        note_redefinition(klass, mid);
        tr_structure_unlock();
    } while (tr_spare_refill(f, &spare));
    return tr_method_hook(f, klass, TR_ID_method_removed, TR_ID_singleton_method_removed, mid);
}

MAY_SWITCH MAY_RAISE Value tr_method_set_visibility(Fiber *f, Class *klass, Id mid, Visibility visibility) {
    if (!tr_class_check_frozen(f, klass)) return TR_RAISED;
    const CallCache *found = find_for_change(klass, mid);
    if (!found) return raise_undefined(f, klass, mid);
    if (visibility == VISIBILITY_MODULE_FUNCTION) {
        Method *copy = tr_method_copy(f, klass, found->resolved);
        copy->called_id = mid;
        copy->owner = copy->defined_class = klass;
        if (tr_method_set_visibility(f, klass, mid, VISIBILITY_PRIVATE) == TR_RAISED) return TR_RAISED;
        return add_module_function(f, klass, copy);
    }
    const Method *own = tr_method_own(klass, mid);
    if (own) {
        if (tr_method_visibility(own) == visibility) return TR_NIL;
        Method *copy = tr_method_copy(f, klass, own);
        set_visibility_bits(copy, visibility);
        tr_method_add(f, klass, copy);
        return TR_NIL;
    }
    if (tr_method_visibility(found->method) == visibility) return TR_NIL;
    Method *m = tr_method_new(f, klass, mid, METHOD_ZSUPER, visibility);
    m->flags |= found->resolved->flags & METHOD_BASIC;
    return tr_method_add_checked(f, klass, m);
}

/* ---- arity ---- */

static int iseq_arity(const Iseq *iseq) {
    const Params *p = &iseq->params;
    int required = (int)(p->lead_count + p->post_count);
    bool has_keywords = p->keywords != NULL, needs_keywords = has_keywords && p->keywords->required_count > 0;
    if (p->opt_count || p->rest_start >= 0 || (has_keywords && !needs_keywords))
        return -(required + needs_keywords) - 1;
    return required + needs_keywords;
}

MAY_SWITCH int tr_method_arity(const Method *method) {
    switch ((MethodKind)method->kind) {
    case METHOD_ISEQ:
        tr_iseq_complete(tr_current_fiber(), method->as.ruby.iseq);
        return iseq_arity(method->as.ruby.iseq);
    case METHOD_C: /* as Ruby documents them: what takes optional arguments takes any number */
        return method->as.c.min == method->as.c.max && !(method->flags & METHOD_KEYWORDS) ? method->as.c.min : -1;
    case METHOD_ATTR_READER: return 0;
    case METHOD_ATTR_WRITER: return 1;
    case METHOD_PROC: return tr_block_arity_as_lambda(tr_block_from_proc(method->as.proc.proc->value));
    case METHOD_ALIAS: return tr_method_arity(method->as.alias.target);
    default: return -1;
    }
}

/* ---- tables in C files ---- */

static MAY_GC void define(Fiber *f, Class *klass, const char *name, MethodFn fn, int min, int max, uint32_t flags) {
    Visibility visibility = flags & METHOD_PRIVATE     ? VISIBILITY_PRIVATE
                            : flags & METHOD_PROTECTED ? VISIBILITY_PROTECTED
                                                       : VISIBILITY_PUBLIC;
    Id mid = tr_intern_cstr(name);
    if (is_always_private(mid)) visibility = VISIBILITY_PRIVATE;
    Method *m = tr_method_new(f, klass, mid, METHOD_C, visibility);
    m->flags |= flags & ~(uint32_t)METHOD_MODULE_FUNCTION;
    m->as.c.fn = fn;
    m->as.c.min = (int16_t)min;
    m->as.c.max = (int16_t)max;
    tr_method_add(f, klass, m);
}

MAY_GC void tr_define_method(Fiber *f, Class *klass, const char *name, MethodFn fn, int min, int max, uint32_t flags) {
    if (flags & METHOD_MODULE_FUNCTION) {
        tr_define_singleton_method(f, (Value)klass, name, fn, min, max,
                                   flags & ~(uint32_t)(METHOD_MODULE_FUNCTION | METHOD_PRIVATE));
        flags |= METHOD_PRIVATE;
    }
    define(f, klass, name, fn, min, max, flags);
}

MAY_GC void tr_define_singleton_method(Fiber *f, Value object, const char *name, MethodFn fn, int min, int max,
                                       uint32_t flags) {
    Class *singleton = tr_singleton_class(f, object);
    TR_CHECK(singleton != NULL);
    define(f, singleton, name, fn, min, max, flags);
}

MAY_GC void tr_define_methods(Fiber *f, Class *klass, const MethodDef *table) {
    for (; table && table->name; table++)
        tr_define_method(f, klass, table->name, table->fn, table->min, table->max, table->flags);
}

MAY_GC void tr_define_alias(Fiber *f, Class *klass, const char *new_name, const char *old_name) {
    Id new_id = tr_intern_cstr(new_name), old_id = tr_intern_cstr(old_name);
    const Method *old = tr_method_own(klass, old_id);
    TR_CHECK(old != NULL);
    Method *m = tr_method_new(f, klass, new_id, METHOD_ALIAS, tr_method_visibility(old));
    m->as.alias.target = old->kind == METHOD_ALIAS ? old->as.alias.target : old;
    m->original_id = m->as.alias.target->original_id;
    tr_method_add(f, klass, m);
}

/* ---- the collector's view ---- */

static void method_trace(Tracer *tracer, Value v) {
    const Method *m = (const Method *)v;
    if (m->owner) tr_trace(tracer, (Value)m->owner);
    if (m->defined_class) tr_trace(tracer, (Value)m->defined_class);
    if (m->kind == METHOD_ISEQ) {
        if (m->as.ruby.iseq) tr_trace(tracer, (Value)m->as.ruby.iseq);
        if (m->as.ruby.cref) tr_trace(tracer, (Value)m->as.ruby.cref);
    } else if (m->kind == METHOD_ALIAS || m->kind == METHOD_REFINED) {
        if (m->as.alias.target) tr_trace(tracer, (Value)m->as.alias.target);
    } else if (m->kind == METHOD_PROC && m->as.proc.proc && !m->as.proc.proc->owner) {
        tr_trace(tracer, m->as.proc.proc->value);
    }
}

void tr_method_boot(void) {
    static const HeapType method_type = {.name = "Method", .trace = method_trace};
    tr_heap_register_type(TYPE_METHOD, &method_type);
}

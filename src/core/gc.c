/* gc.c - the GC module: what a program may ask of its Ractor's collector. */
#include "core/core.h"

static Value is_measured = TR_TRUE; /* GC.measure_total_time: remembered, the time is always measured */

static Value sym(const char *name) { return tr_value_from_id(tr_intern_cstr(name)); }

MAY_SWITCH MAY_RAISE static Value gc_start(Fiber *f, Value self, const Args *args) {
    (void)self;
    Id names[3] = {tr_intern_cstr("full_mark"), tr_intern_cstr("immediate_mark"), tr_intern_cstr("immediate_sweep")};
    Value given[3] = {TR_UNDEF, TR_UNDEF, TR_UNDEF};
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 3, given, false)) return TR_RAISED;
    tr_heap_collect(f);
    return TR_NIL;
}

static Value gc_enable(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_bool(tr_heap_set_disabled(f->heap, false));
}

static Value gc_disable(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_bool(tr_heap_set_disabled(f->heap, true));
}

static Value gc_stress(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_bool(tr_heap_is_stress(f->heap));
}

static Value gc_set_stress(Fiber *f, Value self, const Args *args) {
    (void)self;
    tr_heap_set_stress(f->heap, tr_is_truthy(args->argv[0]));
    return args->argv[0];
}

/* --- figures --- */

#define STAT_COUNT 14
typedef struct Stat { const char *name; uint64_t value; } Stat;

static void read_stats(Fiber *f, Stat out[STAT_COUNT]) {
    HeapStats s;
    tr_heap_stats(f->heap, &s);
    const Stat stats[STAT_COUNT] = {
        {"count", s.collections},
        {"time", s.collect_time_ns / 1000000},
        {"heap_allocated_pages", s.pages},
        {"heap_live_slots", s.live_objects},
        {"total_allocated_objects", s.allocated_objects},
        {"total_freed_objects", s.freed_objects},
        {"malloc_increase_bytes", s.buffer_bytes},
        {"minor_gc_count", s.minor_collections},
        {"major_gc_count", s.collections - s.minor_collections},
        {"shared_gc_count", s.shared_collections},
        {"heap_page_bytes", s.page_bytes},
        {"buffer_bytes", s.buffer_bytes},
        {"total_buffer_bytes", s.total_buffer_bytes},
        {"total_time_ns", s.collect_time_ns},
    };
    memcpy(out, stats, sizeof stats);
}

MAY_GC MAY_RAISE static Value fill(Fiber *f, Value hash, const Stat *stats, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        Value value = tr_integer_from_uint64(f, stats[i].value);
        if (tr_hash_set_symbol(f, hash, tr_intern_cstr(stats[i].name), value) == TR_RAISED) return TR_RAISED;
    }
    return hash;
}

MAY_SWITCH MAY_RAISE static Value gc_stat(Fiber *f, Value self, const Args *args) {
    (void)self;
    Stat stats[STAT_COUNT];
    read_stats(f, stats);
    Value what = args->argc > 0 ? args->argv[0] : TR_NIL;
    if (tr_is_symbol(what)) {
        const char *name = tr_id_cstr(tr_symbol_id(what));
        for (unsigned i = 0; i < STAT_COUNT; i++)
            if (strcmp(stats[i].name, name) == 0) return tr_integer_from_uint64(f, stats[i].value);
        return tr_raise(f, tr_class.argument_error, "unknown key: %s", name);
    }
    if (what == TR_NIL) what = tr_hash_new(f);
    if (!tr_is_hash(what)) return tr_raise(f, tr_class.type_error, "non-hash or symbol given");
    return fill(f, what, stats, STAT_COUNT);
}

/* By size of slot: one entry for all, as pages are not bound to a size. */
MAY_SWITCH MAY_RAISE static Value gc_stat_heap(Fiber *f, Value self, const Args *args) {
    (void)self;
    HeapStats s;
    tr_heap_stats(f->heap, &s);
    const Stat stats[] = {
        {"slot_size", TR_SLOT_MAX_BYTES}, {"heap_allocated_pages", s.pages}, {"heap_live_slots", s.live_objects},
        {"total_allocated_objects", s.allocated_objects}, {"total_freed_objects", s.freed_objects}};
    Value inner = tr_hash_new(f);
    if (fill(f, inner, stats, sizeof stats / sizeof *stats) == TR_RAISED) return TR_RAISED;
    if (args->argc > 0 && args->argv[0] != TR_NIL) return inner;
    Value outer = tr_hash_new(f);
    return tr_hash_set(f, outer, TR_FIX(0), inner) == TR_RAISED ? TR_RAISED : outer;
}

MAY_GC static Value gc_count(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    HeapStats s;
    tr_heap_stats(f->heap, &s);
    return tr_integer_from_uint64(f, s.collections);
}

MAY_GC static Value gc_total_time(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    HeapStats s;
    tr_heap_stats(f->heap, &s);
    return tr_integer_from_uint64(f, s.collect_time_ns);
}

static Value gc_measure_total_time(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return __atomic_load_n(&is_measured, __ATOMIC_RELAXED);
}

static Value gc_set_measure_total_time(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    __atomic_store_n(&is_measured, tr_bool(tr_is_truthy(args->argv[0])), __ATOMIC_RELAXED);
    return args->argv[0];
}

MAY_SWITCH MAY_RAISE static Value gc_latest_gc_info(Fiber *f, Value self, const Args *args) {
    (void)self;
    HeapStats s;
    tr_heap_stats(f->heap, &s);
    static const char *const names[] = {"major_by", "need_major_by", "gc_by", "have_finalizer", "immediate_sweep", "state"};
    Value values[] = {TR_NIL, TR_NIL, sym("newobj"), TR_FALSE, TR_FALSE, sym("none")};
    Value hash = args->argc > 0 && tr_is_hash(args->argv[0]) ? args->argv[0] : tr_hash_new(f);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (args->argc > 0 && args->argv[0] == sym(names[i])) return values[i];
        if (tr_hash_set_symbol(f, hash, tr_intern_cstr(names[i]), values[i]) == TR_RAISED) return TR_RAISED;
    }
    if (args->argc > 0 && tr_is_symbol(args->argv[0]))
        return tr_raise(f, tr_class.argument_error, "unknown key: %s", tr_id_cstr(tr_symbol_id(args->argv[0])));
    return hash;
}

MAY_SWITCH MAY_RAISE static Value gc_config(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->argc > 0 && !tr_is_hash(args->argv[0])) return tr_raise(f, tr_class.argument_error, "ArgumentError");
    Value hash = tr_hash_new(f);
    if (tr_hash_set_symbol(f, hash, tr_intern_cstr("rgengc_allow_full_mark"), TR_TRUE) == TR_RAISED) return TR_RAISED;
    Value name = tr_string_interned(f, "troupe", 6, ENCODING_UTF8);
    return tr_hash_set_symbol(f, hash, tr_intern_cstr("implementation"), name) == TR_RAISED ? TR_RAISED : hash;
}

/* Objects never move, so a compaction is a collection after which nothing has moved. */
MAY_SWITCH MAY_RAISE static Value gc_compact(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    tr_heap_collect(f);
    static const char *const names[] = {"considered", "moved", "moved_up", "moved_down"};
    Value info = tr_hash_new(f);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (tr_hash_set_symbol(f, info, tr_intern_cstr(names[i]), tr_hash_new(f)) == TR_RAISED) return TR_RAISED;
    return info;
}

static Value gc_auto_compact(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FALSE;
}

MAY_GC MAY_RAISE static Value gc_set_auto_compact(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (!tr_is_truthy(args->argv[0])) return args->argv[0];
    return tr_raise(f, tr_class.not_implemented_error, "Automatic compaction isn't available: objects never move");
}

static const MethodDef gc_methods[] = {
    {"garbage_collect", gc_start, ARITY(0, 0), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef gc_singleton_methods[] = {
    {"start", gc_start, ARITY(0, 0), METHOD_KEYWORDS},
    {"enable", gc_enable, ARITY(0, 0), 0},
    {"disable", gc_disable, ARITY(0, 0), 0},
    {"stress", gc_stress, ARITY(0, 0), 0},
    {"stress=", gc_set_stress, ARITY(1, 1), 0},
    {"count", gc_count, ARITY(0, 0), 0},
    {"stat", gc_stat, ARITY(0, 1), 0},
    {"stat_heap", gc_stat_heap, ARITY(0, 2), 0},
    {"total_time", gc_total_time, ARITY(0, 0), 0},
    {"measure_total_time", gc_measure_total_time, ARITY(0, 0), 0},
    {"measure_total_time=", gc_set_measure_total_time, ARITY(1, 1), 0},
    {"latest_gc_info", gc_latest_gc_info, ARITY(0, 1), 0},
    {"config", gc_config, ARITY(0, 1), 0},
    {"compact", gc_compact, ARITY(0, 0), 0},
    {"latest_compact_info", gc_compact, ARITY(0, 0), 0},
    {"verify_compaction_references", gc_compact, ARITY_REST(0), 0},
    {"auto_compact", gc_auto_compact, ARITY(0, 0), 0},
    {"auto_compact=", gc_set_auto_compact, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_GC void gc_init(Fiber *f) {
    Value constants = tr_hash_new(f);
    Value set = tr_hash_set_symbol(f, constants, tr_intern_cstr("HEAP_PAGE_SIZE"), TR_FIX(TR_PAGE_BYTES));
    TR_CHECK(set != TR_RAISED);
    set = tr_hash_set_symbol(f, constants, tr_intern_cstr("RVARGC_MAX_ALLOCATE_SIZE"), TR_FIX(TR_SLOT_MAX_BYTES));
    TR_CHECK(set != TR_RAISED);
    tr_freeze(f, constants);
    tr_const_define(f, tr_class.gc, "INTERNAL_CONSTANTS", constants);
    Value options = tr_array_new(f, 0);
    tr_freeze(f, options);
    tr_const_define(f, tr_class.gc, "OPTS", options);
}

const ClassDef tr_gc_def = {.klass = &tr_class.gc, .methods = gc_methods, .singleton_methods = gc_singleton_methods,
                            .init = gc_init};

/* enumerator.c - Enumerator (internal iteration), Generator, Yielder, Kernel#to_enum, and the primitives
 * under Enumerable.
 *
 * The rest is Ruby: enumerator.rb (with_index, Chain, Product, produce, ArithmeticSequence), enumerable.rb
 * and lazy.rb. They iterate through `__each`, which yields one value whatever `each` yields: nil for none, an
 * Array for several.
 */
#include <string.h>

#include "core/enumerator.h"

#define ARG(i) (args->argv[i])

static void trace_enumerator(Tracer *tracer, Value object) {
    Enumerator *e = tr_enumerator_of(object);
    tr_trace_range(tracer, &e->receiver, 9);
}

const DataType tr_enumerator_type = {
    .name = "enumerator",
    .bytes = sizeof(Enumerator),
    .trace = trace_enumerator,
};

static MAY_GC Value enumerator_alloc(Fiber *f, Class *klass) {
    Enumerator *e = tr_data_alloc(f, &tr_enumerator_type, klass);
    e->receiver = e->ahead = e->fed = TR_UNDEF;
    e->arguments = e->keywords = e->size = e->state = e->fiber = e->stop = TR_NIL;
    e->method = TR_ID_each;
    return (Value)e;
}

Enumerator *tr_enumerator_get(Fiber *f, Value self) {
    Enumerator *e = tr_enumerator_of(self);
    if (e->receiver != TR_UNDEF) return e;
    (void)!tr_raise(f, tr_class.argument_error, "uninitialized enumerator");
    return NULL;
}

Value tr_pack_values(Fiber *f, int argc, const Value *argv) {
    return argc == 0 ? TR_NIL : argc == 1 ? argv[0] : tr_array_new_from(f, (size_t)argc, argv);
}

static MAY_GC Value make(Fiber *f, Class *klass, Value receiver, Id method, int argc, const Value *argv,
                         Value keywords) {
    Value self = enumerator_alloc(f, klass);
    Enumerator *e = tr_enumerator_of(self);
    tr_write(self, &e->receiver, receiver);
    e->method = method;
    if (argc > 0) tr_write(self, &e->arguments, tr_array_new_from(f, (size_t)argc, argv));
    tr_write(self, &e->keywords, keywords);
    return self;
}

Value tr_enumerator(Fiber *f, Value self, const Args *args, EnumSizeFn size) {
    Value enumerator =
        make(f, tr_class.enumerator, self, tr_current_method_id(f), args->argc, args->argv, args->keywords);
    tr_enumerator_of(enumerator)->size_fn = size;
    return enumerator;
}

/* to_enum(method = :each, *args, **keywords) { size } */
static MAY_SWITCH MAY_RAISE Value kernel_to_enum(Fiber *f, Value self, const Args *args) {
    Id method = TR_ID_each;
    if (args->argc > 0 && !(method = tr_to_id(f, ARG(0)))) return TR_RAISED;
    int count = args->argc > 0 ? args->argc - 1 : 0;
    Value enumerator = make(f, tr_is_kind_of(self, tr_class.lazy) ? tr_class.lazy : tr_class.enumerator, self,
                            method, count, args->argv + 1, args->keywords);
    if (tr_block_is_given(args->block)) {
        Value proc = tr_block_to_proc(f, args->block);
        if (proc == TR_RAISED) return TR_RAISED;
        tr_write(enumerator, &tr_enumerator_of(enumerator)->size, proc);
    }
    return enumerator;
}

/* --- running --- */

static MAY_SWITCH MAY_RAISE Value call_with(Fiber *f, Value receiver, Id method, Value arguments,
                                            Value keywords, Block block) {
    size_t count = arguments == TR_NIL ? 0 : tr_array_count(arguments);
    Value result = tr_call_full(f, receiver, method, (int)count, count ? tr_array(arguments)->items : NULL,
                                block, keywords, false);
    TR_KEEP(arguments);
    return result;
}

Value tr_enumerator_run(Fiber *f, Value self, Block block) {
    Enumerator *e = tr_enumerator_get(f, self);
    if (!e) return TR_RAISED;
    return call_with(f, e->receiver, e->method, e->arguments, e->keywords, block);
}

/* A copy with more arguments. */
static MAY_GC Value with_arguments(Fiber *f, Value self, const Args *args) {
    Enumerator *e = tr_enumerator_of(self);
    Value arguments =
        e->arguments == TR_NIL ? tr_array_new(f, (size_t)args->argc) : tr_array_dup(f, e->arguments);
    if (tr_is_raised(tr_array_append(f, arguments, args->argv, (size_t)args->argc))) return TR_RAISED;
    Value copy = make(f, tr_real_class_of(self), e->receiver, e->method, 0, NULL, e->keywords);
    tr_write(copy, &tr_enumerator_of(copy)->arguments, arguments);
    tr_write(copy, &tr_enumerator_of(copy)->state, e->state);
    return copy;
}

static MAY_SWITCH MAY_RAISE Value enumerator_each(Fiber *f, Value self, const Args *args) {
    if (!tr_enumerator_get(f, self)) return TR_RAISED;
    if (args->argc > 0) {
        self = with_arguments(f, self, args);
        if (self == TR_RAISED) return TR_RAISED;
    }
    return tr_block_is_given(args->block) ? tr_enumerator_run(f, self, args->block) : self;
}

static MAY_SWITCH MAY_RAISE Value enumerator_size(Fiber *f, Value self, const Args *args) {
    (void)args;
    Enumerator *e = tr_enumerator_get(f, self);
    if (!e) return TR_RAISED;
    size_t count = e->arguments == TR_NIL ? 0 : tr_array_count(e->arguments);
    const Value *arguments = count ? tr_array(e->arguments)->items : NULL;
    if (e->size_fn) {
        Args given = {(int)count, arguments, TR_NIL, e->keywords};
        return e->size_fn(f, e->receiver, &given);
    }
    if (tr_is_immediate(e->size) || tr_is_integer(e->size) || tr_is_float(e->size)) return e->size;
    Value size = tr_call_if_responds(f, e->size, TR_ID_call, (int)count, arguments);
    return size == TR_UNDEF ? e->size : size;
}

static MAY_SWITCH MAY_RAISE Value enumerator_initialize(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (!tr_block_is_given(args->block))
        return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED) return TR_RAISED;
    Value size = args->argc > 0 ? ARG(0) : TR_NIL;
    if (size != TR_NIL && !tr_is_float(size)) {
        int callable = tr_is_integer(size) ? 0 : tr_responds_to(f, size, TR_ID_call, false);
        if (callable < 0) return TR_RAISED;
        if (!callable) size = tr_to_int(f, size);
        if (size == TR_RAISED) return TR_RAISED;
    }
    Value generator = tr_class.generator->alloc(f, tr_class.generator);
    tr_write(generator, &tr_enumerator_of(generator)->receiver, proc);
    tr_write(self, &tr_enumerator_of(self)->receiver, generator);
    tr_write(self, &tr_enumerator_of(self)->size, size);
    tr_enumerator_of(self)->method = TR_ID_each;
    return self;
}

static MAY_GC MAY_RAISE Value enumerator_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (self == ARG(0)) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (!tr_data_is(ARG(0), &tr_enumerator_type))
        return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    Enumerator *to = tr_enumerator_of(self), *from = tr_enumerator_get(f, ARG(0));
    if (!from) return TR_RAISED;
    if (from->fiber != TR_NIL) return tr_raise(f, tr_class.type_error, "can't copy execution context");
    to->receiver = from->receiver;
    to->arguments = from->arguments;
    to->keywords = from->keywords;
    to->size = from->size;
    to->state = from->state;
    to->size_fn = from->size_fn;
    to->method = from->method;
    tr_write_many(self);
    return self;
}

/* --- inspect --- */

static MAY_SWITCH MAY_RAISE bool append_inspected(Fiber *f, Value text, Value v) {
    Value shown = tr_inspect(f, v);
    return shown != TR_RAISED && !tr_is_raised(tr_string_append(f, text, shown));
}

static MAY_SWITCH MAY_RAISE bool append_call(Fiber *f, Value text, Id method, Value arguments,
                                             Value keywords) {
    const IdName *name = tr_id_name(method);
    if (tr_is_raised(tr_string_append_bytes(f, text, ":", 1)) ||
        tr_is_raised(tr_string_append_bytes(f, text, name->bytes, name->size)))
        return false;
    size_t count = arguments == TR_NIL ? 0 : tr_array_count(arguments);
    bool has_keywords = keywords != TR_NIL && tr_hash_count(keywords) > 0;
    if (count == 0 && !has_keywords) return true;
    if (tr_is_raised(tr_string_append_bytes(f, text, "(", 1))) return false;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && tr_is_raised(tr_string_append_bytes(f, text, ", ", 2))) return false;
        if (!append_inspected(f, text, tr_array_at(arguments, i))) return false;
    }
    size_t position = 0;
    Value key, value;
    while (has_keywords && tr_hash_next(keywords, &position, &key, &value)) {
        if ((count > 0 || position > 1) && tr_is_raised(tr_string_append_bytes(f, text, ", ", 2)))
            return false;
        Value label = tr_to_s(f, key);
        if (label == TR_RAISED || tr_is_raised(tr_string_append(f, text, label)) ||
            tr_is_raised(tr_string_append_bytes(f, text, ": ", 2)) || !append_inspected(f, text, value))
            return false;
    }
    return !tr_is_raised(tr_string_append_bytes(f, text, ")", 1));
}

static MAY_SWITCH MAY_RAISE Value inspect_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    Enumerator *e = tr_enumerator_of(self);
    Value text = tr_string_new_cstr(f, "#<");
    if (tr_is_raised(tr_string_append(f, text, tr_class_path(f, tr_real_class_of(self))))) return TR_RAISED;
    if (tr_is_raised(tr_string_append_cstr(f, text, ": "))) return TR_RAISED;
    if (is_recursive) return tr_string_append_cstr(f, text, "...>");
    if (e->receiver == TR_UNDEF) return tr_string_append_cstr(f, text, "uninitialized>");
    bool is_lazy = tr_is_array(e->state) && tr_is_kind_of(self, tr_class.lazy);
    if (!append_inspected(f, text, is_lazy ? tr_array_at(e->state, 0) : e->receiver)) return TR_RAISED;
    bool is_compound = tr_is_kind_of(self, tr_class.enum_chain) || tr_is_kind_of(self, tr_class.enum_product);
    if (is_compound) return tr_string_append_bytes(f, text, ">", 1);
    if (!is_lazy) {
        if (!append_call(f, text, e->method, e->arguments, e->keywords)) return TR_RAISED;
    } else if (tr_array_at(e->state, 1) != TR_NIL) {
        Id name = tr_symbol_id(tr_array_at(e->state, 1));
        if (!append_call(f, text, name, tr_array_at(e->state, 2), TR_NIL)) return TR_RAISED;
    }
    return tr_string_append_bytes(f, text, ">", 1);
}

static MAY_SWITCH MAY_RAISE Value enumerator_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_recursion_guard(f, TR_ID_inspect, self, TR_UNDEF, inspect_guarded, TR_NIL);
}

/* --- for the parts in Ruby --- */

static Value enumerator_state(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_enumerator_of(self)->state;
}

/* __setup(receiver, method, size, state): what initialize does for the subclasses. */
static Value enumerator_setup(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Enumerator *e = tr_enumerator_of(self);
    tr_write(self, &e->receiver, ARG(0));
    e->method = tr_symbol_id(ARG(1));
    tr_write(self, &e->size, ARG(2));
    tr_write(self, &e->state, ARG(3));
    return self;
}

static Value enumerator_is_set_up(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_enumerator_of(self)->receiver != TR_UNDEF);
}

static Value enumerator_is_running(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_enumerator_of(self)->fiber != TR_NIL);
}

/* ArithmeticSequence has no allocator that Ruby sees. */
static MAY_GC Value sequence_s_allocate(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return enumerator_alloc(f, tr_class.arithmetic_sequence);
}

/* a <=> b as -1, 0 or 1, or an ArgumentError. */
static MAY_SWITCH MAY_RAISE Value enumerable_s_order(Fiber *f, Value self, const Args *args) {
    (void)self;
    int order;
    return tr_compare_strict(f, ARG(0), ARG(1), &order) ? TR_FIX(order) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value enumerable_enum_size(Fiber *f, Value self, const Args *args);

/* The block under __each: packs what it gets for the block in `data` (a block handler, which is no Value
 * unless a Proc). */
static MAY_SWITCH MAY_RAISE Value yield_packed(Fiber *f, Value data, const Args *args) {
    return tr_yield1(f, (Block)data, tr_pack_values(f, args->argc, args->argv));
}

/* The block to hand to a method that may keep it beyond this call: a Proc then. The built-in `each` and its kin do not;
 * chunk, define_method and others do. */
static MAY_GC MAY_RAISE Value lasting_block(Fiber *f, Value receiver, Id method, Block block) {
    bool is_each = method == TR_ID_each || strncmp(tr_id_cstr(method), "each_", 5) == 0;
    return is_each && tr_method_is_basic(receiver, method) ? (Value)block : tr_block_to_proc(f, block);
}

static MAY_SWITCH MAY_RAISE Value run_packed(Fiber *f, Value receiver, Id method, Value arguments,
                                             Value keywords, Block block) {
    Value data = lasting_block(f, receiver, method, block);
    if (data == TR_RAISED) return TR_RAISED;
    CBlock packing = {.captured = f->frame->captured, .fn = yield_packed, .data = data, .min = 0, .max = -1};
    packing.captured.iseq = NULL;
    Value result = call_with(f, receiver, method, arguments, keywords, tr_block_from_c(&packing));
    TR_KEEP(data);
    return result;
}

/* __each(*args) { |value| … }: each with one value per step. */
static MAY_SWITCH MAY_RAISE Value enumerable_each_packed(Fiber *f, Value self, const Args *args) {
    Value arguments = args->argc > 0 ? tr_array_new_from(f, (size_t)args->argc, args->argv) : TR_NIL;
    return run_packed(f, self, TR_ID_each, arguments, args->keywords, args->block);
}

static MAY_SWITCH MAY_RAISE Value enumerator_each_packed(Fiber *f, Value self, const Args *args) {
    Enumerator *e = tr_enumerator_get(f, self);
    if (!e) return TR_RAISED;
    if (args->argc > 0 || !tr_method_is_basic(self, TR_ID_each)) return enumerable_each_packed(f, self, args);
    return run_packed(f, e->receiver, e->method, e->arguments, e->keywords, args->block);
}

/* data: [block handler, result] */
static MAY_SWITCH MAY_RAISE Value map_step(Fiber *f, Value data, const Args *args) {
    Value item = tr_yield(f, (Block)tr_array_at(data, 0), args->argc, args->argv);
    if (item == TR_RAISED || tr_is_raised(tr_array_push(f, tr_array_at(data, 1), item))) return TR_RAISED;
    return TR_NIL;
}

/* In C because the block gets several values as they come. */
static MAY_SWITCH MAY_RAISE Value enumerable_map(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, enumerable_enum_size);
    Value block = lasting_block(f, self, TR_ID_each, args->block);
    if (block == TR_RAISED) return TR_RAISED;
    Value result = tr_array_new(f, 0), data = tr_array_new_values(f, 2, block, result);
    /* Its arity is the given block's: Hash#each then makes no pairs for |key, value|. */
    int arity = tr_block_arity(args->block);
    CBlock mapping = {.captured = f->frame->captured, .fn = map_step, .data = data, .min = 0, .max = -1};
    mapping.captured.iseq = NULL;
    if (arity > 1) mapping.min = mapping.max = arity;
    Value done = tr_call_full(f, self, TR_ID_each, 0, NULL, tr_block_from_c(&mapping), TR_NIL, false);
    TR_KEEP(data);
    return done == TR_RAISED ? TR_RAISED : result;
}

/* What `size` says, nil if there is no such method. */
static MAY_SWITCH MAY_RAISE Value enumerable_enum_size(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value size = tr_call_if_responds(f, self, TR_ID_size, 0, NULL);
    return size == TR_UNDEF ? TR_NIL : size;
}

/* Whether the receiver runs the built-in method of that name. */
static MAY_GC Value object_is_basic(Fiber *f, Value self, const Args *args) {
    (void)f;
    return tr_bool(tr_method_is_basic(self, tr_symbol_id(ARG(0))));
}

/* --- Generator and Yielder: receiver is the Proc --- */

static MAY_SWITCH MAY_RAISE Value generator_initialize(Fiber *f, Value self, const Args *args) {
    Value proc = args->argc > 0 ? ARG(0) : TR_NIL;
    if (args->argc > 0 && !tr_is_type(proc, TYPE_PROC))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Proc)",
                        tr_real_class_of(proc));
    if (args->argc == 0) {
        if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.local_jump_error, "no block given");
        proc = tr_block_to_proc(f, args->block);
        if (proc == TR_RAISED) return TR_RAISED;
    }
    tr_write(self, &tr_enumerator_of(self)->receiver, proc);
    return self;
}

static MAY_SWITCH MAY_RAISE Value generator_each(Fiber *f, Value self, const Args *args) {
    if (tr_enumerator_of(self)->receiver == TR_UNDEF)
        return tr_raise(f, tr_class.argument_error, "uninitialized generator");
    Value block = tr_block_to_proc(f, args->block);
    if (block == TR_RAISED) return TR_RAISED;
    Value yielder = enumerator_alloc(f, tr_class.yielder);
    tr_write(yielder, &tr_enumerator_of(yielder)->receiver, block);
    Value all = tr_array_new_from(f, 1, &yielder);
    if (tr_is_raised(tr_array_append(f, all, args->argv, (size_t)args->argc))) return TR_RAISED;
    Value result = tr_proc_call(f, tr_enumerator_of(self)->receiver, args->argc + 1, tr_array(all)->items);
    TR_KEEP(all);
    return result;
}

static MAY_GC MAY_RAISE Value yielder_initialize(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.local_jump_error, "no block given");
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED) return TR_RAISED;
    tr_write(self, &tr_enumerator_of(self)->receiver, proc);
    return self;
}

static MAY_SWITCH MAY_RAISE Value yielder_yield(Fiber *f, Value self, const Args *args) {
    Value proc = tr_enumerator_of(self)->receiver;
    if (proc == TR_UNDEF) return tr_raise(f, tr_class.argument_error, "uninitialized yielder");
    if (proc == TR_NIL) return tr_raise(f, tr_class.local_jump_error, "no block given (yield)");
    return tr_yield(f, tr_block_from_proc(proc), args->argc, args->argv);
}

static MAY_SWITCH MAY_RAISE Value yielder_push(Fiber *f, Value self, const Args *args) {
    return yielder_yield(f, self, args) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH MAY_RAISE Value yielder_proc_body(Fiber *f, Value self, const Args *args) {
    return yielder_yield(f, self, args);
}

static MAY_GC Value yielder_to_proc(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_proc_from_c(f, yielder_proc_body, self, 0, -1, true);
}

/* --- slices of arrays by arithmetic sequences --- */

/* As tr_range_bounds. With a step beyond ±1 whatever does not lie within is a RangeError. */
int tr_arithmetic_sequence_bounds(Fiber *f, Value v, int64_t length, int64_t *start, int64_t *count,
                                  int64_t *step) {
    if (!tr_data_is(v, &tr_enumerator_type) || !tr_is_kind_of(v, tr_class.arithmetic_sequence)) return -2;
    Value state = tr_enumerator_of(v)->state, begin = tr_array_at(state, 0), end = tr_array_at(state, 1);
    bool excludes_end = tr_array_at(state, 3) == TR_TRUE;
    if (!tr_to_long(f, tr_array_at(state, 2), step)) return -1;
    if (*step < 0) {
        if (excludes_end && end != TR_NIL) {
            end = tr_integer_add(f, end, TR_FIX(1));
            if (end == TR_RAISED) return -1;
            excludes_end = false;
        }
        Value swapped = begin;
        begin = end;
        end = swapped;
    }
    bool is_strict = *step < -1 || *step > 1;
    int outcome =
        tr_range_component_bounds(f, v, begin, end, excludes_end, length, start, count, is_strict ? 2 : 0);
    if (outcome != 1 || !is_strict) return outcome;
    if (*start > length || *count > length) {
        Value text = tr_inspect(f, v);
        if (text != TR_RAISED) (void)!tr_raise(f, tr_class.range_error, "%pV out of range", text);
        return -1;
    }
    if (*count > length - *start) *count = length - *start;
    return 1;
}

/* --- tables --- */

static const MethodDef enumerator_methods[] = {
    {"initialize", enumerator_initialize, ARITY(0, 1), METHOD_PRIVATE},
    {"initialize_copy", enumerator_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"each", enumerator_each, ARITY_REST(0), 0},
    {"size", enumerator_size, ARITY(0, 0), 0},
    {"inspect", enumerator_inspect, ARITY(0, 0), 0},
    {"to_s", enumerator_inspect, ARITY(0, 0), 0},
    {"__each", enumerator_each_packed, ARITY_REST(0), METHOD_PRIVATE},
    {"__state", enumerator_state, ARITY(0, 0), METHOD_PRIVATE},
    {"__setup", enumerator_setup, ARITY(4, 4), METHOD_PRIVATE},
    {"__set_up?", enumerator_is_set_up, ARITY(0, 0), METHOD_PRIVATE},
    {"__running?", enumerator_is_running, ARITY(0, 0), METHOD_PRIVATE},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef kernel_methods[] = {
    {"to_enum", kernel_to_enum, ARITY_REST(0), METHOD_KEYWORDS},
    {"enum_for", kernel_to_enum, ARITY_REST(0), METHOD_KEYWORDS},
    {"__basic?", object_is_basic, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef enumerable_methods[] = {
    {"__each", enumerable_each_packed, ARITY_REST(0), METHOD_PRIVATE | METHOD_KEYWORDS},
    {"map", enumerable_map, ARITY(0, 0), 0},
    {"collect", enumerable_map, ARITY(0, 0), 0},
    {"__enum_size", enumerable_enum_size, ARITY(0, 0), METHOD_PRIVATE},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef generator_methods[] = {
    {"initialize", generator_initialize, ARITY(0, 1), METHOD_PRIVATE},
    {"initialize_copy", enumerator_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"each", generator_each, ARITY_REST(0), 0},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef yielder_methods[] = {
    {"initialize", yielder_initialize, ARITY(0, 0), METHOD_PRIVATE},
    {"yield", yielder_yield, ARITY_REST(0), 0},
    {"<<", yielder_push, ARITY(1, 1), 0},
    {"to_proc", yielder_to_proc, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_SWITCH void init_enumerator(Fiber *f) {
    if (tr_is_raised(tr_module_include(f, tr_class.enumerator, tr_class.enumerable)))
        (void)tr_rescue(f, NULL);
    tr_define_methods(f, tr_class.enumerator, tr_enumerator_external_methods);
    tr_define_methods(f, tr_class.kernel, kernel_methods);
    tr_define_methods(f, tr_class.enumerable, enumerable_methods);
    tr_define_singleton_method(f, (Value)tr_class.enumerable, "__order", enumerable_s_order, 2, 2, 0);
    tr_define_singleton_method(f, (Value)tr_class.arithmetic_sequence, "__allocate", sequence_s_allocate, 0,
                               0, METHOD_PRIVATE);
    tr_class.arithmetic_sequence->alloc = NULL;
    Class *subclasses[] = {tr_class.lazy, tr_class.enum_chain, tr_class.enum_product};
    for (size_t i = 0; i < sizeof subclasses / sizeof subclasses[0]; i++) {
        subclasses[i]->alloc = enumerator_alloc;
        subclasses[i]->instance_type = TYPE_DATA;
    }
}

static MAY_SWITCH void init_generator(Fiber *f) {
    if (tr_is_raised(tr_module_include(f, tr_class.generator, tr_class.enumerable))) (void)tr_rescue(f, NULL);
}

const ClassDef tr_enumerator_class_def = {
    &tr_class.enumerator, enumerator_methods, NULL, enumerator_alloc, false, TYPE_DATA, init_enumerator,
};
const ClassDef tr_generator_class_def = {
    &tr_class.generator, generator_methods, NULL, enumerator_alloc, false, TYPE_DATA, init_generator,
};
const ClassDef tr_yielder_class_def = {
    &tr_class.yielder, yielder_methods, NULL, enumerator_alloc, false, TYPE_DATA, NULL,
};

/* refinement.c - Module#refine, using, and the class Refinement. */
#include "core/module_internal.h"
#include "vm/refinement.h"

static inline Class *module_of(Value v) { return (Class *)v; }

/* Module#refine(class) { … } -> Refinement */
static MAY_SWITCH Value module_refine(Fiber *f, Value self, const Args *args) {
    Value of = args->argv[0];
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.argument_error, "no block given");
    if (!tr_is_module(of))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Class or Module)", tr_real_class_of(of));
    Class *refinement = tr_refinement_of(f, module_of(self), module_of(of));
    Value block = tr_block_to_proc(f, args->block), inside = (Value)refinement;
    if (block == TR_RAISED) return TR_RAISED;
    return tr_yield_under(f, block, inside, refinement, 0, NULL, TR_NIL) == TR_RAISED ? TR_RAISED : inside;
}

MAY_SWITCH MAY_RAISE Value tr_module_using(Fiber *f, Value module) {
    if (!tr_is_type(module, TYPE_MODULE))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Module)", tr_real_class_of(module));
    if (module_of(module)->flags & CLASS_REFINEMENT)
        return tr_raise(f, tr_class.argument_error, "refinement module is not allowed");
    Cref *scope = tr_caller_scope(f);
    if (scope) tr_refinements_use(scope, module_of(module));
    return TR_NIL;
}

static MAY_SWITCH Value module_using(Fiber *f, Value self, const Args *args) {
    const Cref *scope = tr_caller_scope(f);
    if (!scope) return tr_raise(f, tr_class.runtime_error, "Module#using is not permitted in methods");
    if (scope->klass != module_of(self)) return tr_raise(f, tr_class.runtime_error, "Module#using is not called on self");
    return tr_module_using(f, args->argv[0]) == TR_RAISED ? TR_RAISED : self;
}

static MAY_GC MAY_RAISE Value in_order(Fiber *f, const RefinementList *list) {
    Value array = tr_array_new(f, 0);
    for (; list; list = list->next)
        if (tr_array_push(f, array, (Value)list->refinement) == TR_RAISED) return TR_RAISED;
    return array;
}

static MAY_SWITCH Value module_refinements(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value newest_first = in_order(f, module_of(self)->refinements);
    return newest_first == TR_RAISED ? TR_RAISED : tr_call(f, newest_first, TR_ID_reverse, 0);
}

static MAY_GC Value module_s_used_refinements(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return in_order(f, tr_refinements_active(tr_caller_cref(f)));
}

static MAY_SWITCH Value module_s_used_modules(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Value array = tr_array_new(f, 0);
    for (const RefinementList *list = tr_refinements_active(tr_caller_cref(f)); list; list = list->next) {
        Value module = (Value)list->refinement->includer;
        int included = tr_array_includes(f, array, module);
        if (included < 0 || (!included && tr_array_push(f, array, module) == TR_RAISED)) return TR_RAISED;
    }
    return array;
}

static Value refinement_target(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return (Value)module_of(self)->module;
}

static MAY_GC MAY_RAISE Value refinement_refuse(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_raise(f, tr_class.type_error, "Refinement#%pI has been removed", tr_current_method_id(f));
}

/* Refinement#import_methods(module, …): copies of their Ruby methods, for which the refinements here are active. */
static MAY_SWITCH Value refinement_import_methods(Fiber *f, Value self, const Args *args) {
    for (int i = 0; i < args->argc; i++) {
        if (!tr_is_type(args->argv[i], TYPE_MODULE))
            return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Module)",
                            tr_real_class_of(args->argv[i]));
        Id mid;
        void *entry;
        for (uint32_t n = 0; tr_id_table_next(&module_of(args->argv[i])->methods, &n, &mid, &entry);) {
            const Method *method = tr_method_own(module_of(args->argv[i]), mid);
            if (!method) continue;
            if (method->kind != METHOD_ISEQ)
                return tr_raise(f, tr_class.argument_error,
                                "Can't import method which is not defined with Ruby code: %pC#%pI",
                                module_of(args->argv[i]), mid);
            Method *copy = tr_method_copy(f, module_of(self), method);
            copy->owner = copy->defined_class = module_of(self);
            const Cref *from = method->as.ruby.cref;
            Cref *cref = tr_class_alloc_part(f, module_of(self), sizeof *cref, TYPE_CREF);
            cref->klass = from ? from->klass : tr_class.object;
            cref->next = from ? from->next : NULL;
            tr_refinements_activate_own(cref, module_of(self));
            copy->as.ruby.cref = cref;
            if (tr_method_add_checked(f, module_of(self), copy) == TR_RAISED) return TR_RAISED;
        }
    }
    return self;
}

static MAY_GC Value refuse(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_raise(f, tr_class.type_error, "Refinement#%pI has been removed", tr_current_method_id(f));
}

static const MethodDef module_methods[] = {
    {"refine", module_refine, ARITY(1, 1), METHOD_PRIVATE},
    {"using", module_using, ARITY(1, 1), METHOD_PRIVATE},
    {"refinements", module_refinements, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef module_singleton_methods[] = {
    {"used_modules", module_s_used_modules, ARITY(0, 0), 0},
    {"used_refinements", module_s_used_refinements, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef refinement_methods[] = {
    {"target", refinement_target, ARITY(0, 0), METHOD_LEAF},
    {"import_methods", refinement_import_methods, ARITY_REST(1), METHOD_PRIVATE},
    {"include", refinement_refuse, ARITY_REST(1), METHOD_PRIVATE},
    {"prepend", refinement_refuse, ARITY_REST(1), METHOD_PRIVATE},
    {"append_features", refuse, ARITY(1, 1), METHOD_PRIVATE},
    {"prepend_features", refuse, ARITY(1, 1), METHOD_PRIVATE},
    {"extend_object", refuse, ARITY(1, 1), METHOD_PRIVATE},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_module_refine_def = {.klass = &tr_class.module, .methods = module_methods,
                                       .singleton_methods = module_singleton_methods};
const ClassDef tr_refinement_def = {.klass = &tr_class.refinement, .methods = refinement_methods, .no_alloc = true};

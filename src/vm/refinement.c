/* refinement.c - see refinement.h. */
#include "vm/refinement.h"

#include <stdlib.h>

#include "vm/interp.h"

const RefinementList *tr_refinements_active(const Cref *cref) {
    for (; cref; cref = cref->next)
        if (cref->refinements) return cref->refinements;
    return NULL;
}

static RefinementList *push(Class *refinement, const RefinementList *next) {
    RefinementList *node = malloc(sizeof *node);
    TR_CHECK(node != NULL);
    node->refinement = refinement;
    node->next = (RefinementList *)next;
    return node;
}

static MAY_GC const CallCache *find_from(Fiber *f, Class *klass, Id mid, bool past_library) {
    const CallCache *found = tr_method_find(klass, mid);
    if (TR_LIKELY(!found->is_refined)) return found;
    const Frame *frame = f->frame;
    while (frame && (!frame->iseq || (past_library && frame->iseq->is_internal))) frame = frame->prev;
    const RefinementList *active = frame ? tr_refinements_active(tr_ep_cref(f, frame->captured.ep)) : NULL;
    return active ? tr_method_find_refined(active, klass, mid) : found;
}

MAY_GC const CallCache *tr_method_find_for_caller(Fiber *f, Class *klass, Id mid) { return find_from(f, klass, mid, false); }
MAY_GC const CallCache *tr_method_find_for_symbol(Fiber *f, Class *klass, Id mid) { return find_from(f, klass, mid, true); }

MAY_GC Class *tr_refinement_of(Fiber *f, Class *module, Class *klass) {
    for (const RefinementList *r = module->refinements; r; r = r->next)
        if (r->refinement->module == klass) return r->refinement;
    Class *made = tr_module_new(f);
    made->h.klass = tr_class.refinement;
    made->module = klass;
    made->includer = module;
    made->flags |= CLASS_REFINEMENT;
    tr_structure_lock();
    module->refinements = push(made, module->refinements);
    tr_structure_unlock();
    return made;
}

static const RefinementList *add_all(const RefinementList *to, const RefinementList *from) {
    return from ? push(from->refinement, add_all(to, from->next)) : to;
}

static void activate(Cref *cref, const RefinementList *list) {
    cref->refinements = (RefinementList *)add_all(tr_refinements_active(cref), list);
}

void tr_refinements_activate_own(Cref *cref, Class *refinement) { activate(cref, refinement->includer->refinements); }

void tr_refinements_use(Cref *cref, const Class *module) {
    if (!module) return;
    tr_refinements_use(cref, atomic_load_explicit(&module->super, memory_order_acquire)); /* the nearest comes last */
    if (module->methods_of) activate(cref, module->methods_of->refinements);
}

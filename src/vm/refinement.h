/* refinement.h - methods that a class has only for code under `using`.
 *
 * A refinement is a module of its own. For each of its names the refined class's table gets a METHOD_REFINED entry around
 * its own method; a lookup that meets one marks its CallCache is_refined, and only then does a call site look at the
 * refinements of its scope. So programs without refinements pay nothing, and those with them nothing for other names.
 *
 * What is active in a scope is an immutable list, newest first, that the scope's Cref points to; answers found with it are
 * cached under it.
 */
#ifndef TR_VM_REFINEMENT_H
#define TR_VM_REFINEMENT_H

#include "vm/vm.h"

typedef struct RefinementList {
    Class *refinement;
    struct RefinementList *next; /* a list, once published, lives for ever */
} RefinementList;

/* The refinements that are active for code of this scope; NULL: none. */
const RefinementList *tr_refinements_active(const Cref *cref);
/* The answer under these refinements; never NULL. */
MAY_GC const CallCache *tr_method_find_refined(const RefinementList *active, Class *klass, Id mid);
/* As tr_method_find, for the innermost Ruby frame: send, method, respond_to?. For a Symbol as block, it is the
 * innermost that is not of the core library (which yields to it). */
MAY_GC const CallCache *tr_method_find_for_caller(Fiber *f, Class *klass, Id mid);
MAY_GC const CallCache *tr_method_find_for_symbol(Fiber *f, Class *klass, Id mid);

/* `refine klass` in module: the refinement, made when it is the first time. */
MAY_GC Class *tr_refinement_of(Fiber *f, Class *module, Class *klass);
/* The scope under which a refinement's body runs: all of its module are active. */
void tr_refinements_activate_own(Cref *cref, Class *refinement);
/* `using module` in the scope. */
void tr_refinements_use(Cref *cref, const Class *module);

#endif

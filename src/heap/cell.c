/* cell.c - an unshareable value that hangs on shareable structure.
 *
 * Any Ractor may read a cell while its owner writes it. A reader that is not the owner trusts only what is shareable by
 * its own flag, so it needs no lock and no order between the two words. The lists that make cells roots are changed and
 * walked under one lock; only Ractors that own cells ever take it.
 */
#include <pthread.h>
#include <stdlib.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER; /* Cell.next, Cell.link, Cell.owner (writes), Ractor.cells */

Cell *tr_cell_new(void) {
    Cell *cell = calloc(1, sizeof *cell);
    if (!cell) tr_fatal(__FILE__, __LINE__, "no memory for a variable");
    cell->value = TR_UNDEF;
    return cell;
}

static void unlink_locked(Cell *cell) {
    if (!cell->link) return;
    *cell->link = cell->next;
    if (cell->next) cell->next->link = cell->link;
    cell->next = NULL;
    cell->link = NULL;
}

void tr_cell_free(Cell *cell) {
    if (!cell) return;
    if (cell->link) {
        pthread_mutex_lock(&list_lock);
        unlink_locked(cell);
        pthread_mutex_unlock(&list_lock);
    }
    free(cell);
}

static void set_owner(Cell *cell, Ractor *owner) {
    pthread_mutex_lock(&list_lock);
    unlink_locked(cell);
    if (owner) {
        cell->next = owner->cells;
        cell->link = &owner->cells;
        if (cell->next) cell->next->link = &cell->next;
        owner->cells = cell;
    }
    __atomic_store_n(&cell->owner, owner, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&list_lock);
}

void tr_cell_set(Fiber *f, Cell *cell, Value value) {
    bool shareable = tr_is_shareable_flagged(value);
    if (!shareable && cell->owner != f->ractor) set_owner(cell, f->ractor);
    __atomic_store_n(&cell->value, value, __ATOMIC_RELEASE); /* pairs with the acquire in tr_cell_get */
    if (shareable && cell->owner == f->ractor) set_owner(cell, NULL);
}

Value tr_cell_get(Fiber *f, const Cell *cell, bool *foreign) {
    Ractor *owner = __atomic_load_n(&cell->owner, __ATOMIC_RELAXED);
    Value value = __atomic_load_n(&cell->value, __ATOMIC_ACQUIRE);
    *foreign = false;
    if (owner == f->ractor || tr_is_shareable_flagged(value)) return value;
    *foreign = true;
    return TR_UNDEF;
}

void tr_cells_trace(Tracer *tracer, Ractor *owner) {
    if (!owner->cells) return;
    pthread_mutex_lock(&list_lock);
    for (const Cell *cell = owner->cells; cell; cell = cell->next) tr_trace(tracer, cell->value);
    pthread_mutex_unlock(&list_lock);
}

void tr_cells_abandon(Ractor *owner) {
    if (!owner->cells) return;
    pthread_mutex_lock(&list_lock);
    while (owner->cells) {
        Cell *cell = owner->cells;
        unlink_locked(cell);
        __atomic_store_n(&cell->value, TR_UNDEF, __ATOMIC_RELEASE);
        __atomic_store_n(&cell->owner, NULL, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&list_lock);
}

/* shape.h - which instance variables an object has, and in which slot each lies.
 *
 * Shapes form a tree that is shared by the whole process and only grows: the root has no variables, a child adds one name
 * in the next slot. Two objects that got the same names in the same order have the same shape, so one compare of a
 * 32-bit number tells an inline cache that its slot is right. Reading takes no lock; a new shape is made under one.
 *
 * When a program makes too many shapes, or one object has too many variables, the object falls back to
 * TR_SHAPE_COMPLEX: its variables live in a table of its own (vm/ivar.c).
 */
#ifndef TR_VALUE_SHAPE_H
#define TR_VALUE_SHAPE_H

#include "value/value.h"

#define TR_SHAPE_ROOT    0u
#define TR_SHAPE_COMPLEX 1u
#define TR_SHAPE_NO_SLOT UINT32_MAX
#define TR_SHAPE_MAX_SLOTS 1024u /* variables by shape; inline caches have 16 bits for a slot */

/* The slot of `name`, TR_SHAPE_NO_SLOT when objects of this shape do not have it. Any thread. */
uint32_t tr_shape_find(uint32_t shape, Id name);
/* The shape of an object that gets `name` too (its slot is the number of slots so far); TR_SHAPE_COMPLEX at a limit. */
uint32_t tr_shape_add(uint32_t shape, Id name);
/* How many slots objects of this shape use. */
uint32_t tr_shape_count(uint32_t shape);
/* The name in slot i. */
Id tr_shape_name(uint32_t shape, uint32_t slot);

#endif

/* parcel_memory.h - memory that one Ractor fills and another gives back. */
#ifndef TR_RACTOR_PARCEL_MEMORY_H
#define TR_RACTOR_PARCEL_MEMORY_H

#include <stddef.h>

/* NULL, only for a large one: there is no memory. */
void *tr_parcel_block_new(size_t bytes);
/* With the same size. NULL is allowed. Any OS thread. */
void tr_parcel_block_free(void *taken_block, size_t bytes);

#endif

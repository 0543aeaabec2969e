/* mutex.h - Mutex for other C code. */
#ifndef TR_CORE_MUTEX_H
#define TR_CORE_MUTEX_H

#include "core/waiters.h"

typedef struct Mutex {
    Data base;
    Fiber *owner;              /* NULL: free */
    uint64_t owner_serial;     /* of the owner: a dead fiber's memory may be another's */
    Thread *thread;            /* the owner's */
    WaiterList waiters;
    struct Mutex *next_held, **held_link; /* of the owner's thread */
    int line;                  /* where it was locked, for reports; 0 unknown */
    bool hands_over;           /* the first waiter was passed by once: the next unlock gives it the lock */
} Mutex;

bool tr_is_mutex(Value v);
bool tr_mutex_is_owned(const Mutex *mutex, const Fiber *f);
MAY_SWITCH MAY_RAISE Value tr_mutex_lock(Fiber *f, Value mutex);
bool tr_mutex_try_lock(Fiber *f, Value mutex);
MAY_SWITCH MAY_RAISE Value tr_mutex_unlock(Fiber *f, Value mutex);
/* Lets the lock go while the thread sleeps, and takes it back whatever happens. seconds nil: for good. */
MAY_SWITCH MAY_RAISE Value tr_mutex_sleep(Fiber *f, Value mutex, Value seconds);
/* The thread ends: what it still holds is free. */
MAY_SWITCH void tr_mutex_release_all(Fiber *f, Thread *thread);
MAY_GC Value tr_mutex_new(Fiber *f);

#endif

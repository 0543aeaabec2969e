/* socket.h - what the files of the socket library share.
 *
 * An address is a String with the bytes of a struct sockaddr: Addrinfo, host names and error messages are Ruby
 * (lib/ext/socket.rb). A socket is an IO whose stream is non-blocking from its first day; what would block parks the
 * thread until the poller says that the descriptor is ready.
 */
#ifndef TR_STDLIB_SOCKET_H
#define TR_STDLIB_SOCKET_H

#include "core/io.h"

#include <sys/socket.h>

/* A new object of the class over a descriptor that is non-blocking already. */
MAY_GC Value tr_socket_new(Fiber *f, Class *klass, int fd);
/* The address as a String. */
MAY_GC Value tr_socket_address(Fiber *f, const struct sockaddr_storage *address, socklen_t size);
/* An argument that is an address: a String, or what has to_sockaddr. TR_RAISED when it is none. */
MAY_SWITCH MAY_RAISE Value tr_socket_address_argument(Fiber *f, Value v);
/* Errno's exception with the detail, or of the class IO::name ("EAGAINWaitReadable"). */
MAY_SWITCH MAY_RAISE Value tr_socket_raise_wait(Fiber *f, const char *name, const char *detail);
/* After a call that failed with `error`: 0 to try again, else for tr_io_raise. */
MAY_SWITCH MAY_RAISE int tr_socket_again(Fiber *f, Stream *stream, int events, int error);
static inline MAY_GC Value tr_socket_would_block(const char *which) { return tr_value_from_id(tr_intern_cstr(which)); }

extern const MethodDef tr_socket_transfer_methods[], tr_socket_lookup_methods[];
MAY_GC void tr_socket_constants_init(Fiber *f, Class *socket);

#endif

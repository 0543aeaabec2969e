/* socket_lookup.c - names and addresses: getaddrinfo, getnameinfo, services, the machine's interfaces.
 *
 * What may ask a name server runs on a helper thread while the thread that asks is parked; an interrupt ends the wait
 * and leaves the helper to itself. Numeric addresses are made and shown at once.
 */
#include "stdlib/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct Lookup {
    /* getaddrinfo */
    char *host, *service; /* NULL for none */
    struct addrinfo hints, *found;
    /* getnameinfo */
    struct sockaddr_storage address;
    socklen_t address_size;
    char name[NI_MAXHOST], port[NI_MAXSERV];
    int flags;
    /* result */
    int status, error;
} Lookup;

static void drop_lookup(void *data) {
    Lookup *lookup = data;
    if (lookup->found) freeaddrinfo(lookup->found);
    free(lookup->host);
    free(lookup->service);
    free(lookup);
}

static void run_getaddrinfo(void *data) {
    Lookup *lookup = data;
    lookup->status = getaddrinfo(lookup->host, lookup->service, &lookup->hints, &lookup->found);
    lookup->error = errno;
}

static void run_getnameinfo(void *data) {
    Lookup *lookup = data;
    lookup->status = getnameinfo((struct sockaddr *)&lookup->address, lookup->address_size, lookup->name, sizeof lookup->name,
                                 lookup->port, sizeof lookup->port, lookup->flags);
    lookup->error = errno;
}

static MAY_SWITCH MAY_RAISE Value raise_resolution(Fiber *f, int status, int error, const char *what) {
    if (status == EAI_SYSTEM) return tr_raise_errno(f, error, what);
    Value socket = tr_const_get(f, tr_class.object, tr_intern_cstr("Socket"), false);
    if (socket == TR_RAISED) return TR_RAISED;
    Value klass = tr_const_get(f, (Class *)socket, tr_intern_cstr("ResolutionError"), false);
    if (klass == TR_RAISED) return TR_RAISED;
    Value text = tr_string_format(f, "%s: %s", what, gai_strerror(status)), exception = tr_new(f, (Class *)klass, 1, &text);
    if (exception == TR_RAISED || tr_ivar_set(f, exception, tr_intern_cstr("@error_code"), TR_FIX(status)) == TR_RAISED)
        return TR_RAISED;
    return tr_raise_value(f, exception);
}

static MAY_SWITCH MAY_RAISE bool deadline_of(Fiber *f, Value seconds, int64_t *deadline) {
    double d;
    *deadline = TR_FOREVER;
    if (seconds == TR_NIL) return true;
    if (!tr_to_double(f, seconds, &d)) return false;
    *deadline = tr_now_ns() + (int64_t)(d * 1e9);
    return true;
}

/* On a helper; NULL: raised, and the lookup is gone. */
static MAY_SWITCH MAY_RAISE Lookup *ask(Fiber *f, Lookup *taken_lookup, void (*run)(void *), int64_t deadline, const char *late) {
    Value finished = tr_blocking_call_detachable(f, run, drop_lookup, taken_lookup, deadline);
    if (finished == TR_TRUE) return taken_lookup;
    if (finished == TR_FALSE) (void)!tr_raise_errno(f, ETIMEDOUT, late);
    return NULL;
}

static MAY_GC MAY_RAISE Value address_list(Fiber *f, const Lookup *lookup) {
    Value list = tr_array_new(f, 4);
    for (const struct addrinfo *a = lookup->found; a; a = a->ai_next) {
        Value address = tr_string_new_encoded(f, (const char *)a->ai_addr, a->ai_addrlen, ENCODING_BINARY);
        Value name = a->ai_canonname ? tr_string_new_cstr(f, a->ai_canonname) : TR_NIL;
        Value entry = tr_array_new_values(f, 5, address, TR_FIX(a->ai_family), TR_FIX(a->ai_socktype), TR_FIX(a->ai_protocol), name);
        if (tr_array_push(f, list, entry) == TR_RAISED) return TR_RAISED;
    }
    return list;
}

static MAY_SWITCH MAY_RAISE bool copy_text(Fiber *f, Value v, char **out) {
    *out = NULL;
    if (v == TR_NIL) return true;
    v = tr_to_str(f, v);
    const char *text = v == TR_RAISED ? NULL : tr_string_cstr(f, &v);
    if (!text) return false;
    *out = strdup(text);
    TR_CHECK(*out);
    return true;
}

/* Socket.__getaddrinfo(host, service, family, type, protocol, flags, seconds)
 * -> [[address, family, type, protocol, canonical name or nil], …]; host and service are Strings or nil */
static MAY_SWITCH MAY_RAISE Value socket_s_getaddrinfo(Fiber *f, Value self, const Args *args) {
    int64_t n[4], deadline;
    (void)self;
    for (int i = 0; i < 4; i++)
        if (!tr_to_long(f, args->argv[2 + i], &n[i])) return TR_RAISED;
    if (!deadline_of(f, args->argv[6], &deadline)) return TR_RAISED;
    Lookup *lookup = calloc(1, sizeof *lookup);
    TR_CHECK(lookup);
    lookup->hints = (struct addrinfo){ .ai_family = (int)n[0], .ai_socktype = (int)n[1], .ai_protocol = (int)n[2] };
    if (!copy_text(f, args->argv[0], &lookup->host) || !copy_text(f, args->argv[1], &lookup->service)) {
        drop_lookup(lookup);
        return TR_RAISED;
    }
    lookup->hints.ai_flags = (int)n[3] | AI_NUMERICHOST;
    run_getaddrinfo(lookup);
    if (lookup->status == EAI_NONAME && lookup->host && !(n[3] & AI_NUMERICHOST)) {
        lookup->hints.ai_flags = (int)n[3];
        if (!(lookup = ask(f, lookup, run_getaddrinfo, deadline, "user specified timeout"))) return TR_RAISED;
    }
    Value result = lookup->status ? raise_resolution(f, lookup->status, lookup->error, "getaddrinfo(3)") : address_list(f, lookup);
    drop_lookup(lookup);
    return result;
}

/* Socket.__getnameinfo(address, flags) -> [host, service] */
static MAY_SWITCH MAY_RAISE Value socket_s_getnameinfo(Fiber *f, Value self, const Args *args) {
    int64_t flags;
    (void)self;
    if (!tr_to_long(f, args->argv[1], &flags)) return TR_RAISED;
    const String *address = tr_string(args->argv[0]);
    Lookup *lookup = calloc(1, sizeof *lookup);
    TR_CHECK(lookup);
    lookup->address_size = (socklen_t)(address->size < sizeof lookup->address ? address->size : sizeof lookup->address);
    memcpy(&lookup->address, address->bytes, lookup->address_size);
    lookup->flags = (int)flags;
    if ((flags & (NI_NUMERICHOST | NI_NUMERICSERV)) == (NI_NUMERICHOST | NI_NUMERICSERV)) run_getnameinfo(lookup);
    else if (!(lookup = ask(f, lookup, run_getnameinfo, TR_FOREVER, ""))) return TR_RAISED;
    Value result;
    if (lookup->status) {
        result = raise_resolution(f, lookup->status, lookup->error, "getnameinfo");
    } else {
        Value name = tr_string_new_cstr(f, lookup->name);
        result = tr_array_new_values(f, 2, name, tr_string_new_cstr(f, lookup->port));
    }
    drop_lookup(lookup);
    return result;
}

static MAY_SWITCH MAY_RAISE Value socket_s_gethostname(Fiber *f, Value self, const Args *args) {
    char name[256];
    (void)self, (void)args;
    if (gethostname(name, sizeof name) < 0) return tr_raise_errno(f, errno, "gethostname(3)");
    name[sizeof name - 1] = '\0';
    return tr_string_new_cstr(f, name);
}

/* --- services: from a file, which is read at once --- */

static MAY_SWITCH MAY_RAISE Value socket_s_getservbyname(Fiber *f, Value self, const Args *args) {
    char buffer[2048];
    struct servent entry, *found = NULL;
    Value name = tr_to_str(f, args->argv[0]), protocol = args->argc > 1 ? tr_to_str(f, args->argv[1]) : TR_NIL;
    (void)self;
    if (name == TR_RAISED || protocol == TR_RAISED || !tr_string_cstr(f, &name)) return TR_RAISED;
    if (protocol != TR_NIL && !tr_string_cstr(f, &protocol)) return TR_RAISED;
    const char *wanted = protocol == TR_NIL ? "tcp" : tr_string(protocol)->bytes;
    if (getservbyname_r(tr_string(name)->bytes, wanted, &entry, buffer, sizeof buffer, &found) == 0 && found)
        return TR_FIX(ntohs((uint16_t)entry.s_port));
    Value error = tr_const_get(f, tr_class.object, tr_intern_cstr("SocketError"), false);
    return error == TR_RAISED ? error
                              : tr_raise(f, (Class *)error, "no such service %s/%s", tr_string(name)->bytes, wanted);
}

static MAY_SWITCH MAY_RAISE Value socket_s_getservbyport(Fiber *f, Value self, const Args *args) {
    char buffer[2048];
    struct servent entry, *found = NULL;
    int64_t port;
    Value protocol = args->argc > 1 ? tr_to_str(f, args->argv[1]) : TR_NIL;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &port) || protocol == TR_RAISED) return TR_RAISED;
    if (protocol != TR_NIL && !tr_string_cstr(f, &protocol)) return TR_RAISED;
    const char *wanted = protocol == TR_NIL ? "tcp" : tr_string(protocol)->bytes;
    if (getservbyport_r(htons((uint16_t)port), wanted, &entry, buffer, sizeof buffer, &found) == 0 && found)
        return tr_string_new_cstr(f, entry.s_name);
    Value error = tr_const_get(f, tr_class.object, tr_intern_cstr("SocketError"), false);
    return error == TR_RAISED ? error : tr_raise(f, (Class *)error, "no such service for port %d/%s", (int)port, wanted);
}

/* --- interfaces --- */

static MAY_GC Value interface_address(Fiber *f, const struct sockaddr *address) {
    if (!address) return TR_NIL;
    socklen_t size = address->sa_family == AF_INET    ? sizeof(struct sockaddr_in)
                     : address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                      : 20; /* AF_PACKET: sockaddr_ll with six bytes and padding */
    return tr_string_new_encoded(f, (const char *)address, size, ENCODING_BINARY);
}

/* Socket.__interfaces -> [[name, index, flags, address, netmask, broadcast or destination], …], an address or nil each */
static MAY_SWITCH MAY_RAISE Value socket_s_interfaces(Fiber *f, Value self, const Args *args) {
    struct ifaddrs *first;
    (void)self, (void)args;
    if (getifaddrs(&first) < 0) return tr_raise_errno(f, errno, "getifaddrs");
    Value list = tr_array_new(f, 8);
    for (const struct ifaddrs *i = first; i && list != TR_RAISED; i = i->ifa_next) {
        Value name = tr_string_new_cstr(f, i->ifa_name), address = interface_address(f, i->ifa_addr);
        Value mask = interface_address(f, i->ifa_netmask);
        bool has_other = i->ifa_flags & (IFF_BROADCAST | IFF_POINTOPOINT);
        Value other = has_other ? interface_address(f, i->ifa_broadaddr) : TR_NIL;
        Value entry = tr_array_new_values(f, 6, name, TR_FIX(if_nametoindex(i->ifa_name)), TR_FIX(i->ifa_flags), address, mask, other);
        if (tr_array_push(f, list, entry) == TR_RAISED) list = TR_RAISED;
    }
    freeifaddrs(first);
    return list;
}

const MethodDef tr_socket_lookup_methods[] = {
    { "__getaddrinfo", socket_s_getaddrinfo, ARITY(7, 7), 0 },
    { "__getnameinfo", socket_s_getnameinfo, ARITY(2, 2), 0 },
    { "__interfaces", socket_s_interfaces, ARITY(0, 0), METHOD_PRIVATE },
    { "gethostname", socket_s_gethostname, ARITY(0, 0), 0 },
    { "getservbyname", socket_s_getservbyname, ARITY(1, 2), 0 },
    { "getservbyport", socket_s_getservbyport, ARITY(1, 2), 0 },
    { NULL, NULL, 0, 0, 0 }
};

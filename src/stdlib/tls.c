/* tls.c - TLS over OpenSSL's libssl, without any input or output: lib/openssl/ssl.rb moves the bytes.
 *
 * An engine is a connection between two memory buffers: `feed` takes what came from the network, `drain` gives what is to go
 * there, and a call that lacks input answers :wait_readable. So waiting is ordinary Ruby IO, with its interrupts,
 * schedulers and time limits. Certificates are Strings in DER, keys Strings in PEM.
 *
 * The libraries are opened when they are first required (see crypto.c).
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/core.h"
#include "core/require.h"
#include "value/data.h"

/* result, name, parameters */
#define FUNCTIONS(F)                                                                       \
    F(const void *, TLS_method, (void))                                                    \
    F(void *, SSL_CTX_new, (const void *))                                                 \
    F(void, SSL_CTX_free, (void *))                                                        \
    F(long, SSL_CTX_ctrl, (void *, int, long, void *))                                     \
    F(void, SSL_CTX_set_verify, (void *, int, void *))                                     \
    F(void, SSL_CTX_set_verify_depth, (void *, int))                                       \
    F(int, SSL_CTX_load_verify_locations, (void *, const char *, const char *))            \
    F(int, SSL_CTX_set_default_verify_paths, (void *))                                     \
    F(int, SSL_CTX_set_cipher_list, (void *, const char *))                                \
    F(int, SSL_CTX_use_certificate, (void *, void *))                                      \
    F(int, SSL_CTX_use_PrivateKey, (void *, void *))                                       \
    F(int, SSL_CTX_check_private_key, (const void *))                                      \
    F(int, SSL_CTX_set_alpn_protos, (void *, const unsigned char *, unsigned))             \
    F(uint64_t, SSL_CTX_set_options, (void *, uint64_t))                                   \
    F(void *, SSL_CTX_get_cert_store, (const void *))                                      \
    F(void *, SSL_new, (void *))                                                           \
    F(void, SSL_free, (void *))                                                            \
    F(void, SSL_set_bio, (void *, void *, void *))                                         \
    F(void, SSL_set_connect_state, (void *))                                               \
    F(void, SSL_set_accept_state, (void *))                                                \
    F(int, SSL_do_handshake, (void *))                                                     \
    F(int, SSL_read, (void *, void *, int))                                                \
    F(int, SSL_write, (void *, const void *, int))                                         \
    F(int, SSL_shutdown, (void *))                                                         \
    F(int, SSL_get_error, (const void *, int))                                             \
    F(long, SSL_ctrl, (void *, int, long, void *))                                         \
    F(int, SSL_pending, (const void *))                                                    \
    F(void *, SSL_get1_peer_certificate, (const void *))                                   \
    F(void *, SSL_get_peer_cert_chain, (const void *))                                     \
    F(const char *, SSL_get_version, (const void *))                                       \
    F(const void *, SSL_get_current_cipher, (const void *))                                \
    F(const char *, SSL_CIPHER_get_name, (const void *))                                   \
    F(const char *, SSL_CIPHER_get_version, (const void *))                                \
    F(int, SSL_CIPHER_get_bits, (const void *, int *))                                     \
    F(long, SSL_get_verify_result, (const void *))                                         \
    F(void, SSL_get0_alpn_selected, (const void *, const unsigned char **, unsigned *))    \
    F(const char *, SSL_state_string_long, (const void *))                                 \
    F(void *, BIO_new, (const void *))                                                     \
    F(const void *, BIO_s_mem, (void))                                                     \
    F(void *, BIO_new_mem_buf, (const void *, int))                                        \
    F(int, BIO_free, (void *))                                                             \
    F(int, BIO_read, (void *, void *, int))                                                \
    F(int, BIO_write, (void *, const void *, int))                                         \
    F(size_t, BIO_ctrl_pending, (void *))                                                  \
    F(long, BIO_ctrl, (void *, int, long, void *))                                         \
    F(void *, PEM_read_bio_X509, (void *, void *, void *, void *))                         \
    F(void *, PEM_read_bio_PrivateKey, (void *, void *, void *, void *))                   \
    F(void, EVP_PKEY_free, (void *))                                                       \
    F(void *, d2i_X509, (void *, const unsigned char **, long))                            \
    F(int, i2d_X509, (const void *, unsigned char **))                                     \
    F(void, X509_free, (void *))                                                           \
    F(void *, X509_get_subject_name, (const void *))                                       \
    F(void *, X509_get_issuer_name, (const void *))                                        \
    F(char *, X509_NAME_oneline, (const void *, char *, int))                              \
    F(const void *, X509_get0_notBefore, (const void *))                                   \
    F(const void *, X509_get0_notAfter, (const void *))                                    \
    F(int, ASN1_TIME_to_tm, (const void *, struct tm *))                                   \
    F(int, X509_check_host, (void *, const char *, size_t, unsigned, char **))             \
    F(int, X509_check_ip_asc, (void *, const char *, unsigned))                            \
    F(int, X509_STORE_add_cert, (void *, void *))                                          \
    F(const char *, X509_verify_cert_error_string, (long))                                 \
    F(int, OPENSSL_sk_num, (const void *))                                                 \
    F(void *, OPENSSL_sk_value, (const void *, int))                                       \
    F(unsigned long, ERR_get_error, (void))                                                \
    F(unsigned long, ERR_peek_last_error, (void))                                          \
    F(void, ERR_clear_error, (void))                                                       \
    F(const char *, ERR_reason_error_string, (unsigned long))

#define MEMBER(result, name, parameters) result (*name) parameters;
static struct { FUNCTIONS(MEMBER) } tls; /* filled once, by the first require */
#undef MEMBER

/* Numbers of the library's stable interface: its headers are not needed to build. */
enum {
    ERROR_WANT_READ = 2, ERROR_WANT_WRITE = 3, ERROR_SYSCALL = 5, ERROR_ZERO_RETURN = 6,
    CTRL_SET_TLSEXT_HOSTNAME = 55, CTRL_EXTRA_CHAIN_CERT = 14, CTRL_MODE = 33, CTRL_SESS_CACHE_MODE = 44,
    CTRL_SET_MIN_PROTO = 123, CTRL_SET_MAX_PROTO = 124, BIO_CTRL_EOF_RETURN = 130,
    MODE_PARTIAL_WRITE_AND_MOVING_BUFFER = 3, NAMETYPE_HOST = 0
};

static Class *ssl_error, *certificate_error;

static MAY_GC MAY_RAISE Value raise_tls(Fiber *f, const char *what, const void *engine) {
    unsigned long code = tls.ERR_peek_last_error();
    const char *reason = code ? tls.ERR_reason_error_string(code) : NULL;
    char why[160] = "";
    tls.ERR_clear_error();
    if (engine && reason && strcmp(reason, "certificate verify failed") == 0)
        snprintf(why, sizeof why, " (%s)", tls.X509_verify_cert_error_string(tls.SSL_get_verify_result(engine)));
    if (!engine) return tr_raise(f, ssl_error, "%s: %s", what, reason ? reason : "unknown error");
    return tr_raise(f, ssl_error, "%s returned=1 errno=0 state=%s: %s%s", what, tls.SSL_state_string_long(engine),
                    reason ? reason : "unexpected eof", why);
}

/* --- certificates --- */

static void *certificate_from(Value der) {
    const unsigned char *bytes = (const unsigned char *)tr_string(der)->bytes;
    return tls.d2i_X509(NULL, &bytes, (long)tr_string(der)->size);
}

static MAY_GC Value der_of(Fiber *f, const void *certificate) {
    int size = tls.i2d_X509(certificate, NULL);
    if (size <= 0) return TR_NIL;
    unsigned char *bytes = malloc((size_t)size), *end = bytes;
    TR_CHECK(bytes);
    tls.i2d_X509(certificate, &end);
    Value der = tr_string_new_encoded(f, (const char *)bytes, (size_t)size, ENCODING_BINARY);
    free(bytes);
    return der;
}

/* X509::Certificate.__parse(PEM or DER) -> DER */
static MAY_SWITCH MAY_RAISE Value certificate_parse(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value text = tr_to_str(f, args->argv[0]);
    if (text == TR_RAISED) return TR_RAISED;
    void *buffer = tls.BIO_new_mem_buf(tr_string(text)->bytes, (int)tr_string(text)->size);
    void *certificate = tls.PEM_read_bio_X509(buffer, NULL, NULL, NULL);
    tls.BIO_free(buffer);
    if (!certificate) certificate = certificate_from(text);
    tls.ERR_clear_error();
    TR_KEEP(text);
    if (!certificate) return tr_raise(f, certificate_error, "PEM_read_bio_X509: no start line");
    Value der = der_of(f, certificate);
    tls.X509_free(certificate);
    return der;
}

static MAY_GC Value name_text(Fiber *f, const void *name) {
    char text[1024];
    return tr_string_new_cstr(f, tls.X509_NAME_oneline(name, text, sizeof text) ? text : "");
}

static int64_t seconds_of(const void *asn1_time) {
    struct tm tm;
    return tls.ASN1_TIME_to_tm(asn1_time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* X509::Certificate.__read(DER) -> [subject, issuer, not_before, not_after]: names as /C=…/CN=…, times in seconds */
static MAY_GC MAY_RAISE Value certificate_read(Fiber *f, Value self, const Args *args) {
    (void)self;
    void *certificate = certificate_from(args->argv[0]);
    if (!certificate) return raise_tls(f, "d2i_X509", NULL);
    Value subject = name_text(f, tls.X509_get_subject_name(certificate));
    Value issuer = name_text(f, tls.X509_get_issuer_name(certificate));
    int64_t from = seconds_of(tls.X509_get0_notBefore(certificate)), to = seconds_of(tls.X509_get0_notAfter(certificate));
    tls.X509_free(certificate);
    return tr_array_new_values(f, 4, subject, issuer, TR_FIX(from), TR_FIX(to));
}

/* X509::Certificate.__matches(DER, host name or address) -> true or false */
static MAY_SWITCH MAY_RAISE Value certificate_matches(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value host = tr_to_str(f, args->argv[1]);
    const char *text = host == TR_RAISED ? NULL : tr_string_cstr(f, &host);
    if (!text) return TR_RAISED;
    void *certificate = certificate_from(args->argv[0]);
    if (!certificate) return raise_tls(f, "d2i_X509", NULL);
    bool matches = tls.X509_check_ip_asc(certificate, text, 0) == 1 || tls.X509_check_host(certificate, text, 0, 0, NULL) == 1;
    tls.X509_free(certificate);
    tls.ERR_clear_error();
    TR_KEEP(host);
    return tr_bool(matches);
}

/* --- contexts --- */

typedef struct Context {
    Data base;
    void *ssl_ctx;
} Context;
static void context_free(Heap *heap, Value v) {
    (void)heap;
    tls.SSL_CTX_free(((Context *)v)->ssl_ctx);
}
static const DataType context_type = { .name = "OpenSSL::SSL::Context", .bytes = sizeof(Context), .free = context_free };

static MAY_GC Value context_alloc(Fiber *f, Class *klass) {
    Context *context = tr_data_alloc(f, &context_type, klass);
    context->ssl_ctx = tls.SSL_CTX_new(tls.TLS_method());
    TR_CHECK(context->ssl_ctx);
    tls.SSL_CTX_ctrl(context->ssl_ctx, CTRL_MODE, MODE_PARTIAL_WRITE_AND_MOVING_BUFFER, NULL);
    return (Value)context;
}
static void *context_of(Value self) { return ((Context *)self)->ssl_ctx; }

/* Context#set(options, verify mode, verify depth or nil, least version, greatest version, session cache mode or nil) */
static MAY_SWITCH MAY_RAISE Value context_set(Fiber *f, Value self, const Args *args) {
    int64_t n[6] = { 0 };
    for (int i = 0; i < 6; i++)
        if (args->argv[i] != TR_NIL && !tr_to_long(f, args->argv[i], &n[i])) return TR_RAISED;
    void *context = context_of(self);
    tls.SSL_CTX_set_options(context, (uint64_t)n[0]);
    tls.SSL_CTX_set_verify(context, (int)n[1], NULL);
    if (args->argv[2] != TR_NIL) tls.SSL_CTX_set_verify_depth(context, (int)n[2]);
    if (tls.SSL_CTX_ctrl(context, CTRL_SET_MIN_PROTO, (long)n[3], NULL) != 1)
        return raise_tls(f, "SSL_CTX_set_min_proto_version", NULL);
    if (tls.SSL_CTX_ctrl(context, CTRL_SET_MAX_PROTO, (long)n[4], NULL) != 1)
        return raise_tls(f, "SSL_CTX_set_max_proto_version", NULL);
    if (args->argv[5] != TR_NIL) tls.SSL_CTX_ctrl(context, CTRL_SESS_CACHE_MODE, (long)n[5], NULL);
    return self;
}

static MAY_SWITCH MAY_RAISE Value context_set_ciphers(Fiber *f, Value self, const Args *args) {
    Value list = tr_to_str(f, args->argv[0]);
    if (list == TR_RAISED || !tr_string_cstr(f, &list)) return TR_RAISED;
    int ok = tls.SSL_CTX_set_cipher_list(context_of(self), tr_string(list)->bytes);
    TR_KEEP(list);
    return ok == 1 ? self : raise_tls(f, "SSL_CTX_set_cipher_list", NULL);
}

/* Context#trust(file or nil, folder or nil): both nil, what the system trusts */
static MAY_SWITCH MAY_RAISE Value context_trust(Fiber *f, Value self, const Args *args) {
    const char *paths[2] = { NULL, NULL };
    Value kept[2] = { args->argv[0], args->argv[1] };
    for (int i = 0; i < 2; i++)
        if (kept[i] != TR_NIL && !(paths[i] = tr_string_cstr(f, &kept[i]))) return TR_RAISED;
    int ok = paths[0] || paths[1] ? tls.SSL_CTX_load_verify_locations(context_of(self), paths[0], paths[1])
                                  : tls.SSL_CTX_set_default_verify_paths(context_of(self));
    TR_KEEP(kept[0]);
    TR_KEEP(kept[1]);
    return ok == 1 ? self : raise_tls(f, "SSL_CTX_load_verify_locations", NULL);
}

/* Context#trust_certificate(DER) */
static MAY_GC MAY_RAISE Value context_trust_certificate(Fiber *f, Value self, const Args *args) {
    void *certificate = certificate_from(args->argv[0]);
    if (!certificate) return raise_tls(f, "d2i_X509", NULL);
    tls.X509_STORE_add_cert(tls.SSL_CTX_get_cert_store(context_of(self)), certificate);
    tls.X509_free(certificate);
    tls.ERR_clear_error(); /* it may be there already */
    return self;
}

/* A password that was not asked for is none: never ask on the terminal. */
static int no_password(char *buffer, int size, int is_writing, void *data) {
    (void)buffer, (void)size, (void)is_writing, (void)data;
    return -1;
}

/* Context#identify(DER, PEM of the key, [DER, …] of the chain) */
static MAY_GC MAY_RAISE Value context_identify(Fiber *f, Value self, const Args *args) {
    void *context = context_of(self), *certificate = certificate_from(args->argv[0]);
    if (!certificate) return raise_tls(f, "d2i_X509", NULL);
    int ok = tls.SSL_CTX_use_certificate(context, certificate);
    tls.X509_free(certificate);
    const String *pem = tr_string(args->argv[1]);
    void *buffer = tls.BIO_new_mem_buf(pem->bytes, (int)pem->size);
    void *key = tls.PEM_read_bio_PrivateKey(buffer, NULL, (void *)no_password, NULL);
    tls.BIO_free(buffer);
    if (ok != 1 || !key) {
        if (key) tls.EVP_PKEY_free(key);
        return raise_tls(f, "SSL_CTX_use_certificate", NULL);
    }
    ok = tls.SSL_CTX_use_PrivateKey(context, key) == 1 && tls.SSL_CTX_check_private_key(context) == 1;
    tls.EVP_PKEY_free(key);
    for (size_t i = 0; ok && i < tr_array_count(args->argv[2]); i++) {
        void *link = certificate_from(tr_array_at(args->argv[2], i));
        ok = link && tls.SSL_CTX_ctrl(context, CTRL_EXTRA_CHAIN_CERT, 0, link) == 1; /* takes it over */
    }
    return ok ? self : raise_tls(f, "SSL_CTX_use_PrivateKey", NULL);
}

/* Context#offer(protocols as ALPN wants them) */
static MAY_GC MAY_RAISE Value context_offer(Fiber *f, Value self, const Args *args) {
    const String *list = tr_string(args->argv[0]);
    int error = tls.SSL_CTX_set_alpn_protos(context_of(self), (const unsigned char *)list->bytes, (unsigned)list->size);
    return error ? raise_tls(f, "SSL_CTX_set_alpn_protos", NULL) : self;
}

/* --- engines --- */

typedef struct Engine {
    Data base;
    void *ssl, *in, *out; /* the buffers belong to ssl */
} Engine;
static void engine_free(Heap *heap, Value v) {
    (void)heap;
    if (((Engine *)v)->ssl) tls.SSL_free(((Engine *)v)->ssl);
}
static const DataType engine_type = { .name = "OpenSSL::SSL::Engine", .bytes = sizeof(Engine), .free = engine_free };
static Engine *engine_of(Value self) { return (Engine *)self; }

/* Engine.new(context, host name or nil, is a server) */
static MAY_SWITCH MAY_RAISE Value engine_s_new(Fiber *f, Value self, const Args *args) {
    Value host = args->argv[1];
    if (!tr_data_is(args->argv[0], &context_type)) return tr_raise(f, tr_class.type_error, "a context is wanted");
    if (host != TR_NIL && !tr_string_cstr(f, &host)) return TR_RAISED;
    Engine *engine = tr_data_alloc(f, &engine_type, (Class *)self);
    engine->ssl = tls.SSL_new(context_of(args->argv[0]));
    engine->in = tls.BIO_new(tls.BIO_s_mem());
    engine->out = tls.BIO_new(tls.BIO_s_mem());
    TR_CHECK(engine->ssl && engine->in && engine->out);
    tls.SSL_set_bio(engine->ssl, engine->in, engine->out);
    tls.BIO_ctrl(engine->in, BIO_CTRL_EOF_RETURN, -1, NULL); /* empty is not the end */
    if (host != TR_NIL) tls.SSL_ctrl(engine->ssl, CTRL_SET_TLSEXT_HOSTNAME, NAMETYPE_HOST, tr_string(host)->bytes);
    if (tr_is_truthy(args->argv[2])) tls.SSL_set_accept_state(engine->ssl);
    else tls.SSL_set_connect_state(engine->ssl);
    TR_KEEP(host);
    return (Value)engine;
}

/* What a call that did not succeed means: :wait_readable, nil at the end, raised. */
static MAY_GC MAY_RAISE Value outcome(Fiber *f, Engine *engine, int result, const char *what) {
    switch (tls.SSL_get_error(engine->ssl, result)) {
    case ERROR_WANT_READ: return tr_value_from_id(tr_intern_cstr("wait_readable"));
    case ERROR_ZERO_RETURN: return TR_NIL;
    default: return raise_tls(f, what, engine->ssl);
    }
}

/* Engine#feed(bytes): from the network; nil: there are no more */
static MAY_GC Value engine_feed(Fiber *f, Value self, const Args *args) {
    (void)f;
    if (args->argv[0] == TR_NIL) tls.BIO_ctrl(engine_of(self)->in, BIO_CTRL_EOF_RETURN, 0, NULL);
    else tls.BIO_write(engine_of(self)->in, tr_string(args->argv[0])->bytes, (int)tr_string(args->argv[0])->size);
    return self;
}

/* Engine#drain -> bytes for the network, nil for none */
static MAY_GC MAY_RAISE Value engine_drain(Fiber *f, Value self, const Args *args) {
    (void)args;
    size_t size = tls.BIO_ctrl_pending(engine_of(self)->out);
    if (size == 0) return TR_NIL;
    Value bytes = tr_string_new_capacity(f, size, ENCODING_BINARY);
    if (tr_string_resize(f, bytes, size) == TR_RAISED) return TR_RAISED;
    int count = tls.BIO_read(engine_of(self)->out, tr_string(bytes)->bytes, (int)size);
    return tr_string_resize(f, bytes, count > 0 ? (size_t)count : 0);
}

static MAY_GC MAY_RAISE Value engine_handshake(Fiber *f, Value self, const Args *args) {
    Engine *engine = engine_of(self);
    (void)args;
    tls.ERR_clear_error();
    int result = tls.SSL_do_handshake(engine->ssl);
    return result == 1 ? self : outcome(f, engine, result, "SSL_connect");
}

/* Engine#read(length) -> String, nil at the end, :wait_readable */
static MAY_SWITCH MAY_RAISE Value engine_read(Fiber *f, Value self, const Args *args) {
    Engine *engine = engine_of(self);
    int64_t length;
    if (!tr_to_long(f, args->argv[0], &length)) return TR_RAISED;
    if (length < 0) return tr_raise(f, tr_class.argument_error, "negative length %ld given", (long)length);
    if (length > 65536) length = 65536;
    Value text = tr_string_new_capacity(f, (size_t)length, ENCODING_BINARY);
    if (length == 0) return text;
    if (tr_string_resize(f, text, (size_t)length) == TR_RAISED) return TR_RAISED;
    tls.ERR_clear_error();
    int count = tls.SSL_read(engine->ssl, tr_string(text)->bytes, (int)length);
    return count > 0 ? tr_string_resize(f, text, (size_t)count) : outcome(f, engine, count, "SSL_read");
}

/* Engine#write(String) -> bytes taken, :wait_readable */
static MAY_SWITCH MAY_RAISE Value engine_write(Fiber *f, Value self, const Args *args) {
    Engine *engine = engine_of(self);
    Value text = tr_to_str(f, args->argv[0]);
    if (text == TR_RAISED) return TR_RAISED;
    if (tr_string(text)->size == 0) return TR_FIX(0);
    size_t size = tr_string(text)->size < (1u << 30) ? tr_string(text)->size : 1u << 30;
    tls.ERR_clear_error();
    int count = tls.SSL_write(engine->ssl, tr_string(text)->bytes, (int)size);
    TR_KEEP(text);
    return count > 0 ? TR_FIX(count) : outcome(f, engine, count, "SSL_write");
}

/* Engine#shutdown: says goodbye */
static Value engine_shutdown(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    tls.SSL_shutdown(engine_of(self)->ssl);
    tls.ERR_clear_error();
    return self;
}

static Value engine_pending(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(tls.SSL_pending(engine_of(self)->ssl));
}
static MAY_GC Value engine_peer_certificate(Fiber *f, Value self, const Args *args) {
    (void)args;
    void *certificate = tls.SSL_get1_peer_certificate(engine_of(self)->ssl);
    if (!certificate) return TR_NIL;
    Value der = der_of(f, certificate);
    tls.X509_free(certificate);
    return der;
}
static MAY_GC MAY_RAISE Value engine_peer_chain(Fiber *f, Value self, const Args *args) {
    (void)args;
    const void *chain = tls.SSL_get_peer_cert_chain(engine_of(self)->ssl);
    Value list = tr_array_new(f, 4);
    for (int i = 0; chain && i < tls.OPENSSL_sk_num(chain); i++)
        if (tr_array_push(f, list, der_of(f, tls.OPENSSL_sk_value(chain, i))) == TR_RAISED) return TR_RAISED;
    return list;
}
/* Engine#facts -> [version, [cipher, its version, bits, bits of the algorithm] or nil, verify result, protocol or nil, state] */
static MAY_GC Value engine_facts(Fiber *f, Value self, const Args *args) {
    (void)args;
    void *ssl = engine_of(self)->ssl;
    Value version = tr_string_new_cstr(f, tls.SSL_get_version(ssl)), cipher = TR_NIL, protocol = TR_NIL;
    const void *current = tls.SSL_get_current_cipher(ssl);
    if (current) {
        int algorithm_bits = 0, bits = tls.SSL_CIPHER_get_bits(current, &algorithm_bits);
        Value name = tr_string_new_cstr(f, tls.SSL_CIPHER_get_name(current));
        Value since = tr_string_new_cstr(f, tls.SSL_CIPHER_get_version(current));
        cipher = tr_array_new_values(f, 4, name, since, TR_FIX(bits), TR_FIX(algorithm_bits));
    }
    const unsigned char *alpn;
    unsigned alpn_size;
    tls.SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
    if (alpn_size) protocol = tr_string_new(f, (const char *)alpn, alpn_size);
    Value state = tr_string_new_cstr(f, tls.SSL_state_string_long(ssl));
    return tr_array_new_values(f, 5, version, cipher, TR_FIX(tls.SSL_get_verify_result(ssl)), protocol, state);
}

static const MethodDef context_methods[] = {
    { "set", context_set, ARITY(6, 6), 0 },
    { "ciphers=", context_set_ciphers, ARITY(1, 1), 0 },
    { "trust", context_trust, ARITY(2, 2), 0 },
    { "trust_certificate", context_trust_certificate, ARITY(1, 1), 0 },
    { "identify", context_identify, ARITY(3, 3), 0 },
    { "offer", context_offer, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef engine_methods[] = {
    { "feed", engine_feed, ARITY(1, 1), 0 },
    { "drain", engine_drain, ARITY(0, 0), 0 },
    { "handshake", engine_handshake, ARITY(0, 0), 0 },
    { "read", engine_read, ARITY(1, 1), 0 },
    { "write", engine_write, ARITY(1, 1), 0 },
    { "shutdown", engine_shutdown, ARITY(0, 0), 0 },
    { "pending", engine_pending, ARITY(0, 0), 0 },
    { "peer_certificate", engine_peer_certificate, ARITY(0, 0), 0 },
    { "peer_chain", engine_peer_chain, ARITY(0, 0), 0 },
    { "facts", engine_facts, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};

static const char *open_libraries(void) {
    void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL); /* its symbols and those of libcrypto, which it needs */
    if (!library) return "libssl.so.3";
#define RESOLVE(result, name, parameters) \
    if (!(*(void **)&tls.name = dlsym(library, #name))) return #name;
    FUNCTIONS(RESOLVE)
#undef RESOLVE
    return NULL;
}

/* Defines OpenSSL::SSL's Context and Engine, and what X509::Certificate stands on; after crypto.so. */
MAY_SWITCH Value tr_tls_init(Fiber *f) {
    const char *missing = open_libraries();
    if (missing) return tr_raise(f, tr_class.load_error, "cannot load such file -- openssl/ssl (%s is missing)", missing);
    Value openssl = tr_const_get(f, tr_class.object, tr_intern_cstr("OpenSSL"), false);
    if (openssl == TR_RAISED) return TR_RAISED;
    Value error = tr_const_get(f, (Class *)openssl, tr_intern_cstr("OpenSSLError"), false);
    if (error == TR_RAISED) return TR_RAISED;
    Class *ssl = tr_module_define(f, "SSL", (Class *)openssl), *x509 = tr_module_define(f, "X509", (Class *)openssl);
    ssl_error = tr_class_define(f, "SSLError", (Class *)error, ssl);
    certificate_error = tr_class_define(f, "CertificateError", (Class *)error, x509);
    Class *certificate = tr_class_define(f, "Certificate", tr_class.object, x509);
    tr_define_singleton_method(f, (Value)certificate, "__parse", certificate_parse, 1, 1, METHOD_PRIVATE);
    tr_define_singleton_method(f, (Value)certificate, "__read", certificate_read, 1, 1, 0);
    tr_define_singleton_method(f, (Value)certificate, "__matches", certificate_matches, 2, 2, 0);
    Class *context = tr_class_define(f, "Context", tr_class.object, ssl);
    context->alloc = context_alloc;
    context->instance_type = TYPE_DATA;
    tr_define_methods(f, context, context_methods);
    Class *engine = tr_class_define(f, "Engine", tr_class.object, ssl);
    engine->alloc = NULL; /* made by new alone */
    tr_define_singleton_method(f, (Value)engine, "new", engine_s_new, 3, 3, 0);
    tr_define_methods(f, engine, engine_methods);
    return TR_TRUE;
}

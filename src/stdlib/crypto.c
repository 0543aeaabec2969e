/* crypto.c - the primitives behind lib/openssl.rb and lib/digest.rb, over OpenSSL's libcrypto.
 *
 * The library is opened when it is first required, not linked: most programs never need it, and loading it would double
 * the time that Troupe takes to start. The functions used stand once, in FUNCTIONS.
 * Long computations (pbkdf2) run on a helper thread, so other threads go on.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "core/core.h"
#include "core/require.h"
#include "value/data.h"

/* result, name, parameters */
#define FUNCTIONS(F)                                                                                             \
    F(void *, EVP_CIPHER_fetch, (void *, const char *, const char *))                                            \
    F(void, EVP_CIPHER_free, (void *))                                                                           \
    F(int, EVP_CIPHER_get_key_length, (const void *))                                                            \
    F(int, EVP_CIPHER_get_iv_length, (const void *))                                                             \
    F(int, EVP_CIPHER_get_block_size, (const void *))                                                            \
    F(unsigned long, EVP_CIPHER_get_flags, (const void *))                                                       \
    F(void *, EVP_CIPHER_CTX_new, (void))                                                                        \
    F(void, EVP_CIPHER_CTX_free, (void *))                                                                       \
    F(int, EVP_CipherInit_ex, (void *, const void *, void *, const unsigned char *, const unsigned char *, int)) \
    F(int, EVP_CipherUpdate, (void *, unsigned char *, int *, const unsigned char *, int))                       \
    F(int, EVP_CipherFinal_ex, (void *, unsigned char *, int *))                                                 \
    F(int, EVP_CIPHER_CTX_ctrl, (void *, int, int, void *))                                                      \
    F(int, EVP_CIPHER_CTX_set_padding, (void *, int))                                                            \
    F(void *, EVP_MD_fetch, (void *, const char *, const char *))                                                \
    F(void, EVP_MD_free, (void *))                                                                               \
    F(int, EVP_MD_get_size, (const void *))                                                                      \
    F(int, EVP_MD_get_block_size, (const void *))                                                                \
    F(void *, EVP_MD_CTX_new, (void))                                                                            \
    F(void, EVP_MD_CTX_free, (void *))                                                                           \
    F(int, EVP_MD_CTX_copy_ex, (void *, const void *))                                                           \
    F(int, EVP_DigestInit_ex, (void *, const void *, void *))                                                    \
    F(int, EVP_DigestUpdate, (void *, const void *, size_t))                                                     \
    F(int, EVP_DigestFinal_ex, (void *, unsigned char *, unsigned int *))                                        \
    F(unsigned char *, HMAC, (const void *, const void *, int, const unsigned char *, size_t, unsigned char *, unsigned int *)) \
    F(int, PKCS5_PBKDF2_HMAC, (const char *, int, const unsigned char *, int, int, const void *, int, unsigned char *)) \
    F(int, RAND_bytes, (unsigned char *, int))                                                                   \
    F(unsigned long, ERR_get_error, (void))                                                                      \
    F(const char *, ERR_reason_error_string, (unsigned long))                                                    \
    F(const char *, OpenSSL_version, (int))

#define MEMBER(result, name, parameters) result (*name) parameters;
static struct { FUNCTIONS(MEMBER) } ssl; /* filled once, by the first require */
#undef MEMBER

enum { CTRL_GCM_SET_IV_SIZE = 0x9, CTRL_GCM_GET_TAG = 0x10, CTRL_GCM_SET_TAG = 0x11, FLAG_AEAD = 0x200000 };

static Class *openssl_error, *cipher_error, *digest_error;

static MAY_GC MAY_RAISE Value raise_ssl(Fiber *f, Class *klass, const char *what) {
    unsigned long code = ssl.ERR_get_error();
    const char *reason = code ? ssl.ERR_reason_error_string(code) : NULL;
    return reason ? tr_raise(f, klass, "%s%s%s", what, *what ? ": " : "", reason) : tr_raise(f, klass, "%s", what);
}

static MAY_SWITCH MAY_RAISE String *bytes_argument(Fiber *f, Value *v) {
    *v = tr_to_str(f, *v);
    return *v == TR_RAISED ? NULL : tr_string(*v);
}

static MAY_GC Value binary(Fiber *f, const unsigned char *bytes, size_t size) {
    return tr_string_new_encoded(f, (const char *)bytes, size, ENCODING_BINARY);
}

/* --- OpenSSL::Cipher --- */

typedef struct Cipher {
    Data base;
    void *context, *cipher;
    bool has_direction;
} Cipher;

static void cipher_free(Heap *heap, Value object) {
    (void)heap;
    Cipher *cipher = (Cipher *)object;
    if (cipher->context) ssl.EVP_CIPHER_CTX_free(cipher->context);
    if (cipher->cipher) ssl.EVP_CIPHER_free(cipher->cipher);
}
static const DataType cipher_type = { .name = "OpenSSL/Cipher", .bytes = sizeof(Cipher), .free = cipher_free };
static MAY_GC Value cipher_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &cipher_type, klass); }

static MAY_SWITCH MAY_RAISE Value cipher_initialize(Fiber *f, Value self, const Args *args) {
    Cipher *cipher = (Cipher *)self;
    Value name = args->argv[0];
    const char *text = tr_string_cstr(f, &name);
    if (!text) return TR_RAISED;
    cipher->cipher = ssl.EVP_CIPHER_fetch(NULL, text, NULL);
    if (!cipher->cipher) return tr_raise(f, tr_class.runtime_error, "unsupported cipher algorithm (%s)", text);
    cipher->context = ssl.EVP_CIPHER_CTX_new();
    if (!cipher->context || !ssl.EVP_CipherInit_ex(cipher->context, cipher->cipher, NULL, NULL, NULL, -1))
        return raise_ssl(f, cipher_error, "");
    return self;
}

/* __direction(1 encrypt, 0 decrypt) */
static MAY_GC MAY_RAISE Value cipher_direction(Fiber *f, Value self, const Args *args) {
    Cipher *cipher = (Cipher *)self;
    if (!ssl.EVP_CipherInit_ex(cipher->context, NULL, NULL, NULL, NULL, (int)tr_fixnum(args->argv[0])))
        return raise_ssl(f, cipher_error, "");
    cipher->has_direction = true;
    return self;
}

static MAY_SWITCH MAY_RAISE Value cipher_set_key(Fiber *f, Value self, const Args *args) {
    Cipher *cipher = (Cipher *)self;
    Value key = args->argv[0];
    String *bytes = bytes_argument(f, &key);
    if (!bytes) return TR_RAISED;
    int want = ssl.EVP_CIPHER_get_key_length(cipher->cipher);
    if ((size_t)want != bytes->size) return tr_raise(f, tr_class.argument_error, "key must be %d bytes", want);
    if (!ssl.EVP_CipherInit_ex(cipher->context, NULL, NULL, (unsigned char *)bytes->bytes, NULL, -1))
        return raise_ssl(f, cipher_error, "");
    TR_KEEP(key);
    return args->argv[0];
}

static MAY_SWITCH MAY_RAISE Value cipher_set_iv(Fiber *f, Value self, const Args *args) {
    Cipher *cipher = (Cipher *)self;
    Value iv = args->argv[0];
    String *bytes = bytes_argument(f, &iv);
    if (!bytes) return TR_RAISED;
    bool is_aead = ssl.EVP_CIPHER_get_flags(cipher->cipher) & FLAG_AEAD;
    int want = ssl.EVP_CIPHER_get_iv_length(cipher->cipher);
    if (!is_aead && (size_t)want != bytes->size) return tr_raise(f, tr_class.argument_error, "iv must be %d bytes", want);
    if (is_aead && (size_t)want != bytes->size &&
        !ssl.EVP_CIPHER_CTX_ctrl(cipher->context, CTRL_GCM_SET_IV_SIZE, (int)bytes->size, NULL))
        return raise_ssl(f, cipher_error, "");
    if (!ssl.EVP_CipherInit_ex(cipher->context, NULL, NULL, NULL, (unsigned char *)bytes->bytes, -1))
        return raise_ssl(f, cipher_error, "");
    TR_KEEP(iv);
    return args->argv[0];
}

static MAY_SWITCH MAY_RAISE Value cipher_set_auth_data(Fiber *f, Value self, const Args *args) {
    int written;
    Value data = args->argv[0];
    String *bytes = bytes_argument(f, &data);
    if (!bytes) return TR_RAISED;
    if (!ssl.EVP_CipherUpdate(((Cipher *)self)->context, NULL, &written, (unsigned char *)bytes->bytes, (int)bytes->size))
        return raise_ssl(f, cipher_error, "couldn't set additional authenticated data");
    TR_KEEP(data);
    return args->argv[0];
}

static MAY_SWITCH MAY_RAISE Value cipher_auth_tag(Fiber *f, Value self, const Args *args) {
    int64_t size = 16;
    unsigned char tag[16];
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &size)) return TR_RAISED;
    if (!(ssl.EVP_CIPHER_get_flags(((Cipher *)self)->cipher) & FLAG_AEAD))
        return tr_raise(f, cipher_error, "authentication tag not supported by this cipher");
    if (size < 1 || size > 16 || !ssl.EVP_CIPHER_CTX_ctrl(((Cipher *)self)->context, CTRL_GCM_GET_TAG, (int)size, tag))
        return raise_ssl(f, cipher_error, "retrieving the authentication tag failed");
    return binary(f, tag, (size_t)size);
}

static MAY_SWITCH MAY_RAISE Value cipher_set_auth_tag(Fiber *f, Value self, const Args *args) {
    Value tag = args->argv[0];
    String *bytes = bytes_argument(f, &tag);
    if (!bytes) return TR_RAISED;
    if (!ssl.EVP_CIPHER_CTX_ctrl(((Cipher *)self)->context, CTRL_GCM_SET_TAG, (int)bytes->size, bytes->bytes))
        return raise_ssl(f, cipher_error, "unable to set GCM tag");
    TR_KEEP(tag);
    return args->argv[0];
}

static MAY_SWITCH MAY_RAISE Value cipher_update(Fiber *f, Value self, const Args *args) {
    Value data = args->argv[0];
    String *bytes = bytes_argument(f, &data);
    if (!bytes) return TR_RAISED;
    if (bytes->size == 0) return tr_raise(f, tr_class.argument_error, "data must not be empty");
    Value out = tr_string_new_capacity(f, bytes->size + 32, ENCODING_BINARY);
    if (tr_string_resize(f, out, bytes->size + 32) == TR_RAISED) return TR_RAISED;
    int written = 0;
    if (!ssl.EVP_CipherUpdate(((Cipher *)self)->context, (unsigned char *)tr_string(out)->bytes, &written,
                              (unsigned char *)tr_string(data)->bytes, (int)tr_string(data)->size))
        return raise_ssl(f, cipher_error, "");
    TR_KEEP(data);
    return tr_string_resize(f, out, (size_t)written);
}

static MAY_GC MAY_RAISE Value cipher_final(Fiber *f, Value self, const Args *args) {
    unsigned char out[64];
    int written = 0;
    (void)args;
    if (!ssl.EVP_CipherFinal_ex(((Cipher *)self)->context, out, &written)) return raise_ssl(f, cipher_error, "");
    return binary(f, out, (size_t)written);
}

static MAY_GC MAY_RAISE Value cipher_reset(Fiber *f, Value self, const Args *args) {
    (void)args;
    return ssl.EVP_CipherInit_ex(((Cipher *)self)->context, NULL, NULL, NULL, NULL, -1) ? self : raise_ssl(f, cipher_error, "");
}
static MAY_SWITCH MAY_RAISE Value cipher_set_padding(Fiber *f, Value self, const Args *args) {
    int64_t on;
    if (!tr_to_long(f, args->argv[0], &on)) return TR_RAISED;
    ssl.EVP_CIPHER_CTX_set_padding(((Cipher *)self)->context, (int)on);
    return args->argv[0];
}
static MAY_GC Value cipher_key_len(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(ssl.EVP_CIPHER_get_key_length(((Cipher *)self)->cipher)); }
static MAY_GC Value cipher_iv_len(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(ssl.EVP_CIPHER_get_iv_length(((Cipher *)self)->cipher)); }
static MAY_GC Value cipher_block_size(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(ssl.EVP_CIPHER_get_block_size(((Cipher *)self)->cipher)); }
static MAY_GC Value cipher_authenticated_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(ssl.EVP_CIPHER_get_flags(((Cipher *)self)->cipher) & FLAG_AEAD); }

static const MethodDef cipher_methods[] = {
    { "initialize", cipher_initialize, ARITY(1, 1), METHOD_PRIVATE },
    { "__direction", cipher_direction, ARITY(1, 1), METHOD_PRIVATE },
    { "key=", cipher_set_key, ARITY(1, 1), 0 }, { "iv=", cipher_set_iv, ARITY(1, 1), 0 },
    { "auth_data=", cipher_set_auth_data, ARITY(1, 1), 0 }, { "auth_tag", cipher_auth_tag, ARITY(0, 1), 0 },
    { "auth_tag=", cipher_set_auth_tag, ARITY(1, 1), 0 }, { "update", cipher_update, ARITY(1, 1), 0 },
    { "final", cipher_final, ARITY(0, 0), 0 }, { "reset", cipher_reset, ARITY(0, 0), 0 },
    { "padding=", cipher_set_padding, ARITY(1, 1), 0 }, { "key_len", cipher_key_len, ARITY(0, 0), 0 },
    { "iv_len", cipher_iv_len, ARITY(0, 0), 0 }, { "block_size", cipher_block_size, ARITY(0, 0), 0 },
    { "authenticated?", cipher_authenticated_p, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};

/* --- digests --- */

typedef struct Digest {
    Data base;
    void *context, *kind;
} Digest;

static void digest_free(Heap *heap, Value object) {
    (void)heap;
    Digest *digest = (Digest *)object;
    if (digest->context) ssl.EVP_MD_CTX_free(digest->context);
    if (digest->kind) ssl.EVP_MD_free(digest->kind);
}
static const DataType digest_type = { .name = "OpenSSL/Digest", .bytes = sizeof(Digest), .free = digest_free };
static MAY_GC Value digest_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &digest_type, klass); }

/* __start(name) */
static MAY_SWITCH MAY_RAISE Value digest_start(Fiber *f, Value self, const Args *args) {
    Digest *digest = (Digest *)self;
    Value name = args->argv[0];
    const char *text = tr_string_cstr(f, &name);
    if (!text) return TR_RAISED;
    if (!digest->kind) digest->kind = ssl.EVP_MD_fetch(NULL, text, NULL);
    if (!digest->kind) return tr_raise(f, tr_class.runtime_error, "Unsupported digest algorithm (%s).", text);
    if (!digest->context) digest->context = ssl.EVP_MD_CTX_new();
    return ssl.EVP_DigestInit_ex(digest->context, digest->kind, NULL) ? self : raise_ssl(f, digest_error, "");
}
static MAY_SWITCH MAY_RAISE Value digest_update(Fiber *f, Value self, const Args *args) {
    Value data = args->argv[0];
    String *bytes = bytes_argument(f, &data);
    if (!bytes) return TR_RAISED;
    ssl.EVP_DigestUpdate(((Digest *)self)->context, bytes->bytes, bytes->size);
    TR_KEEP(data);
    return self;
}
/* The digest so far; the state goes on. */
static MAY_GC MAY_RAISE Value digest_finish(Fiber *f, Value self, const Args *args) {
    unsigned char out[64];
    unsigned int size = 0;
    (void)args;
    void *copy = ssl.EVP_MD_CTX_new();
    bool done = copy && ssl.EVP_MD_CTX_copy_ex(copy, ((Digest *)self)->context) && ssl.EVP_DigestFinal_ex(copy, out, &size);
    ssl.EVP_MD_CTX_free(copy);
    return done ? binary(f, out, size) : raise_ssl(f, digest_error, "");
}
static MAY_SWITCH MAY_RAISE Value digest_initialize_copy(Fiber *f, Value self, const Args *args) {
    Digest *to = (Digest *)self, *from = (Digest *)args->argv[0];
    if (!tr_data_is(args->argv[0], &digest_type)) return tr_raise(f, tr_class.type_error, "wrong argument type");
    if (!to->context) to->context = ssl.EVP_MD_CTX_new();
    return ssl.EVP_MD_CTX_copy_ex(to->context, from->context) ? self : raise_ssl(f, digest_error, "");
}
static MAY_GC Value digest_size(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(ssl.EVP_MD_get_size(((Digest *)self)->kind)); }
static MAY_GC Value digest_block_size(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return TR_FIX(ssl.EVP_MD_get_block_size(((Digest *)self)->kind)); }

static const MethodDef digest_methods[] = {
    { "__start", digest_start, ARITY(1, 1), METHOD_PRIVATE },
    { "__finish", digest_finish, ARITY(0, 0), METHOD_PRIVATE },
    { "initialize_copy", digest_initialize_copy, ARITY(1, 1), METHOD_PRIVATE },
    { "update", digest_update, ARITY(1, 1), 0 }, { "<<", digest_update, ARITY(1, 1), 0 },
    { "digest_length", digest_size, ARITY(0, 0), 0 }, { "block_length", digest_block_size, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};

/* --- functions of the module --- */

static MAY_SWITCH MAY_RAISE Value crypto_hmac(Fiber *f, Value self, const Args *args) { /* digest name, key, data */
    Value name = args->argv[0], key = args->argv[1], data = args->argv[2];
    unsigned char out[64];
    unsigned int size = 0;
    (void)self;
    const char *text = tr_string_cstr(f, &name);
    if (!text || !bytes_argument(f, &key) || !bytes_argument(f, &data)) return TR_RAISED;
    void *kind = ssl.EVP_MD_fetch(NULL, text, NULL);
    if (!kind) return tr_raise(f, tr_class.runtime_error, "Unsupported digest algorithm (%s).", text);
    ssl.HMAC(kind, tr_string(key)->bytes, (int)tr_string(key)->size, (unsigned char *)tr_string(data)->bytes, tr_string(data)->size, out, &size);
    ssl.EVP_MD_free(kind);
    TR_KEEP(key);
    TR_KEEP(data);
    return binary(f, out, size);
}

typedef struct Derivation { /* plain memory: a helper thread works on it */
    char *password;
    unsigned char *salt, *out;
    int password_size, salt_size, iterations, out_size, ok;
    void *kind;
} Derivation;
static void run_derivation(void *data) {
    Derivation *d = data;
    d->ok = ssl.PKCS5_PBKDF2_HMAC(d->password, d->password_size, d->salt, d->salt_size, d->iterations, d->kind, d->out_size, d->out);
}

static MAY_SWITCH MAY_RAISE Value crypto_pbkdf2(Fiber *f, Value self, const Args *args) { /* password, salt, iterations, size, digest name */
    Value password = args->argv[0], salt = args->argv[1], name = args->argv[4], result = TR_RAISED;
    int64_t iterations, size;
    (void)self;
    const char *text = tr_string_cstr(f, &name);
    if (!text || !bytes_argument(f, &password) || !bytes_argument(f, &salt)) return TR_RAISED;
    if (!tr_to_long(f, args->argv[2], &iterations) || !tr_to_long(f, args->argv[3], &size)) return TR_RAISED;
    if (size < 0 || size > 1 << 24 || iterations < 1) return tr_raise(f, tr_class.argument_error, "invalid length or iterations");
    Derivation d = { .kind = ssl.EVP_MD_fetch(NULL, text, NULL), .iterations = (int)iterations, .out_size = (int)size,
                     .password_size = (int)tr_string(password)->size, .salt_size = (int)tr_string(salt)->size };
    if (!d.kind) return tr_raise(f, tr_class.runtime_error, "Unsupported digest algorithm (%s).", text);
    d.password = malloc((size_t)d.password_size + 1);
    d.salt = malloc((size_t)d.salt_size + 1);
    d.out = malloc((size_t)size + 1);
    if (d.password && d.salt && d.out) {
        memcpy(d.password, tr_string(password)->bytes, (size_t)d.password_size);
        memcpy(d.salt, tr_string(salt)->bytes, (size_t)d.salt_size);
        if (tr_blocking_call(f, run_derivation, &d) != TR_RAISED)
            result = d.ok ? binary(f, d.out, (size_t)size) : raise_ssl(f, openssl_error, "PKCS5_PBKDF2_HMAC");
    } else {
        result = tr_raise_no_memory(f);
    }
    free(d.password);
    free(d.salt);
    free(d.out);
    ssl.EVP_MD_free(d.kind);
    return result;
}

static MAY_SWITCH MAY_RAISE Value crypto_random(Fiber *f, Value self, const Args *args) {
    int64_t size;
    (void)self;
    if (!tr_to_long(f, args->argv[0], &size)) return TR_RAISED;
    if (size < 0 || size > INT32_MAX) return tr_raise(f, tr_class.argument_error, "negative string size (or size too big)");
    Value out = tr_string_new_capacity(f, (size_t)size, ENCODING_BINARY);
    if (tr_string_resize(f, out, (size_t)size) == TR_RAISED) return TR_RAISED;
    return ssl.RAND_bytes((unsigned char *)tr_string(out)->bytes, (int)size) == 1 ? out : raise_ssl(f, openssl_error, "");
}

static const char *open_library(void) {
    void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!library) return "libcrypto.so.3";
#define RESOLVE(result, name, parameters) \
    if (!(*(void **)&ssl.name = dlsym(library, #name))) return #name;
    FUNCTIONS(RESOLVE)
#undef RESOLVE
    return NULL;
}

MAY_GC Value tr_crypto_init(Fiber *f) {
    const char *missing = open_library();
    if (missing) return tr_raise(f, tr_class.load_error, "cannot load such file -- openssl (%s is missing)", missing);
    Class *module = tr_module_define(f, "OpenSSL", NULL);
    openssl_error = tr_class_define(f, "OpenSSLError", tr_class.standard_error, module);
    Class *cipher = tr_class_define(f, "Cipher", tr_class.object, module);
    cipher->alloc = cipher_alloc;
    cipher->instance_type = TYPE_DATA;
    cipher_error = tr_class_define(f, "CipherError", openssl_error, cipher);
    tr_define_methods(f, cipher, cipher_methods);
    Class *digest = tr_class_define(f, "Digest", tr_class.object, module);
    digest->alloc = digest_alloc;
    digest->instance_type = TYPE_DATA;
    digest_error = tr_class_define(f, "DigestError", openssl_error, digest);
    tr_define_methods(f, digest, digest_methods);
    tr_define_singleton_method(f, (Value)module, "__hmac", crypto_hmac, 3, 3, 0);
    tr_define_singleton_method(f, (Value)module, "__pbkdf2", crypto_pbkdf2, 5, 5, 0);
    tr_define_singleton_method(f, (Value)module, "__random", crypto_random, 1, 1, 0);
    tr_const_define(f, module, "OPENSSL_LIBRARY_VERSION", tr_string_interned(f, ssl.OpenSSL_version(0), strlen(ssl.OpenSSL_version(0)), ENCODING_UTF8));
    return TR_NIL;
}

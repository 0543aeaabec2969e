/* features.c - the libraries that need no file: in C, or part of the core since they were written. */
#include "core/require.h"

MAY_SWITCH Value tr_crypto_init(Fiber *f);
MAY_SWITCH Value tr_monitor_init(Fiber *f);
MAY_SWITCH Value tr_async_init(Fiber *f);
MAY_SWITCH Value tr_socket_init(Fiber *f);
MAY_SWITCH Value tr_psych_init(Fiber *f);
MAY_SWITCH Value tr_strscan_init(Fiber *f);
MAY_SWITCH Value tr_tls_init(Fiber *f);
MAY_SWITCH Value tr_timeout_init(Fiber *f);
MAY_SWITCH Value tr_zlib_init(Fiber *f);

const BuiltinFeature tr_builtin_features[] = {
    { "thread", NULL }, { "rational", NULL }, { "complex", NULL }, { "enumerator", NULL }, { "fiber", NULL },
    { "ruby2_keywords", NULL }, { "set", NULL }, { "io/wait", NULL }, { "io/nonblock", NULL },
    { "async_core", tr_async_init }, /* of lib/async/scheduler.rb */
    { "crypto", tr_crypto_init }, /* of lib/openssl.rb and lib/digest.rb */
    { "tls", tr_tls_init }, /* of lib/openssl/ssl.rb, after crypto */
    { "monitor_core", tr_monitor_init }, /* of lib/monitor.rb */
    { "timeout_core", tr_timeout_init }, /* of lib/timeout.rb */
    { "socket_core", tr_socket_init }, /* of lib/ext/socket.rb */
    { "psych_core", tr_psych_init }, /* of lib/ext/psych.rb */
    { "strscan", tr_strscan_init },
    { "zlib_core", tr_zlib_init }, /* of lib/zlib.rb */
    { NULL, NULL }
};

/* sanitizer.h - which sanitizer this is built with: TR_HAS_ASAN, TR_HAS_TSAN (gcc says it otherwise than clang). */
#ifndef TR_BASE_SANITIZER_H
#define TR_BASE_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__)
#define TR_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TR_HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define TR_HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TR_HAS_TSAN 1
#endif
#endif

#endif

/* version.h - what Troupe says it is: to --version and to the constants RUBY_VERSION and their kin. */
#ifndef TR_BASE_VERSION_H
#define TR_BASE_VERSION_H

#define TROUPE_VERSION "0.1.0"
#define TR_RUBY_VERSION "4.0.5" /* the Ruby that is spoken */
#define TR_RUBY_API_VERSION "4.0.0"
#define TR_RELEASE_DATE "2025-12-25"
#define TR_PATCHLEVEL 0
#define TR_ENGINE "troupe"

#if defined(__x86_64__)
#define TR_PLATFORM "x86_64-linux"
#elif defined(__aarch64__)
#define TR_PLATFORM "aarch64-linux"
#else
#define TR_PLATFORM "unknown"
#endif

#define TR_DESCRIPTION "troupe " TROUPE_VERSION " (ruby " TR_RUBY_VERSION ") [" TR_PLATFORM "]"
#define TR_COPYRIGHT "troupe - Copyright (C) the Troupe authors"

#endif

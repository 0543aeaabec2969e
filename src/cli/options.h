/* options.h - the command line, read once at the start and constant from then on. */
#ifndef TR_CLI_OPTIONS_H
#define TR_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    CLI_RUN,
    CLI_CHECK,      /* -c: parse, say "Syntax OK" */
    CLI_VERSION,    /* --version, or -v without a script */
    CLI_HELP,       /* --help, -h */
    CLI_HELP_DEBUG, /* --help-debug */
} CliMode;

enum { /* --dump=… */
    CLI_DUMP_AST = 1 << 0,
    CLI_DUMP_INSNS = 1 << 1,
};

typedef enum { CLI_VERBOSE_NIL, CLI_VERBOSE_FALSE, CLI_VERBOSE_TRUE } CliVerbose; /* $VERBOSE */

typedef enum { CLI_CATEGORY_DEFAULT, CLI_CATEGORY_ON, CLI_CATEGORY_OFF } CliCategory;

/* Strings of a list in the order given; NULL-terminated. They lie in argv. */
typedef struct {
    const char **items;
    size_t count;
} CliList;

typedef struct {
    CliMode mode;
    CliVerbose verbose;
    CliCategory deprecated, experimental, performance, strict_unused_block; /* -W:deprecated, -W:no-deprecated … */
    bool prints_version;        /* -v, before the script runs */
    bool is_debug;              /* -d: $DEBUG */
    bool takes_switches;        /* -s: -name before the arguments become globals */
    bool chomps_lines;          /* -l */
    bool searches_path;         /* -S */
    bool has_record_separator;  /* -0: record_separator counts */
    int record_separator;       /* a byte; -1: paragraphs; -2: none, whole files */
    uint8_t command_line;       /* AST_COMMAND_LINE_… */
    uint8_t frozen_string_literal; /* AstFrozenStringLiteral */
    unsigned dump;              /* CLI_DUMP_… */
    int worker_count;           /* 0: one for each core */
    int backtrace_limit;        /* -1: none */
    const char *field_separator;/* -F, or NULL */
    const char *script_encoding;/* of the source, or NULL */
    const char *external_encoding, *internal_encoding;
    const char *directory;      /* -C: change to it first; NULL: stay */
    const char *search_directory; /* -xDIR: change to it once the script is found */
    char *program;              /* all -e joined, malloc'ed; NULL: none */
    CliList requires, load_paths;
    const char *script;         /* a path; NULL: standard input, or the program of -e */
    int argc;                   /* what is left for ARGV */
    char **argv;
} CliOptions;

/* Fills in *options. False: what is wrong was printed to standard error. */
bool tr_options_read(CliOptions *options, int argc, char **argv);
void tr_options_free(CliOptions *options);

#endif

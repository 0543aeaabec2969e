/* options.c - reads the command line as `ruby` does.
 *
 * Short switches may be run together (-lne), and some take what follows in the same word or else the next word. Long
 * ones take a value behind `=` or as the next word. The first word that is no switch is the script; `--` ends the
 * switches; what follows belongs to the program.
 */
#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syntax/ast.h"

typedef struct {
    CliOptions *options;
    int argc, index; /* the word being read */
    char **argv;
    bool failed;
} Cursor;

static void complain(Cursor *cursor, const char *message, const char *detail)
{
    fprintf(stderr, "troupe: %s%s (RuntimeError)\n", message, detail);
    cursor->failed = true;
}

static void invalid_option(Cursor *cursor, const char *word)
{
    char message[300];
    snprintf(message, sizeof message, "%.200s  (-h will show valid options)", word);
    complain(cursor, "invalid option ", message);
}

/* ---- lists ---- */

static void append(Cursor *cursor, CliList *list, const char *item)
{
    const char **grown = realloc(list->items, (list->count + 2) * sizeof *grown);
    if (!grown) {
        complain(cursor, "out of memory", "");
        return;
    }
    list->items = grown;
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

/* Each -e is a line of the program. */
static void append_program(Cursor *cursor, const char *line)
{
    char **program = &cursor->options->program;
    size_t old_size = *program ? strlen(*program) : 0, size = strlen(line);
    char *grown = realloc(*program, old_size + size + 2);
    if (!grown) {
        complain(cursor, "out of memory", "");
        return;
    }
    memcpy(grown + old_size, line, size);
    memcpy(grown + old_size + size, "\n", 2);
    *program = grown;
}

/* ---- values of switches ---- */

/* What follows the letter in its word, or the next word; NULL: complained. */
static const char *value_of_letter(Cursor *cursor, const char *rest, char letter)
{
    if (*rest)
        return rest;
    if (cursor->index + 1 < cursor->argc)
        return cursor->argv[++cursor->index];
    char name[3] = { '-', letter, 0 };
    if (letter == 'e')
        complain(cursor, "no code specified for ", name);
    else
        complain(cursor, "missing argument for ", name);
    return NULL;
}

/* Whether `word` is --name=VALUE or --name VALUE; *value is then set, or NULL after a complaint. */
static bool is_long(Cursor *cursor, const char *word, const char *name, const char **value)
{
    size_t size = strlen(name);
    if (strncmp(word, name, size) != 0 || (word[size] != '=' && word[size] != 0))
        return false;
    if (word[size] == '=') {
        *value = word + size + 1;
    } else if (cursor->index + 1 < cursor->argc) {
        *value = cursor->argv[++cursor->index];
    } else {
        complain(cursor, "missing argument for ", word);
        *value = NULL;
    }
    return true;
}

static bool number_of(Cursor *cursor, const char *option, const char *text, int low, int high, int *number)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < low || value > high) {
        char message[200];
        snprintf(message, sizeof message, "invalid argument for %s: %.100s", option, text);
        complain(cursor, message, "");
        return false;
    }
    *number = (int)value;
    return true;
}

/* ---- warnings ---- */

static void set_category(Cursor *cursor, const char *name)
{
    static const char *const names[] = { "deprecated", "experimental", "performance", "strict_unused_block" };
    CliOptions *options = cursor->options;
    CliCategory *places[] = { &options->deprecated, &options->experimental, &options->performance,
                              &options->strict_unused_block };
    CliCategory setting = CLI_CATEGORY_ON;
    if (strncmp(name, "no-", 3) == 0) {
        setting = CLI_CATEGORY_OFF;
        name += 3;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *places[i] = setting;
            return;
        }
    fprintf(stderr, "troupe: warning: unknown warning category: '%s'\n", name);
}

/* -W, -W0, -W1, -W2, -W:category. Answers how much of `rest` it took. */
static size_t read_warning_level(Cursor *cursor, const char *rest)
{
    if (*rest == ':') {
        set_category(cursor, rest + 1);
        return strlen(rest);
    }
    cursor->options->verbose = *rest == '0' ? CLI_VERBOSE_NIL : *rest == '1' ? CLI_VERBOSE_FALSE : CLI_VERBOSE_TRUE;
    return *rest >= '0' && *rest <= '9' ? 1 : 0;
}

/* ---- encodings, dumps, features ---- */

static void read_encodings(CliOptions *options, char *value)
{
    char *colon = strchr(value, ':');
    if (colon)
        *colon = 0;
    if (*value)
        options->external_encoding = value;
    if (colon && colon[1])
        options->internal_encoding = colon + 1;
}

static void read_dump(Cursor *cursor, const char *value)
{
    static const struct { const char *name; unsigned bit; } kinds[] = {
        { "ast", CLI_DUMP_AST },
        { "parsetree", CLI_DUMP_AST },
        { "insns", CLI_DUMP_INSNS },
        { "insns_without_opt", CLI_DUMP_INSNS },
    };
    while (*value) {
        size_t size = strcspn(value, ","), i = 0, count = sizeof kinds / sizeof *kinds;
        while (i < count && (strlen(kinds[i].name) != size || strncmp(kinds[i].name, value, size) != 0))
            i++;
        if (i < count) {
            cursor->options->dump |= kinds[i].bit;
        } else if (size == 6 && strncmp(value, "syntax", size) == 0) {
            cursor->options->mode = CLI_CHECK;
        } else if (size == 7 && strncmp(value, "version", size) == 0) {
            cursor->options->mode = CLI_VERSION;
        } else {
            complain(cursor, "unknown kind of dump: ", value);
            return;
        }
        value += size + (value[size] == ',');
    }
}

/* --enable=a,b and --disable=a,b. Features that Troupe does not have are switched in vain. */
static void read_features(CliOptions *options, const char *value, bool is_on)
{
    for (size_t size; *value; value += size + (value[size] == ',')) {
        size = strcspn(value, ",");
        if (size == strlen("frozen-string-literal") &&
            (strncmp(value, "frozen-string-literal", size) == 0 || strncmp(value, "frozen_string_literal", size) == 0))
            options->frozen_string_literal = is_on ? AST_FROZEN_ENABLED : AST_FROZEN_DISABLED;
    }
}

/* -0[octal]: how records are separated. Answers how much of `rest` it took. */
static size_t read_record_separator(CliOptions *options, const char *rest)
{
    size_t size = 0;
    int value = 0;
    while (size < 3 && rest[size] >= '0' && rest[size] <= '7')
        value = value * 8 + (rest[size++] - '0');
    options->has_record_separator = true;
    options->record_separator = size == 0 ? 0 : value == 0 ? -1 : value > 0377 ? -2 : value;
    return size;
}

/* ---- switches ---- */

static void read_long(Cursor *cursor, char *word)
{
    CliOptions *options = cursor->options;
    const char *value = NULL;
    if (strcmp(word, "--version") == 0) {
        options->mode = CLI_VERSION;
    } else if (strcmp(word, "--help") == 0) {
        options->mode = CLI_HELP;
    } else if (strcmp(word, "--help-debug") == 0) {
        options->mode = CLI_HELP_DEBUG;
    } else if (strcmp(word, "--verbose") == 0) {
        options->verbose = CLI_VERBOSE_TRUE;
    } else if (strcmp(word, "--debug") == 0) {
        options->is_debug = true;
    } else if (is_long(cursor, word, "--workers", &value)) {
        if (value)
            number_of(cursor, "--workers", value, 1, 1024, &options->worker_count);
    } else if (is_long(cursor, word, "--backtrace-limit", &value)) {
        if (value)
            number_of(cursor, "--backtrace-limit", value, -1, 1 << 30, &options->backtrace_limit);
    } else if (is_long(cursor, word, "--dump", &value)) {
        if (value)
            read_dump(cursor, value);
    } else if (is_long(cursor, word, "--enable", &value)) {
        if (value)
            read_features(options, value, true);
    } else if (is_long(cursor, word, "--disable", &value)) {
        if (value)
            read_features(options, value, false);
    } else if (strncmp(word, "--enable-", 9) == 0) {
        read_features(options, word + 9, true);
    } else if (strncmp(word, "--disable-", 10) == 0) {
        read_features(options, word + 10, false);
    } else if (is_long(cursor, word, "--encoding", &value) || is_long(cursor, word, "--external-encoding", &value)) {
        if (value)
            read_encodings(options, (char *)value);
    } else if (is_long(cursor, word, "--internal-encoding", &value)) {
        options->internal_encoding = value;
    } else if (strncmp(word, "--jit", 5) != 0 && strncmp(word, "--yjit", 6) != 0 && strncmp(word, "--zjit", 6) != 0) {
        invalid_option(cursor, word);
    }
}

/* A letter that is a switch by itself. False: it is not. */
static bool read_flag(CliOptions *options, char letter)
{
    switch (letter) {
    case 'a': options->command_line |= AST_COMMAND_LINE_A; break;
    case 'n': options->command_line |= AST_COMMAND_LINE_N; break;
    case 'p': options->command_line |= AST_COMMAND_LINE_N | AST_COMMAND_LINE_P; break;
    case 'l':
        options->command_line |= AST_COMMAND_LINE_L;
        options->chomps_lines = true;
        break;
    case 'c': options->mode = CLI_CHECK; break;
    case 'd': options->is_debug = true; break;
    case 'h': options->mode = CLI_HELP; break;
    case 's': options->takes_switches = true; break;
    case 'S': options->searches_path = true; break;
    case 'U': options->internal_encoding = "UTF-8"; break;
    case 'v':
        options->prints_version = true;
        options->verbose = CLI_VERBOSE_TRUE;
        break;
    case 'w': options->verbose = CLI_VERBOSE_TRUE; break;
    default:  return false;
    }
    return true;
}

/* A letter that takes the rest of its word, or the next word. */
static bool read_valued(Cursor *cursor, char letter, char *rest)
{
    CliOptions *options = cursor->options;
    const char *value;
    switch (letter) {
    case 'e':
        if ((value = value_of_letter(cursor, rest, letter))) {
            append_program(cursor, value);
            options->command_line |= AST_COMMAND_LINE_E;
        }
        return true;
    case 'r':
        if ((value = value_of_letter(cursor, rest, letter)))
            append(cursor, &options->requires, value);
        return true;
    case 'I':
        if ((value = value_of_letter(cursor, rest, letter)))
            append(cursor, &options->load_paths, value);
        return true;
    case 'C':
    case 'X':
        if ((value = value_of_letter(cursor, rest, letter)))
            options->directory = value;
        return true;
    case 'E':
        if ((value = value_of_letter(cursor, rest, letter)))
            read_encodings(options, (char *)value);
        return true;
    case 'F':
        options->field_separator = rest;
        return true;
    case 'x':
        options->command_line |= AST_COMMAND_LINE_X;
        options->search_directory = *rest ? rest : NULL;
        return true;
    default:
        return false;
    }
}

/* -K kcode: the encoding of the source. Answers how much of `rest` it took. */
static size_t read_kcode(CliOptions *options, const char *rest)
{
    switch (*rest) {
    case 'u': case 'U': options->script_encoding = "UTF-8"; return 1;
    case 'e': case 'E': options->script_encoding = "EUC-JP"; return 1;
    case 's': case 'S': options->script_encoding = "Windows-31J"; return 1;
    case 'n': case 'N': case 'a': case 'A': options->script_encoding = "ASCII-8BIT"; return 1;
    default: return 0;
    }
}

static void read_short(Cursor *cursor, char *word)
{
    for (char *at = word + 1; *at && !cursor->failed;) {
        char letter = *at++;
        if (letter == 'W')
            at += read_warning_level(cursor, at);
        else if (letter == '0')
            at += read_record_separator(cursor->options, at);
        else if (letter == 'K')
            at += read_kcode(cursor->options, at);
        else if (read_valued(cursor, letter, at))
            return;
        else if (!read_flag(cursor->options, letter)) {
            char name[] = { '-', letter, 0 };
            invalid_option(cursor, name);
        }
    }
}

bool tr_options_read(CliOptions *options, int argc, char **argv)
{
    *options = (CliOptions){ .verbose = CLI_VERBOSE_FALSE, .backtrace_limit = -1 };
    Cursor cursor = { .options = options, .argc = argc, .argv = argv, .index = 1 };
    for (; cursor.index < argc && !cursor.failed; cursor.index++) {
        char *word = argv[cursor.index];
        if (word[0] != '-' || word[1] == 0)
            break;
        if (strcmp(word, "--") == 0) {
            cursor.index++;
            break;
        }
        if (word[1] == '-')
            read_long(&cursor, word);
        else
            read_short(&cursor, word);
    }
    if (cursor.failed)
        return false;
    if (!options->program && cursor.index < argc) {
        const char *script = argv[cursor.index++];
        options->script = strcmp(script, "-") == 0 ? NULL : script;
    } else if (!options->program && options->prints_version && options->mode == CLI_RUN && options->dump == 0 &&
               options->requires.count == 0) {
        options->mode = CLI_VERSION;
    }
    options->argc = argc - cursor.index;
    options->argv = argv + cursor.index;
    return true;
}

void tr_options_free(CliOptions *options)
{
    free(options->program);
    free(options->requires.items);
    free(options->load_paths.items);
}

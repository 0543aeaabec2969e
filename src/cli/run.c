/* run.c - what the command line changes in the world that a program sees.
 *
 * The order is Ruby's: globals and load path first, then the libraries of -r, then the program. Whatever raises on the
 * way ends like an uncaught exception of the program itself.
 */
#include "cli/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/prompt.h"
#include "core/core.h"

/* ---- globals ---- */

MAY_SWITCH MAY_RAISE static bool set_global(Fiber *f, const char *name, Value value)
{
    return tr_global_set(f, tr_intern_cstr(name), value) != TR_RAISED;
}

MAY_SWITCH MAY_RAISE static bool set_verbosity(Fiber *f, const CliOptions *options)
{
    static const Value values[] = { [CLI_VERBOSE_NIL] = TR_NIL, [CLI_VERBOSE_FALSE] = TR_FALSE, [CLI_VERBOSE_TRUE] = TR_TRUE };
    if (options->is_debug && !set_global(f, "$DEBUG", TR_TRUE))
        return false;
    return options->verbose == CLI_VERBOSE_FALSE || set_global(f, "$VERBOSE", values[options->verbose]);
}

/* Warning[:name] = true or false. With -w, deprecations are told too. */
MAY_SWITCH MAY_RAISE static bool set_categories(Fiber *f, const CliOptions *options)
{
    CliCategory deprecated = options->deprecated;
    if (deprecated == CLI_CATEGORY_DEFAULT && options->verbose == CLI_VERBOSE_TRUE)
        deprecated = CLI_CATEGORY_ON;
    const struct { const char *name; CliCategory setting; } categories[] = {
        { "deprecated", deprecated },
        { "experimental", options->experimental },
        { "performance", options->performance },
        { "strict_unused_block", options->strict_unused_block },
    };
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
        if (categories[i].setting == CLI_CATEGORY_DEFAULT)
            continue;
        Value arguments[] = { tr_value_from_id(tr_intern_cstr(categories[i].name)),
                              categories[i].setting == CLI_CATEGORY_ON ? TR_TRUE : TR_FALSE };
        if (tr_callv(f, (Value)tr_class.warning, tr_intern_cstr("[]="), 2, arguments) == TR_RAISED)
            return false;
    }
    return true;
}

/* -0, -l and -F: $/, $\ and $; */
MAY_SWITCH MAY_RAISE static bool set_separators(Fiber *f, const CliOptions *options)
{
    if (options->has_record_separator) {
        char byte = (char)options->record_separator;
        Value separator = options->record_separator == -2   ? TR_NIL
                          : options->record_separator == -1 ? tr_string_new(f, "", 0)
                                                            : tr_string_new_encoded(f, &byte, 1, ENCODING_BINARY);
        if (!set_global(f, "$/", separator))
            return false;
    }
    if (options->chomps_lines) {
        Value separator = tr_global_get(f, tr_intern_cstr("$/"));
        if (separator == TR_RAISED || !set_global(f, "$\\", separator))
            return false;
    }
    if (options->field_separator) {
        Value source = tr_string_new_cstr(f, options->field_separator);
        Value pattern = tr_new(f, tr_class.regexp, 1, &source);
        if (pattern == TR_RAISED || !set_global(f, "$;", pattern))
            return false;
    }
    return true;
}

MAY_SWITCH MAY_RAISE static bool set_encodings(Fiber *f, const CliOptions *options)
{
    const struct { const char *setter, *name; } settings[] = {
        { "default_external=", options->external_encoding },
        { "default_internal=", options->internal_encoding },
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (!settings[i].name)
            continue;
        Value name = tr_string_new_cstr(f, settings[i].name);
        if (tr_call(f, (Value)tr_class.encoding, tr_intern_cstr(settings[i].setter), 1, name) == TR_RAISED)
            return false;
    }
    return true;
}

/* ---- -s ---- */

/* -name=value or -name as a global; false: raised. Dashes within the name become underscores. */
MAY_SWITCH MAY_RAISE static bool set_switch(Fiber *f, const char *word)
{
    const char *name = word + 1, *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    char *global = malloc(size + 2);
    if (!global)
        return true;
    global[0] = '$';
    for (size_t i = 0; i < size; i++)
        global[i + 1] = name[i] == '-' ? '_' : name[i];
    global[size + 1] = 0;
    bool done = set_global(f, global, equals ? tr_string_new_cstr(f, equals + 1) : TR_TRUE);
    free(global);
    return done;
}

/* How many of the first arguments are switches for -s, a `--` that ends them included. */
static int count_switches(const CliOptions *options)
{
    int count = 0;
    if (!options->takes_switches)
        return 0;
    while (count < options->argc && options->argv[count][0] == '-' && options->argv[count][1])
        if (strcmp(options->argv[count++], "--") == 0)
            break;
    return count;
}

MAY_SWITCH MAY_RAISE static bool set_switches(Fiber *f, const CliOptions *options, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(options->argv[i], "--") != 0 && !set_switch(f, options->argv[i]))
            return false;
    return true;
}

/* ---- -I and -r ---- */

MAY_SWITCH MAY_RAISE static bool add_load_paths(Fiber *f, const CliOptions *options)
{
    Value paths = options->load_paths.count ? tr_global_get(f, tr_intern_cstr("$LOAD_PATH")) : TR_NIL;
    if (paths == TR_RAISED)
        return false;
    for (size_t i = options->load_paths.count; i-- > 0;) {
        char *full = realpath(options->load_paths.items[i], NULL);
        Value path = tr_string_new_cstr(f, full ? full : options->load_paths.items[i]);
        free(full);
        if (tr_call(f, paths, tr_intern_cstr("unshift"), 1, path) == TR_RAISED)
            return false;
    }
    return true;
}

MAY_SWITCH MAY_RAISE static bool require_libraries(Fiber *f, const CliOptions *options)
{
    for (size_t i = 0; i < options->requires.count; i++)
        if (tr_require(f, tr_string_new_cstr(f, options->requires.items[i])) == TR_RAISED)
            return false;
    return true;
}

/* ---- DATA ---- */

/* Where the text behind the line __END__ begins. */
static uint32_t data_offset(const Ast *ast)
{
    uint32_t at = ast->data_loc.start, end = ast->data_loc.start + ast->data_loc.length;
    while (at < end && ast->source[at] != '\n')
        at++;
    return at < end ? at + 1 : at;
}

/* DATA is the script's own file, open behind __END__; a script from elsewhere has none. */
MAY_SWITCH MAY_RAISE static bool define_data(Fiber *f, const CliOptions *options, const Source *source, const Ast *ast)
{
    if (!ast_loc_is_present(ast->data_loc) || !options->script)
        return true;
    Value path = tr_string_new_cstr(f, source->name);
    Value file = tr_callv(f, (Value)tr_class.file, tr_intern_cstr("open"), 1, &path);
    if (file == TR_RAISED)
        return false;
    Value offset = tr_value_from_fixnum(data_offset(ast));
    if (tr_callv(f, file, tr_intern_cstr("seek"), 1, &offset) == TR_RAISED)
        return false;
    return tr_const_set(f, tr_class.object, tr_intern_cstr("DATA"), file) != TR_RAISED;
}

/* ---- the program ---- */

MAY_SWITCH MAY_RAISE static bool prepare(Fiber *f, const CliOptions *options, int switches)
{
    if (options->command_line & AST_COMMAND_LINE_N)
        tr_kernel_lines_define(f);
    return set_verbosity(f, options) && set_categories(f, options) && set_encodings(f, options) &&
           set_separators(f, options) && set_switches(f, options, switches) && add_load_paths(f, options) &&
           require_libraries(f, options);
}

static MAY_SWITCH Fiber *boot(const CliOptions *options, const char *script_name, int switches)
{
    return tr_vm_boot(&(VmOptions){
        .worker_count = options->worker_count,
        .backtrace_limit = options->backtrace_limit,
        .argc = options->argc - switches,
        .argv = options->argv + switches,
        .script_name = script_name,
    });
}

/* --dump=insns: the program's instructions instead of its effects. */
MAY_SWITCH static int print_insns(Fiber *f, Ast *taken_ast, Value path, const CompileOptions *options)
{
    Iseq *iseq = tr_compile(f, taken_ast, ISEQ_MAIN, path, path, options);
    tr_ast_free(taken_ast);
    if (!iseq)
        return tr_vm_finish(f, TR_RAISED);
    size_t size;
    char *text = tr_iseq_disasm(iseq, &size);
    if (text)
        fwrite(text, 1, size, stdout);
    free(text);
    return tr_vm_finish(f, TR_NIL);
}

int tr_cli_run(const CliOptions *options, const Source *source, Ast *taken_ast)
{
    int switches = count_switches(options);
    Fiber *f = boot(options, source->name, switches);
    if (!prepare(f, options, switches) || !define_data(f, options, source, taken_ast))
        return tr_vm_finish(f, TR_RAISED);
    CompileOptions compile = {
        .frozen_string_literal_set = options->frozen_string_literal != AST_FROZEN_UNSET,
        .frozen_string_literal = options->frozen_string_literal == AST_FROZEN_ENABLED,
    };
    Value path = tr_string_new_cstr(f, source->name);
    if (options->dump & CLI_DUMP_INSNS)
        return print_insns(f, taken_ast, path, &compile);
    return tr_run_main(f, taken_ast, path, &compile);
}

int tr_cli_prompt(const CliOptions *options)
{
    int switches = count_switches(options);
    Fiber *f = boot(options, "troupe", switches);
    if (!prepare(f, options, switches))
        return tr_vm_finish(f, TR_RAISED);
    return tr_vm_finish(f, tr_prompt_run(f));
}

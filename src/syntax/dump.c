/* dump.c - a tree as text, for people: --dump=ast.
 *
 * The format is that of Prism's own Node#inspect, so that what is written about it elsewhere applies here:
 *
 *     @ ProgramNode (location: (1,0)-(1,1))
 *     ├── flags: ∅
 *     ├── locals: []
 *     └── statements:
 *         @ StatementsNode (location: (1,0)-(1,1))
 *         …
 */
#include "syntax/ast_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bigstack.h"

/* What stands before each line of a node: grows by one level's "│   " or "    " and shrinks again. */
typedef struct {
    const Ast *ast;
    FILE *out;
    char *prefix;
    size_t prefix_size, prefix_capacity;
    bool failed;
} Dump;

static void push_prefix(Dump *dump, const char *text)
{
    size_t size = strlen(text);
    if (dump->prefix_size + size + 1 > dump->prefix_capacity) {
        size_t capacity = (dump->prefix_capacity + size) * 2 + 64;
        char *grown = realloc(dump->prefix, capacity);
        if (!grown) {
            dump->failed = true;
            return;
        }
        dump->prefix = grown;
        dump->prefix_capacity = capacity;
    }
    memcpy(dump->prefix + dump->prefix_size, text, size);
    dump->prefix_size += size;
}

static void start_line(const Dump *dump)
{
    if (dump->prefix_size > 0)
        fwrite(dump->prefix, 1, dump->prefix_size, dump->out);
}

static void print_quoted(const Dump *dump, const uint8_t *bytes, size_t size)
{
    fputc('"', dump->out);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = bytes[i];
        if (byte == '"' || byte == '\\')
            fprintf(dump->out, "\\%c", byte);
        else if (byte == '\n')
            fputs("\\n", dump->out);
        else if (byte == '\t')
            fputs("\\t", dump->out);
        else if (byte < 0x20 || byte == 0x7f)
            fprintf(dump->out, "\\x%02X", byte);
        else
            fputc(byte, dump->out);
    }
    fputc('"', dump->out);
}

static void print_place(const Dump *dump, uint32_t start, uint32_t length)
{
    const Ast *ast = dump->ast;
    fprintf(dump->out, "(%" PRId32 ",%" PRIu32 ")-(%" PRId32 ",%" PRIu32 ")", tr_ast_line(ast, start),
            tr_ast_column(ast, start), tr_ast_line(ast, start + length), tr_ast_column(ast, start + length));
}

static void print_location(const Dump *dump, AstLoc loc)
{
    if (!ast_loc_is_present(loc)) {
        fputs("∅", dump->out);
        return;
    }
    print_place(dump, loc.start, loc.length);
    fputs(" = ", dump->out);
    print_quoted(dump, dump->ast->source + loc.start, loc.length);
}

static void print_constant(const Dump *dump, AstConstant name)
{
    const AstString *string = ast_constant(dump->ast, name);
    if (name == 0)
        fputs("∅", dump->out);
    else
        fprintf(dump->out, ":%.*s", (int)string->size, (const char *)string->bytes);
}

static void print_constants(const Dump *dump, const AstConstantList *list)
{
    fputc('[', dump->out);
    for (uint32_t i = 0; i < list->count; i++) {
        if (i > 0)
            fputs(", ", dump->out);
        print_constant(dump, list->items[i]);
    }
    fputc(']', dump->out);
}

/* Decimal where one machine word is enough, otherwise hexadecimal. */
static void print_integer(const Dump *dump, const AstInteger *integer)
{
    if (integer->is_negative)
        fputc('-', dump->out);
    if (integer->count == 1) {
        fprintf(dump->out, "%" PRIu32, integer->words[0]);
        return;
    }
    fprintf(dump->out, "0x%" PRIx32, integer->words[integer->count - 1]);
    for (uint32_t i = integer->count - 1; i-- > 0;)
        fprintf(dump->out, "%08" PRIx32, integer->words[i]);
}

static void print_flags(const Dump *dump, const AstNode *node)
{
    const AstFlagName *name = tr_ast_node_info[node->type].flags;
    const char *between = " ";
    fputs("flags:", dump->out);
    if (node->flags & AST_FLAG_NEWLINE)
        fprintf(dump->out, "%snewline", between), between = ", ";
    if (node->flags & AST_FLAG_STATIC_LITERAL)
        fprintf(dump->out, "%sstatic_literal", between), between = ", ";
    for (; name && name->name; name++)
        if (node->flags & name->bit)
            fprintf(dump->out, "%s%s", between, name->name), between = ", ";
    fputs(*between == ' ' ? " ∅\n" : "\n", dump->out);
}

static void print_node(Dump *dump, const AstNode *node);

/* A node below what has just been printed, with the lines that lead past it. */
static void print_child(Dump *dump, const AstNode *child, const char *leading)
{
    size_t size = dump->prefix_size;
    push_prefix(dump, leading);
    print_node(dump, child);
    dump->prefix_size = size;
}

static void print_nodes(Dump *dump, const AstNodeList *list, const char *leading)
{
    size_t size = dump->prefix_size;
    fprintf(dump->out, " (length: %" PRIu32 ")\n", list->count);
    push_prefix(dump, leading);
    for (uint32_t i = 0; i < list->count; i++) {
        bool is_last = i + 1 == list->count;
        start_line(dump);
        fputs(is_last ? "└── " : "├── ", dump->out);
        print_child(dump, list->items[i], is_last ? "    " : "│   ");
    }
    dump->prefix_size = size;
}

/* A field whose value stands on lines of its own. */
static void print_tree(Dump *dump, const AstField *field, const void *at, const char *leading)
{
    if (field->kind == AST_FIELD_NODES) {
        print_nodes(dump, at, leading);
        return;
    }
    const AstNode *child = *(AstNode *const *)at;
    if (!child) {
        fputs(" ∅\n", dump->out);
        return;
    }
    size_t size = dump->prefix_size;
    fputc('\n', dump->out);
    push_prefix(dump, leading);
    start_line(dump);
    print_node(dump, child);
    dump->prefix_size = size;
}

/* A field whose value stands on the line of its name. */
static void print_value(const Dump *dump, const AstField *field, const void *at)
{
    fputc(' ', dump->out);
    switch ((AstFieldKind)field->kind) {
    case AST_FIELD_CONSTANT:
    case AST_FIELD_OPTIONAL_CONSTANT:
        print_constant(dump, *(const AstConstant *)at);
        break;
    case AST_FIELD_CONSTANTS:
        print_constants(dump, at);
        break;
    case AST_FIELD_LOCATION:
    case AST_FIELD_OPTIONAL_LOCATION:
        print_location(dump, *(const AstLoc *)at);
        break;
    case AST_FIELD_STRING: {
        const AstString *string = at;
        print_quoted(dump, string->bytes, string->size);
        break;
    }
    case AST_FIELD_INTEGER:
        print_integer(dump, at);
        break;
    case AST_FIELD_DOUBLE:
        fprintf(dump->out, "%.17g", *(const double *)at);
        break;
    case AST_FIELD_BYTE:
    case AST_FIELD_UINT:
        fprintf(dump->out, "%" PRIu32, *(const uint32_t *)at);
        break;
    default:
        break;
    }
    fputc('\n', dump->out);
}

/* The cursor stands where the node's title goes. */
static void print_node(Dump *dump, const AstNode *node)
{
    const AstNodeInfo *info = &tr_ast_node_info[node->type];
    fprintf(dump->out, "@ %s (location: ", info->name);
    print_place(dump, node->start, node->length);
    fputs(")\n", dump->out);
    start_line(dump);
    fputs(info->field_count == 0 ? "└── " : "├── ", dump->out);
    print_flags(dump, node);
    for (int i = 0; i < info->field_count; i++) {
        const AstField *field = &info->fields[i];
        bool is_last = i + 1 == info->field_count;
        start_line(dump);
        fprintf(dump->out, "%s%s:", is_last ? "└── " : "├── ", field->name);
        const void *at = (const char *)node + field->offset;
        if (field->kind <= AST_FIELD_NODES)
            print_tree(dump, field, at, is_last ? "    " : "│   ");
        else
            print_value(dump, field, at);
    }
}

static void run_dump(void *context)
{
    Dump *dump = context;
    print_node(dump, &dump->ast->root->base);
}

char *tr_ast_dump(const Ast *ast)
{
    char *text = NULL;
    size_t size = 0;
    Dump dump = { .ast = ast, .out = open_memstream(&text, &size) };
    if (!dump.out)
        return NULL;
    if (ast->root && !tr_bigstack_call(run_dump, &dump, TR_BIGSTACK_BYTES))
        dump.failed = true;
    free(dump.prefix);
    if (fclose(dump.out) != 0 || dump.failed) {
        free(text);
        return NULL;
    }
    return text;
}

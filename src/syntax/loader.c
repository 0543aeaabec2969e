/* loader.c - decodes the parser's serialized tree into nodes.
 *
 * The format is the one that deserialize.js of the Prism package reads; the fields of each node come from the table
 * in build/gen/ast_tables.c, so nothing here knows a single kind of node.
 *
 * The bytes come out of a sandbox that is not trusted, so the decoder takes anything: each read is checked against
 * the end, a count never promises more than the bytes that are left can hold, and the recursion is bounded. What
 * breaks the format sets `failure` and makes every later read answer zero, so that the code can look straight on.
 *
 * Two budgets bound the memory: the items of all lists together, and the bytes of all copies together, are each at
 * most the size of the input, because an honest serialization spends at least a byte on each of them.
 */
#include "syntax/ast_internal.h"

#include <string.h>

#include "syntax/arena.h"

typedef struct {
    const uint8_t *start, *at, *end;
    Ast *ast;
    size_t item_budget, copy_budget;
    uint32_t depth;
    bool is_lazy; /* methods are left for later */
    AstLoadStatus failure;
} Reader;

/* A method that was left for later: where its fields go on in the serialized tree. */
typedef struct {
    AstDefNode node;
    const uint8_t *at, *end;
    uint8_t next_field;
} LazyDef;

static void fail(Reader *reader, AstLoadStatus status)
{
    if (reader->failure == AST_LOAD_OK)
        reader->failure = status;
    reader->at = reader->end;
}

/* ---- bytes ---- */

static uint8_t read_byte(Reader *reader)
{
    if (reader->at == reader->end) {
        fail(reader, AST_LOAD_CORRUPT);
        return 0;
    }
    return *reader->at++;
}

static uint32_t read_varint(Reader *reader)
{
    uint32_t result = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        uint8_t byte = read_byte(reader);
        result |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return result;
    }
    fail(reader, AST_LOAD_CORRUPT);
    return 0;
}

static const uint8_t *read_bytes(Reader *reader, size_t size)
{
    if (size > (size_t)(reader->end - reader->at)) {
        fail(reader, AST_LOAD_CORRUPT);
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += size;
    return bytes;
}

static uint32_t word_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t read_word(Reader *reader)
{
    const uint8_t *bytes = read_bytes(reader, 4);
    return bytes ? word_at(bytes) : 0;
}

/* ---- memory ---- */

static void *get(Reader *reader, size_t size)
{
    void *memory = tr_arena_get(reader->ast->arena, size);
    if (!memory)
        fail(reader, AST_LOAD_NO_MEMORY);
    return memory;
}

static char *copy(Reader *reader, const uint8_t *bytes, size_t size)
{
    if (!bytes)
        return NULL;
    if (size > reader->copy_budget) {
        fail(reader, AST_LOAD_CORRUPT);
        return NULL;
    }
    reader->copy_budget -= size;
    char *result = tr_arena_copy(reader->ast->arena, bytes, size);
    if (!result)
        fail(reader, AST_LOAD_NO_MEMORY);
    return result;
}

/* Room for a list whose length comes next on the wire. NULL with *count 0: empty or failed. */
static void *read_list(Reader *reader, size_t item_size, uint32_t *count)
{
    *count = read_varint(reader);
    if (*count > reader->item_budget || *count > (size_t)(reader->end - reader->at)) {
        fail(reader, AST_LOAD_CORRUPT);
        *count = 0;
    }
    reader->item_budget -= *count;
    void *items = *count ? get(reader, item_size * *count) : NULL;
    if (!items)
        *count = 0;
    return items;
}

/* ---- the kinds of fields ---- */

/* Locations are clamped rather than refused: an odd one costs a caret in the wrong place, not the program. */
static AstLoc read_location(Reader *reader)
{
    uint32_t size = reader->ast->source_size;
    AstLoc loc = { .start = read_varint(reader), .length = read_varint(reader) };
    if (loc.start > size)
        loc.start = size;
    if (loc.length > size - loc.start)
        loc.length = size - loc.start;
    return loc;
}

static AstLoc read_optional_location(Reader *reader)
{
    if (read_byte(reader) == 0)
        return (AstLoc){ .start = AST_ABSENT };
    return read_location(reader);
}

static AstConstant read_constant(Reader *reader, bool is_optional)
{
    uint32_t index = read_varint(reader);
    if (index >= reader->ast->constant_count || (index == 0 && !is_optional)) {
        fail(reader, AST_LOAD_CORRUPT);
        return 0;
    }
    return index;
}

static AstString source_slice(Reader *reader, uint32_t start, uint32_t size)
{
    const Ast *ast = reader->ast;
    if (start > ast->source_size || size > ast->source_size - start) {
        fail(reader, AST_LOAD_CORRUPT);
        return (AstString){ 0 };
    }
    return (AstString){ ast->source + start, size };
}

static AstString read_string(Reader *reader)
{
    switch (read_byte(reader)) {
    case 1: {
        uint32_t start = read_varint(reader), size = read_varint(reader);
        return source_slice(reader, start, size);
    }
    case 2: {
        uint32_t size = read_varint(reader);
        const char *bytes = copy(reader, read_bytes(reader, size), size);
        return (AstString){ (const uint8_t *)bytes, bytes ? size : 0 };
    }
    default:
        fail(reader, AST_LOAD_CORRUPT);
        return (AstString){ 0 };
    }
}

static AstInteger read_integer(Reader *reader)
{
    static const uint32_t zero;
    bool is_negative = read_byte(reader) != 0;
    uint32_t count;
    uint32_t *words = read_list(reader, sizeof *words, &count);
    for (uint32_t i = 0; i < count; i++)
        words[i] = read_varint(reader);
    if (count == 0) {
        fail(reader, AST_LOAD_CORRUPT);
        return (AstInteger){ &zero, 1, false };
    }
    return (AstInteger){ words, count, is_negative };
}

static double read_double(Reader *reader)
{
    double result = 0;
    const uint8_t *bytes = read_bytes(reader, sizeof result);
    if (bytes)
        memcpy(&result, bytes, sizeof result);
    return result;
}

static AstConstantList read_constants(Reader *reader)
{
    AstConstantList list;
    list.items = read_list(reader, sizeof *list.items, &list.count);
    for (uint32_t i = 0; i < list.count; i++)
        list.items[i] = read_constant(reader, false);
    return list;
}

/* ---- nodes ---- */

static AstNode *read_node(Reader *reader, uint8_t wanted_type);

static AstNode *read_optional_node(Reader *reader, uint8_t wanted_type)
{
    if (reader->at < reader->end && *reader->at != 0)
        return read_node(reader, wanted_type);
    read_byte(reader);
    return NULL;
}

static AstNodeList read_nodes(Reader *reader)
{
    AstNodeList list;
    list.items = read_list(reader, sizeof *list.items, &list.count);
    for (uint32_t i = 0; i < list.count && reader->failure == AST_LOAD_OK; i++)
        list.items[i] = read_node(reader, 0);
    return list;
}

static void read_field(Reader *reader, const AstField *field, void *at)
{
    switch ((AstFieldKind)field->kind) {
    case AST_FIELD_NODE:              *(AstNode **)at = read_node(reader, field->node_type); break;
    case AST_FIELD_OPTIONAL_NODE:     *(AstNode **)at = read_optional_node(reader, field->node_type); break;
    case AST_FIELD_NODES:             *(AstNodeList *)at = read_nodes(reader); break;
    case AST_FIELD_CONSTANT:          *(AstConstant *)at = read_constant(reader, false); break;
    case AST_FIELD_OPTIONAL_CONSTANT: *(AstConstant *)at = read_constant(reader, true); break;
    case AST_FIELD_CONSTANTS:         *(AstConstantList *)at = read_constants(reader); break;
    case AST_FIELD_LOCATION:          *(AstLoc *)at = read_location(reader); break;
    case AST_FIELD_OPTIONAL_LOCATION: *(AstLoc *)at = read_optional_location(reader); break;
    case AST_FIELD_STRING:            *(AstString *)at = read_string(reader); break;
    case AST_FIELD_INTEGER:           *(AstInteger *)at = read_integer(reader); break;
    case AST_FIELD_DOUBLE:            *(double *)at = read_double(reader); break;
    case AST_FIELD_BYTE:              *(uint32_t *)at = read_byte(reader); break;
    case AST_FIELD_UINT:              *(uint32_t *)at = read_varint(reader); break;
    }
}

static void read_fields(Reader *reader, AstNode *node, int first, int count)
{
    const AstNodeInfo *info = &tr_ast_node_info[node->type];
    for (int i = first; i < count && reader->failure == AST_LOAD_OK; i++)
        read_field(reader, &info->fields[i], (char *)node + info->fields[i].offset);
}

/* The fields that tell a method from another come first on the wire: name, name_loc, receiver. */
#define LAZY_FIELDS 3

/* `length` is the node's size on the wire without its type and the length itself. */
static void read_lazy_def(Reader *reader, LazyDef *def, const uint8_t *after_type, uint32_t length)
{
    def->node.base.flags |= AST_FLAG_INCOMPLETE;
    read_fields(reader, &def->node.base, 0, LAZY_FIELDS);
    def->at = reader->at;
    def->end = after_type + 4 + (length < (size_t)(reader->end - after_type) ? length : 0);
    def->next_field = LAZY_FIELDS;
    if (def->at <= def->end && def->end <= reader->end)
        reader->at = def->end;
    else
        fail(reader, AST_LOAD_CORRUPT);
}

static AstNode *read_node(Reader *reader, uint8_t wanted_type)
{
    uint8_t type = read_byte(reader);
    const uint8_t *after_type = reader->at;
    if (type == 0 || type >= AST_TYPE_COUNT || (wanted_type && type != wanted_type)) {
        fail(reader, AST_LOAD_CORRUPT);
        return NULL;
    }
    if (reader->depth == AST_MAX_DEPTH) {
        fail(reader, AST_LOAD_TOO_DEEP);
        return NULL;
    }
    const AstNodeInfo *info = &tr_ast_node_info[type];
    bool is_lazy = reader->is_lazy && type == AST_DEF_NODE;
    AstNode *node = get(reader, is_lazy ? sizeof(LazyDef) : info->size);
    if (!node)
        return NULL;
    if (++reader->depth > reader->ast->depth)
        __atomic_store_n(&reader->ast->depth, reader->depth, __ATOMIC_RELAXED); /* another method may be compiled now */
    node->type = type;
    node->node_id = read_varint(reader);
    AstLoc loc = read_location(reader);
    node->start = loc.start;
    node->length = loc.length;
    uint32_t length = info->has_length_prefix ? read_word(reader) : 0;
    node->flags = (uint16_t)read_varint(reader);
    if (is_lazy)
        read_lazy_def(reader, (LazyDef *)node, after_type, length);
    else
        read_fields(reader, node, 0, info->field_count);
    reader->depth--;
    return node;
}

/* ---- what stands before the nodes ---- */

static void read_header(Reader *reader)
{
    static const uint8_t magic[] = { 'P', 'R', 'I', 'S', 'M', AST_PRISM_MAJOR, AST_PRISM_MINOR, AST_PRISM_PATCH, 0 };
    const uint8_t *bytes = read_bytes(reader, sizeof magic);
    if (!bytes || memcmp(bytes, magic, sizeof magic) != 0)
        fail(reader, AST_LOAD_CORRUPT);
    uint32_t size = read_varint(reader);
    const char *encoding = copy(reader, read_bytes(reader, size), size);
    if (encoding)
        reader->ast->encoding = encoding;
    read_varint(reader); /* the starting line, which we gave ourselves */
}

static void read_line_offsets(Reader *reader)
{
    uint32_t count, previous = 0;
    uint32_t *offsets = read_list(reader, sizeof *offsets, &count);
    for (uint32_t i = 0; i < count; i++) {
        offsets[i] = read_varint(reader);
        if (offsets[i] < previous || offsets[i] > reader->ast->source_size) {
            fail(reader, AST_LOAD_CORRUPT);
            return;
        }
        previous = offsets[i];
    }
    if (count == 0 || offsets[0] != 0) {
        fail(reader, AST_LOAD_CORRUPT);
        return;
    }
    reader->ast->line_offsets = offsets;
    reader->ast->line_count = count;
}

static void read_comments(Reader *reader)
{
    Ast *ast = reader->ast;
    AstComment *comments = read_list(reader, sizeof *comments, &ast->comment_count);
    ast->comments = comments;
    for (uint32_t i = 0; i < ast->comment_count; i++) {
        comments[i].type = read_varint(reader) ? AST_COMMENT_EMBDOC : AST_COMMENT_INLINE;
        comments[i].location = read_location(reader);
    }
    AstMagicComment *magic = read_list(reader, sizeof *magic, &ast->magic_comment_count);
    ast->magic_comments = magic;
    for (uint32_t i = 0; i < ast->magic_comment_count; i++) {
        magic[i].key = read_location(reader);
        magic[i].value = read_location(reader);
    }
    ast->data_loc = read_optional_location(reader);
}

/* Errors and warnings are numbered in one sequence: the first warning comes after the last error. */
static const AstDiagnostic *read_diagnostics(Reader *reader, uint32_t *count, uint32_t first_type, uint32_t type_count)
{
    AstDiagnostic *list = read_list(reader, sizeof *list, count);
    for (uint32_t i = 0; i < *count; i++) {
        uint32_t type = read_varint(reader) - first_type;
        if (type >= type_count)
            fail(reader, AST_LOAD_CORRUPT);
        list[i].type = (uint16_t)type;
        uint32_t size = read_varint(reader);
        const char *message = copy(reader, read_bytes(reader, size), size);
        list[i].message = message ? message : "";
        list[i].location = read_location(reader);
        list[i].level = read_byte(reader);
    }
    return list;
}

/* A constant's bytes lie in the source, or (first bit of the start set) among the serialized bytes. */
static AstString constant_string(Reader *reader, uint32_t start, uint32_t size)
{
    const uint32_t is_embedded = UINT32_C(1) << 31;
    if (!(start & is_embedded))
        return source_slice(reader, start, size);
    start &= ~is_embedded;
    size_t total = (size_t)(reader->end - reader->start);
    if (start > total || size > total - start) {
        fail(reader, AST_LOAD_CORRUPT);
        return (AstString){ 0 };
    }
    const char *bytes = copy(reader, reader->start + start, size);
    return (AstString){ (const uint8_t *)bytes, bytes ? size : 0 };
}

static void read_constant_pool(Reader *reader)
{
    uint32_t offset = read_word(reader), count = read_varint(reader);
    size_t total = (size_t)(reader->end - reader->start);
    if (offset > total || count > (total - offset) / 8) {
        fail(reader, AST_LOAD_CORRUPT);
        return;
    }
    AstString *constants = get(reader, ((size_t)count + 1) * sizeof *constants);
    if (!constants)
        return;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = reader->start + offset + (size_t)i * 8;
        constants[i + 1] = constant_string(reader, word_at(entry), word_at(entry + 4));
    }
    reader->ast->constants = constants;
    reader->ast->constant_count = count + 1;
}

static AstLoadStatus load(Reader *reader)
{
    Ast *ast = reader->ast;
    read_header(reader);
    read_line_offsets(reader);
    read_comments(reader);
    ast->errors = read_diagnostics(reader, &ast->error_count, 0, AST_ERROR_COUNT);
    ast->warnings = read_diagnostics(reader, &ast->warning_count, AST_ERROR_COUNT, AST_WARNING_COUNT);
    if (reader->failure == AST_LOAD_OK)
        read_constant_pool(reader);
    AstNode *root = reader->failure == AST_LOAD_OK ? read_node(reader, AST_PROGRAM_NODE) : NULL;
    if (reader->failure == AST_LOAD_OK)
        ast->root = (AstProgramNode *)root;
    return reader->failure;
}

static Reader reader_of(Ast *ast, const uint8_t *bytes, size_t size)
{
    return (Reader){ .start = bytes, .at = bytes, .end = bytes + size, .ast = ast,
                     .item_budget = size, .copy_budget = size };
}

AstLoadStatus tr_ast_load(Ast *ast, const uint8_t *bytes, size_t size)
{
    Reader reader = reader_of(ast, bytes, size);
    return load(&reader);
}

Ast *tr_ast_from_tree(const uint8_t *source, size_t size, const uint8_t *tree, size_t tree_size, const char *filepath)
{
    Ast *ast = tr_ast_new(NULL, 0, &(AstOptions){ .filepath = filepath });
    if (!ast)
        return NULL;
    ast->source = source;
    ast->source_size = (uint32_t)size;
    Reader reader = reader_of(ast, tree, tree_size);
    reader.is_lazy = true;
    if (load(&reader) == AST_LOAD_OK)
        return ast;
    tr_ast_free(ast);
    return NULL;
}

bool tr_ast_complete(Ast *ast, AstDefNode *node)
{
    if (!(node->base.flags & AST_FLAG_INCOMPLETE))
        return true;
    LazyDef *def = (LazyDef *)node;
    Reader reader = reader_of(ast, def->at, (size_t)(def->end - def->at));
    read_fields(&reader, &node->base, def->next_field, tr_ast_node_info[AST_DEF_NODE].field_count);
    if (reader.failure != AST_LOAD_OK)
        return false;
    node->base.flags &= (uint16_t)~AST_FLAG_INCOMPLETE;
    return true;
}

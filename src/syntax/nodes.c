/* nodes.c - an Ast's own life, and what can be asked of any node: its name, its children, where it is. */
#include "syntax/ast_internal.h"

#include <stdlib.h>
#include <string.h>

#include "syntax/arena.h"

static bool take_source(Ast *ast, const uint8_t *source, size_t size, const AstOptions *options)
{
    const char *path = options->filepath ? options->filepath : "";
    static const uint32_t first_line = 0;
    ast->source = (uint8_t *)tr_arena_copy(ast->arena, source, size);
    ast->source_size = (uint32_t)size;
    ast->filepath = tr_arena_copy(ast->arena, path, strlen(path));
    ast->encoding = "UTF-8";
    ast->start_line = options->has_line || options->line ? options->line : 1;
    ast->line_offsets = &first_line;
    ast->line_count = 1;
    ast->data_loc.start = AST_ABSENT;
    return ast->source && ast->filepath;
}

Ast *tr_ast_new(const uint8_t *source, size_t size, const AstOptions *options)
{
    static const AstString no_constant;
    AstArena *arena = tr_arena_new();
    Ast *ast = arena ? tr_arena_get(arena, sizeof *ast) : NULL;
    if (ast) {
        ast->arena = arena;
        ast->constants = &no_constant;
        ast->constant_count = 1;
        if (take_source(ast, source, size, options))
            return ast;
    }
    tr_arena_free(arena);
    return NULL;
}

void tr_ast_free(Ast *ast)
{
    if (ast)
        tr_arena_free(ast->arena);
}

const char *tr_ast_type_name(uint16_t type)
{
    return type < AST_TYPE_COUNT ? tr_ast_node_info[type].name : NULL;
}

const char *tr_ast_error_name(uint16_t type)
{
    return type < AST_ERROR_COUNT ? tr_ast_error_names[type] : "troupe";
}

const char *tr_ast_warning_name(uint16_t type)
{
    return type < AST_WARNING_COUNT ? tr_ast_warning_names[type] : "troupe";
}

/* ---- places ---- */

/* The index of the line that contains the offset: the last one that begins at or before it. */
static uint32_t line_index(const Ast *ast, uint32_t offset)
{
    uint32_t low = 0, high = ast->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (ast->line_offsets[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int32_t tr_ast_line(const Ast *ast, uint32_t offset)
{
    return (int32_t)((uint32_t)ast->start_line + line_index(ast, offset));
}

uint32_t tr_ast_column(const Ast *ast, uint32_t offset)
{
    return offset - ast->line_offsets[line_index(ast, offset)];
}

/* ---- children ---- */

static bool visit_field(const AstNode *node, const AstField *field, AstVisitor visit, void *context)
{
    const char *at = (const char *)node + field->offset;
    switch (field->kind) {
    case AST_FIELD_NODE:
    case AST_FIELD_OPTIONAL_NODE: {
        AstNode *child = *(AstNode *const *)at;
        return !child || visit(child, context);
    }
    case AST_FIELD_NODES: {
        const AstNodeList *list = (const AstNodeList *)at;
        for (uint32_t i = 0; i < list->count; i++)
            if (!visit(list->items[i], context))
                return false;
        return true;
    }
    default:
        return true;
    }
}

bool tr_ast_each_child(const AstNode *node, AstVisitor visit, void *context)
{
    const AstNodeInfo *info = &tr_ast_node_info[node->type];
    for (int i = 0; i < info->field_count; i++)
        if (!visit_field(node, &info->fields[i], visit, context))
            return false;
    return true;
}

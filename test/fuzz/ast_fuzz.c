/* ast_fuzz.c - arbitrary bytes as a serialized tree.
 *
 * Two bytes say how long the source is, then comes the source, and the rest is what the parser is made to have said
 * about it (test/fuzz/ast_seeds.c writes honest examples). A tree that is accepted is walked and dumped, so that a broken promise of ast.h (a NULL child, a
 * name out of range, a location beyond the source) is found by the sanitizers.
 */
#include <stdlib.h>
#include <string.h>

#include "syntax/ast_internal.h"
#include "syntax/diagnostics.h"

static void read_magic(uint8_t *bytes, size_t size)
{
    static const uint8_t magic[] = { 'P', 'R', 'I', 'S', 'M', AST_PRISM_MAJOR, AST_PRISM_MINOR, AST_PRISM_PATCH, 0 };
    if (size >= sizeof magic)
        memcpy(bytes, magic, sizeof magic); /* what the fuzzer need not find out */
}

static bool visit(AstNode *child, void *context)
{
    if (!child || !tr_ast_type_name(child->type))
        abort();
    if (child->flags & AST_FLAG_INCOMPLETE && (child->type != AST_DEF_NODE || !tr_ast_complete(context, (AstDefNode *)child)))
        return true;
    return tr_ast_each_child(child, visit, context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t source_size = data[0] | (size_t)data[1] << 8;
    if (source_size > size - 2)
        source_size = size - 2;
    size_t tree_size = size - 2 - source_size;
    uint8_t *tree = malloc(tree_size + 1);
    memcpy(tree, data + 2 + source_size, tree_size);
    read_magic(tree, tree_size);
    Ast *ast = tr_ast_new(data + 2, source_size, &(AstOptions){ .filepath = "fuzz.rb" });
    if (tr_ast_load(ast, tree, tree_size) == AST_LOAD_OK) {
        visit(&ast->root->base, ast);
        free(tr_ast_dump(ast));
    }
    free(tr_diagnostics_warnings(ast, true));
    if (ast->error_count > 0)
        free(tr_diagnostics_errors(ast));
    tr_ast_free(ast);
    Ast *lazy = tr_ast_from_tree(data + 2, source_size, tree, tree_size, "fuzz.rb");
    if (lazy)
        visit(&lazy->root->base, lazy);
    tr_ast_free(lazy);
    free(tree);
    return 0;
}

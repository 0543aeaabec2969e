/* ast_internal.h - what the files of this folder share: the fields of each node as data, and the decoder. */
#ifndef TR_SYNTAX_AST_INTERNAL_H
#define TR_SYNTAX_AST_INTERNAL_H

#include "syntax/ast.h"

typedef enum {
    AST_FIELD_NODE,
    AST_FIELD_OPTIONAL_NODE,
    AST_FIELD_NODES,
    AST_FIELD_CONSTANT,
    AST_FIELD_OPTIONAL_CONSTANT,
    AST_FIELD_CONSTANTS,
    AST_FIELD_LOCATION,
    AST_FIELD_OPTIONAL_LOCATION,
    AST_FIELD_STRING,
    AST_FIELD_INTEGER,
    AST_FIELD_DOUBLE,
    AST_FIELD_BYTE,
    AST_FIELD_UINT,
} AstFieldKind;

typedef struct {
    const char *name;
    uint8_t kind;
    uint8_t node_type; /* the only type a NODE or OPTIONAL_NODE may have, or 0: any */
    uint16_t offset;
} AstField;

typedef struct {
    const char *name;
    uint16_t bit;
} AstFlagName;

typedef struct {
    const char *name;
    uint16_t size;
    uint8_t field_count;
    uint8_t has_length_prefix; /* four bytes precede the fields on the wire */
    const AstField *fields;
    const AstFlagName *flags; /* ended by a NULL name, or NULL: no flags of its own */
} AstNodeInfo;

extern const AstNodeInfo tr_ast_node_info[AST_TYPE_COUNT];
extern const char *const tr_ast_error_names[AST_ERROR_COUNT];
extern const char *const tr_ast_warning_names[AST_WARNING_COUNT];

/* An Ast with its copy of the source and no nodes yet. NULL: out of memory. */
Ast *tr_ast_new(const uint8_t *source, size_t size, const AstOptions *options);

typedef enum {
    AST_LOAD_OK,
    AST_LOAD_CORRUPT,
    AST_LOAD_TOO_DEEP,
    AST_LOAD_NO_MEMORY,
} AstLoadStatus;

/* Decodes a serialized tree into `ast`; on failure ast->root stays NULL. Recurses up to AST_MAX_DEPTH. */
AstLoadStatus tr_ast_load(Ast *ast, const uint8_t *bytes, size_t size);

#endif

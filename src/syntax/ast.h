/* ast.h - the syntax tree that the parser hands to the compiler.
 *
 * The node structs are in ast_nodes.h, which tools/gen_ast.mjs derives from the Prism package at build time
 * (build/gen/ast_nodes.h): one struct per node, named as in Prism (CallNode is AstCallNode, its type AST_CALL_NODE),
 * with Prism's field names. Every struct begins with an AstNode, so a node is cast by looking at `type`.
 *
 * An Ast owns everything that hangs on it: nodes, names, strings and a copy of the source lie in one arena that
 * tr_ast_free lets go at once. Nothing in it refers to the Ruby heap, so an Ast may be read from any OS thread.
 *
 * Offsets are bytes from the beginning of the source; lines are 1-based plus the options' starting line.
 */
#ifndef TR_SYNTAX_AST_H
#define TR_SYNTAX_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A range of the source. An optional location that is absent has start == AST_ABSENT. */
#define AST_ABSENT UINT32_MAX
typedef struct {
    uint32_t start, length;
} AstLoc;

/* A name: an index into Ast.constants, or 0 where an optional name is absent. */
typedef uint32_t AstConstant;

/* Bytes that need not end with NUL. They lie in the arena or in the Ast's copy of the source. */
typedef struct {
    const uint8_t *bytes;
    uint32_t size;
} AstString;

/* An integer literal: sign and magnitude, 32 bits a word, least significant word first; count >= 1. */
typedef struct {
    const uint32_t *words;
    uint32_t count;
    bool is_negative;
} AstInteger;

/* Common to all nodes. `type` is an AstType. */
typedef struct AstNode {
    uint16_t type;
    uint16_t flags;
    uint32_t node_id;
    uint32_t start, length;
} AstNode;

/* Flags that every node may carry; those of a kind of node are in ast_nodes.h (AST_CALL_NODE_FLAGS_…). */
enum {
    AST_FLAG_NEWLINE = 1 << 0,        /* the first node of a line: a line event is due */
    AST_FLAG_STATIC_LITERAL = 1 << 1, /* a literal whose value is known at compile time */
    AST_FLAG_INCOMPLETE = 1 << 15,    /* of trees from tr_ast_from_tree: see tr_ast_complete */
};

typedef struct {
    AstNode **items;
    uint32_t count;
} AstNodeList;

typedef struct {
    AstConstant *items;
    uint32_t count;
} AstConstantList;

#include "ast_nodes.h"

/* ---- parse options ---- */

/* The variables of one scope around an eval, outermost scope first. Having any scopes is what makes a source an eval's,
 * so an eval where there are no variables has one empty scope. The eval's own new variables have depth 0, those of the
 * last of these scopes have depth 1, and so on. */
typedef struct {
    const AstString *locals;
    uint32_t local_count;
    uint8_t forwarding; /* AST_FORWARDING_… of the method that the eval runs in */
} AstScope;

enum {
    AST_FORWARDING_POSITIONALS = 1, /* * */
    AST_FORWARDING_KEYWORDS = 2,    /* ** */
    AST_FORWARDING_BLOCK = 4,       /* & */
    AST_FORWARDING_ALL = 8,         /* ... */
};

/* The command line's switches that change how a main script is read. */
enum {
    AST_COMMAND_LINE_A = 1,  /* -a: $F = $_.split */
    AST_COMMAND_LINE_E = 2,  /* -e: a script from the command line */
    AST_COMMAND_LINE_L = 4,  /* -l: chomp each line */
    AST_COMMAND_LINE_N = 8,  /* -n: while gets … end around the script */
    AST_COMMAND_LINE_P = 16, /* print $_ at the end: -p is this and AST_COMMAND_LINE_N */
    AST_COMMAND_LINE_X = 32, /* -x: skip until #!ruby */
};

typedef enum {
    AST_FROZEN_UNSET,    /* neither frozen nor warned about: what no magic comment means */
    AST_FROZEN_DISABLED, /* --disable=frozen-string-literal */
    AST_FROZEN_ENABLED,  /* --enable=frozen-string-literal */
} AstFrozenStringLiteral;

/* All zero is a good default: an unnamed UTF-8 source, starting at line 1. */
typedef struct {
    const char *filepath;             /* what __FILE__ answers; NULL: "" */
    int32_t line;                     /* number of the first line; 0 means 1 unless has_line */
    bool has_line;                    /* take `line` even if it is 0 */
    const char *encoding;             /* name of the source's encoding until a magic comment; NULL: UTF-8 */
    bool encoding_locked;             /* ignore encoding magic comments (eval of a String) */
    AstFrozenStringLiteral frozen_string_literal;
    uint8_t command_line;             /* AST_COMMAND_LINE_… */
    bool main_script;                 /* warn about a carriage return in the shebang, and the like */
    bool partial_script;              /* a piece of a program: `break`, `yield` and their kin may stand at its top */
    const AstScope *scopes;           /* with scope_count 0: no eval */
    uint32_t scope_count;
} AstOptions;

/* ---- the result ---- */

typedef enum {
    AST_ERROR_LEVEL_SYNTAX,   /* SyntaxError */
    AST_ERROR_LEVEL_ARGUMENT, /* ArgumentError (an unknown encoding in a magic comment) */
    AST_ERROR_LEVEL_LOAD,     /* LoadError (no Ruby script found with -x) */
} AstErrorLevel;

typedef enum {
    AST_WARNING_LEVEL_DEFAULT, /* unless -W0 */
    AST_WARNING_LEVEL_VERBOSE, /* with -w only */
} AstWarningLevel;

typedef struct {
    uint16_t type;      /* AstErrorType or AstWarningType; AST_DIAGNOSTIC_TROUPE for the loader's own */
    uint8_t level;      /* AstErrorLevel or AstWarningLevel */
    AstLoc location;
    const char *message; /* ends with NUL */
} AstDiagnostic;

#define AST_DIAGNOSTIC_TROUPE UINT16_MAX

typedef enum {
    AST_COMMENT_INLINE, /* # … */
    AST_COMMENT_EMBDOC, /* =begin … =end */
} AstCommentType;

typedef struct {
    AstLoc location;
    AstCommentType type;
} AstComment;

typedef struct {
    AstLoc key, value;
} AstMagicComment;

typedef struct Ast {
    AstProgramNode *root;   /* NULL only if the parser itself gave up; then errors is not empty */
    const uint8_t *source;  /* the Ast's own copy; a NUL follows the last byte */
    uint32_t source_size;
    const char *filepath;
    const char *encoding;   /* canonical name, such as "UTF-8", "US-ASCII", "ASCII-8BIT", "EUC-JP" */
    int32_t start_line;
    const uint32_t *line_offsets; /* where each line begins; [0] is 0 */
    uint32_t line_count;
    const AstString *constants;   /* [0] is empty and stands for "absent" */
    uint32_t constant_count;      /* including [0] */
    const AstDiagnostic *errors;
    uint32_t error_count;
    const AstDiagnostic *warnings;
    uint32_t warning_count;
    const AstComment *comments;
    uint32_t comment_count;
    const AstMagicComment *magic_comments;
    uint32_t magic_comment_count;
    AstLoc data_loc;              /* from __END__ to the end of the file, or absent */
    uint32_t depth;               /* how deep the tree is: never above AST_MAX_DEPTH */
    struct AstArena *arena;
} Ast;

/* A deeper tree is refused with an error, so that whoever walks one by recursion can tell what stack is enough
 * (see base/bigstack.h). */
#define AST_MAX_DEPTH 20000

/* Parses `size` bytes. Never fails for a reason in the source: errors are in the result. NULL: out of memory.
 * Runs on a stack of its own, so it may be called from a small one; may be called on any number of OS threads. */
Ast *tr_ast_parse(const uint8_t *source, size_t size, const AstOptions *options);
void tr_ast_free(Ast *ast);

/* A tree that was parsed before (the core library's, at build time). Source and tree must outlive the Ast, which refers to
 * them. Methods are not decoded until tr_ast_complete: their AST_DEF_NODE carries AST_FLAG_INCOMPLETE, and of its fields
 * only name, name_loc and receiver are there. NULL: out of memory, or not such a tree. */
Ast *tr_ast_from_tree(const uint8_t *source, size_t size, const uint8_t *tree, size_t tree_size, const char *filepath);
/* Decodes the rest of an incomplete node. Methods within it are complete at once. False: out of memory. */
bool tr_ast_complete(Ast *ast, AstDefNode *node);

/* The line (with the options' starting line) and the column (bytes, from 0) of an offset. */
int32_t tr_ast_line(const Ast *ast, uint32_t offset);
uint32_t tr_ast_column(const Ast *ast, uint32_t offset);

/* "CallNode" for AST_CALL_NODE; NULL for no such type. */
const char *tr_ast_type_name(uint16_t type);
/* "unexpected_token_close_context" for AST_ERROR_…; the same for warnings. */
const char *tr_ast_error_name(uint16_t type);
const char *tr_ast_warning_name(uint16_t type);

/* Calls `visit` for each child that is present, in the order of the fields; stops when it answers false. */
typedef bool (*AstVisitor)(AstNode *child, void *context);
bool tr_ast_each_child(const AstNode *node, AstVisitor visit, void *context);

/* The tree as text, in the format of Prism's own inspect. For --dump=ast and tests; malloc'ed. */
char *tr_ast_dump(const Ast *ast);

static inline bool ast_loc_is_present(AstLoc loc) { return loc.start != AST_ABSENT; }
static inline const AstString *ast_constant(const Ast *ast, AstConstant name) { return &ast->constants[name]; }

#endif

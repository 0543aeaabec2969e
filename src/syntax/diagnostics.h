/* diagnostics.h - the errors and warnings of a source, as Ruby prints them. */
#ifndef TR_SYNTAX_DIAGNOSTICS_H
#define TR_SYNTAX_DIAGNOSTICS_H

#include "syntax/ast.h"

/* The class of the exception that the errors call for: ArgumentError or LoadError if the source has such an error, and
 * otherwise SyntaxError. The Ast must have errors. */
AstErrorLevel tr_diagnostics_level(const Ast *ast);

/* The message of that exception, malloc'ed; NULL: out of memory. For a SyntaxError:
 *
 *     t.rb:2: syntax errors found
 *       1 | def f
 *     > 2 |   1 +
 *         |      ^ unexpected end-of-input; expected an expression after the operator
 *         |      ^ ...
 */
char *tr_diagnostics_errors(const Ast *ast);

/* "t.rb:3: warning: …" for each warning, a line each; with the verbose ones (-w) or without. malloc'ed, "" if there are
 * none; NULL: out of memory. */
char *tr_diagnostics_warnings(const Ast *ast, bool is_verbose);

#endif

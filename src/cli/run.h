/* run.h - a program that is known to be well-formed, from boot to exit status. */
#ifndef TR_CLI_RUN_H
#define TR_CLI_RUN_H

#include "base/effects.h"
#include "cli/options.h"
#include "cli/source.h"
#include "syntax/ast.h"

/* Boots the virtual machine, does what the options want before and around the program, runs it, and answers the status
 * to exit with. */
TR_EFFECT_ROOT int tr_cli_run(const CliOptions *options, const Source *source, Ast *taken_ast);
/* The same for the prompt, which has no program. */
TR_EFFECT_ROOT int tr_cli_prompt(const CliOptions *options);

#endif

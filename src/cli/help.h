/* help.h - what --help, --help-debug and --version print. */
#ifndef TR_CLI_HELP_H
#define TR_CLI_HELP_H

void tr_help_print(void);
void tr_help_debug_print(void);
void tr_version_print(void);

#endif

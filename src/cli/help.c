/* help.c - what --help, --help-debug and --version print. */
#include "cli/help.h"

#include <stdio.h>

#include "base/version.h"

static const char help[] =
    "Usage: troupe [switches] [--] [script] [arguments]\n"
    "Without a script: reads it from standard input, or prompts for it on a terminal.\n"
    "\n"
    "  -e CODE           a line of the program; several make several lines\n"
    "  -c                check the syntax only\n"
    "  -r LIBRARY        require the library first\n"
    "  -I DIRECTORY      look for libraries there first\n"
    "  -C DIRECTORY      change to the directory first\n"
    "  -n                run the program for each line of input: while gets; …; end\n"
    "  -p                like -n, and print $_ each time\n"
    "  -a                with -n or -p: split each line into $F\n"
    "  -F PATTERN        what -a and String#split split at\n"
    "  -l                chomp each line, and print lines with their newline\n"
    "  -0[OCTAL]         what separates records: a byte; -00 paragraphs, -0777 whole files\n"
    "  -s                switches behind the script become globals: -xyz=1 sets $xyz\n"
    "  -S                look for the script in PATH\n"
    "  -x[DIRECTORY]     skip what comes before a line with #! and ruby\n"
    "  -w, -W[LEVEL]     warnings: -W0 none, -W1 some, -W2 or -w all\n"
    "  -W:[no-]CATEGORY  deprecated, experimental, performance, strict_unused_block\n"
    "  -v                print the version, then run with -w\n"
    "  -d                set $DEBUG\n"
    "  -E EXTERNAL[:INTERNAL], -U, -K KCODE    encodings\n"
    "  --workers=N       operating system threads that run Ruby; as many as there are cores\n"
    "  --dump=KIND,…     print instead of run: ast, insns\n"
    "  --enable=FEATURE, --disable=FEATURE     frozen-string-literal\n"
    "  --backtrace-limit=N    lines of a backtrace that are printed\n"
    "  --version         print the version\n"
    "  --help            this list; --help-debug for what the environment can switch\n";

static const char help_debug[] =
    "Environment variables, in every build:\n"
    "\n"
    "  TROUPE_DEADLOCK=WHAT     report, raise or ignore circles of threads that wait for each other; report\n"
    "  TROUPE_WATCHDOG=MS       report who holds a Ractor for longer without a safepoint\n"
    "  TROUPE_WORKERS=N         like --workers=N\n"
    "  TROUPE_GC_STRESS=1       collect garbage at each allocation\n"
    "  TROUPE_GC_VERIFY=1       walk the heap after each collection\n"
    "  TROUPE_PREEMPT=always    switch threads at each safepoint\n"
    "  TROUPE_SCHED_SEED=N      replay the schedule with this number\n"
    "  TROUPE_LOG=gc,sched,poll write what happens there to standard error\n"
    "  RUBY_THREAD_TIMESLICE=MS how long a thread runs before it gives way; 100\n"
    "  RUBYLIB=DIRECTORY:…      like -I\n";

void tr_help_print(void)
{
    fputs(help, stdout);
}

void tr_help_debug_print(void)
{
    fputs(help_debug, stdout);
}

void tr_version_print(void)
{
    puts(TR_DESCRIPTION);
}

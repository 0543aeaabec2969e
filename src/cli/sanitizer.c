/* sanitizer.c - what the sanitizers' run time asks the `troupe` command at its start.
 *
 * Leaks are not looked for: heaps live to the end of the process, and the leak checker cannot see that their pages hold
 * what seems to be lost. (C unit tests, which clean up, do without this file and are checked.) An allocation that is too large
 * fails, as it does elsewhere.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:allocator_may_return_null=1";
}

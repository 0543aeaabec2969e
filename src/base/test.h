/* test.h - what a C unit test (x_test.c) needs: checks that say where they failed, and a count at the end.
 *
 *     int main(void)
 *     {
 *         TEST_RUN(parses_nothing);
 *         return TEST_RESULT();
 *     }
 */
#ifndef TR_BASE_TEST_H
#define TR_BASE_TEST_H

#include <stdio.h>
#include <string.h>

static int test_checks, test_failures; /* main thread only */

#define TEST_CHECK(condition)                                                                  \
    do {                                                                                       \
        test_checks++;                                                                         \
        if (!(condition)) {                                                                    \
            test_failures++;                                                                   \
            fprintf(stderr, "%s:%d: %s: not true: %s\n", __FILE__, __LINE__, __func__, #condition); \
        }                                                                                      \
    } while (0)

#define TEST_EQUAL(expected, actual)                                                           \
    do {                                                                                       \
        long long test_expected = (long long)(expected), test_actual = (long long)(actual);    \
        test_checks++;                                                                         \
        if (test_expected != test_actual) {                                                    \
            test_failures++;                                                                   \
            fprintf(stderr, "%s:%d: %s: %s is %lld, not %lld\n", __FILE__, __LINE__, __func__, #actual, \
                    test_actual, test_expected);                                               \
        }                                                                                      \
    } while (0)

#define TEST_STRING(expected, actual)                                                          \
    do {                                                                                       \
        const char *test_expected = (expected), *test_actual = (actual);                       \
        test_checks++;                                                                         \
        if (!test_actual || strcmp(test_expected, test_actual) != 0) {                         \
            test_failures++;                                                                   \
            fprintf(stderr, "%s:%d: %s: %s is\n%s\nnot\n%s\n", __FILE__, __LINE__, __func__, #actual, \
                    test_actual ? test_actual : "(null)", test_expected);                      \
        }                                                                                      \
    } while (0)

#define TEST_RUN(function)                                                                     \
    do {                                                                                       \
        int test_before = test_failures;                                                       \
        function();                                                                            \
        printf("%s %s\n", test_failures == test_before ? "ok  " : "FAIL", #function);          \
    } while (0)

#define TEST_RESULT() (printf("%d checks, %d failures\n", test_checks, test_failures), test_failures > 0)

#endif

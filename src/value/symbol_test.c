/* symbol_test.c - interning: permanence, kinds, encodings, and many threads at once. */
#include "value/symbol.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

static void test_known(void) {
    TR_CHECK(tr_intern_cstr("+") == TR_ID_plus);
    TR_CHECK(strcmp(tr_id_cstr(TR_ID_initialize), "initialize") == 0);
    TR_CHECK(tr_intern_find("never seen before", 17, 1) == 0);
    Id id = tr_intern_cstr("never seen before");
    TR_CHECK(id >= TR_ID_COUNT && tr_intern_find("never seen before", 17, 1) == id);
    TR_CHECK(tr_intern("never seen before", 17, 0) == id); /* ASCII is the same in all encodings */
    TR_CHECK(tr_intern("\xc3\xa9", 2, 1) != tr_intern("\xc3\xa9", 2, 0));
    TR_CHECK(tr_id_name(tr_intern("a\0b", 3, 1))->size == 3);
}

static void test_kinds(void) {
    static const struct { const char *text; IdKind kind; } cases[] = {
        {"foo", ID_LOCAL}, {"_x1", ID_LOCAL}, {"Foo", ID_CONSTANT}, {"@a", ID_INSTANCE}, {"@@a", ID_CLASS_VARIABLE},
        {"$a", ID_GLOBAL}, {"$1", ID_GLOBAL}, {"$-w", ID_GLOBAL}, {"foo=", ID_ATTRSET}, {"[]=", ID_ATTRSET},
        {"foo?", ID_OPERATOR}, {"<=>", ID_OPERATOR}, {"@", ID_JUNK}, {"@1", ID_JUNK}, {"a b", ID_JUNK}, {"", ID_JUNK},
        {"1a", ID_JUNK}, {"\xc3\x89t\xc3\xa9", ID_CONSTANT}, {"\xc3\xa9t\xc3\xa9", ID_LOCAL}, {"A=", ID_ATTRSET},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        IdKind kind = tr_id_kind(tr_intern_cstr(cases[i].text));
        if (kind != cases[i].kind) tr_fatal(__FILE__, __LINE__, "%s: kind %d", cases[i].text, kind);
    }
    TR_CHECK(tr_id_attrset(tr_intern_cstr("name")) == tr_intern_cstr("name="));
}

enum { THREADS = 4, NAMES = 20000 };
static Id seen[THREADS][NAMES];

static void *intern_many(void *argument) {
    Id *out = argument;
    char text[32];
    for (int i = 0; i < NAMES; i++) {
        snprintf(text, sizeof text, "name_%d", i);
        out[i] = tr_intern_cstr(text);
        TR_CHECK(strcmp(tr_id_cstr(out[i]), text) == 0);
    }
    return NULL;
}

static void test_threads(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) TR_CHECK(pthread_create(&threads[i], NULL, intern_many, seen[i]) == 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 1; i < THREADS; i++) TR_CHECK(memcmp(seen[0], seen[i], sizeof seen[0]) == 0);
}

int main(void) {
    tr_symbol_boot();
    test_known();
    test_kinds();
    test_threads();
    puts("ok");
    return 0;
}

/* parcel_fuzz.c - arbitrary bytes as the content of a message.
 *
 * What travels by reference stands in a table beside the bytes, so the table is honest here and everything else is not: the
 * first byte is the number of objects, the rest are records. A parcel that is accepted is walked by a collection and
 * packed again; nothing may crash, and a damaged one must raise.
 *
 * With PARCEL_SEEDS=folder in the environment it writes honest parcels there first (test/fuzz/parcel/).
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "ractor/parcel.h"
#include "ractor/parcel_memory.h"

static Fiber *fiber;
static Value refs[8];

static const char *const seeds[] = {
    "[1, 2.5, nil, true, :sym, [[]]]",
    "['a', 'b' * 100, \"\\xff\".b, 'long' * 100]",
    "{1 => [2], 'k' => {a: 'v'}, [1, 2] => :list}",
    "a = []; a << a; h = {}; h[:h] = h; [a, h, a]",
    "Hash.new(5).compare_by_identity.merge({'x' => 1})",
    "o = Object.new; o.instance_variable_set(:@a, [o]); o",
    "[2**70, -(2**200), 1e300, Rational(1, 3), Complex(1, 2)].map { |n| [n] }",
    "[('a'.dup..'b'.dup), Regexp.new('a+b', 1), [+'f'].freeze]",
    "[Time.at(1, 5), Mutex.new, Set[1, 'two']]",
    "ArgumentError.new('message')",
    "(0...70).map { |i| [i.to_s] }",
};

static void write_seeds(const char *folder) {
    Value binding = tr_const_find(fiber, tr_class.object, tr_intern_cstr("TOPLEVEL_BINDING"), false);
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        Value value = tr_eval_string(fiber, tr_string_new_cstr(fiber, seeds[i]), tr_main_object(fiber), binding,
                                     tr_string_new_cstr(fiber, "seed"), 1);
        Parcel parcel;
        char path[256];
        snprintf(path, sizeof path, "%s/%zu", folder, i);
        FILE *file = value == TR_RAISED || !tr_parcel_pack(fiber, &parcel, value, false) ? NULL : fopen(path, "w");
        if (!file) {
            fprintf(stderr, "no seed %zu\n", i);
            exit(1);
        }
        const char *bytes = (const char *)parcel.block + parcel.ref_count * sizeof(Value) +
                            parcel.buffer_count * sizeof(ParcelBuffer);
        fputc((int)parcel.object_count, file);
        fwrite(bytes, 1, parcel.size, file);
        fclose(file);
        tr_parcel_drop(&parcel);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    static char *none[] = {NULL};
    fiber = tr_vm_boot(&(VmOptions){.worker_count = 1, .argc = 0, .argv = none, .script_name = "fuzz"});
    Value text = tr_string_interned(fiber, "shared", 6, ENCODING_UTF8);
    Value time_class = (Value)tr_class.time, error_class = (Value)tr_class.argument_error;
    Value set_class = (Value)tr_class.set, object_class = (Value)tr_class.object, module = (Value)tr_class.kernel;
    const Value all[8] = {text, object_class, error_class, time_class, set_class, module, (Value)tr_class.array,
                          (Value)tr_class.regexp};
    memcpy(refs, all, sizeof refs);
    if (getenv("PARCEL_SEEDS")) write_seeds(getenv("PARCEL_SEEDS"));
    return 0;
}

static Parcel make_parcel(const uint8_t *data, size_t size) {
    enum { BUFFERS = 2, BUFFER_BYTES = 5000 };
    Parcel parcel = {.value = TR_UNDEF, .object_count = data[0], .ref_count = 8, .buffer_count = BUFFERS, .size = size - 1};
    char *block = tr_parcel_block_new(sizeof refs + BUFFERS * sizeof(ParcelBuffer) + size - 1);
    memcpy(block, refs, sizeof refs);
    ParcelBuffer *buffers = (ParcelBuffer *)(block + sizeof refs);
    for (int i = 0; i < BUFFERS; i++) {
        buffers[i] = (ParcelBuffer){malloc(BUFFER_BYTES + 1), BUFFER_BYTES, NULL};
        memset(buffers[i].bytes, 'b', BUFFER_BYTES + 1);
    }
    memcpy(block + sizeof refs + BUFFERS * sizeof(ParcelBuffer), data + 1, size - 1);
    parcel.block = block;
    return parcel;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || data[0] == 0) return 0;
    Parcel parcel = make_parcel(data, size);
    Value value = tr_parcel_unpack(fiber, &parcel);
    if (value == TR_RAISED) {
        tr_rescue(fiber, NULL);
    } else {
        Parcel again;
        if (tr_parcel_pack(fiber, &again, value, false)) tr_parcel_drop(&again);
        else tr_rescue(fiber, NULL);
    }
    static unsigned runs;
    if (++runs % 64 == 0) tr_heap_collect(fiber);
    return 0;
}

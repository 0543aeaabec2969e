/* ast_seeds.c - writes the seeds of ast_fuzz.c: what the parser says about each paragraph of a program.
 *
 *   ast_seeds DIRECTORY < FILE.rb
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syntax/wasm/sandbox.h"

typedef struct {
    const char *directory;
    char source[60000];
    size_t size;
    int number;
} Seed;

static void write_seed(void *context, const uint8_t *tree, size_t tree_size)
{
    Seed *seed = context;
    char path[300];
    snprintf(path, sizeof path, "%s/%03d", seed->directory, seed->number++);
    FILE *out = fopen(path, "wb");
    if (!out)
        return;
    fputc((int)(seed->size & 0xff), out);
    fputc((int)(seed->size >> 8), out);
    fwrite(seed->source, 1, seed->size, out);
    fwrite(tree, 1, tree_size, out);
    fclose(out);
}

static void parse_paragraph(Seed *seed)
{
    static const uint8_t no_options[64];
    const char *stack_low = (const char *)__builtin_frame_address(0) - (4 << 20);
    if (seed->size > 0)
        tr_sandbox_parse((const uint8_t *)seed->source, seed->size, no_options, sizeof no_options, stack_low,
                         write_seed, seed);
    seed->size = 0;
}

int main(int argc, char **argv)
{
    static Seed seed;
    char line[1000];
    if (argc != 2)
        return 1;
    seed.directory = argv[1];
    while (fgets(line, sizeof line, stdin)) {
        size_t size = strlen(line);
        if (line[0] == '\n' || seed.size + size > sizeof seed.source)
            parse_paragraph(&seed);
        memcpy(seed.source + seed.size, line, size);
        seed.size += size;
    }
    parse_paragraph(&seed);
    return 0;
}

// gen_prelude.mjs - the Ruby part of the core library, as C data.
//
//   node tools/gen_prelude.mjs OUT.c FILE.rb…
//
// tr_prelude_sources holds each file's name ("array.rb") and source, ended by an entry of NULLs.

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const [out, ...files] = process.argv.slice(2);

// A line of the file becomes a line of C. Octal escapes have three digits, so no digit after one can join it.
function literal(bytes) {
    let text = '    "';
    for (const byte of bytes) {
        if (byte === 10) text += '\\n"\n    "';
        else if (byte === 34 || byte === 92 || byte === 63) text += "\\" + String.fromCharCode(byte);
        else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
        else text += "\\" + byte.toString(8).padStart(3, "0");
    }
    return text + '"';
}

const lines = ["/* prelude.c - the Ruby files of src/core. Made by tools/gen_prelude.mjs. */", '#include "core/prelude.h"', ""];
const entries = [];
files.forEach((file, index) => {
    const bytes = readFileSync(file);
    lines.push(`static const char source_${index}[] =`, literal(bytes) + ";", "");
    entries.push(`    { "${basename(file)}", source_${index}, ${bytes.length} },`);
});
lines.push("const PreludeSource tr_prelude_sources[] = {");
lines.push(...entries, "    { NULL, NULL, 0 },", "};", "");
writeFileSync(out, lines.join("\n"));

// gen_prelude.mjs - the Ruby part of the core library, as C data: its text, and the tree that the parser makes of it.
//
//   node tools/gen_prelude.mjs PRISM_SRC_DIR OUT.c FILE.rb…
//
// Parsing at build time leaves the start of a program nothing but decoding the tree, and of methods nobody calls not
// even that. tr_prelude_sources holds each file's name ("array.rb"), source and tree, ended by an entry of NULLs.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

const [prismDir, out, ...files] = process.argv.slice(2);

const { deserialize } = await import(resolve(prismDir, "deserialize.js"));

// Every import answers ENOSYS: the parser has nothing to ask for.
const module = new WebAssembly.Module(readFileSync(join(prismDir, "prism.wasm")));
const refusal = Object.fromEntries(WebAssembly.Module.imports(module).map((entry) => [entry.name, () => 52]));
const imports = { wasi_snapshot_preview1: refusal };

// What pm_options_read expects: the path, Ruby 4.0 (3), string literals frozen.
function packOptions(path) {
    const bytes = Buffer.from(path);
    const word = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
    const frozen = 1, commandLine = 0, version = 3, encodingLocked = 0, mainScript = 0, partialScript = 0, freeze = 0;
    return Buffer.concat([word(bytes.length), bytes, word(1), word(0),
        Buffer.from([frozen, commandLine, version, encodingLocked, mainScript, partialScript, freeze]), word(0), word(0)]);
}

function parse(source, path) {
    const prism = new WebAssembly.Instance(module, imports).exports;
    prism._initialize();
    const carryIn = (bytes) => {
        const at = prism.calloc(1, bytes.length + 16);
        new Uint8Array(prism.memory.buffer, at, bytes.length).set(bytes);
        return at;
    };
    const buffer = prism.calloc(prism.pm_buffer_sizeof(), 1);
    prism.pm_buffer_init(buffer);
    prism.pm_serialize_parse(buffer, carryIn(source), source.length, carryIn(packOptions(path)));
    return Buffer.from(new Uint8Array(prism.memory.buffer, prism.pm_buffer_value(buffer), prism.pm_buffer_length(buffer)));
}

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

function numbers(bytes) {
    const rows = [];
    for (let at = 0; at < bytes.length; at += 32) rows.push("    " + bytes.subarray(at, at + 32).join(","));
    return rows.join(",\n");
}

const lines = ["/* prelude.c - the Ruby files of src/core. Made by tools/gen_prelude.mjs. */", '#include "core/prelude.h"', ""];
const entries = [];
files.forEach((file, index) => {
    const source = readFileSync(file);
    const tree = parse(source, `<internal:${basename(file, ".rb")}>`);
    for (const error of deserialize(source, tree).errors) {
        const line = source.subarray(0, error.location.startOffset).toString("latin1").split("\n").length;
        console.error(`${file}:${line}: ${error.message}`);
        process.exitCode = 1;
    }
    lines.push(`static const char source_${index}[] =`, literal(source) + ";", "");
    lines.push(`static const unsigned char tree_${index}[] = {`, numbers(tree), "};", "");
    entries.push(`    { "${basename(file)}", source_${index}, ${source.length}, tree_${index}, ${tree.length} },`);
});
lines.push("const PreludeSource tr_prelude_sources[] = {");
lines.push(...entries, "    { NULL, NULL, 0, NULL, 0 },", "};", "");
if (!process.exitCode) writeFileSync(out, lines.join("\n"));

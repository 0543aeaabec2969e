// gen_ast.mjs - derives Troupe's syntax tree from the Prism package that is pinned in package-lock.json.
//
//   node tools/gen_ast.mjs PRISM_SRC_DIR OUT_DIR
//
// Reads the package's nodes.js (field names, types, flags) and deserialize.js (order on the wire, error and warning
// names) and writes ast_nodes.h (a struct for each node) and ast_tables.c (the field table that the loader, the
// dumper and the tree walk are driven by). Whatever it does not understand ends the build: a new version of the
// package is looked at by a person, never guessed at.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [sourceDir, outDir] = process.argv.slice(2);
const nodesText = readFileSync(join(sourceDir, "nodes.js"), "utf8");
const wireText = readFileSync(join(sourceDir, "deserialize.js"), "utf8");

function fail(message) {
    console.error(`gen_ast: ${message}`);
    process.exit(1);
}

const snake = (name) => name.replace(/_$/, "").replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
const upper = (name) => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/([A-Z])([A-Z][a-z])/g, "$1_$2").toUpperCase();

// How a call in deserialize.js names the kind of a field on the wire.
const WIRE = [
    ["Array.from({ length: buffer.readVarInt() }, readRequiredNode)", "NODES"],
    ["Array.from({ length: buffer.readVarInt() }, readRequiredConstant)", "CONSTANTS"],
    ["readRequiredNode()", "NODE"],
    ["readOptionalNode()", "OPTIONAL_NODE"],
    ["readRequiredConstant()", "CONSTANT"],
    ["readOptionalConstant()", "OPTIONAL_CONSTANT"],
    ["buffer.readOptionalLocation()", "OPTIONAL_LOCATION"],
    ["buffer.readLocation()", "LOCATION"],
    ["buffer.readStringField(flags)", "STRING"],
    ["buffer.readDouble()", "DOUBLE"],
    ["buffer.readByte()", "BYTE"],
    ["buffer.readVarInt()", "UINT"],
    ["readInteger()", "INTEGER"],
];

const C_TYPE = {
    NODES: "AstNodeList", CONSTANTS: "AstConstantList", CONSTANT: "AstConstant", OPTIONAL_CONSTANT: "AstConstant",
    LOCATION: "AstLoc", OPTIONAL_LOCATION: "AstLoc", STRING: "AstString", DOUBLE: "double", BYTE: "uint32_t",
    UINT: "uint32_t", INTEGER: "AstInteger",
};

function wireKinds(text, where) {
    const kinds = [];
    while (text.length > 0) {
        const hit = WIRE.find(([call]) => text.startsWith(call));
        if (!hit) fail(`${where}: unknown field reader at "${text.slice(0, 60)}"`);
        kinds.push(hit[1]);
        text = text.slice(hit[0].length).replace(/^, /, "");
    }
    return kinds;
}

// The doc comment above a class: the sentence, then the pictures of source with the node underlined.
function docOf(className) {
    const at = nodesText.indexOf(`export class ${className} {`);
    if (at < 0) fail(`no class ${className} in nodes.js`);
    const start = nodesText.lastIndexOf("/**", at);
    return nodesText.slice(start, at).split("\n").slice(1, -2).map((line) => line.replace(/^ \* ?/, ""));
}

function fieldsOf(className) {
    const at = nodesText.indexOf(`export class ${className} {`);
    const body = nodesText.slice(at, nodesText.indexOf("constructor(", at));
    const fields = [...body.matchAll(/@type \{?([^\n}]+)\}?\n\s*\*\/\n\s*(#?\w+);/g)].map((m) => ({ type: m[1], js: m[2] }));
    const rest = fields.filter((f) => !["nodeID", "location", "#flags"].includes(f.js));
    if (fields.length - rest.length !== 3) fail(`${className}: expected nodeID, location and flags`);
    return rest;
}

const nodes = [];
for (const m of wireText.matchAll(/case (\d+):\n(\s*buffer\.readUint32\(\);\n)?\s*return new nodes\.(\w+)\(nodeID, location, flags = buffer\.readVarInt\(\)(.*)\);/g)) {
    const [, number, length, className, rest] = m;
    const kinds = wireKinds(rest.replace(/^, /, ""), className);
    const named = fieldsOf(className);
    if (kinds.length !== named.length) fail(`${className}: ${kinds.length} fields on the wire, ${named.length} in the class`);
    const fields = named.map((f, i) => {
        const nodeType = /^(\w+Node)( \| null)?$/.exec(f.type);
        return { name: snake(f.js), kind: kinds[i], node: nodeType ? nodeType[1] : null };
    });
    const group = /(\w+Flags)\./.exec(nodesText.slice(nodesText.indexOf(`export class ${className} {`)).split("\nexport class ")[0]);
    nodes.push({ flags: group ? group[1] : null, number: Number(number), className, lengthPrefix: Boolean(length), fields, doc: docOf(className) });
}
nodes.forEach((n, i) => { if (n.number !== i + 1) fail(`node numbers are not consecutive at ${n.className}`); });
const cases = (wireText.match(/^ {6}case \d+:/gm) || []).length - 2; // two cases belong to readStringField
if (nodes.length < 151 || nodes.length !== (wireText.match(/return new nodes\./g) || []).length) {
    fail(`understood ${nodes.length} nodes of ${cases}`);
}

function version() {
    return ["MAJOR", "MINOR", "PATCH"].map((part) => Number(new RegExp(`${part}_VERSION = (\\d+)`).exec(wireText)[1]));
}

function stringList(name) {
    const m = new RegExp(`const ${name} = \\[([^\\]]*)\\]`).exec(wireText);
    if (!m) fail(`no ${name} in deserialize.js`);
    return [...m[1].matchAll(/"(\w+)"/g)].map((x) => x[1]);
}

const flagGroups = [...nodesText.matchAll(/\/\*\*\n \* (.*)\n \*\/\nconst (\w+Flags) = \{\n([^}]*)\};/g)].map((m) => ({
    doc: m[1], name: m[2], flags: [...m[3].matchAll(/(\w+): 1 << (\d+)/g)].map((f) => [f[1], Number(f[2])]),
}));
if (flagGroups.length < 15) fail(`only ${flagGroups.length} groups of flags in nodes.js`);

const errors = stringList("errorTypes");
const warnings = stringList("warningTypes");
const [major, minor, patch] = version();
const cName = (className) => `Ast${className}`;

function fieldType(f) {
    if (f.kind === "NODE" || f.kind === "OPTIONAL_NODE") return f.node && f.node !== "Node" ? `${cName(f.node)} *` : "AstNode *";
    return `${C_TYPE[f.kind]} `;
}

function fieldComment(f) {
    if (f.kind === "OPTIONAL_NODE") return " /* or NULL */";
    if (f.kind === "OPTIONAL_LOCATION") return " /* or absent */";
    if (f.kind === "OPTIONAL_CONSTANT") return " /* or 0 */";
    return "";
}

function header() {
    const out = [];
    out.push(`/* ast_nodes.h - the nodes of Prism ${major}.${minor}.${patch}. Made by tools/gen_ast.mjs; included by syntax/ast.h only. */`);
    out.push("#ifndef TR_AST_NODES_H", "#define TR_AST_NODES_H", "");
    out.push(`#define AST_PRISM_MAJOR ${major}`, `#define AST_PRISM_MINOR ${minor}`, `#define AST_PRISM_PATCH ${patch}`, "");
    out.push("typedef enum {");
    for (const n of nodes) out.push(`    AST_${upper(n.className)} = ${n.number},`);
    out.push("} AstType;", "", `#define AST_TYPE_COUNT ${nodes.length + 1} /* slot 0 is unused */`, "");
    for (const g of flagGroups) {
        out.push(`/* ${g.doc} */`, "enum {");
        for (const [name, bit] of g.flags) out.push(`    AST_${upper(g.name)}_${name} = 1 << ${bit},`);
        out.push("};", "");
    }
    out.push("typedef enum {");
    errors.forEach((e, i) => out.push(`    AST_ERROR_${e.toUpperCase()} = ${i},`));
    out.push(`    AST_ERROR_COUNT = ${errors.length},`, "} AstErrorType;", "", "typedef enum {");
    warnings.forEach((w, i) => out.push(`    AST_WARNING_${w.toUpperCase()} = ${i},`));
    out.push(`    AST_WARNING_COUNT = ${warnings.length},`, "} AstWarningType;", "");
    for (const n of nodes) out.push(`typedef struct ${cName(n.className)} ${cName(n.className)};`);
    out.push("");
    for (const n of nodes) {
        out.push(`/* ${n.doc.join("\n * ").replace(/[ ]+\n/g, "\n").trimEnd().replace(/\*\//g, "* /").replace(/\/\*/g, "/ *").replace(/^\/ \*/, "/*")}`);
        out[out.length - 1] += " */";
        out.push(`struct ${cName(n.className)} {`, "    AstNode base;");
        for (const f of n.fields) out.push(`    ${fieldType(f)}${f.name};${fieldComment(f)}`);
        out.push("};", "");
    }
    out.push("#endif", "");
    return out.join("\n");
}

function tables() {
    const out = [`/* ast_tables.c - the fields of Prism ${major}.${minor}.${patch}'s nodes, as data. Made by tools/gen_ast.mjs. */`,
        '#include "syntax/ast_internal.h"', "", "#include <stddef.h>", ""];
    for (const g of flagGroups) {
        out.push(`static const AstFlagName ${snake(g.name)}[] = {`);
        for (const [name, bit] of g.flags) out.push(`    { "${name.toLowerCase()}", 1 << ${bit} },`);
        out.push("    { NULL, 0 },", "};");
    }
    for (const n of nodes) {
        if (n.fields.length === 0) continue;
        out.push(`static const AstField fields_${n.number}[] = {`);
        for (const f of n.fields) {
            const want = (f.kind === "NODE" || f.kind === "OPTIONAL_NODE") && f.node && f.node !== "Node" ? `AST_${upper(f.node)}` : "0";
            out.push(`    { "${f.name}", AST_FIELD_${f.kind}, ${want}, offsetof(${cName(n.className)}, ${f.name}) },`);
        }
        out.push("};");
    }
    out.push("", "const AstNodeInfo tr_ast_node_info[AST_TYPE_COUNT] = {");
    for (const n of nodes) {
        const fields = n.fields.length ? `fields_${n.number}` : "NULL";
        out.push(`    [AST_${upper(n.className)}] = { "${n.className}", sizeof(${cName(n.className)}), ${n.fields.length}, ${n.lengthPrefix}, ${fields}, ${n.flags ? snake(n.flags) : "NULL"} },`);
    }
    out.push("};", "", "const char *const tr_ast_error_names[AST_ERROR_COUNT] = {");
    for (const e of errors) out.push(`    "${e}",`);
    out.push("};", "", "const char *const tr_ast_warning_names[AST_WARNING_COUNT] = {");
    for (const w of warnings) out.push(`    "${w}",`);
    out.push("};", "");
    return out.join("\n");
}

writeFileSync(join(outDir, "ast_nodes.h"), header());
writeFileSync(join(outDir, "ast_tables.c"), tables());

// gen_unicode.mjs - Unicode tables for String, from what the JavaScript engine knows.
//
//   node tools/gen_unicode.mjs OUT.c
//
// Case: every code point has a record (deltas to its simple upper, lower and title case, and an index of its multi-character
// mappings); records are found through two stages of pages that repeat. Normalisation: full decompositions, pairs
// that compose, and the rank of combining classes (only their order matters). The engine's own functions are the
// source, so the tables have the Unicode version of Node.

import { writeFileSync } from "node:fs";

const LAST = 0x10ffff;
const isSurrogate = (c) => c >= 0xd800 && c <= 0xdfff;
const text = (c) => String.fromCodePoint(c);
const codes = (s) => Array.from(s, (ch) => ch.codePointAt(0));
const out = [];

// ---- what may be printed ----

const ranges = [];
const printable = /^(?:[^\p{C}\p{Z}]|\p{Zs}|\p{Cf}|\p{Co})$/u;
for (let c = 0; c <= LAST; c++) {
    if (isSurrogate(c) || !printable.test(text(c))) continue;
    const last = ranges[ranges.length - 1];
    if (last && last[1] === c - 1) last[1] = c;
    else ranges.push([c, c]);
}

// ---- case ----

const titleCase = /^\p{Lt}$/u;
function upper(c) { return codes(text(c).toUpperCase()); }
function lower(c) { return codes(text(c).toLowerCase()); }
const digraphs = [0x1c4, 0x1c7, 0x1ca, 0x1f1]; // DŽ, LJ, NJ, DZ: upper, title, lower
function title(c) {
    if (titleCase.test(text(c))) return [c];
    for (const d of digraphs) if (c === d || c === d + 2) return [d + 1];
    if ((c >= 0x10d0 && c <= 0x10fa) || (c >= 0x10fd && c <= 0x10ff)) return [c]; // Georgian has no title case
    const up = upper(c);
    if (up.length === 1) return up;
    if (up[up.length - 1] === 0x399 && text(c).normalize("NFD").includes("\u0345"))
        return codes((String.fromCodePoint(...up.slice(0, -1)) + "\u0345").normalize("NFC"));
    let first = up.findIndex((u) => text(u).toLowerCase() !== text(u)); // the first letter: "ʼN" is both
    if (first < 0) first = up.length - 1;
    return codes(String.fromCodePoint(...up.slice(0, first + 1)) + String.fromCodePoint(...up.slice(first + 1)).toLowerCase());
}
function fold(c) {
    if (c === 0x131) return [c];
    if (c >= 0x13a0 && c <= 0x13f5) return [c]; // Cherokee folds to upper case
    if ((c >= 0x13f8 && c <= 0x13fd) || (c >= 0xab70 && c <= 0xabbf)) return upper(c);
    return codes(text(c).toLowerCase().toUpperCase().toLowerCase());
}

const records = [[0, 0, 0, 0, 0]];
const recordKeys = new Map([["0,0,0,0,0", 0]]);
const sequences = []; // flat: count, code points
const specials = [];  // [upper, lower, title, fold] offsets into sequences, 0: none
function sequence(list) {
    const at = sequences.length;
    sequences.push(list.length, ...list);
    return at;
}
sequences.push(0);
const CASE_LIMIT = 0x1f000;
const PAGE = 128;
const pages = [], pageKeys = new Map(), stage1 = [];
for (let base = 0; base < CASE_LIMIT; base += PAGE) {
    const page = [];
    for (let c = base; c < base + PAGE; c++) {
        if (isSurrogate(c)) { page.push(0); continue; }
        const maps = [upper(c), lower(c), title(c), fold(c)];
        const record = maps.map((m) => (m.length === 1 ? m[0] - c : 0));
        let special = 0;
        if (maps.some((m) => m.length > 1)) {
            specials.push(maps.map((m) => (m.length > 1 ? sequence(m) : 0)));
            special = specials.length;
        }
        record.push(special);
        const key = record.join();
        if (!recordKeys.has(key)) { recordKeys.set(key, records.length); records.push(record); }
        page.push(recordKeys.get(key));
    }
    const key = page.join();
    if (!pageKeys.has(key)) { pageKeys.set(key, pages.length); pages.push(page); }
    stage1.push(pageKeys.get(key));
}

// ---- normalisation ----

const SBASE = 0xac00, SLAST = 0xd7a3;
const decompositions = [], compositions = [];
for (let c = 0xa0; c <= LAST; c++) {
    if (isSurrogate(c) || (c >= SBASE && c <= SLAST)) continue;
    const nfd = text(c).normalize("NFD"), nfkd = text(c).normalize("NFKD");
    if (nfkd === text(c) && nfd === text(c)) continue;
    decompositions.push([c, nfd === text(c) ? 0 : sequence(codes(nfd)), nfkd === nfd ? 0 : sequence(codes(nfkd))]);
    const parts = codes(nfd);
    if (parts.length < 2 || text(c).normalize("NFC") !== text(c)) continue;
    const last = parts[parts.length - 1];
    const first = codes(String.fromCodePoint(...parts.slice(0, -1)).normalize("NFC"));
    if (first.length === 1 && (text(first[0]) + text(last)).normalize("NFC") === text(c))
        compositions.push([first[0], last, c]);
}
compositions.sort((a, b) => a[0] - b[0] || a[1] - b[1]);

const goesAfter = (a, b) => (text(a) + text(b)).normalize("NFD") !== text(a) + text(b); // class of a > class of b
const marks = [];
for (let c = 0x300; c <= LAST; c++) {
    if (isSurrogate(c) || !/^\p{M}$/u.test(text(c)) || text(c).normalize("NFD") !== text(c)) continue;
    if (goesAfter(0x345, c) || goesAfter(c, 0x300)) marks.push(c);
}
const classes = []; // representatives in order
const ranks = new Map();
for (const mark of marks) {
    let low = 0, high = classes.length, found = -1;
    while (low < high) {
        const mid = (low + high) >> 1;
        if (goesAfter(mark, classes[mid][0])) low = mid + 1;
        else if (goesAfter(classes[mid][0], mark)) high = mid;
        else { found = mid; break; }
    }
    if (found >= 0) classes[found].push(mark);
    else classes.splice(low, 0, [mark]);
}
classes.forEach((members, rank) => members.forEach((mark) => ranks.set(mark, rank + 1)));
const classRanges = [];
for (const mark of [...ranks.keys()].sort((a, b) => a - b)) {
    const last = classRanges[classRanges.length - 1];
    if (last && last[1] === mark - 1 && last[2] === ranks.get(mark)) last[1] = mark;
    else classRanges.push([mark, mark, ranks.get(mark)]);
}

// ---- writing ----

function table(declaration, rows, format) {
    out.push(`${declaration} = {`);
    let line = "   ";
    for (const row of rows) {
        const cell = " " + format(row) + ",";
        if (line.length + cell.length > 110) { out.push(line); line = "   "; }
        line += cell;
    }
    out.push(line, "};", "");
}
const hex = (n) => "0x" + n.toString(16);
const group = (row) => "{" + row.map((n) => (n < 0 ? n : hex(n))).join(", ") + "}";

out.push("/* unicode_tables.c - made by tools/gen_unicode.mjs. */", '#include "core/unicode_tables.h"', "");
out.push(`const char tr_unicode_version[] = "${process.versions.unicode}.0";`, "");
table("const uint32_t tr_unicode_print[][2]", ranges, group);
out.push(`const size_t tr_unicode_print_count = ${ranges.length};`, "");
table("const CaseRecord tr_case_records[]", records, (r) => "{" + r.join(", ") + "}");
table("const uint16_t tr_case_specials[][4]", specials, group);
table("const uint32_t tr_unicode_sequences[]", sequences, hex);
table("const uint8_t tr_case_stage1[]", stage1, String);
table("const uint16_t tr_case_stage2[][TR_CASE_PAGE]", pages, (p) => "{" + p.join(",") + "}");
table("const Decomposition tr_decompositions[]", decompositions, group);
out.push(`const size_t tr_decomposition_count = ${decompositions.length};`, "");
table("const uint32_t tr_compositions[][3]", compositions, group);
out.push(`const size_t tr_composition_count = ${compositions.length};`, "");
table("const CombiningClass tr_combining_classes[]", classRanges, group);
out.push(`const size_t tr_combining_class_count = ${classRanges.length};`, "");
if (pages.length > 255 || sequences.length > 65535 || records.length > 65535) throw new Error("table index too wide");
writeFileSync(process.argv[2], out.join("\n"));

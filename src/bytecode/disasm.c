/* disasm.c - an Iseq as text, in the format of `ruby --dump=insns`.
 *
 * Handlers of the catch table are printed inside it, other sequences after the one that they belong to.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "bytecode/compile_internal.h"

typedef struct Text { char *bytes; size_t size, capacity; } Text;

static void append(Text *t, const char *bytes, size_t size) {
    if (t->size + size + 1 > t->capacity) {
        t->capacity = (t->size + size + 1) * 2;
        t->bytes = realloc(t->bytes, t->capacity);
        TR_CHECK(t->bytes);
    }
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    t->bytes[t->size] = 0;
}

__attribute__((format(printf, 2, 3))) static void print(Text *t, const char *format, ...) {
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    if (size >= (int)sizeof buffer) size = sizeof buffer - 1;
    append(t, buffer, (size_t)size);
}

static void print_string(Text *t, Value string) { append(t, tr_string(string)->bytes, tr_string(string)->size); }

static MAY_SWITCH void print_value(Text *t, Value value) {
    Fiber *f = tr_current_fiber();
    Value text = tr_inspect(f, value);
    if (text == TR_RAISED) {
        Value error = tr_rescue(f, NULL);
        (void)error;
        print(t, "?");
    } else print_string(t, text);
}

static MAY_SWITCH void print_id(Text *t, Id id) { print_value(t, tr_value_from_id(id)); }

/* ---- operands ---- */

static void print_call(Text *t, const CallData *call) {
    static const struct { uint32_t flag; const char *name; } names[] = {
        {CALL_ARGS_SPLAT, "ARGS_SPLAT"}, {CALL_ARGS_SPLAT_MUT, "ARGS_SPLAT_MUT"}, {CALL_ARGS_BLOCKARG, "ARGS_BLOCKARG"},
        {CALL_FCALL, "FCALL"}, {CALL_VCALL, "VCALL"}, {CALL_ARGS_SIMPLE, "ARGS_SIMPLE"}, {CALL_TAILCALL, "TAILCALL"},
        {CALL_SUPER, "SUPER"}, {CALL_ZSUPER, "ZSUPER"}, {CALL_KWARG, "KWARG"}, {CALL_KW_SPLAT, "KW_SPLAT"},
        {CALL_KW_SPLAT_MUT, "KW_SPLAT_MUT"}, {CALL_FORWARDING, "FORWARDING"}, {CALL_OPT_SEND, "OPT_SEND"},
    };
    print(t, "<calldata!");
    if (call->mid) {
        const IdName *name = tr_id_name(call->mid);
        print(t, "mid:");
        append(t, name->bytes, name->size);
        print(t, ", ");
    }
    print(t, "argc:%u", call->argc);
    if (call->keywords) {
        print(t, ", kw:[");
        for (uint32_t i = 0; i < call->keywords->count; i++)
            print(t, "%s%s", i ? "," : "", tr_id_cstr(call->keywords->names[i]));
        print(t, "]");
    }
    const char *separator = ", ";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(call->flags & names[i].flag)) continue;
        print(t, "%s%s", separator, names[i].name);
        separator = "|";
    }
    print(t, ">");
}

static void print_local(Text *t, const Iseq *iseq, uint32_t index, uint32_t level) {
    while (level-- > 0 && iseq->parent) iseq = iseq->parent;
    uint32_t number = iseq->local_count + 2 - index;
    Id name = number < iseq->local_count ? iseq->locals[number] : 0;
    print(t, "%s@%u", name ? tr_id_cstr(name) : "?", number);
}

static const char *defined_name(uint64_t kind) {
    static const char *const names[] = {"nil", "nil", "instance-variable", "local-variable", "global-variable", "class variable",
        "constant", "method", "yield", "super", "self", "true", "false", "assignment", "expression", "ref", "func",
        "constant-from"};
    return kind < sizeof names / sizeof *names ? names[kind] : "?";
}

static void print_number(Text *t, Opcode op, int operand, uint64_t number) {
    if (op == OP_defined && operand == 0) print(t, "%s", defined_name(number));
    else if (op == OP_checktype)
        print(t, "%s", number == CHECKTYPE_ARRAY ? "T_ARRAY" : number == CHECKTYPE_HASH ? "T_HASH" : "T_STRING");
    else if (op == OP_opt_newarray_send && operand == 1) {
        static const char *const methods[] = {"", "max", "min", "hash", "pack", "pack_buffer", "include?"};
        print(t, ":%s", number < 7 ? methods[number] : "?");
    } else print(t, "%lld", (long long)number);
}

static void print_constant(Text *t, const Iseq *iseq, const ConstCache *cache, const ConstCache *first) {
    (void)iseq;
    print(t, "<ic:%td %s", cache - first, cache->absolute ? "::" : "");
    for (const Id *name = cache->path; *name; name++) print(t, "%s%s", name == cache->path ? "" : "::", tr_id_cstr(*name));
    print(t, ">");
}

typedef struct Caches { const ConstCache *constants; const IvarCache *ivars; const OnceCache *onces; } Caches;

/* The caches of a sequence lie one after the other: the first ones tell the numbers. */
static Caches find_caches(const Iseq *iseq) {
    Caches caches = {0};
#define LOWEST(slot, word) (slot) = !(slot) || (const void *)(word) < (const void *)(slot) ? (const void *)(word) : (slot)
    for (uint32_t i = 0; i < iseq->size;) {
        Opcode op = tr_iseq_opcode(iseq, i);
        const char *kinds = tr_insn_operands(op);
        for (int k = 0; kinds[k]; k++) {
            CodeWord word = iseq->code[i + 1 + (uint32_t)k];
            if (kinds[k] == 'K') LOWEST(caches.constants, word);
            else if (kinds[k] == 'E') LOWEST(caches.ivars, word);
            else if (kinds[k] == 'P') LOWEST(caches.onces, word);
        }
        i += tr_insn_size(op);
    }
#undef LOWEST
    return caches;
}

static MAY_SWITCH void print_operand(Text *t, const Iseq *iseq, const Caches *caches, uint32_t at, Opcode op, int k) {
    const char *kinds = tr_insn_operands(op);
    CodeWord word = iseq->code[at + 1 + (uint32_t)k];
    switch (kinds[k]) {
    case 'L':
        if (op == OP_checkkeyword) print(t, "%u", (uint32_t)word);
        else print_local(t, iseq, (uint32_t)word, kinds[1] == 'N' ? (uint32_t)iseq->code[at + 2]
                                                  : op == OP_getlocal_WC_1 || op == OP_setlocal_WC_1);
        return;
    case 'V': print_value(t, word); return;
    case 'I': print_id(t, (Id)word); return;
    case 'C': print_call(t, (const CallData *)word); return;
    case 'S':
        if (word) print_string(t, ((const Iseq *)word)->label);
        else print(t, "nil");
        return;
    case 'O': print(t, "%lld", (long long)at + tr_insn_size(op) + (long long)word); return;
    case 'K': print_constant(t, iseq, (const ConstCache *)word, caches->constants); return;
    case 'E': print(t, "<is:%td>", (const IvarCache *)word - caches->ivars); return;
    case 'P': print(t, "<is:%td>", (const OnceCache *)word - caches->onces); return;
    case 'D': print(t, "<cdhash>"); return;
    default: print_number(t, op, k, word); return;
    }
}

/* ---- instructions ---- */

static void print_events(Text *t, uint32_t events) {
    static const struct { uint32_t event; const char *name; } names[] = {
        {EVENT_LINE, "Li"}, {EVENT_CLASS, "Cl"}, {EVENT_END, "En"}, {EVENT_CALL, "Ca"}, {EVENT_RETURN, "Re"},
        {EVENT_C_CALL, "Cc"}, {EVENT_C_RETURN, "Cr"}, {EVENT_B_CALL, "Bc"}, {EVENT_B_RETURN, "Br"},
    };
    if (!events) return;
    print(t, "[");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (events & names[i].event) print(t, "%s", names[i].name);
    print(t, "]");
}

/* Operators that are calls of C methods in the rule. */
static bool is_operator_call(Opcode op) { return op >= OP_opt_plus && op <= OP_opt_regexpmatch2; }

static MAY_SWITCH void print_insn(Text *t, const Iseq *iseq, const Caches *caches, uint32_t at, uint32_t *line_entry,
                                  int32_t *last_line) {
    Opcode op = tr_iseq_opcode(iseq, at);
    size_t start = t->size;
    print(t, "%04u %-38s ", at, tr_insn_name(op));
    for (int k = 0; tr_insn_operands(op)[k]; k++) {
        if (k) print(t, ", ");
        print_operand(t, iseq, caches, at, op, k);
    }
    uint32_t events = 0;
    while (*line_entry < iseq->line_count && iseq->lines[*line_entry].offset <= at) {
        if (iseq->lines[*line_entry].offset == at) events = iseq->lines[*line_entry].events;
        ++*line_entry;
    }
    int32_t line = iseq->line_count ? iseq->lines[*line_entry ? *line_entry - 1 : 0].line : 0;
    if (line != *last_line) {
        size_t width = t->size - start;
        print(t, "%*s(%4d)", width > 70 ? 0 : (int)(70 - width), "", line);
        *last_line = line;
    }
    if (is_operator_call(op)) events |= EVENT_C_CALL | EVENT_C_RETURN;
    print_events(t, events);
    while (t->size > start && t->bytes[t->size - 1] == ' ') t->size--;
    append(t, "\n", 1);
}

/* ---- the frame around them ---- */

static void indent(Text *t, int depth) {
    for (int i = 0; i < depth; i++) print(t, "| ");
}

static void print_header(Text *t, const Iseq *iseq) {
    print(t, "== disasm: #<ISeq:");
    print_string(t, iseq->label);
    print(t, "@");
    print_string(t, iseq->path);
    print(t, ":%u (%u,%u)-(%u,%u)>\n", iseq->first_line, iseq->first_line, iseq->first_column, iseq->last_line,
          iseq->last_column);
}

static void print_locals(Text *t, const Iseq *iseq, int depth) {
    const Params *p = &iseq->params;
    if (iseq->local_count == 0) return;
    indent(t, depth);
    print(t, "local table (size: %u, argc: %u [opts: %u, rest: %d, post: %u, block: %d, kw: %d@%d, kwrest: %d])\n",
          iseq->local_count, p->lead_count, p->opt_count, p->rest_start, p->post_count, p->block_start,
          p->keywords && p->keywords->count ? (int)p->keywords->count : -1,
          p->keywords && p->keywords->count ? (int)p->keywords->required_count : -1,
          p->keywords ? p->keywords->rest_start : -1);
    indent(t, depth);
    for (uint32_t i = 0; i < iseq->local_count; i++) {
        size_t start = t->size;
        int32_t n = (int32_t)i;
        print(t, "[%2u] %s@%u", iseq->local_count - i, iseq->locals[i] ? tr_id_cstr(iseq->locals[i]) : "?", i);
        if (i < p->lead_count) print(t, p->ambiguous_param0 ? "<AmbiguousArg>" : "<Arg>");
        else if (i < p->lead_count + p->opt_count) print(t, "<Opt=%u>", p->opt_table[i - p->lead_count]);
        else if (n == p->rest_start) print(t, "<Rest>");
        else if (p->post_start >= 0 && n >= p->post_start && i < (uint32_t)p->post_start + p->post_count) print(t, "<Post>");
        else if (p->keywords && n == p->keywords->rest_start) print(t, "<Kwrest>");
        else if (n == p->block_start) print(t, "<Block>");
        size_t width = t->size - start;
        if (width < 16) print(t, "%*s", (int)(16 - width), "");
    }
    while (t->size && t->bytes[t->size - 1] == ' ') t->size--;
    print(t, "\n");
}

static MAY_SWITCH void disassemble(Text *t, const Iseq *iseq, int depth);

static bool is_handler(const Iseq *iseq, const Iseq *child) {
    for (uint32_t i = 0; i < iseq->catch_count; i++)
        if (iseq->catches[i].iseq == child) return true;
    return false;
}

static MAY_SWITCH void print_catches(Text *t, const Iseq *iseq, int depth) {
    static const char *const names[] = {"", "rescue", "ensure", "retry", "break", "redo", "next"};
    if (iseq->catch_count == 0) return;
    indent(t, depth);
    print(t, "== catch table\n");
    for (uint32_t i = 0; i < iseq->catch_count; i++) {
        const CatchEntry *entry = &iseq->catches[i];
        indent(t, depth);
        print(t, "| catch type: %-6s st: %04u ed: %04u sp: %04u cont: %04u\n", names[entry->type], entry->start, entry->end,
              entry->sp, entry->cont);
        bool is_first = entry->iseq != NULL;
        for (uint32_t j = 0; j < i && is_first; j++) is_first = iseq->catches[j].iseq != entry->iseq;
        if (is_first) disassemble(t, entry->iseq, depth + 1);
    }
    indent(t, depth);
    print(t, "|------------------------------------------------------------------------\n");
}

static MAY_SWITCH void disassemble(Text *t, const Iseq *iseq, int depth) {
    indent(t, depth);
    print_header(t, iseq);
    print_catches(t, iseq, depth);
    print_locals(t, iseq, depth);
    Caches caches = find_caches(iseq);
    uint32_t line_entry = 0;
    int32_t last_line = -1;
    for (uint32_t i = 0; i < iseq->size; i += tr_insn_size(tr_iseq_opcode(iseq, i))) {
        indent(t, depth);
        print_insn(t, iseq, &caches, i, &line_entry, &last_line);
    }
    for (uint32_t i = 0; i < iseq->child_count; i++) {
        if (is_handler(iseq, iseq->children[i])) continue;
        indent(t, depth);
        print(t, "\n");
        disassemble(t, iseq->children[i], depth);
    }
}

MAY_SWITCH char *tr_iseq_disasm(const Iseq *iseq, size_t *size) {
    Text text = {0};
    disassemble(&text, iseq, 0);
    *size = text.size;
    return text.bytes;
}

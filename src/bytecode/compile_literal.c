/* compile_literal.c - literals: numbers, strings and what is interpolated, regexps, arrays, hashes, ranges.
 *
 * A literal whose value is known becomes one shareable object, made here: code pushes it (numbers, symbols, ranges,
 * regexps, frozen strings) or a copy of it (putstring, duparray, duphash). What is not known is built on the stack, large
 * ones in chunks so that the stack stays small.
 */
#include <stdlib.h>

#include "bytecode/compile_internal.h"

enum { CHUNK = 256, STATIC_RUN = 64 };

/* ---- values known now ---- */

static Value share(Value value) {
    if (tr_is_object(value)) tr_header(value)->flags |= TR_FLAG_FROZEN | TR_FLAG_SHAREABLE;
    return value;
}

bool tr_literal_is_static(const AstNode *node) { return (node->flags & AST_FLAG_STATIC_LITERAL) != 0; }

MAY_GC Value tr_literal_string(Scope *s, const AstString *text, uint32_t flags) {
    int encoding = s->compiler->encoding;
    if (flags & AST_STRING_FLAGS_FORCED_UTF8_ENCODING) encoding = ENCODING_UTF8;
    else if (flags & AST_STRING_FLAGS_FORCED_BINARY_ENCODING) encoding = ENCODING_BINARY;
    return tr_literal_keep(s, tr_string_interned(s->compiler->f, (const char *)text->bytes, text->size, encoding));
}

static Value symbol_value(Scope *s, const AstSymbolNode *node) {
    int encoding = s->compiler->encoding;
    if (node->base.flags & AST_SYMBOL_FLAGS_FORCED_UTF8_ENCODING) encoding = ENCODING_UTF8;
    else if (node->base.flags & AST_SYMBOL_FLAGS_FORCED_BINARY_ENCODING) encoding = ENCODING_BINARY;
    else if (node->base.flags & AST_SYMBOL_FLAGS_FORCED_US_ASCII_ENCODING) encoding = ENCODING_US_ASCII;
    return tr_value_from_id(tr_intern((const char *)node->unescaped.bytes, node->unescaped.size, encoding));
}

static MAY_GC Value integer_value(Fiber *f, const AstInteger *n) {
    return share(tr_integer_from_words(f, n->is_negative, n->words, n->count));
}

/* Raised: a literal that cannot be. The sequence goes on with nil; tr_compile gives up at its end. */
static Value failed(Scope *s) {
    s->compiler->has_failed = true;
    return TR_NIL;
}

static MAY_GC Value rational_value(Scope *s, const AstRationalNode *node) {
    Fiber *f = s->compiler->f;
    Value numerator = tr_literal_keep(s, integer_value(f, &node->numerator));
    Value denominator = tr_literal_keep(s, integer_value(f, &node->denominator));
    Value v = tr_rational_new(f, numerator, denominator);
    return v == TR_RAISED ? failed(s) : share(v);
}

static MAY_SWITCH Value imaginary_value(Scope *s, const AstImaginaryNode *node) {
    Value imaginary = tr_literal_value(s, node->numeric);
    Value v = tr_complex_new(s->compiler->f, TR_FIX(0), imaginary);
    return v == TR_RAISED ? failed(s) : share(v);
}

static int regexp_options(uint32_t flags) {
    int options = 0;
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_IGNORE_CASE) options |= 1;
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_EXTENDED) options |= 2;
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_MULTI_LINE) options |= 4;
    if (flags & (AST_REGULAR_EXPRESSION_FLAGS_UTF_8 | AST_REGULAR_EXPRESSION_FLAGS_EUC_JP |
                 AST_REGULAR_EXPRESSION_FLAGS_WINDOWS_31J))
        options |= 16;
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_ASCII_8BIT) options |= 32;
    return options;
}

static int regexp_encoding(Scope *s, uint32_t flags, const AstString *text) {
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_UTF_8) return ENCODING_UTF8;
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_EUC_JP) return tr_encoding_find("EUC-JP", 6);
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_WINDOWS_31J) return tr_encoding_find("Windows-31J", 11);
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_FORCED_UTF8_ENCODING) return ENCODING_UTF8;
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_FORCED_BINARY_ENCODING) return ENCODING_BINARY;
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_FORCED_US_ASCII_ENCODING) return ENCODING_US_ASCII;
    bool is_ascii = true;
    for (uint32_t i = 0; i < text->size; i++) is_ascii &= text->bytes[i] < 0x80;
    if (flags & AST_REGULAR_EXPRESSION_FLAGS_ASCII_8BIT) return is_ascii ? ENCODING_US_ASCII : ENCODING_BINARY;
    return s->compiler->encoding;
}

/* An invalid regexp is an error of the source: RegexpError becomes SyntaxError. */
static MAY_SWITCH Value regexp_value(Scope *s, uint32_t flags, const AstString *text) {
    Compiler *c = s->compiler;
    if (c->has_failed) return TR_NIL;
    Value source = tr_string_interned(c->f, (const char *)text->bytes, text->size, regexp_encoding(s, flags, text));
    Value regexp = tr_regexp_new(c->f, source, regexp_options(flags));
    if (regexp != TR_RAISED) return share(regexp);
    Value error = tr_rescue(c->f, tr_class.regexp_error);
    if (error != TR_UNDEF) {
        Value message = tr_exception_message(c->f, error);
        if (message != TR_RAISED) {
            Value raised = tr_raise(c->f, tr_class.syntax_error, "%s:%d: %s", c->ast->filepath, s->line,
                                    tr_string(message)->bytes);
            (void)raised;
        }
    }
    return failed(s);
}

static MAY_SWITCH Value range_value(Scope *s, const AstRangeNode *node) {
    Value begin = node->left ? tr_literal_value(s, node->left) : TR_NIL;
    Value end = node->right ? tr_literal_value(s, node->right) : TR_NIL;
    Value v = tr_range_new(s->compiler->f, begin, end, (node->base.flags & AST_RANGE_FLAGS_EXCLUDE_END) != 0);
    return v == TR_RAISED ? failed(s) : share(v);
}

/* The items are kept by the sequence one by one, so the collector sees them while the array grows. */
static MAY_SWITCH Value array_value(Scope *s, AstNode *const *items, uint32_t count) {
    Value array = tr_array_new(s->compiler->f, count);
    for (uint32_t i = 0; i < count; i++)
        if (tr_array_push(s->compiler->f, array, tr_literal_value(s, items[i])) == TR_RAISED) return failed(s);
    return share(array);
}

static MAY_SWITCH Value hash_value(Scope *s, AstNode *const *items, uint32_t count) {
    Value hash = tr_hash_new_capacity(s->compiler->f, count);
    for (uint32_t i = 0; i < count; i++) {
        const AstAssocNode *assoc = (const AstAssocNode *)items[i];
        Value key = tr_literal_value(s, assoc->key), value = tr_literal_value(s, assoc->value);
        if (tr_hash_set(s->compiler->f, hash, key, value) == TR_RAISED) return failed(s);
    }
    return share(hash);
}

static MAY_SWITCH Value interpolated_value(Scope *s, const AstNode *node);

static MAY_SWITCH Value value_of(Scope *s, const AstNode *node) {
    Fiber *f = s->compiler->f;
    switch ((AstType)node->type) {
    case AST_NIL_NODE: return TR_NIL;
    case AST_TRUE_NODE: return TR_TRUE;
    case AST_FALSE_NODE: return TR_FALSE;
    case AST_INTEGER_NODE: return integer_value(f, &((const AstIntegerNode *)node)->value);
    case AST_FLOAT_NODE: return share(tr_float_new(f, ((const AstFloatNode *)node)->value));
    case AST_RATIONAL_NODE: return rational_value(s, (const void *)node);
    case AST_IMAGINARY_NODE: return imaginary_value(s, (const void *)node);
    case AST_SYMBOL_NODE: return symbol_value(s, (const void *)node);
    case AST_STRING_NODE: return tr_literal_string(s, &((const AstStringNode *)node)->unescaped, node->flags);
    case AST_SOURCE_FILE_NODE: return tr_literal_string(s, &((const AstSourceFileNode *)node)->filepath, node->flags);
    case AST_SOURCE_LINE_NODE: return TR_FIX(tr_compile_line(s->compiler, node->start));
    case AST_REGULAR_EXPRESSION_NODE:
        return regexp_value(s, node->flags, &((const AstRegularExpressionNode *)node)->unescaped);
    case AST_MATCH_LAST_LINE_NODE: return regexp_value(s, node->flags, &((const AstMatchLastLineNode *)node)->unescaped);
    case AST_RANGE_NODE: return range_value(s, (const void *)node);
    case AST_ARRAY_NODE: {
        const AstNodeList *elements = &((const AstArrayNode *)node)->elements;
        return array_value(s, elements->items, elements->count);
    }
    case AST_HASH_NODE: {
        const AstNodeList *elements = &((const AstHashNode *)node)->elements;
        return hash_value(s, elements->items, elements->count);
    }
    case AST_SOURCE_ENCODING_NODE: return tr_encoding_object(s->compiler->encoding);
    case AST_INTERPOLATED_STRING_NODE: case AST_INTERPOLATED_SYMBOL_NODE: case AST_INTERPOLATED_REGULAR_EXPRESSION_NODE:
        return interpolated_value(s, node);
    default: break;
    }
    tr_fatal(__FILE__, __LINE__, "a %s is no literal", tr_ast_type_name(node->type));
}

MAY_SWITCH Value tr_literal_value(Scope *s, const AstNode *node) { return tr_literal_keep(s, value_of(s, node)); }

/* ---- strings ---- */

static void push_string(Scope *s, Value string, uint32_t flags) {
    if (flags & AST_STRING_FLAGS_FROZEN) emit1(s, OP_putobject, string);
    else if ((flags & AST_STRING_FLAGS_MUTABLE) || s->iseq->is_internal) emit1(s, OP_putstring, string);
    else emit1(s, OP_putchilledstring, string);
}

MAY_SWITCH void tr_compile_string(Scope *s, const AstStringNode *node, bool popped) {
    if (!popped) push_string(s, value_of(s, &node->base), node->base.flags); /* also for __FILE__: the flags are the same */
}

/* The parts of an interpolation, flattened; adjacent literal parts become one. */
typedef struct Parts {
    Scope *s;
    char *bytes;          /* literal text not pushed yet */
    size_t size, capacity;
    uint32_t flags;
    bool has_text;
    uint32_t pushed;
    bool is_regexp;
    uint32_t regexp_flags;
    bool appends;         /* a source that is not UTF-8: concatstrings would make ASCII text UTF-8, so << it is */
} Parts;

static void add_text(Parts *parts, const AstString *text, uint32_t flags) {
    if (parts->size + text->size > parts->capacity) {
        parts->capacity = (parts->size + text->size) * 2;
        parts->bytes = realloc(parts->bytes, parts->capacity);
        TR_CHECK(parts->bytes);
    }
    if (text->size) memcpy(parts->bytes + parts->size, text->bytes, text->size);
    parts->size += text->size;
    parts->flags |= flags & (AST_STRING_FLAGS_FORCED_UTF8_ENCODING | AST_STRING_FLAGS_FORCED_BINARY_ENCODING);
    parts->has_text = true;
}

static MAY_GC Value take_text(Parts *parts) {
    AstString text = {(const uint8_t *)parts->bytes, (uint32_t)parts->size};
    Value string;
    if (parts->is_regexp) {
        int encoding = regexp_encoding(parts->s, parts->regexp_flags | (parts->flags & AST_STRING_FLAGS_FORCED_UTF8_ENCODING
                                       ? AST_REGULAR_EXPRESSION_FLAGS_FORCED_UTF8_ENCODING : 0), &text);
        string = tr_literal_keep(parts->s, tr_string_interned(parts->s->compiler->f, (const char *)text.bytes, text.size,
                                                              encoding));
    } else string = tr_literal_string(parts->s, &text, parts->flags);
    parts->size = 0;
    parts->flags = 0;
    parts->has_text = false;
    return string;
}

static void count_part(Parts *parts) {
    parts->pushed++;
    if (parts->appends && parts->pushed > 1) emit_call(parts->s, TR_ID_lshift, 1);
}

static MAY_GC void flush_text(Parts *parts) {
    if (!parts->has_text) return;
    emit1(parts->s, parts->appends && parts->pushed == 0 ? OP_putstring : OP_putobject, take_text(parts));
    count_part(parts);
}

static MAY_SWITCH void add_part(Parts *parts, const AstNode *part) {
    Scope *s = parts->s;
    if (part->type == AST_STRING_NODE) {
        add_text(parts, &((const AstStringNode *)part)->unescaped, part->flags);
        return;
    }
    if (part->type == AST_INTERPOLATED_STRING_NODE) { /* "a" "#{b}" */
        const AstInterpolatedStringNode *inner = (const void *)part;
        for (uint32_t i = 0; i < inner->parts.count; i++) add_part(parts, inner->parts.items[i]);
        return;
    }
    if (part->type == AST_EMBEDDED_STATEMENTS_NODE) { /* "#{"text"}" */
        const AstStatementsNode *statements = ((const AstEmbeddedStatementsNode *)part)->statements;
        if (statements && statements->body.count == 1 && statements->body.items[0]->type == AST_STRING_NODE) {
            const AstStringNode *string = (const void *)statements->body.items[0];
            add_text(parts, &string->unescaped, string->base.flags);
            return;
        }
    }
    if (parts->appends && parts->pushed == 0) parts->has_text = true;
    flush_text(parts);
    compile(s, part);
    emit(s, OP_dup);
    emit1(s, OP_objtostring, tr_call_data(s, TR_ID_to_s, 0, CALL_FCALL, NULL));
    emit(s, OP_anytostring);
    count_part(parts);
}

static MAY_SWITCH Parts push_parts(Scope *s, const AstNodeList *list, bool is_regexp, uint32_t regexp_flags) {
    Parts parts = {.s = s, .is_regexp = is_regexp, .regexp_flags = regexp_flags};
    parts.appends = !is_regexp && s->compiler->encoding != ENCODING_UTF8;
    for (uint32_t i = 0; i < list->count; i++) add_part(&parts, list->items[i]);
    return parts;
}

/* An interpolation whose parts are all literals, such as "a" "b". */
static MAY_SWITCH Value interpolated_value(Scope *s, const AstNode *node) {
    bool is_regexp = node->type == AST_INTERPOLATED_REGULAR_EXPRESSION_NODE;
    const AstNodeList *list = is_regexp ? &((const AstInterpolatedRegularExpressionNode *)node)->parts
                              : node->type == AST_INTERPOLATED_SYMBOL_NODE ? &((const AstInterpolatedSymbolNode *)node)->parts
                                                                           : &((const AstInterpolatedStringNode *)node)->parts;
    Parts parts = push_parts(s, list, is_regexp, node->flags);
    TR_CHECK(parts.pushed == 0);
    AstString text = {(const uint8_t *)parts.bytes, (uint32_t)parts.size};
    Value value;
    if (is_regexp) value = regexp_value(s, node->flags, &text);
    else if (node->type == AST_INTERPOLATED_STRING_NODE) value = tr_literal_string(s, &text, parts.flags);
    else value = tr_value_from_id(tr_intern(parts.bytes, parts.size, s->compiler->encoding));
    free(parts.bytes);
    return value;
}

/* All parts are pushed: one new String. */
static MAY_GC void join_parts(Parts *parts) {
    flush_text(parts);
    if (!parts->appends) emit1(parts->s, OP_concatstrings, parts->pushed);
}

static MAY_SWITCH void push_concat(Scope *s, const AstNodeList *list) {
    Parts parts = push_parts(s, list, false, 0);
    join_parts(&parts);
    free(parts.bytes);
}

MAY_SWITCH void tr_compile_interpolated(Scope *s, const AstNode *node, bool popped) {
    switch ((AstType)node->type) {
    case AST_INTERPOLATED_STRING_NODE: {
        Parts parts = push_parts(s, &((const AstInterpolatedStringNode *)node)->parts, false, 0);
        if (parts.pushed == 0) { /* "a" "b" */
            uint32_t flags = 0;
            if (node->flags & AST_INTERPOLATED_STRING_NODE_FLAGS_FROZEN) flags = AST_STRING_FLAGS_FROZEN;
            if (node->flags & AST_INTERPOLATED_STRING_NODE_FLAGS_MUTABLE) flags = AST_STRING_FLAGS_MUTABLE;
            push_string(s, take_text(&parts), flags);
        } else join_parts(&parts);
        free(parts.bytes);
        break;
    }
    case AST_INTERPOLATED_SYMBOL_NODE:
        push_concat(s, &((const AstInterpolatedSymbolNode *)node)->parts);
        emit(s, OP_intern);
        break;
    case AST_X_STRING_NODE:
        emit(s, OP_putself);
        emit1(s, OP_putobject, tr_literal_string(s, &((const AstXStringNode *)node)->unescaped, node->flags));
        emit_fcall(s, TR_ID_backtick, 1);
        break;
    default:
        emit(s, OP_putself);
        push_concat(s, &((const AstInterpolatedXStringNode *)node)->parts);
        emit_fcall(s, TR_ID_backtick, 1);
        break;
    }
    if (popped) emit(s, OP_pop);
}

/* ---- regexps ---- */

static MAY_SWITCH void push_dynamic_regexp(Scope *s, const AstNode *node) {
    const AstNodeList *list = node->type == AST_INTERPOLATED_REGULAR_EXPRESSION_NODE
                                  ? &((const AstInterpolatedRegularExpressionNode *)node)->parts
                                  : &((const AstInterpolatedMatchLastLineNode *)node)->parts;
    Parts parts = push_parts(s, list, true, node->flags);
    if (parts.pushed == 0) { /* /a#{"b"}/ */
        AstString text = {(const uint8_t *)parts.bytes, (uint32_t)parts.size};
        tr_emit_literal(s, regexp_value(s, node->flags, &text));
    } else {
        flush_text(&parts);
        emit2(s, OP_toregexp, (uint64_t)regexp_options(node->flags), parts.pushed);
    }
    free(parts.bytes);
}

static MAY_SWITCH void once_body(Scope *s, const AstNode *node) {
    push_dynamic_regexp(s, node);
    emit(s, OP_leave);
}

static MAY_SWITCH void push_regexp(Scope *s, const AstNode *node) {
    if (node->type == AST_REGULAR_EXPRESSION_NODE || node->type == AST_MATCH_LAST_LINE_NODE)
        tr_emit_literal(s, tr_literal_value(s, node));
    else if (node->flags & AST_REGULAR_EXPRESSION_FLAGS_ONCE) {
        Iseq *once = tr_compile_child(s, ISEQ_ONCE, tr_compile_block_label(s), node, false, once_body);
        emit2(s, OP_once, (uint64_t)once, s->once_caches++);
    } else push_dynamic_regexp(s, node);
}

MAY_SWITCH void tr_compile_regexp(Scope *s, const AstNode *node, bool popped) {
    push_regexp(s, node);
    if (popped) emit(s, OP_pop);
}

MAY_SWITCH void tr_compile_match_last_line(Scope *s, const AstNode *node, bool popped) {
    push_regexp(s, node);
    emit2(s, OP_getspecial, SVAR_LASTLINE, 0);
    emit_call(s, TR_ID_match, 1);
    if (popped) emit(s, OP_pop);
}

/* ---- arrays ---- */

typedef struct ArrayBuild {
    Scope *s;
    bool exists;      /* an array lies below the pending items */
    uint32_t pending;
} ArrayBuild;

static void flush_items(ArrayBuild *build) {
    if (build->exists) {
        if (build->pending) emit1(build->s, OP_pushtoarray, build->pending);
    } else emit1(build->s, OP_newarray, build->pending);
    build->exists = true;
    build->pending = 0;
}

static bool has_keyword_splat(const AstNodeList *elements) {
    for (uint32_t i = 0; i < elements->count; i++)
        if (elements->items[i]->type == AST_ASSOC_SPLAT_NODE) return true;
    return false;
}

/* How many static elements follow from i; a few are not worth an array of their own. */
static uint32_t static_run(const AstNodeList *elements, uint32_t i) {
    uint32_t end = i;
    while (end < elements->count && tr_literal_is_static(elements->items[end])) end++;
    return end - i;
}

MAY_SWITCH void tr_compile_array_elements(Scope *s, const AstNodeList *elements) {
    ArrayBuild build = {s, false, 0};
    for (uint32_t i = 0; i < elements->count; i++) {
        const AstNode *item = elements->items[i];
        uint32_t run = tr_literal_is_static(item) ? static_run(elements, i) : 0;
        if (run >= STATIC_RUN) {
            if (build.exists || build.pending) flush_items(&build);
            emit1(s, OP_duparray, tr_literal_keep(s, array_value(s, elements->items + i, run)));
            if (build.exists) emit(s, OP_concattoarray);
            build.exists = true;
            i += run - 1;
            continue;
        }
        if (item->type == AST_SPLAT_NODE) {
            if (build.exists || build.pending) flush_items(&build);
            const AstNode *expression = ((const AstSplatNode *)item)->expression;
            if (expression) compile(s, expression);
            else tr_emit_getlocal_id(s, TR_ID_times);
            if (build.exists) emit(s, OP_concattoarray);
            else emit1(s, OP_splatarray, TR_TRUE);
            build.exists = true;
            continue;
        }
        if (item->type == AST_KEYWORD_HASH_NODE && has_keyword_splat(&((const AstKeywordHashNode *)item)->elements)) {
            flush_items(&build);
            compile(s, item);
            emit(s, OP_pushtoarraykwsplat);
            continue;
        }
        compile(s, item);
        if (++build.pending == CHUNK) flush_items(&build);
    }
    if (!build.exists || build.pending) flush_items(&build);
}

MAY_SWITCH void tr_compile_array(Scope *s, const AstArrayNode *node, bool popped) {
    const AstNodeList *elements = &node->elements;
    if (tr_literal_is_static(&node->base) && elements->count > 0) {
        if (!popped) emit1(s, OP_duparray, tr_literal_value(s, &node->base));
        return;
    }
    if (popped) {
        bool is_plain = true;
        for (uint32_t i = 0; i < elements->count; i++)
            is_plain &= elements->items[i]->type != AST_SPLAT_NODE && elements->items[i]->type != AST_KEYWORD_HASH_NODE;
        if (is_plain) {
            for (uint32_t i = 0; i < elements->count; i++) compile_popped(s, elements->items[i]);
            return;
        }
    }
    tr_compile_array_elements(s, elements);
    if (popped) emit(s, OP_pop);
}

/* ---- hashes ---- */

/* A hash that exists lies on the stack below `pending` keys and values, and below it VMCore. */
static void flush_pairs(Scope *s, bool *exists, uint32_t *pending) {
    if (*exists) emit_call(s, TR_ID_core_hash_merge_ptr, *pending + 1);
    else emit1(s, OP_newhash, *pending);
    *exists = true;
    *pending = 0;
}

static void push_core_below(Scope *s) { /* hash -- VMCore hash */
    emit1(s, OP_putspecialobject, SPECIAL_VMCORE);
    emit(s, OP_swap);
}

MAY_SWITCH void tr_compile_hash_elements(Scope *s, const AstNodeList *elements) {
    bool exists = false;
    uint32_t pending = 0;
    for (uint32_t i = 0; i < elements->count; i++) {
        const AstNode *item = elements->items[i];
        if (item->type == AST_ASSOC_SPLAT_NODE) {
            if (!exists || pending) flush_pairs(s, &exists, &pending);
            push_core_below(s);
            const AstNode *value = ((const AstAssocSplatNode *)item)->value;
            if (value) compile(s, value);
            else tr_emit_getlocal_id(s, TR_ID_power);
            emit_call(s, TR_ID_core_hash_merge_kwd, 2);
            continue;
        }
        const AstAssocNode *assoc = (const AstAssocNode *)item;
        if (exists && pending == 0) push_core_below(s);
        if (assoc->key->type == AST_STRING_NODE) /* the key is frozen anyway */
            emit1(s, OP_putobject, tr_literal_value(s, assoc->key));
        else compile(s, assoc->key);
        compile(s, assoc->value);
        pending += 2;
        if (pending >= CHUNK) flush_pairs(s, &exists, &pending);
    }
    if (!exists || pending) flush_pairs(s, &exists, &pending);
}

MAY_SWITCH void tr_compile_hash(Scope *s, const AstNode *node, bool popped) {
    const AstNodeList *elements = node->type == AST_HASH_NODE ? &((const AstHashNode *)node)->elements
                                                              : &((const AstKeywordHashNode *)node)->elements;
    if (node->type == AST_HASH_NODE && tr_literal_is_static(node) && elements->count > 0) {
        if (!popped) emit1(s, OP_duphash, tr_literal_value(s, node));
        return;
    }
    tr_compile_hash_elements(s, elements);
    if (popped) emit(s, OP_pop);
}

/* ---- ranges, __ENCODING__ ---- */

static bool is_range_end(const AstNode *node) { return !node || node->type == AST_INTEGER_NODE || node->type == AST_NIL_NODE; }

MAY_SWITCH void tr_compile_range(Scope *s, const AstRangeNode *node, bool popped) {
    bool excludes_end = (node->base.flags & AST_RANGE_FLAGS_EXCLUDE_END) != 0;
    bool is_strings = node->left && node->right && node->left->type == AST_STRING_NODE && node->right->type == AST_STRING_NODE;
    if (is_strings || (is_range_end(node->left) && is_range_end(node->right))) {
        if (!popped) tr_emit_literal(s, tr_literal_value(s, &node->base));
        return;
    }
    tr_compile_body(s, node->left, popped);
    tr_compile_body(s, node->right, popped);
    if (!popped) emit1(s, OP_newrange, excludes_end);
}

void tr_compile_source_encoding(Scope *s, bool popped) {
    if (!popped) tr_emit_literal(s, tr_encoding_object(s->compiler->encoding));
}

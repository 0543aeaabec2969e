/* args.c - arguments become parameters: in place, on the VM stack, for methods, lambdas and blocks.
 *
 * On entry the positional arguments lie at call->args, the values of static keywords behind them, and the
 * caller's frame->sp covers all. On return the locals of the callee lie there: lead, opt, rest, post,
 * keywords, kwrest, block, and nil in all others. Values that must be moved out of the way while that happens
 * are kept on the C stack.
 */
#include "vm/interp.h"

#include "core/array.h"
#include "core/hash.h"
#include "core/string.h"

/* --- errors: raised inside a frame of the callee, so that the backtrace begins with its definition --- */

static int failure(Value raised) { return raised == TR_RAISED ? -1 : 0; }

static MAY_SWITCH MAY_RAISE int raise_in_callee(Fiber *f, const Iseq *iseq, Call *call, const Method *method,
                                                Value message) {
    Frame *frame = f->frame;
    Value *top = frame->sp;
    if (method || iseq) {
        if (!tr_stack_fits(f, top, 0)) return failure(tr_frame_overflow(f));
        tr_frame_push(f, top + 2, method ? (Value)method : TR_FALSE, TR_NIL,
                      FRAME_METHOD | FRAME_LOCAL | FRAME_DUMMY, iseq, iseq->code, call->receiver);
    }
    Value v = tr_raise_value(f, tr_exception_new(f, tr_class.argument_error, message));
    f->frame = frame;
    return failure(v);
}

static MAY_GC Value arity_message(Fiber *f, int given, int min, int max) {
    if (max < 0) return tr_string_format(f, "wrong number of arguments (given %d, expected %d+", given, min);
    if (min == max)
        return tr_string_format(f, "wrong number of arguments (given %d, expected %d", given, min);
    return tr_string_format(f, "wrong number of arguments (given %d, expected %d..%d", given, min, max);
}

/* "missing keyword: :a" and its kin. */
static MAY_SWITCH MAY_RAISE int raise_keywords(Fiber *f, const Iseq *iseq, Call *call, const Method *method,
                                               const char *what, Value keys) {
    size_t count = tr_array_count(keys);
    Value message = tr_string_format(f, "%s keyword%s: ", what, count > 1 ? "s" : "");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && tr_string_append_cstr(f, message, ", ") == TR_RAISED) return -1;
        Value text = tr_inspect(f, tr_array_at(keys, i));
        if (text == TR_RAISED || tr_string_append(f, message, text) == TR_RAISED) return -1;
    }
    return raise_in_callee(f, iseq, call, method, message);
}

static MAY_SWITCH MAY_RAISE int raise_arity(Fiber *f, const Iseq *iseq, Call *call, const Method *method,
                                            int given, int min, int max) {
    Value message = arity_message(f, given, min, max);
    const KeywordParams *kw = iseq->params.keywords;
    if (kw && kw->required_count > 0) {
        if (tr_string_append_cstr(f, message,
                                  kw->required_count > 1 ? "; required keywords: "
                                                         : "; required keyword: ") == TR_RAISED)
            return -1;
        for (uint32_t i = 0; i < kw->required_count; i++) {
            if (i > 0 && tr_string_append_cstr(f, message, ", ") == TR_RAISED) return -1;
            if (tr_string_append_cstr(f, message, tr_id_cstr(kw->names[i])) == TR_RAISED) return -1;
        }
    }
    if (tr_string_append_cstr(f, message, ")") == TR_RAISED) return -1;
    return raise_in_callee(f, iseq, call, method, message);
}

Value tr_raise_argc(Fiber *f, int given, int min, int max) {
    Value message = arity_message(f, given, min, max);
    if (tr_string_append_cstr(f, message, ")") == TR_RAISED) return TR_RAISED;
    return tr_raise_value(f, tr_exception_new(f, tr_class.argument_error, message));
}

/* --- keywords as a Hash --- */

Value tr_args_hash_of_names(Fiber *f, const CallKeywords *names, const Value *values) {
    Value hash = tr_hash_new_capacity(f, names->count);
    for (uint32_t i = 0; i < names->count; i++)
        if (tr_hash_set_symbol(f, hash, names->names[i], values[i]) == TR_RAISED) return TR_RAISED;
    return hash;
}

/* The keywords of the call as a Hash that the callee may keep; TR_NIL when there are none. */
static MAY_GC MAY_RAISE Value own_keywords(Fiber *f, Call *call) {
    if (call->names) return tr_args_hash_of_names(f, call->names, &call->args[call->argc]);
    if (call->keywords == TR_NIL || call->keywords_fresh) return call->keywords;
    return tr_hash_dup(f, call->keywords);
}

static void drop_keywords(Call *call) {
    call->names = NULL;
    call->keywords = TR_NIL;
}

bool tr_args_keywords_to_hash(Fiber *f, Call *call) {
    if (TR_LIKELY(!call->names && call->keywords == TR_NIL)) return true;
    Value hash = own_keywords(f, call);
    if (hash == TR_RAISED) return false;
    drop_keywords(call);
    if (hash == TR_NIL || tr_hash_count(hash) == 0) return true;
    Value *slot = &call->args[call->argc];
    if (!tr_stack_fits(f, slot, 1)) return tr_frame_overflow(f) != TR_RAISED;
    *slot = hash;
    call->argc++;
    if (f->frame->sp < slot + 1) f->frame->sp = slot + 1;
    return true;
}

/* --- keyword parameters --- */

typedef struct Given { /* the keywords of one call, looked up by name */
    const CallKeywords *names;
    const Value *values;
    Value hash;
    uint32_t used;
} Given;

static Value take_keyword(Given *given, Id name) {
    if (given->names) {
        for (uint32_t i = 0; i < given->names->count; i++)
            if (given->names->names[i] == name) {
                given->used++;
                return given->values[i];
            }
        return TR_UNDEF;
    }
    if (given->hash == TR_NIL) return TR_UNDEF;
    Value v = tr_hash_get_symbol(given->hash, name);
    if (v != TR_UNDEF) given->used++;
    return v;
}

static bool is_param(const KeywordParams *kw, Value key) {
    if (!tr_is_symbol(key)) return false;
    for (uint32_t i = 0; i < kw->count; i++)
        if (kw->names[i] == tr_symbol_id(key)) return true;
    return false;
}

/* What no parameter took: into a Hash (**rest), or as the Array of their names (an error). */
static MAY_SWITCH MAY_RAISE Value leftover(Fiber *f, const KeywordParams *kw, const Given *given,
                                           bool as_hash) {
    Value into = as_hash ? tr_hash_new(f) : tr_array_new(f, 1);
    if (given->names) {
        for (uint32_t i = 0; i < given->names->count; i++) {
            Value key = tr_value_from_id(given->names->names[i]);
            if (is_param(kw, key)) continue;
            Value v = as_hash ? tr_hash_set(f, into, key, given->values[i]) : tr_array_push(f, into, key);
            if (v == TR_RAISED) return TR_RAISED;
        }
    } else if (given->hash != TR_NIL) {
        size_t position = 0;
        Value key, value;
        while (tr_hash_next(given->hash, &position, &key, &value)) {
            if (is_param(kw, key)) continue;
            Value v = as_hash ? tr_hash_set(f, into, key, value) : tr_array_push(f, into, key);
            if (v == TR_RAISED) return TR_RAISED;
        }
    }
    return into;
}

#define BITS_IN_FIXNUM 62

/* Fills the keyword locals. false: raised. */
static MAY_SWITCH MAY_RAISE bool setup_keywords(Fiber *f, const Iseq *iseq, Call *call, const Method *method,
                                                Value *locals, Given *given) {
    const KeywordParams *kw = iseq->params.keywords;
    uint32_t given_count = given->names ? given->names->count
                           : given->hash == TR_NIL ? 0 : (uint32_t)tr_hash_count(given->hash);
    if (kw->count > 0) {
        Value *first = &locals[kw->bits_start - (int32_t)kw->count];
        Value missing = TR_NIL;
        for (uint32_t i = 0; i < kw->required_count; i++) {
            Value v = take_keyword(given, kw->names[i]);
            if (v == TR_UNDEF) {
                if (missing == TR_NIL) missing = tr_array_new(f, 1);
                if (tr_array_push(f, missing, tr_value_from_id(kw->names[i])) == TR_RAISED) return false;
                v = TR_NIL;
            }
            first[i] = v;
        }
        if (missing != TR_NIL) return raise_keywords(f, iseq, call, method, "missing", missing) >= 0;
        uint32_t optional_count = kw->count - kw->required_count;
        uint64_t absent = 0;
        Value given_flags = TR_NIL; /* an Array of true and false when a fixnum has not enough bits */
        if (optional_count > BITS_IN_FIXNUM) {
            given_flags = tr_array_new(f, optional_count);
            for (uint32_t i = 0; i < optional_count; i++)
                if (tr_array_push(f, given_flags, TR_TRUE) == TR_RAISED) return false;
        }
        for (uint32_t i = 0; i < optional_count; i++) {
            Value v = take_keyword(given, kw->names[kw->required_count + i]);
            if (v == TR_UNDEF) {
                v = kw->defaults[i];
                if (v == TR_UNDEF) {
                    v = TR_NIL;
                    if (given_flags == TR_NIL) absent |= (uint64_t)1 << i;
                    else tr_array(given_flags)->items[i] = TR_FALSE;
                }
            }
            first[kw->required_count + i] = v;
        }
        locals[kw->bits_start] = given_flags == TR_NIL ? tr_value_from_fixnum((int64_t)absent) : given_flags;
    }
    if (kw->rest_start >= 0) {
        Value rest = given->hash != TR_NIL && kw->count == 0
                         ? (call->keywords_fresh ? given->hash : tr_hash_dup(f, given->hash))
                         : leftover(f, kw, given, true);
        if (rest == TR_RAISED) return false;
        locals[kw->rest_start] = rest;
    } else if (given->used < given_count) {
        Value unknown = leftover(f, kw, given, false);
        if (unknown == TR_RAISED) return false;
        return raise_keywords(f, iseq, call, method, "unknown", unknown) >= 0;
    }
    return true;
}

/* --- positional parameters --- */

/* A lone array argument is spread over the parameters of a block that has several. */
static bool wants_spread(const Params *p) {
    uint32_t named = p->lead_count + p->opt_count + p->post_count;
    if (named > 1) return true;
    if (named == 0) return false;
    if (p->rest_start >= 0) return true;
    return p->lead_count == 1 && !p->ambiguous_param0 && !p->keywords && !p->accepts_no_keywords;
}

/* The Array that `v` is or converts to; TR_NIL: it is none. */
static MAY_SWITCH MAY_RAISE Value check_array(Fiber *f, Value v) {
    if (tr_is_array(v)) return v;
    if (!tr_is_object(v) || tr_is_string(v) || tr_is_hash(v)) {
        if (!tr_method_find(tr_class_of(v), TR_ID_to_ary)->method) return TR_NIL;
    }
    Value array = tr_call_if_responds(f, v, TR_ID_to_ary, 0, NULL);
    if (array == TR_UNDEF || array == TR_NIL) return TR_NIL;
    if (array != TR_RAISED && !tr_is_array(array)) {
        Class *klass = tr_real_class_of(v);
        return tr_raise(f, tr_class.type_error, "can't convert %pC to Array (%pC#to_ary gives %pC)", klass,
                        klass, tr_real_class_of(array));
    }
    return array;
}

/* The elements of the lone argument become the arguments. false: raised. */
static MAY_SWITCH MAY_RAISE bool spread(Fiber *f, const Params *p, Call *call) {
    Value array = check_array(f, call->args[0]);
    if (array == TR_RAISED) return false;
    if (array == TR_NIL) return true;
    size_t count = tr_array_count(array);
    size_t most = (size_t)p->lead_count + p->opt_count + p->post_count;
    if (p->rest_start < 0 && count > most) count = most;
    if (!tr_stack_fits(f, call->args, count)) return tr_frame_overflow(f) != TR_RAISED;
    memcpy(call->args, tr_array(array)->items, count * sizeof(Value));
    call->argc = (int)count;
    if (f->frame->sp < call->args + count) f->frame->sp = call->args + count;
    TR_KEEP(array);
    return true;
}

static void fill_nil(Value *from, const Value *to) {
    while (from < to) *from++ = TR_NIL;
}

/* Everything but is_simple iseqs with the right number of arguments. */
static MAY_SWITCH MAY_RAISE int setup_complex(Fiber *f, const Iseq *iseq, Call *call, ArgsKind kind,
                                              const Method *method) {
    const Params *p = &iseq->params;
    Value *locals = call->args;
    bool has_keywords = call->names || call->keywords != TR_NIL;

    if (p->accepts_no_block && call->block != TR_NIL)
        return raise_in_callee(f, iseq, call, method, tr_string_new_cstr(f, "no block accepted"));
    Value flagged = TR_NIL;
    if (has_keywords && !p->keywords) {
        if (p->accepts_no_keywords &&
            (kind != ARGS_BLOCK || call->names || tr_hash_count(call->keywords) > 0))
            return raise_in_callee(f, iseq, call, method, tr_string_new_cstr(f, "no keywords accepted"));
        int before = call->argc;
        if (!tr_args_keywords_to_hash(f, call)) return -1;
        if (p->ruby2_keywords && p->rest_start >= 0 && call->argc > before) flagged = locals[before];
    }

    Given given = {.names = call->names, .hash = call->keywords};
    uint32_t value_count = call->names ? call->names->count : 0;
    Value saved[value_count > 0 ? value_count : 1];
    memcpy(saved, locals + call->argc, value_count * sizeof(Value));
    given.values = saved;

    int min = (int)(p->lead_count + p->post_count);
    int max = p->rest_start >= 0 ? -1 : min + (int)p->opt_count;
    if (kind == ARGS_BLOCK) {
        if (call->argc == 1 && !has_keywords && wants_spread(p) && !spread(f, p, call)) return -1;
        if (!tr_stack_fits(f, locals, (size_t)min)) return failure(tr_frame_overflow(f));
        if (call->argc < min) {
            fill_nil(locals + call->argc, locals + min);
            call->argc = min;
        }
        if (max >= 0 && call->argc > max) {
            call->argc = max;
        }
    } else if (call->argc < min || (max >= 0 && call->argc > max)) {
        if (p->keywords && has_keywords &&
            p->keywords->rest_start < 0) { /* keywords nobody knows are told first */
            Value unknown = leftover(f, p->keywords, &given, false);
            if (unknown == TR_RAISED) return -1;
            if (tr_array_count(unknown) > 0) return raise_keywords(f, iseq, call, method, "unknown", unknown);
        }
        return raise_arity(f, iseq, call, method, call->argc, min, max);
    }
    int argc = call->argc;
    if (!tr_iseq_fits(f, locals + argc, iseq)) return failure(tr_frame_overflow(f));

    int opt_given = argc - min < (int)p->opt_count ? argc - min : (int)p->opt_count;
    Value rest = TR_NIL;
    if (p->rest_start >= 0) {
        if (f->frame->sp < locals + argc) f->frame->sp = locals + argc;
        rest = tr_array_new_from(f, (size_t)(argc - min - opt_given), locals + p->lead_count + opt_given);
        if (flagged != TR_NIL) tr_hash_set_ruby2_keywords(flagged, true);
    }
    if (p->post_count > 0) {
        Value posts[p->post_count];
        memcpy(posts, locals + argc - p->post_count, p->post_count * sizeof(Value));
        memcpy(locals + p->post_start, posts, p->post_count * sizeof(Value));
    }
    fill_nil(locals + p->lead_count + opt_given, locals + p->lead_count + p->opt_count);
    if (p->rest_start >= 0) locals[p->rest_start] = rest;
    uint32_t positional = p->lead_count + p->opt_count + p->post_count + (p->rest_start >= 0);
    fill_nil(locals + positional, locals + iseq->local_count);
    Value *top = locals + iseq->local_count;
    if (f->frame->sp < top) f->frame->sp = top;
    if (p->keywords && !setup_keywords(f, iseq, call, method, locals, &given)) return -1;
    if (p->block_start >= 0 && iseq->local_iseq != iseq) { /* a method's is made when it is asked for */
        Value proc = tr_block_to_proc(f, call->block);
        if (proc == TR_RAISED) return -1;
        locals[p->block_start] = proc;
    }
    return p->opt_count > 0 ? (int)p->opt_table[opt_given] : 0;
}

/* A block with lead parameters only: drops or fills up, or takes the elements of a lone Array. false: not one
 * of the easy cases. */
static bool setup_block(Fiber *f, const Iseq *iseq, Call *call) {
    uint32_t lead = iseq->params.lead_count, count = (uint32_t)call->argc;
    Value *locals = call->args;
    if (!tr_iseq_fits(f, locals, iseq)) return false;
    if (count == 1 && (lead > 1 || (lead == 1 && !iseq->params.ambiguous_param0))) {
        Value v = locals[0];
        if (!tr_is_array(v)) {
            if (tr_is_object(v)) return false; /* has it to_ary? */
        } else {
            count = tr_array_count(v) < lead ? (uint32_t)tr_array_count(v) : lead;
            memcpy(locals, tr_array(v)->items, count * sizeof(Value));
        }
    }
    if (count > lead) count = lead;
    fill_nil(locals + count, locals + iseq->local_count);
    return true;
}

int tr_args_setup(Fiber *f, const Iseq *iseq, Call *call, ArgsKind kind, const Method *method) {
    const Params *p = &iseq->params;
    if (TR_LIKELY(p->is_simple && !call->names && call->keywords == TR_NIL &&
                  (uint32_t)call->argc == p->lead_count &&
                  (kind != ARGS_BLOCK || call->argc != 1 || p->ambiguous_param0))) {
        if (TR_UNLIKELY(!tr_iseq_fits(f, call->args, iseq))) return failure(tr_frame_overflow(f));
        fill_nil(call->args + call->argc, call->args + iseq->local_count);
        return 0;
    }
    if (p->is_simple && kind == ARGS_BLOCK && !call->names && call->keywords == TR_NIL &&
        setup_block(f, iseq, call))
        return 0;
    return setup_complex(f, iseq, call, kind, method);
}

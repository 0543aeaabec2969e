# What lint is for: a caller that does not declare the effect of what it calls is an error, and so is an unused failure.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

check() {
    { echo '#include "vm/vm.h"'; echo '#include "core/array.h"'; cat; } >"$dir/sample.c"
    tools/lint_effects "$dir/sample.c" 2>"$dir/log" && echo "$1: clean" && return
    echo "$1: $(sed -n 's/.*error: \(.*\)/\1/p' "$dir/log" | head -1)"
}

check declared <<'END'
MAY_SWITCH MAY_RAISE Value sample(Fiber *f, Value v);
Value sample(Fiber *f, Value v) { return tr_call(f, v, TR_ID_to_s, 0); }
END
check 'switch under gc' <<'END'
MAY_GC MAY_RAISE Value sample(Fiber *f, Value v);
Value sample(Fiber *f, Value v) { return tr_call(f, v, TR_ID_to_s, 0); }
END
check 'gc under nothing' <<'END'
Value sample(Fiber *f);
Value sample(Fiber *f) { return tr_array_new(f, 1); }
END
check 'failure unused' <<'END'
MAY_SWITCH void sample(Fiber *f, Value v);
void sample(Fiber *f, Value v) { tr_call(f, v, TR_ID_to_s, 0); }
END

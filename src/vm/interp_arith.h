/* interp_arith.h - operators of built-in classes behind the fast paths of the loop: Float objects, mixed
 * numbers, Strings, Arrays, Hashes. Each answers TR_UNDEF when the method must be called (another class, or
 * the operator was redefined). */
#ifndef TR_VM_INTERP_ARITH_H
#define TR_VM_INTERP_ARITH_H

#include "vm/vm.h"

MAY_GC MAY_RAISE Value tr_opt_plus_slow(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_opt_minus_slow(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_opt_mult_slow(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_opt_div_slow(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_opt_mod_slow(Fiber *f, Value a, Value b);
Value tr_opt_lt_slow(Fiber *f, Value a, Value b);
Value tr_opt_le_slow(Fiber *f, Value a, Value b);
Value tr_opt_gt_slow(Fiber *f, Value a, Value b);
Value tr_opt_ge_slow(Fiber *f, Value a, Value b);
Value tr_opt_eq_slow(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_opt_ltlt_slow(Fiber *f, Value a, Value b);
MAY_SWITCH MAY_RAISE Value tr_opt_hash_aset(Fiber *f, Value hash, Value key, Value value);
Value tr_opt_length(Value v, BasicOp op);
Value tr_opt_empty_p(Value v);
MAY_SWITCH void tr_interp_boot(void);

#endif

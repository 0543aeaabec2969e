/* struct.h - what Struct and Data share: classes with members, instances of the layout Struct (core.h). */
#ifndef TR_CORE_STRUCT_H
#define TR_CORE_STRUCT_H

#include "core/core.h"

static inline Struct *tr_struct(Value v) { return (Struct *)v; }

/* The members of a Struct or Data class: a frozen Array of Symbols, TR_UNDEF when it has none (Struct
 * itself). Flags of that Array say how instances are initialized. */
Value tr_struct_members(const Class *klass);
#define MEMBERS_KEYWORD_INIT    TR_FLAG_USER(8) /* keyword_init: true */
#define MEMBERS_NO_KEYWORD_INIT TR_FLAG_USER(9) /* keyword_init: false */

/* Checks member names (Symbols or Strings) and makes the frozen Array. */
MAY_SWITCH MAY_RAISE Value tr_struct_make_members(Fiber *f, int argc, const Value *argv);
/* A class with these members, readers and (for Struct) writers defined. */
MAY_SWITCH MAY_RAISE Class *tr_struct_define_class(Fiber *f, Class *super, Value members, bool writers);
MAY_GC Value tr_struct_alloc(Fiber *f, Class *klass);
/* The position of a member, -1 when there is none. */
int64_t tr_struct_member_index(Value members, Value name);
/* "#<prefix Name a=1, b=2>" */
MAY_SWITCH MAY_RAISE Value tr_struct_inspect(Fiber *f, Value self, const char *prefix);
MAY_SWITCH MAY_RAISE Value tr_struct_to_h(Fiber *f, Value self, const Args *args);
MAY_SWITCH MAY_RAISE Value tr_struct_equal(Fiber *f, Value self, const Args *args);
MAY_SWITCH MAY_RAISE Value tr_struct_eql(Fiber *f, Value self, const Args *args);
MAY_SWITCH MAY_RAISE Value tr_struct_hash(Fiber *f, Value self, const Args *args);
MAY_SWITCH MAY_RAISE Value tr_struct_deconstruct_keys(Fiber *f, Value self, const Args *args);
MAY_GC Value tr_struct_to_a(Fiber *f, Value self, const Args *args);
MAY_GC Value tr_struct_member_list(Fiber *f, Value self, const Args *args);
MAY_GC Value tr_struct_s_members(Fiber *f, Value self, const Args *args);

#endif

/* marshal.c - the one question that core/marshal.rb cannot answer: is an object nothing but its instance variables? */
#include "vm/vm.h"

static MAY_GC Value marshal_plain_p(Fiber *f, Value self, const Args *args) {
    (void)f; (void)self;
    return tr_bool(tr_is_type(args->argv[0], TYPE_OBJECT));
}

static const MethodDef marshal_singleton_methods[] = {
    { "__plain?", marshal_plain_p, ARITY(1, 1), METHOD_PRIVATE },
    { NULL, NULL, 0, 0, 0 }
};
const ClassDef tr_marshal_def = { .klass = &tr_class.marshal, .singleton_methods = marshal_singleton_methods };

# Which instructions the compiler chooses, by their names, and the text around them.

def insns(source) = RubyVM::InstructionSequence.compile(source).disasm.scan(/^\d{4} (\S+)/).flatten.join(" ")
def disasm(source) = RubyVM::InstructionSequence.compile(source).disasm

insns("1") #=> "putobject_INT2FIX_1_ leave"
insns("nil; 2") #=> "putobject leave"
insns("a = 1; a + 2") #=> "putobject_INT2FIX_1_ setlocal_WC_0 getlocal_WC_0 putobject opt_plus leave"
insns("i = 0; i = i.succ") #=> "putobject_INT2FIX_0_ setlocal_WC_0 getlocal_WC_0 opt_succ dup setlocal_WC_0 leave"
insns("x.respond_to?(:y)") #=> "putself opt_send_without_block putobject opt_respond_to leave"
insns("x.respond_to?(:y, true)") #=> "putself opt_send_without_block putobject putobject opt_send_without_block leave"
insns("[].freeze; {}.freeze; 'a'.freeze; -'a'").split.grep(/freeze|uminus/) #=> ["opt_ary_freeze", "opt_hash_freeze", "opt_str_freeze", "opt_str_uminus"]
insns("[1, 2]") #=> "duparray leave"
insns("{a: 1}") #=> "duphash leave"
insns("[a, b].max") #=> "putself opt_send_without_block putself opt_send_without_block opt_newarray_send leave"
insns("A::B") #=> "opt_getconstant_path leave"
insns("a, b = 1, 2; nil") #=> "putobject_INT2FIX_1_ putobject swap setlocal_WC_0 setlocal_WC_0 putnil leave"
insns("while true; end") #=> "jump putnil pop jump leave"
insns("if a then b else c end").split.count("leave") #=> 2
insns("case a when 1 then 2 when :b then 3 end").include?("opt_case_dispatch") #=> true
insns("case a when 1.5 then 2 end").include?("opt_case_dispatch") #=> false
insns("/a/") #=> "putobject leave"
insns('/a#{b}/o').start_with?("once leave ") #=> true
insns('"a#{1}"') #=> "putobject putobject_INT2FIX_1_ dup objtostring anytostring concatstrings leave"
insns("# frozen_string_literal: true\n'a'") #=> "putobject leave"
insns("'a'") #=> "putchilledstring leave"
disasm("i = 0").lines[0] #=> "== disasm: #<ISeq:<compiled>@<compiled>:1 (1,0)-(1,5)>\n"
disasm("i = 0").lines[1] #=> "local table (size: 1, argc: 0 [opts: 0, rest: -1, post: 0, block: -1, kw: -1@-1, kwrest: -1])\n"
disasm("foo(1, a: 2)").lines[3] #=> "0002 putobject                              2\n"
disasm("foo(1, a: 2)")[/<calldata.*>/] #=> "<calldata!mid:foo, argc:2, kw:[a], FCALL|KWARG>"
disasm("foo(*a, &b)")[/<calldata!mid:foo.*/] #=> "<calldata!mid:foo, argc:1, ARGS_SPLAT|ARGS_SPLAT_MUT|ARGS_BLOCKARG|FCALL>, nil"
disasm("begin; a; rescue; end").scan(/catch type: (\w+)/).flatten #=> ["rescue", "retry"]
disasm("[1].each { |x| break x }").scan(/catch type: (\w+)/).flatten #=> ["break", "redo", "next"]
disasm("[1].each { |x| x }").scan(/catch type/) #=> []
disasm("def m(a, b = 1, *c, d, e:, f: 2, **g, &h) = 1")[/^\[ 9\].*/].squeeze(" ") #=> "[ 9] a@0<Arg> [ 8] b@1<Opt=0> [ 7] c@2<Rest> [ 6] d@3<Post> [ 5] e@4 [ 4] f@5 [ 3] ?@6 [ 2] g@7<Kwrest>[ 1] h@8<Block>"
RubyVM::InstructionSequence.disasm(1.method(:times)).include?("opt_succ") #=> true
RubyVM::InstructionSequence.of(proc { 1 }).label #=> "block in <main>"
RubyVM::InstructionSequence.compile("1 +") #=> SyntaxError
RubyVM::InstructionSequence.compile("1 + 2").eval #=> 3

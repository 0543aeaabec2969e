# What the compiler makes of each construct, seen by running it. The order of evaluation is told by logs.

class O; attr_accessor :a, :b, :l; def initialize = (@l = []); def [](*i) = (@l << [:get, *i]; @h ||= {}; @h[i]); def []=(*i, v); @l << [:set, *i, v]; (@h ||= {})[i] = v; end; end
-> { o = O.new; o.a ||= 1; o.a += 2; o&.b ||= 5; o.b &&= 7; [o.a, o.b] }.call #=> [3, 7]
-> { o = nil; o&.b += 1; o&.b ||= foo; o&.b = 5 }.call #=> nil
-> { o = O.new; x = [1, 2]; o[*x] ||= 3; o[*x] += 1; o[0, *x] = 9; o[] = 4; [o.l, o[*x], o[]] }.call #=> [[[:get, 1, 2], [:set, 1, 2, 3], [:get, 1, 2], [:set, 1, 2, 4], [:set, 0, 1, 2, 9], [:set, 4], [:get, 1, 2], [:get]], 4, 4]
-> { o = O.new; o.a, (o.b, *o[1]), o[2] = 1, [2, 3, 4], 5; [o.a, o.b, o.l] }.call #=> [1, 2, [[:set, 1, [3, 4]], [:set, 2, 5]]]
module M; end
-> { M::B ||= 4; M::B &&= 6 ; M::C = 7; M::C }.call #=> 7
-> { @x ||= [1]; @x[0] += 5; $g ||= 3; $g **= 2; [@x, $g] }.call #=> [[6], 9]
-> { f = ->(a, (b, *c), d = a + 1, *e, g, k: b, **o, &blk) { [a, b, c, d, e, g, k, o] }; [f.(1, [2, 3, 4], 5), f.(1, [2], 7, 8, 9, k: 1, z: 2)] }.call #=> [[1, 2, [3, 4], 2, [], 5, nil, {}], [1, 2, [], 7, [8], 9, 1, {z: 2}]]
-> { def n8(*a, **k, &b) = [a, k, b&.call]; def m8(*a, **k, &) = n8(*a, **k, &); m8(1, 2, z: 3) { 4 } }.call #=> [[1, 2], {z: 3}, 4]
-> { def n8(*a, **k, &b) = [a, k, b&.call]; def m9(...) = n8(0, ...); m9(1, a: 2) { 5 } }.call #=> [[0, 1], {a: 2}, 5]
[[1, [2, 3]], [4, [5, 6]]].map { |a, (b, c)| a + b * c } #=> [7, 34]
[1, 2, 3].each_with_object([]) { _2 << _1 * 2 } #=> [2, 4, 6]
-> { a = [1, 2, 3, 4]; a => [first, *, last]; [first, last] }.call #=> [1, 4]
-> { x = 5; case 7; in ^x then 1; in ^(x + 2) then 2 end }.call #=> 2
-> { case [1, "a", :b, nil]; in [Integer => a, String, Symbol, nil] then a end }.call #=> 1
({a: 1, b: 2} in {a: 1, **nil}) #=> false
-> { case {a: 1, b: 2}; in {a:, **rest} then [a, rest] end }.call #=> [1, {b: 2}]
-> { if (a, b = [1, 2]) then [a, b] end }.call #=> [1, 2]
-> { def m19(a = (return 5; 1)) = a; [m19, m19(2)] }.call #=> [5, 2]
-> { begin; raise TypeError, "x"; rescue *[ArgumentError, TypeError], KeyError => @ex; @ex.message; end }.call #=> "x"
-> { o = O.new; for o.a, o[0] in [[1, 2], [3, 4]] do end; [o.a, o.l] }.call #=> [3, [[:set, 0, 2], [:set, 0, 4]]]
-> { x = while true do break 1, 2 end; x }.call #=> [1, 2]
-> { i = 0; r = []; begin; i += 1; r << i; end until i >= 3; r }.call #=> [1, 2, 3]
-> { a, *b, c = *1..5; [a, b, c] }.call #=> [1, [2, 3, 4], 5]
-> { (a, b), c = [1, 2], 3; [a, b, c] }.call #=> [1, 2, 3]
-> { a = b = c = 3; a += b -= c *= 2; [a, b, c] }.call #=> [0, -3, 6]
-> { x = [1, 2, 3]; x[0], x[1] = x[1], x[0]; x }.call #=> [2, 1, 3]
-> { h = {a: 1, "b": 2, "c d": 3, 4 => 5, **{z: 1}, nil => 2}; h }.call #=> {a: 1, b: 2, "c d": 3, 4 => 5, z: 1, nil => 2}
%w[a b #{1}] + %W[a #{1}b] + %i[a b] #=> ["a", "b", "\#{1}", "a", "1b", :a, :b]
-> { [1, 2, 3].sum { |x; y| y = x; y * 2 } }.call #=> 12
-> { z = 10; [1].each { |x; z| z = x }; z }.call #=> 10
-> { def m34 = yield(1, [2, 3], k: 4); m34 { |a, (b, c), k:| [a, b, c, k] } }.call #=> [1, 2, 3, 4]
-> { p35 = proc { |a, b = 2, *c, d| [a, b, c, d] }; [p35.call(1), p35.call([1, 2]), p35.call(1, 2, 3, 4, 5)] }.call #=> [[1, 2, [], nil], [1, 2, [], 2], [1, 2, [3, 4], 5]]
-> { l = lambda { |x| next x * 2 if x > 1; return 0 }; [l.(1), l.(2)] }.call #=> [0, 4]
-> { class << self; def sing = 5; end; sing }.call #=> 5
-> { Class.new { def initialize(a, b: 2) = (@a, @b = a, b); def to_a = [@a, @b] }.new(1, b: 3).to_a }.call #=> [1, 3]
-> { k = Class.new { def m(a, b = 2, *c, k: 1, **o) = [a, b, c, k, o] }; s = Class.new(k) { def m(a, b = 5, *c, k: 9, **o) = (a = 7; super) }; s.new.m(1, z: 3) }.call #=> [7, 5, [], 9, {z: 3}]
-> { s = Class.new(Array) { def initialize(*) = super; def push(x, &b) = super(x * 2, &b) }; s.new([1]).push(4) }.call #=> [1, 8]
-> { eval("x42 = 5; [1].map { |y| x42 + y }") }.call #=> [6]
-> { b = binding; b.eval("q43 = 9"); b.eval("q43 + 1") }.call #=> 10
-> { x = 1; b = binding; eval("x += 1; y = x", b); [x, b.local_variable_get(:y)] }.call #=> [2, 2]
-> { "abc" =~ /(?<l>b)(c)?/ ; [$~[0], $1, $`, $', $+] }.call #=> ["bc", "b", "a", "", "b"]
-> { (1..20).select { |i| true if (i % 5 == 0)..(i % 3 == 0) } }.call #=> [5, 6, 10, 11, 12, 15, 20]
-> { x = 5; r = case when x < 3 then :lo when x < 10 then :mid else :hi end; r }.call #=> :mid
case "hello" when /^h(.)/ then $1 end #=> "e"
case 5 when *[1, 2], *[5] then :ok else :no end #=> :ok
-> { a = *nil; b = *1; c = *[1, 2]; d, = [9, 8]; [a, b, c, d] }.call #=> [[], [1], [1, 2], 9]
-> { def m52; return 1, 2; end; m52 }.call #=> [1, 2]
[*1..3, *"a", *nil, **{}] #=> [1, 2, 3, "a"]
-> { def kw(a:, b: a * 2, **r) = [a, b, r]; a = 1; [kw(a:), kw(a: 2, c: 3), kw(**{a: 4}, b: 1)] }.call #=> [[1, 2, {}], [2, 4, {c: 3}], [4, 1, {}]]
->(x) do x * 2 end.call(4) #=> 8
-> { def m57 = __method__; m57 }.call #=> :m57
not(true) || !nil && !!1 #=> true
-> { x = nil; x&.foo(bar).nil? }.call #=> true
-> { a = [3, 1, 2]; a.sort!.map!(&:to_s).first.then { _1 + "!" } }.call #=> "1!"
-> { def self.m61=(v) ; 99; end; (self.m61 = 5) }.call #=> 5
-> { begin; Integer("z"); rescue => e; e.class; else; 1; ensure; 2; end }.call #=> ArgumentError
-> { def m63; yield; ensure; $z63 = 1; end; [1].each { m63 { break } }; $z63 }.call #=> 1
-> { [1, 2, 3].each_slice(2).map { |a, b = 0| a + b } }.call #=> [3, 3]
-> { 1.then { |x| x => Integer; x } }.call #=> 1
5.clamp(..3) + (1..nil).first(2).sum + [1, 2, 3][1..].sum + [1,2,3][..1].sum #=> 14
0b101 + 0o17 + 0xff + 1_000 + 1e3 + 3r + 2i #=> (2278.0+2i)
?a + ?\n + "\e\a\0\177".inspect #=> "a\n\"\\e\\a\\u0000\\u007F\""
-> { :"foo bar".inspect + :a?.inspect + :[]=.inspect + %s(x y).inspect }.call #=> ":\"foo bar\":a?:[]=:\"x y\""
-> { alias_test = Class.new { def a = 1; alias b a; alias :c :b; undef a }; [alias_test.new.c, alias_test.new.respond_to?(:a)] }.call #=> [1, false]
-> { x = [1,2,3]; x => [Integer => a, *]; a }.call #=> 1
-> { while (line = [nil].shift) do end }.call #=> nil
-> { i = 0; loop { i += 1; next if i < 3; break i } }.call #=> 3
-> { r = [1,2,3].each_with_index.select { |x, i| i > 0 }; r }.call #=> [[2, 1], [3, 2]]
-> { catch(:done) { 10.times { |a| 10.times { |b| throw :done, [a, b] if a * b == 6 } } } }.call #=> [1, 6]
-> { begin; [1, 2].fetch(9); rescue IndexError => e; e.message; end }.call #=> "index 9 outside of array bounds: -2...2"
-> { x = 0; x += 1 while x < 10; x -= 1 until x < 5; x }.call #=> 4
-> { (a = 5) if false; a }.call #=> nil
[[1, 2], [3, 4]].to_h { |a, b| [a, b * 2] } #=> {1 => 4, 3 => 8}

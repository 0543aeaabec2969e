1; -2; 0xffff_ffff_ffff_ffff_ffff; 1.5; 3r; 2i; 1.5ri; nil; true; false; self; __FILE__; __LINE__; __ENCODING__

"a#{b}c#@d" 'e' "f" "g"; `ls #{x}`; :s; :"t#{u}"; %w[a b]; %i[c d]; /r#{e}/mxo; /(?<x>.)/ =~ y; ?a

<<~HERE
  text #{1}
HERE

a, (b, *c), @d, @@e, $f, G, H::I, j.k, l[0] = *m, n

a += 1; @a ||= 2; @@a &&= 3; $a -= 1; A ||= 1; B::C &&= 2; d.e += 1; f[g] ||= h; i&.j ||= 4

def self.m(a, (b, c), d = 1, *e, f, g:, h: 2, **i, &j) = yield(a, *e, **i, &j)

def n(...) = super(...); def o(*, **, &) = p(*, **, &)

class A < B; include C; private; class << self; attr :x; end; end; module M::N; end

begin; 1; rescue X, Y => e; retry; rescue; 2; else; 3; ensure; 4; end; x rescue y

if a then b elsif c then d else e end; unless f; end; g ? h : i; j while k; until l do m end; for n, o in p do next; redo; end

case a; when 1, *b then c; else d; end

case [1, {a: 2}]; in [Integer => x, {a: ^y, **nil}] if z then 1; in [*, 3, *] | nil; in {b:, **r}; in 1.. | ^(2 + 3); end

a => {b:}; c in [d, *]; ->(x; y) { _1 }; proc { it }; foo { |a, b = 1, *c, d:, **e| break a }

alias x y; alias $x $y; undef z, :w; BEGIN { 1 }; END { 2 }; defined?(@x); not a; a and b or c; (a..b); (c...); x if a..b

return 1, 2; $1; $&; $~; {a: 1, "b": 2, c => d, **e, f:}; [*a, b: 1]; a&.b&.c = 1; -> do end; puts(<<A, <<B)
x
A
y
B

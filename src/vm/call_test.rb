# Calls: arguments into parameters, blocks, lambdas, method_missing, what fast paths must not forget.

def req(a, b) = [a, b]
def opt(a, b = a + 1, *c, d, k: b, **o, &e) = [a, b, c, d, k, o, e&.call]
def key(a, x:, y: 2, z: a + y) = [a, x, y, z]
req(1, 2) #=> [1, 2]
req(1) #=> ArgumentError: wrong number of arguments (given 1, expected 2)
opt(1, 2) #=> [1, 2, [], 2, 2, {}, nil]
opt(1, 2, 3, 4, 5, k: 6, z: 7) { 8 } #=> [1, 2, [3, 4], 5, 6, {z: 7}, 8]
key(1, x: 5) #=> [1, 5, 2, 3]
key(1, z: 9, y: 8, x: 7) #=> [1, 7, 8, 9]
key(1) #=> ArgumentError: missing keyword: :x
key(1, x: 2, q: 3, r: 4) #=> ArgumentError: unknown keywords: :q, :r
key(x: 1) #=> ArgumentError: wrong number of arguments (given 0, expected 1; required keyword: x)
key(1, **{x: 5, y: 6}) #=> [1, 5, 6, 7]
req(*[1, 2], **{}) #=> [1, 2]
req(1, k: 2) #=> [1, {k: 2}]

# a call site that sees many classes, and methods that change under it
class Va; def v = :a; end
class Vb; def v = :b; end
class Vc < Va; attr_accessor :w; end
site = ->(o) { o.v }
[Va.new, Vb.new, Vc.new, Va.new].map(&site) #=> [:a, :b, :a, :a]
class Vc; def v = [:c, super]; end
[Va.new, Vc.new].map(&site) #=> [:a, [:c, :a]]
class Va; private :v; end
[Vb.new, Va.new].map(&site) #=> NoMethodError: private method 'v' called for an instance of Va
Vc.new.tap { |o| o.w = 3 }.w #=> 3
site.call(nil) #=> NoMethodError: undefined method 'v' for nil

# blocks
def y1 = yield(1)
def y2 = yield(1, 2)
def ya = yield([1, 2])
def through(&block) = ya(&block)
ya { |a, b| [a, b] } #=> [1, 2]
ya { |a| a } #=> [1, 2]
ya { |a, | a } #=> 1
ya { |a, *b| [a, b] } #=> [1, [2]]
ya { |a, k: 3| [a, k] } #=> [[1, 2], 3]
y2 { |a| a } #=> 1
y2 { |a, b, c| [a, b, c] } #=> [1, 2, nil]
through { |a, b| a + b } #=> 3
ya(&->(a, b) { }) #=> ArgumentError: wrong number of arguments (given 1, expected 2)
y1(&:succ) #=> 2
y1 { |x; y| y = x; y } #=> 1
[[1, [2, 3]]].each { |a, (b, c)| break [a, b, c] } #=> [1, 2, 3]
y1 #=> LocalJumpError: no block given (yield)

# a Proc and a running block share their variables, whoever made the Proc
def keeps(&b) = (@kept = b; yield)
-> { n = 0; keeps { n += 1 }; @kept.call; n }.call #=> 2
def late(&blk) = yield(-> { blk })
-> { n = 0; late { |l| n = 5; l.call; n += 1 }; n }.call #=> 6
-> { x = 1; b = binding; x = 2; b.local_variable_set(:x, b.local_variable_get(:x) + 1); x }.call #=> 3

# lambda, proc, define_method, send
->(a, b = 2) { [a, b] }.call(1) #=> [1, 2]
proc { |a, b = 2| [a, b] }.call([1]) #=> [1, 2]
->(a) { a }.(1, 2) #=> ArgumentError: wrong number of arguments (given 2, expected 1)
lambda(&proc { |a| a }) #=> ArgumentError: the lambda method requires a literal block
class Dm; define_method(:add) { |a, b = 1, k: 0| a + b + k }; end
Dm.new.add(1, k: 5) #=> 7
Dm.new.send(:add, 1, 2) #=> 3
Dm.new.public_send(:puts) #=> NoMethodError: private method 'puts' called for an instance of Dm
[1, 2].send(:map) { |x| x + 1 } #=> [2, 3]

class Mm; def method_missing(n, *a, k: 0, &b) = n == :no ? super : [n, a, k, b&.call]; def respond_to_missing?(n, p) = n != :no; end
Mm.new.any(1, k: 2) { 3 } #=> [:any, [1], 2, 3]
Mm.new.no #=> NoMethodError: undefined method 'no' for an instance of Mm
Mm.new.respond_to?(:yes) #=> true

# operators that were redefined
class Integer; alias old_plus +; end
redefined = -> { class Integer; def +(o) = 42; end; r = 1 + 1; class Integer; alias + old_plus; end; [r, 1 + 1] }
redefined.call #=> [42, 2]
-> { class Integer; alias old_less <; def <(o) = :less; end; r = (1 < 2); class Integer; alias < old_less; end; [r, 1 < 2] }.call #=> [:less, true]

# case with a splat, with and without something to compare
kinds = ->(x) { case x when *[7, 8], Symbol then :splat when /^-(.)/ then $1 else :else end }
[7, :a, "-v", 9].map(&kinds) #=> [:splat, :splat, "v", :else]
(case when *[nil, false] then 1 when *[nil, 5] then 2 end) #=> 2

# methods of a module that an object was extended with, one after the other: its old class refers to what is new
module Extending
  def first = 1
  def second = 2
  def third = 3
  def fourth = 4
end
extended = Object.new.extend(Extending)
[extended.first, extended.second, extended.third, extended.fourth] #=> [1, 2, 3, 4]

# Range: iteration over Integers, Strings and other objects, steps, bounds, bsearch.

class Cmp; include Comparable; attr_reader :v; def initialize(v) = @v = v; def <=>(o) = v <=> o.v; def succ = Cmp.new(v + 1); def inspect = "C#{v}"; def hash = v.hash; def eql?(o) = v == o.v; def to_s = "c#{v}"; end
C = ->(x) { Cmp.new(x) }
-> { a = (1..20).to_a; a.reject! { |x| raise "x" if x == 10; x.odd? } rescue a }.call #=> [2, 4, 6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
-> { a = (1..20).to_a; a.select! { |x| break if x == 10; x.odd? }; a }.call #=> [1, 3, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
-> { a = (1..20).to_a; a.delete_if { |x| a.clear if x == 5; true }; a }.call #=> []
-> { a = (1..100).to_a; b2 = a.dup; b2 << 1; a.shift(50); [a.size, b2.size, a[0], b2[0]] }.call #=> [50, 101, 51, 1]
-> { a = (1..100).to_a; c = a[10, 50]; a[10] = :x; [c[0], a[10]] }.call #=> [11, :x]
-> { a = (1..100).to_a; c = a[10..]; c.unshift(0); c.push(1); [c.size, a.size, c[0], c[-1]] }.call #=> [92, 100, 0, 1]
-> { a = (1..50).to_a; q = a.first(30); a.shift; a.unshift(9); [q.sum, a.sum] }.call #=> [465, 1283]
(1..10).each_slice(3).map(&:sum) #=> [6, 15, 24, 10]
(1..3).each_cons(2).to_a #=> [[1, 2], [2, 3]]
(1..3).inject(:*) #=> 6
("a".."e").each_slice(2).to_a #=> [["a", "b"], ["c", "d"], ["e"]]
(1..10).step(3).map { |x| x * 2 } #=> [2, 8, 14, 20]
(1.0..2.0).step(0.5).to_a #=> [1.0, 1.5, 2.0]
("a".."z").step(5).to_a #=> ["a", "f", "k", "p", "u", "z"]
-> { g = (1..3).each_entry; g.next; g.next; g.size }.call #=> 3
(1..Float::INFINITY).lazy.map { |x| x * 2 }.take(3).inject(:+) #=> 12
(1..20).to_a.shuffle(random: Random.new(42)) #=> [1, 18, 16, 2, 9, 6, 12, 4, 19, 17, 14, 3, 10, 20, 5, 13, 8, 11, 15, 7]
(1..20).to_a.sample(5, random: Random.new(42)) #=> [7, 16, 12, 9, 17]
(1..100).to_a.sample(20, random: Random.new(42)) #=> [52, 94, 17, 75, 65, 26, 89, 2, 83, 84, 98, 35, 15, 12, 67, 3, 46, 55, 20, 9]
(C[1]..C[4]).to_a #=> [C1, C2, C3, C4]
(C[1]...C[4]).each_slice(2).to_a #=> [[C1, C2], [C3]]
(C[1]..C[4]).include?(C[2]) #=> true
(C[1]..C[4]) === C[9] #=> false
(C[1]..).first(2) #=> [C1, C2]
(C[4]..C[1]).to_a #=> []
[C[3], C[1]].sort #=> [C1, C3]
[C[3], C[1]].min #=> C1
[C[3], C[1], C[3]].uniq #=> [C3, C1]
[C[3], C[1]] & [C[3]] #=> [C3]
-> { {C[1] => 2}[C[1]] }.call #=> 2
-> { [C[1], C[2]].sum rescue $!.class }.call #=> TypeError
(1..3).each_with_object([]).with_index { |(x, m), i| m << [x, i] } #=> [[1, 0], [2, 1], [3, 2]]
(1..6).each_slice(2).with_index.map { |(a, b), i| [a, b, i] } #=> [[1, 2, 0], [3, 4, 1], [5, 6, 2]]
(1..3).flat_map { |x| [x] * x } #=> [1, 2, 2, 3, 3, 3]
(1..4).each_cons(2).map { |a, b| b - a } #=> [1, 1, 1]
(1..3).zip(4..6, 7..9) #=> [[1, 4, 7], [2, 5, 8], [3, 6, 9]]
(1..3).each_entry.with_index(1).to_a #=> [[1, 1], [2, 2], [3, 3]]
(1...10).each_slice(3).to_a #=> [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
(1..3).reverse_each.to_a #=> [3, 2, 1]
(1..0).to_a #=> []
(1..10) % 3 #=> ((1..10).%(3))
((1..10) % 3).to_a #=> [1, 4, 7, 10]
(1..2).cycle.take(5) #=> [1, 2, 1, 2, 1]
(0.5..2).include?(1) #=> true
(1..10).bsearch { |x| x >= 7 } #=> 7
(0.0..10.0).bsearch { |x| x >= 2.5 } #=> 2.5
(1..nil).size #=> Infinity
("a".."zz").count #=> 702
(:a..:e).to_a #=> [:a, :b, :c, :d, :e]
("08".."11").to_a #=> ["08", "09", "10", "11"]
("A".."C").each_with_index.to_a #=> [["A", 0], ["B", 1], ["C", 2]]
(1..5).each_with_index.select { |x, i| i.even? } #=> [[1, 0], [3, 2], [5, 4]]
(1..3).sum { |x| x * 2 } #=> 12
(1..3).reduce(1) { |a, x| a * x } #=> 6
-> { (1..3).to_set rescue $!.class }.call #=> Set[1, 2, 3]
(1..3).hash == (1..3).hash #=> true
(1..3).eql?(1..3) #=> true
(1..3) == (1...4) #=> false
(1..3.5).to_a #=> [1, 2, 3]
(1..3).step(2).to_a #=> [1, 3]
(1..20).lazy.select(&:even?).reject { |x| x % 4 == 0 }.map { |x| x * x }.first(3) #=> [4, 36, 100]
(1..3).lazy.flat_map { |x| [x, x] }.uniq.to_a #=> [1, 2, 3]
(1..3).lazy.eager.map { |x| x * 2 } #=> [2, 4, 6]
(1..Float::INFINITY).lazy.map { |i| i * 2 }.each_slice(2).first(2) #=> [[2, 4], [6, 8]]
(1..3).each_with_index.lazy.map { |x, i| x * i }.to_a #=> [0, 2, 6]
(1..(1 << 60)).to_a #=> ArgumentError: array size too big
(1..(1 << 40)).to_a #=> NoMemoryError: failed to allocate memory

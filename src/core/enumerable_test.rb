# Enumerable, Enumerator and Lazy over the built-in collections and over user classes.

class MyA < Array; def each; super { |x| yield x * 2 }; end; end
S1 = Struct.new(:a, :b) { def sum = a + b }
S2 = Struct.new(*(1..15).map { |n| :"m#{n}" })
def ee; return enum_for(__method__) unless block_given?; yield 1; yield 2; end
def fib; return to_enum(:fib) unless block_given?; a, b = 0, 1; loop { yield a; a, b = b, a + b }; end
-> { a = []; 1000.times { |k| a.unshift(k) }; [a.size, a[0], a[-1], a.sum] }.call #=> [1000, 999, 0, 499500]
-> { a = []; 10000.times { |k| a.push(k); a.shift if a.size > 5 }; a }.call #=> [9995, 9996, 9997, 9998, 9999]
[1,2,3].each_slice(2).to_a #=> [[1, 2], [3]]
[1,2,3].each_cons(2).to_a #=> [[1, 2], [2, 3]]
[1,2,3].each_with_index.map { |x, k| x * k } #=> [0, 2, 6]
[1,2,3].each.with_index(1).to_a #=> [[1, 1], [2, 2], [3, 3]]
%w[a b c].each_with_object({}).with_index { |(x, h), k| h[x] = k } #=> {"a" => 0, "b" => 1, "c" => 2}
[[1,2],[3,4]].each_with_index.map { |(a, b), k| a + b + k } #=> [3, 8]
[1,2,3].inject(:+) #=> 6
[1,2,3].inject(10) { |a, b| a * b } #=> 60
[1,2,3,4].partition(&:even?) #=> [[2, 4], [1, 3]]
[1,2,3].zip([4,5,6],[7,8,9]) #=> [[1, 4, 7], [2, 5, 8], [3, 6, 9]]
[1,2,3].zip(1..) #=> [[1, 1], [2, 2], [3, 3]]
[1,2,3,4].each_entry.to_a #=> [1, 2, 3, 4]
1.step(10, 4).to_a #=> [1, 5, 9]
MyA[1,2,3].each_slice(2).to_a #=> [[2, 4], [6]]
MyA[1,2,3].inject(:+) #=> 12
[1,2,3].lazy.map { |x| x * 2 }.select(&:even?).first(2) #=> [2, 4]
-> { e = [1,2,3].each; [e.next, e.peek, e.next, e.next, (e.next rescue "stop")] }.call #=> [1, 2, 2, 3, "stop"]
-> { e = Enumerator.new { |y| y << 1 << 2; :done }; [e.next, e.next, (begin; e.next; rescue StopIteration => x; x.result; end)] }.call #=> [1, 2, :done]
fib.take(10) #=> [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
fib.lazy.select(&:even?).first(5) #=> [0, 2, 8, 34, 144]
[1,2,3].each_with_index { |x, k| break k if x == 2 } #=> 1
[4,5].each_with_index.to_a #=> [[4, 0], [5, 1]]
[3,1,2].min_by { |x| -x } #=> 3
%w[apple pear fig].group_by(&:size) #=> {5 => ["apple"], 4 => ["pear"], 3 => ["fig"]}
%w[a b a].tally #=> {"a" => 2, "b" => 1}
[1,2,3,4,6].slice_when { |a, b| b > a + 1 }.to_a #=> [[1, 2, 3, 4], [6]]
[1,1,2].chunk { |x| x.odd? }.to_a #=> [[true, [1, 1]], [false, [2]]]
[1,2,3].each_entry { |x| x } #=> [1, 2, 3]
[3,5].each_slice(0) #=> ArgumentError: invalid slice size
[1,2,3].to_enum(:each_slice, 2).size #=> nil
S1.new(1,2).sum #=> 3
S1.new(1).to_a #=> [1, nil]
S1.new(1,2).each.next #=> 1
S1.new(1,2) == S1.new(1,2) #=> true
-> { {S1.new(1,2) => 1}[S1.new(1,2)] }.call #=> 1
-> { xx, yy = *S1.new(1,2); [xx, yy] }.call #=> [1, 2]
-> { s = S2.new(*(1..15)); [s.m11, s.m15, (s.m12 = 5), s.m12] }.call #=> [11, 15, 5, 5]
-> { S2.alias_method :zz, :m13; S2.new(*(1..15)).zz }.call #=> 13
1.upto(4).select(&:even?) #=> [2, 4]
10.downto(7).to_a #=> [10, 9, 8, 7]
5.times.map { |x| x * x } #=> [0, 1, 4, 9, 16]
1.step(2, 0.5).to_a #=> [1.0, 1.5, 2.0]
3.times.to_a.each_slice(2).to_a #=> [[0, 1], [2]]
-> { e = Enumerator.new { |y| 3.times { |x| y.yield x, x + 1 } }; [e.to_a, e.next, e.map { |a, b| b }, e.each_slice(2).to_a] }.call #=> [[[0, 1], [1, 2], [2, 3]], [0, 1], [1, 2, 3], [[[0, 1], [1, 2]], [[2, 3]]]]
-> { e = [1, 2, 3].each_with_index; [e.next, e.next] }.call #=> [[1, 0], [2, 1]]
-> { e = "abc".each_char; [e.next, e.next] }.call #=> ["a", "b"]
-> { o = Object.new; def o.each; yield 1; yield 2; end; o.extend(Enumerable); [o.map { |x| x * 2 }, o.sort_by { |x| -x }, o.first, o.include?(2), o.each_slice(1).to_a, o.min, o.sum, o.to_a, o.lazy.map { |x| x + 1 }.to_a, o.each_with_index.to_a, o.inject(:+), o.zip(o), o.reduce { |a, b| a * b }, o.entries, o.each_cons(2).to_a, o.reverse_each.to_a, o.chunk_while { true }.to_a, o.cycle(2).to_a, o.find_index(2), o.to_h { |x| [x, x] }, o.tally, o.each_entry.to_a] }.call #=> [[2, 4], [2, 1], 1, true, [[1], [2]], 1, 3, [1, 2], [2, 3], [[1, 0], [2, 1]], 3, [[1, 1], [2, 2]], 2, [1, 2], [[1, 2]], [2, 1], [[1, 2]], [1, 2, 1, 2], 1, {1 => 1, 2 => 2}, {1 => 1, 2 => 1}, [1, 2]]
-> { o = Object.new; def o.each; yield 1, 2; yield 3, 4; end; o.extend(Enumerable); [o.map { |x, y| y }, o.to_a, o.select { |x, y| y == 4 }, o.each_with_index.to_a, o.inject { |a, b| a + b }, o.group_by { |a, b| a }, o.each_with_object([]) { |(a, b), m| m << b }, o.sort_by { |a, b| -a }, o.to_h, o.find { |a, b| b == 4 }, o.partition { |a, b| a == 1 }, o.min_by { |a, b| -b }, o.flat_map { |a, b| [b] }, o.reject { |a, b| b == 2 }, o.count { |a, b| b == 2 }, o.each_slice(2).to_a] }.call #=> [[2, 4], [[1, 2], [3, 4]], [[3, 4]], [[[1, 2], 0], [[3, 4], 1]], [1, 2, 3, 4], {1 => [[1, 2]], 3 => [[3, 4]]}, [2, 4], [[3, 4], [1, 2]], {1 => 2, 3 => 4}, [3, 4], [[[1, 2]], [[3, 4]]], [3, 4], [2, 4], [[3, 4]], 1, [[[1, 2], [3, 4]]]]
ee.with_index.to_a #=> [[1, 0], [2, 1]]
[1,2,3].each_slice(2).include?([3]) #=> true
[4,5].each.with_index(1).map { |x, i| x * i } #=> [4, 10]
[1,2,3].map.with_index { |x, i| x * i } #=> [0, 2, 6]
[1,2,3].select.with_index { |x, i| i > 0 } #=> [2, 3]
[1,2,3].reject.with_index { |x, i| i > 0 } #=> [1]
%w[a b].each_with_index.to_h #=> {"a" => 0, "b" => 1}
[3,1,2].sort_by.with_index { |x, i| -i } #=> [2, 1, 3]
[1,2,3].each_with_index.reverse_each.to_a #=> [[3, 2], [2, 1], [1, 0]]
[1,2,3].inject { |a, b| break a } #=> 1
[[1, 2], [3, 4]].each_with_object([]) { |(a, b), acc| acc << a * b } #=> [2, 12]
[1, 2, 3].each_cons(2).with_index.map { |(a, b), i| [a, b, i] } #=> [[1, 2, 0], [2, 3, 1]]
[1,2,3].lazy.zip([4,5,6]).map { |a, b| a * b }.to_a #=> [4, 10, 18]
-> { a = [1,2,3,4,5]; a.each_slice(2) { |x| a.pop }; a }.call #=> [1, 2, 3]
[1,2,3,4].each_slice(2).to_h #=> {1 => 2, 3 => 4}
[1,2,3,4,5].each_entry.each_slice(2).map(&:first) #=> [1, 3, 5]
[1,2,3,4,5,6,7].partition.with_index { |x, i| i.odd? } #=> [[2, 4, 6], [1, 3, 5, 7]]
%w[x y z].each_with_index.max_by { |x, i| -i } #=> ["x", 0]
P3 = Struct.new(:x, :y)
D2 = Data.define(:lat, :lng)
P3.new(1, 2).then { |s| s.x += 5; [s, s.to_h, s == s.dup, s.dig(:x)] } #=> [#<struct P3 x=6, y=2>, {x: 6, y: 2}, true, 6]
P3.new(1, 2, 3) #=> ArgumentError: struct size differs
D2.new(lat: 1) #=> ArgumentError: missing keyword: :lng
D2.new(1, 2).with(lng: 9) #=> #<data D2 lat=1, lng=9>
Set[1, 2] | [3] #=> Set[1, 2, 3]
Set[3, 1, 2].sort #=> [1, 2, 3]
Set[1, Set[2]].flatten #=> Set[1, 2]
Set[1].each { |m| break m } #=> 1
-> { s = Set[1]; s.each { s << 2 } }.call #=> RuntimeError: can't add a new item into set during iteration
-> { a = []; 200_000.times { a = [a] }; a.flatten.size }.call #=> 0
-> { a = []; 200_000.times { a = [a] }; a.inspect }.call #=> SystemStackError
ENV.key?("PATH") #=> true

# several values at a time; blocks that outlive the call
class Pairs
  include Enumerable
  def each = (yield 1, 2; yield 3, 4; self)
end
Pairs.new.any? { |a, b| b == 4 }                  #=> true
Pairs.new.all? { |a| Integer === a }              #=> true
Pairs.new.map { |a, b| a + b }                    #=> [3, 7]
[1, 2, 4].each.chunk.with_index { |x, i| x - i }.to_a   #=> [[1, [1, 2]], [2, [4]]]
[1, 2, 4].slice_when.class rescue $!.class        #=> ArgumentError
{a: 1}.each_slice(2).with_index.to_a              #=> [[[[:a, 1]], 0]]
["x", "y", "x"].tally(Hash.new(100))              #=> {"x" => 2, "y" => 1}
[3, 1].each.find_all.inspect                      #=> "#<Enumerator: #<Enumerator: [3, 1]:each>:find_all>"

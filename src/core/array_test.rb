# Array: what the documentation says of sharing, growth, edits while iterating, sorting, sums, set operations.

class MyA < Array; def each; super { |x| yield x * 2 }; end; end
-> { a = [1,2,3,4]; a.each { |x| a.delete(x) }; a }.call #=> [2, 4]
-> { a = [1,2,3,4]; a.map { |x| a << x if a.size < 8; x } }.call #=> [1, 2, 3, 4, 1, 2, 3, 4]
-> { a = [1,2,3]; a[5] = 9; a }.call #=> [1, 2, 3, nil, nil, 9]
-> { a = [1,2,3]; a[1..] = [7,8,9,10]; a }.call #=> [1, 7, 8, 9, 10]
-> { a = [1,2,3]; a[0,0] = [7,8]; a }.call #=> [7, 8, 1, 2, 3]
-> { a = [1,2,3]; a[1,1] = []; a }.call #=> [1, 3]
-> { a = [1,2,3]; a[-2..-1] = 5; a }.call #=> [1, 5]
-> { a = [1,2,3]; a[10..12] = 5; a }.call #=> [1, 2, 3, nil, nil, nil, nil, nil, nil, nil, 5]
-> { a = [1,2,3]; a.insert(-2, :a, :b) }.call #=> [1, 2, :a, :b, 3]
-> { a = [1,2,3]; a.insert(5, :a) }.call #=> [1, 2, 3, nil, nil, :a]
-> { a = [1,2,3]; a.fill { |x| x * x } }.call #=> [0, 1, 4]
-> { a = [1,2,3]; a.fill(0, 1, 5) }.call #=> [1, 0, 0, 0, 0, 0]
-> { a = [1,2,3]; a.fill(0, -2) }.call #=> [1, 0, 0]
-> { a = [1,2,3]; a.concat(a, a) }.call #=> [1, 2, 3, 1, 2, 3, 1, 2, 3]
-> { a = [3,1,2]; a.sort_by! { |x| -x } }.call #=> [3, 2, 1]
[3,"a"].sort #=> ArgumentError: comparison of Integer with String failed
[3,nil].max #=> ArgumentError: comparison of Integer with nil failed
["b","a"].sort { |x,y| y <=> x } #=> ["b", "a"]
[1,2,3,4].sort { nil } #=> ArgumentError: comparison of Integer with 2 failed
[0.1]*10 #=> [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
([0.1]*10).sum #=> 1.0
[0.1,0.2,0.3,1e100,-1e100].sum #=> 0.6
[1, 2r, 0.5].sum #=> 3.5
["a","b"].sum("") #=> "ab"
[[1],[2]].sum([]) #=> [1, 2]
[1,2,3].cycle.first(7) #=> [1, 2, 3, 1, 2, 3, 1]
[1,2,3].product([4,5]) #=> [[1, 4], [1, 5], [2, 4], [2, 5], [3, 4], [3, 5]]
[1,2,3].permutation.to_a.size #=> 6
[1,2,3].combination(2).to_a #=> [[1, 2], [1, 3], [2, 3]]
[1,[2,[3,[4]]]].flatten(1) #=> [1, 2, [3, [4]]]
-> { a = [1]; a << a; a.inspect }.call #=> "[1, [...]]"
-> { a = [1]; a << a; a.flatten }.call #=> ArgumentError: tried to flatten recursive array
-> { a = [1]; a << a; a.hash == a.hash }.call #=> true
-> { a = []; a << a; b2 = []; b2 << b2; a == b2 }.call #=> true
[1,2] <=> [1,3] #=> -1
[1,2] <=> [1,"a"] #=> nil
[[2,1],[1,2]].sort #=> [[1, 2], [2, 1]]
[1,2,3,4,5,6].bsearch { |x| x >= 4 } #=> 4
MyA[1,2,3].map { |x| x } #=> [1, 2, 3]
MyA[1,2,3].to_a.class #=> Array
MyA.new(3) { |k| k }.select { true }.class #=> Array
(MyA[1] + [2]).class #=> Array
MyA[1,[2]].flatten.class #=> Array
MyA[1,2].dup.class #=> MyA
[1,2,3].each { |x| break x * 2 } #=> 2
[1,2,3,4].sum { |x| x.to_f } #=> 10.0
[3,1,2].max(2) #=> [3, 2]
%w[apple pear fig].minmax_by(&:size) #=> ["fig", "apple"]
[nil, 1, false].compact #=> [1, false]
[1,2,3].reverse_each.first(2) #=> [3, 2]
[1,2,2,3,3].uniq #=> [1, 2, 3]
[1,2,3] & [2,3,4] #=> [2, 3]
[[1,:a],[2,:b]].to_h { |k, v| [v, k] } #=> {a: 1, b: 2}
[1,2,3].shuffle(random: Random.new(1)) #=> [1, 3, 2]
[1,2,3].sample(random: Random.new(3)) #=> 3
[1,2,3].pack("C*") #=> "\x01\x02\x03"
[[3,1],[2,2]].transpose #=> [[3, 2], [1, 2]]
[1,2,3].rotate(-1) #=> [3, 1, 2]
[1,2,3].values_at(0,2,5,-1) #=> [1, 3, nil, 3]
[5,3].minmax #=> [3, 5]
Array.new(2) { [] } #=> [[], []]
[1,2,3].first(2).frozen? #=> false
[1,2,3].freeze << 1 #=> FrozenError: can't modify frozen Array: [1, 2, 3]
[1,2,3].take_while { |x| x < 3 } #=> [1, 2]
[1,2,3,4].drop_while { |x| x < 3 } #=> [3, 4]
[1,2] * "," #=> "1,2"
[1,[2,[3]]].join(",") #=> "1,2,3"
[0.1,0.2,0.3].sum == 0.6 #=> true
[1e308, 1e308, -1e308].sum #=> NaN
[Float::INFINITY, -Float::INFINITY].sum #=> NaN
loop { break 3 } #=> 3
[[1, 2], [3, 4]].map { |a, b| a + b } #=> [3, 7]
[1, 2].each(&:to_s) #=> [1, 2]
-> { a = [5,3,1]; a.sort!; a.freeze; a.sort! }.call #=> FrozenError: can't modify frozen Array: [1, 3, 5]
-> { a = [1,2]; a.freeze; a.map!(&:to_s) }.call #=> FrozenError: can't modify frozen Array: [1, 2]
-> { x = [1,2,3]; x.each { |y| x.concat([y]) if x.size < 10 }; x }.call #=> [1, 2, 3, 1, 2, 3, 1, 2, 3, 1]
Array.new(3, &:to_s) #=> ["0", "1", "2"]
[3,1].sort { |a, b| raise "no" } #=> RuntimeError: no
[1,2].cycle { |x| break x } #=> 1
[1,2,3,4].bsearch_index { |x| x >= 3 } #=> 2
[1,2,3].sum(0.0) #=> 6.0
["a", 1].sum("") #=> TypeError: no implicit conversion of Integer into String
[1, nil].sum #=> TypeError: nil can't be coerced into Integer
[2**64, 1].sum #=> 18446744073709551617
[2**64, 1.5].sum #=> 1.8446744073709552e+19
[0,1,2].dig(0, 1) #=> TypeError: Integer does not have #dig method
[1,2,3].to_a.equal?([1,2,3]) #=> false
[nil].first(1) #=> [nil]
[1,2,3].last(2) #=> [2, 3]
[[1,2],[3]].assoc(3) #=> [3]
[1,2,3].find_index { |x| x > 1 } #=> 1
[1,2,3] - [2] | [9] #=> [1, 3, 9]
[1,2,3].delete(2) { :no } #=> 2
[1,2,3].delete(5) { :no } #=> :no
[1,2,3,4,5].slice!(1, 2) #=> [2, 3]
-> { a = [1,2,3,4,5]; a.slice!(1..); a }.call #=> [1]
[1,2,3].insert(1) #=> [1, 2, 3]
[1,2,3].combination(0).to_a #=> [[]]
[1,2,3].repeated_permutation(2).count #=> 9
[1,2].repeated_combination(2).to_a #=> [[1, 1], [1, 2], [2, 2]]
[1,2].product([3],[4,5]).length #=> 4
[1,2,3].permutation(2).first(3) #=> [[1, 2], [1, 3], [2, 1]]
["a","B"].sort_by(&:downcase) #=> ["a", "B"]
["b","a"].max #=> "b"
[0.0, -0.0].uniq #=> [0.0]
[1, 1.0].uniq #=> [1, 1.0]
[Float::NAN].include?(Float::NAN) #=> true
-> { n = Float::NAN; [n] == [n] }.call #=> true
[1,2] == [1.0, 2.0] #=> true
[1,2].eql?([1.0, 2.0]) #=> false
[1,2].hash == [1,2].hash #=> true
[[1]].include?([1]) #=> true
[1,2,3].inspect.frozen? #=> false
[:a, "b", 1.5, nil, true, 2r, 3i, 1..2].to_s #=> "[:a, \"b\", 1.5, nil, true, (2/1), (0+3i), 1..2]"
[1,2,3].cycle(2).to_a #=> [1, 2, 3, 1, 2, 3]

# arrays nested so deep that recursion ends
def nested(n) = n.times.inject([]) { |a, _| [a] }
GC.disable #=> false
nested(1000).inspect.size #=> 2002
nested(1000).join #=> ""
nested(200_000).join #=> SystemStackError: stack level too deep
nested(200_000).inspect #=> SystemStackError: stack level too deep
nested(200_000) == nested(200_000) #=> SystemStackError: stack level too deep
nested(200_000).hash #=> SystemStackError: stack level too deep
nested(200_000).flatten #=> []
round = nested(100).tap { |a| a.flatten(60)[0] rescue nil; b = a; 50.times { b = b[0] }; b << a }
round.inspect.count("[") #=> 102
GC.enable #=> true

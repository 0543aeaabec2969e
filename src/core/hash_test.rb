# Hash: order, deletion, defaults, key kinds, changes while iterating, and Enumerable over pairs.

class MyH < Hash; end
-> { h = {a: 1}; h.each { |k, v| h[:b] = 2 } }.call #=> RuntimeError: can't add a new key into hash during iteration
-> { h = {a: 1, b: 2}; h.each { |k, v| h.delete(k) }; h }.call #=> {}
-> { h = {a: 1, b: 2}; h.each { |k, v| h[k] = v + 1 }; h }.call #=> {a: 2, b: 3}
-> { h = Hash.new { |hh, k| hh[k] = k * 2 }; [h[2], h] }.call #=> [4, {2 => 4}]
-> { h = {}; 100.times { |k| h[k] = k }; 50.times { |k| h.delete(k) }; 20.times { |k| h[k + 1000] = 1 }; [h.size, h.first, h.keys.last] }.call #=> [70, [50, 50], 1019]
-> { h = {1 => :a, 1.0 => :b, "1" => :c}; [h[1], h[1.0], h["1"]] }.call #=> [:a, :b, :c]
-> { h = {[1] => 2}; h[[1]] }.call #=> 2
-> { h = {nil => 1, true => 2}; [h[nil], h[true], h[false]] }.call #=> [1, 2, nil]
-> { h = {0.0 => 1}; [h[-0.0], h[0.0]] }.call #=> [1, 1]
-> { h = {2**70 => 1}; h[2**70] }.call #=> 1
-> { s = "k"; h = {s => 1}; s << "x"; [h, h.keys[0].frozen?] }.call #=> [{"k" => 1}, true]
-> { h = {b: 1, a: 2}; [h.min_by { |k, v| v }, h.sort_by { |k, v| v }, h.sum { |k, v| v }, h.map { |k, v| [k, v] }] }.call #=> [[:b, 1], [[:b, 1], [:a, 2]], 3, [[:b, 1], [:a, 2]]]
-> { {a: 1, b: 2}.each_with_index.map { |(k, v), n| [k, v, n] } }.call #=> [[:a, 1, 0], [:b, 2, 1]]
-> { {a: 1}.inject { |x| x } }.call #=> [:a, 1]
-> { {a: 1, b: 2}.inject(0) { |s, (k, v)| s + v } }.call #=> 3
-> { {a: 1, b: 2}.each_with_object([]) { |(k, v), m| m << k << v } }.call #=> [:a, 1, :b, 2]
-> { {a: 1, b: 2}.find { |k, v| v == 2 } }.call #=> [:b, 2]
-> { {a: 1, b: 2}.any? { |k, v| v == 2 } }.call #=> true
-> { {a: 1, b: 2}.all? { |k, v| v > 0 } }.call #=> true
-> { {a: 1, b: 2}.count { |k, v| v > 1 } }.call #=> 1
-> { {a: 1, b: 2}.partition { |k, v| v > 1 } }.call #=> [[[:b, 2]], [[:a, 1]]]
-> { {a: 1, b: 2}.group_by { |k, v| v.odd? } }.call #=> {true => [[:a, 1]], false => [[:b, 2]]}
-> { {a: 1, b: 2}.reduce { |x, y| x + y } }.call #=> [:a, 1, :b, 2]
-> { {a: 1, b: 2}.flat_map { |k, v| [k] * v } }.call #=> [:a, :b, :b]
-> { {a: 1, b: 2}.zip([1,2]) }.call #=> [[[:a, 1], 1], [[:b, 2], 2]]
-> { {a: 1, b: 2}.each_slice(1).to_a }.call #=> [[[:a, 1]], [[:b, 2]]]
-> { {a: 1, b: 2}.filter_map { |k, v| k if v > 1 } }.call #=> [:b]
-> { {a: 1, b: 2}.to_h { |k, v| [v, k] } }.call #=> {1 => :a, 2 => :b}
-> { {a: 1, b: 2}.min_by { |k, v| -v } }.call #=> [:b, 2]
-> { {a: 1, b: 2}.sort { |x, y| y <=> x } }.call #=> [[:b, 2], [:a, 1]]
-> { {a: 1, b: 2}.each_entry.to_a }.call #=> [[:a, 1], [:b, 2]]
-> { {a: 1, b: 2}.reject { |k, v| v == 1 } }.call #=> {b: 2}
-> { {a: 1, b: 2}.max_by { |k, v| v } }.call #=> [:b, 2]
-> { {a: 1, b: 2}.sum { |k, v| v } }.call #=> 3
-> { {a: 1, b: 2}.uniq { |k, v| v.class } }.call #=> [[:a, 1]]
-> { {a: 1, b: 2}.tally }.call #=> {[:a, 1] => 1, [:b, 2] => 1}
-> { {a: 1}.merge({a: 2}, {a: 3}) { |k, o, n| o + n } }.call #=> {a: 6}
-> { {a: {b: [1, {c: 2}]}}.dig(:a, :b, 1, :c) }.call #=> 2
-> { {a: 1}.transform_keys(&:to_s) }.call #=> {"a" => 1}
-> { {a: 1, b: 2}.transform_keys({a: :b, b: :a}) }.call #=> {b: 1, a: 2}
-> { h = {a: 1, b: 2}; h.transform_keys!({a: :b, b: :a}) }.call #=> {b: 1, a: 2}
-> { {a: 1}.compare_by_identity.inspect }.call #=> "{a: 1}"
-> { h = {}.compare_by_identity; h["a".dup] = 1; h["a".dup] = 2; h.size }.call #=> 2
-> { h = {}; h[h] = 1; h.inspect }.call #=> "{{...} => 1}"
-> { {a: 1}.to_a.flatten }.call #=> [:a, 1]
-> { {a: 1, b: nil}.compact }.call #=> {a: 1}
-> { {a: 1}.eql?({a: 1.0}) }.call #=> false
-> { {a: 1} == {a: 1.0} }.call #=> true
-> { {a: 1, b: 2} >= {a: 1} }.call #=> true
MyH[a: 1].select { true }.class #=> Hash
MyH[a: 1].merge(b: 1).class #=> MyH
MyH[a: 1].to_h.class #=> Hash
Array(nil) + Array([1]) + Array(1..2) + Array({a: 1}) #=> [1, 1, 2, [:a, 1]]
-> { {a: 1}.freeze[:b] = 1 }.call #=> FrozenError: can't modify frozen Hash: {a: 1}
-> { e = {a: 1}.each; e.next }.call #=> [:a, 1]
-> { h = Hash.new(0); "hello".each_char { |c| h[c] += 1 }; h.to_a }.call #=> [["h", 1], ["e", 1], ["l", 2], ["o", 1]]
-> { h = Hash.new { |hash, k| k.to_s * 2 }; [h[:a], h.fetch(:a, 1), h.dig(:b), h.size] }.call #=> ["aa", 1, "bb", 0]
-> { h = {a: 1}; h.default = 5; [h[:zz], h.default] }.call #=> [5, 5]
-> { {a: 1}.to_proc.call(:a) }.call #=> 1
%i[a b].map(&{a: 1, b: 2}) #=> [1, 2]
-> { {a: 1, b: 2}.each_pair.with_index.to_a }.call #=> [[[:a, 1], 0], [[:b, 2], 1]]
-> { {a: 1}.map { |x| x } }.call #=> [[:a, 1]]
-> { {b: 1, a: 2}.sort.to_a }.call #=> [[:a, 2], [:b, 1]]
-> { {b: 1, a: 2}.max_by { |k, v| v } }.call #=> [:a, 2]
-> { {a: 1}.find_all { true } }.call #=> [[:a, 1]]
-> { {a: 1, b: 2}.sum { |k, v| v } }.call #=> 3
-> { {a: 2}.inject { |a, b| a } }.call #=> [:a, 2]
-> { {a: nil}.compact.empty? }.call #=> true
-> { h = {a: 1, b: 2, c: 3}; h.delete_if { |k, v| v == 2 }; h.keep_if { |k, v| v == 1 }; h.to_a }.call #=> [[:a, 1]]
-> { h = {a: 1}; h.store("x", 2); h.key(2) }.call #=> "x"
-> { {a: 1}.assoc(:a) }.call #=> [:a, 1]
-> { {a: 1, b: 1}.invert.to_a }.call #=> [[1, :b]]
-> { {a: 1}.update({b: 2}) { }.to_a }.call #=> [[:a, 1], [:b, 2]]
-> { h = {3 => 1, 1 => 2}; h.shift; h.to_a }.call #=> [[1, 2]]

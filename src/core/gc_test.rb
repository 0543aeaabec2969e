# GC, ObjectSpace, weak maps, finalizers; and that what is referred to stays alive.

GC.start                                          #=> nil
GC.count.class                                    #=> Integer
before = GC.count; GC.start; GC.count > before    #=> true
[GC.disable, GC.disable, GC.enable, GC.enable]    #=> [false, true, true, false]
GC.stat(:count) == GC.count                       #=> true
GC.stat(:nope)                                    #=> ArgumentError: unknown key: nope
GC.stress = true
made = Array.new(30) { |i| ["s#{i}", {i => [i]}, i * 1.5e300] }
GC.stress = false
made.last                                         #=> ["s29", {29 => [29]}, 4.35e+301]
deep = nil
100_000.times { |i| deep = [i, deep] }
GC.start
n = 0; (n += 1; deep = deep[1]) while deep; n     #=> 100000
old = Array.new(100) { |i| [i] }
GC.start
old.each { |one| one << "young#{one[0]}" }
50_000.times { |i| "garbage #{i}" }
old.all? { |one| one[1] == "young#{one[0]}" }     #=> true
200.times { "x" * 1_000_000 }
GC.stat(:buffer_bytes) < 150_000_000              #=> true

ids = []
keep = Object.new
ObjectSpace.define_finalizer(keep, proc { |id| ids << id })
10.times { ObjectSpace.define_finalizer(Object.new, proc { |id| ids << id }) }
20.times { [nil] * 100 }
GC.start
GC.start
ids.size >= 9 && !ids.include?(keep.object_id)    #=> true
ObjectSpace.undefine_finalizer(keep).equal?(keep) #=> true
ObjectSpace.define_finalizer("f".freeze, proc { }).to_s   #=> FrozenError
ObjectSpace.define_finalizer(1, proc { })         #=> ArgumentError: cannot define finalizer for Integer

map = ObjectSpace::WeakMap.new
map[keep] = +"held"
100.times { |i| map[Object.new] = i }
GC.start
map.size < 50                                     #=> true
map[1] = :one; map[1]                             #=> :one
keys = ObjectSpace::WeakKeyMap.new
name = +"name"
keys[name] = [1]
100.times { |i| keys["k#{i}"] = i }
GC.start
[keys["name"], keys.getkey("name").equal?(name)]  #=> [[1], true]
keys[5] = 1                                       #=> ArgumentError: WeakKeyMap keys must be garbage collectable
class Counted; end
few = Array.new(3) { Counted.new }
ObjectSpace.each_object(Counted).count            #=> 3
ObjectSpace.each_object(Class).include?(Counted)  #=> true
ObjectSpace.count_objects[:TOTAL] > 100           #=> true
ObjectSpace.count_objects(5)                      #=> TypeError: non-hash given
Array.new(1000) { Object.new.object_id }.uniq.size   #=> 1000

# Threads that wait are left out of minor collections: what is given to them meanwhile must live all the same.
queue = Queue.new
waiting = Array.new(5) { |i| Thread.new { own = +"own #{i}"; [own, queue.pop, Thread.current[:given]] } }
Thread.pass until waiting.all?(&:stop?)
churn = proc { before = GC.count; Object.new until GC.count >= before + 2 }
GC.start; churn.()
waiting.each_with_index { |thread, i| thread[:given] = +"given #{i}"; thread.name = +"name #{i}" }
churn.()
5.times { |i| queue << +"item #{i}" }
churn.()
waiting.map { |thread| thread.value.map { |s| s.split[0] } }.uniq   #=> [["own", "item", "given"]]
waiting.map(&:name).last                          #=> "name 4"

# Ractor and Ractor::Port: both interfaces, what travels and how, isolation, errors.

def quiet = Thread.current.report_on_exception = false
def cause_of(r) = (r.value rescue [$!.cause.class, $!.cause.message])

# --- life ---
Ractor.new { 1 + 2 }.value                                      #=> 3
Ractor.new(1, [2]) { |a, b| [a, b, self == Ractor.current] }.value   #=> [1, [2], true]
Ractor.new(name: "nm") { Ractor.current.name }.value            #=> "nm"
Ractor.new(name: 5) { }                                         #=> TypeError: no implicit conversion of Integer into String
Ractor.new                                                      #=> ArgumentError: must be called with a block
Ractor.new(foo: 1) { }                                          #=> ArgumentError: unknown keyword: :foo
outer = 1
other = 2
Ractor.new { outer }                                            #=> ArgumentError: can not isolate a Proc because it accesses outer variables (outer).
Ractor.new { other = outer }                                    #=> ArgumentError: can not isolate a Proc because it accesses outer variables (outer, other).
Ractor.new { [1].map { |x| x + outer } }                        #=> ArgumentError: can not isolate a Proc because it accesses outer variables (outer).
def yielder = Ractor.new { yield }
yielder { }                                                     #=> ArgumentError: can not isolate a Proc because it uses 'yield'.
r = Ractor.new { :v }
[r.value, r.value.equal?(r.value), r.join.equal?(r), r.inspect[/ \w+>$/]]   #=> [:v, true, true, " terminated>"]
Ractor.new(r) { |x| quiet; x.value }.then { |x| cause_of(x) }   #=> [Ractor::Error, "Only the successor ractor can take a value"]
r = Ractor.new { quiet; raise IOError, "broken" }
begin r.value; rescue => e; [e.class, e.message, e.ractor == r, e.cause.class, e.cause.message, e.cause.backtrace.class]; end   #=> [Ractor::RemoteError, "thrown by remote Ractor.", true, IOError, "broken", Array]
r = Ractor.new { $!.class }
r.value                                                         #=> NilClass
Ractor.new { Thread.new { sleep }; 5 }.value                    #=> 5
Ractor.new { th = Thread.new { begin; sleep; ensure; 1; end }; Thread.pass; 6 }.value   #=> 6
Ractor.new { Ractor.new { Ractor.new { 7 }.value }.value }.value   #=> 7
Ractor.new { Ractor.main? }.value                               #=> false
Ractor.count                                                    #=> 1
Array.new(50) { |i| Ractor.new(i) { |n| n * n } }.sum(&:value)  #=> 40425

# --- messages ---
echo = -> { Ractor.new(Ractor.current) { |m| while (x = Ractor.receive) != :stop; m << x; end } }
e = echo.()
copy = ->(x) { e << x; Ractor.receive }
copy.([1, 2.5, :a, nil, true, 2**70, 1r, 2i, 1e300])            #=> [1, 2.5, :a, nil, true, 1180591620717411303424, (1/1), (0+2i), 1.0e+300]
s = "text"; t = copy.(s); [t, t.equal?(s)]                      #=> ["text", false]
a = ["x"]; b = copy.([a, a]); [b, b[0].equal?(b[1])]            #=> [[["x"], ["x"]], true]
a = []; a << a; b = copy.(a); b[0].equal?(b)                    #=> true
h = {1 => [2], "k" => {a: "v"}}; copy.(h)                       #=> {1 => [2], "k" => {a: "v"}}
copy.(Hash.new(5))[:q]                                          #=> 5
h = {}; h[[1, 2]] = :list; copy.(h)[[1, 2]]                     #=> :list
h = {}.compare_by_identity; h[+"a"] = 1; copy.(h).compare_by_identity?   #=> true
big = "ab" * 5000; copy.(big) == big                            #=> true
copy.("\xff\x00".b).encoding                                    #=> #<Encoding:BINARY (ASCII-8BIT)>
copy.([+"x"].freeze).frozen?                                    #=> true
f = "frozen".freeze; copy.(f).equal?(f)                         #=> true
P = Struct.new(:x, :y); copy.(P.new([1], "b"))                  #=> #<struct P x=[1], y="b">
D = Data.define(:x); copy.(D.new(["z"]))                        #=> #<data D x=["z"]>
class Obj; attr_accessor :a, :b; end
o = Obj.new; o.a = [o]; o.b = "b"; q = copy.(o); [q.class, q.a[0].equal?(q), q.b]   #=> [Obj, true, "b"]
str = +"iv"; str.instance_variable_set(:@v, [1]); copy.(str).instance_variable_get(:@v)   #=> [1]
class MyArray < Array; end
copy.(MyArray[1, 2]).class                                      #=> MyArray
copy.(("a".dup..)).begin                                        #=> "a"
copy.(ArgumentError.new("m")).message                           #=> "m"
copy.(Regexp.new("a+b", Regexp::IGNORECASE))                    #=> /a+b/i
copy.(Mutex.new).class                                          #=> Thread::Mutex
copy.(String)                                                   #=> String
deep = 20000.times.inject([]) { |x, _| [x] }; n = 0; x = copy.(deep); (n += 1; x = x[0]) until x.empty?; n   #=> 20000
copy.((0...5000).to_a) == (0...5000).to_a                       #=> true
e << proc { }                                                   #=> TypeError: allocator undefined for Proc
e << [1, {k: [Thread.current]}]                                 #=> TypeError: allocator undefined for Thread (at [1][:k][0])
o.a = {1 => binding}; e << o                                    #=> TypeError: allocator undefined for Binding (at .@a[1])
e << Hash.new { }                                               #=> TypeError: allocator undefined for Proc (at .default)
e << $stdout                                                    #=> Ractor::Error: can not copy IO object.
copy.(:still_there)                                             #=> :still_there

# --- moving ---
s = +"moved"
e.send(s, move: true).equal?(e)                                 #=> true
Ractor.receive                                                  #=> "moved"
s.size                                                          #=> Ractor::MovedError: can not send any methods to a moved object
s == 1                                                          #=> Ractor::MovedError: can not send any methods to a moved object
s.to_s                                                          #=> Ractor::MovedError: can not send any methods to a moved object
Ractor::MovedObject === s                                       #=> true
inner = +"inner"; list = [inner, {k: inner}]; e.send(list, move: true); got = Ractor.receive; [got, got[0].equal?(got[1][:k])]   #=> [["inner", {k: "inner"}], true]
inner.upcase                                                    #=> Ractor::MovedError: can not send any methods to a moved object
long = "y" * 100_000; e.send(long, move: true); Ractor.receive.size   #=> 100000
e << long                                                       #=> Ractor::MovedError: can not send any methods to a moved object
kept = [+"k", proc { }]
e.send(kept, move: true)                                        #=> Ractor::Error: can not move Proc object. (at [1])
kept[0]                                                         #=> "k"
rd, wr = IO.pipe
writer = Ractor.new { io = Ractor.receive; io.puts "by another"; io.close; :wrote }
writer.send(wr, move: true)
[rd.gets, writer.value]                                             #=> ["by another\n", :wrote]
wr.puts 1                                                       #=> Ractor::MovedError: can not send any methods to a moved object
e << rd                                                         #=> Ractor::Error: can not copy IO object.
e << :stop
e.join.equal?(e)                                                #=> true
e << 1                                                          #=> Ractor::ClosedError: The port was already closed

# --- ports ---
port = Ractor::Port.new
port.inspect.sub(/#\d+ id:\d+/, "N")                            #=> "#<Ractor::Port to:N>"
(port << 1 << [2]).receive                                      #=> 1
port.receive                                                    #=> [2]
port.receive(timeout: 0.01)                                     #=> nil
Ractor.receive(timeout: 0)                                      #=> nil
port.receive(timeout: -1)                                       #=> ArgumentError: timeout must not be negative
Ractor.new(port) { |x| quiet; x.receive }.then { |x| cause_of(x) }   #=> [Ractor::Error, "only allowed from the creator Ractor of this port"]
Ractor.new(port) { |x| quiet; x.close }.then { |x| cause_of(x) }     #=> [Ractor::Error, "closing port by other ractors is not allowed"]
ports = Array.new(3) { Ractor::Port.new }
ports.each_with_index { |one, i| Ractor.new(one, i) { |to, n| 3.times { |k| to << [n, k] } } }
ports.map { |one| Array.new(3) { one.receive } }                #=> [[[0, 0], [0, 1], [0, 2]], [[1, 0], [1, 1], [1, 2]], [[2, 0], [2, 1], [2, 2]]]
two = Ractor::Port.new
two << :b
Ractor.select(port, two).then { |from, v| [from == two, v] }    #=> [true, :b]
Ractor.select(port, timeout: 0.01)                              #=> nil
Ractor.select                                                   #=> ArgumentError: specify at least one Ractor::Port or Ractor
Ractor.select(5)                                                #=> ArgumentError: should be Ractor::Port or Ractor
r = Ractor.new { :done }
Ractor.select(port, r).then { |from, v| [from == r, v] }        #=> [true, :done]
threads = Array.new(3) { Thread.new { port.receive } }
3.times { |i| port << i }
threads.map(&:value).sort                                       #=> [0, 1, 2]
[port.close.equal?(port), port.closed?]                         #=> [true, true]
port << 1                                                       #=> Ractor::ClosedError: The port was already closed
waiting = Ractor::Port.new
th = Thread.new { waiting.receive rescue $!.class }
Thread.pass until th.stop?
waiting.close
th.value                                                        #=> Ractor::ClosedError
ended = Ractor::Port.new
r = Ractor.new { Ractor.receive }
r.monitor(ended).equal?(r)                                      #=> true
r << 1
ended.receive                                                   #=> :exited
r = Ractor.new { quiet; Ractor.receive; raise "x" }
r.monitor(ended)
r << 1
ended.receive                                                   #=> :aborted

# --- yield and take ---
r = Ractor.new { 3.times { |i| Ractor.yield(i) }; :end }
Array.new(4) { r.take }                                         #=> [0, 1, 2, :end]
r.take.to_s                                                     #=> Ractor::ClosedError
r = Ractor.new { quiet; Ractor.yield(1); raise "late" }
[r.take, (r.take rescue [$!.class, $!.cause.message])]          #=> [1, [Ractor::RemoteError, "late"]]
r = Ractor.new { mv = +"mv"; Ractor.yield(mv, move: true); (mv.size rescue $!.class) }
[r.take, r.take]                                                #=> ["mv", Ractor::MovedError]
r = Ractor.new { Ractor.receive_if { |m| m.is_a?(String) } }
r << 1; r << "s"; r.take                                        #=> "s"
r = Ractor.new { third = Ractor.receive_if { |m| m == 3 }; [third, Ractor.receive, Ractor.receive] }
[1, 2, 3].each { |i| r << i }; r.take                           #=> [3, 1, 2]
r = Ractor.new { quiet; Ractor.receive }
[r.close_incoming, r.close_incoming]                            #=> [false, true]
r.send(1)                                                       #=> Ractor::ClosedError
r = Ractor.new { quiet; Ractor.receive; Ractor.yield 1 }
[r.close_outgoing, r.close_outgoing]                            #=> [false, true]
r.take                                                          #=> Ractor::ClosedError
rs = Array.new(3) { |i| Ractor.new(i) { |n| Ractor.yield n; Ractor.yield n + 10; Ractor.receive } }
Array.new(6) { Ractor.select(*rs)[1] }.sort                     #=> [0, 1, 2, 10, 11, 12]
r = Ractor.new(Ractor.current) { |m| m.take }
Ractor.select(r, yield_value: [5])                              #=> [:yield, nil]
r.take                                                          #=> [5]
Ractor.current << :me
Ractor.select(Ractor.current)                                   #=> [:receive, :me]
pipe = Ractor.new { loop { Ractor.yield(Ractor.receive) } }
ws = Array.new(3) { Ractor.new(pipe) { |from| loop { Ractor.yield(from.take * 2) } } }
20.times { |i| pipe << i }
Array.new(20) { Ractor.select(*ws)[1] }.sort == Array.new(20) { |i| i * 2 }   #=> true

# --- isolation ---
$g = [1]
Ractor.new { quiet; $g }.then { |x| cause_of(x) }               #=> [Ractor::IsolationError, "can not access global variable $g from non-main Ractor"]
LIST = [+"u"]
Ractor.new { quiet; LIST }.then { |x| cause_of(x) }             #=> [Ractor::IsolationError, "can not access non-shareable objects in constant Object::LIST by non-main Ractor."]
FINE = Ractor.make_shareable([+"ok"])
Ractor.new { FINE }.value.equal?(FINE)                          #=> true
class Holder; @x = [1]; @y = 2; @@z = 3; class << self; attr_accessor :x, :y; def z = @@z; end; end
Ractor.new { quiet; Holder.x }.then { |x| cause_of(x) }         #=> [Ractor::IsolationError, "can not get unshareable values from instance variables of classes/modules from non-main Ractors (@x from Holder)"]
Ractor.new { Holder.y }.value                                   #=> 2
Ractor.new { quiet; Holder.y = 1 }.then { |x| cause_of(x) }     #=> [Ractor::IsolationError, "can not set instance variables of classes/modules by non-main Ractors"]
Ractor.new { quiet; Holder.z }.then { |x| cause_of(x) }         #=> [Ractor::IsolationError, "can not access class variables from non-main Ractors (@@z from Holder)"]
Ractor.new { begin; require "no/such/file"; rescue LoadError; $!.message; end }.value   #=> "cannot load such file -- no/such/file"
Fiber[:k] = [+"v"]
Ractor.new { Fiber[:k] << 1; Fiber[:k] }.value                  #=> ["v", 1]
Fiber[:k]                                                       #=> ["v"]
Ractor[:a] = 1
[Ractor[:a], Ractor.current[:a], Ractor.new { Ractor[:a] }.value]   #=> [1, 1, nil]
Ractor.store_if_absent(:b) { |was| [was, 2] }                   #=> [nil, 2]
Ractor.store_if_absent(:b) { 3 }                                #=> [nil, 2]

# --- shareability ---
Ractor.shareable?([1, "a".freeze].freeze)                       #=> true
Ractor.shareable?([1, +"a"].freeze)                             #=> false
c = []; c << c; Ractor.make_shareable(c).frozen?                #=> true
x = [+"s", {k: [+"v"]}]; y = Ractor.make_shareable(x, copy: true); [x.frozen?, y.frozen?, y[1][:k][0].frozen?, y == x]   #=> [false, true, true, true]
Ractor.make_shareable(Thread.current).to_s                      #=> Ractor::Error
Ractor.make_shareable(proc { 1 })                               #=> Ractor::IsolationError
z = 3
double = nil.instance_eval { Ractor.shareable_proc { |n| n * z } }
Array.new(2) { |i| Ractor.new(double, i) { |d, n| d.call(n + 1) } }.map(&:value)   #=> [3, 6]
Ractor.shareable_lambda { |n| n }.lambda?                       #=> true
bad = [1]
Ractor.shareable_proc { bad }                                   #=> Ractor::IsolationError: cannot make a shareable Proc because it can refer unshareable object [1] from variable 'bad'
w = 1; w = 2
Ractor.shareable_proc { w }                                     #=> Ractor::IsolationError: cannot make a shareable Proc because the outer variable 'w' may be reassigned.
Ractor.shareable_proc { w = 5 }                                 #=> ArgumentError: can not make a Proc shareable because it accesses outer variables (w).

# What is made once is made for all Ractors.
def once_only(text, word) = /\A#{word}\z/o.match?(text)
once_only("a", "a")                     #=> true
Array.new(2) { Ractor.new { once_only("a", "b") }.value }   #=> [true, true]

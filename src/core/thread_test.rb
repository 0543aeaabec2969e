# Thread: what each method refuses, with class and message; interrupts; locals; report and abort.

Thread.report_on_exception = false
dead = Thread.new { }.join
class Raw < Thread
  def initialize; end
end
def parked = Thread.new { Thread.stop }.tap { |t| Thread.pass until t.stop? }
def over(thread) = thread.kill.join

# making one
Thread.new #=> ThreadError: must be called with a block
Thread.start #=> ArgumentError: tried to create Proc object without a block
Thread.fork #=> ArgumentError: tried to create Proc object without a block
Raw.new { } #=> ThreadError: uninitialized thread - check 'Raw#initialize'
Class.new(Thread) { def initialize = super() }.new #=> ThreadError: must be called with a block
(dead.send(:initialize) { } rescue $!.message.sub(/ [^ ]*(thread_test.rb:\d+)/, ' \\1')) #=> "already initialized thread - thread_test.rb:4"
Thread.allocate #=> TypeError: allocator undefined for Thread
Thread.new(1, 2) { |a, b, c| [a, b, c] }.value #=> [1, 2, nil]
Thread.new { |*, **k| k }.value #=> {}

# join and value
dead.join("1") #=> TypeError: no implicit conversion of String into Float
dead.join(nil).equal?(dead) #=> true
dead.join(:a) #=> TypeError: can't convert Symbol into Float
dead.join(true) #=> TypeError: no implicit conversion of true into Float
dead.join(Object.new) #=> TypeError: can't convert Object into Float
dead.join(-1).equal?(dead) #=> true
t = parked
t.join(0) #=> nil
t.join(-5) #=> nil
t.join(0.01) #=> nil
over(t).equal?(t) #=> true
Thread.current.join #=> ThreadError: Target thread must not be current thread
Thread.current.value #=> ThreadError: Target thread must not be current thread
Thread.new { Thread.main.join }.value #=> ThreadError: Target thread must not be main thread
Thread.new { Thread.main.value }.value #=> ThreadError: Target thread must not be main thread
Thread.new { raise IOError, "inside" }.join #=> IOError: inside
Thread.new { raise IOError, "inside" }.value #=> IOError: inside
Thread.new { throw :nowhere }.join #=> UncaughtThrowError: uncaught throw :nowhere
Thread.new { Thread.exit; 1 }.value #=> nil
dead.value #=> nil

# raise
(Thread.current.raise rescue $!.message) #=> ""
Thread.current.raise("text") #=> RuntimeError: text
Thread.current.raise(KeyError) #=> KeyError: KeyError
Thread.current.raise(KeyError, "text") #=> KeyError: text
Thread.current.raise(KeyError.new("made")) #=> KeyError: made
Thread.current.raise(1) #=> TypeError: exception class/object expected
Thread.current.raise(Object) #=> TypeError: exception class/object expected
Thread.current.raise(KeyError, "text", 1) #=> TypeError: backtrace must be an Array of String or an Array of Thread::Backtrace::Location
Thread.current.raise(KeyError, "text", ["a:1"]).then { } #=> KeyError: text
Thread.current.raise(1, 2, 3, 4) #=> ArgumentError: wrong number of arguments (given 4, expected 0..3)
Thread.current.raise(cause: 1) #=> ArgumentError: only cause is given with no arguments
Thread.current.raise(cause: RuntimeError.new) #=> ArgumentError: only cause is given with no arguments
Thread.current.raise("x", cause: 1) #=> TypeError: exception object expected
(begin; Thread.current.raise("x", cause: KeyError.new("k")); rescue => e; e.cause; end) #=> #<KeyError: k>
dead.raise("gone") #=> nil
dead.raise(1) #=> nil
t = parked
t.raise(TypeError, "sent") #=> nil
t.join #=> TypeError: sent
t.status #=> nil

# kill, wakeup, run, stop
dead.kill.equal?(dead) #=> true
dead.exit.equal?(dead) #=> true
dead.terminate.equal?(dead) #=> true
dead.wakeup #=> ThreadError: killed thread
dead.run #=> ThreadError: killed thread
Thread.kill(1) #=> TypeError: wrong argument type Integer (expected VM/thread)
Thread.kill #=> ArgumentError: wrong number of arguments (given 0, expected 1)
(Thread.stop rescue $!.message) #=> "stopping only thread\n\tnote: use sleep to stop forever"
Thread.new { sleep }.tap { |u| Thread.pass until u.stop? }.then { |u| u.wakeup; u.join.status } #=> false

# names, priority, status
t = parked
t.name = 1 #=> TypeError: no implicit conversion of Integer into String
t.name = :a #=> TypeError: no implicit conversion of Symbol into String
t.name = "a\0b" #=> ArgumentError: string contains null byte
t.name = "a".encode("UTF-16LE") #=> ArgumentError: ASCII incompatible encoding (UTF-16LE)
t.name = nil #=> nil
t.priority = "1" #=> TypeError: no implicit conversion of String into Integer
t.priority = nil #=> TypeError: no implicit conversion from nil to integer
(t.priority = 100; t.priority) #=> 3
(t.priority = -100; t.priority) #=> -3
t.status #=> "sleep"
t.stop? #=> true
over(t).status #=> false
t.alive? #=> false
t.stop? #=> true
t.group.equal?(ThreadGroup::Default) #=> true
t.inspect.sub(/0x\h+/, "0x").sub(/ \S+:\d+/, " file:1") #=> "#<Thread:0x file:1 dead>"

# fiber-local and thread variables
t = Thread.new { Thread.stop }
Thread.pass until t.stop?
t[1] #=> TypeError: 1 is not a symbol nor a string
t[nil] #=> TypeError: nil is not a symbol nor a string
t["a"] = 1 #=> 1
t[:a] #=> 1
t[Object] = 1 #=> TypeError: Object is not a symbol nor a string
t.key?(1) #=> TypeError: 1 is not a symbol nor a string
t.key?("a") #=> true
t.fetch(:zz) #=> KeyError: key not found: :zz
t.fetch("zz") #=> KeyError: key not found: "zz"
t.fetch #=> ArgumentError: wrong number of arguments (given 0, expected 1..2)
t.fetch(:a, 2, 3) #=> ArgumentError: wrong number of arguments (given 3, expected 1..2)
t.fetch(:zz, 2) #=> 2
t.fetch(:zz) { |k| [k] } #=> [:zz]
t.thread_variable_get(1) #=> TypeError: 1 is not a symbol nor a string
t.thread_variable_set(1, 1) #=> TypeError: 1 is not a symbol nor a string
t.thread_variable_set(:v, 1) #=> 1
t.thread_variable?("v") #=> true
t.thread_variable_set(:v, nil); t.thread_variable?(:v) #=> false
t.thread_variable?(nil) #=> TypeError: nil is not a symbol nor a string
t.freeze[:a] = 1 #=> FrozenError: can't modify frozen thread locals
t.thread_variable_set(:v, 1) #=> FrozenError: can't modify frozen thread locals
t.name = "frozen" #=> "frozen"
over(t).key?(:a) #=> true

# report_on_exception, abort_on_exception
Thread.report_on_exception #=> false
(Thread.report_on_exception = 1) && Thread.report_on_exception #=> true
(Thread.report_on_exception = nil) || Thread.report_on_exception #=> false
Thread.current.report_on_exception = 3; Thread.current.report_on_exception #=> true
Thread.current.report_on_exception = false #=> false
Thread.abort_on_exception #=> false
t = Thread.new { Thread.stop; raise "fatal for all" }
t.abort_on_exception = true
Thread.pass until t.stop?
(t.run; sleep 1) #=> RuntimeError: fatal for all
t.join #=> RuntimeError: fatal for all

# backtraces
dead.backtrace #=> nil
dead.backtrace_locations #=> nil
dead.backtrace(-1) #=> nil
Thread.current.backtrace(-1) #=> ArgumentError: negative level (-1)
Thread.current.backtrace(0, -1) #=> ArgumentError: negative size (-1)
Thread.current.backtrace("a") #=> TypeError: no implicit conversion of String into Integer
Thread.current.backtrace(0, 1, 2) #=> ArgumentError: wrong number of arguments (given 3, expected 0..2)
Thread.current.backtrace_locations(-1) #=> ArgumentError: negative level (-1)
Thread.current.backtrace(100) #=> nil
Thread.current.backtrace(0, 0) #=> []
Thread.each_caller_location #=> LocalJumpError: no block given
Thread.each_caller_location(-1) { } #=> ArgumentError: negative level (-1)
Thread.each_caller_location(1, -1) { } #=> ArgumentError: negative size (-1)
Thread.each_caller_location(1..) { } #=> nil
Thread.each_caller_location(1, limit: 2) { } #=> ArgumentError: unknown keyword: :limit
def callers(*args) = [].tap { |found| Thread.each_caller_location(*args) { |place| found << place.label } }
def outer(*args) = callers(*args)
outer.first #=> "Kernel#tap"
outer(1).first == outer.first #=> true
outer(2).first == outer[1] #=> true
outer(1, 1).size #=> 1

# handle_interrupt and pending_interrupt?
Thread.handle_interrupt #=> ArgumentError: wrong number of arguments (given 0, expected 1)
Thread.handle_interrupt { } #=> ArgumentError: wrong number of arguments (given 0, expected 1)
Thread.handle_interrupt(RuntimeError => :never) #=> ArgumentError: block is needed.
Thread.handle_interrupt(RuntimeError => :sometimes) { } #=> ArgumentError: unknown mask signature
Thread.handle_interrupt(RuntimeError => nil) { } #=> ArgumentError: unknown mask signature
Thread.handle_interrupt(RuntimeError => "never") { } #=> ArgumentError: unknown mask signature
Thread.handle_interrupt(1) { } #=> TypeError: no implicit conversion of Integer into Hash
Thread.handle_interrupt(nil) { } #=> TypeError: no implicit conversion of nil into Hash
Thread.handle_interrupt([]) { } #=> TypeError: no implicit conversion of Array into Hash
Thread.handle_interrupt({}) { 7 } #=> 7
Thread.handle_interrupt(1 => :never) { 8 } #=> 8
Thread.handle_interrupt(RuntimeError => :never, Object => :immediate) { 9 } #=> 9
Thread.pending_interrupt? #=> false
Thread.pending_interrupt?(1) #=> false
seen = nil
(Thread.handle_interrupt(RuntimeError => :never) { Thread.current.raise("later"); seen = [Thread.pending_interrupt?, Thread.pending_interrupt?(IOError), Thread.pending_interrupt?(RuntimeError)] } rescue [$!.message, seen]) #=> ["later", [true, false, true]]
(Thread.handle_interrupt(RuntimeError => :never) { Thread.current.raise("later"); seen = (Thread.pending_interrupt?(1) rescue $!) } rescue seen) #=> #<TypeError: class or module required for rescue clause>
Thread.current.pending_interrupt?(1) #=> false
dead.pending_interrupt? #=> false
(Thread.handle_interrupt(IOError => :on_blocking) { Thread.current.raise(IOError, "blocked"); [1].map { }; sleep 1 }) #=> IOError: blocked
(Thread.handle_interrupt(Object => :never) { Thread.new { Thread.handle_interrupt(Object => :immediate) { 1 } }.value }) #=> 1
Thread.new { Thread.handle_interrupt(Object => :never) { Thread.current.kill; :protected } ; :not }.value #=> nil

# others
Thread.exclusive #=> NoMethodError: undefined method 'exclusive' for class Thread
Thread.list.include?(Thread.main) #=> true
Thread.main == Thread.current #=> true
Thread.pass #=> nil
Thread.current.group.equal?(ThreadGroup::Default) #=> true
Thread.current.dup #=> TypeError: allocator undefined for Thread
Thread.current.clone #=> TypeError: allocator undefined for Thread
Marshal.dump(Thread.current) #=> TypeError: no _dump_data is defined for class Thread
Thread.current.native_thread_id.class #=> Integer
sleep("1") #=> TypeError: can't convert String into time interval
sleep(-1) #=> ArgumentError: time interval must not be negative
sleep(:a) #=> TypeError: can't convert Symbol into time interval
sleep(true) #=> TypeError: can't convert TrueClass into time interval
sleep(0, 1) #=> ArgumentError: wrong number of arguments (given 2, expected 0..1)
sleep(0.0 / 0) #=> ArgumentError: time interval must not be negative
Thread.current.fetch(:nope) #=> KeyError: key not found: :nope

# ThreadGroup
group = ThreadGroup.new
group.add(1) #=> TypeError: wrong argument type Integer (expected VM/thread)
group.add(nil) #=> TypeError: wrong argument type nil (expected VM/thread)
group.add #=> ArgumentError: wrong number of arguments (given 0, expected 1)
dead_group = ThreadGroup.new.add(dead)
dead.group.equal?(ThreadGroup::Default) #=> false
group.enclose.enclosed? #=> true
group.add(Thread.current) #=> ThreadError: can't move to the enclosed thread group
t = Thread.new { Thread.stop }
closed = ThreadGroup.new
closed.add(t).enclose
ThreadGroup.new.add(t) #=> ThreadError: can't move from the enclosed thread group
frozen = ThreadGroup.new.freeze
frozen.add(Thread.current) #=> ThreadError: can't move to the frozen thread group
u = Thread.new { Thread.stop }
held = ThreadGroup.new.add(u).freeze
ThreadGroup.new.add(u) #=> ThreadError: can't move from the frozen thread group
held.enclose.enclosed? #=> true
[over(t), over(u)].map(&:alive?) #=> [false, false]

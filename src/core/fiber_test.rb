# Fiber: what each method refuses, with class and message; storage; kill and raise.

Thread.report_on_exception = false
dead = Fiber.new { }.tap(&:resume)
def started = Fiber.new { Fiber.yield 1; 2 }.tap(&:resume)

# making one
Fiber.new #=> ArgumentError: tried to create Proc object without a block
Fiber.new(1) { } #=> ArgumentError: wrong number of arguments (given 1, expected 0)
Fiber.new(blocking: 1) { Fiber.current.blocking? }.resume #=> true
Fiber.new(storage: 1) { } #=> TypeError: storage must be a hash
Fiber.new(storage: {1 => 2}) { } #=> TypeError: wrong argument type Integer (expected Symbol)
Fiber.new(storage: {"a" => 2}) { } #=> TypeError: wrong argument type String (expected Symbol)
Fiber.new(storage: {a: 1}.freeze) { } #=> FrozenError: storage must not be frozen
Fiber.new(storage: false) { } #=> TypeError: storage must be a hash
Fiber.new(colour: 1) { } #=> ArgumentError: unknown keyword: :colour
Fiber.new(storage: nil) { Fiber[:a] = 1 }.resume #=> 1
Fiber.allocate.resume #=> FiberError: uninitialized fiber
started.send(:initialize) { } #=> FiberError: cannot initialize fiber twice

# resume
dead.resume #=> FiberError: attempt to resume a terminated fiber
dead.alive? #=> false
Fiber.current.resume #=> FiberError: attempt to resume the current fiber
Fiber.new { |f| Fiber.current.resume }.resume #=> FiberError: attempt to resume the current fiber
outer = Fiber.new { Fiber.new { outer.resume }.resume }
outer.resume #=> FiberError: attempt to resume a resumed fiber (double resume)
(f = started; Thread.new { f.resume }.value) #=> FiberError: fiber called across threads
Fiber.new { raise IOError, "inside" }.resume #=> IOError: inside
Fiber.new { break 1 }.resume #=> LocalJumpError: break from proc-closure
Fiber.new { throw :nowhere }.resume #=> UncaughtThrowError: uncaught throw :nowhere
Fiber.new { |*a, **k| [a, k] }.resume(1, b: 2) #=> [[1], {b: 2}]
Fiber.new { |*a, **k| [a, k] }.transfer(b: 2) #=> [[], {b: 2}]
Fiber.new { Fiber.yield }.then { |y| y.resume; y.resume(1, b: 2) } #=> [1, {b: 2}]
Fiber.new { Fiber.yield(1, c: 2) }.resume #=> [1, {c: 2}]

# yield
Fiber.yield #=> FiberError: attempt to yield on a not resumed fiber
Thread.new { Fiber.yield }.value #=> FiberError: attempt to yield on a not resumed fiber
(g = Fiber.new { 1 }; g.transfer; g.transfer) #=> FiberError: dead fiber called
Fiber.new { Fiber.new { Fiber.yield 3 }.transfer }.resume #=> FiberError: attempt to yield on a not resumed fiber

# transfer
dead.transfer #=> FiberError: dead fiber called
started.transfer #=> FiberError: attempt to transfer to a yielding fiber
(f = started; Thread.new { f.transfer }.value) #=> FiberError: attempt to transfer to a yielding fiber
(f = Fiber.new { :never }; Thread.new { f.transfer }.value) #=> FiberError: fiber called across threads
main = Fiber.current
(h = Fiber.new { main.transfer; :end }; h.transfer; h.resume) #=> FiberError: attempt to resume a transferring fiber
Fiber.new { outer2 = Fiber.current; Fiber.new { outer2.transfer }.resume }.resume #=> FiberError: attempt to transfer to a resuming fiber
Fiber.current.transfer #=> nil

# raise
dead.raise #=> FiberError: attempt to resume a terminated fiber
Fiber.new { }.raise #=> FiberError: cannot raise exception on unborn fiber
Fiber.new { }.raise("never begun") #=> FiberError: cannot raise exception on unborn fiber
(started.raise rescue $!.message) #=> ""
started.raise("text") #=> RuntimeError: text
started.raise(IOError) #=> IOError: IOError
started.raise(IOError, "text") #=> IOError: text
started.raise(IOError.new("made")) #=> IOError: made
started.raise(1) #=> TypeError: exception class/object expected
started.raise(Object) #=> TypeError: exception class/object expected
started.raise(IOError, "text", 1) #=> TypeError: backtrace must be an Array of String or an Array of Thread::Backtrace::Location
started.raise(1, 2, 3, 4) #=> ArgumentError: wrong number of arguments (given 4, expected 0..3)
started.raise("x", cause: 1) #=> TypeError: exception object expected
started.raise(cause: RuntimeError.new) #=> ArgumentError: only cause is given with no arguments
(begin; started.raise("x", cause: IOError.new("c")); rescue => e; e.cause; end) #=> #<IOError: c>
Fiber.current.raise("me") #=> RuntimeError: me
(f = started; Thread.new { f.raise("x") }.value) #=> FiberError: fiber called across threads
(f = Fiber.new { Fiber.yield rescue $!.message }; f.resume; f.raise("caught")) #=> "caught"
outer = Fiber.new { Fiber.new { outer.raise("x") }.resume }
outer.resume #=> RuntimeError: x

# kill
log = []
f = Fiber.new { begin; Fiber.yield; ensure; log << :ensured; end }
f.resume; f.kill.equal?(f) #=> true
[log, f.alive?] #=> [[:ensured], false]
f.kill.equal?(f) #=> false
dead.kill.equal?(dead) #=> true
Fiber.new { }.kill.alive? #=> false
Fiber.new { Fiber.current.kill; 1 }.resume #=> nil
(f = started; Thread.new { f.kill }.value) #=> FiberError: fiber called across threads
outer = Fiber.new { Fiber.new { outer.kill }.resume }
outer.resume #=> nil
f.resume #=> 2

# storage
Fiber[1] #=> TypeError: 1 is not a symbol nor a string
Fiber["a"] #=> nil
Fiber[nil] #=> TypeError: nil is not a symbol nor a string
Fiber[1] = 2 #=> TypeError: 1 is not a symbol nor a string
Fiber["a"] = 2 #=> 2
(Fiber[:a] = 1; Fiber.new { Fiber[:a] }.resume) #=> 1
started.storage #=> ArgumentError: Fiber storage can only be accessed from the Fiber it belongs to
started.storage = {} #=> ArgumentError: Fiber storage can only be accessed from the Fiber it belongs to
Fiber.current.storage = 1 #=> TypeError: storage must be a hash
Fiber.current.storage = {"a" => 1} #=> TypeError: wrong argument type String (expected Symbol)
Fiber.current.storage = {a: 1}.freeze #=> FrozenError: storage must not be frozen
Fiber.current.storage #=> {a: 1}
(Fiber[:a] = nil; Fiber.current.storage) #=> {}
Fiber[] #=> ArgumentError: wrong number of arguments (given 0, expected 1)
Fiber.storage #=> NoMethodError: undefined method 'storage' for class Fiber

# the rest
Fiber.current.alive? #=> true
Fiber.blocking { |f| f.blocking? } #=> true
Fiber.blocking? #=> 1
Marshal.dump(Fiber.current) #=> TypeError: no _dump_data is defined for class Fiber
dead.backtrace #=> []
Fiber.new { }.backtrace #=> []
dead.backtrace_locations #=> []
dead.inspect.sub(/0x\h+/, "0x").sub(/ \S+:\d+/, " file:1") #=> "#<Fiber:0x file:1 (terminated)>"
Fiber.new { }.to_s.sub(/0x\h+/, "0x").sub(/ \S+:\d+/, " file:1") #=> "#<Fiber:0x file:1 (created)>"
started.inspect[/\((.*)\)/, 1] #=> "suspended"
FiberError.superclass #=> StandardError

# schedulers
Fiber.set_scheduler(1) #=> ArgumentError: Scheduler must implement #block
Fiber.set_scheduler(Object.new) #=> ArgumentError: Scheduler must implement #block
Fiber.set_scheduler #=> ArgumentError: wrong number of arguments (given 0, expected 1)
Fiber.schedule { } #=> RuntimeError: No scheduler is available!
Fiber.scheduler #=> nil
Fiber.current_scheduler #=> nil

# Mutex and ConditionVariable: what each method refuses, with class and message; what becomes of locks when threads end.

Thread.report_on_exception = false
m = Mutex.new
Mutex.new(1) #=> ArgumentError: wrong number of arguments (given 1, expected 0)
Mutex.equal?(Thread::Mutex) #=> true

# not locked, locked by me, locked by another
m.unlock #=> ThreadError: Attempt to unlock a mutex which is not locked
m.lock.equal?(m) #=> true
m.lock #=> ThreadError: deadlock; recursive locking
m.synchronize { } #=> ThreadError: deadlock; recursive locking
m.try_lock #=> false
[m.locked?, m.owned?] #=> [true, true]
Thread.new { m.unlock }.join #=> ThreadError: Attempt to unlock a mutex which is locked by another thread/fiber
Thread.new { [m.try_lock, m.owned?, m.locked?] }.value #=> [false, false, true]
Thread.new { m.sleep(0) }.join #=> ThreadError: Attempt to unlock a mutex which is locked by another thread/fiber
Fiber.new { m.unlock }.resume #=> ThreadError: Attempt to unlock a mutex which is locked by another thread/fiber
Fiber.new { m.lock }.resume #=> ThreadError: deadlock; lock already owned by another fiber belonging to the same thread
Fiber.new { m.owned? }.resume #=> false
Fiber.new { m.try_lock }.resume #=> false
m.unlock.equal?(m) #=> true
[m.locked?, m.owned?] #=> [false, false]

# synchronize
m.synchronize #=> ThreadError: must be called with a block
m.synchronize { 3 } #=> 3
m.synchronize { raise IOError, "inside" } #=> IOError: inside
m.locked? #=> false
m.synchronize { m.unlock } #=> ThreadError: Attempt to unlock a mutex which is not locked
m.synchronize { break 4 } #=> 4
catch(:t) { m.synchronize { throw :t, 5 } } #=> 5
m.locked? #=> false

# sleep
m.sleep #=> ThreadError: Attempt to unlock a mutex which is not locked
m.sleep(0) #=> ThreadError: Attempt to unlock a mutex which is not locked
m.lock
m.sleep("1") #=> TypeError: can't convert String into time interval
m.locked? #=> true
m.sleep(-1) #=> ArgumentError: time interval must not be negative
m.sleep(:a) #=> TypeError: can't convert Symbol into time interval
m.sleep(true) #=> TypeError: can't convert TrueClass into time interval
m.sleep(0, 1) #=> ArgumentError: wrong number of arguments (given 2, expected 0..1)
m.sleep(0) #=> nil
m.sleep(0.001) #=> nil
m.owned? #=> true
m.unlock
t = Thread.new { m.lock; m.sleep; m.owned? }
Thread.pass until t.stop?
m.locked? #=> false
t.wakeup.value #=> true

# whoever dies leaves its locks
t = Thread.new { m.lock; Thread.stop }
Thread.pass until t.stop?
m.locked? #=> true
t.kill.join; m.locked? #=> false
Thread.new { m.lock; raise "gone" }.join #=> RuntimeError: gone
m.locked? #=> false
left = Mutex.new
Fiber.new { left.lock }.resume; left.locked? #=> true
left.lock #=> ThreadError: deadlock; lock already owned by another fiber belonging to the same thread
Thread.new { Fiber.new { left.try_lock }.resume }.value #=> false
m.synchronize { 1 } #=> 1

# an interrupt while it waits
m2 = Mutex.new.lock
t = Thread.new { m2.lock }
Thread.pass until t.stop?
t.raise(IOError, "waiting")
t.join #=> IOError: waiting
m2.owned? #=> true
m2.unlock

# copies and dumps
Mutex.new.dup.locked? #=> false
Marshal.dump(Mutex.new) #=> TypeError: no _dump_data is defined for class Thread::Mutex
Mutex.new.lock.freeze.unlock.frozen? #=> true

# trap context
def in_trap
  seen = nil
  before = trap("USR1") { seen = begin; yield; rescue Exception => e; "#{e.class}: #{e.message}"; end }
  Process.kill("USR1", Process.pid)
  Thread.pass until seen
  seen
ensure
  trap("USR1", before || "DEFAULT")
end
in_trap { Mutex.new.lock } #=> "ThreadError: can't be called from trap context"
in_trap { Mutex.new.synchronize { } } #=> "ThreadError: can't be called from trap context"
in_trap { Mutex.new.try_lock.to_s } #=> "true"
in_trap { (held = Mutex.new).try_lock; held.unlock; "unlocked" } #=> "unlocked"
in_trap { Thread::ConditionVariable.new.signal; "signalled" } #=> "signalled"
in_trap { q = Queue.new; q << 1; q.pop.to_s } #=> "1"
in_trap { require "monitor"; Monitor.new.enter } #=> "ThreadError: can't be called from trap context"

# ConditionVariable
c = ConditionVariable.new
c.wait #=> ArgumentError: wrong number of arguments (given 0, expected 1..2)
c.wait(m) #=> ThreadError: Attempt to unlock a mutex which is not locked
c.wait(m.lock, "1") #=> TypeError: can't convert String into time interval
m.owned? #=> true
c.wait(m, -1) #=> ArgumentError: time interval must not be negative
c.wait(m, :a) #=> TypeError: can't convert Symbol into time interval
c.wait(m, 0, 1) #=> ArgumentError: wrong number of arguments (given 3, expected 1..2)
c.wait(m, 0).equal?(c) #=> false
c.wait(m, 0.001) #=> nil
m.owned? #=> true
m.unlock
Thread.new { m.synchronize { c.wait(m) } }.tap { |u| Thread.pass until u.stop?; c.signal }.value.equal?(c) #=> true
c.signal.equal?(c) #=> true
c.broadcast.equal?(c) #=> true
c.signal(1) #=> ArgumentError: wrong number of arguments (given 1, expected 0)
Marshal.dump(c) #=> TypeError: can't dump Thread::ConditionVariable
c.dup.class #=> NoMethodError: undefined method 'initialize_copy' for an instance of Thread::ConditionVariable
t = Thread.new { m.synchronize { c.wait(m) rescue m.owned? } }
Thread.pass until t.stop?
t.raise("out"); t.value #=> true
t = Thread.new { m.synchronize { c.wait(m) } }
Thread.pass until t.stop?
t.kill.join; [m.locked?, t.value] #=> [false, nil]
sleeper = Object.new
def sleeper.sleep(timeout) = [:slept, timeout]
c.wait(sleeper) #=> [:slept, nil]
c.wait(sleeper, 5) #=> [:slept, 5]

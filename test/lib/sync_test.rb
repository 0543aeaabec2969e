# require "troupe/sync": every path of every class, with timeouts, kill and raise while something waits.
require "troupe/sync"
require "stringio"
include Troupe::Sync

$seen = []
def seen = $seen.tap { $seen = [] }
# A thread that has got as far as waiting.
def waiter(&block) = Thread.new(&block).tap { |t| t.report_on_exception = false; Thread.pass until t.stop? }

# --- CountDownLatch ---
latch = CountDownLatch.new(2)
w = waiter { latch.wait }
[latch.count, latch.count_down, latch.count_down, latch.count_down, w.value, latch.wait] #=> [2, 1, 0, 0, true, true]
CountDownLatch.new.wait(0.001)                               #=> false
CountDownLatch.new(0).wait                                   #=> true
CountDownLatch.new(-1)                                       #=> ArgumentError: count must not be negative
latch = CountDownLatch.new
w = waiter { latch.wait }
w.kill.join
[latch.count_down, latch.wait(1)]                            #=> [0, true]

# --- CyclicBarrier ---
barrier = CyclicBarrier.new(3) { $seen << :met }
2.times.map { 3.times.map { Thread.new { barrier.wait } }.map(&:value).sort } #=> [[0, 1, 2], [0, 1, 2]]
seen                                                         #=> [:met, :met]
[barrier.parties, barrier.number_waiting, barrier.broken?]   #=> [3, 0, false]
CyclicBarrier.new(0)                                         #=> ArgumentError: parties must be positive
barrier = CyclicBarrier.new(2)
[barrier.wait(0.001), barrier.broken?]                       #=> [false, true]
barrier.wait                                                 #=> Troupe::Sync::CyclicBarrier::BrokenError: barrier is broken
[barrier.reset, barrier.broken?, barrier.number_waiting]     #=> [nil, false, 0]
w = waiter { barrier.wait }
[barrier.wait, w.value]                                      #=> [1, 0]
w = waiter { barrier.wait }
w.kill.join
[barrier.broken?, barrier.number_waiting]                    #=> [true, 0]
barrier.reset
w = waiter { barrier.wait }
w.raise(IOError, "up")
w.value                                                      #=> IOError: up
barrier.broken?                                              #=> true
barrier.reset
w = waiter { barrier.wait }
barrier.reset
w.value                                                      #=> Troupe::Sync::CyclicBarrier::BrokenError: barrier is broken
barrier.broken?                                              #=> false
three = CyclicBarrier.new(3)
w = waiter { three.wait }
v = waiter { three.wait(0.001) }
[v.value, w.join]                                            #=> Troupe::Sync::CyclicBarrier::BrokenError: barrier is broken
failing = CyclicBarrier.new(2) { raise IOError, "action" }
w = waiter { failing.wait }
failing.wait                                                 #=> IOError: action
w.value                                                      #=> Troupe::Sync::CyclicBarrier::BrokenError: barrier is broken

# --- Semaphore ---
semaphore = Semaphore.new(2)
[semaphore.acquire, semaphore.available_permits, semaphore.try_acquire, semaphore.try_acquire, semaphore.available_permits] #=> [true, 1, true, false, 0]
w = waiter { semaphore.acquire { :inside } }
[semaphore.release, w.value, semaphore.available_permits]    #=> [nil, :inside, 1]
semaphore.acquire { raise IOError, "in it" }                 #=> IOError: in it
[semaphore.available_permits, semaphore.try_acquire(1) { |*a| a }, semaphore.available_permits] #=> [1, [], 1]
semaphore.try_acquire(2, 0.001)                              #=> false
semaphore.try_acquire(2) { :never }                          #=> false
semaphore.acquire(3, timeout: 0.001)                         #=> false
Semaphore.new(-1)                                            #=> ArgumentError: permits must not be negative
semaphore.acquire(0)                                         #=> ArgumentError: count must be positive
[semaphore.drain_permits, semaphore.drain_permits]           #=> [1, 0]
w = waiter { semaphore.acquire }
w.kill.join
[semaphore.release(2), semaphore.available_permits]          #=> [nil, 2]
semaphore.drain_permits
w = waiter { semaphore.acquire { $seen << :never } }
w.raise(IOError, "up")
w.value                                                      #=> IOError: up
[seen, semaphore.release, semaphore.available_permits]       #=> [[], nil, 1]
w = waiter { semaphore.acquire { sleep } }
[semaphore.available_permits, w.kill.join && semaphore.available_permits] #=> [0, 1]
# Killed at any moment, it loses no permit.
semaphore = Semaphore.new(3)
300.times.map { |n| Thread.new { semaphore.acquire { Thread.pass } }.tap { |t| Thread.pass if n.odd?; t.kill if n % 3 == 0 } }.each(&:join).size #=> 300
semaphore.available_permits                                  #=> 3

# --- ReadWriteLock ---
lock = ReadWriteLock.new
lock.with_read_lock { Thread.new { lock.with_read_lock { [lock.read_locked?, lock.write_locked?] } }.value } #=> [true, false]
lock.with_write_lock { [lock.write_locked?, Thread.new { lock.acquire_read_lock(0.001) }.value, Thread.new { lock.acquire_write_lock(0.001) }.value] } #=> [true, false, false]
[lock.acquire_read_lock, lock.read_locked?, lock.release_read_lock, lock.read_locked?] #=> [true, true, true, false]
[lock.acquire_write_lock, lock.write_locked?, lock.release_write_lock, lock.write_locked?] #=> [true, true, true, false]
lock.release_read_lock                                       #=> ThreadError: not locked for reading
lock.release_write_lock                                      #=> ThreadError: not locked by this thread
lock.with_write_lock { lock.with_write_lock { } }            #=> ThreadError: deadlock; recursive locking
lock.with_write_lock { lock.with_read_lock { } }             #=> ThreadError: deadlock; recursive locking
lock.with_write_lock { Thread.new { lock.release_write_lock }.tap { |t| t.report_on_exception = false }.value } #=> ThreadError: not locked by this thread
lock.with_read_lock { raise IOError, "in it" }               #=> IOError: in it
[lock.read_locked?, lock.write_locked?, lock.has_waiters?]   #=> [false, false, false]
# A writer that waits keeps new readers out, until it gives up.
lock.acquire_read_lock
w = waiter { lock.with_write_lock { $seen << :write } }
[lock.has_waiters?, Thread.new { lock.acquire_read_lock(0.001) }.value] #=> [true, false]
r = waiter { lock.with_read_lock { $seen << :read } }
[lock.release_read_lock, w.join && r.join && seen]           #=> [true, [:write, :read]]
lock.acquire_read_lock
w = waiter { lock.acquire_write_lock }
r = waiter { lock.with_read_lock { :read } }
[w.kill.join && r.value, lock.release_read_lock]             #=> [:read, true]
lock.acquire_read_lock
w = waiter { lock.with_write_lock(timeout: 0.005) { :never } }
r = waiter { lock.with_read_lock { :read } }
[w.value, r.value, lock.release_read_lock]                   #=> [false, :read, true]
lock.acquire_write_lock
w = waiter { lock.with_read_lock { } }
w.raise(IOError, "up")
w.join                                                       #=> IOError: up
[lock.release_write_lock, lock.read_locked?]                 #=> [true, false]
w = waiter { lock.with_write_lock { sleep } }
[w.kill.join && lock.write_locked?]                          #=> [false]
count = 0
200.times.map { |n| Thread.new { n % 4 == 0 ? lock.with_write_lock { count += 1 } : lock.with_read_lock { count } }.tap { |t| t.kill if n % 7 == 0 } }.each(&:join).size #=> 200
[lock.read_locked?, lock.write_locked?, lock.has_waiters?]   #=> [false, false, false]

# --- Future ---
Future.execute { 3 }.value                                   #=> 3
Future.execute                                               #=> ArgumentError: no block given
future = Future.execute { raise IOError, "failed" }
[future.wait, future.value, future.rejected?, future.state, future.reason.message] #=> [true, nil, true, :rejected, "failed"]
future.value!                                                #=> IOError: failed
future = Future.new
[future.value(0.001), future.value!(0.001), future.wait(0.001), future.resolved?, future.state, future.reason] #=> [nil, nil, false, false, :pending, nil]
w = waiter { future.value }
[future.fulfill(5).value!, w.value, future.fulfilled?]       #=> [5, 5, true]
future.fulfill(6)                                            #=> ThreadError: already resolved
future.reject(IOError.new)                                   #=> ThreadError: already resolved
queue = Thread::Queue.new
future = Future.execute { $seen << Thread.current; queue.pop }
Thread.pass while $seen.empty?
seen.first.kill.join
future.value!                                                #=> Troupe::Sync::Future::AbandonedError: the thread was killed
w = waiter { Future.new.value }
w.kill.join.class                                            #=> Thread
future = Future.new
following = future.then { |v| v + 1 }.then { |v| v * 2 }
[future.fulfill(1).class, following.value]                   #=> [Troupe::Sync::Future, 4]
Future.new.fulfill(1).then { raise IOError, "then" }.value!  #=> IOError: then
Future.new.reject(IOError.new("first")).then { 1 }.value!    #=> IOError: first
Future.new.reject(IOError.new("first")).rescue { |e| e.message }.value #=> "first"
Future.new.fulfill(2).rescue { 3 }.value                     #=> 2
Future.all([1, 2].map { |n| Future.execute { n } }).value    #=> [1, 2]
Future.all([]).value                                         #=> []
Future.all([Future.new, Future.execute { raise IOError, "one" }]).value! #=> IOError: one

# --- ThreadPool ---
pool = ThreadPool.new(2, name: "pool")
8.times.map { |n| pool.future { Thread.current.name } }.map(&:value).uniq.sort - %w[pool-1 pool-2] #=> []
[pool.post(1, 2) { |*rest| $seen << rest }, pool.future { 7 }.value, pool.length <= 2, pool.min, pool.max] #=> [true, 7, true, 2, 2]
seen                                                         #=> [[1, 2]]
pool.post                                                    #=> ArgumentError: no block given
[pool.running?, pool.shutdown, pool.shutdown?, pool.wait_for_termination(1), pool.terminated?, pool.length, pool.completed_count] #=> [true, true, true, true, true, 0, 10]
pool.post { }                                                #=> Troupe::Sync::ThreadPool::RejectedError: the pool takes no more work
pool.future { }.value!                                       #=> Troupe::Sync::ThreadPool::RejectedError: the pool takes no more work
ThreadPool.new                                               #=> ArgumentError: size, or min and max, must be positive
ThreadPool.new(0)                                            #=> ArgumentError: size, or min and max, must be positive
ThreadPool.new(min: 3, max: 2)                               #=> ArgumentError: size, or min and max, must be positive
ThreadPool.new(1, fallback: :what)                           #=> ArgumentError: fallback must be :wait, :raise, :caller_runs or :discard
# Errors in the work: told, and the thread goes on.
pool = ThreadPool.new(1)
$stderr = StringIO.new
pool.post { raise IOError, "in the work" }
pool.future { 1 }.value                                      #=> 1
said, $stderr = $stderr.string, STDERR
said[/work failed: .*IOError/].class                         #=> String
# What lies in the queue is done after shutdown.
gate = Thread::Queue.new
begun = Thread::Queue.new
5.times { |n| pool.post { (begun << 1; gate.pop) if n == 0; $seen << n } }
begun.pop
[pool.queue_length, pool.active_count, pool.shutdown, pool.wait_for_termination(0.001)] #=> [4, 1, true, false]
gate << :go
[pool.wait_for_termination, seen]                            #=> [true, [0, 1, 2, 3, 4]]
# A queue with an end, and what then.
def busy(fallback)
  pool = ThreadPool.new(1, max_queue: 1, fallback: fallback)
  gate = Thread::Queue.new
  begun = Thread::Queue.new
  pool.post { begun << 1; gate.pop }
  begun.pop
  pool.post { $seen << :queued }
  yield pool, gate
ensure
  gate << :go
  pool.stop
end
busy(:raise) { |pool, _| pool.post { } }                     #=> Troupe::Sync::ThreadPool::RejectedError: the pool takes no more work
seen                                                         #=> [:queued]
busy(:discard) { |pool, _| [pool.post { $seen << :never }, pool.future { }.value!] } #=> Troupe::Sync::Future::AbandonedError: the pool dropped the work
seen                                                         #=> [:queued]
busy(:caller_runs) { |pool, _| pool.post { $seen << :by_caller } } #=> true
seen                                                         #=> [:by_caller, :queued]
busy(:wait) { |pool, gate| w = waiter { pool.post { $seen << :later } }; gate << :go; w.value } #=> true
seen                                                         #=> [:queued, :later]
busy(:wait) { |pool, gate| w = waiter { pool.post { $seen << :never } }; pool.shutdown; w.value } #=> Troupe::Sync::ThreadPool::RejectedError: the pool takes no more work
seen                                                         #=> [:queued]
busy(:wait) { |pool, gate| w = waiter { pool.post { $seen << :never } }; w.kill.join; pool.queue_length } #=> 1
seen                                                         #=> [:queued]
# kill: ensures run, the rest is dropped.
pool = ThreadPool.new(1)
begun = Thread::Queue.new
running = pool.future { begin; begun << 1; sleep; ensure; $seen << :ensured; end }
waiting = pool.future { $seen << :never }
begun.pop
[pool.kill, pool.wait_for_termination(1), seen]              #=> [true, true, [:ensured]]
running.value!                                               #=> Troupe::Sync::Future::AbandonedError: the thread was killed
waiting.value!                                               #=> Troupe::Sync::Future::AbandonedError: the pool dropped the work
pool = ThreadPool.new(1)
pool.post { begun << 1; sleep }
begun.pop
[pool.stop(0.001), pool.terminated?]                         #=> [false, true]
# A thread of the pool that somebody kills is replaced.
pool = ThreadPool.new(1)
pool.post { Thread.current.kill }
pool.future { :another }.value(1)                            #=> :another
pool.stop                                                    #=> true
# Elastic: threads come with the work, and go when they are idle.
pool = ThreadPool.new(min: 0, max: 3, idle_time: 0.005)
gate = Thread::Queue.new
futures = 3.times.map { |n| pool.future { begun << n; gate.pop } }
3.times { begun.pop }
pool.length                                                  #=> 3
3.times { gate << 1 }
futures.each(&:wait)
Thread.pass until pool.length == 0
pool.future { :again }.value                                 #=> :again
pool.stop                                                    #=> true
keeping = ThreadPool.new(min: 1, max: 3, idle_time: 0.002)
6.times.map { keeping.future { sleep 0.001 } }.each(&:wait)
Thread.pass until keeping.length == 1
[keeping.future { 1 }.value, keeping.stop]                   #=> [1, true]
# Many threads, many tasks, nothing lost.
pool = ThreadPool.new(8, max_queue: 4)
4.times.map { |n| Thread.new { 250.times.map { |m| pool.future { n * m } }.sum(&:value) } }.sum(&:value) #=> 186750
[pool.stop, pool.completed_count]                            #=> [true, 1000]

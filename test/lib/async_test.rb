# require "async": tasks, their tree, what they synchronise with.
require "async"
require "stringio"

$seen = []
def seen = $seen.tap { $seen = [] }
def said
  before, $stderr = $stderr, StringIO.new
  yield
  $stderr.string
ensure
  $stderr = before
end

# --- running ---
Async { 3 }.class                                            #=> Async::Task
Async { 3 }.wait                                             #=> 3
Async { |task| task.class }.result                           #=> Async::Task
Async { |task| [task.running?, task.current?, Async::Task.current.equal?(task), task.alive?] }.wait #=> [true, true, true, true]
Async { }.status                                             #=> :completed
Sync { 4 }                                                   #=> 4
Sync { |task| Sync { |inner| inner.equal?(task) } }          #=> true
Sync { raise ArgumentError, "out" }                          #=> ArgumentError: out
Sync(annotation: "named") { |task| task.annotation }         #=> "named"
Sync { |task| Sync(annotation: "within") { |same| same.annotation } } #=> "within"
Async { }.then { Fiber.scheduler }                           #=> nil
Async::Task.current                                          #=> RuntimeError: No async task available!
Async::Task.current?                                         #=> nil

Async { Async { Async { 5 }.wait }.wait }.wait               #=> 5
Async(1) { }.class                                           #=> Async::Task

# A task runs until it waits; the others run meanwhile; nothing outlives the outermost block.
Async { |task| task.async { $seen << 1; sleep 0.05; $seen << 4 }; task.async { $seen << 2; sleep 0.002; $seen << 3 } }
seen                                                         #=> [1, 2, 3, 4]
Async { |task| task.async(:a, :b) { |inner, *rest| rest }.wait }.wait #=> [:a, :b]
Async { |task| $seen << task.yield.class; task.async { $seen << 1; task.yield; $seen << 3 }; $seen << 2 }
seen                                                         #=> [NilClass, 1, 2, 3]
Async { |task| task.sleep(0.001) }.wait.between?(0, 1)       #=> true

# --- the tree ---
Async { |task| child = task.async { sleep 0.001 }; [child.parent.equal?(task), task.children.to_a == [child], task.children.size] }.wait #=> [true, true, 1]
outer = Async { |task| task.async { sleep 0.005; $seen << :child }; :value }
[outer.wait, seen, outer.children.empty?]                    #=> [:value, [:child], true]
Async { |task| task.async { sleep 0.002; $seen << :inner }.then { $seen << task.children.count } }.wait.size #=> 2
seen                                                         #=> [1, :inner]
inner = nil
Async { |task| inner = task.async { sleep 0.01; $seen << :never }; task.async(transient: true) { begin; sleep; ensure; $seen << :transient; end }; inner.stop }
seen                                                         #=> [:transient]
Async(transient: true) { begin; sleep; ensure; $seen << :ended; end }.status #=> :stopped
seen                                                         #=> [:ended]
Async { |task| task.async { task.async(annotation: "deep") { sleep 0.001 } }; task.traverse.map { |_, depth| depth } }.wait #=> [0, 1, 1]
text = StringIO.new
Async(annotation: "top") { |task| task.async(annotation: "below") { sleep 0.001 }; task.print_hierarchy(text) }.wait
text.string.gsub(/0x\h+/, "0x")                              #=> "#<Async::Task:0x top (running)>\n\t#<Async::Task:0x below (running)>\n"
done = Async { }
done.async { }                                               #=> Async::Task::FinishedError: Cannot create child task within a task that has finished execution!
done.run                                                     #=> RuntimeError: Task already running!

# --- errors reach who waits ---
failed = nil
said { failed = Async { raise IOError, "broken" } }[/Task may have ended with unhandled exception.|IOError|broken/] #=> "Task may have ended with unhandled exception."
[failed.status, failed.failed?, failed.finished?, failed.result.class] #=> [:failed, true, true, IOError]
failed.wait                                                  #=> IOError: broken
Async { |task| begin; task.async { raise IOError, "below" }.wait; rescue IOError => e; e.message; end }.wait #=> "below"
said { Async { |task| task.async { raise IOError }.wait rescue nil } } #=> ""
Async(quiet: true) { |task| task.async { sleep 0.001; raise IOError, "later" }.wait }.wait #=> IOError: later
said { Async { |task| task.async { begin; sleep; ensure; $seen << :stopped; end }; raise "parent" } }.lines.size > 1 #=> true
seen                                                         #=> [:stopped]
Async(quiet: true) { |task| task.wait }.wait                 #=> RuntimeError: Cannot wait on own fiber!
Async { |task| [1, 2].map { |n| task.async { sleep 0.001 * n; n } }.map(&:wait) }.wait #=> [1, 2]

# --- stop ---
stopped = Async { |task| child = task.async { begin; sleep; ensure; $seen << :ensured; end }; child.stop; child }.wait
[stopped.status, stopped.stopped?, stopped.wait, stopped.result, seen] #=> [:stopped, true, nil, nil, [:ensured]]
Async { |task| task.stop; $seen << :never }.status           #=> :stopped
seen                                                         #=> []
Async { |task| one = task.async { |child| child.async { sleep }; begin; sleep; rescue Async::Stop; $seen << :one; raise; end }; task.yield; one.stop; seen }.wait #=> [:one]
Async { |task| child = task.async { begin; sleep; rescue Async::Stop; $seen << :rescued; end; :went_on }; child.stop; [child.status, child.wait] }.wait #=> [:completed, :went_on]
seen                                                         #=> [:rescued]
Async { |task| child = task.async { begin; sleep; ensure; sleep 0.005; $seen << :slow; end }; child.stop; $seen << :after }.wait
seen                                                         #=> [:slow, :after]
Async { |task| child = task.async { begin; sleep; ensure; $seen << :late; end }; child.stop(true); $seen << :first; task.yield }.wait.class #=> NilClass
seen                                                         #=> [:first, :late]
Async { |task| child = task.async { child_task = Async::Task.current; child_task.defer_stop { sleep 0.002; $seen << :whole }; $seen << :never }; child.stop; child.status }.wait #=> :running
seen                                                         #=> [:whole]
Async { |task| child = task.async { sleep 0.01 }; other = task.async { child.wait.inspect }; child.stop; other.wait }.wait #=> "nil"
Async { |task| task.async { task.stop }; sleep }.status      #=> :stopped
Async::Stop.ancestors.include?(StandardError)                #=> false
Async { |task| child = task.async { }; [child.stop, child.status] }.wait #=> [nil, :completed]
# Stopped while it was ready, it waits in its ensure undisturbed.
Async { |task| q = Async::Queue.new; child = task.async { begin; q.dequeue; ensure; t = Async::Clock.measure { sleep 0.01 }; $seen << (t >= 0.01); end }; q << 1; child.stop }.wait
seen                                                         #=> [true]

# --- with_timeout ---
Async(quiet: true) { |task| task.with_timeout(0.005) { sleep 1 } }.wait #=> Async::TimeoutError: execution expired
Async { |task| task.with_timeout(1) { |timer| 5 } }.wait     #=> 5
Async { |task| begin; task.with_timeout(0.001, IOError, "mine") { sleep }; rescue IOError => e; e.message; end }.wait #=> "mine"
Async { |task| task.with_timeout(0.001) { begin; sleep; ensure; $seen << :ensured; end } rescue $seen << $!.class; sleep 0.003; :fine }.wait #=> :fine
seen                                                         #=> [:ensured, Async::TimeoutError]
Async { |task| begin; task.with_timeout(0.002) { task.with_timeout(1) { sleep } }; rescue Async::TimeoutError; :outer; end }.wait #=> :outer
Async { |task| task.with_timeout(0.002) { }; sleep 0.005; :quiet }.wait #=> :quiet
Async { |task| task.with_timeout(0.002) { |timer| timer.cancel; sleep 0.004; :cancelled } }.wait #=> :cancelled
require "timeout"
Async { begin; Timeout.timeout(0.002) { sleep }; rescue Timeout::Error => e; e.message; end }.wait #=> "execution expired"
Async { Timeout.timeout(1) { |limit| limit } }.wait          #=> 1

# --- Condition, Notification, Variable ---
condition = Async::Condition.new
Async { |task| a = task.async { condition.wait }; b = task.async { condition.wait }; [condition.waiting?, condition.signal(3), a.wait, b.wait, condition.empty?] }.wait #=> [true, nil, 3, 3, true]
Async { |task| task.async { condition.wait }.stop; condition.empty? }.wait #=> true
condition.wait                                               #=> RuntimeError: No async task available!
condition.signal                                             #=> nil
notification = Async::Notification.new
Async { |task| task.async { $seen << notification.wait }; notification.signal(:told); $seen << :teller }.wait
seen                                                         #=> [:teller, :told]
variable = Async::Variable.new
Async { |task| a = task.async { variable.wait }; variable.resolve(7); [a.wait, variable.value, variable.resolved?] }.wait #=> [7, 7, true]
variable.resolve(8)                                          #=> FrozenError: already resolved

# --- Semaphore ---
semaphore = Async::Semaphore.new(2)
most = now = 0
Async { |task| 6.times { semaphore.async { most = [most, now += 1].max; sleep 0.001; now -= 1 } } }
[most, semaphore.count, semaphore.empty?]                    #=> [2, 0, true]
Async { semaphore.acquire { [semaphore.count, semaphore.blocking?, semaphore.limit] } }.wait #=> [1, false, 2]
Async { begin; semaphore.acquire { raise "in it" }; rescue; semaphore.count; end }.wait #=> 0
single = Async::Semaphore.new
Async { |task| single.acquire; waiter = task.async { single.acquire { $seen << :entered } }; $seen << single.waiting?; single.release; waiter.wait }.wait
seen                                                         #=> [true, :entered]
Async { |task| single.acquire; a = task.async { single.acquire { } }; b = task.async { single.acquire { :b } }; single.release; a.stop; b.wait }.wait #=> :b
[single.count, single.waiting?]                              #=> [0, false]
Async { |task| single.acquire; task.async { single.acquire }.stop; single.release; [single.count, single.waiting?] }.wait #=> [0, false]
Async { |task| single.acquire; 2.times { |n| task.async { single.acquire; $seen << n } }; single.limit = 3; task.yield; seen }.wait #=> [0, 1]
ordered = Async::Semaphore.new(1)
Async { |task| ordered.acquire; 3.times { |n| task.async { ordered.acquire { $seen << n } } }; ordered.release; ordered.acquire { $seen << :last } }
seen                                                         #=> [0, 1, 2, :last]

# --- Barrier ---
barrier = Async::Barrier.new
Async { 3.times { |n| barrier.async { sleep 0.06 - n * 0.02; $seen << n } }; barrier.wait; [barrier.size, barrier.empty?] }.wait #=> [0, true]
seen                                                         #=> [2, 1, 0]
Async { barrier.async { sleep 0.005; $seen << :never }; barrier.async { raise IOError, "first" }; begin; barrier.wait; rescue IOError => e; barrier.stop; e.message; end }.wait #=> "first"
[seen, barrier.empty?]                                       #=> [[], true]
Async { barrier.async { sleep 0.002; 2 }; barrier.async { 1 }; barrier.wait { |task| $seen << task.wait } }.wait
seen                                                         #=> [1, 2]
Async { barrier.async { sleep }; barrier.async { 1 }; barrier.wait { |task| $seen << task.wait; break }; barrier.stop; barrier.size }.wait #=> 0
seen                                                         #=> [1]
Async { |task| limited = Async::Semaphore.new(1, parent: barrier); 3.times { |n| limited.async { $seen << n; sleep 0.001 } }; barrier.wait; seen }.wait #=> [0, 1, 2]

# --- Queue, LimitedQueue, PriorityQueue ---
queue = Async::Queue.new
Async { |task| consumer = task.async { [queue.dequeue, queue.pop, queue.wait] }; queue.push(1) << 2; queue.enqueue(3); consumer.wait }.wait #=> [1, 2, 3]
Async { queue.dequeue(timeout: 0.001) }.wait                 #=> nil
Async { |task| task.async { queue.each { |item| $seen << item } }; queue.enqueue(1, 2); task.yield; queue.close; queue.closed? }.wait #=> true
seen                                                         #=> [1, 2]
queue << 1                                                   #=> Async::Queue::ClosedError: Queue is closed!
Async { queue.dequeue }.wait                                 #=> nil
queue = Async::Queue.new
Async { |task| a = task.async { queue.dequeue }; b = task.async { queue.dequeue }; queue << 1; a.stop; b.wait }.wait #=> 1
Async { |task| task.async { queue.async { |inner, item| $seen << item } }; queue.enqueue(4, 5, nil) }
seen                                                         #=> [4, 5]
[queue.size, queue.empty?]                                   #=> [0, true]
limited = Async::LimitedQueue.new(2)
Async { |task| task.async { 4.times { |n| limited << n; $seen << [:in, n] } }; 4.times { $seen << limited.dequeue } }
seen                                                         #=> [[:in, 0], [:in, 1], 0, 1, [:in, 2], [:in, 3], 2, 3]
limited.limited?                                             #=> false
Async { |task| limited.enqueue(1, 2); producer = task.async { limited << 3 }; limited.close; begin; producer.wait; rescue => e; e.class; end }.wait #=> Async::Queue::ClosedError
priority = Async::PriorityQueue.new
Async { priority.enqueue(3, 1, 2); [priority.dequeue, priority.dequeue, priority.dequeue] }.wait #=> [1, 2, 3]
Async { |task| Thread.new { sleep 0.002; queue << :from_thread }; queue.dequeue }.wait #=> :from_thread

# --- what waits in Ruby waits for its task alone ---
reader, writer = IO.pipe
Async { |task| a = task.async { reader.gets }; $seen << :other; writer.puts "line"; a.wait }.wait #=> "line\n"
seen                                                         #=> [:other]
Async { |task| a = task.async { reader.readpartial(1) }; b = task.async { reader.wait_readable(0.002) }; writer << "xy"; [a.wait, b.wait.equal?(reader)] }.wait #=> ["x", true]
Async { reader.readpartial(1); reader.wait_readable(0.002) }.wait #=> nil
Async { |task| a = task.async { begin; reader.gets; rescue IOError => e; e.message; end }; task.yield; reader.close; a.wait }.wait #=> "stream closed in another thread"
shared, sharing = IO.pipe
Async { |task| 3.times.map { task.async { shared.readpartial(1) } }.tap { sharing << "abc" }.map(&:wait).sort }.wait #=> ["a", "b", "c"]
3.times.map { Thread.new { shared.readpartial(1) } }.tap { |all| Thread.pass until all.all?(&:stop?); sharing << "abc" }.map(&:value).sort #=> ["a", "b", "c"]
r2, w2 = IO.pipe
Async { |task| a = task.async { r2.read }; task.async { w2 << "x" * 200_000; w2.close }; a.wait.size }.wait #=> 200000
Async { |task| [task.async { `echo a` }, task.async { system("exit 2"); $?.exitstatus }].map(&:wait) }.wait #=> ["a\n", 2]
Async { |task| 3.times.map { |n| task.async { IO.popen(["cat"], "r+") { |io| io << n; io.close_write; io.read } } }.map(&:wait) }.wait #=> ["0", "1", "2"]
thread_queue = Thread::Queue.new
Async { |task| a = task.async { thread_queue.pop }; Thread.new { sleep 0.001; thread_queue << :t }; a.wait }.wait #=> :t
mutex = Thread::Mutex.new
Async { |task| 3.times.map { |n| task.async { mutex.synchronize { sleep 0.001; $seen << n } } }.each(&:wait) }
seen                                                         #=> [0, 1, 2]
Async { Thread.new { sleep 0.001; 9 }.value }.wait           #=> 9
Async { |task| e = Enumerator.new { |y| y << 1; sleep 0.001; y << 2 }; other = task.async { $seen << :ran }; [e.next, e.next] }.wait #=> [1, 2]
seen                                                         #=> [:ran]
Async { Fiber.schedule { sleep 0.001; $seen << :scheduled } }
seen                                                         #=> [:scheduled]
Async { Fiber[:request] = 1; Async { Fiber[:request] }.wait }.wait #=> 1
Async { |task| IO.select([r2], nil, nil, 0.001).map(&:size) }.wait #=> [1, 0, 0]

# --- what is no StandardError ends the loop ---
begin; Async { |task| task.async { begin; sleep; ensure; $seen << :stopped; end }; task.async { exit 3 }; sleep }; rescue SystemExit => e; e.status; end #=> 3
seen                                                         #=> [:stopped]
Thread.new { Async { sleep } }.tap { |t| Thread.pass until t.stop?; t.kill; t.join }.status #=> false
Thread.new { begin; Async { begin; sleep; ensure; $seen << :ensured; end }; rescue IOError => e; $seen << e.message; end }.tap { |t| Thread.pass until t.stop?; t.raise(IOError, "to the loop"); t.join }.status #=> false
seen                                                         #=> [:ensured, "to the loop"]

# --- the scheduler itself ---
Async::Scheduler.run { Fiber.scheduler.class }.wait          #=> Async::Scheduler
Async::Reactor.run { 1 }.wait                                #=> 1
Thread.new { s = Async::Scheduler.new; Fiber.set_scheduler(s); s.async { sleep 0.001; $seen << :by_hand }; s.run; $seen << s.closed?; Fiber.set_scheduler(nil); s.async { } }.tap { |t| t.report_on_exception = false }.value #=> Async::Scheduler::ClosedError: Scheduler is closed
seen                                                         #=> [:by_hand, false]
Async::Clock.measure { sleep 0.002 } >= 0.002                #=> true
clock = Async::Clock.start
[clock.total > 0, clock.stop! > 0, clock.reset!]             #=> [true, true, nil]
Async { |task| 10_000.times.map { |n| task.async { sleep 0.001; n } }.sum(&:wait) }.wait #=> 49995000
Async { |task| 10_000.times.map { task.async { sleep } }.each(&:stop).count(&:stopped?) }.wait #=> 10000
2.times.map { |n| Ractor.new(n) { |m| require "async"; Async { |task| task.async { sleep 0.001; m }.wait }.wait } }.map(&:value) #=> [0, 1]

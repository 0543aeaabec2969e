# schedules.rb: threads and Ractors that meet in locks, queues, interrupts and messages, without a look at the clock. It
# checks what must hold in every schedule, and prints the order in which things happened: run under TROUPE_SCHED_SEED=n,
# the same number gives the same order. `make test-seeds` runs a thousand of them.
Thread.report_on_exception = false

def check(what, is, should) = is == should || abort("#{what}: #{is.inspect}, not #{should.inspect}")

order = []

# A Mutex guards what is not atomic.
mutex = Mutex.new
total = 0
4.times.map do |i|
  Thread.new do
    10.times do
      mutex.synchronize do
        before = total
        Thread.pass
        total = before + 1
        order << i
      end
    end
  end
end.each(&:join)
check "sum under a Mutex", total, 40

# Nothing is lost in a queue, and each producer's items come in order.
queue = SizedQueue.new(2)
producers = 3.times.map { |i| Thread.new { 8.times { |j| queue << [i, j] } } }
consumers = 2.times.map { Thread.new { items = []; while (item = queue.pop) do items << item end; items } }
producers.each(&:join)
queue.close
taken = consumers.map(&:value)
check "items", taken.flatten(1).sort, [*0..2].product([*0..7])
taken.each { |items| 3.times { |i| own = items.select { |p, _| p == i }; check "order", own, own.sort } }
order << taken.map(&:size)

# A ConditionVariable loses no wake-up.
condition = ConditionVariable.new
turn = 0
3.times.map do |i|
  Thread.new do
    5.times do
      mutex.synchronize do
        condition.wait(mutex) until turn % 3 == i
        turn += 1
        condition.broadcast
      end
    end
  end
end.each(&:join)
check "turns", turn, 15

# An interrupt strikes once, and never inside what is protected.
entered = left = 0
victims = 3.times.map do
  ready = Queue.new
  thread = Thread.new do
    ready << true
    loop { Thread.handle_interrupt(Object => :never) { entered += 1; Thread.pass; left += 1 } }
  ensure
    order << :ended
  end
  ready.pop
  thread
end
victims.each_with_index { |thread, i| i == 0 ? thread.kill : thread.raise("stop") }
victims.each { |thread| thread.join rescue check("what was raised", $!.message, "stop") }
check "protected", left, entered

# Ractors: messages of one sender come in order, and each result once.
port = Ractor::Port.new
ractors = 3.times.map { |i| Ractor.new(port, i) { |port, i| 5.times { |j| port << [i, j] }; i * 10 } }
seen = 15.times.map { port.receive }
3.times { |i| check "messages", seen.select { |r, _| r == i }.map(&:last), [*0..4] }
check "results", ractors.map(&:value), [0, 10, 20]
order << seen.map(&:first).join

puts order.join(" ")

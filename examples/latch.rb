# latch.rb - wait until several threads are ready, and let them start at once: two latches.
require "troupe/sync"

ready = Troupe::Sync::CountDownLatch.new(3)
start = Troupe::Sync::CountDownLatch.new
results = Thread::Queue.new

runners = %w[Ann Bob Cid].map do |name|
  Thread.new do
    ready.count_down
    start.wait
    results << name
  end
end

ready.wait
puts "all are ready; nobody has run: #{results.size}"
start.count_down
runners.each(&:join)
puts "they have run: #{results.size.times.map { results.pop }.sort.join(", ")}"

# A latch that nobody opens: every wait can have an end.
puts "in time? #{Troupe::Sync::CountDownLatch.new.wait(0.01)}"

# Phases: a barrier is a latch that closes again.
log = Thread::Queue.new
phase = Troupe::Sync::CyclicBarrier.new(3) { log << "--- all have arrived" }
3.times.map do |n|
  Thread.new do
    2.times do |round|
      log << "round #{round}"
      phase.wait
    end
  end
end.each(&:join)
puts log.size.times.map { log.pop }

# thread_pool.rb - a fixed number of threads, a queue with an end, and Futures of what comes out.
require "troupe/sync"

pool = Troupe::Sync::ThreadPool.new(4, max_queue: 8, name: "worker")

# More work than fits into the queue: who posts waits for room.
squares = 20.times.map { |n| pool.future { n * n } }
puts "squares: #{squares.map(&:value).sum}"

# Futures follow one another, and carry errors along.
length = pool.future { "a line of text" }.then(&:split).then(&:size)
puts "words: #{length.value}"
broken = pool.future { Integer("no number") }
puts "error: #{broken.then { |n| n + 1 }.rescue(&:message).value}"
puts "all of them: #{Troupe::Sync::Future.all(%w[a b c].map { |s| pool.future { s.upcase } }).value.join}"

# The end: what was taken is done, more is refused.
gate = Thread::Queue.new
last = pool.future { gate.pop }
pool.shutdown
begin
  pool.post { }
rescue Troupe::Sync::ThreadPool::RejectedError => error
  puts "refused: #{error.message}"
end
gate << "the last word"
puts "ended: #{pool.wait_for_termination}, #{last.value}"

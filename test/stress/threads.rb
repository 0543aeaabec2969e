# threads.rb [seconds = 2] [seed] [ractors = 4] [threads = 50]: random raise, kill, handle_interrupt, Mutex,
# ConditionVariable, Queue, SizedQueue and Timeout among many threads of several Ractors; the invariants are checked.
#
#   no lost lock      what a Mutex guards is consistent, and no Mutex is held by a dead thread
#   no lost element   every item that was pushed was popped, or still lies in its queue, once
#   ensures run       a body under handle_interrupt(Object => :never) always reaches its end
#
# Prints the seed; the same seed makes the same decisions (not the same schedule).
require "timeout"
Thread.report_on_exception = false # they end by what is raised in them

seconds = (ARGV[0] || 2).to_f
seed = (ARGV[1] || Random.new_seed % 1_000_000).to_i
ractors = (ARGV[2] || 4).to_i
threads = (ARGV[3] || 50).to_i
$stderr.puts "seed #{seed}"

workers = ractors.times.map do |number|
  Ractor.new(seconds, seed + number, threads) do |seconds, seed, threads|
    random = Random.new(seed)
    nudge = Class.new(StandardError)
    mutexes = Array.new(5) { Mutex.new }
    totals = Array.new(5, 0)        # guarded by the mutex of the same index
    expected = Array.new(5, 0)
    condition = ConditionVariable.new
    queues = [Queue.new, SizedQueue.new(3)]
    pushed, popped = Hash.new(0), Hash.new(0)
    started = finished = entered = left = serial = 0
    stop = false
    problems = []

    # Lets an interrupt only come while the block waits.
    blocking = proc { |&body| Thread.handle_interrupt(Object => :on_blocking, &body) }

    step = proc do |mine|
      case mine.rand(9)
      when 0
        index = mine.rand(5)
        Thread.handle_interrupt(Object => :never) do
          entered += 1
          mutexes[index].synchronize do
            before = totals[index]
            Thread.pass if mine.rand(3) == 0
            totals[index] = before + 1
            expected[index] += 1
          end
          sleep(0.0001) if mine.rand(4) == 0
          left += 1
        end
      when 1
        mutexes[mine.rand(5)].synchronize { Thread.pass if mine.rand(2) == 0 }
      when 2
        first, second = mine.rand(5), mine.rand(5)
        mutexes[first].synchronize { mutexes[second].synchronize {} if second > first }
      when 3
        blocking.call do
          item = (serial += 1)
          done = mine.rand(2) == 0 ? queues[0].push(item) : queues[1].push(item, timeout: 0.002)
          pushed[item] += 1 if done
        end
      when 4
        blocking.call do
          item = queues[mine.rand(2)].pop(timeout: 0.002)
          popped[item] += 1 if item
        end
      when 5
        mutexes[0].synchronize { condition.wait(mutexes[0], 0.001) }
      when 6
        mutexes[0].synchronize { mine.rand(2) == 0 ? condition.signal : condition.broadcast }
      when 7
        begin
          Timeout.timeout(0.0005 + mine.rand / 1000) { mine.rand(2) == 0 ? sleep(0.001) : 50.times { Thread.pass } }
        rescue Timeout::Error
          nil
        end
      when 8
        sleep(mine.rand / 2000)
      end
    end

    # A push counts when it returned; one that was interrupted while it waited must not have put anything in.
    body = proc do |mine|
      Thread.handle_interrupt(Object => :never) do
        started += 1
        begin
          Thread.handle_interrupt(Object => :immediate) do
            until stop
              begin
                step.call(mine)
              rescue nudge
                nil
              end
            end
          end
        rescue nudge
          nil
        ensure
          mine.rand(2) == 0 ? Thread.pass : sleep(0.0001) # where one would come that is not held back
          finished += 1
        end
      end
    rescue nudge
      nil
    end

    make = proc do |n|
      Thread.new(Random.new(seed * 1000 + n)) do |mine|
        body.call(mine)
      end
    end

    made = threads
    crew = Array.new(threads) { |n| make.call(n) }
    limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    while Process.clock_gettime(Process::CLOCK_MONOTONIC) < limit
      index = random.rand(threads)
      case random.rand(4)
      when 0 then crew[index].raise(nudge)
      when 1 then crew[index].wakeup if crew[index].alive? && crew[index].stop?
      when 2
        crew[index].kill
        begin
          crew[index].join
        rescue nudge
          nil # that was sent first, before the body began
        end
        crew[index] = make.call(made += 1)
      when 3 then sleep 0.0005
      end
    end
    stop = true
    crew.each do |thread|
      next if thread.join(60)
      problems << "a thread does not end: #{thread.inspect} #{thread.backtrace&.first(3)}"
    rescue nudge
      nil
    end

    problems << "totals #{totals} are not #{expected}" unless totals == expected
    mutexes.each_with_index { |mutex, i| problems << "mutex #{i} is still locked" if mutex.locked? }
    queues.each { |queue| popped[queue.pop] += 1 until queue.empty? }
    lost = pushed.keys - popped.keys
    strange = popped.keys - pushed.keys
    problems << "lost elements: #{lost.first(5)}" unless lost.empty?
    problems << "elements from nowhere: #{strange.first(5)}" unless strange.empty?
    problems << "elements popped twice" if popped.values.any? { |n| n > 1 }
    problems << "ensure was left out: #{started} started, #{finished} finished" unless started == finished
    problems << "interrupted though never: #{entered} entered, #{left} left" unless entered == left
    [problems, started, totals.sum, popped.size]
  end
end

results = workers.map(&:value)
problems = results.flat_map(&:first)
problems.each { |problem| puts problem }
$stderr.puts "threads #{results.sum { |r| r[1] }}, locked #{results.sum { |r| r[2] }}, items #{results.sum { |r| r[3] }}"
puts problems.empty? ? "sound" : "seed #{seed}"
exit problems.empty?

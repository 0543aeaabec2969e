# timer_scheduler.rb - things to do later, and again and again, on one thread: a heap of times and a Queue that ends the
# sleep when an earlier one comes. Queue#pop(timeout:) is the whole machinery.
class TimerScheduler
  Timer = Struct.new(:time, :interval, :work) do
    def cancel = self.work = nil
  end

  def initialize
    @timers = []
    @inbox = Thread::Queue.new
    @thread = Thread.new { run }
  end

  # After so many seconds; with `every`, again and again.
  def after(seconds, every: nil, &work)
    timer = Timer.new(now + seconds, every, work)
    @inbox << timer
    timer
  end

  def every(seconds, &) = after(seconds, every: seconds, &)

  # Ends it; what is due by then has run.
  def stop
    @inbox.close
    @thread.join
  end

  private

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def run
    loop do
      timer = @inbox.pop(timeout: @timers.empty? ? nil : [@timers.first.time - now, 0].max)
      add(timer) if timer
      fire(@timers.shift) while @timers.any? && @timers.first.time <= now
      break if timer.nil? && @inbox.closed?
    end
  end

  def add(timer)
    index = @timers.bsearch_index { |other| other.time > timer.time } || @timers.size
    @timers.insert(index, timer)
  end

  def fire(timer)
    return unless timer.work
    begin
      timer.work.call
    rescue StandardError => error
      puts "a timer failed: #{error.message}"
    end
    return unless timer.interval
    timer.time += timer.interval # from when it was due, not from when it ran: it does not drift
    add(timer)
  end
end

scheduler = TimerScheduler.new
done = Thread::Queue.new

scheduler.after(0.03) { done << "third" }
scheduler.after(0.01) { done << "first" }
scheduler.after(0.02) { done << "second" }
never = scheduler.after(0.015) { done << "never" }
never.cancel
3.times { puts done.pop }

scheduler.after(0) { raise "this one is broken" }
count = 0
ticking = scheduler.every(0.001) do
  count += 1
  done << :ticked if count == 3
end
done.pop
ticking.cancel
puts "ticked three times"
scheduler.stop
puts "stopped"

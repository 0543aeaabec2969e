# scheduler.rb - a fiber scheduler (see Fiber::Scheduler in Ruby's documentation) on a selector of its own.
#
# The thread's root fiber runs the loop; a fiber that waits transfers to it and is transferred to when its time has come.
# Each wait is a Waiter. It is woken once, and an exception that comes first makes a later wake-up mean nothing: so a fiber
# that was stopped while it was ready, and waits again in an ensure, is not disturbed.
#
# `alive` counts the fibers that are not over; the loop ends with the last of them.
require "async_core"

module Async
  # Raised in a block that ran longer than with_timeout allows.
  class TimeoutError < StandardError
    def initialize(message = "execution expired") = super
  end

  # A fiber that waits, and for what.
  class Waiter
    attr_reader :fiber, :blocker
    attr_accessor :value, :events

    def initialize(fiber, blocker = nil)
      @fiber = fiber
      @blocker = blocker
      @state = :waits
    end

    def waits? = @state == :waits
    def over? = @state == :over
    def wake = @state = :woken
    def finish = @state = :over
  end

  # Moments in order: a binary heap of [time, number, waiter or proc]. An entry that is not wanted any more is marked.
  class Timers
    Entry = Struct.new(:time, :number, :action) do
      def cancel = self.action = nil
      alias_method :cancel!, :cancel
      def cancelled? = action.nil?
    end

    def initialize
      @heap = []
      @number = 0
    end

    def add(time, action)
      entry = Entry.new(time, @number += 1, action)
      index = @heap.size
      @heap << entry
      while index > 0 && before?(entry, @heap[parent = (index - 1) / 2])
        @heap[index] = @heap[parent]
        index = parent
      end
      @heap[index] = entry
    end

    # The time of the first entry that counts; nil when there is none.
    def first_time
      shift while @heap.first && !@heap.first.action
      @heap.first&.time
    end

    def take_due(now)
      due = []
      while (time = first_time) && time <= now
        due << shift
      end
      due
    end

    private

    def before?(a, b) = a.time < b.time || (a.time == b.time && a.number < b.number)

    def shift
      first = @heap.first
      last = @heap.pop
      return first if @heap.empty?
      index = 0
      while (child = index * 2 + 1) < @heap.size
        child += 1 if child + 1 < @heap.size && before?(@heap[child + 1], @heap[child])
        break unless before?(@heap[child], last)
        @heap[index] = @heap[child]
        index = child
      end
      @heap[index] = last
      first
    end
  end

  class Scheduler
    ClosedError = Class.new(RuntimeError)

    # A scheduler of its own for one task: runs until nothing is left to do, and returns the task.
    def self.run(...)
      scheduler = new
      Fiber.set_scheduler(scheduler)
      begin
        scheduler.async(...)
      ensure
        Fiber.set_scheduler(nil)
      end
    end

    def initialize
      @thread = Thread.current
      @loop = Fiber.current
      @ready = []                         # Waiters to go on
      @timers = Timers.new
      @parked = {}.compare_by_identity    # fiber => its Waiter
      @waiting = {}                       # descriptor => [Waiter with events, …]
      @inbox = Thread::Queue.new          # procs that other threads left
      @selector = Selector.new
      @alive = 0
      @children = Children.new
      @failed = []
      @fatal = nil
      @is_closed = false
    end

    attr_reader :children

    # A new task at the top of the tree; runs until it waits for the first time.
    def async(*arguments, **options, &block)
      Kernel.raise ClosedError, "Scheduler is closed" if @is_closed
      Task.new(self, nil, **options, &block).run(*arguments)
    end

    def closed? = @is_closed
    def parent = nil
    def root = self

    # --- for tasks ---

    # Runs a new fiber until it waits.
    def start(fiber)
      @alive += 1
      step_aside { fiber.transfer }
    end

    def ended = @alive -= 1

    def report_later(task) = @failed << task

    # In the next round, by the loop.
    def later(&block) = @timers.add(now, block)

    # What is no StandardError ends the loop: exit, signals.
    def fail_with(error) = @fatal ||= error

    # Lets everything that is ready run first.
    def yield = step_aside { @loop.transfer }

    # Raises in a fiber that waits; returns when that one waits again or is over.
    def raise(fiber, *arguments) = step_aside { fiber.raise(*arguments) }

    def with_timeout(seconds, exception = TimeoutError, message = "execution expired")
      return yield if seconds.nil?
      fiber = Fiber.current
      timer = @timers.add(now + seconds, proc { fiber.raise(exception, message) if fiber.alive? })
      begin
        yield timer
      ensure
        timer.cancel
      end
    end

    # The fiber goes on in the next round, with this value of its wait. Of this thread.
    def wake(waiter, value = true)
      return unless waiter.waits?
      waiter.wake
      waiter.value = value
      @ready << waiter
    end

    # Waits until somebody wakes the Waiter: the value that it was woken with.
    def park(waiter)
      @parked[waiter.fiber] = waiter
      @loop.transfer
      waiter.value
    ensure
      waiter.finish
      @parked.delete(waiter.fiber)
    end

    # --- hooks ---

    def fiber(&block) = async { block.call }.fiber

    def block(blocker, timeout = nil)
      waiter = Waiter.new(Fiber.current, blocker)
      return park(waiter) unless timeout
      timer = @timers.add(now + timeout, waiter)
      begin
        park(waiter)
      ensure
        timer.cancel
      end
    end

    # From any thread.
    def unblock(blocker, fiber)
      return leave { unblock(blocker, fiber) } unless Thread.current.equal?(@thread)
      waiter = @parked[fiber]
      wake(waiter) if waiter && waiter.blocker.equal?(blocker)
    end

    def kernel_sleep(duration = nil)
      if duration == 0
        self.yield
      else
        block(:sleep, duration)
      end
    end

    def io_wait(io, events, timeout = nil)
      waiter = Waiter.new(Fiber.current, io)
      waiter.events = events
      fd = io.fileno
      (@waiting[fd] ||= []) << waiter
      timer = nil
      begin
        return events unless arm(fd)
        timer = @timers.add(now + timeout, waiter) if timeout
        park(waiter)
      ensure
        timer&.cancel
        forget(fd, waiter)
      end
    end

    def io_select(*arguments) = Thread.new { IO.select(*arguments) }.value

    def process_wait(pid, flags) = Thread.new { Process::Status.wait(pid, flags) }.value

    def address_resolve(hostname)
      Thread.new { Addrinfo.getaddrinfo(hostname, nil, nil, :STREAM).map(&:ip_address).uniq }.value
    end

    def timeout_after(seconds, exception, message, &block)
      with_timeout(seconds, exception, message) { block.call(seconds) }
    end

    def fiber_interrupt(fiber, exception) = leave { fiber.raise(exception) if fiber.alive? }

    # Runs the work on a thread of its own, while other fibers go on.
    def blocking_operation_wait(operation) = Thread.new { operation.call }.join

    def scheduler_close = close

    # Runs what is left. What interrupts that (a signal, exit in a task) stops the tasks, and is raised when they are over.
    def close
      return if @is_closed
      run
    rescue Exception
      @children.to_a.each(&:stop)
      @fatal = nil
      run
      Kernel.raise
    ensure
      @is_closed = true
      @selector.close
    end

    def run
      loop do
        # Those that nothing waits for go when all others have gone.
        @children.to_a.each(&:stop) if @children.all?(&:transient?)
        break if @alive == 0
        run_once
      end
      report_failures
      check_fatal
    end

    # One round of the loop: what is ready, what is due, what the system has for us.
    def run_once(timeout = nil)
      take_in
      limit = @ready.empty? ? time_to_wait(timeout) : 0
      report_failures if limit != 0
      select(limit) if limit != 0 || !@waiting.empty?
      take_in
      ready, @ready = @ready, []
      ready.each { |waiter| waiter.fiber.transfer unless waiter.over? }
      @timers.take_due(now).each { |entry| fire(entry) }
      check_fatal
    end

    # Prints the tree of tasks.
    def print_hierarchy(out = $stdout)
      out.puts to_s
      @children.each { |task| task.print_hierarchy(out, 1) }
    end

    def to_s = "#<#{self.class} #{@children.size} children#{" (closed)" if @is_closed}>"
    alias inspect to_s

    private

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    # Does what gives control away; this fiber goes on in the next round.
    def step_aside
      return yield if Fiber.current.equal?(@loop)
      waiter = Waiter.new(Fiber.current)
      waiter.wake
      @ready << waiter
      begin
        yield
      ensure
        waiter.finish
      end
    end

    # Has the loop run the block, from another thread.
    def leave(&block)
      @inbox << block
      @selector.wakeup
    end

    # What other threads left.
    def take_in
      @inbox.pop.call until @inbox.empty?
    end

    def time_to_wait(timeout)
      first = @timers.first_time
      limit = first && [first - now, 0].max
      timeout && (limit.nil? || timeout < limit) ? timeout : limit
    end

    # An entry that was cancelled by one before it in the same round counts no more.
    def fire(entry)
      action = entry.action or return
      return action.call if action.is_a?(Proc)
      return unless action.waits?
      action.wake
      action.value = false
      action.fiber.transfer
    end

    def report_failures
      failed, @failed = @failed, []
      failed.each(&:report)
    end

    def check_fatal
      return unless (error = @fatal) && Fiber.current.equal?(@loop)
      @fatal = nil
      Kernel.raise error
    end

    # Asks for the events that anybody waits for; false when the descriptor is always ready.
    def arm(fd) = @selector.watch(fd, @waiting[fd].inject(0) { |events, waiter| events | waiter.events })

    def forget(fd, waiter)
      list = @waiting[fd] or return
      list.delete(waiter)
      @waiting.delete(fd) if list.empty?
    end

    def select(timeout)
      @selector.wait(timeout).each_slice(2) do |fd, events|
        list = @waiting[fd] or next
        list.each { |waiter| wake(waiter, events & waiter.events) if events & waiter.events != 0 }
        arm(fd) if list.delete_if { |waiter| !waiter.waits? }.any?
      end
    end
  end

  # The name that older programs know.
  Reactor = Scheduler
end

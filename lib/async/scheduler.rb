# scheduler.rb - a fiber scheduler (see Fiber::Scheduler in Ruby's documentation) on IO.select.
#
# The thread's root fiber runs the loop; a fiber that waits transfers to it and is transferred to when its time has come.
# `alive` counts the fibers that are not over; the loop ends with the last of them.
require "io/wait"

module Async
  # Raised in a block that ran longer than with_timeout allows.
  class TimeoutError < StandardError
    def initialize(message = "execution expired") = super
  end

  # Moments in order: a binary heap of [time, number, fiber or proc]. An entry that is not wanted any more is marked.
  class Timers
    Entry = Struct.new(:time, :number, :action) do
      def cancel = self.action = nil
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
        due << shift.action
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

    attr_reader :children

    def initialize
      @thread = Thread.current
      @loop = Fiber.current
      @ready = []
      @timers = Timers.new
      @waiting = {}
      @inbox = Thread::Queue.new
      @wake_reader, @wake_writer = IO.pipe
      @alive = 0
      @children = []
      @failed = []
      @is_closed = false
    end

    # A new task at the top of the tree; runs until it waits for the first time.
    def async(*arguments, **options, &block)
      raise ClosedError, "Scheduler is closed" if @is_closed
      Task.new(self, nil, **options, &block).run(*arguments)
    end
    ClosedError = Class.new(RuntimeError)

    def closed? = @is_closed

    # --- for tasks ---

    # Runs a new fiber until it waits.
    def start(fiber)
      @alive += 1
      go_to(fiber)
    end

    def ended = @alive -= 1

    def report_later(task) = @failed << task

    # The fiber goes on later; of this thread.
    def push(fiber) = @ready << fiber

    # Lets everything that is ready run first.
    def yield
      push(Fiber.current)
      wait_for_turn
    end

    # Raises in a fiber that waits.
    def raise(fiber, *arguments)
      push(Fiber.current) unless in_loop?
      fiber.raise(*arguments)
    end

    def wait_for_turn = @loop.transfer

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

    # --- hooks ---

    def fiber(&block) = async { block.call }.fiber

    def block(_blocker, timeout = nil)
      fiber = Fiber.current
      woken = true
      timer = timeout && @timers.add(now + timeout, proc { woken = false; fiber.transfer })
      begin
        wait_for_turn
      ensure
        timer&.cancel
      end
      woken
    end

    # From any thread.
    def unblock(_blocker, fiber)
      return push(fiber) if Thread.current.equal?(@thread)
      @inbox << fiber
      wake
    end

    def kernel_sleep(duration = nil)
      block(nil, duration)
      true
    end

    def io_wait(io, events, timeout = nil)
      fiber = Fiber.current
      ready = false
      waiter = [fiber, events, ->(got) { ready = got }]
      (@waiting[io.fileno] ||= []) << waiter
      timer = timeout && @timers.add(now + timeout, proc { fiber.transfer })
      begin
        wait_for_turn
      ensure
        timer&.cancel
        forget(io.fileno, waiter)
      end
      ready
    end

    def process_wait(pid, flags) = Thread.new { Process::Status.wait(pid, flags) }.value

    def address_resolve(hostname)
      Thread.new { require "socket"; Addrinfo.getaddrinfo(hostname, nil, nil, :STREAM).map(&:ip_address).uniq }.value
    end

    def timeout_after(seconds, exception, message, &block) = with_timeout(seconds, exception, message, &block)

    def fiber_interrupt(fiber, exception)
      @inbox << proc { fiber.raise(exception) if fiber.alive? }
      wake
    end

    # Runs the work on a thread of its own, while other fibers go on.
    def blocking_operation_wait(work)
      Thread.new(&work).join
    end

    def scheduler_close = close

    def close
      run
    rescue Exception
      @children.dup.each(&:stop)
      run
      Kernel.raise
    ensure
      @is_closed = true
      @wake_reader.close
      @wake_writer.close
    end

    def run
      run_once while @alive > 0
      report_failures
    end

    # One round of the loop: what is ready, what is due, what the system has for us.
    def run_once(timeout = nil)
      take_in
      if @ready.empty?
        report_failures
        first = @timers.first_time
        limit = first && [first - now, 0].max
        limit = timeout if timeout && (limit.nil? || timeout < limit)
        select(limit)
      else
        select(0) unless @waiting.empty?
      end
      take_in
      ready, @ready = @ready, []
      ready.each { |fiber| fiber.transfer if fiber.alive? }
      @timers.take_due(now).each(&:call)
    end

    private

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def report_failures
      failed, @failed = @failed, []
      failed.each(&:report)
    end

    def in_loop? = Fiber.current.equal?(@loop)

    def go_to(fiber)
      push(Fiber.current) unless in_loop?
      fiber.transfer
    end

    def wake
      @wake_writer.write_nonblock(".")
    rescue IO::WaitWritable
      nil # it is full of wake-ups
    end

    # What other threads left.
    def take_in
      until @inbox.empty?
        item = @inbox.pop
        item.is_a?(Proc) ? item.call : push(item)
      end
    end

    def forget(fd, waiter)
      list = @waiting[fd] or return
      list.delete(waiter)
      @waiting.delete(fd) if list.empty?
    end

    def select(timeout)
      readers, writers, urgent = [@wake_reader], [], []
      @waiting.each do |fd, list|
        events = list.inject(0) { |all, waiter| all | waiter[1] }
        io = IO.for_fd(fd, autoclose: false)
        readers << io if events & IO::READABLE != 0
        writers << io if events & IO::WRITABLE != 0
        urgent << io if events & IO::PRIORITY != 0
      end
      found = IO.select(readers, writers, urgent, timeout) or return
      @wake_reader.read_nonblock(4096) if found[0].delete(@wake_reader)
      [IO::READABLE, IO::WRITABLE, IO::PRIORITY].zip(found) do |event, ios|
        ios.each { |io| deliver(io.fileno, event) }
      end
    end

    def deliver(fd, event)
      @waiting[fd]&.dup&.each do |waiter|
        next if waiter[1] & event == 0
        forget(fd, waiter)
        waiter[2].call(event)
        push(waiter[0])
      end
    end
  end
end

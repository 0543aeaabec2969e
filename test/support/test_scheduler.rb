# test_scheduler.rb - a small fiber scheduler that notes in `log` which hook was called with what, for the specs.
#
# It has the hooks that Ruby demands; the others come from the modules below, so that a spec shows what happens with and
# without each. A fiber that waits yields; `run` resumes it when its time has come.
class TestScheduler
  attr_reader :log

  def self.with(*hooks) = new.tap { |scheduler| hooks.each { |hook| scheduler.extend(hook) } }

  # Runs the block on a thread of its own whose scheduler has the given hooks; the log, when all is done.
  def self.log(*hooks, &block)
    scheduler = with(*hooks)
    Thread.new do
      Thread.current.report_on_exception = false
      Fiber.set_scheduler(scheduler)
      Fiber.schedule(&block)
    end.join
    scheduler.log
  end

  def initialize
    @log = []
    @ready = []
    @lock = Thread::Mutex.new
    @sleeping = {}  # fiber => time
    @readable = {}  # io => fiber
    @writable = {}
    @blocked = 0
    @urgent_reader, @urgent_writer = IO.pipe
    @is_closed = false
  end

  def closed? = @is_closed

  def fiber(&block)
    @log << [:fiber]
    Fiber.new(blocking: false, &block).tap(&:resume)
  end

  def block(blocker, timeout = nil)
    @log << [:block, blocker.class, timeout && timeout.round(2)]
    fiber = Fiber.current
    @woken = nil
    if timeout
      @sleeping[fiber] = now + timeout
      Fiber.yield
      return !@sleeping.delete(fiber).nil? || @last_woken.equal?(fiber)
    end
    @blocked += 1
    begin
      Fiber.yield
    ensure
      @blocked -= 1
    end
    true
  end

  def unblock(blocker, fiber)
    @log << [:unblock, blocker.class]
    @lock.synchronize { @ready << fiber }
    @urgent_writer.write_nonblock(".") unless @is_closed
  end

  def kernel_sleep(duration = nil)
    @log << [:kernel_sleep, duration]
    return if duration == 0 && !defer
    @sleeping[Fiber.current] = now + duration if duration && duration > 0
    Fiber.yield if duration.nil? || duration > 0
  end

  def io_wait(io, events, timeout)
    @log << [:io_wait, io, events, timeout && timeout.round(2)]
    fiber = Fiber.current
    @readable[io] = fiber if events & IO::READABLE != 0
    @writable[io] = fiber if events & IO::WRITABLE != 0
    @sleeping[fiber] = now + timeout if timeout
    Fiber.yield
  ensure
    @readable.delete(io)
    @writable.delete(io)
    @sleeping.delete(fiber)
  end

  def fiber_interrupt(fiber, exception)
    @log << [:fiber_interrupt, exception.class, exception.message]
    @lock.synchronize { @ready << proc { fiber.raise(exception) if fiber.alive? } }
    @urgent_writer.write_nonblock(".")
  end

  def scheduler_close
    @log << [:scheduler_close]
    close
  end

  def close
    return if @is_closed
    run
  ensure
    @is_closed = true
  end

  def run
    run_once until @ready.empty? && @sleeping.empty? && @readable.empty? && @writable.empty? && @blocked == 0
  end

  private

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  # Lets the others go first.
  def defer
    @ready << Fiber.current
    Fiber.yield
    false
  end

  def run_once
    due = @sleeping.values.min
    wait = @ready.empty? ? due && [due - now, 0].max : 0
    readable, writable = IO.select([@urgent_reader, *@readable.keys], @writable.keys, nil, wait)
    @urgent_reader.read_nonblock(1000, exception: false) if readable&.delete(@urgent_reader)
    readable&.each { |io| @readable[io]&.resume(IO::READABLE) }
    writable&.each { |io| @writable[io]&.resume(IO::WRITABLE) }
    @sleeping.select { |_, time| time <= now }.each_key { |fiber| @sleeping.delete(fiber) && fiber.resume(false) }
    ready = @lock.synchronize { @ready.tap { @ready = [] } }
    ready.each { |item| item.is_a?(Proc) ? item.call : wake(item) }
  end

  def wake(fiber)
    @last_woken = fiber
    fiber.resume if fiber.alive?
  end

  # --- hooks that a scheduler need not have ---

  module Reading
    def io_read(io, buffer, length, offset)
      @log << [:io_read, io, buffer.class, length, offset, buffer.locked?]
      result = Fiber.blocking { buffer.read(io, 0, offset) }
      return result unless result == -Errno::EAGAIN::Errno
      io_wait(io, IO::READABLE, nil)
      Fiber.blocking { buffer.read(io, 0, offset) }
    end

    def io_pread(io, buffer, from, length, offset)
      @log << [:io_pread, io, buffer.size, from, length, offset]
      Fiber.blocking { buffer.pread(io, from, 0, offset) }
    end
  end

  module Writing
    def io_write(io, buffer, length, offset)
      @log << [:io_write, io, buffer.get_string, length, offset, buffer.readonly?]
      Fiber.blocking { buffer.write(io, 0, offset) }
    end

    def io_pwrite(io, buffer, from, length, offset)
      @log << [:io_pwrite, io, buffer.get_string, from, length, offset]
      Fiber.blocking { buffer.pwrite(io, from, 0, offset) }
    end
  end

  module Selecting
    def io_select(*arguments)
      @log << [:io_select, *arguments]
      Thread.new { IO.select(*arguments) }.value
    end
  end

  module Closing
    def io_close(fd)
      @log << [:io_close, fd.class]
      Fiber.blocking { IO.for_fd(fd).close }
      true
    end
  end

  module Processes
    def process_wait(pid, flags)
      @log << [:process_wait, pid.class, flags]
      Thread.new { Process::Status.wait(pid, flags) }.value
    end
  end

  module Timeouts
    def timeout_after(seconds, exception, message)
      @log << [:timeout_after, seconds, exception, message]
      yield(seconds)
    end
  end

  module BlockingOperations
    def blocking_operation_wait(operation)
      @log << [:blocking_operation_wait, operation.class]
      Thread.new { operation.call }.join
    end
  end

  module Yielding
    def yield
      @log << [:yield]
      defer
    end
  end
end

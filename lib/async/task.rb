# task.rb - a fiber with a place in the tree, a state, a result, and those who wait for it.
module Async
  # Unwinds a task that is stopped. Not a StandardError: `rescue => e` does not hold it up.
  class Stop < Exception
    def initialize(message = "Task was stopped") = super
  end

  # The children of a task, in the order they were made.
  class Children
    include Enumerable

    def initialize = @tasks = {}.compare_by_identity
    def add(task) = @tasks[task] = true
    def delete(task) = @tasks.delete(task)
    def each(&) = @tasks.each_key(&)
    def size = @tasks.size
    def empty? = @tasks.empty?

    # Is there nobody to wait for?
    def finished? = all?(&:transient?)
  end

  class Task
    FinishedError = Class.new(RuntimeError) do
      def initialize(message = "Cannot create child task within a task that has finished execution!") = super
    end

    # The task that runs; raises when there is none.
    def self.current = current? || raise(RuntimeError, "No async task available!")

    # nil without one: also in the child of a fork, which has no scheduler.
    def self.current?
      task = Thread.current[:async_task]
      task if task && task.reactor.equal?(Fiber.scheduler)
    end

    # Lets others run.
    def self.yield = Fiber.scheduler.yield

    attr_reader :parent, :children, :fiber, :status, :annotation

    def initialize(scheduler, parent, annotation: nil, transient: false, finished: nil, quiet: false, &block)
      raise ArgumentError, "no block given" unless block
      @scheduler = scheduler
      @parent = parent
      @annotation = annotation
      @is_transient = transient
      @finished = finished
      @is_quiet = quiet
      @block = block
      @status = :initialized
      @children = Children.new
      @waiting = nil
      @result = @error = @fiber = nil
      @is_stop_deferred = nil
      (parent || scheduler).children.add(self)
    end

    def run(*arguments)
      raise RuntimeError, "Task already running!" unless @status == :initialized
      @status = :running
      @fiber = Fiber.new(blocking: false) { execute(arguments) }
      @scheduler.start(@fiber)
      self
    end

    # A child: runs until it waits for the first time.
    def async(*arguments, **options, &block)
      raise FinishedError if finished?
      Task.new(@scheduler, self, **options, &block).run(*arguments)
    end

    # What print_hierarchy and inspect say about it; with a block: while that runs.
    def annotate(annotation)
      before, @annotation = @annotation, annotation
      return annotation unless block_given?
      begin
        yield self
      ensure
        @annotation = before
      end
    end

    def transient? = @is_transient
    def running? = @status == :running
    def alive? = @fiber ? @fiber.alive? : false
    def finished? = @status == :completed || @status == :failed || @status == :stopped
    def completed? = @status == :completed
    alias complete? completed?
    def failed? = @status == :failed
    def stopped? = @status == :stopped
    def current? = Task.current?.equal?(self)
    def reactor = @scheduler
    def root = @scheduler
    def backtrace(*arguments) = @fiber&.backtrace(*arguments)

    # Waits until it is finished, its children included: its value; raises what it raised. nil when it was stopped.
    def wait
      raise "Cannot wait on own fiber!" if Fiber.current.equal?(@fiber)
      @is_awaited = true
      wait_until_finished
      raise @error if @error
      @result
    end

    # The value, the error of a failed task, nil while there is none.
    def result = @error || @result

    def sleep(duration = nil) = Kernel.sleep(*[duration].compact)

    def yield = @scheduler.yield

    def with_timeout(seconds, exception = TimeoutError, message = "execution expired", &block)
      @scheduler.with_timeout(seconds, exception, message, &block)
    end

    # Stops it and its children: their ensures run. Returns when they have, unless it is told `later`.
    def stop(later = false)
      case @status
      when :initialized then finish(:stopped)
      when :running then stop_running(later)
      end
      nil
    end

    # Nobody stops the task while the block runs; a stop that came meanwhile happens after it.
    def defer_stop
      return yield unless @is_stop_deferred.nil?
      begin
        @is_stop_deferred = false
        yield
      ensure
        pending, @is_stop_deferred = @is_stop_deferred, nil
        Kernel.raise Stop if pending
      end
    end

    def stop_deferred? = !@is_stop_deferred.nil?

    # An error that nobody waits for is told when the loop has nothing else to do.
    def report
      return if @is_awaited || @is_quiet || !@error.is_a?(StandardError)
      warn "#{self}: Task may have ended with unhandled exception.\n#{@error.full_message(highlight: false)}"
    end

    # Yields the task and those below it, with their depth.
    def traverse(depth = 0, &block)
      return to_enum(:traverse) unless block
      yield self, depth
      @children.each { |task| task.traverse(depth + 1, &block) }
    end

    def print_hierarchy(out = $stdout, depth = 0)
      traverse(depth) { |task, level| out.puts "#{"\t" * level}#{task}" }
    end

    def to_s = "#<Async::Task:0x#{(object_id << 1).to_s(16)} #{@annotation ? "#{@annotation} " : ""}(#{@status})>"
    alias inspect to_s

    protected

    def wait_until_finished
      until finished?
        if Fiber.current.blocking? # not a fiber of the scheduler: the loop itself has to go round
          @scheduler.run_once
        else
          waiter = Waiter.new(Fiber.current, self)
          (@waiting ||= []) << waiter
          begin
            Fiber.scheduler.park(waiter)
          ensure
            @waiting&.delete(waiter)
          end
        end
      end
    end

    private

    def stop_running(later)
      if @is_stop_deferred == false
        @is_stop_deferred = true
      elsif Fiber.current.equal?(@fiber)
        Kernel.raise Stop
      elsif later
        @scheduler.later { @fiber.raise(Stop) if running? }
      else
        @scheduler.raise(@fiber, Stop) if @fiber.alive?
        wait_until_finished unless finished? || Fiber.current.blocking? && !Fiber.scheduler.equal?(@scheduler)
      end
    end

    def execute(arguments)
      Thread.current[:async_task] = self
      status = :completed
      begin
        @result = @block.call(self, *arguments)
        wait_for_children
      rescue Stop
        status = :stopped
        @result = nil
      rescue Exception => error
        status = :failed
        @result = nil
        @error = error
      end
      stop_children unless status == :completed
      finish(status)
      @scheduler.report_later(self) if status == :failed
      @scheduler.fail_with(@error) unless @error.nil? || @error.is_a?(StandardError)
    ensure
      @scheduler.ended
    end

    def wait_for_children
      while (child = @children.find { |task| !task.transient? })
        child.wait_until_finished
      end
      stop_children
    end

    def stop_children
      @children.to_a.each(&:stop)
    end

    def finish(status)
      @status = status
      (@parent || @scheduler).children.delete(self)
      waiting, @waiting = @waiting, nil
      waiting&.each { |waiter| @scheduler.wake(waiter) }
      @finished&.signal(result)
    end
  end
end

# task.rb - a fiber with a place in the tree, a state, a result, and those who wait for it.
module Async
  # Unwinds a task that is stopped. Not a StandardError: `rescue => e` does not hold it up.
  class Stop < Exception; end

  class Task
    # The task that runs; raises when there is none.
    def self.current = Thread.current[:async_task] || raise(RuntimeError, "No async task available!")
    def self.current? = Thread.current[:async_task]

    attr_reader :parent, :children, :fiber, :status, :annotation

    def initialize(scheduler, parent, annotation: nil, transient: false, finished: nil, quiet: false, &block)
      raise ArgumentError, "no block given" unless block
      @scheduler = scheduler
      @parent = parent
      @annotation = annotation
      @is_transient = transient
      @is_quiet = quiet
      @block = block
      @status = :initialized
      @children = []
      @waiting = []
      @result = @error = nil
      (parent || scheduler).children << self
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
      raise FinishedError, "Cannot create child task within a task that has finished execution!" if finished?
      Task.new(@scheduler, self, **options, &block).run(*arguments)
    end
    FinishedError = Class.new(RuntimeError)

    def annotate(annotation) = @annotation = annotation
    def transient? = @is_transient
    def running? = @status == :running
    def alive? = @fiber ? @fiber.alive? : false
    def finished? = %i[completed failed stopped].include?(@status)
    def completed? = @status == :completed
    alias complete? completed?
    def failed? = @status == :failed
    def stopped? = @status == :stopped
    def current? = Task.current?.equal?(self)
    def reactor = @scheduler

    # Waits until it is finished, its children included: its value; raises what it raised. nil when it was stopped.
    def wait
      raise "Cannot wait on own fiber!" if Fiber.current.equal?(@fiber)
      @is_awaited = true
      wait_until_finished
      raise @error if @error
      @result
    end

    # The value, nil while there is none.
    def result = @result

    def sleep(duration = nil) = Kernel.sleep(*[duration].compact)

    def yield = @scheduler.yield

    def with_timeout(seconds, exception = TimeoutError, message = "execution expired", &block)
      @scheduler.with_timeout(seconds, exception, message, &block)
    end

    # Stops it and its children: their ensures run.
    def stop
      case @status
      when :initialized
        finish(:stopped)
      when :running
        return Kernel.raise(Stop) if Fiber.current.equal?(@fiber)
        @is_stopping = true
        @scheduler.raise(@fiber, Stop) if @fiber.alive?
        wait_until_finished unless finished? || Fiber.scheduler.nil? || Fiber.current.blocking?
      end
      nil
    end

    # An error that nobody waits for is told when the loop has nothing else to do.
    def report
      return if @is_awaited || @is_quiet || @error.is_a?(SystemExit)
      warn "#{self}: Task may have ended with unhandled exception.\n#{@error.full_message(highlight: false)}"
    end

    def to_s = "#<Async::Task:0x#{(object_id << 1).to_s(16)} #{@annotation ? "#{@annotation} " : ""}(#{@status})>"
    alias inspect to_s

    protected

    def wait_until_finished
      until finished?
        if Fiber.current.blocking? # not a fiber of the scheduler: the loop itself has to go round
          @scheduler.run_once
        else
          @waiting << Fiber.current
          begin
            @scheduler.block(self)
          ensure
            @waiting.delete(Fiber.current)
          end
        end
      end
    end

    private

    def execute(arguments)
      Thread.current[:async_task] = self
      status = :completed
      begin
        @result = @block.call(self, *arguments)
        wait_for_children
      rescue Stop
        status = :stopped
      rescue Exception => error
        status = :failed
        @error = error
      end
      stop_children unless status == :completed
      finish(status)
      @scheduler.report_later(self) if status == :failed
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
      @children.dup.each(&:stop)
    end

    def finish(status)
      @status = status
      (@parent || @scheduler).children.delete(self)
      @waiting.each { |fiber| @scheduler.push(fiber) }
      @waiting = []
    end
  end
end

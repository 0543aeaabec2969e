# barrier.rb - a set of tasks to wait for, or to stop, together.
module Async
  class Barrier
    def initialize(parent: nil)
      @parent = parent
      @tasks = {}.compare_by_identity
      @finished = Queue.new
    end

    def tasks = @tasks.keys

    def async(*arguments, parent: @parent || Task.current, **options, &block)
      task = nil
      ended = Ended.new { @finished << task if task }
      task = parent.async(*arguments, finished: ended, **options, &block)
      @tasks[task] = true
      @finished << task if task.finished? # before we knew it
      task
    end

    def size = @tasks.size
    def empty? = @tasks.empty?

    # Waits for all, in the order in which they finish; raises the first error. With a block: yields each task when it has
    # finished, and leaves asking for its value to the block; `break` waits no longer.
    def wait
      until @tasks.empty?
        task = @finished.dequeue
        next unless @tasks.delete(task)
        block_given? ? yield(task) : task.wait
      end
    end

    def stop
      tasks.each(&:stop)
      @tasks.clear
    end
    alias cancel stop

    # What a task tells that it is finished.
    class Ended
      def initialize(&block) = @block = block
      def signal(_result) = @block.call
    end
    private_constant :Ended
  end
end

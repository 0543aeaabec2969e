# barrier.rb - a set of tasks to wait for, or to stop, together.
module Async
  class Barrier
    attr_reader :tasks

    def initialize(parent: nil)
      @parent = parent
      @tasks = []
    end

    def async(*arguments, parent: @parent || Task.current, **options, &block)
      task = parent.async(*arguments, **options, &block)
      @tasks << task
      task
    end

    def size = @tasks.size
    def empty? = @tasks.empty?

    # Waits for all, in the order they were made; raises the first error met. With a block: yields each task when its turn
    # has come, and leaves waiting to the block.
    def wait
      while (task = @tasks.first)
        begin
          block_given? ? yield(task) : task.wait
        ensure
          @tasks.delete(task)
        end
      end
    end

    def stop
      @tasks.dup.each(&:stop)
      @tasks.clear
    end
  end
end

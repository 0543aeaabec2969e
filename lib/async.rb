# async.rb - tasks that wait without holding anything up: Async { |task| … }, on Ruby's fiber scheduler interface.
#
# A compact version of the well-known interface: tasks, their tree, and what they synchronise with. It is structured: a
# task is finished when its children are, a failed or stopped task stops its children, an error reaches whoever waits.
# docs/ASYNC.md says what there is, and where it differs from the async gem.
require "async/clock"
require "async/scheduler"
require "async/task"
require "async/condition"
require "async/semaphore"
require "async/barrier"
require "async/queue"

module Async
  # Runs the block as a task: of the current task, of the thread's scheduler, or of a scheduler of its own, which then runs
  # until all is done.
  def self.run(...)
    if (task = Task.current?)
      task.async(...)
    elsif Fiber.scheduler.is_a?(Scheduler)
      Fiber.scheduler.async(...)
    else
      Scheduler.run(...)
    end
  end
end

module Kernel
  def Async(...) = ::Async.run(...)

  # Runs the block inside of a scheduler and returns its value.
  def Sync(annotation: nil, &block)
    if (task = ::Async::Task.current?)
      annotation ? task.annotate(annotation) { block.call(task) } : block.call(task)
    elsif ::Fiber.scheduler.is_a?(::Async::Scheduler)
      ::Fiber.scheduler.async(annotation: annotation, &block).wait
    else
      ::Async::Scheduler.run(annotation: annotation, quiet: true, &block).wait
    end
  end
  private :Async, :Sync
end

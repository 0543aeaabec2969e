# condition.rb - tasks that wait for a signal.
module Async
  # Those who wait are woken in order, with the value of the signal.
  class Condition
    def initialize = @waiting = []

    def wait
      waiter = [Fiber.current, false, nil]
      @waiting << waiter
      begin
        Fiber.scheduler.block(self) until waiter[1]
      ensure
        @waiting.delete_if { |other| other.equal?(waiter) }
      end
      waiter[2]
    end

    # Wakes all that wait now.
    def signal(value = nil)
      waiting, @waiting = @waiting, []
      waiting.each { |waiter| wake(waiter, value) }
      nil
    end

    # Wakes the first one; false when nobody waits.
    def signal_one(value = nil)
      waiter = @waiting.shift or return false
      wake(waiter, value)
      true
    end

    def empty? = @waiting.empty?
    def waiting? = !@waiting.empty?

    private

    def wake(waiter, value)
      waiter[1] = true
      waiter[2] = value
      Fiber.scheduler.unblock(self, waiter[0])
    end
  end

  # A Condition that may be signalled before or after: who signals goes on, the others run in the next round of the loop.
  class Notification < Condition
  end

  # A value that is set once; who waits gets it.
  class Variable
    def initialize
      @condition = Condition.new
      @is_resolved = false
    end

    def resolve(value = true)
      @value = value
      @is_resolved = true
      @condition.signal(value)
    end
    alias value= resolve

    def resolved? = @is_resolved

    def wait
      @condition.wait until @is_resolved
      @value
    end
    alias value wait
  end
end

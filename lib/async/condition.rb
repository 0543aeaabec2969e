# condition.rb - tasks that wait for a signal.
module Async
  # Those who wait are woken in order, with the value of the signal. Any thread of the Ractor may signal.
  class Condition
    def initialize = @waiting = []

    def wait = wait_for(nil)

    # Wakes all that wait now.
    def signal(value = nil)
      waiting, @waiting = @waiting, []
      waiting.each { |ticket| wake(ticket, value) }
      nil
    end

    # Wakes the first one; false when nobody waits.
    def signal_one(value = nil)
      ticket = @waiting.shift or return false
      wake(ticket, value)
      true
    end

    def empty? = @waiting.empty?
    def waiting? = !@waiting.empty?
    def waiting_count = @waiting.size

    # With a limit in seconds; `late` when it is over.
    def wait_for(timeout, late = nil)
      scheduler = Fiber.current_scheduler or raise(RuntimeError, "No async task available!")
      ticket = Ticket.new(scheduler, Fiber.current)
      @waiting << ticket
      deadline = timeout && Clock.now + timeout
      begin
        until ticket.is_signalled
          left = deadline && deadline - Clock.now
          return late if left && left <= 0
          scheduler.block(self, left)
        end
      ensure
        @waiting.delete_if { |other| other.equal?(ticket) } unless ticket.is_signalled
      end
      ticket.value
    end

    private

    Ticket = Struct.new(:scheduler, :fiber, :is_signalled, :value)
    private_constant :Ticket

    def wake(ticket, value)
      ticket.is_signalled = true
      ticket.value = value
      ticket.scheduler.unblock(self, ticket.fiber)
    end
  end

  # A Condition that may be signalled before or after: who signals goes on, the others run in the next round of the loop.
  class Notification < Condition
  end

  # A value that is set once; who waits gets it.
  class Variable
    def initialize(condition = Condition.new)
      @condition = condition
      @is_resolved = false
    end

    def resolve(value = true)
      raise FrozenError, "already resolved" if @is_resolved
      @value = value
      @is_resolved = true
      @condition.signal(value)
      value
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

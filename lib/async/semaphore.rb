# semaphore.rb - at most so many at a time.
module Async
  # A place that becomes free is handed to who waits longest, so nobody gets in between; who is stopped then hands it on.
  class Semaphore
    attr_reader :count, :limit

    def initialize(limit = 1, parent: nil)
      @limit = limit
      @parent = parent
      @count = 0
      @waiting = []
    end

    def limit=(limit)
      @limit = limit
      hand_out
    end

    # A task that holds one of the places while it runs. Waits for the place first.
    def async(*arguments, parent: @parent || Task.current, **options)
      acquire
      began = false
      begin
        parent.async(*arguments, **options) do |task, *rest|
          began = true
          yield task, *rest
        ensure
          release
        end
      ensure
        release unless began
      end
    end

    # With a block: holds a place while it runs, and returns its value.
    def acquire
      if @count < @limit && @waiting.empty?
        @count += 1
      else
        wait_for_place
      end
      return unless block_given?
      begin
        yield
      ensure
        release
      end
    end

    def release
      @count -= 1
      hand_out
    end

    def empty? = @count == 0
    def blocking? = @count >= @limit
    def waiting? = !@waiting.empty?
    def waiting_count = @waiting.size

    private

    Ticket = Struct.new(:scheduler, :fiber, :has_place)
    private_constant :Ticket

    def wait_for_place
      scheduler = Fiber.current_scheduler or raise(RuntimeError, "No async task available!")
      ticket = Ticket.new(scheduler, Fiber.current, false)
      @waiting << ticket
      is_in = false
      begin
        scheduler.block(self) until ticket.has_place
        is_in = true
      ensure
        unless is_in
          ticket.has_place ? release : @waiting.delete_if { |other| other.equal?(ticket) }
        end
      end
    end

    def hand_out
      while @count < @limit && (ticket = @waiting.shift)
        @count += 1
        ticket.has_place = true
        ticket.scheduler.unblock(self, ticket.fiber)
      end
    end
  end
end

# semaphore.rb - at most so many at a time.
module Async
  class Semaphore
    attr_reader :count, :limit

    def initialize(limit = 1, parent: nil)
      @limit = limit
      @parent = parent
      @count = 0
      @free = Condition.new
    end

    def limit=(limit)
      @limit = limit
      @free.signal_one while @count < @limit && @free.waiting?
    end

    # A task that holds one of the places while it runs. Waits for the place first.
    def async(*arguments, parent: @parent || Task.current, **options)
      acquire
      parent.async(*arguments, **options) do |task, *rest|
        yield task, *rest
      ensure
        release
      end
    end

    def acquire
      @free.wait while @count >= @limit
      @count += 1
      return unless block_given?
      begin
        yield
      ensure
        release
      end
    end

    def release
      @count -= 1
      @free.signal_one if @count < @limit
    end

    def empty? = @count == 0
    def blocking? = @count >= @limit
    def waiting? = @free.waiting?
  end
end

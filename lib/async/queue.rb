# queue.rb - items from tasks to tasks of one scheduler.
module Async
  class Queue
    class ClosedError < RuntimeError
      def initialize(message = "queue is closed") = super
    end

    def initialize
      @items = []
      @available = Condition.new
      @is_closed = false
    end

    attr_reader :items

    def size = @items.size
    def empty? = @items.empty?
    def closed? = @is_closed

    # Those who wait get nil.
    def close
      @is_closed = true
      @available.signal
    end

    def push(item)
      raise ClosedError if @is_closed
      @items << item
      @available.signal_one
      self
    end
    alias << push

    def enqueue(*items)
      items.each { |item| push(item) }
      self
    end

    # The next item; waits for one. nil when the queue is closed and empty.
    def dequeue
      while @items.empty?
        return if @is_closed
        @available.wait
      end
      taken(@items.shift)
    end
    alias pop dequeue
    alias wait dequeue

    def each
      while (item = dequeue)
        yield item
      end
    end

    def async(parent: Task.current, **options, &block)
      while (item = dequeue)
        parent.async(item, **options, &block)
      end
    end

    private

    def taken(item) = item
  end

  # At most `limit` items lie in it; who pushes more waits.
  class LimitedQueue < Queue
    attr_reader :limit

    def initialize(limit = 1)
      super()
      @limit = limit
      @room = Condition.new
    end

    def limited? = size >= @limit

    def push(item)
      @room.wait while limited? && !closed?
      super
    end
    alias << push

    private

    def taken(item)
      @room.signal_one
      item
    end
  end
end

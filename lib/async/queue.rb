# queue.rb - items from tasks to tasks.
module Async
  class Queue
    class ClosedError < RuntimeError
      def initialize(message = "Queue is closed!") = super
    end

    def initialize(parent: nil)
      @parent = parent
      @items = []
      @available = Condition.new
      @is_closed = false
    end

    attr_reader :items

    def size = @items.size
    def empty? = @items.empty?
    def closed? = @is_closed
    def waiting_count = @available.waiting_count

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

    def <<(item) = push(item)

    def enqueue(*items)
      items.each { |item| push(item) }
      self
    end

    # The next item; waits for one. nil when the queue is closed and empty, or the time is over.
    def dequeue(timeout: nil)
      deadline = timeout && Clock.now + timeout
      while @items.empty?
        return if @is_closed
        return if wait_for_item(deadline && [deadline - Clock.now, 0].max) == :late
      end
      taken(@items.shift)
    end

    def pop(timeout: nil) = dequeue(timeout: timeout)
    def wait = dequeue
    def signal(value = nil) = enqueue(value)

    # Until the queue is closed and empty; a nil ends it too.
    def each
      while (item = dequeue)
        yield item
      end
    end

    # A task for each item, as each.
    def async(parent: @parent || Task.current, **options, &block)
      while (item = dequeue)
        parent.async(item, **options, &block)
      end
    end

    private

    def taken(item) = item

    # Who is stopped when it was woken wakes the next one.
    def wait_for_item(timeout)
      @available.wait_for(timeout, :late)
    rescue Exception
      @available.signal_one unless @items.empty?
      raise
    end
  end

  # At most `limit` items lie in it; who pushes more waits.
  class LimitedQueue < Queue
    attr_reader :limit

    def initialize(limit = 1, parent: nil)
      super(parent: parent)
      @limit = limit
      @room = Condition.new
    end

    def limited? = !@is_closed && size >= @limit

    def close
      super
      @room.signal
    end

    def push(item)
      wait_for_room while limited?
      super
    end

    private

    def taken(item)
      @room.signal_one
      item
    end

    def wait_for_room
      @room.wait
    rescue Exception
      @room.signal_one unless limited?
      raise
    end
  end

  # The smallest item first.
  class PriorityQueue < Queue
    def push(item)
      raise ClosedError if @is_closed
      index = @items.bsearch_index { |other| (other <=> item) > 0 } || @items.size
      @items.insert(index, item)
      @available.signal_one
      self
    end
  end
end

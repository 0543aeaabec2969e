# sync.rb - what everybody builds by hand from Mutex and ConditionVariable: latches, barriers, semaphores, read-write locks,
# futures and thread pools. require "troupe/sync"
#
# All of them are for the threads of one Ractor. Every wait takes a timeout in seconds and then answers false (or nil)
# when the time is over.
module Troupe
  module Sync
    # What the classes below share: a lock, and waiting for a condition with a deadline.
    module Waiting
      private

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

      # With @lock held: waits on `condition` until the block is true; false when the time is over.
      def wait_until(condition, timeout)
        deadline = timeout && now + timeout
        until yield
          left = deadline && deadline - now
          return false if left && left <= 0
          condition.wait(@lock, left)
        end
        true
      end
    end

    # Opens when it was counted down to zero, and stays open.
    class CountDownLatch
      include Waiting

      def initialize(count = 1)
        raise ArgumentError, "count must not be negative" if count < 0
        @count = count
        @lock = Mutex.new
        @open = ConditionVariable.new
      end

      def count = @lock.synchronize { @count }

      def count_down
        @lock.synchronize do
          @count -= 1 if @count > 0
          @open.broadcast if @count == 0
          @count
        end
      end

      def wait(timeout = nil) = @lock.synchronize { wait_until(@open, timeout) { @count == 0 } }
    end

    # So many threads meet; the last one that comes lets all go on. It can be used again and again.
    class CyclicBarrier
      include Waiting

      # Somebody gave up waiting: whoever waits at that meeting gets this.
      class BrokenError < ThreadError; end

      attr_reader :parties

      def initialize(parties, &action)
        raise ArgumentError, "parties must be positive" if parties < 1
        @parties = parties
        @action = action
        @lock = Mutex.new
        @met = ConditionVariable.new
        @generation = Object.new
        @waiting = 0
        @is_broken = false
      end

      def number_waiting = @lock.synchronize { @waiting }
      def broken? = @lock.synchronize { @is_broken }

      # The number of those that came before; false when the time was over (the barrier is broken then).
      def wait(timeout = nil)
        @lock.synchronize do
          raise BrokenError, "barrier is broken" if @is_broken
          place = @waiting
          @waiting += 1
          return meet(place) if @waiting == @parties
          generation = @generation
          arrived = false
          begin
            arrived = wait_until(@met, timeout) { !generation.equal?(@generation) || @is_broken }
          ensure
            break_up if !arrived && generation.equal?(@generation)
          end
          raise BrokenError, "barrier is broken" if arrived && generation.equal?(@generation)
          arrived && place
        end
      end

      def reset
        @lock.synchronize do
          break_up if @waiting > 0
          begin_again
          @is_broken = false
        end
      end

      private

      def meet(place)
        @action&.call
        begin_again
        place
      rescue Exception
        break_up
        raise
      end

      def begin_again
        @generation = Object.new
        @waiting = 0
        @met.broadcast
      end

      def break_up
        @is_broken = true
        @met.broadcast
      end
    end

    # So many permits; who finds none waits.
    class Semaphore
      include Waiting

      def initialize(permits)
        raise ArgumentError, "permits must not be negative" if permits < 0
        @permits = permits
        @lock = Mutex.new
        @available = ConditionVariable.new
      end

      def available_permits = @lock.synchronize { @permits }

      # With a block: gives the permits back after it, and returns its value.
      def acquire(count = 1)
        @lock.synchronize do
          wait_until(@available, nil) { @permits >= count }
          @permits -= count
        end
        return unless block_given?
        begin
          yield
        ensure
          release(count)
        end
      end

      def try_acquire(count = 1, timeout = 0)
        got = @lock.synchronize do
          wait_until(@available, timeout) { @permits >= count } && (@permits -= count) && true
        end
        return got unless got && block_given?
        begin
          yield
        ensure
          release(count)
        end
      end

      def release(count = 1)
        @lock.synchronize do
          @permits += count
          @available.broadcast
        end
        nil
      end
    end

    # Many readers or one writer. A writer that waits keeps new readers out.
    class ReadWriteLock
      include Waiting

      def initialize
        @lock = Mutex.new
        @changed = ConditionVariable.new
        @readers = 0
        @waiting_writers = 0
        @writer = nil
      end

      def with_read_lock
        acquire_read_lock
        begin
          yield
        ensure
          release_read_lock
        end
      end

      def with_write_lock
        acquire_write_lock
        begin
          yield
        ensure
          release_write_lock
        end
      end

      def acquire_read_lock
        @lock.synchronize do
          wait_until(@changed, nil) { @writer.nil? && @waiting_writers == 0 }
          @readers += 1
        end
        true
      end

      def release_read_lock
        @lock.synchronize do
          raise ThreadError, "not locked for reading" if @readers == 0
          @readers -= 1
          @changed.broadcast if @readers == 0
        end
        true
      end

      def acquire_write_lock
        @lock.synchronize do
          raise ThreadError, "deadlock; recursive locking" if @writer.equal?(Thread.current)
          @waiting_writers += 1
          begin
            wait_until(@changed, nil) { @writer.nil? && @readers == 0 }
            @writer = Thread.current
          ensure
            @waiting_writers -= 1
            @changed.broadcast unless @writer
          end
        end
        true
      end

      def release_write_lock
        @lock.synchronize do
          raise ThreadError, "not locked by this thread" unless @writer.equal?(Thread.current)
          @writer = nil
          @changed.broadcast
        end
        true
      end

      def write_locked? = @lock.synchronize { !@writer.nil? }
      def read_locked? = @lock.synchronize { @readers > 0 }
    end

    # A value that comes later: from a block on a thread (or a pool), or set by hand.
    class Future
      include Waiting

      # Future.execute { … } on a thread of its own, or on the pool.
      def self.execute(pool = nil, &block)
        future = new
        work = proc { future.run(&block) }
        pool ? pool.post(&work) : Thread.new(&work)
        future
      end

      def initialize
        @lock = Mutex.new
        @done = ConditionVariable.new
        @state = :pending
      end

      attr_reader :state

      def fulfill(value) = settle(:fulfilled, value)
      def reject(error) = settle(:rejected, error)
      def fulfilled? = @state == :fulfilled
      def rejected? = @state == :rejected
      def resolved? = @state != :pending

      def run
        fulfill(yield)
      rescue Exception => error
        reject(error)
        raise unless error.is_a?(StandardError)
      end

      def wait(timeout = nil) = @lock.synchronize { wait_until(@done, timeout) { resolved? } }

      # The value; nil when the time is over or it was rejected.
      def value(timeout = nil) = wait(timeout) && fulfilled? ? @result : nil

      # The value; raises what rejected it. nil when the time is over.
      def value!(timeout = nil)
        return unless wait(timeout)
        raise @result if rejected?
        @result
      end

      def reason = rejected? ? @result : nil

      # A future of the block's value for our value.
      def then
        following = Future.new
        Thread.new do
          wait
          rejected? ? following.reject(@result) : following.run { yield @result }
        end
        following
      end

      private

      def settle(state, result)
        @lock.synchronize do
          raise ThreadError, "already resolved" if resolved?
          @result = result
          @state = state
          @done.broadcast
        end
        self
      end
    end

    # Threads that take work from a queue: as many as `size`, or between min and max ones (idle ones above min end after
    # idle_time). What does not fit into the queue is refused, run by the caller, or waited for.
    class ThreadPool
      include Waiting

      class RejectedError < ThreadError; end

      attr_reader :min, :max

      def initialize(size = nil, min: size, max: size, max_queue: nil, idle_time: 60, fallback: :wait, name: nil)
        raise ArgumentError, "size, or min and max, must be positive" unless max && max >= 1 && (min ||= 0) <= max
        raise ArgumentError, "fallback must be :wait, :raise, :caller_runs or :discard" unless
          %i[wait raise caller_runs discard].include?(fallback)
        @min, @max, @max_queue, @idle_time, @fallback, @name = min, max, max_queue, idle_time, fallback, name
        @lock = Mutex.new
        @work_came = ConditionVariable.new
        @room_came = ConditionVariable.new
        @ended = ConditionVariable.new
        @queue = []
        @threads = []
        @idle = 0
        @state = :running
        @completed = 0
      end

      def length = @lock.synchronize { @threads.size }
      def queue_length = @lock.synchronize { @queue.size }
      def completed_count = @lock.synchronize { @completed }
      def running? = @state == :running
      def shutdown? = @state == :shutdown

      # Has the block run on a thread of the pool. true when it was taken.
      def post(*arguments, &work)
        raise ArgumentError, "no block given" unless work
        outcome = @lock.synchronize { offer(work, arguments) }
        return true if outcome == :taken
        case outcome
        when :closed, :raise then raise RejectedError, "the pool takes no more work"
        when :caller_runs then work.call(*arguments)
        end
        outcome == :caller_runs
      end
      alias << post

      # A Future of the block's value.
      def future(&block) = Future.execute(self, &block)

      # Takes nothing more; what lies in the queue is done.
      def shutdown
        @lock.synchronize do
          @state = :shutdown if @state == :running
          @work_came.broadcast
          @room_came.broadcast
        end
        true
      end

      # What lies in the queue is dropped, and its threads are killed.
      def kill
        threads = @lock.synchronize do
          @state = :shutdown
          @queue.clear
          @work_came.broadcast
          @room_came.broadcast
          @threads.dup
        end
        threads.each(&:kill)
        true
      end

      # After shutdown: true when all is done, false when the time is over.
      def wait_for_termination(timeout = nil)
        @lock.synchronize { wait_until(@ended, timeout) { @state == :shutdown && @threads.empty? && @queue.empty? } }
      end

      private

      # With the lock held.
      def offer(work, arguments)
        return :closed unless @state == :running
        if @idle <= @queue.size && @threads.size < @max
          start_thread
        elsif @max_queue && @queue.size >= @max_queue
          return @fallback unless @fallback == :wait
          wait_until(@room_came, nil) { @queue.size < @max_queue || @state != :running }
          return :closed unless @state == :running
        end
        @queue << [work, arguments]
        @work_came.signal
        :taken
      end

      def start_thread
        thread = Thread.new { serve }
        thread.name = "#{@name}-#{@threads.size + 1}" if @name
        @threads << thread
      end

      def serve
        while (item = next_item)
          begin
            item[0].call(*item[1])
          rescue StandardError => error
            warn "#{Thread.current.inspect} work failed: #{error.full_message(highlight: false)}"
          ensure
            @lock.synchronize { @completed += 1 }
          end
        end
      ensure
        @lock.synchronize do
          @threads.delete(Thread.current)
          @ended.broadcast
        end
      end

      # nil: the thread is to end.
      def next_item
        @lock.synchronize do
          @idle += 1
          begin
            came = wait_until(@work_came, @threads.size > @min ? @idle_time : nil) { !@queue.empty? || @state != :running }
          ensure
            @idle -= 1
          end
          return unless came
          item = @queue.shift
          @room_came.signal if item
          item
        end
      end
    end
  end
end

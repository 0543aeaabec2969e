# sync.rb - what everybody builds by hand from Mutex and ConditionVariable: latches, barriers, semaphores, read-write locks,
# futures and thread pools. require "troupe/sync"
#
# All of them are for the threads of one Ractor. Every wait takes a timeout in seconds and then answers false (or nil) when
# the time is over.
#
# Who is killed, or raised at, while it waits leaves nothing behind: no permit, no lock, no place in a barrier is lost. What
# was taken is noted by a plain assignment right behind the taking, where no interrupt can come in between, and given back
# in an ensure that nothing interrupts. Only between the return of a method without a block (`acquire`) and the caller's
# own `begin` an interrupt finds nobody responsible: use the forms with a block.
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

      # For what gives back: an interrupt comes after it.
      def uninterrupted(&) = Thread.handle_interrupt(Object => :never, &)
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

      # The count that is left.
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

      # Somebody gave up waiting (its time was over, it was interrupted), the action failed, or the barrier was reset: whoever
      # waits at that meeting gets this, and who comes later, until the barrier is reset.
      class BrokenError < ThreadError
        def initialize(message = "barrier is broken") = super
      end

      Meeting = Struct.new(:has_met, :is_broken)
      private_constant :Meeting

      attr_reader :parties

      # The block is run by the last one that comes, before all go on.
      def initialize(parties, &action)
        raise ArgumentError, "parties must be positive" if parties < 1
        @parties = parties
        @action = action
        @lock = Mutex.new
        @changed = ConditionVariable.new
        begin_meeting
      end

      def number_waiting = @lock.synchronize { @waiting }
      def broken? = @lock.synchronize { @meeting.is_broken }

      # The number of those that came before; false when the time was over (the barrier is broken then).
      def wait(timeout = nil)
        @lock.synchronize do
          meeting = @meeting
          raise BrokenError if meeting.is_broken
          place = @waiting
          @waiting += 1
          return meet(place) if @waiting == @parties
          begin
            wait_until(@changed, timeout) { meeting.has_met || meeting.is_broken }
          ensure
            is_early = !meeting.has_met && !meeting.is_broken
            break_up(meeting) if is_early
          end
          return false if is_early
          raise BrokenError unless meeting.has_met
          place
        end
      end

      # A new meeting. Those that wait for the present one get a BrokenError.
      def reset
        @lock.synchronize do
          break_up(@meeting) if @waiting > 0
          begin_meeting
        end
        nil
      end

      private

      def meet(place)
        meeting = @meeting
        begin
          @action&.call
          meeting.has_met = true
          begin_meeting
          @changed.broadcast
          place
        ensure
          break_up(meeting) unless meeting.has_met
        end
      end

      def begin_meeting
        @meeting = Meeting.new(false, false)
        @waiting = 0
      end

      def break_up(meeting)
        meeting.is_broken = true
        @waiting = 0 if meeting.equal?(@meeting)
        @changed.broadcast
      end
    end

    # So many permits; who finds none waits. They are not tied to threads: any may release.
    class Semaphore
      include Waiting

      def initialize(permits)
        raise ArgumentError, "permits must not be negative" if permits < 0
        @permits = permits
        @lock = Mutex.new
        @available = ConditionVariable.new
      end

      def available_permits = @lock.synchronize { @permits }

      # Waits for so many permits: true, or false when the time is over. With a block: gives them back after it, and returns
      # its value.
      def acquire(count = 1, timeout: nil)
        raise ArgumentError, "count must be positive" if count < 1
        has_permits = is_handed_on = false
        begin
          @lock.synchronize do
            if wait_until(@available, timeout) { @permits >= count }
              @permits -= count
              has_permits = true
            end
          end
          return has_permits && yield if block_given?
          is_handed_on = true
          has_permits
        ensure
          release(count) if has_permits && !is_handed_on
        end
      end

      # The same, but does not wait longer than that; not at all if nothing is said.
      def try_acquire(count = 1, timeout = 0, &) = acquire(count, timeout: timeout, &)

      def release(count = 1)
        uninterrupted do
          @lock.synchronize do
            @permits += count
            @available.broadcast
          end
        end
        nil
      end

      # Takes all that are there, and returns how many.
      def drain_permits
        @lock.synchronize do
          drained = @permits
          @permits = 0
          drained
        end
      end
    end

    # Many readers or one writer. A writer that waits keeps new readers out, so a thread that reads must not lock for reading
    # again; a writer may neither read nor write again.
    class ReadWriteLock
      include Waiting

      def initialize
        @lock = Mutex.new
        @changed = ConditionVariable.new
        @readers = 0
        @waiting_writers = 0
        @writer = nil
      end

      # The block's value; false when the time is over before it has begun.
      def with_read_lock(timeout: nil, &) = lock_for_reading(timeout, &)
      def with_write_lock(timeout: nil, &) = lock_for_writing(timeout, &)

      # true; false when the time is over.
      def acquire_read_lock(timeout = nil) = lock_for_reading(timeout)
      def acquire_write_lock(timeout = nil) = lock_for_writing(timeout)

      def release_read_lock
        uninterrupted do
          @lock.synchronize do
            raise ThreadError, "not locked for reading" if @readers == 0
            @readers -= 1
            @changed.broadcast if @readers == 0
          end
        end
        true
      end

      def release_write_lock
        uninterrupted do
          @lock.synchronize do
            raise ThreadError, "not locked by this thread" unless @writer.equal?(Thread.current)
            @writer = nil
            @changed.broadcast
          end
        end
        true
      end

      def write_locked? = @lock.synchronize { !@writer.nil? }
      def read_locked? = @lock.synchronize { @readers > 0 }
      def has_waiters? = @lock.synchronize { @waiting_writers > 0 }

      private

      def lock_for_reading(timeout)
        is_locked = is_handed_on = false
        begin
          @lock.synchronize do
            check_recursion
            if wait_until(@changed, timeout) { @writer.nil? && @waiting_writers == 0 }
              @readers += 1
              is_locked = true
            end
          end
          return is_locked && yield if block_given?
          is_handed_on = true
          is_locked
        ensure
          release_read_lock if is_locked && !is_handed_on
        end
      end

      def lock_for_writing(timeout)
        is_locked = is_handed_on = false
        thread = Thread.current
        begin
          @lock.synchronize do
            check_recursion
            if wait_as_writer(timeout)
              @writer = thread
              is_locked = true
            end
          end
          return is_locked && yield if block_given?
          is_handed_on = true
          is_locked
        ensure
          release_write_lock if is_locked && !is_handed_on
        end
      end

      def check_recursion
        raise ThreadError, "deadlock; recursive locking" if @writer.equal?(Thread.current)
      end

      # Readers that it kept out go on when it gives up.
      def wait_as_writer(timeout)
        @waiting_writers += 1
        may_write = false
        begin
          may_write = wait_until(@changed, timeout) { @writer.nil? && @readers == 0 }
        ensure
          @waiting_writers -= 1
          @changed.broadcast unless may_write
        end
      end
    end

    # A value that comes later: from a block on a thread (or a pool), or set by hand.
    class Future
      include Waiting

      # The thread that was to make the value was killed, or its pool dropped the work.
      class AbandonedError < ThreadError; end

      # Future.execute { … } on a thread of its own, or on the pool.
      def self.execute(pool = nil, &block)
        raise ArgumentError, "no block given" unless block
        future = new
        if pool
          pool.post_future(future, &block)
        else
          Thread.new { future.run(&block) }.report_on_exception = false
        end
        future
      end

      def initialize
        @lock = Mutex.new
        @done = ConditionVariable.new
        @state = :pending
        @result = nil
        @callbacks = []
      end

      attr_reader :state

      def fulfill(value) = settle(:fulfilled, value)
      def reject(error) = settle(:rejected, error)
      def fulfilled? = @state == :fulfilled
      def rejected? = @state == :rejected
      def resolved? = @state != :pending

      # Sets what the block returns or raises. What is no StandardError goes on from here, too.
      def run
        fulfill(yield)
      rescue Exception => error
        raise if resolved?
        reject(error)
        raise unless error.is_a?(StandardError)
      ensure
        abandon("the thread was killed")
      end

      # It will not come: rejects it with an AbandonedError, unless it is resolved.
      def abandon(why)
        uninterrupted do
          reject(AbandonedError.new(why)) unless resolved?
        rescue ThreadError
          nil # it was resolved meanwhile
        end
      end

      # true when it is resolved; false when the time is over.
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

      # A future of the block's value for our value. The block is run by who resolves this one, or at once.
      def then(&block)
        following = Future.new
        when_resolved { rejected? ? following.reject(@result) : following.__send__(:run_quietly) { block.call(@result) } }
        following
      end

      # The same for the error: of the block's value for it; of our value when there is none.
      def rescue(&block)
        following = Future.new
        when_resolved { fulfilled? ? following.fulfill(@result) : following.__send__(:run_quietly) { block.call(@result) } }
        following
      end

      # A future of all their values, in order; rejected with the first error.
      def self.all(futures)
        futures = futures.to_a
        whole = new
        left = futures.size
        whole.fulfill([]) if left == 0
        futures.each do |future|
          future.__send__(:when_resolved) do
            left -= 1
            next if whole.resolved?
            if future.rejected? then whole.reject(future.reason)
            elsif left == 0 then whole.fulfill(futures.map(&:value))
            end
          end
        end
        whole
      end

      private

      def run_quietly
        fulfill(yield)
      rescue StandardError => error
        raise if resolved?
        reject(error)
      end

      def when_resolved(&callback)
        is_late = @lock.synchronize do
          @callbacks << callback unless resolved?
          resolved?
        end
        callback.call if is_late
      end

      def settle(state, result)
        callbacks = uninterrupted do
          @lock.synchronize do
            raise ThreadError, "already resolved" if resolved?
            @result = result
            @state = state
            @done.broadcast
            @callbacks.tap { @callbacks = nil }
          end
        end
        callbacks.each(&:call)
        self
      end
    end

    # Threads that take work from a queue: as many as `size`, or between min and max ones (idle ones above min end after
    # idle_time). With max_queue, what does not fit into the queue waits for room (fallback: :wait), is refused with a
    # RejectedError (:raise), run by the caller (:caller_runs), or dropped (:discard).
    #
    # The end: `shutdown` takes no more work, `wait_for_termination` waits until what was taken is done, `kill` drops it;
    # `stop` is all of them.
    class ThreadPool
      include Waiting

      class RejectedError < ThreadError
        def initialize(message = "the pool takes no more work") = super
      end

      Work = Struct.new(:block, :arguments, :future) do
        def call = future ? future.run { block.call(*arguments) } : block.call(*arguments)
        def drop = future&.abandon("the pool dropped the work")
      end
      private_constant :Work

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
        @made = 0
        @idle = 0
        @state = :running
        @completed = 0
      end

      def length = @lock.synchronize { @threads.size }
      def queue_length = @lock.synchronize { @queue.size }
      def active_count = @lock.synchronize { @threads.size - @idle }
      def completed_count = @lock.synchronize { @completed }
      def running? = @state == :running
      def shutdown? = @state == :shutdown
      def terminated? = @lock.synchronize { is_terminated }

      # Has the block run on a thread of the pool. true when it was taken or run, false when it was dropped.
      def post(*arguments, &block)
        raise ArgumentError, "no block given" unless block
        submit(Work.new(block, arguments, nil))
      end
      alias << post

      # A Future of the block's value.
      def future(&block) = Future.execute(self, &block)

      # Has the block run, and the Future told what came of it.
      def post_future(future, &block)
        work = Work.new(block, [], future)
        submit(work) || work.drop
      end

      # Takes nothing more; what lies in the queue is done.
      def shutdown
        @lock.synchronize do
          @state = :shutdown if @state == :running
          @work_came.broadcast
          @room_came.broadcast
          @ended.broadcast
        end
        true
      end

      # What lies in the queue is dropped, and its threads are killed: their ensures run.
      def kill
        dropped, threads = @lock.synchronize do
          @state = :shutdown
          @work_came.broadcast
          @room_came.broadcast
          @ended.broadcast
          [@queue.tap { @queue = [] }, @threads.dup]
        end
        dropped.each(&:drop)
        threads.each(&:kill)
        true
      end

      # After shutdown: true when all is done, false when the time is over.
      def wait_for_termination(timeout = nil)
        @lock.synchronize { wait_until(@ended, timeout) { is_terminated } }
      end

      # Shuts down and waits; kills what is not done by then. true when nothing had to be killed.
      def stop(timeout = nil)
        shutdown
        return true if wait_for_termination(timeout)
        kill
        wait_for_termination
        false
      end

      private

      # With the lock held, as are those below that do not take it.
      def is_terminated = @state == :shutdown && @threads.empty? && @queue.empty?

      def submit(work)
        case @lock.synchronize { offer(work) }
        when :taken then true
        when :discard then false
        when :caller_runs
          work.call
          true
        else raise RejectedError
        end
      end

      def offer(work)
        return :closed unless @state == :running
        if @max_queue && @queue.size >= @max_queue && !wants_thread
          return @fallback unless @fallback == :wait
          wait_until(@room_came, nil) { @queue.size < @max_queue || @state != :running }
          return :closed unless @state == :running
        end
        start_thread if wants_thread
        @queue << work
        @work_came.signal
        :taken
      end

      def wants_thread = @idle <= @queue.size && @threads.size < @max

      def start_thread
        thread = Thread.new { serve }
        thread.name = "#{@name}-#{@made += 1}" if @name
        @threads << thread
      end

      def serve
        work = nil
        while (work = next_work)
          perform(work)
          work = nil
        end
      ensure
        uninterrupted { leave(work) }
      end

      def perform(work)
        work.call
      rescue StandardError => error
        warn "#{Thread.current.inspect} work failed: #{error.full_message(highlight: false)}"
      ensure
        uninterrupted { @lock.synchronize { @completed += 1 } }
      end

      # The thread ends. What it took and did not begin is dropped; another thread goes on when it was killed.
      def leave(work)
        @lock.synchronize do
          @threads.delete(Thread.current)
          start_thread if !@queue.empty? && @threads.size < [@min, 1].max
          @ended.broadcast
        end
        work&.drop
      end

      # nil: the thread is to end.
      def next_work
        @lock.synchronize do
          until wait_for_work(@threads.size > @min ? @idle_time : nil)
            next if @threads.size <= @min # others ended meanwhile
            @threads.delete(Thread.current)
            return
          end
          work = @queue.shift
          @room_came.signal if work
          work
        end
      end

      def wait_for_work(timeout)
        @idle += 1
        wait_until(@work_came, timeout) { !@queue.empty? || @state != :running }
      ensure
        @idle -= 1
      end
    end
  end
end

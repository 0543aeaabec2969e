# clock.rb - durations by the monotonic clock.
module Async
  class Clock
    def self.now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    # How long the block took, in seconds.
    def self.measure
      started = now
      yield
      now - started
    end

    def self.start = new.tap(&:start!)

    def initialize(total = 0)
      @total = total
      @started = nil
    end

    def start! = @started ||= Clock.now

    def stop!
      @total += Clock.now - @started if @started
      @started = nil
      @total
    end

    def total = @started ? @total + (Clock.now - @started) : @total

    def reset!
      @total = 0
      @started = Clock.now if @started
    end
  end
end

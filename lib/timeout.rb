# timeout.rb - Timeout.timeout on the scheduler's timers: no thread of its own.
require "timeout_core"

module Timeout
  VERSION = "0.6.0"

  # What runs through the block when its time is over and no class was given: not a StandardError, so that `rescue => e` in
  # the block does not stop it.
  class ExitException < Exception
    def exception(*)
      self
    end
  end

  # What the caller of timeout sees.
  class Error < RuntimeError
    def self.handle_timeout(message)
      exit_exception = ExitException.new(message)
      begin
        yield exit_exception
      rescue ExitException => error
        raise new(message) if exit_exception.equal?(error)
        raise
      end
    end
  end

  # Runs the block for at most sec seconds; raises Timeout::Error, or klass with the message, when it takes longer.
  # nil and 0 mean no limit.
  def self.timeout(sec, klass = nil, message = nil, &block)
    return yield(sec) if sec.nil? || sec.zero?
    raise ArgumentError, "Timeout sec must be a non-negative number" if sec < 0

    message ||= "execution expired"
    scheduler = Fiber.current_scheduler
    return scheduler.timeout_after(sec, klass || Error, message, &block) if scheduler.respond_to?(:timeout_after)

    return limit(sec, klass, message, &block) if klass
    Error.handle_timeout(message) { |exit_exception| limit(sec, exit_exception, message, &block) }
  end

  def self.limit(sec, exception, message)
    request = Request.new(Thread.current, sec, exception, message)
    begin
      yield(sec)
    ensure
      request.finished
    end
  end
  private_class_method :limit
  private_constant :Request

  private def timeout(...) = Timeout.timeout(...)
end

# monitor.rb - Monitor's Ruby half: the mixin, and condition variables that go with a Monitor.
require "monitor_core"

# Makes any object its own monitor: include it, or extend an object with it.
module MonitorMixin
  # A condition to wait for inside a monitor.
  class ConditionVariable
    def initialize(monitor)
      @monitor = monitor
      @cond = Thread::ConditionVariable.new
    end

    def wait(timeout = nil)
      @monitor.mon_check_owner
      @monitor.wait_for_cond(@cond, timeout)
    end

    def wait_while
      wait while yield
    end

    def wait_until
      wait until yield
    end

    def signal
      @monitor.mon_check_owner
      @cond.signal
    end

    def broadcast
      @monitor.mon_check_owner
      @cond.broadcast
    end
  end

  def self.extend_object(object)
    super
    object.__send__(:mon_initialize)
  end

  def mon_try_enter = @mon_data.try_enter
  alias try_mon_enter mon_try_enter

  def mon_enter = @mon_data.enter

  def mon_exit
    mon_check_owner
    @mon_data.exit
  end

  def mon_locked? = @mon_data.mon_locked?

  def mon_owned? = @mon_data.mon_owned?

  def mon_synchronize(&block) = @mon_data.synchronize(&block)
  alias synchronize mon_synchronize

  def new_cond
    raise ThreadError, "monitor mixin is not initialized" unless instance_variable_defined?(:@mon_data)
    raise ThreadError, "monitor mixin data of another object" unless @mon_data_owner_object_id == object_id
    ConditionVariable.new(@mon_data)
  end

  private

  def initialize(...)
    super
    mon_initialize
  end

  def mon_initialize
    if instance_variable_defined?(:@mon_data) && @mon_data_owner_object_id == object_id
      raise ThreadError, "already initialized"
    end
    @mon_data = ::Monitor.new
    @mon_data_owner_object_id = object_id
  end

  def mon_check_owner = @mon_data.mon_check_owner
end

class Monitor
  def new_cond = ::MonitorMixin::ConditionVariable.new(self)
end

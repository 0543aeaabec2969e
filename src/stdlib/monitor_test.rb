# Monitor, MonitorMixin and their condition variables: what each method refuses, with class and message.
require "monitor"

Thread.report_on_exception = false
m = Monitor.new
m.exit #=> ThreadError: current fiber not owner
m.mon_exit #=> ThreadError: current fiber not owner
m.mon_check_owner #=> ThreadError: current fiber not owner
m.wait_for_cond(ConditionVariable.new, 1) #=> ThreadError: Attempt to unlock a mutex which is not locked
m.synchronize #=> LocalJumpError: no block given (yield)
m.mon_synchronize #=> LocalJumpError: no block given (yield)
m.synchronize { m.synchronize { m.mon_owned? } } #=> true
m.synchronize { raise IOError, "inside" } #=> IOError: inside
[m.mon_locked?, m.mon_owned?] #=> [false, false]
m.enter #=> nil
m.try_enter #=> true
Thread.new { m.exit }.join #=> ThreadError: current fiber not owner
Thread.new { [m.try_enter, m.try_mon_enter, m.mon_try_enter] }.value #=> [false, false, false]
Thread.new { m.mon_check_owner }.join #=> ThreadError: current fiber not owner
Thread.new { m.new_cond.wait }.join #=> ThreadError: current fiber not owner
Fiber.new { m.exit }.resume #=> ThreadError: current fiber not owner
m.exit #=> nil
m.mon_locked? #=> true
m.exit #=> nil
m.exit #=> ThreadError: current fiber not owner
m.new_cond.class #=> MonitorMixin::ConditionVariable

c = m.new_cond
c.wait #=> ThreadError: current fiber not owner
c.wait(0) #=> ThreadError: current fiber not owner
c.wait_while { true } #=> ThreadError: current fiber not owner
c.wait_while { false } #=> nil
c.wait_until { false } #=> ThreadError: current fiber not owner
c.signal #=> ThreadError: current fiber not owner
c.broadcast #=> ThreadError: current fiber not owner
m.synchronize { c.wait(0) } #=> false
m.synchronize { c.wait(0.001) } #=> false
m.synchronize { c.wait("1") } #=> TypeError: can't convert String into time interval
m.synchronize { c.wait(-1) } #=> ArgumentError: time interval must not be negative
m.mon_locked? #=> false
m.synchronize { c.signal.class } #=> Thread::ConditionVariable
m.synchronize { m.synchronize { c.wait(0.001); m.mon_owned? } } #=> true
t = Thread.new { m.synchronize { c.wait; m.mon_owned? } }
Thread.pass until t.stop?
m.synchronize { c.signal }; t.value #=> true
t = Thread.new { m.synchronize { m.synchronize { c.wait } } }
Thread.pass until t.stop?
t.raise(IOError, "waiting"); t.join #=> IOError: waiting
m.mon_locked? #=> false

class Box
  include MonitorMixin
  def initialize = super()
end
box = Box.new
box.mon_exit #=> ThreadError: current fiber not owner
box.mon_enter #=> nil
box.mon_try_enter #=> true
box.mon_exit; box.mon_exit #=> nil
box.synchronize { box.mon_synchronize { 4 } } #=> 4
box.new_cond.wait #=> ThreadError: current fiber not owner
plain = Object.new.extend(MonitorMixin)
plain.synchronize { 5 } #=> 5
plain.mon_exit #=> ThreadError: current fiber not owner

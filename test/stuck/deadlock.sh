# What the runtime says of programs that cannot go on, and of threads that wait for each other in a circle.
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
plain() { sed -E 's/0x[0-9a-f]+/0x_/g; s/int:[0-9]+/int:_/; s/(Ractor:#.*) (running|blocking)>/\1>/'; }
try() { echo "-- $1"; cat >t.rb; timeout 20 "$troupe" t.rb 2>&1 | plain; }

try "every kind of wait, in two Ractors" <<'RUBY'
r = Ractor.new(name: "stuck") { Thread.new { sleep 0.01; Queue.new.pop }; Ractor.receive }
lock = Mutex.new
queue = Queue.new
Thread.new { lock.lock; Ractor.receive }
Thread.new { lock.lock }
Thread.new { queue.pop }
Thread.new { Mutex.new.synchronize { ConditionVariable.new.wait(lock = Mutex.new.lock) } }
Thread.new { Ractor.current.default_port.receive }
Thread.pass
r.value
RUBY

try "a ring of Ractors" <<'RUBY'
Thread.deadlock_action = :ignore
rs = Array.new(3) { Ractor.new { Ractor.receive.take } }
rs.each_with_index { |r, i| r.send rs[i - 1] }
begin
  rs[0].take
rescue Exception => e
  puts e.class, e.message.lines.grep(/waits/)
end
RUBY

try "a Ractor that is stuck alone" <<'RUBY'
r = Ractor.new { Thread.current.report_on_exception = false; Queue.new.pop }
begin
  r.value
rescue => e
  p e.class, e.cause.class
  puts e.cause.message.lines.grep(/Queue>/)
end
RUBY

try "one that goes on: nobody says anything" <<'RUBY'
reader, writer = IO.pipe
pid = fork { sleep 0.2; writer << "from a child"; exit! }
writer.close
r = Ractor.new { Ractor.receive }
queue = Queue.new
Thread.new { queue << reader.read; r << :done }
p queue.pop, r.value
Process.wait pid
Thread.new { sleep 0.05; queue << :late }
p queue.pop
p queue.pop(timeout: 0.01)
RUBY

try "after a rescue" <<'RUBY'
2.times do
  Thread.stop
rescue Exception => e
  puts e.class, e.message.lines.first
end
Thread.new { sleep 0.01; puts "goes on" }.join
RUBY

try "a circle of locks" <<'RUBY'
a, b = Mutex.new, Mutex.new
t = Thread.new { a.lock; sleep 0.03; b.lock }
u = Thread.new { b.lock; sleep 0.06; a.lock }
sleep 0.1
puts "goes on"
u.kill
p t.join.status
RUBY

try "a circle of joins" <<'RUBY'
t = Thread.new { sleep 0.02; $u.join }
$u = Thread.new { t.join }
sleep 0.2
puts "goes on"
RUBY

try "a circle through three Ractors and a join" <<'RUBY'
first = Ractor.new { Ractor.receive.value }
second = Ractor.new(first) { |r| Thread.new { r.value }.join }
sleep 0.2
first << second
sleep 0.1
puts "goes on"
RUBY

try "raised where it closes" <<'RUBY'
require "monitor"
Thread.deadlock_action = :raise
p Thread.deadlock_action, Thread::DeadlockError.superclass
a, b = Monitor.new, Monitor.new
t = Thread.new { a.synchronize { sleep 0.03; b.synchronize { :first } } }
u = Thread.new { b.synchronize { sleep 0.06; a.synchronize { } } rescue $!.class }
p t.value, u.value
begin Thread.deadlock_action = :none; rescue ArgumentError; puts $!.message; end
RUBY

echo "-- by the environment"
echo 'a, b = Mutex.new, Mutex.new
t = Thread.new { a.lock; sleep 0.03; b.lock }
u = Thread.new { b.lock; sleep 0.06; a.lock; }
u.report_on_exception = false
u.join rescue p $!.class
sleep 0.1' >t.rb
TROUPE_DEADLOCK=raise "$troupe" t.rb
TROUPE_DEADLOCK=ignore timeout 0.4 "$troupe" t.rb 2>&1 | head -1 | cut -c 1-60

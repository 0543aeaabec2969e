# SIGQUIT: what everybody does, while they do it; the program goes on.
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
cat >t.rb <<'RUBY'
$stdout.sync = true
3.times { |i| Ractor.new(name: "busy#{i}") { loop { (1..50_000).to_a.sort_by { -_1 } } } }
Ractor.new(name: "quiet") { Ractor.receive }
lock = Mutex.new
Thread.new { lock.synchronize { sleep 100 } }.name = "holder"
Thread.new { lock.lock }.name = "waiter"
Thread.new { Fiber.new { Queue.new.pop }.resume }.name = "in a fiber"
ending = Thread.new { begin; sleep 100; ensure; sleep 100; end }
ending.name = "ending"
kept = Fiber.new { Fiber.yield }
kept.resume
reader, writer = IO.pipe
Thread.new { reader.read }.name = "reader"
sleep 0.1
ending.kill
sleep 0.1
puts "ready"
huge = (1 << 3_000_000) - 1
Thread.new { loop { huge.digits } }.name = "computing"
started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
i = 0
i += 1 until $stdin.wait_readable(0)
puts "goes on: #{i > 0}"
exit! 0
RUBY
mkfifo in out
set -m # or the shell has background programs ignore SIGQUIT
"$troupe" t.rb <in >out 2>report &
pid=$!
exec 3>in 4<out
read -r line <&4
echo "$line"
for _ in 1 2 3; do
    kill -QUIT $pid
    sleep 0.3
done
echo >&3
cat <&4
wait $pid
echo "status $?"
[ "$(grep -c '^-- state of process' report)" -ge 2 ] && echo "reported"
plain() { sed -E 's/0x[0-9a-f]+/0x_/g; s/[0-9.]+ms/_/'; }
has() { plain <report | grep -m 1 -o -- "$1" || echo "missing: $1"; }
has 'Ractor:#1 '
has 'Ractor:#[0-9] busy0'
has 'Ractor:#[0-9] busy2'
has 'Ractor:#[0-9] quiet'
has 'waits in Ractor.receive'
has "Thread:0x_@holder t.rb:5 sleep> sleeps"
has 'holds #<Thread::Mutex:0x_>'
has '@waiter t.rb:6 sleep_forever> waits for #<Thread::Mutex:0x_>, held by #<Thread:0x_@holder t.rb:5 sleep>'
has 'resumed by'
has "t.rb:7:in 'Thread::Queue#pop'"
has "in 'ensure in block in <main>'"
has '#<Fiber:0x_ t.rb:10> is suspended, of #<Thread:0x_ run>'
has "t.rb:10:in 'Fiber.yield'"
has '@reader t.rb:13 sleep> waits for descriptor'
has '@computing'
has "t.rb:[0-9]*:in '<main>'"

# TROUPE_WATCHDOG: who holds a Ractor for long without a safepoint, once for each stretch, and nobody else.
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
cat >t.rb <<'RUBY'
$kept = Array.new(400_000) { +"some text #{_1}" }
def hold = ObjectSpace.garbage_collect
def long = Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond)
start = long
hold while long - start < 300 && (ARGV[0] == "held")
busy = Thread.new { i = 0; i += 1 until i == 3_000_000 }
sleep 0.1
busy.join
[3, 2, 1].each { |n| Thread.new { 200_000.times { n.to_s } }.join }
Ractor.new { 3_000_000.times { } }.value
puts "done"
RUBY
echo "-- long methods"
TROUPE_WATCHDOG=2 "$troupe" t.rb held >report 2>&1
grep -m 1 -o ' has reached no safepoint for' report
grep -m 1 -B 1 "Object#hold" report
[ "$(grep -c watchdog report)" -lt 200 ] && echo "once for each stretch"
echo "-- short ones"
TROUPE_WATCHDOG=1000 "$troupe" t.rb 2>&1
echo "-- off"
TROUPE_WATCHDOG=no "$troupe" t.rb held 2>&1

# What a program that cannot run, or does not end well, leaves behind: a clear message and a status that is not 0.
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
try() { echo "\$ $*"; "$troupe" "$@" 2>&1 | head -c 400 | head -4; local status=${PIPESTATUS[0]}; echo "status $status"; }

try missing.rb
mkdir folder
try folder
printf '\x89\x91\xff\x00' >binary.rb
try binary.rb
head -c 100000 /dev/zero | tr '\0' '[' >nested.rb
try nested.rb
printf 'def f\n  1 +\nend\n' >syntax.rb
try syntax.rb
printf '# encoding: nope\n1' >encoding.rb
try encoding.rb
try -e 'raise "no"'
try -e 'raise ArgumentError'
try -e 'def f(x) = f(x + 1)
f(1)'
try -e 'exit 3'
try -e 'exit!'
try -e 'abort "stop"'
try -e 'at_exit { puts "last" }; raise "first"'
echo 'puts "x" * 10_000_000.to_s.size' >long.rb
(printf 'x = "'; head -c 10000000 /dev/zero | tr '\0' 'x'; printf '"; puts x.size') >long.rb
try long.rb
try /dev/zero
echo '$ a FIFO, no folder to stand in, no arguments, many arguments, no standard input'
mkfifo fifo
(echo 'puts "read from #{File.basename(__FILE__)}"' >fifo) &
"$troupe" fifo
mkdir away
(cd away && rmdir ../away && "$troupe" -e 'begin; Dir.pwd; rescue => e; puts e.class; end')
"$troupe" </dev/null
echo "status $?"
echo 'p ARGV.size' >many.rb
seq 1 20000 | xargs "$troupe" many.rb
"$troupe" -e 'gets' <&- 2>error
echo "status $?: $(head -1 error)"
echo '$ recursion in blocks, inspect, Marshal, method_missing, sort: alone and in Thread, Fiber, Ractor'
for deep in 'def f(&b) = [1].each { f { b } }; f {}' \
    'class A; def inspect = [self].inspect; end; A.new.inspect' \
    'class A; def marshal_dump = Marshal.dump(self); end; Marshal.dump(A.new)' \
    'class A; def method_missing(n, *a) = foo(*a); end; A.new.bar' \
    'def s(a) = a.sort { |x, y| s(a); x <=> y }; s([3, 2, 1])'; do
    for inside in '%s' 'Thread.new { %s }.join' 'Fiber.new { %s }.resume' 'Ractor.new { %s }.join'; do
        # shellcheck disable=SC2059
        "$troupe" -e "Thread.report_on_exception = false; $(printf "$inside" "$deep")" >error 2>&1
        echo "status $?: $(grep -o -m 1 'stack level too deep' error)"
    done
done
echo '$ -e puts > /dev/full'
"$troupe" -e 'puts "x" * 100_000' >/dev/full 2>error
echo "status $?: $(head -1 error)"
echo '$ -e puts one line > /dev/full'
"$troupe" -e 'puts "x"' >/dev/full 2>error
echo "status $?: $(head -1 error)"
echo '$ -e puts >&-'
"$troupe" -e 'puts "x"' >&- 2>error
echo "status $?: $(head -1 error)"
echo '$ fibers without end'
"$troupe" -e 'def f = Fiber.new { f }.resume
f' 2>error
echo "status $?: $(head -1 error)"
echo '$ -e loop | head'
"$troupe" -e 'loop { puts "line" }' 2>error | head -1
echo "status ${PIPESTATUS[0]}: $(cat error)"

# Leaving: exceptions, ensure, break, return, throw, and what $! is meanwhile.

def log = (@log ||= [])
def logged = (log.clear; yield; log.dup)

# ensure bodies without instructions of their own, nested
def quiet; yield; ensure; 1; end
def quiet2; begin; begin; yield; ensure; 1; end; ensure; log << :outer; end; end
quiet { raise "z" } #=> RuntimeError: z
logged { quiet2 { raise "z" } rescue log << $!.message } #=> [:outer, "z"]

# in order, on every way out
def ways; yield; ensure; log << :e; end
logged { log << [1].each { |x| ways { break 7 } }; } #=> [:e, [1]]
logged { log << (ways { next 3 }) } #=> [:e, 3]
def returns = ways { return 4 }
logged { log << returns } #=> [:e, 4]
logged { log << catch(:t) { ways { throw :t, 5 } } } #=> [:e, 5]
logged { log << (while true; begin; break 6; ensure; log << :w; end; end) } #=> [:w, 6]
logged { i = 0; while i < 3; begin; i += 1; next if i == 2; log << i; ensure; log << -i; end; end } #=> [1, -1, -2, 3, -3]
def over; return 1; ensure; return 2; end
over #=> 2
logged { n = 0; begin; n += 1; raise "r" if n < 3; log << n; rescue; retry; end } #=> [3]

# orphans
pr = proc { break 1 }
pr.call #=> LocalJumpError: break from proc-closure
def made = proc { return 1 }
made.call #=> LocalJumpError: unexpected return
->() { return 9 }.call #=> 9
throw :nowhere #=> UncaughtThrowError: uncaught throw :nowhere

# $! and cause
begin; raise "a"; rescue; $!.message; end #=> "a"
$! #=> nil
(begin; begin; raise "in"; rescue; raise "out"; end; rescue => e; [e.message, e.cause.message]; end) #=> ["out", "in"]
(begin; raise "x", cause: nil; rescue => e; e.cause; end) #=> nil

# deep down
def deep(n) = deep(n + 1)
deep(0) #=> SystemStackError: stack level too deep
def deep_c = [1].map { deep_c }
deep_c #=> SystemStackError: stack level too deep
def deep_ensure(n); deep_ensure(n + 1); ensure; n; end
deep_ensure(0) #=> SystemStackError: stack level too deep

# where it came from
def where = raise("w")
(where rescue $!.backtrace.first[/:in .*/]) #=> ":in 'Object#where'"
([3].each { where } rescue $!.backtrace[1..2].map { |l| l[/in .*/] }) #=> ["in 'block in <main>'", "in 'Array#each'"]
def lines = caller_locations(1, 1).first.label
lines #=> "<main>"

# a class that has a set_backtrace of its own is told where it was raised
class Told < StandardError
  attr_reader :told
  def set_backtrace(lines) = (@told = lines.first[/in .*/])
end
def tell = raise(Told)
(tell rescue $!.told) #=> "in 'Object#tell'"
(Thread.new { Thread.current.report_on_exception = false; raise Told }.join rescue $!.told.class) #=> String

# the core library's other names in backtraces; its parts in C do not show
def labels = yield rescue $!.backtrace_locations.map(&:label)
labels { (1..3).detect { raise "x" } }[1] #=> "Enumerable#detect"
labels { [1].collect { raise "x" } }[1] #=> "Array#collect"
labels { Process.kill(:NOPE, 1) }[0] #=> "Process.kill"

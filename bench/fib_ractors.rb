# The same work in two Ractors: on two cores, as long as bench/fib.rb.
def fib(n) = n < 2 ? n : fib(n - 1) + fib(n - 2)
puts 2.times.map { Ractor.new { fib(27) } }.map(&:value)

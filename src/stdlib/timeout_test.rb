# Timeout: what timeout refuses and raises, with class and message.
require "timeout"

Timeout.timeout #=> ArgumentError: wrong number of arguments (given 0, expected 1..3)
Timeout.timeout(1) #=> LocalJumpError: no block given (yield)
Timeout.timeout("1") { } #=> NoMethodError: undefined method 'zero?' for an instance of String
Timeout.timeout(:a) { } #=> NoMethodError: undefined method 'zero?' for an instance of Symbol
Timeout.timeout(-1) { } #=> ArgumentError: Timeout sec must be a non-negative number
Timeout.timeout(-0.5) { } #=> ArgumentError: Timeout sec must be a non-negative number
Timeout.timeout(nil) { |s| [s] } #=> [nil]
Timeout.timeout(0) { |s| [s] } #=> [0]
Timeout.timeout(0.0) { 2 } #=> 2
Timeout.timeout(5) { |s| s } #=> 5
Timeout.timeout(0.001) { sleep } #=> Timeout::Error: execution expired
Timeout.timeout(0.001, nil) { sleep } #=> Timeout::Error: execution expired
Timeout.timeout(0.001, IOError) { sleep } #=> IOError: execution expired
Timeout.timeout(0.001, IOError, "late") { sleep } #=> IOError: late
Timeout.timeout(0.001, nil, "late") { sleep } #=> Timeout::Error: late
Timeout.timeout(0.001, 1) { sleep } #=> TypeError: exception class/object expected
Timeout.timeout(1, 2, 3, 4) { } #=> ArgumentError: wrong number of arguments (given 4, expected 1..3)
Timeout.timeout(0.001) { begin; sleep; rescue => e; e; end } #=> Timeout::Error: execution expired
Timeout.timeout(0.001) { begin; sleep; ensure; $ensured = true; end } #=> Timeout::Error: execution expired
$ensured #=> true
Timeout.timeout(0.001, IOError) { begin; sleep; rescue IOError => e; [e.message] end } #=> ["execution expired"]
Timeout.timeout(1) { Timeout.timeout(0.001) { sleep } } #=> Timeout::Error: execution expired
Timeout.timeout(0.001) { Timeout.timeout(1) { sleep } } #=> Timeout::Error: execution expired
Timeout.timeout(0.001) { Timeout.timeout(1) { sleep } rescue :inner } #=> Timeout::Error: execution expired
Timeout.timeout(1) { raise KeyError, "own" } #=> KeyError: own
Timeout.timeout(1) { break 5 } #=> 5
catch(:t) { Timeout.timeout(1) { throw :t, 6 } } #=> 6
Timeout.timeout(0.001) { loop { } } #=> Timeout::Error: execution expired
Thread.handle_interrupt(Timeout::ExitException => :never) { Timeout.timeout(0.001) { sleep 0.01; :finished } } #=> :finished
Timeout::Error.superclass #=> RuntimeError
Timeout::ExitException.superclass #=> Exception
Timeout::Error.new.message #=> "Timeout::Error"
Timeout::Error.new("x").message #=> "x"
TimeoutError #=> NameError: uninitialized constant TimeoutError
class Host
  include Timeout
  def wait = timeout(0.001) { sleep }
end
Host.new.wait #=> Timeout::Error: execution expired
Host.new.timeout(1) { } #=> NoMethodError: private method 'timeout' called for an instance of Host

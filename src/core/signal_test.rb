# Signal, Process.kill to oneself, SignalException: what each method refuses, with class and message.

trap #=> ArgumentError: wrong number of arguments (given 0, expected 1..2)
trap("USR1") #=> ArgumentError: tried to create Proc object without a block
trap("NOPE") { } #=> ArgumentError: unsupported signal 'SIGNOPE'
trap("SIGNOPE") { } #=> ArgumentError: unsupported signal 'SIGNOPE'
trap(:nope) { } #=> ArgumentError: unsupported signal 'SIGnope'
trap("usr1") { } #=> ArgumentError: unsupported signal 'SIGusr1'
trap("-USR1") { } #=> ArgumentError: negative signal name: -USR1
trap(-1) { } #=> ArgumentError: invalid signal number (-1)
trap(65) { } #=> ArgumentError: invalid signal number (65)
trap(4096) { } #=> ArgumentError: invalid signal number (4096)
trap(nil) { } #=> ArgumentError: bad signal type NilClass
trap(1.5) { } #=> ArgumentError: bad signal type Float
trap(Object.new) { } #=> ArgumentError: bad signal type Object
trap("") { } #=> ArgumentError: unsupported signal 'SIG'
trap("SIG") { } #=> ArgumentError: unsupported signal 'SIG'
trap("A\0B") { } #=> ArgumentError: signal name with null byte
trap("USR1", "IGNORE", 1) #=> ArgumentError: wrong number of arguments (given 3, expected 1..2)
%w[SEGV BUS ILL FPE VTALRM].map { |name| trap(name) { } rescue $!.message } #=> ["can't trap reserved signal: SIGSEGV", "can't trap reserved signal: SIGBUS", "can't trap reserved signal: SIGILL", "can't trap reserved signal: SIGFPE", "can't trap reserved signal: SIGVTALRM"]
trap("KILL") { } #=> Errno::EINVAL: Invalid argument - SIGKILL
trap("STOP") { } #=> Errno::EINVAL: Invalid argument - SIGSTOP
trap("EXIT", nil) #=> nil
trap("USR1", "DEFAULT") #=> "DEFAULT"
trap("USR1", "IGNORE") #=> "DEFAULT"
trap("USR1", nil) #=> "IGNORE"
trap("USR1", "SYSTEM_DEFAULT") #=> nil
trap("USR1", "") #=> "SYSTEM_DEFAULT"
trap("USR1", "SIG_DFL") #=> "IGNORE"
trap("USR1", "SIG_IGN") #=> "DEFAULT"
trap("USR1", "EXIT") #=> "IGNORE"
trap("USR1", :DEFAULT) #=> "EXIT"
trap("SIGUSR1") { |n| $seen = n } #=> "DEFAULT"
Signal.trap(:SIGUSR1) { |n| $seen = n }.class #=> Proc
(Process.kill(:USR1, Process.pid); Thread.pass until $seen; Signal.signame($seen)) #=> "USR1"
trap("USR1", "raise IOError, 'in the handler'").class #=> Proc
(Process.kill("USR1", Process.pid); sleep 1) #=> IOError: in the handler
trap("USR1", "DEFAULT") #=> "raise IOError, 'in the handler'"
(Process.kill("USR1", Process.pid); sleep 1) #=> SignalException: SIGUSR1
(Process.kill("TERM", Process.pid); sleep 1) #=> SignalException: SIGTERM
begin; Process.kill("INT", Process.pid); sleep 1; rescue Interrupt => e; e.message; end #=> ""

Signal.list.fetch("INT") #=> 2
Signal.list["EXIT"] #=> 0
Signal.list(1) #=> ArgumentError: wrong number of arguments (given 1, expected 0)
Signal.signame(2) #=> "INT"
Signal.signame(0) #=> "EXIT"
Signal.signame(-1) #=> nil
Signal.signame(4096) #=> nil
Signal.signame("2") #=> TypeError: no implicit conversion of String into Integer
Signal.signame(nil) #=> TypeError: no implicit conversion from nil to integer
Signal.signame #=> ArgumentError: wrong number of arguments (given 0, expected 1)

Process.kill #=> ArgumentError: wrong number of arguments (given 0, expected 2+)
Process.kill("USR1") #=> ArgumentError: wrong number of arguments (given 1, expected 2+)
Process.kill("NOPE", Process.pid) #=> ArgumentError: unsupported signal 'SIGNOPE'
Process.kill(:nope, Process.pid) #=> ArgumentError: unsupported signal 'SIGnope'
Process.kill("usr1", Process.pid) #=> ArgumentError: unsupported signal 'SIGusr1'
Process.kill(4096, Process.pid) #=> 1
Process.kill(nil, Process.pid) #=> ArgumentError: bad signal type NilClass
Process.kill(1.5, Process.pid) #=> ArgumentError: bad signal type Float
Process.kill("", Process.pid) #=> ArgumentError: unsupported signal 'SIG'
Process.kill("TERM", "1") #=> TypeError: no implicit conversion of String into Integer
Process.kill("TERM", nil) #=> TypeError: no implicit conversion from nil to integer
Process.kill(0, Process.pid) #=> 1
Process.kill("EXIT", Process.pid) #=> ArgumentError: unsupported signal 'SIGEXIT'
Process.kill(0, 2**22 + 5) #=> Errno::ESRCH: No such process

SignalException.new #=> ArgumentError: wrong number of arguments (given 0, expected 1)
SignalException.new("INT") #=> #<SignalException: SIGINT>
SignalException.new("INT").signo #=> 2
SignalException.new("SIGINT", "named") #=> ArgumentError: wrong number of arguments (given 2, expected 1)
SignalException.new(2, "named").message #=> "named"
SignalException.new(2).signm #=> "SIGINT"
SignalException.new(100) #=> ArgumentError: invalid signal number (100)
SignalException.new(-1) #=> ArgumentError: invalid signal number (-1)
SignalException.new("NOPE") #=> ArgumentError: unsupported signal 'SIGNOPE'
SignalException.new(:NOPE) #=> ArgumentError: unsupported signal 'SIGNOPE'
SignalException.new("-INT") #=> ArgumentError: negative signal name: -INT
SignalException.new(nil) #=> ArgumentError: bad signal type NilClass
SignalException.new(Object.new) #=> ArgumentError: bad signal type Object
SignalException.new(1, 2, 3) #=> ArgumentError: wrong number of arguments (given 3, expected 1..2)
Interrupt.new.message #=> "Interrupt"
Interrupt.new("text").signo #=> 2
Interrupt.new(1, 2) #=> ArgumentError: wrong number of arguments (given 2, expected 0..1)

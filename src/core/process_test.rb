# Process: children, what they get, how they end; limits and identities.

require "open3"

pid = spawn("exit 3")
Process.wait2(pid)[1].exitstatus        #=> 3
system("exit 2")                        #=> false
$?.exitstatus                           #=> 2
Thread.new { $? }.value                 #=> nil
Array.new(3) { |i| Thread.new { `exit #{i}`; $?.exitstatus } }.map(&:value)   #=> [0, 1, 2]
spawn("no-such-program")                #=> Errno::ENOENT: No such file or directory - no-such-program
$?.exitstatus                           #=> 127
spawn("true", chdir: "/no/such/folder") #=> Errno::ENOENT: No such file or directory - /no/such/folder
spawn({ "A=B" => "c" }, "true")         #=> ArgumentError: environment name contains a equal : A=B
spawn("true", pgroup: -1)               #=> ArgumentError: negative process group ID : -1
spawn(["true"], "x")                    #=> ArgumentError: wrong first argument
spawn(1)                                #=> TypeError: no implicit conversion of Integer into String
IO.popen([["/bin/sh", "my name"], "-c", "echo $0"], &:read)       #=> "my name\n"
IO.popen({ "X" => "5" }, "echo $X", &:read)                       #=> "5\n"
r, w = IO.pipe
w.close_on_exec = false
child = spawn("cat; echo done", in: File::NULL, close_others: true, out: File::NULL)
w.close
r.read                                  #=> ""
Process.wait(child) == child            #=> true
Open3.capture3("cat; echo err >&2; exit 4", stdin_data: "in").then { |out, err, status| [out, err, status.exitstatus] }   #=> ["in", "err\n", 4]
waiter = Process.detach(spawn("exit 5"))
[waiter.class, waiter.pid.class, waiter.value.exitstatus]         #=> [Process::Waiter, Integer, 5]
sleeping = spawn("sleep 100")
waiting = Thread.new { Process.wait(sleeping) }
waiting.report_on_exception = false
Thread.pass until waiting.stop?
waiting.raise("enough")
waiting.value                           #=> RuntimeError: enough
Process.kill(:TERM, sleeping)           #=> 1
Process.wait2(sleeping)[1].termsig      #=> 15
Process.getrlimit(:NOFILE) == Process.getrlimit(Process::RLIMIT_NOFILE)   #=> true
fork { Process.setrlimit(:CORE, 0); exit!(Process.getrlimit(:CORE)[0] + 6) }.then { |one| Process.wait2(one)[1].exitstatus }   #=> 6
Process.getrlimit(:NOTHING)             #=> ArgumentError: invalid resource name: NOTHING
Process.getpriority(Process::PRIO_PROCESS, 0).class               #=> Integer
Process::UID.eid == Process.euid        #=> true

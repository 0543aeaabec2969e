# The hooks of a fiber scheduler: called from non-blocking fibers with Ruby's arguments, and what their answers mean.
require_relative "../../test/support/test_scheduler"
require "timeout"

def log(*hooks, &block) = TestScheduler.log(*hooks, &block).reject { |entry| [[:fiber], [:scheduler_close]].include?(entry) }
Reading = TestScheduler::Reading
Writing = TestScheduler::Writing
$seen = []
def seen = $seen.tap { $seen = [] }

# --- Fiber.set_scheduler ---
Fiber.set_scheduler(Object.new)                              #=> ArgumentError: Scheduler must implement #block
partial = Class.new { def block(*) = nil; def unblock(*) = nil; def kernel_sleep(*) = nil }.new
Fiber.set_scheduler(partial)                                 #=> ArgumentError: Scheduler must implement #io_wait
def partial.io_wait(*) = nil
$stderr = StringIO.new if require "stringio"
Thread.new { Fiber.set_scheduler(partial) }.join
warned, $stderr = $stderr, STDERR
warned.string[/warning: .*/]                                 #=> "warning: Scheduler should implement #fiber_interrupt"
Fiber.scheduler                                              #=> nil
Fiber.schedule { }                                           #=> RuntimeError: No scheduler is available!
Fiber.set_scheduler(nil)                                     #=> nil
mine = TestScheduler.new
Thread.new { [Fiber.set_scheduler(mine).equal?(mine), Fiber.scheduler.equal?(mine), Fiber.current_scheduler] }.value #=> [true, true, nil]
Thread.new { Fiber.set_scheduler(mine = TestScheduler.new); Fiber.schedule { $seen << Fiber.current_scheduler.equal?(mine) }; seen }.value #=> [true]
Thread.new { Fiber.set_scheduler(TestScheduler.new); Fiber.new(blocking: true) { Fiber.current_scheduler }.resume }.value #=> nil
Thread.new { Fiber.set_scheduler(TestScheduler.new); Fiber.schedule { $seen << Fiber.blocking { Fiber.current_scheduler } }; seen }.value #=> [nil]
Thread.new { Fiber.set_scheduler(TestScheduler.new); Thread.new { Fiber.scheduler }.value }.value #=> nil

# Closing: scheduler_close if there is one, else close; at the thread's end, with nil, and with another scheduler.
closing = Class.new(TestScheduler) { undef scheduler_close; def close = ($seen << :close; super) }
Thread.new { Fiber.set_scheduler(closing.new) }.join
seen                                                         #=> [:close]
Thread.new { Fiber.set_scheduler(closing.new); Fiber.set_scheduler(nil); $seen << Fiber.scheduler }.join
seen                                                         #=> [:close, nil]
Thread.new { Fiber.set_scheduler(closing.new); Fiber.set_scheduler(TestScheduler.new); $seen << :set }.join
seen                                                         #=> [:close, :set]
log { }                                                      #=> []
TestScheduler.log { }                                        #=> [[:fiber], [:scheduler_close]]
Thread.new { Fiber.set_scheduler(TestScheduler.new); Fiber.schedule { sleep 0.001; $seen << :slept }; $seen << :main }.join
seen                                                         #=> [:main, :slept]
failing = Class.new(TestScheduler) { def scheduler_close = raise("no close") }
Thread.new { Thread.current.report_on_exception = false; Fiber.set_scheduler(failing.new) }.join #=> RuntimeError: no close
Thread.new { Fiber.set_scheduler(s = failing.new); begin; Fiber.set_scheduler(nil); rescue => e; [e.message, Fiber.scheduler]; end }.value #=> ["no close", nil]

# --- fiber ---
Thread.new { Fiber.set_scheduler(TestScheduler.new); Fiber.schedule { Fiber.current.blocking? }.class }.value #=> Fiber
odd = Class.new(TestScheduler) { def fiber(*arguments, **options, &block) = [arguments, options, block.call] }
Thread.new { Fiber.set_scheduler(odd.new); Fiber.schedule(1, a: 2) { 3 } }.value #=> [[1], {a: 2}, 3]

# --- kernel_sleep ---
log { sleep 0.01 }                                           #=> [[:kernel_sleep, 0.01]]
log { sleep 0 }                                              #=> [[:kernel_sleep, 0]]
log { $seen << sleep(0.001) }                                #=> [[:kernel_sleep, 0.001]]
seen[0].between?(0, 1)                                       #=> true
Thread.new { Fiber.set_scheduler(s = TestScheduler.new); sleep 0.001; s.log }.value #=> [[:scheduler_close]]
Thread.new { Fiber.set_scheduler(s = TestScheduler.new); Fiber.new(blocking: true) { sleep 0.001 }.resume; s.log }.value #=> [[:scheduler_close]]
log { Fiber.blocking { sleep 0.001 } }                       #=> []
sleepless = Class.new(TestScheduler) { def kernel_sleep(*) = raise(IOError, "no sleep") }
Thread.new { Fiber.set_scheduler(sleepless.new); Fiber.schedule { begin; sleep 1; rescue IOError => e; $seen << e.message; end } }.join
seen                                                         #=> ["no sleep"]

# --- block and unblock ---
queue = Thread::Queue.new
log { Fiber.schedule { $seen << queue.pop }; queue << 1 }    #=> [[:block, Thread::Queue, nil], [:unblock, Thread::Queue]]
seen                                                         #=> [1]
log { $seen << queue.pop(timeout: 0.01) }                    #=> [[:block, Thread::Queue, 0.01]]
seen                                                         #=> [nil]
sized = Thread::SizedQueue.new(1)
log { Fiber.schedule { sized << 1 << 2 }; $seen << sized.pop << sized.pop } #=> [[:block, Thread::SizedQueue, nil], [:unblock, Thread::SizedQueue], [:block, Thread::SizedQueue, nil], [:unblock, Thread::SizedQueue]]
seen                                                         #=> [1, 2]
mutex = Thread::Mutex.new
log { mutex.lock; Fiber.schedule { mutex.synchronize { $seen << :inner } }; $seen << :outer; mutex.unlock } #=> [[:block, Thread::Mutex, nil], [:unblock, Thread::Mutex]]
seen                                                         #=> [:outer, :inner]
condition = Thread::ConditionVariable.new
log { Fiber.schedule { mutex.synchronize { condition.wait(mutex); $seen << :signalled } }; mutex.synchronize { condition.signal } } #=> [[:block, Thread::ConditionVariable, nil], [:unblock, Thread::ConditionVariable]]
seen                                                         #=> [:signalled]
log { mutex.synchronize { condition.wait(mutex, 0.01) } }.first #=> [:block, Thread::ConditionVariable, 0.01]
log { $seen << Thread.new { sleep 0.01; 4 }.value }          #=> [[:block, Thread, nil], [:unblock, Thread]]
seen                                                         #=> [4]
log { $seen << Thread.new { sleep }.tap { |t| t.join(0.01) and raise; t.kill }.class }.first #=> [:block, Thread, 0.01]
seen                                                         #=> [Thread]
log { Thread.new { raise IOError, "within" }.tap { |t| t.report_on_exception = false }.join rescue $seen << $!.message }.size #=> 2
seen                                                         #=> ["within"]
other = Thread::Queue.new
log { Fiber.schedule { $seen << other.pop }; Thread.new { other << :from_afar }.join }.count([:unblock, Thread::Queue]) #=> 1
seen                                                         #=> [:from_afar]
unwilling = Class.new(TestScheduler) { def block(*) = raise(IOError, "no block") }
Thread.new { Fiber.set_scheduler(unwilling.new); Fiber.schedule { begin; Thread::Queue.new.pop; rescue IOError => e; $seen << e.message; end } }.join
seen                                                         #=> ["no block"]

# --- io_wait ---
reader, writer = IO.pipe
log { Fiber.schedule { $seen << reader.gets }; writer.puts "hi" }.map { |name, io, *rest| [name, io.equal?(reader), *rest] } #=> [[:io_wait, true, 1, nil]]
seen                                                         #=> ["hi\n"]
writer.puts "there already"
log { $seen << reader.gets }                                 #=> []
seen                                                         #=> ["there already\n"]
log { $seen << reader.wait_readable(0.01) << writer.wait_writable.equal?(writer) }.map { |entry| entry.values_at(0, 2, 3) } #=> [[:io_wait, 1, 0.01], [:io_wait, 4, nil]]
seen                                                         #=> [nil, true]
log { $seen << reader.wait(IO::READABLE, 0.01) }.map { |entry| entry.values_at(0, 2, 3) } #=> [[:io_wait, 1, 0.01]]
seen                                                         #=> [nil]
reader.timeout = 0.01
log { reader.gets rescue $seen << $!.class << $!.message }.map { |entry| entry.values_at(0, 2, 3) } #=> [[:io_wait, 1, 0.01]]
seen                                                         #=> [IO::TimeoutError, "Blocking operation timed out!"]
reader.timeout = nil
log { $seen << reader.read_nonblock(1, exception: false) << writer.write_nonblock("x") << reader.read_nonblock(1) } #=> []
seen                                                         #=> [:wait_readable, 1, "x"]
Thread.new { Fiber.set_scheduler(s = TestScheduler.new); Thread.new { sleep 0.01; writer << "y" }; reader.readpartial(1); s.log }.value #=> [[:scheduler_close]]
ready = Class.new(TestScheduler) { def io_wait(io, events, timeout) = (writer = $writer and writer << "z"; events) }
$writer = writer
Thread.new { Fiber.set_scheduler(ready.new); Fiber.schedule { $seen << reader.readpartial(5) } }.join
seen                                                         #=> ["z"]
refusing = Class.new(TestScheduler) { def io_wait(*) = raise(ThreadError, "no wait") }
Thread.new { Fiber.set_scheduler(refusing.new); Fiber.schedule { reader.getc rescue $seen << $!.message } }.join
seen                                                         #=> ["no wait"]

# --- io_read, io_write ---
shown = ->(entries) { entries.map { |name, io, *rest| [name, io.class, *rest] } }
log(Reading) { Fiber.schedule { $seen << reader.gets }; writer.puts "hi" }.then(&shown) #=> [[:io_read, IO, IO::Buffer, 0, 0, true], [:io_wait, IO, 1, nil]]
seen                                                         #=> ["hi\n"]
log(Writing) { writer.write("a", :b); writer << "c" }.then(&shown) #=> [[:io_write, IO, "a", 0, 0, true], [:io_write, IO, "b", 0, 0, true], [:io_write, IO, "c", 0, 0, true]]
log(Reading) { $seen << reader.readpartial(3) }.then(&shown) #=> [[:io_read, IO, IO::Buffer, 0, 0, true]]
seen                                                         #=> ["abc"]
short = Class.new(TestScheduler) { def io_write(io, buffer, length, offset) = Fiber.blocking { io.syswrite(buffer.get_string(0, [2, buffer.size].min)) } }
Thread.new { Fiber.set_scheduler(short.new); Fiber.schedule { writer.write("abcde") } }.join
reader.readpartial(10)                                       #=> "abcde"
erring = Class.new(TestScheduler) { def io_read(*) = -Errno::ECONNRESET::Errno; def io_write(*) = -Errno::EPIPE::Errno }
Thread.new { Fiber.set_scheduler(erring.new); Fiber.schedule { reader.getc rescue $seen << $!.class }; Fiber.schedule { writer << "x" rescue $seen << $!.class } }.join
seen                                                         #=> [Errno::ECONNRESET, Errno::EPIPE]
ending = Class.new(TestScheduler) { def io_read(*) = 0 }
Thread.new { Fiber.set_scheduler(ending.new); Fiber.schedule { $seen << reader.gets << reader.eof?; reader.readpartial(1) rescue $seen << $!.class } }.join
seen                                                         #=> [nil, true, EOFError]
keeping = Class.new(TestScheduler) { def io_read(io, buffer, *) = ($kept = buffer).set_string("kept") }
Thread.new { Fiber.set_scheduler(keeping.new); Fiber.schedule { $seen << reader.readpartial(10) } }.join
[seen, $kept.null?]                                          #=> [["kept"], true]
raising = Class.new(TestScheduler) { def io_read(*) = raise(IOError, "no read"); def io_write(*) = :what }
Thread.new { Fiber.set_scheduler(raising.new); Fiber.schedule { reader.getc rescue $seen << $!.message; writer << "x" rescue $seen << $!.message } }.join
seen                                                         #=> ["no read", "no implicit conversion of Symbol into Integer"]
reader, writer = IO.pipe
path = "/tmp/fiber_scheduler_test.#{$$}"
file = File.open(path, "w+")
log(Reading, Writing) { file << "buffered"; file.flush; file.rewind; $seen << file.read(4) }.then(&shown) #=> [[:io_write, File, "buffered", 0, 0, true], [:io_read, File, IO::Buffer, 0, 0, true]]
seen                                                         #=> ["buff"]
log(Reading, Writing) { $seen << file.pwrite("XY", 2) << file.pread(4, 1) }.then(&shown) #=> [[:io_pwrite, File, "XY", 2, 0, 0], [:io_pread, File, 4, 1, 0, 0]]
seen                                                         #=> [2, "uXYe"]
log { $seen << file.pread(4, 1) }                            #=> []
seen                                                         #=> ["uXYe"]
log(Reading) { b = IO::Buffer.new(4); $seen << b.pread(file, 1, 2, 1) << b.get_string }.map { |entry| [entry[0], *entry[2..]] } #=> [[:io_pread, 4, 1, 2, 1]]
seen                                                         #=> [3, "\x00uXY"]
file.close
File.delete(path)                                            #=> 1

# --- io_select ---
log(TestScheduler::Selecting) { $seen << IO.select([reader], [writer], nil, 1) }.first.size #=> 5
seen.first.map(&:size)                                       #=> [0, 1, 0]
log(TestScheduler::Selecting) { IO.select([reader], nil, nil, 0.01) }.first.map(&:class) #=> [Symbol, Array, NilClass, NilClass, Float]
log { $seen << IO.select([reader], nil, nil, 0.001) }        #=> []
seen                                                         #=> [nil]

# --- io_close, fiber_interrupt ---
a, b = IO.pipe
log(TestScheduler::Closing) { a.close; b.close }             #=> [[:io_close, Integer], [:io_close, Integer]]
[a.closed?, b.closed?]                                       #=> [true, true]
a, b = IO.pipe
log { Fiber.schedule { a.gets rescue $seen << $!.class << $!.message }; Fiber.schedule { a.close } }.map(&:first) #=> [:io_wait, :fiber_interrupt, :kernel_sleep]
seen                                                         #=> [IOError, "stream closed in another thread"]
a, b = IO.pipe
log { Fiber.schedule { a.wait_readable rescue $seen << $!.message }; $seen << Thread.new { a.close; :closed }.value }.map(&:first) #=> [:io_wait, :block, :fiber_interrupt, :unblock]
seen.sort_by(&:to_s)                                         #=> [:closed, "stream closed in another thread"]

# --- process_wait ---
log(TestScheduler::Processes) { system("exit 3"); $seen << $?.exitstatus }.first #=> [:process_wait, Integer, 0]
seen                                                         #=> [3]
log { system("exit 4"); $seen << $?.exitstatus }             #=> []
seen                                                         #=> [4]
log(TestScheduler::Processes) { $seen << `echo out` }.count { |entry| entry[0] == :process_wait } #=> 1
seen                                                         #=> ["out\n"]

# --- timeout_after ---
log(TestScheduler::Timeouts) { $seen << Timeout.timeout(1) { 3 } } #=> [[:timeout_after, 1, Timeout::Error, "execution expired"]]
log(TestScheduler::Timeouts) { Timeout.timeout(2, IOError, "late") { } } #=> [[:timeout_after, 2, IOError, "late"]]
log { Timeout.timeout(0.01) { Fiber.blocking { sleep } } rescue $seen << $!.class } #=> []
seen                                                         #=> [3, Timeout::Error]

# --- blocking_operation_wait ---
big = IO::Buffer.new(2 << 20)
from = IO::Buffer.new(2 << 20).tap { |buffer| buffer.set_string("far", 2_000_000) }
log(TestScheduler::BlockingOperations) { $seen << big.copy(from) << big.get_string(2_000_000, 3) }.first #=> [:blocking_operation_wait, Fiber::Scheduler::BlockingOperation]
seen                                                         #=> [2097152, "far"]
log { big.copy(from) }                                       #=> []
log(TestScheduler::BlockingOperations) { IO::Buffer.new(10).copy(IO::Buffer.new(10)) } #=> []
twice = Class.new(TestScheduler) { def blocking_operation_wait(work) = (work.call; work.call) }
Thread.new { Fiber.set_scheduler(twice.new); Fiber.schedule { big.copy(from) rescue $seen << $!.message } }.join
seen                                                         #=> ["Blocking operation has already been executed!"]
lazy = Class.new(TestScheduler) { def blocking_operation_wait(work) = $work = work }
Thread.new { Fiber.set_scheduler(lazy.new); Fiber.schedule { big.clear; big.copy(from); $seen << big.get_string(2_000_000, 3) } }.join
seen                                                         #=> ["far"]
$work.call                                                   #=> RuntimeError: Blocking operation has already been executed!

# --- yield ---
log(TestScheduler::Yielding) { Fiber.schedule { $seen << 1; Thread.pass; $seen << 3 }; $seen << 2 } #=> [[:yield]]
seen                                                         #=> [1, 2, 3]

# --- Fiber.blocking? and its like ---
Fiber.blocking?                                              #=> 1
Fiber.new { Fiber.blocking? }.resume                         #=> false
Fiber.new(blocking: true) { Fiber.blocking? }.resume         #=> 1
Fiber.new { Fiber.blocking { |fiber| [Fiber.blocking?, fiber.blocking?] } }.resume #=> [1, true]
Fiber.new { Fiber.blocking { raise "out" } rescue Fiber.blocking? }.resume #=> false
Fiber.blocking { 1 }                                         #=> 1

# fork from threads, fibers and tasks; what works in the child; how processes end.
require "timeout"
require "async"
$stdout.sync = true

def status(label, pid)
  Process.wait(pid)
  puts "#{label}: #{$?.exitstatus.inspect}#{" signal #{$?.termsig}" if $?.signaled?}"
end

# --- the child has the forking thread alone ---
waiting = 3.times.map { Thread.new { sleep } }
Thread.pass until waiting.all?(&:stop?)
lock = Thread::Mutex.new
holder = Thread.new { lock.synchronize { sleep } }
Thread.pass until holder.stop?
Thread.new do
  pid = fork do
    puts "threads: #{Thread.list.size}, I am the main one: #{Thread.main == Thread.current}"
    puts "the others: #{waiting.map(&:alive?).uniq}, #{waiting[0].status.inspect}; their lock is free: #{lock.try_lock}"
    sleep 0.001
    puts "a thread: #{Thread.new { sleep 0.001; 1 }.value}"
    reader, writer = IO.pipe
    Thread.new { sleep 0.001; writer << "x" }
    puts "the poller: #{reader.read(1)}"
    puts "a timeout: #{begin; Timeout.timeout(0.001) { sleep }; rescue Timeout::Error => e; e.message; end}"
    puts "a Ractor: #{Ractor.new { sleep 0.001; 2 }.value}"
    port = Ractor::Port.new
    Ractor.new(port) { |to| to << 3 }
    puts "a Port: #{port.receive}"
    puts "a command: #{`echo 4`}"
    GC.start
    puts "memory: #{Array.new(10_000) { |n| "s#{n}" }.size}"
    fork { puts "a grandchild" }
    Process.wait
    exit 5
  end
  status("from a thread", pid)
end.join
puts "in the parent nothing happened: #{waiting.map(&:alive?).uniq}, #{lock.locked?}"
waiting.each(&:kill)
holder.kill.join

# --- from fibers ---
Fiber.new { status("from a fiber", fork { puts "a fiber within: #{Fiber.new { 1 }.resume}"; exit 2 }) }.resume
puts "from an Enumerator: #{Enumerator.new { |y| pid = fork { exit 3 }; Process.wait(pid); y << $?.exitstatus }.next}"
Async do |task|
  me = $$
  gate = Async::Condition.new
  task.async { gate.wait; puts "another task, in the parent only: #{$$ == me}" }
  pid = fork do
    puts "scheduler in the child: #{Fiber.scheduler.inspect}, task: #{Async::Task.current?.inspect}"
    Async { |own| own.async { sleep 0.001; puts "tasks of its own" } }
    exit 6
  end
  status("from a task", pid)
  gate.signal
end
puts "from a Ractor: #{begin; Ractor.new { begin; fork; rescue NotImplementedError => e; e.message; end }.value; end}"

# --- Process._fork is the hook; Process.daemon does not go through it ---
module Watch
  def _fork = super.tap { |pid| puts "hook: child" if pid == 0 }
end
Process.singleton_class.prepend(Watch)
pid = fork { puts "the block" }
Process.wait(pid)
IO.pipe do |reader, writer|
  pid = fork do
    reader.close
    Process.daemon
    writer.puts "daemon: in #{Dir.pwd}, input from #{File.readlink("/proc/self/fd/0")}, thread: #{Thread.new { 1 }.value}"
    puts "lost"
    exit!
  end
  writer.close
  puts reader.read
  Process.wait(pid)
end
module Watch
  def _fork = super
end

# --- ends ---
status("exit", fork { exit 7 })
status("exit!", fork { at_exit { puts "never" }; exit!(8) })
status("abort", fork { $stderr.reopen($stdout); abort "last words" })
status("an exception", fork { $stderr.reopen(File::NULL); raise "in the child" })
status("exit in a thread", fork { Thread.new { exit 9 }; sleep })
status("SIGTERM", fork { Process.kill(:TERM, $$); sleep })
status("SIGTERM, trapped", fork { trap(:TERM) { puts "trapped"; exit 10 }; Process.kill(:TERM, $$); sleep })
status("order", fork {
  at_exit { puts "at_exit 1" }
  at_exit { puts "at_exit 2"; at_exit { puts "at_exit within" } }
  thread = Thread.new { begin; sleep; ensure; sleep 0.001; puts "ensure of a killed thread, after at_exit" end }
  Thread.pass until thread.stop?
  begin
    exit 11
  ensure
    puts "ensure of the main thread"
  end
})
status("at_exit changes it", fork { at_exit { exit 12 }; exit 1 })
status("at_exit sees it", fork { at_exit { puts "status #{$!.status}" }; exit 13 })
puts "the end"

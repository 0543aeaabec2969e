# async_tasks.rb - many things at once on one thread: tasks, a limit for how many run, a deadline, and an end for all.
require "async"
require "socket"

# An echo server and ten clients, all in one thread: whatever waits, waits for its task alone.
Async do |task|
  server = TCPServer.new("127.0.0.1", 0)
  port = server.local_address.ip_port
  serving = task.async(transient: true) do
    loop do
      client = server.accept
      task.async { client.puts client.gets.upcase; client.close }
    end
  ensure
    server.close
  end

  limit = Async::Semaphore.new(3) # three connections at a time
  answers = 10.times.map do |n|
    limit.async do
      socket = TCPSocket.new("127.0.0.1", port)
      socket.puts "client #{n}"
      socket.gets.chomp.tap { socket.close }
    end
  end
  puts answers.map(&:wait).sort.first(3)
  serving.stop
end

# The first answer counts, the others are stopped; none takes longer than a second.
Async do |task|
  barrier = Async::Barrier.new
  gate = Async::Condition.new
  task.with_timeout(1) do
    barrier.async { gate.wait; :never }
    barrier.async { :quick }
    barrier.wait do |finished|
      puts "first: #{finished.wait}"
      break
    end
  ensure
    barrier.stop
  end
end

# An error reaches who waits, and stops what was begun.
failing = Async do |task|
  task.async { sleep }
  task.async { raise IOError, "the line is cut" }.wait
rescue IOError => error
  "rescued: #{error.message}"
ensure
  task.children.each { |child| child.stop }
end
puts failing.wait

puts "ten thousand tasks: #{Sync { |task| 10_000.times.map { |n| task.async { task.yield; n } }.sum(&:wait) }}"

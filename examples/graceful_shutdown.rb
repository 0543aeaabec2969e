# graceful_shutdown.rb - a server that ends well: SIGTERM makes it take no more, finish what it has begun, and exit.
#
# A trap handler may not lock a Mutex, so it does one thing: it writes to a pipe that the accepting loop waits for beside
# its socket. The rest happens in ordinary code.
require "socket"
require "troupe/sync"

class Server
  def initialize
    @socket = TCPServer.new("127.0.0.1", 0)
    @pool = Troupe::Sync::ThreadPool.new(4)
    @stop_reader, @stop_writer = IO.pipe
  end

  def port = @socket.local_address.ip_port
  def stop = @stop_writer.write_nonblock(".")

  def run
    loop do
      ready, = IO.select([@socket, @stop_reader])
      break if ready.include?(@stop_reader)
      client = @socket.accept
      @pool.post { serve(client) }
    end
    @socket.close # 1. take no more
    yield
    @pool.stop(5) # 2. finish, but not for ever: true when all was finished
  end

  private

  def serve(client)
    while (line = client.gets)
      client.puts line.chomp.reverse
    end
  ensure
    client.close
  end
end

reader, writer = IO.pipe
pid = fork do
  reader.close
  server = Server.new
  trap(:TERM) { server.stop }
  at_exit { writer.puts "at_exit, the last thing" }
  writer.puts server.port
  in_time = server.run { writer.puts "I take no more" }
  writer.puts "finished in time: #{in_time}"
  exit 3 # 3. exit
end
writer.close

port = reader.gets.to_i
client = TCPSocket.new("127.0.0.1", port)
client.puts "hello"
puts "client: #{client.gets}"

Process.kill(:TERM, pid)
puts "server said: #{reader.gets}"
begin
  TCPSocket.new("127.0.0.1", port)
rescue Errno::ECONNREFUSED
  puts "client: a new connection is refused"
end
client.puts "still here"
puts "client: #{client.gets}"
client.close

puts "server said: #{reader.gets}", "server said: #{reader.gets}"
Process.wait(pid)
puts "the server ended with #{$?.exitstatus}"

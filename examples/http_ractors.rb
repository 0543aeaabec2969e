# A web server on all cores: one Ractor accepts and hands each connection, moved, to the next of a pool of workers.
# A thread for each request makes the requests; waiting for the network blocks nobody else.
require "socket"
require "net/http"

Warning[:experimental] = false

workers = Array.new(4) do
  Ractor.new do
    loop do
      connection = Ractor.receive
      path = connection.gets.split[1]
      nil until connection.gets == "\r\n"
      number = path.delete_prefix("/").to_i
      body = "#{number}! has #{(1..number).inject(1, :*).to_s.size} digits"
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}")
      connection.close
    end
  end
end

server = TCPServer.new("127.0.0.1", 0)
port = server.addr[1]
listener = Ractor.new(workers) do |pool|
  listening = Ractor.receive
  pool.cycle { |worker| worker.send(listening.accept, move: true) }
end
listener.send(server, move: true)

numbers = [10, 100, 200, 300, 400, 500, 600, 700]
answers = numbers.map { |n| Thread.new { Net::HTTP.get(URI("http://127.0.0.1:#{port}/#{n}")) } }
answers.each { |thread| puts thread.value }

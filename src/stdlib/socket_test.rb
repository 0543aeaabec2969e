# Sockets: streams, datagrams, UNIX sockets, addresses, waiting and what ends it, between Ractors.

require "socket"
require "stringio"
require "timeout"
Warning[:experimental] = false

# A thread that waits in the block, once it does.
def waiting(&block)
  thread = Thread.new(&block)
  thread.report_on_exception = false
  Thread.pass until thread.stop?
  thread
end

server = TCPServer.new("127.0.0.1", 0)
port = server.addr[1]
client = TCPSocket.new("127.0.0.1", port)
peer = server.accept
peer.class                              #=> TCPSocket
client.write("one\ntwo\nthree", "!\n")  #=> 15
peer.gets                               #=> "one\n"
peer.readpartial(4)                     #=> "two\n"
peer.read(6)                            #=> "three!"
peer.getc                               #=> "\n"
client << "a" << 1
peer.readbyte                           #=> 97
peer.recv(10)                           #=> IOError: recv for buffered IO
peer.getc                               #=> "1"
client.send("xyz", 0)                   #=> 3
peer.recv(2, Socket::MSG_PEEK)          #=> "xy"
peer.recv(10)                           #=> "xyz"
[peer.sync, peer.binmode?, peer.external_encoding]                #=> [true, true, #<Encoding:BINARY (ASCII-8BIT)>]
peer.addr == ["AF_INET", port, "127.0.0.1", "127.0.0.1"]          #=> true
peer.peeraddr == client.addr            #=> true
client.remote_address.inspect == "#<Addrinfo: 127.0.0.1:#{port} TCP>"   #=> true
client.inspect.sub(/fd \d+, (.*), \d+>/, '\1')                    #=> "#<TCPSocket:AF_INET, 127.0.0.1"
peer.read_nonblock(1)                   #=> IO::EAGAINWaitReadable: Resource temporarily unavailable - read would block
peer.read_nonblock(1, exception: false) #=> :wait_readable
peer.recv_nonblock(1)                   #=> IO::EAGAINWaitReadable: Resource temporarily unavailable - recvfrom(2) would block
server.accept_nonblock                  #=> IO::EAGAINWaitReadable: Resource temporarily unavailable - accept(2) would block
server.accept_nonblock(exception: false)                          #=> :wait_readable
peer.wait_readable(0)                   #=> nil
peer.wait_writable(0).equal?(peer)      #=> true
IO.select([peer], [peer], nil, 0) == [[], [peer], []]             #=> true
client.write_nonblock("q")              #=> 1
IO.select([server, peer])[0] == [peer]  #=> true
peer.read_nonblock(9)                   #=> "q"
nil until client.write_nonblock("x" * 65_536, exception: false) == :wait_writable
client.write_nonblock("x")              #=> IO::EAGAINWaitWritable: Resource temporarily unavailable - write would block
rest = waiting { client.write("end") && client.close_write }
peer.read[-3..]                         #=> "end"
rest.value                              #=> nil
[peer.gets, peer.read, peer.recv(1)]    #=> [nil, "", nil]
peer.readpartial(1)                     #=> EOFError: end of file reached
client.write("x")                       #=> IOError: not opened for writing
peer.write("back")                      #=> 4
peer.close                              #=> nil
client.read                             #=> "back"
client.close                            #=> nil
client.read                             #=> IOError: closed stream

# Errors
TCPServer.new("127.0.0.1", port) rescue $!.message.sub(port.to_s, "N")   #=> "Address already in use - bind(2) for \"127.0.0.1\" port N"
closed = TCPServer.open("127.0.0.1", 0) { |one| one.addr[1] }
TCPSocket.new("localhost", closed) rescue $!.message.sub(/\d+$/, "N")    #=> "Connection refused - connect(2) for \"localhost\" port N"
Socket.new(:INET, :STREAM).connect(Socket.sockaddr_in(closed, "127.0.0.1")) rescue $!.message.sub(/\d+$/, "N")   #=> "Connection refused - connect(2) for 127.0.0.1:N"
TCPSocket.new("name.invalid", 1) rescue $!.class                  #=> Socket::ResolutionError
Socket.new(:NOWHERE, :STREAM)           #=> SocketError: unknown socket domain: NOWHERE

# What ends a wait
waiter = waiting { server.accept }
waiter.raise(ArgumentError, "enough")
waiter.value                            #=> ArgumentError: enough
waiter = waiting { server.accept }
waiter.kill.join.value                  #=> nil
Timeout.timeout(0.01) { server.accept } #=> Timeout::Error: execution expired
a, b = UNIXSocket.pair
waiter = waiting { a.read }
a.close
waiter.value                            #=> IOError: stream closed in another thread
a, b = UNIXSocket.pair
waiter = waiting { b.recv(1) }
b.close
waiter.value                            #=> IOError: stream closed in another thread
lonely = TCPServer.new("127.0.0.1", 0)
waiter = waiting { lonely.accept }
lonely.close
waiter.value                            #=> IOError: stream closed in another thread
a, b = UNIXSocket.pair
b.timeout = 0.01
b.read(1)                               #=> IO::TimeoutError: Blocking operation timed out!
Thread.new { a.write("still") ; a.close }
b.timeout = nil
b.read                                  #=> "still"

# Connecting without waiting
socket = Socket.new(:INET, :STREAM)
address = Socket.sockaddr_in(port, "127.0.0.1")
socket.connect_nonblock(address, exception: false)                #=> :wait_writable
socket.wait_writable.equal?(socket)     #=> true
socket.connect_nonblock(address, exception: false)                #=> 0
socket.close
server.accept.close                     #=> nil
Socket.tcp("127.0.0.1", port) { |one| one.write("hello"); one.class }    #=> Socket
server.accept.read                      #=> "hello"
IO.copy_stream(StringIO.new("copied"), TCPSocket.new("127.0.0.1", port).tap { |one| $kept = one })   #=> 6
$kept.close
IO.copy_stream(server.accept, out = StringIO.new)                 #=> 6
out.string                              #=> "copied"

# Datagrams
one = UDPSocket.new
one.bind("127.0.0.1", 0)                #=> 0
two = UDPSocket.new
two.connect("127.0.0.1", one.addr[1])   #=> 0
two.send("ping", 0)                     #=> 4
one.recvfrom(10) == ["ping", two.addr]  #=> true
one.send("pong", 0, "127.0.0.1", two.addr[1])                     #=> 4
two.recvfrom_nonblock(2)[0]             #=> "po"
two.recvfrom_nonblock(2, exception: false)                        #=> :wait_readable
two.send("", 0)                         #=> 0
one.recv(10)                            #=> ""
two.sendmsg("with", 0)                  #=> 4
one.recvmsg[0]                          #=> "with"

# UNIX sockets
name = "/tmp/troupe-socket-test-#{$$}"
UNIXServer.open(name) { |un| c = UNIXSocket.new(name); s = un.accept; c.puts "hi"; [un.path == name, s.gets, c.peeraddr == ["AF_UNIX", name]] }   #=> [true, "hi\n", true]
File.delete(name)
UNIXSocket.new(name) rescue $!.message == "No such file or directory - connect(2) for #{name}"   #=> true
a, b = UNIXSocket.pair
r, w = IO.pipe
a.send_io(w)                            #=> nil
b.recv_io.then { |io| io.write("through"); io.close; w.close; r.read }   #=> "through"
a.getpeereid == [Process.euid, Process.egid]                      #=> true
UNIXSocket.pair { |x, y| x << "in"; x.close; y.read }             #=> "in"

# Options and addresses
server.setsockopt(:SOCKET, :KEEPALIVE, true)                      #=> 0
server.getsockopt(:SOCKET, :KEEPALIVE)  #=> #<Socket::Option: INET SOCKET KEEPALIVE 1>
server.setsockopt(Socket::Option.linger(true, 5))                 #=> 0
server.getsockopt(Socket::SOL_SOCKET, Socket::SO_LINGER).linger   #=> [true, 5]
Addrinfo.tcp("127.0.0.1", 80)           #=> #<Addrinfo: 127.0.0.1:80 TCP>
Addrinfo.udp("::1", 53)                 #=> #<Addrinfo: [::1]:53 UDP>
Addrinfo.ip("10.1.2.3").ipv4_private?   #=> true
Addrinfo.unix("/x").to_sockaddr == Socket.sockaddr_un("/x")       #=> true
Socket.unpack_sockaddr_in(Socket.sockaddr_in(80, "127.0.0.1"))    #=> [80, "127.0.0.1"]
Marshal.load(Marshal.dump(Addrinfo.tcp("127.0.0.1", 80)))         #=> #<Addrinfo: 127.0.0.1:80 TCP>
IPSocket.getaddress("127.0.0.1")        #=> "127.0.0.1"
Socket.getservbyname("http")            #=> 80
Socket.gethostname.empty?               #=> false

# Between Ractors: the connection changes hands
moved = TCPSocket.new("127.0.0.1", port)
answering = server.accept
worker = Ractor.new { got = Ractor.receive; got.write("from #{got.class}: #{got.gets}"); got.close }
moved.write("line\n")
worker.send(answering, move: true)
answering.write("x")                    #=> Ractor::MovedError: can not send any methods to a moved object
moved.read                              #=> "from TCPSocket: line\n"
worker.send(moved)                      #=> Ractor::Error: can not copy TCPSocket object.
listener = Ractor.new { TCPServer.open("127.0.0.1", 0) { |s| s.addr[0] } }
listener.value                          #=> "AF_INET"

# A fiber scheduler is asked where a thread would wait.
hooks = []
scheduler = Object.new
scheduler.define_singleton_method(:block) { |*| }
scheduler.define_singleton_method(:unblock) { |*| }
scheduler.define_singleton_method(:kernel_sleep) { |*| }
scheduler.define_singleton_method(:fiber_interrupt) { |*| }
scheduler.define_singleton_method(:close) { }
scheduler.define_singleton_method(:fiber) { |&block| Fiber.new(blocking: false, &block).tap(&:resume) }
scheduler.define_singleton_method(:address_resolve) { |host| hooks << host; ["127.0.0.1"] }
scheduler.define_singleton_method(:io_wait) { |io, events, timeout| hooks << events; Thread.new { io.wait(events, timeout) }.value }
local = port
Thread.new { Fiber.set_scheduler(scheduler); Fiber.schedule { s = TCPSocket.new("somewhere.invalid", local); s.write("hey"); s.close } }.join.class   #=> Thread
server.accept.read                      #=> "hey"
hooks.first                             #=> "somewhere.invalid"
hooks.drop(1).uniq                      #=> [4]

# PTY and io/console: terminals, their modes, programs that run in one.

require "pty"
require "io/console"
require "fcntl"

def everything(io)
  text = +""
  loop { text << io.readpartial(100) }
rescue Errno::EIO, EOFError
  text
end

PTY.spawn("tty; echo done") { |r, _, _| everything(r).sub(/\d+/, "N") }   #=> "/dev/pts/N\r\ndone\r\n"
reader, writer, child = PTY.spawn("cat")
writer.puts "hey"
[reader.gets, reader.gets]              #=> ["hey\r\n", "hey\r\n"]
writer.print "\x04"
Process.wait2(child)[1].exitstatus      #=> 0
PTY.check(child)                        #=> nil
master, terminal = PTY.open
terminal.winsize = [10, 20]
master.winsize                          #=> [10, 20]
terminal.echo?                          #=> true
terminal.noecho { terminal.echo? }      #=> false
terminal.raw { master.write("x"); terminal.getc }                 #=> "x"
terminal.echo?                          #=> true
master.write("q")                       #=> 1
terminal.getch                          #=> "q"
Thread.new { master.puts "line" }
terminal.gets                           #=> "line\n"
master.fcntl(Fcntl::F_GETFD) & Fcntl::FD_CLOEXEC                  #=> 1

# IO and File: reading, writing, positions, modes, pipes, errors.

require "tmpdir"
folder = Dir.mktmpdir("troupe-io")
path = File.join(folder, "a.txt")
at_exit { Dir.glob(File.join(folder, "*")).each { |one| File.delete(one) }; Dir.rmdir(folder) }

File.write(path, "one\ntwo\n\nthree")   #=> 14
File.read(path)                         #=> "one\ntwo\n\nthree"
File.read(path, 3, 4)                   #=> "two"
File.readlines(path, chomp: true)       #=> ["one", "two", "", "three"]
File.foreach(path).map(&:size)          #=> [4, 4, 1, 5]
File.open(path) { |io| [io.gets, io.lineno, io.pos, io.eof?] }   #=> ["one\n", 1, 4, false]
File.open(path) { |io| io.gets("") }    #=> "one\ntwo\n\n"
File.open(path) { |io| io.gets(nil) }   #=> "one\ntwo\n\nthree"
File.open(path) { |io| io.gets(2) }     #=> "on"
File.open(path) { |io| [io.getc, io.getbyte, io.ungetc("Z"), io.read(3)] }   #=> ["o", 110, nil, "Ze\n"]
File.open(path) { |io| io.seek(-5, IO::SEEK_END); io.read }      #=> "three"
File.open(path) { |io| io.read; [io.read, io.read(1), io.gets] } #=> ["", nil, nil]
File.open(path) { |io| io.read; io.readline }                    #=> EOFError: end of file reached
File.open(path) { |io| io.write("x") }  #=> IOError: not opened for writing
File.open(path, "w") { |io| io.read }   #=> IOError: not opened for reading
File.open(path, "a") { |io| io << "a" << 1; io.puts([1, [nil, "b"]]); io.print("c", "d") }   #=> nil
File.read(path)                         #=> "a11\n\nb\ncd"
File.open(path, "r+") { |io| io.seek(1); io.write("ZZ"); io.rewind; io.read }   #=> "aZZ\n\nb\ncd"
File.open(path, "wx")                   #=> Errno::EEXIST
File.open(path, "q")                    #=> ArgumentError: invalid access mode q
File.open("/nonexistent/x")             #=> Errno::ENOENT: No such file or directory @ rb_sysopen - /nonexistent/x
File.open(folder) { |io| io.read }      #=> Errno::EISDIR
io = File.open(path)
io.close
io.closed?                              #=> true
io.close                                #=> nil
io.read                                 #=> IOError: closed stream
File.binwrite(path, "\xff\x00".b)       #=> 2
File.binread(path).encoding             #=> #<Encoding:BINARY (ASCII-8BIT)>
File.open(path, "rb") { |f| f.read(1) } #=> "\xFF"
File.write(path, "é")                   #=> 2
File.open(path) { |f| f.getc }          #=> "é"
File.open(path) { |f| f.gets(1) }       #=> "é"
IO.pipe { |r, w| w.puts "hi"; w.close; r.read }                  #=> "hi\n"
IO.pipe { |r, w| Thread.new { w << "late"; w.close }; r.read }   #=> "late"
IO.pipe { |r, w| r.read_nonblock(1, exception: false) }          #=> :wait_readable
IO.pipe { |r, w| w << "x"; IO.select([r], nil, nil, 0)[0] == [r] }   #=> true
IO.pipe { |r, w| IO.select([r], nil, nil, 0) }                   #=> nil
IO.pipe { |r, w| r.close; w.write("x") }                         #=> Errno::EPIPE
IO.pipe { |r, w| big = "x" * 200_000; Thread.new { w << big; w.close }; r.read.size }   #=> 200000
IO.copy_stream(path, File.join(folder, "b.txt"))                 #=> 2
File.rename(File.join(folder, "b.txt"), File.join(folder, "c.txt"))   #=> 0
Dir.children(folder).sort               #=> ["a.txt", "c.txt"]
Dir.glob("*.txt", base: folder)         #=> ["a.txt", "c.txt"]
File.stat(path).size                    #=> 2
File.stat("/nonexistent")               #=> Errno::ENOENT
File.extname("a/b.tar.gz")              #=> ".gz"
File.basename("/a/b.rb", ".rb")         #=> "b"
File.expand_path("../x/./y", "/a/b")    #=> "/a/x/y"
File.join("a", "/b/", "c")              #=> "a/b/c"
File.fnmatch("*.r[bc]", "x.rb")         #=> true
File.fnmatch("**/*.rb", "a/b/c.rb", File::FNM_PATHNAME)          #=> true
`echo out; exit 3`                      #=> "out\n"
$?.exitstatus                           #=> 3
IO.popen("-") { |io| io ? io.read : print("child") }               #=> "child"
$?.exitstatus                           #=> 0
IO.popen("echo a; echo b >&2", err: [:child, :out], &:read)         #=> "a\nb\n"
IO.popen(["echo", "c", {err: [:child, :out]}], &:read)              #=> "c\n"
IO.copy_stream(__FILE__, "/dev/null", -1)                           #=> ArgumentError: negative length -1 given
IO.copy_stream(__FILE__, "/dev/null", "1")                          #=> TypeError: no implicit conversion of String into Integer
IO.copy_stream("/etc/passwd", "/dev/null", 3)                          #=> 3
begin; Process.exit(2); rescue SystemExit => e; [e.status, e.message]; end   #=> [2, "exit"]
Process.kill("NOPE", 1)                 #=> ArgumentError: unsupported signal 'SIGNOPE'
system("exit 2")                        #=> false
system("no-such-command-here")          #=> nil
IO.popen("cat", "r+") { |p| p << "through"; p.close_write; p.read }   #=> "through"
Process.wait(spawn("true"))  > 0        #=> true
spawn("/nonexistent/command")           #=> Errno::ENOENT: No such file or directory - /nonexistent/command

# $stdout as an object that only writes
class Writer
  attr_reader :text
  def initialize = @text = +""
  def write(piece) = @text << "<#{piece}>"
end
def written
  before = $stdout
  $stdout = writer = Writer.new
  yield
  writer.text
ensure
  $stdout = before
end
written { puts "a", 1 }                 #=> "<a><\n><1><\n>"
written { print "b", 2 }                #=> "<b><2>"
written { p 3 }                         #=> "<3><\n>"
written { puts }                        #=> "<\n>"

File.write(path, "\uFEFFa\r\nb")          #=> 7
File.open(path, "r:BOM|UTF-8") { |io| io.read }                  #=> "a\r\nb"
File.open(path, "rt:BOM|UTF-8") { |io| io.gets }                 #=> "a\n"
Dir.open(folder) { |dir| Dir.fchdir(dir.fileno) { File.exist?("a.txt") } } #=> true
Dir.for_fd(-1)                          #=> Errno::EBADF
Process.getrlimit(:NOFILE).size         #=> 2
Process.getrlimit(:BOGUS)               #=> ArgumentError: invalid resource name: BOGUS
Process.getpriority(Process::PRIO_PROCESS, 0).class #=> Integer
IO.pipe { |r, w| IO.select(nil, [w], [w], 0) == [[], [w], []] } #=> true

# new Strings, theirs to change
["/", "a", "", "a/"].map { |name| [File.basename(name), File.dirname(name), File.extname(name)].any?(&:frozen?) }   #=> [false, false, false, false]
File.open("/dev/null") { |io| io.path.frozen? }   #=> false
Dir.glob("/dev/nul?", flags: 0)         #=> ["/dev/null"]

# $? is a thread's own
`exit 3`; Thread.new { [$?, system("exit 4"), $?.exitstatus] }.value   #=> [nil, false, 4]
$?.exitstatus                           #=> 3

# ARGF: several files as one stream.
require "tmpdir"

folder = Dir.mktmpdir
one = File.join(folder, "one")
two = File.join(folder, "two")
File.write(one, "1a\n1b\n")
File.write(two, "2a\n2b")
def files(*names) = ARGF.class.new(*names)

ARGF.class                                    #=> ARGF.class
ARGF.argv.equal?(ARGV)                        #=> true
files(one, two).readlines                     #=> ["1a\n", "1b\n", "2a\n", "2b"]
files(one, two).each_line(chomp: true).to_a   #=> ["1a", "1b", "2a", "2b"]
files(one, two).read                          #=> "1a\n1b\n2a\n2b"
files(one, two).read(7)                       #=> "1a\n1b\n2"
files(one, two).each_char.first(3)            #=> ["1", "a", "\n"]
files(one, two).each_byte.count               #=> 11
files(one, two).map(&:size)                   #=> [3, 3, 3, 2]

f = files(one, two)
[File.basename(f.filename), f.gets, f.lineno, f.eof?]  #=> ["one", "1a\n", 1, false]
[f.gets, f.eof?, f.gets, f.lineno]            #=> ["1b\n", true, "2a\n", 3]
[File.basename(f.filename), f.pos]            #=> ["two", 3]
[f.rewind, f.lineno, f.gets]                  #=> [0, 0, "2a\n"]
f.skip.gets                                   #=> nil
f.eof?                                        #=> IOError: ARGF is not opened for reading
f.pos                                         #=> ArgumentError: no stream to tell
f.seek(0)                                     #=> ArgumentError: no stream to seek
f.rewind                                      #=> ArgumentError: no stream to rewind
f.fileno                                      #=> ArgumentError: no stream
f.readline                                    #=> EOFError: end of file reached
f.readchar                                    #=> EOFError: end of file reached
f.readbyte                                    #=> EOFError: end of file reached

f = files(one, two)
[f.readpartial(100), f.readpartial(100), f.readpartial(100)]  #=> ["1a\n1b\n", "", "2a\n2b"]
f.readpartial(100)                            #=> EOFError: end of file reached
files(File.join(folder, "none")).gets         #=> Errno::ENOENT

f = files(one, two)
f.close.gets                                  #=> "2a\n"
f.close.close.equal?(f)                       #=> true
f.closed?                                     #=> true

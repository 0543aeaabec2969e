# IO::Buffer: memory, slices, numbers, Strings, masks, files.

# --- making ---
IO::Buffer.new(20).to_s.sub(/0x\h+/, "0x")                   #=> "#<IO::Buffer 0x+20 INTERNAL>"
IO::Buffer.new(5000).to_s.sub(/0x\h+/, "0x")                 #=> "#<IO::Buffer 0x+5000 MAPPED>"
IO::Buffer.new(0).to_s.sub(/0x0+/, "0x")                     #=> "#<IO::Buffer 0x+0 NULL>"
IO::Buffer.new.size                                          #=> 65536
IO::Buffer.new(4, IO::Buffer::MAPPED).mapped?                #=> true
IO::Buffer.new(4, IO::Buffer::READONLY)                      #=> IO::Buffer::AllocationError: Could not allocate buffer!
IO::Buffer.new(-1)                                           #=> ArgumentError: Size can't be negative!
IO::Buffer.new(1.5)                                          #=> TypeError: not an Integer
IO::Buffer.for("abc").to_s.sub(/0x\h+/, "0x")                #=> "#<IO::Buffer 0x+3 EXTERNAL READONLY SLICE>"
IO::Buffer.for("abc").set_string("x")                        #=> IO::Buffer::AccessError: Buffer is not writable!
IO::Buffer.for(1)                                            #=> TypeError: no implicit conversion of Integer into String
text = +"hello"
IO::Buffer.for(text) { |buffer| buffer.set_string("J"); [text, buffer.readonly?, text.dup] } #=> ["Jello", false, "Jello"]
IO::Buffer.for(text) { text << "x" }                         #=> RuntimeError: can't modify string; temporarily locked
IO::Buffer.for(text) { IO::Buffer.for(text) { } }            #=> RuntimeError: temporal locking already locked string
text << " there"                                             #=> "Jello there"
long = +"x" * 100
IO::Buffer.for(long) { |buffer| copy = long.dup; buffer.set_string("yy"); [copy[0, 3], long[0, 3], (+"" << long)[0, 3], long[1..].replace(long)[0, 3]] } #=> ["xxx", "yyx", "yyx", "yyx"]
kept = nil
IO::Buffer.for(text) { |buffer| kept = buffer }
kept.null?                                                   #=> true
IO::Buffer.for(text) { |buffer| kept = buffer.slice(0, 2) }
kept.valid?                                                  #=> true
kept.set_string("x")                                         #=> IO::Buffer::AccessError: Buffer is not writable!
IO::Buffer.string(4) { |buffer| buffer.set_string("ab", 1) } #=> "\x00ab\x00"
IO::Buffer.string(4)                                         #=> LocalJumpError: no block given
IO::Buffer.string(-1) { }                                    #=> ArgumentError: negative string size (or size too big)

# --- what it says about itself ---
b = IO::Buffer.new(20)
b.set_string("hello world, hi there", 0, 20)                 #=> 20
puts_of = b.inspect.sub(/0x\h+/, "0x").lines
puts_of[0]                                                   #=> "#<IO::Buffer 0x+20 INTERNAL>\n"
puts_of[1]                                                   #=> "0x00000000  68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 68 69 20 hello world, hi \n"
puts_of[2]                                                   #=> "0x00000010  74 68 65 72                                     ther"
b.hexdump(12, 8, 8)                                          #=> "0x0000000c  20 68 69 20 74 68 65 72  hi ther"
b.hexdump(0, 5, 4)                                           #=> ArgumentError: Width must be at least 8!
IO::Buffer.new(300).inspect.lines.last                       #=> "(and 44 more bytes not printed)"
IO::Buffer.new(300).inspect.lines.size                       #=> 18
IO::Buffer.new(0).hexdump                                    #=> nil
[b.internal?, b.external?, b.mapped?, b.shared?, b.private?, b.readonly?, b.locked?, b.null?, b.empty?, b.valid?] #=> [true, false, false, false, false, false, false, false, false, true]

# --- life ---
c = IO::Buffer.new(4)
c.set_string("test")
c.locked { c.resize(8) }                                     #=> IO::Buffer::LockedError: Cannot resize locked buffer!
c.locked { c.free }                                          #=> IO::Buffer::LockedError: Buffer is locked!
c.locked { c.transfer }                                      #=> IO::Buffer::LockedError: Cannot transfer ownership of locked buffer!
c.locked { c.locked { } }                                    #=> IO::Buffer::LockedError: Buffer already locked!
c.locked { raise "out" }                                     #=> RuntimeError: out
c.locked?                                                    #=> false
c.resize(2).get_string                                       #=> "te"
c.resize(4).get_string                                       #=> "te\x00\x00"
c.resize(5000).get_string(0, 3)                              #=> "te\x00"
c.resize(0).null?                                            #=> true
c.get_string                                                 #=> IO::Buffer::AllocationError: The buffer is not allocated!
c.resize(-1)                                                 #=> ArgumentError: Size can't be negative!
IO::Buffer.for("x").resize(4)                                #=> IO::Buffer::AccessError: Cannot resize external buffer!
d = IO::Buffer.new(4)
slice = d.slice(1, 2)
slice.set_string("xy")
d.get_string                                                 #=> "\x00xy\x00"
slice.to_s.sub(/0x\h+/, "0x")                                #=> "#<IO::Buffer 0x+2 SLICE>"
moved = d.transfer
[d.null?, moved.get_string, slice.valid?]                    #=> [true, "\x00xy\x00", false]
slice.get_string                                             #=> IO::Buffer::InvalidatedError: Buffer has been invalidated!
slice.set_string("z")                                        #=> IO::Buffer::InvalidatedError: Buffer has been invalidated!
slice.valid?                                                 #=> false
moved.free.null?                                             #=> true
moved.free.null?                                             #=> true
e = IO::Buffer.new(4)
part = e.slice(2)
part.size                                                    #=> 2
e.slice(2, 3)                                                #=> ArgumentError: Specified offset+length is bigger than the buffer size!
e.slice(5)                                                   #=> ArgumentError: The given offset is bigger than the buffer size!
e.slice(-1)                                                  #=> ArgumentError: Offset can't be negative!
inner = part.slice(1, 1)
e.resize(3)
[part.valid?, inner.valid?]                                  #=> [false, false]
copy = IO::Buffer.for("abc").dup
copy.set_string("x")
[copy.get_string, copy.internal?]                            #=> ["xbc", true]

# --- numbers ---
n = IO::Buffer.new(16)
n.set_value(:U8, 0, 300)                                     #=> 1
n.get_value(:U8, 0)                                          #=> 44
n.set_value(:S8, 1, -1)                                      #=> 2
[n.get_value(:S8, 1), n.get_value(:U8, 1)]                   #=> [-1, 255]
n.set_value(:U16, 2, 0x1234)                                 #=> 4
[n.get_value(:U16, 2), n.get_value(:u16, 2), n.get_string(2, 2)] #=> [4660, 13330, "\x124"]
n.set_value(:s32, 4, -2)                                     #=> 8
[n.get_value(:s32, 4), n.get_value(:u32, 4), n.get_value(:S32, 4)] #=> [-2, 4294967294, -16777217]
n.set_value(:u64, 8, 2**64 - 1)                              #=> 16
[n.get_value(:U64, 8), n.get_value(:s64, 8)]                 #=> [18446744073709551615, -1]
n.set_value(:u64, 8, 2**64)                                  #=> RangeError: bignum too big to convert into 'long'
n.set_value(:u32, 8, 2**32)                                  #=> RangeError: integer 4294967296 too big to convert to 'unsigned int'
n.set_value(:f32, 0, 1.5)                                    #=> 4
n.get_value(:f32, 0)                                         #=> 1.5
n.set_value(:F64, 8, -0.1)                                   #=> 16
n.get_value(:F64, 8)                                         #=> -0.1
n.get_value(:U8, 16)                                         #=> ArgumentError: Type extends beyond end of buffer! (offset=16 > size=16)
n.get_value(:U32, 14)                                        #=> ArgumentError: Type extends beyond end of buffer! (offset=14 > size=16)
n.get_value(:U8, -1)                                         #=> ArgumentError: Offset can't be negative!
n.get_value(:X, 0)                                           #=> ArgumentError: Invalid type name!
n.get_value("U8", 0)                                         #=> TypeError: wrong argument type String (expected Symbol)
n.set_value(:U8, 0, "x")                                     #=> TypeError: no implicit conversion of String into Integer
n.set_values([:U8, :U16, :f32], 0, [1, 2, 3])                #=> 7
n.get_values([:U8, :U16, :f32], 0)                           #=> [1, 2, 3.0]
n.get_values(:U8, 0)                                         #=> ArgumentError: Argument buffer_types should be an array!
n.set_values([:U8], 0, [1, 2])                               #=> ArgumentError: Argument buffer_types and values should have equal length!
n.set_values([:U8], 0, 1)                                    #=> ArgumentError: Argument values should be an array!
IO::Buffer.size_of(:u32)                                     #=> 4
IO::Buffer.size_of([:U8, :f64])                              #=> 9
IO::Buffer.size_of(:x)                                       #=> ArgumentError: Invalid type name!
w = IO::Buffer.for("\x01\x02\x03\x04\x05")
w.each(:U16).to_a                                            #=> [[0, 258], [2, 772]]
w.each(:U8, 2, 2).to_a                                       #=> [[2, 3], [3, 4]]
w.each(:u16) { }.equal?(w)                                   #=> true
w.each(:U8, 4, 2).to_a                                       #=> ArgumentError: Type extends beyond end of buffer! (offset=5 > size=5)
w.values(:U16)                                               #=> [258, 772]
w.values(:U8, 1, 3)                                          #=> [2, 3, 4]
w.each_byte.to_a                                             #=> [1, 2, 3, 4, 5]
w.each_byte(3).to_a                                          #=> [4, 5]

# --- Strings and copying ---
s = IO::Buffer.new(8)
s.set_string("abcdef", 1, 2, 3)                              #=> 2
s.get_string                                                 #=> "\x00de\x00\x00\x00\x00\x00"
s.get_string(1, 2, "UTF-8").encoding                         #=> #<Encoding:UTF-8>
s.get_string.encoding                                        #=> #<Encoding:BINARY (ASCII-8BIT)>
s.get_string(9)                                              #=> ArgumentError: The given offset is bigger than the buffer size!
s.get_string(7, 2)                                           #=> ArgumentError: Specified offset+length is bigger than the buffer size!
s.get_string(-1)                                             #=> ArgumentError: Offset can't be negative!
s.get_string(0, 1, "nothing")                                #=> ArgumentError: unknown encoding name - nothing
s.set_string("x" * 9)                                        #=> ArgumentError: Specified offset+length is bigger than the buffer size!
s.set_string("abc", 0, 2, 2)                                 #=> ArgumentError: Specified source offset+length is bigger than the buffer size!
s.set_string("abc", 0, 1, 4)                                 #=> ArgumentError: The given source offset is bigger than the buffer size!
s.copy(IO::Buffer.for("wxyz"), 2)                            #=> 4
s.get_string                                                 #=> "\x00dwxyz\x00\x00"
s.copy(s.slice(2, 4), 3)                                     #=> 4
s.get_string                                                 #=> "\x00dwwxyz\x00"
s.copy("wxyz")                                               #=> TypeError: wrong argument type String (expected IO::Buffer)
s.copy(IO::Buffer.for("x" * 9))                              #=> ArgumentError: Specified offset+length is bigger than the buffer size!
s.clear(65, 6).get_string                                    #=> "\x00dwwxyAA"
s.clear(0, 0, 2).get_string                                  #=> "\x00\x00wwxyAA"
s.clear(0, 9)                                                #=> ArgumentError: The given offset is bigger than the buffer size!
IO::Buffer.for("abc") <=> IO::Buffer.for("abd")              #=> -1
IO::Buffer.for("b") <=> IO::Buffer.for("aa")                 #=> -1
IO::Buffer.for("abc") == IO::Buffer.for("abc")               #=> true
IO::Buffer.for("b") > IO::Buffer.for("a")                    #=> true
IO::Buffer.for("abc") <=> "abc"                              #=> TypeError: wrong argument type String (expected IO::Buffer)

# --- masks ---
m = IO::Buffer.for("1234")
mask = IO::Buffer.for("\xF0\x0F")
(m & mask).get_string                                        #=> "0\x020\x04"
(m | mask).get_string                                        #=> "\xF1?\xF3?"
(m ^ mask).get_string                                        #=> "\xC1=\xC3;"
(~m).get_string                                              #=> "\xCE\xCD\xCC\xCB"
own = m.dup
own.and!(mask).equal?(own)                                   #=> true
own.get_string                                               #=> "0\x020\x04"
own.or!(mask).get_string                                     #=> "\xF0\x0F\xF0\x0F"
own.xor!(mask).get_string                                    #=> "\x00\x00\x00\x00"
own.not!.get_string                                          #=> "\xFF\xFF\xFF\xFF"
m & IO::Buffer.new(0)                                        #=> IO::Buffer::MaskError: Zero-length mask given!
m & "x"                                                      #=> TypeError: wrong argument type String (expected IO::Buffer)
m & nil                                                      #=> TypeError: wrong argument type nil (expected IO::Buffer)
own.and!(own.slice(0, 2))                                    #=> IO::Buffer::MaskError: Mask overlaps source buffer!
m.not!                                                       #=> IO::Buffer::AccessError: Buffer is not writable!

# --- descriptors ---
reader, writer = IO.pipe
p1 = IO::Buffer.new(8)
p1.set_string("12345678")
p1.write(writer, 3, 2)                                       #=> 3
p1.clear.read(reader, 2)                                     #=> 2
p1.read(reader, 0, 4)                                        #=> 1
p1.get_string                                                #=> "34\x00\x005\x00\x00\x00"
p1.read(reader, 1) == -Errno::EAGAIN::Errno                  #=> true
p1.read(reader, 9)                                           #=> ArgumentError: Specified offset+length is bigger than the buffer size!
p1.read(reader, 2, 7)                                        #=> ArgumentError: Specified offset+length is bigger than the buffer size!
writer.close
p1.read(reader, 1)                                           #=> 0
p1.read(reader.tap(&:close), 1)                              #=> IOError: closed stream
path = "/tmp/io_buffer_test.#{$$}"
File.write(path, "hello world")
file = File.open(path, "r+")
p1.clear.pread(file, 6, 5)                                   #=> 5
p1.get_string                                                #=> "world\x00\x00\x00"
p1.pwrite(file, 0, 2, 1)                                     #=> 2
file.read                                                    #=> "orllo world"
map = IO::Buffer.map(file)
map.to_s.sub(/0x\h+/, "0x")                                  #=> "#<IO::Buffer 0x+11 EXTERNAL MAPPED FILE SHARED>"
map.set_string("HELLO")
File.read(path)                                              #=> "HELLO world"
map.free.null?                                               #=> true
IO::Buffer.map(file, 4, 0, IO::Buffer::READONLY).set_string("x") #=> IO::Buffer::AccessError: Buffer is not writable!
private_map = IO::Buffer.map(file, nil, 0, IO::Buffer::PRIVATE)
private_map.set_string("private")
[private_map.get_string(0, 7), File.read(path, 5), private_map.private?] #=> ["private", "HELLO", true]
IO::Buffer.map(file, 100)                                    #=> ArgumentError: Size can't be larger than file size!
IO::Buffer.map(file, 0)                                      #=> ArgumentError: Size can't be zero!
IO::Buffer.map(file, 4, -1)                                  #=> ArgumentError: Offset can't be negative!
IO::Buffer.map(file, 4, 4096)                                #=> ArgumentError: Offset too large!
file.close
IO::Buffer.map(File.open(File::NULL))                        #=> ArgumentError: Invalid negative or zero file size!
File.delete(path)
IO::Buffer::LockedError.superclass                           #=> RuntimeError
IO::Buffer::MaskError.superclass                             #=> ArgumentError
IO::Buffer.include?(Comparable)                              #=> true

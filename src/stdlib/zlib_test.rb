# zlib_test.rb - Zlib. Expectations: Ruby documentation; RFC 1950 to 1952.
require "zlib"
require "stringio"

Zlib.crc32("abc")                                     #=> 891568578
Zlib.crc32                                            #=> 0
Zlib.adler32("abc")                                   #=> 38600999
Zlib.crc32_combine(Zlib.crc32("ab"), Zlib.crc32("c"), 1) == Zlib.crc32("abc") #=> true
Zlib.deflate("aaaaaaaaaa").bytes                      #=> [120, 156, 75, 76, 132, 1, 0, 20, 225, 3, 203]
Zlib.inflate(Zlib.deflate("abc" * 100_000)) == "abc" * 100_000 #=> true
Zlib.inflate("x")                                     #=> Zlib::BufError: buffer error
Zlib.inflate("xxxxx")                                 #=> Zlib::DataError: incorrect header check
deflate = Zlib::Deflate.new(9)
deflate << "abc"
(deflate.deflate("def") + deflate.finish).then { Zlib.inflate(_1) } #=> "abcdef"
deflate.total_in                                      #=> 6
deflate.close                                         #=> nil
deflate << "x"                                        #=> Zlib::Error: stream is not ready
inflate = Zlib::Inflate.new
Zlib.deflate("hello").each_char.map { inflate.inflate(_1) }.join #=> "hello"
inflate.finished?                                     #=> true
with = Zlib::Deflate.new.tap { _1.set_dictionary("hello world") }
packed = with.deflate("hello world hello", Zlib::FINISH)
Zlib::Inflate.new.inflate(packed)                     #=> Zlib::NeedDict: need dictionary
Zlib::Inflate.new.tap { _1.add_dictionary("hello world") }.inflate(packed) #=> "hello world hello"
Zlib::Inflate.new(-15).inflate(Zlib::Deflate.new(nil, -15).deflate("raw", Zlib::FINISH)) #=> "raw"
Zlib.gunzip(Zlib.gzip("text"))                        #=> "text"
Zlib.gunzip("no gzip at all")                         #=> Zlib::GzipFile::Error: not in gzip format
io = StringIO.new("".b)
writer = Zlib::GzipWriter.new(io)
writer.orig_name = "x.txt"
writer.mtime = 1
writer.puts "one", "two"
writer << "three"
writer.finish.equal?(io)                              #=> true
reader = Zlib::GzipReader.new(StringIO.new(io.string))
[reader.orig_name, reader.mtime.to_i]                 #=> ["x.txt", 1]
reader.gets                                           #=> "one\n"
reader.getc                                           #=> "t"
reader.ungetc("T")                                    #=> nil
[reader.read(2), reader.pos, reader.read, reader.eof?] #=> ["Tw", 6, "o\nthree", true]
reader.rewind                                         #=> 0
reader.each_line(chomp: true).to_a                    #=> ["one", "two", "three"]
broken = io.string.dup
broken.setbyte(-6, 1)
Zlib::GzipReader.new(StringIO.new(broken)).read       #=> Zlib::GzipFile::CRCError: invalid compressed data -- crc error
Zlib::GzipReader.zcat(StringIO.new(Zlib.gzip("a") + Zlib.gzip("b"))) #=> "ab"
Ractor.new { Zlib.inflate(Zlib.deflate("ractor")) }.value #=> "ractor"

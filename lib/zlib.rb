# zlib.rb - Zlib: deflate and inflate, and the gzip format around it, over the streams of zlib_core.
# Semantics: Ruby documentation of Zlib; RFC 1952 for gzip.

require "zlib_core"

module Zlib
  VERSION = "3.2.2"
  ZLIB_VERSION = zlib_version.freeze

  BINARY, ASCII, TEXT, UNKNOWN = 0, 1, 1, 2
  NO_COMPRESSION, BEST_SPEED, BEST_COMPRESSION, DEFAULT_COMPRESSION = 0, 1, 9, -1
  DEFAULT_STRATEGY, FILTERED, HUFFMAN_ONLY, RLE, FIXED = 0, 1, 2, 3, 4
  MAX_WBITS, DEF_MEM_LEVEL, MAX_MEM_LEVEL = 15, 8, 9
  NO_FLUSH, PARTIAL_FLUSH, SYNC_FLUSH, FULL_FLUSH, FINISH = 0, 1, 2, 3, 4
  OS_MSDOS, OS_AMIGA, OS_VMS, OS_UNIX, OS_VMCMS, OS_ATARI, OS_OS2, OS_MACOS = 0, 1, 2, 3, 4, 5, 6, 7
  OS_ZSYSTEM, OS_CPM, OS_TOPS20, OS_WIN32, OS_QDOS, OS_RISCOS, OS_UNKNOWN = 8, 9, 10, 11, 12, 13, 255
  OS_CODE = OS_UNIX

  class Error < StandardError; end
  class StreamEnd < Error; end
  class NeedDict < Error; end
  class DataError < Error; end
  class StreamError < Error; end
  class MemError < Error; end
  class BufError < Error; end
  class VersionError < Error; end
  class InProgressError < Error; end

  # shareable_constant_value: experimental_everything
  STATUS = { 1 => [StreamEnd, "stream end"], 2 => [NeedDict, "need dictionary"], -2 => [StreamError, "stream error"],
             -3 => [DataError, "data error"], -4 => [MemError, "insufficient memory"], -5 => [BufError, "buffer error"],
             -6 => [VersionError, "incompatible version"] }.each_value(&:freeze).freeze
  # shareable_constant_value: none
  private_constant :STATUS, :Engine

  class << self
    def deflate(text, level = DEFAULT_COMPRESSION) = Deflate.deflate(text, level)
    def inflate(text) = Inflate.inflate(text)

    def gzip(text, level: nil, strategy: nil)
      out = "".b
      writer = GzipWriter.new(GzipFile::Sink.new(out), level, strategy)
      writer.write(text)
      writer.finish
      out
    end

    def gunzip(text)
      position, = GzipFile.__header(text)
      engine = Inflate.new(-MAX_WBITS)
      out = engine.inflate(text.byteslice(position, text.bytesize))
      raise GzipFile::Error, "unexpected end of file" unless engine.finished?
      rest = engine.flush_next_in
      raise GzipFile::NoFooter, "footer is not found" if rest.bytesize < 8
      crc, size = rest.unpack("VV")
      raise GzipFile::CRCError, "invalid compressed data -- crc error" unless crc == crc32(out)
      raise GzipFile::LengthError, "invalid compressed data -- length error" unless size == out.bytesize & 0xffff_ffff
      out
    end

    def __fail(status, message = nil)
      error, text = STATUS.fetch(status) { [Error, "unknown error"] }
      raise error, message || text
    end
  end

  class ZStream
    STEP = 16_384
    private_constant :STEP

    def initialize
      @input = "".b
      @output = "".b
      @finished = false
    end

    def initialize_copy(other)
      super
      @engine = @engine.dup
      @input = @input.dup
      @output = @output.dup
    end

    def total_in = __engine.total_in
    def total_out = __engine.total_out
    def adler = __engine.adler
    def data_type = __engine.data_type
    def avail_in = @input.bytesize
    def avail_out = 0
    def avail_out=(size); end
    def finished? = @finished
    alias stream_end? finished?
    def closed? = !@engine.open?
    alias ended? closed?

    def close
      __engine.__close
      nil
    end
    alias end close

    def reset
      __engine.__reset
      @input.clear
      @output.clear
      @finished = false
      nil
    end

    def flush_next_in
      rest = @input
      @input = "".b
      rest
    end

    def flush_next_out
      rest = @output
      @output = "".b
      rest
    end

    def finish(&block) = __give(@finished ? flush_next_out << flush_next_in : __run("", FINISH), &block)

    private

    def __engine
      raise Error, "stream is not ready" unless @engine.open?
      @engine
    end

    # Runs the stream over what was left and `text`; what it does not take stays in @input.
    def __run(text, flush)
      input = @input.empty? ? text : @input << text
      output, status, taken = __engine.__run(input, flush)
      @input = input.byteslice(taken, input.bytesize).b
      case status
      when 0 then nil
      when 1 then @finished = true
      when -5 then Zlib.__fail(status) if flush == FINISH && !@finished
      else
        @output << output
        return __recover(status, flush)
      end
      @output.empty? ? output : flush_next_out << output
    end

    def __recover(status, _flush) = Zlib.__fail(status, @engine.__message)

    # With a block: in pieces of one size; what is less waits for more, until the end.
    def __give(output)
      return output unless block_given?
      @output = output
      while @output.bytesize >= STEP
        piece = @output.byteslice(0, STEP)
        @output = @output.byteslice(STEP, @output.bytesize)
        yield piece
      end
      yield flush_next_out if @finished && !@output.empty?
      nil
    end
  end

  class Deflate < ZStream
    def self.deflate(text, level = DEFAULT_COMPRESSION, &block)
      stream = new(level)
      stream.deflate(text, FINISH, &block)
    ensure
      stream&.close
    end

    def initialize(level = nil, wbits = nil, memlevel = nil, strategy = nil)
      super()
      @engine = Engine.new
      status = @engine.__open(false, level || DEFAULT_COMPRESSION, wbits || MAX_WBITS, memlevel || DEF_MEM_LEVEL,
                              strategy || DEFAULT_STRATEGY)
      Zlib.__fail(status) unless status == 0
    end

    def deflate(text, flush = NO_FLUSH, &block) = __give(__run(text || "", text.nil? ? FINISH : flush), &block)

    def <<(text)
      @output = __run(text.to_str, NO_FLUSH)
      self
    end

    def flush(flush = SYNC_FLUSH, &block) = flush == NO_FLUSH ? __give(flush_next_out, &block) : __give(__run("", flush), &block)

    def params(level, strategy)
      output, status = __engine.__params(level, strategy)
      Zlib.__fail(status, @engine.__message) unless status == 0
      @output << output
      nil
    end

    def set_dictionary(dictionary)
      status = __engine.__dictionary(dictionary)
      Zlib.__fail(status, @engine.__message) unless status == 0
      dictionary
    end
  end

  class Inflate < ZStream
    def self.inflate(text)
      stream = new
      output = stream.inflate(text)
      stream.finish.then { |rest| output << rest } unless stream.finished?
      output
    ensure
      stream&.close
    end

    def initialize(wbits = MAX_WBITS)
      super()
      @dictionaries = {}
      @engine = Engine.new
      status = @engine.__open(true, 0, wbits || MAX_WBITS, 0, 0)
      Zlib.__fail(status) unless status == 0
    end

    def inflate(text, buffer: nil, &block)
      output =
        if @finished
          flush_next_out << (text || "")
        else
          __run(text || "", text.nil? ? FINISH : SYNC_FLUSH)
        end
      output = buffer.replace(output) if buffer
      __give(output, &block)
    end

    def <<(text)
      if @finished
        @output << (text || "")
      else
        @output = __run(text || "", text.nil? ? FINISH : NO_FLUSH)
        @output << flush_next_in if @finished # what follows the stream passes through
      end
      self
    end

    def add_dictionary(dictionary)
      @dictionaries[Zlib.adler32(dictionary)] = dictionary
      nil
    end

    def set_dictionary(dictionary)
      status = __engine.__dictionary(dictionary)
      Zlib.__fail(status, @engine.__message) unless status == 0
      dictionary
    end

    def sync(text)
      @input << text
      found, taken = __engine.__sync(@input)
      @input = @input.byteslice(taken, @input.bytesize)
      found
    end

    def sync_point? = __engine.sync_point?

    private

    def __recover(status, flush)
      super unless status == 2 && (dictionary = @dictionaries[@engine.adler])
      @engine.__dictionary(dictionary)
      __run("", flush)
    end
  end

  class GzipFile
    class Error < Zlib::Error
      attr_reader :input

      def inspect = input.nil? ? super : super.sub(/>\z/, ", input=#{input.inspect}>")
    end

    class NoFooter < Error; end
    class CRCError < Error; end
    class LengthError < Error; end

    # A String that is written to.
    class Sink
      def initialize(text) = @text = text
      def write(text) = @text << text
    end

    def self.wrap(*arguments, **options)
      file = new(*arguments, **options)
      return file unless block_given?
      begin
        yield file
      ensure
        file.close unless file.closed?
      end
    end

    # The gzip header at the start of text: [size, mtime, name, comment, level, os], or nil when more is needed.
    def self.__header(text, complete = true)
      short = ->(size) { text.bytesize < size and complete ? raise(Error, "not in gzip format") : true }
      return if short[10]
      magic, method, flags, mtime, extra, os = text.unpack("nCCVCC")
      raise Error, "not in gzip format" unless magic == 0x1f8b
      raise Error, "unsupported compression method" unless method == 8
      position = 10
      if flags & 4 != 0
        return if short[position + 2]
        position += 2 + text.byteslice(position, 2).unpack1("v")
      end
      name, comment = [8, 16].map do |bit|
        next if flags & bit == 0
        stop = text.byteindex("\0".b, position) if position <= text.bytesize
        return short[text.bytesize + 1] && nil unless stop
        found = text.byteslice(position, stop - position)
        position = stop + 1
        found
      end
      position += 2 if flags & 2 != 0
      return if short[position]
      level = extra == 2 ? BEST_COMPRESSION : extra == 4 ? BEST_SPEED : DEFAULT_COMPRESSION
      [position, mtime, name, comment, level, os]
    end

    def initialize
      @closed = false
      @orig_name = @comment = nil
      @mtime = Time.at(0)
      @level = DEFAULT_COMPRESSION
      @os_code = OS_CODE
      @crc = 0
      @sync = false
    end

    def closed? = @closed
    def level = __check && @level
    def os_code = __check && @os_code
    def crc = __check && @crc
    def mtime = __check && @mtime
    def sync = __check && @sync
    def sync=(value)
      __check
      @sync = value
    end
    def to_io = __check && @io
    def orig_name = __check && @orig_name.dup
    def comment = __check && @comment.dup

    def close
      io = finish
      io.close if io.respond_to?(:close)
      io
    end

    private

    def __check = !@closed || raise(GzipFile::Error, "closed gzip stream")
  end

  class GzipWriter < GzipFile
    def self.open(path, level = nil, strategy = nil, &block)
      wrap(File.open(path, "wb"), level, strategy, &block)
    end

    def initialize(io, level = nil, strategy = nil, **options)
      super()
      @io = io
      @level = level || DEFAULT_COMPRESSION
      @stream = Deflate.new(level, -MAX_WBITS, DEF_MEM_LEVEL, strategy)
      @size = 0
      @header_done = false
      @encoding = options[:external_encoding] || options[:encoding]
    end

    def mtime=(time)
      __check
      raise GzipFile::Error, "header is already written" if @header_done
      @mtime = time.is_a?(Time) ? time : Time.at(time)
    end

    def orig_name=(name)
      __check
      raise GzipFile::Error, "header is already written" if @header_done
      @orig_name = name.to_str[/\A[^\0]*/]
    end

    def comment=(text)
      __check
      raise GzipFile::Error, "header is already written" if @header_done
      @comment = text.to_str[/\A[^\0]*/]
    end

    def write(*objects)
      __check
      objects.sum do |object|
        text = object.to_s
        text = text.encode(@encoding) if @encoding
        __header
        @crc = Zlib.crc32(text, @crc)
        @size += text.bytesize
        __put(@stream.deflate(text, @sync ? SYNC_FLUSH : NO_FLUSH))
        text.bytesize
      end
    end

    def <<(object)
      write(object)
      self
    end

    def print(*objects)
      (objects.empty? ? [$_] : objects).each { |object| write(object) }
      nil
    end

    def puts(*objects)
      require "stringio"
      text = StringIO.new
      text.puts(*objects)
      write(text.string)
      nil
    end

    def printf(format, *arguments)
      write(format(format, *arguments))
      nil
    end

    def putc(object)
      write(object.is_a?(Integer) ? (object & 255).chr : object.to_s[0])
      object
    end

    def pos = @size
    alias tell pos

    def flush(flush = SYNC_FLUSH)
      __check
      __header
      __put(@stream.flush(flush)) unless flush == NO_FLUSH
      @io.flush if @io.respond_to?(:flush)
      self
    end

    def finish
      __check
      __header
      __put(@stream.finish)
      @stream.close
      __put([@crc, @size & 0xffff_ffff].pack("VV"))
      @closed = true
      @io
    end

    private

    def __header
      return if @header_done
      @header_done = true
      flags = (@orig_name ? 8 : 0) | (@comment ? 16 : 0)
      extra = @level == BEST_SPEED ? 4 : @level == BEST_COMPRESSION ? 2 : 0
      header = [0x1f8b, 8, flags, @mtime.to_i, extra, @os_code].pack("nCCVCC")
      header << @orig_name.b << "\0" if @orig_name
      header << @comment.b << "\0" if @comment
      __put(header)
    end

    def __put(text)
      @io.write(text) unless text.empty?
    end
  end

  class GzipReader < GzipFile
    include Enumerable

    BLOCK = 4096
    private_constant :BLOCK

    def self.open(path, &block) = wrap(File.open(path, "rb"), &block)

    # All the gzip files that follow one another in io.
    def self.zcat(io, **options)
      out = block_given? ? nil : "".b
      loop do
        reader = new(io, **options)
        if block_given? then reader.each { |line| yield line }
        else out << reader.read
        end
        unused = reader.unused
        reader.finish
        break if unused.nil? && io.eof?
        io.pos -= unused.bytesize if unused
      end
      out
    end

    attr_accessor :lineno

    def initialize(io, **options)
      super()
      @io = io
      @options = options
      encoding = options[:external_encoding] || options[:encoding]
      @encoding = encoding ? Encoding.find(encoding.to_s) : Encoding.default_external
      __start("".b)
    end

    def external_encoding = @encoding

    def rewind
      __check
      @io.seek(-@taken, IO::SEEK_CUR)
      __start("".b)
      0
    end

    def unused
      __check
      @rest if @done && !@rest.empty?
    end

    def finish
      __check
      @stream.close
      @closed = true
      @io
    end

    def pos = @pos
    alias tell pos

    def eof?
      __check
      __fill(1)
      @buffer.empty?
    end
    alias eof eof?

    def read(length = nil, buffer = nil)
      __check
      raise ArgumentError, "negative length #{length} given" if length && length < 0
      __fill(length)
      return buffer ? (buffer.clear; nil) : nil if length && length > 0 && @buffer.empty?
      text = __take(length || @buffer.bytesize)
      text.force_encoding(@encoding) unless length
      buffer ? buffer.replace(text) : text
    end

    def readpartial(length, buffer = nil)
      __check
      raise ArgumentError, "negative length #{length} given" if length < 0
      __fill(1)
      raise EOFError, "end of file reached" if @buffer.empty? && length > 0
      text = __take([length, @buffer.bytesize].min)
      buffer ? buffer.replace(text) : text
    end

    def getbyte = read(1)&.ord
    def readbyte = getbyte || raise(EOFError, "end of file reached")

    def each_byte
      return to_enum(:each_byte) unless block_given?
      while (byte = getbyte)
        yield byte
      end
      self
    end

    def getc
      __check
      __fill(8)
      return if @buffer.empty?
      char = @buffer.byteslice(0, 8).force_encoding(@encoding)[0]
      __take(char.bytesize).force_encoding(@encoding)
    end

    def readchar = getc || raise(EOFError, "end of file reached")

    def each_char
      return to_enum(:each_char) unless block_given?
      while (char = getc)
        yield char
      end
      nil
    end

    def ungetc(char)
      return if char.nil?
      char = char.chr(@encoding) if char.is_a?(Integer)
      __back(char.b)
    end

    def ungetbyte(byte) = byte && __back((byte & 255).chr)

    def gets(separator = (no_separator = true; $/), limit = nil, chomp: false)
      __check
      separator, limit = $/, separator if separator.is_a?(Integer)
      return $_ = nil if limit != 0 && eof?
      paragraph = separator == ""
      separator = "\n\n" if paragraph
      if paragraph
        __take(1) while __fill(1) && @buffer.start_with?("\n")
      end
      stop = nil
      until separator && (stop = @buffer.byteindex(separator.b, 0)) || limit && @buffer.bytesize >= limit
        break unless __more
      end
      size = stop ? stop + separator.bytesize : @buffer.bytesize
      size = limit if limit && limit < size
      line = __take(size).force_encoding(@encoding)
      if paragraph
        __take(1) while __fill(1) && @buffer.start_with?("\n")
      end
      line.chomp!(separator) if chomp && separator
      @lineno += 1
      $_ = line
    end

    def readline(...) = gets(...) || raise(EOFError, "end of file reached")

    def each(*arguments, **options)
      return to_enum(:each, *arguments, **options) unless block_given?
      while (line = gets(*arguments, **options))
        yield line
      end
      self
    end

    alias each_line each
    def readlines(...) = each(...).to_a

    private

    # Reads the header; @rest holds what was read and not yet inflated.
    def __start(rest)
      @rest = rest
      @taken = 0
      @lineno = 0
      @pos = 0
      @buffer = "".b
      @done = false
      @crc = 0
      @size = 0
      until (header = GzipFile.__header(@rest, false))
        block = @io.read(BLOCK)
        raise Error, "not in gzip format" if block.nil?
        @taken += block.bytesize
        @rest << block.b
      end
      position, mtime, @orig_name, @comment, @level, @os_code = header
      @orig_name&.force_encoding(Encoding.default_external)
      @comment&.force_encoding(Encoding.default_external)
      @mtime = Time.at(mtime)
      @rest = @rest.byteslice(position, @rest.bytesize)
      @stream = Inflate.new(-MAX_WBITS)
    end

    # Inflates one more block; false at the end.
    def __more
      return false if @done
      block = @rest.empty? ? @io.read(BLOCK) : @rest
      raise Error, "unexpected end of file" if block.nil?
      @taken += block.bytesize if @rest.empty?
      @rest = "".b
      out = @stream.inflate(block)
      @crc = Zlib.crc32(out, @crc)
      @size += out.bytesize
      @buffer << out
      __footer if @stream.finished?
      true
    end

    def __footer
      @done = true
      @rest = @stream.flush_next_in
      while @rest.bytesize < 8
        block = @io.read(BLOCK)
        raise NoFooter, "footer is not found" if block.nil?
        @taken += block.bytesize
        @rest << block.b
      end
      crc, size = @rest.unpack("VV")
      raise CRCError, "invalid compressed data -- crc error" unless crc == @crc
      raise LengthError, "invalid compressed data -- length error" unless size == @size & 0xffff_ffff
      @rest = @rest.byteslice(8, @rest.bytesize)
    end

    # At least `size` bytes (nil: all) into @buffer, if there are so many.
    def __fill(size)
      while size.nil? || @buffer.bytesize < size
        break unless __more
      end
      !@buffer.empty?
    end

    def __take(size)
      text = @buffer.byteslice(0, size)
      @buffer = @buffer.byteslice(text.bytesize, @buffer.bytesize)
      @pos += text.bytesize
      text
    end

    def __back(bytes)
      @buffer = bytes.b << @buffer
      @pos -= bytes.bytesize
      nil
    end
  end
end

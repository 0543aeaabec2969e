# argf.rb - ARGF: the files named in ARGV one after another as one stream, or standard input.
#
# @io is the current file; nil before the first, between two, and after the last. @stream is the last one that there was.
# Semantics: Ruby documentation of ARGF; ruby/spec core/argf.

argf_class = Class.new do
  include Enumerable

  class << self
    def name = "ARGF.class"
    alias_method :to_s, :name
    alias_method :inspect, :name
  end

  def initialize(*argv)
    @argv = argv
    @lineno = 0
  end

  attr_reader :argv, :lineno

  def lineno=(number)
    @lineno = Array.__to_int(number)
    $. = @lineno
  end

  def to_s = "ARGF"
  alias inspect to_s

  def filename
    __current
    @filename || "-"
  end
  alias path filename

  def file
    __current
    @stream
  end

  def to_io = file.to_io
  def to_write_io = raise(IOError, "not opened for writing")
  def fileno = __need("no stream").fileno
  alias to_i fileno
  def pos = __need("no stream to tell").pos
  alias tell pos
  def pos=(offset)
    __need("no stream to set position").pos = offset
  end
  def seek(offset, whence = IO::SEEK_SET) = __need("no stream to seek").seek(offset, whence)

  def rewind
    result = __need("no stream to rewind").rewind
    @lineno = 0
    result
  end

  def binmode
    @binary = true
    __current&.binmode
    self
  end
  def binmode? = @binary || false
  def external_encoding = __current ? @stream.external_encoding : Encoding.default_external
  def internal_encoding = __current ? @stream.internal_encoding : Encoding.default_internal

  def set_encoding(*encodings)
    @encodings = encodings
    __need("no stream to set encoding").set_encoding(*encodings)
    self
  end

  def eof?
    raise IOError, "ARGF is not opened for reading" unless @io || !@begun && __current
    @io.eof?
  end
  alias eof eof?

  def closed?
    __current
    @stream.closed?
  end

  def close
    __current
    __leave
    @lineno = 0
    self
  end

  def skip
    __leave if @io
    self
  end

  def gets(*arguments, **options)
    while __current
      line = @io.gets(*arguments, **options)
      if line
        @lineno += 1
        $. = @lineno
        return line
      end
      return nil unless __next
    end
    nil
  end

  def readline(...) = gets(...) || raise(EOFError, "end of file reached")

  def each_line(*arguments, **options)
    return to_enum(:each_line, *arguments, **options) unless block_given?
    while (line = gets(*arguments, **options))
      yield line
    end
    self
  end
  alias each each_line

  def readlines(*arguments, **options)
    lines = []
    each_line(*arguments, **options) { |line| lines << line }
    lines
  end
  alias to_a readlines

  def read(length = nil, buffer = nil)
    text = nil
    while __current
      piece = length ? @io.read(length - (text ? text.bytesize : 0)) : @io.read
      text = text ? text << piece.to_s : piece
      break if length && text && text.bytesize >= length
      break unless __next
    end
    buffer ? buffer.replace(text || "") : text
  end

  def readpartial(size, buffer = nil) = __read_part(buffer) { @io.readpartial(size, *buffer) }

  def read_nonblock(size, buffer = nil, **options)
    __read_part(buffer) { @io.read_nonblock(size, *buffer, **options) }
  end

  def getc = __one { @io.getc }
  def getbyte = __one { @io.getbyte }
  def readchar = getc || raise(EOFError, "end of file reached")
  def readbyte = getbyte || raise(EOFError, "end of file reached")

  def each_byte
    return to_enum(:each_byte) unless block_given?
    while (byte = getbyte)
      yield byte
    end
    self
  end

  def each_char
    return to_enum(:each_char) unless block_given?
    while (char = getc)
      yield char
    end
    self
  end

  def each_codepoint
    return to_enum(:each_codepoint) unless block_given?
    each_char { |char| yield char.ord }
  end

  private

  def __current
    return @io if @io
    if @argv.empty?
      return nil if @begun
      __enter($stdin, "-")
    else
      name = @argv.shift
      __enter(name == "-" ? $stdin : File.open(name), name)
    end
  end

  def __enter(io, name)
    @begun = true
    @filename = name.to_s
    @io = @stream = io
    io.binmode if @binary
    io.set_encoding(*@encodings) if @encodings
    io
  end

  def __leave
    @io.close if @io && !@io.equal?($stdin)
    @io = nil
  end

  # Leaves the current file; false when it was the last.
  def __next
    __leave
    !@argv.empty?
  end

  def __need(message) = __current || raise(ArgumentError, message)

  def __one
    while __current
      one = yield
      return one if one
      return nil unless __next
    end
    nil
  end

  # Never beyond the end of a file: "" at the end of all but the last.
  def __read_part(buffer)
    unless __current
      buffer&.clear
      raise EOFError, "end of file reached"
    end
    yield
  rescue EOFError
    raise if @argv.empty?
    __leave
    buffer || +""
  end
end

ARGF = argf_class.new
ARGF.instance_variable_set(:@argv, ARGV)

# stringio.rb - StringIO: a String with the interface of an IO.
#
# Positions count bytes. The String is the caller's own: writing changes it, unless it is frozen (then the object is
# read-only). A nil String is an empty stream that swallows what is written.
# Semantics: Ruby documentation of StringIO.

class StringIO
  include Enumerable

  VERSION = "3.1.9"
  MAX_LENGTH = 0x7fff_ffff_ffff_ffff

  # What CRuby keeps in modules of IO, so that it is not among StringIO's own instance methods.
  module Readable
    def readpartial(length = nil, buffer = nil) = read(*length, *buffer) || raise(EOFError, "end of file reached")

    def sysread(length = nil, buffer = nil)
      text = length.nil? ? read : read(length, *buffer)
      raise EOFError, "end of file reached" if text.nil?
      text
    end

    def read_nonblock(length = nil, buffer = nil, exception: true)
      text = read(length, buffer)
      raise EOFError, "end of file reached" if text.nil? && exception
      text
    end

    def readline(*arguments, chomp: false)
      $_ = __line(*__line_arguments(arguments), chomp) || raise(EOFError, "end of file reached")
    end

    def readchar = getc || raise(EOFError, "end of file reached")

    def readbyte = getbyte || raise(EOFError, "end of file reached")
  end

  module Writable
    def <<(object)
      __write(object)
      self
    end

    def syswrite(object) = __write(object)

    def write_nonblock(object, **) = __write(object)

    def print(*objects)
      objects = [$_] if objects.empty?
      objects.each_with_index do |object, index|
        __write($,) if index > 0 && $,
        __write(object)
      end
      __write($\) if $\
      nil
    end

    def puts(*objects)
      return (__write("\n"); nil) if objects.empty?
      objects.each { |object| __puts(object, []) }
      nil
    end

    def printf(format, *arguments)
      __write(format(format, *arguments))
      nil
    end
  end
  private_constant :Readable, :Writable
  include Readable
  include Writable

  def self.open(...)
    io = new(...)
    return io unless block_given?
    begin
      yield io
    ensure
      io.__send__(:initialize, nil)
      io.close
    end
  end

  def self.new(*, **)
    if block_given?
      warn "#{self}::new() does not take block; use #{self}::open() instead"
    end
    super
  end

  attr_accessor :lineno

  def initialize(string = (no_string = true; +""), mode = nil, **options)
    mode = options[:mode] if mode.nil?
    string = +"".dup.force_encoding(Encoding.default_external) if no_string
    unless string.nil? || string.is_a?(String)
      raise TypeError, "no implicit conversion of #{string.class} into String" unless string.respond_to?(:to_str)
      string = string.to_str
    end
    @readable = @writable = true
    @append = false
    truncate = false
    case mode
    when nil then @writable = false if string&.frozen?
    when Integer
      access = mode & 3
      @readable = access != File::WRONLY
      @writable = access != File::RDONLY
      @append = mode & File::APPEND != 0
      truncate = mode & File::TRUNC != 0
    else
      mode = mode.to_str
      match = /\A([rwa])([bt+]*)(?::.*)?\z/.match(mode) or raise ArgumentError, "invalid access mode #{mode}"
      plus = match[2].include?("+")
      @readable = match[1] == "r" || plus
      @writable = match[1] != "r" || plus
      @append = match[1] == "a"
      truncate = match[1] == "w"
    end
    raise Errno::EACCES, nil if @writable && string&.frozen? && mode
    string.replace("") if truncate && string
    @string = string
    @pos = 0
    @lineno = 0
    @encoding = nil
  end

  def initialize_copy(other)
    @shared = other.__send__(:__share)
    super
  end

  def string = @string
  def string=(string)
    string = string.to_str
    @readable = true
    @writable = !string.frozen?
    @pos = 0
    @lineno = 0
    @string = string
  end

  def pos = __position
  alias tell pos

  def pos=(position)
    raise Errno::EINVAL if position < 0
    __move(position)
  end

  def rewind
    __move(0)
    @lineno = 0
    0
  end

  def seek(offset, whence = IO::SEEK_SET)
    raise IOError, "closed stream" if closed?
    base = case whence
           when 0, :SET then 0
           when 1, :CUR then __position
           when 2, :END then __size
           else raise Errno::EINVAL, "invalid whence"
           end
    raise Errno::EINVAL if base + offset < 0
    __move(base + offset)
    0
  end

  def eof?
    __check_readable
    __position >= __size
  end
  alias eof eof?

  def closed? = !@readable && !@writable
  def closed_read? = !@readable
  def closed_write? = !@writable

  def close
    @readable = @writable = false
    nil
  end

  def close_read
    return nil if closed?
    raise IOError, "closing non-duplex IO for reading" unless @readable
    @readable = false
    nil
  end

  def close_write
    if !@writable
      return nil if @write_closed
      raise IOError, "closing non-duplex IO for writing"
    end
    @write_closed = true
    @writable = false
    nil
  end

  # --- reading ---

  def read(length = nil, buffer = nil)
    __check_readable
    return nil if @string.nil?
    if length.nil?
      text = __position >= __size ? __tagged("".b) : __slice(__position, __size - __position)
      __move([__size, __position].max)
      return buffer ? buffer.replace(text) : text
    end
    raise ArgumentError, "negative length #{length} given" if length < 0
    if length > 0 && __position >= __size
      buffer&.replace("")
      return nil
    end
    text = @string.nil? ? +"" : @string.byteslice(__position, length).b
    __move(__position + text.bytesize)
    buffer ? buffer.replace(text.force_encoding(buffer.encoding)) : text
  end

  def pread(length, offset)
    raise ArgumentError, "negative string size (or size too big): #{length}" if length < 0
    raise Errno::EINVAL, "pread: Invalid offset argument: #{offset}" if offset < 0
    __check_readable
    return "".b if length == 0
    raise EOFError, "end of file reached" if offset >= __size
    @string.byteslice(offset, length).b
  end

  def gets(*arguments, chomp: false)
    $_ = __line(*__line_arguments(arguments), chomp)
  end

  def each_line(*arguments, chomp: false)
    return to_enum(:each_line, *arguments, chomp: chomp) unless block_given?
    separator, limit = __line_arguments(arguments)
    raise ArgumentError, "invalid limit: 0 for each_line" if limit == 0
    while (line = __line(separator, limit, chomp))
      yield line
    end
    self
  end

  def each(*arguments, chomp: false)
    return to_enum(:each, *arguments, chomp: chomp) unless block_given?
    separator, limit = __line_arguments(arguments)
    raise ArgumentError, "invalid limit: 0 for each" if limit == 0
    while (line = __line(separator, limit, chomp))
      yield line
    end
    self
  end

  def readlines(*arguments, chomp: false)
    separator, limit = __line_arguments(arguments)
    raise ArgumentError, "invalid limit: 0 for readlines" if limit == 0
    lines = []
    while (line = __line(separator, limit, chomp))
      lines << line
    end
    lines
  end

  def getc
    __check_readable
    return nil if __position >= __size
    char = __slice(__position, 8)[0]
    __move(__position + char.bytesize)
    char
  end

  def getbyte
    __check_readable
    byte = @string&.getbyte(__position)
    __move(__position + 1) if byte
    byte
  end

  def each_char
    return to_enum(:each_char) unless block_given?
    while (char = getc)
      yield char
    end
    self
  end

  def each_byte
    return to_enum(:each_byte) unless block_given?
    while (byte = getbyte)
      yield byte
    end
    self
  end

  def each_codepoint
    return to_enum(:each_codepoint) unless block_given?
    each_char { |char| yield char.ord }
  end

  def ungetc(char)
    __check_readable
    return nil if char.nil?
    char = char.chr(external_encoding || Encoding::UTF_8) if char.is_a?(Integer)
    __unread(char.to_str)
  end

  def ungetbyte(byte)
    __check_readable
    return nil if byte.nil?
    __unread(byte.is_a?(Integer) ? [byte & 0xff].pack("C") : byte.to_str)
  end

  # --- writing ---

  def write(*objects)
    total = 0
    objects.each { |object| total += __write(object) }
    __check_writable if objects.empty?
    total
  end

  def putc(object)
    __write(object.is_a?(String) ? object[0] : [object.to_int & 0xff].pack("C"))
    object
  end

  def truncate(length)
    __check_writable
    raise Errno::EINVAL, "negative length" if length < 0
    if length < @string.bytesize
      @string.replace(@string.byteslice(0, length))
    else
      @string << "\0" * (length - @string.bytesize)
    end
    0
  end

  def reopen(string = +"", mode = nil)
    initialize(string, *mode)
    self
  end

  # --- questions ---

  def size
    raise IOError, "not opened" if @string.nil?
    @string.bytesize
  end
  alias length size

  def sync = true
  def sync=(value)
  end
  def fsync = 0
  def flush = self
  def fileno = nil
  def pid = nil
  def isatty = false
  def tty? = false
  def fcntl(*) = raise(NotImplementedError, "fcntl() function is unimplemented on this machine")

  def binmode
    @encoding = Encoding::BINARY
    @string.force_encoding(Encoding::BINARY) if @writable && @string && !@string.frozen?
    self
  end

  def external_encoding = @encoding || @string&.encoding || Encoding.default_external
  def internal_encoding = nil

  def set_encoding(encoding, *)
    encoding = Encoding.default_external if encoding.nil?
    encoding = Encoding.find(encoding.to_str.split(":").first) unless encoding.is_a?(Encoding)
    @encoding = encoding
    @string.force_encoding(encoding) if @writable && @string && !@string.frozen?
    self
  end

  def set_encoding_by_bom
    bytes = @string.byteslice(0, 4).bytes
    encoding, used =
      if bytes[0, 3] == [0xEF, 0xBB, 0xBF] then [Encoding::UTF_8, 3]
      elsif bytes == [0xFF, 0xFE, 0, 0] then [Encoding::UTF_32LE, 4]
      elsif bytes == [0, 0, 0xFE, 0xFF] then [Encoding::UTF_32BE, 4]
      elsif bytes[0, 2] == [0xFF, 0xFE] then [Encoding::UTF_16LE, 2]
      elsif bytes[0, 2] == [0xFE, 0xFF] then [Encoding::UTF_16BE, 2]
      end
    return nil unless encoding
    __move(used)
    set_encoding(encoding)
    encoding
  end

  def inspect = Kernel.instance_method(:to_s).bind_call(self)

  private

  # dup shares the position with its original, as a duplicated descriptor does.
  def __share = @shared ||= [@pos]
  def __position = @shared ? @shared[0] : @pos

  def __move(position)
    raise FrozenError.new("can't modify frozen StringIO: #{inspect}", receiver: self) if frozen?
    @shared ? @shared[0] = position : @pos = position
  end

  def __size = @string ? @string.bytesize : 0
  def __check_readable = @readable || raise(IOError, "not opened for reading")
  def __check_writable = @writable || raise(IOError, "not opened for writing")
  def __tagged(text) = text.force_encoding(external_encoding)
  def __slice(from, size) = __tagged(@string.byteslice(from, size))

  def __line_arguments(arguments)
    raise ArgumentError, "wrong number of arguments (given #{arguments.size}, expected 0..2)" if arguments.size > 2
    return [$/, nil] if arguments.empty?
    if arguments.size == 1
      one = arguments[0]
      return [nil, nil] if one.nil?
      return [one.to_str, nil] if one.respond_to?(:to_str)
      return [$/, one.to_int]
    end
    [arguments[0]&.to_str, arguments[1]&.to_int]
  end

  def __line(separator, limit, chomp)
    __check_readable
    return __tagged("".b) if limit == 0
    limit = nil if limit && limit < 0
    start = __position
    paragraph = separator && separator.empty?
    if paragraph
      separator = "\n\n"
      start += 1 while @string&.getbyte(start) == 10
    end
    return nil if start >= __size
    stop = separator ? __index(separator, start) : nil
    ended = !stop.nil?
    stop = stop ? stop + separator.bytesize : __size
    if limit && start + limit < stop
      stop = start + limit
      stop += 1 until stop >= __size || __slice(start, stop - start).valid_encoding? || stop - start > limit + 3
      ended = false
    end
    line = __slice(start, stop - start)
    if paragraph && ended
      stop += 1 while @string.getbyte(stop) == 10
    end
    __move(stop)
    @lineno += 1
    if chomp && separator
      paragraph && ended ? line = line.byteslice(0, line.bytesize - 2) : line = line.chomp(separator)
    end
    line
  end

  def __index(separator, start)
    @string.b.byteindex(separator.b, start)
  end

  def __unread(text)
    raise IOError, "not opened for reading" if @string.nil?
    text = text.b
    position = __position
    encoding = @string.encoding
    bytes = @string.b
    if position > bytes.bytesize
      bytes << "\0" * (position - bytes.bytesize)
    end
    if text.bytesize <= position
      bytes = bytes.byteslice(0, position - text.bytesize) + text + bytes.byteslice(position..)
      __move(position - text.bytesize)
    else
      bytes = text + bytes.byteslice(position..)
      __move(0)
    end
    @string.replace(bytes.force_encoding(encoding))
    nil
  end

  def __write(object)
    __check_writable
    text = object.is_a?(String) ? object : object.to_s
    return text.bytesize if @string.nil?
    encoding = external_encoding
    if text.encoding != encoding && encoding != Encoding::BINARY && text.encoding != Encoding::BINARY && !text.ascii_only?
      text = text.encode(encoding)
    end
    size = text.bytesize
    return 0 if size == 0
    position = @append ? __size : __position
    if position == __size
      text.encoding == @string.encoding || text.ascii_only? ? @string << text : @string << text.dup.force_encoding(@string.encoding)
    else
      @string << "\0" * (position - __size) if position > __size
      bytes = @string.b
      bytes = bytes.byteslice(0, position) + text.b + (bytes.byteslice((position + size)..) || "".b)
      @string.replace(bytes.force_encoding(@string.encoding))
    end
    __move(position + size)
    size
  end

  def __puts(object, visiting)
    if object.is_a?(Array) || (!object.is_a?(String) && object.respond_to?(:to_ary) && (object = object.to_ary))
      return __write("[...]\n") if visiting.any? { |one| one.equal?(object) }
      object.each { |item| __puts(item, visiting + [object]) }
      return
    end
    text = object.to_s
    __write(text)
    __write("\n") unless text.end_with?("\n")
  end
end

# io.rb - IO's loops and whole-file methods over the primitives of io_read.c and io_write.c.
# Semantics: Ruby documentation of IO and Kernel; ruby/spec core/io.

class IO
  include Enumerable

  module WaitReadable; end
  module WaitWritable; end
  class EAGAINWaitReadable < Errno::EAGAIN
    include WaitReadable
  end
  class EAGAINWaitWritable < Errno::EAGAIN
    include WaitWritable
  end
  EWOULDBLOCKWaitReadable = EAGAINWaitReadable
  EWOULDBLOCKWaitWritable = EAGAINWaitWritable
  class TimeoutError < IOError; end

  def each_line(separator = (default = true; $/), limit = nil, chomp: false)
    return to_enum(:each_line, *(default ? [] : limit ? [separator, limit] : [separator]), chomp: chomp) unless block_given?
    if !default && limit.nil? && !separator.nil? && !separator.respond_to?(:to_str)
      limit = separator
      separator = $/
    end
    raise ArgumentError, "invalid limit: 0 for each_line" if limit == 0
    while (line = __gets(separator, limit, chomp: chomp))
      yield line
    end
    self
  end
  alias each each_line

  def readlines(separator = $/, limit = nil, chomp: false)
    if limit.nil? && !separator.nil? && !separator.respond_to?(:to_str)
      limit = separator
      separator = $/
    end
    raise ArgumentError, "invalid limit: 0 for readlines" if limit == 0
    lines = []
    while (line = __gets(separator, limit, chomp: chomp))
      lines << line
    end
    lines
  end
  alias to_a readlines

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
    while (char = getc)
      yield char.ord
    end
    self
  end

  def read_nonblock(length, buffer = nil, exception: true)
    result = __try_read(length, buffer)
    case result
    when :wait_readable
      return result unless exception
      raise EAGAINWaitReadable, "read would block"
    when nil
      return nil unless exception
      raise EOFError, "end of file reached"
    end
    result
  end

  def write_nonblock(string, exception: true)
    result = __try_write(string)
    raise EAGAINWaitWritable, "write would block" if exception && result == :wait_writable
    result
  end

  def wait(*arguments)
    if arguments.size == 2 && arguments[0].is_a?(Integer)
      events, timeout = arguments
    else
      timeout = arguments.find { |a| a.nil? || a.is_a?(Numeric) }
      events = arguments.grep(Symbol).inject(0) { |all, mode| all | { r: 1, read: 1, readable: 1, w: 4, write: 4, writable: 4 }.fetch(mode, 5) }
      return __wait(events == 0 ? 1 : events, timeout) && self
    end
    __wait(events, timeout)
  end

  def wait_readable(timeout = nil) = __wait(READABLE, timeout) && self
  def wait_writable(timeout = nil) = __wait(WRITABLE, timeout) && self
  def wait_priority(timeout = nil) = __wait(PRIORITY, timeout) && self

  def nonblock(on = true)
    before = nonblock?
    self.nonblock = on
    yield self
  ensure
    self.nonblock = before unless closed?
  end

  def set_encoding_by_bom
    raise ArgumentError, "ASCII incompatible encoding needs binmode" unless binmode?
    bytes = []
    4.times { bytes << getbyte }
    encoding, used =
      if bytes[0, 3] == [0xEF, 0xBB, 0xBF] then [Encoding::UTF_8, 3]
      elsif bytes == [0xFF, 0xFE, 0, 0] then [Encoding::UTF_32LE, 4]
      elsif bytes == [0, 0, 0xFE, 0xFF] then [Encoding::UTF_32BE, 4]
      elsif bytes[0, 2] == [0xFF, 0xFE] then [Encoding::UTF_16LE, 2]
      elsif bytes[0, 2] == [0xFE, 0xFF] then [Encoding::UTF_16BE, 2]
      else [nil, 0]
      end
    bytes.compact.drop(used).reverse_each { |byte| ungetbyte(byte) }
    set_encoding(encoding) if encoding
    encoding
  end

  def advise(advice, offset = 0, length = 0)
    raise TypeError, "advice must be a Symbol" unless advice.is_a?(Symbol)
    unless %i[normal sequential random willneed dontneed noreuse].include?(advice)
      raise NotImplementedError, "Unsupported advice: #{advice.inspect}"
    end
    nil
  end

  class << self
    alias for_fd new

    def read(path, length = nil, offset = nil, **options)
      raise ArgumentError, "negative offset #{offset} given" if offset && offset < 0
      __open(path, "r", options) do |io|
        io.seek(offset) if offset
        length ? io.read(length) : io.read
      end
    end

    def binread(path, length = nil, offset = nil)
      __open(path, "rb:BINARY", {}) do |io|
        io.seek(offset) if offset
        length ? io.read(length) : io.read
      end
    end

    def readlines(path, *arguments, chomp: false, **options)
      __open(path, "r", options) { |io| io.readlines(*arguments, chomp: chomp) }
    end

    def foreach(path, *arguments, chomp: false, **options, &block)
      return to_enum(:foreach, path, *arguments, chomp: chomp, **options) unless block
      __open(path, "r", options) { |io| io.each_line(*arguments, chomp: chomp, &block) }
      nil
    end

    def write(path, data, offset = nil, mode: nil, perm: nil, **options)
      __write_file(path, data, offset, mode, perm, options)
    end

    def binwrite(path, data, offset = nil, mode: nil, perm: nil)
      __write_file(path, data, offset, mode || "#{offset ? "r+" : "w"}b", perm, {})
    end

    # From where to where: IOs, whatever has to_io, paths, and objects with readpartial or read, and write. What comes is
    # passed on at once; with an offset, the source's position stays.
    def copy_stream(source, target, length = nil, offset = nil)
      length = Array.__to_long(length) unless nil == length
      raise ArgumentError, "negative length #{length} given" if length && length < 0
      opened = []
      source = __copy_end(source, "rb", opened)
      target = __copy_end(target, "wb", opened)
      if length && length < 0
        raise ArgumentError, "negative length #{length} given" if IO === source && IO === target
        length = nil
      end
      if offset
        raise ArgumentError, "cannot specify src_offset for non-IO" unless IO === source
        offset = Array.__to_long(offset)
      end
      copied = 0
      while nil == length || copied < length
        want = length ? [length - copied, 65_536].min : 65_536
        piece = __copy_piece(source, want, offset && offset + copied)
        break if nil == piece
        target.write(piece)
        target.flush if IO === target
        copied += piece.bytesize
      end
      copied
    ensure
      opened&.each(&:close)
    end

    private def __copy_end(object, mode, opened)
      return object if IO === object
      return object.to_io if object.respond_to?(:to_io)
      return object unless String === object || object.respond_to?(:to_path)
      opened << (file = File.open(object, mode))
      file
    end

    private def __copy_piece(source, size, offset)
      return source.pread(size, offset) if offset
      return source.readpartial(size) if IO === source
      return source.readpartial(size, buffer = +"") && buffer if source.respond_to?(:readpartial)
      source.read(size, buffer = +"") && buffer # what counts is the buffer
    rescue EOFError
      nil
    end

    def try_convert(object)
      return object if object.is_a?(IO)
      return nil unless object.respond_to?(:to_io)
      io = object.to_io
      raise TypeError, "can't convert #{object.class} to IO (#{object.class}#to_io gives #{io.class})" unless io.is_a?(IO)
      io
    end

    private

    def __open(path, mode, options, &block)
      options = options.dup
      arguments = options.delete(:open_args)
      return File.open(path, *arguments, &block) if arguments
      mode = nil if options.key?(:mode)
      File.open(path, *mode, **options, &block)
    end

    def __write_file(path, data, offset, mode, perm, options)
      mode ||= offset ? File::WRONLY | File::CREAT : "w"
      arguments = [mode]
      arguments << perm if perm
      File.open(path, *arguments, **options) do |io|
        io.seek(offset) if offset
        io.write(data)
      end
    end
  end
end

module Kernel
  def open(path, *rest, **options, &block)
    if path.respond_to?(:to_open)
      result = path.to_open(*rest, **options)
      return block ? block.call(result) : result
    end
    File.open(path, *rest, **options, &block)
  end

  def gets(*arguments, **options)
    line = ARGF.gets(*arguments, **options)
    $_ = line
  end

  def readline(*arguments, **options) = gets(*arguments, **options) || raise(EOFError, "end of file reached")
  def readlines(*arguments, **options) = ARGF.readlines(*arguments, **options)
  private :open, :gets, :readline, :readlines
  class << self
    def open(...) = TOPLEVEL_BINDING.receiver.__send__(:open, ...)
    def gets(...) = TOPLEVEL_BINDING.receiver.__send__(:gets, ...)
    def readlines(...) = ARGF.readlines(...)
  end
end

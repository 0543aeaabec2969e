# marshal.rb - Marshal: objects to bytes and back, in Ruby's format 4.8.
#
# Writer and Reader each walk once. Both number objects in the order in which the format does (every object but nil, true,
# false, symbols and small integers), so that shared and cyclic structure survives. The reader trusts nothing: every
# read is bounds-checked by the string operations, every class name is looked up, every link is looked up.
# Semantics: Ruby documentation of Marshal, doc/marshal.rdoc.

module Marshal
  MAJOR_VERSION = 4
  MINOR_VERSION = 8

  class << self
    def dump(object, io = nil, limit = nil)
      if io.is_a?(Integer) && limit.nil?
        limit = io
        io = nil
      elsif !io.nil? && !io.respond_to?(:write)
        raise TypeError, "instance of IO needed"
      end
      text = Writer.new(limit || -1).document(object)
      return text unless io
      io.binmode if io.respond_to?(:binmode)
      io.write(text)
      io
    end

    def load(source, proc = nil, freeze: false)
      if source.respond_to?(:to_str)
        input = source.to_str.b
      elsif source.respond_to?(:getbyte) && source.respond_to?(:read)
        source.binmode if source.respond_to?(:binmode)
        input = source
      else
        raise TypeError, "instance of IO needed"
      end
      Reader.new(input, proc, freeze).document
    end
    alias restore load
  end

  # One dump.
  class Writer
    def initialize(limit)
      @limit = limit
      @out = "\x04\x08".b
      @objects = {}.compare_by_identity
      @symbols = {}
    end

    def document(object)
      write(object, @limit)
      @out
    end

    private

    def byte(number)
      @out << [number].pack("C")
    end

    def integer(number)
      if number == 0 then byte(0)
      elsif number.between?(1, 122) then byte(number + 5)
      elsif number.between?(-123, -1) then byte((number - 5) & 0xff)
      else
        bytes = []
        rest = number
        until rest == 0 || rest == -1
          bytes << (rest & 0xff)
          rest >>= 8
        end
        byte(number < 0 ? (-bytes.size & 0xff) : bytes.size)
        @out << bytes.pack("C*")
      end
    end

    def bytes(text)
      integer(text.bytesize)
      @out << text.b
    end

    def symbol(name)
      if (index = @symbols[name])
        @out << ";"
        return integer(index)
      end
      text = name.name
      if text.ascii_only?
        @symbols[name] = @symbols.size
        @out << ":"
        bytes(text)
      else
        @out << "I:"
        bytes(text)
        @symbols[name] = @symbols.size
        integer(1)
        encoding_pair(text.encoding)
      end
    end

    def encoding_pair(encoding)
      case encoding
      when Encoding::UTF_8
        symbol(:E)
        @out << "T"
      when Encoding::US_ASCII
        symbol(:E)
        @out << "F"
      else
        symbol(:encoding)
        name = encoding.name
        if (index = @objects[encoding])
          @out << "@"
          return integer(index)
        end
        @objects[encoding] = @objects.size
        @out << "\""
        bytes(name)
      end
    end

    def write(object, limit)
      raise ArgumentError, "exceed depth limit" if limit == 0
      case object
      when nil then return @out << "0"
      when true then return @out << "T"
      when false then return @out << "F"
      when Symbol then return symbol(object)
      when Integer
        if object.between?(-0x40000000, 0x3fffffff)
          @out << "i"
          return integer(object)
        end
      end
      if (index = @objects[object])
        @out << "@"
        return integer(index)
      end
      limit -= 1
      if object.is_a?(Float) && (found = @objects.find { |known, _| known.is_a?(Float) && known.eql?(object) })
        @out << "@"
        return integer(found[1])
      end
      return user_marshal(object, limit) if object.respond_to?(:marshal_dump, true)
      return user_dump(object, limit) if object.respond_to?(:_dump, true)
      register(object)
      write_object(object, limit)
    end

    def register(object)
      @objects[object] = @objects.size
    end

    def user_marshal(object, limit)
      value = object.__send__(:marshal_dump)
      register(object)
      check_singleton(object)
      @out << "U"
      class_symbol(object.class)
      write(value, limit)
    end

    def user_dump(object, limit)
      value = object.__send__(:_dump, limit)
      raise TypeError, "_dump() must return string" unless value.is_a?(String)
      pairs = ivars_of(value)
      @out << "I" unless pairs.empty?
      @out << "u"
      class_symbol(object.class)
      bytes(value)
      ivars(pairs, limit) unless pairs.empty?
      register(object)
    end

    def class_symbol(klass) = symbol(class_name(klass).to_sym)

    def class_name(klass)
      name = klass.name
      raise TypeError, "can't dump anonymous #{klass.is_a?(Class) ? "class" : "module"} #{klass.inspect}" if name.nil? || name.start_with?("#<")
      name
    end

    def check_singleton(object)
      return unless object.singleton_methods(false).any?
      raise TypeError, "singleton can't be dumped"
    end

    # "e" for each module that extends the object, then "C" when its class is a subclass of the built-in one.
    def prefix(object, base)
      extensions(object)
      return if object.class == base
      @out << "C"
      class_symbol(object.class)
    end

    def extensions(object)
      check_singleton(object)
      ancestors_of(object).each do |ancestor|
        break if ancestor == object.class
        next if ancestor.is_a?(Class)
        next if object.class.include?(ancestor)
        @out << "e"
        class_symbol(ancestor)
      end
    end

    # An interned string has no singleton class, and so no extensions.
    def ancestors_of(object)
      object.singleton_class.ancestors
    rescue TypeError
      []
    end

    # [[name, value], …]; the encoding comes first, as :E or :encoding.
    def ivars_of(object)
      pairs = []
      if object.is_a?(String) || object.is_a?(Regexp)
        pairs << [:encoding, object.encoding] unless object.encoding == Encoding::BINARY
      end
      object.instance_variables.each { |name| pairs << [name, object.instance_variable_get(name)] }
      pairs << [:K, true] if object.is_a?(Hash) && Hash.ruby2_keywords_hash?(object)
      pairs
    end

    def ivars(pairs, limit)
      integer(pairs.size)
      pairs.each do |name, value|
        if name == :encoding && value.is_a?(Encoding)
          encoding_pair(value)
        else
          symbol(name)
          write(value, limit)
        end
      end
    end

    def with_ivars(object, limit)
      pairs = ivars_of(object)
      @out << "I" unless pairs.empty?
      yield
      ivars(pairs, limit) unless pairs.empty?
    end

    def write_object(object, limit)
      case object
      when Class, Module
        raise TypeError, "singleton class can't be dumped" if object.singleton_class?
        @out << (object.is_a?(Class) ? "c" : "m")
        bytes(class_name(object))
      when Integer then bignum(object)
      when Float
        @out << "f"
        bytes(float(object))
      when String
        with_ivars(object, limit) do
          prefix(object, String)
          @out << "\""
          bytes(object)
        end
      when Regexp
        with_ivars(object, limit) do
          prefix(object, Regexp)
          @out << "/"
          bytes(object.source)
          byte(object.options)
        end
      when Array
        with_ivars(object, limit) do
          prefix(object, Array)
          @out << "["
          integer(object.size)
          object.each { |item| write(item, limit) }
        end
      when Hash then with_ivars(object, limit) { hash(object, limit) }
      when Struct, Data then with_ivars(object, limit) { structure(object, limit) }
      when Range then plain(object, { excl: object.exclude_end?, begin: object.begin, end: object.end }, limit)
      when Exception then plain(object, exception_fields(object), limit)
      when Rational then pair("Rational", [object.numerator, object.denominator], limit)
      when Complex then pair("Complex", [object.real, object.imaginary], limit)
      when Set
        extensions(object)
        entries = Hash.new(false)
        object.each { |item| entries[item] = true }
        plain(object, { :@hash => entries }, limit)
      when Encoding
        @out << "Iu"
        class_symbol(Encoding)
        bytes(object.name)
        integer(1)
        encoding_pair(Encoding::US_ASCII)
      when IO, MatchData then raise TypeError, "can't dump #{object.class}"
      else
        unless Reader.plain_object?(object)
          class_name(object.class)
          raise TypeError, "no _dump_data is defined for class #{object.class}"
        end
        plain(object, {}, limit)
      end
    end

    def plain(object, fields, limit)
      extensions(object)
      @out << "o"
      class_symbol(object.class)
      names = object.instance_variables
      integer(fields.size + names.size)
      fields.each do |name, value|
        symbol(name)
        write(value, limit)
      end
      names.each do |name|
        symbol(name)
        write(object.instance_variable_get(name), limit)
      end
    end

    def exception_fields(exception)
      message = Exception.instance_method(:message).bind_call(exception)
      fields = { mesg: message == exception.class.name ? nil : message, bt: exception.backtrace }
      if exception.is_a?(KeyError)
        fields[:receiver] = exception.receiver rescue nil
        fields[:key] = exception.key rescue nil
      end
      fields
    end

    def pair(name, values, limit)
      @out << "U"
      symbol(name.to_sym)
      write(values, limit)
    end

    def bignum(number)
      @out << "l" << (number < 0 ? "-" : "+")
      magnitude = number.abs
      words = []
      until magnitude == 0
        words << (magnitude & 0xffff)
        magnitude >>= 16
      end
      integer(words.size)
      @out << words.pack("v*")
    end

    def float(number)
      return "nan" if number.nan?
      return number > 0 ? "inf" : "-inf" if number.infinite?
      return (1 / number < 0 ? "-0" : "0") if number == 0
      text = number.to_s
      text = text.delete_suffix(".0").sub(".0e", "e").sub("e+", "e").sub("e-0", "e-")
      text
    end

    def hash(object, limit)
      raise TypeError, "can't dump hash with default proc" if object.default_proc
      extensions(object)
      if object.class != Hash
        @out << "C"
        class_symbol(object.class)
      end
      @out << "C:\tHash" if object.compare_by_identity? && @symbols[:Hash].nil? && (@symbols[:Hash] = @symbols.size)
      @out << (object.default.nil? ? "{" : "}")
      integer(object.size)
      object.each do |key, value|
        write(key, limit)
        write(value, limit)
      end
      write(object.default, limit) unless object.default.nil?
    end

    def structure(object, limit)
      extensions(object)
      @out << "S"
      class_symbol(object.class)
      fields = object.to_h
      integer(fields.size)
      fields.each do |name, value|
        symbol(name)
        write(value, limit)
      end
    end
  end

  # One load.
  class Reader
    # Instances whose whole state is instance variables.
    def self.plain_object?(object) = Marshal.__send__(:__plain?, object)

    def initialize(input, proc, freeze)
      @input = input
      @position = 0
      @proc = proc
      @freeze = freeze
      @objects = []
      @symbols = []
    end

    def document
      major = next_byte
      minor = next_byte
      if major != MAJOR_VERSION || minor > MINOR_VERSION
        raise TypeError, "incompatible marshal file format (can't be read)\n\tformat version 4.8 required; #{major}.#{minor} given"
      end
      read
    end

    private

    def too_short = raise(ArgumentError, "marshal data too short")

    def next_byte
      unless @input.is_a?(String)
        return @input.getbyte || (@position == 0 ? raise(EOFError, "end of file reached") : too_short)
      end
      byte = @input.getbyte(@position) or too_short
      @position += 1
      byte
    end

    def next_bytes(size = integer)
      return "".b if size == 0
      too_short if size < 0
      if @input.is_a?(String)
        text = @input.byteslice(@position, size)
        @position += size
      else
        text = @input.read(size)
      end
      too_short if text.nil? || text.bytesize < size
      text.b
    end

    def integer
      first = next_byte
      first -= 256 if first > 127
      return 0 if first == 0
      return first - 5 if first > 4
      return first + 5 if first < -4
      number = first < 0 ? -1 << (8 * -first) : 0
      first.abs.times { |index| number |= next_byte << (8 * index) }
      number
    end

    def symbol
      case type = next_byte
      when 58 then new_symbol
      when 59 then symbol_link
      when 73
        raise ArgumentError, "dump format error for symbol(0x#{next_byte.to_s(16)})" unless next_byte == 58
        symbol_with_encoding
      else raise ArgumentError, "dump format error for symbol(0x#{type.to_s(16)})"
      end
    end

    def new_symbol
      text = next_bytes
      text.force_encoding(text.ascii_only? ? Encoding::US_ASCII : Encoding::BINARY)
      @symbols << (name = text.to_sym)
      name
    end

    def symbol_with_encoding
      text = next_bytes
      index = @symbols.size
      @symbols << nil
      integer.times { apply_encoding(text, symbol, read(false)) }
      @symbols[index] = text.to_sym
    end

    def symbol_link
      index = integer
      raise ArgumentError, "bad symbol" unless index >= 0 && index < @symbols.size
      @symbols[index]
    end

    def apply_encoding(text, name, value)
      case name
      when :E then text.force_encoding(value ? Encoding::UTF_8 : Encoding::US_ASCII)
      when :encoding then text.force_encoding(value)
      else return false
      end
      true
    end

    def constant(name)
      name.to_s.split("::").inject(Object) { |under, part| under.const_get(part) }
    rescue NameError
      raise ArgumentError, "undefined class/module #{name}"
    end

    def class_named(name)
      klass = constant(name)
      raise ArgumentError, "#{name} does not refer to class" unless klass.is_a?(Class)
      klass
    end

    # Reserves the object's number; its content may link back to it.
    def reserve
      @objects << nil
      @objects.size - 1
    end

    def enter(object)
      @objects << object
      object
    end

    # Hands a finished object to the proc and freezes it as asked.
    def finish(object, call = true)
      object.freeze if @freeze && !object.is_a?(Module)
      call && @proc ? @proc.call(object) : object
    end

    def read(call = true, extensions = nil, wrapper = nil, partial: false)
      case type = next_byte
      when 48 then finish(nil, call)
      when 84 then finish(true, call)
      when 70 then finish(false, call)
      when 105 then finish(integer, call)
      when 58 then finish(new_symbol, call)
      when 59 then finish(symbol_link, call)
      when 64
        index = integer
        raise ArgumentError, "dump format error (unlinked)" unless index >= 0 && index < @objects.size
        call && @proc ? @proc.call(@objects[index]) : @objects[index]
      when 73 then with_ivars(call)
      when 101 then extended(call, partial)
      when 67 then user_class(call, extensions, partial)
      when 99 then finish(enter(class_named(next_bytes.force_encoding("UTF-8"))), call)
      when 109 then finish(enter(module_named(next_bytes.force_encoding("UTF-8"))), call)
      when 77 then finish(enter(constant(next_bytes.force_encoding("UTF-8"))), call)
      when 102 then finish(enter(float(next_bytes)), call)
      when 108 then finish(enter(bignum), call)
      when 34 then complete(enter(string(wrapper)), extensions, call, partial)
      when 47 then complete(enter(regexp(wrapper)), extensions, call, partial)
      when 91 then complete(array(wrapper), extensions, call, partial)
      when 123, 125 then complete(hash(wrapper, type == 125), extensions, call, partial)
      when 83 then complete(structure, extensions, call, partial)
      when 111 then complete(object, extensions, call, partial)
      when 85 then complete(user_marshal, extensions, call, partial)
      when 117 then user_load(nil, call)
      else raise ArgumentError, "dump format error(0x#{type.to_s(16)})"
      end
    end

    def complete(object, extensions, call, partial)
      extensions&.reverse_each { |extension| object.extend(extension) }
      partial ? object : finish(object, call)
    end

    def module_named(name)
      found = constant(name)
      raise ArgumentError, "#{name} does not refer to module" if found.is_a?(Class) || !found.is_a?(Module)
      found
    end

    def with_ivars(call)
      case peek
      when 58
        next_byte
        return finish(symbol_with_encoding, call)
      when 117
        next_byte
        return user_load(true, call)
      end
      before = @objects.size
      object = read(call, partial: true)
      integer.times do
        name = symbol
        value = read
        if (object.is_a?(String) || object.is_a?(Regexp)) && (name == :E || name == :encoding)
          object = with_encoding(object, name, value)
          @objects[before] = object
        elsif name == :K && object.is_a?(Hash)
          object = Hash.ruby2_keywords_hash(object)
        else
          object.instance_variable_set(name, value)
        end
      end
      finish(object, call)
    end

    def with_encoding(object, name, value)
      if object.is_a?(String)
        apply_encoding(object, name, value)
        object
      else
        source = object.source.dup
        apply_encoding(source, name, value)
        object.class.new(source, object.options & ~Regexp::FIXEDENCODING | (source.ascii_only? ? 0 : object.options & Regexp::FIXEDENCODING))
      end
    end

    def peek
      return @input.getbyte(@position) if @input.is_a?(String)
      byte = @input.getbyte
      @input.ungetbyte(byte)
      byte
    end

    def extended(call, partial)
      modules = [constant(symbol)]
      while peek == 101
        next_byte
        modules << constant(symbol)
      end
      read(call, modules, partial: partial)
    end

    def user_class(call, extensions, partial)
      klass = class_named(symbol)
      read(call, extensions, klass, partial: partial)
    end

    def string(wrapper)
      text = next_bytes
      wrapper ? wrapper.allocate.replace(text) : text
    end

    def regexp(wrapper)
      source = next_bytes
      (wrapper || Regexp).new(source, next_byte)
    end

    def array(wrapper)
      result = enter(wrapper ? wrapper.allocate : [])
      integer.times { result << read }
      result
    end

    def hash(wrapper, with_default)
      result = enter(wrapper && wrapper != Hash ? wrapper.allocate : {})
      result.compare_by_identity if wrapper == Hash
      integer.times do
        key = read
        result[key] = read
      end
      result.default = read if with_default
      result
    end

    def structure
      klass = class_named(symbol)
      index = reserve
      if klass < Data
        fields = {}
        integer.times { name = symbol; fields[name] = read }
        return @objects[index] = klass.new(**fields)
      end
      result = @objects[index] = klass.allocate
      integer.times do |position|
        name = symbol
        unless klass.members[position] == name
          raise TypeError, "struct #{klass} not compatible (:#{name} for :#{klass.members[position]})"
        end
        result[name] = read
      end
      result
    end

    def object
      klass = class_named(symbol)
      index = reserve
      if klass <= Range || klass <= Exception || klass <= Set
        fields = {}
        integer.times { name = symbol; fields[name] = read }
        @objects[index] = rebuild(klass, fields)
      else
        result = @objects[index] = klass.allocate
        integer.times do
          name = symbol
          result.instance_variable_set(name, read)
        end
        result
      end
    end

    # Objects whose state is not in instance variables.
    def rebuild(klass, fields)
      if klass <= Range
        result = klass.new(fields.delete(:begin), fields.delete(:end), fields.delete(:excl))
        fields.each { |name, value| result.instance_variable_set(name, value) } unless result.frozen?
        return result
      end
      if klass <= Set
        result = klass.allocate
        result.__send__(:initialize, fields.delete(:@hash).keys)
      else
        result = klass.allocate
        message = fields.delete(:mesg)
        backtrace = fields.delete(:bt)
        if klass <= KeyError && fields.key?(:key)
          KeyError.instance_method(:initialize).bind_call(result, message, receiver: fields.delete(:receiver), key: fields.delete(:key))
        else
          Exception.instance_method(:initialize).bind_call(result, *message)
        end
        result.set_backtrace(backtrace) if backtrace
      end
      fields.each { |name, value| result.instance_variable_set(name, value) }
      result
    end

    def user_marshal
      klass = class_named(symbol)
      index = reserve
      if klass == Rational || klass == Complex
        a, b = read(false)
        return @objects[index] = klass == Rational ? Rational(a, b) : Complex(a, b)
      end
      result = @objects[index] = klass.allocate
      value = read
      unless result.respond_to?(:marshal_load, true)
        raise TypeError, "instance of #{klass} needs to have method 'marshal_load'"
      end
      result.__send__(:marshal_load, value)
      result
    end

    def user_load(has_ivars, call)
      klass = constant(symbol)
      text = next_bytes
      if has_ivars
        integer.times do
          name = symbol
          value = read
          apply_encoding(text, name, value) || text.instance_variable_set(name.start_with?("@") ? name : "@#{name}", value)
        end
      end
      return finish(enter(Encoding.find(text)), call) if klass == Encoding
      raise TypeError, "class #{klass} needs to have method '_load'" unless klass.respond_to?(:_load, true)
      finish(enter(klass.__send__(:_load, text)), call)
    end

    def float(text)
      case text
      when "nan" then Float::NAN
      when "inf" then Float::INFINITY
      when "-inf" then -Float::INFINITY
      else text.to_f
      end
    end

    def bignum
      negative = next_byte == 45
      number = 0
      next_bytes(integer * 2).unpack("v*").each_with_index { |word, index| number |= word << (16 * index) }
      negative ? -number : number
    end
  end
  private_constant :Writer, :Reader
end

class Time
  # The moment in eight bytes, as the format has it; what does not fit is in instance variables of the String.
  def _dump(_limit = nil)
    t = getutc
    high = 1 << 31 | (utc? ? 1 : 0) << 30 | (t.year - 1900) << 14 | (t.month - 1) << 10 | t.day << 5 | t.hour
    low = t.min << 26 | t.sec << 20 | t.usec
    text = [high, low].pack("VV")
    text.instance_variable_set(:@offset, utc_offset) unless utc?
    text.instance_variable_set(:@nano_num, nsec % 1000) if nsec % 1000 != 0
    text.instance_variable_set(:@zone, zone.is_a?(String) || zone.nil? ? zone : zone.name) unless utc?
    text
  end
  private :_dump

  def self._load(text)
    high, low = text.unpack("VV")
    return at(high, low) if high >> 31 == 0 # of Ruby 1.4: seconds and microseconds
    time = utc(1900 + (high >> 14 & 0xffff), (high >> 10 & 15) + 1, high >> 5 & 31, high & 31, low >> 26 & 63, low >> 20 & 63,
               (low & 0xfffff) + Rational(text.instance_variable_get(:@nano_num) || 0, 1000))
    return time if high >> 30 & 1 == 1
    offset = text.instance_variable_get(:@offset)
    return time.localtime unless offset
    zone = text.instance_variable_get(:@zone)
    zone = find_timezone(zone) || zone if zone && respond_to?(:find_timezone)
    time.__send__(:__zone, offset, zone)
  end
  private_class_method :_load
end

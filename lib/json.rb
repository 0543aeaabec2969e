# json.rb - JSON: reading and writing, with the interface of Ruby's json library (2.18).
#
# The parser walks over bytes and takes runs (numbers, plain string pieces) with one byteslice each; the generator
# appends to one String. Both keep their options in one small object, so that Ractors can work side by side.

module JSON
  VERSION = "2.18.0"

  class JSONError < StandardError
    def self.wrap(exception) = new("Wrapped(#{exception.class}): #{exception.message.inspect}")
  end

  class ParserError < JSONError
    attr_reader :line, :column

    def initialize(message = nil, line = nil, column = nil)
      super(message)
      @line = line
      @column = column
    end
  end

  class NestingError < ParserError; end

  class GeneratorError < JSONError
    attr_reader :invalid_object

    def initialize(message, invalid_object = nil)
      super(message)
      @invalid_object = invalid_object
    end

    def detailed_message(...)
      invalid_object.nil? ? super : "#{super}\nInvalid object: #{invalid_object.inspect}"
    end
  end

  NaN = Float::NAN
  Infinity = Float::INFINITY
  MinusInfinity = -Float::INFINITY

  # Reads one document.
  class Parser
    ESCAPES = { 34 => "\"", 92 => "\\", 47 => "/", 98 => "\b", 102 => "\f", 110 => "\n", 114 => "\r", 116 => "\t" }.freeze
    NUMBER = /\G-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/
    PLAIN = /\G[^"\\\x00-\x1f]+/n
    SPACE = /\G(?:[ \t\r\n]+|\/\/[^\n]*|\/\*.*?\*\/)+/mn
    private_constant :ESCAPES, :NUMBER, :PLAIN, :SPACE

    def self.parse(source, options = nil) = new(source, **(options || {})).parse
    attr_reader :source

    def initialize(source, symbolize_names: false, max_nesting: 100, allow_nan: false, allow_trailing_comma: false,
                   allow_duplicate_key: true, freeze: false, create_additions: false, object_class: nil, array_class: nil,
                   decimal_class: nil, allow_control_characters: false, **)
      source = source.to_str if !source.is_a?(String) && source.respond_to?(:to_str)
      unless source.is_a?(String)
        raise TypeError, "no implicit conversion of #{source.nil? ? "nil" : source.class} into String"
      end
      @source = source.encoding == Encoding::UTF_8 ? source : source.encoding == Encoding::BINARY ? source.dup.force_encoding("UTF-8") : source.encode("UTF-8")
      @bytes = @source.b
      @symbolize = symbolize_names
      @max_nesting = max_nesting || 0
      @allow_nan = allow_nan
      @trailing_comma = allow_trailing_comma
      @duplicates = allow_duplicate_key
      @freeze = freeze
      @additions = create_additions
      @object_class = object_class unless object_class == Hash
      @array_class = array_class unless array_class == Array
      @decimal_class = decimal_class unless decimal_class == Float
      @control = allow_control_characters
      @on_load = nil
    end

    attr_writer :on_load

    def parse
      @position = 0
      @depth = 0
      value = parse_value
      skip_space
      fail_at("unexpected character: #{excerpt}") if @position < @bytes.bytesize
      value
    end

    private

    def skip_space
      byte = @bytes.getbyte(@position)
      return unless byte == 32 || byte == 10 || byte == 13 || byte == 9 || byte == 47
      if byte == 32 && (after = @bytes.getbyte(@position + 1)) && after > 32 && after != 47
        @position += 1
        return
      end
      match = @bytes.byteindex(SPACE, @position)
      @position += $~[0].bytesize if match == @position
    end

    def parse_value
      skip_space
      value =
        case @bytes.getbyte(@position)
        when 34 then parse_string
        when 123 then parse_object
        when 91 then parse_array
        when 45, 48..57 then parse_number
        when 116 then literal("true", true)
        when 102 then literal("false", false)
        when 110 then literal("null", nil)
        when 78 then nan("NaN", NaN)
        when 73 then nan("Infinity", Infinity)
        when nil then fail_at("unexpected end of input")
        else fail_at("unexpected character: #{excerpt}")
        end
      @on_load ? @on_load.call(value) : value
    end

    def literal(text, value)
      fail_at("unexpected token at #{excerpt}") unless @bytes.byteslice(@position, text.bytesize) == text
      @position += text.bytesize
      value
    end

    def nan(text, value)
      fail_at("unexpected token at #{excerpt}") unless @allow_nan && @bytes.byteslice(@position, text.bytesize) == text
      @position += text.bytesize
      value
    end

    def parse_number
      unless @bytes.byteindex(NUMBER, @position) == @position
        if @allow_nan && @bytes.byteslice(@position, 9) == "-Infinity"
          @position += 9
          return MinusInfinity
        end
        fail_at("invalid number: #{excerpt}")
      end
      match = $~
      text = match[0]
      @position += text.bytesize
      byte = @bytes.getbyte(@position)
      fail_at("invalid number: #{excerpt}") if byte == 46 || (byte && byte >= 48 && byte <= 57) || byte == 101 || byte == 69
      if match[1] || match[2]
        return text.to_f unless @decimal_class
        @decimal_class.respond_to?(:try_convert) ? @decimal_class.try_convert(text) : Kernel.__send__(@decimal_class.name, text)
      else
        text.to_i
      end
    end

    def parse_string(key = false)
      start = @position
      @position += 1
      text = nil
      while true
        if @bytes.byteindex(PLAIN, @position) == @position
          size = $~[0].bytesize
          piece = @source.byteslice(@position, size)
          text = text ? text << piece : piece
          @position += size
        end
        case byte = @bytes.getbyte(@position)
        when 34
          @position += 1
          break
        when 92
          text ||= +""
          text << parse_escape
        when nil
          @position = start
          fail_at("unexpected token at #{excerpt}")
        else
          fail_at("invalid ASCII control character in string: #{excerpt}") unless @control
          text ||= +""
          text << byte
          @position += 1
        end
      end
      text ||= +""
      return @symbolize ? text.to_sym : -text if key
      @freeze ? -text : text
    end

    def parse_escape
      letter = @bytes.getbyte(@position + 1)
      if letter == 117
        code = unicode_escape
        if code >= 0xd800 && code <= 0xdbff
          start = @position - 6
          unless @bytes.byteslice(@position, 2) == "\\u" && (low = unicode_escape).between?(0xdc00, 0xdfff)
            @position = start
            fail_at("incomplete surrogate pair at #{excerpt}")
          end
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        end
        return [code].pack("U")
      end
      @position += 2
      ESCAPES[letter] || (letter ? @source.byteslice(@position - 1, 1) : fail_at("unexpected end of input"))
    end

    def unicode_escape
      digits = @bytes.byteslice(@position + 2, 4)
      fail_at("incomplete unicode character escape sequence at #{excerpt}") unless digits && digits.match?(/\A\h{4}\z/)
      @position += 6
      digits.hex
    end

    def enter
      raise NestingError, "nesting of #{@depth} is too deep" if @max_nesting > 0 && @depth > @max_nesting
      @depth += 1
    end

    def parse_array
      enter
      @position += 1
      array = @array_class ? @array_class.new : []
      skip_space
      if @bytes.getbyte(@position) == 93
        @position += 1
      else
        while true
          array << parse_value
          skip_space
          byte = @bytes.getbyte(@position)
          if byte == 44
            @position += 1
            next unless @trailing_comma
            skip_space
            next unless @bytes.getbyte(@position) == 93
          elsif byte != 93
            fail_at(byte ? "expected ',' or ']' after array value" : "unexpected end of input")
          end
          @position += 1
          break
        end
      end
      @depth -= 1
      @freeze ? array.freeze : array
    end

    def parse_object
      enter
      start = @position
      @position += 1
      object = @object_class ? @object_class.new : {}
      skip_space
      if @bytes.getbyte(@position) == 125
        @position += 1
      else
        while true
          skip_space
          fail_at("expected object key, got #{excerpt}") unless @bytes.getbyte(@position) == 34
          key = parse_string(true)
          skip_space
          fail_at("expected ':' after object key") unless @bytes.getbyte(@position) == 58
          @position += 1
          key = @on_load.call(key) if @on_load
          value = parse_value
          raise ParserError, "duplicate key #{key.inspect}" if !@duplicates && object.key?(key)
          object[key] = value
          skip_space
          byte = @bytes.getbyte(@position)
          if byte == 44
            @position += 1
            next unless @trailing_comma
            skip_space
            next unless @bytes.getbyte(@position) == 125
          elsif byte != 125
            fail_at(byte ? "expected ',' or '}' after object value" : "unexpected end of input")
          end
          @position += 1
          break
        end
      end
      @depth -= 1
      object = create(object, start) if @additions
      @freeze ? object.freeze : object
    end

    def create(object, _start)
      name = object[JSON.create_id]
      return object unless name
      klass = Object.const_get(name)
      klass.respond_to?(:json_create) ? klass.json_create(object) : object
    end

    def excerpt
      rest = @source.byteslice(@position, 32).scrub("?")
      "'#{rest}'"
    end

    def fail_at(message)
      before = @bytes.byteslice(0, @position)
      line = before.count("\n") + 1
      column = @position - (before.rindex("\n") || -1)
      raise ParserError.new("#{message} at line #{line} column #{column}", line, column)
    end
  end

  # The options of one run of the generator, and the generator itself.
  class State
    attr_accessor :indent, :space, :space_before, :object_nl, :array_nl, :max_nesting, :depth, :as_json
    attr_writer :ascii_only, :allow_nan, :script_safe, :strict

    def self.from_state(options)
      case options
      when State then options
      when Hash then new(options)
      when nil then new
      else new(options.to_h)
      end
    end

    def self.generate(object, options, io)
      text = new(options).generate(object)
      io ? (io.write(text); io) : text
    end

    def initialize(options = nil)
      @indent = @space = @space_before = @object_nl = @array_nl = ""
      @max_nesting = 100
      @depth = 0
      @ascii_only = @allow_nan = @script_safe = @strict = false
      configure(options) if options
    end

    def configure(options)
      options = options.to_h
      options.each do |key, value|
        case key.to_sym
        when :indent then @indent = value.to_s
        when :space then @space = value.to_s
        when :space_before then @space_before = value.to_s
        when :object_nl then @object_nl = value.to_s
        when :array_nl then @array_nl = value.to_s
        when :max_nesting then @max_nesting = value || 0
        when :depth then @depth = value
        when :ascii_only then @ascii_only = value
        when :allow_nan then @allow_nan = value
        when :script_safe, :escape_slash then @script_safe = value
        when :strict then @strict = value
        when :as_json then @as_json = value
        end
      end
      self
    end
    alias merge configure

    def ascii_only? = !!@ascii_only
    def allow_nan? = !!@allow_nan
    def script_safe? = !!@script_safe
    def strict? = !!@strict
    def check_circular? = @max_nesting != 0

    def to_h
      { indent: @indent, space: @space, space_before: @space_before, object_nl: @object_nl, array_nl: @array_nl,
        allow_nan: allow_nan?, ascii_only: ascii_only?, max_nesting: @max_nesting, script_safe: script_safe?, strict: strict?,
        depth: @depth }
    end
    alias to_hash to_h

    def [](name) = respond_to?(name) ? __send__(name) : nil

    def generate(object, io = nil)
      out = +""
      append(object, out)
      io ? (io.write(out); io) : out
    end

    # Appends the text of any object.
    def append(object, out)
      case object
      when nil then out << "null"
      when true then out << "true"
      when false then out << "false"
      when String then plain?(object, String) ? append_string(object, out) : out << object.to_json(self)
      when Integer then out << object.to_s
      when Float then append_float(object, out)
      when Hash then plain?(object, Hash) ? append_object(object, out) : out << object.to_json(self)
      when Array then plain?(object, Array) ? append_array(object, out) : out << object.to_json(self)
      when Symbol then @strict ? append_string(object.name, out) : out << object.to_json(self)
      else append_other(object, out)
      end
    end

    def append_string(string, out)
      string = utf8(string)
      pattern = @ascii_only ? /["\\\x00-\x1f]|[^\x00-\x7f]/ : /["\\\x00-\x1f]/
      pattern = @ascii_only ? /["\\\x00-\x1f\/]|[^\x00-\x7f]/ : /["\\\x00-\x1f\/\u2028\u2029]/ if @script_safe
      out << "\"" << (string.match?(pattern) ? string.gsub(pattern) { |char| escape(char) } : string) << "\""
    end

    def append_object(hash, out)
      enter(hash)
      if hash.empty?
        out << "{}"
      else
        out << "{" << @object_nl
        first = true
        hash.each do |key, value|
          out << "," << @object_nl unless first
          first = false
          out << @indent * @depth unless @indent.empty?
          append_string(key.is_a?(String) ? key : key.is_a?(Symbol) ? key.name : key.to_s, out)
          out << @space_before << ":" << @space
          append(value, out)
        end
        out << @object_nl
        out << @indent * (@depth - 1) unless @indent.empty?
        out << "}"
      end
      @depth -= 1
      out
    end

    def append_array(array, out)
      enter(array)
      if array.empty?
        out << "[]"
      else
        out << "[" << @array_nl
        index = 0
        while index < array.size
          out << "," << @array_nl if index > 0
          out << @indent * @depth unless @indent.empty?
          append(array[index], out)
          index += 1
        end
        out << @array_nl
        out << @indent * (@depth - 1) unless @indent.empty?
        out << "]"
      end
      @depth -= 1
      out
    end

    private

    # Whether an instance of a built-in class (or a subclass) has the to_json of this library.
    def plain?(object, klass)
      object.instance_of?(klass) || object.method(:to_json).owner == GeneratorMethods
    end

    def append_other(object, out)
      if @strict
        raise GeneratorError.new("#{object.inspect} not allowed in JSON", object) unless @as_json
        return append(@as_json.call(object), out)
      end
      return out << object.to_json(self) if object.respond_to?(:to_json)
      append_string(object.to_s, out)
    end

    def append_float(value, out)
      unless value.finite?
        raise GeneratorError.new("#{value} not allowed in JSON", value) unless @allow_nan
        return out << value.to_s
      end
      text = value.to_s
      if text.include?("e")
        mantissa, exponent = text.split("e")
        mantissa = mantissa.delete_suffix(".0")
        exponent = exponent.to_i
        return out << format_small(value) if exponent.between?(-6, -1)
        text = "#{mantissa}e#{exponent < 0 ? "-" : "+"}#{exponent.abs.to_s.rjust(2, "0")}"
      end
      out << text
    end

    # 1.0e-05 as 0.00001
    def format_small(value)
      mantissa, exponent = value.abs.to_s.split("e")
      "#{"-" if value < 0}0.#{"0" * (-exponent.to_i - 1)}#{mantissa.delete(".").sub(/0+\z/, "")}"
    end

    def enter(object)
      @depth += 1
      return unless @max_nesting > 0 && @depth > @max_nesting
      depth = @depth
      @depth = 0
      raise NestingError, "nesting of #{depth} is too deep"
    end

    def utf8(string)
      if string.encoding == Encoding::UTF_8 || string.encoding == Encoding::US_ASCII
        raise GeneratorError.new("source sequence is illegal/malformed utf-8", string) unless string.valid_encoding?
        string
      elsif string.encoding == Encoding::BINARY
        utf8 = string.dup.force_encoding(Encoding::UTF_8)
        raise GeneratorError.new("source sequence is illegal/malformed utf-8", string) unless utf8.valid_encoding?
        utf8
      else
        string.encode(Encoding::UTF_8)
      end
    rescue EncodingError => error
      raise GeneratorError.new(error.message, string)
    end

    ESCAPES = { "\"" => "\\\"", "\\" => "\\\\", "\b" => "\\b", "\f" => "\\f", "\n" => "\\n", "\r" => "\\r", "\t" => "\\t",
                "/" => "\\/" }.freeze
    private_constant :ESCAPES

    def escape(char)
      ESCAPES[char] || begin
        code = char.ord
        if code > 0xffff
          code -= 0x10000
          format("\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff))
        else
          format("\\u%04x", code)
        end
      end
    end
  end

  module Ext
    module Generator
      State = JSON::State
    end
    Parser = JSON::Parser
  end
  Generator = Ext::Generator

  # to_json of the built-in classes.
  module GeneratorMethods
    def to_json(state = nil, *)
      state = State.from_state(state)
      case self
      when Hash then state.append_object(self, +"")
      when Array then state.append_array(self, +"")
      when String then state.append_string(self, +"")
      when Integer, Float, nil, true, false then state.append(self, +"")
      else state.append_string(to_s, +"")
      end
    end
  end

  class << self
    attr_writer :create_id
    attr_accessor :load_default_options, :dump_default_options

    def create_id = @create_id || "json_class"
    def state = State
    def generator = Generator
    def parser = Parser

    def parse(source, options = nil)
      options ? Parser.new(source, **options).parse : Parser.new(source).parse
    end

    def parse!(source, options = nil)
      parse(source, { max_nesting: false, allow_nan: true }.merge(options || {}))
    end

    def generate(object, options = nil)
      state = options.is_a?(State) ? options : State.new(options)
      state.generate(object)
    end
    alias fast_generate generate
    alias unparse generate

    def pretty_generate(object, options = nil)
      return options.generate(object) if options.is_a?(State)
      pretty = { indent: "  ", space: " ", object_nl: "\n", array_nl: "\n" }
      generate(object, options ? pretty.merge(options.to_h) : pretty)
    end
    alias pretty_unparse pretty_generate

    def dump(object, target = nil, limit = nil, options = nil)
      if target && !target.respond_to?(:write)
        if target.is_a?(Hash)
          options = target
        else
          limit = target
        end
        target = nil
      end
      if limit.is_a?(Hash)
        options = limit
        limit = nil
      end
      settings = { max_nesting: limit || false, allow_nan: true }
      settings.merge!(options) if options
      begin
        text = generate(object, settings)
      rescue NestingError
        raise ArgumentError, "exceed depth limit"
      end
      return text unless target
      target.write(text)
      target
    end

    def load(source, proc = nil, options = nil)
      if proc.is_a?(Hash) && options.nil?
        options = proc
        proc = nil
      end
      settings = { max_nesting: false, allow_nan: true, allow_blank: true }.merge(options || {})
      if source.respond_to?(:to_str) then source = source.to_str
      elsif source.respond_to?(:to_io) then source = source.to_io.read
      elsif source.respond_to?(:read) then source = source.read
      end
      return nil if settings.delete(:allow_blank) && (source.nil? || source.empty?)
      parser = Parser.new(source, **settings)
      parser.on_load = proc
      parser.parse
    end
    alias restore load
    alias unsafe_load load

    def load_file(path, options = nil) = parse(File.read(path, encoding: "UTF-8"), options)
    def load_file!(path, options = nil) = parse!(File.read(path, encoding: "UTF-8"), options)

    def [](object, options = nil)
      return parse(object.to_str, options) if object.respond_to?(:to_str)
      generate(object, options)
    end
  end

  # A parser and generator with fixed options.
  class Coder
    def initialize(options = nil, &as_json)
      @options = { strict: true, as_json: as_json }.merge(options || {})
    end

    def dump(object, io = nil)
      text = State.new(@options).generate(object)
      io ? (io.write(text); io) : text
    end
    alias generate dump
    def load(source) = Parser.new(source, **@options.slice(:symbolize_names, :max_nesting, :allow_nan, :freeze)).parse
    alias parse load
    def load_file(path) = load(File.read(path, encoding: "UTF-8"))
  end

  %i[parse parse! generate fast_generate pretty_generate dump load restore load_file].each do |name|
    define_method(name) { |*arguments, **options| JSON.__send__(name, *arguments, **options) }
    private name
  end
end

class Object
  include JSON::GeneratorMethods
end

module Kernel
  private

  def j(*objects)
    objects.each { |object| puts JSON.generate(object, allow_nan: true, max_nesting: false) }
    nil
  end

  def jj(*objects)
    objects.each { |object| puts JSON.pretty_generate(object, allow_nan: true, max_nesting: false) }
    nil
  end

  def JSON(object, *arguments)
    object.respond_to?(:to_str) ? JSON.parse(object.to_str, arguments.first) : JSON.generate(object, arguments.first)
  end
end

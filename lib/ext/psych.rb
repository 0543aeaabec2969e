# psych.rb - what Debian's psych library (Ruby) expects of its extension: Parser and Emitter over psych_core, and three
# helpers of its visitors.

require "psych_core"
require "psych/syntax_error"

module Psych
  class Parser
    ANY, UTF8, UTF16LE, UTF16BE = 0, 1, 2, 3

    # Calls the handler's methods for what is in the text (a String, or an object to read from).
    def parse(yaml, path = (yaml.respond_to?(:path) ? yaml.path : "<unknown>")) = _native_parse(@handler, yaml, path)

    def mark = Mark.new(*__mark)

    private

    def _native_parse(handler, yaml, path)
      @path = path
      text = yaml.respond_to?(:read) ? yaml.read.to_s : yaml
      text = text.to_str unless text.is_a?(String)
      case text.encoding
      when Encoding::UTF_8, Encoding::US_ASCII, Encoding::BINARY, Encoding::UTF_16LE, Encoding::UTF_16BE then nil
      else text = text.encode(Encoding::UTF_8)
      end
      __parse(text, handler)
      self
    end

    def __syntax_error(line, column, offset, problem, context)
      raise Psych::SyntaxError.new(@path, line, column, offset, problem, context)
    end
  end

  class Emitter
    def initialize(io, options = nil)
      __open(io)
      self.line_width = options ? options.line_width : 0
      return unless options
      self.indentation = options.indentation
      self.canonical = options.canonical ? true : false
    end
  end

  class ClassLoader
    private

    def path2class(path)
      path.split("::").inject(Object) do |parent, name|
        raise ArgumentError, "undefined class/module #{path}" unless parent.const_defined?(name)
        parent.const_get(name)
      end.tap { |found| raise TypeError, "#{path} does not refer to class/module" unless found.is_a?(Module) }
    end
  end

  module Visitors
    class Visitor; end

    class ToRuby < Visitor
      private

      def build_exception(klass, message)
        exception = klass.allocate
        Exception.instance_method(:initialize).bind_call(exception, message)
        exception
      end

      def init_struct(object, members)
        members.each { |name, value| object[name] = value }
        object
      end
    end

    class YAMLTree < Visitor
      private

      # What an exception keeps outside of its instance variables.
      def private_iv_get(target, property)
        case property
        when "mesg" then target.message
        when "bt", "backtrace" then target.backtrace
        end
      end
    end
  end
end

# cgi/escape.rb - CGI.escape, CGI.escapeHTML and their opposites.

class CGI
  @@accept_charset = Encoding::UTF_8 unless class_variable_defined?(:@@accept_charset)

  module Util; end unless const_defined?(:Util, false)

  module Escape
    # shareable_constant_value: literal
    HTML_CHARACTERS = { "'" => "&#39;", "&" => "&amp;", '"' => "&quot;", "<" => "&lt;", ">" => "&gt;" }
    HTML_NAMES = { "amp" => "&", "lt" => "<", "gt" => ">", "quot" => '"', "apos" => "'" }
    # shareable_constant_value: none
    private_constant :HTML_CHARACTERS, :HTML_NAMES

    def escapeHTML(string)
      string = string.to_str
      unless string.encoding.ascii_compatible?
        return string.encode(Encoding::UTF_8).gsub(/['&"<>]/, HTML_CHARACTERS).encode(string.encoding)
      end
      return String.new(string) unless string.b.match?(/['&"<>]/n)
      return string.gsub(/['&"<>]/, HTML_CHARACTERS) if string.valid_encoding?
      string.b.gsub(/['&"<>]/n, HTML_CHARACTERS).force_encoding(string.encoding)
    end

    def unescapeHTML(string)
      string = string.to_str
      return String.new(string) unless string.include?("&")
      return unescapeHTML(string.b).force_encoding(string.encoding) unless string.valid_encoding?
      encoding = string.encoding
      string.gsub(/&(apos|amp|quot|gt|lt|\#[0-9]+|\#[xX][0-9A-Fa-f]+);/) do |entity|
        name = $1
        next HTML_NAMES[name] unless name.start_with?("#")
        code = name.match?(/\A#[xX]/) ? name[2..].hex : name[1..].to_i
        begin
          encoding == Encoding::BINARY && code > 127 ? entity : code.chr(encoding)
        rescue RangeError
          entity
        end
      end
    end

    def escape(string)
      string = __text(string)
      encoding = string.encoding
      bytes = string.b
      bytes.gsub!(/[^ a-zA-Z0-9_.\-~]/n) { |byte| format("%%%02X", byte.ord) }
      bytes.tr!(" ", "+")
      bytes.force_encoding(encoding)
    end

    def unescape(string, encoding = __accepted)
      string = __text(string)
      original = string.encoding
      bytes = string.b
      bytes.tr!("+", " ")
      bytes.gsub!(/%\h\h/) { |code| code[1, 2].hex.chr }
      bytes.force_encoding(encoding)
      bytes.valid_encoding? ? bytes : bytes.force_encoding(original)
    end

    def escapeURIComponent(string)
      string = __text(string)
      encoding = string.encoding
      bytes = string.b
      bytes.gsub!(/[^a-zA-Z0-9_.\-~]/n) { |byte| format("%%%02X", byte.ord) }
      bytes.force_encoding(encoding)
    end
    alias escape_uri_component escapeURIComponent

    def unescapeURIComponent(string, encoding = __accepted)
      string = __text(string)
      original = string.encoding
      bytes = string.b
      bytes.gsub!(/%\h\h/) { |code| code[1, 2].hex.chr }
      bytes.force_encoding(encoding)
      bytes.valid_encoding? ? bytes : bytes.force_encoding(original)
    end
    alias unescape_uri_component unescapeURIComponent

    # Escapes the tags of the given elements only.
    def escapeElement(string, *elements)
      elements = elements[0] if elements[0].is_a?(Array)
      return string if elements.empty?
      string.gsub(/<\/?(?:#{elements.join("|")})\b[^<>]*+>?/mi) { |tag| escapeHTML(tag) }
    end
    alias escape_element escapeElement

    def unescapeElement(string, *elements)
      elements = elements[0] if elements[0].is_a?(Array)
      return string if elements.empty?
      string.gsub(/&lt;\/?(?:#{elements.join("|")})\b(?>[^&]+|&(?![gl]t;)\w+;)*(?:&gt;)?/mi) { |tag| unescapeHTML(tag) }
    end
    alias unescape_element unescapeElement

    private def __text(string)
      return string if string.is_a?(String)
      raise TypeError, "no implicit conversion of #{string.nil? ? "nil" : string.class} into String" unless string.respond_to?(:to_str)
      string.to_str
    end

    private def __accepted = CGI.class_variable_get(:@@accept_charset)

    alias escape_html escapeHTML
    alias unescape_html unescapeHTML
  end

  Util.prepend Escape
  extend Escape
end

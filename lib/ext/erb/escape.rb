# erb/escape.rb - ERB::Escape.html_escape.

class ERB
  module Escape
    # shareable_constant_value: literal
    CHARACTERS = { "'" => "&#39;", "&" => "&amp;", '"' => "&quot;", "<" => "&lt;", ">" => "&gt;" }
    # shareable_constant_value: none
    private_constant :CHARACTERS

    # The text itself when there is nothing to escape.
    def html_escape(object)
      text = object.to_s
      text.match?(/['&"<>]/) ? text.gsub(/['&"<>]/, CHARACTERS) : text
    end
    module_function :html_escape
  end
end

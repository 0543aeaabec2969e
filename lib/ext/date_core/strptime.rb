# strptime.rb - Date._strptime: reads a text by a format, and says in a Hash what it found.
# shareable_constant_value: experimental_everything

module Date::Strptime
  EXPANSIONS = { "c" => "%a %b %e %H:%M:%S %Y", "D" => "%m/%d/%y", "x" => "%m/%d/%y", "F" => "%Y-%m-%d", "R" => "%H:%M",
                 "r" => "%I:%M:%S %p", "T" => "%H:%M:%S", "X" => "%H:%M:%S", "v" => "%e-%b-%Y",
                 "+" => "%a %b %e %H:%M:%S %Z %Y" }.freeze
  # letter => [key, pattern, smallest, largest]
  NUMBERS = { "d" => [:mday, /\G ?\d{1,2}/, 1, 31], "e" => [:mday, /\G ?\d{1,2}/, 1, 31],
              "H" => [:hour, /\G ?\d{1,2}/, 0, 24], "k" => [:hour, /\G ?\d{1,2}/, 0, 24],
              "I" => [:hour, /\G ?\d{1,2}/, 1, 12], "l" => [:hour, /\G ?\d{1,2}/, 1, 12],
              "j" => [:yday, /\G\d{1,3}/, 1, 366], "M" => [:min, /\G\d{1,2}/, 0, 59], "m" => [:mon, /\G\d{1,2}/, 1, 12],
              "S" => [:sec, /\G\d{1,2}/, 0, 60], "U" => [:wnum0, /\G\d{1,2}/, 0, 53], "W" => [:wnum1, /\G\d{1,2}/, 0, 53],
              "u" => [:cwday, /\G\d/, 1, 7], "w" => [:wday, /\G\d/, 0, 6], "V" => [:cweek, /\G\d{1,2}/, 1, 53] }.freeze
  DAYS = /\G(?:sunday|monday|tuesday|wednesday|thursday|friday|saturday|sun|mon|tue|wed|thu|fri|sat)/i
  MONTHS = /\G(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)/i
  ZONE = /\G(?:(?:gmt|utc?)?[-+]\d+(?:[,.:]\d+(?::\d+)?)?|(?-i:[[:alpha:].\s]+)(?:standard|daylight)\s+time\b|(?-i:[[:alpha:]]+)(?:\s+dst)?\b)/i
  DAY_KEYS = %w[sun mon tue wed thu fri sat].freeze
  MONTH_KEYS = [nil, "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"].freeze

  class << self
    def parse(text, format)
      text = text.to_str unless text.is_a?(String)
      format = format.to_str unless format.is_a?(String)
      [text, format].each do |string|
        raise ArgumentError, "string should have ASCII compatible encoding" unless string.encoding.ascii_compatible?
      end
      found = {}
      position = read(text, 0, format, found) or return
      found[:leftover] = text[position..] if position < text.size
      century = found.delete(:_cent)
      if century
        found[:cwyear] += century * 100 if found[:cwyear]
        found[:year] += century * 100 if found[:year]
      end
      afternoon = found.delete(:_merid)
      found[:hour] = found[:hour] % 12 + afternoon if afternoon && found[:hour]
      found
    end

    private

    # Reads `format` from `position`; the position after it, or nil.
    def read(text, position, format, found)
      at = 0
      while at < format.size
        char = format[at]
        if char == "%" && (directive = /\G%([EO]?)(:{0,3})([a-zA-Z%+])/.match(format, at)) && known?(directive)
          position = directive(text, position, directive[3], format[directive.end(0)..], found) or return
          at = directive.end(0)
        elsif char.match?(/\s/)
          position += 1 while position < text.size && text[position].match?(/\s/)
          at += 1
        else
          return unless text[position] == char
          position += 1
          at += 1
        end
      end
      position
    end

    def known?(directive)
      case directive[1]
      when "E" then "cCxXyY".include?(directive[3])
      when "O" then "deHImMSuUVwWy".include?(directive[3])
      else directive[2].empty? || directive[3] == "z"
      end
    end

    def directive(text, position, letter, rest, found)
      if (key, pattern, low, high = NUMBERS[letter])
        found_at = pattern.match(text, position) or return
        number = found_at[0].to_i
        return unless number.between?(low, high)
        found[key] = number
        return found_at.end(0)
      end
      case letter
      when "A", "a" then named(text, position, DAYS, DAY_KEYS, found, :wday)
      when "B", "b", "h" then named(text, position, MONTHS, MONTH_KEYS, found, :mon)
      when "C" then number(text, position, number_follows?(rest) ? /\G[-+]?\d{1,2}/ : /\G[-+]?\d+/, found, :_cent)
      when "Y", "G"
        number(text, position, number_follows?(rest) ? /\G[-+]?\d{1,4}/ : /\G[-+]?\d+/, found, letter == "Y" ? :year : :cwyear)
      when "y", "g"
        key = letter == "y" ? :year : :cwyear
        position = number(text, position, /\G[-+]?\d{1,2}/, found, key) or return
        return unless found[key].between?(0, 99)
        found[:_cent] ||= found[key] >= 69 ? 19 : 20
        position
      when "L", "N" then fraction(text, position, letter == "L" ? 3 : 9, number_follows?(rest), found)
      when "P", "p"
        match = /\G([ap])(?:m\b|\.m\.)/i.match(text, position) or return
        found[:_merid] = match[1].casecmp?("p") ? 12 : 0
        match.end(0)
      when "Q"
        match = /\G-?\d+/.match(text, position) or return
        found[:seconds] = Rational(match[0].to_i, 1000)
        match.end(0)
      when "s"
        match = /\G-?\d+/.match(text, position) or return
        found[:seconds] = match[0].to_i
        match.end(0)
      when "Z", "z"
        match = ZONE.match(text, position) or return
        found[:zone] = match[0]
        found[:offset] = Date.const_get(:Parsing).zone_to_offset(match[0])
        match.end(0)
      when "%" then position + 1 if text[position] == "%"
      when "n", "t" then read(text, position, " ", found)
      else
        format = EXPANSIONS[letter]
        if format then read(text, position, format, found)
        elsif text[position, 2] == "%#{letter}" then position + 2
        end
      end
    end

    def number_follows?(rest) = rest.match?(/\A(?:\d|%[EO]?[CDdeFGgHIjkLlMmNQRrSsTUuVvWwXxYy\d])/)

    def number(text, position, pattern, found, key)
      match = pattern.match(text, position) or return
      found[key] = match[0].to_i
      match.end(0)
    end

    def named(text, position, pattern, names, found, key)
      match = pattern.match(text, position) or return
      found[key] = names.index(match[0][0, 3].downcase)
      match.end(0)
    end

    def fraction(text, position, digits, limited, found)
      match = (limited ? /\G([-+]?)(\d{1,#{digits}})/ : /\G([-+]?)(\d+)/).match(text, position) or return
      value = Rational(match[2].to_i, 10**match[2].size)
      found[:sec_fraction] = match[1] == "-" ? -value : value
      match.end(0)
    end
  end
end

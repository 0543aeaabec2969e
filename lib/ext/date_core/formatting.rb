# formatting.rb - Date#strftime and DateTime#strftime.
# shareable_constant_value: experimental_everything

module Date::Formatting
  DIRECTIVE = /%([-_0^#]*)(:{0,3})(\d*)([EO]?)(:{0,3})([a-zA-Z%+])/
  COMPOSITE = { "c" => "%a %b %e %H:%M:%S %Y", "D" => "%m/%d/%y", "x" => "%m/%d/%y", "F" => "%Y-%m-%d", "T" => "%H:%M:%S",
                "X" => "%H:%M:%S", "R" => "%H:%M", "r" => "%I:%M:%S %p", "v" => "%e-%^b-%Y",
                "+" => "%a %b %e %H:%M:%S %Z %Y" }.freeze
  ERAS = [[2_458_605, "R", 2018], [2_447_535, "H", 1988], [2_424_875, "S", 1925], [2_419_614, "T", 1911],
          [2_405_160, "M", 1867]].each(&:freeze).freeze

  class << self
    def strftime(date, format)
      format = format.to_str unless format.is_a?(String)
      format.gsub(DIRECTIVE) do |all|
        flags, colons, width, _, late, letter = $1, $2.size, $3, $4, $5.size, $6
        directive(date, letter, flags, colons + late, width.empty? ? nil : width.to_i) || all
      end.force_encoding(format.encoding)
    end

    # The format for the Japanese calendar; years count from the beginning of the era.
    def japanese(jd)
      first, letter, year = ERAS.find { |from, _, _| jd >= from }
      return "%Y-%m-%d" unless first
      "#{letter}#{format("%02d", Date.jd(jd).year - year)}.%m.%d"
    end

    private

    def directive(date, letter, flags, colons, width)
      case letter
      when "Y"
        year = date.year
        number(year, "0", year < 0 ? 5 : 4, flags, width)
      when "C" then number(date.year.div(100), "0", 2, flags, width)
      when "y" then number(date.year % 100, "0", 2, flags, width)
      when "m" then number(date.month, "0", 2, flags, width)
      when "d" then number(date.day, "0", 2, flags, width)
      when "e" then number(date.day, " ", 2, flags, width)
      when "j" then number(date.yday, "0", 3, flags, width)
      when "H" then number(date.__send__(:hour), "0", 2, flags, width)
      when "k" then number(date.__send__(:hour), " ", 2, flags, width)
      when "I" then number((date.__send__(:hour) - 1) % 12 + 1, "0", 2, flags, width)
      when "l" then number((date.__send__(:hour) - 1) % 12 + 1, " ", 2, flags, width)
      when "M" then number(date.__send__(:min), "0", 2, flags, width)
      when "S" then number(date.__send__(:sec), "0", 2, flags, width)
      when "L" then fraction(date, width || 3)
      when "N" then fraction(date, width || 9)
      when "s" then number(((date.ajd - Rational(4_881_175, 2)) * 86_400).floor, "0", 1, flags, width)
      when "Q" then number(((date.ajd - Rational(4_881_175, 2)) * 86_400_000).floor, "0", 1, flags, width)
      when "u" then number(date.cwday, "0", 1, flags, width)
      when "w" then number(date.wday, "0", 1, flags, width)
      when "G"
        year = date.cwyear
        number(year, "0", year < 0 ? 5 : 4, flags, width)
      when "g" then number(date.cwyear % 100, "0", 2, flags, width)
      when "V" then number(date.cweek, "0", 2, flags, width)
      when "U" then number((date.yday + 6 - date.wday) / 7, "0", 2, flags, width)
      when "W" then number((date.yday + 6 - (date.wday - 1) % 7) / 7, "0", 2, flags, width)
      when "A" then text(Date::DAYNAMES[date.wday], flags, width)
      when "a" then text(Date::ABBR_DAYNAMES[date.wday], flags, width)
      when "B" then text(Date::MONTHNAMES[date.month], flags, width)
      when "b", "h" then text(Date::ABBR_MONTHNAMES[date.month], flags, width)
      when "p"
        half = date.__send__(:hour) < 12 ? "AM" : "PM"
        text(flags.include?("#") ? half.downcase : half, flags.delete("#"), width)
      when "P" then text(date.__send__(:hour) < 12 ? "am" : "pm", flags, width)
      when "z" then offset(offset_of(date), flags, colons, width)
      when "Z" then text(offset(offset_of(date), "", 1, nil), flags, width)
      when "n" then text("\n", flags, width)
      when "t" then text("\t", flags, width)
      when "%" then text("%", flags, width)
      else
        format = COMPOSITE[letter]
        format && text(strftime(date, format), flags, width)
      end
    end

    def number(value, fill, digits, flags, width)
      return value.to_s if flags.include?("-")
      fill = " " if flags.include?("_")
      fill = "0" if flags.include?("0") && flags.rindex("0") >= flags.rindex("_").to_i
      digits = width || digits
      return value.to_s.rjust(digits) if fill == " "
      value < 0 ? "-#{(-value).to_s.rjust(digits - 1, "0")}" : value.to_s.rjust(digits, "0")
    end

    def text(value, flags, width)
      if flags.include?("^") then value = value.upcase
      elsif flags.include?("#") then value = value == value.upcase ? value.downcase : value.upcase
      end
      return value if width.nil? || flags.include?("-")
      value.rjust(width, flags.rindex("0").to_i >= flags.rindex("_").to_i && flags.include?("0") ? "0" : " ")
    end

    def fraction(date, digits)
      digits = 9 if digits == 0
      nanoseconds = date.instance_variable_get(:@sf)
      (nanoseconds * 10**digits).div(1_000_000_000).to_s.rjust(digits, "0")
    end

    def offset_of(date) = date.instance_variable_get(:@of)

    # Hours and minutes with as many colons as asked for; three: as short as it can be. The width widens the hours.
    def offset(seconds, flags, colons, width)
      sign = seconds < 0 ? "-" : "+"
      seconds = seconds.abs
      hours, minutes, rest = seconds / 3600, seconds / 60 % 60, seconds % 60
      tail = case colons
             when 0 then format("%02d", minutes)
             when 1 then format(":%02d", minutes)
             when 2 then format(":%02d:%02d", minutes, rest)
             else rest > 0 ? format(":%02d:%02d", minutes, rest) : minutes > 0 ? format(":%02d", minutes) : ""
             end
      room = [(width || 0) - tail.size - 1, flags.include?("-") || flags.include?("_") ? 1 : 2].max
      return "#{sign}#{hours}".rjust(room + 1) + tail if flags.include?("_")
      "#{sign}#{hours.to_s.rjust(room, "0")}#{tail}"
    end
  end
end

# parsing.rb - Date._parse and its stricter kin: from a text to a Hash of what it says.
#
# _parse looks for a day's name, then a time, then the first of several ways to write a date; what was understood is
# blanked out, so that the later steps do not read it again.
# shareable_constant_value: experimental_everything

module Date::Parsing
  MONTHS = %w[jan feb mar apr may jun jul aug sep oct nov dec].freeze
  DAYS = %w[sun mon tue wed thu fri sat].freeze
  MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
  ERA = "c(?:e|\\.e\\.)|b(?:ce|\\.c\\.e\\.)|a(?:d|\\.d\\.)|b(?:c|\\.c\\.)"

  DAY_NAME = /\b(sun|mon|tue|wed|thu|fri|sat)[^-\/\d\s]*/i
  TIME = /(\d+\s*h(?:\s*\d+m?(?:\s*\d+s?)?)?(?:\s*[ap](?:m\b|\.m\.))?|\d+\s*:\s*\d+(?:\s*:\s*\d+(?:[,.]\d*)?)?(?:\s*[ap](?:m\b|\.m\.))?|\d+\s*[ap](?:m\b|\.m\.))(?:\s*((?:gmt|utc?)?[-+]\d+(?:[,.:]\d+(?::\d+)?)?|(?-i:[[:alpha:].\s]+)(?:standard|daylight)\stime\b|(?-i:[[:alpha:]]+)(?:\sdst)?\b))?/i
  TIME_PARTS = /\A(\d+)\s*(?:h\s*)?(?::?\s*(\d+)m?(?:\s*:?\s*(\d+)(?:[,.](\d*))?s?)?)?(?:\s*([ap])(?:m\b|\.m\.))?/i
  EUROPEAN = /('?\d+)[^-\d\s]*\s*(#{MONTH})[^-\d\s']*(?:\s*(#{ERA})?\s*('?-?\d+(?:(?:st|nd|rd|th)\b)?))?/i
  AMERICAN = /\b(#{MONTH})[^-\d\s']*\s*('?\d+)[^-\d\s']*(?:\s*,?\s*(#{ERA})?\s*('?-?\d+))?/i
  ISO = /('?[-+]?\d+)-(\d+)-('?-?\d+)/
  ISO_WEEK = /\b(\d{2}|\d{4})?-?w(\d{2})(?:-?(\d))?\b/i
  ISO_WEEKDAY = /-w-(\d)\b/i
  ISO_MONTH_DAY = /--(\d{2})?-(\d{2})\b/
  ISO_MONTH = /--(\d{2})(\d{2})?\b/
  ISO_ORDINAL = /\b(\d{2}|\d{4})-(\d{3})\b/
  ISO_DAY_OF_YEAR = /\b-(\d{3})\b/
  JAPANESE = /\b([mtshr])(\d+)\.(\d+)\.(\d+)/i
  VMS = /('?-?\d+)-(#{MONTH})[^-\/.]*-('?-?\d+)/i
  VMS_MONTH_FIRST = /\b(#{MONTH})[^-\/.]*-('?-?\d+)(?:-('?-?\d+))?/i
  SLASHES = %r{('?-?\d+)/\s*('?\d+)(?:\D\s*('?-?\d+))?}
  DOTS = /('?-?\d+)\.\s*('?\d+)\.\s*('?-?\d+)/
  DIGITS = /([-+]?)(\d{2,14})(?:\s*t?\s*(\d{2,6})?(?:[,.](\d*))?)?(z\b|[-+]\d{1,4}\b|\[[-+]?\d[^\]]*\])?/i
  ERA_YEARS = { "m" => 1867, "t" => 1911, "s" => 1925, "h" => 1988, "r" => 2018 }.freeze

  # Where DIGITS goes by the number of digits: key => [from, count]
  CALENDAR_DIGITS = { 2 => { mday: [0, 2] }, 4 => { mon: [0, 2], mday: [2, 2] }, 6 => { year: [0, 2], mon: [2, 2], mday: [4, 2] },
                      8 => { year: [0, 4], mon: [4, 2], mday: [6, 2] },
                      10 => { year: [0, 4], mon: [4, 2], mday: [6, 2], hour: [8, 2] },
                      12 => { year: [0, 4], mon: [4, 2], mday: [6, 2], hour: [8, 2], min: [10, 2] },
                      14 => { year: [0, 4], mon: [4, 2], mday: [6, 2], hour: [8, 2], min: [10, 2], sec: [12, 2] },
                      3 => { yday: [0, 3] }, 5 => { year: [0, 2], yday: [2, 3] }, 7 => { year: [0, 4], yday: [4, 3] } }.freeze
  # The same when a fraction follows at once, so that the last digits are seconds.
  FRACTION_DIGITS = { 2 => { sec: [0, 2] }, 4 => { min: [0, 2], sec: [2, 2] }, 6 => { hour: [0, 2], min: [2, 2], sec: [4, 2] },
                      8 => { mday: [0, 2], hour: [2, 2], min: [4, 2], sec: [6, 2] },
                      10 => { mon: [0, 2], mday: [2, 2], hour: [4, 2], min: [6, 2], sec: [8, 2] },
                      12 => { year: [0, 2], mon: [2, 2], mday: [4, 2], hour: [6, 2], min: [8, 2], sec: [10, 2] },
                      14 => { year: [0, 4], mon: [4, 2], mday: [6, 2], hour: [8, 2], min: [10, 2], sec: [12, 2] },
                      3 => { min: [0, 1], sec: [1, 2] }, 5 => { hour: [0, 1], min: [1, 2], sec: [3, 2] },
                      7 => { mday: [0, 1], hour: [1, 2], min: [3, 2], sec: [5, 2] } }.freeze

  # Hours east of Greenwich. The last two lines: military letters.
  ZONES = { "utc" => 0, "ut" => 0, "gmt" => 0, "z" => 0, "wet" => 0, "west" => 1, "bst" => 1, "cet" => 1, "cest" => 2, "met" => 1,
            "mez" => 1, "mewt" => 1, "mest" => 2, "mesz" => 2, "fwt" => 1, "fst" => 2, "swt" => 1, "sst" => -11, "wat" => 1,
            "wast" => 2, "cat" => 2, "sast" => 2, "eet" => 2, "eest" => 3, "eat" => 3, "msk" => 3, "msd" => 4, "bt" => 3,
            "ist" => 5.5, "zp4" => 4, "zp5" => 5, "zp6" => 6, "cct" => 6.5, "sgt" => 8, "wadt" => 8, "jst" => 9, "kst" => 9,
            "east" => -6, "eadt" => 11, "gst" => 4, "nzt" => 12, "nzst" => 12, "nzdt" => 13, "idle" => 12, "idlw" => -12,
            "at" => -2, "brst" => -2, "ndt" => -2.5, "nst" => -3.5, "art" => -3, "adt" => -3, "brt" => -3, "clst" => -3,
            "ast" => -4, "clt" => -4, "est" => -5, "edt" => -4, "cst" => -6, "cdt" => -5, "mst" => -7, "mdt" => -6, "pst" => -8,
            "pdt" => -7, "akdt" => -8, "akst" => -9, "ydt" => -8, "yst" => -9, "hadt" => -9, "hast" => -10, "hst" => -10,
            "hdt" => -9, "ahst" => -10, "nt" => -11, "npt" => 5.75, "acst" => 9.5, "acdt" => 10.5, "aest" => 10, "aedt" => 11,
            "afghanistan" => 4.5, "alaskan" => -9, "arab" => 3, "arabian" => 4, "arabic" => 3, "atlantic" => -4,
            "aus central" => 9.5, "aus eastern" => 10, "azores" => -1, "canada central" => -6, "cape verde" => -1, "caucasus" => 4,
            "cen. australia" => 9.5, "central america" => -6, "central asia" => 6, "central europe" => 1, "central european" => 1,
            "central pacific" => 11, "central" => -6, "china" => 8, "dateline" => -12, "e. africa" => 3, "e. australia" => 10,
            "e. europe" => 2, "e. south america" => -3, "eastern" => -5, "egypt" => 2, "ekaterinburg" => 5, "fiji" => 12,
            "fle" => 2, "greenland" => -3, "greenwich" => 0, "gtb" => 2, "hawaiian" => -10, "india" => 5.5, "iran" => 3.5,
            "jerusalem" => 2, "korea" => 9, "mexico" => -6, "mid-atlantic" => -2, "mountain" => -7, "myanmar" => 6.5,
            "n. central asia" => 6, "nepal" => 5.75, "new zealand" => 12, "newfoundland" => -3.5, "north asia east" => 8,
            "north asia" => 7, "pacific sa" => -4, "pacific" => -8, "romance" => 1, "russian" => 3, "sa eastern" => -3,
            "sa pacific" => -5, "sa western" => -4, "samoa" => -11, "se asia" => 7, "malay peninsula" => 8, "south africa" => 2,
            "sri lanka" => 6, "taipei" => 8, "tasmania" => 10, "tokyo" => 9, "tonga" => 13, "us eastern" => -5, "us mountain" => -7,
            "vladivostok" => 10, "w. australia" => 8, "w. central africa" => 1, "w. europe" => 1, "west asia" => 5,
            "west pacific" => 10, "yakutsk" => 9, "awst" => 8, "hkt" => 8, "pht" => 8, "ict" => 7, "wib" => 7, "wita" => 8, "wit" => 9,
            "a" => 1, "b" => 2, "c" => 3, "d" => 4, "e" => 5, "f" => 6, "g" => 7, "h" => 8, "i" => 9, "k" => 10, "l" => 11, "m" => 12,
            "n" => -1, "o" => -2, "p" => -3, "q" => -4, "r" => -5, "s" => -6, "t" => -7, "u" => -8, "v" => -9, "w" => -10, "x" => -11, "y" => -12 }.freeze

  class << self
    def check(text, limit)
      unless text.is_a?(String)
        raise TypeError, "no implicit conversion of #{text.nil? ? "nil" : text.class} into String" unless text.respond_to?(:to_str)
        text = text.to_str
      end
      raise ArgumentError, "string should have ASCII compatible encoding" unless text.encoding.ascii_compatible?
      raise ArgumentError, "string length (#{text.size}) exceeds the limit #{limit}" if limit && text.size > limit
      text
    end

    # Seconds east of UTC for a name or a number such as "+09:30", "-5.5", "+0930"; nil when it is neither.
    def zone_to_offset(zone)
      name = zone.downcase.strip.gsub(/\s+/, " ")
      dst = name.delete_suffix!(" dst") || name.delete_suffix!(" daylight time") ? true : false
      name.delete_suffix!(" standard time") unless dst
      hours = ZONES[name]
      return (hours * 3600).to_i + (dst ? 3600 : 0) if hours
      match = /\A(?:gmt|utc?)?([-+])(.*)\z/.match(name) or return
      seconds = offset_digits(match[2]) or return
      seconds = -seconds if match[1] == "-"
      dst ? seconds + 3600 : seconds
    end

    def parse(text, comp)
      text = text.gsub(%r{[^-+',./:@[:alnum:]\[\]]+}, " ")
      found = {}
      letters, digits = text.match?(/[a-z]/i), text.match?(/\d/)
      day_name(text, found) if letters
      time(text, found) if digits
      calendar_date(text, found, letters) if digits || letters
      era_and_fraction(text, found)
      if (comp && found[:_comp] != false) || found[:_comp] == true
        [:cwyear, :year].each do |key|
          value = found[key]
          found[key] = value + (value >= 69 ? 1900 : 2000) if value&.between?(0, 99)
        end
      end
      found.delete(:_comp)
      found[:offset] = zone_to_offset(found[:zone]) if found[:zone] && !found.key?(:offset)
      found
    end

    private

    def offset_digits(text)
      case text
      when /\A(\d+):(\d+)(?::(\d+))?/ then $1.to_i * 3600 + $2.to_i * 60 + $3.to_i
      when /\A(\d+)[.,](\d+)/
        fraction = Rational($2.to_i * 3600, 10**$2.size)
        $1.to_i * 3600 + ($2.size > 7 ? fraction.to_i : fraction.round)
      when /\A\d+/
        digits = $&
        digits = "0#{digits}" if digits.size.odd?
        digits[0, 2].to_i * 3600 + digits[2, 2].to_i * 60 + digits[4, 2].to_i
      end
    end

    # Blanks the first match of `pattern` out of `text`.
    def take(text, pattern)
      match = pattern.match(text) or return
      text[match.begin(0)...match.end(0)] = " "
      match
    end

    def day_name(text, found)
      match = take(text, DAY_NAME) or return
      found[:wday] = DAYS.index(match[1].downcase)
    end

    def time(text, found)
      match = take(text, TIME) or return
      parts = TIME_PARTS.match(match[1])
      hour = parts[1].to_i
      hour = hour % 12 + (parts[5].casecmp?("p") ? 12 : 0) if parts[5]
      found[:hour] = hour
      found[:min] = parts[2].to_i if parts[2]
      found[:sec] = parts[3].to_i if parts[3]
      found[:sec_fraction] = Rational(parts[4].to_i, 10**parts[4].size) if parts[4]
      found[:zone] = match[2] if match[2]
    end

    def calendar_date(text, found, letters)
      if letters
        return if european(text, found) || american(text, found)
      end
      return if three(text, ISO, found, 1, 2, 3) || japanese(text, found)
      return if letters && vms(text, found)
      return if three(text, SLASHES, found, 1, 2, 3) || three(text, DOTS, found, 1, 2, 3)
      return if iso_short(text, found)
      if (match = take(text, /'(\d+)\b/))
        found[:year] = match[1].to_i
      elsif letters && (match = take(text, /\b(#{MONTH})\S*/i))
        found[:mon] = month(match[1])
      elsif letters && (match = take(text, /(\d+)(?:st|nd|rd|th)\b/i))
        found[:mday] = match[1].to_i
      else
        plain_digits(text, found)
      end
    end

    def month(name) = MONTHS.index(name[0, 3].downcase) + 1

    def european(text, found)
      match = take(text, EUROPEAN) or return
      assign(found, match[4], month(match[2]).to_s, match[1], match[3]&.match?(/\Ab/i))
    end

    def american(text, found)
      match = take(text, AMERICAN) or return
      assign(found, match[4], month(match[1]).to_s, match[2], match[3]&.match?(/\Ab/i))
    end

    def three(text, pattern, found, year, month, day)
      match = take(text, pattern) or return
      assign(found, match[year], match[month], match[day], false)
    end

    def japanese(text, found)
      match = take(text, JAPANESE) or return
      found[:year] = match[2].to_i + ERA_YEARS[match[1].downcase]
      found[:mon] = match[3].to_i
      found[:mday] = match[4].to_i
      true
    end

    def vms(text, found)
      if (match = take(text, VMS)) then assign(found, match[3], month(match[2]).to_s, match[1], false)
      elsif (match = take(text, VMS_MONTH_FIRST)) then assign(found, match[3], month(match[1]).to_s, match[2], false)
      end
    end

    def iso_short(text, found)
      if (match = take(text, ISO_WEEK))
        found[:cwyear] = match[1].to_i if match[1]
        found[:cweek] = match[2].to_i
        found[:cwday] = match[3].to_i if match[3]
      elsif (match = take(text, ISO_WEEKDAY))
        found[:cwday] = match[1].to_i
      elsif (match = take(text, ISO_MONTH_DAY))
        found[:mon] = match[1].to_i if match[1]
        found[:mday] = match[2].to_i
      elsif (match = take(text, ISO_MONTH))
        found[:mon] = match[1].to_i
        found[:mday] = match[2].to_i if match[2]
      elsif !text.match?(/[,.](?:\d{2}|\d{4})-\d{3}\b/) && (match = take(text, ISO_ORDINAL))
        found[:year] = match[1].to_i
        found[:yday] = match[2].to_i
      elsif !text.match?(/\d-\d{3}\b/) && (match = take(text, ISO_DAY_OF_YEAR))
        found[:yday] = match[1].to_i
      end
    end

    # Year, month and day as they were written, perhaps not in this order: an apostrophe or more than two digits mark a year.
    def assign(found, year, month, day, before_christ)
      year, month, day = day, year, month if year && month && !day
      if !year
        year, day = day, nil if day && day.size > 2
        year, day = day, nil if day&.start_with?("'")
      end
      if year && (match = /\A[^-+\d]*[-+]?\d+(.)?/.match(year)) && match[1]
        year, day = day, match[0].chop
      end
      year, month, day = month, day, year if month && (month.start_with?("'") || month.size > 2)
      year, day = day, year if day && (day.start_with?("'") || day.size > 2)
      if year && (match = /([-+])?(\d+)/.match(year))
        comp = nil
        comp = false if match[1] || match[2].size > 2
        comp = true if year.start_with?("'")
        found[:year] = match[0].to_i
        found[:year] = 1 - found[:year] if before_christ
        found[:_comp] = comp unless comp.nil?
      end
      found[:_comp] = false if before_christ
      found[:mon] = month[/\d+/].to_i if month&.match?(/\d/)
      found[:mday] = day[/\d+/].to_i if day&.match?(/\d/)
      true
    end

    def plain_digits(text, found)
      match = take(text, DIGITS) or return
      sign, digits, time, fraction, zone = match[1], match[2], match[3], match[4], match[5]
      table = time.nil? && fraction ? FRACTION_DIGITS : CALENDAR_DIGITS
      table[digits.size]&.each do |key, (from, count)|
        found[key] = digits[from, count].to_i
        found[key] = -found[key] if key == :year && sign == "-"
        found[:_comp] = false if key == :year && count == 4
      end
      if time && !time.empty?
        keys = fraction ? [:sec, :min, :hour].take(time.size / 2).zip(time.scan(/../).reverse) : [:hour, :min, :sec].zip(time.scan(/../))
        keys.each { |key, part| found[key] = part.to_i if part }
      end
      found[:sec_fraction] = Rational(fraction.to_i, 10**fraction.size) if fraction && !fraction.empty?
      bracketed_zone(zone, found) if zone
    end

    def bracketed_zone(zone, found)
      return found[:zone] = zone unless zone.start_with?("[")
      offset, name = zone[1..-2].split(":", 2)
      found[:zone] = name || offset
      offset = "+#{offset}" if offset.match?(/\A\d/)
      found[:offset] = zone_to_offset(offset)
    end

    def era_and_fraction(text, found)
      if text.match?(/\b(bc\b|bce\b|b\.c\.|b\.c\.e\.)/i)
        take(text, /\b(bc\b|bce\b|b\.c\.|b\.c\.e\.)/i)
        found[:cwyear] = 1 - found[:cwyear] if found[:cwyear]
        found[:year] = 1 - found[:year] if found[:year]
      end
      return unless (match = /\A\s*(\d{1,2})\s*\z/.match(text))
      number = match[1].to_i
      if found[:hour] && !found[:mday]
        found[:mday] = number if number.between?(1, 31)
      elsif found[:mday] && !found[:hour]
        found[:hour] = number if number.between?(0, 24)
      end
    end
  end
end
require_relative "standards"

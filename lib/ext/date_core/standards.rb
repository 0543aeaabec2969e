# standards.rb - reading the date formats of standards: ISO 8601, RFC 3339, XML Schema, RFC 2822, HTTP, JIS X 0301.
# shareable_constant_value: experimental_everything

module Date::Parsing
  ISO_EXTENDED = /\A\s*(?:([-+]?\d{2,}|-)-(\d{2})?(?:-(\d{2}))?|([-+]?\d{2,})?-(\d{3})|(\d{4}|\d{2})?-w(\d{2})-(\d)|-w-(\d))(?:t(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(z|[-+]\d{2}(?::?\d{2})?)?)?\s*\z/i
  ISO_BASIC = /\A\s*(?:([-+]?(?:\d{4}|\d{2})|--)(\d{2}|-)(\d{2})|([-+]?(?:\d{4}|\d{2}))(\d{3})|-(\d{3})|(\d{4}|\d{2})w(\d{2})(\d)|-w(\d{2})(\d)|-w-(\d))(?:t?(\d{2})(\d{2})(?:(\d{2})(?:[.,](\d+))?)?(z|[-+]\d{2}(?:\d{2})?)?)?\s*\z/i
  ISO_EXTENDED_TIME = /\A\s*(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?(z|[-+]\d{2}(?::?\d{2})?)?)?\s*\z/i
  ISO_BASIC_TIME = /\A\s*(\d{2})(\d{2})(?:(\d{2})(?:[.,](\d+))?(z|[-+]\d{2}(?:\d{2})?)?)?\s*\z/i
  RFC3339 = /\A\s*(-?\d{4})-(\d{2})-(\d{2})(?:t|\s)(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(z|[-+]\d{2}:\d{2})\s*\z/i
  XML_DATE_TIME = /\A\s*(-?\d{4,})(?:-(\d{2})(?:-(\d{2}))?)?(?:t(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?)?(z|[-+]\d{2}(?::\d{2})?)?\s*\z/i
  XML_TIME = /\A\s*(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(z|[-+]\d{2}(?::\d{2})?)?\s*\z/i
  XML_DAY = /\A\s*(?:--(\d{2})(?:-(\d{2}))?|---(\d{2}))(z|[-+]\d{2}(?::\d{2})?)?\s*\z/i
  RFC2822 = /\A\s*(?:(sun|mon|tue|wed|thu|fri|sat)\s*,\s+)?(\d{1,2})\s+(#{MONTH})\s+(-?\d{2,})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s*([-+]\d{2}:?\d{2}|[[:alpha:]]+)\s*\z/i
  HTTP_FIXED = /\A\s*(sun|mon|tue|wed|thu|fri|sat)\s*,\s+(\d{2})\s+(#{MONTH})\s+(-?\d{4})\s+(\d{2}):(\d{2}):(\d{2})\s+(gmt)\s*\z/i
  HTTP_DASHES = /\A\s*(sunday|monday|tuesday|wednesday|thursday|friday|saturday)\s*,\s+(\d{2})\s*-\s*(#{MONTH})\s*-\s*(\d{2})\s+(\d{2}):(\d{2}):(\d{2})\s+(gmt)\s*\z/i
  HTTP_ASCTIME = /\A\s*(sun|mon|tue|wed|thu|fri|sat)\s+(#{MONTH})\s+(\d{1,2})\s+(\d{2}):(\d{2}):(\d{2})\s+(\d{4})\s*\z/i
  JISX0301 = /\A\s*([mtshr])?(\d{2})\.(\d{2})\.(\d{2})(?:t(?:(\d{2}):(\d{2})(?::(\d{2})(?:[,.](\d*))?)?(z|[-+]\d{2}(?::?\d{2})?)?)?)?\s*\z/i

  class << self
    def iso8601(text)
      found = {}
      return found unless text
      if (match = ISO_EXTENDED.match(text)) then iso_extended(match, found)
      elsif (match = ISO_BASIC.match(text)) then iso_basic(match, found)
      elsif (match = ISO_EXTENDED_TIME.match(text) || ISO_BASIC_TIME.match(text)) then clock(found, *match[1..5])
      end
      found
    end

    def rfc3339(text)
      match = text && RFC3339.match(text) or return {}
      clock(civil({}, *match[1..3]), *match[4..8])
    end

    def xmlschema(text)
      found = {}
      return found unless text
      if (match = XML_DATE_TIME.match(text))
        clock(civil(found, *match[1..3]), *match[4..8])
      elsif (match = XML_TIME.match(text))
        clock(found, *match[1..5])
      elsif (match = XML_DAY.match(text))
        civil(found, nil, match[1], match[2] || match[3])
        zone(found, match[4])
      end
      found
    end

    def rfc2822(text)
      match = text && RFC2822.match(text) or return {}
      found = {}
      found[:wday] = DAYS.index(match[1].downcase) if match[1]
      year = match[4].to_i
      year += year >= 50 ? 1900 : 2000 if match[4].size < 4 && match[4].size == 2
      year += 1900 if match[4].size == 3
      found[:mday] = match[2].to_i
      found[:mon] = month(match[3])
      found[:year] = year
      clock(found, match[5], match[6], match[7], nil, match[8])
    end

    def httpdate(text)
      return {} unless text
      found = {}
      if (match = HTTP_FIXED.match(text) || HTTP_DASHES.match(text))
        found[:wday] = DAYS.index(match[1][0, 3].downcase)
        found[:mday] = match[2].to_i
        found[:mon] = month(match[3])
        found[:year] = match[4].to_i
        found[:year] += found[:year] >= 69 ? 1900 : 2000 if match[4].size == 2
        clock(found, match[5], match[6], match[7], nil, match[8])
        found[:offset] = 0
      elsif (match = HTTP_ASCTIME.match(text))
        found[:wday] = DAYS.index(match[1].downcase)
        found[:mon] = month(match[2])
        found[:mday] = match[3].to_i
        clock(found, match[4], match[5], match[6], nil, nil)
        found[:year] = match[7].to_i
      end
      found
    end

    def jisx0301(text)
      match = text && JISX0301.match(text) or return iso8601(text)
      found = { year: match[2].to_i + ERA_YEARS[match[1]&.downcase || "h"], mon: match[3].to_i, mday: match[4].to_i }
      clock(found, *match[5..9])
    end

    private

    def civil(found, year, month, day)
      found[:year] = year.to_i if year
      found[:mon] = month.to_i if month
      found[:mday] = day.to_i if day
      found
    end

    def clock(found, hour, minute, second, fraction, zone)
      found[:hour] = hour.to_i if hour
      found[:min] = minute.to_i if minute
      found[:sec] = second.to_i if second
      found[:sec_fraction] = Rational(fraction.to_i, 10**fraction.size) if fraction
      zone(found, zone)
    end

    def zone(found, zone)
      return found unless zone
      found[:zone] = zone
      found[:offset] = zone_to_offset(zone)
      found
    end

    # A year of two digits belongs to the years from 1969 to 2068.
    def full_year(text)
      year = text.to_i
      return year unless text.size < 4 && !text.match?(/\A[-+]/)
      year + (year >= 69 ? 1900 : 2000)
    end

    def iso_extended(match, found)
      if match[1]
        return if match[1] != "-" && match[3] && !match[2]
        return if match[1] == "-" && !match[2] && !match[3]
        found[:year] = full_year(match[1]) unless match[1] == "-"
        found[:mon] = match[2].to_i if match[2]
        found[:mday] = match[3].to_i if match[3]
      elsif match[5]
        found[:yday] = match[5].to_i
        found[:year] = full_year(match[4]) if match[4]
      elsif match[8]
        found[:cweek] = match[7].to_i
        found[:cwday] = match[8].to_i
        found[:cwyear] = full_year(match[6]) if match[6]
      elsif match[9]
        found[:cwday] = match[9].to_i
      end
      clock(found, *match[10..14])
    end

    def iso_basic(match, found)
      if match[3]
        found[:year] = full_year(match[1]) unless match[1] == "--"
        return found.clear if match[2] == "-" && match[1] != "--"
        found[:mon] = match[2].to_i unless match[2] == "-"
        found[:mday] = match[3].to_i
      elsif match[5]
        found[:yday] = match[5].to_i
        found[:year] = full_year(match[4])
      elsif match[6]
        found[:yday] = match[6].to_i
      elsif match[9]
        found[:cweek] = match[8].to_i
        found[:cwday] = match[9].to_i
        found[:cwyear] = full_year(match[7])
      elsif match[11]
        found[:cweek] = match[10].to_i
        found[:cwday] = match[11].to_i
      elsif match[12]
        found[:cwday] = match[12].to_i
      end
      clock(found, *match[13..17])
    end
  end
end

# time.rb - Time's constructors, arithmetic and text forms over the primitives of time.c.
# Semantics: Ruby documentation of Time; ruby/spec core/time.

class Time
  include Comparable

  MONTHS = { "jan" => 1, "feb" => 2, "mar" => 3, "apr" => 4, "may" => 5, "jun" => 6, "jul" => 7, "aug" => 8, "sep" => 9,
             "oct" => 10, "nov" => 11, "dec" => 12 }.freeze
  private_constant :MONTHS

  class << self
    def now(in: nil)
      time = __now
      zone = { in: }[:in]
      zone ? __localize(time, zone) : time
    end

    def at(time, fraction = (no_fraction = true), unit = :microsecond, in: nil)
      nanoseconds = 0
      unless no_fraction
        scale = case unit
                when :millisecond then 1_000_000
                when :microsecond, :usec then 1000
                when :nanosecond, :nsec then 1
                else raise ArgumentError, "unexpected unit: #{unit}"
                end
        raise TypeError, "can't convert Time into an exact number" if time.is_a?(Time)
        fraction = __exact(fraction)
        fraction = fraction.to_r if fraction.is_a?(Float)
        nanoseconds = fraction * scale
      end
      result = __at(time, nanoseconds)
      zone = { in: }[:in]
      zone ? __localize(result, zone) : result
    end

    private def __exact(value)
      return value if value.is_a?(Integer) || value.is_a?(Rational) || value.is_a?(Float)
      if !value.is_a?(String) && !value.nil? && value.respond_to?(:to_int)
        exact = value.respond_to?(:to_r) ? value.to_r : value.to_int
        return exact if exact.is_a?(Integer) || exact.is_a?(Rational)
      end
      raise TypeError, "can't convert #{value.class} into an exact number"
    end

    def utc(year, month = nil, day = nil, hour = nil, minute = nil, second = nil, usec = nil, *rest)
      if rest.size == 3 # sec, min, hour, day, month, year, wday, yday, dst, zone
        second, minute, hour, day, month, year = year, month, day, hour, minute, second
        usec = nil
      end
      __from_parts(year, month, day, hour, minute, second, usec, :utc)
    end
    alias gm utc

    def local(year, month = nil, day = nil, hour = nil, minute = nil, second = nil, usec = nil, *rest)
      if rest.size == 3
        second, minute, hour, day, month, year = year, month, day, hour, minute, second
        usec = nil
        zone = :summer if rest[1]
      end
      __from_parts(year, month, day, hour, minute, second, usec, zone || :local)
    end
    alias mktime local

    def new(year = (no_year = true), month = nil, day = nil, hour = nil, minute = nil, second = nil, zone = nil, in: nil, precision: 9)
      given = { in: }[:in]
      if zone && given
        raise ArgumentError, "timezone argument given as positional and keyword arguments"
      end
      zone ||= given
      if no_year
        zone ? __localize(__now, zone) : __now
      elsif month.nil? && year.is_a?(String)
        __parse(year, zone, precision)
      else
        __in_zone(year, month, day, hour, minute, second, nil, zone)
      end
    end

    # Seconds east of UTC for "+09:00", "UTC", "Z", "A".., Integer; :utc; nil for an object that is a time zone.
    private def __offset(zone)
      if zone.is_a?(String)
        return __text_offset(zone)
      elsif zone.respond_to?(:utc_to_local) || zone.respond_to?(:local_to_utc)
        return
      end
      seconds = __exact(zone)
      raise ArgumentError, "utc_offset out of range" unless seconds.abs < 86_400
      seconds.round
    end

    private def __text_offset(zone)
      raise ArgumentError, __offset_message(zone) unless zone.encoding.ascii_compatible?
      return :utc if zone == "UTC" || zone == "Z" || zone == "-00:00"
      if (match = /\A([+-])(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.\d+)?)?)?\z/.match(zone))
        hours, minutes, seconds = match[2].to_i, match[3].to_i, match[4].to_i
        raise ArgumentError, __offset_message(zone) if minutes > 59 || seconds > 59
        raise ArgumentError, "utc_offset out of range" if hours > 23
        total = hours * 3600 + minutes * 60 + seconds
        match[1] == "-" ? -total : total
      elsif zone.match?(/\A[A-IK-Y]\z/)
        letter = zone.ord
        letter = if letter <= 73 then letter - 64
                 elsif letter <= 77 then letter - 65
                 else 77 - letter
                 end
        letter * 3600
      else
        raise ArgumentError, __offset_message(zone) unless respond_to?(:find_timezone) && !zone.match?(/\A[+-]/)
      end
    end

    private def __offset_message(zone)
      text = zone.encoding.ascii_compatible? ? zone : zone.inspect
      "\"+HH:MM\", \"-HH:MM\", \"UTC\" or \"A\"..\"I\",\"K\"..\"Z\" expected for utc_offset: #{text}"
    end

    private def __zone_object(zone) = zone.is_a?(String) ? find_timezone(zone) || raise(ArgumentError, __offset_message(zone)) : zone

    private def __zone_offset(wall, utc)
      offset = wall - utc
      raise ArgumentError, "utc_offset out of range" unless offset.abs < 86_400
      offset
    end

    # Seconds since the epoch, from what a time zone object answers.
    private def __seconds(answer)
      return answer.__send__(:__wall_seconds) if answer.is_a?(Time)
      answer.respond_to?(:to_i) ? answer.to_i : answer
    end

    private def __in_zone(year, month, day, hour, minute, second, usec, zone)
      return __from_parts(year, month, day, hour, minute, second, usec, :local) if zone.nil?
      zone = zone.to_str if !zone.is_a?(String) && zone.respond_to?(:to_str)
      offset = __offset(zone)
      return __from_parts(year, month, day, hour, minute, second, usec, offset) if offset
      zone = __zone_object(zone)
      raise TypeError, "can't convert #{zone.class} into an exact number" unless zone.respond_to?(:local_to_utc)
      wall = __from_parts(year, month, day, hour, minute, second, usec, :utc)
      utc = zone.local_to_utc(wall)
      seconds = utc.respond_to?(:to_i) ? utc.to_i : utc
      __at(seconds, wall.subsec * 1_000_000_000).__send__(:__zone, __zone_offset(wall.to_i, seconds), zone)
    end

    private def __localize(time, zone)
      zone = zone.to_str if !zone.is_a?(String) && zone.respond_to?(:to_str)
      offset = __offset(zone)
      return time.__send__(:__zone, offset, nil) if offset
      zone = __zone_object(zone)
      raise TypeError, "can't convert #{zone.class} into an exact number" unless zone.respond_to?(:utc_to_local)
      local = __seconds(zone.utc_to_local(time.getutc))
      time.__send__(:__zone, __zone_offset(local, time.to_i), zone)
    end

    private def __number(value, name, low, high)
      value = value.to_str if !value.is_a?(String) && value.respond_to?(:to_str)
      value = Integer(value, 10) if value.is_a?(String)
      value = value.to_int unless value.is_a?(Integer) || !value.respond_to?(:to_int)
      raise TypeError, "can't convert #{value.class} into an exact number" unless value.is_a?(Integer)
      raise ArgumentError, name ? "#{name} out of range" : "argument out of range" unless value.between?(low, high)
      value
    end

    private def __from_parts(year, month, day, hour, minute, second, usec, zone)
      raise TypeError, "no implicit conversion of nil into Integer" if year.nil?
      year = year.is_a?(String) ? Integer(year, 10) : year.respond_to?(:to_int) ? year.to_int : __exact(year)
      month = MONTHS[month.downcase] || month if month.is_a?(String)
      month = month.nil? ? 1 : __number(month, "mon", 1, 12)
      day = day.nil? ? 1 : __number(day, nil, 1, 31)
      hour = hour.nil? ? 0 : __number(hour, "hour", 0, 24)
      minute = minute.nil? ? 0 : __number(minute, "min", 0, 59)
      nanoseconds = 0
      if second.nil?
        second = 0
      else
        second = second.include?(".") ? Rational(second) : Integer(second, 10) if second.is_a?(String)
        exact = second.is_a?(Integer) ? second : __exact(second).to_r
        raise ArgumentError, "argument out of range" unless exact >= 0 && exact < 61
        second = exact.floor
        nanoseconds = (exact - second) * 1_000_000_000
      end
      raise ArgumentError, "min out of range" if hour == 24 && minute > 0
      raise ArgumentError, "sec out of range" if hour == 24 && second > 0
      if usec
        usec = Rational(usec) if usec.is_a?(String)
        nanoseconds = __exact(usec).to_r * 1000
        raise ArgumentError, "subsecx out of range" unless nanoseconds >= 0 && nanoseconds < 1_000_000_000
      end
      whole = nanoseconds.floor
      finer = nanoseconds == whole ? nil : nanoseconds - whole
      __civil(year, month, day, hour, minute, second, whole, zone, finer)
    end

    # Time.new("2000-12-31 23:59:59.5 +09:00")
    private def __parse(text, zone, precision)
      raise ArgumentError, "time string should have ASCII compatible encoding" unless text.encoding.ascii_compatible?
      year = text[/\A\d+/] or raise ArgumentError, "can't parse: #{text.inspect}"
      raise ArgumentError, "year must be 4 or more digits: #{year}" if year.size < 4
      return __in_zone(year, nil, nil, nil, nil, nil, nil, zone) if year.size == text.size
      parts = [year.to_i]
      position = year.size
      [["mon", "-", 12], ["mday", "-", 31], ["hour", nil, 24], ["min", ":", 59], ["sec", ":", 60]].each do |name, mark, largest|
        break if name == "hour" && !text.byteslice(position, 1).match?(/[ T]/)
        ahead = text.byteslice(position, 1)
        if mark && ahead != mark
          if name == "min" || name == "sec"
            size = name == "min" ? 2 : 5
            read = text.byteslice(position - size, size)
            raise ArgumentError, "fraction #{name == "min" ? "hour" : "min"} is not supported: #{read}." if ahead == "."
            raise ArgumentError, "missing #{name} part: #{read}#{ahead}"
          end
          raise ArgumentError, ahead.empty? ? "no time information" : "can't parse: #{text.inspect}"
        end
        digits = text.byteslice(position + 1, text.bytesize)[/\A\d+/] || ""
        if digits.size != 2
          raise ArgumentError, "can't parse: #{text.inspect}" if digits.empty? && !mark
          context = text.byteslice(position, 11)
          raise ArgumentError, "two digits #{name} is expected#{mark ? " after '#{mark}'" : ""}: #{context}"
        end
        value = digits.to_i
        raise ArgumentError, "#{name} out of range" if value > largest || value == 0 && (name == "mon" || name == "mday")
        parts << value
        position += 3
      end
      raise ArgumentError, "no time information" if parts.size < 4
      __parse_tail(text, position, parts, zone, precision)
    end

    # What follows the seconds: a fraction, and an offset unless one was given.
    private def __parse_tail(text, position, parts, zone, precision)
      rest = text.byteslice(position, text.bytesize)
      if rest.start_with?(".")
        digits = rest[/\A\.(\d*)/, 1]
        raise ArgumentError, "subsecond expected after dot: #{text.byteslice(position - 8, 10)}" if digits.empty?
        kept = precision ? digits[0, precision] || digits : digits
        parts[5] += Rational(kept.to_i, 10**kept.size)
        rest = rest.byteslice(digits.size + 1, rest.bytesize)
      end
      raise ArgumentError, "can't parse: #{text.inspect}" if rest.match?(/\s\z/)
      rest = rest.sub(/\A\s+/, "")
      raise ArgumentError, "can't parse at: #{rest[/\s.*/m]}" if rest.match?(/\S\s/)
      __in_zone(*parts, nil, rest.empty? ? zone : rest)
    end
  end

  def +(other)
    raise TypeError, "time + time?" if other.is_a?(Time)
    __add(other, false)
  end

  def -(other)
    return __add(other, true) unless other.is_a?(Time)
    seconds = to_i - other.to_i
    nanoseconds = nsec - other.nsec
    if __finer || other.__send__(:__finer)
      return (seconds + Rational(nanoseconds + (__finer || 0) - (other.__send__(:__finer) || 0), 1_000_000_000)).to_f
    end
    seconds.abs > 4_000_000 ? seconds + nanoseconds / 1e9 : (seconds * 1_000_000_000 + nanoseconds) / 1e9
  end

  def <=>(other)
    order = __cmp(other)
    return order if order || other.is_a?(Time)
    # as Comparable asks what it does not know: the other's answer, turned round
    reply = __guarded_reply(other) or return
    reply > 0 ? -1 : reply < 0 ? 1 : 0
  end

  private def __guarded_reply(other)
    asked = (Thread.current[:__time_comparisons] ||= [])
    return if asked.any? { |one, two| one.equal?(self) && two.equal?(other) }
    asked.push([self, other])
    begin
      other <=> self
    ensure
      asked.pop
    end
  end

  def eql?(other) = other.is_a?(Time) && __cmp(other) == 0

  def subsec
    return nsec == 0 ? 0 : Rational(nsec, 1_000_000_000) unless __finer
    Rational(nsec + __finer, 1_000_000_000)
  end

  def to_r = Rational(to_i, 1) + subsec
  def sunday? = wday == 0
  def monday? = wday == 1
  def tuesday? = wday == 2
  def wednesday? = wday == 3
  def thursday? = wday == 4
  def friday? = wday == 5
  def saturday? = wday == 6
  def to_a = [sec, min, hour, day, month, year, wday, yday, isdst, zone]

  def utc = __zone(:utc, nil)
  alias gmtime utc

  def localtime(zone = nil)
    return __zone(:local, nil) if zone.nil?
    self.class.__send__(:__localize, self, zone)
  end

  def getlocal(zone = nil) = dup.localtime(zone)
  def getutc = dup.utc
  alias getgm getutc

  def round(digits = 0) = __rounded(digits) { |value| value.round }
  def floor(digits = 0) = __rounded(digits) { |value| value.floor }
  def ceil(digits = 0) = __rounded(digits) { |value| value.ceil }

  private def __rounded(digits)
    digits = digits.to_int
    raise ArgumentError, "negative ndigits given" if digits < 0
    scale = 10**digits
    part = subsec
    __add(Rational(yield(part * scale), scale) - part, false)
  end

  def to_s = strftime("%Y-%m-%d %H:%M:%S#{__suffix}".force_encoding(Encoding::US_ASCII))

  def inspect
    part = subsec
    digits = if part == 0 then ""
             elsif __finer.nil? then format(".%09d", nsec).sub(/0+\z/, "")
             else " #{part.inspect[1..-2]}"
             end
    strftime("%Y-%m-%d %H:%M:%S#{digits}#{__suffix}".force_encoding(Encoding::US_ASCII))
  end

  # " UTC", or the format of the offset.
  private def __suffix
    return " UTC" if utc?
    seconds = utc_offset.abs % 60
    seconds == 0 ? " %z" : format(" %%z%02d", seconds)
  end

  private def __wall_seconds = utc? ? to_i : to_i + utc_offset

  private def __abbreviation
    zone = self.zone
    return zone if zone.nil? || zone.is_a?(String)
    if zone.respond_to?(:abbr) then zone.abbr(self)
    elsif zone.respond_to?(:strftime) then zone.strftime("%Z", self)
    elsif zone.respond_to?(:name) then zone.name
    end
  end

  def ctime = strftime("%a %b %e %H:%M:%S %Y")
  alias asctime ctime

  def xmlschema(digits = 0)
    fraction = digits > 0 ? strftime(".%#{digits}N") : ""
    strftime("%Y-%m-%dT%H:%M:%S#{fraction}#{utc? ? "Z" : "%:z"}")
  end
  alias iso8601 xmlschema

  def deconstruct_keys(keys)
    unless keys.nil? || keys.is_a?(Array)
      raise TypeError, "wrong argument type #{keys.class} (expected Array or nil)"
    end
    all = { year: year, month: month, day: day, yday: yday, wday: wday, hour: hour, min: min, sec: sec, subsec: subsec,
            dst: dst?, zone: zone }
    keys ? all.slice(*keys) : all
  end
end

module Process
  Tms = Struct.new(:utime, :stime, :cutime, :cstime)

  def self.times = Tms.new(*__times)
end

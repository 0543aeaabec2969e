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

    def at(time, fraction = nil, unit = :microsecond, in: nil)
      nanoseconds =
        if fraction
          scale = case unit
                  when :millisecond then 1_000_000
                  when :microsecond, :usec then 1000
                  when :nanosecond, :nsec then 1
                  else raise ArgumentError, "unexpected unit: #{unit}"
                  end
          raise TypeError, "can't convert #{fraction.class} into an exact number" if fraction.is_a?(String)
          (fraction.to_r * scale).floor
        else
          0
        end
      result = __at(time, nanoseconds)
      zone = { in: }[:in]
      zone ? __localize(result, zone) : result
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
      end
      __from_parts(year, month, day, hour, minute, second, usec, :local)
    end
    alias mktime local

    def new(year = (no_year = true; nil), month = nil, day = nil, hour = nil, minute = nil, second = nil, zone = nil, in: nil, precision: 9)
      given = { in: }[:in]
      if zone && given
        raise ArgumentError, "timezone argument given as positional and keyword arguments"
      end
      zone ||= given
      if no_year || (year.nil? && month.nil?)
        zone ? __localize(__now, zone) : __now
      elsif month.nil? && year.is_a?(String) && !year.match?(/\A\d{4,}\z/)
        __parse(year, zone, precision)
      else
        __in_zone(year, month, day, hour, minute, second, nil, zone)
      end
    end

    # Seconds east of UTC for "+09:00", "UTC", "Z", "A".., Integer; nil for what is no offset.
    private def __offset(zone)
      case zone
      when Integer, Rational, Float
        raise ArgumentError, "utc_offset out of range" unless zone.abs < 86_400
        zone.to_i
      when "UTC", "Z", "-00:00" then :utc
      when /\A([+-])(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.\d+)?)?)?\z/
        hours, minutes, seconds = $2.to_i, $3.to_i, $4.to_i
        raise ArgumentError, "utc_offset out of range" if hours > 23 || minutes > 59 || seconds > 59
        raise ArgumentError, __offset_message(zone) if $3.nil? && zone.include?(":")
        total = hours * 3600 + minutes * 60 + seconds
        $1 == "-" ? -total : total
      when /\A[A-IK-Z]\z/
        letter = zone.ord
        letter = if letter <= 73 then letter - 64
                 elsif letter <= 77 then letter - 65
                 elsif letter <= 89 then 77 - letter
                 end
        letter * 3600
      when String then raise ArgumentError, __offset_message(zone)
      end
    end

    private def __offset_message(zone) = "\"+HH:MM\", \"-HH:MM\", \"UTC\" or \"A\"..\"I\",\"K\"..\"Z\" expected for utc_offset: #{zone}"

    private def __in_zone(year, month, day, hour, minute, second, usec, zone)
      return __from_parts(year, month, day, hour, minute, second, usec, :local) if zone.nil?
      zone = zone.to_str if !zone.is_a?(String) && zone.respond_to?(:to_str)
      offset = __offset(zone)
      return __from_parts(year, month, day, hour, minute, second, usec, offset) if offset
      raise TypeError, "can't convert #{zone.class} into an exact number" unless zone.respond_to?(:local_to_utc)
      wall = __from_parts(year, month, day, hour, minute, second, usec, :utc)
      utc = zone.local_to_utc(wall)
      seconds = utc.respond_to?(:to_i) ? utc.to_i : utc
      result = __at(seconds, wall.nsec)
      result.__send__(:__zone, wall.to_i - seconds, zone)
    end

    private def __localize(time, zone)
      zone = zone.to_str if !zone.is_a?(String) && zone.respond_to?(:to_str)
      offset = __offset(zone)
      return time.__send__(:__zone, offset, nil) if offset
      raise TypeError, "can't convert #{zone.class} into an exact number" unless zone.respond_to?(:utc_to_local)
      local = zone.utc_to_local(time.getutc)
      time.__send__(:__zone, (local.respond_to?(:to_i) ? local.to_i : local) - time.to_i, zone)
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
      raise TypeError, "can't convert nil into an exact number" if year.nil?
      year = year.is_a?(String) ? Integer(year, 10) : year.to_int
      month = MONTHS[month.downcase] || month if month.is_a?(String)
      month = month.nil? ? 1 : __number(month, "mon", 1, 12)
      day = day.nil? ? 1 : __number(day, "mday", 1, 31)
      hour = hour.nil? ? 0 : __number(hour, "hour", 0, 24)
      minute = minute.nil? ? 0 : __number(minute, "min", 0, 59)
      nanoseconds = 0
      if second.nil?
        second = 0
      else
        second = second.include?(".") ? Rational(second) : Integer(second, 10) if second.is_a?(String)
        exact = second.is_a?(Integer) ? second : second.to_r
        raise ArgumentError, "sec out of range" unless exact >= 0 && exact < 61
        second = exact.floor
        nanoseconds = ((exact - second) * 1_000_000_000).floor
      end
      raise ArgumentError, "min out of range" if hour == 24 && minute > 0
      raise ArgumentError, "sec out of range" if hour == 24 && second > 0
      if usec
        usec = Rational(usec) if usec.is_a?(String)
        nanoseconds += (usec.to_r * 1000).floor
        raise ArgumentError, "subsecx out of range" unless nanoseconds.between?(0, 999_999_999)
      end
      __civil(year, month, day, hour, minute, second, nanoseconds, zone)
    end

    # Time.new("2000-12-31 23:59:59.5 +09:00")
    private def __parse(text, zone, precision)
      unless text.ascii_only? && (m = /\A\s*(\d{4,})(?:-(\d+)(?:-(\d+)(?:[ T](?:(\d+)(?::(\d+)(?::(\d+)(?:\.(\d*))?)?)?)?\s*(\S.*)?)?)?)?\s*\z/.match(text))
        raise ArgumentError, "no time information in #{text.inspect}" unless text.match?(/\A\s*\d{4,}/)
        raise ArgumentError, "can't parse: #{text.inspect}"
      end
      raise ArgumentError, "no time information" if m[3] && !m[4] || m[2] && !m[3]
      raise ArgumentError, "two digits mon is expected:#{text[m.begin(2) - 1, 4]}" if m[2] && m[2].size != 2
      raise ArgumentError, "two digits mday is expected:#{text[m.begin(3) - 1, 4]}" if m[3] && m[3].size != 2
      raise ArgumentError, "missing min part: #{m[4]} " if m[4] && !m[5]
      raise ArgumentError, "missing sec part: #{m[4]}:#{m[5]} " if m[5] && !m[6]
      raise ArgumentError, "subsecond expected after dot: #{m[6]}. " if m[7] && m[7].empty?
      second = m[6] && (m[7] ? Rational("#{m[6]}.#{m[7][0, precision]}") : m[6].to_i)
      zone = m[8].strip if m[8]
      __in_zone(m[1].to_i, m[2]&.to_i, m[3]&.to_i, m[4]&.to_i, m[5]&.to_i, second, nil, zone)
    end
  end

  def +(other)
    raise TypeError, "time + time?" if other.is_a?(Time)
    raise TypeError, "can't convert #{other.nil? ? "nil" : other.class} into an exact number" if other.nil? || other.is_a?(String)
    __add(other)
  end

  def -(other)
    if other.is_a?(Time)
      return (to_i - other.to_i) + (nsec - other.nsec) / 1e9 if (to_i - other.to_i).abs > 4_000_000
      return ((to_i - other.to_i) * 1_000_000_000 + nsec - other.nsec) / 1e9
    end
    raise TypeError, "can't convert #{other.nil? ? "nil" : other.class} into an exact number" if other.nil? || other.is_a?(String)
    __add(-other)
  end

  def ==(other) = other.is_a?(Time) ? (self <=> other) == 0 : super
  def eql?(other) = other.is_a?(Time) && (self <=> other) == 0
  def subsec = nsec == 0 ? 0 : Rational(nsec, 1_000_000_000)
  def to_r = Rational(to_i * 1_000_000_000 + nsec, 1_000_000_000)
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
    Time.__send__(:__localize, self, zone)
  end

  def getlocal(zone = nil) = dup.localtime(zone)
  def getutc = dup.utc
  alias getgm getutc

  def round(digits = 0) = __rounded(digits) { |value| value.round }
  def floor(digits = 0) = __rounded(digits) { |value| value.floor }
  def ceil(digits = 0) = __rounded(digits) { |value| value.ceil }

  private def __rounded(digits)
    raise ArgumentError, "negative ndigits given" if digits < 0
    return dup if digits >= 9
    scale = 10**(9 - digits)
    __add(Rational(yield(Rational(nsec, scale)) * scale - nsec, 1_000_000_000))
  end

  def to_s = strftime(utc? ? "%Y-%m-%d %H:%M:%S UTC" : "%Y-%m-%d %H:%M:%S %z")

  def inspect
    fraction = nsec == 0 ? "" : format(".%09d", nsec).sub(/0+\z/, "")
    strftime("%Y-%m-%d %H:%M:%S#{fraction}#{utc? ? " UTC" : " %z"}")
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

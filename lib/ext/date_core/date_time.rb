# date_time.rb - DateTime: a Date with a time of day and an offset.

class DateTime < Date
  def self.civil(...) = new(...)

  def self.jd(jd = 0, *time)
    __at(jd, time, "jd") { |day, _| day }
  end

  def self.ordinal(year = -4712, yday = 1, *time)
    year = Calendar.whole(year, "year")
    __at(yday, time, "yday") { |day, sg| Calendar.valid_ordinal(year, day, sg) }
  end

  def self.commercial(year = -4712, week = 1, day = 1, *time)
    year = Calendar.whole(year, "year")
    week = Calendar.whole(week, "cweek")
    __at(day, time, "cwday") { |wday, sg| Calendar.valid_commercial(year, week, wday, sg) }
  end

  # `time` is [hour, minute, second, offset, start], or less; the local day comes from the block. A unit may have a fraction
  # when no argument follows it; seconds always may.
  def self.__at(day, time, name, into = allocate)
    raise ArgumentError, "wrong number of arguments (given #{time.size + 3}, expected 0..8)" if time.size > 5
    hour, minute, second, offset, start = time
    day, day_fraction = Calendar.split(day, name)
    hour, hour_fraction = Calendar.split(hour || 0, "hour")
    minute, minute_fraction = Calendar.split(minute || 0, "minute")
    second, second_fraction = Calendar.split(second || 0, "second")
    if day_fraction != 0 && time.size > 0 || hour_fraction != 0 && time.size > 1 || minute_fraction != 0 && time.size > 2
      raise Error, "invalid fraction"
    end
    start = start ? Calendar.start(start) : ITALY
    offset = Calendar.offset(offset)
    jd = yield(day, start) || raise(Error, "invalid date")
    time = Calendar.valid_time(hour, minute, second) || raise(Error, "invalid date")
    carry, df = (time - offset).divmod(86_400)
    into.__set(jd + carry, df, 0, offset, start)
    fraction = day_fraction * 86_400 + hour_fraction * 3600 + minute_fraction * 60 + second_fraction
    return into if fraction == 0
    nanoseconds = fraction * 1_000_000_000
    nanoseconds = nanoseconds.round if nanoseconds.is_a?(Float)
    into.__set(*(into + Rational(nanoseconds, 86_400_000_000_000)).__parts, start)
  end

  def self.now(start = ITALY)
    moment = Time.now
    seconds = moment.to_i
    __make(UNIX_EPOCH + seconds.div(86_400), seconds % 86_400, moment.nsec, moment.utc_offset, start)
  end

  def self._strptime(text, format = "%FT%T%z") = Strptime.parse(text, format)

  def self.strptime(text = "-4712-01-01T00:00:00+00:00", format = "%FT%T%z", start = ITALY)
    Fragments.date_time(self, Strptime.parse(text, format), start)
  end

  def self.parse(text = "-4712-01-01T00:00:00+00:00", comp = true, start = ITALY, limit: 128)
    Fragments.date_time(self, _parse(text, comp, limit:), start)
  end

  def self.iso8601(text = "-4712-01-01T00:00:00+00:00", start = ITALY, limit: 128) = Fragments.date_time(self, _iso8601(text, limit:), start)
  def self.rfc3339(text = "-4712-01-01T00:00:00+00:00", start = ITALY, limit: 128) = Fragments.date_time(self, _rfc3339(text, limit:), start)
  def self.xmlschema(text = "-4712-01-01T00:00:00+00:00", start = ITALY, limit: 128) = Fragments.date_time(self, _xmlschema(text, limit:), start)
  def self.rfc2822(text = "Mon, 1 Jan -4712 00:00:00 +0000", start = ITALY, limit: 128) = Fragments.date_time(self, _rfc2822(text, limit:), start)
  singleton_class.alias_method :rfc822, :rfc2822
  def self.httpdate(text = "Mon, 01 Jan -4712 00:00:00 GMT", start = ITALY, limit: 128) = Fragments.date_time(self, _httpdate(text, limit:), start)
  def self.jisx0301(text = "-4712-01-01T00:00:00+00:00", start = ITALY, limit: 128) = Fragments.date_time(self, _jisx0301(text, limit:), start)
  singleton_class.undef_method :today

  def initialize(year = -4712, month = 1, day = 1, *time)
    year = Calendar.whole(year, "year")
    month = Calendar.whole(month, "month")
    DateTime.__at(day, time, "day", self) { |mday, sg| Date.__valid_civil(year, month, mday, sg) }
  end

  public :hour, :minute, :min, :second, :sec
  def sec_fraction = Rational(@sf, 1_000_000_000)
  alias second_fraction sec_fraction
  def offset = Rational(@of, 86_400)

  def zone
    sign, rest = @of < 0 ? ["-", -@of] : ["+", @of]
    format("%s%02d:%02d", sign, rest / 3600, rest / 60 % 60)
  end

  def new_offset(offset = 0) = __dup_with(@jd, @df, @sf, Calendar.offset(offset), @sg)

  def to_s = strftime("%Y-%m-%dT%H:%M:%S%:z")
  def strftime(format = "%FT%T%:z") = super
  def iso8601(digits = 0) = strftime("%Y-%m-%d") + __time_text(digits)
  alias xmlschema iso8601
  def rfc3339(digits = 0) = iso8601(digits)
  def jisx0301(digits = 0) = super() + __time_text(digits)

  private def __time_text(digits)
    digits = digits.to_i
    strftime(digits > 0 ? "T%H:%M:%S.%#{digits}N%:z" : "T%H:%M:%S%:z")
  end

  def to_time
    year, month, day = Date.__jd_to_civil(jd, GREGORIAN)
    Time.new(year, month, day, hour, min, sec + sec_fraction, @of)
  end

  def to_date = Date.__make(jd, 0, 0, 0, @sg)
  def to_datetime = self

  def deconstruct_keys(keys)
    Calendar.deconstruct(self, keys, [:year, :month, :day, :yday, :wday, :hour, :min, :sec, :sec_fraction, :zone])
  end
end

# date_core.rb - Date: a day (with a part of a day, and an offset, for DateTime) on the Julian and Gregorian calendars.
#
# A date is kept as UTC: @jd the chronological Julian day, @df the second of that day, @sf the nanoseconds in that second
# (a Rational when finer), @of the offset in seconds, @sg the Julian day from which the Gregorian calendar counts. The parts
# that few programs need stand in files that are loaded when first used: reading text (parsing.rb), strptime
# (strptime.rb), strftime (formatting.rb), DateTime (date_time.rb).
#
# Algorithms: Meeus, "Astronomical Algorithms", chapter 7, in integers. Semantics: Ruby documentation of Date; ruby/spec
# library/date.

class Date
  include Comparable

  class Error < ArgumentError; end

  ITALY = 2_299_161
  ENGLAND = 2_361_222
  JULIAN = Float::INFINITY
  GREGORIAN = -Float::INFINITY

  MONTHNAMES = [nil, "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December"].each(&:freeze).freeze
  ABBR_MONTHNAMES = [nil, "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].each(&:freeze).freeze
  DAYNAMES = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"].each(&:freeze).freeze
  ABBR_DAYNAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].each(&:freeze).freeze

  UNIX_EPOCH = 2_440_588
  MARSHAL_PERIOD = 213_447_717 # days; CRuby writes a Julian day as a count of these and the rest
  private_constant :UNIX_EPOCH, :MARSHAL_PERIOD

  autoload :Calendar, "#{__dir__}/date_core/calendar.rb"
  autoload :Formatting, "#{__dir__}/date_core/formatting.rb"
  autoload :Parsing, "#{__dir__}/date_core/parsing.rb"
  autoload :Strptime, "#{__dir__}/date_core/strptime.rb"
  autoload :Fragments, "#{__dir__}/date_core/fragments.rb"
  private_constant :Calendar, :Formatting, :Parsing, :Strptime, :Fragments

  class << self
    # --- calendar arithmetic; `start` is the first Gregorian day ---

    def __civil_to_jd(year, month, day, start)
      if month <= 2
        year -= 1
        month += 12
      end
      century = year.div(100)
      shift = 2 - century + century.div(4)
      jd = (1461 * (year + 4716)).div(4) + (306_001 * (month + 1)).div(10_000) + day + shift - 1524
      jd < start ? jd - shift : jd
    end

    def __jd_to_civil(jd, start)
      a = jd
      if jd >= start
        x = (4 * jd - 7_468_865).div(146_097)
        a = jd + 1 + x - x.div(4)
      end
      b = a + 1524
      c = (20 * b - 2442).div(7305)
      d = (1461 * c).div(4)
      e = ((b - d) * 10_000).div(306_001)
      day = b - d - (306_001 * e).div(10_000)
      e <= 13 ? [c - 4716, e - 1, day] : [c - 4715, e - 13, day]
    end

    # The Julian day of a civil date that exists, or nil; month and day may count from the end.
    def __valid_civil(year, month, day, start)
      month += 13 if month < 0
      return if month < 1 || month > 12 || day > 31
      if day < 1
        return if day == 0
        last = 31
        last -= 1 until last == 0 || __valid_civil(year, month, last, start)
        found = __jd_to_civil(__civil_to_jd(year, month, last, start) + day + 1, start)
        return unless found[0] == year && found[1] == month
        return __civil_to_jd(year, month, found[2], start)
      end
      jd = __civil_to_jd(year, month, day, start)
      return jd if day <= 28 && jd - 31 > start
      found = __jd_to_civil(jd, start)
      jd if found[2] == day && found[1] == month && found[0] == year
    end

    def __make(jd, df = 0, sf = 0, of = 0, start = ITALY) = allocate.__set(jd, df, sf, of, start)

    # --- constructors ---

    def civil(...) = new(...)

    def jd(jd = 0, start = ITALY)
      jd, fraction = Calendar.split(jd, "jd")
      Calendar.with_fraction(__make(jd, 0, 0, 0, Calendar.start(start)), fraction)
    end

    def ordinal(year = -4712, yday = 1, start = ITALY)
      year = Calendar.whole(year, "year")
      yday, fraction = Calendar.split(yday, "yday")
      start = Calendar.start(start)
      jd = Calendar.valid_ordinal(year, yday, start) || raise(Error, "invalid date")
      Calendar.with_fraction(__make(jd, 0, 0, 0, start), fraction)
    end

    def commercial(year = -4712, week = 1, day = 1, start = ITALY)
      year = Calendar.whole(year, "year")
      week = Calendar.whole(week, "cweek")
      day, fraction = Calendar.split(day, "cwday")
      start = Calendar.start(start)
      jd = Calendar.valid_commercial(year, week, day, start) || raise(Error, "invalid date")
      Calendar.with_fraction(__make(jd, 0, 0, 0, start), fraction)
    end

    def today(start = ITALY)
      now = Time.now
      __make(__civil_to_jd(now.year, now.month, now.day, GREGORIAN), 0, 0, 0, start)
    end

    # --- predicates ---

    def valid_jd?(jd, _start = ITALY) = jd.is_a?(Numeric)

    def valid_civil?(year, month, day, start = ITALY)
      return false unless year.is_a?(Numeric) && month.is_a?(Numeric) && day.is_a?(Numeric)
      !!__valid_civil(year.to_i, month.to_i, day.to_i, start)
    end
    alias valid_date? valid_civil?

    def valid_ordinal?(year, yday, start = ITALY)
      return false unless year.is_a?(Numeric) && yday.is_a?(Numeric)
      !!Calendar.valid_ordinal(year.to_i, yday.to_i, start)
    end

    def valid_commercial?(year, week, day, start = ITALY)
      return false unless year.is_a?(Numeric) && week.is_a?(Numeric) && day.is_a?(Numeric)
      !!Calendar.valid_commercial(year.to_i, week.to_i, day.to_i, start)
    end

    def julian_leap?(year)
      Calendar.number(year, "year")
      year % 4 == 0
    end

    def gregorian_leap?(year)
      Calendar.number(year, "year")
      year % 4 == 0 && year % 100 != 0 || year % 400 == 0
    end
    alias leap? gregorian_leap?

    # --- from text ---

    def _strptime(text, format = "%F") = Strptime.parse(text, format)
    def strptime(text = "-4712-01-01", format = "%F", start = ITALY) = Fragments.date(self, Strptime.parse(text, format), start)

    def _parse(text, comp = true, limit: 128) = Parsing.parse(Parsing.check(text, limit), comp)
    def _iso8601(text, limit: 128) = Parsing.iso8601(text && Parsing.check(text, limit))
    def _rfc3339(text, limit: 128) = Parsing.rfc3339(text && Parsing.check(text, limit))
    def _xmlschema(text, limit: 128) = Parsing.xmlschema(text && Parsing.check(text, limit))
    def _rfc2822(text, limit: 128) = Parsing.rfc2822(text && Parsing.check(text, limit))
    alias _rfc822 _rfc2822
    def _httpdate(text, limit: 128) = Parsing.httpdate(text && Parsing.check(text, limit))
    def _jisx0301(text, limit: 128) = Parsing.jisx0301(text && Parsing.check(text, limit))

    def parse(text = "-4712-01-01", comp = true, start = ITALY, limit: 128)
      Fragments.date(self, _parse(text, comp, limit:), start)
    end

    def iso8601(text = "-4712-01-01", start = ITALY, limit: 128) = Fragments.date(self, _iso8601(text, limit:), start)
    def rfc3339(text = "-4712-01-01T00:00:00+00:00", start = ITALY, limit: 128) = Fragments.date(self, _rfc3339(text, limit:), start)
    def xmlschema(text = "-4712-01-01", start = ITALY, limit: 128) = Fragments.date(self, _xmlschema(text, limit:), start)
    def rfc2822(text = "Mon, 1 Jan -4712 00:00:00 +0000", start = ITALY, limit: 128) = Fragments.date(self, _rfc2822(text, limit:), start)
    alias rfc822 rfc2822
    def httpdate(text = "Mon, 01 Jan -4712 00:00:00 GMT", start = ITALY, limit: 128) = Fragments.date(self, _httpdate(text, limit:), start)
    def jisx0301(text = "-4712-01-01", start = ITALY, limit: 128) = Fragments.date(self, _jisx0301(text, limit:), start)

    def _load(text) = allocate.tap { |date| date.marshal_load(Marshal.load(text)) }
  end

  def initialize(year = -4712, month = 1, day = 1, start = ITALY)
    unless Integer === year && Integer === month && Integer === day && ITALY.equal?(start)
      year = Calendar.whole(year, "year")
      month = Calendar.whole(month, "month")
      day = Calendar.whole(day, "day")
      start = Calendar.start(start)
    end
    jd = Date.__valid_civil(year, month, day, start) || raise(Error, "invalid date")
    __set(jd, 0, 0, 0, start)
  end

  def __set(jd, df, sf, of, start)
    @jd = jd
    @df = df
    @sf = sf
    @of = of
    @sg = start
    @civil = nil
    self
  end

  def __parts = [@jd, @df, @sf, @of]
  def __start = @sg

  def initialize_copy(other)
    raise FrozenError.new("can't modify frozen #{self.class}: #{inspect}", receiver: self) if frozen?
    __set(*other.__parts, other.__start)
  end
  private :initialize_copy

  # --- reading ---

  def jd = @of == 0 ? @jd : @jd + (@df + @of).div(86_400)

  private def __civil
    return @civil if @civil
    civil = Date.__jd_to_civil(jd, @sg)
    @civil = civil unless frozen?
    civil
  end

  private def __second_of_day = (@df + @of) % 86_400

  def year = __civil[0]
  def month = __civil[1]
  alias mon month
  def day = __civil[2]
  alias mday day
  def wday = (jd + 1) % 7
  def yday = jd - Calendar.first_day_of_year(year, @sg) + 1
  def cwyear = Calendar.commercial(jd, @sg)[0]
  def cweek = Calendar.commercial(jd, @sg)[1]
  def cwday = wday == 0 ? 7 : wday
  def ajd = Rational(@jd * 2 - 1, 2) + Rational(@df * 1_000_000_000 + @sf, 86_400_000_000_000)
  def amjd = Rational(@jd - 2_400_001, 1) + Rational(@df * 1_000_000_000 + @sf, 86_400_000_000_000)
  def mjd = jd - 2_400_001
  def ld = jd - 2_299_160
  def day_fraction = Rational(__second_of_day * 1_000_000_000 + @sf, 86_400_000_000_000)
  def start = @sg.to_f
  def julian? = jd < @sg
  def gregorian? = !julian?

  def leap?
    return Date.gregorian_leap?(year) if gregorian?
    Date.__jd_to_civil(Date.__civil_to_jd(year, 3, 1, @sg) - 1, @sg)[2] == 29
  end

  def sunday? = wday == 0
  def monday? = wday == 1
  def tuesday? = wday == 2
  def wednesday? = wday == 3
  def thursday? = wday == 4
  def friday? = wday == 5
  def saturday? = wday == 6

  def hour = __second_of_day / 3600
  def minute = __second_of_day / 60 % 60
  alias min minute
  def second = __second_of_day % 60
  alias sec second
  private :hour, :minute, :min, :second, :sec

  # --- the same day on another calendar ---

  def new_start(start = ITALY) = __dup_with(@jd, @df, @sf, @of, Calendar.start(start))
  def italy = new_start(ITALY)
  def england = new_start(ENGLAND)
  def julian = new_start(JULIAN)
  def gregorian = new_start(GREGORIAN)

  private def __dup_with(jd, df, sf, of, start) = self.class.allocate.__set(jd, df, sf, of, start)

  # --- arithmetic ---

  def +(days)
    return __dup_with(@jd + days, @df, @sf, @of, @sg) if Integer === days
    raise TypeError, "expected numeric" unless days.is_a?(Numeric)
    if days.is_a?(Float)
      whole = days.floor
      nanoseconds = ((days - whole) * 86_400_000_000_000).round
    else
      days = days.to_r
      whole = days.floor
      nanoseconds = (days - whole) * 86_400_000_000_000
      nanoseconds = nanoseconds.numerator if nanoseconds.denominator == 1
    end
    total = @df * 1_000_000_000 + @sf + nanoseconds
    seconds, sf = total.divmod(1_000_000_000)
    sf = sf.numerator if sf.is_a?(Rational) && sf.denominator == 1
    carry, df = seconds.divmod(86_400)
    __dup_with(@jd + whole + carry, df, sf, @of, @sg)
  end

  def -(other)
    case other
    when Date
      jd, df, sf = other.__parts
      Rational(@jd - jd, 1) + Rational((@df - df) * 1_000_000_000 + (@sf - sf), 86_400_000_000_000)
    when Numeric then self + -other
    else raise TypeError, "expected numeric"
    end
  end

  def >>(months)
    total = year * 12 + (month - 1) + months
    year, month = total.divmod(12)
    month = month.to_i + 1
    year = year.to_i
    day = self.day
    until (found = Date.__valid_civil(year, month, day, @sg))
      day -= 1
      raise Error, "invalid date" if day < 1
    end
    self + (found - jd)
  end

  def <<(months)
    raise TypeError, "expected numeric" unless months.is_a?(Numeric)
    self >> -months
  end

  def next_day(days = 1) = self + days
  def prev_day(days = 1) = self - days
  def next_month(months = 1) = self >> months
  def prev_month(months = 1) = self << months
  def next_year(years = 1) = self >> years * 12
  def prev_year(years = 1) = self << years * 12
  def next = next_day
  alias succ next

  def step(limit, by = 1)
    return to_enum(:step, limit, by) unless block_given?
    date = self
    case by <=> 0
    when -1
      while date >= limit
        yield date
        date += by
      end
    when 0
      yield date while true
    when 1
      while date <= limit
        yield date
        date += by
      end
    else raise ArgumentError, "comparison failed"
    end
    self
  end

  def upto(max, &block) = block ? step(max, 1, &block) : to_enum(:upto, max)
  def downto(min, &block) = block ? step(min, -1, &block) : to_enum(:downto, min)

  # --- comparing ---

  def <=>(other)
    case other
    when Date
      jd, df, sf = other.__parts
      order = @jd <=> jd
      return order unless order == 0
      order = @df <=> df
      order == 0 ? @sf <=> sf : order
    when Numeric then ajd <=> other
    end
  end

  def ===(other)
    case other
    when Date then jd == other.jd
    when Numeric then jd == other
    else false
    end
  end

  def eql?(other) = Date === other && self == other
  def hash = [@jd, @df, @sf].hash

  # --- text ---

  def to_s
    year = self.year
    year >= 0 && year <= 9999 ? format("%04d-%02d-%02d", year, month, day) : strftime("%Y-%m-%d")
  end

  def strftime(format = "%F") = Formatting.strftime(self, format)
  def iso8601 = strftime("%Y-%m-%d")
  alias xmlschema iso8601
  def rfc3339 = strftime("%Y-%m-%dT%H:%M:%S%:z")
  def rfc2822 = strftime("%a, %-d %b %Y %T %z")
  alias rfc822 rfc2822
  def httpdate = __dup_with(@jd, @df, @sf, 0, @sg).strftime("%a, %d %b %Y %T GMT")
  def asctime = strftime("%a %b %e %H:%M:%S %Y")
  alias ctime asctime
  def jisx0301 = strftime(Formatting.japanese(jd))

  def inspect
    start = @sg.abs == Float::INFINITY ? (@sg > 0 ? "Inf" : "-Inf") : @sg.to_i
    "#<#{self.class}: #{self} ((#{@jd}j,#{@df}s,#{@sf.inspect}n),#{@of < 0 ? "" : "+"}#{@of}s,#{start}j)>"
  end

  # --- conversion ---

  def to_time
    year, month, day = Date.__jd_to_civil(jd, GREGORIAN)
    Time.local(year, month, day)
  end

  def to_date = instance_of?(Date) ? self : Date.__make(jd, 0, 0, 0, @sg)
  def to_datetime = DateTime.__make(@jd, @df, @sf, @of, @sg)

  def deconstruct_keys(keys) = Calendar.deconstruct(self, keys, [:year, :month, :day, :yday, :wday])

  def marshal_dump
    period, jd = @jd.divmod(MARSHAL_PERIOD)
    [period, jd, @df, @sf, @of, @sg.to_f]
  end

  def marshal_load(state)
    raise TypeError, "expected array" unless state.is_a?(Array)
    raise FrozenError.new("can't modify frozen #{self.class}: #{inspect}", receiver: self) if frozen?
    case state.size
    when 6
      period, jd, df, sf, of, start = state
      __set(period * MARSHAL_PERIOD + jd, df, sf, of, start)
    when 2, 3 # of Ruby 1.8: [ajd, offset in days, start]
      ajd, of, start = state.size == 3 ? state : [state[0] - Rational(1, 2), 0, state[1]]
      jd, fraction = (ajd + Rational(1, 2)).divmod(1)
      df, sf = (fraction * 86_400).divmod(1)
      __set(jd, df, sf * 1_000_000_000, (of * 86_400).to_i, start)
    else raise TypeError, "invalid size"
    end
    self
  end

  def instance_variables = super - [:@jd, :@df, :@sf, :@of, :@sg, :@civil]
end

Object.autoload :DateTime, "#{__dir__}/date_core/date_time.rb"

class Time
  def to_time = self

  def to_date
    jd = Date.__civil_to_jd(year, month, day, Date::GREGORIAN)
    Date.__make(jd)
  end

  def to_datetime
    seconds = to_i
    nanoseconds = subsec * 1_000_000_000
    nanoseconds = nanoseconds.numerator if nanoseconds.is_a?(Rational) && nanoseconds.denominator == 1
    DateTime.__make(2_440_588 + seconds.div(86_400), seconds % 86_400, nanoseconds, utc_offset)
  end
end

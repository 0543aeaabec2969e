# fragments.rb - from the fragments that parsing found (a Hash such as {year: 2001, yday: 34, hour: 4}) to a date.
#
# What is missing before the largest given unit is taken from today, what is missing after the smallest is the first one.
# shareable_constant_value: experimental_everything

module Date::Fragments
  # Kinds of dates, and what belongs to them; the one of which most is given is taken, the first of equals.
  KINDS = [
    [:time, [:hour, :min, :sec]],
    [nil, [:jd]],
    [:ordinal, [:year, :yday, :hour, :min, :sec]],
    [:civil, [:year, :mon, :mday, :hour, :min, :sec]],
    [nil, [:jd, :hour, :min, :sec]],
    [:wday, [:wday, :hour, :min, :sec]],
    [:commercial, [:cwyear, :cweek, :cwday, :wday, :hour, :min, :sec]],
    [:wnum0, [:year, :wnum0, :wday, :hour, :min, :sec]],
    [:wnum1, [:year, :wnum1, :wday, :hour, :min, :sec]],
    [nil, [:cwyear, :cweek, :wday, :hour, :min, :sec]],
    [nil, [:year, :wnum0, :cwday, :hour, :min, :sec]],
    [nil, [:year, :wnum1, :cwday, :hour, :min, :sec]]
  ].freeze
  Calendar = Date.const_get(:Calendar)

  class << self
    def date(klass, given, start)
      klass.__make(day(klass, given, start), 0, 0, 0, start)
    end

    def date_time(klass, given, start)
      jd = day(klass, given, start) { |all| given = all }
      second = given[:sec] || 0
      time = Calendar.valid_time(given[:hour] || 0, given[:min] || 0, second == 60 ? 59 : second) || invalid
      offset = given[:offset] || 0
      unless offset.between?(-86_400, 86_400)
        warn("invalid offset is ignored") if $VERBOSE
        offset = 0
      end
      nanoseconds = (given[:sec_fraction] || 0) * 1_000_000_000
      nanoseconds = nanoseconds.numerator if nanoseconds.is_a?(Rational) && nanoseconds.denominator == 1
      carry, df = (time - offset).divmod(86_400)
      klass.__make(jd + carry, df, nanoseconds, offset, start)
    end

    private

    def invalid = raise(Date::Error, "invalid date")

    def day(klass, given, start)
      start = Calendar.start(start)
      invalid if given.nil? || given.key?(:leftover)
      if !given.key?(:jd) && !given.key?(:yday) && given.key?(:mday) && given.key?(:mon) && given.key?(:year)
        return Date.__valid_civil(given[:year], given[:mon], given[:mday], start) || invalid
      end
      given = complete(klass, from_seconds(given))
      yield given if block_given?
      valid(given, start) || invalid
    end

    def from_seconds(given)
      seconds = given[:seconds] or return given
      seconds += given[:offset] if given[:offset]
      days, rest = seconds.divmod(86_400)
      second, fraction = rest.divmod(1)
      given = given.merge(jd: 2_440_588 + days, hour: second / 3600, min: second / 60 % 60, sec: second % 60, sec_fraction: fraction)
      given.delete(:seconds)
      given
    end

    def complete(klass, given)
      kind, keys = KINDS.max_by.with_index { |(_, names), index| [names.count { |key| given[key] }, -index] }
      count = keys.count { |key| given[key] }
      return given if count == 0
      given = given.dup
      fill(klass, given, kind, keys) if kind && count < keys.size
      given[:hour] ||= 0
      given[:min] ||= 0
      given[:sec] = [given[:sec] || 0, 59].min
      given
    end

    def fill(klass, given, kind, keys)
      today = Date.today
      case kind
      when :time then given[:jd] ||= today.jd if klass <= DateTime
      when :ordinal
        given[:year] ||= today.year
        given[:yday] ||= 1
      when :wday then given[:jd] = (today - today.wday + given[:wday]).jd
      else
        keys.each do |key|
          break if given[key]
          value = key == :wnum0 || key == :wnum1 ? nil : today.__send__(key)
          given[key] = value if value
        end
        case kind
        when :civil
          given[:mon] ||= 1
          given[:mday] ||= 1
        when :commercial
          given[:cweek] ||= 1
          given[:cwday] ||= 1
        when :wnum0
          given[:wnum0] ||= 0
          given[:wday] ||= 0
        when :wnum1
          given[:wnum1] ||= 0
          given[:wday] ||= 1
        end
      end
    end

    def valid(given, start)
      jd, year, wday, cwday = given.values_at(:jd, :year, :wday, :cwday)
      return jd if jd
      found = Calendar.valid_ordinal(year, given[:yday], start) if year && given[:yday]
      return found if found
      found = Date.__valid_civil(year, given[:mon], given[:mday], start) if year && given[:mon] && given[:mday]
      return found if found
      day = cwday || (wday == 0 ? 7 : wday)
      found = Calendar.valid_commercial(given[:cwyear], given[:cweek], day, start) if day && given[:cwyear] && given[:cweek]
      return found if found
      day = wday || (cwday == 7 ? 0 : cwday)
      return unless year && day
      found = Calendar.valid_week_number(year, given[:wnum0], day, 0, start) if given[:wnum0]
      found ||= Calendar.valid_week_number(year, given[:wnum1], (day - 1) % 7, 1, start) if given[:wnum1]
      found
    end
  end
end

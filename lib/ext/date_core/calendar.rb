# calendar.rb - the less common counts of days (ordinal, commercial, week numbers) and the checks of constructors' arguments.

module Date::Calendar
  class << self
    # --- arguments ---

    def number(value, name)
      raise TypeError, "invalid #{name} (not numeric)" unless value.is_a?(Numeric)
    end

    def whole(value, name)
      return value if value.is_a?(Integer)
      number(value, name)
      value.floor
    end

    def split(value, name)
      return [value, 0] if value.is_a?(Integer)
      number(value, name)
      value = value.to_r unless value.is_a?(Float)
      whole = value.floor
      [whole, value - whole]
    end

    def with_fraction(date, fraction) = fraction == 0 ? date : date + fraction

    def start(value)
      raise TypeError, "invalid start (not numeric)" unless value.is_a?(Numeric)
      return value if value == Date::ITALY || value.is_a?(Float) && value.infinite? || value.between?(2_298_874, 2_426_355)
      warn("invalid start is ignored") if $VERBOSE
      0
    end

    # --- years that begin or end in the gap of the reform have another first or last day ---

    def first_day_of_year(year, start)
      jd = Date.__civil_to_jd(year, 1, 1, start)
      return jd if jd - 31 > start || jd + 31 < start
      (1..31).each { |day| found = Date.__valid_civil(year, 1, day, start) and return found }
    end

    def last_day_of_year(year, start)
      31.downto(1) { |day| found = Date.__valid_civil(year, 12, day, start) and return found }
    end

    def ordinal(jd, start)
      year = Date.__jd_to_civil(jd, start)[0]
      [year, jd - first_day_of_year(year, start) + 1]
    end

    def valid_ordinal(year, yday, start)
      if yday < 0
        found, yday = ordinal(last_day_of_year(year, start) + yday + 1, start)
        return unless found == year
      end
      jd = first_day_of_year(year, start) + yday - 1
      jd if ordinal(jd, start) == [year, yday]
    end

    # --- weeks of ISO 8601 ---

    def commercial_to_jd(year, week, day, start)
      fourth = first_day_of_year(year, start) + 3
      fourth - fourth % 7 + 7 * (week - 1) + day - 1
    end

    def commercial(jd, start)
      year = Date.__jd_to_civil(jd - 3, start)[0]
      first = commercial_to_jd(year + 1, 1, 1, start)
      if jd >= first
        year += 1
      else
        first = commercial_to_jd(year, 1, 1, start)
      end
      day = (jd + 1) % 7
      [year, 1 + (jd - first) / 7, day == 0 ? 7 : day]
    end

    def valid_commercial(year, week, day, start)
      day += 8 if day < 0
      if week < 0
        found, week = commercial(commercial_to_jd(year + 1, 1, 1, start) + week * 7, start)
        return unless found == year
      end
      jd = commercial_to_jd(year, week, day, start)
      jd if commercial(jd, start) == [year, week, day]
    end

    # --- weeks counted from the first Sunday (first = 0) or Monday (first = 1) of the year ---

    def week_number_to_jd(year, week, day, first, start)
      seventh = first_day_of_year(year, start) + 6
      seventh - (seventh - first + 1) % 7 - 7 + 7 * week + day
    end

    def week_number(jd, first, start)
      year = Date.__jd_to_civil(jd, start)[0]
      week, day = (jd - (first_day_of_year(year, start) + 6 - (first_day_of_year(year, start) + 6 - first + 1) % 7 - 7)).divmod(7)
      [year, week, day]
    end

    def valid_week_number(year, week, day, first, start)
      day += 7 if day < 0
      return if week < 0
      jd = week_number_to_jd(year, week, day, first, start)
      jd if week_number(jd, first, start) == [year, week, day]
    end

    # --- times of day ---

    # The second of the day, or nil; negative numbers count from the end.
    def valid_time(hour, minute, second)
      hour += 24 if hour < 0
      minute += 60 if minute < 0
      second += 60 if second < 0
      return if hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 59
      return if hour == 24 && (minute > 0 || second > 0)
      hour * 3600 + minute * 60 + second
    end

    # Seconds from what may stand for an offset: a text, or a part of a day.
    def offset(value)
      seconds =
        case value
        when nil then 0
        when String then Date.const_get(:Parsing).zone_to_offset(value)
        when Float then (value * 86_400).round
        when Numeric then (value.to_r * 86_400).round
        else raise TypeError, "invalid offset"
        end
      return seconds if seconds && seconds.between?(-86_400, 86_400)
      warn("invalid offset is ignored") if $VERBOSE
      0
    end

    def deconstruct(date, keys, known)
      unless keys.nil? || keys.is_a?(Array)
        raise TypeError, "wrong argument type #{keys.class} (expected Array or nil)"
      end
      (keys ? known & keys : known).to_h { |key| [key, date.__send__(key)] }
    end
  end
end

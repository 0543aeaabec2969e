# bigdecimal.rb - BigDecimal: decimal numbers of any precision, over Integer.
#
# A finite number is @num * 10**@exp, with no trailing zero in @num; @kind is nil for it, else :nan, :inf, :ninf or :nzero
# (negative zero, whose @num is 0). Numbers are frozen. Sums and products are exact; quotients and roots have twice the
# digits of their operands, at least DIVISION_DIGITS. Modes and limits belong to the thread.
# Semantics: Ruby documentation of BigDecimal; ruby/spec library/bigdecimal.

class BigDecimal < Numeric
  VERSION = "3.1.1"
  BASE = 1_000_000_000
  EXCEPTION_ALL, EXCEPTION_INFINITY, EXCEPTION_NaN, EXCEPTION_UNDERFLOW, EXCEPTION_OVERFLOW, EXCEPTION_ZERODIVIDE = 255, 1, 2, 4, 1, 16
  ROUND_MODE, ROUND_UP, ROUND_DOWN, ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN = 256, 1, 2, 3, 4, 5, 6, 7
  SIGN_NaN, SIGN_POSITIVE_ZERO, SIGN_NEGATIVE_ZERO, SIGN_POSITIVE_FINITE, SIGN_NEGATIVE_FINITE = 0, 1, -1, 2, -2
  SIGN_POSITIVE_INFINITE, SIGN_NEGATIVE_INFINITE = 3, -3
  DIVISION_DIGITS = 32
  private_constant :DIVISION_DIGITS

  class << self
    undef_method :new

    def __make(num, exp, kind = nil)
      number = allocate
      number.__send__(:__set, num, exp, kind)
      number
    end

    def double_fig = 16

    def limit(digits = (reading = true))
      old = Thread.current[:__bigdecimal_limit] || 0
      unless reading || digits.nil?
        raise ArgumentError, "argument must be positive" if digits < 0
        Thread.current[:__bigdecimal_limit] = digits
      end
      old
    end

    def mode(which, value = (reading = true; nil))
      raise TypeError, "no implicit conversion of #{which.class} into Integer" unless which.is_a?(Integer)
      if which == ROUND_MODE
        Thread.current[:__bigdecimal_rounding] = __rounding(value) unless reading || value.nil?
        Thread.current[:__bigdecimal_rounding] || ROUND_HALF_UP
      elsif which & EXCEPTION_ALL != 0
        unless reading || value.nil?
          raise ArgumentError, "second argument must be true or false" unless value == true || value == false
          now = __exceptions
          Thread.current[:__bigdecimal_exceptions] = value ? now | which : now & ~which
        end
        __exceptions
      else
        raise TypeError, "first argument for BigDecimal.mode invalid"
      end
    end

    def __exceptions = Thread.current[:__bigdecimal_exceptions] || 0
    def __rounding_mode = Thread.current[:__bigdecimal_rounding] || ROUND_HALF_UP

    def save_exception_mode = __save(:__bigdecimal_exceptions) { yield }
    def save_rounding_mode = __save(:__bigdecimal_rounding) { yield }
    def save_limit = __save(:__bigdecimal_limit) { yield }

    private def __save(key)
      old = Thread.current[key]
      yield
    ensure
      Thread.current[key] = old
    end

    def interpret_loosely(text) = __parse(text.to_str, false)

    def _load(text) = __parse(text.sub(/\A\d+:/, ""), true)

    # A rounding mode from its number, name or half: name.
    def __rounding(mode)
      case mode
      when Integer
        raise ArgumentError, "invalid rounding mode" unless mode.between?(1, 7)
        mode
      when Symbol, String
        { "up" => 1, "down" => 2, "truncate" => 2, "half_up" => 3, "default" => 3, "half_down" => 4, "half_even" => 7,
          "banker" => 7, "ceiling" => 5, "ceil" => 5, "floor" => 6 }[mode.to_s.downcase] || raise(ArgumentError, "invalid rounding mode (#{mode})")
      when Hash
        half = mode[:half]
        return __rounding_mode if half.nil?
        raise ArgumentError, "invalid rounding mode (#{half})" unless half.is_a?(Symbol) || half.is_a?(String)
        { "up" => 3, "down" => 4, "even" => 7 }[half.to_s.downcase] || raise(ArgumentError, "invalid rounding mode (#{half})")
      else
        return __rounding_mode if mode.nil?
        raise TypeError, "no implicit conversion of #{mode.class} into Integer" unless mode.respond_to?(:to_int)
        __rounding(mode.to_int)
      end
    end

    # num / 10**digits as an Integer, by a rounding mode; `rest` says that more than zeros were cut before.
    def __shift_right(num, digits, mode, rest = false)
      return num if digits <= 0
      power = 10**digits
      whole, cut = num.abs.divmod(power)
      negative = num < 0
      unless cut == 0 && !rest
        half = cut * 2 <=> power
        half = 1 if half == 0 && rest
        up = case mode
             when ROUND_UP then true
             when ROUND_DOWN then false
             when ROUND_HALF_UP then half >= 0
             when ROUND_HALF_DOWN then half > 0
             when ROUND_HALF_EVEN then half > 0 || half == 0 && whole.odd?
             when ROUND_CEILING then !negative
             when ROUND_FLOOR then negative
             end
        whole += 1 if up
      end
      negative ? -whole : whole
    end

    # num * 10**exp with at most `digits` significant digits (0: all).
    def __rounded(num, exp, digits, mode = __rounding_mode, rest = false)
      return __make(num, exp) if digits == 0
      cut = num.abs.to_s.size - digits
      return __make(num, exp) if cut <= 0
      __make(__shift_right(num, cut, mode, rest), exp + cut)
    end

    # After an exact operation: the limit of the thread holds.
    def __limited(num, exp)
      digits = Thread.current[:__bigdecimal_limit]
      digits && digits > 0 ? __rounded(num, exp, digits) : __make(num, exp)
    end

    def __nan
      raise FloatDomainError, "Computation results in 'NaN' (Not a Number)" if __exceptions & EXCEPTION_NaN != 0
      NAN
    end

    def __infinity(negative)
      raise FloatDomainError, "Computation results in '#{negative ? "-" : ""}Infinity'" if __exceptions & EXCEPTION_INFINITY != 0
      negative ? NEGATIVE_INFINITY : INFINITY
    end

    def __zero(negative) = negative ? NEGATIVE_ZERO : __make(0, 0)

    def __parse(text, strict)
      stripped = text.strip
      case stripped
      when "NaN" then return NAN
      when "Infinity", "+Infinity" then return INFINITY
      when "-Infinity" then return NEGATIVE_INFINITY
      end
      match = /\A([-+])?(\d+(?:_\d+)*)?(?:\.(\d+(?:_\d+)*)?)?(?:[eEdD]([-+]?\d+(?:_\d+)*))?/.match(stripped)
      complete = match && match.end(0) == stripped.size && (match[2] || match[3]) && !stripped.include?("\0")
      complete &&= !text.include?("\0") && !stripped.match?(/\.(?!\d)/)
      if strict && !complete
        raise ArgumentError, "string contains null byte" if text.include?("\0")
        raise ArgumentError, "invalid value for BigDecimal(): #{text.inspect}"
      end
      return __make(0, 0) unless match && (match[2] || match[3])
      whole, part = match[2]&.delete("_") || "", match[3]&.delete("_") || ""
      num = (whole + part).to_i
      negative = match[1] == "-"
      return __zero(negative) if num == 0
      exponent = match[4] ? match[4].delete("_").to_i : 0
      return __infinity(negative) if exponent > 1 << 62
      return __zero(negative) if exponent < -(1 << 62)
      __make(negative ? -num : num, exponent - part.size)
    end
  end

  def __num = @num
  def __exp = @exp
  def __kind = @kind
  protected :__num, :__exp, :__kind

  private def __set(num, exp, kind)
    if num == 0
      exp = 0
    elsif num % 10 == 0
      digits = num.to_s
      kept = digits.sub(/0+\z/, "")
      exp += digits.size - kept.size
      num = kept.to_i
    end
    @num = num
    @exp = exp
    @kind = kind
    freeze
  end

  INFINITY = __make(0, 0, :inf)
  NEGATIVE_INFINITY = __make(0, 0, :ninf)
  NAN = __make(0, 0, :nan)
  NEGATIVE_ZERO = __make(0, 0, :nzero)
  private_constant :NEGATIVE_INFINITY, :NEGATIVE_ZERO

  # --- what it is ---

  def nan? = @kind == :nan
  def infinite? = @kind == :inf ? 1 : @kind == :ninf ? -1 : nil
  def finite? = @kind.nil? || @kind == :nzero
  def zero? = @num == 0 && finite?
  def nonzero? = zero? ? nil : self
  def negative? = @num < 0 || @kind == :ninf
  def positive? = @num > 0 || @kind == :inf
  def __minus? = @num < 0 || @kind == :ninf || @kind == :nzero
  protected :__minus?

  def sign
    case @kind
    when :nan then SIGN_NaN
    when :inf then SIGN_POSITIVE_INFINITE
    when :ninf then SIGN_NEGATIVE_INFINITE
    when :nzero then SIGN_NEGATIVE_ZERO
    else @num == 0 ? SIGN_POSITIVE_ZERO : @num > 0 ? SIGN_POSITIVE_FINITE : SIGN_NEGATIVE_FINITE
    end
  end

  private def __digits = @num.abs.to_s
  def exponent = @num == 0 ? 0 : __digits.size + @exp
  def n_significant_digits = @num == 0 ? 0 : __digits.size
  def precision
    return 0 if @num == 0
    @exp >= 0 || exponent > 0 ? exponent - [@exp, 0].min : __digits.size
  end

  def scale = @num == 0 ? 0 : [-@exp, 0].max
  def precision_scale = [precision, scale]

  def precs
    words = @num == 0 ? 1 : (exponent.fdiv(9).ceil - @exp.fdiv(9).floor).clamp(1..)
    [words * 9, (words + 2) * 9]
  end

  def split = [sign <=> 0, finite? ? __digits : to_s.delete("-"), 10, exponent]
  def hash = [BigDecimal, @num, @exp, @kind == :nzero ? nil : @kind].hash
  def dup = self
  alias clone dup
  def _dump(_level = nil) = "#{n_significant_digits.fdiv(9).ceil * 9}:#{self}"

  # --- comparing ---

  def <=>(given)
    other = __operand(given, 0, true)
    unless other
      return if given.is_a?(Numeric) && !given.respond_to?(:coerce) || given.nil? || !given.respond_to?(:coerce)
      one, two = given.coerce(self)
      return one <=> two
    end
    return if nan? || other.nan?
    mine, theirs = infinite?, other.infinite?
    return (mine || 0) <=> (theirs || 0) if mine || theirs
    __aligned(other) { |a, b| a <=> b }
  rescue ArgumentError
    nil
  end

  def ==(other)
    if other.is_a?(Numeric) || other.nil? || !other.respond_to?(:coerce)
      (self <=> other) == 0
    else
      other == self
    end
  end
  alias === ==
  alias eql? ==

  [:<, :<=, :>, :>=].each do |name|
    define_method(name) do |other|
      order = self <=> other
      next order.__send__(name, 0) if order
      next false if other.is_a?(Numeric) && (nan? || other.respond_to?(:nan?) && other.nan?)
      if !other.is_a?(Numeric) && !other.nil? && other.respond_to?(:coerce)
        one, two = other.coerce(self)
        next one.__send__(name, two)
      end
      shown = other.nil? || other == true || other == false ? other.inspect : other.is_a?(Numeric) ? other.to_s : other.class.to_s
      raise ArgumentError, "comparison of BigDecimal with #{shown} failed"
    end
  end

  def coerce(other)
    value = other.is_a?(Rational) ? BigDecimal(other, [n_significant_digits * 2, 18].max) : __operand(other)
    raise TypeError, "#{other.nil? ? "nil" : other.class} can't be coerced into BigDecimal" unless value
    [value, self]
  end

  # --- arithmetic ---

  def +@ = self

  def -@
    case @kind
    when :nan then self
    when :inf then NEGATIVE_INFINITY
    when :ninf then INFINITY
    when :nzero then BigDecimal.__make(0, 0)
    else @num == 0 ? NEGATIVE_ZERO : BigDecimal.__make(-@num, @exp)
    end
  end

  def abs = __minus? ? -self : self

  def +(other)
    value = __operand(other) or return __coerced(:+, other)
    __add(value)
  end

  def -(other)
    value = __operand(other) or return __coerced(:-, other)
    __add(-value)
  end

  def *(other)
    value = __operand(other) or return __coerced(:*, other)
    __multiply(value)
  end

  def /(other)
    value = __operand(other) or return __coerced(:/, other)
    digits = [n_significant_digits * 2, value.n_significant_digits * 2, DIVISION_DIGITS].max
    limit = BigDecimal.limit
    __divide(value, limit > 0 ? limit : digits)
  end

  def quo(other, digits = 0)
    digits = digits.to_int
    raise ArgumentError, "negative precision" if digits < 0
    return self / other if digits == 0
    value = __operand(other) or return __coerced(:quo, other)
    __divide(value, digits)
  end

  def add(other, digits) = __with_digits(digits) { self + other }
  def sub(other, digits) = __with_digits(digits) { self - other }
  def mult(other, digits) = __with_digits(digits) { self * other }

  def div(other, digits = (integer = true; nil))
    if integer || digits.nil?
      value = __operand(other) or return __coerced(:div, other)
      raise FloatDomainError, "Computation results in 'NaN' (Not a Number)" if nan? || value.nan?
      raise FloatDomainError, "Computation results in '#{__minus? ^ value.__minus? ? "-" : ""}Infinity'" if infinite? && !value.infinite?
      raise FloatDomainError, "Computation results in 'NaN' (Not a Number)" if infinite?
      raise ZeroDivisionError, "divided by 0" if value.zero?
      return 0 if value.infinite?
      return __aligned(value) { |a, b| a.div(b) }
    end
    digits = __count(digits)
    return self / other if digits == 0
    value = __operand(other) or return __coerced(:div, other)
    __divide(value, digits)
  end

  def divmod(other)
    value = __operand(other) or return __coerced(:divmod, other)
    quotient, rest = __floor_division(value)
    [quotient, rest]
  end

  def %(other)
    value = __operand(other) or return __coerced(:%, other)
    __floor_division(value)[1]
  end
  alias modulo %

  def remainder(other)
    value = __operand(other) or return __coerced(:remainder, other)
    return BigDecimal.__nan if nan? || value.nan? || infinite?
    return self if value.infinite?
    raise ZeroDivisionError, "divided by 0" if value.zero?
    exponent = [@exp, value.__exp].min
    result = __aligned(value) { |a, b| a.remainder(b) }
    result == 0 ? BigDecimal.__zero(__minus?) : BigDecimal.__make(result, exponent)
  end

  def **(other) = power(other)

  def power(other, digits = nil)
    digits = digits.nil? ? 0 : __count(digits)
    unless other.is_a?(Integer) || other.is_a?(Float) || other.is_a?(Rational) || other.is_a?(BigDecimal)
      raise TypeError, "wrong argument type #{other.nil? ? "NilClass" : other.class} (expected scalar Numeric)"
    end
    return BigDecimal.__nan if nan? || other.respond_to?(:nan?) && other.nan?
    if other.is_a?(Integer) || other == other.floor
      __integer_power(other.to_i, digits)
    else
      __real_power(other, digits)
    end
  end

  def sqrt(digits)
    digits = __count(digits)
    raise FloatDomainError, "sqrt of 'NaN'(Not a Number)" if nan?
    raise FloatDomainError, "sqrt of negative value" if __minus? && !zero?
    return self if zero? || infinite?
    digits = [digits, n_significant_digits, BigDecimal.double_fig].max + 2
    shift = [digits * 2 - __digits.size, 0].max
    shift += 1 if (@exp - shift).odd?
    BigDecimal.__rounded(Integer.sqrt(@num * 10**shift), (@exp - shift) / 2, digits)
  end

  # --- rounding ---

  def fix = finite? ? __round(0, ROUND_DOWN) : self

  def frac
    return self unless finite?
    @exp >= 0 ? BigDecimal.__make(0, 0) : self - fix
  end

  def round(digits = (whole = true; 0), mode = nil)
    if digits.is_a?(Hash) || whole && mode.nil?
      mode = digits if digits.is_a?(Hash)
      __check_finite
      return __round(0, BigDecimal.__rounding(mode)).to_i
    end
    mode = BigDecimal.__rounding(mode)
    digits = __count(digits, true)
    finite? ? __round(digits, mode) : self
  end

  def truncate(digits = nil) = __cut(digits, ROUND_DOWN)
  def floor(digits = nil) = __cut(digits, ROUND_FLOOR)
  def ceil(digits = nil) = __cut(digits, ROUND_CEILING)

  # --- conversion ---

  def to_i
    __check_finite
    @exp >= 0 ? @num * 10**@exp : @num.abs.div(10**-@exp) * (@num <=> 0)
  end
  alias to_int to_i

  def to_r
    __check_finite
    @exp >= 0 ? Rational(@num * 10**@exp, 1) : Rational(@num, 10**-@exp)
  end

  def to_f
    case @kind
    when :nan then Float::NAN
    when :inf then Float::INFINITY
    when :ninf then -Float::INFINITY
    when :nzero then -0.0
    else
      return @num < 0 ? -Float::INFINITY : Float::INFINITY if exponent > 400
      return @num < 0 ? -0.0 : 0.0 if exponent < -400
      "#{@num}e#{@exp}".to_f
    end
  end

  def __text(format)
    case @kind
    when :nan then return +"NaN"
    when :inf then return +"Infinity"
    when :ninf then return +"-Infinity"
    end
    plain, prefix, group = __format(format)
    sign = __minus? ? "-" : prefix
    return "#{sign}0.0" if @num == 0
    digits = __digits
    if plain
      point = exponent
      whole = point > 0 ? digits[0, point].ljust(point, "0") : "0"
      part = point >= digits.size ? "0" : point > 0 ? digits[point..] : "0" * -point + digits
      if group > 0
        whole = whole.reverse.scan(/.{1,#{group}}/).join(" ").reverse
        part = part.scan(/.{1,#{group}}/).join(" ")
      end
      "#{sign}#{whole}.#{part}"
    else
      digits = digits.scan(/.{1,#{group}}/).join(" ") if group > 0
      "#{sign}0.#{digits}e#{exponent}"
    end
  end
  private :__text

  def to_s(format = nil) = __text(format).force_encoding(Encoding::US_ASCII)
  def inspect = __text(nil).force_encoding(Encoding::US_ASCII)

  private

  # Is it plain notation, what stands before positive numbers, how many digits stand together.
  def __format(format)
    case format
    when nil then [false, "", 0]
    when Integer then [false, "", format]
    else
      text = format.to_str
      [text.match?(/F/i), text.start_with?("+") ? "+" : text.start_with?(" ") ? " " : "", text[/\d+/].to_i]
    end
  end

  def __count(digits, signed = false)
    unless digits.is_a?(Integer)
      raise TypeError, "no implicit conversion #{digits.nil? ? "from nil to integer" : "of #{digits.class} into Integer"}" unless digits.respond_to?(:to_int)
      digits = digits.to_int
    end
    raise ArgumentError, "negative precision" if digits < 0 && !signed
    digits
  end

  def __check_finite
    raise FloatDomainError, "Computation results in 'NaN' (Not a Number)" if nan?
    raise FloatDomainError, "Computation results in '#{to_s}'" if infinite?
  end

  # What stands for `other` among BigDecimals; nil when nothing does.
  def __operand(other, digits = nil, comparing = false)
    case other
    when BigDecimal then other
    when Integer then BigDecimal.__make(other, 0)
    when Float then BigDecimal(other, 0)
    when Rational
      return BigDecimal(other, [n_significant_digits * 2, 18].max) unless comparing
      # exact where that is possible, near enough to compare otherwise
      BigDecimal(other, [n_significant_digits, other.numerator.abs.to_s.size + other.denominator.to_s.size].max * 2 + 4)
    end
  end

  def __coerced(name, other)
    if other.nil? || !other.respond_to?(:coerce)
      shown = other.nil? || other == true || other == false ? other.inspect : other.class
      raise TypeError, "#{shown} can't be coerced into BigDecimal"
    end
    one, two = other.coerce(self)
    one.__send__(name, two)
  end

  def __aligned(other)
    shift = @exp - other.__exp
    shift >= 0 ? yield(@num * 10**shift, other.__num) : yield(@num, other.__num * 10**-shift)
  end

  # What the block gives, with so many digits rather than with the thread's limit; 0: with that.
  def __with_digits(digits)
    digits = __count(digits)
    return yield if digits == 0
    return __limit(yield, digits) if BigDecimal.limit == 0
    BigDecimal.save_limit do
      BigDecimal.limit(0)
      __limit(yield, digits)
    end
  end

  def __limit(value, digits)
    return value if digits == 0 || !value.finite? || value.zero?
    BigDecimal.__rounded(value.__num, value.__exp, digits)
  end

  def __add(other)
    return BigDecimal.__nan if nan? || other.nan?
    mine, theirs = infinite?, other.infinite?
    if mine || theirs
      return BigDecimal.__nan if mine && theirs && mine != theirs
      return BigDecimal.__infinity((mine || theirs) < 0)
    end
    return NEGATIVE_ZERO if @kind == :nzero && other.__kind == :nzero
    exponent = [@exp, other.__exp].min
    BigDecimal.__limited(__aligned(other) { |a, b| a + b }, exponent)
  end

  def __multiply(other)
    return BigDecimal.__nan if nan? || other.nan?
    negative = __minus? ^ other.__minus?
    if infinite? || other.infinite?
      return BigDecimal.__nan if zero? || other.zero?
      return BigDecimal.__infinity(negative)
    end
    return BigDecimal.__zero(negative) if zero? || other.zero?
    BigDecimal.__limited(@num * other.__num, @exp + other.__exp)
  end

  def __divide(other, digits)
    return BigDecimal.__nan if nan? || other.nan?
    negative = __minus? ^ other.__minus?
    if infinite?
      return other.infinite? ? BigDecimal.__nan : BigDecimal.__infinity(negative)
    end
    return BigDecimal.__zero(negative) if other.infinite?
    if other.zero?
      return BigDecimal.__nan if zero?
      infinity = BigDecimal.__infinity(negative)
      raise ZeroDivisionError, "divided by 0" if BigDecimal.__exceptions & EXCEPTION_ZERODIVIDE != 0
      return infinity
    end
    return BigDecimal.__zero(negative) if zero?
    shift = [digits + 2 - __digits.size + other.n_significant_digits, 0].max
    quotient, rest = (@num.abs * 10**shift).divmod(other.__num.abs)
    quotient = -quotient if negative
    BigDecimal.__rounded(quotient, @exp - other.__exp - shift, digits, BigDecimal.__rounding_mode, rest != 0)
  end

  def __floor_division(other)
    return [BigDecimal.__nan, BigDecimal.__nan] if nan? || other.nan?
    raise ZeroDivisionError, "divided by 0" if other.zero?
    return [other.infinite? ? BigDecimal.__nan : BigDecimal.__infinity(__minus? ^ other.__minus?), BigDecimal.__nan] if infinite?
    if other.infinite?
      return [BigDecimal.__zero(false), self] if zero? || __minus? == other.__minus?
      return [BigDecimal.__make(-1, 0), other]
    end
    quotient, rest = __aligned(other) { |a, b| a.divmod(b) }
    [BigDecimal.__make(quotient, 0), BigDecimal.__make(rest, [@exp, other.__exp].min)]
  end

  def __integer_power(power, digits)
    negative = __minus? && power.odd?
    if infinite?
      return BigDecimal.__make(1, 0) if power == 0
      return power > 0 ? BigDecimal.__infinity(negative) : BigDecimal.__zero(negative)
    end
    return BigDecimal.__make(1, 0) if power == 0
    if zero?
      return power > 0 ? BigDecimal.__zero(negative) : BigDecimal.__infinity(negative)
    end
    if power > 0
      return __huge(negative) if exponent.abs * power > 1 << 62
      return BigDecimal.__rounded(@num**power, @exp * power, digits)
    end
    digits = [n_significant_digits * 2, DIVISION_DIGITS].max if digits == 0
    BigDecimal.__make(1, 0).__send__(:__divide, BigDecimal.__make(@num**-power, @exp * -power), digits)
  end

  def __huge(negative) = exponent > 0 ? BigDecimal.__infinity(negative) : BigDecimal.__zero(negative)

  def __real_power(power, digits)
    raise Math::DomainError, "a non-integral exponent for a negative base" if __minus? && !zero?
    if zero?
      return power > 0 ? BigDecimal.__make(0, 0) : BigDecimal.__infinity(false)
    end
    return power > 0 ? self : BigDecimal.__make(0, 0) if infinite?
    exact = BigDecimal(power, 0) unless power.is_a?(Rational)
    digits = [n_significant_digits, exact ? exact.n_significant_digits : 0, BigDecimal.double_fig].max + 7 if digits == 0
    exact ||= BigDecimal(power, digits + 5)
    __limit(BigMath.exp(BigMath.log(self, digits + 10) * exact, digits + 5), digits)
  end

  def __round(digits, mode)
    return self if -@exp <= digits
    num = BigDecimal.__shift_right(@num, -@exp - digits, mode)
    num == 0 ? BigDecimal.__zero(__minus?) : BigDecimal.__make(num, -digits)
  end

  def __cut(digits, mode)
    if digits.nil?
      __check_finite
      return __round(0, mode).to_i
    end
    digits = __count(digits, true)
    finite? ? __round(digits, mode) : self
  end
end

module Kernel
  # BigDecimal(value, digits = 0, exception: true)
  def BigDecimal(value, digits = nil, exception: true)
    raise ArgumentError, "negative precision" if digits && digits < 0
    result =
      case value
      when BigDecimal then value
      when Integer then BigDecimal.__make(value, 0)
      when Float
        if value.nan? then return BigDecimal::NAN
        elsif value.infinite? then return value > 0 ? BigDecimal::INFINITY : -BigDecimal::INFINITY
        elsif digits.nil? then raise ArgumentError, "can't omit precision for a Float."
        elsif digits > Float::DIG + 1 then raise ArgumentError, "precision too large."
        end
        BigDecimal.__parse(value.to_s, true)
      when Rational
        raise ArgumentError, "can't omit precision for a Rational." if digits.nil?
        return BigDecimal.__make(value.numerator, 0).__send__(:__divide, BigDecimal.__make(value.denominator, 0), digits == 0 ? 18 : digits)
      when Complex
        raise ArgumentError, "Unable to make a BigDecimal from non-zero imaginary number" unless value.imaginary == 0
        return BigDecimal(value.real, digits)
      when String then BigDecimal.__parse(value, true)
      else
        if value.nil? || !value.respond_to?(:to_str)
          raise TypeError, "can't convert #{value.nil? || value == true || value == false ? value.inspect : value.class} into BigDecimal"
        end
        BigDecimal.__parse(value.to_str, true)
      end
    return result if digits.nil? || digits == 0 || !result.finite?
    result.mult(1, digits)
  rescue ArgumentError, TypeError
    raise if exception
    nil
  end
  private :BigDecimal
end

module BigMath
  module_function

  # e**x
  def exp(x, digits)
    raise ArgumentError, "Zero or negative precision for exponential" unless digits > 0
    x = __bigmath_operand(x, digits)
    return BigDecimal::NAN if x.nan?
    return x > 0 ? BigDecimal::INFINITY : BigDecimal("0") if x.infinite?
    return BigDecimal("1") if x.zero?
    negative = x < 0
    x = x.abs
    halvings = [x.exponent * 4 + 8, 0].max # x / 2**halvings is small: the series is short
    room = digits + [x.exponent, 0].max + halvings / 3 + 10
    scale = 10**room
    small = (x * scale).to_i >> halvings
    sum = term = scale
    count = 0
    until term == 0
      count += 1
      term = term * small / scale / count
      sum += term
    end
    halvings.times { sum = sum * sum / scale }
    result = BigDecimal.__make(sum, -room)
    result = BigDecimal("1").div(result, digits + 5) if negative
    result.mult(1, digits)
  end

  # The natural logarithm.
  def log(x, digits)
    raise ArgumentError, "Zero or negative precision for exponential" unless digits.is_a?(Integer) && digits > 0
    raise Math::DomainError, "Complex argument for BigMath.log" if x.is_a?(Complex)
    x = __bigmath_operand(x, digits)
    return BigDecimal::NAN if x.nan?
    raise Math::DomainError, "Zero or negative argument for log" if x <= 0
    return BigDecimal::INFINITY if x.infinite?
    return BigDecimal("0") if x == 1
    room = digits + 15
    exponent = x.exponent
    mantissa = BigDecimal.__make(1, -exponent) * x # 0.1 up to 1
    result = __bigmath_log_series(mantissa, room)
    result += __bigmath_log_series(BigDecimal("10"), room) * exponent unless exponent == 0
    result.mult(1, digits)
  end

  # 2 * atanh((x - 1) / (x + 1)), after roots that bring x near to 1.
  def __bigmath_log_series(x, digits)
    roots = 0
    while (x - 1).abs > BigDecimal("0.1")
      x = x.sqrt(digits + 10)
      roots += 1
    end
    scale = 10**(digits + 10)
    negative = x < 1
    ratio = ((x - 1).abs.div(x + 1, digits + 12) * scale).to_i
    square = ratio * ratio / scale
    sum = term = ratio
    odd = 1
    until term == 0
      odd += 2
      term = term * square / scale
      sum += term / odd
    end
    BigDecimal.__make((negative ? -sum : sum) * 2 << roots, -(digits + 10))
  end
  private_class_method :__bigmath_log_series

  def __bigmath_operand(x, digits)
    case x
    when BigDecimal then x
    when Integer then BigDecimal(x)
    when Float then BigDecimal(x, 0)
    when Rational then BigDecimal(x, digits)
    else raise ArgumentError, "#{x.inspect} can't be coerced into BigDecimal"
    end
  end
  private_class_method :__bigmath_operand
end

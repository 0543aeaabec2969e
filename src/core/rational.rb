# rational.rb - Rational's methods over two Integers in lowest terms.
# Semantics: Ruby documentation of Rational; ruby/spec core/rational.

class Rational
  def +(other)
    case other
    when Integer then Rational.__send__(:__reduce, numerator + other * denominator, denominator)
    when Rational
      Rational.__send__(:__reduce, numerator * other.denominator + other.numerator * denominator, denominator * other.denominator)
    when Float then to_f + other
    else __coerced(other, :+)
    end
  end

  def -(other)
    case other
    when Integer then Rational.__send__(:__reduce, numerator - other * denominator, denominator)
    when Rational
      Rational.__send__(:__reduce, numerator * other.denominator - other.numerator * denominator, denominator * other.denominator)
    when Float then to_f - other
    else __coerced(other, :-)
    end
  end

  def *(other)
    case other
    when Integer then Rational.__send__(:__reduce, numerator * other, denominator)
    when Rational then Rational.__send__(:__reduce, numerator * other.numerator, denominator * other.denominator)
    when Float then to_f * other
    else __coerced(other, :*)
    end
  end

  def /(other)
    case other
    when Integer then Rational.__send__(:__reduce, numerator, denominator * other)
    when Rational then Rational.__send__(:__reduce, numerator * other.denominator, denominator * other.numerator)
    when Float then to_f / other
    else __coerced(other, :/)
    end
  end
  alias quo /

  def fdiv(other) = other.is_a?(Integer) && other == 0 ? to_f / other : (self / other).to_f

  def **(other)
    return Rational(1, 1) if other == 0 && !other.is_a?(Float)
    if other.is_a?(Rational) && other.denominator == 1
      other = other.numerator
    end
    if numerator == 0 && (other.is_a?(Integer) || other.is_a?(Rational))
      raise ZeroDivisionError, "divided by 0" if other < 0
      return Rational(0, 1)
    end
    case other
    when Integer
      return self if self == 1
      return Rational(other.even? ? 1 : -1, 1) if self == -1
      if other > 0
        Rational.__send__(:__reduce, numerator**other, denominator**other)
      else
        Rational.__send__(:__reduce, denominator**-other, numerator**-other)
      end
    when Float, Rational then to_f**other
    else __coerced(other, :**)
    end
  end
  alias pow **

  def -@ = Rational.__send__(:__reduce, -numerator, denominator)

  def <=>(other)
    case other
    when Integer then numerator <=> other * denominator
    when Rational then numerator * other.denominator <=> other.numerator * denominator
    when Float
      return other > 0 ? -1 : 1 if other.infinite?
      to_f <=> other
    else
      return nil unless other.respond_to?(:coerce)
      a, b = other.coerce(self)
      a <=> b
    end
  end

  def ==(other)
    case other
    when Integer then denominator == 1 && numerator == other
    when Rational then numerator == other.numerator && denominator == other.denominator
    when Float then to_f == other
    else other == self
    end
  end

  def coerce(other)
    case other
    when Integer then [Rational(other, 1), self]
    when Float then [other, to_f]
    when Rational then [other, self]
    when Complex
      other.imaginary.eql?(0) ? [Rational(other.real), self] : [other, Complex(self)]
    else raise TypeError, "#{other.nil? || other == true || other == false || other.is_a?(Symbol) ? other.inspect : other.class} can't be coerced into Rational"
    end
  end

  def positive? = numerator > 0
  def negative? = numerator < 0
  def zero? = numerator == 0
  def abs = numerator < 0 ? -self : self
  alias magnitude abs
  def to_i = numerator < 0 ? -(-numerator / denominator) : numerator / denominator
  def to_r = self
  def to_s = "#{numerator}/#{denominator}"
  def inspect = "(#{numerator}/#{denominator})"

  def floor(digits = 0) = __rounded(digits) { |r| r.numerator.div(r.denominator) }
  def ceil(digits = 0) = __rounded(digits) { |r| -(-r.numerator).div(r.denominator) }
  def truncate(digits = 0) = __rounded(digits) { |r| r.to_i }

  def round(digits = 0, half: nil)
    half = half.to_s if half.is_a?(Symbol)
    raise ArgumentError, "invalid rounding mode: #{half.is_a?(String) ? half : half.inspect}" unless [nil, "up", "even", "down"].include?(half)
    __rounded(digits) do |r|
      double = r.numerator.abs * 2
      whole, rest = (double + r.denominator).divmod(r.denominator * 2)
      whole -= 1 if rest == 0 && (half == "down" || (half == "even" && whole.odd?))
      r.numerator < 0 ? -whole : whole
    end
  end

  def rationalize(epsilon = nil)
    return self if epsilon.nil?

    epsilon = epsilon.abs
    low, high = self - epsilon, self + epsilon
    return self if low == high
    Rational.__send__(:__simplest_between, Rational(low), Rational(high))
  end

  def marshal_dump = [numerator, denominator]
  private :marshal_dump

  private def __coerced(other, operator)
    unless other.respond_to?(:coerce)
      raise TypeError, "#{other.nil? || other == true || other == false || other.is_a?(Symbol) ? other.inspect : other.class} can't be coerced into Rational"
    end
    a, b = other.coerce(self)
    a.__send__(operator, b)
  end

  private def __rounded(digits)
    raise TypeError, "not an integer" unless digits.is_a?(Integer)
    return yield(self) if digits == 0
    scale = 10**digits.abs
    if digits > 0
      Rational(yield(self * scale), scale)
    else
      yield(self / scale) * scale
    end
  end

  class << self
    undef_method :new if method_defined?(:new)

    # The rational with the smallest denominator in low..high, by continued fractions.
    private def __simplest_between(low, high)
      return -__simplest_between(-high, -low) if high < 0
      return Rational(0, 1) if low <= 0
      p0, p1, q0, q1 = 0, 1, 1, 0
      while true
        whole = low.ceil
        break if whole <= high
        k = whole - 1
        p0, p1 = p1, k * p1 + p0
        q0, q1 = q1, k * q1 + q0
        low, high = 1 / (high - k), 1 / (low - k)
      end
      Rational(whole * p1 + p0, whole * q1 + q0)
    end
  end
end

module Kernel
  # Rational(a, b = 1, exception: true)
  def Rational(a, b = (one = true; 1), exception: true)
    Complex.__send__(:__check_flag, exception)
    a = Rational.__send__(:__operand, a, exception, one) or return nil
    return a.is_a?(Rational) || !a.is_a?(Integer) ? a : Rational.__send__(:__reduce, a, 1) if one
    b = Rational.__send__(:__operand, b, exception) or return nil
    if a.is_a?(Integer) && b.is_a?(Integer)
      Rational.__send__(:__reduce, a, b)
    elsif a.is_a?(Integer) && b.is_a?(Rational)
      Rational.__send__(:__reduce, a, 1) / b
    else
      a / b
    end
  rescue StandardError
    raise unless false == exception
    nil
  end
  module_function :Rational
end

class << Rational
  undef_method :allocate
  # An argument of Kernel#Rational as Integer or Rational (or another Numeric left as it is).
  private def __operand(value, exception, one = false)
    case value
    when Integer, Rational then value
    when Float then value.to_r
    when String then __parse_strict(value, exception)
    when Complex then value.imaginary.eql?(0) ? __operand(value.real, exception) : one ? value.to_r : value
    when nil
      raise TypeError, "can't convert nil into Rational" if exception
      nil
    else
      if value.is_a?(Numeric) && !value.respond_to?(:to_r)
        value
      elsif value.respond_to?(:to_r)
        value.to_r
      elsif value.respond_to?(:to_int)
        value.to_int
      elsif exception
        raise TypeError, "can't convert #{value == true || value == false ? value.inspect : value.class} into Rational"
      end
    end
  end

  private def __parse_strict(text, exception)
    if text.include?("\0")
      raise ArgumentError, "string contains null byte" if exception
      return nil
    end
    value, rest = __parse(text)
    return value if value && rest.strip.empty?
    raise ArgumentError, "invalid value for convert(): #{text.inspect}" if exception
    nil
  end

  # The rational at the start of text and what follows it; nil when there is none.
  private def __parse(text)
    number = /\A\s*([-+])?(\d+(?:_\d+)*)?(?:\.(\d+(?:_\d+)*))?(?:[eE]([-+]?\d+(?:_\d+)*))?/
    match = number.match(text)
    return nil unless match && (match[2] || match[3])
    value = Rational(match[2] ? match[2].delete("_").to_i : 0, 1)
    if match[3]
      digits = match[3].delete("_")
      value += Rational(digits.to_i, 10**digits.size)
    end
    if match[4]
      exponent = match[4].delete("_").to_i
      value *= exponent < 0 ? Rational(1, 10**-exponent) : 10**exponent
    end
    rest = match.post_match
    if (below = /\A\/(\d+(?:_\d+)*)(?:\.(\d+(?:_\d+)*))?(?:[eE]([-+]?\d+))?/.match(rest))
      divisor = Rational(below[1].delete("_").to_i, 1)
      divisor += Rational(below[2].delete("_").to_i, 10**below[2].delete("_").size) if below[2]
      divisor *= Rational(10, 1)**below[3].to_i if below[3]
      raise ZeroDivisionError, "divided by 0" if divisor == 0
      value /= divisor
      rest = below.post_match
    end
    [match[1] == "-" ? -value : value, rest]
  end
end

class NilClass
  def to_r = Rational(0, 1)
  def rationalize(epsilon = nil) = Rational(0, 1)
end

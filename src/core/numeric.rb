# numeric.rb - Numeric, and what Integer, Float and Rational share, in Ruby.
# Semantics: Ruby documentation of Numeric and Integer; ruby/spec core/numeric, core/integer.

class Numeric
  include Comparable

  def +@ = self

  def -@
    zero, value = coerce(0)
    zero - value
  end

  def <=>(other)
    0 if equal?(other)
  end

  def coerce(other)
    return [other, self] if other.class == self.class
    [Float(other), Float(self)]
  end

  def eql?(other) = other.class == self.class && self == other
  def quo(other) = Rational(self, 1) / other
  def fdiv(other) = Float(self) / other
  def div(other)
    raise ZeroDivisionError, "divided by 0" if other == 0
    (self / other).floor
  end
  def %(other) = self - other * div(other)
  alias modulo %
  def divmod(other) = [div(other), self % other]

  def remainder(other)
    raise ZeroDivisionError, "divided by 0" if Integer === other && other == 0
    rest = self % other
    if rest != 0 && ((self < 0 && other > 0) || (self > 0 && other < 0))
      return self if other.is_a?(Float) && other.infinite?
      rest - other
    else
      rest
    end
  end

  def abs = self < 0 ? -self : self
  def magnitude = abs
  def zero? = self == 0
  def nonzero? = zero? ? nil : self
  def positive? = self > 0
  def negative? = self < 0
  def finite? = true
  def infinite? = nil
  def integer? = false
  def real? = true
  def real = self
  def imaginary = 0
  def imag = 0
  def abs2 = self * self
  def arg = negative? ? Math::PI : 0
  alias angle arg
  alias phase arg
  def rectangular = [self, 0]
  alias rect rectangular
  def polar = [abs, arg]
  def conj = self
  alias conjugate conj
  def i = Complex(0, self)
  def to_c = Complex(self, 0)
  def to_int = to_i
  def numerator = to_r.numerator
  def denominator = to_r.denominator
  def floor(digits = 0) = Float(self).floor(digits)
  def ceil(digits = 0) = Float(self).ceil(digits)
  def round(digits = 0) = Float(self).round(digits)
  def truncate(digits = 0) = Float(self).truncate(digits)

  def clone(freeze: true)
    return self if freeze == true || freeze.nil?
    raise ArgumentError, "can't unfreeze #{self.class}" if freeze == false
    raise ArgumentError, "unexpected value for freeze: #{freeze.class}"
  end

  def dup = self

  def singleton_method_added(name)
    singleton_class.send(:remove_method, name)
    raise TypeError, "can't define singleton method \"#{name}\" for #{self.class}"
  end
  private :singleton_method_added

  # step(limit = nil, step = 1), step(by:, to:)
  def step(limit = (no_limit = true; nil), step = (no_step = true; 1), by: (no_by = true; nil), to: (no_to = true; nil), &block)
    unless no_to
      raise ArgumentError, "to is given twice" unless no_limit
      limit = to
    end
    unless no_by
      raise ArgumentError, "step is given twice" unless no_step
      step = by
    end
    unless block
      raise ArgumentError, "step can't be 0" if step == 0
      if (step.is_a?(Numeric) || step.nil?) && (limit.nil? || limit.is_a?(Numeric))
        return Enumerator::ArithmeticSequence.__send__(:__make, self, limit, no_by ? step : by, false,
                                                       [self, :step, no_limit, no_step, no_by, no_to])
      end
      number = self
      return to_enum(:step, *(no_limit ? [] : [limit]), *(no_step ? no_limit ? [] : [1] : [step])) do
        Enumerator::ArithmeticSequence.__send__(:__make, number, limit, step, false, [number, :step]).size
      end
    end
    raise ArgumentError, "step can't be 0" if step == 0
    raise TypeError, "no implicit conversion from nil to integer" if step.nil? && !no_step
    step = 1 if step.nil?
    Numeric.__send__(:__step_each, self, limit, step, block)
    self
  end

  class << self
    private def __step_each(from, limit, step, block)
      descending = step < 0
      if from.is_a?(Float) || limit.is_a?(Float) || step.is_a?(Float)
        __step_floats(Float(from), limit.nil? ? (descending ? -Float::INFINITY : Float::INFINITY) : Float(limit), Float(step), block)
      elsif limit.nil?
        value = from
        while true
          block.call(value)
          value += step
        end
      elsif descending
        value = from
        while value >= limit
          block.call(value)
          value += step
        end
      else
        value = from
        while value <= limit
          block.call(value)
          value += step
        end
      end
    end

    # The count is computed once and each value from its index: no error adds up.
    private def __step_floats(from, limit, step, block)
      if step.infinite?
        block.call(from) if step > 0 ? from <= limit : from >= limit
        return
      end
      count = (limit - from) / step
      return if count.nan? # from where it should end, and both infinite
      error = (from.abs + limit.abs + (limit - from).abs) / step.abs * Float::EPSILON
      error = 0.5 if error > 0.5
      if count.infinite?
        return if count < 0
        index = 0
        while true
          block.call(index * step + from)
          index += 1
        end
      end
      last = (count + error).floor
      index = 0
      while index <= last
        value = index * step + from
        value = limit if step > 0 ? value > limit : value < limit
        block.call(value)
        index += 1
      end
    end
  end
end

class Integer
  def times
    return to_enum(:times) { self > 0 ? self : 0 } unless block_given?
    i = 0
    while i < self
      yield i
      i = i.succ
    end
    self
  end

  def upto(limit)
    return to_enum(:upto, limit) { raise ArgumentError, "comparison of Integer with #{limit.inspect} failed" unless limit.is_a?(Numeric); [(limit - self).floor + 1, 0].max } unless block_given?
    raise ArgumentError, "comparison of Integer with #{limit.is_a?(Numeric) || limit.nil? || limit.is_a?(Symbol) ? limit.inspect : limit.is_a?(String) ? "String" : limit.class} failed" unless limit.respond_to?(:coerce)
    i = self
    while i <= limit
      yield i
      i = i.succ
    end
    self
  end

  def downto(limit)
    return to_enum(:downto, limit) { raise ArgumentError, "comparison of Integer with #{limit.inspect} failed" unless limit.is_a?(Numeric); [(self - limit).floor + 1, 0].max } unless block_given?
    raise ArgumentError, "comparison of Integer with #{limit.is_a?(Numeric) || limit.nil? || limit.is_a?(Symbol) ? limit.inspect : limit.is_a?(String) ? "String" : limit.class} failed" unless limit.respond_to?(:coerce)
    i = self
    while i >= limit
      yield i
      i -= 1
    end
    self
  end

  def ceildiv(other) = -div(0 - other)
  def positive? = self > 0
  def negative? = self < 0
  def nonzero? = self == 0 ? nil : self
  def finite? = true
  def infinite? = nil
end

class Float
  def numerator
    return self if infinite? || nan?
    to_r.numerator
  end

  def denominator
    return 1 if infinite? || nan?
    to_r.denominator
  end

  def arg
    return self if nan?
    negative? || (zero? && 1 / self < 0) ? Math::PI : 0
  end
  alias angle arg
  alias phase arg

  # The simplest rational within half a unit in the last place, or within |epsilon|.
  def rationalize(epsilon = (no_epsilon = true; nil))
    return to_r.rationalize(epsilon) unless no_epsilon
    return Rational(0, 1) if self == 0.0
    fraction, exponent = Math.frexp(self)
    mantissa = Math.ldexp(fraction, MANT_DIG).to_i
    exponent -= MANT_DIG
    return Rational(mantissa << exponent, 1) if exponent >= 0
    double = 2 * mantissa
    scale = 1 << (1 - exponent)
    low, high = Rational(double - 1, scale), Rational(double + 1, scale)
    low == high ? to_r : Rational.__send__(:__simplest_between, low, high)
  end
end

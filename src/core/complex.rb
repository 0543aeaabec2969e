# complex.rb - Complex's methods over a real and an imaginary part.
# Semantics: Ruby documentation of Complex; ruby/spec core/complex.

class Complex
  class << self
    undef_method :new if method_defined?(:new)

    def rectangular(real, imaginary = 0)
      __check_real(real)
      __check_real(imaginary)
      __make(real, imaginary)
    end
    alias rect rectangular

    def polar(magnitude, angle = 0)
      __check_real(magnitude)
      __check_real(angle)
      return __make(magnitude, 0.0) if angle == 0
      return __make(-magnitude, 0.0) if angle.is_a?(Float) && angle == Math::PI
      return __make(0.0, magnitude) if angle.is_a?(Float) && angle == Math::PI / 2
      __make(magnitude * Math.cos(angle), magnitude * Math.sin(angle))
    end

    private def __check_flag(exception)
      return if true == exception || false == exception
      raise ArgumentError, "expected true or false as exception: #{exception.inspect}"
    end

    private def __check_real(value)
      raise TypeError, "not a real" unless value.is_a?(Numeric) && value.real?
    end

    # One of the operands of Kernel#Complex.
    private def __operand(value, exception)
      case value
      when Numeric then value
      when String then __parse_strict(value, exception)
      when nil
        raise TypeError, "can't convert nil into Complex" if exception
        nil
      else
        if value.respond_to?(:to_c)
          value.to_c
        elsif exception
          raise TypeError, "can't convert #{value == true || value == false ? value.inspect : value.class} into Complex"
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

    private def __real(text)
      text = text.delete("_")
      return Rational(text) if text.include?("/")
      text.match?(/[.eE]/) ? text.to_f : text.to_i
    end

    # The number at the start of text and what follows it; nil when there is none.
    private def __parse(text)
      digits = '\d+(?:_\d+)*'
      real = "#{digits}(?:\\.#{digits})?(?:[eE][-+]?#{digits})?(?:/#{digits})?"
      if (m = /\A\s*([-+]?#{real})@([-+]?#{real})/.match(text))
        return [polar(__real(m[1]), __real(m[2])), m.post_match]
      end
      if (m = /\A\s*([-+]?#{real})?([-+])(#{real})?[ijIJ]/.match(text)) && (m[1] || m[3] || true)
        imaginary = m[3] ? __real(m[3]) : 1
        imaginary = -imaginary if m[2] == "-"
        return [__make(m[1] ? __real(m[1]) : 0, imaginary), m.post_match]
      end
      if (m = /\A\s*(#{real})?[ijIJ]/.match(text))
        return [__make(0, m[1] ? __real(m[1]) : 1), m.post_match]
      end
      if (m = /\A\s*([-+]?#{real})/.match(text))
        return [__make(__real(m[1]), 0), m.post_match]
      end
      nil
    end
  end

  def rectangular = [real, imaginary]
  alias rect rectangular
  def real? = false

  def +(other)
    case other
    when Complex then Complex(real + other.real, imaginary + other.imaginary)
    when Numeric then other.real? ? Complex(real + other, imaginary) : __coerced(other, :+)
    else __coerced(other, :+)
    end
  end

  def -(other)
    case other
    when Complex then Complex(real - other.real, imaginary - other.imaginary)
    when Numeric then other.real? ? Complex(real - other, imaginary) : __coerced(other, :-)
    else __coerced(other, :-)
    end
  end

  def *(other)
    case other
    when Complex
      Complex(real * other.real - imaginary * other.imaginary, real * other.imaginary + imaginary * other.real)
    when Numeric then other.real? ? Complex(real * other, imaginary * other) : __coerced(other, :*)
    else __coerced(other, :*)
    end
  end

  def /(other)
    case other
    when Complex
      if [real, imaginary, other.real, other.imaginary].any?(Float)
        # scaled by the larger part, against overflow
        if other.real.abs >= other.imaginary.abs
          ratio = other.imaginary.quo(other.real)
          scale = other.real * (ratio * ratio + 1)
          Complex((real + imaginary * ratio).quo(scale), (imaginary - real * ratio).quo(scale))
        else
          ratio = other.real.quo(other.imaginary)
          scale = other.imaginary * (ratio * ratio + 1)
          Complex((real * ratio + imaginary).quo(scale), (imaginary * ratio - real).quo(scale))
        end
      else
        scale = other.real * other.real + other.imaginary * other.imaginary
        product = self * other.conjugate
        Complex(__quotient(product.real, scale), __quotient(product.imaginary, scale))
      end
    when Numeric then other.real? ? Complex(__quotient(real, other), __quotient(imaginary, other)) : __coerced(other, :/)
    else __coerced(other, :/)
    end
  end
  alias quo /

  private def __quotient(value, divisor)
    result = value.quo(divisor)
    result.is_a?(Rational) && result.denominator == 1 ? result.numerator : result
  end

  def fdiv(other)
    return Complex(real.fdiv(other), imaginary.fdiv(other)) unless other.is_a?(Complex)
    if other.real.abs > other.imaginary.abs
      ratio = other.imaginary.fdiv(other.real)
      scale = other.real * (ratio * ratio + 1)
      Complex((real + imaginary * ratio).fdiv(scale), (imaginary - real * ratio).fdiv(scale))
    else
      ratio = other.real.fdiv(other.imaginary)
      scale = other.imaginary * (ratio * ratio + 1)
      Complex((real * ratio + imaginary).fdiv(scale), (imaginary * ratio - real).fdiv(scale))
    end
  end

  def **(other)
    return Complex(1, 0) if other == 0
    other = other.numerator if other.is_a?(Rational) && other.denominator == 1
    other = other.real if other.is_a?(Complex) && other.imaginary.eql?(0)
    case other
    when Integer
      return Complex(1, 0) / self**-other if other < 0
      result = nil
      base = self
      while other > 0
        result = result ? result * base : base if other.odd?
        other >>= 1
        base *= base if other > 0
      end
      result
    when Complex
      return Complex(0.0, 0.0) if self == 0
      r, theta = polar
      magnitude = Math.exp(other.real * Math.log(r) - other.imaginary * theta)
      Complex.polar(magnitude, theta * other.real + other.imaginary * Math.log(r))
    when Numeric
      return __coerced(other, :**) unless other.real?
      r, theta = polar
      Complex.polar(r**other, theta * other)
    else __coerced(other, :**)
    end
  end
  alias pow **

  def -@ = Complex(-real, -imaginary)

  def ==(other)
    case other
    when Complex then real == other.real && imaginary == other.imaginary
    when Numeric then other.real? ? real == other && imaginary == 0 : other == self
    else other == self
    end
  end

  def <=>(other)
    return nil unless imaginary == 0
    case other
    when Complex then other.imaginary == 0 ? real <=> other.real : nil
    when Numeric then other.real? ? real <=> other : nil
    end
  end

  def eql?(other)
    other.is_a?(Complex) && real.class == other.real.class && imaginary.class == other.imaginary.class && self == other
  end

  def coerce(other)
    case other
    when Complex then [other, self]
    when Numeric then [Complex(other, 0), self]
    else raise TypeError, "#{other.nil? || other == true || other == false ? other.inspect : other.class} can't be coerced into Complex"
    end
  end

  def abs = Math.hypot(real.to_f, imaginary.to_f)
  alias magnitude abs
  def abs2 = real * real + imaginary * imaginary
  def arg = Math.atan2(imaginary.to_f, real.to_f)
  alias angle arg
  alias phase arg
  def polar = [abs, arg]
  def conjugate = Complex(real, -imaginary)
  alias conj conjugate
  def finite? = real.finite? && imaginary.finite?
  def infinite? = real.infinite? || imaginary.infinite? ? 1 : nil

  def denominator = real.denominator.lcm(imaginary.denominator)
  def numerator
    scale = denominator
    Complex(real.numerator * (scale / real.denominator), imaginary.numerator * (scale / imaginary.denominator))
  end

  def to_c = self
  def to_i = __exact_real("Integer").to_i
  def to_f = __exact_real("Float").to_f
  def to_r
    unless imaginary == 0
      raise RangeError, "can't convert #{self} into Rational"
    end
    real.to_r
  end

  def rationalize(epsilon = (none = true; nil))
    value = __exact_real("Rational")
    none ? value.rationalize : value.rationalize(epsilon)
  end

  def to_s = __text(:to_s)
  def inspect = "(#{__text(:inspect)})"

  private def __text(form)
    negative = imaginary.is_a?(Float) ? (imaginary < 0 || (imaginary == 0 && 1 / imaginary < 0)) : imaginary < 0
    magnitude = imaginary.abs.__send__(form)
    "#{real.__send__(form)}#{negative ? "-" : "+"}#{magnitude}#{"*" unless magnitude.match?(/\d\z/)}i"
  end

  private def __exact_real(kind)
    raise RangeError, "can't convert #{self} into #{kind}" unless imaginary.eql?(0)
    real
  end

  private def __coerced(other, operator)
    unless other.respond_to?(:coerce)
      raise TypeError, "#{other.nil? || other == true || other == false ? other.inspect : other.class} can't be coerced into Complex"
    end
    a, b = other.coerce(self)
    a.__send__(operator, b)
  end

  def marshal_dump = [real, imaginary]
  private :marshal_dump

  undef_method :%, :div, :divmod, :floor, :ceil, :modulo, :remainder, :round, :step, :truncate, :i, :positive?, :negative?, :<, :<=, :>, :>=, :between?, :clamp
end

module Kernel
  # Complex(real, imaginary = 0, exception: true)
  def Complex(a, b = (one = true; 0), exception: true)
    Complex.__send__(:__check_flag, exception)
    a = Complex.__send__(:__operand, a, exception)
    return nil if a.nil?
    if one
      return a if a.is_a?(Complex)
      return Complex.__send__(:__make, a, 0)
    end
    raise TypeError, "not a real" if exception && (a.is_a?(Symbol) || b.is_a?(Symbol))
    b = Complex.__send__(:__operand, b, exception)
    return nil if b.nil?
    raise TypeError, "not a real" unless a.is_a?(Numeric) && b.is_a?(Numeric)
    if a.real? && b.real?
      Complex.__send__(:__make, a, b)
    else
      a + b * Complex::I
    end
  end
  module_function :Complex
end

class NilClass
  def to_c = Complex(0, 0)
end

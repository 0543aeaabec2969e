# range.rb - Range: iteration. Bounds and questions about them are range.c.
# Semantics: Ruby documentation of Range; ruby/spec core/range.

class Range
  def each
    return to_enum(:each) { size } unless block_given?
    i = __begin
    last = __end
    if Integer === i && (Integer === last || nil == last)
      if nil == last
        while true
          yield i
          i = i.succ
        end
      elsif __excludes_end
        while i < last
          yield i
          i = i.succ
        end
      else
        while i <= last
          yield i
          i = i.succ
        end
      end
    else
      __each_generic(i, last) { |item| yield item }
    end
    self
  end

  # Enumerable iterates through this; a redefined each is honoured.
  private def __each(*args, **keywords)
    return super unless __basic?(:each)
    i = __begin
    last = __end
    if Integer === i && Integer === last
      last -= 1 if __excludes_end
      while i <= last
        yield i
        i = i.succ
      end
    else
      each { |item| yield item }
    end
    self
  end

  private def __each_generic(first, last)
    if String === first || Symbol === first && (Symbol === last || nil == last)
      symbols = Symbol === first
      if symbols
        first = first.name
        last = last&.name
      end
      if nil == last
        while true
          yield symbols ? first.to_sym : first
          first = first.succ
        end
      elsif String === last
        first.upto(last, __excludes_end) { |text| yield symbols ? text.to_sym : text }
        return
      end
    end
    raise TypeError, "can't iterate from #{first.class}" unless first.respond_to?(:succ)
    if nil == last
      while true
        yield first
        first = first.succ
      end
    end
    while (order = first <=> last)
      break if order > 0 || order == 0 && __excludes_end
      yield first
      break if order == 0
      first = first.succ
    end
  end

  private def __include_string(value)
    return false unless String === value
    first, last = __begin, __end
    # single ASCII characters compare as themselves
    if first.bytesize == 1 && last.bytesize == 1 && value.ascii_only? && first.ascii_only? && last.ascii_only?
      return false if value.bytesize != 1
      return first <= value && (__excludes_end ? value < last : value <= last)
    end
    first.upto(last, __excludes_end) { |text| return true if text == value }
    false
  end

  def reverse_each
    unless block_given?
      return to_enum(:reverse_each) do
        raise TypeError, "can't iterate from #{__end.class}" if nil == __end
        nil == __begin && Integer === __end ? Float::INFINITY : size
      end
    end
    first, last = __begin, __end
    raise TypeError, "can't iterate from #{last.class}" if nil == last
    if Integer === last && (Integer === first || nil == first)
      last -= 1 if __excludes_end
      if nil == first
        while true
          yield last
          last = last.pred
        end
      end
      while last >= first
        yield last
        last = last.pred
      end
      self
    else
      super
    end
  end

  def step(by = (no_step = true; 1))
    first, last = __begin, __end
    numeric = Numeric === first
    by_succ = String === first || Symbol === first
    numeric_step = Numeric === by
    if no_step && !numeric && !by_succ && !(nil == first && Numeric === last)
      raise ArgumentError, "step is required for non-numeric ranges"
    end
    raise ArgumentError, "step can't be 0" if numeric_step && numeric && by == 0
    unless block_given?
      if numeric_step && (numeric && (nil == last || Numeric === last) || nil == first && Numeric === last)
        return Enumerator::ArithmeticSequence.__send__(:__make, first, last, by, __excludes_end, [self, :step, by, no_step])
      end
      return to_enum(:step, by) { nil } unless no_step
      return to_enum(:step) { nil }
    end
    raise ArgumentError, "#step iteration for beginless ranges is meaningless" if nil == first
    if numeric_step && numeric && (Float === first || Float === last || Float === by) && (nil == last || Numeric === last)
      Enumerator::ArithmeticSequence.__send__(:__make, first, last, by, __excludes_end, nil).each { |value| yield value }
    elsif by_succ && Integer === by
      left = 1
      __each_generic(first, last) do |item|
        left -= 1
        if left == 0
          left = by
          yield item
        end
      end
    elsif nil == last
      while true
        yield first
        first += by
      end
    elsif numeric_step && numeric && by < 0
      if __excludes_end
        while first > last
          yield first
          first += by
        end
      else
        while first >= last
          yield first
          first += by
        end
      end
    else
      __step_towards(first, last, by) { |value| yield value }
    end
    self
  end

  private def __step_towards(value, last, by)
    direction = value <=> last
    if direction == 0
      yield value unless __excludes_end
      return
    end
    return unless direction && (value <=> value + by) == direction
    while true
      order = value <=> last
      break unless order == direction || order == 0 && !__excludes_end
      yield value
      break if order == 0
      value += by
    end
  end

  def %(by)
    first, last = __begin, __end
    if Numeric === first && (nil == last || Numeric === last) || nil == first && Numeric === last
      raise ArgumentError, "step can't be 0" if by == 0
      return step(by) { |value| yield value } if block_given?
      return Enumerator::ArithmeticSequence.__send__(:__make, first, last, by, __excludes_end, [self, :%, by, false])
    end
    return to_enum(:%, by) { nil } unless block_given?
    step(by) { |value| yield value }
  end

  def to_set(*args, &block)
    raise RangeError, "cannot convert endless range to a set" if nil == __end
    super
  end
end

# array.rb - Array's methods that call a block for each element and change nothing.
#
# `__count` and `__at` read the array itself, whatever a subclass has made of size and []. Both are asked again at every
# step: the block may change the array. Semantics: Ruby documentation of Array; ruby/spec core/array.

class Array
  def each
    return to_enum(:each) { size } unless block_given?
    i = 0
    while i < __count
      yield __at(i)
      i = i.succ
    end
    self
  end

  # Enumerable iterates through this; a redefined each is honoured.
  private def __each(*args, **keywords)
    return super unless __basic?(:each)
    i = 0
    while i < __count
      yield __at(i)
      i = i.succ
    end
    self
  end

  def each_index
    return to_enum(:each_index) { size } unless block_given?
    i = 0
    while i < __count
      yield i
      i = i.succ
    end
    self
  end

  def reverse_each
    return to_enum(:reverse_each) { size } unless block_given?
    i = __count
    while i > 0
      i -= 1
      i = __count - 1 if i >= __count
      yield __at(i) if i >= 0
    end
    self
  end

  def map
    return to_enum(__callee__) { size } unless block_given?
    result = Array.__with_capacity(__count)
    i = 0
    while i < __count
      result << yield(__at(i))
      i = i.succ
    end
    result
  end
  alias collect map

  def map!
    return to_enum(__callee__) { size } unless block_given?
    __check_frozen
    i = 0
    while i < __count
      __set(i, yield(__at(i)))
      i = i.succ
    end
    self
  end
  alias collect! map!

  def select
    return to_enum(__callee__) { size } unless block_given?
    result = []
    i = 0
    while i < __count
      item = __at(i)
      result << item if yield(item)
      i = i.succ
    end
    result
  end
  alias filter select

  def reject
    return to_enum(:reject) { size } unless block_given?
    result = []
    i = 0
    while i < __count
      item = __at(i)
      result << item unless yield(item)
      i = i.succ
    end
    result
  end

  def take_while
    return to_enum(:take_while) unless block_given?
    i = 0
    i = i.succ while i < __count && yield(__at(i))
    take(i)
  end

  def drop_while
    return to_enum(:drop_while) unless block_given?
    i = 0
    i = i.succ while i < __count && yield(__at(i))
    drop(i)
  end

  def find(if_none = (no_argument = true; nil))
    return to_enum(__callee__, *(no_argument ? nil : [if_none])) unless block_given?
    i = 0
    while i < __count
      item = __at(i)
      return item if yield(item)
      i = i.succ
    end
    if_none&.call
  end
  alias detect find

  def rfind(if_none = (no_argument = true; nil))
    return to_enum(:rfind, *(no_argument ? nil : [if_none])) unless block_given?
    i = __count
    while i > 0
      i -= 1
      i = __count - 1 if i >= __count
      break if i < 0
      item = __at(i)
      return item if yield(item)
    end
    if_none&.call
  end

  def any?(*pattern)
    unless pattern.empty?
      raise ArgumentError, "wrong number of arguments (given #{pattern.size}, expected 0..1)" if pattern.size > 1
      warn("given block not used", uplevel: 0) if block_given?
      wanted = pattern[0]
      i = 0
      while i < __count
        return true if wanted === __at(i)
        i = i.succ
      end
      return false
    end
    i = 0
    if block_given?
      while i < __count
        return true if yield(__at(i))
        i = i.succ
      end
    else
      while i < __count
        return true if __at(i)
        i = i.succ
      end
    end
    false
  end

  def all?(*pattern)
    unless pattern.empty?
      raise ArgumentError, "wrong number of arguments (given #{pattern.size}, expected 0..1)" if pattern.size > 1
      warn("given block not used", uplevel: 0) if block_given?
      wanted = pattern[0]
      i = 0
      while i < __count
        return false unless wanted === __at(i)
        i = i.succ
      end
      return true
    end
    i = 0
    if block_given?
      while i < __count
        return false unless yield(__at(i))
        i = i.succ
      end
    else
      while i < __count
        return false unless __at(i)
        i = i.succ
      end
    end
    true
  end

  def none?(*pattern)
    unless pattern.empty?
      raise ArgumentError, "wrong number of arguments (given #{pattern.size}, expected 0..1)" if pattern.size > 1
      warn("given block not used", uplevel: 0) if block_given?
      wanted = pattern[0]
      i = 0
      while i < __count
        return false if wanted === __at(i)
        i = i.succ
      end
      return true
    end
    i = 0
    if block_given?
      while i < __count
        return false if yield(__at(i))
        i = i.succ
      end
    else
      while i < __count
        return false if __at(i)
        i = i.succ
      end
    end
    true
  end

  def one?(*pattern)
    found = 0
    i = 0
    unless pattern.empty?
      raise ArgumentError, "wrong number of arguments (given #{pattern.size}, expected 0..1)" if pattern.size > 1
      warn("given block not used", uplevel: 0) if block_given?
      wanted = pattern[0]
      while i < __count
        return false if wanted === __at(i) && (found += 1) > 1
        i = i.succ
      end
      return found == 1
    end
    while i < __count
      return false if (block_given? ? yield(__at(i)) : __at(i)) && (found += 1) > 1
      i = i.succ
    end
    found == 1
  end

  def cycle(count = (no_count = true; nil))
    unless block_given?
      return to_enum(:cycle, *(no_count ? nil : [count])) do
        if __count == 0 then 0
        elsif count.nil? then Float::INFINITY
        else
          times = count.to_int
          times > 0 ? times * size : 0
        end
      end
    end
    unless count.nil?
      count = Array.__to_long(count)
      return nil if count <= 0
    end
    while __count > 0
      i = 0
      while i < __count
        yield __at(i)
        i = i.succ
      end
      return nil if count && (count -= 1) <= 0
    end
    nil
  end

  def zip(*others)
    lists = others.map do |other|
      list = Array.try_convert(other)
      if list then list
      elsif other.respond_to?(:each) then other.to_enum(:each)
      else raise TypeError, "wrong argument type #{other.class} (must respond to :each)"
      end
    end
    result = block_given? ? nil : Array.__with_capacity(__count)
    i = 0
    while i < __count
      tuple = [__at(i)]
      lists.each do |list|
        if Array === list
          tuple << list.__send__(:__at, i)
        else
          begin
            tuple << list.next
          rescue StopIteration
            tuple << nil
          end
        end
      end
      if result
        result << tuple
      else
        yield tuple
      end
      i = i.succ
    end
    result
  end
end

# enumerable.rb - Enumerable, over `__each`: each with one value per step (enumerator.c).
#
# Array, Hash and Range override what is hot. Semantics: Ruby documentation of Enumerable; ruby/spec core/enumerable.

module Enumerable
  def to_a(*args, **keywords)
    result = []
    if args.empty? && keywords.empty?
      __each { |item| result << item; nil }
    else
      __each(*args, **keywords) { |item| result << item; nil }
    end
    result
  end

  alias entries to_a

  def to_set(*args, &block) = args.empty? ? Set.new(self, &block) : args.shift.new(self, *args, &block)

  def each_entry(*args)
    return to_enum(:each_entry, *args) { __enum_size } unless block_given?
    __each(*args) { |item| yield item }
    self
  end

  def flat_map
    return to_enum(__callee__) { __enum_size } unless block_given?
    result = []
    if Array === self && __basic?(:each)
      i = 0
      while i < __count
        item = yield(__at(i))
        list = Array.try_convert(item)
        list ? result.concat(list) : result << item
        i = i.succ
      end
      return result
    end
    each do |*values|
      item = yield(*values)
      list = Array.try_convert(item)
      list ? result.concat(list) : result << item
    end
    result
  end
  alias collect_concat flat_map

  def select
    return to_enum(__callee__) { __enum_size } unless block_given?
    result = []
    __each { |item| result << item if yield(item) }
    result
  end
  alias filter select
  alias find_all select

  def reject
    return to_enum(:reject) { __enum_size } unless block_given?
    result = []
    __each { |item| result << item unless yield(item) }
    result
  end

  def filter_map
    return to_enum(:filter_map) { __enum_size } unless block_given?
    result = []
    if Array === self && __basic?(:each)
      i = 0
      while i < __count
        mapped = yield(__at(i))
        result << mapped if mapped
        i = i.succ
      end
      return result
    end
    each do |*values|
      mapped = yield(*values)
      result << mapped if mapped
    end
    result
  end

  def compact
    result = []
    __each { |item| result << item unless nil == item }
    result
  end

  def partition
    return to_enum(:partition) { __enum_size } unless block_given?
    accepted = []
    rejected = []
    __each { |item| (yield(item) ? accepted : rejected) << item }
    [accepted, rejected]
  end

  def group_by
    return to_enum(:group_by) { __enum_size } unless block_given?
    groups = {}
    if Array === self && __basic?(:each)
      i = 0
      while i < __count
        item = __at(i)
        key = yield(item)
        group = groups[key]
        if group
          group << item
        else
          groups[key] = [item]
        end
        i = i.succ
      end
      return groups
    end
    __each do |item|
      key = yield(item)
      group = groups[key]
      if group
        group << item
      else
        groups[key] = [item]
      end
    end
    groups
  end

  def tally(counts = nil)
    if counts
      counts = Hash.__to_hash(counts)
      raise FrozenError.new("can't modify frozen #{counts.class}: #{counts.inspect}", receiver: counts) if counts.frozen?
      __each do |item|
        count = counts.fetch(item, 0)
        raise TypeError, "wrong argument type #{count.class} (expected Integer)" unless Integer === count
        counts[item] = count + 1
      end
    else
      counts = {}
      __each { |item| counts[item] = (counts[item] || 0) + 1 }
    end
    counts
  end

  def find(if_none = (no_argument = true; nil))
    return to_enum(__callee__, *(no_argument ? nil : [if_none])) unless block_given?
    __each { |item| return item if yield(item) }
    if_none&.call
  end
  alias detect find

  def find_index(wanted = (no_value = true; nil))
    return to_enum(:find_index) if no_value && !block_given?
    i = 0
    if no_value
      each do |*values|
        return i if yield(*values)
        i += 1
      end
    else
      warn("given block not used", uplevel: 0) if block_given?
      __each do |item|
        return i if item == wanted
        i += 1
      end
    end
    nil
  end

  def first(count = (no_count = true; nil))
    if no_count
      __each { |item| return item }
      return nil
    end
    count = Array.__to_long(count)
    raise ArgumentError, "attempt to take negative size" if count < 0
    result = []
    return result if count == 0
    __each do |item|
      result << item
      break if (count -= 1) == 0
    end
    result
  end

  def take(count)
    count = Array.__to_long(count)
    raise ArgumentError, "attempt to take negative size" if count < 0
    result = []
    return result if count == 0
    __each do |item|
      result << item
      break if (count -= 1) == 0
    end
    result
  end

  def take_while
    return to_enum(:take_while) unless block_given?
    result = []
    __each do |item|
      break unless yield(item)
      result << item
    end
    result
  end

  def drop(count)
    count = Array.__to_long(count)
    raise ArgumentError, "attempt to drop negative size" if count < 0
    result = []
    __each do |item|
      if count > 0
        count -= 1
      else
        result << item
      end
    end
    result
  end

  def drop_while
    return to_enum(:drop_while) unless block_given?
    result = []
    dropping = true
    __each do |item|
      dropping = false if dropping && !yield(item)
      result << item unless dropping
    end
    result
  end

  def include?(wanted)
    __each { |item| return true if item == wanted }
    false
  end
  alias member? include?

  def count(wanted = (no_value = true; nil))
    count = 0
    if !no_value
      warn("given block not used", uplevel: 0) if block_given?
      __each { |item| count += 1 if item == wanted }
    elsif block_given?
      each { |*values| count += 1 if yield(*values) }
    else
      __each { |item| count += 1 }
    end
    count
  end

  def all?(pattern = (no_pattern = true; nil))
    if !no_pattern
      warn("given block not used", uplevel: 0) if block_given?
      __each { |item| return false unless pattern === item }
    elsif block_given? && Range === self
      __each { |item| return false unless yield(item) }
    elsif block_given?
      each { |*values| return false unless yield(*values) }
    else
      __each { |item| return false unless item }
    end
    true
  end

  def any?(pattern = (no_pattern = true; nil))
    if !no_pattern
      warn("given block not used", uplevel: 0) if block_given?
      __each { |item| return true if pattern === item }
    elsif block_given? && Range === self
      __each { |item| return true if yield(item) }
    elsif block_given?
      each { |*values| return true if yield(*values) }
    else
      __each { |item| return true if item }
    end
    false
  end

  def none?(pattern = (no_pattern = true; nil))
    if !no_pattern
      warn("given block not used", uplevel: 0) if block_given?
      __each { |item| return false if pattern === item }
    elsif block_given? && Range === self
      __each { |item| return false if yield(item) }
    elsif block_given?
      each { |*values| return false if yield(*values) }
    else
      __each { |item| return false if item }
    end
    true
  end

  def one?(pattern = (no_pattern = true; nil))
    found = 0
    if !no_pattern
      warn("given block not used", uplevel: 0) if block_given?
      __each { |item| return false if pattern === item && (found += 1) > 1 }
    elsif block_given?
      each { |*values| return false if yield(*values) && (found += 1) > 1 }
    else
      __each { |item| return false if item && (found += 1) > 1 }
    end
    found == 1
  end

  def inject(initial = (no_initial = true; nil), operator = (no_operator = true; nil), *more, &block)
    raise ArgumentError, "wrong number of arguments (given #{2 + more.size}, expected 1..2)" unless more.empty?
    if no_operator && !no_initial && !block
      operator = initial
      no_initial = true
      no_operator = false
    end
    raise ArgumentError, "wrong number of arguments (given 0, expected 1..2)" if no_operator && !block
    if no_operator
      if Array === self && __basic?(:each)
        i = 0
        memo = initial
        if no_initial
          memo = __at(0)
          i = 1
        end
        while i < __count
          memo = yield(memo, __at(i))
          i = i.succ
        end
        return memo
      end
      if no_initial
        memo = nil
        started = false
        __each do |item|
          if started
            memo = yield(memo, item)
          else
            memo = item
            started = true
          end
        end
        memo
      else
        memo = initial
        __each { |item| memo = yield(memo, item) }
        memo
      end
    else
      raise TypeError, "#{operator.inspect} is not a symbol nor a string" unless Symbol === operator || String === operator
      memo = no_initial ? nil : initial
      if Array === self && __basic?(:each)
        i = 0
        if no_initial
          return nil if __count == 0
          memo = __at(0)
          i = 1
        end
        while i < __count
          memo = memo.__send__(operator, __at(i))
          i = i.succ
        end
        return memo
      end
      __each do |item|
        if no_initial
          memo = item
          no_initial = false
        else
          memo = memo.__send__(operator, item)
        end
      end
      memo
    end
  end

  alias reduce inject

  def sum(initial = 0)
    if Range === self && !block_given? && Integer === initial && Integer === __begin && Integer === __end
      first = __begin
      last = __excludes_end ? __end - 1 : __end
      return last < first ? initial : initial + (last - first + 1) * (first + last) / 2
    end
    items = []
    if block_given?
      __each { |item| items << yield(item) }
    else
      __each { |item| items << item }
    end
    items.sum(initial)
  end

  def min(count = nil, &block)
    return Enumerable.__items(self).min(count, &block) if block || nil != count
    best = nil
    started = false
    __each do |item|
      if !started || (item <=> best || Enumerable.__order(item, best)) < 0
        best = item
        started = true
      end
    end
    best
  end

  def max(count = nil, &block)
    return Enumerable.__items(self).max(count, &block) if block || nil != count
    best = nil
    started = false
    __each do |item|
      if !started || (item <=> best || Enumerable.__order(item, best)) > 0
        best = item
        started = true
      end
    end
    best
  end

  def minmax(&block) = Enumerable.__items(self).minmax(&block)
  def sort(&block) = Enumerable.__items(self).sort(&block)

  # All items in an Array of their own.
  def self.__items(enumerable)
    return Array.__slice(enumerable, 0, enumerable.size) if enumerable.instance_of?(Array)
    result = []
    enumerable.__send__(:__each) { |item| result << item }
    result
  end

  # The count items with the least (greatest) keys, in order.
  def self.__select_by(enumerable, count, greatest)
    pairs = []
    enumerable.__send__(:__each) { |item| pairs << yield(item) << item }
    Array.__extremes_by(pairs, Array.__to_long(count), greatest)
  end

  def min_by(count = (no_count = true; nil))
    return to_enum(:min_by, *(no_count ? nil : [count])) { __enum_size } unless block_given?
    return Enumerable.__select_by(self, count, false) { |item| yield(item) } unless no_count || nil == count
    best = best_key = nil
    started = false
    __each do |item|
      key = yield(item)
      if !started || (key <=> best_key || Enumerable.__order(key, best_key)) < 0
        best = item
        best_key = key
        started = true
      end
    end
    best
  end

  def max_by(count = (no_count = true; nil))
    return to_enum(:max_by, *(no_count ? nil : [count])) { __enum_size } unless block_given?
    return Enumerable.__select_by(self, count, true) { |item| yield(item) } unless no_count || nil == count
    best = best_key = nil
    started = false
    __each do |item|
      key = yield(item)
      if !started || (key <=> best_key || Enumerable.__order(key, best_key)) > 0
        best = item
        best_key = key
        started = true
      end
    end
    best
  end

  def minmax_by
    return to_enum(:minmax_by) { __enum_size } unless block_given?
    least = least_key = greatest = greatest_key = nil
    started = false
    __each do |item|
      key = yield(item)
      if !started
        least = greatest = item
        least_key = greatest_key = key
        started = true
      else
        if (key <=> least_key || Enumerable.__order(key, least_key)) < 0
          least = item
          least_key = key
        end
        if (key <=> greatest_key || Enumerable.__order(key, greatest_key)) > 0
          greatest = item
          greatest_key = key
        end
      end
    end
    [least, greatest]
  end

  def sort_by(&block)
    return to_enum(:sort_by) { __enum_size } unless block
    Enumerable.__items(self).sort_by!(&block)
  end

  def uniq(&block) = Enumerable.__items(self).uniq(&block)

  def to_h(*args)
    result = {}
    __each(*args) do |item|
      element = block_given? ? yield(item) : item
      pair = Array.try_convert(element)
      raise TypeError, "wrong element type #{element.class} (expected array)" unless pair
      raise ArgumentError, "element has wrong array length (expected 2, was #{pair.size})" unless pair.size == 2
      result[pair[0]] = pair[1]
    end
    result
  end

  def each_with_index(*args)
    return to_enum(:each_with_index, *args) { __enum_size } unless block_given?
    i = 0
    if Array === self && args.empty? && __basic?(:each)
      while i < __count
        yield __at(i), i
        i = i.succ
      end
      return self
    end
    __each(*args) do |item|
      result = yield(item, i)
      i += 1
      result
    end
    self
  end

  def each_with_object(memo)
    return to_enum(:each_with_object, memo) { __enum_size } unless block_given?
    if Array === self && __basic?(:each)
      i = 0
      while i < __count
        yield __at(i), memo
        i = i.succ
      end
      return memo
    end
    __each { |item| yield(item, memo) }
    memo
  end

  def reverse_each(*args)
    return to_enum(:reverse_each, *args) { __enum_size } unless block_given?
    to_a(*args).reverse_each { |item| yield item }
    self
  end

  def each_slice(count)
    count = Array.__to_long(count)
    raise ArgumentError, "invalid slice size" if count <= 0
    unless block_given?
      return to_enum(:each_slice, count) do
        size = __enum_size
        size && (Float === size ? size : (size + count - 1).div(count))
      end
    end
    if Array === self && __basic?(:each)
      i = 0
      while i < __count
        yield Array.__slice(self, i, count)
        i += count
      end
      return self
    elsif Range === self && __basic?(:each) && Integer === (i = __begin) && Integer === (last = __end)
      last -= 1 if __excludes_end
      while i <= last
        yield Range.__integers(i, i + count - 1 < last ? i + count - 1 : last)
        i += count
      end
      return self
    end
    slice = Array.__with_capacity(count)
    __each do |item|
      slice << item
      if slice.size == count
        full = slice
        slice = Array.__with_capacity(count)
        yield full
      end
    end
    yield slice unless slice.empty?
    self
  end

  def each_cons(count)
    count = Array.__to_long(count)
    raise ArgumentError, "invalid size" if count <= 0
    unless block_given?
      return to_enum(:each_cons, count) do
        size = __enum_size
        size && [size - count + 1, 0].max
      end
    end
    window = []
    __each do |item|
      window.shift if window.size == count
      window << item
      yield window.dup if window.size == count
    end
    self
  end

  def cycle(count = (no_count = true; nil))
    unless block_given?
      return to_enum(:cycle, *(no_count ? nil : [count])) do
        size = __enum_size
        if nil == size || size == 0 then size
        elsif nil == count then Float::INFINITY
        else
          times = Array.__to_long(count)
          times > 0 ? size * times : 0
        end
      end
    end
    unless nil == count
      count = Array.__to_long(count)
      return nil if count <= 0
    end
    items = []
    __each do |item|
      items << item
      yield item
    end
    return nil if items.empty?
    while nil == count || (count -= 1) > 0
      i = 0
      while i < items.size
        yield items[i]
        i += 1
      end
    end
    nil
  end

  def zip(*others)
    lists = others.map do |other|
      Array.try_convert(other) || (other.respond_to?(:each) ? other.to_enum(:each) :
        raise(TypeError, "wrong argument type #{other.class} (must respond to :each)"))
    end
    result = block_given? ? nil : []
    i = 0
    __each do |item|
      tuple = [item]
      lists.each_with_index do |list, which|
        if Array === list
          tuple << list[i]
        elsif nil == list
          tuple << nil
        else
          begin
            tuple << list.next
          rescue StopIteration
            lists[which] = nil
            tuple << nil
          end
        end
      end
      i += 1
      result ? result << tuple : yield(tuple)
    end
    result
  end

  def grep(pattern)
    result = []
    __each { |item| result << (block_given? ? yield(item) : item) if pattern === item }
    result
  end

  def grep_v(pattern)
    result = []
    __each { |item| result << (block_given? ? yield(item) : item) unless pattern === item }
    result
  end

  # Consecutive items for which the block gives the same key. nil and :_separator drop an item, :_alone sets it apart.
  def chunk
    return to_enum(:chunk) { __enum_size } unless block_given?
    source = self
    classify = proc { |item| yield(item) }
    Enumerator.new do |yielder|
      key = items = nil
      source.__send__(:__each) do |item|
        new_key = classify.call(item)
        if new_key == :_alone
          yielder.yield([key, items]) if items
          yielder.yield([:_alone, [item]])
          items = nil
        elsif new_key == :_separator || nil == new_key
          yielder.yield([key, items]) if items
          items = nil
        elsif Symbol === new_key && new_key.start_with?("_")
          raise RuntimeError, "symbols beginning with an underscore are reserved"
        elsif items && key == new_key
          items << item
        else
          yielder.yield([key, items]) if items
          key = new_key
          items = [item]
        end
      end
      yielder.yield([key, items]) if items
      nil
    end
  end

  def slice_when
    raise ArgumentError, "tried to create Proc object without a block" unless block_given?
    separates = proc { |before, after| yield(before, after) }
    __split_between(separates, true)
  end

  def chunk_while
    raise ArgumentError, "tried to create Proc object without a block" unless block_given?
    joins = proc { |before, after| yield(before, after) }
    __split_between(joins, false)
  end

  private def __split_between(decide, cut_on)
    source = self
    Enumerator.new do |yielder|
      items = nil
      before = nil
      source.__send__(:__each) do |item|
        if items
          if (decide.call(before, item) ? true : false) == cut_on
            yielder << items
            items = [item]
          else
            items << item
          end
        else
          items = [item]
        end
        before = item
      end
      yielder << items if items
      nil
    end
  end

  def slice_before(pattern = (no_pattern = true; nil))
    if no_pattern
      raise ArgumentError, "wrong number of arguments (given 0, expected 1)" unless block_given?
      starts = proc { |item| yield(item) }
    else
      raise ArgumentError, "wrong number of arguments (given 1, expected 0)" if block_given?
      starts = proc { |item| pattern === item }
    end
    source = self
    Enumerator.new do |yielder|
      items = nil
      source.__send__(:__each) do |item|
        if items && starts.call(item)
          yielder << items
          items = [item]
        elsif items
          items << item
        else
          starts.call(item)
          items = [item]
        end
      end
      yielder << items if items
      nil
    end
  end

  def slice_after(pattern = (no_pattern = true; nil))
    if no_pattern
      raise ArgumentError, "wrong number of arguments (given 0, expected 1)" unless block_given?
      ends = proc { |item| yield(item) }
    else
      raise ArgumentError, "both pattern and block are given" if block_given?
      ends = proc { |item| pattern === item }
    end
    source = self
    Enumerator.new do |yielder|
      items = nil
      source.__send__(:__each) do |item|
        (items ||= []) << item
        if ends.call(item)
          yielder << items
          items = nil
        end
      end
      yielder << items if items
      nil
    end
  end

  def chain(*others)
    chain = Enumerator::Chain.new(self, *others)
    Enumerator::Lazy === self ? chain.lazy : chain
  end

  def lazy = Enumerator::Lazy.__send__(:__from, self)
end

# enumerator.rb - Enumerator beyond enumerator.c: with_index and kin, produce, product, and the classes Chain, Product,
# Producer and ArithmeticSequence, which keep what they are made of in `__state`.
# Semantics: Ruby documentation of Enumerator; ruby/spec core/enumerator.

class Enumerator
  def with_index(*args)
    raise ArgumentError, "wrong number of arguments (given #{args.size}, expected 0..1)" if args.size > 1
    return to_enum(:with_index, *args) { size } unless block_given?
    offset = args[0]
    offset = nil == offset ? 0 : Array.__to_int(offset)
    __each do |item|
      index = offset
      offset += 1
      yield item, index
    end
  end

  def each_with_index
    return to_enum(:each_with_index) { size } unless block_given?
    index = -1
    __each do |item|
      index += 1
      yield item, index
    end
  end

  def each_with_object(memo)
    return to_enum(__callee__, memo) { size } unless block_given?
    __each { |item| yield item, memo }
    memo
  end
  alias with_object each_with_object

  def +(other)
    chain = Chain.new(self, other)
    Lazy === self ? chain.lazy : chain
  end

  class << self
    # The values initial, block[initial], … until the block raises StopIteration.
    def produce(*initial, size: Float::INFINITY, &block)
      raise ArgumentError, "no block given" unless block
      if initial.size > 1
        raise ArgumentError, "wrong number of arguments (given #{initial.size}, expected 0..1)"
      end
      unless nil == size || Float === size || Integer === size || size.respond_to?(:call)
        size = Array.__to_int(size)
      end
      producer = Producer.__send__(:new, initial, block)
      Enumerator.allocate.__send__(:__setup, producer, :each, size, nil)
    end

    def product(*enums, **keywords, &block)
      raise ArgumentError, "unknown keyword#{"s" if keywords.size > 1}: #{keywords.keys.map(&:inspect).join(", ")}" unless keywords.empty?
      product = Product.new(*enums)
      return product unless block
      product.each(&block)
      nil
    end
  end

  class Producer
    include Enumerable

    def initialize(initial, block)
      @initial = initial
      @block = block
    end

    def each
      if @initial.empty?
        value = @block.call
      else
        value = @initial[0]
      end
      while true
        yield value
        value = @block.call(value)
      end
    rescue StopIteration
      self
    end

    def inspect = Kernel.instance_method(:to_s).bind_call(self)
    private_class_method :new
  end
  private_constant :Producer

  # __state: [enums, how many of them were begun]
  class Chain < Enumerator
    private def initialize(*enums)
      __setup(enums.freeze, :each, nil, [enums, 0])
    end

    private def initialize_copy(other)
      return self if equal?(other)
      raise TypeError, "initialize_copy should take same class object" unless other.instance_of?(self.class)
      raise ArgumentError, "uninitialized chain" unless other.__send__(:__set_up?)
      super
      __begun(0)
    end

    private def __begun(count)
      enums, = __state
      __setup(enums, :each, nil, [enums, count])
    end

    private def __enums
      raise ArgumentError, "uninitialized chain" unless __set_up?
      __state[0]
    end

    private def __each_enum
      __enums.each_with_index do |enum, index|
        __begun(index + 1)
        yield enum
      end
      self
    end

    def each(*args)
      return self unless block_given?
      __each_enum { |enum| enum.each(*args) { |*values| yield(*values) } }
    end

    private def __each(*args)
      __each_enum { |enum| enum.each(*args) { |*values| yield(values.size > 1 ? values : values[0]) } }
    end

    def size
      total = 0
      __enums.each do |enum|
        size = enum.size
        return size if nil == size || Float === size && size.infinite?
        return nil unless Integer === size
        total += size
      end
      total
    end

    def rewind
      __enums
      enums, begun = __state
      while begun > 0
        begun -= 1
        __begun(begun)
        enums[begun].rewind if enums[begun].respond_to?(:rewind)
      end
      self
    end

    def inspect = super
    undef_method :next, :next_values, :peek, :peek_values, :feed
  end

  class Product < Enumerator
    private def initialize(*enums, **keywords)
      raise ArgumentError, "unknown keyword#{"s" if keywords.size > 1}: #{keywords.keys.map(&:inspect).join(", ")}" unless keywords.empty?
      __setup(enums.freeze, :each, nil, enums)
    end

    private def initialize_copy(other)
      return self if equal?(other)
      raise TypeError, "initialize_copy should take same class object" unless other.instance_of?(self.class)
      raise ArgumentError, "uninitialized product" unless other.__send__(:__set_up?)
      super
    end

    private def __enums
      raise ArgumentError, "uninitialized product" unless __set_up?
      __state
    end

    def each(&block)
      return self unless block
      __combine(__enums, 0, [], block)
      self
    end

    private def __each
      __combine(__enums, 0, [], proc { |tuple| yield tuple })
      self
    end

    private def __combine(enums, depth, chosen, block)
      if depth == enums.size
        block.call(chosen.dup)
      else
        enums[depth].each_entry do |value|
          chosen[depth] = value
          __combine(enums, depth + 1, chosen, block)
        end
      end
    end

    def size
      sizes = __enums.map do |enum|
        return nil unless enum.respond_to?(:size)
        size = enum.size
        return size if nil == size
        return nil unless Integer === size || Float === size && size.infinite?
        size
      end
      return 0 if sizes.include?(0)
      sizes.inject(1) { |total, size| total * size }
    end

    def rewind
      __enums.each { |enum| enum.rewind if enum.respond_to?(:rewind) }
      self
    end

    def inspect = super
    undef_method :next, :next_values, :peek, :peek_values, :feed
  end

  # __state: [begin, end, step, exclude_end, origin]; origin is [receiver, method, *how the arguments were given], for
  # inspect: of Range#step and %, [range, name, step, no_step]; of Numeric#step, [number, :step, no_limit, no_step, no_by,
  # no_to].
  class ArithmeticSequence < Enumerator
    class << self
      private def __make(first, last, step, exclude_end, origin)
        step = 1 if nil == step
        sequence = __allocate
        sequence.__send__(:__setup, sequence, :each, nil, [first, last, step, exclude_end, origin].freeze)
      end

      undef_method :new
    end

    def begin = __state[0]
    def end = __state[1]
    def step = __state[2]
    def exclude_end? = __state[3]

    private def __floats?
      state = __state
      Float === state[0] || Float === state[1] || Float === state[2]
    end

    # How many floats: the rounding errors of the division may not cost the last one.
    private def __float_count(first, last, step, exclude_end)
      count = (last - first) / step
      error = (first.abs + last.abs + (last - first).abs) / step.abs * Float::EPSILON
      return (step > 0 ? first <= last : first >= last) ? 1 : 0 if step.infinite?
      return Float::INFINITY if step == 0
      error = 0.5 if error > 0.5
      return count > 0 ? Float::INFINITY : 0 if count.infinite?
      if exclude_end
        return 0 if count <= 0
        count = count < 1 ? 0 : (count - error).floor
        beyond = (count + 1) * step + first
        count += 1 if first < last ? beyond < last : first > last && beyond > last
        count + 1
      else
        return 0 if count < 0
        (count + error).floor + 1
      end
    end

    def size
      first, last, step, exclude_end = __state
      if __floats?
        limit = nil == last ? (step < 0 ? -Float::INFINITY : Float::INFINITY) : Float(last)
        return __float_count(Float(first), limit, Float(step), exclude_end)
      end
      return Float::INFINITY if nil == last || step == 0
      return 0 if step > 0 ? first > last : first < last
      count, rest = (last - first).divmod(step)
      exclude_end && rest == 0 ? count : count + 1
    end

    def each
      return self unless block_given?
      first, last, step, exclude_end = __state
      if __floats?
        __each_float(Float(first), last, Float(step), exclude_end) { |value| yield value }
      elsif nil == last
        while true
          yield first
          first += step
        end
      elsif step > 0
        if exclude_end
          while first < last
            yield first
            first += step
          end
        else
          while first <= last
            yield first
            first += step
          end
        end
      elsif exclude_end
        while first > last
          yield first
          first += step
        end
      else
        while first >= last
          yield first
          first += step
        end
      end
      self
    end

    private def __each(*) = each { |value| yield value }

    private def __each_float(first, last, step, exclude_end)
      last = nil == last ? (step < 0 ? -Float::INFINITY : Float::INFINITY) : Float(last)
      count = __float_count(first, last, step, exclude_end)
      if step.infinite?
        yield first if count > 0
        return
      end
      index = 0
      while index < count
        value = index * step + first
        value = last if !exclude_end && (step >= 0 ? last < value : value < last)
        yield value
        index += 1
      end
    end

    def first(count = (no_count = true; nil))
      if no_count
        first, last, step, exclude_end = __state
        return first if nil == last
        return nil if step > 0 ? first > last : first < last
        return nil if exclude_end && first == last
        return first
      end
      count = Array.__to_int(count)
      raise ArgumentError, "attempt to take negative size" if count < 0
      result = []
      return result if count == 0
      each do |value|
        result << value
        break if result.size == count
      end
      result
    end

    def last(count = (no_count = true; nil))
      first, last, step, = __state
      raise RangeError, "cannot get the last element of endless arithmetic sequence" if nil == last
      total = size
      if no_count
        return nil if total == 0
        return to_a.last if __floats?
        return first + (total - 1) * step
      end
      count = Array.__to_int(count)
      raise ArgumentError, "negative array size" if count < 0
      return to_a.last(count) if __floats?
      count = total if count > total
      Array.new(count) { |i| first + (total - count + i) * step }
    end

    def ==(other)
      ArithmeticSequence === other && __state.first(4) == other.__send__(:__state).first(4)
    end
    alias === ==
    alias eql? ==

    def hash = __state.first(4).hash

    def inspect
      receiver, name, *given = __state[4]
      return "(#{__state[0].inspect}.step)" unless receiver
      if Range === receiver
        by, no_step = given
        text = "((#{receiver.inspect}).#{name}"
        text << "(#{by.inspect})" unless no_step
      else
        no_limit, no_step, no_by, no_to = given
        arguments = []
        arguments << __state[1].inspect unless no_limit
        arguments << __state[2].inspect unless no_step
        arguments << "by: #{__state[2].inspect}" unless no_by
        arguments << "to: #{__state[1].inspect}" unless no_to
        text = "(#{receiver.inspect}.#{name}"
        text << "(#{arguments.join(", ")})" unless arguments.empty?
      end
      text << ")"
    end
    alias to_s inspect
  end
end

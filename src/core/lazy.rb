# lazy.rb - Enumerator::Lazy: a chain of enumerations that runs only as far as somebody asks.
#
# Each operation makes a new Lazy over a Generator that runs the operation's loop over its source: `break` in that loop ends
# the enumeration early, and its local variables are fresh for each run. `__state` is [source, name, arguments], for inspect.
# Semantics: Ruby documentation of Enumerator::Lazy; ruby/spec core/enumerator/lazy.

class Enumerator
  class Lazy < Enumerator
    private def initialize(source = (no_source = true; nil), size = nil)
      raise ArgumentError, "wrong number of arguments (given 0, expected 1..2)" if no_source
      raise ArgumentError, "tried to call lazy new without a block" unless block_given?
      generator = Generator.new do |yielder, *args|
        source.each(*args) { |*values| yield(yielder, *values) }
      end
      __setup(generator, :each, size, [source, :each, nil])
    end

    class << self
      private def __from(source)
        size = source.respond_to?(:size) ? proc { source.size } : nil
        allocate.__send__(:__setup, source, :each, size, [source, nil, nil])
      end

      private def __derive(source, name, args, size, run)
        raise TypeError, "can't copy execution context" if source.__send__(:__running?)
        allocate.__send__(:__setup, Generator.new(&run), :each, size, [source, name, args])
      end
    end

    private def __derive(name, args = nil, size = nil, &run)
      Lazy.__send__(:__derive, self, name, args, size, run)
    end

    private def __need_block(name, given)
      raise ArgumentError, "tried to call lazy #{name} without a block" unless given
    end

    # Some operations hand their block the values as `each` yields them; what they pass on is one value.
    private def __each_values
      each { |*values| yield(values.size > 1 ? values : values[0], values) }
    end

    def map
      __need_block(:map, block_given?)
      __derive(__callee__, nil, size) { |yielder| each { |*values| yielder << yield(*values) } }
    end
    alias collect map

    def select
      __need_block(:select, block_given?)
      __derive(__callee__) { |yielder| __each { |item| yielder << item if yield(item) } }
    end
    alias filter select
    alias find_all select

    def reject
      __need_block(:reject, block_given?)
      __derive(:reject) { |yielder| __each { |item| yielder << item unless yield(item) } }
    end

    def filter_map
      __need_block(:filter_map, block_given?)
      __derive(:filter_map) do |yielder|
        each do |*values|
          result = yield(*values)
          yielder << result if result
        end
      end
    end

    def flat_map
      __need_block(:flat_map, block_given?)
      __derive(__callee__) do |yielder|
        each do |*values|
          result = yield(*values)
          if Array === result || result.respond_to?(:force) && result.respond_to?(:each)
            result.each { |part| yielder << part }
          elsif (list = Array.try_convert(result))
            list.each { |part| yielder << part }
          else
            yielder << result
          end
        end
      end
    end
    alias collect_concat flat_map

    def take(count)
      count = Array.__to_long(count)
      raise ArgumentError, "attempt to take negative size" if count < 0
      total = size
      total = count if total && total > count
      __derive(:take, [count], total) do |yielder|
        left = count
        if left > 0
          __each do |item|
            left -= 1
            yielder << item
            break if left == 0
          end
        end
      end
    end

    def take_while
      __need_block(:take_while, block_given?)
      __derive(:take_while) do |yielder|
        __each_values do |item, values|
          break unless yield(*values)
          yielder << item
        end
      end
    end

    def drop(count)
      count = Array.__to_long(count)
      raise ArgumentError, "attempt to drop negative size" if count < 0
      total = size
      total = total > count ? total - count : 0 if total
      __derive(:drop, [count], total) do |yielder|
        left = count
        __each do |item|
          if left > 0
            left -= 1
          else
            yielder << item
          end
        end
      end
    end

    def drop_while
      __need_block(:drop_while, block_given?)
      __derive(:drop_while) do |yielder|
        dropping = true
        __each_values do |item, values|
          dropping = false if dropping && !yield(*values)
          yielder << item unless dropping
        end
      end
    end

    def grep(pattern)
      __derive(:grep, [pattern]) do |yielder|
        __each { |item| yielder << (block_given? ? yield(item) : item) if pattern === item }
      end
    end

    def grep_v(pattern)
      __derive(:grep_v, [pattern]) do |yielder|
        __each { |item| yielder << (block_given? ? yield(item) : item) unless pattern === item }
      end
    end

    def compact = __derive(:compact) { |yielder| __each { |item| yielder << item unless nil == item } }

    def uniq
      __derive(:uniq) do |yielder|
        seen = {}
        __each do |item|
          key = block_given? ? yield(item) : item
          unless seen.key?(key)
            seen[key] = true
            yielder << item
          end
        end
      end
    end

    def zip(*others, &block)
      return super if block
      others.each do |other|
        unless other.respond_to?(:each)
          raise TypeError, "wrong argument type #{other.class} (must respond to :each)"
        end
      end
      __derive(:zip, others, size) do |yielder|
        cursors = others.map { |other| Array === other ? other : other.each_entry }
        index = -1
        __each do |item|
          index += 1
          tuple = [item]
          cursors.each_with_index do |cursor, which|
            if Array === cursor
              tuple << cursor[index]
            else
              begin
                tuple << cursor&.next
              rescue StopIteration
                cursors[which] = nil
                tuple << nil
              end
            end
          end
          yielder << tuple
        end
      end
    end

    def with_index(*args, &block)
      raise ArgumentError, "wrong number of arguments (given #{args.size}, expected 0..1)" if args.size > 1
      offset = nil == args[0] ? 0 : Array.__to_int(args[0])
      __derive(:with_index, [offset], size) do |yielder|
        index = offset - 1
        __each do |item|
          index += 1
          if block
            block.call(item, index)
            yielder << item
          else
            yielder << [item, index]
          end
        end
      end
    end

    def chunk(...) = super.lazy
    def chunk_while(...) = super.lazy
    def slice_when(...) = super.lazy
    def slice_before(...) = super.lazy
    def slice_after(...) = super.lazy

    # These run here and now when asked for by to_enum, as they do in Enumerator.
    PLAIN = %i[map collect flat_map collect_concat select filter find_all filter_map reject grep grep_v zip take take_while
               drop drop_while uniq with_index].freeze
    private_constant :PLAIN

    def to_enum(method = :each, *args, **keywords, &size)
      return super unless PLAIN.include?(method)
      __derive(method, args, size) do |yielder|
        plain = Enumerator.instance_method(method)
        plain.bind_call(self, *args, **keywords) { |*values| yielder.yield(*values) }
      end
    end
    alias enum_for to_enum

    def lazy = self
    def force(...) = to_a(...)
    def eager = Enumerator.allocate.__send__(:__setup, self, :each, proc { size }, nil)
  end
end

# env.rb - ENV: what makes the environment look like a Hash. Access to it is env.c.
# Semantics: Ruby documentation of ENV; ruby/spec core/env.

class << ENV
  include Enumerable

  def [](name) = __get(name)

  def []=(name, value)
    __set(name, value)
  end
  alias store []=

  def fetch(name, default = (no_default = true; nil))
    warn("block supersedes default value argument", uplevel: 0) if block_given? && !no_default
    value = __get(name)
    return value unless nil == value
    return yield(name) if block_given?
    return default unless no_default
    raise KeyError.new("key not found: #{name.inspect}", receiver: self, key: name)
  end

  def delete(name)
    value = __get(name)
    if nil == value
      return block_given? ? yield(name) : nil
    end
    __set(name, nil)
    value
  end

  def key?(name) = nil != __get(name)
  alias include? key?
  alias has_key? key?
  alias member? key?

  private def __string(value)
    text = String.try_convert(value)
    raise TypeError, "no implicit conversion of #{nil == value ? "nil" : value.class} into String" unless text
    text
  end

  def key(value)
    value = __string(value)
    __pairs.each { |name, have| return name if have == value }
    nil
  end

  def value?(value)
    value = String.try_convert(value) or return nil
    __pairs.any? { |_, have| have == value }
  end
  alias has_value? value?

  def each
    return to_enum(:each) { size } unless block_given?
    __pairs.each { |pair| yield pair }
    self
  end

  def each_pair
    return to_enum(:each_pair) { size } unless block_given?
    __pairs.each { |pair| yield pair }
    self
  end

  def each_key
    return to_enum(:each_key) { size } unless block_given?
    __pairs.each { |name, _| yield name }
    self
  end

  def each_value
    return to_enum(:each_value) { size } unless block_given?
    __pairs.each { |_, value| yield value }
    self
  end

  def keys = __pairs.map { |name, _| name }
  def values = __pairs.map { |_, value| value }
  def to_a = __pairs
  def to_hash = __pairs.to_h

  def to_h(&block)
    block ? __pairs.to_h(&block) : __pairs.to_h
  end

  def inspect = __pairs.to_h.inspect
  def size = __pairs.size
  def length = __pairs.size
  def empty? = __pairs.empty?
  def values_at(*names) = names.map { |name| __get(name) }
  def slice(*names) = names.each_with_object({}) { |name, result| value = __get(name); result[name] = value if value }
  def except(*names) = to_hash.except(*names)

  def assoc(name)
    value = __get(name)
    value && [__string(name), value]
  end

  def rassoc(value)
    value = String.try_convert(value) or return nil
    __pairs.find { |_, have| have == value }
  end

  def invert = to_hash.invert
  def rehash = nil

  def select(&block)
    return to_enum(:select) { size } unless block
    to_hash.select(&block)
  end

  def filter(&block)
    return to_enum(:filter) { size } unless block
    to_hash.select(&block)
  end

  def reject(&block)
    return to_enum(:reject) { size } unless block
    to_hash.reject(&block)
  end

  private def __remove_if(keep)
    removed = false
    __pairs.each do |name, value|
      if (yield(name, value) ? true : false) != keep
        __set(name, nil)
        removed = true
      end
    end
    removed
  end

  def delete_if
    return to_enum(:delete_if) { size } unless block_given?
    __remove_if(false) { |name, value| yield name, value }
    self
  end

  def keep_if
    return to_enum(:keep_if) { size } unless block_given?
    __remove_if(true) { |name, value| yield name, value }
    self
  end

  def reject!
    return to_enum(:reject!) { size } unless block_given?
    __remove_if(false) { |name, value| yield name, value } ? self : nil
  end

  def select!
    return to_enum(:select!) { size } unless block_given?
    __remove_if(true) { |name, value| yield name, value } ? self : nil
  end

  def filter!
    return to_enum(:filter!) { size } unless block_given?
    __remove_if(true) { |name, value| yield name, value } ? self : nil
  end

  def update(*hashes)
    hashes.each do |hash|
      hash = Hash.try_convert(hash) || raise(TypeError, "no implicit conversion of #{hash.class} into Hash")
      hash.each do |name, value|
        if block_given? && (have = __get(name))
          value = yield(name, have, value)
        end
        __set(name, value)
      end
    end
    self
  end
  alias merge! update

  def replace(hash)
    wanted = Hash.try_convert(hash) || raise(TypeError, "no implicit conversion of #{nil == hash ? "nil" : hash.class} into Hash")
    wanted.each do |name, value|
      __string(name)
      __string(value)
    end
    keys.each { |name| __set(name, nil) unless wanted.key?(name) }
    wanted.each { |name, value| __set(name, value) }
    self
  end

  def clear
    keys.each { |name| __set(name, nil) }
    self
  end

  def shift
    pair = __pairs[0]
    __set(pair[0], nil) if pair
    pair
  end

  def dup = raise(TypeError, "Cannot dup ENV, use ENV.to_h to get a copy of ENV as a hash")

  def clone(freeze: nil)
    unless nil == freeze || true == freeze || false == freeze
      raise ArgumentError, "unexpected value for freeze: #{freeze.class}"
    end
    raise TypeError, "Cannot clone ENV, use ENV.to_h to get a copy of ENV as a hash"
  end

  def freeze = raise(TypeError, "cannot freeze ENV")
end

# delegate.rb - Delegator, SimpleDelegator, DelegateClass: an object that passes on what it does not do itself.
# Semantics: Ruby documentation of Delegator. (Debian's file is written for an older Object.)

class Delegator < BasicObject
  kernel = ::Kernel.dup
  kernel.class_eval do
    alias_method :__raise__, :raise
    %i[to_s inspect !~ === <=> hash].each { |name| undef_method(name) if method_defined?(name) }
    private_instance_methods.each do |name|
      next if %i[binding iterator? global_variables local_variables raise __raise__ block_given? proc lambda loop catch throw
                 require require_relative load eval caller caller_locations format sprintf warn respond_to_missing?
                 initialize_clone initialize_dup Integer Float String Array Hash puts print p].include?(name)
      next if name.start_with?("__")
      undef_method(name)
    end
  end
  include kernel

  def self.const_missing(name) = ::Object.const_get(name)

  def initialize(object)
    __setobj__(object)
  end

  def method_missing(name, ...)
    target = self.__getobj__ { return super }
    if target.respond_to?(name)
      target.__send__(name, ...)
    elsif ::Kernel.method_defined?(name) || ::Kernel.private_method_defined?(name)
      ::Kernel.instance_method(name).bind_call(self, ...)
    else
      super
    end
  end

  def respond_to_missing?(name, include_private)
    target = self.__getobj__ { return super }
    answer = target.respond_to?(name, include_private)
    if answer && include_private && !target.respond_to?(name, false)
      ::Kernel.warn "delegator does not forward private method \##{name}", uplevel: 3
      return false
    end
    answer
  end

  def methods(all = true) = __getobj__.methods(all) | super
  def public_methods(all = true) = __getobj__.public_methods(all) | super
  def protected_methods(all = true) = __getobj__.protected_methods(all) | super

  def ==(other) = other.equal?(self) || __getobj__ == other
  def !=(other) = other.equal?(self) ? false : __getobj__ != other
  def eql?(other) = other.equal?(self) || (other.is_a?(::Delegator) ? __getobj__.eql?(other.__getobj__) : __getobj__.eql?(other))
  def ! = !__getobj__

  def __getobj__
    __raise__ ::NotImplementedError, "need to define '__getobj__'"
  end

  def __setobj__(object)
    __raise__ ::NotImplementedError, "need to define '__setobj__'"
  end

  def marshal_dump
    names = instance_variables.reject { |name| name.start_with?("@delegate_") }
    [:__v2__, names, names.map { |name| instance_variable_get(name) }, __getobj__]
  end

  def marshal_load(data)
    version, names, values, object = data
    if version == :__v2__
      names.each_with_index { |name, index| instance_variable_set(name, values[index]) }
      __setobj__(object)
    else
      __setobj__(data)
    end
  end

  def initialize_clone(object, freeze: nil)
    __setobj__(object.__getobj__.clone(freeze: freeze))
  end

  def initialize_dup(object)
    __setobj__(object.__getobj__.dup)
  end
  private :initialize_clone, :initialize_dup

  def freeze
    super()
  end

  def self.delegating_block(name)
    ->(*arguments, **options, &block) { __getobj__.__send__(name, *arguments, **options, &block) }
  end

  def self.public_api = @delegator_api ||= public_instance_methods
end

class SimpleDelegator < Delegator
  def __getobj__
    unless defined?(@delegate_sd_obj)
      return yield if block_given?
      __raise__ ::ArgumentError, "not delegated"
    end
    @delegate_sd_obj
  end

  def __setobj__(object)
    @delegate_sd_obj = object
  end
end

def DelegateClass(superclass, &block)
  klass = Class.new(Delegator)
  ignored = [*Delegator.public_api, :to_s, :inspect, :=~, :!~, :===]
  klass.class_eval do
    def __getobj__
      unless defined?(@delegate_dc_obj)
        return yield if block_given?
        __raise__ ::ArgumentError, "not delegated"
      end
      @delegate_dc_obj
    end

    def __setobj__(object)
      __raise__ ::ArgumentError, "cannot delegate to self" if equal?(object)
      @delegate_dc_obj = object
    end
    (superclass.instance_methods - ignored).each { |name| define_method(name, Delegator.delegating_block(name)) }
  end
  klass.define_singleton_method(:public_instance_methods) { |all = true| super(all) | superclass.public_instance_methods }
  klass.define_singleton_method(:instance_methods) { |all = true| super(all) | superclass.instance_methods }
  klass.define_singleton_method(:public_instance_method) do |name|
    super(name)
  rescue NameError
    raise unless superclass.public_instance_methods.include?(name)
    superclass.public_instance_method(name)
  end
  klass.class_eval(&block) if block
  klass
end

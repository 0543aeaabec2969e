# objspace.rb - the parts of ObjectSpace that tell of sizes. Sizes are estimates: the slot and what belongs to it.

module ObjectSpace
  class << self
    def memsize_of(object)
      case object
      when nil, true, false, Symbol, Float then 0
      when Integer then object.bit_length < 63 ? 0 : 40 + object.size
      when String then object.bytesize <= 23 ? 40 : 41 + object.bytesize
      when Array then object.size <= 3 ? 40 : 40 + 8 * object.size
      when Hash then 40 + 32 * object.size
      when Struct then 40 + 8 * object.size
      else 40 + 8 * object.instance_variables.size
      end
    end

    def memsize_of_all(klass = nil)
      total = 0
      each_object(*klass) { |object| total += memsize_of(object) }
      total
    end

    def count_objects_size(result = {})
      each_object { |object| result[object.class] = (result[object.class] || 0) + memsize_of(object) }
      result[:TOTAL] = result.values.sum
      result
    end

    def reachable_objects_from(object)
      case object
      when Array, Struct then [object.class, *object.to_a].uniq(&:object_id)
      when Hash then [object.class, *object.keys, *object.values].uniq(&:object_id)
      when Integer, Float, Symbol, nil, true, false then nil
      else [object.class, *object.instance_variables.map { |name| object.instance_variable_get(name) }]
      end
    end

    # Where objects were made is not recorded.
    def trace_object_allocations = yield
    def trace_object_allocations_start = nil
    def trace_object_allocations_stop = nil
    def trace_object_allocations_clear = nil
    def allocation_sourcefile(_object) = nil
    def allocation_sourceline(_object) = nil
    def allocation_class_path(_object) = nil
    def allocation_method_id(_object) = nil
    def allocation_generation(_object) = nil

    [:_dump, :_dump_all, :_dump_shapes].each do |name|
      define_method(name) { |*| raise NotImplementedError, "ObjectSpace.#{name.to_s[1..]} is not implemented in Troupe" }
    end
  end
end

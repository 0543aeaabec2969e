# set.rb - Set: operations on whole sets. Members and their table are set.c.
# Semantics: Ruby documentation of Set; ruby/spec core/set.

class Set
  private def initialize(enum = nil, &block)
    return if nil == enum
    if block
      __each_of(enum) { |member| add(block.call(member)) }
    else
      __each_of(enum) { |member| add(member) }
    end
  end

  private def __each_of(enum, &block)
    if Array === enum || Set === enum
      enum.each(&block)
    elsif enum.respond_to?(:each_entry)
      enum.each_entry(&block)
    elsif enum.respond_to?(:each)
      enum.each(&block)
    else
      raise ArgumentError, "value must be enumerable"
    end
  end

  private def __set_from(enum)
    return enum if Set === enum
    result = Set.new
    __each_of(enum) { |member| result.add(member) }
    result
  end

  private def __need_set(other)
    raise ArgumentError, "value must be a set" unless Set === other
  end

  def to_set(*args, &block)
    return self if args.empty? && !block && self.class == Set
    (args.shift || Set).new(self, *args, &block)
  end

  def replace(enum)
    __check_frozen
    if Set === enum
      initialize_copy(enum)
    else
      fresh = __set_from(enum)
      clear
      merge(fresh)
    end
    self
  end

  def merge(*enums, **nothing)
    raise ArgumentError, "unknown keywords: #{nothing.keys.map(&:inspect).join(", ")}" unless nothing.empty?
    __check_frozen
    enums.each { |enum| __each_of(enum) { |member| add(member) } }
    self
  end

  def subtract(enum)
    __check_frozen
    __each_of(enum) { |member| delete(member) }
    self
  end

  def |(enum) = dup.merge(enum)
  alias + |
  alias union |

  def &(enum)
    result = self.class.new
    result.compare_by_identity if compare_by_identity?
    if Set === enum && enum.size > size
      each { |member| result.add(member) if enum.include?(member) }
    else
      __each_of(enum) { |member| result.add(member) if include?(member) }
    end
    result
  end
  alias intersection &

  def -(enum) = dup.subtract(enum)
  alias difference -

  def ^(enum)
    result = dup
    __set_from(enum).each { |member| result.delete?(member) || result.add(member) }
    result
  end

  def superset?(other)
    __need_set(other)
    size >= other.size && __contains_all(other)
  end
  alias >= superset?

  def proper_superset?(other)
    __need_set(other)
    size > other.size && __contains_all(other)
  end
  alias > proper_superset?

  def subset?(other)
    __need_set(other)
    size <= other.size && other.__send__(:__contains_all, self)
  end
  alias <= subset?

  def proper_subset?(other)
    __need_set(other)
    size < other.size && other.__send__(:__contains_all, self)
  end
  alias < proper_subset?

  def <=>(other)
    return nil unless Set === other
    case size <=> other.size
    when -1 then proper_subset?(other) ? -1 : nil
    when 1 then proper_superset?(other) ? 1 : nil
    else self == other ? 0 : nil
    end
  end

  def intersect?(enum)
    if Set === enum
      small, large = size < enum.size ? [self, enum] : [enum, self]
      small.each { |member| return true if large.include?(member) }
    else
      __each_of(enum) { |member| return true if include?(member) }
    end
    false
  end

  def disjoint?(enum) = !intersect?(enum)

  def delete_if
    return to_enum(:delete_if) { size } unless block_given?
    __check_frozen
    to_a.each { |member| delete(member) if yield(member) }
    self
  end

  def keep_if
    return to_enum(:keep_if) { size } unless block_given?
    __check_frozen
    to_a.each { |member| delete(member) unless yield(member) }
    self
  end

  def reject!
    return to_enum(:reject!) { size } unless block_given?
    before = size
    delete_if { |member| yield member }
    size == before ? nil : self
  end

  def select!
    return to_enum(:select!) { size } unless block_given?
    before = size
    keep_if { |member| yield member }
    size == before ? nil : self
  end

  def filter!
    return to_enum(:select!) { size } unless block_given?
    before = size
    keep_if { |member| yield member }
    size == before ? nil : self
  end

  def map!
    return to_enum(:collect!) { size } unless block_given?
    __check_frozen
    fresh = to_a.map { |member| yield member }
    clear
    merge(fresh)
  end

  def collect!
    return to_enum(:collect!) { size } unless block_given?
    __check_frozen
    fresh = to_a.map { |member| yield member }
    clear
    merge(fresh)
  end

  def flatten = self.class.new.__send__(:__flatten_into, self, [])

  def flatten!
    return nil unless any? { |member| Set === member }
    __check_frozen
    replace(flatten)
  end

  private def __flatten_into(set, open)
    raise ArgumentError, "tried to flatten recursive Set" if open.any? { |other| other.equal?(set) }
    open.push(set)
    set.each do |member|
      if Set === member
        __flatten_into(member, open)
      else
        add(member)
      end
    end
    open.pop
    self
  end

  def classify
    return to_enum(:classify) { size } unless block_given?
    result = {}
    each do |member|
      key = yield(member)
      (result[key] ||= self.class.new).add(member)
    end
    result
  end

  # With a block of two: the sets of members that are linked, back and forth, by what the block says of pairs.
  def divide(&block)
    return to_enum(:divide) { size } unless block
    if block.arity == 2
      members = to_a
      links = members.map { |a| members.each_index.select { |j| block.call(a, members[j]) } }
      result = Set.new
      __components(links).sort_by(&:first).each { |component| result.add(self.class.new(component.map { |i| members[i] })) }
      result
    else
      Set.new(classify(&block).values)
    end
  end

  # The strongly connected components of a graph, given as the lists of successors.
  private def __components(links)
    back = Array.new(links.size) { [] }
    links.each_with_index { |targets, from| targets.each { |to| back[to] << from } }
    order = []
    seen = Array.new(links.size, false)
    links.each_index do |root|
      next if seen[root]
      seen[root] = true
      path = [[root, 0]]
      until path.empty?
        node, at = path.last
        if at == links[node].size
          order << node
          path.pop
        else
          path.last[1] += 1
          to = links[node][at]
          path << [to, 0] unless seen[to]
          seen[to] = true
        end
      end
    end
    component_of = Array.new(links.size)
    order.reverse_each.filter_map do |root|
      next if component_of[root]
      component = []
      pending = [root]
      component_of[root] = root
      while (node = pending.pop)
        component << node
        back[node].each do |to|
          next if component_of[to]
          component_of[to] = root
          pending << to
        end
      end
      component.sort
    end
  end

  def join(separator = nil) = to_a.join(separator)
end

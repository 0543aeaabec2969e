# pp.rb - pretty printing of objects: what `inspect` says, broken into lines where it is too long.
#
# An object says how it is laid out in pretty_print(q), where q is the PP: groups that stay on one line if they can, with
# places to break. The layout itself is PrettyPrint's. While an object is being printed it counts as visited, and meeting
# it again inside prints it by pretty_print_cycle.

require "prettyprint"

class PP < PrettyPrint
  class << self
    # Prints obj to out, which understands <<; answers out.
    def pp(obj, out = $stdout, width = width_for(out))
      run(new(out, width), obj)
      out << "\n"
    end

    # The same on one line, whatever its length, and without the newline.
    def singleline_pp(obj, out = $stdout)
      run(SingleLine.new(out), obj)
      out
    end

    # How many columns to use: those of the terminal behind out, or as COLUMNS says.
    def width_for(out)
      columns = terminal_columns(out) || ENV["COLUMNS"]&.to_i&.nonzero? || 80
      columns - 1
    end

    # Calls mod's own method on obj, whatever obj's class made of that name.
    def mcall(obj, mod, method, *args, &block)
      mod.instance_method(method).bind_call(obj, *args, &block)
    end

    attr_accessor :sharing_detection

    private

    def run(printer, obj)
      printer.guard_inspect_key { printer.pp(obj) }
      printer.flush
    end

    def terminal_columns(out)
      return unless out.respond_to?(:winsize) && out.tty?
      columns = out.winsize[1]
      columns if columns > 0
    rescue SystemCallError, IOError
      nil
    end
  end

  # What a printer offers to pretty_print methods.
  module PPMethods
    def guard_inspect_key
      outer, @visited = @visited, {}.compare_by_identity
      yield
    ensure
      @visited = outer
    end

    def check_inspect_key(id) = @visited&.key?(id)

    def push_inspect_key(id) = (@visited ||= {}.compare_by_identity)[id] = true

    def pop_inspect_key(id) = PP.sharing_detection || @visited.delete(id)

    def pp(obj)
      return group { obj.pretty_print_cycle(self) } if check_inspect_key(obj)
      begin
        push_inspect_key(obj)
        group { print_object(obj) }
      ensure
        pop_inspect_key(obj)
      end
    end

    # #<Class … >
    def object_group(obj, &block) = group(1, "#<#{obj.class.name}", ">", &block)

    # #<Class:0x… … >
    def object_address_group(obj, &block)
      group(1, PP.mcall(obj, Kernel, :to_s).delete_suffix(">"), ">", &block)
    end

    def comma_breakable
      comma
      breakable
    end

    # Yields each element of list, with the separator in between.
    def seplist(list, separator = nil, iterator = :each)
      separator ||= method(:comma_breakable)
      is_first = true
      list.__send__(iterator) do |*element|
        is_first ? is_first = false : separator.call
        yield(*element)
      end
    end

    def pp_object(obj)
      object_address_group(obj) do
        seplist(obj.pretty_print_instance_variables, method(:comma)) do |name|
          breakable
          pp_member(name) { obj.instance_variable_get(name) }
        end
      end
    end

    def pp_hash(obj)
      group(1, "{", "}") do
        seplist(obj, nil, :each_pair) { |key, value| group { pp_hash_pair(key, value) } }
      end
    end

    def pp_hash_pair(key, value)
      if key.is_a?(Symbol)
        text(key.inspect.match?(/\A:["$@!]/) || key.end_with?("=") ? "#{key.name.inspect}:" : "#{key}:")
      else
        pp(key)
        text(" ")
        text("=>")
      end
      group(1) do
        breakable
        pp(value)
      end
    end

    # name=value, the value on a line of its own if need be
    def pp_member(name)
      text("#{name}=")
      group(1) do
        breakable("")
        pp(yield)
      end
    end

    private

    def comma = text(",")

    # An object without the methods of Object still has a face.
    def print_object(obj)
      obj.pretty_print(self)
    rescue NoMethodError => e
      raise unless e.name == :pretty_print && e.receiver.equal?(obj)
      text(PP.mcall(obj, Kernel, :inspect))
    end
  end

  include PPMethods

  class SingleLine < PrettyPrint::SingleLine
    include PPMethods
  end

  # What every object can do.
  module ObjectMixin
    # By its own inspect if there is one, else class, address and instance variables.
    def pretty_print(q)
      own = begin
        PP.mcall(self, Kernel, :method, :inspect).owner
      rescue NameError
        nil
      end
      if own && own != Kernel || !own && respond_to?(:inspect)
        q.text(inspect)
      elsif instance_variables.empty? && own
        q.text(inspect)
      else
        q.pp_object(self)
      end
    end

    def pretty_print_cycle(q)
      q.object_address_group(self) do
        q.breakable
        q.text("...")
      end
    end

    # The names that pp_object shows.
    def pretty_print_instance_variables
      names = instance_variables
      wanted = instance_variables_to_inspect if respond_to?(:instance_variables_to_inspect, true)
      names &= wanted if wanted
      names.sort
    end

    # An inspect that is made of pretty_print: alias it to have it.
    def pretty_print_inspect
      if PP.mcall(self, Kernel, :method, :pretty_print).owner == ObjectMixin
        raise "pretty_print is not overridden for #{self.class}"
      end
      PP.singleline_pp(self, +"")
    end
  end
end

class Array
  def pretty_print(q) = q.group(1, "[", "]") { q.seplist(self) { |element| q.pp(element) } }
  def pretty_print_cycle(q) = q.text(empty? ? "[]" : "[...]")
end

class Hash
  def pretty_print(q) = q.pp_hash(self)
  def pretty_print_cycle(q) = q.text(empty? ? "{}" : "{...}")
end

class Set
  def pretty_print(q)
    q.group(1, "#{self.class.name}[", "]") { q.seplist(self) { |element| q.pp(element) } }
  end

  def pretty_print_cycle(q) = q.text(empty? ? "#{self.class.name}[]" : "#{self.class.name}[...]")
end

class << ENV
  def pretty_print(q)
    q.group(1, "{", "}") do
      q.seplist(sort) { |key, value| q.group { q.pp_hash_pair(key, value) } }
    end
  end
end

class Struct
  def pretty_print(q)
    q.group(1, "#<struct #{PP.mcall(self, Kernel, :class).name}", ">") do
      q.seplist(PP.mcall(self, Struct, :members), -> { q.text(",") }) do |member|
        q.breakable
        q.pp_member(member) { self[member] }
      end
    end
  end

  def pretty_print_cycle(q) = q.text("#<struct #{PP.mcall(self, Kernel, :class).name}:...>")
end

class Data
  def pretty_print(q)
    name = PP.mcall(self, Kernel, :class).name
    q.group(1, "#<data #{name}", ">") do
      q.seplist(PP.mcall(self, Kernel, :class).members, -> { q.text(",") }) do |member|
        q.breakable
        q.pp_member(member) { public_send(member) }
      end
    end
  end

  def pretty_print_cycle(q) = q.text("#<data #{PP.mcall(self, Kernel, :class).name}:...>")
end

class Range
  def pretty_print(q)
    q.pp(self.begin) if self.begin || !self.end
    q.breakable("")
    q.text(exclude_end? ? "..." : "..")
    q.breakable("")
    q.pp(self.end) if self.end || !self.begin
  end
end

class String
  # One piece for each line.
  def pretty_print(q)
    pieces = lines
    return q.text(inspect) if pieces.size < 2
    join = lambda do
      q.text(" +")
      q.breakable
    end
    q.group(0, "", "") { q.seplist(pieces, join) { |piece| q.text(piece.inspect) } }
  end
end

class MatchData
  def pretty_print(q)
    labels = [nil, *(names.empty? ? (1...size).to_a : names)]
    q.object_group(self) do
      q.breakable
      q.seplist(0...size, -> { q.breakable }) do |i|
        q.text("#{labels[i]}:") if i > 0
        q.pp(self[i])
      end
    end
  end
end

class Object < BasicObject
  include PP::ObjectMixin
end

[Numeric, Symbol, FalseClass, TrueClass, NilClass, Module].each do |klass|
  klass.class_eval do
    def pretty_print_cycle(q) = q.text(inspect)
  end
end

[Numeric, FalseClass, TrueClass, Module].each do |klass|
  klass.class_eval do
    def pretty_print(q) = q.text(inspect)
  end
end

module Kernel
  # What pp would print, as a String.
  def pretty_inspect = PP.pp(self, +"")

  # Prints each object prettily; answers them as p does.
  def pp(*objects)
    objects.each { |object| PP.pp(object) }
    objects.size <= 1 ? objects.first : objects
  end
  module_function :pp
end

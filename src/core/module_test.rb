# Module and Class: lookup and its caches under change, ancestry, constants, visibility, refinements.

class Base
  def who = :base
  def chain = [:base]
end

class Derived < Base
  def chain = [:derived] + super
end

module Mixin
  def chain = [:mixin] + super
  def who = :mixin
end

# a site that has run sees every change
ask = ->(o) { o.who }
ask.(Derived.new)                                 #=> :base
Base.class_eval { def who = :changed }
ask.(Derived.new)                                 #=> :changed
Derived.include(Mixin)
ask.(Derived.new)                                 #=> :mixin
Derived.class_eval { def who = :own }
ask.(Derived.new)                                 #=> :own
Derived.prepend(Module.new { def who = [:prepended, super] })
ask.(Derived.new)                                 #=> [:prepended, :own]
Derived.send(:remove_method, :who)
ask.(Derived.new)                                 #=> [:prepended, :mixin]
Mixin.module_eval { undef_method :who }
ask.(Derived.new)                                 #=> NoMethodError
Derived.new.chain                                 #=> [:derived, :mixin, :base]

# what a module gets later is everywhere
module Late; end
class HasLate; include Late; end
module Later; def later = :later; end
Late.include(Later)
HasLate.new.later                                 #=> :later
HasLate.ancestors.first(3)                        #=> [HasLate, Late, Later]
Late.prepend(Module.new { def late = [:pre, super] })
Late.module_eval { def late = :late }
HasLate.new.late                                  #=> [:pre, :late]
Late.include(Late)                                #=> ArgumentError: cyclic include detected
Kernel.include(Class.new)                         #=> TypeError: wrong argument type Class (expected Module)

# super through modules that several classes share
module Shared; def s = [:shared] + super; end
class One; def s = [:one]; end
class Two; def s = [:two]; end
class OneMore < One; include Shared; end
class TwoMore < Two; include Shared; end
4.times.map { |i| (i.even? ? OneMore : TwoMore).new.s.last }  #=> [:one, :two, :one, :two]
Shared.instance_method(:s).bind_call(OneMore.new)             #=> [:shared, :one]

# alias, undef, visibility
class Visible
  def a = :a
  alias b a
  private def c = :c
  protected def d = :d
  def e(other) = other.d
end
Visible.new.b                                     #=> :a
Visible.new.method(:b)                            #=> #<Method: Visible#b(a)() src/core/module_test.rb:58>
Visible.new.c                                     #=> NoMethodError: private method 'c' called for an instance of Visible
Visible.new.d                                     #=> NoMethodError: protected method 'd' called for an instance of Visible
Visible.new.e(Visible.new)                        #=> :d
class Visible; public :c; end
Visible.new.c                                     #=> :c
Class.new(Visible) { private :a }.new.a           #=> NoMethodError
Visible.send(:private, :nope)                     #=> NameError: undefined method 'nope' for class 'Visible'

# basic operators
class Integer; alias old_plus +; def +(other) = old_plus(other).old_plus(1); end
1 + 1                                             #=> 3
class Integer; alias + old_plus; end
1 + 1                                             #=> 2

# constants and their caches
module Outer
  K = 1
  def self.k = K
end
Outer.k                                           #=> 1
Outer.send(:remove_const, :K)
Outer.k                                           #=> NameError: uninitialized constant Outer::K
K = :top
Outer.k                                           #=> :top
Outer.const_set(:K, 2)
Outer.k                                           #=> 2
Outer.private_constant :K
Outer::K                                          #=> NameError: private constant Outer::K referenced
Outer.k                                           #=> 2
Outer.const_get("K::X")                           #=> TypeError: 2 does not refer to class/module
Outer.const_set("k", 1)                           #=> NameError: wrong constant name k
Outer::String                                     #=> NameError: uninitialized constant Outer::String
[One, Two].map { |c| c.class_eval { self::TAG = c.name; const_get(:TAG) } }  #=> ["One", "Two"]
anonymous = Module.new
anonymous.const_set(:Inner, Class.new)
anonymous::Inner.name.match?(/\A#<Module:0x\h+>::Inner\z/)  #=> true
Named = anonymous
Named::Inner.name                                 #=> "Named::Inner"

# class variables
class Vars; @@v = 1; def self.v = @@v; end
class MoreVars < Vars; def self.set = @@v = 2; end
MoreVars.set
Vars.v                                            #=> 2
Vars.class_variable_get(:@@nope)                  #=> NameError: uninitialized class variable @@nope in Vars

# copies
copy = One.dup
copy.new.s                                        #=> [:one]
copy.name                                         #=> nil
One.clone.instance_methods(false)                 #=> [:s]

# refinements
module Shout
  refine(String) { def shout = upcase + "!" }
  refine(Integer) { def succ = [:refined, super] }
end
module Loud
  using Shout
  def self.go = ["a".shout, 1.succ, %w[x].map(&:shout), "q".respond_to?(:shout)]
end
Loud.go                                           #=> ["A!", [:refined, 2], ["X!"], true]
"a".shout                                         #=> NoMethodError
1.succ                                            #=> 2

# Ractors: structure is shared, unshareable values are not
class Holder
  @list = [1]
  @count = 3
  LIST = [2]
  FROZEN = [3].freeze
  @@shared = 1
  class << self
    attr_reader :list, :count
    def shared = @@shared
  end
end
Warning[:experimental] = false
$stderr = File.open(File::NULL, "w")
refusal = ->(&block) { Ractor.new(&block).value rescue $!.cause.message }
refusal.call { Holder.count }                     #=> 3
refusal.call { Holder::FROZEN }                   #=> [3]
refusal.call { Holder.list }                      #=> "can not get unshareable values from instance variables of classes/modules from non-main Ractors (@list from Holder)"
refusal.call { Holder::LIST }                     #=> "can not access non-shareable objects in constant Holder::LIST by non-main Ractor."
refusal.call { Holder.shared }                    #=> "can not access class variables from non-main Ractors (@@shared from Holder)"
refusal.call { Object.const_set(:FROM_RACTOR, []) }  #=> "can not set constants with non-shareable objects by non-main Ractors"
refusal.call { class Holder; def added = :added; end; Holder.new.added }  #=> :added
Holder.new.added                                  #=> :added
4.times.map { |i| Ractor.new(i) { |n| c = Class.new { define_method(:n) { n } }; 200.times { |k| c.class_eval("def m#{k} = #{k}") }; c.new.m199 } }.map(&:value)  #=> [199, 199, 199, 199]
$stderr = STDERR

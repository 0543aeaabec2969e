# Object: instance variables by shape, copies, singleton classes, evaluation.

class Point
  attr_accessor :x, :y

  def initialize(x, y)
    @x = x
    @y = y
  end
end

point = Point.new(1, 2)
point.instance_variables                    #=> [:@x, :@y]
point.remove_instance_variable(:@x)         #=> 1
[point.x, point.y]                          #=> [nil, 2]
point.x = 7; point.instance_variables       #=> [:@y, :@x]
point.instance_variable_get("x")            #=> NameError: 'x' is not allowed as an instance variable name
point.remove_instance_variable(:@zz)        #=> NameError: instance variable @zz not defined
point.freeze.x = 1                          #=> FrozenError
point.dup.frozen?                           #=> false
point.clone.frozen?                         #=> true
1.instance_variable_set(:@a, 1)             #=> FrozenError: can't modify frozen Integer: 1

# other types keep theirs in the side table
text = +"abc"
text.instance_variable_set(:@note, [1])
text.dup.instance_variable_get(:@note)      #=> [1]
text.instance_variables                     #=> [:@note]
GC.start
text.instance_variable_get(:@note)          #=> [1]

# beyond the limit of shapes an object has a table of its own
many = Object.new
2000.times { |i| many.instance_variable_set("@v#{i}", i) }
many.instance_variables.size                #=> 2000
many.instance_variable_get(:@v1999)         #=> 1999
many.remove_instance_variable(:@v1000)      #=> 1000
many.instance_variable_defined?(:@v1000)    #=> false
many.dup.instance_variable_get(:@v1999)     #=> 1999
many.instance_variables.last                #=> :@v1999

# one site, many shapes
read = ->(o) { o.instance_eval { @b } }
objects = [%i[@a @b], %i[@b @a], %i[@b], %i[@a], []].map do |names|
  names.each_with_object(Object.new) { |name, o| o.instance_variable_set(name, name) }
end
(objects * 3).map(&read).tally              #=> {"@b": 9, nil => 6}

# singleton classes
single = Object.new
def single.hello = :hello
single.singleton_methods                    #=> [:hello]
single.clone.hello                          #=> :hello
single.dup.hello                            #=> NoMethodError
single.singleton_class.attached_object.equal?(single)  #=> true
1.singleton_class                           #=> TypeError: can't define singleton
nil.singleton_class                         #=> NilClass
100.times { o = Object.new; def o.m = super; o.m rescue 0 }
GC.start
single.hello                                #=> :hello

# instance_eval makes a singleton class only when something is defined
plain = Object.new
plain.instance_eval { self }.equal?(plain)  #=> true
plain.instance_eval { def made = :made }
plain.made                                  #=> :made
Object.new.respond_to?(:made)               #=> false
1.instance_eval { def nothing = 1 }         #=> TypeError: can't define singleton
plain.instance_eval("def text_made = :t")
plain.text_made                             #=> :t
plain.instance_exec(3) { |n| n + 1 }        #=> 4

# inspect
class Shown
  def initialize
    @a = 1
    @hidden = 2
    @me = self
  end

  private def instance_variables_to_inspect = %i[@a @me]
end
Shown.new.inspect.gsub(/0x\h+/, "0x")       #=> "#<Shown:0x @a=1, @me=#<Shown:0x ...>>"
Object.new.inspect.match?(/\A#<Object:0x\h{16}>\z/)  #=> true

# conversions
Integer("0x1f", 16)                         #=> 31
Integer("z", exception: false)              #=> nil
Integer(nil)                                #=> TypeError: can't convert nil into Integer
Float("1e3")                                #=> 1000.0
Array(nil)                                  #=> []
Hash([[1, 2]])                              #=> TypeError: can't convert Array into Hash
String(:a)                                  #=> "a"
5.clamp(..3)                                #=> 3
5.clamp(7, 3)                               #=> ArgumentError: min argument must be less than or equal to max argument

SystemCallError.new                          #=> ArgumentError: wrong number of arguments (given 0, expected 1..3)
SystemCallError.new("x", 2.0)                #=> #<Errno::ENOENT: No such file or directory - x>
SystemCallError.new("x", 22, "here").message #=> "Invalid argument @ here - x"
Module.new { refine(String) { include Comparable } }   #=> TypeError: Refinement#include has been removed

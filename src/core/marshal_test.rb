# Marshal: bytes as Ruby writes them, round trips, hooks, broken input.

class MarshalPoint
  attr_reader :x

  def initialize(x) = @x = x
end

class MarshalHook
  attr_reader :v

  def initialize(v) = @v = v
  def marshal_dump = [@v]
  def marshal_load(array) = @v = array[0]
end

MarshalStruct = Struct.new(:a, :b)

Marshal.dump("a").unpack1("H*")         #=> "040849220661063a064554"
Marshal.dump([:a, :a]).unpack1("H*")    #=> "04085b073a06613b00"
Marshal.dump(1.5).unpack1("H*")         #=> "04086608312e35"
Marshal.load(Marshal.dump({ a: [1.5, "x", nil], "b" => 2**70 }))   #=> {a: [1.5, "x", nil], "b" => 1180591620717411303424}
Marshal.load(Marshal.dump(MarshalPoint.new(5))).x       #=> 5
Marshal.load(Marshal.dump(MarshalHook.new(:v))).v       #=> :v
Marshal.load(Marshal.dump(MarshalStruct.new(1, "b")))   #=> #<struct MarshalStruct a=1, b="b">
Marshal.load(Marshal.dump(1..5))        #=> 1..5
Marshal.load(Marshal.dump([1/3r, 2i]))  #=> [(1/3), (0+2i)]
ring = []
ring << ring
Marshal.load(Marshal.dump(ring)).then { |copy| copy[0].equal?(copy) }   #=> true
Marshal.dump(proc {})                   #=> TypeError: no _dump_data is defined for class Proc
Marshal.dump(Class.new.new)             #=> TypeError
Marshal.load("")                        #=> ArgumentError: marshal data too short
Marshal.load("\x04\x08[\x07i\x06")      #=> ArgumentError: marshal data too short
Marshal.load("\x04\x08o:\x0bNoClass\x00")   #=> ArgumentError
Marshal.load("\x04\x08@\x06")           #=> ArgumentError: dump format error (unlinked)
Marshal.load("\x03\x00i\x06")           #=> TypeError

# psych_test.rb - YAML. Expectations: YAML 1.1 as Ruby's psych reads and writes it.
require "yaml"
require "date"

YAML.load("a: 1\nb: [x, 2.5, ~, true]")               #=> {"a" => 1, "b" => ["x", 2.5, nil, true]}
YAML.load("- |\n  one\n  two\n- >\n  one\n  two\n")   #=> ["one\ntwo\n", "one two\n"]
YAML.load("a: [")                                     #=> Psych::SyntaxError: (<unknown>): did not find expected node content while parsing a flow node at line 2 column 1
YAML.load("- &x foo\n- *x\n", aliases: true)          #=> ["foo", "foo"]
YAML.load("2001-02-03", permitted_classes: [Date])    #=> #<Date: 2001-02-03 ((2451944j,0s,0n),+0s,2299161j)>
YAML.load_stream("--- 1\n--- 2\n")                    #=> [1, 2]
YAML.dump({ "a" => [1, nil, "x: y", "", "12"] })      #=> "---\na:\n- 1\n-\n- 'x: y'\n- ''\n- '12'\n"
YAML.dump("two\nlines\n")                             #=> "--- |\n  two\n  lines\n"
{ a: { b: [] } }.to_yaml(indentation: 4)              #=> "---\n:a:\n    :b: []\n"
S = Struct.new(:a, :b)
YAML.unsafe_load(YAML.dump(S.new(1, [2])))            #=> #<struct S a=1, b=[2]>
YAML.unsafe_load(YAML.dump([1..3, :s, 2**70, 1/3r, /x/i])) #=> [1..3, :s, 1180591620717411303424, (1/3), /x/i]
YAML.safe_load("--- !ruby/object:Object {}\n")        #=> Psych::DisallowedClass
YAML.unsafe_load(YAML.dump(RuntimeError.new("boo"))).message #=> "boo"
shared = [1]
YAML.dump([shared, shared])                           #=> "---\n- &1\n  - 1\n- *1\n"
class Events < Psych::Handler
  def seen = @seen ||= []
  def scalar(value, *) = seen << value
  def start_mapping(*) = seen << :map
end
events = Events.new
parser = Psych::Parser.new(events)
parser.parse("k: v")
events.seen                                           #=> [:map, "k", "v"]
parser.mark.line                                      #=> 1
Ractor.new { YAML.load({ "x" => [1] }.to_yaml) }.value #=> {"x" => [1]}

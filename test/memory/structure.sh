# Classes, code and interned strings that nobody refers to any more go when everything is collected, and what is still in
# use stays. TROUPE_GC_SHARED_LIMIT makes that often.
dir=$(mktemp -d)
cat > "$dir/t.rb" <<'RUBY'
def resident = File.read("/proc/self/status")[/VmRSS:\s+(\d+)/, 1].to_i
MEASURED = ENV["troupe"] !~ %r{/[at]san/} # a sanitizer holds freed memory back
def grown(name, limit)
  3_000.times { |i| yield i }
  before = resident
  12_000.times { |i| yield i + 3_000 }
  more = resident - before
  puts more < limit || !MEASURED ? "#{name}: stays" : "#{name}: #{more} KB more"
end

class Base; def self.kept = (@kept ||= []); end
grown("eval", 4_000) { |i| eval("[#{i}].map { |x| x + 1 }") }
grown("interned strings", 1_000) { |i| -"a string that nobody keeps #{i}" }
grown("make_shareable", 2_500) { |i| Ractor.make_shareable([i.to_s * 20, {a: i.to_s}]) }
grown("classes", 9_000) { |i| Class.new(Base) { def number = 1 }.new.number }

# In use: subclasses, methods, constants, super, blocks, other Ractors.
kept = 20.times.map { |i| Class.new(Base) { define_method(:number) { i }; const_set(:NUMBER, i) } }
ractor = Ractor.new { loop { Ractor.yield(eval("1 + #{Ractor.receive}")) } }
results = 200.times.map do |i|
  200.times { Class.new(Base).new; eval("lambda { #{i} }").call }
  ractor << i
  [ractor.take, kept[i % 20].new.number, kept[i % 20]::NUMBER]
end
p results.all? { |sum, number, constant| number == constant } && results.map(&:first) == [*1..200]
p Base.subclasses.all? { |c| c.is_a?(Class) && c.superclass == Base }
p kept.all? { |c| Base.subclasses.include?(c) }
p GC.stat[:shared_gc_count] > 10
RUBY
TROUPE_GC_SHARED_LIMIT=300000 "$troupe" "$dir/t.rb" 2>&1
rm -rf "$dir"

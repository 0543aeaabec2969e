# A pipeline of Ractors: each takes from the one before it and hands on what it made.
#
#     numbers -> squares -> odd ones -> here

numbers = Ractor.new do
  1.upto(10) { |n| Ractor.yield(n) }
  nil
end

squares = Ractor.new(numbers) do |source|
  while (n = source.take)
    Ractor.yield(n * n)
  end
end

odd_ones = Ractor.new(squares) do |source|
  while (n = source.take)
    Ractor.yield("#{n} is odd") if n.odd?
  end
end

while (line = odd_ones.take)
  puts line
end
puts "the pipeline has run dry"

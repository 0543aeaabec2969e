# Allocation and short strings.
words = Array.new(200_000) { |i| "word#{i % 1000}" }
puts words.tally.size

# What cannot fit into any memory is refused at once, and the program goes on.
"$troupe" -e '
[-> { (1..1 << 62).to_a }, -> { (1..1 << 90).to_a }, -> { (1..1 << 45).to_a }, -> { [1] * (1 << 45) }, -> { "x" * (1 << 50) },
 -> { Array.new(1 << 45) }, -> { 10**(1 << 40) }, -> { 1 << (1 << 40) }].each do |work|
  work.call
rescue NoMemoryError, ArgumentError, RangeError => e
  puts "#{e.class}: #{e.message}"
end
puts "goes on"
' 2>&1 | grep -v 'WARNING: AddressSanitizer'

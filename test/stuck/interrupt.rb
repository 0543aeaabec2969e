# Whatever a thread does, what is sent to it strikes soon; other threads of its Ractor run meanwhile.
numbers = (0...1_000_000).to_a
text = "ab" * 5_000_000
pairs = numbers.each_slice(2).to_a
huge = (1 << 6_000_000) - 1

WORK = {
  "power" => -> { 3**300_000_000 },
  "power modulo" => -> { huge.pow((1 << 30_000) - 1, (1 << 60_000) - 3) },
  "product" => -> { loop { huge * huge } },
  "factorial" => -> { (1..10_000_000).inject(:*) },
  "quotient" => -> { loop { huge / 12_345_678_901_234_567_891**1000 } },
  "gcd" => -> { loop { huge.gcd(huge - 2) } },
  "square root" => -> { loop { Integer.sqrt(huge) } },
  "to_s" => -> { loop { huge.to_s } },
  "to_i" => -> { digits = "7" * 3_000_000; loop { digits.to_i } },
  "digits" => -> { loop { huge.digits } },
  "sort" => -> { loop { numbers.shuffle.sort } },
  "sort by a block" => -> { loop { numbers.sort { |a, b| b <=> a } } },
  "sort_by" => -> { loop { numbers.sort_by { -_1 } } },
  "product of arrays" => -> { loop { [0, 1, 2, 3].product(*[[0, 1, 2, 3]] * 7) } },
  "permutation" => -> { loop { (0..7).to_a.permutation.to_a } },
  "combination" => -> { (0..40).to_a.combination(20).each { } },
  "Array#*" => -> { loop { numbers * 20 } },
  "Array#-" => -> { loop { numbers - pairs } },
  "uniq" => -> { loop { numbers.uniq } },
  "include?" => -> { many = numbers * 20; loop { many.include?(-0.5) } },
  "flatten" => -> { loop { pairs.flatten } },
  "join" => -> { loop { numbers.join(",") } },
  "inspect" => -> { loop { pairs.inspect } },
  "pack" => -> { loop { numbers.pack("w*") } },
  "unpack" => -> { loop { text.unpack("C*") } },
  "regexp" => -> { /^(a+)+\1$/ =~ "a" * 30 + "b" },
  "scan" => -> { loop { text.scan(/a/) } },
  "gsub" => -> { loop { text.gsub(/b/, "c") } },
  "split" => -> { loop { text.split("b") } },
  "chars" => -> { loop { text.chars } },
  "Range#to_a" => -> { loop { (1..20_000_000).to_a } },
  "hash" => -> { loop { pairs.hash } },
  "Marshal" => -> { loop { Marshal.load(Marshal.dump(numbers)) } },
  "loop" => -> { loop { } },
  "until" => -> { i = 0; i += 1 until i < 0 },
}
SOON = 2.0 # seconds, on a machine that does other things as well

def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

WORK.each do |name, work|
  worker = Thread.new { work.call }
  worker.report_on_exception = false
  start = clock
  sleep 0.03
  slept = clock - start
  start = clock
  worker.raise IOError, "enough"
  result = begin worker.join(20) ? "it ended" : "it goes on"; rescue IOError then $!.message; end
  late = clock - start
  puts "#{name}: #{result}#{" after #{late} s" if late > SOON}#{", others waited #{slept} s" if slept > SOON}"
end

puts "-- what is right stays right"
a, b, m = 3**1_000_000, 7**300_001, 10**3000 + 7
q, r = (-a).divmod(b)
p q * b + r == -a, r >= 0, a.to_s.to_i == a, (a * b).gcd(a) == a, a.lcm(b) % b, a.digits.size == a.to_s.size
p Integer.sqrt(a * a) == a, (-3)**1_500_001 == -(3**1_500_001), 11.pow(3**7000, -m) == 11.pow(3**7000, m) - m
p (2**62 - 2..2**62 + 1).to_a.map { _1 - 2**62 }

# A pool of Ractors that compute in parallel: troupe examples/fib_pool.rb [WORKERS [JOBS [N]]]
#
# Each worker asks for jobs by sending its own port, computes, and sends the result to the port the main Ractor listens
# on. Nothing is shared, so nothing is locked.

workers = (ARGV[0] || 2).to_i
jobs = (ARGV[1] || 8).to_i
n = (ARGV[2] || 20).to_i

results = Ractor::Port.new
pool = workers.times.map do |index|
  Ractor.new(results, name: "worker-#{index}") do |port|
    fib = ->(k) { k < 2 ? k : fib.(k - 1) + fib.(k - 2) }
    while (job = Ractor.receive)
      number, k = job
      port << [number, fib.(k)]
    end
    :done
  end
end

jobs.times { |number| pool[number % workers] << [number, n + number % 3] }
answers = jobs.times.map { results.receive }.sort
pool.each { |worker| worker << nil }

answers.each { |number, value| puts "job #{number}: fib(#{n + number % 3}) = #{value}" }
puts "workers: #{pool.map(&:value).tally}"

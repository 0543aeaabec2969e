# request_state.rb - "which request am I working for?" in the four forms that Ruby offers, and what each of them reaches:
# the fiber itself, another fiber of the thread (an Enumerator), a thread or a fiber that is started for the request.

def reaches(label)
  enumerator = Enumerator.new { |yielder| yielder << yield }
  puts "#{label.ljust(18)} here: #{yield.inspect}, in an Enumerator: #{enumerator.next.inspect}, " \
       "in a new thread: #{Thread.new { yield }.value.inspect}, in a new fiber: #{Fiber.new { yield }.resume.inspect}"
end

# 1. Thread#[]: of one fiber, in spite of its name. Quick, and lost as soon as the work goes through an Enumerator.
Thread.current[:request] = 1
reaches("fiber-local") { Thread.current[:request] }

# 2. A thread variable: of all fibers of the thread. A server whose fibers serve several requests must not use it.
Thread.current.thread_variable_set(:request, 2)
reaches("thread variable") { Thread.current.thread_variable_get(:request) }

# 3. Fiber storage: inherited, as a copy, by every fiber and thread that is started from here. What one of them sets
#    later, the others do not see.
Fiber[:request] = 3
reaches("Fiber storage") { Fiber[:request] }
Fiber.new { Fiber[:request] = :changed }.resume
puts "after a fiber has set it: #{Fiber[:request]}"

# 4. An explicit object: what is handed over reaches as far as it is handed, and nobody has to guess.
Request = Data.define(:id)
request = Request.new(4)
reaches("explicit object") { request.id }

# A server in small: each request a thread, with storage for what is deep below.
def log(message) = "request #{Fiber[:request]}: #{message}"
def query = log("asks the database")
puts [10, 11].map { |id| Thread.new { Fiber[:request] = id; query } }.map(&:value)

# Ractors get a copy, too.
puts Ractor.new { "in a Ractor: #{Fiber[:request]}" }.value

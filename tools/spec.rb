# spec.rb FILE - checks a Ruby spec: plain Ruby in which `#=>` says what a line's value looks like.
#
#     [3, 1].sort                    #=> [1, 3]
#     Integer("x")                   #=> ArgumentError: invalid value for Integer(): "x"
#
# The file runs once, top to bottom. A line with the mark is an expression by itself; its value's inspect, or its
# exception's class and message (or the class alone), must equal what the mark says. Other lines just run.

path = ARGV.fetch(0)
binding_of_spec = TOPLEVEL_BINDING.dup
failures = 0
checks = 0
pending = +""
pending_line = 1

run = lambda do |code, line|
  eval(code, binding_of_spec, path, line).inspect
rescue Exception => error
  raise if error.is_a?(SystemExit) || error.is_a?(Interrupt)
  "#{error.class}: #{error.message}"
end

File.readlines(path, chomp: true).each_with_index do |text, index|
  line = index + 1
  code, mark = text.split(/\s+#=>\s?/, 2)
  if mark.nil? || code.strip.start_with?("#")
    pending << text << "\n"
    next
  end
  unless pending.strip.empty?
    eval(pending, binding_of_spec, path, pending_line)
  end
  pending = +""
  pending_line = line + 1
  checks += 1
  actual = run.call(code, line)
  next if actual == mark.strip || actual.start_with?("#{mark.strip}:")
  failures += 1
  warn "#{path}:#{line}: #{code.strip}\n  expected #{mark.strip}\n  got      #{actual}"
end
eval(pending, binding_of_spec, path, pending_line) unless pending.strip.empty?
puts "#{checks} checks, #{failures} failures"
exit(failures == 0)

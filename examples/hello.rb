# The first program: troupe examples/hello.rb
puts "Hello from #{RUBY_ENGINE}, which speaks Ruby #{RUBY_VERSION}"

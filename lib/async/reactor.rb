# reactor.rb - for programs that require it by this name: it is in scheduler.rb.
require "async"

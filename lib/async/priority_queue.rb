# priority_queue.rb - for programs that require it by this name: it is in queue.rb.
require "async"

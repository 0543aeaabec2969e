# variable.rb - for programs that require it by this name: it is in condition.rb.
require "async"

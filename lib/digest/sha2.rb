# sha2.rb - part of digest.
require "digest"

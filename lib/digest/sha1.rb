# sha1.rb - part of digest.
require "digest"

# md5.rb - part of digest.
require "digest"

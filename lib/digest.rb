# digest.rb - Digest::MD5, SHA1, SHA256, SHA384, SHA512, over OpenSSL's.

require "openssl"

module Digest
  module Instance
    def update(data)
      raise RuntimeError, "Digest::Base cannot be directly inherited in Ruby" unless @engine
      @engine.update(data)
      self
    end
    alias << update

    # Of what was given so far; or of `data` alone, and all that was given is forgotten.
    def digest(data = nil)
      return @engine.digest unless data
      reset
      update(data)
      digest!
    end

    def digest!
      result = digest
      reset
      result
    end

    def hexdigest(data = nil) = digest(data).unpack1("H*")
    def hexdigest! = digest!.unpack1("H*")
    def base64digest(data = nil) = [digest(data)].pack("m0")
    def to_s = hexdigest
    def inspect = "#<#{self.class}: #{hexdigest}>"
    def ==(other) = other.is_a?(Instance) ? digest == other.digest : (text = String.try_convert(other)) ? hexdigest == text : false
    def new = self.class.new
    def digest_length = @engine.digest_length
    alias length digest_length
    alias size digest_length
    def block_length = @engine.block_length

    def file(name)
      File.open(name, "rb") do |io|
        while (piece = io.read(65_536))
          update(piece)
        end
      end
      self
    end

    def reset
      @engine.reset
      self
    end

    def initialize_copy(other)
      super
      @engine = @engine.dup
    end
  end

  class Class
    include Instance

    def self.digest(data) = new.update(data).digest
    def self.hexdigest(data) = digest(data).unpack1("H*")
    def self.base64digest(data) = [digest(data)].pack("m0")
    def self.file(name) = new.file(name)
  end

  class Base < Class
  end

  class MD5 < Base
    def initialize = @engine = OpenSSL::Digest.new("MD5")
  end

  class SHA1 < Base
    def initialize = @engine = OpenSSL::Digest.new("SHA1")
  end

  class SHA256 < Base
    def initialize = @engine = OpenSSL::Digest.new("SHA256")
  end

  class SHA384 < Base
    def initialize = @engine = OpenSSL::Digest.new("SHA384")
  end

  class SHA512 < Base
    def initialize = @engine = OpenSSL::Digest.new("SHA512")
  end

  # SHA-2 by its length in bits.
  class SHA2 < Class
    def initialize(bits = 256)
      raise ArgumentError, "unsupported bit length: %s" % bits.inspect unless [256, 384, 512].include?(bits)
      @engine = OpenSSL::Digest.new("SHA#{bits}")
    end
  end

  def self.hexencode(text)
    text = String.try_convert(text) || raise(TypeError, "no implicit conversion of #{text.nil? ? "nil" : text.class} into String")
    text.unpack1("H*")
  end
end

def Digest(name) = Digest.const_get(name)

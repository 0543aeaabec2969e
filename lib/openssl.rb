# openssl.rb - OpenSSL: ciphers, digests, HMAC, key derivation, random bytes.
# TLS, certificates and keys are openssl/ssl.rb, loaded when they are first named.

require "crypto.so"

module OpenSSL
  VERSION = "4.0.0"
  autoload :SSL, "openssl/ssl"
  autoload :X509, "openssl/ssl"
  autoload :PKey, "openssl/ssl"
  OPENSSL_VERSION = OPENSSL_LIBRARY_VERSION

  class Cipher
    attr_reader :name

    def self.ciphers = %w[aes-128-cbc aes-192-cbc aes-256-cbc aes-128-ctr aes-256-ctr aes-128-gcm aes-256-gcm chacha20-poly1305]

    def self.new(name)
      super.tap { |cipher| cipher.instance_variable_set(:@name, name.upcase) }
    end

    def encrypt(*) = __direction(1)
    def decrypt(*) = __direction(0)
    def random_key = self.key = Random.random_bytes(key_len)
    def random_iv = self.iv = Random.random_bytes(iv_len)
  end

  class Digest
    attr_reader :name

    def self.digest(name, data) = new(name).update(data).digest
    def self.hexdigest(name, data) = new(name).update(data).hexdigest

    def initialize(name, data = nil)
      @name = name.respond_to?(:name) ? name.name : name.to_s.upcase
      __start(@name)
      update(data) if data
    end

    def digest(data = nil)
      return dup.reset.update(data).digest if data
      __finish
    end

    def hexdigest(data = nil) = digest(data).unpack1("H*")
    def base64digest(data = nil) = [digest(data)].pack("m0")
    def reset = __start(@name)
    def to_s = hexdigest
    def ==(other) = other.is_a?(String) ? hexdigest == other : other.is_a?(Digest) && digest == other.digest
    def inspect = "#<#{self.class}: #{hexdigest}>"

    %w[MD5 SHA1 SHA224 SHA256 SHA384 SHA512].each do |algorithm|
      klass = Class.new(self) do
        define_method(:initialize) { |data = nil| super(algorithm, data) }
        define_singleton_method(:digest) { |data| new.update(data).digest }
        define_singleton_method(:hexdigest) { |data| new.update(data).hexdigest }
        define_singleton_method(:base64digest) { |data| new.update(data).base64digest }
      end
      const_set(algorithm, klass)
    end
  end

  class HMAC
    def self.digest(digest, key, data) = OpenSSL.__hmac(digest.respond_to?(:name) ? digest.name : digest.to_s, key, data)
    def self.hexdigest(digest, key, data) = digest(digest, key, data).unpack1("H*")
    def self.base64digest(digest, key, data) = [digest(digest, key, data)].pack("m0")

    def initialize(key, digest)
      @key = key
      @digest = digest
      @data = +"".b
    end

    def update(data)
      @data << data
      self
    end
    alias << update

    def digest = HMAC.digest(@digest, @key, @data)
    def hexdigest = digest.unpack1("H*")
    alias to_s hexdigest
  end

  module Random
    def self.random_bytes(size) = OpenSSL.__random(size)
    def self.bytes(size) = OpenSSL.__random(size)
  end

  module KDF
    class KDFError < OpenSSLError; end

    def self.pbkdf2_hmac(password, salt:, iterations:, length:, hash:)
      OpenSSL.__pbkdf2(password, salt, iterations, length, hash.respond_to?(:name) ? hash.name : hash.to_s)
    end
  end

  module PKCS5
    def self.pbkdf2_hmac(password, salt, iterations, length, digest)
      KDF.pbkdf2_hmac(password, salt: salt, iterations: iterations, length: length, hash: digest)
    end
  end

  def self.fixed_length_secure_compare(a, b)
    raise ArgumentError, "inputs must be of equal length" unless a.bytesize == b.bytesize
    difference = 0
    a.each_byte.with_index { |byte, index| difference |= byte ^ b.getbyte(index) }
    difference == 0
  end

  def self.secure_compare(a, b)
    fixed_length_secure_compare(Digest.digest("SHA256", a), Digest.digest("SHA256", b)) && a == b
  end
end

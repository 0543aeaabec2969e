# random/formatter.rb - Random::Formatter: texts from random bytes (hex, base64, uuid, alphanumeric).
# Semantics: Ruby documentation of Random::Formatter.

module Random::Formatter
  ALPHANUMERIC = [*"A".."Z", *"a".."z", *"0".."9"].each(&:freeze).freeze

  def random_bytes(size = nil) = gen_random(size&.to_int || 16)
  def hex(size = nil) = random_bytes(size).unpack1("H*").force_encoding(Encoding::US_ASCII)
  def base64(size = nil) = [random_bytes(size)].pack("m0")

  def urlsafe_base64(size = nil, padding = false)
    text = base64(size).tr("+/", "-_")
    padding ? text : text.delete("=")
  end

  # Version 4: random but for the version and the variant.
  def uuid
    bytes = random_bytes(16)
    bytes.setbyte(6, bytes.getbyte(6) & 0x0f | 0x40)
    bytes.setbyte(8, bytes.getbyte(8) & 0x3f | 0x80)
    __uuid_text(bytes)
  end
  alias uuid_v4 uuid

  # Version 7: the milliseconds since the epoch, more bits of the time if asked for, and random bits.
  def uuid_v7(extra_timestamp_bits: 0)
    unless extra_timestamp_bits.is_a?(Integer) && extra_timestamp_bits.between?(0, 12)
      raise ArgumentError, "extra_timestamp_bits must be in 0..12"
    end
    milliseconds, rest = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond).divmod(1_000_000)
    random_bits = 12 - extra_timestamp_bits
    high = rest * (1 << extra_timestamp_bits) / 1_000_000 << random_bits | random_bytes(2).unpack1("n") & (1 << random_bits) - 1
    bytes = [milliseconds >> 16, milliseconds & 0xffff, 0x7000 | high].pack("Nnn") << random_bytes(8)
    bytes.setbyte(8, bytes.getbyte(8) & 0x3f | 0x80)
    __uuid_text(bytes)
  end

  def alphanumeric(size = nil, chars: ALPHANUMERIC) = choose(chars, size || 16)

  private

  def gen_random(size) = bytes(size)

  def __uuid_text(bytes)
    digits = bytes.unpack1("H*")
    "#{digits[0, 8]}-#{digits[8, 4]}-#{digits[12, 4]}-#{digits[16, 4]}-#{digits[20, 12]}".force_encoding(Encoding::US_ASCII)
  end

  # `count` of the source's items: the digits, to the base of its size, of as few random numbers as 32 bits each allow.
  def choose(source, count)
    base = source.size
    digits = 1
    limit = base
    while limit * base <= 1 << 32
      limit *= base
      digits += 1
    end
    result = []
    while result.size < count
      drawn = random_number(limit).digits(base)
      drawn << 0 while drawn.size < digits
      result.concat(source.values_at(*drawn.first(count - result.size)))
    end
    result.join
  end
end

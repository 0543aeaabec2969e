# option.rb - Socket::Option: what getsockopt answers and setsockopt takes.

class Socket::Option
  attr_reader :level, :optname, :data
  alias to_s data

  class << self
    def int(family, level, optname, number) = new(family, level, optname, [number].pack("i"))
    def byte(family, level, optname, number) = new(family, level, optname, [number].pack("C"))
    def bool(family, level, optname, value) = new(family, level, optname, [value ? 1 : 0].pack("i"))

    def linger(onoff, seconds)
      onoff = onoff.is_a?(Integer) ? onoff : onoff ? 1 : 0
      new(:UNSPEC, :SOCKET, :LINGER, [onoff, seconds].pack("ii"))
    end

    def ipv4_multicast_ttl(number) = new(:INET, :IP, :MULTICAST_TTL, [number].pack("i"))
    def ipv4_multicast_loop(number) = new(:INET, :IP, :MULTICAST_LOOP, [number].pack("i"))
  end

  def initialize(family, level, optname, data)
    @family = Socket.__family(family)
    @level = Socket.__level(@family, level)
    @optname = Socket.__option(@family, @level, optname)
    @data = data.to_str
  end

  def family = @family

  def int
    __check_size(4)
    @data.unpack1("i")
  end

  def byte
    __check_size(1)
    @data.unpack1("C")
  end

  def bool
    raise TypeError, "size differ.  expected as sizeof(int)=4 but #{@data.bytesize}" unless [1, 4].include?(@data.bytesize)
    @data.unpack1(@data.bytesize == 1 ? "C" : "i") != 0
  end

  def linger
    raise TypeError, "linger socket option expected" unless @level == Socket::SOL_SOCKET && @optname == Socket::SO_LINGER
    raise TypeError, "size differ.  expected as sizeof(struct linger)=8 but #{@data.bytesize}" unless @data.bytesize == 8
    onoff, seconds = @data.unpack("ii")
    [onoff == 0 ? false : onoff == 1 ? true : onoff, seconds]
  end

  def ipv4_multicast_ttl = __multicast(Socket::IP_MULTICAST_TTL, "ipv4_multicast_ttl")
  def ipv4_multicast_loop = __multicast(Socket::IP_MULTICAST_LOOP, "ipv4_multicast_loop")

  def unpack(template) = @data.unpack(template)

  def inspect
    family = Socket.__family_name(@family)&.delete_prefix("AF_") || "family:#{@family}"
    level, prefix = __level_name
    name = Socket.__name(prefix, @optname)&.delete_prefix(prefix) if prefix
    "#<Socket::Option: #{family} #{level} #{name || "optname:#{@optname}"} #{__inspect_data(name)}>"
  end

  private

  def __check_size(size)
    return if @data.bytesize == size
    raise TypeError, "size differ.  expected as sizeof(#{size == 4 ? "int" : "char"})=#{size} but #{@data.bytesize}"
  end

  def __multicast(option, what)
    raise TypeError, "#{what} socket option expected" unless @level == Socket::IPPROTO_IP && @optname == option
    @data.bytesize == 1 ? byte : int
  end

  def __level_name
    return ["SOCKET", "SO_"] if @level == Socket::SOL_SOCKET
    internet = @family == Socket::AF_INET || @family == Socket::AF_INET6
    case internet ? @level : nil
    when Socket::IPPROTO_IP then ["IP", "IP_"]
    when Socket::IPPROTO_IPV6 then ["IPV6", "IPV6_"]
    when Socket::IPPROTO_TCP then ["TCP", "TCP_"]
    when Socket::IPPROTO_UDP then ["UDP", "UDP_"]
    else ["level:#{@level}", nil]
    end
  end

  def __inspect_data(name)
    if @level == Socket::SOL_SOCKET
      case name
      when "LINGER"
        return @data.bytesize == 8 ? @data.unpack("ii").then { |on, seconds| "#{on == 0 ? "off" : "on"} #{seconds}sec" } : @data.inspect
      when "RCVTIMEO", "SNDTIMEO"
        return format("%d.%06d", *@data.unpack("qq")) if @data.bytesize == 16
      when "TYPE"
        return Socket.__name("SOCK_", int) || int.to_s if @data.bytesize == 4
      when "ERROR"
        return int == 0 ? "Success (0)" : "#{SystemCallError.new(int).message} (#{int})" if @data.bytesize == 4
      when "PEERCRED"
        return format("pid=%d euid=%d egid=%d (ucred)", *@data.unpack("iii")) if @data.bytesize == 12
      end
    end
    @data.bytesize == 4 ? @data.unpack1("i").to_s : @data.inspect
  end
end

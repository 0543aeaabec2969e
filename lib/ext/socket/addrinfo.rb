# addrinfo.rb - Addrinfo: an address with its family, type and protocol.

class Addrinfo
  attr_reader :pfamily, :socktype, :protocol, :canonname

  class << self
    def getaddrinfo(host, service, family = nil, socktype = nil, protocol = nil, flags = nil, timeout: nil)
      entries = Socket.__resolve(host, service, family.nil? ? 0 : Socket.__family(family), socktype.nil? ? 0 : Socket.__type(socktype),
                                 protocol || 0, flags || 0, timeout)
      name = Addrinfo.__inspect_name(host, service)
      entries.map { |entry| __from(entry, name) }
    end

    def ip(host) = __first(host, nil, 0, 0)
    def tcp(host, port) = __first(host, port, Socket::SOCK_STREAM, Socket::IPPROTO_TCP)
    def udp(host, port) = __first(host, port, Socket::SOCK_DGRAM, Socket::IPPROTO_UDP)

    def unix(path, socktype = nil)
      new(Socket.sockaddr_un(path), Socket::PF_UNIX, socktype.nil? ? Socket::SOCK_STREAM : Socket.__type(socktype), 0)
    end

    # "localhost:http": what was asked for, unless it is what stands in the address.
    def __inspect_name(host, service)
      host = nil if host.is_a?(Integer) || (host.is_a?(String) && Socket.__numeric?(host))
      service = nil if service.is_a?(Integer) || service.to_s.match?(/\A\d*\z/)
      return nil unless host || service
      "#{host}#{":#{service}" if service}"
    end

    private

    def __from(entry, name)
      address, family, socktype, protocol, canonname = entry
      info = new(address, family, socktype, protocol)
      info.__send__(:__remember, name, canonname)
      info
    end

    def __first(host, port, socktype, protocol)
      entry = Socket.__resolve(host, port, 0, socktype.zero? ? Socket::SOCK_STREAM : socktype, protocol, 0).first
      __from([entry[0], entry[1], socktype, protocol, nil], __inspect_name(host, port))
    end
  end

  def initialize(address, family = nil, socktype = nil, protocol = nil)
    socktype = socktype.nil? ? 0 : Socket.__type(socktype)
    protocol ||= 0
    if address.respond_to?(:to_ary)
      __from_array(address.to_ary, family, socktype, protocol)
    else
      @sockaddr = address.to_str.b.freeze
      @pfamily = family.nil? ? Socket::PF_UNSPEC : Socket.__family(family)
    end
    @socktype = socktype
    @protocol = protocol
  end

  def afamily = Socket.__address_family(@sockaddr)
  def to_sockaddr = @sockaddr.dup
  alias to_s to_sockaddr

  def ip? = ipv4? || ipv6?
  def ipv4? = afamily == Socket::AF_INET
  def ipv6? = afamily == Socket::AF_INET6
  def unix? = afamily == Socket::AF_UNIX

  def ip_unpack
    raise SocketError, "need IPv4 or IPv6 address" unless ip?
    host, port = Socket.__getnameinfo(@sockaddr, Socket::NI_NUMERICHOST | Socket::NI_NUMERICSERV)
    [host, port.to_i]
  end

  def ip_address = ip_unpack[0]
  def ip_port = ip_unpack[1]

  def unix_path
    raise SocketError, "need AF_UNIX address" unless unix?
    Socket.unpack_sockaddr_un(@sockaddr)
  end

  def getnameinfo(flags = 0)
    flags |= Socket::NI_DGRAM if @socktype == Socket::SOCK_DGRAM
    Socket.__getnameinfo(@sockaddr, flags)
  end

  def ipv4_loopback? = __ipv4? { |ip| ip >> 24 == 127 }
  def ipv4_private? = __ipv4? { |ip| ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 }
  def ipv4_multicast? = __ipv4? { |ip| ip >> 28 == 0xe }
  def ipv6_loopback? = __ipv6? { |ip| ip == "\0".b * 15 + "\1" }
  def ipv6_unspecified? = __ipv6? { |ip| ip == "\0".b * 16 }
  def ipv6_multicast? = __ipv6? { |ip| ip.getbyte(0) == 0xff }
  def ipv6_linklocal? = __ipv6? { |ip| ip.getbyte(0) == 0xfe && ip.getbyte(1) & 0xc0 == 0x80 }
  def ipv6_sitelocal? = __ipv6? { |ip| ip.getbyte(0) == 0xfe && ip.getbyte(1) & 0xc0 == 0xc0 }
  def ipv6_unique_local? = __ipv6? { |ip| ip.getbyte(0) & 0xfe == 0xfc }
  def ipv6_v4mapped? = __ipv6? { |ip| ip.start_with?("\0".b * 10 + "\xff\xff".b) }
  def ipv6_v4compat? = __ipv6? { |ip| ip.start_with?("\0".b * 12) && ip.byteslice(12, 4).unpack1("N") > 1 }
  def ipv6_mc_nodelocal? = __multicast_scope?(1)
  def ipv6_mc_linklocal? = __multicast_scope?(2)
  def ipv6_mc_sitelocal? = __multicast_scope?(5)
  def ipv6_mc_orglocal? = __multicast_scope?(8)
  def ipv6_mc_global? = __multicast_scope?(14)

  def ipv6_to_ipv4
    return nil unless ipv6_v4mapped? || ipv6_v4compat?
    Addrinfo.new([Socket::AF_INET, 0, @sockaddr.byteslice(20, 4)].pack("Sna4x8"), Socket::PF_INET, @socktype, @protocol)
  end

  def inspect_sockaddr
    case afamily
    when Socket::AF_INET
      return "too-short-AF_INET-sockaddr" if @sockaddr.bytesize < 8
      host, port = ip_unpack
      port.zero? ? host : "#{host}:#{port}"
    when Socket::AF_INET6
      return "too-short-AF_INET6-sockaddr" if @sockaddr.bytesize < 28
      host, port = ip_unpack
      port.zero? ? host : "[#{host}]:#{port}"
    when Socket::AF_UNIX
      path = unix_path
      return "empty-path-AF_UNIX-sockaddr" if path.empty?
      return "UNIX #{path.inspect[1..-2]}" unless path.match?(/\A[[:print:]]+\z/)
      path.start_with?("/") ? path : "UNIX #{path}"
    when Socket::AF_PACKET
      __inspect_packet
    else
      return @sockaddr.empty? ? "empty-sockaddr" : "too-short-sockaddr" if @sockaddr.bytesize < 2
      name = Socket.__family_name(afamily)
      "#{afamily.zero? ? "UNSPEC" : name ? name.delete_prefix("AF_") : "unknown address family #{afamily}"}" \
        "#{"[#{@sockaddr.byteslice(2..).unpack1("H*")}]" if @sockaddr.bytesize > 2}"
    end
  end

  def inspect
    text = "#<Addrinfo: #{inspect_sockaddr}#{__inspect_kind}"
    text << " " << @canonname if @canonname
    text << " (#{@inspect_name})" if @inspect_name
    text << ">"
  end


  def marshal_dump
    family = Socket.__family_name(afamily)
    address = unix? ? unix_path : ip? ? ip_unpack.map(&:to_s) : @sockaddr
    protocol = @protocol.zero? ? 0 : Socket.__name("IPPROTO_", @protocol) || @protocol
    [family, address, Socket.__family_name(@pfamily, "PF_"), Socket.__name("SOCK_", @socktype) || @socktype, protocol, @canonname, @inspect_name]
  end

  def marshal_load(dumped)
    family, address, pfamily, socktype, protocol, canonname, name = dumped
    @sockaddr =
      case family
      when "AF_UNIX" then Socket.sockaddr_un(address)
      when "AF_INET", "AF_INET6" then Socket.__resolve(address[0], address[1], Socket.__family(family), Socket::SOCK_STREAM, 0, 0).first[0]
      else address
      end.b.freeze
    @pfamily = Socket.__family(pfamily)
    @socktype = socktype.is_a?(String) ? Socket.__type(socktype) : socktype
    @protocol = Socket.__number(protocol, "protocol", "IPPROTO_")
    @canonname = canonname
    @inspect_name = name
  end

  private

  def __remember(name, canonname)
    @inspect_name = name
    @canonname = canonname
  end

  def __from_array(array, family, socktype, protocol)
    name = array[0].to_str
    af = Socket.__family(name)
    if af == Socket::AF_UNIX
      @sockaddr = Socket.sockaddr_un(array[1])
      @pfamily = family.nil? ? Socket::PF_UNIX : Socket.__family(family)
      return
    end
    raise ArgumentError, "unexpected address family" unless af == Socket::AF_INET || af == Socket::AF_INET6
    _, service, host, numeric = array
    flags = numeric.nil? ? 0 : Socket::AI_NUMERICHOST
    wanted = family.nil? ? Socket::PF_UNSPEC : Socket.__family(family)
    @sockaddr = __resolve(numeric || host, service, wanted.zero? ? af : wanted, socktype, protocol, flags)
    @pfamily = family.nil? ? af : wanted
    @inspect_name = Addrinfo.__inspect_name(host, service) if host != numeric
  end

  # getaddrinfo knows no services of raw sockets: they get the port afterwards.
  def __resolve(host, service, family, socktype, protocol, flags)
    socktype = Socket::SOCK_DGRAM if socktype.zero?
    unless socktype == Socket::SOCK_RAW
      return Socket.__resolve(host, service, family, socktype, protocol, flags).first[0]
    end
    address = Socket.__resolve(host, nil, family, Socket::SOCK_STREAM, 0, flags).first[0]
    address[2, 2] = [service.to_i].pack("n")
    address
  end

  def __ipv4? = ipv4? && yield(@sockaddr.byteslice(4, 4).unpack1("N"))
  def __ipv6? = ipv6? && yield(@sockaddr.byteslice(8, 16))
  def __multicast_scope?(scope) = __ipv6? { |ip| ip.getbyte(0) == 0xff && ip.getbyte(1) & 0x0f == scope }

  def __inspect_kind
    family = @pfamily == afamily ? "" : " #{Socket.__family_name(@pfamily, "PF_") || "PF_#{@pfamily}"}"
    internet = @pfamily == Socket::PF_INET || @pfamily == Socket::PF_INET6
    kind =
      if internet && @socktype == Socket::SOCK_STREAM && [0, Socket::IPPROTO_TCP].include?(@protocol) then " TCP"
      elsif internet && @socktype == Socket::SOCK_DGRAM && [0, Socket::IPPROTO_UDP].include?(@protocol) then " UDP"
      else
        type = @socktype.zero? ? "" : " #{Socket.__name("SOCK_", @socktype) || "unknown socktype (#{@socktype})"}"
        protocol = @protocol.zero? ? "" : " #{(internet && Socket.__name("IPPROTO_", @protocol)&.delete_prefix("IPPROTO_")) || "unknown protocol (#{@protocol})"}"
        type + protocol
      end
    family = "" if @pfamily == Socket::PF_UNSPEC && kind.empty?
    family + kind
  end

  def __inspect_packet
    _, protocol, index, type, kind, size = @sockaddr.unpack("SnlSCC")
    kinds = ["HOST", "BROADCAST", "MULTICAST", "OTHERHOST", "OUTGOING"]
    hardware = @sockaddr.byteslice(12, size).unpack("C*").map { |byte| format("%02x", byte) }.join(":")
    name = Socket.__send__(:__interfaces).find { |entry| entry[1] == index }&.first
    "PACKET[protocol=#{protocol} #{name || "ifindex=#{index}"} hatype=#{type} #{kinds[kind] || "pkttype=#{kind}"} hwaddr=#{hardware}]"
  end
end

# names.rb - Socket's class methods: constants by their names, host names, packed addresses, interfaces.

class Socket < BasicSocket
  class << self
    # The number behind 2, :INET, "INET", :AF_INET, "AF_INET", with the prefixes that the name may lack.
    def __number(value, what, *prefixes)
      return value if value.is_a?(Integer)
      name = value.is_a?(Symbol) ? value.name : String.try_convert(value)
      return value.respond_to?(:to_int) ? value.to_int : __string(value) unless name
      prefixes.each do |prefix|
        full = name.start_with?(prefix) ? name : prefix + name
        return Constants.const_get(full, false) if full.match?(/\A[A-Z]\w*\z/) && Constants.const_defined?(full, false)
      end
      raise SocketError, "unknown #{what}: #{name}"
    end

    def __string(value)
      String.try_convert(value) or
        raise TypeError, "no implicit conversion of #{value.nil? ? "nil" : value == true || value == false ? value : value.class} into String"
    end

    def __family(value) = __number(value, "socket domain", "PF_", "AF_")
    def __type(value) = __number(value, "socket type", "SOCK_")

    def __level(family, value)
      return value if value.is_a?(Integer)
      return Constants::SOL_SOCKET if value.to_s == "SOCKET"
      __number(value, "protocol level", "IPPROTO_", "SOL_")
    end

    def __option(family, level, value)
      return value if value.is_a?(Integer)
      prefixes =
        case level
        when SOL_SOCKET then ["SO_"]
        when IPPROTO_IP then ["IP_", "MCAST_"]
        when IPPROTO_IPV6 then ["IPV6_"]
        when IPPROTO_TCP then ["TCP_"]
        when IPPROTO_UDP then ["UDP_"]
        else []
        end
      __number(value, level == SOL_SOCKET ? "socket level option name" : __protocol_what(level), *prefixes)
    end

    def __control_type(family, level, value)
      return value if value.is_a?(Integer)
      raise SocketError, "unknown UNIX control message: #{value}" if family == AF_UNIX && level != SOL_SOCKET
      prefixes =
        case level
        when SOL_SOCKET then ["SCM_"]
        when IPPROTO_IP then ["IP_"]
        when IPPROTO_IPV6 then ["IPV6_"]
        when IPPROTO_TCP then ["TCP_"]
        when IPPROTO_UDP then ["UDP_"]
        else []
        end
      __number(value, level == SOL_SOCKET ? "UNIX control message" : __protocol_what(level).sub("option", "control message"), *prefixes)
    end

    def __protocol_what(level)
      case level
      when IPPROTO_IP then "IP level option name"
      when IPPROTO_IPV6 then "IPv6 level option name"
      when IPPROTO_TCP then "TCP level option name"
      when IPPROTO_UDP then "UDP level option name"
      else "protocol level option name"
      end
    end

    # The name of a number among the constants with the prefix ("AF_INET"), nil when it has none.
    def __name(prefix, number, *preferred)
      preferred.each { |name| return name if Constants.const_get(name) == number }
      Constants.constants.each do |name|
        return name.name if name.start_with?(prefix) && Constants.const_get(name) == number
      end
      nil
    end

    def __family_name(family, prefix = "AF_") = __name(prefix, family, "#{prefix}UNIX", "#{prefix}INET", "#{prefix}INET6")
    def __address_family(address) = address.bytesize < 2 ? AF_UNSPEC : address.unpack1("S")

    # The bytes of an Addrinfo or a String.
    def __address(value)
      value.is_a?(Addrinfo) ? value.to_sockaddr : __string(value)
    end

    # [[address, family, type, protocol, canonical name], …]. A fiber scheduler may look the name up.
    def __resolve(host, service, family, type, protocol, flags, timeout = nil)
      host = __host(host)
      service = __service(service)
      if host && (scheduler = Fiber.current_scheduler) && scheduler.respond_to?(:address_resolve) && !__numeric?(host)
        found = scheduler.address_resolve(host[/\A[^%]*/]) || []
        raise ResolutionError, "getaddrinfo(3): Name or service not known" if found.empty?
        return found.flat_map { |one| __getaddrinfo(one, service, family, type, protocol, flags | AI_NUMERICHOST, nil) }
      end
      flags |= AI_NUMERICSERV if service&.match?(/\A\d+\z/)
      service ||= "0" if host.nil? && flags & AI_PASSIVE == 0
      __getaddrinfo(host, service || (host ? nil : "0"), family, type, protocol, flags, timeout)
    end

    def __numeric?(host)
      !!__getaddrinfo(host, nil, 0, SOCK_STREAM, 0, AI_NUMERICHOST, nil)
    rescue SocketError
      false
    end

    def __host(host)
      case host
      when nil then nil
      when Integer then [host].pack("N").unpack("C4").join(".")
      else
        host = __string(host)
        raise ArgumentError, "hostname too long (#{host.bytesize})" if host.bytesize >= 1025
        case host
        when "" then "0.0.0.0"
        when "<any>" then "0.0.0.0"
        when "<broadcast>" then "255.255.255.255"
        else host
        end
      end
    end

    def __service(service)
      case service
      when nil then nil
      when Integer then service.to_s
      else
        service = __string(service)
        raise ArgumentError, "service name too long (#{service.bytesize})" if service.bytesize >= 32
        service.empty? ? "0" : service
      end
    end

    # [family, port, host, numeric host]
    def __ip_names(address, numeric)
      family = __address_family(address)
      number, port = __getnameinfo(address, NI_NUMERICHOST | NI_NUMERICSERV)
      name = number
      unless numeric
        begin
          name = __getnameinfo(address, NI_NUMERICSERV)[0]
        rescue SocketError
          name = number
        end
      end
      [__family_name(family) || "unknown:#{family}", port.to_i, name, number]
    end

    def getaddrinfo(host, service, family = nil, type = nil, protocol = nil, flags = nil, reverse_lookup = nil)
      entries = __resolve(host, service, family.nil? ? 0 : __family(family), type.nil? ? 0 : __type(type), protocol || 0, flags || 0)
      numeric =
        case reverse_lookup
        when nil then BasicSocket.do_not_reverse_lookup
        when true, :hostname then false
        when false, :numeric then true
        when Symbol then raise ArgumentError, "invalid reverse_lookup flag: #{reverse_lookup.inspect}"
        else raise TypeError, "wrong argument type #{reverse_lookup.class} (expected true, false, :hostname, or :numeric)"
        end
      entries.map { |address, pfamily, socktype, proto,| [*__ip_names(address, numeric), pfamily, socktype, proto] }
    end

    def getnameinfo(address, flags = 0)
      if address.respond_to?(:to_ary)
        family, port, host, numeric = address.to_ary
        raise ArgumentError, "array size should be 3 or 4, #{address.to_ary.size} given" unless (3..4).cover?(address.to_ary.size)
        family = family.nil? ? 0 : __family(family)
        address = __resolve(numeric || host, port, family, flags & NI_DGRAM == 0 ? SOCK_STREAM : SOCK_DGRAM, 0, 0).first[0]
      else
        address = __address(address)
      end
      __getnameinfo(address, flags)
    end

    def gethostbyname(host)
      warn "Socket.gethostbyname is deprecated; use Addrinfo.getaddrinfo instead", uplevel: 0, category: :deprecated
      entries = __resolve(host, nil, 0, SOCK_STREAM, 0, AI_CANONNAME)
      raw = entries.map { |address, family,| __raw_ip(address) if family == entries[0][1] }
      [entries[0][4] || __host(host), [], entries[0][1], *raw.compact]
    end

    def gethostbyaddr(bytes, family = AF_INET)
      warn "Socket.gethostbyaddr is deprecated; use Addrinfo#getnameinfo instead", uplevel: 0, category: :deprecated
      family = __family(family)
      address =
        case [family, bytes.bytesize]
        when [AF_INET, 4] then [AF_INET, 0, bytes].pack("Sna4x8")
        when [AF_INET6, 16] then [AF_INET6, 0, 0, bytes, 0].pack("SnNa16L")
        else raise SocketError, "host not found"
        end
      name, = __getnameinfo(address, NI_NAMEREQD)
      [name, __aliases(name, family), family, bytes]
    rescue ResolutionError
      raise SocketError, "host not found"
    end

    def __aliases(name, family)
      __resolve(name, nil, family, SOCK_STREAM, 0, AI_CANONNAME).filter_map { |entry| entry[4] } - [name]
    rescue ResolutionError
      []
    end

    def __raw_ip(address) = __address_family(address) == AF_INET6 ? address.byteslice(8, 16) : address.byteslice(4, 4)

    def sockaddr_in(port, host)
      __resolve(host, port, 0, SOCK_STREAM, 0, host.nil? ? 0 : AI_PASSIVE & (host == "" ? -1 : 0)).first[0]
    end
    alias pack_sockaddr_in sockaddr_in

    def unpack_sockaddr_in(address)
      address = __address(address)
      family = __address_family(address)
      raise ArgumentError, "not an AF_INET/AF_INET6 sockaddr" unless family == AF_INET || family == AF_INET6
      host, port = __getnameinfo(address, NI_NUMERICHOST | NI_NUMERICSERV)
      [port.to_i, host]
    end

    def sockaddr_un(path)
      path = path.respond_to?(:to_path) ? path.to_path : path.to_str
      raise ArgumentError, "too long unix socket path (#{path.bytesize}bytes given but 108bytes max)" if path.bytesize > 108
      path.start_with?("\0") ? [AF_UNIX, path].pack("Sa*") : [AF_UNIX, path].pack("Sa108")
    end
    alias pack_sockaddr_un sockaddr_un

    def unpack_sockaddr_un(address)
      address = __address(address)
      raise ArgumentError, "not an AF_UNIX sockaddr" unless __address_family(address) == AF_UNIX
      path = address.byteslice(2, address.bytesize - 2) || ""
      path.start_with?("\0") && path.match?(/[^\0]/n) ? path.sub(/\0+\z/n, "") : path[/\A[^\0]*/n].force_encoding(Encoding.find("filesystem"))
    end

    def getifaddrs = __interfaces.map { |entry| Ifaddr.__send__(:new, *entry) }

    def ip_address_list
      __interfaces.filter_map do |_, _, _, address,|
        Addrinfo.new(address) if address && [AF_INET, AF_INET6].include?(__address_family(address))
      end
    end
  end

  # One address of one of the machine's interfaces.
  class Ifaddr
    attr_reader :name, :ifindex, :flags, :addr, :netmask

    def initialize(name, index, flags, address, netmask, other)
      @name = name
      @ifindex = index
      @flags = flags
      @addr = address && Addrinfo.new(address)
      @netmask = netmask && Addrinfo.new(netmask)
      @other = other && Addrinfo.new(other)
    end
    private_class_method :new

    def broadaddr = flags & IFF_BROADCAST == 0 ? nil : @other
    def dstaddr = flags & IFF_POINTOPOINT == 0 ? nil : @other

    def inspect
      names = %w[UP BROADCAST LOOPBACK POINTOPOINT RUNNING NOARP PROMISC ALLMULTI MASTER SLAVE MULTICAST]
      shown = names.select { |one| flags & Socket.const_get("IFF_#{one}") != 0 }.join(",")
      text = "#<Socket::Ifaddr #{name}"
      text << " " << shown unless shown.empty?
      text << " " << addr.inspect_sockaddr if addr
      text << " netmask=" << netmask.inspect_sockaddr if netmask
      text << " broadcast=" << broadaddr.inspect_sockaddr if broadaddr
      text << " dstaddr=" << dstaddr.inspect_sockaddr if dstaddr
      text << ">"
    end
  end
end

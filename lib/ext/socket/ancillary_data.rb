# ancillary_data.rb - Socket::AncillaryData: control data beside a message (descriptors, timestamps, packet information).

class Socket::AncillaryData
  attr_reader :family, :level, :type, :data

  class << self
    def int(family, level, type, number) = new(family, level, type, [number].pack("i"))

    def unix_rights(*ios)
      ios.each { |io| raise TypeError, "IO expected" unless io.is_a?(IO) }
      control = new(:UNIX, :SOCKET, :RIGHTS, ios.map(&:fileno).pack("i*"))
      control.__send__(:__keep, ios)
      control
    end

    def ip_pktinfo(address, index, spec_destination = address)
      raw = [address, spec_destination].map { |one| __addrinfo(one).to_sockaddr.byteslice(4, 4) }
      new(:INET, :IP, :PKTINFO, [index, raw[1], raw[0]].pack("ia4a4"))
    end

    def ipv6_pktinfo(address, index)
      new(:INET6, :IPV6, :PKTINFO, [__addrinfo(address).to_sockaddr.byteslice(8, 16), index].pack("a16I"))
    end

    private

    def __addrinfo(address) = address.is_a?(Addrinfo) ? address : Addrinfo.new(address)
  end

  def initialize(family, level, type, data)
    @family = Socket.__family(family)
    @level = Socket.__level(@family, level)
    @type = Socket.__control_type(@family, @level, type)
    @data = data.to_str
  end

  def int
    raise TypeError, "size differ.  expected as sizeof(int)=4 but #{@data.bytesize}" unless @data.bytesize == 4
    @data.unpack1("i")
  end

  def cmsg_is?(level, type)
    level = Socket.__level(@family, level)
    @level == level && @type == Socket.__control_type(@family, level, type)
  end

  def unix_rights
    raise TypeError, "SCM_RIGHTS ancillary data expected" unless @level == Socket::SOL_SOCKET && @type == Socket::SCM_RIGHTS
    @rights
  end

  # The descriptors that came with a message, as IO objects.
  def __take_rights
    @rights = @data.unpack("i*").map do |descriptor|
      io = IO.for_fd(descriptor)
      File.stat("/proc/self/fd/#{descriptor}").socket? ? Socket.for_fd(io.tap { |one| one.autoclose = false }.fileno) : io
    end
  end

  def timestamp
    raise TypeError, "timestamp ancillary data expected" unless @level == Socket::SOL_SOCKET
    case @type
    when Socket::SCM_TIMESTAMP then @data.unpack("qq").then { |seconds, micro| Time.at(seconds, micro) }
    when Socket::SCM_TIMESTAMPNS then @data.unpack("qq").then { |seconds, nano| Time.at(seconds, nano, :nsec) }
    else raise TypeError, "timestamp ancillary data expected"
    end
  end

  def ip_pktinfo
    unless @level == Socket::IPPROTO_IP && @type == Socket::IP_PKTINFO && @data.bytesize == 12
      raise TypeError, "IP_PKTINFO ancillary data expected"
    end
    index, destination, address = @data.unpack("ia4a4")
    [__ipv4(address), index, __ipv4(destination)]
  end

  def ipv6_pktinfo
    unless @level == Socket::IPPROTO_IPV6 && @type == Socket::IPV6_PKTINFO && @data.bytesize == 20
      raise TypeError, "IPV6_PKTINFO ancillary data expected"
    end
    address, index = @data.unpack("a16I")
    scope = Addrinfo.new([Socket::AF_INET6, 0, 0, address, 0].pack("SnNa16L")).ipv6_linklocal? ? index : 0
    [Addrinfo.new([Socket::AF_INET6, 0, 0, address, scope].pack("SnNa16L"), Socket::PF_INET6), index]
  end

  def ipv6_pktinfo_addr = ipv6_pktinfo[0]
  def ipv6_pktinfo_ifindex = ipv6_pktinfo[1]

  def inspect
    family = Socket.__family_name(@family)&.delete_prefix("AF_") || "family:#{@family}"
    level, prefix =
      if @level == Socket::SOL_SOCKET then ["SOCKET", "SCM_"]
      elsif @family == Socket::AF_UNIX then ["cmsg_level:#{@level}", nil]
      else
        { Socket::IPPROTO_IP => ["IP", "IP_"], Socket::IPPROTO_IPV6 => ["IPV6", "IPV6_"], Socket::IPPROTO_TCP => ["TCP", "TCP_"],
          Socket::IPPROTO_UDP => ["UDP", "UDP_"] }.fetch(@level, ["cmsg_level:#{@level}", nil])
      end
    type = Socket.__name(prefix, @type)&.delete_prefix(prefix) if prefix
    "#<Socket::AncillaryData: #{family} #{level} #{type || "cmsg_type:#{@type}"} #{__inspect_data}>"
  end

  private

  def __keep(ios)
    @rights = ios
  end

  def __ipv4(bytes) = Addrinfo.new([Socket::AF_INET, 0, bytes].pack("Sna4x8"), Socket::PF_INET)

  def __inspect_data
    if @level == Socket::SOL_SOCKET && @type == Socket::SCM_RIGHTS
      return @rights ? @rights.map(&:inspect).join(" ") : @data.unpack("i*").join(" ")
    end
    @data.bytesize == 4 ? int.to_s : @data.inspect
  end
end

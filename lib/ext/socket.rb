# socket.rb - the classes of sockets over the system calls of src/stdlib/socket*.c. The socket.rb of the standard library
# asks for this as socket.so, and adds what is built upon it (Socket.tcp, Addrinfo#connect, udp_server_loop, …).
# An address is a String with the bytes of a struct sockaddr. Semantics: Ruby documentation; ruby/spec library/socket.

require "socket_core"

class IO
  class EINPROGRESSWaitReadable < Errno::EINPROGRESS
    include WaitReadable
  end
  class EINPROGRESSWaitWritable < Errno::EINPROGRESS
    include WaitWritable
  end
end

class Socket < BasicSocket
  class ResolutionError < SocketError
    attr_reader :error_code
  end
end

require_relative "socket/names"
require_relative "socket/addrinfo"
require_relative "socket/option"
require_relative "socket/ancillary_data"

class BasicSocket < IO
  class << self
    def for_fd(descriptor)
      descriptor = descriptor.fileno if descriptor.is_a?(IO)
      allocate.__send__(:__adopt, descriptor)
    end
    undef_method :pipe, :sysopen, :popen

    def new(*arguments, **options)
      warn "#{name}::new() does not take block; use #{name}::open() instead", uplevel: 0 if block_given?
      super(*arguments, **options)
    end
  end

  alias __io_read_nonblock read_nonblock
  alias __io_write_nonblock write_nonblock
  private :__io_read_nonblock, :__io_write_nonblock

  def local_address = __addrinfo(getsockname)
  def remote_address = __addrinfo(getpeername)

  def getsockopt(level, option)
    family = Socket.__address_family(getsockname)
    level = Socket.__level(family, level)
    option = Socket.__option(family, level, option)
    Socket::Option.new(family, level, option, __getsockopt(level, option))
  end

  def setsockopt(level, option = (given = false; nil), value = (short = true; nil))
    raise ArgumentError, "wrong number of arguments (given 2, expected 3)" if short && given.nil?
    if given == false
      raise ArgumentError, "wrong number of arguments (given 1, expected 3)" unless level.is_a?(Socket::Option)
      level, option, value = level.level, level.optname, level.data
    end
    unless level.is_a?(Integer) && option.is_a?(Integer)
      family = Socket.__address_family(getsockname)
      level = Socket.__level(family, level)
      option = Socket.__option(family, level, option)
    end
    value = value == true ? 1 : value == false ? 0 : value
    value = Socket.__string(value) unless value.is_a?(Integer) || value.is_a?(String)
    __setsockopt(level, option, value)
  end

  def shutdown(how = Socket::SHUT_RDWR)
    how = Socket.__number(how, "shutdown argument", "SHUT_") unless how.is_a?(Integer)
    raise ArgumentError, "'how' should be either :SHUT_RD, :SHUT_WR, :SHUT_RDWR" unless (0..2).cover?(how)
    __shutdown(how)
  end

  private

  # This object stands on a new socket, which the block has brought to where it should be: nothing is left if it raises.
  def __take_over(family, type, protocol)
    socket = Socket.new(family, type, protocol)
    yield socket
    __take(socket)
  ensure
    socket&.close
  end

  def __addrinfo(address)
    type = __getsockopt(Socket::SOL_SOCKET, Socket::SO_TYPE).unpack1("i")
    Addrinfo.new(address, Socket.__address_family(address), type, 0)
  end

  def __sender(address) = __addrinfo(address.empty? ? [Socket::AF_UNSPEC].pack("S") : address)

  # How the address is named in an error: "127.0.0.1:80", "/path".
  def __shown(address) = address.is_a?(Addrinfo) ? address.inspect_sockaddr : Addrinfo.new(address).inspect_sockaddr

  def __read_nonblock(length, buffer, exception) = __io_read_nonblock(length, buffer, exception: exception)
  def __write_nonblock(string, exception) = __io_write_nonblock(string, exception: exception)

  def __sendmsg(message, flags, address, controls)
    __send_message(message, flags, address, __controls(controls), true)
  end

  def __sendmsg_nonblock(message, flags, address, controls, exception)
    result = __send_message(message, flags, address, __controls(controls), false)
    raise IO::EAGAINWaitWritable, "sendmsg(2) would block" if result == :wait_writable && exception
    result
  end

  def __controls(controls)
    controls.map do |control|
      if control.respond_to?(:to_ary)
        level, type, data = control.to_ary
        family = Socket.__address_family(getsockname)
        level = Socket.__level(family, level)
        [level, Socket.__control_type(family, level, type), data.to_str]
      else
        [control.level, control.type, control.data]
      end
    end
  end

  def __recvmsg(length, flags, control_length, scm_rights)
    __message(__receive_message(length, flags, control_length, scm_rights, true), scm_rights)
  end

  def __recvmsg_nonblock(length, flags, control_length, scm_rights, exception)
    result = __receive_message(length, flags, control_length, scm_rights, false)
    raise IO::EAGAINWaitReadable, "recvmsg(2) would block" if result == :wait_readable && exception
    __message(result, scm_rights)
  end

  def __message(received, scm_rights)
    return received unless received.is_a?(Array)
    data, address, flags, controls = received
    family = Socket.__address_family(getsockname)
    controls = controls.map do |level, type, bytes|
      control = Socket::AncillaryData.new(family, level, type, bytes)
      control.__take_rights if scm_rights && control.cmsg_is?(:SOCKET, :RIGHTS)
      control
    end
    [data, __sender(address), flags, *controls]
  end
end

class Socket < BasicSocket
  include Constants

  class << self
    def pair(domain = nil, type = nil, protocol = 0)
      domain = domain.nil? ? AF_UNIX : __family(domain)
      type = type.nil? ? SOCK_STREAM : __type(type)
      pair = __pair(domain, type, protocol)
      return pair unless block_given?
      begin
        yield pair
      ensure
        pair.each { |socket| socket.close unless socket.closed? }
      end
    end
    alias socketpair pair
  end

  def initialize(domain, type = SOCK_STREAM, protocol = 0)
    __adopt(BasicSocket.__send__(:__create, Socket.__family(domain), Socket.__type(type), protocol))
  end

  def bind(address)
    __bind(Socket.__address(address), "bind(2) for #{__shown(address)}")
  end

  def listen(backlog) = __listen(backlog)

  def connect(address)
    __connect(Socket.__address(address), nil, "connect(2) for #{__shown(address)}")
  end

  def accept
    socket, address = __accept(Socket)
    [socket, socket.__send__(:__addrinfo, address)]
  end

  def sysaccept
    descriptor, address = __sysaccept
    [descriptor, __addrinfo(address)]
  end

  def recvfrom(length, flags = 0, buffer = nil)
    data, address = __recvfrom(length, flags, buffer)
    data && [data, __sender(address)]
  end

  private

  def __recvfrom_nonblock(length, flags, buffer, exception)
    received = __try_recvfrom(length, flags, buffer, exception)
    received.is_a?(Array) ? [received[0], __sender(received[1])] : received
  end

  def __accept_nonblock(exception)
    accepted = __try_accept(Socket, exception)
    accepted.is_a?(Array) ? [accepted[0], accepted[0].__send__(:__addrinfo, accepted[1])] : accepted
  end

  def __connect_nonblock(address, exception)
    __try_connect(Socket.__address(address), exception, "connect(2) for #{__shown(address)}")
  end
end

class IPSocket < BasicSocket
  def self.getaddress(host)
    Socket.__resolve(host, nil, 0, Socket::SOCK_STREAM, 0, 0).first.then { |entry| Addrinfo.new(entry[0]).ip_address }
  end

  def addr(reverse = nil) = __names(getsockname, reverse)
  def peeraddr(reverse = nil) = __names(getpeername, reverse)

  def recvfrom(length, flags = 0)
    data, address = __recvfrom(length, flags)
    data && [data, address.empty? ? nil : __names(address, nil)]
  end

  def inspect
    text = super
    return text if closed?
    text.chop << ", " << __names(getsockname, false).values_at(0, 3, 1).join(", ") << ">"
  rescue SystemCallError, SocketError
    text
  end

  private

  # [family, port, host, numeric host]; the host's name is looked up if do_not_reverse_lookup is off.
  def __names(address, reverse)
    numeric =
      case reverse
      when nil then do_not_reverse_lookup
      when true, :hostname then false
      when false, :numeric then true
      when Symbol then raise ArgumentError, "invalid reverse_lookup flag: #{reverse.inspect}"
      else raise TypeError, "wrong argument type #{reverse.class} (expected true, false, :hostname, or :numeric)"
      end
    Socket.__ip_names(address, numeric)
  end
end

class TCPSocket < IPSocket
  def self.gethostbyname(host)
    warn "TCPSocket.gethostbyname is deprecated; use Addrinfo.getaddrinfo instead", uplevel: 0, category: :deprecated
    entries = Socket.__resolve(host, nil, 0, Socket::SOCK_STREAM, 0, Socket::AI_CANONNAME)
    [entries[0][4], [], entries[0][1], *entries.map { |entry| Addrinfo.new(entry[0]).ip_address }]
  end

  def initialize(host, service, local_host = nil, local_service = nil, resolv_timeout: nil, connect_timeout: nil,
                 open_timeout: nil, fast_fallback: nil)
    if open_timeout
      raise ArgumentError, "Cannot specify open_timeout along with connect_timeout or resolv_timeout" if connect_timeout || resolv_timeout
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + open_timeout
      resolv_timeout = open_timeout
    end
    remote = Socket.__resolve(host, service, 0, Socket::SOCK_STREAM, 0, 0, resolv_timeout)
    local = local_host || local_service ? Socket.__resolve(local_host, local_service, 0, Socket::SOCK_STREAM, 0, 0) : nil
    detail = %(for "#{host}" port #{service})
    remote.each_with_index do |(address, family, type, protocol), index|
      own = local&.find { |entry| entry[1] == family }
      next if local && !own && index + 1 < remote.size
      connect_timeout = [deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC), 0].max if deadline
      return __establish(address, family, type, protocol, own, connect_timeout, detail, local_host, local_service)
    rescue SystemCallError, IO::TimeoutError => error
      raise error if index + 1 == remote.size || error.is_a?(IO::TimeoutError)
    end
  end

  private

  def __establish(address, family, type, protocol, own, timeout, detail, local_host, local_service)
    __take_over(family, type, protocol) do |socket|
      if own
        socket.setsockopt(:SOCKET, :REUSEADDR, 1)
        socket.__send__(:__bind, own[0], %(bind(2) for "#{local_host}" port #{local_service}))
      end
      socket.__send__(:__connect, address, timeout, "connect(2) #{detail}")
    rescue Errno::ETIMEDOUT => error
      raise unless timeout
      raise IO::TimeoutError, "user specified timeout #{detail}", cause: error
    end
  end
end

class TCPServer < TCPSocket
  def initialize(host, service = (alone = true; nil))
    host, service = nil, host if alone
    host = nil if host.is_a?(String) && host.empty?
    entries = Socket.__resolve(host, service, 0, Socket::SOCK_STREAM, 0, Socket::AI_PASSIVE)
    detail = %(for #{host.inspect} port #{service})
    entries.each_with_index do |(address, family, type, protocol), index|
      return __serve(address, family, type, protocol, detail)
    rescue SystemCallError => error
      raise error if index + 1 == entries.size
    end
  end

  def listen(backlog) = __listen(backlog)
  def sysaccept = __sysaccept[0]

  private

  def __serve(address, family, type, protocol, detail)
    __take_over(family, type, protocol) do |socket|
      socket.setsockopt(:SOCKET, :REUSEADDR, 1)
      socket.__send__(:__bind, address, "bind(2) #{detail}")
      socket.listen(Socket::SOMAXCONN)
    end
  end

  def __accept_nonblock(exception)
    accepted = __try_accept(TCPSocket, exception)
    accepted.is_a?(Array) ? accepted[0] : accepted
  end
end

class UDPSocket < IPSocket
  def initialize(family = Socket::AF_INET)
    family = Socket.__family(family)
    __adopt(BasicSocket.__send__(:__create, family, Socket::SOCK_DGRAM, 0))
    @family = family
  end

  def bind(host, port)
    __each_address(host, port, Socket::AI_PASSIVE) do |address|
      __bind(address, %(bind(2) for #{host.inspect} port #{port}))
    end
  end

  def connect(host, port)
    __each_address(host, port, 0) do |address|
      __connect(address, nil, %(connect(2) for #{host.inspect} port #{port}))
    end
  end

  def send(message, flags, host = (to_peer = true; nil), port = nil)
    return super(message, flags) if to_peer
    return super(message, flags, host) if port.nil?
    __each_address(host, port, 0) { |address| super(message, flags, address) }
  end

  private

  def __each_address(host, port, flags)
    entries = Socket.__resolve(host, port, @family || 0, Socket::SOCK_DGRAM, 0, flags)
    entries.each_with_index do |(address), index|
      return yield(address)
    rescue SystemCallError => error
      raise error if index + 1 == entries.size
    end
  end

  def __recvfrom_nonblock(length, flags, buffer, exception)
    received = __try_recvfrom(length, flags, buffer, exception)
    received.is_a?(Array) ? [received[0], __names(received[1], nil)] : received
  end
end

class UNIXSocket < BasicSocket
  class << self
    def pair(type = Socket::SOCK_STREAM, protocol = 0)
      pair = __pair(Socket::AF_UNIX, Socket.__type(type), protocol)
      return pair unless block_given?
      begin
        yield pair
      ensure
        pair.each { |socket| socket.close unless socket.closed? }
      end
    end
    alias socketpair pair
  end

  def initialize(path)
    path = path.respond_to?(:to_path) ? path.to_path : path.to_str
    address = Socket.sockaddr_un(path)
    __take_over(Socket::AF_UNIX, Socket::SOCK_STREAM, 0) { |socket| __open(socket, address, path) }
  end

  def path = Socket.unpack_sockaddr_un(getsockname)
  def addr = ["AF_UNIX", path]
  def peeraddr = ["AF_UNIX", Socket.unpack_sockaddr_un(getpeername)]

  def recvfrom(length, flags = 0, buffer = nil)
    data, address = __recvfrom(length, flags, buffer)
    data && [data, ["AF_UNIX", address.bytesize > 2 ? Socket.unpack_sockaddr_un(address) : ""]]
  end

  def send_io(io)
    descriptor = io.is_a?(Integer) ? io : io.respond_to?(:to_io) ? io.to_io.fileno : nil
    raise TypeError, "neither IO nor file descriptor" unless descriptor
    __send_message("\0", 0, nil, [[Socket::SOL_SOCKET, Socket::SCM_RIGHTS, [descriptor].pack("i")]], true)
    nil
  end

  def recv_io(klass = IO, mode = nil)
    _, _, _, controls = __receive_message(1, 0, nil, true, true)
    rights = controls&.find { |level, type,| level == Socket::SOL_SOCKET && type == Socket::SCM_RIGHTS }
    raise SocketError, "file descriptor was not passed (#{controls ? "no control message" : "end of file"})" unless rights
    descriptor = rights[2].unpack1("i")
    return descriptor if klass.nil?
    mode ? klass.for_fd(descriptor, mode) : klass.for_fd(descriptor)
  end

  private

  def __open(socket, address, path)
    socket.__send__(:__connect, address, nil, "connect(2) for #{path}")
  end
end

class UNIXServer < UNIXSocket
  def listen(backlog) = __listen(backlog)
  def sysaccept = __sysaccept[0]

  private

  def __open(socket, address, path)
    socket.__send__(:__bind, address, "connect(2) for #{path}")
    socket.listen(Socket::SOMAXCONN)
    self.__path = path.dup.freeze
  end

  def __accept_nonblock(exception)
    accepted = __try_accept(UNIXSocket, exception)
    accepted.is_a?(Array) ? accepted[0] : accepted
  end
end

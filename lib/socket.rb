# socket.rb - the standard library's socket.rb, with what Ruby 4.0 added to it since.

here = File.realpath(__FILE__)
library = $LOAD_PATH.map { |folder| File.join(folder, "socket.rb") }.find { |path| File.file?(path) && File.realpath(path) != here }
require library

class Socket < BasicSocket
  # Socket.tcp(host, port, local_host = nil, local_port = nil, connect_timeout:, resolv_timeout:, open_timeout:, fast_fallback:)
  # The addresses are tried one after another, within open_timeout seconds in all.
  def self.tcp(host, port, local_host = nil, local_port = nil, connect_timeout: nil, resolv_timeout: nil, open_timeout: nil,
               fast_fallback: nil)
    if open_timeout
      raise ArgumentError, "Cannot specify open_timeout along with connect_timeout or resolv_timeout" if connect_timeout || resolv_timeout
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + open_timeout
      resolv_timeout = open_timeout
    end
    locals = Addrinfo.getaddrinfo(local_host, local_port, nil, :STREAM, nil) if local_host || local_port
    error = nil
    Addrinfo.foreach(host, port, nil, :STREAM, timeout: resolv_timeout) do |remote|
      local = locals&.find { |one| one.afamily == remote.afamily }
      next if locals && !local
      left = deadline ? [deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC), 0].max : connect_timeout
      socket = local ? remote.connect_from(local, timeout: left) : remote.connect(timeout: left)
      return socket unless block_given?
      begin
        return yield(socket)
      ensure
        socket.close
      end
    rescue SystemCallError => error
      next
    end
    raise error if error
    raise SocketError, "no appropriate local address"
  end

  class << self
    # The fastest of several addresses is not raced for: they are tried in the order of the resolver.
    attr_accessor :tcp_fast_fallback
  end
end

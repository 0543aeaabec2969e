# ssl.rb - OpenSSL::SSL: TLS connections over any IO. The engine (src/stdlib/tls.c) turns bytes into bytes; what waits is the
# IO below, so a connection waits as its socket does. Reading by lines and buffering is the standard library's Buffering.
#
# differs: no verify callbacks, no session resumption from Ruby, certificates are read but not made.

require "openssl"
require "io/nonblock"
require "socket"
require "tls.so"
require "openssl/buffering"

module OpenSSL
  module PKey
    class PKeyError < OpenSSLError; end

    # A key, as its PEM text.
    class PKey
      attr_reader :to_pem
      alias export to_pem
      alias to_s to_pem

      def initialize(pem, _password = nil)
        @to_pem = pem.respond_to?(:read) ? pem.read : pem.to_str
        raise PKeyError, "Could not parse PKey" unless @to_pem.include?("PRIVATE KEY-----")
      end

      def private? = true
    end

    class RSA < PKey; end
    class EC < PKey; end

    def self.read(pem, password = nil) = PKey.new(pem, password)
  end

  module X509
    V_OK = 0

    class Name
      attr_reader :text
      alias to_s text

      def initialize(text) = @text = text
      def to_a = @text.scan(%r{/([^=/]+)=((?:[^/]|/(?![A-Za-z.]+=))*)})
      def ==(other) = other.is_a?(Name) && @text == other.text
      def inspect = "#<OpenSSL::X509::Name #{@text.delete_prefix("/").tr("/", ",")}>"
    end

    class Certificate
      attr_reader :subject, :issuer, :not_before, :not_after, :to_der

      def self.load(pem) = pem.scan(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/m).map { |one| new(one) }

      def initialize(text)
        @to_der = Certificate.__send__(:__parse, text.respond_to?(:read) ? text.read : text).freeze
        subject, issuer, from, to = Certificate.__read(@to_der)
        @subject = Name.new(subject)
        @issuer = Name.new(issuer)
        @not_before = Time.at(from).utc
        @not_after = Time.at(to).utc
      end

      def to_pem = "-----BEGIN CERTIFICATE-----\n#{[@to_der].pack("m48")}-----END CERTIFICATE-----\n"
      alias to_s to_pem
      def ==(other) = other.is_a?(Certificate) && @to_der == other.to_der
      def inspect = "#<OpenSSL::X509::Certificate: subject=#{subject.inspect}, issuer=#{issuer.inspect}>"
    end

    # What is trusted; a context takes it over when it is set up.
    class Store
      attr_reader :__certificates, :__places

      def initialize
        @__certificates = []
        @__places = []
      end

      def add_cert(certificate)
        @__certificates << certificate
        self
      end

      def add_file(file)
        @__places << [file, nil]
        self
      end

      def add_path(folder)
        @__places << [nil, folder]
        self
      end

      def set_default_paths
        @__places << [nil, nil]
        nil
      end
    end
  end

  module SSL
    class SSLErrorWaitReadable < SSLError
      include IO::WaitReadable
    end
    class SSLErrorWaitWritable < SSLError
      include IO::WaitWritable
    end

    VERIFY_NONE = 0
    VERIFY_PEER = 1
    VERIFY_FAIL_IF_NO_PEER_CERT = 2
    VERIFY_CLIENT_ONCE = 4
    SSL3_VERSION = 0x300
    TLS1_VERSION = 0x301
    TLS1_1_VERSION = 0x302
    TLS1_2_VERSION = 0x303
    TLS1_3_VERSION = 0x304
    OP_ALL = 0x80000050
    OP_NO_COMPRESSION = 0x20000
    OP_NO_TICKET = 0x4000
    OP_NO_SSLv2 = 0
    OP_NO_SSLv3 = 0x2000000
    OP_NO_TLSv1 = 0x4000000
    OP_NO_TLSv1_1 = 0x10000000
    OP_NO_TLSv1_2 = 0x8000000
    OP_NO_TLSv1_3 = 0x20000000
    OP_CIPHER_SERVER_PREFERENCE = 0x400000
    OP_IGNORE_UNEXPECTED_EOF = 0x80

    # Is the certificate for this host name or address?
    def self.verify_certificate_identity(certificate, host) = X509::Certificate.__matches(certificate.to_der, host)

    class SSLContext
      SESSION_CACHE_OFF = 0
      SESSION_CACHE_CLIENT = 1
      SESSION_CACHE_SERVER = 2
      SESSION_CACHE_BOTH = 3
      SESSION_CACHE_NO_AUTO_CLEAR = 0x80
      SESSION_CACHE_NO_INTERNAL_LOOKUP = 0x100
      SESSION_CACHE_NO_INTERNAL_STORE = 0x200
      SESSION_CACHE_NO_INTERNAL = 0x300
      DEFAULT_PARAMS = { min_version: TLS1_2_VERSION, verify_mode: VERIFY_PEER, verify_hostname: true,
                         options: OP_ALL | OP_NO_COMPRESSION }.freeze
      VERSIONS = { SSL3: SSL3_VERSION, TLS1: TLS1_VERSION, TLS1_1: TLS1_1_VERSION, TLS1_2: TLS1_2_VERSION,
                   TLS1_3: TLS1_3_VERSION, SSLv3: SSL3_VERSION, TLSv1: TLS1_VERSION, TLSv1_1: TLS1_1_VERSION,
                   TLSv1_2: TLS1_2_VERSION, TLSv1_3: TLS1_3_VERSION, SSLv23: 0, TLS: 0 }.freeze
      METHODS = %i[TLSv1 TLSv1_1 TLSv1_2 TLS SSLv23].freeze

      attr_accessor :cert, :key, :ca_file, :ca_path, :cert_store, :timeout, :ssl_timeout, :verify_mode, :verify_depth,
                    :verify_callback, :verify_hostname, :extra_chain_cert, :client_ca, :client_cert_cb, :options, :ciphers,
                    :session_cache_mode, :session_new_cb, :session_id_context, :alpn_protocols, :servername_cb
      attr_reader :min_version, :max_version

      def initialize(version = nil)
        @options = OP_ALL
        @verify_hostname = false
        self.ssl_version = version if version
      end

      def min_version=(version)
        @min_version = __version(version)
      end

      def max_version=(version)
        @max_version = __version(version)
      end

      def ssl_version=(version)
        name = version.to_s.sub(/(_client|_server)\z/, "").to_sym
        @min_version = @max_version = VERSIONS.fetch(name) { raise ArgumentError, "unknown SSL method '#{version}'." }
      end

      # The defaults, then the given ones; and what the system trusts, when nothing else was said.
      def set_params(params = {})
        params = DEFAULT_PARAMS.merge(params)
        self.options |= params.delete(:options)
        params.each { |name, value| __send__(:"#{name}=", value) }
        if verify_mode != VERIFY_NONE && !ca_file && !ca_path && !cert_store
          self.cert_store = X509::Store.new.tap(&:set_default_paths)
        end
        params
      end

      def add_certificate(certificate, key, extra_chain_cert = nil)
        @cert = certificate
        @key = key
        @extra_chain_cert = extra_chain_cert
        self
      end

      # Turns what was set into what connections use. Afterwards nothing can be changed.
      def setup
        return nil if @context
        raise NotImplementedError, "verify_callback is not supported" if @verify_callback
        context = Context.new
        context.set(@options, @verify_mode || VERIFY_NONE, @verify_depth, @min_version || 0, @max_version || 0, @session_cache_mode)
        context.ciphers = @ciphers.is_a?(Array) ? @ciphers.map { |one| one.is_a?(Array) ? one[0] : one }.join(":") : @ciphers if @ciphers
        context.trust(@ca_file, @ca_path) if @ca_file || @ca_path
        @cert_store&.__places&.each { |file, folder| context.trust(file, folder) }
        @cert_store&.__certificates&.each { |certificate| context.trust_certificate(certificate.to_der) }
        context.identify(@cert.to_der, @key.to_pem, (@extra_chain_cert || []).map(&:to_der)) if @cert && @key
        context.offer(@alpn_protocols.map { |name| [name.bytesize].pack("C") + name }.join) if @alpn_protocols
        @context = context
        freeze
        true
      end
      alias freeze_context setup
      private :freeze_context

      def __engine(host, is_server)
        setup
        Engine.new(@context, host, is_server)
      end

      private

      def __version(version)
        case version
        when nil, false then 0
        when Integer then version
        else VERSIONS.fetch(version.to_s.tr(".", "_").to_sym) { raise ArgumentError, "unrecognized version #{version.inspect}" }
        end
      end
    end

    class SSLSocket
      include Buffering

      attr_reader :io, :context, :hostname
      alias to_io io
      attr_accessor :sync_close

      def self.open(host, port, local_host = nil, local_port = nil, context: nil)
        socket = TCPSocket.new(host, port, local_host, local_port)
        new(socket, context || SSLContext.new)
      end

      def initialize(io, context = SSLContext.new)
        raise TypeError, "wrong argument type #{io.class} (expected File)" unless io.respond_to?(:to_io)
        @io = io.to_io
        super()
        @context = context
        @sync_close = false
        @sync = true
        @is_over = @stopped = false
        @turn = Mutex.new
        context.setup
      end

      def hostname=(name)
        raise ArgumentError, "the connection has begun" if @engine
        @hostname = name
      end

      def connect = __establish(false)
      def accept = __establish(true)
      def connect_nonblock(exception: true) = __establish(false, waits: false, exception: exception)
      def accept_nonblock(exception: true) = __establish(true, waits: false, exception: exception)

      def sysread(length, buffer = nil)
        data = __exchange { __begun.read(length) }
        raise EOFError, "end of file reached" if data.nil?
        buffer ? buffer.replace(data) : data
      end

      def syswrite(string)
        string = string.to_s
        done = 0
        done += __exchange { __begun.write(done.zero? ? string : string.byteslice(done..)) } while done < string.bytesize
        done
      end

      def post_connection_check(host)
        certificate = peer_cert
        raise SSLError, "Peer verification enabled, but no certificate received." unless certificate
        return true if SSL.verify_certificate_identity(certificate, host)
        raise SSLError, "hostname \"#{host}\" does not match the server certificate"
      end

      def cert = @context.cert
      def peer_cert = __begun.peer_certificate&.then { |der| X509::Certificate.new(der) }
      def peer_cert_chain = __begun.peer_chain.map { |der| X509::Certificate.new(der) }
      def ssl_version = __begun.facts[0]
      def cipher = __begun.facts[1]
      def verify_result = __begun.facts[2]
      def alpn_protocol = __begun.facts[3]
      def state = __begun.facts[4]
      def pending = __begun.pending
      def session_reused? = false
      def session = nil
      def session=(session)
        raise NotImplementedError, "sessions can not be resumed" if session
      end

      def closed? = @io.closed?
      def fileno = @io.fileno
      def addr = @io.addr
      def peeraddr = @io.peeraddr
      def local_address = @io.local_address
      def remote_address = @io.remote_address
      def setsockopt(*arguments) = @io.setsockopt(*arguments)
      def getsockopt(*arguments) = @io.getsockopt(*arguments)
      def fcntl(*arguments) = @io.fcntl(*arguments)
      def do_not_reverse_lookup=(flag)
        @io.do_not_reverse_lookup = flag
      end

      def wait(*arguments) = @io.wait(*arguments)
      def wait_readable(timeout = nil) = pending > 0 ? self : @io.wait_readable(timeout) && self
      def wait_writable(timeout = nil) = @io.wait_writable(timeout) && self
      def timeout = @io.timeout
      def timeout=(seconds)
        @io.timeout = seconds
      end

      def sysclose
        return if closed?
        stop
        @io.close if @sync_close
        nil
      end

      private

      # Says goodbye; the other side need not be there any more.
      def stop
        return unless @engine && !@stopped
        @stopped = true
        @engine.shutdown
        __send_out
      rescue SystemCallError, IOError
        nil
      end

      def __begun = @engine || raise(SSLError, "SSL session is not started yet")

      def __establish(is_server, **how)
        @engine ||= @context.__engine(@hostname, is_server)
        result = __exchange(**how) { @engine.handshake }
        raise SSLError, "SSL_connect: the connection was closed" if result.nil?
        result.is_a?(Symbol) ? result : self
      end

      # Runs the block until the engine has what it needs, moving bytes in both directions.
      def __exchange(waits: true, exception: true)
        loop do
          begin
            result = yield
          rescue SSLError
            __send_out rescue nil # tells the other side what is wrong
            raise
          end
          __send_out
          return result unless result == :wait_readable
          bytes = __receive(waits)
          if bytes == :wait_readable
            raise SSLErrorWaitReadable, "read would block" if exception
            return bytes
          end
          return nil if bytes.nil? && @is_over
          @is_over = bytes.nil?
          @engine.feed(bytes)
        end
      end

      def __receive(waits)
        waits ? @io.readpartial(16_384) : @io.read_nonblock(16_384, exception: false)
      rescue EOFError
        nil
      end

      # Several threads may use the connection: what they send goes out in the order in which it was made.
      def __send_out
        @turn.synchronize do
          while (bytes = @engine.drain)
            @io.write(bytes)
            @io.flush
          end
        end
      end

      def sysread_nonblock(length, buffer = nil, exception: true)
        data = __exchange(waits: false, exception: exception) { __begun.read(length) }
        return data if data.is_a?(Symbol)
        raise EOFError, "end of file reached" if data.nil? && exception
        data && buffer ? buffer.replace(data) : data
      end

      def syswrite_nonblock(string, exception: true)
        __exchange(waits: false, exception: exception) { __begun.write(string.to_s) }
      end
    end

    class SSLServer
      attr_accessor :start_immediately
      attr_reader :to_io

      def initialize(server, context)
        @to_io = server
        @context = context
        @start_immediately = true
      end

      def listen(backlog = Socket::SOMAXCONN) = @to_io.listen(backlog)
      def shutdown(how = Socket::SHUT_RDWR) = @to_io.shutdown(how)
      def addr = @to_io.addr
      def fileno = @to_io.fileno
      def closed? = @to_io.closed?

      def accept
        socket, = @to_io.accept
        connection = SSLSocket.new(socket, @context)
        connection.sync_close = true
        connection.accept if @start_immediately
        connection
      rescue Exception
        socket&.close
        raise
      end

      def close = @to_io.close
    end
  end
end

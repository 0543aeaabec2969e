# OpenSSL::SSL: handshakes, verification, waiting; https through net/http.

require "openssl"
require "net/http"
require "timeout"

# Made for this test: localhost and 127.0.0.1, for a hundred years.
PEM = <<~TEXT
  -----BEGIN CERTIFICATE-----
  MIIBtTCCAVugAwIBAgIUdptmwpEZlRDk+lxnAyUwr2V0NLQwCgYIKoZIzj0EAwIw
  ITELMAkGA1UEBhMCWFgxEjAQBgNVBAMMCWxvY2FsaG9zdDAgFw0yNjExMjIwMjI1
  MjVaGA8yMTI2MTAyOTAyMjUyNVowITELMAkGA1UEBhMCWFgxEjAQBgNVBAMMCWxv
  Y2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABB3z+ulcfsa8EmArACC7
  rWZLmPRk0cAwbHNGaMdIdVfEIcuDz3CXYurgA+EUiGr2t87vXdhgtDNxZ3cnxgpk
  kTOjbzBtMB0GA1UdDgQWBBTML+WZZCk4QVTKnBmGA7A3F9IJzTAfBgNVHSMEGDAW
  gBTML+WZZCk4QVTKnBmGA7A3F9IJzTAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQT
  MBGCCWxvY2FsaG9zdIcEfwAAATAKBggqhkjOPQQDAgNIADBFAiEA6SNKlkRkBlHi
  LB0KI3i3hYfbpuCA9aoAI736EwOVVcECID4+bwYrYpx1zNGnZRvfp8eSJrOJzgzi
  0xoblI+dgwpG
  -----END CERTIFICATE-----
TEXT
KEY = <<~TEXT
  -----BEGIN PRIVATE KEY-----
  MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4w78F5MgWUEg7eN2
  twKoviKWqezElMaZLSY8ftSgkpChRANCAAQd8/rpXH7GvBJgKwAgu61mS5j0ZNHA
  MGxzRmjHSHVXxCHLg89wl2Lq4APhFIhq9rfO713YYLQzcWd3J8YKZJEz
  -----END PRIVATE KEY-----
TEXT

certificate = OpenSSL::X509::Certificate.new(PEM)
certificate.subject.to_s                #=> "/C=XX/CN=localhost"
certificate.not_after.year              #=> 2126
OpenSSL::X509::Certificate.new(certificate.to_der).to_pem == PEM  #=> true
OpenSSL::X509::Certificate.new("rubbish")                         #=> OpenSSL::X509::CertificateError
OpenSSL::SSL.verify_certificate_identity(certificate, "localhost")     #=> true
OpenSSL::SSL.verify_certificate_identity(certificate, "127.0.0.1")     #=> true
OpenSSL::SSL.verify_certificate_identity(certificate, "example.org")   #=> false

context = OpenSSL::SSL::SSLContext.new
context.add_certificate(certificate, OpenSSL::PKey.read(KEY))
tcp = TCPServer.new("127.0.0.1", 0)
port = tcp.addr[1]
server = OpenSSL::SSL::SSLServer.new(tcp, context)
accepted = Queue.new
serving = Thread.new { loop { accepted << (server.accept rescue $!) } }

trusting = OpenSSL::SSL::SSLContext.new
trusting.set_params(cert_store: OpenSSL::X509::Store.new.add_cert(certificate))
dial = ->(options = trusting) { OpenSSL::SSL::SSLSocket.new(TCPSocket.new("127.0.0.1", port), options).tap { |one| one.sync_close = true; one.hostname = "localhost" } }
client = dial.call
client.connect.equal?(client)           #=> true
client.post_connection_check("localhost")                         #=> true
client.post_connection_check("example.org")                       #=> OpenSSL::SSL::SSLError: hostname "example.org" does not match the server certificate
[client.ssl_version, client.verify_result, client.peer_cert == certificate]   #=> ["TLSv1.3", 0, true]
peer = accepted.pop
client.puts("one", "two")
[peer.gets, peer.readpartial(10)]       #=> ["one\n", "two\n"]
client.read_nonblock(1)                 #=> OpenSSL::SSL::SSLErrorWaitReadable: read would block
client.read_nonblock(1, exception: false)                         #=> :wait_readable
Timeout.timeout(0.01) { client.read(1) }                          #=> Timeout::Error: execution expired
big = "0123456789" * 100_000
writing = Thread.new { peer.write(big) }
client.read(1_000_000) == big           #=> true
writing.value                           #=> 1000000
peer.close                              #=> nil
client.read                             #=> ""
client.close                            #=> nil
client.closed?                          #=> true

# Who is not trusted
strict = OpenSSL::SSL::SSLContext.new.tap(&:set_params)
dial.call(strict).connect               #=> OpenSSL::SSL::SSLError: SSL_connect returned=1 errno=0 state=error: certificate verify failed (self-signed certificate)
accepted.pop.class                      #=> OpenSSL::SSL::SSLError

# In small steps
client = dial.call
step = client.connect_nonblock(exception: false)
client.wait_readable until (step = client.connect_nonblock(exception: false)) != :wait_readable
step.equal?(client)                     #=> true
peer = accepted.pop
Thread.new { peer.gets; peer.write("HTTP/1.1 200 OK\r\n\r\nbody"); peer.close }
client.puts
client.read                             #=> "HTTP/1.1 200 OK\r\n\r\nbody"
client.close

# https
Thread.new { web = accepted.pop; nil until web.gets == "\r\n"; web.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"); web.close }
http = Net::HTTP.new("localhost", port)
http.use_ssl = true
http.cert_store = OpenSSL::X509::Store.new.add_cert(certificate)
http.ipaddr = "127.0.0.1"
http.get("/").body                      #=> "hello"
serving.kill.join.equal?(serving)       #=> true

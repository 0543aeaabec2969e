# pty.rb - PTY: pseudo terminals, and programs that run in one.

module PTY
  class ChildExited < RuntimeError
    attr_reader :status

    def initialize(status = nil)
      super("pty - exited: #{status&.exitstatus}")
      @status = status
    end
    alias value status
  end

  SET_LOCK = 0x40045431   # TIOCSPTLCK
  GET_NUMBER = 0x80045430 # TIOCGPTN
  private_constant :SET_LOCK, :GET_NUMBER

  class << self
    # PTY.open -> [the side that sees what is shown, the terminal]
    def open
      master = File.open("/dev/ptmx", File::RDWR | File::NOCTTY)
      master.sync = true
      master.ioctl(SET_LOCK, [0].pack("i"))
      master.ioctl(GET_NUMBER, number = [0].pack("i"))
      slave = File.open("/dev/pts/#{number.unpack1("i")}", File::RDWR | File::NOCTTY)
      return [master, slave] unless block_given?
      begin
        yield [master, slave]
      ensure
        [master, slave].each { |io| io.close unless io.closed? }
      end
    end

    # PTY.spawn(command) -> [what it shows, its keyboard, pid]
    def spawn(*command)
      master, slave = open
      pid = Process.fork { __run_in(slave, master, command) }
      path = slave.path
      slave.close
      reader = IO.for_fd(master.fcntl(0x406, 0), "r", path: path) # F_DUPFD_CLOEXEC
      master.autoclose = false
      writer = IO.for_fd(master.fileno, "w", path: path)
      writer.sync = true
      return [reader, writer, pid] unless block_given?
      begin
        yield reader, writer, pid
      ensure
        [reader, writer].each { |io| io.close unless io.closed? }
        Process.detach(pid)
      end
    end
    alias getpty spawn

    def check(pid, raises = false)
      _, status = Process.wait2(pid, Process::WNOHANG | Process::WUNTRACED)
      raise ChildExited.new(status) if status && raises
      status
    rescue Errno::ECHILD
      nil
    end

    private

    # A new session whose terminal is the first one that it opens.
    def __run_in(slave, master, command)
      Process.setsid
      terminal = File.open(slave.path, File::RDWR)
      [$stdin, $stdout, $stderr].each { |io| io.reopen(terminal) }
      [master, slave, terminal].each(&:close)
      command = [ENV.fetch("SHELL", "/bin/sh")] if command.empty?
      exec(*command)
    rescue SystemCallError => error
      $stderr.puts error.message
      Process.exit!(127)
    end
  end
end

# process.rb - what spawn's arguments mean, and everything that rests on it: system, `…`, exec, IO.popen, wait.
# Semantics: Ruby documentation of Process.spawn and IO.popen.

module Process
  class Status
    # Waits for a child; nil with WNOHANG when none has ended.
    def self.wait(pid = -1, flags = 0) = Process.__send__(:__wait, pid, flags)
  end

  RLIM_INFINITY = RLIM_SAVED_MAX = RLIM_SAVED_CUR = 18_446_744_073_709_551_615
  RUSAGE_SELF = 0
  RUSAGE_CHILDREN = -1

  class << self
    def wait(pid = -1, flags = 0)
      __wait(pid, flags || 0)&.pid
    end
    alias waitpid wait

    def wait2(pid = -1, flags = 0)
      status = __wait(pid, flags || 0)
      status && [status.pid, status]
    end
    alias waitpid2 wait2

    def waitall
      all = []
      while true
        begin
          all << wait2
        rescue Errno::ECHILD
          return all
        end
      end
    end

    def detach(pid)
      unless pid.is_a?(Integer)
        raise TypeError, "no implicit conversion of #{pid.nil? ? "nil" : pid.class} into Integer" unless pid.respond_to?(:to_int)
        number = pid.to_int
        raise TypeError, "can't convert #{pid.class} into Integer (#{pid.class}#to_int gives #{number.class})" unless number.is_a?(Integer)
        pid = number
      end
      waiter = Waiter.__send__(:new) do
        __wait(pid, 0)
      rescue Errno::ECHILD
        nil
      end
      waiter[:pid] = pid
      waiter
    end

    def kill(*arguments)
      signal, *pids = arguments
      raise ArgumentError, "wrong number of arguments (given #{arguments.size}, expected 2+)" if pids.empty?
      number, group = __signal_number(signal)
      pids.each { |pid| __kill(number, group ? -pid : pid) }
      pids.size
    end

    def spawn(*arguments, **options)
      command, environment, redirects, opened, options = __command(arguments, options)
      begin
        __spawn(command, environment, redirects, options[:chdir] && File.path(options[:chdir]), __group(options[:pgroup]), options[:umask],
                options[:close_others])
      ensure
        opened.each(&:close)
      end
    end

    def exec(*arguments, **options)
      command, environment, redirects, _opened, options = __command(arguments, options)
      __exec(command, environment, redirects, options[:chdir] && File.path(options[:chdir]))
    end

    def exit(status = true) = Kernel.exit(status)
    def exit!(status = false) = Kernel.exit!(status)
    def abort(*message) = Kernel.abort(*message)

    def argv0 = $0.dup.freeze
    def setproctitle(title) = title
    def warmup = (GC.start; true)
    def clock_names = constants.grep(/\ACLOCK_/)
    private :clock_names

    private

    def __signal_number(signal)
      group = false
      case signal
      when Integer
        return [signal.abs, signal < 0]
      when Symbol, String
        name = signal.to_s
        if name.start_with?("-")
          group = true
          name = name[1..]
        end
        name = name.delete_prefix("SIG")
        number = Signal.list[name]
        raise ArgumentError, "unsupported signal 'SIG#{name}'" if nil == number || number == 0
        [number, group]
      else
        raise ArgumentError, "bad signal type #{signal.class}" unless signal.respond_to?(:to_str)
        __signal_number(signal.to_str)
      end
    end

    def __flag(value)
      return if true == value || false == value || nil == value
      raise ArgumentError, "expected true or false: #{value.inspect}"
    end

    def __group(value)
      case value
      when nil, false then nil
      when true then 0
      else
        raise ArgumentError, "negative process group ID : #{value}" if value.is_a?(Integer) && value < 0
        value
      end
    end

    # [argv, environment, redirects, opened files, the rest of the options]
    def __command(arguments, options)
      arguments = arguments.dup
      given = arguments.first.respond_to?(:to_hash) ? arguments.shift.to_hash : {}
      options = arguments.pop.to_hash.merge(options) if arguments.last.is_a?(Hash)
      raise ArgumentError, "wrong number of arguments (given 0, expected 1+)" if arguments.empty?
      __flag(options[:unsetenv_others])
      __flag(options[:close_others])
      environment = options[:unsetenv_others] ? {} : ENV.to_h
      given.each do |name, value|
        name = __string(name)
        raise ArgumentError, "environment name contains a equal : #{name}" if name.include?("=")
        value.nil? ? environment.delete(name) : environment[name] = __string(value)
      end
      redirects, opened = __redirects(options)
      [__argv(arguments), environment.map { |name, value| "#{name}=#{value}" }, redirects, opened, options]
    end

    BUILTINS = %w(exit cd export set unset eval exec trap ulimit umask wait alias break case command continue for if return shift test
                  then times type until while . : { [ !).freeze
    private_constant :BUILTINS

    def __string(value)
      String.try_convert(value) or
        raise TypeError, "no implicit conversion of #{value.nil? ? "nil" : value == true || value == false ? value : value.class} into String"
    end

    # The file, then the program's name and arguments.
    def __argv(arguments)
      pair = Array.try_convert(arguments[0])
      if arguments.size == 1 && !pair
        line = __string(arguments[0])
        raise ArgumentError, "string contains null byte" if line.include?("\0")
        raise Errno::ENOENT, line if line.strip.empty?
        words = line.split
        return ["/bin/sh", "sh", "-c", line] if line.match?(/[*?{}\[\]<>()~&|\\$;'`"\n#=%]/) || BUILTINS.include?(words[0])
        return [words[0], *words]
      end
      raise ArgumentError, "wrong first argument" if pair && pair.size != 2
      argv = [*(pair || [arguments[0], arguments[0]]), *arguments[1..]].map { |one| __string(one) }
      raise ArgumentError, "string contains null byte" if argv.any? { |one| one.include?("\0") }
      argv
    end

    def __redirects(options)
      pairs = []
      opened = []
      by_others, plain = options.partition { |_, target| target.is_a?(Array) && target[0] == :child }
      (plain + by_others).each do |key, target| # a child's descriptor by the name of another one: that one first
        raise ArgumentError, "wrong exec option: #{key.inspect}" if key.is_a?(String)
        next if %i[chdir pgroup umask unsetenv_others close_others new_pgroup exception].include?(key)
        targets = key.is_a?(Array) ? key : [key]
        source = __source(target, targets, pairs, opened)
        targets.each { |child| pairs << [__descriptor(child), source] }
      end
      [pairs, opened]
    end

    def __descriptor(value)
      case value
      when :in then 0
      when :out then 1
      when :err then 2
      when Integer then value
      else
        raise ArgumentError, "wrong exec redirect action" unless value.respond_to?(:to_io)
        value.to_io.__send__(:__share)
      end
    end

    def __source(target, children, pairs, opened)
      case target
      when :close then -1
      when Array
        if target[0] == :child
          child = __descriptor(target[1])
          known = pairs.assoc(child)
          return known ? known[1] : child
        end
        opened << (file = File.open(*target))
        file.fileno
      when Integer, Symbol then __descriptor(target)
      when String
        mode = children.all? { |child| child == :in || child == 0 || child.equal?($stdin) } ? "r" : "w"
        opened << (file = File.open(target, mode))
        file.fileno
      else
        return __source(target.to_path, children, pairs, opened) if target.respond_to?(:to_path) && !target.respond_to?(:to_io)
        __descriptor(target)
      end
    end
  end
end

module Process
  # What detach answers.
  class Waiter < Thread
    def pid = self[:pid]
    private_class_method :new
  end

  # The system's calls by their names.
  module Sys
    class << self
      def getuid = Process.uid
      def geteuid = Process.euid
      def getgid = Process.gid
      def getegid = Process.egid
      def setuid(id) = (Process.uid = id) && nil
      def seteuid(id) = (Process.euid = id) && nil
      def setgid(id) = (Process.gid = id) && nil
      def setegid(id) = (Process.egid = id) && nil
    end
  end

  module UID
    class << self
      def rid = Process.uid
      def eid = Process.euid
      def grant_privilege(id) = Process.euid = id
      alias eid= grant_privilege
      def change_privilege(id) = Process.__send__(:__change, id, false)
      def re_exchangeable? = true
      def sid_available? = true
    end
  end

  module GID
    class << self
      def rid = Process.gid
      def eid = Process.egid
      def grant_privilege(id) = Process.egid = id
      alias eid= grant_privilege
      def change_privilege(id) = Process.__send__(:__change, id, true)
      def re_exchangeable? = true
      def sid_available? = true
    end
  end
end

module Kernel
  def spawn(...) = Process.spawn(...)
  def exec(...) = Process.exec(...)

  # nil when it could not be started
  def system(*arguments, exception: false, **options)
    Process.__send__(:__flag, exception)
    pid = Process.spawn(*arguments, **options)
    Process.wait(pid)
    status = $?
    if exception && !status.success?
      command = arguments.find { |one| one.respond_to?(:to_str) || one.is_a?(Array) }
      raise "Command failed with #{status.to_s.sub(/\Apid \d+ /, "")}: #{command.is_a?(Array) ? command[0] : command.to_str}"
    end
    status.success? || false
  rescue SystemCallError
    raise if exception
    nil
  end

  def `(command)
    reader, writer = IO.pipe
    pid = Process.spawn(command, out: writer)
    writer.close
    output = reader.read
    reader.close
    Process.wait(pid)
    output
  ensure
    writer&.close
    reader&.close
  end
  private :spawn, :exec, :system, :`
  class << self
    def spawn(...) = Process.spawn(...)
    def exec(...) = Process.exec(...)
    def system(...) = TOPLEVEL_BINDING.receiver.__send__(:system, ...)
    def `(command) = TOPLEVEL_BINDING.receiver.__send__(:`, command)
  end
end

class IO
  # IO.popen([env,] command, mode = "r", **options)
  def self.popen(*arguments, **options, &block)
    environment = arguments.first.is_a?(Hash) ? [arguments.shift] : []
    options = arguments.pop.merge(options) if arguments.size > 1 && arguments.last.is_a?(Hash)
    command, mode = arguments
    mode = mode || options.delete(:mode) || "r"
    mode = mode.respond_to?(:to_str) ? mode.to_str : mode.to_s
    mode, external, internal = mode.split(":")
    mode_options = options.slice(:external_encoding, :internal_encoding, :encoding, :textmode, :binmode)
    mode_options[:external_encoding] ||= external if external
    mode_options[:internal_encoding] ||= internal if internal
    options = options.reject { |key, _| mode_options.key?(key) }
    if command.is_a?(Array)
      command = command.dup
      environment = [command.shift] if command.first.is_a?(Hash)
      options = command.pop.merge(options) if command.last.is_a?(Hash)
      command = [[command[0], command[0]], *command[1..]] unless command[0].is_a?(Array)
    else
      command = [command]
    end
    reads = mode.start_with?("r") || mode.include?("+")
    writes = !mode.start_with?("r") || mode.include?("+")
    output, child_output = IO.pipe if reads
    child_input, input = IO.pipe if writes
    if command == ["-"] && arguments.first == "-"
      pid = Process.fork
      unless pid
        [output, input].compact.each(&:close)
        $stdin.reopen(child_input) if writes
        $stdout.reopen(child_output) if reads
        [child_output, child_input].compact.each(&:close)
        $stdout.sync = $stderr.sync = true
        return nil unless block_given?
        yield nil
        [$stdout, $stderr].each(&:flush)
        Process.exit!(0)
      end
      [child_output, child_input].compact.each(&:close)
      return __popen_io(output, input, pid, mode, mode_options, &block)
    end
    options = options.merge(out: child_output) if reads
    options = options.merge(in: child_input) if writes
    begin
      pid = Process.spawn(*environment, *command, **options)
    rescue SystemCallError
      [output, input].compact.each(&:close)
      raise
    ensure
      [child_output, child_input].compact.each(&:close)
    end
    __popen_io(output, input, pid, mode, mode_options, &block)
  end

  def self.__popen_io(output, input, pid, mode, mode_options)
    io = __popen(output, input, pid)
    external = mode_options[:external_encoding] || mode_options[:encoding]
    internal = mode_options[:internal_encoding]
    io.set_encoding(external || Encoding.default_external, *internal) if external || internal
    io.binmode if mode.include?("b")
    return io unless block_given?
    begin
      yield io
    ensure
      io.close unless io.closed?
    end
  end
  private_class_method :__popen_io
end

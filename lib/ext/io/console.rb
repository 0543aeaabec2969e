# console.rb - IO#raw, noecho, getch, winsize and their kin: terminals, by Linux's ioctl.

class IO
  # The modes of a terminal: struct termios of the kernel, four words, a byte and 19 control characters.
  class ConsoleMode
    GET = 0x5401
    SET = 0x5402
    INPUT_CONVERSIONS = 0o1 | 0o2 | 0o10 | 0o40 | 0o100 | 0o200 | 0o400 | 0o2000 # IGNBRK … IXON
    OUTPUT_PROCESSING = 0o1
    SIGNALS = 0o1
    LINES = 0o2
    ECHOES = 0o10 | 0o20 | 0o40 # ECHO, ECHOE, ECHOK
    ECHO_NEWLINE = 0o100
    EXTENSIONS = 0o100000
    LEAST = 6 # VMIN
    TIME = 5  # VTIME
    private_constant :GET, :SET, :INPUT_CONVERSIONS, :OUTPUT_PROCESSING, :SIGNALS, :LINES, :ECHOES, :ECHO_NEWLINE, :EXTENSIONS,
                     :LEAST, :TIME

    def self.of(io)
      io.ioctl(GET, bytes = "\0".b * 60)
      mode = allocate
      mode.__send__(:unpack, bytes)
      mode
    end

    def apply_to(io)
      io.ioctl(SET, [@input, @output, @control, @local, @line, *@characters].pack("L4CC*"))
      self
    end

    def echo? = @local & ECHOES != 0

    def echo=(on)
      @local = on ? @local | ECHOES | ECHO_NEWLINE : @local & ~(ECHOES | ECHO_NEWLINE)
    end

    def raw!(min: nil, time: nil, intr: nil)
      @input &= ~INPUT_CONVERSIONS
      @output &= ~OUTPUT_PROCESSING
      @local &= ~(LINES | SIGNALS | ECHOES | ECHO_NEWLINE | EXTENSIONS)
      @characters[LEAST] = min || 1
      @characters[TIME] = ((time || 0) * 10).to_i
      if intr
        @input |= 0o2
        @output |= OUTPUT_PROCESSING
        @local |= SIGNALS
      end
      self
    end

    def raw(**options) = dup.raw!(**options)

    def cooked!
      @input |= 0o2 | 0o400 | 0o2000 # BRKINT, ICRNL, IXON
      @output |= OUTPUT_PROCESSING
      @local |= LINES | SIGNALS | ECHOES | EXTENSIONS
      self
    end

    private

    def initialize_copy(other)
      super
      @characters = @characters.dup
    end

    def unpack(bytes)
      @input, @output, @control, @local, @line, *@characters = bytes.unpack("L4CC19")
    end
  end

  def self.console(*arguments)
    return nil unless File.readable?("/dev/tty")
    @__console = nil if @__console&.closed?
    if arguments.first == :close
      @__console&.close
      return @__console = nil
    end
    @__console ||= File.open("/dev/tty", "r+").tap { |io| io.sync = true }
    arguments.empty? ? @__console : @__console.__send__(*arguments)
  rescue Errno::ENXIO, Errno::ENOENT
    nil
  end

  def self.console_size = console&.winsize || [ENV["LINES"].to_i.nonzero? || 25, ENV["COLUMNS"].to_i.nonzero? || 80]

  def console_mode = ConsoleMode.of(self)
  def console_mode=(mode)
    mode.apply_to(self)
  end

  def echo? = console_mode.echo?
  def echo=(on)
    __change_mode { |mode| mode.echo = on }
  end

  def raw!(**options) = __change_mode { |mode| mode.raw!(**options) }
  def cooked! = __change_mode(&:cooked!)
  def raw(**options) = __in_mode(->(mode) { mode.raw!(**options) }) { yield self }
  def cooked = __in_mode(:cooked!.to_proc) { yield self }
  def noecho = __in_mode(->(mode) { mode.echo = false }) { yield self }

  def getch(min: nil, time: nil, intr: nil)
    return getc unless tty?
    __in_mode(->(mode) { mode.raw!(min: min, time: time, intr: intr) }) { getc }
  end

  def getpass(prompt = nil)
    out = self == $stdin ? $stderr : self
    out.print(prompt) if prompt
    line = tty? ? noecho { gets } : gets
    out.puts
    line&.chomp
  end

  # [rows, columns]
  def winsize
    ioctl(0x5413, size = "\0".b * 8)
    size.unpack("S2")
  end

  def winsize=(size)
    rows, columns, width, height = size
    ioctl(0x5414, [rows, columns, width || 0, height || 0].pack("S4"))
  end

  def iflush = (ioctl(0x540B, 0); self)
  def oflush = (ioctl(0x540B, 1); self)
  def ioflush = (ioctl(0x540B, 2); self)
  def beep = __control("\a")
  def goto(row, column) = __control("\e[#{row + 1};#{column + 1}H")
  def goto_column(column) = __control("\e[#{column + 1}G")
  def cursor=(position)
    goto(*position)
  end

  def cursor_up(count) = __control("\e[#{count}A")
  def cursor_down(count) = __control("\e[#{count}B")
  def cursor_right(count) = __control("\e[#{count}C")
  def cursor_left(count) = __control("\e[#{count}D")
  def erase_line(mode) = __control("\e[#{mode}K")
  def erase_screen(mode) = __control("\e[#{mode}J")
  def scroll_forward(count) = __control("\e[#{count}S")
  def scroll_backward(count) = __control("\e[#{count}T")
  def clear_screen = __control("\e[2J\e[1;1H")

  def cursor
    raw do
      __control("\e[6n")
      answer = +""
      answer << getc until answer.end_with?("R")
      answer[/(\d+);(\d+)R/]
      [$1.to_i - 1, $2.to_i - 1]
    end
  end

  private

  def __control(text)
    print(text)
    flush
    self
  end

  def __change_mode
    mode = console_mode
    yield mode
    mode.apply_to(self)
    self
  end

  def __in_mode(change)
    before = console_mode
    after = before.dup
    change.call(after)
    after.apply_to(self)
    yield
  ensure
    before&.apply_to(self)
  end
end

# kernel.rb - functions of Kernel that need no C.

module Kernel
  # test(command, file) and test(command, file1, file2): a File or FileTest question by a letter
  def test(command, file, other = nil)
    command = command.is_a?(Integer) ? command.chr : String.try_convert(command)&.[](0) || command.chr
    case command
    when "e" then File.exist?(file)
    when "f" then File.file?(file)
    when "d" then File.directory?(file)
    when "l" then File.symlink?(file)
    when "p" then File.pipe?(file)
    when "S" then File.socket?(file)
    when "b" then File.blockdev?(file)
    when "c" then File.chardev?(file)
    when "r" then File.readable?(file)
    when "R" then File.readable_real?(file)
    when "w" then File.writable?(file)
    when "W" then File.writable_real?(file)
    when "x" then File.executable?(file)
    when "X" then File.executable_real?(file)
    when "o" then File.owned?(file)
    when "O" then File.exist?(file) && File.stat(file).uid == Process.uid
    when "G" then File.grpowned?(file)
    when "u" then File.setuid?(file)
    when "g" then File.setgid?(file)
    when "k" then File.sticky?(file)
    when "s" then File.size?(file)
    when "z" then File.zero?(file)
    when "M" then File.mtime(file)
    when "A" then File.atime(file)
    when "C" then File.ctime(file)
    when "-" then File.identical?(file, other)
    when "=" then File.mtime(file) == File.mtime(other)
    when "<" then File.mtime(file) < File.mtime(other)
    when ">" then File.mtime(file) > File.mtime(other)
    else raise ArgumentError, "unknown command '#{command}'"
    end
  end

  def Pathname(path) = path.is_a?(::Pathname) ? path : ::Pathname.new(path)

  module_function :test, :Pathname
end

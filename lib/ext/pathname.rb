# pathname.rb - the part of Pathname that is a C extension in CRuby: the object, and what it passes on to File, Dir, IO.
# Semantics: Ruby documentation of Pathname.

class Pathname
  def initialize(path)
    path = path.to_path if path.respond_to?(:to_path)
    raise TypeError, "Pathname.new requires a String, #to_path or #to_str" unless path.respond_to?(:to_str)
    path = path.to_str
    raise ArgumentError, "path name contains null byte" if path.include?("\0")
    @path = path.dup
  end

  def to_s = @path.dup
  alias to_path to_s
  alias path to_s
  def inspect = "#<#{self.class}:#{@path}>"
  def hash = @path.hash
  def ==(other) = other.is_a?(Pathname) && @path == other.to_s
  alias eql? ==
  alias === ==

  def <=>(other)
    return nil unless other.is_a?(Pathname)
    @path.tr("/", "\0") <=> other.to_s.tr("/", "\0")
  end

  def freeze
    super
    @path.freeze
    self
  end

  # The block sees $~ and its kin, as the String's would.
  def sub(*arguments, &block)
    return self.class.new(@path.sub(*arguments)) unless block
    set_match = block.binding.eval("lambda { |match| $~ = match }")
    changed = @path.sub(*arguments) do |text|
      set_match.call($~)
      block.call(text)
    end
    self.class.new(changed)
  end

  def sub_ext(extension)
    current = File.extname(@path)
    self.class.new(@path.chomp(current) + extension)
  end

  def realpath(base = nil) = self.class.new(File.realpath(@path, base))
  def realdirpath(base = nil) = self.class.new(File.realdirpath(@path, base))
  def each_line(...) = File.foreach(@path, ...)
  def read(...) = File.read(@path, ...)
  def binread(...) = File.binread(@path, ...)
  def readlines(...) = File.readlines(@path, ...)
  def write(...) = File.write(@path, ...)
  def binwrite(...) = File.binwrite(@path, ...)
  def sysopen(...) = IO.sysopen(@path, ...)
  def open(...) = File.open(@path, ...)
  def atime = File.atime(@path)
  def birthtime = File.birthtime(@path)
  def ctime = File.ctime(@path)
  def mtime = File.mtime(@path)
  def chmod(mode) = File.chmod(mode, @path)
  def lchmod(mode) = File.lchmod(mode, @path)
  def chown(owner, group) = File.chown(owner, group, @path)
  def lchown(owner, group) = File.lchown(owner, group, @path)
  def fnmatch(pattern, ...) = File.fnmatch(pattern, @path, ...)
  def fnmatch?(pattern, ...) = File.fnmatch?(pattern, @path, ...)
  def ftype = File.ftype(@path)
  def make_link(old) = File.link(old, @path)
  def make_symlink(old) = File.symlink(old, @path)
  def readlink = self.class.new(File.readlink(@path))
  def rename(to) = File.rename(@path, to)
  def stat = File.stat(@path)
  def lstat = File.lstat(@path)
  def truncate(length) = File.truncate(@path, length)
  def utime(atime, mtime) = File.utime(atime, mtime, @path)
  def lutime(atime, mtime) = File.lutime(atime, mtime, @path)
  def basename(...) = self.class.new(File.basename(@path, ...))
  def dirname = self.class.new(File.dirname(@path))
  def extname = File.extname(@path)
  def expand_path(...) = self.class.new(File.expand_path(@path, ...))
  def split = File.split(@path).map { |part| self.class.new(part) }
  def blockdev? = File.blockdev?(@path)
  def chardev? = File.chardev?(@path)
  def executable? = File.executable?(@path)
  def executable_real? = File.executable_real?(@path)
  def exist? = File.exist?(@path)
  def grpowned? = File.grpowned?(@path)
  def directory? = File.directory?(@path)
  def file? = File.file?(@path)
  def pipe? = File.pipe?(@path)
  def socket? = File.socket?(@path)
  def owned? = File.owned?(@path)
  def readable? = File.readable?(@path)
  def world_readable? = File.world_readable?(@path)
  def readable_real? = File.readable_real?(@path)
  def setuid? = File.setuid?(@path)
  def setgid? = File.setgid?(@path)
  def size = File.size(@path)
  def size? = File.size?(@path)
  def sticky? = File.sticky?(@path)
  def symlink? = File.symlink?(@path)
  def writable? = File.writable?(@path)
  def world_writable? = File.world_writable?(@path)
  def writable_real? = File.writable_real?(@path)
  def zero? = File.zero?(@path)
  def empty? = File.directory?(@path) ? Dir.empty?(@path) : File.empty?(@path)
  def mkdir(...) = Dir.mkdir(@path, ...)
  def rmdir = Dir.rmdir(@path)
  def opendir(&block) = Dir.open(@path, &block)

  def each_entry
    return to_enum(:each_entry) unless block_given?
    Dir.foreach(@path) { |name| yield self.class.new(name) }
  end

  def entries = Dir.entries(@path).map { |name| self.class.new(name) }
  def unlink = File.directory?(@path) && !File.symlink?(@path) ? Dir.unlink(@path) : File.unlink(@path)
  alias delete unlink

  def glob(pattern, flags = 0)
    found = Dir.glob(pattern, flags, base: @path).map { |name| self + name }
    return found unless block_given?
    found.each { |path| yield path }
    nil
  end

  class << self
    def getwd = new(Dir.getwd)
    alias pwd getwd

    def glob(*arguments, **options)
      found = Dir.glob(*arguments, **options).map { |name| new(name) }
      return found unless block_given?
      found.each { |path| yield path }
      nil
    end
  end
end

module Kernel
  def Pathname(path) = path.instance_of?(Pathname) ? path : Pathname.new(path)
  private :Pathname
end

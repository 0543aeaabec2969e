# tmpdir.rb - Dir.tmpdir, Dir.mktmpdir, and Dir::Tmpname, which names temporary files.
# Semantics: Ruby documentation of the library tmpdir. Nothing here is tied to the Ractor that loaded it.

require "fileutils"

class Dir
  # The folder for temporary files: of the environment, or /tmp, or this one; it must be writable and not everybody's.
  def self.tmpdir
    [["TMPDIR", ENV["TMPDIR"]], ["TMP", ENV["TMP"]], ["TEMP", ENV["TEMP"]], ["system temporary path", "/tmp"], [".", "."]].each do |name, path|
      next unless path
      path = File.expand_path(path)
      next unless File.exist?(path)
      stat = File.stat(path)
      if !stat.directory? then warn "#{name} is not a directory: #{path}"
      elsif !stat.writable? then warn "#{name} is not writable: #{path}"
      elsif stat.world_writable? && !stat.sticky? then warn "#{name} is world-writable: #{path}"
      else return path
      end
    end
    raise ArgumentError, "could not find a temporary directory"
  end

  # Makes a folder that only its owner may use. With a block it is removed with all that is in it afterwards.
  def self.mktmpdir(prefix_suffix = nil, *rest, **options)
    base = nil
    path = Tmpname.create(prefix_suffix || "d", *rest, **options) do |candidate, _, _, given|
      base = given
      mkdir(candidate, 0o700)
    end
    return path unless block_given?
    begin
      yield path.dup
    ensure
      unless base
        stat = File.stat(File.dirname(path))
        raise ArgumentError, "parent directory is world writable but not sticky" if stat.world_writable? && !stat.sticky?
      end
      FileUtils.remove_entry(path)
    end
  end

  module Tmpname
    UNUSABLE_CHARS = "^,-.0-9A-Z_a-z~".freeze
    module_function

    def tmpdir = Dir.tmpdir

    # Yields names, and another one for as long as the block finds that the file exists.
    def create(basename, tmpdir = nil, max_try: nil, **options)
      given = tmpdir
      tmpdir ||= tmpdir()
      prefix, suffix = basename
      prefix = __text(prefix, "prefix")
      suffix &&= __text(suffix, "suffix")
      count = nil
      begin
        name = "#{prefix}#{Time.now.strftime("%Y%m%d")}-#{$$}-#{Random.rand(36**6).to_s(36)}#{"-#{count}" if count}#{suffix}"
        path = File.join(tmpdir, name)
        yield(path, count, options, given)
      rescue Errno::EEXIST
        count = (count || 0) + 1
        retry if !max_try || count < max_try
        raise "cannot generate temporary name using '#{basename}' under '#{tmpdir}'"
      end
      path
    end

    def __text(given, what)
      text = String.try_convert(given) or raise ArgumentError, "unexpected #{what}: #{given.inspect}"
      text.delete(UNUSABLE_CHARS)
    end
    private_class_method :__text
  end
end

# file.rb - path arithmetic, patterns, and the rest of File and Dir.
# Semantics: Ruby documentation of File and Dir; ruby/spec core/file, core/dir.

class File
  class << self
    def path(name)
      name = name.respond_to?(:to_path) ? name.to_path : name
      raise TypeError, "no implicit conversion of #{name.nil? || name == true || name == false ? name.inspect : name.class} into String" unless name.respond_to?(:to_str)
      name = name.to_str
      raise ArgumentError, "path name contains null byte" if name.include?("\0")
      name.dup
    end

    def basename(name, suffix = nil)
      name = path(name)
      return +"" if name.empty?
      stripped = name.sub(/\/+\z/, "")
      return +"/" if stripped.empty?
      base = stripped[/[^\/]*\z/]
      return base unless suffix
      suffix = path(suffix)
      if suffix == ".*"
        dot = base.rindex(".")
        dot && dot > 0 && dot < base.size - 1 || dot && dot > 0 ? base[0, dot] : base
      elsif base != suffix && base.end_with?(suffix)
        base[0, base.size - suffix.size]
      else
        base
      end
    end

    def dirname(name, level = 1)
      raise ArgumentError, "negative level: #{level}" if level < 0
      name = path(name)
      level.times do
        stripped = name.sub(/\/+\z/, "")
        return +"/" if stripped.empty? && name.start_with?("/")
        slash = stripped.rindex("/")
        return +"." unless slash
        name = stripped[0, slash].sub(/\/+\z/, "")
        return +"/" if name.empty?
      end
      name
    end

    def extname(name)
      base = basename(name)
      dot = base.rindex(".")
      return +"" if dot.nil? || dot == 0 || base.match?(/\A\.+[^.]*\z/) && base[0, dot].delete(".").empty?
      dot == base.size - 1 ? +"." : base[dot..]
    end

    def split(name) = [dirname(name), basename(name)]

    def join(*parts)
      __join(parts, [])
    end

    def absolute_path?(name) = path(name).start_with?("/")

    def absolute_path(name, base = nil) = __expand(path(name), base, false)
    def expand_path(name, base = nil) = __expand(path(name), base, true)

    def realpath(name, base = nil) = __realpath(base ? join(expand_path(base), path(name)) : path(name))

    def realdirpath(name, base = nil)
      full = expand_path(name, base)
      directory = dirname(full)
      symlink?(full) ? realpath(full) : join(realpath(directory), basename(full))
    end

    def fnmatch(pattern, name, flags = 0)
      pattern = path(pattern)
      name = path(name)
      patterns = flags & File::FNM_EXTGLOB != 0 ? Dir.__send__(:__braces, pattern) : [pattern]
      patterns.any? { |one| Dir.__send__(:__pattern, one, flags).match?(name) }
    end
    alias fnmatch? fnmatch

    private

    def __join(parts, visiting)
      result = nil
      parts.each do |part|
        if part.is_a?(Array)
          raise ArgumentError, "recursive array" if visiting.any? { |one| one.equal?(part) }
          text = __join(part, visiting + [part])
        else
          text = path(part)
        end
        if result.nil?
          result = text.dup
        elsif text.start_with?("/")
          result = result.sub(/\/+\z/, "") << text
        else
          result << "/" unless result.end_with?("/")
          result << text
        end
      end
      result || +""
    end

    def __expand(name, base, tilde)
      if tilde && name.start_with?("~")
        user = name[/\A~([^\/]*)/, 1]
        home = user.empty? ? Dir.home : Dir.home(user)
        raise ArgumentError, "non-absolute home" unless home.start_with?("/")
        name = home + name[(user.size + 1)..]
      elsif !name.start_with?("/")
        base = base ? __expand(path(base), nil, tilde) : Dir.pwd
        name = "#{base}/#{name}"
      end
      parts = []
      name.split("/").each do |part|
        case part
        when "", "." then next
        when ".." then parts.pop
        else parts << part
        end
      end
      "/#{parts.join("/")}"
    end
  end

end

class Dir
  include Enumerable

  def each
    return to_enum(:each) unless block_given?
    while (name = read)
      yield name
    end
    self
  end

  def children = each.reject { |name| name == "." || name == ".." }

  def each_child
    return to_enum(:each_child) unless block_given?
    each { |name| yield name unless name == "." || name == ".." }
  end

  def pos=(position)
    seek(position)
    position
  end

  def chdir(&block) = Dir.chdir(path, &block)
  def inspect = "#<#{self.class}:#{path}>"

  class << self
    def open(path, **options)
      dir = new(path, **options)
      return dir unless block_given?
      begin
        yield dir
      ensure
        dir.close
      end
    end

    def children(path, **) = __list(path, true)
    def entries(path, **) = [".", ".."] + __list(path, true)

    def each_child(path, **, &block)
      return to_enum(:each_child, path) unless block
      __list(path, true).each(&block)
      nil
    end

    def foreach(path, **, &block)
      return to_enum(:foreach, path) unless block
      entries(path).each(&block)
      nil
    end

    def exist?(path) = File.directory?(path)

    def empty?(path)
      raise Errno::ENOENT.new(File.path(path), "rb_dir_s_empty_p") unless File.exist?(path)
      names = File.directory?(path) ? __list(path, false) : nil
      names ? names.empty? : false
    end

    def chdir(path = home)
      return __chdir(path) unless block_given?
      before = pwd
      __chdir(path)
      begin
        yield File.path(path)
      ensure
        __chdir(before)
      end
    end

    def fchdir(fd)
      return __fchdir(fd) unless block_given?
      before = pwd
      __fchdir(fd)
      begin
        yield
      ensure
        __chdir(before)
      end
    end

    def glob(patterns, given_flags = 0, base: nil, sort: true, flags: given_flags, &block)
      raise ArgumentError, "expected true or false as sort: #{sort.inspect}" unless sort == true || sort == false
      found = []
      (patterns.is_a?(Array) ? patterns : [patterns]).each do |pattern|
        raise ArgumentError, "nul-separated glob pattern is deprecated" if pattern.is_a?(String) && pattern.include?("\0")
        pattern = File.path(pattern)
        __braces(pattern).each { |one| __glob(one, flags, base, sort, found) }
      end
      return found unless block
      found.each(&block)
      nil
    end

    def [](*patterns, base: nil, sort: true) = glob(patterns.flatten, base: base, sort: sort)

    private

    # "a{b,c}d" -> ["abd", "acd"]
    def __braces(pattern)
      depth = 0
      start = nil
      commas = []
      index = 0
      while index < pattern.size
        case pattern[index]
        when "\\" then index += 1
        when "{"
          start = index if depth == 0
          depth += 1
        when ","
          commas << index if depth == 1
        when "}"
          if depth > 0
            depth -= 1
            if depth == 0
              before, after = pattern[0...start], pattern[(index + 1)..]
              bounds = [start, *commas, index]
              choices = bounds.each_cons(2).map { |from, to| pattern[(from + 1)...to] }
              return choices.flat_map { |choice| __braces(before + choice + after) }
            end
          end
        end
        index += 1
      end
      [pattern]
    end

    # A Regexp for a pattern as File.fnmatch takes it (braces are expanded already).
    def __pattern(pattern, flags)
      pathname = flags & File::FNM_PATHNAME != 0
      dots = flags & File::FNM_DOTMATCH != 0
      escapes = flags & File::FNM_NOESCAPE == 0
      any = pathname ? "[^/]" : "."
      hidden = dots ? "" : "(?!\\.)"
      source = +"\\A"
      at_start = true
      index = 0
      while index < pattern.size
        char = pattern[index]
        case char
        when "*"
          if pathname && at_start && pattern[index, 3] == "**/"
            source << (dots ? "(?:[^/]+/)*" : "(?:(?!\\.)[^/]+/)*")
            index += 3
            next
          end
          index += 1 while pattern[index + 1] == "*"
          source << (at_start ? hidden : "") << any << "*"
        when "?" then source << (at_start ? hidden : "") << any
        when "["
          close = pattern.index("]", index + (pattern[index + 1, 2] =~ /\A[!^]\]/ ? 3 : pattern[index + 1] == "]" ? 2 : 1))
          if close
            body = pattern[(index + 1)...close]
            negated = body.start_with?("!", "^")
            body = body[1..] if negated
            body = escapes ? body.gsub("\\", "\\") : body.gsub("\\", "\\\\\\\\")
            body = body.gsub(/[\[&]/) { |special| "\\#{special}" }
            source << (at_start ? hidden : "") << (pathname ? "(?!/)" : "") << "[#{"^" if negated}#{body}]"
            index = close
          else
            source << "\\["
          end
        when "\\"
          if escapes && index + 1 < pattern.size
            index += 1
            source << Regexp.escape(pattern[index])
          else
            source << "\\\\"
          end
        else source << Regexp.escape(char)
        end
        at_start = pathname ? char == "/" : false
        index += 1
      end
      Regexp.new(source << "\\z", (flags & File::FNM_CASEFOLD != 0 ? Regexp::IGNORECASE : 0) | Regexp::MULTILINE)
    end

    def __glob(pattern, flags, base, sort, found)
      return if pattern.empty?
      absolute = pattern.start_with?("/")
      parts = pattern.split("/").reject(&:empty?)
      wants_directory = pattern.end_with?("/")
      root = absolute ? "/" : (base ? File.path(base) : "")
      return if base && !absolute && root.empty?
      __descend(absolute ? "/" : "", absolute ? "/" : root, parts, 0, flags, sort, wants_directory, found)
    end

    # shown: the path as it is reported; real: where it lies ("" is the working directory).
    def __descend(shown, real, parts, index, flags, sort, wants_directory, found)
      if index == parts.size
        return if shown.empty?
        return if wants_directory && !File.directory?(real)
        found << (wants_directory ? "#{shown}/" : shown)
        return
      end
      part = parts[index]
      if part == "**" && (index < parts.size - 1 || wants_directory)
        __descend_all(shown, real, parts, index, flags, sort, wants_directory, found)
      elsif part.match?(/[*?\[]/) || (part.include?("\\") && flags & File::FNM_NOESCAPE == 0)
        matcher = __pattern(part, flags | File::FNM_PATHNAME)
        names = __names(real, sort)
        names = [".", *names] if (flags & File::FNM_DOTMATCH != 0 || part.start_with?(".")) && index == parts.size - 1 && shown.empty?
        names.each do |name|
          next unless matcher.match?(name)
          below = __under(real, name)
          next if index < parts.size - 1 && !File.directory?(below)
          __descend(__under(shown, name), below, parts, index + 1, flags, sort, wants_directory, found)
        end
      else
        below = __under(real, part)
        return unless File.exist?(below) || File.symlink?(below)
        __descend(__under(shown, part), below, parts, index + 1, flags, sort, wants_directory, found)
      end
    end

    # "**/": what follows is looked for here and in every folder below, entry by entry in order.
    def __descend_all(shown, real, parts, index, flags, sort, wants_directory, found)
      rest = parts[(index + 1)..]
      plain = rest.first && !rest.first.match?(/[*?\[\\]/)
      __descend(shown, real, parts, index + 1, flags, sort, wants_directory, found) if plain
      matcher = rest.first && !plain ? __pattern(rest.first, flags | File::FNM_PATHNAME) : nil
      __names(real, sort).each do |name|
        below = __under(real, name)
        folder = File.directory?(below)
        if matcher&.match?(name) && (rest.size == 1 || folder)
          __descend(__under(shown, name), below, parts, index + 2, flags, sort, wants_directory, found)
        end
        next if name.start_with?(".") && flags & File::FNM_DOTMATCH == 0
        next if !folder || File.symlink?(below)
        found << "#{__under(shown, name)}/" if rest.empty?
        __descend_all(__under(shown, name), below, parts, index, flags, sort, wants_directory, found)
      end
    end

    def __names(real, sort)
      names = __list(real.empty? ? "." : real, false) || []
      sort ? names.sort : names
    end

    def __under(path, name)
      return name if path.empty?
      path.end_with?("/") ? path + name : "#{path}/#{name}"
    end
  end
end

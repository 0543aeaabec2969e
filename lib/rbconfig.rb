# rbconfig.rb - what programs ask RbConfig: names, versions, folders.

module RbConfig
  version = RUBY_VERSION.split(".")
  executable = File.exist?("/proc/self/exe") ? File.realpath("/proc/self/exe") : "troupe"
  CONFIG = {
    "MAJOR" => version[0], "MINOR" => version[1], "TEENY" => version[2], "PATCHLEVEL" => RUBY_PATCHLEVEL.to_s,
    "ruby_version" => "#{version[0]}.#{version[1]}.0", "RUBY_PROGRAM_VERSION" => RUBY_VERSION,
    "ruby_install_name" => File.basename(executable), "RUBY_INSTALL_NAME" => File.basename(executable),
    "RUBY_BASE_NAME" => "troupe", "bindir" => File.dirname(executable), "prefix" => File.dirname(executable, 2),
    "EXEEXT" => "", "DLEXT" => "so", "SOEXT" => "so", "host_os" => "linux-gnu", "target_os" => "linux",
    "host_cpu" => RUBY_PLATFORM[/\A[^-]+/], "target_cpu" => RUBY_PLATFORM[/\A[^-]+/], "arch" => RUBY_PLATFORM,
    "build_os" => "linux-gnu", "PATH_SEPARATOR" => ":", "rubylibdir" => "/usr/lib/ruby/3.1.0",
    "rubylibprefix" => "/usr/lib/ruby", "rubyarchdir" => "/usr/lib/ruby/3.1.0",
    "vendordir" => "/usr/lib/ruby/vendor_ruby", "sitedir" => "/usr/local/lib/site_ruby", "SHELL" => "/bin/sh",
    "datadir" => "/usr/share", "mandir" => "/usr/share/man", "sysconfdir" => "/etc", "localstatedir" => "/var"
  }
  MAKEFILE_CONFIG = CONFIG.dup
  TOPDIR = CONFIG["prefix"]
  SIZEOF = { "int" => 4, "short" => 2, "long" => 8, "long long" => 8, "void*" => 8, "float" => 4, "double" => 8, "size_t" => 8 }.freeze
  LIMITS = { "FIXNUM_MAX" => 2**62 - 1, "FIXNUM_MIN" => -2**62, "INT_MAX" => 2**31 - 1, "INT_MIN" => -2**31,
             "LONG_MAX" => 2**63 - 1, "LONG_MIN" => -2**63, "UINT_MAX" => 2**32 - 1, "ULONG_MAX" => 2**64 - 1 }.freeze

  def self.ruby = File.join(CONFIG["bindir"], CONFIG["ruby_install_name"] + CONFIG["EXEEXT"])
  def self.expand(text, config = CONFIG) = text.gsub(/\$\((\w+)\)|\$\{(\w+)\}/) { config[$1 || $2] || $& }
end

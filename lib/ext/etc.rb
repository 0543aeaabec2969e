# etc.rb - Etc: the user data base and the machine, from the files that Linux keeps them in.

module Etc
  VERSION = "1.4.6"
  Passwd = Struct.new(:name, :passwd, :uid, :gid, :gecos, :dir, :shell)
  Group = Struct.new(:name, :passwd, :gid, :mem)

  class << self
    def getlogin = ENV["USER"] || getpwuid&.name
    def getpwuid(uid = Process.uid) = passwords.find { |entry| entry.uid == uid } || raise(ArgumentError, "can't find user for #{uid}")
    def getpwnam(name) = passwords.find { |entry| entry.name == name } || raise(ArgumentError, "can't find user for #{name}")
    def getgrgid(gid = Process.gid) = groups.find { |entry| entry.gid == gid } || raise(ArgumentError, "can't find group for #{gid}")
    def getgrnam(name) = groups.find { |entry| entry.name == name } || raise(ArgumentError, "can't find group for #{name}")
    def passwd(&block) = block ? passwords.each(&block) : passwords.first
    def group(&block) = block ? groups.each(&block) : groups.first
    def sysconfdir = "/etc"
    def systmpdir = "/tmp"

    def nprocessors
      File.read("/proc/self/status")[/^Cpus_allowed:\s*(\S+)/, 1].delete(",").hex.to_s(2).count("1")
    end

    def uname
      { sysname: File.read("/proc/sys/kernel/ostype").chomp, nodename: File.read("/proc/sys/kernel/hostname").chomp,
        release: File.read("/proc/sys/kernel/osrelease").chomp, version: File.read("/proc/sys/kernel/version").chomp,
        machine: RUBY_PLATFORM[/\A[^-]+/] }
    end

    private

    def passwords
      File.foreach("/etc/passwd", chomp: true).map do |line|
        name, password, uid, gid, gecos, dir, shell = line.split(":", 7)
        Passwd.new(name, password, uid.to_i, gid.to_i, gecos, dir, shell)
      end
    end

    def groups
      File.foreach("/etc/group", chomp: true).map do |line|
        name, password, gid, members = line.split(":", 4)
        Group.new(name, password, gid.to_i, members.split(","))
      end
    end
  end
end

# fcntl.rb - Fcntl: the numbers of <fcntl.h> on Linux.

module Fcntl
  FD_CLOEXEC = 1
  F_DUPFD = 0
  F_GETFD = 1
  F_GETFL = 3
  F_GETLK = 5
  F_GETPIPE_SZ = 1032
  F_RDLCK = 0
  F_SETFD = 2
  F_SETFL = 4
  F_SETLK = 6
  F_SETLKW = 7
  F_SETPIPE_SZ = 1031
  F_UNLCK = 2
  F_WRLCK = 1
  O_ACCMODE = 3
  O_APPEND = 1024
  O_CREAT = 64
  O_EXCL = 128
  O_NDELAY = 2048
  O_NOCTTY = 256
  O_NONBLOCK = 2048
  O_RDONLY = 0
  O_RDWR = 2
  O_TRUNC = 512
  O_WRONLY = 1
  VERSION = "1.3.0"
end

# autoload.rb - what is there from the start, but loaded when it is first used.

autoload :RbConfig, "rbconfig"
autoload :Pathname, "pathname"

module Kernel
  # pp(*objects): the library replaces this method when it is loaded.
  def pp(*objects)
    require "pp"
    pp(*objects)
  end
  private :pp
end

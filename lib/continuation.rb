# continuation.rb - callcc: Troupe has none, and says so.

module Kernel
  def callcc
    raise NotImplementedError, "callcc is not implemented in Troupe; a Fiber may serve"
  end
  private :callcc
end

# power_assert.rb - the gem of this name follows an expression by TracePoint, which Troupe does not have; who can do without it
# (test-unit) rescues the LoadError.
raise LoadError, "cannot load such file -- power_assert (it needs TracePoint)"

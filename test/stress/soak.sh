# Two seconds of it; `make soak` is longer. A failure prints its seed.
"$troupe" test/stress/threads.rb 2 2>/dev/null

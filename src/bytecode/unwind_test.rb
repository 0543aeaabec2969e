# How control leaves constructs: break, next, redo, retry, return, throw and exceptions through ensure clauses.

$log = []
def log(*values) = $log.push(*values)
def logged = ($log.clear; result = yield; [result, *$log])

def return_inner_outer = (begin; begin; return 1; ensure; log(:inner); end; ensure; log(:outer); end)
logged { return_inner_outer } #=> [1, :inner, :outer]
def raise_in_outer_ensure = (begin; begin; return 1; ensure; log(:inner); end; ensure; log(:outer); raise "x"; end)
logged { raise_in_outer_ensure rescue $!.message } #=> ["x", :inner, :outer]
def loop_between = (begin; i = 0; while (i += 1) < 3; begin; return i; ensure; log(:a); end; end; ensure; log(:b); [1].each { return 5 }; end)
logged { loop_between } #=> [5, :a, :b]
def break_in_ensure = (i = 0; while (i += 1) < 3; begin; return 13; ensure; log(i); break if i == 1; end; end; :end)
logged { break_in_ensure } #=> [:end, 1]
def next_in_ensure = (i = 0; while (i += 1) < 3; begin; return 13; ensure; log(i); next if i == 1; end; end; :end)
logged { next_in_ensure } #=> [13, 1, 2]
def literal_ensure = (begin; raise "x"; ensure; 2; end)
literal_ensure #=> RuntimeError: x
def empty_ensure = (begin; raise "x"; ensure; end)
empty_ensure #=> RuntimeError: x
logged { catch(:t) { begin; throw :t, 1; ensure; log(:e); end } } #=> [1, :e]
logged { [3, 1].map { |q| begin; log(q); ensure; log(:e); break 17; end } } #=> [17, 3, :e]
def retried = (n = 0; begin; n += 1; raise "x" if n < 3; n; rescue; retry; end)
retried #=> 3
def else_runs = (begin; log(:body); rescue; log(:rescue); else; log(:else); ensure; log(:ensure); end; :end)
logged { else_runs } #=> [:end, :body, :else, :ensure]
def error_info = (begin; begin; raise "a"; rescue; raise "b"; end; rescue => e; [e.message, e.cause.message, $!.message]; end)
error_info #=> ["b", "a", "b"]
$! #=> nil
def through_block = (begin; yield; ensure; log(:ensure); end)
def leaves_block = (through_block { return 9 })
logged { leaves_block } #=> [9, :ensure]
def breaks_block = (through_block { break 8 })
logged { breaks_block } #=> [8, :ensure]
proc { return 1 }.call #=> LocalJumpError: unexpected return
lambda { return 1 }.call #=> 1
n = 0
[1, 2].each { |x| n += 1; redo if n == 1 }; n #=> 3
(x = while true do break end) #=> nil
begin; Integer("z"); rescue TypeError, *[ArgumentError] => e; e.class; end #=> ArgumentError
(raise "a" rescue "b") #=> "b"
def stack_kept = [1, (begin; raise "x"; rescue; 2; end), 3, ([4].each { |v| break v }), 5]
stack_kept #=> [1, 2, 3, 4, 5]

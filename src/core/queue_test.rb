# Queue and SizedQueue: what each method refuses, with class and message; closing; copies.

Thread.report_on_exception = false
Queue.equal?(Thread::Queue) && SizedQueue.equal?(Thread::SizedQueue) #=> true
SizedQueue.superclass #=> Thread::Queue

# making one
Queue.new(1) #=> TypeError: can't convert Integer into Array
Queue.new(nil).size #=> 0
Queue.new("abc") #=> TypeError: can't convert String into Array
Queue.new([1], 2) #=> ArgumentError: wrong number of arguments (given 2, expected 0..1)
Queue.new(1..3).size #=> 3
Queue.new({a: 1}).pop #=> [:a, 1]
bad = Object.new
def bad.to_a = 1
Queue.new(bad) #=> TypeError: can't convert Object into Array (Object#to_a gives Integer)
SizedQueue.new #=> ArgumentError: wrong number of arguments (given 0, expected 1)
SizedQueue.new(0) #=> ArgumentError: queue size must be positive
SizedQueue.new(-1) #=> ArgumentError: queue size must be positive
SizedQueue.new("1") #=> TypeError: no implicit conversion of String into Integer
SizedQueue.new(nil).size #=> TypeError: no implicit conversion from nil to integer
SizedQueue.new(2**70) #=> RangeError: bignum too big to convert into 'long'
SizedQueue.new(1, 2) #=> ArgumentError: wrong number of arguments (given 2, expected 1)
SizedQueue.new(1.9).max #=> 1
(Queue.allocate.push(1) rescue $!.message.sub(/0x\h+/, '0x')) #=> "#<Thread::Queue:0x> not initialized"
(SizedQueue.allocate.max rescue $!.message.sub(/0x\h+/, '0x')) #=> "#<Thread::SizedQueue:0x> not initialized"

# pop
q = Queue.new
q.pop(true) #=> ThreadError: queue empty
q.shift(true) #=> ThreadError: queue empty
q.deq(true) #=> ThreadError: queue empty
q.pop(timeout: 0) #=> nil
q.pop(timeout: 0.001) #=> nil
q.pop(timeout: -1) #=> nil
q.pop(true, timeout: 1) #=> ArgumentError: can't set a timeout if non_block is enabled
q.pop(true, timeout: nil) #=> ThreadError: queue empty
q.pop(timeout: "1") #=> TypeError: no implicit conversion of String into Float
q.pop(timeout: :a) #=> TypeError: can't convert Symbol into Float
q.pop(timeout: true) #=> TypeError: no implicit conversion of true into Float
q.pop(timeout: false) #=> TypeError: no implicit conversion of false into Float
q.pop(timeout: Object.new) #=> TypeError: can't convert Object into Float
q.pop(limit: 1) #=> ArgumentError: unknown keyword: :limit
q.pop(false, 1) #=> ArgumentError: wrong number of arguments (given 2, expected 0..1)
q.push #=> ArgumentError: wrong number of arguments (given 0, expected 1)
q.push(1, 2) #=> ArgumentError: wrong number of arguments (given 2, expected 1)
q.push(1, timeout: 1).pop #=> ArgumentError: wrong number of arguments (given 2, expected 1)
q.push(1, true) #=> ArgumentError: wrong number of arguments (given 2, expected 1)
q.num_waiting #=> 0
(q.freeze rescue $!.message.sub(/0x\h+/, '0x')) #=> "cannot freeze #<Thread::Queue:0x>"
q.frozen? #=> false
q.dup #=> NoMethodError: undefined method 'initialize_copy' for an instance of Thread::Queue
q.clone #=> NoMethodError: undefined method 'initialize_copy' for an instance of Thread::Queue
Marshal.dump(q) #=> TypeError: can't dump Thread::Queue
q.length #=> 0

# closed
q << 7
q.close.equal?(q) #=> true
q.close.closed? #=> true
q << 8 #=> ClosedQueueError: queue closed
q.push(8) #=> ClosedQueueError: queue closed
q.enq(8) #=> ClosedQueueError: queue closed
q.pop #=> 7
q.pop #=> nil
q.pop(true) #=> ThreadError: queue empty
q.pop(timeout: 1) #=> nil
ClosedQueueError.superclass #=> StopIteration
ended = Queue.new
t = Thread.new { ended.pop }
Thread.pass until t.stop?
[ended.num_waiting, ended.close.class, t.value, ended.num_waiting] #=> [1, Thread::Queue, nil, 0]

# SizedQueue
s = SizedQueue.new(1)
s.pop(true) #=> ThreadError: queue empty
s.push(1).equal?(s) #=> true
s.push(2, true) #=> ThreadError: queue full
s.enq(2, true) #=> ThreadError: queue full
s.<<(2, true) #=> ThreadError: queue full
s.push(2, timeout: 0) #=> nil
s.push(2, timeout: 0.001) #=> nil
s.push(2, timeout: -1) #=> nil
s.push(2, true, timeout: 1) #=> ArgumentError: can't set a timeout if non_block is enabled
s.push(2, timeout: "1") #=> TypeError: no implicit conversion of String into Float
s.push(2, timeout: false) #=> TypeError: no implicit conversion of false into Float
s.push(2, timeout: :a) #=> TypeError: can't convert Symbol into Float
s.push(2, size: 1) #=> ArgumentError: unknown keyword: :size
s.push #=> ArgumentError: wrong number of arguments (given 0, expected 1..2)
s.push(1, false, 2) #=> ArgumentError: wrong number of arguments (given 3, expected 1..2)
s.max = 0 #=> ArgumentError: queue size must be positive
s.max = -1 #=> ArgumentError: queue size must be positive
s.max = "2" #=> TypeError: no implicit conversion of String into Integer
s.max = nil #=> TypeError: no implicit conversion from nil to integer
s.max #=> 1
(s.freeze rescue $!.message.sub(/0x\h+/, '0x')) #=> "cannot freeze #<Thread::SizedQueue:0x>"
s.dup #=> NoMethodError: undefined method 'initialize_copy' for an instance of Thread::SizedQueue
Marshal.dump(s) #=> TypeError: can't dump Thread::SizedQueue
t = Thread.new { s.push(2) }
Thread.pass until t.stop?
s.num_waiting #=> 1
s.close
t.value #=> ClosedQueueError: queue closed
s.push(3) #=> ClosedQueueError: queue closed
s.push(3, timeout: 0) #=> ClosedQueueError: queue closed
s.push(3, true) #=> ClosedQueueError: queue closed
s.pop #=> 1
s.pop #=> nil
s.pop(true) #=> ThreadError: queue empty
s.clear.size #=> 0
wide = SizedQueue.new(1) << 1
t = Thread.new { wide.push(2); :went }
Thread.pass until t.stop?
wide.max = 2; t.value #=> :went

# an interrupted waiter hands its wake-up on
q = Queue.new
a = Thread.new { q.pop }
Thread.pass until a.stop?
t = Thread.new { q.pop }
Thread.pass until t.stop?
a.raise(IOError, "not any more"); q << 1
a.join #=> IOError: not any more
t.value #=> 1

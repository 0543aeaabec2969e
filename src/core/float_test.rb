# Float: shortest texts, rounding, comparison with Integers, errors.

0.1 + 0.2                               #=> 0.30000000000000004
1e15                                    #=> 1.0e+15
123456789012345.0                       #=> 123456789012345.0
0.0001                                  #=> 0.0001
0.00001                                 #=> 1.0e-05
5e-324                                  #=> 5.0e-324
1.7976931348623157e308                  #=> 1.7976931348623157e+308
-0.0                                    #=> -0.0
2.675.round(2)                          #=> 2.68
2.5.round                               #=> 3
2.5.round(half: :even)                  #=> 2
(-2.5).round(half: :down)               #=> -2
0.1.round(20)                           #=> 0.1
1234.567.round(-2)                      #=> 1200
1.15.floor(1)                           #=> 1.1
-1.15.ceil(1)                           #=> -1.1
1.1.floor(1)                            #=> 1.1
1e300.to_i.to_s.size                    #=> 301
Float::NAN.to_i                         #=> FloatDomainError: NaN
Float::INFINITY.to_r                    #=> FloatDomainError: Infinity
0.5.to_r                                #=> (1/2)
3.14.rationalize(Rational(1, 100))      #=> (22/7)
0.3.rationalize                         #=> (3/10)
1.0.eql?(1)                             #=> false
1.0 == 1                                #=> true
Float::NAN == Float::NAN                #=> false
Float::NAN <=> 1                        #=> nil
1.0.divmod(0.3)                         #=> [3, 0.10000000000000003]
-7.5 % 2                                #=> 0.5
7.0.divmod(0)                           #=> ZeroDivisionError: divided by 0
(-8.0)**(1.0 / 2)                       #=> (0.0+2.8284271247461903i)
1.0.next_float                          #=> 1.0000000000000002
1.5 + nil                               #=> TypeError: nil can't be coerced into Float
1.5 < "x"                               #=> ArgumentError: comparison of Float with String failed
Math.sqrt(-1.0)                         #=> Math::DomainError: Numerical argument is out of domain - sqrt
Math.log(8, 2)                          #=> 3.0
Math.cbrt(27)                           #=> 3.0
Math.hypot(3, 4)                        #=> 5.0
Math.sqrt("x")                          #=> TypeError: can't convert String into Float
Random.new(42).rand(100)                #=> 51
Random.new(42).rand                     #=> 0.3745401188473625
Random.new(1).rand(2**70)               #=> 700924343680170930060
Random.new(3).rand(1.0..2.0)            #=> 1.5507979043924074
Random.rand(-1)                         #=> ArgumentError: invalid argument - -1

# Integer: arithmetic over the border of a machine word, division, bits, rounding, errors.

4611686018427387903 + 1                 #=> 4611686018427387904
-4611686018427387904 - 1                #=> -4611686018427387905
(2**64) * (2**64) == 2**128             #=> true
(2**64) - (2**64)                       #=> 0
4611686018427387904 - 1                 #=> 4611686018427387903
3037000500 * 3037000500                 #=> 9223372037000250000
-7 / 2                                  #=> -4
-7 % 2                                  #=> 1
7.divmod(-2)                            #=> [-4, -1]
(-7).remainder(2)                       #=> -1
(2**70).divmod(-3)                      #=> [-393530540239137101142, -2]
1 / 0                                   #=> ZeroDivisionError: divided by 0
2**-2                                   #=> (1/4)
2**0.5                                  #=> 1.4142135623730951
0**-1                                   #=> ZeroDivisionError: divided by 0
3.pow(200, 13)                          #=> 9
3.pow(-1, 5)                            #=> RangeError: Integer#pow() 1st argument cannot be negative when 2nd argument specified
2 ** (2**70)                            #=> ArgumentError: exponent is too large
1 << 70                                 #=> 1180591620717411303424
(1 << 70) >> 69                         #=> 2
-1 >> 100                               #=> -1
1 << (2**64)                            #=> RangeError: shift width too big
(2**70)[70]                             #=> 1
0b1100[2..3]                            #=> 3
(-1).bit_length                         #=> 0
(2**64).bit_length                      #=> 65
(-2**64).bit_length                     #=> 64
~(2**64)                                #=> -18446744073709551617
(2**64) & -1                            #=> 18446744073709551616
6 & 1.5                                 #=> TypeError: 1.5 can't be coerced into Integer
15.round(-1)                            #=> 20
25.round(-1, half: :even)               #=> 20
-25.round(-1, half: :down)              #=> -20
1299.floor(-2)                          #=> 1200
-1299.ceil(-2)                          #=> -1200
15.round(half: :sideways)               #=> ArgumentError: invalid rounding mode: sideways
12345.digits(100)                       #=> [45, 23, 1]
-1.digits                               #=> Math::DomainError: out of domain
(10**25).to_s(36)                       #=> "198exbvshgpunuk1s"
255.to_s(1)                             #=> ArgumentError: invalid radix 1
2**53 == 2.0**53                        #=> true
(2**53 + 1) == 2.0**53                  #=> false
(2**1024) > Float::MAX                  #=> true
1 <=> "a"                               #=> nil
1 < "a"                                 #=> ArgumentError: comparison of Integer with String failed
1 + nil                                 #=> TypeError: nil can't be coerced into Integer
1 + "1"                                 #=> TypeError: String can't be coerced into Integer
Integer.sqrt(10**40)                    #=> 100000000000000000000
(2**100).hash == (2**100).hash          #=> true
(2**100).eql?(2.0**100)                 #=> false
3.times.to_a                            #=> [0, 1, 2]
1.step(10, 4).to_a                      #=> [1, 5, 9]
10.downto(8).to_a                       #=> [10, 9, 8]
7.ceildiv(2)                            #=> 4
(10**40).to_f                           #=> 1.0e+40
(2**54 + 2).to_f                        #=> 1.8014398509481984e+16
12.gcdlcm(18)                           #=> [6, 36]

# Rational and Complex: arithmetic, texts, parsing, errors.

Rational(6, -4)                         #=> (-3/2)
1/3r + 1/6r                             #=> (1/2)
(1/3r)**-2                              #=> (9/1)
1/3r + 0.5                              #=> 0.8333333333333333
(7/2r).round                            #=> 4
(5/2r).round(half: :even)               #=> 2
(-7/2r).truncate                        #=> -3
(1/3r).round(2)                         #=> (33/100)
(1/3r) <=> 0.3                          #=> 1
3r == 3                                 #=> true
Rational("1/3")                         #=> (1/3)
Rational("0.75")                        #=> (3/4)
Rational("x")                           #=> ArgumentError: invalid value for convert(): "x"
Rational("x", exception: false)         #=> nil
Rational(1, 0)                          #=> ZeroDivisionError: divided by 0
Rational(nil)                           #=> TypeError: can't convert nil into Rational
(2**70 / 3r).to_f                       #=> 3.935305402391371e+20
3.7r.floor                              #=> 3
Complex(1, 2) * Complex(3, 4)           #=> (-5+10i)
Complex(1, 2) / Complex(3, 4)           #=> ((11/25)+(2/25)*i)
Complex(1, 2).fdiv(Complex(1, 1))       #=> (1.5+0.5i)
Complex(1, 2).fdiv(2)                   #=> (0.5+1.0i)
7.fdiv(Complex(1, 2))                   #=> RangeError: can't convert 1.4-2.8i into Float
7.fdiv(Rational(1, 2))                  #=> 14.0
Complex(1, 2)**2                        #=> (-3+4i)
Complex("1+2i")                         #=> (1+2i)
Complex("x")                            #=> ArgumentError: invalid value for convert(): "x"
Complex(3, 4).abs                       #=> 5.0
Complex(1, 2) <=> 1                     #=> nil
Complex(1, 0) <=> 2                     #=> -1
Complex(1.0, -0.0)                      #=> (1.0-0.0i)
Complex(1, 2).to_i                      #=> RangeError: can't convert 1+2i into Integer
Complex(1, 2) + "x"                     #=> TypeError: String can't be coerced into Complex
Complex::I * Complex::I                 #=> (-1+0i)

# exception: false swallows what the conversions raise
Rational(1, exception: 1)               #=> ArgumentError: expected true or false as exception: 1
Complex(1, exception: nil)              #=> ArgumentError: expected true or false as exception: nil
Rational(Class.new { def to_r = raise("no") }.new, exception: false)   #=> nil
Complex("79+4I")                        #=> (79+4i)

# bigdecimal_test.rb - BigDecimal. Expectations: Ruby documentation.
require "bigdecimal"
require "bigdecimal/util"
require "bigdecimal/math"

BigDecimal("1.1") + BigDecimal("2.2") == BigDecimal("3.3") #=> true
BigDecimal("-0.00123e5")                              #=> -0.123e3
BigDecimal("1_000.5").to_s("F")                       #=> "1000.5"
BigDecimal("x")                                       #=> ArgumentError: invalid value for BigDecimal(): "x"
BigDecimal("1x", exception: false)                    #=> nil
BigDecimal(nil)                                       #=> TypeError: can't convert nil into BigDecimal
BigDecimal(0.1)                                       #=> ArgumentError: can't omit precision for a Float.
BigDecimal(1/3r, 5)                                   #=> 0.33333e0
BigDecimal(1) / 3                                     #=> 0.33333333333333333333333333333333e0
BigDecimal(7).div(2)                                  #=> 3
BigDecimal(1).div(3, 4)                               #=> 0.3333e0
BigDecimal("-7.5").divmod(2)                          #=> [-0.4e1, 0.5e0]
BigDecimal("-7.5").remainder(2)                       #=> -0.15e1
BigDecimal("2.5").round                               #=> 3
BigDecimal("2.5").round(half: :even)                  #=> 2
BigDecimal("-1.235").round(2)                         #=> -0.124e1
BigDecimal("1234.5").round(-2)                        #=> 0.12e4
[BigDecimal("-1.5").floor, BigDecimal("-1.5").ceil, BigDecimal("-1.5").truncate] #=> [-2, -1, -1]
BigDecimal("1.23").split                              #=> [1, "123", 10, 1]
[BigDecimal("0.001").exponent, BigDecimal("12.5").precision, BigDecimal("12.50").scale] #=> [-2, 3, 1]
BigDecimal("NaN") == BigDecimal("NaN")                #=> false
BigDecimal("Infinity") > 10**100                      #=> true
(BigDecimal("-0") * 1).sign                           #=> -1
BigDecimal("1.5") <=> 1.5                             #=> 0
[BigDecimal("1.5") == 3/2r, 2 * BigDecimal("1.5"), 1.5 + BigDecimal("1")] #=> [true, 0.3e1, 0.25e1]
BigDecimal("1.5") + nil                               #=> TypeError: nil can't be coerced into BigDecimal
BigDecimal("2").sqrt(10).round(10).to_s               #=> "0.14142135624e1"
[BigDecimal("1.1")**10, BigDecimal(2)**-2]            #=> [0.25937424601e1, 0.25e0]
BigMath.exp(BigDecimal(1), 20)                        #=> 0.27182818284590452354e1
BigMath.log(BigDecimal(2), 20)                        #=> 0.69314718055994530942e0
BigMath.PI(10).round(10)                              #=> 0.31415926536e1
["1.5".to_d, 1.5.to_d, 3.to_d, "x".to_d]              #=> [0.15e1, 0.15e1, 0.3e1, 0.0]
BigDecimal("1234567.891").to_s("3F")                  #=> "1 234 567.891"
[BigDecimal("1.5").to_f, BigDecimal("1e-3").to_r, BigDecimal("1e3").to_i] #=> [1.5, (1/1000), 1000]
{ BigDecimal("1.0") => 1 }[BigDecimal("1")]           #=> 1
Marshal.load(Marshal.dump(BigDecimal("1.25")))        #=> 0.125e1
Ractor.new { BigDecimal("0.1") + BigDecimal("0.2") }.value #=> 0.3e0

# date_test.rb - Date and DateTime. Expectations: Ruby documentation; CRuby's date library where that is silent.
require "date"
require "time"

Date.new(2001, 2, 3)                                 #=> #<Date: 2001-02-03 ((2451944j,0s,0n),+0s,2299161j)>
Date.new(2001, -1, -1).to_s                          #=> "2001-12-31"
Date.new(2001, 2, 29)                                #=> Date::Error: invalid date
Date.new("2001")                                     #=> TypeError: invalid year (not numeric)
Date.valid_date?(1582, 10, 10)                       #=> false
Date.new(1582, 10, 4).next.to_s                      #=> "1582-10-15"
Date.new(1582, 10, 15).julian.to_s                   #=> "1582-10-05"
Date.jd(2451944.5)                                   #=> #<Date: 2001-02-03 ((2451944j,43200s,0n),+0s,2299161j)>
Date.ordinal(2001, -1).yday                          #=> 365
Date.commercial(2004, 53, 7).to_s                    #=> "2005-01-02"
[Date.new(2005, 1, 2).cwyear, Date.new(2005, 1, 2).cweek] #=> [2004, 53]
(Date.new(2001, 1, 31) >> 1).to_s                    #=> "2001-02-28"
(Date.new(2001, 3, 31) << 1).to_s                    #=> "2001-02-28"
Date.new(2001, 3, 1) - Date.new(2001, 2, 1)          #=> (28/1)
Date.new(2001, 3, 1) - nil                           #=> TypeError: expected numeric
Date.new(2001, 2, 3).step(Date.new(2001, 2, 9), 3).map(&:day) #=> [3, 6, 9]
Date.new(2001, 2, 3) <=> Date.new(2001, 2, 4)        #=> -1
Date.new(2001, 2, 3) === DateTime.new(2001, 2, 3, 12) #=> true
Date.new(2000).leap?                                 #=> true
Date.new(2001, 2, 3).jisx0301                        #=> "H13.02.03"
Date.new(2001, 2, 3).strftime("%a %^b %-d %j %G-W%V-%u %Q") #=> "Sat FEB 3 034 2001-W05-6 981158400000"
Date.new(2001, 2, 3) => { year:, wday: }
[year, wday]                                         #=> [2001, 6]
Marshal.load(Marshal.dump(Date.new(2001, 2, 3))).to_s #=> "2001-02-03"

Date.parse("3rd Feb 2001").to_s                      #=> "2001-02-03"
Date.parse("20010203").to_s                          #=> "2001-02-03"
Date.parse("x")                                      #=> Date::Error: invalid date
Date.parse("1" * 200)                                #=> ArgumentError: string length (200) exceeds the limit 128
Date._parse("H31.04.30T10:20:30.5 EST")              #=> {hour: 10, min: 20, sec: 30, sec_fraction: (1/2), zone: "EST", year: 2019, mon: 4, mday: 30, offset: -18000}
Date._iso8601("2001-W05-6")                          #=> {cweek: 5, cwday: 6, cwyear: 2001}
Date.strptime("2001 04 6", "%Y %U %w").to_s          #=> "2001-02-03"
Date._strptime("2001-02-03 rest", "%Y-%m-%d")        #=> {year: 2001, mon: 2, mday: 3, leftover: " rest"}
Date.httpdate("Sat, 03 Feb 2001 00:00:00 GMT").to_s  #=> "2001-02-03"

DateTime.new(2001, 2, 3, 4, 5, 6.5, "+7")            #=> #<DateTime: 2001-02-03T04:05:06+07:00 ((2451943j,75906s,500000000n),+25200s,2299161j)>
DateTime.new(2001, 2, 3.5, 1)                        #=> Date::Error: invalid fraction
DateTime.parse("2001-02-03T04:05:06.25+09:00").iso8601(3) #=> "2001-02-03T04:05:06.250+09:00"
DateTime.new(2001, 2, 3, 4, 5, 6, "+9").new_offset.to_s #=> "2001-02-02T19:05:06+00:00"
DateTime.new(2001, 2, 3, 4, 5, 6).to_time.utc.to_s   #=> "2001-02-03 04:05:06 UTC"
Time.utc(2001, 2, 3).to_date.to_s                    #=> "2001-02-03"
Time.utc(2001, 2, 3, 4, 5, 6).to_datetime.to_s       #=> "2001-02-03T04:05:06+00:00"

Time.parse("2001-02-03 04:05:06 +0900").to_s         #=> "2001-02-03 04:05:06 +0900"
Time.iso8601("2001-02-03T04:05:06.5Z").nsec          #=> 500000000
Time.httpdate("Sat, 03 Feb 2001 00:00:00 GMT").to_i  #=> 981158400
Time.strptime("981158400", "%s").utc.year            #=> 2001
Ractor.new { Date.parse("Feb 3 2001") + 1 }.value.to_s #=> "2001-02-04"
Ractor.new { DateTime.strptime("2001-02-03T04:05:06+09:00").hour }.value #=> 4

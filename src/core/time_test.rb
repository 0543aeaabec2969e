# Time: construction, arithmetic, texts, zones, errors.

Time.at(0).utc                          #=> 1970-01-01 00:00:00 UTC
Time.at(1.5).utc.nsec                   #=> 500000000
Time.at(0, 1500, :millisecond).utc.to_f #=> 1.5
Time.utc(2024, 2, 29).yday              #=> 60
Time.utc(2000, "jan", 1, 20, 15, 1)     #=> 2000-01-01 20:15:01 UTC
Time.new(2024, 12, 25, 10, 30, 15.5, "+09:00")          #=> 2024-12-25 10:30:15.5 +0900
Time.new("2024-12-25 10:30:15 -05:00").utc              #=> 2024-12-25 15:30:15 UTC
Time.utc(2024, 13)                      #=> ArgumentError: mon out of range
Time.new(2024, 1, 1, 0, 0, 0, "bogus")  #=> ArgumentError
Time.utc(2024, 1, 31) + 86_400          #=> 2024-02-01 00:00:00 UTC
Time.utc(2024, 1, 2) - Time.utc(2024)   #=> 86400.0
Time.utc(2024) <=> Time.utc(2025)       #=> -1
Time.utc(2024) + Time.utc(2024)         #=> TypeError: time + time?
Time.utc(2024, 3, 5, 7, 8, 9).strftime("%Y-%m-%d %H:%M:%S %j %a %b %-d %e %I %p %y %% %L")   #=> "2024-03-05 07:08:09 065 Tue Mar 5  5 07 AM 24 % 000"
Time.utc(2024, 12, 30).strftime("%G-W%V-%u %s %^a %10A|%-m|%:z")   #=> "2025-W01-1 1735516800 MON     Monday|12|+00:00"
Time.at(0, in: "+05:30").strftime("%z %::z")            #=> "+0530 +05:30:00"
Time.at(0, in: "UTC").utc?              #=> true
Time.utc(2024).getlocal("-02:00").to_s  #=> "2023-12-31 22:00:00 -0200"
Time.utc(2024, 1, 1, 0, 0, 0.123456789r).round(3).nsec  #=> 123000000
Time.utc(-1, 12, 31).year               #=> -1
Time.utc(2024).to_a                     #=> [0, 0, 0, 1, 1, 2024, 1, 1, false, "UTC"]
Time.utc(2024).xmlschema(2)             #=> "2024-01-01T00:00:00.00Z"
Time.utc(2024, 5).deconstruct_keys([:year, :month])     #=> {year: 2024, month: 5}
Marshal.load(Marshal.dump(Time.utc(2024, 1, 2, 3, 4, 5))) == Time.utc(2024, 1, 2, 3, 4, 5)   #=> true
Process.clock_gettime(Process::CLOCK_MONOTONIC).class   #=> Float
Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond) > 10**18   #=> true
Process.clock_gettime(Process::CLOCK_REALTIME, :bogus)  #=> ArgumentError: unexpected unit: bogus

Time.at(1/3r).subsec                                     #=> (1/3)
Time.at(0.1).to_r                                        #=> (3602879701896397/36028797018963968)
Time.at(0, 1/3r, in: "UTC").inspect                      #=> "1970-01-01 00:00:00 1/3000000 UTC"
(Time.at(0) + 1/3r - 1/3r).subsec                        #=> 0
Time.at(0) + nil                                         #=> TypeError: can't convert NilClass into an exact number
Time.at(0, in: "+01:00").freeze.utc                      #=> FrozenError
Time.new("2000-01-02 03")                                #=> ArgumentError: missing min part: 03
Time.new("2000-1-02 03:04:05")                           #=> ArgumentError: two digits mon is expected after '-': -1-02 03:04
Time.utc(2000).strftime("%-z %_z %10z %:z")              #=> "-0000  +000 +000000000 +00:00"
Time.utc(2000).strftime("%")                             #=> ArgumentError: invalid format: %
Marshal.load(Marshal.dump(Time.at(0, in: "+05:30"))).utc_offset #=> 19800

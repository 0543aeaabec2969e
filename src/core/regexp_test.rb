# Regexp and MatchData: syntax, captures, replacement, errors.

/a.c/.match("abc").to_a                                  #=> ["abc"]
/(a)(b)?/.match("ac").to_a                               #=> ["a", "a", nil]
/(?<y>\d+)-(?<m>\d+)/.match("2024-05").named_captures    #=> {"y" => "2024", "m" => "05"}
/(?<y>\d+)/.match("x2024").pre_match                     #=> "x"
/b/ =~ "abc"                                             #=> 1
/b/ === "abc"                                            #=> true
/b/ === nil                                              #=> false
/(.)(.)/.match("ab").captures                            #=> ["a", "b"]
/(.)(.)/.match("ab").values_at(0, -1)                    #=> ["ab", "b"]
/(.)(.)/.match("ab").begin(2)                            #=> 1
/(.)(.)/.match("日本").offset(2)                           #=> [1, 2]
/本/.match("日本").byteoffset(0)                            #=> [3, 6]
/a/i.match?("A")                                         #=> true
/a b/x.match?("ab")                                      #=> true
/a.b/m.match?("a\nb")                                    #=> true
/a/.source                                               #=> "a"
/a/mix.inspect                                           #=> "/a/mix"
/a/mix.to_s                                              #=> "(?mix:a)"
/#{/a/i}b/.source                                        #=> "(?i-mx:a)b"
Regexp.escape("a.b*c")                                   #=> "a\\.b\\*c"
Regexp.union("a.b", /c/i).source                         #=> "a\\.b|(?i-mx:c)"
Regexp.union.source                                      #=> "(?!)"
Regexp.new("a", Regexp::IGNORECASE).options              #=> 1
/(?<a>.)(?<b>.)/.names                                   #=> ["a", "b"]
/\p{Alpha}+/.match("é1")[0]                              #=> "é"
/[[:upper:]]+/.match("aÉB")[0]                           #=> "ÉB"
/\h+/.match("xyz1aF")[0]                                 #=> "1aF"
/\d+/.match("٣4")[0]                                     #=> "4"
/\w+/.match("é_a")[0]                                    #=> "_a"
/[^\w]/.match("aé")[0]                                   #=> "é"
/[\d\s]+/.match("a1 2b")[0]                              #=> "1 2"
/\bfoo\b/.match?("a foo b")                              #=> true
/(?<!a)b/.match("abxb").begin(0)                         #=> 3
/(?<=a|bc)d/.match("bcd")[0]                             #=> "d"
/(?>a+)a/.match("aaa")                                   #=> nil
/a++b/.match("aab")[0]                                   #=> "aab"
/(?i)ab/.match("AB")[0]                                  #=> "AB"
/a(?i:b)c/.match("aBc")[0]                               #=> "aBc"
/(a)\1/.match("aa")[0]                                   #=> "aa"
/(?<q>['"]).*?\k<q>/.match(%q(x "y' z" w))[0]            #=> "\"y' z\""
/\((?:[^()]|\g<0>)*\)/.match("x(a(b)c)d")[0]             #=> "(a(b)c)"
/^b/.match("a\nb").begin(0)                              #=> 2
/a$/.match("a\nb").end(0)                                #=> 1
/\Ab/.match("a\nb")                                      #=> nil
/a\z/.match("a\n")                                       #=> nil
/a\Z/.match("a\n")[0]                                    #=> "a"
/\R/.match("a\r\nb")[0]                                  #=> "\r\n"
/\X/.match("e\u0301x")[0].length                         #=> 2
/a{2,3}/.match("aaaa")[0]                                #=> "aaa"
/a{,2}/.match("aaa")[0]                                  #=> "aa"
/a*?b/.match("aab")[0]                                   #=> "aab"
/[a-z&&[^aeiou]]+/.match("aeixyz")[0]                    #=> "xyz"
/a(?#comment)b/.match("ab")[0]                           #=> "ab"
/\u3042\u{3044}/.match("あい")[0]                          #=> "あい"
/\x41\101/.match("AA")[0]                                #=> "AA"
/[あ-ん]+/.match("カあいう")[0]                                #=> "あいう"
/ß/i.match?("SS")                                        #=> true
/É/i.match?("é")                                         #=> true
"foobar".gsub(/o(?=b)/, "0")                             #=> "fo0bar"
"a.b.c".split(/\./)                                      #=> ["a", "b", "c"]
"2024-01-02".sub(/(\d+)-(\d+)-(\d+)/, '\3/\2/\1')        #=> "02/01/2024"
"John Smith".sub(/(?<f>\w+) (?<l>\w+)/, '\k<l> \k<f>')   #=> "Smith John"
"x-1, y-2".scan(/(\w)-(\d)/)                             #=> [["x", "1"], ["y", "2"]]
"aaa".index(/a/, 1)                                      #=> 1
"abcabc".rindex(/b/)                                     #=> 4
"abc".slice(/(?<x>b)/, :x)                               #=> "b"
("abc" =~ /(b)(c)/; [$~[0], $1, $2, $`, $', $+])         #=> ["bc", "b", "c", "a", "", "c"]
(/(?<yr>\d+)/ =~ "y2024"; yr)                            #=> "2024"
Regexp.last_match.class                                  #=> MatchData
/a/.match("b")                                           #=> nil
/a/.match("ba", 1).begin(0)                              #=> 1
/(?:a|b)+/.match("abab")[0]                              #=> "abab"
/(a|ab)(c|bcd)/.match("abcd").to_a                       #=> ["abcd", "a", "bcd"]
/a|b|/.match("c")[0]                                     #=> ""
/[^a-c]/.match("abcd")[0]                                #=> "d"
/[\]\-\\]+/.match("a]-\\")[0]                            #=> "]-\\"
/\//.match("a/b")[0]                                     #=> "/"
%r{/x}.source                                            #=> "/x"
/\n/.match("a\nb").begin(0)                              #=> 1
/[\n]/.match("a\nb").begin(0)                            #=> 1
/\t\v\f\a\e/.match("\t\v\f\a\e").end(0)                  #=> 5
/(?<a>x)|(?<a>y)/.match("y")[:a]                         #=> "y"
/(a)?(?(1)b|c)/.match("ab")[0]                           #=> "ab"
/(?~abc)/.match("xxabcxx")[0]                            #=> "xxab"
/a\Kb/.match("ab")[0]                                    #=> "b"
/\Gb/.match("ab", 1)[0]                                  #=> "b"
/\p{Hiragana}/.match?("あ")                               #=> true
/\p{^Alpha}/.match("a1")[0]                              #=> "1"
/\P{Alpha}/.match("a1")[0]                               #=> "1"
/[[:alpha:][:digit:]]+/.match("-a1-")[0]                 #=> "a1"
/./.match("日")[0]                                        #=> "日"
/\xff/n.match?("\xff".b)                                 #=> true
(/é/ =~ "é".b) rescue $!.class                           #=> Encoding::CompatibilityError
("\xff" =~ /a/) rescue $!.class                          #=> ArgumentError
/a/.eql?(/a/)                                            #=> true
/a/.hash == /a/.hash                                     #=> true
/a/n.encoding                                            #=> #<Encoding:US-ASCII>
/é/.encoding                                             #=> #<Encoding:UTF-8>
/a/.fixed_encoding?                                      #=> false
Regexp.new("(") rescue $!.message                        #=> "end pattern with unmatched parenthesis: /(/"
Regexp.new("[z-a]") rescue $!.message                    #=> "empty range in char class: /[z-a]/"
Regexp.new("*") rescue $!.message                        #=> "target of repeat operator is not specified: /*/"
Regexp.new("(?<a>") rescue $!.message                    #=> "end pattern with unmatched parenthesis: /(?<a>/"
/(.)/.match("a").inspect                                 #=> "#<MatchData \"a\" 1:\"a\">"
/(?<n>.)/.match("a").inspect                             #=> "#<MatchData \"a\" n:\"a\">"
/a/.match("a") == /a/.match("a")                         #=> true
"ab12cd".tr("0-9", "").match(/\A[a-z]+\z/).to_s          #=> "abcd"
"%r" =~ /%/                                              #=> 0
"a1b2".gsub(/\d/) { |d| (d.to_i * 2).to_s }              #=> "a2b4"
"path/to/file".split("/").last[/\w+/]                    #=> "file"
"key=val; k2=v2".scan(/(\w+)=(\w+)/).to_h                #=> {"key" => "val", "k2" => "v2"}
"aXbX".gsub("X") { $~.begin(0).to_s }                    #=> "a1b3"
"hello"[/l+/]                                            #=> "ll"
"hello".sub("l") { |m| m.upcase }                        #=> "heLlo"
"The Cat".swapcase =~ /t/                                #=> 0
"ab\ncd".scan(/^./)                                      #=> ["a", "c"]
"ab\ncd".scan(/.$/)                                      #=> ["b", "d"]
"foo.bar(baz)".gsub(/[.()]/, "." => "::", "(" => "[", ")" => "]") #=> "foo::bar[baz]"
"x" * 3 =~ /x{3}/                                        #=> 0
"abc".gsub(/b/, "\\\\")                                  #=> "a\\c"
"abc".gsub(/(b)/, "<\\1>")                               #=> "a<b>c"
"abc".gsub("b", "\\\\0")                                 #=> "a\\0c"
"a b c".gsub(" ", "")                                    #=> "abc"
"aa".gsub(/a/).with_index { |m, i| "#{m}#{i}" }          #=> "a0a1"

# what backtracking alone would not end in a lifetime
("a" * 50 + "b") =~ /^(a+)+$/                            #=> nil
("a" * 50).match(/^(a|aa)+$/)[1]                         #=> "a"
("a" * 40 + "b").match?(/^(a|a)*$/)                      #=> false
("1" * 50) =~ /^(?=(1+)+2)/                              #=> nil
("x" * 3000) =~ /x*x*x*x*y/                              #=> nil
("a" * 28).match(/^(a?){28}a{28}$/).end(0)               #=> 28
Regexp.linear_time?(/^(a+)+$/)                           #=> true

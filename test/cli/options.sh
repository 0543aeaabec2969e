# The switches of the command line, one after the other.
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
try() { echo "\$ troupe $*"; "$troupe" "$@"; local status=$?; [ $status = 0 ] || echo "status $status"; }

try -e 'puts 1' -e 'puts 2 +' -e '3'
try -e 'p ARGV' a -b -- c
printf 'a b\nc d\n' >lines
try -ne 'puts $_.upcase' lines
try -pe '$_.upcase!' <lines
try -lane 'p $F' <lines
try -F: -ane 'p $F' <<<'x:y'
try -le 'print 1; print 2'
try -s -e 'p $foo, $bar, $a_b, ARGV' -- -foo -bar=3 -a-b x
try -w -e 'p $VERBOSE'
try -W0 -e 'p $VERBOSE'
try -W:no-deprecated -e 'p Warning[:deprecated]'
try -d -e 'p $DEBUG'
try -c -e 'p('
try -c -e 'p 1'
try -wc -e 'p (1); a == 2; p 3'
try -I some/where -e 'puts $:.first.end_with?("some/where")'
echo 'puts "required"' >lib.rb
try -I . -r lib -e 'p 1'
try -C / -e 'puts Dir.pwd'
printf 'p __FILE__, $0, ARGV, DATA.read\n__END__\nsome\ndata\n' >script.rb
try script.rb 1 2
try -- script.rb
try - 5 <<<'p $0, ARGV'
printf 'junk\n#!/usr/bin/env ruby\nputs "found"\n__END__\njunk' >mixed
try -x mixed
try -x lines
try -S script.rb
try -0 -e 'p $/'
try -00 -e 'p $/'
try -0777 -e 'p $/'
try --enable=frozen-string-literal -e 'p "a".frozen?'
try --disable-frozen-string-literal -e 'p "a".frozen?'
try -E ascii-8bit -e 'p Encoding.default_external'
try --workers=1 -e 'p 1'
try --workers=0 -e 'p 1'
try --dump=ast -e '1'
try --dump=rubbish -e '1'
try --nonsense
try -Z
try -e
try -h | head -1

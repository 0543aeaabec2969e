# An error in a Ractor travels to whoever asks for its result.

failing = Ractor.new(name: "accountant") do
  Thread.current.report_on_exception = false
  Integer("twelve")
end

begin
  failing.value
rescue Ractor::RemoteError => error
  puts "#{error.class} from #{error.ractor.name}"
  puts "because of #{error.cause.class}: #{error.cause.message}"
end

# impl.rb - what forwardable asks of an implementation: is this a method name that can be written after a dot, and eval.

module Forwardable
  def self._valid_method?(method)
    method.to_s.match?(/\A[[:alpha:]_][[:alnum:]_]*[?!]?\z/)
  end

  def self._compile_method(source, file, line)
    eval(source, nil, file, line)
  end
end

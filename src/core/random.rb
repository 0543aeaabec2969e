# random.rb - Random::Formatter: numbers in every form from anything that has `bytes`; `random/formatter` adds to it.

class Random
  module Formatter
    def random_number(limit = nil)
      case limit
      when nil, false then rand
      when Float then limit > 0 ? rand(limit) : rand
      when Range then rand(limit)
      else
        limit = limit.to_int
        limit > 0 ? rand(limit) : rand
      end
    end
  end

  include Formatter
  extend Formatter
end

#include "json/line_reader.hpp"
#include "json/numbers.hpp"

#include <simdjson.h>

namespace embedctl::json {

namespace ondemand = simdjson::ondemand;

bool parse_numbers(std::string_view array, std::vector<float>& out) {
  out.clear();
  ondemand::parser parser;
  ondemand::document document;
  ondemand::array numbers;
  if (parser.iterate(array.data(), array.size(), array.size() + LineReader::k_padding).get(document)
          != simdjson::SUCCESS
      || document.get_array().get(numbers) != simdjson::SUCCESS)
    return false;
  for (auto number : numbers) {
    double value = 0;
    if (number.get_double().get(value) != simdjson::SUCCESS)
      return false;
    // Not by way of the double: release 3.0 of simdjson misreads numbers with many digits.
    const std::string_view text = number.raw_json_token();
    out.push_back(nearest_float(text));
  }
  return true;
}

} // namespace embedctl::json

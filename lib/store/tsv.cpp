#include "store/tsv.hpp"

namespace embedctl::store {

namespace {

constexpr std::string_view k_plain = "\t\n\r\\";
constexpr std::string_view k_escape = "tnr\\";

} // namespace

std::string tsv_line(std::initializer_list<std::string_view> fields) {
  std::string line;
  for (const std::string_view& field : fields) {
    if (&field != fields.begin())
      line += '\t';
    for (const char c : field) {
      const auto special = k_plain.find(c);
      if (special == std::string_view::npos) {
        line += c;
      } else {
        line += '\\';
        line += k_escape[special];
      }
    }
  }
  line += '\n';
  return line;
}

std::vector<std::string> tsv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\t') {
      fields.emplace_back();
    } else if (line[i] == '\\' && i + 1 < line.size()) {
      const auto special = k_escape.find(line[++i]);
      fields.back() += special == std::string_view::npos ? line[i] : k_plain[special];
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

} // namespace embedctl::store

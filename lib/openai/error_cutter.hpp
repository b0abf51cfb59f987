#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace embedctl::openai {

// Shortens the "errors" of batches in JSON as it arrives: a batch may be refused with one error per
// line, 10 MB of them. Each list keeps its first elements; the object around a longer one gets a
// member `k_error_count` with the number of all. Other text stays as it is, valid or not.
class ErrorCutter {
public:
  static constexpr const char* k_error_count = "embedctl_error_count";

  explicit ErrorCutter(std::size_t keep) : m_keep(keep) {}

  // What remains of the next piece.
  std::string take(std::string_view piece);

private:
  void take(char c, std::string& out);
  void in_string(char c);
  void open(char c);
  void close();
  bool is_cutting() const { return m_list_depth > 0; }
  bool is_in_list_itself() const { return is_cutting() && m_depth == m_list_depth; }

  std::size_t m_keep;
  std::size_t m_depth = 0;
  std::size_t m_errors_depth = 0; // of the object that is the value of "errors"; 0: not in one
  std::size_t m_list_depth = 0;   // of the list that is shortened; 0: not in one
  std::uint64_t m_elements = 0;   // of that list, the one being read included
  bool m_between = true;          // in that list: no character of the next element was read
  bool m_in_string = false;
  bool m_escaped = false;
  std::string m_string; // the last one, cut
  std::string m_key;    // whose value comes next
};

} // namespace embedctl::openai

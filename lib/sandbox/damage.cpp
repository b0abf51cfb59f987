#include "sandbox/damage.hpp"

#include "base/bytes.hpp"
#include "sandbox/disk.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

namespace embedctl::sandbox {

namespace {

constexpr std::array<std::string_view, 12> k_modes = {
    "not_json",
    "no_custom_id",
    "repeat_custom_id",
    "conflicting_custom_id",
    "unknown_custom_id",
    "wrong_width",
    "nan",
    "inf",
    "empty_array",
    "non_2xx_with_embedding",
    "status_zero",
    "drop_line",
};

constexpr std::string_view k_custom_id = "\"custom_id\":\"";
constexpr std::string_view k_status = "\"status_code\":200";
constexpr std::string_view k_embedding = "\"embedding\":";

// The lines are the sandbox's own and have one form, so their text can be worked on as it is.
void replace(std::string& line, std::string_view what, std::string_view with) {
  if (const auto at = line.find(what); at != std::string::npos)
    line.replace(at, what.size(), with);
}

struct Part {
  std::size_t from = 0;
  std::size_t size = 0;
};

// The vector with its brackets or quotes; empty in a line without one.
Part vector_in(const std::string& line) {
  const auto key = line.find(k_embedding);
  if (key == std::string::npos)
    return {};
  const auto from = key + k_embedding.size();
  const char closing = line[from] == '[' ? ']' : '"';
  return {from, line.find(closing, from + 1) + 1 - from};
}

// Replaces the last number of an array, or takes it away.
std::string with_last_number(std::string_view array, std::string_view number) {
  const auto comma = array.rfind(',');
  std::string changed(array.substr(0, comma == std::string_view::npos ? 1 : comma));
  if (comma != std::string_view::npos && !number.empty())
    changed += ',';
  return changed.append(number).append("]");
}

std::string with_last_float(std::string_view quoted, std::optional<float> last) {
  std::vector<std::byte> bytes;
  from_base64(quoted.substr(1, quoted.size() - 2), bytes);
  bytes.resize(bytes.size() - sizeof(float));
  if (last) {
    bytes.resize(bytes.size() + sizeof(float));
    std::memcpy(bytes.data() + bytes.size() - sizeof(float), &*last, sizeof(float));
  }
  return '"' + to_base64(bytes) + '"';
}

void change_last(std::string& line, std::string_view number, std::optional<float> last) {
  const Part part = vector_in(line);
  if (part.size == 0)
    return;
  const std::string vector = line.substr(part.from, part.size);
  line.replace(
      part.from, part.size,
      vector.front() == '[' ? with_last_number(vector, number) : with_last_float(vector, last));
}

void empty_vector(std::string& line) {
  const Part part = vector_in(line);
  if (part.size > 0)
    line.replace(part.from, part.size, line[part.from] == '[' ? "[]" : "\"\"");
}

void remove_custom_id(std::string& line) {
  const auto from = line.find(k_custom_id);
  const auto end = line.find("\",", from + k_custom_id.size());
  if (from != std::string::npos && end != std::string::npos)
    line.erase(from, end + 2 - from);
}

// What stands for the line, newlines included.
std::string damaged(std::string line, DamageMode mode) {
  const std::string original = line;
  switch (mode) {
  case DamageMode::not_json:
    line.resize(line.size() / 2);
    break;
  case DamageMode::no_custom_id:
    remove_custom_id(line);
    break;
  case DamageMode::repeat_custom_id:
    return original + '\n' + original + '\n';
  case DamageMode::conflicting_custom_id:
    change_last(line, "0.5", 0.5F);
    return original + '\n' + line + '\n';
  case DamageMode::unknown_custom_id:
    replace(line, k_custom_id, "\"custom_id\":\"unknown-");
    break;
  case DamageMode::wrong_width:
    change_last(line, "", std::nullopt);
    break;
  case DamageMode::nan:
    change_last(line, "NaN", std::numeric_limits<float>::quiet_NaN());
    break;
  case DamageMode::inf:
    change_last(line, "1e999", std::numeric_limits<float>::infinity());
    break;
  case DamageMode::empty_array:
    empty_vector(line);
    break;
  case DamageMode::non_2xx_with_embedding:
    replace(line, k_status, "\"status_code\":500");
    break;
  case DamageMode::status_zero:
    replace(line, k_status, "\"status_code\":0");
    break;
  case DamageMode::drop_line:
    return {};
  }
  return line + '\n';
}

} // namespace

std::optional<DamageMode> damage_mode_from(std::string_view name) {
  for (std::size_t i = 0; i < k_modes.size(); ++i)
    if (k_modes[i] == name)
      return static_cast<DamageMode>(i);
  return std::nullopt;
}

void write_damaged(
    const std::filesystem::path& from, const std::filesystem::path& to, const Damage& damage) {
  LineReader reader(from);
  Appender copy(to, 0);
  while (const auto line = reader.next()) {
    std::string text(line->text);
    copy.write(
        damage.lines.contains(line->number) ? damaged(std::move(text), damage.mode) : text + '\n');
  }
  copy.flush();
}

} // namespace embedctl::sandbox

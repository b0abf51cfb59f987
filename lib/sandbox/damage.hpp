#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>

namespace embedctl::sandbox {

enum class DamageMode {
  not_json,
  no_custom_id,
  repeat_custom_id,      // the line twice
  conflicting_custom_id, // the line, and again with another vector
  unknown_custom_id,
  wrong_width, // the vector's last number is missing
  nan,
  inf,
  empty_array,
  non_2xx_with_embedding,
  status_zero,
  drop_line,
};

std::optional<DamageMode> damage_mode_from(std::string_view name);

struct Damage {
  DamageMode mode = DamageMode::not_json;
  std::set<std::uint64_t> lines; // from 1
};

// Writes a copy of a result file in which these lines are damaged.
void write_damaged(
    const std::filesystem::path& from, const std::filesystem::path& to, const Damage& damage);

} // namespace embedctl::sandbox

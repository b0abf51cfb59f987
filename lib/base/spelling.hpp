#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl {

// The candidate that `word` probably stands for: the closest by edit distance, or the only one that
// starts with `word`. nullopt if none is close.
std::optional<std::string>
closest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace embedctl

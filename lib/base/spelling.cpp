#include "base/spelling.hpp"

#include <algorithm>

namespace embedctl {

namespace {

// Shorter prefixes match too many words.
constexpr std::size_t k_shortest_prefix = 3;

// Letters inserted, removed, replaced or swapped with a neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::move(last);
    last = std::move(row);
  }
  return last[b.size()];
}

// One error in three letters; with more, the words are unrelated.
std::size_t most_errors(std::string_view word) {
  return std::clamp<std::size_t>(word.size() / 3, 1, 3);
}

} // namespace

std::optional<std::string>
closest(std::string_view word, const std::vector<std::string>& candidates) {
  // A typo this long is unlikely, and the distance costs the product of both lengths.
  constexpr std::size_t k_longest_word = 100;
  if (word.empty() || word.size() > k_longest_word)
    return std::nullopt;

  std::optional<std::string> found;
  std::size_t fewest = most_errors(word) + 1;
  for (const std::string& candidate : candidates)
    if (const std::size_t errors = edit_distance(word, candidate); errors < fewest) {
      found = candidate;
      fewest = errors;
    }
  if (found || word.size() < k_shortest_prefix)
    return found;

  const auto begins = [&](const std::string& candidate) { return candidate.starts_with(word); };
  if (std::count_if(candidates.begin(), candidates.end(), begins) == 1)
    return *std::find_if(candidates.begin(), candidates.end(), begins);
  return std::nullopt;
}

} // namespace embedctl

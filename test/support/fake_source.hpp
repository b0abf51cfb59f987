#pragma once

#include "core/row_source.hpp"

#include <algorithm>
#include <set>

namespace embedctl::test {

// Rows in memory. A fingerprint is the beginning of its text.
class FakeSource : public RowSource {
public:
  struct Row {
    std::string key;
    std::string text;
    bool embedded = false;
  };

  static Fingerprint print_of(std::string_view text) {
    Fingerprint fingerprint{};
    for (std::size_t i = 0; i < std::min(text.size(), fingerprint.size()); ++i)
      fingerprint[i] = static_cast<std::byte>(text[i]);
    return fingerprint;
  }

  void check() override {}
  DatabaseIdentity identity() override { return database; }

  std::shared_ptr<const void> hold(const std::string&) override {
    ++holds;
    return {this, [this](const void*) { --holds; }};
  }

  ScopeState look(const std::string& scope) override {
    const ScopeCounts counts = count(scope);
    return {exists, counts.rows == counts.embedded};
  }

  ScopeCounts count(const std::string&) override {
    const auto embedded =
        std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.embedded; });
    return {rows.size(), static_cast<std::uint64_t>(embedded)};
  }

  std::vector<std::uint64_t>
  select(const Selection& selection, const std::function<void(const SourceRow&)>& take) override {
    std::vector<std::uint64_t> left_out(selection.in_flight.size());
    std::set<std::string, std::less<>> held;
    for (std::size_t i = 0; i < selection.in_flight.size(); ++i)
      selection.in_flight[i].keys([&](std::string_view key) {
        if (held.emplace(key).second)
          ++left_out[i];
      });
    std::uint64_t taken = 0;
    for (const Row& row : rows) {
      if (row.embedded || held.contains(row.key) || (selection.limit && taken == *selection.limit))
        continue;
      ++taken;
      take({row.key, row.text, print_of(row.text)});
      if (after_row)
        after_row(taken);
    }
    return left_out;
  }

  std::uint64_t count_open(
      std::span<const std::string> keys, std::span<const Fingerprint> fingerprints) override {
    std::uint64_t open = 0;
    for (std::size_t i = 0; i < keys.size(); ++i)
      for (const Row& row : rows)
        if (row.key == keys[i] && print_of(row.text) == fingerprints[i] && !row.embedded)
          ++open;
    return open;
  }

  std::vector<Row> rows;
  bool exists = true;
  DatabaseIdentity database{"app", "7300000000000000000"};
  std::function<void(std::uint64_t)> after_row;
  int holds = 0; // of other machines, at this moment
};

} // namespace embedctl::test

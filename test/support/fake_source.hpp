#pragma once

#include "base/error.hpp"
#include "core/row_source.hpp"
#include "support/records.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace embedctl::test {

// Rows in memory. A fingerprint is the beginning of its text.
class FakeSource : public RowSource {
public:
  struct Row {
    std::string key;
    std::string text;
    bool embedded = false;
    std::string scope = k_scope;
  };

  static Fingerprint print_of(std::string_view text) {
    Fingerprint fingerprint{};
    for (std::size_t i = 0; i < std::min(text.size(), fingerprint.size()); ++i)
      fingerprint[i] = static_cast<std::byte>(text[i]);
    return fingerprint;
  }

  void check() override {}
  void check_writable(const RowSet&) override {
    if (refusal)
      throw *refusal;
  }
  DatabaseIdentity identity() override { return database; }

  std::string table() override { return "public.knowledge_chunks"; }

  std::shared_ptr<const void> hold(const RowSet&) override {
    ++holds;
    return {this, [this](const void*) { --holds; }};
  }

  RowSetState look(const RowSet& set) override {
    const RowSetCounts counts = count(set);
    return {exists, counts.rows == counts.filled};
  }

  RowSetCounts count(const RowSet& set) override {
    RowSetCounts counts;
    for (const Row& row : rows)
      if (is_in(set, row)) {
        ++counts.rows;
        counts.filled += row.embedded ? 1 : 0;
      }
    return counts;
  }

  std::vector<std::uint64_t>
  select(const Selection& selection, const std::function<void(const SourceRow&)>& take) override {
    std::vector<std::uint64_t> left_out(selection.in_flight.size());
    std::set<std::string, std::less<>> due;
    for (const Row& row : rows)
      if (is_in(selection.rows, row) && !row.embedded)
        due.insert(row.key);
    std::set<std::string, std::less<>> held;
    for (std::size_t i = 0; i < selection.in_flight.size(); ++i)
      selection.in_flight[i].keys([&](std::string_view key) {
        if (held.emplace(key).second && due.contains(key))
          ++left_out[i];
      });
    std::uint64_t taken = 0;
    for (const Row& row : rows) {
      if (!is_in(selection.rows, row) || row.embedded || held.contains(row.key)
          || (selection.limit && taken == *selection.limit))
        continue;
      ++taken;
      take({row.key, row.text, print_of(row.text)});
      if (after_row)
        after_row(taken);
    }
    return left_out;
  }

  UnchangedCounts count_unchanged(
      std::span<const std::string> keys, std::span<const Fingerprint> fingerprints) override {
    UnchangedCounts counts;
    for (std::size_t i = 0; i < keys.size(); ++i)
      for (const Row& row : rows)
        if (row.key == keys[i] && print_of(row.text) == fingerprints[i]) {
          ++counts.rows;
          counts.open += row.embedded ? 0 : 1;
        }
    return counts;
  }

  static bool is_in(const RowSet& set, const Row& row) {
    if (const auto* of_scope = std::get_if<RowsOfScope>(&set))
      return row.scope == of_scope->scope;
    if (const auto* of_keys = std::get_if<RowsOfKeys>(&set))
      return std::ranges::find(of_keys->keys, row.key) != of_keys->keys.end();
    return true;
  }

  std::vector<Row> rows;
  bool exists = true;
  std::optional<Error> refusal; // of all writes
  DatabaseIdentity database{"app", "7300000000000000000"};
  std::function<void(std::uint64_t)> after_row;
  int holds = 0; // of other machines, at this moment
};

} // namespace embedctl::test

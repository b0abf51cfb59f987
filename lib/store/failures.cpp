#include "store/failures.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "store/run.hpp"
#include "store/tsv.hpp"
#include "json/line_reader.hpp"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace embedctl::store {

namespace {

constexpr std::string_view k_name = "failures.tsv";
constexpr std::string_view k_title = "embedctl failures";
constexpr int k_format = 1;
constexpr std::size_t k_fields = 8;
constexpr std::string_view k_field_names =
    "key, sha256, request, times, code, last_seen, run_id, batch";

template <typename Number>
bool parse(const std::string& text, Number& number, int base = 10) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc() && stop == end;
}

// "embedctl failures", the format, and the names of the fields.
void check_header(const fs::path& file, const std::vector<std::string>& header) {
  int format = 0;
  if (header.size() < 2 || header[0] != k_title || !parse(header[1], format) || format < 1)
    throw Error(
        ErrorKind::corrupt,
        fmt::format("\"{}\" is damaged: its first line is not a header", file.string()),
        "nothing was changed; restore the file, or move it away: rows that failed are then sent "
        "again");
  if (format > k_format)
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "\"{}\" has format {}, and this embedctl reads formats up to {}", file.string(), format,
            k_format),
        "use the embedctl version that wrote it, or a newer one; nothing was changed");
}

bool read_failure(const std::vector<std::string>& fields, Failure& failure) {
  if (fields.size() != k_fields || !from_hex(fields[1], failure.fingerprint)
      || !parse(fields[2], failure.request, 16) || !parse(fields[3], failure.times)
      || !parse(fields[5], failure.last_seen) || !parse(fields[7], failure.batch))
    return false;
  failure.code = fields[4];
  failure.run_id = fields[6];
  return true;
}

} // namespace

std::uint64_t request_hash(const Request& request) {
  const auto digest = sha256_of(fmt::format(
      "{}\n{}\n{}\n{}", to_string(request.kind), request.model, request.dims, request.encoding));
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < sizeof hash; ++i)
    hash = hash << 8 | std::to_integer<std::uint64_t>(digest[i]);
  return hash;
}

Failures Failures::load(const fs::path& file) {
  Failures failures;
  if (!fs::exists(file))
    return failures;
  json::LineReader lines(file);
  while (lines.next()) {
    const auto fields = tsv_fields(lines.line());
    if (lines.number() == 1) {
      check_header(file, fields);
      continue;
    }
    Failure failure;
    if (lines.too_long() || !lines.terminated() || !read_failure(fields, failure))
      throw Error(
          ErrorKind::corrupt,
          fmt::format("\"{}\" is damaged: line {} is not a failure", file.string(), lines.number()),
          "nothing was changed; remove the line, or restore the file from a copy");
    failures.put(fields[0], failure);
  }
  failures.m_changed = false;
  return failures;
}

std::optional<Failure> Failures::find(std::string_view key) const {
  const auto number = m_keys.find(key);
  if (!number || m_entries[*number].dropped)
    return std::nullopt;
  return failure(m_entries[*number]);
}

void Failures::put(std::string_view key, const Failure& failure) {
  if (m_keys.add(key))
    m_entries.emplace_back();
  Entry& entry = m_entries[*m_keys.find(key)];
  m_dropped -= entry.dropped ? 1 : 0;
  entry.fingerprint = failure.fingerprint;
  entry.request = failure.request;
  entry.times = failure.times;
  entry.code = word(failure.code);
  entry.last_seen = failure.last_seen;
  entry.run_id = word(failure.run_id);
  entry.batch = failure.batch;
  entry.dropped = false;
  m_changed = true;
}

void Failures::drop(std::string_view key) {
  const auto number = m_keys.find(key);
  if (!number || m_entries[*number].dropped)
    return;
  m_entries[*number].dropped = true;
  ++m_dropped;
  m_changed = true;
}

void Failures::for_each(
    const std::function<void(std::string_view key, const Failure&)>& visit) const {
  for (std::size_t number = 0; number < m_entries.size(); ++number)
    if (!m_entries[number].dropped)
      visit(m_keys[number], failure(m_entries[number]));
}

void Failures::save(const fs::path& file) const {
  if (!m_changed)
    return;
  AtomicFile out(file);
  out.write(tsv_line({k_title, std::to_string(k_format), k_field_names}));
  for_each([&](std::string_view key, const Failure& failure) {
    out.write(tsv_line(
        {key, to_hex(failure.fingerprint), fmt::format("{:016x}", failure.request),
         std::to_string(failure.times), failure.code, std::to_string(failure.last_seen),
         failure.run_id, std::to_string(failure.batch)}));
  });
  out.commit();
}

std::uint32_t Failures::word(std::string_view text) {
  m_words.add(text);
  return static_cast<std::uint32_t>(*m_words.find(text));
}

Failure Failures::failure(const Entry& entry) const {
  Failure failure;
  failure.fingerprint = entry.fingerprint;
  failure.request = entry.request;
  failure.times = entry.times;
  failure.code = m_words[entry.code];
  failure.last_seen = entry.last_seen;
  failure.run_id = m_words[entry.run_id];
  failure.batch = entry.batch;
  return failure;
}

fs::path failures_file(const Run& run) {
  return failures_file(fs::canonical(run.paths().folder()).parent_path());
}

fs::path failures_file(const fs::path& place_of_scope) {
  return place_of_scope.parent_path() / k_name;
}

std::vector<fs::path> all_failures_files(const fs::path& batches_dir) {
  std::vector<fs::path> files;
  const auto add = [&](const fs::path& folder) {
    if (fs::exists(folder / k_name))
      files.push_back(folder / k_name);
  };
  add(batches_dir);
  for (const fs::path& folder : folders_in(batches_dir))
    add(folder);
  return files;
}

FileLock lock_failures(const fs::path& file, Clock& clock) {
  constexpr std::chrono::milliseconds k_pause{20};
  constexpr std::chrono::seconds k_longest_wait{60};
  const auto until = clock.steady() + k_longest_wait;
  const fs::path lock = file.parent_path() / ".failures.lock";
  for (;;) {
    try {
      return {lock, fmt::format("\"{}\"", file.string())};
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::locked || clock.steady() >= until)
        throw;
    }
    clock.sleep_for(k_pause);
  }
}

} // namespace embedctl::store

#include "pipeline/repeats.hpp"

#include "base/digest.hpp"
#include "requests/answer_reader.hpp"
#include "store/archive.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <span>

namespace embedctl::pipeline {

namespace {

using requests::Answer;
using requests::AnswerReader;
using requests::Embedding;
using requests::Failure;

using Digest = std::array<std::byte, 32>;

// Covers what an answer says, but not the ids and times that differ between two deliveries of it.
// A digest, because every row of a batch may have been delivered twice.
Digest digest_of(const Answer& answer) {
  Sha256 digest;
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    digest.add("failure ");
    digest.add(failure->code);
  } else {
    const auto bytes = std::as_bytes(std::get<Embedding>(answer).values);
    digest.add("vector ");
    digest.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return digest.finish();
}

void for_each_line(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    RequestKind kind,
    const std::function<void(AnswerReader&)>& visit) {
  for (const auto& file : result_files(paths, batch)) {
    AnswerReader reader(kind, store::open_either(file, batch));
    while (reader.next())
      visit(reader);
  }
}

// Compares the answers to requests that have several; only these are kept, and only while
// comparing.
void compare_repeats(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    const std::vector<std::uint32_t>& answers,
    RequestKind kind,
    Repeats& repeats) {
  std::map<std::size_t, Digest> first;
  for_each_line(paths, batch, kind, [&](AnswerReader& reader) {
    const auto id = reader.custom_id();
    const auto request = id ? ledger.find_request(*id) : std::nullopt;
    if (!request || answers[*request] < 2)
      return;
    const Digest content = digest_of(reader.answer());
    const auto [known, is_first] = first.emplace(*request, content);
    if (is_first)
      return;
    if (known->second == content)
      ++repeats.repeated_lines;
    else
      repeats.conflicting[*request] = true;
  });
}

// Whether a damaged line may count as an answer; telling costs several times as much.
enum class Lines { any, valid };

// How many lines of a result file answer each request.
std::vector<std::uint32_t>
count_answers(AnswerReader reader, const store::Ledger& ledger, Lines lines) {
  std::vector<std::uint32_t> answers(ledger.requests());
  while (reader.next()) {
    const auto id = lines == Lines::any ? reader.likely_id() : reader.custom_id();
    if (const auto request = id ? ledger.find_request(*id) : std::nullopt)
      ++answers[*request];
  }
  return answers;
}

// Nothing is written before this is done, so the halves of a large file are read side by side.
std::vector<std::uint32_t> count_answers(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    RequestKind kind,
    Lines lines) {
  std::vector<std::future<std::vector<std::uint32_t>>> counts;
  for (const auto& file : result_files(paths, batch))
    for (auto& part : store::open_halves(file, batch))
      counts.push_back(
          std::async(std::launch::async, [&ledger, kind, lines, part = std::move(part)]() mutable {
            return count_answers(AnswerReader(kind, std::move(part)), ledger, lines);
          }));
  std::vector<std::uint32_t> answers(ledger.requests());
  for (auto& count : counts)
    std::ranges::transform(answers, count.get(), answers.begin(), std::plus());
  return answers;
}

std::uint64_t number_answered(const std::vector<std::uint32_t>& answers) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(answers, [](std::uint32_t count) { return count > 0; }));
}

} // namespace

std::vector<std::filesystem::path>
result_files(const store::BatchPaths& paths, const store::BatchRecord& batch) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : {paths.output(), paths.errors()})
    if (store::is_there(file, batch))
      files.push_back(file);
  return files;
}

std::uint64_t count_answered(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    RequestKind kind) {
  return number_answered(count_answers(paths, batch, ledger, kind, Lines::valid));
}

std::uint64_t count_answered(
    std::unique_ptr<InputStream> file, const store::Ledger& ledger, RequestKind kind) {
  return number_answered(count_answers(AnswerReader(kind, std::move(file)), ledger, Lines::valid));
}

Repeats find_repeats(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    RequestKind kind) {
  Repeats repeats;
  repeats.conflicting.resize(ledger.requests());
  const std::vector<std::uint32_t> answers = count_answers(paths, batch, ledger, kind, Lines::any);
  if (std::ranges::any_of(answers, [](std::uint32_t count) { return count > 1; }))
    compare_repeats(paths, batch, ledger, answers, kind, repeats);
  return repeats;
}

} // namespace embedctl::pipeline

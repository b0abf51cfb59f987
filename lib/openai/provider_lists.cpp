#include "openai/parse.hpp"
#include "openai/provider.hpp"
#include "openai/url_escape.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace embedctl::openai {

namespace {

constexpr int k_files_per_page = 1000;
constexpr int k_batches_per_page = 100;

// Bounds a list that never ends; no project creates a hundred thousand batches a month.
constexpr int k_most_pages = 1000;

bool has_all(
    const std::map<std::string, std::string>& metadata,
    const std::map<std::string, std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    const auto found = metadata.find(pair.first);
    return found != metadata.end() && found->second == pair.second;
  });
}

template <typename Remote>
void sort_newest_first(std::vector<Remote>& list) {
  std::stable_sort(list.begin(), list.end(), [](const Remote& a, const Remote& b) {
    return a.created_at > b.created_at;
  });
}

} // namespace

void Provider::for_each_page(const std::string& what, const std::string& path, const Visit& visit) {
  const auto is_page = [](const json::Value& answer) { return parse_page(answer).has_value(); };
  std::set<std::string> seen;
  std::string after;
  for (int number = 0; number < k_most_pages; ++number) {
    http::Call call;
    call.what = what;
    call.request = [&] {
      return request("GET", after.empty() ? path : path + "&after=" + after, k_errors_of_each);
    };
    const json::Document document = ask(call, is_page);
    const Page page = *parse_page(document.root());
    // Some servers start a page with the item it should start after. Reported twice, one batch
    // would look like two.
    std::vector<json::Value> unseen;
    for (const json::Value& item : page.items)
      if (const auto id = item.string("id"); id && seen.insert(*id).second) {
        unseen.push_back(item);
        after = url_escaped(*id);
      }
    if (!visit(unseen) || !page.has_more)
      return;
    // Reporting "not there" from a list that was not read to its end could pay for a batch twice.
    if (unseen.empty())
      throw Error(
          ErrorKind::provider, fmt::format("cannot {}: the list repeats itself without end", what));
  }
  throw Error(
      ErrorKind::provider,
      fmt::format("cannot {}: the list has more than {} pages", what, k_most_pages));
}

// Not every server has this list, so one that fails counts as none.
std::vector<std::string> Provider::models() {
  http::Call call;
  call.what = "list the models";
  call.request = [this] { return request("GET", "/models"); };
  call.judge = [](const HttpResponse&) { return http::Verdict::final; };
  const HttpResponse answer = m_retry.perform(call);
  const auto document = json::Document::try_parse(answer.body);
  const auto page = answer.is_success() && document ? parse_page(document->root()) : std::nullopt;
  std::vector<std::string> names;
  if (page)
    for (const json::Value& item : page->items)
      if (auto id = item.string("id"))
        names.push_back(*std::move(id));
  return names;
}

std::vector<RemoteFile> Provider::find_files(const std::string& name) {
  std::vector<RemoteFile> found;
  for_each_page(
      "list the files",
      fmt::format(
          "/files?purpose={}&order=desc&limit={}", url_escaped(m_options.purpose),
          k_files_per_page),
      [&](const std::vector<json::Value>& page) {
        for (const json::Value& item : page)
          if (auto file = parse_file(item); file && file->name == name)
            found.push_back(*std::move(file));
        return true;
      });
  sort_newest_first(found);
  return found;
}

std::vector<RemoteBatch>
Provider::find_batches(const std::map<std::string, std::string>& metadata, std::int64_t since) {
  std::vector<RemoteBatch> found;
  const auto visit = [&](const std::vector<json::Value>& page) {
    std::int64_t newest = 0;
    std::int64_t last = 0;
    for (const json::Value& item : page) {
      auto batch = parse_batch(item);
      if (!batch)
        continue;
      last = batch->created_at;
      newest = std::max(newest, last);
      const bool is_recent = batch->created_at == 0 || batch->created_at >= since;
      if (is_recent && has_all(batch->metadata, metadata))
        found.push_back(*std::move(batch));
    }
    // Newest first is common but not guaranteed: that a page ends with its newest item says nothing
    // about later pages.
    const bool all_older = newest != 0 && newest < since && last != newest;
    return !all_older;
  };
  for_each_page("list the batches", fmt::format("/batches?limit={}", k_batches_per_page), visit);
  sort_newest_first(found);
  return found;
}

} // namespace embedctl::openai

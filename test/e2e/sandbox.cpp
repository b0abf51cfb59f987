#include "e2e/sandbox.hpp"

#include "base/file.hpp"
#include "support/paths.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>

namespace embedctl::e2e {

namespace {

constexpr std::chrono::seconds k_start_limit{30};

test::Command command(const std::filesystem::path& folder, std::vector<std::string> options) {
  test::Command command;
  command.argv = {test::binary(), "sandbox",
                  "--ready-file", (folder / "sandbox.url").string(),
                  "--data-dir",   (folder / "sandbox").string()};
  command.argv.insert(command.argv.end(), options.begin(), options.end());
  command.environment = {{"TMPDIR", folder.string()}};
  command.folder = folder;
  return command;
}

httplib::Client client_for(const std::string& url) {
  httplib::Client client(url.substr(0, url.rfind("/v1")));
  client.set_default_headers({{"Authorization", "Bearer test"}});
  client.set_read_timeout(30);
  return client;
}

std::string body_of(const httplib::Result& result, const std::string& path) {
  if (!result || result->status != 200)
    throw std::runtime_error(fmt::format(
        "the sandbox answered {} with {}", path, result ? result->body : "nothing at all"));
  return result->body;
}

} // namespace

Sandbox::Sandbox(const std::filesystem::path& folder, std::vector<std::string> options)
    : m_process(command(folder, std::move(options))) {
  const auto until = std::chrono::steady_clock::now() + k_start_limit;
  const auto ready = folder / "sandbox.url";
  while (m_url.empty()) {
    if (m_process.has_ended() || std::chrono::steady_clock::now() > until)
      throw std::runtime_error("the sandbox did not start: " + m_process.err());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    m_url = read_file_if_any(ready, 1000).value_or("");
  }
  while (m_url.ends_with('\n'))
    m_url.pop_back();
}

void Sandbox::advance(double seconds) const {
  post("/_sandbox/advance", fmt::format(R"({{"seconds":{}}})", seconds));
}

void Sandbox::plan(const std::string& rules) const {
  post("/_sandbox/faults", fmt::format(R"({{"rules":[{}]}})", rules));
}

void Sandbox::cancel(const std::string& batch_id) const {
  post("/v1/batches/" + batch_id + "/cancel", "");
}

void Sandbox::delete_file(const std::string& file_id) const {
  const std::string path = "/v1/files/" + file_id;
  body_of(client_for(m_url).Delete(path.c_str()), path);
}

std::int64_t Sandbox::faults_fired() const {
  std::int64_t fired = 0;
  const Json plan(get("/_sandbox/faults"));
  plan.at("rules").for_each(
      [&](const json::Value& rule) { fired += rule.integer("fired").value_or(0); });
  return fired;
}

std::int64_t Sandbox::billed(const std::string& what) const {
  return Json(get("/_sandbox/ledger")).number(what);
}

std::int64_t Sandbox::calls(const std::string& endpoint) const {
  const Json calls(get("/_sandbox/calls"));
  return calls.at("calls").integer(endpoint).value_or(0);
}

std::string Sandbox::get(const std::string& path) const {
  return body_of(client_for(m_url).Get(path.c_str()), path);
}

void Sandbox::post(const std::string& path, const std::string& body) const {
  body_of(client_for(m_url).Post(path.c_str(), body, "application/json"), path);
}

std::vector<std::string> Sandbox::batch_ids() const {
  std::vector<std::string> ids;
  const Json list(get("/v1/batches?limit=100"));
  list.at("data").for_each(
      [&](const json::Value& batch) { ids.push_back(batch.string("id").value_or("")); });
  return ids;
}

} // namespace embedctl::e2e

#pragma once

#include "base/secret.hpp"
#include "core/batch_provider.hpp"
#include "core/http_transport.hpp"
#include "http/retry.hpp"
#include "json/value.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::openai {

struct Options {
  std::string base_url = "https://api.openai.com/v1"; // as http::check_base_url gives it
  Secret api_key;
  std::string organization; // not sent where empty
  std::string project;      // not sent where empty
  std::string purpose = "batch";
  http::RetryOptions retry;
};

// The Files and Batches API of OpenAI and compatible servers.
class Provider : public BatchProvider {
public:
  // Throws Error{usage} for a key, organization or project that is not valid in a header.
  Provider(HttpTransport& transport, Clock& clock, ProgressSink& progress, Options options);

  ProviderIdentity identity() override;
  void check_access() override;
  std::vector<std::string> models() override;
  RemoteFile upload(
      const std::filesystem::path& file, const std::string& name, const OnBytes& on_bytes) override;
  RemoteBatch create(const NewBatch& batch) override;
  RemoteBatch retrieve(const std::string& batch_id) override;
  std::optional<RemoteFile> find_file(const std::string& file_id) override;
  std::vector<RemoteFile> find_files(const std::string& name) override;
  std::vector<RemoteBatch>
  find_batches(const std::map<std::string, std::string>& metadata, std::int64_t since) override;
  void download(
      const std::string& file_id,
      const std::filesystem::path& to,
      const OnBytes& on_bytes) override;
  RemoteBatch cancel(const std::string& batch_id) override;
  void delete_file(const std::string& file_id) override;

private:
  // How many errors of a batch are kept: when it is asked for alone, and of each in a list.
  static constexpr std::size_t k_errors_of_one = 1000;
  static constexpr std::size_t k_errors_of_each = 20;

  using Understood = bool (*)(const json::Value& answer);
  using Visit = std::function<bool(const std::vector<json::Value>& page)>;

  HttpRequest request(
      std::string method, const std::string& path, std::size_t errors = k_errors_of_one) const;

  // The response of a successful call. Throws for a refusal.
  HttpResponse perform(const http::Call& call);

  // The JSON of a success that `understood` accepts; any other success counts as no reply.
  json::Document ask(http::Call call, Understood understood);
  RemoteBatch ask_for_batch(const http::Call& call);

  // Calls `visit` with the new items of each page of a list until it returns false.
  void for_each_page(const std::string& what, const std::string& path, const Visit& visit);

  Clock& m_clock;
  http::RetryPolicy m_retry;
  Options m_options;
};

} // namespace embedctl::openai

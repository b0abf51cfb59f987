#pragma once

#include "e2e/json.hpp"
#include "support/process.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace embedctl::e2e {

// `embedctl sandbox`, as a child process that listens when the constructor returns.
class Sandbox {
public:
  Sandbox(const std::filesystem::path& folder, std::vector<std::string> options);

  const std::string& url() const { return m_url; }

  // Moves the sandbox's clock; all that is due has happened when it returns.
  void advance(double seconds) const;

  // Plans these rules, as JSON objects between commas, and forgets those planned before.
  void plan(const std::string& rules) const;

  // Cancels a batch, as the owner of the account may.
  void cancel(const std::string& batch_id) const;

  // Deletes a file at the provider.
  void delete_file(const std::string& file_id) const;

  // How often the planned rules were applied, all together.
  std::int64_t faults_fired() const;

  // What was billed: "requests", "custom_ids", "billed_again".
  std::int64_t billed(const std::string& what) const;

  // How often an endpoint such as "POST /v1/batches" was called.
  std::int64_t calls(const std::string& endpoint) const;

  // An answer of the API itself, such as that of "/v1/files".
  std::string get(const std::string& path) const;
  void post(const std::string& path, const std::string& body) const;

  // All batches that it was ever given, newest first.
  std::vector<std::string> batch_ids() const;

private:
  test::Process m_process;
  std::string m_url;
};

} // namespace embedctl::e2e

#pragma once

#include "core/provider_identity.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl {

struct RemoteFile {
  std::string id;
  std::string name;
  std::uint64_t bytes = 0;
  std::int64_t created_at = 0; // unix seconds, 0 where not told
};

enum class RemoteStatus {
  validating,
  in_progress,
  finalizing,
  cancelling,
  completed,
  failed,
  expired,
  cancelled,
  unknown, // not one we know: never taken for an end
};

std::string_view to_string(RemoteStatus status);
bool has_ended(RemoteStatus status);

struct RequestCounts {
  std::int64_t total = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  bool told = false; // the provider gave numbers, even if they are all 0
};

// Printable, whatever the provider sent.
struct RemoteError {
  std::string code;
  std::string message;
  std::optional<std::int64_t> line;
};

// A batch as the provider last told it.
struct RemoteBatch {
  std::string id;
  RemoteStatus status = RemoteStatus::unknown;
  std::string status_text; // as it came, printable
  std::string input_file_id;
  std::string output_file_id;  // empty: none
  std::string error_file_id;   // empty: none
  std::int64_t created_at = 0; // unix seconds, 0 where not told
  std::int64_t expires_at = 0;
  RequestCounts counts;
  std::vector<RemoteError> errors; // the first ones
  std::int64_t error_count = 0;    // of all
  std::map<std::string, std::string> metadata;
  std::string json; // the answer itself, compact

  bool has_files() const { return !output_file_id.empty() || !error_file_id.empty(); }
};

struct NewBatch {
  std::string input_file_id;
  std::string endpoint;
  std::map<std::string, std::string> metadata;
};

// The client side of the Batch API. Every call retries what is safe to repeat, and throws
// Error{provider} for a definite refusal or Error{unreachable} when all attempts fail. upload and
// create are never repeated once they may have taken effect: they throw an Error with `in_doubt`
// set, and the caller checks the lists. Thread-safe. Real class: openai::Provider.
class BatchProvider {
public:
  using OnBytes = std::function<void(std::uint64_t more)>;

  virtual ~BatchProvider() = default;

  // Which account the batches and files belong to; no request.
  virtual ProviderIdentity identity() = 0;

  // Throws if the key is refused or the URL does not serve a Batch API; changes nothing.
  virtual void check_access() = 0;

  // The names of the models that the account can use; empty if the provider lists none.
  virtual std::vector<std::string> models() = 0;

  virtual RemoteFile
  upload(const std::filesystem::path& file, const std::string& name, const OnBytes& on_bytes) = 0;
  virtual RemoteBatch create(const NewBatch& batch) = 0;
  virtual RemoteBatch retrieve(const std::string& batch_id) = 0;

  // nullopt if the account has no such file.
  virtual std::optional<RemoteFile> find_file(const std::string& file_id) = 0;

  // The files of that name, newest first.
  virtual std::vector<RemoteFile> find_files(const std::string& name) = 0;

  // The batches whose metadata contains all of these pairs, newest first, created no earlier than
  // `since` (unix seconds by the provider's clock; the created_at of the input file is immune to
  // local clock skew).
  virtual std::vector<RemoteBatch>
  find_batches(const std::map<std::string, std::string>& metadata, std::int64_t since) = 0;

  // Downloads the whole file to `to`, durably, or throws; the previous content is lost.
  virtual void download(
      const std::string& file_id, const std::filesystem::path& to, const OnBytes& on_bytes) = 0;

  // Returns the resulting state; a batch that has ended is left as it is.
  virtual RemoteBatch cancel(const std::string& batch_id) = 0;

  // Deleting a missing file is not an error.
  virtual void delete_file(const std::string& file_id) = 0;
};

} // namespace embedctl

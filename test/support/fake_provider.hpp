#pragma once

#include "base/error.hpp"
#include "base/file.hpp"
#include "core/batch_provider.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>

namespace embedctl::test {

// A provider in memory, with hooks for what may go wrong. It bills what it is asked to create.
class FakeProvider : public BatchProvider {
public:
  std::vector<std::string> listed_models;

  static Error lost(const char* what) {
    Error error(ErrorKind::unreachable, std::string("no answer to ") + what);
    error.in_doubt = true;
    return error;
  }

  ProviderIdentity identity() override { return who; }
  void check_access() override { ++access_checks; }
  std::vector<std::string> models() override { return listed_models; }

  std::optional<RemoteFile> find_file(const std::string& file_id) override {
    const std::lock_guard guard(m_mutex);
    const auto found = std::ranges::find(files, file_id, &RemoteFile::id);
    return found == files.end() ? std::nullopt : std::optional(*found);
  }

  RemoteFile
  upload(const fs::path& file, const std::string& name, const OnBytes& on_bytes) override {
    const std::string content = read_file(file, 1 << 30);
    on_bytes(content.size());
    const std::lock_guard guard(m_mutex);
    if (before_upload)
      before_upload();
    RemoteFile remote{next_id("file"), name, content.size(), ++m_now};
    files.push_back(remote);
    contents[remote.id] = content;
    if (after_upload)
      after_upload();
    return remote;
  }

  RemoteBatch create(const NewBatch& wish) override {
    const std::lock_guard guard(m_mutex);
    if (wish.endpoint != endpoint)
      throw Error(ErrorKind::provider, "no endpoint " + wish.endpoint);
    ++creates;
    if (before_create)
      before_create();
    const RemoteBatch batch = add_batch(wish);
    if (after_create)
      after_create();
    return batch;
  }

  RemoteBatch retrieve(const std::string& batch_id) override {
    const std::lock_guard guard(m_mutex);
    ++retrieves;
    if (before_retrieve)
      before_retrieve();
    return batch(batch_id);
  }

  std::vector<RemoteFile> find_files(const std::string& name) override {
    const std::lock_guard guard(m_mutex);
    std::vector<RemoteFile> found;
    for (const RemoteFile& file : files)
      if (file.name == name)
        found.insert(found.begin(), file);
    return found;
  }

  std::vector<RemoteBatch>
  find_batches(const std::map<std::string, std::string>& metadata, std::int64_t since) override {
    const std::lock_guard guard(m_mutex);
    ++looks;
    if (before_look)
      before_look();
    std::vector<RemoteBatch> found;
    for (const RemoteBatch& each : batches)
      if (each.created_at >= since && !hidden.contains(each.id)
          && std::includes(
              each.metadata.begin(), each.metadata.end(), metadata.begin(), metadata.end()))
        found.insert(found.begin(), each);
    return found;
  }

  void download(const std::string& file_id, const fs::path& to, const OnBytes& on_bytes) override {
    const std::lock_guard guard(m_mutex);
    ++downloads;
    if (before_download)
      before_download();
    if (!contents.contains(file_id)) {
      Error error(ErrorKind::provider, "no file " + file_id);
      error.provider.emplace().http_status = 404;
      throw error;
    }
    const std::string& content = contents.at(file_id);
    if (half_downloaded) {
      write_file_atomically(to, content.substr(0, content.size() / 2));
      half_downloaded();
    }
    write_file_atomically(to, content);
    on_bytes(content.size());
  }

  RemoteBatch cancel(const std::string& batch_id) override {
    const std::lock_guard guard(m_mutex);
    cancelled.push_back(batch_id);
    RemoteBatch& found = batch(batch_id);
    if (!has_ended(found.status))
      found.status = RemoteStatus::cancelling;
    return found;
  }

  void delete_file(const std::string& file_id) override {
    const std::lock_guard guard(m_mutex);
    std::erase_if(files, [&](const RemoteFile& file) { return file.id == file_id; });
    contents.erase(file_id);
  }

  RemoteBatch& batch(const std::string& batch_id) {
    const auto found = std::find_if(batches.begin(), batches.end(), [&](const RemoteBatch& each) {
      return each.id == batch_id;
    });
    if (found == batches.end()) {
      Error error(ErrorKind::provider, "no batch " + batch_id);
      error.provider.emplace().http_status = 404;
      throw error;
    }
    return *found;
  }

  // What a create without an answer makes.
  RemoteBatch add_batch(const NewBatch& wish) {
    RemoteBatch made;
    made.id = next_id("batch");
    made.status = RemoteStatus::validating;
    made.status_text = "validating";
    made.input_file_id = wish.input_file_id;
    made.created_at = ++m_now;
    made.metadata = wish.metadata;
    made.json = "{\"id\":\"" + made.id + "\"}";
    batches.push_back(made);
    return made;
  }

  // Ends the batch with these result lines; an empty text is no file.
  void
  end(const std::string& batch_id,
      RemoteStatus status,
      const std::string& output,
      const std::string& errors = {}) {
    RemoteBatch& found = batch(batch_id);
    found.status = status;
    found.status_text = std::string(to_string(status));
    const auto lines = [](const std::string& text) {
      return std::count(text.begin(), text.end(), '\n');
    };
    found.counts = {lines(output) + lines(errors), lines(output), lines(errors), true};
    if (!output.empty())
      contents[found.output_file_id = next_id("file")] = output;
    if (!errors.empty())
      contents[found.error_file_id = next_id("file")] = errors;
  }

  void refuse(const std::string& batch_id, const std::string& code) {
    end(batch_id, RemoteStatus::failed, {});
    batch(batch_id).errors = {{code, "for the reason of " + code, std::nullopt}};
  }

  std::function<void()> before_upload, after_upload;
  std::function<void()> before_create, after_create;
  std::function<void()> before_look;
  std::function<void()> before_retrieve;
  std::function<void()> before_download;
  std::function<void()> half_downloaded;

  ProviderIdentity who{"https://provider.test/v1", "", ""};
  std::string endpoint = "/v1/embeddings"; // the only one it serves
  std::vector<RemoteFile> files;
  std::map<std::string, std::string> contents;
  std::vector<RemoteBatch> batches;
  std::set<std::string> hidden; // batches that the list does not show yet
  std::vector<std::string> cancelled;
  int access_checks = 0;
  int creates = 0;
  int retrieves = 0;
  int looks = 0;
  int downloads = 0;

private:
  std::string next_id(const char* kind) {
    return std::string(kind) + "-" + std::to_string(++m_ids);
  }

  std::recursive_mutex m_mutex;
  std::int64_t m_now = 1'700'000'000;
  int m_ids = 0;
};

} // namespace embedctl::test

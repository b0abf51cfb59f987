#include "sandbox/files.hpp"

#include "sandbox/hash.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

constexpr std::uint64_t k_largest_metadata = 64 * 1024;

std::string stored_json(const StoredFile& file) {
  std::string out;
  json::Writer(out, json::Writer::Style::indented)
      .begin_object()
      .field("id", file.id)
      .field("name", file.name)
      .field("purpose", file.purpose)
      .field("bytes", file.bytes)
      .field("sequence", file.sequence)
      .field("created_at", file.created_at)
      .field("expires_at", file.expires_at)
      .end_object();
  return out;
}

StoredFile stored_file_from(const json::Value& value) {
  StoredFile file;
  file.id = value.string("id").value_or("");
  file.name = value.string("name").value_or("");
  file.purpose = value.string("purpose").value_or("");
  file.bytes = static_cast<std::uint64_t>(value.integer("bytes").value_or(0));
  file.sequence = static_cast<std::uint64_t>(value.integer("sequence").value_or(0));
  file.created_at = value.integer("created_at").value_or(0);
  file.expires_at = value.integer("expires_at").value_or(0);
  return file;
}

} // namespace

std::string StoredFile::json() const {
  std::string out;
  json::Writer writer(out);
  writer.begin_object()
      .field("object", "file")
      .field("id", id)
      .field("purpose", purpose)
      .field("filename", name)
      .field("bytes", bytes)
      .field("created_at", created_at);
  writer.key("expires_at");
  if (expires_at != 0)
    writer.value(expires_at);
  else
    writer.null();
  writer.field("status", "processed").key("status_details").null().end_object();
  return out;
}

IncomingFile::IncomingFile(const fs::path& path) : m_path(path), m_appender(path, 0) {}

IncomingFile::~IncomingFile() {
  std::error_code gone_already;
  fs::remove(m_path, gone_already);
}

FileStore::FileStore(fs::path dir, const MovableClock& clock)
    : m_dir(std::move(dir)), m_clock(clock) {
  make_private_directories(m_dir);
  load();
}

void FileStore::load() {
  for (const auto& entry : fs::directory_iterator(m_dir)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".part" || path.extension() == ".tmp") {
      fs::remove(path); // of an upload that an earlier process did not finish
      continue;
    }
    if (path.extension() != ".json")
      continue;
    const auto document = json::Document::parse(
        read_file(path, k_largest_metadata), fmt::format("\"{}\"", path.string()));
    auto file = stored_file_from(document.root());
    m_last_sequence = std::max(m_last_sequence, file.sequence);
    m_files.emplace(file.id, std::move(file));
  }
}

std::unique_ptr<IncomingFile> FileStore::begin() {
  return std::make_unique<IncomingFile>(m_dir / fmt::format("upload_{}.part", ++m_uploads));
}

StoredFile FileStore::add(
    const fs::path& content,
    std::string name,
    std::string purpose,
    std::optional<std::int64_t> lifetime_seconds,
    std::string id) {
  const std::lock_guard lock(m_mutex);
  if (const auto known = m_files.find(id); known != m_files.end())
    return known->second;
  StoredFile file;
  file.id = id.empty() ? new_id("file-") : std::move(id);
  file.name = std::move(name);
  file.purpose = std::move(purpose);
  file.sequence = ++m_last_sequence;
  file.created_at = unix_seconds(m_clock.now());
  file.expires_at = lifetime_seconds ? file.created_at + *lifetime_seconds : 0;
  // The content may be here already, when an earlier process ended between these two steps.
  if (fs::exists(content))
    fs::rename(content, m_dir / file.id);
  file.bytes = embedctl::file_size(m_dir / file.id);
  replace_file(m_dir / (file.id + ".json"), stored_json(file));
  return m_files.emplace(file.id, std::move(file)).first->second;
}

bool FileStore::has_expired(const StoredFile& file) const {
  return file.expires_at != 0 && file.expires_at <= unix_seconds(m_clock.now());
}

std::optional<StoredFile> FileStore::find(const std::string& id) const {
  const std::lock_guard lock(m_mutex);
  const auto found = m_files.find(id);
  if (found == m_files.end() || has_expired(found->second))
    return std::nullopt;
  return found->second;
}

std::optional<Page<StoredFile>> FileStore::list(const FileQuery& query) const {
  std::vector<StoredFile> files;
  {
    const std::lock_guard lock(m_mutex);
    for (const auto& [id, file] : m_files)
      if ((query.purpose.empty() || file.purpose == query.purpose) && !has_expired(file))
        files.push_back(file);
  }
  std::sort(files.begin(), files.end(), [&](const StoredFile& a, const StoredFile& b) {
    return query.ascending ? a.sequence < b.sequence : a.sequence > b.sequence;
  });
  auto from = files.begin();
  if (!query.after.empty()) {
    from = std::find_if(
        files.begin(), files.end(), [&](const StoredFile& f) { return f.id == query.after; });
    if (from == files.end())
      return std::nullopt;
    ++from;
  }
  files.erase(files.begin(), from);
  const bool has_more = files.size() > query.limit;
  files.resize(std::min(files.size(), query.limit));
  return Page<StoredFile>{std::move(files), has_more};
}

bool FileStore::remove(const std::string& id) {
  const std::lock_guard lock(m_mutex);
  if (m_files.erase(id) == 0)
    return false;
  fs::remove(m_dir / (id + ".json"));
  fs::remove(m_dir / id);
  return true;
}

} // namespace embedctl::sandbox

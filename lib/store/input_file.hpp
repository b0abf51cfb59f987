#pragma once

#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/relay.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace embedctl::store {

// Writes input.jsonl and computes its digest. Digesting and writing take as long as formatting the
// lines, so blocks go to another thread while the next is formatted.
class InputFile {
public:
  explicit InputFile(std::filesystem::path path)
      : m_file(std::move(path)), m_blocks([this](std::string& block) { store(block); }) {}

  // Throws if writing an earlier line failed.
  void add(std::string_view line);

  // Makes the file durable under its name; returns the SHA-256 of its content as hex.
  std::string finish();

private:
  void store(std::string& block);

  AtomicFile m_file;
  Sha256 m_digest;
  Relay<std::string> m_blocks; // its destructor, the first to run, ends the thread
};

} // namespace embedctl::store

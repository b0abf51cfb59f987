#pragma once

#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/relay.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace embedctl::store {

// An input.jsonl as it is being made, with its digest. Digesting and writing take as long as making
// the lines, so blocks of them are handed over to another thread while the next one is made.
class InputFile {
public:
  explicit InputFile(std::filesystem::path path)
      : m_file(std::move(path)), m_blocks([this](std::string& block) { store(block); }) {}

  // Throws what an earlier line has met.
  void add(std::string_view line);

  // Makes the file durable under its name; the SHA-256 of all of it, as hex.
  std::string finish();

private:
  void store(std::string& block);

  AtomicFile m_file;
  Sha256 m_digest;
  Relay<std::string> m_blocks; // its destructor, the first to run, ends the thread
};

} // namespace embedctl::store

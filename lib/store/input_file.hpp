#pragma once

#include "base/digest.hpp"
#include "base/file.hpp"

#include <cstdint>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>

namespace embedctl::store {

// An input.jsonl as it is being made, with its digest. Digesting and writing take as long as making
// the lines, so blocks of them are handed over to another thread while the next one is made.
class InputFile {
public:
  explicit InputFile(std::filesystem::path path) : m_file(std::move(path)) {}

  // Throws what an earlier line has met.
  void add(std::string_view line);

  // Makes the file durable under its name; the SHA-256 of all of it, as hex.
  std::string finish();

private:
  void hand_over();
  void store_block();

  AtomicFile m_file;
  Sha256 m_digest;
  std::string m_making;
  std::string m_storing;
  std::future<void> m_stored; // of m_storing; its destructor, the first to run, waits
};

} // namespace embedctl::store

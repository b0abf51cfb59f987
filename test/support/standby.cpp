#include "support/standby.hpp"

#include "support/paths.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>
#include <stdlib.h>

namespace embedctl::test {

namespace {

constexpr const char* k_sockets = "SHOW unix_socket_directories";

bool run_script(const std::string& verb, const std::string& folder, const std::string& more = {}) {
  const std::string command = fmt::format(
      "EMBEDCTL_PG_FAST=1 '{}/scripts/private-postgres' {} '{}' {} >/dev/null", source_dir(), verb,
      folder, more);
  return std::system(command.c_str()) == 0;
}

} // namespace

std::unique_ptr<Standby> Standby::of(const TestDatabase& database) {
  if (std::getenv("EMBEDCTL_TEST_DATABASE_URL") != nullptr)
    return nullptr;
  return std::unique_ptr<Standby>(new Standby(database));
}

Standby::Standby(const TestDatabase& database) {
  std::string name = "/tmp/embedctl-pg-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no temporary folder for the standby");
  m_folder = name;
  if (!run_script("standby", m_folder, fmt::format("'{}'", database.value(k_sockets))))
    throw std::runtime_error("the standby did not start");
  m_url = fmt::format(
      "host={} user=postgres dbname={}", m_folder, database.value("SELECT current_database()"));
}

Standby::~Standby() {
  run_script("stop", m_folder);
  std::error_code ignored;
  std::filesystem::remove_all(m_folder, ignored);
}

} // namespace embedctl::test

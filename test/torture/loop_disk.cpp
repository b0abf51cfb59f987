#include "torture/loop_disk.hpp"

#include "support/process.hpp"

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

namespace embedctl::torture {

namespace {

// Holds many lives, and mkfs gives it a journal.
constexpr const char* k_size = "64M";

// Nothing is written back of its own accord while a life is led, and a rename does not write out
// the renamed file: ext4 does both in time, other file systems do not.
constexpr const char* k_options = "loop,commit=300,noauto_da_alloc";

test::Outcome system_command(const std::string& command) {
  test::Command shell;
  shell.argv = {"/bin/sh", "-c", command};
  shell.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  shell.folder = "/";
  return test::Process(shell).wait();
}

void must(const std::string& command) {
  const auto outcome = system_command(command);
  if (outcome.exit_code != 0)
    throw std::runtime_error(fmt::format("{}: {}{}", command, outcome.out, outcome.err));
}

} // namespace

void use_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0
      || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    throw std::runtime_error("no private mounts: " + std::generic_category().message(errno));
}

LoopDisk::LoopDisk() {
  std::string name =
      fs::exists("/dev/shm") ? "/dev/shm/embedctl-disk-XXXXXX" : "/tmp/embedctl-disk-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no folder for the disk");
  m_folder = name;
  m_image = m_folder / "image";
  m_mounted_at = m_folder / "disk";
  try {
    make();
  } catch (...) {
    fs::remove_all(m_folder);
    throw;
  }
}

LoopDisk::~LoopDisk() {
  try {
    unmount();
    fs::remove_all(m_folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

void LoopDisk::make() {
  must(fmt::format("truncate -s {} {}", k_size, m_image.string()));
  must(fmt::format("mkfs.ext4 -q -F -m 0 {}", m_image.string()));
  fs::create_directory(m_mounted_at);
  mount();
}

void LoopDisk::mount() {
  must(fmt::format("mount -o {} {} {}", k_options, m_image.string(), m_mounted_at.string()));
  m_mounted = true;
}

// Someone who looks at every mount, such as a desktop, may keep it busy for a moment.
void LoopDisk::unmount() {
  constexpr int k_tries = 50;
  for (int tries = 1; m_mounted; ++tries) {
    const auto outcome = system_command("umount " + m_mounted_at.string());
    m_mounted = outcome.exit_code != 0;
    if (m_mounted && tries == k_tries)
      throw std::runtime_error(outcome.err);
    if (m_mounted)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// The cut off file system may live on in another mount namespace that was made meanwhile, and
// mounting its image again would bring it back as it is: only a copy is sure to be read anew.
void LoopDisk::start_again() {
  unmount();
  const fs::path copy = m_image.string() + ".copy";
  must(fmt::format("cp --sparse=always {} {}", m_image.string(), copy.string()));
  fs::rename(copy, m_image);
  mount();
}

} // namespace embedctl::torture

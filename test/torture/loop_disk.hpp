#pragma once

#include <filesystem>

namespace embedctl::torture {

namespace fs = std::filesystem;

// Hides the mounts that this thread, and threads and processes it starts from now on, make from all
// others, and lets them end with the last of these, however that ends. Throws std::runtime_error.
void use_private_mounts();

// An ext4 file system of its own in a file, on which the power can be cut: nothing reaches it but
// what is synced. Needs root and a loop device. For one thread.
class LoopDisk {
public:
  // Makes and mounts it. Throws std::runtime_error with what the system said.
  LoopDisk();

  // Unmounts and removes all that was made.
  ~LoopDisk();
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  const fs::path& path() const { return m_mounted_at; }

  // As after a cut: mounts anew what has reached it, which replays its journal.
  void start_again();

private:
  void make();
  void mount();
  void unmount();

  fs::path m_folder;
  fs::path m_image;
  fs::path m_mounted_at;
  bool m_mounted = false;
};

} // namespace embedctl::torture

#pragma once

// The heart of a library to preload into embedctl: it counts the operations by which the process
// touches disk and network, and strikes at one of them.
//
//   EMBEDCTL_STRIKE_HOW     one of the names of How
//   EMBEDCTL_STRIKE_AT      the number of the operation, from 1 on, among those that can be struck
//                           this way
//   EMBEDCTL_STRIKE_FOLDER  whose file system is cut off by the power_* ways; these count what
//                           touches it alone
//   EMBEDCTL_STRIKE_LOG     gets "N name path" of the struck operation and, when the process ends
//                           by itself, "total N"
//
// Counted are what makes, writes, syncs, renames, cuts or removes files and folders, and what sends
// or receives on sockets. Output and standard error are left alone, and so is a call that would
// only have to wait: whether there is one is chance, and it changes nothing.

#include <sys/types.h>

namespace embedctl::interpose {

enum class How {
  none,
  kill_before,
  kill_after,
  eio,
  enospc,
  enospc_on, // this and all later ones that need space
  short_,    // "short": half of it is done, and said so
  torn,      // half of it is done, and the process is killed
  reset,     // the connection is
  power_before,
  power_after,
};

enum class Kind { make, write, sync, rename, remove, connect, send, receive, shut };

// What is about to be done: to an open file, or to a path from a folder on.
struct Operation {
  const char* name;
  Kind kind;
  int fd;
  const char* path = nullptr;
};

// What is to happen to this operation, of all that the process does. Counts it if it can be struck
// the way that is planned.
How blow_to(const Operation& operation);

[[noreturn]] void die();

// What is not synced by now is gone: nothing more reaches the disk, not even the journal.
[[noreturn]] void cut_power();

// Closes the connection, with a reset where there is such a thing, and leaves in its place a socket
// that never was connected.
void reset_connection(int fd);

// Whether a call would only have to wait for the event of poll(2).
bool would_wait(int fd, short event);

// S_IFREG and its like; 0 for output and standard error and for what cannot be told.
mode_t type_of(int fd);

} // namespace embedctl::interpose

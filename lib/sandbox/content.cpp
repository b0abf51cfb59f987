#include "sandbox/content.hpp"

#include "sandbox/clock.hpp"
#include "sandbox/disk.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include <httplib.h>

namespace embedctl::sandbox {

namespace {

constexpr std::size_t k_piece = 256 * 1024;

using ReadPiece = std::function<std::string(std::uint64_t offset, std::size_t length)>;

// How an answer's bytes get on their way.
struct Pacing {
  std::optional<std::uint64_t> cut_at;
  std::optional<std::uint64_t> stall_at;
  Millis stall{0};
};

Pacing pacing_of(const std::vector<FaultRule>& faults) {
  Pacing pacing;
  for (const FaultRule& fault : faults) {
    if (fault.action == FaultAction::truncate)
      pacing.cut_at = fault.bytes;
    if (fault.action == FaultAction::stall) {
      pacing.stall_at = fault.bytes;
      pacing.stall = to_millis(fault.seconds);
    }
  }
  return pacing;
}

void send(
    httplib::Response& response,
    std::uint64_t size,
    const std::string& type,
    ReadPiece read,
    const Pacing& pacing,
    const StopFlag& stop) {
  response.set_content_provider(
      size, type,
      [read = std::move(read), pacing,
       &stop](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        std::uint64_t until = offset + std::min(length, k_piece);
        if (pacing.cut_at) {
          if (offset >= *pacing.cut_at)
            return false;
          until = std::min(until, *pacing.cut_at);
        }
        if (pacing.stall_at && offset <= *pacing.stall_at && *pacing.stall_at < until) {
          if (offset == *pacing.stall_at)
            stop.wait_for(pacing.stall);
          else
            until = *pacing.stall_at;
        }
        const std::string piece = read(offset, static_cast<std::size_t>(until - offset));
        return !piece.empty() && !stop.requested() && sink.write(piece.data(), piece.size());
      });
}

} // namespace

void send_file(
    httplib::Response& response,
    const std::filesystem::path& file,
    const std::vector<FaultRule>& faults,
    const StopFlag& stop) {
  const auto fd = std::make_shared<const Fd>(open_for_reading(file));
  const auto size = embedctl::file_size(file);
  if (size == 0) {
    response.set_content("", "application/octet-stream");
    return;
  }
  const auto read = [fd, file](std::uint64_t offset, std::size_t length) {
    return read_at(*fd, offset, length, file);
  };
  send(response, size, "application/octet-stream", read, pacing_of(faults), stop);
}

void hamper_body(
    httplib::Response& response, const std::vector<FaultRule>& faults, const StopFlag& stop) {
  const Pacing pacing = pacing_of(faults);
  if (response.body.empty() || (!pacing.cut_at && !pacing.stall_at))
    return;
  const auto body = std::make_shared<const std::string>(std::move(response.body));
  response.body.clear();
  response.headers.erase("Content-Type");
  const auto read = [body](std::uint64_t offset, std::size_t length) {
    return body->substr(static_cast<std::size_t>(offset), length);
  };
  send(response, body->size(), "application/json", read, pacing, stop);
}

} // namespace embedctl::sandbox

#include "sandbox/server.hpp"

#include "base/error.hpp"
#include "base/stop.hpp"
#include "sandbox/connections.hpp"
#include "sandbox/data_folder.hpp"
#include "sandbox/routes.hpp"

#include <csignal>
#include <future>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

namespace embedctl::sandbox {

namespace {

constexpr const char* k_host = "127.0.0.1";

// A connection that is kept alive holds its thread.
constexpr std::size_t k_threads = 32;

constexpr std::chrono::milliseconds k_tick{20};
constexpr std::chrono::milliseconds k_pause_after_failure{1'000};
constexpr time_t k_io_timeout_seconds = 120;
constexpr std::uint64_t k_largest_small_file = 16 * 1024 * 1024;

std::string read_api_key(const Options& options) {
  if (options.api_key_file.empty())
    return options.api_key;
  std::string key = read_file(options.api_key_file, k_largest_small_file);
  key.erase(key.find_last_not_of(" \t\r\n") + 1);
  if (key.empty())
    throw Error(
        ErrorKind::usage, fmt::format("\"{}\" contains no key", options.api_key_file.string()));
  return key;
}

void check(const Options& options) {
  for (const double seconds :
       {options.validating_seconds, options.in_progress_seconds, options.finalizing_seconds,
        options.cancelling_seconds, options.window_seconds})
    if (!(seconds >= 0 && seconds <= 1e9))
      throw Error(ErrorKind::usage, "a status duration is negative or too long");
  if (options.port < 0 || options.port > 65'535)
    throw Error(ErrorKind::usage, fmt::format("{} is not a valid port", options.port));
}

} // namespace

class Server::Impl {
public:
  explicit Impl(Options options)
      : m_options((check(options), std::move(options))),
        m_data(m_options.data_dir),
        m_clock(MovableClock::restored(
            read_file_if_any(clock_state(), k_largest_small_file), m_options.frozen_clock)),
        m_files(m_data.path() / "files", m_clock),
        m_engine(m_options, m_data.path() / "batches", m_clock, m_files),
        m_router(m_http, m_faults, read_api_key(m_options), m_stop) {
    if (!m_options.fault_plan.empty())
      m_faults.replace(read_file(m_options.fault_plan, k_largest_small_file));
    keep_clock();
    set_up_http();
    add_file_routes(m_router, m_files, m_data.path(), m_stop);
    add_batch_routes(m_router, m_engine);
    add_model_routes(m_router);
    add_control_routes(m_router, m_engine, m_faults, [this](Millis by) { advance(by); });
    m_router.refuse_the_rest();
  }

  ~Impl() { stop(); }

  void start() {
    bind();
    m_listening = std::async(std::launch::async, [this] { m_http.listen_after_bind(); });
    while (!m_http.is_running())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    m_worker = std::thread([this] { work(); });
    if (!m_options.ready_file.empty())
      write_file_atomically(m_options.ready_file, base_url() + '\n');
  }

  void stop() {
    if (!m_listening.valid())
      return;
    m_stop.request(SIGTERM);
    m_engine.abandon();
    m_http.stop();
    // A connection that is kept alive would hold its thread for seconds.
    do {
      drop_connections(m_port);
    } while (m_listening.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready);
    m_listening.get();
    m_worker.join();
  }

  int port() const { return m_port; }
  std::string base_url() const { return fmt::format("http://{}:{}/v1", k_host, m_port); }

private:
  fs::path clock_state() const { return m_data.path() / "clock.json"; }

  void set_up_http() {
    m_http.new_task_queue = [] { return new httplib::ThreadPool(k_threads); };
    m_http.set_tcp_nodelay(true);
    m_http.set_keep_alive_max_count(1'000'000);
    m_http.set_read_timeout(k_io_timeout_seconds);
    m_http.set_write_timeout(k_io_timeout_seconds);
    m_http.set_payload_max_length(std::size_t{1} << 40);
    // The library's own choice, SO_REUSEPORT, would let a second sandbox share the port unnoticed.
    m_http.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
  }

  void bind() {
    if (m_options.port == 0)
      m_port = m_http.bind_to_any_port(k_host);
    else if (m_http.bind_to_port(k_host, m_options.port))
      m_port = m_options.port;
    if (m_port <= 0)
      throw Error(
          ErrorKind::io, fmt::format("cannot listen on {}:{}", k_host, m_options.port),
          "another program may be using the port; --port 0 picks a free one");
  }

  void work() {
    while (!m_stop.requested()) {
      try {
        m_engine.catch_up();
        m_stop.wait_for(k_tick);
      } catch (const std::exception& error) {
        // A full disk, most likely. What was not kept is done again.
        fmt::print(stderr, "sandbox: {}\n", error.what());
        m_stop.wait_for(k_pause_after_failure);
      }
    }
  }

  // A clock that was moved stays moved when the sandbox is started again on the same data.
  void keep_clock() { replace_file(clock_state(), m_clock.state()); }

  void advance(Millis by) {
    m_clock.advance(by);
    keep_clock();
    m_engine.catch_up();
  }

  const Options m_options;
  DataFolder m_data;
  StopFlag m_stop;
  MovableClock m_clock;
  FileStore m_files;
  Engine m_engine;
  FaultPlan m_faults;
  httplib::Server m_http;
  Router m_router;
  std::future<void> m_listening;
  std::thread m_worker;
  int m_port = 0;
};

Server::Server(Options options) : m_impl(std::make_unique<Impl>(std::move(options))) {}
Server::~Server() = default;

void Server::start() {
  m_impl->start();
}

void Server::stop() {
  m_impl->stop();
}

int Server::port() const {
  return m_impl->port();
}

std::string Server::base_url() const {
  return m_impl->base_url();
}

} // namespace embedctl::sandbox

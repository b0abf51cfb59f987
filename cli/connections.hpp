#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"
#include "core/index_keeper.hpp"
#include "core/row_source.hpp"
#include "core/answer_sink.hpp"
#include "http/curl_transport.hpp"
#include "openai/provider.hpp"
#include "pipeline/batch_executor.hpp"
#include "pipeline/ports.hpp"
#include "store/run_record.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace embedctl::cli {

// The real classes behind the pipeline's interfaces, wired from the configuration. This is the
// only place that constructs them.

inline pipeline::Runtime runtime_of(Context& context) {
  return {context.clock, context.progress, context.stop};
}

class RemoteProvider {
public:
  // Throws Error{usage} without a key, or if the base URL would send it in the clear.
  RemoteProvider(Context& context, const ProviderArguments& options);
  BatchProvider& operator*() { return m_provider; }

private:
  http::CurlTransport m_transport;
  openai::Provider m_provider;
};

std::unique_ptr<RowSource> open_source(
    Context& context, const Task& task, const ProviderArguments& options = {});

std::unique_ptr<AnswerSink> open_sink(
    Context& context,
    const Task& task,
    const WriteArguments& write,
    const ProviderArguments& options);

// All that a run of this task is moved on with. Opens nothing: the database is connected to and the
// provider's key demanded once they are needed.
class Connections {
public:
  Connections(
      Context& context,
      const Task& task,
      const WriteArguments& write,
      const ProviderArguments& provider,
      const pipeline::BatchExecutorOptions& executor);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Throws Error{usage} now rather than later where the configuration cannot reach a provider.
  void require_provider() { m_executor.identity(); }

  RowSource& source() { return *m_source; }
  IndexKeeper* indexes() { return m_indexes.get(); }
  pipeline::Ports ports();

private:
  Context& m_context;
  std::unique_ptr<RowSource> m_source;
  std::unique_ptr<AnswerSink> m_sink;
  std::unique_ptr<IndexKeeper> m_indexes;
  std::optional<RemoteProvider> m_provider;
  pipeline::BatchExecutor m_executor;
};

// Says so where the run folders lie on a file system whose locks and fsync promise less.
void warn_of_network_folder(Context& context, const std::string& folder);

// Throws Error{usage} if the run was selected from another database than this one.
void check_same_database(RowSource& source, const store::RunRecord& run);

} // namespace embedctl::cli

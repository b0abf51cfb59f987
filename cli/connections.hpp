#pragma once

#include "cli/context.hpp"
#include "cli/option_groups.hpp"
#include "core/index_keeper.hpp"
#include "core/row_source.hpp"
#include "core/vector_sink.hpp"
#include "http/curl_transport.hpp"
#include "openai/provider.hpp"
#include "pipeline/work.hpp"
#include "store/run_record.hpp"

#include <chrono>
#include <memory>

namespace embedctl::cli {

// The real classes behind the pipeline's interfaces, wired from the configuration. This is the
// only place that constructs them.

inline pipeline::Work work_of(Context& context) {
  return {context.clock, context.progress, context.stop};
}

class RemoteProvider {
public:
  // Throws Error{usage} without a key, or if the base URL would send it in the clear.
  RemoteProvider(Context& context, const ProviderOptions& options);
  BatchProvider& operator*() { return m_provider; }
  BatchProvider* get() { return &m_provider; }

private:
  http::CurlTransport m_transport;
  openai::Provider m_provider;
};

std::unique_ptr<RowSource> open_source(Context& context, const Entity& entity);

std::unique_ptr<VectorSink> open_sink(
    Context& context,
    const Entity& entity,
    const WriteOptions& write,
    const ProviderOptions& options);

std::unique_ptr<IndexKeeper>
open_index_keeper(Context& context, const Entity& entity, const ProviderOptions& options);

// Says so where the run folders lie on a file system whose locks and fsync promise less.
void warn_of_network_folder(Context& context, const std::string& folder);

// Throws Error{usage} if the run was selected from another database than this one.
void check_same_database(RowSource& source, const store::RunRecord& run);

} // namespace embedctl::cli

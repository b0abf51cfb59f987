#include "cli/connections.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "http/url.hpp"
#include "pg/table_indexes.hpp"
#include "pg/table_source.hpp"
#include "pg/column_sink.hpp"

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

http::TransportOptions transport_options(const ProviderArguments& options) {
  http::TransportOptions transport;
  transport.ca_file = options.ca_file;
  transport.user_agent = "embedctl/" EMBEDCTL_VERSION;
  return transport;
}

openai::Options provider_options(Context& context, const ProviderArguments& options) {
  openai::Options provider;
  provider.base_url = http::check_base_url(context.environment.base_url(), options.allow_insecure);
  provider.api_key = context.environment.api_key();
  provider.organization = context.environment.organization().value_or("");
  provider.project = context.environment.project().value_or("");
  provider.retry.timeout = std::chrono::seconds(options.retry_timeout_seconds);
  return provider;
}

std::unique_ptr<IndexKeeper>
open_index_keeper(Context& context, const Task& task, const ProviderArguments& options) {
  pg::TableIndexesOptions indexes;
  indexes.retry_timeout = std::chrono::seconds(options.retry_timeout_seconds);
  return std::make_unique<pg::TableIndexes>(
      context.environment.database_url(), task, context.clock, context.progress, indexes);
}

} // namespace

RemoteProvider::RemoteProvider(Context& context, const ProviderArguments& options)
    : m_transport(context.stop, transport_options(options)),
      m_provider(m_transport, context.clock, context.progress, provider_options(context, options)) {
}

std::unique_ptr<RowSource>
open_source(Context& context, const Task& task, const ProviderArguments& options) {
  const std::chrono::seconds patience(options.retry_timeout_seconds);
  return std::make_unique<pg::TableSource>(
      context.environment.database_url(), task,
      pg::Watch{&context.stop, &context.progress, patience});
}

std::unique_ptr<AnswerSink> open_sink(
    Context& context,
    const Task& task,
    const WriteArguments& write,
    const ProviderArguments& options) {
  pg::ColumnSinkOptions sink;
  sink.overwrite = write.overwrite;
  sink.statement_timeout = std::chrono::seconds(write.statement_timeout_seconds);
  sink.retry_timeout = std::chrono::seconds(options.retry_timeout_seconds);
  sink.progress = &context.progress;
  sink.stop = &context.stop;
  return std::make_unique<pg::ColumnSink>(
      context.environment.database_url(), task, context.clock, sink);
}

Connections::Connections(
    Context& context,
    const Task& task,
    const WriteArguments& write,
    const ProviderArguments& provider,
    const pipeline::BatchExecutorOptions& executor)
    : m_context(context),
      m_source(open_source(context, task, provider)),
      m_sink(open_sink(context, task, write, provider)),
      m_indexes(open_index_keeper(context, task, provider)),
      m_executor(
          [this, &context, provider]() -> BatchProvider& {
            return *m_provider.emplace(context, provider);
          },
          runtime_of(context),
          executor) {}

pipeline::Ports Connections::ports() {
  return {*m_source, m_executor, *m_sink, m_indexes.get(), runtime_of(m_context)};
}

void warn_of_network_folder(Context& context, const std::string& folder) {
  if (on_network_file_system(folder))
    context.progress.note(
        NoteLevel::warning,
        fmt::format(
            "\"{}\" is on a network file system: let only one machine work there, because locks and"
            " fsync may not hold",
            printable(folder)));
}

void check_same_database(RowSource& source, const store::RunRecord& run) {
  const DatabaseIdentity here = source.identity();
  if (!may_be_same(here, run.database))
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "this run belongs to database \"{}\" ({}), but DATABASE_URL names \"{}\" ({})",
            run.database.name, run.database.system_identifier, here.name, here.system_identifier),
        "set DATABASE_URL to the database that the rows were selected from; if it was renamed, upgraded"
        " or restored: embedctl adopt --run-dir DIR");
  const std::string table = source.table();
  if (!run.table.empty() && table != run.table)
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "this run belongs to table {}, but \"{}\" is {} here", printable(run.table),
            printable(run.task.rows.table), printable(table)),
        "set the search_path (in DATABASE_URL: options=-csearch_path=SCHEMA) to the schema that the"
        " rows were selected from; if the table was moved: embedctl adopt --run-dir DIR");
}

} // namespace embedctl::cli

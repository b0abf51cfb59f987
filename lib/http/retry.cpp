#include "http/retry.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <fmt/format.h>

namespace embedctl::http {

namespace {

using std::chrono::milliseconds;

std::string human_duration(milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 9'950)
    return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  if (ms < 120'000)
    return fmt::format("{} s", (ms + 500) / 1000);
  return fmt::format("{} min", (ms + 30'000) / 60'000);
}

// The wait in `unit`, if the text is a number; waits beyond a year are cut to it.
std::optional<milliseconds> number_of(const std::string& text, milliseconds unit) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  constexpr double k_year_in_ms = 365.0 * 24 * 3600 * 1000;
  const double ms = number * static_cast<double>(unit.count());
  return milliseconds(static_cast<long>(std::clamp(ms, 0.0, k_year_in_ms)));
}

ProviderDetail detail_of(const HttpResponse& answer, const Secret& key) {
  ProviderDetail detail;
  detail.http_status = answer.status;
  detail.request_id = printable(without_key(answer.header("x-request-id").value_or(""), key), 100);
  detail.retryable = true;
  return detail;
}

// Doubles with each failure; jittered, so that transfers that failed together come back apart.
milliseconds backoff(int failures, milliseconds first, milliseconds longest) {
  constexpr int k_most_doublings = 20;
  const int doublings = std::min(failures - 1, k_most_doublings);
  const auto full = std::min(first * (1 << doublings), longest);
  thread_local std::minstd_rand random(std::random_device{}());
  std::uniform_real_distribution<double> share(0.75, 1.0);
  return milliseconds(static_cast<long>(static_cast<double>(full.count()) * share(random)));
}

std::string reason_of(const HttpResponse& answer) {
  return answer.is_success() ? fmt::format("HTTP {} with an invalid body", answer.status)
                             : fmt::format("HTTP {}", answer.status);
}

} // namespace

Verdict judge(const HttpResponse& answer, bool repeatable) {
  const int status = answer.status;
  if (status < 400)
    return Verdict::final;
  if (!repeatable && (status == 408 || status >= 500))
    return Verdict::in_doubt;
  if (const auto asked = answer.header("x-should-retry"); asked == "true" || asked == "false")
    return asked == "true" ? Verdict::again : Verdict::final;
  return status == 408 || status == 409 || status == 429 || status >= 500 ? Verdict::again
                                                                          : Verdict::final;
}

std::optional<milliseconds> asked_wait(const HttpResponse& answer, std::int64_t now_unix_seconds) {
  if (const auto text = answer.header("retry-after-ms"))
    if (const auto wait = number_of(*text, milliseconds(1)))
      return wait;
  const auto text = answer.header("retry-after");
  if (!text)
    return std::nullopt;
  if (const auto wait = number_of(*text, milliseconds(1000)))
    return wait;
  const time_t date = curl_getdate(text->c_str(), nullptr);
  if (date < 0)
    return std::nullopt;
  return std::chrono::seconds(std::max<std::int64_t>(0, date - now_unix_seconds));
}

// The attempts that failed one after another.
class RetryPolicy::Failures {
public:
  void add(std::string reason, Clock::Steady now) {
    m_last = now;
    if (m_in_a_row++ == 0)
      m_since = now;
    const auto same = std::find_if(m_reasons.begin(), m_reasons.end(), [&](const auto& known) {
      return known.first == reason;
    });
    if (same == m_reasons.end())
      m_reasons.emplace_back(reason, 1);
    else
      ++same->second;
    m_last_reason = std::move(reason);
    m_answer.reset();
  }

  void add(const HttpResponse& answer, const Secret& key, Clock::Steady now) {
    add(reason_of(answer), now);
    m_answer = answer;
    m_detail = detail_of(answer, key);
  }

  void start_new_row() {
    m_in_a_row = 1;
    m_since = m_last;
  }

  int in_a_row() const { return m_in_a_row; }
  Clock::Steady since() const { return m_since; }
  const std::string& last_reason() const { return m_last_reason; }
  const std::optional<HttpResponse>& answer() const { return m_answer; }

  // "6 attempts: 4 × HTTP 503, 2 × connection refused"; "6 attempts (2.8 s): …" with a duration.
  std::string summary(const std::string& duration = "") const {
    int attempts = 0;
    std::string reasons;
    for (const auto& [reason, count] : m_reasons) {
      attempts += count;
      reasons += reasons.empty() ? "" : ", ";
      reasons += count > 1 ? fmt::format("{} × {}", count, reason) : reason;
    }
    return fmt::format(
        "{} attempt{}{}: {}", attempts, attempts == 1 ? "" : "s",
        duration.empty() ? "" : fmt::format(" ({})", duration), reasons);
  }

  Error error(const std::string& message, std::string hint) const {
    Error error(ErrorKind::unreachable, message, std::move(hint));
    if (m_answer)
      error.provider = m_detail;
    return error;
  }

private:
  std::vector<std::pair<std::string, int>> m_reasons;
  std::string m_last_reason;
  std::optional<HttpResponse> m_answer; // of the last attempt, if it had one
  ProviderDetail m_detail;              // of that answer
  int m_in_a_row = 0;
  Clock::Steady m_since; // when the first of the row failed
  Clock::Steady m_last;
};

HttpResponse RetryPolicy::perform(const Call& call) {
  Failures failures;
  std::uint64_t resumed_from = 0;
  for (;;) {
    const HttpRequest request = call.request();
    if (request.resume_from > resumed_from)
      failures.start_new_row();
    resumed_from = request.resume_from;
    if (failures.in_a_row() > 0)
      wait_after(call, failures);
    if (auto answer = attempt(call, request, failures))
      return *std::move(answer);
  }
}

std::optional<HttpResponse>
RetryPolicy::attempt(const Call& call, const HttpRequest& request, Failures& failures) {
  bool in_doubt = false;
  try {
    HttpResponse answer = m_transport.perform(request);
    const Verdict verdict = call.judge ? call.judge(answer) : judge(answer, call.repeatable);
    if (verdict == Verdict::final)
      return answer;
    failures.add(answer, request.bearer, m_clock.steady());
    in_doubt = verdict == Verdict::in_doubt;
  } catch (const TransportError& error) {
    failures.add(error.what(), m_clock.steady());
    in_doubt = error.maybe_delivered && !call.repeatable;
  }
  if (in_doubt) {
    Error error = failures.error(
        fmt::format("no confirmation from the provider: {}: {}", call.what, failures.summary()),
        "run the same command again; it checks what the provider has first");
    error.in_doubt = true;
    throw error;
  }
  return std::nullopt;
}

void RetryPolicy::wait_after(const Call& call, const Failures& failures) {
  const auto asked =
      failures.answer() ? asked_wait(*failures.answer(), m_clock.unix_seconds()) : std::nullopt;
  const milliseconds wait =
      asked && asked->count() > 0
          ? *asked
          : backoff(failures.in_a_row(), m_options.first_wait, m_options.longest_wait);
  const auto now = m_clock.steady();
  if (now + wait > failures.since() + m_options.timeout)
    throw failures.error(
        fmt::format(
            "could not {} after {}{}", call.what,
            failures.summary(
                human_duration(std::chrono::duration_cast<milliseconds>(now - failures.since()))),
            asked ? fmt::format("; the server asks for a wait of {}", human_duration(wait)) : ""),
        "no work is lost; run the same command again later");
  m_progress.note(
      NoteLevel::info, fmt::format(
                           "cannot {} yet: {}; retrying in {}", call.what, failures.last_reason(),
                           human_duration(wait)));
  m_clock.sleep_for(wait);
}

} // namespace embedctl::http

// What a run amounts to, for people and for programs; and the threads around it.
#include <algorithm>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "tools/load/load_run.h"

namespace basalt::load {
namespace {

std::string format(const char* form, ...) __attribute__((format(printf, 1, 2)));

std::string format(const char* form, ...) {
  std::array<char, 512> text;
  va_list arguments;
  va_start(arguments, form);
  std::vsnprintf(text.data(), text.size(), form, arguments);
  va_end(arguments);
  return text.data();
}

using Number = unsigned long long;  // What %llu takes.

std::string reason_text(ouch50::RejectReason reason) {
  using ouch50::RejectReason;
  switch (reason) {
    case RejectReason::destination_closed:
      return "destination closed";
    case RejectReason::invalid_display:
      return "invalid display";
    case RejectReason::fat_finger:
      return "fat finger";
    case RejectReason::halted:
      return "halted";
    case RejectReason::invalid_side:
      return "invalid side";
    case RejectReason::firm_not_authorized:
      return "firm not authorized";
    case RejectReason::other:
      return "other";
    case RejectReason::crossed_market:
      return "crossed market";
    case RejectReason::invalid_quantity:
      return "invalid quantity";
    case RejectReason::invalid_cross_order:
      return "invalid cross order";
    case RejectReason::replace_not_allowed:
      return "replace not allowed";
    case RejectReason::invalid_symbol:
      return "invalid symbol";
    case RejectReason::invalid_price:
      return "invalid price";
    case RejectReason::risk_aggregate_exposure:
      return "risk: aggregate exposure";
    case RejectReason::risk_market_order_not_allowed:
      return "risk: market order not allowed";
    case RejectReason::risk_single_order_notional:
      return "risk: single order notional";
    default:
      return format("reason 0x%02X", static_cast<unsigned>(reason));
  }
}

Percentiles percentiles(const LoadCounts& counts) {
  const std::uint64_t max = counts.order_to_ack_max_ns.value();
  const auto at = [&](std::uint32_t per_million) {
    // A bucket's top may lie above the longest that was seen.
    return std::min(counts.order_to_ack_ns.percentile(per_million), max);
  };
  return {at(500'000), at(900'000), at(990'000), at(999'000), at(999'900), max};
}

std::string micros(std::uint64_t ns) {
  return format("%.1f us", static_cast<double>(ns) / 1'000);
}

nlohmann::ordered_json by_cause(const std::vector<Flow::Remark>& remarks) {
  nlohmann::ordered_json result = nlohmann::ordered_json::object();
  for (const Flow::Remark& remark : remarks) result[remark.what] = remark.count;
  return result;
}

// Says each second how far a run is, until it is destroyed.
class ProgressLines {
 public:
  explicit ProgressLines(const LoadRun& run)
      : thread_([this, &run] {
          std::unique_lock lock(mutex_);
          while (!ended_.wait_for(lock, std::chrono::seconds(1), [this] { return over_; })) {
            std::fprintf(stderr, "%s\n", run.progress().c_str());
          }
        }) {}
  ~ProgressLines() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    ended_.notify_one();
    thread_.join();
  }
  ProgressLines(const ProgressLines&) = delete;
  ProgressLines& operator=(const ProgressLines&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace

std::string LoadRun::progress() const {
  const Percentiles latency = percentiles(counts_);
  const std::uint64_t answered = counts_.orders_accepted.value() + counts_.orders_rejected.value();
  std::string line =
      format("%-18s sent %llu, answered %llu, fills %llu, order-to-ack p50 %s p99 %s, feed %llu",
             std::string(to_text(phase_.load(std::memory_order_relaxed))).c_str(),
             Number{counts_.orders_sent.value()}, Number{answered}, Number{counts_.fills.value()},
             micros(latency.p50).c_str(), micros(latency.p99).c_str(),
             Number{counts_.feed_messages.value()});
  if (check_.compares()) {
    line +=
        format(", books checked to sequence %llu (feed %llu), %llu mismatches",
               Number{check_.sequence()}, Number{check_.applied()}, Number{check_.mismatches()});
  }
  return line;
}

LoadReport LoadRun::report() const {
  LoadReport report;
  report.nic = options_.nic;
  report.transport = options_.transport;
  report.input = options_.input;
  const Nanos took = last_answered_ - sending_began_;
  report.seconds = sending_began_ == Nanos{} ? 0 : static_cast<double>(took.value) / 1e9;
  report.orders_sent = counts_.orders_sent.value();
  report.orders_accepted = counts_.orders_accepted.value();
  report.orders_rejected = counts_.orders_rejected.value();
  report.orders_unanswered = client_.unanswered();
  report.cancels = counts_.cancels.value();
  report.replaces = counts_.replaces.value();
  report.fills = counts_.fills.value();
  report.quantity_filled = counts_.quantity_filled.value();
  report.feed_messages = counts_.feed_messages.value() + counts_.feed_lost.value() - feed_before_;
  report.feed_messages_before = feed_before_;
  report.feed_gaps = counts_.feed_lost.value();
  report.feed_book_mismatches = check_.mismatches();
  report.book_checks = check_.checks();
  report.books_compared = check_.compares();
  for (const auto& [reason, count] : client_.rejections()) {
    report.rejected_by_reason[reason_text(reason)] += count;
  }
  if (flow_ != nullptr) {
    report.skipped_by_cause = flow_->skipped();
    report.remarks = flow_->remarks();
  }
  report.order_to_ack_ns = percentiles(counts_);
  report.answers = session_->counters();
  report.feed = feed_.stream().counters();
  report.answers_lost = counts_.answers_lost.value();
  report.answers_strange = counts_.answers_strange.value();
  report.probes = counts_.probes.value();
  report.feed_datagrams = {feed_.datagrams(0), feed_.datagrams(1)};
  report.troubles = troubles_;
  if (check_.done()) {
    report.levels_compared = check_.levels_compared();
    report.mismatches = check_.shown();
    if (!check_.trouble().empty()) report.troubles.push_back(check_.trouble());
    if (!check_.compares()) report.feed_book_mismatches = check_.books().impossible();
  }
  return report;
}

LoadReport run_load(const LoadOptions& options, const LoadWire& wire) {
  LoadReport report;
  try {
    LoadRun run(options, wire);
    {
      std::unique_ptr<ProgressLines> lines;
      if (options.progress) lines = std::make_unique<ProgressLines>(run);
      run.run();
    }
    report = run.report();
  } catch (const std::exception& error) {
    report.troubles.push_back(error.what());
  }
  return report;
}

std::string to_json(const LoadReport& report) {
  const Percentiles& latency = report.order_to_ack_ns;
  nlohmann::ordered_json json = {{"nic", report.nic},
                                 {"transport", report.transport},
                                 {"input", report.input.empty() ? "generated" : report.input},
                                 {"seconds", report.seconds},
                                 {"orders_sent", report.orders_sent},
                                 {"orders_accepted", report.orders_accepted},
                                 {"orders_rejected", report.orders_rejected},
                                 {"orders_unanswered", report.orders_unanswered},
                                 {"cancels", report.cancels},
                                 {"replaces", report.replaces},
                                 {"fills", report.fills},
                                 {"quantity_filled", report.quantity_filled},
                                 {"feed_messages", report.feed_messages},
                                 {"feed_gaps", report.feed_gaps},
                                 {"feed_book_mismatches", report.feed_book_mismatches},
                                 {"latency_ns",
                                  {{"order_to_ack",
                                    {{"p50", latency.p50},
                                     {"p90", latency.p90},
                                     {"p99", latency.p99},
                                     {"p99_9", latency.p99_9},
                                     {"p99_99", latency.p99_99},
                                     {"max", latency.max}}}}},
                                 {"rejected_by_reason", report.rejected_by_reason},
                                 {"skipped_by_cause", by_cause(report.skipped_by_cause)},
                                 {"remarks", by_cause(report.remarks)},
                                 {"books_compared", report.books_compared},
                                 {"book_checks", report.book_checks},
                                 {"levels_compared", report.levels_compared},
                                 {"feed_messages_before", report.feed_messages_before},
                                 {"feed_duplicates", report.feed.duplicates},
                                 {"feed_requests", report.feed.requests},
                                 {"answer_duplicates", report.answers.duplicates},
                                 {"answer_requests", report.answers.requests},
                                 {"answers_lost", report.answers_lost},
                                 {"answers_strange", report.answers_strange},
                                 {"probes", report.probes},
                                 {"troubles", report.troubles}};
  return json.dump(2);
}

std::string to_text(const LoadReport& report) {
  const Percentiles& latency = report.order_to_ack_ns;
  const double rate =
      report.seconds > 0 ? static_cast<double>(report.orders_sent) / report.seconds : 0;
  std::string text = format(
      "orders      %llu sent in %.2f s (%.0f/s), %llu accepted, %llu rejected, %llu unanswered\n",
      Number{report.orders_sent}, report.seconds, rate, Number{report.orders_accepted},
      Number{report.orders_rejected}, Number{report.orders_unanswered});
  for (const auto& [reason, count] : report.rejected_by_reason) {
    text += format("  rejected  %llu: %s\n", Number{count}, reason.c_str());
  }
  text += format("            %llu cancels, %llu replaces\n", Number{report.cancels},
                 Number{report.replaces});
  text += format("fills       %llu, quantity %llu\n", Number{report.fills},
                 Number{report.quantity_filled});
  text += "ack         p50 " + micros(latency.p50) + ", p90 " + micros(latency.p90) + ", p99 " +
          micros(latency.p99) + ", p99.9 " + micros(latency.p99_9) + ", p99.99 " +
          micros(latency.p99_99) + ", max " + micros(latency.max) + '\n';
  text += format("feed        %llu messages, %llu never obtained, %llu came twice, %llu requests\n",
                 Number{report.feed_messages}, Number{report.feed_gaps},
                 Number{report.feed.duplicates}, Number{report.feed.requests});
  if (report.books_compared) {
    text += format("books       %llu levels compared at %llu places, %llu mismatches\n",
                   Number{report.levels_compared}, Number{report.book_checks},
                   Number{report.feed_book_mismatches});
  } else {
    text += "books       built from the feed, not compared: no --data\n";
  }
  for (const std::string& mismatch : report.mismatches) text += "  mismatch  " + mismatch + '\n';
  const auto list = [&](const char* title, const std::vector<Flow::Remark>& remarks) {
    for (const Flow::Remark& remark : remarks) {
      if (remark.count == 0) continue;
      text += format("%-11s %llu %s\n", title, Number{remark.count}, remark.what.c_str());
    }
  };
  list("input", report.remarks);
  list("skipped", report.skipped_by_cause);
  if (report.answers_lost + report.answers_strange > 0) {
    text += format("answers     %llu never obtained, %llu strange\n", Number{report.answers_lost},
                   Number{report.answers_strange});
  }
  for (const std::string& trouble : report.troubles) text += "trouble     " + trouble + '\n';
  return text;
}

}  // namespace basalt::load

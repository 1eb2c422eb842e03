// The life of the engine around its wiring: threads, the venue's definitions, an orderly stop.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "engine/exchange.h"
#include "engine/pipeline/run.h"
#include "pinning/allocator.h"
#include "pinning/thread.h"

namespace basalt {
namespace {

constexpr Nanos second{1'000'000'000};
// At start nothing is acknowledged yet, so a slow disk is waited for.
constexpr Nanos start_patience{60 * second.value};
// How long an orderly stop waits for each of its steps.
constexpr Nanos stop_patience{10 * second.value};
// Cuts that an orderly stop makes until the settlement domain has taken everything.
constexpr int settlement_cuts_max = 8;

}  // namespace

Shards::Shards(const pipeline::Topology& topology, const CoreLimits& limits, Cores& cores,
               Arena& arena) {
  const std::uint32_t events_max = matching::MatchingCore::events_max(limits.matching);
  for (std::uint32_t shard = 0; shard < topology.shards; ++shard) {
    names_.push_back("matching[" + std::to_string(shard) + "]");
    orders_.emplace_back(topology.rings.orders_to_matching, arena);
    events_.emplace_back(topology.rings.events_to_log, arena);
    stages_.emplace_back(names_.back(), orders_.back(), events_.back(), cores.matching[shard],
                         events_max, arena);
  }
}

std::vector<ring::SpscRing<Slot>*> Shards::order_rings() {
  std::vector<ring::SpscRing<Slot>*> rings;
  for (auto& ring : orders_) rings.push_back(&ring);
  return rings;
}

std::vector<matching::EventRing*> Shards::event_rings() {
  std::vector<matching::EventRing*> rings;
  for (auto& ring : events_) rings.push_back(&ring);
  return rings;
}

void Exchange::check_limits() const {
  if (!epochs_.any()) return;
  const EpochLimits limits = epoch_limits(topology_);
  std::string text;
  for (const Finding& finding : shrunk_below_use(topology_.name, limits, cores_)) {
    text += "\n  " + to_text(finding);
  }
  // Who shares the room for levels decides what finds none, which events tell. Those that are on
  // disk have been compared; those that are missing were derived just now, and must be what was
  // told.
  const EpochLimits& had = epochs_.largest();
  const std::vector<std::uint32_t>& shards = epochs_.shard_of_instrument();
  const bool same_shards =
      limits_.shards == had.shards &&
      std::equal(shards.begin(), shards.end(), limits_.shard_of_instrument.begin());
  if (!same_shards && !recovered_.missing_events.empty()) {
    text += "\n  the last run did not write all its events: start once with its shards, " +
            std::to_string(had.shards) + " with the same instruments";
  }
  if (text.empty()) return;
  throw std::runtime_error("the journal does not go on under this topology:" + text);
}

void Exchange::plan_threads() {
  std::vector<pipeline::StageSlot> slots;
  const auto add = [&](auto&... stage) { (slots.emplace_back(stage), ...); };
  add(gateway_, risk_, journal_, log_, history_, market_data_, ledger_, settlement_, domain_stage_);
  for (matching::Matching& shard : shards_.stages()) add(shard);
  for (const pipeline::ThreadPlan& plan : topology_.threads) {
    std::vector<pipeline::StageSlot> of_thread;
    for (const std::string& name : plan.stages) {
      const auto slot = std::find_if(slots.begin(), slots.end(), [&](const auto& candidate) {
        return candidate.name() == name;
      });
      BASALT_ASSERT(slot != slots.end());  // load_topology() has seen that every stage is there.
      of_thread.push_back(*slot);
    }
    threads_.push_back(std::make_unique<Thread>(plan, std::move(of_thread)));
  }
  feed_recovered_ = cores_.feed.count(marketdata::feed_stream);
}

std::vector<pipeline::StageReport> Exchange::stage_reports() const {
  std::vector<pipeline::StageReport> reports;
  for (const auto& thread : threads_) {
    const auto of_thread = thread->stages.reports(tick_rate_);
    reports.insert(reports.end(), of_thread.begin(), of_thread.end());
  }
  return reports;
}

std::vector<Exchange::ThreadReport> Exchange::thread_reports() const {
  std::vector<ThreadReport> reports;
  for (const auto& thread : threads_) {
    reports.push_back({thread->plan.name, thread->plan.core, thread->allocated_bytes});
  }
  return reports;
}

Exchange::~Exchange() {
  stop_.store(true, std::memory_order_relaxed);  // Carries no data.
  for (auto& thread : threads_) {
    if (thread->thread.joinable()) thread->thread.join();
  }
}

void Exchange::start() {
  append_missing_events();
  cores_.begin_epoch(epoch_limits(topology_));
  for (const Command& command : recovered_.definitions) gateway_.recover(command);
  const std::vector<Command> definitions = definitions_to_make();
  mark_page_.keep(topology_.engine, recovered_.epoch + 1, journal_.marks());
  start_threads();
  last_progress_ = clock_.now();
  for (const Command& command : definitions) submit(command);
  if (!wait_until([this] { return drained(); }, start_patience)) {
    throw std::runtime_error("the journal did not take the venue's definitions in time");
  }
  last_progress_ = clock_.now();
  gateway_.open_intake();
}

void Exchange::start_threads() {
  std::atomic<std::size_t> reported{0};
  std::vector<std::string> failures(threads_.size());
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_[i]->thread = std::thread([this, i, &reported, &failures] {
      Thread& thread = *threads_[i];
      pinning::Failure failure = pinning::name_calling_thread(thread.plan.name);
      if (!failure && thread.plan.core) failure = pinning::pin_calling_thread(*thread.plan.core);
      if (!failure && thread.plan.core) failure = pinning::allocate_where_pinned();
      if (failure) failures[i] = *failure;
      // Pairs with the acquire below: the failure is visible once all have reported.
      reported.fetch_add(1, std::memory_order_release);
      if (failure) return;
      const pinning::AllocationMeter meter;
      pipeline::run(thread.stages, thread.duty_cycle, stop_);
      thread.allocated_bytes = meter.bytes();
    });
  }
  while (reported.load(std::memory_order_acquire) < threads_.size()) std::this_thread::yield();
  for (const std::string& failure : failures) {
    if (!failure.empty()) throw std::runtime_error(failure);
  }
}

// What the journal's commands caused and its events file lacks.
void Exchange::append_missing_events() {
  for (const Event& event : recovered_.missing_events) {
    while (!journal_.append_event(event)) {
      journal_.poll();
      if (journal_.error() != 0) throw std::runtime_error(std::strerror(journal_.error()));
    }
  }
  recovered_.missing_events = {};
}

// The venue file is only a source of commands: the new epoch, then what it says and the journal
// does not. Before the threads run: it reads what risk has recovered.
std::vector<Command> Exchange::definitions_to_make() {
  EpochStart epoch{};
  epoch.engine = topology_.engine;
  epoch.epoch = recovered_.epoch + 1;
  epoch.rules_version = rules_version_now;
  epoch.limits = epoch_limits(topology_);
  settings_.build.copy(epoch.build.data(), epoch.build.size());
  Command start;
  start.order.kind = CommandKind::epoch_start;
  start.order.instrument = no_instrument;
  start.order.account = no_account;
  start.set(epoch);

  std::vector<Finding> contradictions;
  std::vector<Command> definitions = difference(
      venue_, cores_.risk.reference(), reference_limits(topology_),
      [this](const ExternalId& id) { return cores_.risk.applied(id); }, contradictions);
  if (!contradictions.empty()) {
    std::string text = "the venue file contradicts the journal:";
    for (const Finding& finding : contradictions) text += "\n  " + to_text(finding);
    throw std::runtime_error(text);
  }
  prepare_domain(definitions);
  const std::vector<Command> shards = shard_assignments(topology_);
  definitions.insert(definitions.begin(), shards.begin(), shards.end());
  definitions.insert(definitions.begin(), start);
  // The connections of the last epoch are gone, as far as their sessions care about that.
  for (std::uint32_t id = 0; id < cores_.risk.reference().limits().sessions_max; ++id) {
    if (!cores_.risk.reference().has(SessionId{id})) continue;
    Command down = start;
    down.order.kind = CommandKind::session_down;
    down.order.slots = 2;
    down.origin.session = SessionId{id};
    definitions.push_back(down);
  }
  return definitions;
}

// Refusals name accounts by the ids that hold once the definitions are applied.
void Exchange::prepare_domain(const std::vector<Command>& definitions) {
  Arena arena(ReferenceData::memory_bytes(reference_limits(topology_)));
  ReferenceData reference(reference_limits(topology_), arena);
  for (const Command& command : recovered_.definitions) reference.apply(command);
  for (const Command& command : definitions) reference.apply(command);
  domain_.refuse(refusals(venue_, reference));
}

void Exchange::submit(const Command& command) {
  for (std::uint32_t i = 0; i < command.order.slots; ++i) {
    Slot* slot = nullptr;
    while ((slot = admin_to_risk_.claim()) == nullptr) {
      admin_to_risk_.publish();
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    *slot = command.slot(i);
  }
  admin_to_risk_.publish();
}

template <typename Condition>
bool Exchange::wait_until(Condition condition, Nanos patience) {
  const Nanos deadline = clock_.now() + patience;
  while (!condition()) {
    if (clock_.now() > deadline || journal_.error() != 0) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Is nothing under way between any two stages, and everything durable? Exact, though the stages run
// on: it looks in the order of flow, a stage passes on what it made before it gives back what it
// read, and if risk has numbered nothing meanwhile, nothing has entered behind the look.
bool Exchange::drained() noexcept {
  if (!commands_to_risk_.drained() || !admin_to_risk_.drained()) return false;
  const Sequence last = risk_.last_sequence();
  if (last > recovered_.last_sequence && log_.told() < last)
    return false;  // Matching has answered.
  for (std::uint32_t reader = 0; reader < log_ring_.readers(); ++reader) {
    if (!log_ring_.reader(reader).drained()) return false;
  }
  return postings_to_settlement_.drained() && instructions_to_domain_.drained() &&
         requests_to_risk_.drained() && risk_.last_sequence() == last &&
         // Pairs with the journal's release.
         journal_.durable_mark().load(std::memory_order_acquire) >= last;
}

std::int32_t Exchange::fault() noexcept {
  if (journal_.error() != 0) return journal_.error();
  // Pairs with the journal's release.
  const Sequence durable = journal_.durable_mark().load(std::memory_order_acquire);
  const Nanos now = clock_.now();
  if (durable != last_durable_ || durable >= risk_.last_sequence()) {
    last_durable_ = durable;
    last_progress_ = now;
  }
  return now - last_progress_ > limits::journal_stall_max ? ETIMEDOUT : 0;
}

bool Exchange::gateway_caught_up() {
  gateway_.look();
  return wait_until([this] { return gateway_.caught_up(); }, stop_patience);
}

void Exchange::settle_everything(std::vector<std::string>& complaints) {
  const auto at_rest = [this] { return drained(); };
  for (int cut = 0; cut < settlement_cuts_max; ++cut) {
    if (!wait_until(at_rest, stop_patience)) return complaints.push_back("stages are not at rest");
    if (!settlement_.outstanding()) return;
    Command command;
    command.order.kind = CommandKind::settlement_cut;
    command.order.instrument = no_instrument;
    command.order.account = no_account;
    command.set(Amendment{});
    submit(command);
  }
  complaints.push_back("the settlement domain has not taken everything");
}

Exchange::Report Exchange::stop() {
  Report report;
  gateway_.close_intake();
  bool told = gateway_caught_up();
  settle_everything(report.complaints);
  risk_.close();
  const auto at_rest = [this] { return drained() && market_data_.caught_up(); };
  told = wait_until(at_rest, stop_patience) && told && gateway_caught_up();
  if (!told) report.complaints.push_back("not everything was told");
  gateway_.end_sessions();
  market_data_.end_session();
  // One keep-alive round, so that the ends are said.
  std::this_thread::sleep_for(std::chrono::milliseconds(150));

  stop_.store(true, std::memory_order_relaxed);  // Carries no data.
  for (auto& thread : threads_) thread->thread.join();
  if (!journal_.finish(std::chrono::seconds(10))) {
    report.complaints.push_back("the journal could not be closed");
  }
  mark_page_.release();

  report.orderly = report.complaints.empty();
  report.state_hash = cores_.state_hash();
  report.commands = risk_.last_sequence() - recovered_.last_sequence;
  report.events = journal_.events_file().counters().records;
  report.holds_mismatched = cores_.risk.holds_mismatched();
  report.imbalance = cores_.ledger.imbalance();
  report.feed_messages = cores_.feed.count(marketdata::feed_stream) - feed_recovered_;
  return report;
}

}  // namespace basalt

#include "engine/epochs.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <stdexcept>
#include <utility>

namespace basalt {
namespace {

std::vector<std::uint32_t> taking_turns(std::uint32_t instruments, std::uint32_t shards) {
  std::vector<std::uint32_t> shard_of(instruments);
  for (std::uint32_t i = 0; i < instruments; ++i) shard_of[i] = i % shards;
  return shard_of;
}

EpochLimits larger(const EpochLimits& a, const EpochLimits& b) {
  return {
      .orders_max = std::max(a.orders_max, b.orders_max),
      .accounts_max = std::max(a.accounts_max, b.accounts_max),
      .assets_max = std::max(a.assets_max, b.assets_max),
      .instruments_max = std::max(a.instruments_max, b.instruments_max),
      .sessions_max = std::max(a.sessions_max, b.sessions_max),
      .firms_max = std::max(a.firms_max, b.firms_max),
      .external_ids_max = std::max(a.external_ids_max, b.external_ids_max),
      .leaves_max = std::max(a.leaves_max, b.leaves_max),
      .inners_max = std::max(a.inners_max, b.inners_max),
      .settlement_batches_max = std::max(a.settlement_batches_max, b.settlement_batches_max),
      .settlement_obligations_max =
          std::max(a.settlement_obligations_max, b.settlement_obligations_max),
      .shards = b.shards,  // Not a size: the books of the last layout are those that go on.
      .history_bytes_max = std::max(a.history_bytes_max, b.history_bytes_max),
      .instructed_max = std::max(a.instructed_max, b.instructed_max),
      .spare = 0,
  };
}

// One cut nets at most every account in every asset, and must always fit: also where accounts are
// the most of one epoch and assets of another.
std::uint32_t obligations_for(const EpochLimits& limits) {
  const std::uint64_t one_cut = std::uint64_t{limits.accounts_max} * limits.assets_max;
  if (one_cut >= UINT32_MAX) {
    throw std::runtime_error("accounts_max times assets_max, each the largest of any epoch, is " +
                             std::to_string(one_cut) + ", and 32 bits are what there is");
  }
  return std::max(limits.settlement_obligations_max, static_cast<std::uint32_t>(one_cut));
}

CoreLimits core_limits(const EpochLimits& limits, std::vector<std::uint32_t> shard_of_instrument) {
  const ReferenceLimits reference = reference_limits(limits);
  return {.risk = {.reference = reference,
                   .orders_max = limits.orders_max,
                   .external_ids_max = limits.external_ids_max},
          .matching = {.orders_max = limits.orders_max,
                       .instruments_max = limits.instruments_max,
                       .leaves_max = limits.leaves_max,
                       .inners_max = limits.inners_max,
                       .instructed_max = limits.instructed_max,
                       .accounts_max = limits.accounts_max},
          .settlement = {.reference = reference,
                         .batches_max = limits.settlement_batches_max,
                         .obligations_max = obligations_for(limits)},
          .shards = limits.shards,
          .shard_of_instrument = std::move(shard_of_instrument),
          .history_bytes = limits.history_bytes_max};
}

// One past the highest defined id.
template <typename Id>
std::uint32_t ids_in_use(const ReferenceData& reference, std::uint32_t max) {
  while (max > 0 && !reference.has(Id{max - 1})) --max;
  return max;
}

}  // namespace

Epochs::Epochs(const journal::JournalReport& report) {
  if (const journal::Finding* damage = report.damage()) {
    throw std::runtime_error("the journal is damaged: " + damage->file + ", offset " +
                             std::to_string(damage->offset) + ": " + damage->what +
                             "; restore the file from a copy, it is not cut here");
  }
  for (const Command& command : report.commands.starts) take(command);
}

void Epochs::take(const Command& command) {
  if (command.order.kind == CommandKind::epoch_start) {
    const auto start = command.as<EpochStart>();
    if (start.rules_version != rules_version_now) {
      throw std::runtime_error(
          "the journal has an epoch of rules version " + std::to_string(start.rules_version) +
          ", and this build knows " + std::to_string(rules_version_now) +
          " alone: use the build that wrote it, " +
          std::string(start.build.data(), ::strnlen(start.build.data(), start.build.size())));
    }
    any_ = true;
    last_ = start.limits;
    largest_ = larger(largest_, last_);
    shard_of_instrument_ = taking_turns(largest_.instruments_max, last_.shards);
  } else if (command.order.kind == CommandKind::assign_shards) {
    const auto assigned = command.as<AssignShards>();
    const std::size_t first = index_of(command.order.instrument);
    for (std::size_t i = 0; i < assigned.shard.size(); ++i) {
      if (first + i < last_.instruments_max) shard_of_instrument_[first + i] = assigned.shard[i];
    }
  }
}

CoreLimits core_limits(const Epochs& epochs) {
  if (!epochs.any()) throw std::runtime_error("there is no journal to follow");
  return core_limits(epochs.largest(), epochs.shard_of_instrument());
}

CoreLimits core_limits(const pipeline::Topology& topology, const Epochs& epochs) {
  const EpochLimits limits = larger(epochs.largest(), epoch_limits(topology));
  // Of instruments that only an earlier epoch had room for, none is defined: they take turns.
  std::vector<std::uint32_t> shard_of = taking_turns(limits.instruments_max, topology.shards);
  std::copy(topology.shard_of_instrument.begin(), topology.shard_of_instrument.end(),
            shard_of.begin());
  return core_limits(limits, std::move(shard_of));
}

EpochLimits epoch_limits(const pipeline::Topology& topology) {
  const pipeline::TopologyLimits& limits = topology.limits;
  return {.orders_max = limits.orders_max,
          .accounts_max = limits.accounts_max,
          .assets_max = limits.assets_max,
          .instruments_max = limits.instruments_max,
          .sessions_max = limits.sessions_max,
          .firms_max = limits.firms_max,
          .external_ids_max = limits.external_ids_max,
          .leaves_max = limits.leaves_max,
          .inners_max = limits.inners_max,
          .settlement_batches_max = limits.settlement_batches_max,
          .settlement_obligations_max = limits.settlement_obligations_max,
          .shards = topology.shards,
          .history_bytes_max = limits.history_bytes_max,
          .instructed_max = limits.instructed_max,
          .spare = 0};
}

std::vector<Command> shard_assignments(const pipeline::Topology& topology) {
  const std::vector<std::uint32_t>& shard_of = topology.shard_of_instrument;
  const auto turns = taking_turns(static_cast<std::uint32_t>(shard_of.size()), topology.shards);
  constexpr std::size_t each = sizeof(AssignShards::shard);
  std::vector<Command> commands;
  for (std::size_t first = 0; first < shard_of.size(); first += each) {
    const std::size_t end = std::min(first + each, shard_of.size());
    const std::span<const std::uint32_t> part = std::span(shard_of).subspan(first, end - first);
    if (std::equal(part.begin(), part.end(), std::span(turns).subspan(first).begin())) continue;
    AssignShards assigned{};
    std::transform(part.begin(), part.end(), assigned.shard.begin(),
                   [](std::uint32_t shard) { return static_cast<std::uint8_t>(shard); });
    Command command;
    command.order.kind = CommandKind::assign_shards;
    command.order.instrument = InstrumentId{static_cast<std::uint32_t>(first)};
    command.order.account = no_account;
    command.set(assigned);
    commands.push_back(command);
  }
  return commands;
}

std::vector<Finding> shrunk_below_use(const std::filesystem::path& file, const EpochLimits& limits,
                                      const Cores& cores) {
  std::vector<Finding> findings;
  const auto check = [&](const char* key, std::uint64_t limit, std::uint64_t used) {
    if (limit >= used) return;
    findings.push_back({file.string(), 0,
                        std::string("'") + key + "' is " + std::to_string(limit) +
                            ", and the journal has " + std::to_string(used) + " in use",
                        "take at least that: what is in use stays"});
  };
  const ReferenceData& reference = cores.risk.reference();
  const ReferenceLimits& most = reference.limits();
  check("assets_max", limits.assets_max, ids_in_use<AssetId>(reference, most.assets_max));
  check("instruments_max", limits.instruments_max,
        ids_in_use<InstrumentId>(reference, most.instruments_max));
  check("accounts_max", limits.accounts_max, ids_in_use<AccountId>(reference, most.accounts_max));
  check("sessions_max", limits.sessions_max, ids_in_use<SessionId>(reference, most.sessions_max));
  check("firms_max", limits.firms_max, ids_in_use<FirmId>(reference, most.firms_max));
  check("orders_max", limits.orders_max, cores.risk.orders_live());
  for (const matching::MatchingCore& shard : cores.matching) {
    check("leaves_max", limits.leaves_max, shard.memory().leaves_in_use());
    check("inners_max", limits.inners_max, shard.memory().inners_in_use());
    check("instructed_max", limits.instructed_max,
          std::max(shard.memory().details_in_use(), shard.memory().guards().in_use()));
  }
  check("external_ids_max", limits.external_ids_max, cores.risk.external_ids());
  check("settlement_batches_max", limits.settlement_batches_max, cores.settlement.batches_in_use());
  check("settlement_obligations_max", limits.settlement_obligations_max,
        cores.settlement.obligations_in_use());
  check("history_bytes_max", limits.history_bytes_max,
        std::max(cores.answers.bytes_used(), cores.feed.bytes_used()));
  return findings;
}

}  // namespace basalt

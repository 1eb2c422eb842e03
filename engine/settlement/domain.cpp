#include "engine/settlement/domain.h"

#include "engine/assert.h"
#include "engine/limits.h"
#include "engine/pipeline/record.h"

namespace basalt::settlement {

InternalDomain::InternalDomain(std::span<const Refusal> refusals) {
  refuse(refusals);
}

void InternalDomain::refuse(std::span<const Refusal> refusals) {
  watched_.clear();
  for (const Refusal& refusal : refusals) watched_.push_back({refusal, false});
}

void InternalDomain::instruct(const Instruction& instruction) noexcept {
  BASALT_ASSERT(answers_left_ == 0);
  if (instruction.number == 0) {
    batch_ = instruction.batch;
    told_ = 0;
    for (Watched& watched : watched_) watched.met = false;
  }
  BASALT_ASSERT(instruction.batch == batch_);
  BASALT_ASSERT(instruction.number == told_);
  ++told_;
  for (Watched& watched : watched_) {
    if (watched.refusal.account == instruction.account) watched.met = true;
  }
  if (instruction.last != 0) decide();
}

void InternalDomain::decide() noexcept {
  refused_ = false;
  for (Watched& watched : watched_) {
    if (!watched.met || watched.refusal.batches == 0) continue;
    --watched.refusal.batches;
    refused_ = true;
  }
  answers_left_ = 2;
}

std::optional<Answer> InternalDomain::answer() noexcept {
  if (answers_left_ == 0) return std::nullopt;
  --answers_left_;
  if (answers_left_ == 1) return Answer{batch_, Answer::Kind::started};
  return Answer{batch_, refused_ ? Answer::Kind::refused : Answer::Kind::settled};
}

Command command_of(const Answer& answer) noexcept {
  Command command;
  command.order.kind = answer.kind == Answer::Kind::started ? CommandKind::settlement_started
                                                            : CommandKind::settlement_finished;
  command.order.instrument = no_instrument;
  command.order.account = no_account;
  command.origin.session = no_session;
  Amendment amendment{};
  amendment.batch = static_cast<std::uint64_t>(answer.batch);
  amendment.settled = answer.kind == Answer::Kind::settled ? 1 : 0;
  command.set(amendment);
  return command;
}

std::uint32_t DomainStage::poll() noexcept {
  std::uint32_t handled = 0;
  std::uint32_t taken = 0;
  while (handled < limits::batch_max && out_.flush()) {
    if (const std::optional<Answer> answer = domain_.answer()) {
      pipeline::write_command(command_of(*answer), out_);
    } else if (const Instruction* instruction = instructions_.peek()) {
      domain_.instruct(*instruction);
      ++taken;
    } else {
      break;
    }
    ++handled;
  }
  if (taken > 0) instructions_.consume();
  return handled;
}

}  // namespace basalt::settlement

// Where obligations are really discharged: a settlement domain, behind a seam.
//
//   instructions_to_domain ─► DomainStage ─► SettlementDomain
//   requests_to_risk ◄─ settlement_started, settlement_finished ◄─┘
//
// Its answers become commands: risk sequences them, and settlement acts on what the log says. So a
// domain may be slow, elsewhere, or wrong, and a replay needs none. A request that finds its ring
// full is put there later.
//
// InternalDomain is the embedded default: it executes each batch at once, and refuses where it is
// told to, so that failure is no theory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/pipeline/outlet.h"
#include "engine/ring/spsc_ring.h"
#include "engine/settlement/instruction.h"
#include "engine/types.h"

namespace basalt::settlement {

struct Answer {
  enum class Kind : std::uint8_t { started, settled, refused };
  BatchId batch{};
  Kind kind{};
};

class SettlementDomain {
 public:
  virtual ~SettlementDomain() = default;

  // The next instruction, in the order of instruction.h. A batch whose instructions stop before the
  // last was given up by us: nothing of it may be executed.
  virtual void instruct(const Instruction& instruction) noexcept = 0;

  // What the domain has to say, if anything; of one batch: started, then settled or refused.
  [[nodiscard]] virtual std::optional<Answer> answer() noexcept = 0;
};

// Refuse the first `batches` batches in which the account has an obligation.
struct Refusal {
  AccountId account{};
  std::uint32_t batches = 0;
};

class InternalDomain final : public SettlementDomain {
 public:
  explicit InternalDomain(std::span<const Refusal> refusals = {});

  // From now on refuses these instead. Not while another thread runs the domain.
  void refuse(std::span<const Refusal> refusals);

  // Precondition: answer() has nothing more to say. (It holds one batch's answers.)
  void instruct(const Instruction& instruction) noexcept override;
  [[nodiscard]] std::optional<Answer> answer() noexcept override;

 private:
  struct Watched {
    Refusal refusal;
    bool met = false;  // In the batch that is being told.
  };

  void decide() noexcept;

  std::vector<Watched> watched_;
  // The batch that is being told, or was told last.
  BatchId batch_{};
  std::uint32_t told_ = 0;
  bool refused_ = false;
  std::uint32_t answers_left_ = 0;  // What is still to be said about it: started, finished.
};

// A request to risk: the command with which an answer enters the log.
[[nodiscard]] Command command_of(const Answer& answer) noexcept;

class DomainStage {
 public:
  DomainStage(std::string_view name, InstructionRing& instructions, ring::SpscRing<Slot>& requests,
              SettlementDomain& domain, Arena& arena)
      : name_(name),
        instructions_(instructions),
        out_(requests, slots_max, arena),
        domain_(domain) {}

  static constexpr std::size_t memory_bytes() noexcept { return Arena::cost<Slot>(slots_max); }

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  std::uint32_t poll() noexcept;

 private:
  static constexpr std::uint32_t slots_max = 3;  // Of one answer.

  std::string_view name_;
  InstructionRing& instructions_;
  pipeline::Outlet<ring::SpscRing<Slot>, Slot> out_;
  SettlementDomain& domain_;
};

}  // namespace basalt::settlement

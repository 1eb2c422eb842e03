#include <gtest/gtest.h>

#include <optional>

#include "engine/settlement/domain.h"

namespace basalt::settlement {
namespace {

constexpr AccountId alice{2};
constexpr AccountId bob{3};

TEST(InternalDomainTest, it_starts_and_settles_what_it_is_told) {
  InternalDomain domain;
  domain.instruct({.batch = BatchId{4}, .number = 0, .count = 2});
  EXPECT_FALSE(domain.answer().has_value());
  domain.instruct({.batch = BatchId{4}, .number = 1, .count = 2, .last = 1});
  EXPECT_EQ(domain.answer()->kind, Answer::Kind::started);
  const std::optional<Answer> answer = domain.answer();
  EXPECT_EQ(answer->kind, Answer::Kind::settled);
  EXPECT_EQ(answer->batch, BatchId{4});
  EXPECT_FALSE(domain.answer().has_value());
}

TEST(InternalDomainTest, it_refuses_the_first_batches_of_a_configured_account) {
  const Refusal refusal{.account = alice, .batches = 2};
  InternalDomain domain({&refusal, 1});
  const auto outcome = [&](std::uint64_t batch, AccountId account) {
    domain.instruct({.batch = BatchId{batch}, .number = 0, .count = 2, .account = account});
    domain.instruct(
        {.batch = BatchId{batch}, .number = 1, .count = 2, .account = account, .last = 1});
    (void)domain.answer();
    return domain.answer()->kind;
  };
  EXPECT_EQ(outcome(1, bob), Answer::Kind::settled);
  EXPECT_EQ(outcome(2, alice), Answer::Kind::refused);
  EXPECT_EQ(outcome(2, alice), Answer::Kind::refused);
  EXPECT_EQ(outcome(2, alice), Answer::Kind::settled);
}

TEST(InternalDomainTest, a_batch_that_was_told_in_part_is_forgotten_when_another_begins) {
  const Refusal refusal{.account = alice, .batches = 1};
  InternalDomain domain({&refusal, 1});
  domain.instruct({.batch = BatchId{1}, .number = 0, .count = 2, .account = alice});
  domain.instruct({.batch = BatchId{2}, .number = 0, .count = 1, .account = bob, .last = 1});
  (void)domain.answer();
  EXPECT_EQ(domain.answer()->kind, Answer::Kind::settled);
}

TEST(InternalDomainTest, new_refusals_take_the_place_of_the_old) {
  const Refusal old{.account = alice, .batches = 5};
  InternalDomain domain({&old, 1});
  const Refusal now{.account = bob, .batches = 1};
  domain.refuse({&now, 1});
  for (const AccountId account : {alice, bob}) {
    domain.instruct({.batch = BatchId{1}, .number = 0, .count = 1, .account = account, .last = 1});
    (void)domain.answer();
    EXPECT_EQ(domain.answer()->kind,
              account == bob ? Answer::Kind::refused : Answer::Kind::settled);
  }
}

TEST(DomainRequestTest, an_answer_is_a_command_of_three_slots_without_a_place_in_the_log) {
  const Command started = command_of({BatchId{9}, Answer::Kind::started});
  EXPECT_EQ(started.order.kind, CommandKind::settlement_started);
  EXPECT_EQ(started.order.slots, 3);
  EXPECT_EQ(started.order.sequence, 0U);
  EXPECT_EQ(started.origin.session, no_session);
  EXPECT_EQ(started.as<Amendment>().batch, 9U);
  const Command refused = command_of({BatchId{9}, Answer::Kind::refused});
  EXPECT_EQ(refused.order.kind, CommandKind::settlement_finished);
  EXPECT_EQ(refused.as<Amendment>().settled, 0);
  EXPECT_EQ(command_of({BatchId{9}, Answer::Kind::settled}).as<Amendment>().settled, 1);
}

}  // namespace
}  // namespace basalt::settlement

// The client's accounting: what is sent, which answers it takes, and how its window moves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "feedhandlers/order_entry/ouch50.h"
#include "tools/load/order_client.h"

namespace basalt::load {
namespace {

// A session that takes everything, and answers when it is told to.
class HandSession final : public OrderSession {
 public:
  HandSession() { state_ = State::open; }
  std::uint32_t turn(Nanos) override { return 0; }
  void take(const net::Datagram&, Nanos) override {}
  bool send(std::span<const std::byte> message) override {
    if (full) return false;
    sent.emplace_back(message.begin(), message.end());
    return true;
  }
  void flush(Nanos) override {}
  void log_out() override {}

  bool full = false;
  std::deque<std::vector<std::byte>> sent;
};

class Client : public testing::Test {
 protected:
  Client() {
    client_.attach(session_);
    client_.set_now(now_);
    EXPECT_FALSE(client_.ready());
    EXPECT_EQ(take().type(), ouch50::AccountQuery::type);
    answer_query(7);
    EXPECT_TRUE(client_.ready());
  }

  ouch50::Inbound take() {
    EXPECT_FALSE(session_.sent.empty());
    message_ = session_.sent.front();
    session_.sent.pop_front();
    return ouch50::decode_inbound(message_);
  }
  template <typename M>
  void answer(const M& message) {
    client_.message(0, std::as_bytes(std::span(&message, 1)));
  }
  void answer_query(std::uint32_t next) {
    ouch50::AccountQueryResponse response{};
    response.next_user_ref_num = next;
    answer(response);
  }
  void accept(std::uint32_t ref) {
    ouch50::Accepted accepted{};
    accepted.user_ref_num = ref;
    answer(accepted);
  }
  void execute(std::uint32_t ref, std::uint64_t match, std::uint32_t quantity) {
    ouch50::Executed executed{};
    executed.user_ref_num = ref;
    executed.match_number = match;
    executed.quantity = quantity;
    answer(executed);
  }
  static Action enter(std::uint64_t order) {
    return {.kind = ActionKind::enter,
            .side = Side::sell,
            .order = order,
            .symbol = Symbol("AAPL"),
            .price = 1'000'000,
            .quantity = 100};
  }
  static Action cancel(std::uint64_t order) { return {.kind = ActionKind::cancel, .order = order}; }

  Nanos now_{5'000'000'000};
  LoadCounts counts_;
  HandSession session_;
  OrderClient client_{{.window = 8, .accounts = {10, 11}}, counts_};
  std::vector<std::byte> message_;
};

TEST_F(Client, an_enter_says_what_the_flow_wants) {
  Action action = enter(1);
  ASSERT_TRUE(client_.send(action, now_));
  action.order = 2;
  action.ioc = action.aggressive = true;
  action.side = Side::buy;
  ASSERT_TRUE(client_.send(action, now_));

  const auto first = take();
  ASSERT_EQ(first.error(), ouch50::DecodeError::none);
  const auto& rests = first.as<ouch50::EnterOrder>();
  EXPECT_EQ(rests.user_ref_num, 7U);
  EXPECT_EQ(rests.side.value(), ouch50::Side::sell);
  EXPECT_EQ(rests.quantity, 100U);
  EXPECT_EQ(rests.price, 1'000'000U);
  EXPECT_EQ(rests.symbol.view(), "AAPL");
  EXPECT_EQ(rests.time_in_force.value(), ouch50::TimeInForce::day);
  EXPECT_EQ(first.appendage().find<wire::U32>(ouch50::Tag::account)->value(), 10U);
  const auto second = take();
  const auto& takes = second.as<ouch50::EnterOrder>();
  EXPECT_EQ(takes.user_ref_num, 8U);
  EXPECT_EQ(takes.side.value(), ouch50::Side::buy);
  EXPECT_EQ(takes.time_in_force.value(), ouch50::TimeInForce::immediate_or_cancel);
  EXPECT_EQ(second.appendage().find<wire::U32>(ouch50::Tag::account)->value(), 11U);
}

TEST_F(Client, a_replaced_order_is_named_by_its_new_number) {
  ASSERT_TRUE(client_.send(enter(1), now_));
  Action replace{.kind = ActionKind::replace, .order = 1, .price = 990'000, .quantity = 50};
  ASSERT_TRUE(client_.send(replace, now_));
  Action reduce{.kind = ActionKind::reduce, .order = 1, .quantity = 20};
  ASSERT_TRUE(client_.send(reduce, now_));
  ASSERT_TRUE(client_.send(cancel(1), now_));
  take();
  const auto replaced = take();
  EXPECT_EQ(replaced.as<ouch50::ReplaceOrder>().original_user_ref_num, 7U);
  EXPECT_EQ(replaced.as<ouch50::ReplaceOrder>().user_ref_num, 8U);
  EXPECT_EQ(replaced.as<ouch50::ReplaceOrder>().quantity, 50U);
  const auto reduced = take();
  EXPECT_EQ(reduced.as<ouch50::CancelOrder>().user_ref_num, 8U);
  EXPECT_EQ(reduced.as<ouch50::CancelOrder>().quantity, 20U);
  const auto probe = take();  // Two messages in a row that may get silence: a quarter of eight.
  EXPECT_EQ(probe.type(), ouch50::AccountQuery::type);
  const auto canceled = take();
  EXPECT_EQ(canceled.as<ouch50::CancelOrder>().user_ref_num, 8U);
  EXPECT_EQ(canceled.as<ouch50::CancelOrder>().quantity, 0U);
  EXPECT_EQ(counts_.cancels.value(), 2U);
  EXPECT_EQ(counts_.replaces.value(), 1U);
}

TEST_F(Client, each_enter_is_accepted_or_rejected_or_unanswered) {
  for (std::uint64_t order = 1; order <= 3; ++order) {
    ASSERT_TRUE(client_.send(enter(order), now_));
  }
  accept(7);
  ouch50::Rejected rejected{};
  rejected.user_ref_num = 9;
  rejected.reason = ouch50::RejectReason::fat_finger;
  answer(rejected);
  EXPECT_EQ(counts_.orders_sent.value(), 3U);
  EXPECT_EQ(counts_.orders_accepted.value(), 1U);
  EXPECT_EQ(counts_.orders_rejected.value(), 1U);
  EXPECT_EQ(client_.unanswered(), 1U);
  EXPECT_EQ(client_.rejections().at(ouch50::RejectReason::fat_finger), 1U);
  accept(7);  // Once is enough.
  accept(1'000);
  EXPECT_EQ(counts_.orders_accepted.value(), 1U);
  EXPECT_EQ(counts_.answers_strange.value(), 2U);
}

TEST_F(Client, latency_counts_from_the_planned_time) {
  ASSERT_TRUE(client_.send(enter(1), now_ - Nanos{1'000'000}));
  client_.set_now(now_ + Nanos{500'000});
  accept(7);
  EXPECT_EQ(counts_.order_to_ack_max_ns.value(), 1'500'000U);
  EXPECT_EQ(counts_.order_to_ack_ns.count(), 1U);
}

TEST_F(Client, a_fill_of_two_own_orders_is_one_fill) {
  execute(8, 41, 30);
  execute(7, 41, 30);
  execute(8, 42, 5);  // The other side is somebody else's.
  execute(8, 44, 1);
  execute(9, 44, 1);
  EXPECT_EQ(counts_.fills.value(), 3U);
  EXPECT_EQ(counts_.quantity_filled.value(), 36U);
}

TEST_F(Client, the_window_closes_and_an_answer_opens_it) {
  for (std::uint64_t order = 1; order <= 8; ++order) {
    ASSERT_TRUE(client_.send(enter(order), now_));
  }
  EXPECT_FALSE(client_.send(enter(9), now_));
  accept(9);  // The third was dealt with, so the two before it too.
  for (std::uint64_t order = 9; order <= 11; ++order) EXPECT_TRUE(client_.send(enter(order), now_));
  EXPECT_FALSE(client_.send(enter(12), now_));
}

// Cancels of orders that are gone are answered by nothing: only probes tell that the venue is on.
TEST_F(Client, a_flow_of_silent_messages_never_stands_still) {
  for (std::uint64_t order = 1; order <= 3; ++order) {
    ASSERT_TRUE(client_.send(enter(order), now_));
    accept(static_cast<std::uint32_t>(6 + order));
  }
  session_.sent.clear();
  constexpr std::uint64_t reductions = 1'000;
  std::uint64_t done = 0;
  for (int round = 0; round < 500 && done < reductions; ++round) {
    const Action reduce{.kind = ActionKind::reduce, .order = 1 + done % 3, .quantity = 5};
    while (done < reductions && client_.send(reduce, now_)) ++done;
    EXPECT_LE(session_.sent.size(), 8U + 4U);
    // The venue ignores everything but probes.
    for (std::uint64_t left = session_.sent.size(); left > 0; --left) {
      if (take().type() == ouch50::AccountQuery::type) answer_query(10);
    }
  }
  EXPECT_EQ(done, reductions);
}

TEST_F(Client, a_lost_probe_is_replaced_by_another) {
  for (std::uint64_t order = 1; order <= 8; ++order) {
    ASSERT_TRUE(client_.send(enter(order), now_));
  }
  session_.sent.clear();  // All of them are lost.
  client_.nudge();
  EXPECT_TRUE(session_.sent.empty());  // Too early.
  now_ += Nanos{60'000'000};
  client_.set_now(now_);
  client_.nudge();
  ASSERT_EQ(session_.sent.size(), 1U);
  session_.sent.clear();  // Lost, too.
  now_ += Nanos{60'000'000};
  client_.set_now(now_);
  client_.nudge();
  ASSERT_EQ(session_.sent.size(), 1U);
  EXPECT_FALSE(client_.send(enter(9), now_));
  answer_query(7);  // Nothing of ours came through.
  EXPECT_TRUE(client_.send(enter(9), now_));
  EXPECT_EQ(client_.unanswered(), 9U);
}

TEST_F(Client, an_answer_after_lost_probes_counts_for_the_newest_it_can_be) {
  client_.nudge();
  ASSERT_TRUE(client_.send(enter(1), now_));
  for (int i = 0; i < 2; ++i) {
    now_ += Nanos{60'000'000};
    client_.set_now(now_);
    client_.nudge();
    ASSERT_TRUE(client_.send(enter(2), now_));
  }
  // Of two probes, at 8 and at 9, one is answered, with 9.
  answer_query(9);
  accept(9);
  EXPECT_TRUE(client_.settled());
}

TEST_F(Client, a_session_without_room_takes_nothing) {
  session_.full = true;
  EXPECT_FALSE(client_.send(enter(1), now_));
  EXPECT_EQ(counts_.orders_sent.value(), 0U);
  session_.full = false;
  ASSERT_TRUE(client_.send(enter(1), now_));
  EXPECT_EQ(take().as<ouch50::EnterOrder>().user_ref_num, 7U);
}

}  // namespace
}  // namespace basalt::load

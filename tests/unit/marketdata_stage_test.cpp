// How the feed leaves: when, packed how, on which wire, and what happens when there is no room.
#include "engine/marketdata/marketdata_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "net/loopback/loopback_wire.h"
#include "net/udp_over_nic.h"
#include "tests/oracle/small_venue.h"
#include "tests/unit/wire_text.h"

namespace basalt::marketdata {
namespace {

using oracle::enter;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t store_bytes = std::size_t{4} << 20;

constexpr net::Endpoint engine{net::ipv4(10, 77, 0, 1), 7101};
constexpr net::Endpoint group_a{net::ipv4(239, 192, 77, 1), 7101};
constexpr net::Endpoint group_b{net::ipv4(239, 192, 77, 2), 7102};
constexpr Nanos second{1'000'000'000};

struct TestClock final : pipeline::Clock {
  [[nodiscard]] Nanos now() noexcept override { return time; }
  Nanos time{1'700'000'000'000'000'000};
};

// Keeps what is sent; has room as long as `room` says.
struct KeepingPort final : net::DatagramPort {
  struct Sent {
    net::Endpoint from;
    net::Endpoint to;
    std::vector<std::byte> bytes;
  };
  std::uint32_t receive(std::span<net::Datagram> /*out*/) noexcept override { return 0; }
  std::span<std::byte> claim() noexcept override {
    return full_for > 0 && full_for-- > 0 ? std::span<std::byte>{} : std::span(room);
  }
  void commit(net::Endpoint from, net::Endpoint to, std::size_t size) noexcept override {
    sent.push_back({from, to, {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size)}});
  }
  void flush() noexcept override { flushed = sent.size(); }
  [[nodiscard]] std::span<const net::Endpoint> endpoints() const noexcept override {
    return {&engine, 1};
  }

  std::array<std::byte, net::datagram_bytes_max> room;
  std::vector<Sent> sent;
  std::size_t flushed = 0;
  std::uint32_t full_for = 0;  // Claims.
};

class Publishing : public testing::Test {
 protected:
  Publishing()
      : limits_(small_.venue().settings().risk.reference),
        arena_(MarketDataCore::memory_bytes(limits_, small_.venue().settings().risk.orders_max) +
               pipeline::LogRing::memory_bytes(ring_slots)),
        log_(ring_slots, 1, arena_),
        messages_(1, store_bytes),
        core_(limits_, small_.venue().settings().risk.orders_max, messages_, arena_) {
    EXPECT_TRUE(settings_.session.assign("BASALT0001"));
    settings_.from = engine;
    settings_.groups = {group_a, group_b};
    stage_.emplace("marketdata", log_.reader(0), core_, messages_, durable_, port_, settings_,
                   clock_);
  }

  // Puts records into the log's ring, and polls so long as it is full.
  void put(const std::vector<oracle::LogRecord>& records) {
    const auto put_slot = [&](const Slot& slot) {
      Slot* room;
      while ((room = log_.claim()) == nullptr) {
        log_.publish();
        stage_->poll();
      }
      *room = slot;
    };
    for (const oracle::LogRecord& record : records) {
      for (std::uint32_t i = 0; i < record.command.order.slots; ++i) {
        put_slot(record.command.slot(i));
      }
      for (const Event& event : record.events) put_slot(std::bit_cast<Slot>(event));
    }
    log_.publish();
  }
  void poll_until_idle() {
    while (stage_->poll() > 0) {
    }
  }
  void rest_orders(std::uint32_t orders) {
    for (std::uint32_t i = 0; i < orders; ++i) {
      put(small_.tell(enter({.session = 0, .ref = ++ref_, .price = 5'000})));
    }
  }

  struct Seen {
    std::uint64_t sequence = 0;
    std::size_t messages = 0;
    bool end = false;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  // The headers of what went to a group since it was looked at last, and their messages checked.
  std::vector<Seen> seen(net::Endpoint group) {
    std::vector<Seen> result;
    for (const KeepingPort::Sent& sent : port_.sent) {
      if (sent.to != group) continue;
      EXPECT_EQ(sent.from, engine);
      EXPECT_LE(sent.bytes.size(), moldudp64::payload_bytes_default);
      const auto datagram = moldudp64::decode(sent.bytes);
      EXPECT_EQ(datagram.error(), moldudp64::DecodeError::none);
      EXPECT_EQ(datagram.header().session, settings_.session);
      std::uint64_t number = datagram.header().sequence;
      result.push_back({number, datagram.message_count(), datagram.is_end_of_session()});
      for (const std::span<const std::byte> block : datagram.blocks()) {
        const auto kept = messages_.at(feed_stream, number++).bytes;
        EXPECT_TRUE(std::equal(block.begin(), block.end(), kept.begin(), kept.end()));
      }
    }
    return result;
  }

  static constexpr std::uint32_t ring_slots = 16;

  oracle::SmallVenue small_;
  ReferenceLimits limits_;
  Arena arena_;
  pipeline::LogRing log_;
  pipeline::StreamStore messages_;
  MarketDataCore core_;
  std::atomic<Sequence> durable_{0};
  KeepingPort port_;
  TestClock clock_;
  MarketData::Settings settings_;
  std::optional<MarketData> stage_;
  std::uint32_t ref_ = 0;
};

TEST_F(Publishing, nothing_leaves_before_the_durable_mark_has_passed_it) {
  put(small_.log());
  poll_until_idle();
  EXPECT_EQ(seen(group_a), (std::vector<Seen>{{1, 0, false}}));  // The first heartbeat.
  EXPECT_FALSE(stage_->caught_up());
  port_.sent.clear();

  durable_ = messages_.at(feed_stream, 4).sequence;
  poll_until_idle();
  EXPECT_EQ(seen(group_a), (std::vector<Seen>{{1, 4, false}}));
  durable_ = small_.venue().sequence();
  poll_until_idle();
  EXPECT_EQ(seen(group_a), (std::vector<Seen>{{1, 4, false}, {5, 3, false}}));
  EXPECT_TRUE(stage_->caught_up());
}

TEST_F(Publishing, nothing_waits_where_acknowledgement_is_at_sequencing) {
  settings_.wait_for_durable = false;
  stage_.emplace("marketdata", log_.reader(0), core_, messages_, durable_, port_, settings_,
                 clock_);
  put(small_.log());
  poll_until_idle();
  EXPECT_TRUE(stage_->caught_up());
  EXPECT_EQ(stage_->counters(0).messages, 7U);
}

TEST_F(Publishing, both_feeds_carry_the_same_datagrams_and_all_are_flushed) {
  durable_ = 1'000'000;
  put(small_.log());
  rest_orders(10);
  poll_until_idle();
  EXPECT_EQ(seen(group_a), seen(group_b));
  EXPECT_EQ(port_.flushed, port_.sent.size());
  for (std::size_t feed = 0; feed < MarketData::feed_count; ++feed) {
    EXPECT_EQ(stage_->counters(feed).messages, 17U);
    EXPECT_EQ(stage_->counters(feed).dropped, 0U);
  }
}

TEST_F(Publishing, what_waits_is_packed_into_datagrams_as_full_as_they_get) {
  put(small_.log());
  rest_orders(1'000);
  poll_until_idle();
  port_.sent.clear();
  durable_ = 1'000'000;
  EXPECT_GT(stage_->poll(), 0U);
  // A turn is bounded; none of its datagrams had room for one more message.
  const std::vector<Seen> first_turn = seen(group_a);
  EXPECT_THAT(first_turn, SizeIs(16));
  poll_until_idle();
  const std::vector<Seen> all = seen(group_a);
  std::uint64_t next = 1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].sequence, next);
    next += all[i].messages;
    // 20 + 36 × (2 + 36) = 1,388.
    if (i > 0 && i + 1 < all.size()) {
      EXPECT_EQ(all[i].messages, 36U);
    }
  }
  EXPECT_EQ(next, messages_.count(feed_stream) + 1);
}

TEST_F(Publishing, a_feed_without_room_drops_and_the_other_goes_on) {
  durable_ = 1'000'000;
  put(small_.log());
  poll_until_idle();
  port_.sent.clear();
  port_.full_for = 1;  // Feed A is first.
  rest_orders(1);
  poll_until_idle();
  EXPECT_THAT(seen(group_a), IsEmpty());
  EXPECT_EQ(seen(group_b), (std::vector<Seen>{{8, 1, false}}));
  EXPECT_EQ(stage_->counters(0).dropped, 1U);
  EXPECT_EQ(stage_->counters(1).dropped, 0U);
  rest_orders(1);
  poll_until_idle();
  EXPECT_EQ(seen(group_a), (std::vector<Seen>{{9, 1, false}}));
  EXPECT_TRUE(stage_->caught_up());
}

TEST_F(Publishing, a_second_of_silence_ends_with_a_heartbeat_that_names_the_next_number) {
  durable_ = 1'000'000;
  put(small_.log());
  poll_until_idle();
  port_.sent.clear();
  clock_.time += second - Nanos{1};
  poll_until_idle();
  EXPECT_THAT(port_.sent, IsEmpty());
  clock_.time += Nanos{1};
  poll_until_idle();
  EXPECT_EQ(seen(group_a), (std::vector<Seen>{{8, 0, false}}));
  EXPECT_EQ(seen(group_b), (std::vector<Seen>{{8, 0, false}}));
}

TEST_F(Publishing, a_heartbeat_never_tells_of_what_is_not_durable) {
  durable_ = small_.venue().sequence();
  put(small_.log());
  rest_orders(5);
  poll_until_idle();
  port_.sent.clear();
  clock_.time += second;
  poll_until_idle();
  EXPECT_EQ(seen(group_a), (std::vector<Seen>{{8, 0, false}}));
}

TEST_F(Publishing, the_end_of_session_is_said_at_once_and_then_each_second) {
  durable_ = 1'000'000;
  put(small_.log());
  poll_until_idle();
  port_.sent.clear();
  stage_->end_session();
  poll_until_idle();
  poll_until_idle();
  EXPECT_EQ(seen(group_a), (std::vector<Seen>{{8, 0, true}}));
  clock_.time += second;
  poll_until_idle();
  EXPECT_EQ(seen(group_b), (std::vector<Seen>{{8, 0, true}, {8, 0, true}}));
}

TEST_F(Publishing, what_was_recovered_is_not_published_again) {
  for (const oracle::LogRecord& record : small_.log()) oracle::follow(record, core_);
  durable_ = 1'000'000;
  stage_.emplace("marketdata", log_.reader(0), core_, messages_, durable_, port_, settings_,
                 clock_);
  EXPECT_TRUE(stage_->caught_up());
  poll_until_idle();
  rest_orders(1);
  poll_until_idle();
  EXPECT_EQ(seen(group_a), (std::vector<Seen>{{8, 0, false}, {8, 1, false}}));
}

// The same over frames: what a receiver that joined a group finds on the wire.
TEST_F(Publishing, a_receiver_on_the_wire_reads_the_stream) {
  auto [a, b] = net::make_loopback_wire(64, net::mac_from_ip(engine.ip),
                                        net::mac_from_ip(net::ipv4(10, 77, 0, 2)));
  net::UdpOverNic sender(std::move(a), engine.ip, {engine}, net::realtime);
  net::UdpOverNic receiver(std::move(b), net::ipv4(10, 77, 0, 2), {group_a, group_b},
                           net::realtime);
  durable_ = 1'000'000;
  stage_.emplace("marketdata", log_.reader(0), core_, messages_, durable_, sender, settings_,
                 clock_);
  put(small_.log());
  rest_orders(50);
  poll_until_idle();
  std::array<net::Datagram, 64> batch;
  std::array<std::uint64_t, 2> next{1, 1};
  for (std::uint32_t count; (count = receiver.receive(batch)) > 0;) {
    for (const net::Datagram& datagram : std::span(batch).first(count)) {
      std::uint64_t& expected = next[datagram.destination == group_b];
      const auto mold = moldudp64::decode(datagram.payload);
      ASSERT_EQ(mold.error(), moldudp64::DecodeError::none);
      EXPECT_EQ(mold.header().sequence, expected);
      for (const std::span<const std::byte> block : mold.blocks()) {
        EXPECT_EQ(test::text_of_itch(block),
                  test::text_of_itch(messages_.at(feed_stream, expected++).bytes));
      }
    }
  }
  EXPECT_EQ(next[0], 58U);
  EXPECT_EQ(next[1], 58U);
}

}  // namespace
}  // namespace basalt::marketdata

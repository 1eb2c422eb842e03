// What the world is told: each scenario against the whole list of its messages; and how they leave.
#include "engine/marketdata/marketdata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "engine/marketdata/marketdata_stage.h"
#include "engine/pipeline/time_of_day.h"
#include "net/loopback/loopback_wire.h"
#include "net/udp_over_nic.h"
#include "tests/oracle/small_venue.h"
#include "tests/unit/wire_text.h"

namespace basalt::marketdata {
namespace {

using oracle::cancel;
using oracle::enter;
using oracle::reduce;
using oracle::replace;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t store_bytes = std::size_t{4} << 20;

class Feed : public testing::Test {
 protected:
  Feed()
      : limits_(small_.venue().settings().risk.reference),
        arena_(MarketDataCore::memory_bytes(limits_)),
        feed_(1, store_bytes),
        core_(limits_, feed_, arena_) {
    for (const oracle::LogRecord& record : small_.log()) oracle::follow(record, core_);
  }

  void tell(const Command& command) {
    for (const oracle::LogRecord& record : small_.tell(command)) oracle::follow(record, core_);
  }
  void buy(std::uint32_t ref, std::int64_t quantity, std::int64_t price) {
    tell(
        enter({.session = 0, .ref = ref, .side = Side::buy, .quantity = quantity, .price = price}));
  }
  void sell(std::uint32_t ref, std::int64_t quantity, std::int64_t price) {
    tell(enter(
        {.session = 1, .ref = ref, .side = Side::sell, .quantity = quantity, .price = price}));
  }
  // All that the feed has told since it was asked last.
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    while (read_ < feed_.count(feed_stream)) {
      texts.push_back(test::text_of_itch(feed_.at(feed_stream, ++read_).bytes));
    }
    return texts;
  }

  oracle::SmallVenue small_;
  ReferenceLimits limits_;
  Arena arena_;
  pipeline::StreamStore feed_;
  MarketDataCore core_;
  std::uint64_t read_ = 0;
};

// As it is after the definitions.
class OpenFeed : public Feed {
 protected:
  OpenFeed() { told(); }
};

TEST_F(Feed, starts_with_start_of_messages_and_then_defines_each_instrument) {
  EXPECT_THAT(told(), ElementsAre("S 0 O", "R 1 AAPL Q - 1 N - Z P - - - - 0 N",
                                  "z 1 AAPL 4 100 0 1 1999999900 1000000", "H 1 AAPL T - -",
                                  "R 2 BTC-USD Q - 1 N - Z P - - - - 0 N",
                                  "z 2 BTC-USD 4 100 5 1 1999999900 1000000", "H 2 BTC-USD T - -"));
}

TEST_F(OpenFeed, the_same_definition_again_says_nothing) {
  for (const Command& command : oracle::small_venue_definitions()) {
    if (command.order.kind == CommandKind::define_instrument) tell(command);
  }
  EXPECT_THAT(told(), IsEmpty());
}

// One lot is 2.5 BTC in the one, ten shares in the other.
TEST_F(OpenFeed, a_lot_is_told_exactly_in_as_few_digits_as_do) {
  test::CommandMaker make;
  Command big = make.instrument(3, "BIG", oracle::bitcoin, oracle::usd);
  auto definition = big.as<DefineInstrument>();
  definition.lot_value = 250'000'000;
  definition.wire_tick = 1;
  definition.price_max = Price{0xFFFF'FFFF};
  definition.quantity_max = Quantity{std::int64_t{1} << 40};
  definition.market_category = 0;
  definition.state = InstrumentState::closed;
  big.set(definition);
  tell(big);
  Command ten = make.instrument(4, "TEN", oracle::stock, oracle::usd);
  definition = ten.as<DefineInstrument>();
  definition.lot_value = 10;
  definition.price_max = Price{1'000};
  ten.set(definition);
  tell(ten);
  const std::vector<std::string> texts = told();
  EXPECT_THAT(texts, testing::Contains("R 4 BIG - - 1 N - Z P - - - - 0 N"));
  EXPECT_THAT(texts, testing::Contains("z 4 BIG 4 1 1 25 4294967295 4294967295"));
  EXPECT_THAT(texts, testing::Contains("H 4 BIG H - -"));
  EXPECT_THAT(texts, testing::Contains("z 5 TEN 4 100 0 10 100000 1000000000"));
}

TEST_F(OpenFeed, a_change_of_state_is_told) {
  tell(oracle::set_state(oracle::btc_usd, InstrumentState::halted));
  tell(oracle::set_state(oracle::btc_usd, InstrumentState::open));
  tell(oracle::set_state(oracle::aapl, InstrumentState::closed));
  tell(oracle::set_state(7, InstrumentState::closed));  // There is none: a verdict.
  EXPECT_THAT(told(), ElementsAre("H 2 BTC-USD H - -", "H 2 BTC-USD T - -", "H 1 AAPL H - -"));
}

TEST_F(OpenFeed, the_day_is_told_and_the_stream_does_not_end_with_it) {
  for (const char code : {'S', 'Q', 'M', 'E', 'O', 'C', '?'}) tell(oracle::market_event(code));
  EXPECT_THAT(told(), ElementsAre("S 0 S", "S 0 Q", "S 0 M", "S 0 E"));
}

TEST_F(OpenFeed, an_order_that_rests_is_added) {
  buy(1, 100, 10'050);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 7,
              .price = 12'000,
              .instrument = oracle::btc_usd}));
  EXPECT_THAT(told(), ElementsAre("A 1 1:0 B 100 AAPL 1005000", "A 2 1:1 S 7 BTC-USD 1200000"));
}

TEST_F(OpenFeed, bytes_are_those_of_the_standard) {
  small_.venue().set_time(Nanos{pipeline::day_ns * 20'000 + 0x0102'0304'0506});
  buy(1, 100, 10'050);
  const auto bytes = feed_.at(feed_stream, feed_.count(feed_stream)).bytes;
  const std::string expected(
      "A\x00\x01\x00\x00\x01\x02\x03\x04\x05\x06"  // Type, locate, tracking, time.
      "\x00\x00\x00\x01\x00\x00\x00\x00"           // Order reference.
      "B\x00\x00\x00\x64"                          // Side, shares.
      "AAPL    "                                   // Stock.
      "\x00\x0F\x55\xC8",                          // 1,005,000.
      36);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), expected);
  EXPECT_EQ(feed_.at(feed_stream, feed_.count(feed_stream)).sequence, small_.venue().sequence());
}

TEST_F(OpenFeed, an_order_that_never_rests_is_never_shown) {
  buy(1, 10, 10'000);
  told();
  const auto at_most = [](TimeInForce time_in_force, std::int64_t quantity, std::uint32_t ref) {
    return enter({.session = 1,
                  .ref = ref,
                  .side = Side::sell,
                  .quantity = quantity,
                  .price = 10'001,
                  .time_in_force = time_in_force});
  };
  tell(at_most(TimeInForce::ioc, 5, 1));
  tell(at_most(TimeInForce::fok, 50, 2));
  tell(enter(
      {.session = 1, .ref = 3, .side = Side::sell, .price = 10'000, .flags = flag_post_only}));
  tell(enter({.session = 1, .ref = 4, .quantity = 0}));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(OpenFeed, fills_are_executions_of_the_makers_and_the_rest_is_added) {
  buy(1, 10, 10'000);
  buy(2, 20, 10'001);
  told();
  sell(1, 100, 10'000);
  sell(2, 1, 10'000);
  EXPECT_THAT(told(), ElementsAre("E 1 1:1 20 1", "E 1 1:0 10 2", "A 1 1:2 S 70 AAPL 1000000",
                                  "A 1 2:0 S 1 AAPL 1000000"));
}

TEST_F(OpenFeed, what_an_immediate_order_leaves_is_not_told) {
  buy(1, 10, 10'000);
  told();
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 50,
              .price = 9'000,
              .time_in_force = TimeInForce::ioc}));
  EXPECT_THAT(told(), ElementsAre("E 1 1:0 10 1"));
}

TEST_F(OpenFeed, a_reduction_is_a_cancel_and_a_cancel_is_a_deletion) {
  buy(1, 100, 10'000);
  buy(2, 100, 10'000);
  told();
  tell(reduce({.session = 0, .ref = 1}, 70));
  tell(reduce({.session = 0, .ref = 1}, 80));
  tell(cancel({.session = 0, .ref = 1}));
  tell(reduce({.session = 0, .ref = 2}, 0));
  EXPECT_THAT(told(), ElementsAre("X 1 1:0 30", "D 1 1:0", "D 1 1:1"));
}

TEST_F(OpenFeed, a_replacement_that_rests_whole_is_a_replace) {
  sell(1, 100, 10'000);
  told();
  tell(replace({.session = 1, .ref = 1}, 2, 90, 10'010));
  EXPECT_THAT(told(), ElementsAre("U 1 1:0 1:1 90 1001000"));
}

TEST_F(OpenFeed, a_replacement_that_trades_is_a_deletion_and_then_a_new_order) {
  buy(1, 30, 10'000);
  sell(1, 100, 10'010);
  told();
  tell(replace({.session = 1, .ref = 1}, 2, 100, 10'000));
  EXPECT_THAT(told(), ElementsAre("D 1 1:1", "E 1 1:0 30 1", "A 1 1:2 S 70 AAPL 1000000"));
  buy(2, 200, 9'000);
  told();
  tell(replace({.session = 1, .ref = 2}, 3, 100, 9'000));
  EXPECT_THAT(told(), ElementsAre("D 1 1:2", "E 1 2:0 70 2"));
}

TEST_F(OpenFeed, an_invalid_replacement_deletes_its_original) {
  sell(1, 100, 10'010);
  told();
  tell(replace({.session = 1, .ref = 1}, 2, 0, 10'000));
  EXPECT_THAT(told(), ElementsAre("D 1 1:0"));
}

TEST_F(OpenFeed, a_post_only_replacement_that_would_cross_leaves_its_original) {
  buy(1, 30, 10'000);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 50,
              .price = 10'010,
              .flags = flag_post_only}));
  told();
  tell(replace({.session = 1, .ref = 1}, 2, 50, 10'000));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(OpenFeed, a_price_that_four_bytes_cannot_carry_stops_the_engine) {
  test::CommandMaker make;
  Command command = make.instrument(5, "TOOHIGH", oracle::stock, oracle::usd);
  auto definition = command.as<DefineInstrument>();
  definition.price_max = Price{42'949'673};
  definition.wire_tick = 100;
  command.set(definition);
  command.order.sequence = small_.venue().sequence() + 1;
  // Everything anew: a child that writes what its parent has in huge pages needs free ones.
  const auto publish = [&] {
    Arena arena(MarketDataCore::memory_bytes(limits_));
    pipeline::StreamStore feed(1, store_bytes);
    MarketDataCore core(limits_, feed, arena);
    for (const oracle::LogRecord& record : small_.log()) oracle::follow(record, core);
    core.on_command(command);
  };
  EXPECT_DEATH(publish(), "wire_max / instrument.wire_tick");
}

// How it leaves.

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
        arena_(MarketDataCore::memory_bytes(limits_) + pipeline::LogRing::memory_bytes(ring_slots)),
        log_(ring_slots, 1, arena_),
        messages_(1, store_bytes),
        core_(limits_, messages_, arena_) {
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

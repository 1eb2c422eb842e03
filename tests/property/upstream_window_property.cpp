// The window of a session over UDP, under loss, repeats and reordering: it delivers numbers in
// rising order, each at most once, and everything that was not given up.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "engine/gateway/upstream_window.h"

namespace basalt::gateway {
namespace {

using Offer = UpstreamWindow::Offer;

std::vector<std::byte> message_of(std::uint64_t number) {
  std::vector<std::byte> bytes(8 + number % 50);
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

std::uint64_t number_in(std::span<const std::byte> message) {
  std::uint64_t number = 0;
  std::memcpy(&number, message.data(), sizeof number);
  EXPECT_EQ(message.size(), 8 + number % 50);
  return number;
}

// What the gateway does with a window.
struct Receiver {
  std::unique_ptr<UpstreamWindow> window = std::make_unique<UpstreamWindow>();
  std::vector<std::uint64_t> delivered;
  std::uint64_t given_up = 0;
  std::uint64_t late = 0;

  Receiver() { window->reset(1); }

  void deliver(std::span<const std::byte> message) {
    delivered.push_back(number_in(message));
    window->delivered();
  }
  void drain() {
    for (auto held = window->next_held(); held.found; held = window->next_held()) {
      deliver(held.message);
    }
  }
  void take(std::uint64_t number, Nanos now) {
    const auto message = message_of(number);
    Offer offer = window->offer(number, message, now);
    while (offer == Offer::ahead) {
      given_up += window->give_up(number, now);
      drain();
      offer = window->offer(number, message, now);
    }
    if (offer == Offer::deliver) {
      deliver(message);
      drain();
    }
    late += offer == Offer::late;
    if (window->overdue(now)) {
      given_up += window->give_up(window->expected(), now);
      drain();
    }
  }
};

TEST(UpstreamWindow, delivers_in_order_once_and_loses_only_what_it_gave_up) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 rng(seed);
    const auto percent = [&](std::uint64_t share) { return rng() % 100 < share; };
    const std::uint64_t loss = rng() % 30;
    const std::uint64_t repeat = rng() % 50;
    const std::size_t reach = 1 + rng() % (seed % 4 == 0 ? 3'000 : 60);

    std::vector<std::uint64_t> sent;
    std::set<std::uint64_t> arriving;
    for (std::uint64_t number = 1; number <= 5'000; ++number) {
      if (percent(loss)) continue;
      sent.push_back(number);
      arriving.insert(number);
      if (percent(repeat)) sent.push_back(number);
    }
    // Each moves back by less than `reach` places.
    for (std::size_t i = 0; i < sent.size(); ++i) {
      std::swap(sent[i], sent[i + rng() % std::min(reach, sent.size() - i)]);
    }

    Receiver receiver;
    Nanos now{0};
    for (const std::uint64_t number : sent) {
      now += Nanos{static_cast<std::int64_t>(rng() % 2'000)};
      receiver.take(number, now);
    }
    while (receiver.window->held() > 0) {
      receiver.given_up += receiver.window->give_up(receiver.window->expected(), now);
      receiver.drain();
    }

    const auto& delivered = receiver.delivered;
    ASSERT_TRUE(std::is_sorted(delivered.begin(), delivered.end()));
    ASSERT_EQ(std::adjacent_find(delivered.begin(), delivered.end()), delivered.end());
    for (const std::uint64_t number : delivered) ASSERT_TRUE(arriving.contains(number));
    // Every number up to the last delivered was delivered or given up, and nothing was both.
    ASSERT_EQ(delivered.size() + receiver.given_up, receiver.window->expected() - 1);
    if (loss == 0 && reach <= 60) {
      ASSERT_GE(delivered.size(), arriving.size() * 9 / 10);
    }
  }
}

TEST(UpstreamWindow, without_trouble_delivers_everything) {
  Receiver receiver;
  for (std::uint64_t number = 1; number <= 10'000; ++number) receiver.take(number, Nanos{0});
  EXPECT_EQ(receiver.delivered.size(), 10'000U);
  EXPECT_EQ(receiver.given_up, 0U);
}

TEST(UpstreamWindow, keeps_no_message_that_is_too_long) {
  auto window = std::make_unique<UpstreamWindow>();
  window->reset(1);
  const std::vector<std::byte> longest(message_bytes_max);
  const std::vector<std::byte> longer(message_bytes_max + 1);
  EXPECT_EQ(window->offer(2, longer, Nanos{0}), Offer::too_long);
  EXPECT_EQ(window->offer(2, longest, Nanos{0}), Offer::held);
  EXPECT_EQ(window->offer(2, longest, Nanos{0}), Offer::late);
}

}  // namespace
}  // namespace basalt::gateway

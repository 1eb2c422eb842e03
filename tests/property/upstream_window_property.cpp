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

  void deliver(std::span<const std::byte> message, Nanos now) {
    delivered.push_back(number_in(message));
    window->delivered(now);
  }
  void drain(Nanos now) {
    for (auto held = window->next_held(); held.found; held = window->next_held()) {
      deliver(held.message, now);
    }
  }
  void take(std::uint64_t number, Nanos now) {
    const auto message = message_of(number);
    Offer offer = window->offer(number, message, now);
    while (offer == Offer::ahead) {
      given_up += window->give_up(number);
      drain(now);
      offer = window->offer(number, message, now);
    }
    if (offer == Offer::deliver) {
      deliver(message, now);
      drain(now);
    }
    late += offer == Offer::late;
    if (window->overdue(now)) {
      given_up += window->give_up(window->expected());
      drain(now);
    }
  }
};

// The same rules in the plainest way: a set, and the time since which its next hole is one.
struct Naive {
  std::set<std::uint64_t> held;
  std::uint64_t expected = 1;
  Nanos since{0};
  std::vector<std::uint64_t> delivered;
  std::uint64_t given_up = 0;
  std::uint64_t late = 0;

  void drain(Nanos now) {
    while (held.erase(expected) > 0) {
      delivered.push_back(expected++);
      since = now;
    }
  }
  void skip_to(std::uint64_t number, Nanos now) {
    given_up += number - expected;
    expected = number;
    since = now;
    drain(now);
  }
  void take(std::uint64_t number, Nanos now) {
    if (number < expected || held.contains(number)) {
      ++late;
    } else {
      while (number >= expected + 1'024) skip_to(held.empty() ? number : *held.begin(), now);
      if (held.empty()) since = now;
      held.insert(number);
      drain(now);
    }
    if (!held.empty() && now - since > Nanos{1'000'000}) skip_to(*held.begin(), now);
  }
};

TEST(UpstreamWindow, delivers_in_order_once_and_loses_only_what_it_gave_up) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 rng(seed);
    const auto percent = [&](std::uint64_t share) { return rng() % 100 < share; };
    const std::uint64_t loss = seed % 3 == 0 ? 0 : rng() % 30;
    const std::uint64_t repeat = rng() % 50;
    const std::size_t reach = 1 + rng() % (seed % 4 == 0 ? 3'000 : 60);

    std::vector<std::uint64_t> sent;
    for (std::uint64_t number = 1; number <= 5'000; ++number) {
      if (percent(loss)) continue;
      sent.push_back(number);
      if (percent(repeat)) sent.push_back(number);
    }
    // Each moves forward by less than `reach` places; back it may be pushed further.
    for (std::size_t i = 0; i < sent.size(); ++i) {
      std::swap(sent[i], sent[i + rng() % std::min(reach, sent.size() - i)]);
    }

    Receiver receiver;
    Naive naive;
    Nanos now{0};
    for (const std::uint64_t number : sent) {
      now += Nanos{static_cast<std::int64_t>(rng() % 2'000)};
      receiver.take(number, now);
      naive.take(number, now);
      ASSERT_EQ(receiver.window->expected(), naive.expected) << "after number " << number;
      ASSERT_EQ(receiver.window->held(), naive.held.size());
    }
    ASSERT_EQ(receiver.delivered, naive.delivered);
    ASSERT_EQ(receiver.given_up, naive.given_up);
    ASSERT_EQ(receiver.late, naive.late);
    // Every number up to the last delivered was delivered or given up, and nothing was both.
    ASSERT_EQ(receiver.delivered.size() + receiver.given_up, naive.expected - 1);
    ASSERT_TRUE(std::is_sorted(receiver.delivered.begin(), receiver.delivered.end()));
  }
}

TEST(UpstreamWindow, each_hole_is_waited_for_as_long_as_was_promised) {
  Receiver receiver;
  const auto delivered_at = [&](std::uint64_t number, Nanos now) {
    receiver.take(number, now);
    return receiver.delivered.size();
  };
  const Nanos late{UpstreamWindow::patience.value - 1};
  EXPECT_EQ(delivered_at(2, Nanos{0}), 0U);
  EXPECT_EQ(delivered_at(4, late), 0U);
  // The first hole is filled at the last moment; of the second nothing was known until then.
  EXPECT_EQ(delivered_at(1, UpstreamWindow::patience), 2U);
  EXPECT_FALSE(receiver.window->overdue(UpstreamWindow::patience + UpstreamWindow::patience));
  EXPECT_EQ(delivered_at(3, UpstreamWindow::patience + UpstreamWindow::patience), 4U);
  EXPECT_EQ(receiver.given_up, 0U);
  // And not longer.
  const Nanos start{3 * UpstreamWindow::patience.value};
  EXPECT_EQ(delivered_at(6, start), 4U);
  EXPECT_FALSE(receiver.window->overdue(start + UpstreamWindow::patience));
  EXPECT_TRUE(receiver.window->overdue(start + UpstreamWindow::patience + Nanos{1}));
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

// A stream taken from two feeds and a re-request server, with losses on any of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/load_wire.h"
#include "tools/load/mold_receiver.h"

namespace basalt::load {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Nanos ms{1'000'000};

class Stream : public testing::Test {
 protected:
  // Messages `first` … of one letter each, the number's.
  void take(std::uint64_t first, std::uint64_t count) {
    std::vector<std::vector<std::byte>> messages;
    for (std::uint64_t number = first; number < first + count; ++number) {
      messages.push_back(test::bytes_of(std::string(1, letter(number))));
    }
    const auto bytes = test::datagram_of(test::session_name("FEED"), first, messages);
    receiver_.take(moldudp64::decode(bytes), now_);
  }
  static char letter(std::uint64_t number) { return static_cast<char>('a' + (number - 1) % 26); }

  std::vector<std::string> requests() {
    std::vector<std::string> list;
    while (const auto range = receiver_.next_request(now_)) {
      list.push_back(std::to_string(range->first) + '+' + std::to_string(range->count));
    }
    return list;
  }

  Nanos now_{1'000 * ms.value};
  test::Notes notes_;
  MoldReceiver::Settings settings_{.held_bytes_max = 200, .requests_max = 3, .stride = 4};
  MoldReceiver receiver_{settings_, notes_};
};

TEST_F(Stream, in_order_is_given_at_once) {
  take(1, 2);
  take(3, 1);
  EXPECT_THAT(notes_.list, ElementsAre("1:a", "2:b", "3:c"));
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(Stream, what_both_feeds_bring_is_given_once) {
  take(1, 2);
  take(1, 2);
  take(3, 1);
  take(3, 1);
  EXPECT_THAT(notes_.list, ElementsAre("1:a", "2:b", "3:c"));
  EXPECT_EQ(receiver_.counters().duplicates, 3U);
}

TEST_F(Stream, what_one_feed_lost_the_other_brings) {
  take(1, 1);
  take(3, 1);  // A lost 2.
  EXPECT_THAT(notes_.list, ElementsAre("1:a"));
  take(1, 1);
  take(2, 1);
  take(3, 1);
  EXPECT_THAT(notes_.list, ElementsAre("1:a", "2:b", "3:c"));
  now_ += Nanos{100 * ms.value};
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(Stream, what_both_lost_is_asked_for_after_a_while_and_again) {
  take(1, 1);
  take(4, 2);
  EXPECT_THAT(requests(), IsEmpty());
  now_ += ms;
  EXPECT_THAT(requests(), ElementsAre("2+2"));
  EXPECT_THAT(requests(), IsEmpty());
  now_ += Nanos{21 * ms.value};
  EXPECT_THAT(requests(), ElementsAre("2+2"));
  take(2, 2);
  EXPECT_THAT(notes_.list, ElementsAre("1:a", "2:b", "3:c", "4:d", "5:e"));
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(Stream, a_datagram_that_overlaps_gives_only_what_is_new) {
  take(1, 3);
  take(2, 4);
  EXPECT_THAT(notes_.list, ElementsAre("1:a", "2:b", "3:c", "4:d", "5:e"));
}

TEST_F(Stream, a_heartbeat_tells_that_the_end_was_lost) {
  take(1, 1);
  take(4, 0);
  EXPECT_FALSE(receiver_.complete());
  now_ += ms;
  EXPECT_THAT(requests(), ElementsAre("2+2"));
}

TEST_F(Stream, a_late_joiner_fetches_from_the_first_number_in_pieces) {
  take(18, 1);
  now_ += ms;
  EXPECT_THAT(requests(), ElementsAre("1+4", "5+4", "9+4"));
  take(1, 4);
  EXPECT_THAT(requests(), ElementsAre("13+4"));
  take(9, 4);
  EXPECT_THAT(requests(), ElementsAre("17+1"));
  take(5, 4);
  take(17, 1);
  take(13, 4);
  EXPECT_EQ(notes_.list.size(), 18U);
  EXPECT_EQ(notes_.list.back(), "18:r");
  EXPECT_TRUE(receiver_.complete());
}

TEST_F(Stream, an_answer_with_less_than_was_asked_for_leaves_the_rest_to_be_asked_again) {
  take(7, 1);
  now_ += ms;
  EXPECT_THAT(requests(), ElementsAre("1+4", "5+2"));
  take(1, 2);
  EXPECT_THAT(requests(), ElementsAre("3+2"));
}

TEST_F(Stream, what_nobody_has_is_given_up_and_told) {
  take(1, 1);
  take(4, 1);
  for (int i = 0; i < 600; ++i) {
    now_ += Nanos{10 * ms.value};
    requests();
  }
  EXPECT_THAT(notes_.list, ElementsAre("1:a", "lost 2+2", "4:d"));
  EXPECT_EQ(receiver_.counters().lost, 2U);
  take(5, 1);
  EXPECT_EQ(notes_.list.back(), "5:e");
}

TEST_F(Stream, what_finds_no_room_is_fetched_when_there_is_some) {
  take(1, 1);
  notes_.roomy = false;
  take(2, 3);
  now_ += Nanos{9'000 * ms.value};
  EXPECT_THAT(requests(), IsEmpty());
  EXPECT_THAT(notes_.list, ElementsAre("1:a"));
  notes_.roomy = true;
  EXPECT_THAT(requests(), ElementsAre("2+3"));
  take(2, 3);
  EXPECT_EQ(notes_.list.back(), "4:d");
  EXPECT_EQ(receiver_.counters().lost, 0U);
}

TEST_F(Stream, holds_no_more_than_it_may) {
  for (std::uint64_t number = 3; number < 40; number += 2) take(number, 1);
  EXPECT_GT(receiver_.counters().deferred, 0U);
  take(1, 2);
  EXPECT_LT(receiver_.expected(), 39U);
  now_ += Nanos{100 * ms.value};
  while (!receiver_.complete()) {
    const auto range = receiver_.next_request(now_);
    if (range) take(range->first, range->count);
  }
  EXPECT_EQ(notes_.list.size(), 39U);
}

}  // namespace
}  // namespace basalt::load

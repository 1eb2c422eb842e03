// Messages by stream and number: what was appended stays, where and as it is.
#include "engine/pipeline/stream_store.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/pipeline/mold_request.h"

namespace basalt::pipeline {
namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;

void put(StreamStore& store, std::uint32_t stream, Sequence sequence, std::string_view text) {
  ASSERT_LE(text.size(), StreamStore::message_bytes_max);
  const std::span<std::byte> at = store.claim();
  if (!text.empty()) std::memcpy(at.data(), text.data(), text.size());
  store.append(stream, sequence, text.size());
}

std::string text_at(const StreamStore& store, std::uint32_t stream, std::uint64_t number) {
  const auto bytes = store.at(stream, number).bytes;
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(StreamStore, streams_are_empty_at_first) {
  const StreamStore store(3, megabyte);
  EXPECT_EQ(store.streams(), 3U);
  for (std::uint32_t stream = 0; stream < 3; ++stream) EXPECT_EQ(store.count(stream), 0U);
}

TEST(StreamStore, each_stream_numbers_its_own_messages_from_one) {
  StreamStore store(3, megabyte);
  put(store, 0, 7, "first");
  put(store, 2, 7, "other");
  put(store, 0, 9, "second");
  EXPECT_EQ(store.count(0), 2U);
  EXPECT_EQ(store.count(1), 0U);
  EXPECT_EQ(store.count(2), 1U);
  EXPECT_EQ(text_at(store, 0, 1), "first");
  EXPECT_EQ(text_at(store, 0, 2), "second");
  EXPECT_EQ(text_at(store, 2, 1), "other");
  EXPECT_EQ(store.at(0, 1).sequence, 7U);
  EXPECT_EQ(store.at(0, 2).sequence, 9U);
}

TEST(StreamStore, a_message_keeps_when_its_question_came) {
  StreamStore store(1, megabyte);
  store.append(0, 1, 0, Nanos{1'700'000'000'000'000'123});
  store.append(0, 2, 0);
  EXPECT_EQ(store.at(0, 1).received, Nanos{1'700'000'000'000'000'123});
  EXPECT_EQ(store.at(0, 2).received, Nanos{});
}

TEST(StreamStore, an_empty_message_and_the_longest_are_messages_too) {
  StreamStore store(1, megabyte);
  const std::string longest(StreamStore::message_bytes_max, 'x');
  put(store, 0, 1, "");
  put(store, 0, 1, longest);
  put(store, 0, 1, "a");
  EXPECT_EQ(text_at(store, 0, 1), "");
  EXPECT_EQ(text_at(store, 0, 2), longest);
  EXPECT_EQ(text_at(store, 0, 3), "a");
}

TEST(StreamStore, a_claim_that_is_not_appended_leaves_nothing) {
  StreamStore store(1, megabyte);
  std::memcpy(store.claim().data(), "never said", 10);
  EXPECT_EQ(store.count(0), 0U);
  put(store, 0, 1, "said");
  EXPECT_EQ(text_at(store, 0, 1), "said");
}

// Over many pieces of index, in streams that grow at different paces.
TEST(StreamStore, messages_never_move) {
  StreamStore store(3, 64 * megabyte);
  constexpr std::uint64_t messages = 20'000;
  std::vector<const std::byte*> where;
  for (std::uint64_t i = 1; i <= messages; ++i) {
    put(store, 0, i, "message " + std::to_string(i));
    if (i % 3 == 0) put(store, 1, i, std::to_string(i));
    where.push_back(store.at(0, i).bytes.data());
  }
  ASSERT_EQ(store.count(0), messages);
  ASSERT_EQ(store.count(1), messages / 3);
  for (std::uint64_t i = 1; i <= messages; ++i) {
    ASSERT_EQ(store.at(0, i).bytes.data(), where[i - 1]);
    ASSERT_EQ(text_at(store, 0, i), "message " + std::to_string(i));
    ASSERT_EQ(store.at(0, i).sequence, i);
  }
  for (std::uint64_t i = 1; i <= messages / 3; ++i) {
    ASSERT_EQ(text_at(store, 1, i), std::to_string(3 * i));
  }
}

// Room is only promised for the worst there can be, so what was promised always fits.
TEST(StreamStore, room_that_was_promised_is_there) {
  constexpr std::uint32_t streams = 8;
  StreamStore store(streams, megabyte);
  const std::string longest(StreamStore::message_bytes_max, 'x');
  std::uint64_t appended = 0;
  while (store.has_room(streams)) {
    for (std::uint32_t stream = 0; stream < streams; ++stream) put(store, stream, 1, longest);
    appended += streams;
  }
  EXPECT_GT(appended, 900U);
  EXPECT_FALSE(store.has_room(streams));
  EXPECT_LE(store.bytes_used(), megabyte);
  EXPECT_EQ(text_at(store, streams - 1, appended / streams), longest);
}

TEST(StreamStore, a_directory_never_ends_before_the_memory_does) {
  StreamStore store(1, megabyte);
  std::uint64_t appended = 0;
  for (; store.has_room(1); ++appended) put(store, 0, 1, "");
  EXPECT_EQ(store.count(0), appended);
  EXPECT_GT(appended, 30'000U);  // 32 bytes each.
}

using StreamStoreDeathTest = testing::Test;

TEST(StreamStoreDeathTest, sequences_never_fall_and_numbers_are_only_those_that_exist) {
  StreamStore store(1, megabyte);
  put(store, 0, 5, "five");
  EXPECT_DEATH(put(store, 0, 4, "four"), "sequence >= last_sequence_");
  EXPECT_DEATH(static_cast<void>(store.at(0, 0)), "message >= 1");
  EXPECT_DEATH(static_cast<void>(store.at(0, 2)), "message <= stream.count");
}

TEST(StreamStore, a_reader_on_another_thread_sees_whole_messages_in_order) {
  StreamStore store(2, 64 * megabyte);
  constexpr std::uint64_t messages = 50'000;
  std::thread writer([&store] {
    for (std::uint64_t i = 1; i <= messages; ++i) {
      const std::string text = std::to_string(i * i);
      std::memcpy(store.claim().data(), text.data(), text.size());
      store.append(i % 2, i, text.size());
    }
  });
  std::array<std::uint64_t, 2> seen{};
  while (seen[0] + seen[1] < messages) {
    for (std::uint32_t stream = 0; stream < 2; ++stream) {
      for (const std::uint64_t count = store.count(stream); seen[stream] < count;) {
        const std::uint64_t i = 2 * ++seen[stream] - stream;
        ASSERT_EQ(store.at(stream, seen[stream]).sequence, i);
        ASSERT_EQ(text_at(store, stream, seen[stream]), std::to_string(i * i));
      }
    }
  }
  writer.join();
}

// Requests for what was lost.

const moldudp64::SessionName session{{' ', ' ', ' ', ' ', ' ', 'F', 'E', 'E', 'D', '1'}};

struct Requests : testing::Test {
  Requests() {
    for (Sequence i = 1; i <= 10; ++i) put(store, 1, 10 * i, "message " + std::to_string(i));
  }

  // The first number and the texts of the answer.
  std::pair<std::uint64_t, std::vector<std::string>> ask(std::uint64_t first, std::uint16_t count,
                                                         Sequence durable = 1'000,
                                                         std::size_t room = 1'400) {
    const moldudp64::Request request{session, first, count};
    return read(answer_request(std::as_bytes(std::span(&request, 1)), store, 1, session, durable,
                               std::span(out).first(room)));
  }
  static std::pair<std::uint64_t, std::vector<std::string>> read(
      std::span<const std::byte> answer) {
    if (answer.empty()) return {};
    const moldudp64::Datagram datagram = moldudp64::decode(answer);
    EXPECT_EQ(datagram.error(), moldudp64::DecodeError::none);
    EXPECT_EQ(datagram.header().session, session);
    EXPECT_GT(datagram.message_count(), 0U);
    std::vector<std::string> texts;
    for (const std::span<const std::byte> block : datagram.blocks()) {
      texts.emplace_back(reinterpret_cast<const char*>(block.data()), block.size());
    }
    return {datagram.header().sequence, texts};
  }

  using Answer = std::pair<std::uint64_t, std::vector<std::string>>;
  const Answer silence{};
  StreamStore store{2, megabyte};
  std::array<std::byte, 1'400> out;
};

TEST_F(Requests, are_answered_with_what_was_asked_for) {
  EXPECT_EQ(ask(3, 2), (Answer{3, {"message 3", "message 4"}}));
  EXPECT_EQ(ask(10, 1), (Answer{10, {"message 10"}}));
}

TEST_F(Requests, are_answered_with_what_there_is_of_it) {
  EXPECT_EQ(ask(9, 100), (Answer{9, {"message 9", "message 10"}}));
  EXPECT_EQ(ask(10, 0xFFFF), (Answer{10, {"message 10"}}));
}

TEST_F(Requests, are_answered_with_what_fits_one_datagram) {
  // A header of 20 bytes, blocks of 2 + 9.
  EXPECT_EQ(ask(1, 10, 1'000, 20 + 3 * 11), (Answer{1, {"message 1", "message 2", "message 3"}}));
  EXPECT_EQ(ask(1, 10, 1'000, 20 + 3 * 11 - 1), (Answer{1, {"message 1", "message 2"}}));
}

TEST_F(Requests, are_answered_up_to_the_durable_mark) {
  EXPECT_EQ(ask(1, 10, 30), (Answer{1, {"message 1", "message 2", "message 3"}}));
  EXPECT_EQ(ask(1, 10, 29), (Answer{1, {"message 1", "message 2"}}));
  EXPECT_EQ(ask(3, 10, 29), silence);
}

TEST_F(Requests, for_what_does_not_exist_get_silence) {
  EXPECT_EQ(ask(11, 1), silence);
  EXPECT_EQ(ask(0, 1), silence);
  EXPECT_EQ(ask(~std::uint64_t{0}, 0xFFFF), silence);
  EXPECT_EQ(ask(1, 0), silence);
}

TEST_F(Requests, that_are_none_or_name_another_session_get_silence) {
  moldudp64::Request request{session, 1, 1};
  const std::span<const std::byte> bytes = std::as_bytes(std::span(&request, 1));
  const auto answer = [&](std::span<const std::byte> asked) {
    return answer_request(asked, store, 1, session, 1'000, out).size();
  };
  EXPECT_EQ(answer(bytes), 20U + 11U);
  EXPECT_EQ(answer(bytes.first(19)), 0U);
  EXPECT_EQ(answer({}), 0U);
  ASSERT_TRUE(request.session.assign("FEED2"));
  EXPECT_EQ(answer(bytes), 0U);
  // Padded on the wrong side is the same name.
  request.session = moldudp64::SessionName{{'F', 'E', 'E', 'D', '1', ' ', ' ', ' ', ' ', ' '}};
  EXPECT_EQ(answer(bytes), 20U + 11U);
}

}  // namespace
}  // namespace basalt::pipeline

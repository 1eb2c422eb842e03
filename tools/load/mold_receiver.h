// One MoldUDP64 session's messages in order, from as many sources as carry it: feed A, feed B, and
// the answers to what was asked for again.
//
//   datagrams ─► take() ─┬► in order: to the sink, each number once
//                        ├► early: held until what lies before it is here
//                        └► had before: counted
//   next_request(now) ─► the first numbers that are missing and not asked for yet
//
// A hole is waited for a little, since the other feed may fill it; then it is asked for in pieces,
// several at once, so that a stream that was joined late is fetched from its first number as fast
// as the venue answers. What nobody answers for `give_up` is told to the sink as lost.
//
//   I1  The sink gets each number at most once and in order, or as lost; expected() only rises.
//   I2  At most held_bytes_max are held. What finds no room, here or in the sink, is dropped: it
//       is a hole like any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/types.h"
#include "feedhandlers/market_data/moldudp64.h"

namespace basalt::load {

class MessageSink {
 public:
  virtual ~MessageSink() = default;
  // Is there room for all messages of one datagram?
  [[nodiscard]] virtual bool has_room() const { return true; }
  virtual void message(std::uint64_t number, std::span<const std::byte> bytes) = 0;
  // `count` numbers from `number` on will never come.
  virtual void lost(std::uint64_t number, std::uint64_t count) = 0;
};

class MoldReceiver {
 public:
  struct Settings {
    std::uint64_t first = 1;
    std::size_t held_bytes_max = std::size_t{64} << 20;
    Nanos patience{1'000'000};       // Before a hole is asked for.
    Nanos retry{20'000'000};         // Before it is asked for again.
    Nanos give_up{5'000'000'000};    // Of trying, without any progress.
    std::uint32_t requests_max = 8;  // Under way at once.
    std::uint16_t stride = 32;       // Messages a request; about as many as fit an answer.
  };
  struct Range {
    std::uint64_t first = 0;
    std::uint16_t count = 0;
  };
  struct Counters {
    std::uint64_t duplicates = 0;  // Messages that were here already.
    std::uint64_t deferred = 0;    // Messages that came when there was no room.
    std::uint64_t requests = 0;
    std::uint64_t lost = 0;
  };

  MoldReceiver(const Settings& settings, MessageSink& sink) : settings_(settings), sink_(sink) {
    expected_ = end_ = settings.first;
  }

  // Precondition: decoded without an error, and of this session.
  void take(const moldudp64::Datagram& datagram, Nanos now);
  // Numbers below `end` exist.
  void note_end(std::uint64_t end, Nanos now);

  // What to send a request for now; nothing when all is here, under way, or not to be had room for.
  // Also the place where the time for giving up is noticed: call it every turn.
  [[nodiscard]] std::optional<Range> next_request(Nanos now);

  [[nodiscard]] std::uint64_t expected() const noexcept { return expected_; }
  // One past the highest number known to exist.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  [[nodiscard]] bool complete() const noexcept { return expected_ >= end_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  struct Held {
    std::uint64_t end = 0;
    std::vector<std::byte> bytes;  // The whole datagram.
  };
  struct Asked {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    Nanos at;
  };
  // How far one call looks over what is held for further holes; the rest has its turn later.
  static constexpr std::uint32_t looked_at_max = 256;

  void deliver(const moldudp64::Datagram& datagram);
  void deliver_held();
  void hold(const moldudp64::Datagram& datagram, std::uint64_t first, std::uint64_t end);
  void note_hole(Nanos now);
  void forget_answered(std::uint64_t first, std::uint64_t end);
  [[nodiscard]] std::optional<Range> ask_within(std::uint64_t first, std::uint64_t end, Nanos now);
  void give_up(Nanos now);

  const Settings settings_;
  MessageSink& sink_;
  std::uint64_t expected_;
  std::uint64_t end_;
  std::map<std::uint64_t, Held> held_;  // By first number.
  std::size_t held_bytes_ = 0;
  std::vector<Asked> asked_;
  std::optional<Nanos> hole_since_;
  Nanos progressed_;  // Since the hole: when expected_ last rose.
  Counters counters_;
};

}  // namespace basalt::load

// The feed as a client takes it: both groups joined, whichever datagram comes first counts, and
// what neither brought is asked for at the re-request server, from the stream's first number on.
//
//   group A ─┐
//   group B ─┼► MoldReceiver ─► FeedQueue (books), Directory (instruments)
//   answers ─┘       └► requests
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "net/datagram_port.h"
#include "tools/load/directory.h"
#include "tools/load/feed_queue.h"
#include "tools/load/load_counts.h"
#include "tools/load/mold_receiver.h"

namespace basalt::load {

struct FeedEndpoints {
  std::array<net::Endpoint, 2> groups;
  net::Endpoint rerequest;
};

class FeedReceiver final : public MessageSink {
 public:
  FeedReceiver(net::DatagramPort& port, const FeedEndpoints& endpoints, FeedQueue& queue,
               LoadCounts& counts)
      : port_(port), endpoints_(endpoints), queue_(queue), counts_(counts), receiver_({}, *this) {}

  [[nodiscard]] bool owns(const net::Datagram& datagram) const noexcept;
  // Precondition: owns(datagram).
  void take(const net::Datagram& datagram, Nanos now);
  // Once a turn: sends requests where something is missing. Returns how many.
  std::uint32_t turn(Nanos now);
  // The engine has told so many messages.
  void note_told(std::uint64_t messages, Nanos now);

  // Something came over a group, so the session's name and the stream's end are known.
  [[nodiscard]] bool heard() const noexcept { return heard_at_.has_value(); }
  [[nodiscard]] std::optional<Nanos> heard_at() const noexcept { return heard_at_; }
  [[nodiscard]] const MoldReceiver& stream() const noexcept { return receiver_; }
  [[nodiscard]] const Directory& directory() const noexcept { return directory_; }
  // Datagrams with messages, from A and from B.
  [[nodiscard]] std::uint64_t datagrams(std::size_t group) const { return datagrams_[group]; }
  [[nodiscard]] std::uint64_t foreign() const noexcept { return foreign_; }

 private:
  [[nodiscard]] bool has_room() const override { return queue_.room() >= room_min; }
  void message(std::uint64_t number, std::span<const std::byte> bytes) override;
  void lost(std::uint64_t number, std::uint64_t count) override;

  // A datagram's messages with their lengths, and then some.
  static constexpr std::size_t room_min = 8'192;

  net::DatagramPort& port_;
  const FeedEndpoints endpoints_;
  FeedQueue& queue_;
  LoadCounts& counts_;
  MoldReceiver receiver_;
  Directory directory_;
  moldudp64::SessionName session_;
  std::optional<Nanos> heard_at_;
  std::array<std::uint64_t, 2> datagrams_{};
  std::uint64_t foreign_ = 0;  // Datagrams of another session, or not MoldUDP64.
};

}  // namespace basalt::load

#include "net/loopback/loopback_wire.h"

#include <array>
#include <cstring>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/ring/spsc_ring.h"

namespace basalt::net {
namespace {

struct WireFrame {
  std::uint16_t size;
  std::array<std::byte, 2048 - sizeof(std::uint16_t)> bytes;
};
static_assert(sizeof(WireFrame) == 2048);
static_assert(sizeof(WireFrame::bytes) >= frame_bytes_max);

using WireRing = ring::SpscRing<WireFrame>;

struct Wire {
  explicit Wire(std::uint32_t frames)
      : arena(2 * WireRing::memory_bytes(frames)), a_to_b(frames, arena), b_to_a(frames, arena) {}

  Arena arena;
  WireRing a_to_b;
  WireRing b_to_a;
};

class LoopbackNic final : public Nic {
 public:
  LoopbackNic(std::shared_ptr<Wire> wire, WireRing& transmit, WireRing& receive,
              const MacAddress& mac)
      : wire_(std::move(wire)), transmit_(transmit), receive_(receive), mac_(mac) {}

  [[nodiscard]] std::uint32_t rx_burst(std::span<Frame> out) noexcept override {
    if (lent_) receive_.consume();
    std::uint32_t count = 0;
    for (Frame& frame : out) {
      const WireFrame* arrived = receive_.peek();
      if (arrived == nullptr) break;
      frame = {.data = arrived->bytes.data(), .size = arrived->size};
      ++count;
    }
    lent_ = count > 0;
    counters_.received += count;
    return count;
  }

  // Frames are built beside the ring and copied in, as a card would fetch them: publish() shows all
  // that is claimed there, and a claim without a commit must stay invisible (N3).
  [[nodiscard]] std::span<std::byte> claim() noexcept override {
    claimed_ = transmit_.room(1) > 0;
    if (!claimed_) {
      ++counters_.transmit_full;
      return {};
    }
    return staged_;
  }

  void commit(std::size_t size) noexcept override {
    BASALT_ASSERT(claimed_);
    BASALT_ASSERT(size >= frame_bytes_min);
    BASALT_ASSERT(size <= frame_bytes_max);
    WireFrame* frame = transmit_.claim();
    BASALT_ASSERT(frame != nullptr);
    frame->size = static_cast<std::uint16_t>(size);
    std::memcpy(frame->bytes.data(), staged_.data(), size);
    claimed_ = false;
    ++committed_;
  }

  std::uint32_t tx_burst() noexcept override {
    if (committed_ == 0) return 0;
    transmit_.publish();
    counters_.sent += committed_;
    committed_ = 0;
    return 0;
  }

  [[nodiscard]] MacAddress mac() const noexcept override { return mac_; }

 private:
  const std::shared_ptr<Wire> wire_;
  WireRing& transmit_;
  WireRing& receive_;
  const MacAddress mac_;
  std::array<std::byte, frame_bytes_max> staged_{};
  bool claimed_ = false;
  std::uint64_t committed_ = 0;
  bool lent_ = false;  // Frames of the last rx_burst() are still the caller's.
};

}  // namespace

std::pair<std::unique_ptr<Nic>, std::unique_ptr<Nic>> make_loopback_wire(std::uint32_t frames,
                                                                         const MacAddress& mac_a,
                                                                         const MacAddress& mac_b) {
  auto wire = std::make_shared<Wire>(frames);
  auto a = std::make_unique<LoopbackNic>(wire, wire->a_to_b, wire->b_to_a, mac_a);
  auto b = std::make_unique<LoopbackNic>(wire, wire->b_to_a, wire->a_to_b, mac_b);
  return {std::move(a), std::move(b)};
}

}  // namespace basalt::net

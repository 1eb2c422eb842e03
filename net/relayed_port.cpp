#include "net/relayed_port.h"

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/ring/spsc_ring.h"

namespace basalt::net {
namespace {

// One burst of the card, so that the owner's turn stays short.
constexpr std::uint32_t relayed_a_flush_max = 32;

struct RelayedDatagram {
  Endpoint from;
  Endpoint to;
  std::uint32_t size;
  std::array<std::byte, datagram_bytes_max> bytes;
};

struct Relay {
  using Ring = ring::SpscRing<RelayedDatagram>;

  explicit Relay(std::uint32_t datagrams)
      : arena(Ring::memory_bytes(datagrams)), ring(datagrams, arena) {}

  Arena arena;
  Ring ring;
};

class OwnerPort final : public DatagramPort {
 public:
  OwnerPort(std::unique_ptr<DatagramPort> port, std::shared_ptr<Relay> relay)
      : port_(std::move(port)), relay_(std::move(relay)) {}

  [[nodiscard]] std::uint32_t receive(std::span<Datagram> out) noexcept override {
    return port_->receive(out);
  }
  [[nodiscard]] std::span<std::byte> claim() noexcept override { return port_->claim(); }
  void commit(Endpoint from, Endpoint to, std::size_t size) noexcept override {
    port_->commit(from, to, size);
  }
  void flush() noexcept override {
    send_relayed();
    port_->flush();
    counters_ = port_->counters();  // Once a turn; the owner calls flush() every turn.
  }
  [[nodiscard]] std::span<const Endpoint> endpoints() const noexcept override {
    return port_->endpoints();
  }

 private:
  void send_relayed() noexcept {
    std::uint32_t sent = 0;
    while (sent < relayed_a_flush_max) {
      if (next_ == nullptr) next_ = relay_->ring.peek();
      if (next_ == nullptr) break;
      const std::span<std::byte> room = port_->claim();
      if (room.empty()) break;
      std::memcpy(room.data(), next_->bytes.data(), next_->size);
      port_->commit(next_->from, next_->to, next_->size);
      next_ = nullptr;
      ++sent;
    }
    // What waits for room keeps its slot.
    if (sent > 0 && next_ == nullptr) relay_->ring.consume();
  }

  const std::unique_ptr<DatagramPort> port_;
  const std::shared_ptr<Relay> relay_;
  const RelayedDatagram* next_ = nullptr;  // Found no room yet.
};

// Datagrams are built beside the ring and copied in: publish() shows all that is claimed there, and
// a claim without a commit must stay invisible.
class SenderPort final : public DatagramPort {
 public:
  SenderPort(std::span<const Endpoint> endpoints, std::shared_ptr<Relay> relay)
      : endpoints_(endpoints.begin(), endpoints.end()), relay_(std::move(relay)) {}

  [[nodiscard]] std::uint32_t receive(std::span<Datagram>) noexcept override { return 0; }
  [[nodiscard]] std::span<std::byte> claim() noexcept override {
    if (relay_->ring.room(1) > 0) return staged_;
    ++counters_.dropped_transmit_full;
    return {};
  }
  void commit(Endpoint from, Endpoint to, std::size_t size) noexcept override {
    BASALT_ASSERT(size <= datagram_bytes_max);
    RelayedDatagram* datagram = relay_->ring.claim();
    BASALT_ASSERT(datagram != nullptr);  // claim() gave room.
    datagram->from = from;
    datagram->to = to;
    datagram->size = static_cast<std::uint32_t>(size);
    std::memcpy(datagram->bytes.data(), staged_.data(), size);
    ++counters_.sent;
    counters_.sent_bytes += size;
    committed_ = true;
  }
  void flush() noexcept override {
    if (std::exchange(committed_, false)) relay_->ring.publish();
  }
  [[nodiscard]] std::span<const Endpoint> endpoints() const noexcept override { return endpoints_; }

 private:
  const std::vector<Endpoint> endpoints_;
  const std::shared_ptr<Relay> relay_;
  std::array<std::byte, datagram_bytes_max> staged_{};
  bool committed_ = false;
};

}  // namespace

RelayedPorts relay(std::unique_ptr<DatagramPort> port, std::uint32_t datagrams) {
  auto shared = std::make_shared<Relay>(datagrams);
  auto sender = std::make_unique<SenderPort>(port->endpoints(), shared);
  return {std::make_unique<OwnerPort>(std::move(port), shared), std::move(sender)};
}

}  // namespace basalt::net

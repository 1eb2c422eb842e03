// Every instrument's book, rebuilt from the feed's ITCH messages and nothing else.
//
//   message ─► apply() ─► orders by reference ─► levels by price
//
// Knows orders by their references, as numbers without a meaning. What cannot be (an execution of
// an order that is not there, or of more than is open) is counted and changes nothing: a feed that
// is whole never makes it happen.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/types.h"

namespace basalt::load {

class FeedBooks {
 public:
  struct Level {
    std::uint64_t quantity = 0;
    std::uint32_t orders = 0;
  };
  // By price in wire units.
  using Levels = std::map<std::uint32_t, Level>;

  FeedBooks();

  // The next message of the feed. About 0.2 us.
  void apply(std::span<const std::byte> message);

  // Empty for an instrument that was never heard of.
  [[nodiscard]] const Levels& levels(std::uint16_t locate, Side side) const;
  [[nodiscard]] std::size_t orders() const noexcept { return orders_.size(); }
  [[nodiscard]] std::uint64_t impossible() const noexcept { return impossible_; }
  [[nodiscard]] std::string symbol(std::uint16_t locate) const;
  // Locates whose books changed since the last call.
  [[nodiscard]] std::vector<std::uint16_t> take_touched();

  // Any thread: the price of the last trade in wire units; 0: none yet.
  [[nodiscard]] std::uint32_t last_trade(std::uint16_t locate) const noexcept {
    return last_trade_[locate].load(std::memory_order_relaxed);  // A hint: it guards nothing.
  }

 private:
  struct Order {
    std::uint32_t price = 0;
    std::uint32_t quantity = 0;
    std::uint16_t locate = 0;
    Side side{};
  };
  struct Book {
    std::array<Levels, 2> sides;
    std::string symbol;
    bool touched = false;
  };
  using Orders = std::unordered_map<std::uint64_t, Order>;
  static constexpr std::size_t locates = 65'536;

  [[nodiscard]] Book& touch(std::uint16_t locate);
  void add(std::uint64_t reference, const Order& order);
  void take(std::uint64_t reference, std::uint32_t quantity);
  void execute(std::uint64_t reference, std::uint32_t quantity, std::uint32_t price);
  void remove(Orders::iterator order);
  void replace(std::uint64_t original, std::uint64_t reference, std::uint32_t price,
               std::uint32_t quantity);
  void lower(Order& order, std::uint32_t quantity, bool gone);

  Orders orders_;
  std::vector<Book> books_;  // By locate.
  std::vector<std::uint16_t> touched_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> last_trade_;
  std::uint64_t impossible_ = 0;
};

}  // namespace basalt::load

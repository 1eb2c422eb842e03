// Makes a flow out of what clients want, and knows at each moment what rests.
//
//   add, cancel, replace, reduce, by the client's key ─► FlowMaker ─► textbook books
//                                                            └─► Flow, numbered as risk would
//
// A key stays the same over replacements, and may be named after its order is gone: the message
// then carries the number that the order had, which is what makes it stale.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/workloads/flow.h"
#include "bench/workloads/map_book.h"
#include "engine/types.h"

namespace basalt::bench {

class FlowMaker {
 public:
  using Key = std::uint32_t;  // Dense, since it indexes.

  struct Wanted {
    std::uint32_t instrument = 0;
    Side side{};
    bool ioc = false;
    Price price;
    Quantity quantity;
  };

  FlowMaker(std::string name, std::uint32_t instruments);

  // Of the messages that follow.
  void set_time(Nanos time) noexcept { time_ = time; }

  // A key is added once.
  void add(Key key, const Wanted& wanted);
  void cancel(Key key);
  void reduce(Key key, Quantity total);
  // By so much in both, from what the key's order asked for last.
  void replace(Key key, Price move, Quantity raise);

  // What was told so far only fills the books.
  void begin_timing() noexcept;
  [[nodiscard]] Flow finish();

  // The keys of all that rests, in no order.
  [[nodiscard]] const std::vector<Key>& live() const noexcept { return live_; }
  [[nodiscard]] const MapBook& book(std::uint32_t instrument) const { return book_[instrument]; }

 private:
  struct Asked {
    OrderId order{};  // The latest number.
    std::uint32_t instrument = 0;
    std::uint32_t place = 0;  // In live_, while it rests.
    Price price;
    Quantity total;
  };

  void tell(Order order, Key key);
  void rests(const Event& event, Key key);
  void leaves(OrderId order);
  [[nodiscard]] OrderId next();
  void give(OrderId order) { free_.push_back(slot_of(order)); }

  Flow flow_;
  Nanos time_;
  std::vector<MapBook> book_;
  std::vector<Asked> asked_;  // By key.
  std::vector<Key> live_;
  // By slot.
  std::vector<Key> key_of_;
  std::vector<std::uint32_t> generation_;
  std::vector<std::uint32_t> free_;  // The one that came free last is used first.
};

}  // namespace basalt::bench

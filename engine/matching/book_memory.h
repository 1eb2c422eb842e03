// What the books of one shard share: orders, price levels, and the tree nodes above the levels.
//
//   ┌ levels, 64 of each leaf ─┬ orders, by slot ──────────┐   one array of 16-byte units
//   │ 16 bytes each            │ 32 bytes each             │   a *link* is a place in it
//   └──────────────────────────┴───────────────────────────┘
//
// The orders at one price form a ring that runs through their level: the level's `next` is the
// oldest order, its `previous` the youngest. Level and order begin with the same two links, so an
// order leaves its ring by two stores and no branch, wherever it stands.
//
// An order is half a cache line, and holds what a fill or a cancel needs. What only a reduction or
// a replacement asks for, its executed quantity, lies in an array of its own, which is written when
// an order has traded and stays: most never do.
//
// What only few orders have (a reserve, a stop, an expiry, an auction that they end with, that they
// hide or are pegged) lies in a pool of details, found by slot.
//
// A leaf that its last order leaves stays where it hangs, *parked*, for the next order near its
// price often comes soon, and finds it as it would find any other. Few are parked: another that is
// takes the place of the one that came first, which goes to the free leaves, still in cache for
// whoever takes it. And where no leaf is free, a parked one is. So parking takes nothing away.
//
// Invariants
//   M1  Nodes in use plus nodes free or parked is each pool's size.
//   M2  A level that no order is linked to is its own ring, and has quantity 0.
//   M3  An order's generation is not 0 exactly while it is linked, or waits for its auction.
//   M4  A leaf hangs in an inner node from take_leaf() to give_leaf(), or until it is taken for
//       another place. It is parked while no level of it holds orders, and then is in parked_.
//   M5  An order is its partner's partner. Both are live, and neither has traded since it was.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/command.h"
#include "engine/limits.h"
#include "engine/matching/expiries.h"
#include "engine/matching/protections.h"
#include "engine/types.h"

namespace basalt::matching {

inline constexpr std::uint32_t none = 0xFFFF'FFFF;

// A place in the array of levels and orders, in units of 16 bytes: 64 GiB are in reach.
using Link = std::uint32_t;
inline constexpr std::size_t link_bytes = 16;

struct Links {
  Link next = none;      // Younger; of a level: its oldest order.
  Link previous = none;  // Older; of a level: its youngest.
};

// Orders at one price. Quantity is the sum over them.
struct alignas(link_bytes) Level {
  Links links;
  Quantity quantity;
};

// A live order, found by its slot.
struct alignas(2 * link_bytes) RestingOrder {
  Links links;
  std::uint32_t generation = 0;  // 0: the slot is free.
  Link level = none;
  std::uint64_t open_and_traits = 0;    // 48 bits of lots, then 16 of what resting() packs.
  std::uint64_t price_and_account = 0;  // 36 bits of ticks, then 28 of the account.

  [[nodiscard]] Quantity open() const noexcept {
    return {static_cast<std::int64_t>(open_and_traits >> traits_bits)};
  }
  [[nodiscard]] Price price() const noexcept {
    return {static_cast<std::int64_t>(price_and_account >> account_bits)};
  }
  [[nodiscard]] AccountId account() const noexcept {
    return AccountId{static_cast<std::uint32_t>(price_and_account) & (limits::accounts_max - 1)};
  }
  [[nodiscard]] Side side() const noexcept { return static_cast<Side>(open_and_traits & 1U); }
  [[nodiscard]] TimeInForce time_in_force() const noexcept {
    return static_cast<TimeInForce>(open_and_traits >> 1 & 7U);
  }
  // Of Order::flags, those that an order keeps while it rests.
  [[nodiscard]] std::uint16_t flags() const noexcept {
    return static_cast<std::uint16_t>(open_and_traits >> 4 & 0xFFFU & ~unsigned{flag_by_venue});
  }
  [[nodiscard]] bool has_executed() const noexcept { return (open_and_traits & executed_bit) != 0; }
  void mark_executed() noexcept { open_and_traits |= executed_bit; }
  void mark_instructed() noexcept { open_and_traits |= std::uint64_t{flag_instructed} << 4; }

  void lower(Quantity by) noexcept {
    open_and_traits -= static_cast<std::uint64_t>(by.value) << traits_bits;
  }
  void raise(Quantity by) noexcept {
    open_and_traits += static_cast<std::uint64_t>(by.value) << traits_bits;
  }
  void set(Side side, TimeInForce time_in_force, std::uint16_t flags, Quantity open) noexcept {
    BASALT_VERIFY(flags < 1U << flags_bits);  // Or they would be quantity.
    const auto traits = static_cast<std::uint64_t>(flags) << 4 |
                        static_cast<std::uint64_t>(time_in_force) << 1 |
                        static_cast<std::uint64_t>(side);
    open_and_traits = static_cast<std::uint64_t>(open.value) << traits_bits | traits;
  }
  void set(Price price, AccountId account) noexcept {
    price_and_account = static_cast<std::uint64_t>(price.value) << account_bits | index_of(account);
  }

 private:
  // No order that rests has flag_by_venue.
  static constexpr std::uint64_t executed_bit = std::uint64_t{flag_by_venue} << 4;
  static constexpr int traits_bits = 16;
  static constexpr int flags_bits = 12;
  static constexpr int account_bits = 28;
  static_assert(limits::accounts_max == std::uint64_t{1} << account_bits);
  static_assert(limits::price_max.value < std::int64_t{1} << (64 - account_bits));
  static_assert(limits::quantity_max.value < std::int64_t{1} << (64 - traits_bits));
};
static_assert(sizeof(Level) == link_bytes && sizeof(RestingOrder) == 2 * link_bytes);
static_assert(offsetof(Level, links) == 0 && offsetof(RestingOrder, links) == 0);

// Of an order with flag_instructed, while it is in the book.
struct Details {
  Quantity display;       // What it shows at a time; 0: all of it.
  Quantity reserve;       // What it does not show.
  Quantity min_quantity;  // Of a stop that waits.
  Price stop;             // Likewise.
  Nanos expiry;           // no_time: it does not end by itself.
  Sequence entered = 0;   // The command that brought it, or the first of its chain.
  InstrumentId instrument{};
  // Slots, in the book's list of orders that end with the auction, of those that wait for it, or of
  // stops that trail.
  std::uint32_t next = none;
  std::uint32_t previous = none;
  std::int32_t peg_offset = 0;
  PriceType price_type = PriceType::limit;
  bool hidden = false;         // Shows nothing.
  std::uint32_t random = 0;    // By how much a part shown anew may differ from `display`.
  bool rests = false;          // Of a stop that waits: it will have flag_rests.
  std::uint32_t trail = 0;     // Of a stop that waits: how far behind the market its price stays.
  OrderId partner = no_order;  // Goes where this one trades.
  Quantity executed{};         // Of this one, when it got its partner.

  // Of so much in the market, what everybody sees.
  [[nodiscard]] Quantity shown_of(Quantity open) const noexcept {
    if (hidden) return {};
    return display == Quantity{0} ? open : std::min(display, open);
  }
  [[nodiscard]] bool is_peg() const noexcept { return price_type != PriceType::limit; }
  // How often it will show anew, at the most.
  [[nodiscard]] std::int64_t parts() const noexcept {
    const std::int64_t smallest = display.value - std::int64_t{random};
    return reserve == Quantity{0} ? 0 : (reserve.value + smallest - 1) / smallest;
  }
};

// How many of what there is room for.
struct BookLimits {
  std::uint32_t orders_max = 0;
  std::uint32_t leaves_max = 0;
  std::uint32_t inners_max = 0;
  std::uint32_t instructed_max = 0;  // Orders with details; and protections of quotes.
  std::uint32_t expiries_max = limits::expiries_max;  // Of one Tick.
  std::uint32_t accounts_max = 0;                     // Whose firms are known.
  Nanos indicative_interval = limits::indicative_interval;

  // A reserve order is as many fills as it has parts: what all of them may show anew is bounded,
  // and so is what one command can tell.
  [[nodiscard]] constexpr std::int64_t parts_max() const noexcept {
    return std::int64_t{4} * instructed_max;
  }
};

class BookMemory {
 public:
  static constexpr std::uint32_t leaf_levels = 64;
  static constexpr std::uint32_t parked_max = 64;
  static constexpr std::uint32_t height_max = 5;  // Of inner nodes; a leaf's is 0.

  // A node of the tree above the leaves (levels.h). Its children are leaves where its height is 1,
  // of which some may be parked, and else inner nodes of any lower height. A set bit has a child,
  // and one of them holds orders.
  struct alignas(32) Inner {  // A size that takes no multiplication.
    std::uint64_t occupied = 0;
    std::int64_t first = 0;  // The lowest rank that it covers: 64 to the power of its height + 1.
    std::uint32_t height = 0;
    std::array<std::uint32_t, 64> child;

    Inner() noexcept { child.fill(none); }
  };

  BookMemory(const BookLimits& limits, Arena& arena);
  static std::size_t memory_bytes(const BookLimits& limits) noexcept;

  [[nodiscard]] std::uint32_t orders_max() const noexcept {
    return static_cast<std::uint32_t>(executed_.size());
  }
  [[nodiscard]] RestingOrder& order(std::uint32_t slot) noexcept { return orders_[slot]; }
  [[nodiscard]] const RestingOrder& order(std::uint32_t slot) const noexcept {
    return orders_[slot];
  }
  [[nodiscard]] Link link_of(std::uint32_t slot) const noexcept { return first_order_ + 2 * slot; }
  [[nodiscard]] std::uint32_t slot_at(Link link) const noexcept {
    return (link - first_order_) / 2;
  }
  // The order or level at a link. The caller knows which it is; a level's links come first.
  [[nodiscard]] Links& links(Link link) noexcept {
    return *reinterpret_cast<Links*>(units_ + link_bytes * link);
  }
  [[nodiscard]] const Links& links(Link link) const noexcept {
    return *reinterpret_cast<const Links*>(units_ + link_bytes * link);
  }
  [[nodiscard]] Level& level(Link link) noexcept { return levels_[link]; }
  [[nodiscard]] const Level& level(Link link) const noexcept { return levels_[link]; }

  // Of an order and those that it replaced, with what self-trade prevention took from it.
  [[nodiscard]] Quantity executed(std::uint32_t slot) const noexcept {
    return orders_[slot].has_executed() ? executed_[slot] : Quantity{0};
  }
  void add_executed(std::uint32_t slot, Quantity quantity) noexcept {
    executed_[slot] = executed(slot) + quantity;
    orders_[slot].mark_executed();
  }
  // What it may still trade, shown or not.
  [[nodiscard]] Quantity open(std::uint32_t slot) const noexcept {
    const RestingOrder& order = orders_[slot];
    const bool instructed = (order.flags() & flag_instructed) != 0;
    return instructed ? order.open() + details(slot).reserve : order.open();
  }

  // Of a `quantity` that goes from an order, the part that it showed: what it hides goes first.
  [[nodiscard]] Quantity shown_of(std::uint32_t slot, Quantity quantity) const noexcept {
    const std::uint16_t flags = orders_[slot].flags();
    if ((flags & flag_instructed) == 0) [[likely]]
      return quantity;
    if ((flags & flag_waiting) != 0 || details(slot).hidden) return {};
    return quantity - std::min(details(slot).reserve, quantity);
  }
  // Is it to show nothing, also where it waits and is not in the market yet?
  [[nodiscard]] bool is_hidden(std::uint32_t slot) const noexcept {
    return (orders_[slot].flags() & flag_instructed) != 0 && details(slot).hidden;
  }
  [[nodiscard]] bool hides(std::uint32_t slot) const noexcept {
    return is_hidden(slot) && (orders_[slot].flags() & flag_waiting) == 0;
  }

  // Details of the order in a slot, which has flag_instructed.
  [[nodiscard]] Details& details(std::uint32_t slot) noexcept { return details_[detail_of_[slot]]; }
  [[nodiscard]] const Details& details(std::uint32_t slot) const noexcept {
    return details_[detail_of_[slot]];
  }
  [[nodiscard]] bool has_room_for(const Details& wanted) const noexcept {
    const std::uint32_t count = 1 + static_cast<std::uint32_t>(needs_details(wanted.partner));
    return details_free_ >= details_withheld_ + count && parts_ + wanted.parts() <= parts_max_;
  }
  void take_details(std::uint32_t slot, const Details& value) noexcept {
    BASALT_ASSERT(details_free_ > 0);
    detail_of_[slot] = free_detail_[--details_free_];
    details(slot) = value;
    parts_ += value.parts();
    if (value.expiry != no_time) {
      expiries_.add({value.expiry, value.entered, value.instrument, slot, detail_of_[slot]});
    }
  }
  void give_details(std::uint32_t slot) noexcept {
    if (details(slot).partner != no_order) unpair(slot);
    parts_ -= details(slot).parts();
    expiries_.remove(detail_of_[slot]);
    free_detail_[details_free_++] = detail_of_[slot];
  }

  // Orders that have a partner, and those that are to be cancelled because theirs has traded. 0:
  // nobody need look for them.
  [[nodiscard]] std::uint32_t partners() const noexcept { return paired_ + to_cancel_count_; }
  [[nodiscard]] std::uint32_t paired() const noexcept { return paired_; }
  // `own` has details. The other is live, has no partner, and may have no details.
  void pair(OrderId own, OrderId other, InstrumentId instrument) noexcept;
  void unpair(std::uint32_t slot) noexcept;
  // Or no_order.
  [[nodiscard]] OrderId partner_of(std::uint32_t slot) const noexcept {
    const bool instructed = (orders_[slot].flags() & flag_instructed) != 0;
    return instructed ? details(slot).partner : no_order;
  }
  // An order that has a partner has traded.
  void give_up_partner(std::uint32_t slot) noexcept {
    const OrderId partner = details(slot).partner;
    unpair(slot);
    cancel_later(partner);
  }
  void cancel_later(OrderId order) noexcept {
    BASALT_ASSERT(to_cancel_count_ < to_cancel_.size());
    to_cancel_[to_cancel_count_++] = order;
  }
  // In the order in which they came. Some may be gone by now. Valid until the next cancel_later().
  [[nodiscard]] std::span<const OrderId> take_to_cancel() noexcept {
    return to_cancel_.first(std::exchange(to_cancel_count_, 0));
  }

  void lower_reserve(std::uint32_t slot, Quantity by) noexcept {
    parts_ -= details(slot).parts();
    details(slot).reserve -= by;
    parts_ += details(slot).parts();
  }
  [[nodiscard]] bool is_live(OrderId order) const noexcept {
    BASALT_ASSERT(slot_of(order) < executed_.size());
    // A free slot has generation 0, and so has no_order.
    return generation_of(order) != 0 && orders_[slot_of(order)].generation == generation_of(order);
  }
  // Do its neighbours point back at it? For audits.
  [[nodiscard]] bool is_linked(std::uint32_t slot) const noexcept {
    const Links& own = orders_[slot].links;
    return links(own.next).previous == link_of(slot) && links(own.previous).next == link_of(slot);
  }
  // Calls visit(slot, order) for each order of a level, oldest first.
  template <typename Visit>
  void each_order(const Level& level, Visit visit) const {
    const auto end = static_cast<Link>(&level - levels_);
    for (Link link = level.links.next; link != end; link = orders_[slot_at(link)].links.next) {
      visit(slot_at(link), orders_[slot_at(link)]);
    }
  }

  // Leaves and inner nodes: fresh ones are empty. The caller has looked for room before.
  [[nodiscard]] bool has_room(std::uint32_t inners_wanted) const noexcept {
    return leaves_room_ > 0 && inners_room_ >= static_cast<std::int32_t>(inners_wanted);
  }
  // From now on there is room for so many, of those that there is memory for.
  void set_room(std::uint32_t leaves, std::uint32_t inners, std::uint32_t instructed) noexcept {
    BASALT_ASSERT(leaves <= leaves_max());
    BASALT_ASSERT(inners <= inner_.size());
    BASALT_ASSERT(instructed <= details_.size());
    details_withheld_ = static_cast<std::uint32_t>(details_.size()) - instructed;
    parts_max_ = BookLimits{.instructed_max = instructed}.parts_max();
    guards_.set_room(instructed);
    leaves_room_ = static_cast<std::int32_t>(leaves - leaves_in_use());
    leaves_allowed_ = leaves;
    inners_room_ = static_cast<std::int32_t>(inners - inners_in_use());
  }
  // Hangs a leaf in an inner node, as its child `index`, which is none. It is parked.
  [[nodiscard]] std::uint32_t take_leaf(std::uint32_t inner, std::uint32_t index) noexcept;
  // Of the node of that height that covers a rank.
  [[nodiscard]] std::uint32_t take_inner(std::uint32_t height, std::int64_t rank) noexcept;
  void give_leaf(std::uint32_t leaf) noexcept;  // One that is parked.
  void give_inner(std::uint32_t inner) noexcept {
    free_inner_[inners_free_++] = inner;
    ++inners_room_;
  }

  // A level of a leaf that hangs holds orders now.
  void occupy(std::uint32_t leaf, std::uint32_t index) noexcept {
    std::uint64_t& occupied = leaf_[leaf].occupied;
    leaves_room_ -= static_cast<std::int32_t>(occupied == 0);
    occupied |= std::uint64_t{1} << index;
  }
  // No level of a leaf does any more. It stays where it hangs, until others are parked, or another
  // place needs it.
  void park(std::uint32_t leaf) noexcept;
  // The inner node that a leaf hangs in.
  [[nodiscard]] std::uint32_t inner_of(std::uint32_t leaf) const noexcept {
    return leaf_[leaf].place / leaf_levels;
  }

  // A set bit: the leaf's level of that index holds orders.
  [[nodiscard]] std::uint64_t& occupied(std::uint32_t leaf) noexcept {
    return leaf_[leaf].occupied;
  }
  [[nodiscard]] std::uint64_t occupied(std::uint32_t leaf) const noexcept {
    return leaf_[leaf].occupied;
  }
  [[nodiscard]] Inner& inner(std::uint32_t number) noexcept { return inner_[number]; }
  [[nodiscard]] const Inner& inner(std::uint32_t number) const noexcept { return inner_[number]; }

  [[nodiscard]] std::uint32_t leaves_in_use() const noexcept {
    return leaves_allowed_ - static_cast<std::uint32_t>(leaves_room_);
  }
  [[nodiscard]] std::uint32_t inners_in_use() const noexcept {
    return static_cast<std::uint32_t>(inner_.size()) - inners_free_;
  }
  [[nodiscard]] std::uint32_t details_in_use() const noexcept {
    return static_cast<std::uint32_t>(details_.size()) - details_free_;
  }
  [[nodiscard]] std::int64_t parts_in_use() const noexcept { return parts_; }
  void set_firm(AccountId account, FirmId firm) noexcept {
    BASALT_ASSERT(index_of(account) < firm_.size());
    firm_[index_of(account)] = firm;
  }
  [[nodiscard]] bool same_firm(AccountId a, AccountId b) const noexcept {
    return a == b || (firm_of(a) != no_firm && firm_of(a) == firm_of(b));
  }
  // Orders of its own that a command may lower yet, where it meets them.
  [[nodiscard]] std::uint32_t decrements_left(Sequence command) const noexcept {
    return limits::decrements_max - (command == lowering_ ? lowered_ : 0);
  }
  void count_decrement(Sequence command) noexcept {
    lowered_ = command == lowering_ ? lowered_ + 1 : 1;
    lowering_ = command;
  }
  [[nodiscard]] Nanos indicative_interval() const noexcept { return indicative_interval_; }
  [[nodiscard]] Guards& guards() noexcept { return guards_; }
  [[nodiscard]] const Guards& guards() const noexcept { return guards_; }
  [[nodiscard]] Expiries& expiries() noexcept { return expiries_; }
  [[nodiscard]] const Expiries& expiries() const noexcept { return expiries_; }

 private:
  struct alignas(link_bytes) Unit {
    std::array<std::byte, link_bytes> bytes{};
  };
  struct Leaf {
    std::uint64_t occupied = 0;
    std::uint32_t place = none;  // 64 times its inner node, and its index there; none: it is free.
    std::uint32_t ticket = 0;    // Where it is among the parked, if it is.
  };

  [[nodiscard]] std::uint32_t leaves_max() const noexcept {
    return static_cast<std::uint32_t>(leaf_.size());
  }
  [[nodiscard]] bool is_parked(std::uint32_t leaf) const noexcept {
    return leaf_[leaf].place != none && leaf_[leaf].occupied == 0;
  }
  [[nodiscard]] FirmId firm_of(AccountId account) const noexcept {
    return index_of(account) < firm_.size() ? firm_[index_of(account)] : no_firm;
  }
  // Would it need some, to have a partner?
  [[nodiscard]] bool needs_details(OrderId order) const noexcept {
    return order != no_order && is_live(order) &&
           (orders_[slot_of(order)].flags() & flag_instructed) == 0;
  }

  std::byte* const units_;  // Levels, then orders.
  Level* const levels_;
  const Link first_order_;
  RestingOrder* const orders_;
  const std::span<Quantity> executed_;  // By slot, where has_executed().
  const std::span<Leaf> leaf_;
  const std::span<Inner> inner_;
  const std::span<std::uint32_t> free_leaf_;  // Stacks: what was given last is still in cache.
  const std::span<std::uint32_t> free_inner_;
  // What the epoch still allows: free or parked leaves, and free inner nodes, less what it
  // withholds. Below 0 where it allows less than there is.
  std::int32_t leaves_room_ = 0;
  std::int32_t inners_room_ = 0;
  std::uint32_t leaves_allowed_ = 0;
  std::uint32_t leaves_free_ = 0;
  std::uint32_t inners_free_ = 0;
  // Every leaf that is parked, and others: a leaf that is occupied again stays among them. The one
  // that came first is the next to be replaced.
  std::array<std::uint32_t, parked_max> parked_;
  std::uint32_t parked_first_ = 0;
  const std::span<std::uint32_t> detail_of_;  // By slot.
  const std::span<Details> details_;
  const std::span<std::uint32_t> free_detail_;
  std::uint32_t details_free_ = 0;
  std::uint32_t details_withheld_ = 0;
  std::int64_t parts_ = 0;
  std::int64_t parts_max_;
  std::uint32_t paired_ = 0;
  std::uint32_t to_cancel_count_ = 0;
  const std::span<OrderId> to_cancel_;
  Guards guards_;                 // Of accounts whose quotes are protected.
  Expiries expiries_;             // Of orders whose details say so.
  const std::span<FirmId> firm_;  // By account.
  const Nanos indicative_interval_;
  Sequence lowering_ = 0;      // The latest command that has lowered orders of its own,
  std::uint32_t lowered_ = 0;  //   and how many.
};

}  // namespace basalt::matching

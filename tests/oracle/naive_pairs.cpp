// The judge's linked orders: each knows the other by its id.
#include <cstdint>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {

// The other is live.
bool NaiveBook::may_link(const Order& order) {
  if (!order.partner) return true;
  const Order& other = live_order(*order.partner);
  return other.account == order.account && !other.partner;
}

// An order that has come to rest, or waits: from now on the other knows it too, if it is still
// there.
void NaiveBook::link(Order& order) {
  if (!order.partner) return;
  if (is_live(*order.partner)) {
    live_order(*order.partner).partner = order.id;
  } else {
    order.partner.reset();
  }
}

// It trades: the other is to go, and this one stays for itself.
void NaiveBook::part(Order& order) {
  if (!order.partner) return;
  partners_.push_back(*order.partner);
  if (is_live(*order.partner)) live_order(*order.partner).partner.reset();
  order.partner.reset();
}

// They trade with each other.
void NaiveBook::part_both(Order& one, Order& other) {
  const bool each_other = one.partner == other.id;
  part(one);
  if (each_other) {
    partners_.push_back(one.id);
  } else {
    part(other);
  }
}

void NaiveBook::cancel_partners() {
  for (const std::uint32_t id : partners_) {
    if (!is_live(id)) continue;
    const Order order = remove(id);
    out_ << "canceled " << id << ' ' << order.open + order.reserve << " user\n";
  }
  partners_.clear();
}

}  // namespace basalt::oracle

#include "tools/load/feed_books.h"

#include "feedhandlers/market_data/itch50.h"

namespace basalt::load {
namespace {

constexpr std::size_t orders_expected = 1 << 17;

}  // namespace

FeedBooks::FeedBooks() : last_trade_(new std::atomic<std::uint32_t>[locates]()) {
  orders_.reserve(orders_expected);
}

void FeedBooks::apply(std::span<const std::byte> message) {
  const itch50::Decoded decoded = itch50::decode(message);
  if (decoded.error() == itch50::DecodeError::unknown_type) return;  // Not about books.
  if (decoded.error() != itch50::DecodeError::none) {
    ++impossible_;
    return;
  }
  const std::uint16_t locate = decoded.prefix().stock_locate;
  const auto add_from = [&](const auto& added) {
    const Side side = added.side == itch50::Side::buy ? Side::buy : Side::sell;
    add(added.order_reference, {added.price, added.shares, locate, side});
  };
  switch (decoded.type()) {
    case itch50::StockDirectory::type:
      touch(locate).symbol = decoded.as<itch50::StockDirectory>().stock.view();
      return;
    case itch50::AddOrder::type:
      return add_from(decoded.as<itch50::AddOrder>());
    case itch50::AddOrderMpid::type:
      return add_from(decoded.as<itch50::AddOrderMpid>());
    case itch50::OrderExecuted::type: {
      const auto& executed = decoded.as<itch50::OrderExecuted>();
      return execute(executed.order_reference, executed.shares, 0);
    }
    case itch50::OrderExecutedWithPrice::type: {
      const auto& executed = decoded.as<itch50::OrderExecutedWithPrice>();
      return execute(executed.order_reference, executed.shares, executed.price);
    }
    case itch50::Trade::type:
      last_trade_[locate].store(decoded.as<itch50::Trade>().price, std::memory_order_relaxed);
      return;
    case itch50::OrderCancel::type: {
      const auto& canceled = decoded.as<itch50::OrderCancel>();
      return take(canceled.order_reference, canceled.shares);
    }
    case itch50::OrderDelete::type: {
      const auto found = orders_.find(decoded.as<itch50::OrderDelete>().order_reference);
      if (found == orders_.end()) {
        ++impossible_;
        return;
      }
      return remove(found);
    }
    case itch50::OrderReplace::type: {
      const auto& replaced = decoded.as<itch50::OrderReplace>();
      return replace(replaced.original_reference, replaced.new_reference, replaced.price,
                     replaced.shares);
    }
    default:
      return;
  }
}

FeedBooks::Book& FeedBooks::touch(std::uint16_t locate) {
  if (locate >= books_.size()) books_.resize(locate + std::size_t{1});
  Book& book = books_[locate];
  if (!book.touched) {
    book.touched = true;
    touched_.push_back(locate);
  }
  return book;
}

void FeedBooks::add(std::uint64_t reference, const Order& order) {
  if (order.quantity == 0 || !orders_.try_emplace(reference, order).second) {
    ++impossible_;
    return;
  }
  Level& level = touch(order.locate).sides[static_cast<std::size_t>(order.side)][order.price];
  level.quantity += order.quantity;
  ++level.orders;
}

void FeedBooks::lower(Order& order, std::uint32_t quantity, bool gone) {
  Levels& levels = touch(order.locate).sides[static_cast<std::size_t>(order.side)];
  const auto level = levels.find(order.price);
  order.quantity -= quantity;
  level->second.quantity -= quantity;
  if (gone && --level->second.orders == 0) levels.erase(level);
}

void FeedBooks::take(std::uint64_t reference, std::uint32_t quantity) {
  const auto found = orders_.find(reference);
  if (found == orders_.end() || found->second.quantity < quantity) {
    ++impossible_;
  } else if (found->second.quantity == quantity) {
    remove(found);
  } else {
    lower(found->second, quantity, false);
  }
}

void FeedBooks::execute(std::uint64_t reference, std::uint32_t quantity, std::uint32_t price) {
  if (const auto found = orders_.find(reference); found != orders_.end()) {
    // Relaxed: a hint for whoever starts a flow.
    last_trade_[found->second.locate].store(price == 0 ? found->second.price : price,
                                            std::memory_order_relaxed);
  }
  take(reference, quantity);
}

void FeedBooks::remove(Orders::iterator order) {
  lower(order->second, order->second.quantity, true);
  orders_.erase(order);
}

void FeedBooks::replace(std::uint64_t original, std::uint64_t reference, std::uint32_t price,
                        std::uint32_t quantity) {
  const auto found = orders_.find(original);
  if (found == orders_.end()) {
    ++impossible_;
    return;
  }
  Order order = found->second;
  remove(found);
  order.price = price;
  order.quantity = quantity;
  add(reference, order);
}

const FeedBooks::Levels& FeedBooks::levels(std::uint16_t locate, Side side) const {
  static const Levels none;
  return locate < books_.size() ? books_[locate].sides[static_cast<std::size_t>(side)] : none;
}

std::string FeedBooks::symbol(std::uint16_t locate) const {
  return locate < books_.size() ? books_[locate].symbol : std::string{};
}

std::vector<std::uint16_t> FeedBooks::take_touched() {
  for (const std::uint16_t locate : touched_) books_[locate].touched = false;
  std::vector<std::uint16_t> result;
  result.swap(touched_);
  return result;
}

}  // namespace basalt::load

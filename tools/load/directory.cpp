#include "tools/load/directory.h"

#include "feedhandlers/market_data/itch50.h"

namespace basalt::load {

void Directory::take(std::span<const std::byte> message) {
  const itch50::Decoded decoded = itch50::decode(message);
  if (decoded.error() != itch50::DecodeError::none) return;
  switch (decoded.type()) {
    case itch50::StockDirectory::type: {
      Listing& listing = at(decoded.prefix().stock_locate);
      listing.listed = true;
      listing.symbol = decoded.as<itch50::StockDirectory>().stock;
      return;
    }
    case itch50::InstrumentScale::type: {
      const auto& scale = decoded.as<itch50::InstrumentScale>();
      Listing& listing = at(decoded.prefix().stock_locate);
      listing.price_tick = scale.price_tick;
      listing.price_max = scale.price_max;
      listing.quantity_max = scale.shares_max;
      listing.lot_decimals = scale.lot_decimals;
      return;
    }
    case itch50::TradingAction::type: {
      const auto state = decoded.as<itch50::TradingAction>().state.value();
      at(decoded.prefix().stock_locate).trading = state == itch50::TradingState::trading;
      return;
    }
    default:
      return;
  }
}

Listing& Directory::at(std::uint16_t locate) {
  if (locate >= listings_.size()) listings_.resize(locate + std::size_t{1});
  listings_[locate].locate = locate;
  return listings_[locate];
}

const Listing* Directory::find(std::string_view symbol) const {
  for (const Listing& listing : listings_) {
    if (listing.listed && listing.price_tick != 0 && listing.symbol.view() == symbol) {
      return &listing;
    }
  }
  return nullptr;
}

std::vector<Listing> Directory::trading() const {
  std::vector<Listing> result;
  for (const Listing& listing : listings_) {
    if (listing.listed && listing.trading && listing.price_tick != 0) result.push_back(listing);
  }
  return result;
}

}  // namespace basalt::load

#include "engine/gateway/order_decoder.h"

#include <limits>
#include <type_traits>
#include <utility>

#include "engine/gateway/admin_decoder.h"
#include "engine/gateway/order_options.h"
#include "feedhandlers/order_entry/ouch50.h"

namespace basalt::gateway {
namespace {

using namespace ouch50;  // Nearly every name here is one of its own.
static_assert(price_market == static_cast<std::uint64_t>(limits::wire_price_market));

void start(Command& command, CommandKind kind, SessionId session, Nanos received) noexcept {
  command = Command{};
  command.order.kind = kind;
  command.order.slots = 2;
  command.order.instrument = no_instrument;
  command.order.account = no_account;
  command.origin.session = session;
  command.origin.received = received;
}

// False: it is no whole number of ticks, or beyond what a price can be.
[[nodiscard]] bool to_ticks(std::uint64_t wire_price, const Instrument& instrument,
                            Price& price) noexcept {
  const std::uint64_t ticks = wire_price / instrument.wire_tick;
  if (wire_price % instrument.wire_tick != 0 ||
      ticks > static_cast<std::uint64_t>(limits::price_max.value)) {
    return false;
  }
  price = Price{static_cast<std::int64_t>(ticks)};
  return true;
}

// What the book is to know goes to it; a key alone does not.
void keep(Command& command, const Instructions& asked) noexcept {
  const bool linked = command.origin.original_user_ref_num != 0;
  const bool instructed = linked || asked.display > Quantity{0} || asked.random > 0 ||
                          asked.min_quantity > Quantity{0} || asked.stop != no_price ||
                          asked.trail > 0 || asked.expiry != no_time ||
                          asked.price_type != PriceType::limit;
  if (instructed) command.order.flags |= flag_instructed;
  if (instructed || asked.external_id != ExternalId{}) command.set(asked);
}

void take_display(Command& command, ouch50::Display display) noexcept {
  command.origin.display = static_cast<std::uint8_t>(display);
  switch (display) {
    case ouch50::Display::visible:
    case ouch50::Display::attributable:
      return;
    case ouch50::Display::hidden:
      command.order.flags |= flag_hidden;
      return;
    case ouch50::Display::conformant:
      break;
  }
  refuse(command, Reject::invalid_display);
}

void take_time_in_force(Command& command, ouch50::TimeInForce time_in_force) noexcept {
  switch (time_in_force) {
    case ouch50::TimeInForce::day:
      return;
    case ouch50::TimeInForce::immediate_or_cancel:
      command.order.time_in_force = basalt::TimeInForce::ioc;
      return;
    case ouch50::TimeInForce::good_till_time:
      command.order.time_in_force = basalt::TimeInForce::gtd;
      return;
    case ouch50::TimeInForce::extended_hours:
    case ouch50::TimeInForce::after_hours:
      break;
  }
  refuse(command, Reject::invalid_time_in_force);
}

// An order for a cross is for it alone, as an immediate-or-cancel order or as a day order.
void take_cross_type(Command& command, wire::Code<CrossType> cross) noexcept {
  if (cross == CrossType::continuous) return;
  if (command.order.time_in_force == basalt::TimeInForce::gtd) {
    return refuse(command, Reject::invalid_time_in_force);
  }
  if (cross == CrossType::opening) {
    command.order.time_in_force = basalt::TimeInForce::at_open;
  } else if (cross == CrossType::closing) {
    command.order.time_in_force = basalt::TimeInForce::at_close;
  } else if (cross == CrossType::halt) {
    command.order.time_in_force = basalt::TimeInForce::at_halt;
  } else {
    refuse(command, Reject::invalid_cross_type);
  }
}

// An order that lives until a time says when by one option: the venue's own, which a day order may
// have too, or OUCH's.
void take_expiry(Command& command, Asked& asked) noexcept {
  constexpr std::uint32_t day_s = 86'400;
  constexpr std::int64_t second_ns = 1'000'000'000;
  constexpr std::uint64_t last_ns = std::numeric_limits<std::int64_t>::max();
  Order& order = command.order;
  const bool till_time = order.time_in_force == basalt::TimeInForce::gtd;
  if (asked.time_to_live_s > 0) {
    if (!till_time || asked.wire_expiry > 0) return refuse(command, Reject::invalid_option);
    if (asked.time_to_live_s >= day_s) return refuse(command, Reject::invalid_expiry);
    asked.instructions.expiry = Nanos{second_ns * asked.time_to_live_s};
    order.flags |= flag_time_to_live;
  } else if (asked.wire_expiry > 0) {
    if (!till_time && order.time_in_force != basalt::TimeInForce::day) {
      return refuse(command, Reject::invalid_option);
    }
    if (asked.wire_expiry > last_ns) return refuse(command, Reject::invalid_expiry);
    asked.instructions.expiry = Nanos{static_cast<std::int64_t>(asked.wire_expiry)};
    order.time_in_force = basalt::TimeInForce::gtd;
  } else if (till_time) {
    refuse(command, Reject::invalid_expiry);
  }
}

// In ticks, away from the other side.
void take_peg_offset(Command& command, Asked& asked, const Instrument& instrument) noexcept {
  if (asked.wire_offset == 0) return;
  const std::int64_t offset = asked.wire_offset;
  const std::int64_t away = command.order.side == basalt::Side::buy ? -offset : offset;
  const std::int64_t ticks = away / instrument.wire_tick;
  const bool is_peg = asked.instructions.price_type != PriceType::limit;
  if (!is_peg || away < 0 || away % instrument.wire_tick != 0 ||
      ticks > std::numeric_limits<std::int32_t>::max()) {
    return refuse(command, Reject::invalid_peg);
  }
  asked.instructions.peg_offset = static_cast<std::int32_t>(ticks);
}

void take_prices(Command& command, std::uint64_t wire_price, Asked& asked,
                 const Instrument& instrument) noexcept {
  if (wire_price == price_market) {
    command.order.flags |= flag_market;
  } else if (!to_ticks(wire_price, instrument, command.order.price)) {
    refuse(command, Reject::invalid_price);
  }
  Price trail;
  if (!to_ticks(asked.wire_stop, instrument, asked.instructions.stop) ||
      !to_ticks(asked.wire_trail, instrument, trail) ||
      trail.value > std::numeric_limits<std::uint32_t>::max()) {
    return refuse(command, Reject::invalid_stop_price);
  }
  asked.instructions.trail = static_cast<std::uint32_t>(trail.value);
  take_peg_offset(command, asked, instrument);
}

// Only a post-only order slides.
void refuse_lone_slide(Command& command) noexcept {
  if ((command.order.flags & flag_slide) != 0 && (command.order.flags & flag_post_only) == 0) {
    refuse(command, Reject::invalid_option);
  }
}

void enter(const Inbound& message, const ReferenceData& reference, Command& command) noexcept {
  const auto& wire = message.as<EnterOrder>();
  Origin& origin = command.origin;
  origin.user_ref_num = wire.user_ref_num;
  origin.wire_time_in_force = static_cast<std::uint8_t>(wire.time_in_force.letter());
  origin.capacity = static_cast<std::uint8_t>(wire.capacity.letter());
  origin.intermarket_sweep = static_cast<std::uint8_t>(wire.intermarket_sweep.letter());
  origin.cross_type = static_cast<std::uint8_t>(wire.cross_type.letter());
  origin.client_order_id = wire.client_order_id.chars();

  take_side(command, wire.side);
  take_time_in_force(command, wire.time_in_force);
  take_display(command, wire.display);
  take_cross_type(command, wire.cross_type);
  command.order.quantity = Quantity{wire.quantity.value()};
  Asked asked;
  take_options(command, message, asked);
  take_expiry(command, asked);
  refuse_lone_slide(command);
  if ((command.order.flags & flag_rests) != 0 && wire.price != price_market) {
    refuse(command, Reject::invalid_option);
  }

  command.order.instrument = reference.find_instrument(wire.symbol.chars());
  // One that is unknown is refused by risk, in its order of checks.
  if (command.order.instrument != no_instrument) {
    take_prices(command, wire.price, asked, reference.instrument(command.order.instrument));
  }
  keep(command, asked.instructions);
}

// Each side is a day order that everybody sees, told with the letters of one.
void quote(const Inbound& message, const ReferenceData& reference, Command& command) noexcept {
  const auto& wire = message.as<ouch50::Quote>();
  Origin& origin = command.origin;
  origin.user_ref_num = wire.user_ref_num;
  origin.wire_time_in_force = static_cast<std::uint8_t>(ouch50::TimeInForce::day);
  origin.display = static_cast<std::uint8_t>(ouch50::Display::visible);
  origin.capacity = static_cast<std::uint8_t>(wire.capacity.letter());
  origin.intermarket_sweep = static_cast<std::uint8_t>(ouch50::YesNo::no);
  origin.cross_type = static_cast<std::uint8_t>(CrossType::continuous);
  origin.client_order_id = wire.client_order_id.chars();
  Asked none;
  take_options(command, message, none);
  refuse_lone_slide(command);

  basalt::Quote asked{};
  asked.bid.quantity = Quantity{wire.bid_quantity.value()};
  asked.offer.quantity = Quantity{wire.offer_quantity.value()};
  command.order.instrument = reference.find_instrument(wire.symbol.chars());
  if (command.order.instrument != no_instrument) {
    const Instrument& instrument = reference.instrument(command.order.instrument);
    const bool whole =
        (wire.bid_quantity == 0 || to_ticks(wire.bid_price, instrument, asked.bid.price)) &&
        (wire.offer_quantity == 0 || to_ticks(wire.offer_price, instrument, asked.offer.price));
    if (!whole) refuse(command, Reject::invalid_price);
  }
  command.set(asked);
}

void protect(const Inbound& message, const ReferenceData& reference, Command& command) noexcept {
  const auto& wire = message.as<ProtectQuote>();
  command.origin.user_ref_num = wire.user_ref_num;
  command.origin.client_order_id.fill(' ');  // A refusal of it echoes one.
  command.order.instrument = reference.find_instrument(wire.symbol.chars());
  Asked none;
  take_options(command, message, none);
  QuoteProtection wanted{};
  wanted.window = Nanos{std::int64_t{wire.window_ms.value()} * 1'000'000};
  wanted.quantity = Quantity{wire.quantity.value()};
  wanted.fills = wire.fills;
  wanted.delta = Quantity{wire.delta.value()};
  command.set(wanted);
}

// The instrument is the original order's, which only risk knows: the price is mapped there.
void replace(const Inbound& message, Command& command) noexcept {
  const auto& wire = message.as<ReplaceOrder>();
  Origin& origin = command.origin;
  origin.original_user_ref_num = wire.original_user_ref_num;
  origin.user_ref_num = wire.user_ref_num;
  origin.wire_time_in_force = static_cast<std::uint8_t>(wire.time_in_force.letter());
  origin.intermarket_sweep = static_cast<std::uint8_t>(wire.intermarket_sweep.letter());
  origin.client_order_id = wire.client_order_id.chars();
  // Only an order that rests can be replaced, and what it inherits is what it rests by.
  if (wire.time_in_force != ouch50::TimeInForce::day) {
    refuse(command, Reject::invalid_time_in_force);
  }
  take_display(command, wire.display);
  command.order.quantity = Quantity{wire.quantity.value()};
  if (wire.price > static_cast<std::uint64_t>(limits::price_max.value)) {
    refuse(command, Reject::invalid_price);
  } else {
    command.order.price = Price{static_cast<std::int64_t>(wire.price.value())};
    command.order.flags |= flag_wire_price;
  }
  Asked none;
  take_options(command, message, none);
}

// What a firm asks of all its orders at once: it can be its own only, by name or blank.
template <typename Message>
void of_firm(const Message& wire, const Inbound& message, const ReferenceData& reference,
             Command& command) noexcept {
  command.origin.user_ref_num = wire.user_ref_num;
  command.origin.client_order_id.fill(' ');  // A refusal of it echoes one.
  if (!wire.firm.blank()) {
    const FirmId own = reference.session(command.origin.session).firm;
    const bool is_own = reference.has(own) && reference.firm(own).name == wire.firm.chars();
    if (!is_own) refuse(command, Reject::account_not_permitted);
  }
  if constexpr (std::is_same_v<Message, MassCancel>) {
    if (!wire.symbol.blank()) {
      command.order.instrument = reference.find_instrument(wire.symbol.chars());
      if (command.order.instrument == no_instrument) refuse(command, Reject::unknown_instrument);
    }
  }
  Asked none;
  take_options(command, message, none);
  // The number that stands for no account here would widen the request to all of them.
  const bool names_one = message.appendage().find<wire::U32>(Tag::account) != nullptr;
  if (names_one && command.order.account == no_account) {
    refuse(command, Reject::account_not_permitted);
  }
}

}  // namespace

Intake decode_order(std::span<const std::byte> bytes, SessionId session, Nanos received,
                    const ReferenceData& reference, Command& out) noexcept {
  const Inbound message = decode_inbound(bytes);
  if (!has_fixed_part(message.error())) return Intake::malformed;
  switch (message.type()) {
    case EnterOrder::type:
      start(out, CommandKind::new_order, session, received);
      enter(message, reference, out);
      return Intake::command;
    case ReplaceOrder::type:
      start(out, CommandKind::replace, session, received);
      replace(message, out);
      return Intake::command;
    case CancelOrder::type: {
      if (message.error() != ouch50::DecodeError::none) return Intake::malformed;
      const auto& wire = message.as<CancelOrder>();
      const bool whole = wire.quantity == 0;
      start(out, whole ? CommandKind::cancel : CommandKind::reduce, session, received);
      out.origin.user_ref_num = wire.user_ref_num;
      out.order.quantity = Quantity{wire.quantity.value()};
      Asked none;
      take_options(out, message, none);
      return Intake::command;
    }
    case ouch50::Quote::type:
      start(out, CommandKind::quote, session, received);
      quote(message, reference, out);
      return Intake::command;
    case ProtectQuote::type:
      start(out, CommandKind::set_protection, session, received);
      protect(message, reference, out);
      return Intake::command;
    case MassCancel::type:
      start(out, CommandKind::mass_cancel, session, received);
      of_firm(message.as<MassCancel>(), message, reference, out);
      return Intake::command;
    case DisableOrderEntry::type:
      start(out, CommandKind::disable_entry, session, received);
      of_firm(message.as<DisableOrderEntry>(), message, reference, out);
      return Intake::command;
    case EnableOrderEntry::type:
      start(out, CommandKind::enable_entry, session, received);
      of_firm(message.as<EnableOrderEntry>(), message, reference, out);
      return Intake::command;
    case AccountQuery::type: {
      if (message.error() != ouch50::DecodeError::none) return Intake::malformed;
      start(out, CommandKind::account_query, session, received);
      Asked none;
      take_options(out, message, none);
      return Intake::command;
    }
    default:
      start(out, CommandKind{}, session, received);
      return decode_admin(message, reference, out) ? Intake::command : Intake::unsupported;
  }
}

}  // namespace basalt::gateway

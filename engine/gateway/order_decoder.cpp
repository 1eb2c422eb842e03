#include "engine/gateway/order_decoder.h"

#include <cstring>
#include <utility>

#include "engine/gateway/admin_decoder.h"
#include "feedhandlers/order_entry/ouch50.h"

namespace basalt::gateway {
namespace {

using namespace ouch50;  // Nearly every name here is one of its own.
static_assert(price_market == static_cast<std::uint64_t>(limits::wire_price_market));

void refuse(Command& command, basalt::Reject reason) noexcept {
  // The first fault found is the one that is told.
  if (command.order.verdict == Reject::none) command.order.verdict = reason;
}

void start(Command& command, CommandKind kind, SessionId session, Nanos received) noexcept {
  command = Command{};
  command.order.kind = kind;
  command.order.slots = 2;
  command.order.instrument = no_instrument;
  command.order.account = no_account;
  command.origin.session = session;
  command.origin.received = received;
}

void take_price(Command& command, std::uint64_t wire_price, const Instrument& instrument) noexcept {
  if (wire_price % instrument.wire_tick != 0) return refuse(command, Reject::invalid_price);
  const std::uint64_t ticks = wire_price / instrument.wire_tick;
  if (ticks > static_cast<std::uint64_t>(limits::price_max.value)) {
    return refuse(command, Reject::invalid_price);
  }
  command.order.price = Price{static_cast<std::int64_t>(ticks)};
}

// An option that is present but asks for nothing is as if it were absent.
bool asks_for_nothing(const Element& element) noexcept {
  const auto first = static_cast<char>(element.value[0]);
  switch (element.tag) {
    case ouch50::Tag::firm:
    case ouch50::Tag::customer_type:
    case ouch50::Tag::trade_now:
    case ouch50::Tag::handling:
    case ouch50::Tag::shares_located:
    case ouch50::Tag::locate_broker:
      return true;  // They route, label or locate: no rule of this venue depends on them.
    case ouch50::Tag::price_type:
    case ouch50::Tag::discretion_price_type:
      return first == 'L';
    case ouch50::Tag::min_quantity:
    case ouch50::Tag::max_floor:
    case ouch50::Tag::peg_offset:
    case ouch50::Tag::discretion_price:
    case ouch50::Tag::discretion_peg_offset:
    case ouch50::Tag::random_reserves:
    case ouch50::Tag::expire_time:
    case ouch50::Tag::group_id:
      for (const std::byte byte : element.value) {
        if (byte != std::byte{0}) return false;
      }
      return true;
    default:
      return false;
  }
}

void take_min_quantity(Command& command, std::uint32_t lots) noexcept {
  if (lots == 0) return;
  // OUCH has no fill-or-kill: it is immediate-or-cancel with all of it as the minimum.
  const bool whole = command.order.quantity.value == static_cast<std::int64_t>(lots);
  if (whole && command.order.time_in_force == basalt::TimeInForce::ioc) {
    command.order.time_in_force = basalt::TimeInForce::fok;
  } else {
    refuse(command, Reject::invalid_option);
  }
}

void take_options(Command& command, const Inbound& message) noexcept {
  if (message.error() != ouch50::DecodeError::none) {
    return refuse(command, Reject::invalid_option);
  }
  for (const Element element : message.appendage()) {
    const std::byte* value = element.value.data();
    switch (element.tag) {
      case ouch50::Tag::user_ref_index:
        command.origin.user_ref_index = static_cast<std::uint8_t>(*value);
        break;
      case ouch50::Tag::account:
        command.order.account = AccountId{wire::overlay<wire::U32>(value).value()};
        break;
      case ouch50::Tag::external_id: {
        ExternalId id;
        std::memcpy(id.bytes.data(), value, id.bytes.size());
        command.set(id);
        break;
      }
      case ouch50::Tag::post_only:
        if (static_cast<char>(*value) == 'P') command.order.flags |= flag_post_only;
        break;
      case ouch50::Tag::min_quantity:
        take_min_quantity(command, wire::overlay<wire::U32>(value));
        break;
      default:
        if (element.value.empty() || !asks_for_nothing(element)) {
          refuse(command, Reject::invalid_option);
        }
    }
  }
}

void take_side(Command& command, ouch50::Side side) noexcept {
  command.origin.wire_side = static_cast<std::uint8_t>(side);
  switch (side) {
    case ouch50::Side::buy:
      command.order.side = basalt::Side::buy;
      return;
    case ouch50::Side::sell:
    case ouch50::Side::sell_short:
    case ouch50::Side::sell_short_exempt:
      command.order.side = basalt::Side::sell;
      return;
  }
  refuse(command, Reject::invalid_side);
}

void take_display(Command& command, ouch50::Display display) noexcept {
  command.origin.display = static_cast<std::uint8_t>(display);
  if (display != ouch50::Display::visible && display != ouch50::Display::attributable) {
    refuse(command, Reject::invalid_display);
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
  if (wire.time_in_force == ouch50::TimeInForce::immediate_or_cancel) {
    command.order.time_in_force = basalt::TimeInForce::ioc;
  } else if (wire.time_in_force != ouch50::TimeInForce::day) {
    refuse(command, Reject::invalid_time_in_force);
  }
  take_display(command, wire.display);
  if (wire.cross_type != CrossType::continuous) refuse(command, Reject::invalid_cross_type);
  command.order.quantity = Quantity{wire.quantity.value()};
  take_options(command, message);

  command.order.instrument = reference.find_instrument(wire.symbol.chars());
  if (command.order.instrument == no_instrument)
    return;  // Risk refuses it, in its order of checks.
  if (wire.price == price_market) {
    command.order.flags |= flag_market;
  } else {
    take_price(command, wire.price, reference.instrument(command.order.instrument));
  }
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
  take_options(command, message);
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
      take_options(out, message);
      return Intake::command;
    }
    case AccountQuery::type:
      if (message.error() != ouch50::DecodeError::none) return Intake::malformed;
      start(out, CommandKind::account_query, session, received);
      take_options(out, message);
      return Intake::command;
    default:
      start(out, CommandKind{}, session, received);
      return decode_admin(message, reference, out) ? Intake::command : Intake::unsupported;
  }
}

}  // namespace basalt::gateway

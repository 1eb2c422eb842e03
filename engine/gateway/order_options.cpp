#include "engine/gateway/order_options.h"

#include <cstring>

namespace basalt::gateway {
namespace {

using namespace ouch50;  // Nearly every name here is one of its own.

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
    case ouch50::Tag::external_id:
      return true;  // They route, label or locate: no rule of this venue depends on them.
    case ouch50::Tag::price_type:
    case ouch50::Tag::discretion_price_type:
      return first == 'L';
    case ouch50::Tag::self_trade_prevention:
    case ouch50::Tag::slide:
    case ouch50::Tag::remainder:
      return first == ' ';
    case ouch50::Tag::min_quantity:
    case ouch50::Tag::max_floor:
    case ouch50::Tag::peg_offset:
    case ouch50::Tag::discretion_price:
    case ouch50::Tag::discretion_peg_offset:
    case ouch50::Tag::random_reserves:
    case ouch50::Tag::linked_to:
    case ouch50::Tag::expire_time:
    case ouch50::Tag::group_id:
    case ouch50::Tag::stop_price:
    case ouch50::Tag::trail:
    case ouch50::Tag::expiry:
      for (const std::byte byte : element.value) {
        if (byte != std::byte{0}) return false;
      }
      return true;
    default:
      return false;
  }
}

void take_min_quantity(Command& command, std::uint32_t lots, Instructions& asked) noexcept {
  // OUCH has no fill-or-kill: it is immediate-or-cancel with all of it as the minimum.
  const bool whole = command.order.quantity.value == static_cast<std::int64_t>(lots);
  if (lots > 0 && whole && command.order.time_in_force == basalt::TimeInForce::ioc) {
    command.order.time_in_force = basalt::TimeInForce::fok;
  } else {
    asked.min_quantity = Quantity{lots};
  }
}

// Upper case: of its account; lower case: of its firm.
void take_self_trade_prevention(Command& command, char letter) noexcept {
  SelfTradePrevention mode{};
  constexpr char lower_case = 'a' - 'A';
  const bool by_firm = letter >= 'a';
  switch (by_firm ? static_cast<char>(letter - lower_case) : letter) {
    case ' ':
      return;
    case 'N':
      mode = SelfTradePrevention::newest;
      break;
    case 'O':
      mode = SelfTradePrevention::oldest;
      break;
    case 'B':
      mode = SelfTradePrevention::both;
      break;
    case 'D':
      mode = SelfTradePrevention::decrement;
      break;
    default:
      return refuse(command, Reject::invalid_option);
  }
  command.order.flags |= flags_of(mode);
  if (by_firm) command.order.flags |= flag_by_firm;
}

void take_price_type(Command& command, char letter, Asked& asked) noexcept {
  switch (letter) {
    case 'L':
      return;
    case 'M':
      asked.instructions.price_type = PriceType::midpoint;
      return;
    case 'R':
      asked.instructions.price_type = PriceType::primary;
      return;
    default:
      return refuse(command, Reject::invalid_peg);
  }
}

// Of an order, or of both sides of a quote. False: it is another's option.
bool take_option_of_entry(Command& command, const Element& element) noexcept {
  const std::byte* value = element.value.data();
  switch (element.tag) {
    case ouch50::Tag::self_trade_prevention:
      take_self_trade_prevention(command, static_cast<char>(*value));
      return true;
    case ouch50::Tag::slide:
      if (static_cast<char>(*value) != 'S') return false;
      command.order.flags |= flag_slide;
      return true;
    case ouch50::Tag::group_id:
      command.origin.group = wire::overlay<wire::U16>(value);
      return true;
    default:
      return false;
  }
}

// False: it is another's option.
bool take_option_of_new(Command& command, const Element& element, Asked& asked) noexcept {
  const std::byte* value = element.value.data();
  switch (element.tag) {
    case ouch50::Tag::min_quantity:
      take_min_quantity(command, wire::overlay<wire::U32>(value), asked.instructions);
      return true;
    case ouch50::Tag::max_floor:
      asked.instructions.display = Quantity{wire::overlay<wire::U32>(value).value()};
      return true;
    case ouch50::Tag::random_reserves:
      asked.instructions.random = wire::overlay<wire::U32>(value);
      return true;
    case ouch50::Tag::remainder:
      if (static_cast<char>(*value) != 'R') return false;
      command.order.flags |= flag_rests;
      return true;
    case ouch50::Tag::linked_to:
      command.origin.original_user_ref_num = wire::overlay<wire::U32>(value);
      return true;
    case ouch50::Tag::stop_price:
      asked.wire_stop = wire::overlay<wire::U64>(value);
      return true;
    case ouch50::Tag::price_type:
      take_price_type(command, static_cast<char>(*value), asked);
      return true;
    case ouch50::Tag::peg_offset:
      asked.wire_offset = wire::overlay<wire::I32>(value).value();
      return true;
    case ouch50::Tag::trail:
      asked.wire_trail = wire::overlay<wire::U64>(value);
      return true;
    case ouch50::Tag::expiry:
      asked.wire_expiry = wire::overlay<wire::U64>(value);
      return true;
    case ouch50::Tag::expire_time:
      asked.time_to_live_s = wire::overlay<wire::U32>(value);
      return true;
    case ouch50::Tag::external_id:
      std::memcpy(asked.instructions.external_id.bytes.data(), value, external_id_bytes);
      return true;
    default:
      return take_option_of_entry(command, element);
  }
}

// False: it is another's option.
bool take_option_of_mass_cancel(Command& command, const Element& element) noexcept {
  const std::byte* value = element.value.data();
  switch (element.tag) {
    case ouch50::Tag::side: {
      const auto letter = static_cast<char>(*value);
      if (letter != ' ') take_side(command, ouch50::Side{letter});
      return true;
    }
    case ouch50::Tag::group_id:
      command.origin.group = wire::overlay<wire::U16>(value);
      return true;
    default:
      return false;
  }
}

}  // namespace

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

void take_options(Command& command, const Inbound& message, Asked& asked) noexcept {
  if (message.error() != ouch50::DecodeError::none) {
    return refuse(command, Reject::invalid_option);
  }
  for (const Element element : message.appendage()) {
    const std::byte* value = element.value.data();
    switch (element.tag) {
      case ouch50::Tag::user_ref_index:
        command.origin.user_ref_index = static_cast<std::uint8_t>(*value);
        continue;
      case ouch50::Tag::account:
        command.order.account = AccountId{wire::overlay<wire::U32>(value).value()};
        continue;
      case ouch50::Tag::post_only:
        if (static_cast<char>(*value) == 'P') command.order.flags |= flag_post_only;
        continue;
      default:
        break;
    }
    const bool is_new = command.order.kind == CommandKind::new_order;
    if (is_new && take_option_of_new(command, element, asked)) continue;
    const bool is_mass_cancel = command.order.kind == CommandKind::mass_cancel;
    if (is_mass_cancel && take_option_of_mass_cancel(command, element)) continue;
    const bool is_quote = command.order.kind == CommandKind::quote;
    if (is_quote && take_option_of_entry(command, element)) continue;
    if (element.value.empty() || !asks_for_nothing(element)) {
      refuse(command, Reject::invalid_option);
    }
  }
}

}  // namespace basalt::gateway

// Every wire message as the list of its fields, so that a test can walk any of them: fill it with
// random values, or take it apart and build it again field by field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

#include "feedhandlers/big_endian.h"
#include "feedhandlers/market_data/itch50.h"
#include "feedhandlers/order_entry/ouch50.h"

namespace basalt::wire_fields {

using Bytes = std::vector<std::byte>;

// The fields behind the type byte (OUCH) or the prefix (ITCH). Of a message that always has an
// appendage, its length is left out: it is not a value but follows from the options.
template <typename M>
inline constexpr auto fields = std::tuple<>{};

template <>
inline constexpr auto fields<ouch50::EnterOrder> =
    std::tuple{&ouch50::EnterOrder::user_ref_num,
               &ouch50::EnterOrder::side,
               &ouch50::EnterOrder::quantity,
               &ouch50::EnterOrder::symbol,
               &ouch50::EnterOrder::price,
               &ouch50::EnterOrder::time_in_force,
               &ouch50::EnterOrder::display,
               &ouch50::EnterOrder::capacity,
               &ouch50::EnterOrder::intermarket_sweep,
               &ouch50::EnterOrder::cross_type,
               &ouch50::EnterOrder::client_order_id};
template <>
inline constexpr auto fields<ouch50::ReplaceOrder> =
    std::tuple{&ouch50::ReplaceOrder::original_user_ref_num,
               &ouch50::ReplaceOrder::user_ref_num,
               &ouch50::ReplaceOrder::quantity,
               &ouch50::ReplaceOrder::price,
               &ouch50::ReplaceOrder::time_in_force,
               &ouch50::ReplaceOrder::display,
               &ouch50::ReplaceOrder::intermarket_sweep,
               &ouch50::ReplaceOrder::client_order_id};
template <>
inline constexpr auto fields<ouch50::CancelOrder> =
    std::tuple{&ouch50::CancelOrder::user_ref_num, &ouch50::CancelOrder::quantity};
template <>
inline constexpr auto fields<ouch50::ProtectQuote> =
    std::tuple{&ouch50::ProtectQuote::user_ref_num, &ouch50::ProtectQuote::symbol,
               &ouch50::ProtectQuote::window_ms,    &ouch50::ProtectQuote::quantity,
               &ouch50::ProtectQuote::fills,        &ouch50::ProtectQuote::delta};
template <>
inline constexpr auto fields<ouch50::ProtectionStateTold> =
    std::tuple{&ouch50::ProtectionStateTold::time, &ouch50::ProtectionStateTold::user_ref_num,
               &ouch50::ProtectionStateTold::symbol, &ouch50::ProtectionStateTold::state};
template <>
inline constexpr auto fields<ouch50::Quote> = std::tuple{
    &ouch50::Quote::user_ref_num, &ouch50::Quote::symbol,         &ouch50::Quote::bid_quantity,
    &ouch50::Quote::bid_price,    &ouch50::Quote::offer_quantity, &ouch50::Quote::offer_price,
    &ouch50::Quote::capacity,     &ouch50::Quote::client_order_id};
template <>
inline constexpr auto fields<ouch50::ModifyOrder> = std::tuple{
    &ouch50::ModifyOrder::user_ref_num, &ouch50::ModifyOrder::side, &ouch50::ModifyOrder::quantity};
template <>
inline constexpr auto fields<ouch50::MassCancel> = std::tuple{
    &ouch50::MassCancel::user_ref_num, &ouch50::MassCancel::firm, &ouch50::MassCancel::symbol};
template <>
inline constexpr auto fields<ouch50::DisableOrderEntry> =
    std::tuple{&ouch50::DisableOrderEntry::user_ref_num, &ouch50::DisableOrderEntry::firm};
template <>
inline constexpr auto fields<ouch50::EnableOrderEntry> =
    std::tuple{&ouch50::EnableOrderEntry::user_ref_num, &ouch50::EnableOrderEntry::firm};
template <>
inline constexpr auto fields<ouch50::SystemEvent> =
    std::tuple{&ouch50::SystemEvent::time, &ouch50::SystemEvent::event};
template <>
inline constexpr auto fields<ouch50::Accepted> = std::tuple{&ouch50::Accepted::time,
                                                            &ouch50::Accepted::user_ref_num,
                                                            &ouch50::Accepted::side,
                                                            &ouch50::Accepted::quantity,
                                                            &ouch50::Accepted::symbol,
                                                            &ouch50::Accepted::price,
                                                            &ouch50::Accepted::time_in_force,
                                                            &ouch50::Accepted::display,
                                                            &ouch50::Accepted::order_reference,
                                                            &ouch50::Accepted::capacity,
                                                            &ouch50::Accepted::intermarket_sweep,
                                                            &ouch50::Accepted::cross_type,
                                                            &ouch50::Accepted::order_state,
                                                            &ouch50::Accepted::client_order_id};
template <>
inline constexpr auto fields<ouch50::Replaced> =
    std::tuple{&ouch50::Replaced::time,           &ouch50::Replaced::original_user_ref_num,
               &ouch50::Replaced::user_ref_num,   &ouch50::Replaced::side,
               &ouch50::Replaced::quantity,       &ouch50::Replaced::symbol,
               &ouch50::Replaced::price,          &ouch50::Replaced::time_in_force,
               &ouch50::Replaced::display,        &ouch50::Replaced::order_reference,
               &ouch50::Replaced::capacity,       &ouch50::Replaced::intermarket_sweep,
               &ouch50::Replaced::cross_type,     &ouch50::Replaced::order_state,
               &ouch50::Replaced::client_order_id};
template <>
inline constexpr auto fields<ouch50::Canceled> =
    std::tuple{&ouch50::Canceled::time, &ouch50::Canceled::user_ref_num,
               &ouch50::Canceled::quantity, &ouch50::Canceled::reason};
template <>
inline constexpr auto fields<ouch50::AiqCanceled> =
    std::tuple{&ouch50::AiqCanceled::time,
               &ouch50::AiqCanceled::user_ref_num,
               &ouch50::AiqCanceled::decrement,
               &ouch50::AiqCanceled::reason,
               &ouch50::AiqCanceled::quantity_prevented,
               &ouch50::AiqCanceled::execution_price,
               &ouch50::AiqCanceled::liquidity,
               &ouch50::AiqCanceled::strategy};
template <>
inline constexpr auto fields<ouch50::Executed> = std::tuple{
    &ouch50::Executed::time,  &ouch50::Executed::user_ref_num, &ouch50::Executed::quantity,
    &ouch50::Executed::price, &ouch50::Executed::liquidity,    &ouch50::Executed::match_number};
template <>
inline constexpr auto fields<ouch50::BrokenTrade> =
    std::tuple{&ouch50::BrokenTrade::time, &ouch50::BrokenTrade::user_ref_num,
               &ouch50::BrokenTrade::match_number, &ouch50::BrokenTrade::reason,
               &ouch50::BrokenTrade::client_order_id};
template <>
inline constexpr auto fields<ouch50::Rejected> =
    std::tuple{&ouch50::Rejected::time, &ouch50::Rejected::user_ref_num, &ouch50::Rejected::reason,
               &ouch50::Rejected::client_order_id};
template <>
inline constexpr auto fields<ouch50::CancelPending> =
    std::tuple{&ouch50::CancelPending::time, &ouch50::CancelPending::user_ref_num};
template <>
inline constexpr auto fields<ouch50::CancelReject> =
    std::tuple{&ouch50::CancelReject::time, &ouch50::CancelReject::user_ref_num};
template <>
inline constexpr auto fields<ouch50::PriorityUpdate> =
    std::tuple{&ouch50::PriorityUpdate::time, &ouch50::PriorityUpdate::user_ref_num,
               &ouch50::PriorityUpdate::price, &ouch50::PriorityUpdate::display,
               &ouch50::PriorityUpdate::order_reference};
template <>
inline constexpr auto fields<ouch50::OrderModified> =
    std::tuple{&ouch50::OrderModified::time, &ouch50::OrderModified::user_ref_num,
               &ouch50::OrderModified::side, &ouch50::OrderModified::quantity};
template <>
inline constexpr auto fields<ouch50::OrderRestated> =
    std::tuple{&ouch50::OrderRestated::time, &ouch50::OrderRestated::user_ref_num,
               &ouch50::OrderRestated::reason};
template <>
inline constexpr auto fields<ouch50::MassCancelResponse> =
    std::tuple{&ouch50::MassCancelResponse::time, &ouch50::MassCancelResponse::user_ref_num,
               &ouch50::MassCancelResponse::firm, &ouch50::MassCancelResponse::symbol};
template <>
inline constexpr auto fields<ouch50::DisableResponse> =
    std::tuple{&ouch50::DisableResponse::time, &ouch50::DisableResponse::user_ref_num,
               &ouch50::DisableResponse::firm};
template <>
inline constexpr auto fields<ouch50::EnableResponse> =
    std::tuple{&ouch50::EnableResponse::time, &ouch50::EnableResponse::user_ref_num,
               &ouch50::EnableResponse::firm};
template <>
inline constexpr auto fields<ouch50::AccountQueryResponse> = std::tuple{
    &ouch50::AccountQueryResponse::time, &ouch50::AccountQueryResponse::next_user_ref_num};
template <>
inline constexpr auto fields<ouch50::Deposit> =
    std::tuple{&ouch50::Deposit::user_ref_num, &ouch50::Deposit::external_id,
               &ouch50::Deposit::account, &ouch50::Deposit::asset, &ouch50::Deposit::amount};
template <>
inline constexpr auto fields<ouch50::Withdraw> =
    std::tuple{&ouch50::Withdraw::user_ref_num, &ouch50::Withdraw::external_id,
               &ouch50::Withdraw::account, &ouch50::Withdraw::asset, &ouch50::Withdraw::amount};
template <>
inline constexpr auto fields<ouch50::SetFees> =
    std::tuple{&ouch50::SetFees::user_ref_num, &ouch50::SetFees::external_id,
               &ouch50::SetFees::symbol, &ouch50::SetFees::maker_ppm, &ouch50::SetFees::taker_ppm};
template <>
inline constexpr auto fields<ouch50::SetInstrumentState> =
    std::tuple{&ouch50::SetInstrumentState::user_ref_num, &ouch50::SetInstrumentState::external_id,
               &ouch50::SetInstrumentState::symbol, &ouch50::SetInstrumentState::state};
template <>
inline constexpr auto fields<ouch50::SetAccountState> =
    std::tuple{&ouch50::SetAccountState::user_ref_num, &ouch50::SetAccountState::external_id,
               &ouch50::SetAccountState::account, &ouch50::SetAccountState::status};
template <>
inline constexpr auto fields<ouch50::SetLimit> = std::tuple{
    &ouch50::SetLimit::user_ref_num, &ouch50::SetLimit::external_id, &ouch50::SetLimit::limit,
    &ouch50::SetLimit::account,      &ouch50::SetLimit::symbol,      &ouch50::SetLimit::value};
template <>
inline constexpr auto fields<ouch50::TellMarketEvent> =
    std::tuple{&ouch50::TellMarketEvent::user_ref_num, &ouch50::TellMarketEvent::external_id,
               &ouch50::TellMarketEvent::event};
template <>
inline constexpr auto fields<ouch50::HaltMarket> = std::tuple{
    &ouch50::HaltMarket::user_ref_num, &ouch50::HaltMarket::external_id, &ouch50::HaltMarket::level,
    &ouch50::HaltMarket::halt_seconds, &ouch50::HaltMarket::auction_seconds};
template <>
inline constexpr auto fields<ouch50::SetHaltLevels> =
    std::tuple{&ouch50::SetHaltLevels::user_ref_num, &ouch50::SetHaltLevels::external_id,
               &ouch50::SetHaltLevels::level_1, &ouch50::SetHaltLevels::level_2,
               &ouch50::SetHaltLevels::level_3};
template <>
inline constexpr auto fields<ouch50::CancelOrders> = std::tuple{
    &ouch50::CancelOrders::user_ref_num, &ouch50::CancelOrders::external_id,
    &ouch50::CancelOrders::account, &ouch50::CancelOrders::symbol, &ouch50::CancelOrders::side};
template <>
inline constexpr auto fields<ouch50::AdminResponse> =
    std::tuple{&ouch50::AdminResponse::time, &ouch50::AdminResponse::user_ref_num,
               &ouch50::AdminResponse::external_id, &ouch50::AdminResponse::reason};
template <>
inline constexpr auto fields<itch50::SystemEvent> = std::tuple{&itch50::SystemEvent::event};
template <>
inline constexpr auto fields<itch50::StockDirectory> =
    std::tuple{&itch50::StockDirectory::stock,
               &itch50::StockDirectory::market_category,
               &itch50::StockDirectory::financial_status,
               &itch50::StockDirectory::round_lot_size,
               &itch50::StockDirectory::round_lots_only,
               &itch50::StockDirectory::issue_classification,
               &itch50::StockDirectory::issue_subtype,
               &itch50::StockDirectory::authenticity,
               &itch50::StockDirectory::short_sale_threshold,
               &itch50::StockDirectory::ipo_flag,
               &itch50::StockDirectory::luld_tier,
               &itch50::StockDirectory::etp_flag,
               &itch50::StockDirectory::etp_leverage,
               &itch50::StockDirectory::inverse};
template <>
inline constexpr auto fields<itch50::TradingAction> =
    std::tuple{&itch50::TradingAction::stock, &itch50::TradingAction::state,
               &itch50::TradingAction::reserved, &itch50::TradingAction::reason};
template <>
inline constexpr auto fields<itch50::RegSho> =
    std::tuple{&itch50::RegSho::stock, &itch50::RegSho::action};
template <>
inline constexpr auto fields<itch50::ParticipantPosition> =
    std::tuple{&itch50::ParticipantPosition::mpid, &itch50::ParticipantPosition::stock,
               &itch50::ParticipantPosition::primary, &itch50::ParticipantPosition::mode,
               &itch50::ParticipantPosition::state};
template <>
inline constexpr auto fields<itch50::MwcbLevels> = std::tuple{
    &itch50::MwcbLevels::level_1, &itch50::MwcbLevels::level_2, &itch50::MwcbLevels::level_3};
template <>
inline constexpr auto fields<itch50::MwcbStatus> = std::tuple{&itch50::MwcbStatus::breached_level};
template <>
inline constexpr auto fields<itch50::QuotingPeriod> =
    std::tuple{&itch50::QuotingPeriod::stock, &itch50::QuotingPeriod::release_time_seconds,
               &itch50::QuotingPeriod::qualifier, &itch50::QuotingPeriod::price};
template <>
inline constexpr auto fields<itch50::LuldAuctionCollar> =
    std::tuple{&itch50::LuldAuctionCollar::stock, &itch50::LuldAuctionCollar::reference_price,
               &itch50::LuldAuctionCollar::upper_price, &itch50::LuldAuctionCollar::lower_price,
               &itch50::LuldAuctionCollar::extension};
template <>
inline constexpr auto fields<itch50::OperationalHalt> =
    std::tuple{&itch50::OperationalHalt::stock, &itch50::OperationalHalt::market,
               &itch50::OperationalHalt::action};
template <>
inline constexpr auto fields<itch50::AddOrder> =
    std::tuple{&itch50::AddOrder::order_reference, &itch50::AddOrder::side,
               &itch50::AddOrder::shares, &itch50::AddOrder::stock, &itch50::AddOrder::price};
template <>
inline constexpr auto fields<itch50::AddOrderMpid> =
    std::tuple{&itch50::AddOrderMpid::order_reference, &itch50::AddOrderMpid::side,
               &itch50::AddOrderMpid::shares,          &itch50::AddOrderMpid::stock,
               &itch50::AddOrderMpid::price,           &itch50::AddOrderMpid::attribution};
template <>
inline constexpr auto fields<itch50::OrderExecuted> =
    std::tuple{&itch50::OrderExecuted::order_reference, &itch50::OrderExecuted::shares,
               &itch50::OrderExecuted::match_number};
template <>
inline constexpr auto fields<itch50::OrderExecutedWithPrice> = std::tuple{
    &itch50::OrderExecutedWithPrice::order_reference, &itch50::OrderExecutedWithPrice::shares,
    &itch50::OrderExecutedWithPrice::match_number, &itch50::OrderExecutedWithPrice::printable,
    &itch50::OrderExecutedWithPrice::price};
template <>
inline constexpr auto fields<itch50::OrderCancel> =
    std::tuple{&itch50::OrderCancel::order_reference, &itch50::OrderCancel::shares};
template <>
inline constexpr auto fields<itch50::OrderDelete> =
    std::tuple{&itch50::OrderDelete::order_reference};
template <>
inline constexpr auto fields<itch50::OrderReplace> =
    std::tuple{&itch50::OrderReplace::original_reference, &itch50::OrderReplace::new_reference,
               &itch50::OrderReplace::shares, &itch50::OrderReplace::price};
template <>
inline constexpr auto fields<itch50::Trade> = std::tuple{
    &itch50::Trade::order_reference, &itch50::Trade::side,  &itch50::Trade::shares,
    &itch50::Trade::stock,           &itch50::Trade::price, &itch50::Trade::match_number};
template <>
inline constexpr auto fields<itch50::CrossTrade> =
    std::tuple{&itch50::CrossTrade::shares, &itch50::CrossTrade::stock, &itch50::CrossTrade::price,
               &itch50::CrossTrade::match_number, &itch50::CrossTrade::cross_type};
template <>
inline constexpr auto fields<itch50::BrokenTrade> = std::tuple{&itch50::BrokenTrade::match_number};
template <>
inline constexpr auto fields<itch50::NetOrderImbalance> = std::tuple{
    &itch50::NetOrderImbalance::paired_shares,   &itch50::NetOrderImbalance::imbalance_shares,
    &itch50::NetOrderImbalance::direction,       &itch50::NetOrderImbalance::stock,
    &itch50::NetOrderImbalance::far_price,       &itch50::NetOrderImbalance::near_price,
    &itch50::NetOrderImbalance::reference_price, &itch50::NetOrderImbalance::cross_type,
    &itch50::NetOrderImbalance::price_variation};
template <>
inline constexpr auto fields<itch50::RetailInterest> =
    std::tuple{&itch50::RetailInterest::stock, &itch50::RetailInterest::interest};
template <>
inline constexpr auto fields<itch50::DlcrPriceDiscovery> = std::tuple{
    &itch50::DlcrPriceDiscovery::stock,        &itch50::DlcrPriceDiscovery::eligible,
    &itch50::DlcrPriceDiscovery::price_min,    &itch50::DlcrPriceDiscovery::price_max,
    &itch50::DlcrPriceDiscovery::near_price,   &itch50::DlcrPriceDiscovery::near_time,
    &itch50::DlcrPriceDiscovery::collar_lower, &itch50::DlcrPriceDiscovery::collar_upper};
template <>
inline constexpr auto fields<itch50::InstrumentScale> =
    std::tuple{&itch50::InstrumentScale::stock,      &itch50::InstrumentScale::price_decimals,
               &itch50::InstrumentScale::price_tick, &itch50::InstrumentScale::lot_decimals,
               &itch50::InstrumentScale::lot,        &itch50::InstrumentScale::price_max,
               &itch50::InstrumentScale::shares_max};
template <>
inline constexpr auto fields<itch50::PriceBands> =
    std::tuple{&itch50::PriceBands::stock, &itch50::PriceBands::reference_price,
               &itch50::PriceBands::upper_price, &itch50::PriceBands::lower_price,
               &itch50::PriceBands::limit_state};

template <typename... M>
struct Messages {};
using OuchInbound =
    Messages<ouch50::EnterOrder, ouch50::ReplaceOrder, ouch50::CancelOrder, ouch50::ModifyOrder,
             ouch50::MassCancel, ouch50::DisableOrderEntry, ouch50::EnableOrderEntry,
             ouch50::AccountQuery, ouch50::Quote, ouch50::ProtectQuote, ouch50::Deposit,
             ouch50::Withdraw, ouch50::SetFees, ouch50::SetInstrumentState, ouch50::SetAccountState,
             ouch50::SetLimit, ouch50::TellMarketEvent, ouch50::CancelOrders, ouch50::HaltMarket,
             ouch50::SetHaltLevels>;
using OuchOutbound =
    Messages<ouch50::SystemEvent, ouch50::Accepted, ouch50::Replaced, ouch50::Canceled,
             ouch50::AiqCanceled, ouch50::Executed, ouch50::BrokenTrade, ouch50::Rejected,
             ouch50::CancelPending, ouch50::CancelReject, ouch50::PriorityUpdate,
             ouch50::OrderModified, ouch50::OrderRestated, ouch50::MassCancelResponse,
             ouch50::DisableResponse, ouch50::EnableResponse, ouch50::AccountQueryResponse,
             ouch50::AdminResponse, ouch50::ProtectionStateTold>;
using Itch = Messages<itch50::SystemEvent, itch50::StockDirectory, itch50::TradingAction,
                      itch50::RegSho, itch50::ParticipantPosition, itch50::MwcbLevels,
                      itch50::MwcbStatus, itch50::QuotingPeriod, itch50::LuldAuctionCollar,
                      itch50::OperationalHalt, itch50::AddOrder, itch50::AddOrderMpid,
                      itch50::OrderExecuted, itch50::OrderExecutedWithPrice, itch50::OrderCancel,
                      itch50::OrderDelete, itch50::OrderReplace, itch50::Trade, itch50::CrossTrade,
                      itch50::BrokenTrade, itch50::NetOrderImbalance, itch50::RetailInterest,
                      itch50::DlcrPriceDiscovery, itch50::InstrumentScale, itch50::PriceBands>;

// Calls visit.operator()<M>() for the message with this type byte; false: there is none.
template <typename... M, typename Visit>
bool with_type(Messages<M...>, char type, Visit&& visit) {
  return ((M::type == type && (visit.template operator()<M>(), true)) || ...);
}
template <typename... M, typename Visit>
void for_each_message(Messages<M...>, Visit&& visit) {
  (visit.template operator()<M>(), ...);
}
template <typename M, typename Visit>
void for_each_field(Visit&& visit) {
  std::apply([&visit](auto... field) { (visit(field), ...); }, fields<M>);
}

// Reads a field as a value, and writes the value as a field.
template <typename T>
void copy_by_value(const T& from, T& to) {
  if constexpr (requires { from.value(); }) {
    to = from.value();
  } else if constexpr (requires { from.view(); }) {
    if (!to.assign(from.view())) __builtin_trap();  // It came out of a field of this size.
  } else {
    to = from;
  }
}

inline Bytes to_bytes(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

template <typename M>
std::size_t fields_bytes() {
  std::size_t sum = 0;
  for_each_field<M>([&sum](auto field) { sum += sizeof(std::declval<M>().*field); });
  return sum;
}

// Takes a decoded message apart, and builds it again with the encoder.
template <typename M, ouch50::Direction direction>
Bytes rebuilt(const ouch50::Decoded<direction>& decoded) {
  Bytes out(decoded.bytes().size());
  ouch50::Encoder<M> encoder(out);
  if (!encoder) return {};
  for_each_field<M>(
      [&](auto field) { copy_by_value(decoded.template as<M>().*field, (*encoder).*field); });
  if constexpr (M::tail == ouch50::Tail::optional) {
    if (decoded.bytes().size() > sizeof(M) && !encoder.add_empty_tail()) return {};
  }
  if constexpr (M::tail != ouch50::Tail::none) {
    for (const ouch50::Element element : decoded.appendage()) {
      if (!encoder.add(element.tag, element.value)) return {};
    }
  }
  out.resize(encoder.size_bytes());
  return out;
}
inline Bytes rebuilt(const ouch50::Inbound& decoded) {
  Bytes out;
  with_type(OuchInbound{}, decoded.type(), [&]<typename M>() { out = rebuilt<M>(decoded); });
  return out;
}
inline Bytes rebuilt(const ouch50::Outbound& decoded) {
  Bytes out;
  with_type(OuchOutbound{}, decoded.type(), [&]<typename M>() { out = rebuilt<M>(decoded); });
  return out;
}
inline Bytes rebuilt(const itch50::Decoded& decoded) {
  Bytes out;
  with_type(Itch{}, decoded.type(), [&]<typename M>() {
    const M& from = decoded.as<M>();
    out.resize(sizeof(M));
    M* const to = wire::emplace<M>(out);
    copy_by_value(from.prefix.stock_locate, to->prefix.stock_locate);
    copy_by_value(from.prefix.tracking_number, to->prefix.tracking_number);
    copy_by_value(from.prefix.time, to->prefix.time);
    for_each_field<M>([&](auto field) { copy_by_value(from.*field, to->*field); });
  });
  return out;
}

}  // namespace basalt::wire_fields

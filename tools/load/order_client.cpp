#include "tools/load/order_client.h"

#include <algorithm>

#include "feedhandlers/order_entry/ouch50.h"

namespace basalt::load {

using namespace ouch50;  // Nearly every name here is one of its own.

OrderClient::OrderClient(const OrderClientSettings& settings, LoadCounts& counts)
    : settings_(settings),
      counts_(counts),
      window_(std::min(settings.window, pending_max / 2)),
      pending_(pending_max) {}

bool OrderClient::ready() {
  if (next_ref_ != 0) return true;
  if (probes_.empty() || now_ - last_probe_ > nudge_after) send_probe();
  return false;
}

bool OrderClient::send(const Action& action, Nanos planned) {
  if (window_.probe_due() && !send_probe()) return false;
  if (!window_.open()) return false;
  bool sent = false;
  switch (action.kind) {
    case ActionKind::enter:
      sent = send_enter(action, planned);
      break;
    case ActionKind::replace:
      sent = send_replace(action, planned);
      break;
    case ActionKind::reduce:
    case ActionKind::cancel:
      sent = send_cancel(action);
      break;
  }
  if (!sent) return false;
  last_sent_ = now_;
  last_message_ = window_.sent_count();
  return true;
}

bool OrderClient::send_enter(const Action& action, Nanos planned) {
  std::array<std::byte, 64> room;
  Encoder<EnterOrder> enter(room);
  enter->user_ref_num = next_ref_;
  enter->side = action.side == basalt::Side::buy ? ouch50::Side::buy : ouch50::Side::sell;
  enter->quantity = action.quantity;
  enter->symbol = action.symbol;
  enter->price = action.price;
  enter->time_in_force =
      action.ioc ? ouch50::TimeInForce::immediate_or_cancel : ouch50::TimeInForce::day;
  enter->display = Display::visible;
  enter->capacity = Capacity::principal;
  enter->intermarket_sweep = YesNo::no;
  enter->cross_type = CrossType::continuous;
  const wire::U32 account = settings_.accounts[action.aggressive ? 1 : 0];
  static_cast<void>(enter.add(Tag::account, account));  // There is room.
  if (!session_->send(std::span(room).first(enter.size_bytes()))) return false;
  if (!action.ioc) ref_of_order_[action.order] = next_ref_;
  await(Awaited::enter, planned, window_.sent(true));
  counts_.orders_sent.add(1);
  return true;
}

bool OrderClient::send_replace(const Action& action, Nanos planned) {
  const auto found = ref_of_order_.find(action.order);
  if (found == ref_of_order_.end()) return true;  // The flow's order never entered.
  std::array<std::byte, 64> room;
  Encoder<ReplaceOrder> replace(room);
  replace->original_user_ref_num = found->second;
  replace->user_ref_num = next_ref_;
  replace->quantity = action.quantity;
  replace->price = action.price;
  replace->time_in_force = ouch50::TimeInForce::day;
  replace->display = Display::visible;
  replace->intermarket_sweep = YesNo::no;
  if (!session_->send(std::span(room).first(replace.size_bytes()))) return false;
  found->second = next_ref_;
  await(Awaited::replace, planned, window_.sent(false));
  counts_.replaces.add(1);
  return true;
}

bool OrderClient::send_cancel(const Action& action) {
  const auto found = ref_of_order_.find(action.order);
  if (found == ref_of_order_.end()) return true;
  CancelOrder cancel;
  cancel.user_ref_num = found->second;
  cancel.quantity = action.kind == ActionKind::cancel ? 0 : action.quantity;
  if (!session_->send(std::as_bytes(std::span(&cancel, 1)))) return false;
  if (action.kind == ActionKind::cancel) ref_of_order_.erase(found);
  window_.sent(false);
  counts_.cancels.add(1);
  return true;
}

bool OrderClient::send_probe() {
  const AccountQuery query;
  if (!session_->send(std::as_bytes(std::span(&query, 1)))) return false;
  probes_.push_back({window_.sent(true), last_message_, next_ref_});
  last_probe_ = now_;
  counts_.probes.add(1);
  return true;
}

void OrderClient::nudge() {
  if (settled()) return;
  const Nanos quiet_since = std::max({last_answer_, last_probe_, last_sent_});
  if (now_ - quiet_since > nudge_after) send_probe();
}

void OrderClient::await(Awaited what, Nanos planned, std::uint64_t number) {
  Pending& pending = pending_[next_ref_ % pending_max];
  if (pending.awaited == Awaited::enter) counts_.orders_written_off.add(1);
  if (what == Awaited::enter) ++unanswered_;
  pending = {what, next_ref_, number, planned};
  ++next_ref_;
}

OrderClient::Pending* OrderClient::answered(std::uint32_t user_ref) {
  Pending& pending = pending_[user_ref % pending_max];
  if (pending.awaited == Awaited::nothing || pending.user_ref != user_ref) return nullptr;
  window_.processed(pending.number);
  return &pending;
}

void OrderClient::on_answered_enter(const Pending& pending) {
  --unanswered_;
  const std::int64_t took = std::max<std::int64_t>((now_ - pending.planned).value, 0);
  counts_.order_to_ack_ns.record(static_cast<pipeline::Ticks>(took));
  counts_.order_to_ack_max_ns.raise_to(static_cast<std::uint64_t>(took));
}

// The venue tells the taker's side and then the maker's, with one match number, which rises.
void OrderClient::on_executed(std::uint64_t match_number, std::uint32_t quantity) {
  if (match_number <= last_match_) return;
  last_match_ = match_number;
  counts_.fills.add(1);
  counts_.quantity_filled.add(quantity);
}

// Probes are answered in order, but one that was lost never is. An answer that knows of references
// which only a later probe had before it is no earlier one's. Probes with nothing between them say
// the same, so the answer to one serves for all of them.
void OrderClient::on_query_response(std::uint32_t next_ref) {
  if (next_ref_ == 0) next_ref_ = std::max(next_ref, 1U);
  if (probes_.empty()) return counts_.answers_strange.add(1);
  std::uint32_t newest = probes_.front().next_ref;
  for (const Probe& probe : probes_) {
    if (probe.next_ref <= next_ref) newest = std::max(newest, probe.next_ref);
  }
  while (probes_.front().next_ref < newest) probes_.pop_front();
  for (const Probe& probe : probes_) {
    if (probe.behind != probes_.front().behind) break;
    window_.processed(probe.number);
  }
  probes_.pop_front();
}

void OrderClient::message(std::uint64_t, std::span<const std::byte> bytes) {
  counts_.answers.add(1);
  last_answer_ = now_;
  const Outbound message = decode_outbound(bytes);
  if (!has_fixed_part(message.error())) return counts_.answers_strange.add(1);
  switch (message.type()) {
    case Accepted::type: {
      Pending* pending = answered(message.as<Accepted>().user_ref_num);
      if (pending == nullptr) return counts_.answers_strange.add(1);
      on_answered_enter(*pending);
      counts_.orders_accepted.add(1);
      pending->awaited = Awaited::nothing;
      return;
    }
    case Rejected::type: {
      const auto& rejected = message.as<Rejected>();
      Pending* pending = answered(rejected.user_ref_num);
      if (pending == nullptr) return counts_.answers_strange.add(1);
      if (pending->awaited == Awaited::enter) {
        on_answered_enter(*pending);
        counts_.orders_rejected.add(1);
        ++rejections_[rejected.reason];
      }
      pending->awaited = Awaited::nothing;
      return;
    }
    case Replaced::type: {
      Pending* pending = answered(message.as<Replaced>().user_ref_num);
      if (pending == nullptr) return counts_.answers_strange.add(1);
      counts_.replaced.add(1);
      pending->awaited = Awaited::nothing;
      return;
    }
    case Canceled::type:
      return counts_.canceled.add(1);
    case Executed::type: {
      const auto& executed = message.as<Executed>();
      return on_executed(executed.match_number, executed.quantity);
    }
    case AccountQueryResponse::type:
      return on_query_response(message.as<AccountQueryResponse>().next_user_ref_num);
    case SystemEvent::type:
    case MassCancelResponse::type:  // Somebody else's, through the same session.
    case DisableResponse::type:
    case EnableResponse::type:
    case ProtectionStateTold::type:
      return;
    default:
      return counts_.answers_strange.add(1);
  }
}

void OrderClient::lost(std::uint64_t, std::uint64_t count) {
  counts_.answers_lost.add(count);
}

}  // namespace basalt::load

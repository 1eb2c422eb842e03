// What one message costs to decode or to encode, its bytes being in the cache. Every field that a
// gateway or the feed would use is read or written; the answers are checked once before the run.
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "feedhandlers/market_data/itch50.h"
#include "feedhandlers/market_data/moldudp64.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "feedhandlers/order_entry/soupbintcp.h"

namespace basalt {
namespace {

// Several messages that differ, so that the branches on them are the same and the values are not.
constexpr std::size_t variants = 64;
constexpr std::size_t room = 128;
using Buffers = std::array<std::array<std::byte, room>, variants>;

std::array<std::size_t, variants> fill_enters(Buffers& buffers, bool with_account) {
  std::array<std::size_t, variants> sizes{};
  for (std::size_t i = 0; i < variants; ++i) {
    ouch50::Encoder<ouch50::EnterOrder> order(buffers[i]);
    order->user_ref_num = static_cast<std::uint32_t>(i + 1);
    order->side = i % 2 == 0 ? ouch50::Side::buy : ouch50::Side::sell;
    order->quantity = static_cast<std::uint32_t>(100 + i);
    order->symbol = "AAPL";
    order->price = 1'500'000 + 100 * i;
    order->time_in_force = ouch50::TimeInForce::day;
    order->client_order_id = "CLIENT";
    if (with_account && !order.add(ouch50::Tag::account, wire::U32(7))) std::abort();
    sizes[i] = order.size_bytes();
  }
  return sizes;
}

std::uint64_t read_enter(std::span<const std::byte> bytes) {
  const ouch50::Inbound decoded = ouch50::decode_inbound(bytes);
  if (decoded.error() != ouch50::DecodeError::none) return 0;
  const auto& order = decoded.as<ouch50::EnterOrder>();
  std::uint64_t account = 0;
  if (!decoded.appendage().empty()) {
    const auto* const value = decoded.appendage().find<wire::U32>(ouch50::Tag::account);
    if (value != nullptr) account = *value;
  }
  std::uint64_t symbol = 0;
  std::memcpy(&symbol, order.symbol.chars().data(), sizeof symbol);
  return order.user_ref_num + order.quantity + order.price + account + symbol +
         static_cast<std::uint64_t>(order.side.letter()) +
         static_cast<std::uint64_t>(order.time_in_force.letter());
}

void decode_enter(benchmark::State& state, bool with_account) {
  Buffers buffers;
  const auto sizes = fill_enters(buffers, with_account);
  std::array<std::uint64_t, variants> expected{};
  for (std::size_t i = 0; i < variants; ++i) {
    expected[i] = read_enter(std::span(buffers[i]).first(sizes[i]));
    if (expected[i] == 0 || (i > 1 && expected[i] <= expected[i - 2])) std::abort();
  }
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(read_enter(std::span(buffers[i]).first(sizes[i])));
    i = (i + 1) % variants;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(decode_enter, plain, false);
BENCHMARK_CAPTURE(decode_enter, with_account, true);

std::size_t write_accepted(std::span<std::byte> out, std::uint32_t number) {
  auto* const accepted = wire::emplace<ouch50::Accepted>(out.subspan(soupbintcp::header_bytes));
  if (accepted == nullptr) return 0;
  accepted->time = 34'200'000'000'000 + number;
  accepted->user_ref_num = number;
  accepted->side = ouch50::Side::buy;
  accepted->quantity = 100;
  accepted->symbol = "AAPL";
  accepted->price = 1'500'000;
  accepted->time_in_force = ouch50::TimeInForce::day;
  accepted->display = ouch50::Display::visible;
  accepted->order_reference = number;
  accepted->capacity = ouch50::Capacity::principal;
  accepted->intermarket_sweep = ouch50::YesNo::no;
  accepted->cross_type = ouch50::CrossType::continuous;
  accepted->order_state = ouch50::OrderState::live;
  accepted->client_order_id = "CLIENT";
  return soupbintcp::frame(out, soupbintcp::PacketType::sequenced_data, sizeof *accepted);
}

std::size_t write_executed(std::span<std::byte> out, std::uint32_t number) {
  auto* const executed = wire::emplace<ouch50::Executed>(out.subspan(soupbintcp::header_bytes));
  if (executed == nullptr) return 0;
  executed->time = 34'200'000'000'000 + number;
  executed->user_ref_num = number;
  executed->quantity = 100;
  executed->price = 1'500'000;
  executed->liquidity = ouch50::LiquidityFlag::removed;
  executed->match_number = number;
  return soupbintcp::frame(out, soupbintcp::PacketType::sequenced_data, sizeof *executed);
}

template <typename M, std::size_t (*write)(std::span<std::byte>, std::uint32_t)>
void encode(benchmark::State& state) {
  std::array<std::byte, room> out;
  const std::size_t size = write(out, 5);
  const auto decoded = ouch50::decode_outbound(std::span(out).first(size).subspan(3));
  if (decoded.error() != ouch50::DecodeError::none) std::abort();
  if (decoded.template as<M>().user_ref_num != 5) std::abort();
  std::uint32_t number = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(write(out, ++number));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode<ouch50::Accepted, write_accepted>)->Name("encode_accepted");
BENCHMARK(encode<ouch50::Executed, write_executed>)->Name("encode_executed");

bool write_add(moldudp64::PacketBuilder& builder, std::uint64_t number) {
  auto* const add = builder.claim<itch50::AddOrder>();
  if (add == nullptr) return false;
  add->prefix.stock_locate = 1;
  add->prefix.time = 34'200'000'000'000 + number;
  add->order_reference = number;
  add->side = itch50::Side::buy;
  add->shares = 100;
  add->stock = "AAPL";
  add->price = 1'500'000;
  return true;
}

void encode_add_into_datagrams(benchmark::State& state) {
  std::array<std::byte, moldudp64::payload_bytes_default> out;
  moldudp64::PacketBuilder builder(out, {}, 1);
  std::uint64_t number = 0;
  for (auto _ : state) {
    ++number;
    if (!write_add(builder, number)) {
      benchmark::DoNotOptimize(builder.datagram());
      builder.start_next();
      if (!write_add(builder, number)) std::abort();
    }
    benchmark::ClobberMemory();
  }
  if (builder.next_sequence() != number + 1) std::abort();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_add_into_datagrams);

void decode_datagram_of_adds(benchmark::State& state) {
  std::array<std::byte, moldudp64::payload_bytes_default> out;
  moldudp64::PacketBuilder builder(out, {}, 1);
  std::uint64_t messages = 0;
  while (write_add(builder, messages + 1)) ++messages;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    std::uint64_t seen = 0;
    for (const auto message : moldudp64::decode(builder.datagram()).blocks()) {
      const itch50::Decoded decoded = itch50::decode(message);
      if (decoded.error() != itch50::DecodeError::none) continue;
      const auto& add = decoded.as<itch50::AddOrder>();
      sum += add.order_reference + add.shares + add.price + add.prefix.time;
      ++seen;
    }
    if (seen != messages) std::abort();
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages));
}
BENCHMARK(decode_datagram_of_adds);

}  // namespace
}  // namespace basalt

BENCHMARK_MAIN();

#include "engine/risk/mass_cancels.h"

#include <algorithm>

#include "engine/assert.h"

namespace basalt::risk {
namespace {

constexpr std::size_t places_for(std::uint32_t sessions_max) noexcept {
  return std::size_t{sessions_max} * limits::mass_cancels_max;
}

}  // namespace

MassCancels::MassCancels(std::uint32_t sessions_max, Arena& arena)
    : request_(arena.take<MassCancel>(places_for(sessions_max))),
      count_(arena.take<std::uint32_t>(sessions_max)),
      walk_(arena.take<Walk>(sessions_max)),
      busy_(arena.take<SessionId>(sessions_max)) {}

std::size_t MassCancels::memory_bytes(std::uint32_t sessions_max) noexcept {
  return Arena::cost<MassCancel>(places_for(sessions_max)) +
         Arena::cost<std::uint32_t>(sessions_max) + Arena::cost<Walk>(sessions_max) +
         Arena::cost<SessionId>(sessions_max);
}

std::span<const MassCancel> MassCancels::of(SessionId session) const noexcept {
  return places(session).first(count_[index_of(session)]);
}

bool MassCancels::has_room(SessionId session, const CancelScope& scope) const noexcept {
  const std::span<const MassCancel> queue = of(session);
  if (queue.size() < limits::mass_cancels_max) return true;
  return std::any_of(queue.begin() + 1, queue.end(),
                     [&](const MassCancel& request) { return scope.covers(request.scope); });
}

void MassCancels::add(SessionId session, const MassCancel& request) noexcept {
  const std::span<MassCancel> place = places(session);
  std::uint32_t& count = count_[index_of(session)];
  if (count == 0) {
    busy_[busy_count_++] = session;
    walk_[index_of(session)] = {};
  } else {
    const auto first = place.begin() + 1;  // I2
    const auto kept = std::remove_if(first, place.begin() + count, [&](const MassCancel& other) {
      return request.scope.covers(other.scope);
    });
    count = static_cast<std::uint32_t>(kept - place.begin());
  }
  BASALT_ASSERT(count < limits::mass_cancels_max);  // I1
  place[count++] = request;
}

void MassCancels::finish(SessionId session) noexcept {
  const std::span<MassCancel> place = places(session);
  std::uint32_t& count = count_[index_of(session)];
  BASALT_ASSERT(count > 0);
  std::copy(place.begin() + 1, place.begin() + count, place.begin());
  walk_[index_of(session)] = {};
  if (--count > 0) return;
  const auto busy = busy_.begin();
  *std::find(busy, busy + busy_count_, session) = busy_[busy_count_ - 1];
  --busy_count_;
}

}  // namespace basalt::risk

#include "tools/load/mold_receiver.h"

#include <algorithm>

namespace basalt::load {

void MoldReceiver::take(const moldudp64::Datagram& datagram, Nanos now) {
  const std::uint64_t first = datagram.header().sequence;
  const std::uint64_t count = datagram.message_count();
  const std::uint64_t end = first + count;
  end_ = std::max(end_, end);
  if (count > 0) {
    forget_answered(first, end);
    if (end <= expected_) {
      counters_.duplicates += count;
    } else if (!sink_.has_room()) {
      counters_.deferred += count;
    } else if (first > expected_) {
      hold(datagram, first, end);
    } else {
      deliver(datagram);
      deliver_held();
      progressed_ = now;
    }
  }
  note_hole(now);
}

void MoldReceiver::note_end(std::uint64_t end, Nanos now) {
  end_ = std::max(end_, end);
  note_hole(now);
}

void MoldReceiver::deliver(const moldudp64::Datagram& datagram) {
  std::uint64_t number = datagram.header().sequence;
  for (const std::span<const std::byte> message : datagram.blocks()) {
    if (number++ < expected_) {
      ++counters_.duplicates;
      continue;
    }
    ++expected_;
    sink_.message(number - 1, message);
  }
}

void MoldReceiver::deliver_held() {
  while (!held_.empty() && held_.begin()->first <= expected_ && sink_.has_room()) {
    const auto next = held_.begin();
    deliver(moldudp64::decode(next->second.bytes));
    held_bytes_ -= next->second.bytes.size();
    held_.erase(next);
  }
}

void MoldReceiver::hold(const moldudp64::Datagram& datagram, std::uint64_t first,
                        std::uint64_t end) {
  const auto* header = reinterpret_cast<const std::byte*>(&datagram.header());
  const auto blocks = datagram.blocks();
  std::size_t size = sizeof(moldudp64::Header);
  for (const auto message : blocks) size += moldudp64::block_header_bytes + message.size();
  const auto found = held_.find(first);
  if (found != held_.end()) {
    if (found->second.end >= end) {
      counters_.duplicates += end - first;
      return;
    }
    held_bytes_ -= found->second.bytes.size();
    held_.erase(found);
  }
  if (held_bytes_ + size > settings_.held_bytes_max) {
    counters_.deferred += end - first;
    return;
  }
  held_.emplace(first, Held{end, std::vector<std::byte>(header, header + size)});
  held_bytes_ += size;
}

void MoldReceiver::note_hole(Nanos now) {
  if (complete()) {
    hole_since_.reset();
    asked_.clear();
  } else if (!hole_since_) {
    hole_since_ = progressed_ = now;
  }
}

// An answer may hold less than was asked for: the rest is asked for anew.
void MoldReceiver::forget_answered(std::uint64_t first, std::uint64_t end) {
  std::erase_if(asked_,
                [&](const Asked& asked) { return asked.first >= first && asked.first < end; });
}

std::optional<MoldReceiver::Range> MoldReceiver::next_request(Nanos now) {
  if (!hole_since_) return {};
  if (!sink_.has_room()) {
    progressed_ = now;  // Not the venue's fault.
    return {};
  }
  if (const std::uint64_t before = expected_; deliver_held(), expected_ > before) {
    progressed_ = now;
    note_hole(now);
    if (!hole_since_) return {};
  }
  if (now - *hole_since_ < settings_.patience) return {};
  if (now - progressed_ > settings_.give_up) give_up(now);
  std::erase_if(asked_, [&](const Asked& asked) {
    return asked.end <= expected_ || now - asked.at > settings_.retry;
  });
  if (asked_.size() >= settings_.requests_max) return {};

  std::uint64_t missing = expected_;
  std::uint32_t looked_at = 0;
  for (const auto& [first, held] : held_) {
    if (looked_at++ == looked_at_max) return {};
    if (first > missing) {
      if (const auto range = ask_within(missing, first, now)) return range;
    }
    missing = std::max(missing, held.end);
  }
  return ask_within(missing, end_, now);
}

std::optional<MoldReceiver::Range> MoldReceiver::ask_within(std::uint64_t first, std::uint64_t end,
                                                            Nanos now) {
  // Bounded: each turn passes one of at most requests_max ranges.
  const auto under_way = [&](std::uint64_t number) {
    return std::find_if(asked_.begin(), asked_.end(), [&](const Asked& asked) {
      return asked.first <= number && number < asked.end;
    });
  };
  for (auto asked = under_way(first); asked != asked_.end(); asked = under_way(first)) {
    first = asked->end;
  }
  if (first >= end) return {};
  std::uint64_t stop = std::min(end, first + settings_.stride);
  for (const Asked& asked : asked_) {
    if (asked.first > first) stop = std::min(stop, asked.first);
  }
  asked_.push_back({first, stop, now});
  ++counters_.requests;
  return Range{first, static_cast<std::uint16_t>(stop - first)};
}

void MoldReceiver::give_up(Nanos now) {
  const std::uint64_t next = held_.empty() ? end_ : held_.begin()->first;
  const std::uint64_t count = next - expected_;
  sink_.lost(expected_, count);
  counters_.lost += count;
  expected_ = next;
  deliver_held();
  progressed_ = now;
  note_hole(now);
}

}  // namespace basalt::load

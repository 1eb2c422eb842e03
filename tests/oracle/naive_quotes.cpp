// The protection of quotes.
#include <algorithm>
#include <cstdlib>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {

bool NaiveBook::protect(const std::vector<std::string>& words) {
  const auto whole = [](const std::string& digits) -> std::optional<std::int64_t> {
    if (digits.empty() || digits.size() > 9) return {};
    if (digits.find_first_not_of("0123456789") != std::string::npos) return {};
    return std::stoll(digits);
  };
  if (words.size() < 3 || says_twice(words, 3)) return false;
  const auto account = whole(words[1]);
  const auto window = whole(words[2]);
  if (!account || *account == 0 || !window) return false;
  Protection wanted;
  wanted.account = static_cast<std::uint32_t>(*account);
  wanted.window = *window * 1'000'000;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (equals == std::string::npos) return false;
    const auto value = whole(words[i].substr(equals + 1));
    const std::string name = words[i].substr(0, equals);
    if (!value || (name != "quantity" && name != "fills" && name != "delta")) return false;
    (name == "quantity" ? wanted.quantity : name == "fills" ? wanted.fills : wanted.delta) = *value;
  }
  Protection* const known = protection_of(wanted.account);
  if (wanted.window == 0) {
    protections_.remove_if([&](const Protection& p) { return p.account == wanted.account; });
  } else if (known == nullptr) {
    protections_.push_back(wanted);
  } else {
    wanted.latest = known->latest;
    *known = wanted;
  }
  return true;
}

NaiveBook::Protection* NaiveBook::protection_of(std::uint32_t account) {
  for (Protection& protection : protections_) {
    if (protection.account == account) return &protection;
  }
  return nullptr;
}

// So much has traded against an order that rests.
void NaiveBook::count(const Order& maker, std::int64_t quantity) {
  if (!maker.quoted) return;
  Protection* const protection = protection_of(maker.account);
  if (protection == nullptr || protection->withdrawn) return;
  if (!protection->since || now_ >= *protection->since + protection->window) {
    protection->since = now_;
    protection->bought = protection->sold = protection->filled = 0;
  }
  protection->filled += 1;
  (maker.buy ? protection->bought : protection->sold) += quantity;
  const auto is_reached = [](std::int64_t limit, std::int64_t value) {
    return limit > 0 && value >= limit;
  };
  const std::int64_t delta = std::abs(protection->bought - protection->sold);
  if (is_reached(protection->quantity, protection->bought + protection->sold) ||
      is_reached(protection->fills, protection->filled) || is_reached(protection->delta, delta)) {
    protection->reached = true;
  }
}

// Behind a line.
void NaiveBook::withdraw() {
  for (Protection& protection : protections_) {
    if (!protection.reached) continue;
    protection.reached = false;
    protection.withdrawn = true;
    out_ << "withdrawn " << protection.account << '\n';
    for (const bool buy : {true, false}) {
      const auto latest = protection.latest.find(buy);
      if (latest == protection.latest.end()) continue;
      const auto live = live_.find(latest->second);
      // The number may be another's by now.
      if (live == live_.end() || !live->second->quoted || live->second->buy != buy ||
          live->second->account != protection.account) {
        continue;
      }
      const Order order = remove(latest->second);
      out_ << "canceled " << order.id << ' ' << order.open << " protection\n";
    }
  }
}

}  // namespace basalt::oracle

// A small venue in pieces that tests exchange, and a journal to start it on.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/risk/risk_core.h"
#include "engine/venue.h"

namespace basalt::test {

inline std::string demo_path() {
  return std::string(BASALT_VENUES) + "/demo.toml";
}

inline VenueLoad load_text(const std::string& text) {
  const std::string path = ::testing::TempDir() + std::to_string(::getpid()) + "_venue.toml";
  std::ofstream(path) << text;
  VenueLoad load = load_venue(path);
  std::filesystem::remove(path);
  return load;
}

inline std::vector<std::string> texts(const std::vector<Finding>& findings) {
  std::vector<std::string> texts;
  for (const Finding& finding : findings) texts.push_back(to_text(finding));
  return texts;
}

// A small venue, in pieces that tests exchange.
struct VenueText {
  std::string assets =
      "[[assets]]\nname = \"USD\"\ndecimals = 4\n"
      "[[assets]]\nname = \"AAPL\"\ndecimals = 0\n";
  std::string firms = "[[firms]]\nname = \"HOUS\"\n[[firms]]\nname = \"ONE\"\n";
  std::string accounts =
      "[[accounts]]\nname = \"FEES\"\nfirm = \"HOUS\"\nrole = \"fees\"\n"
      "[[accounts]]\nname = \"WORLD\"\nfirm = \"HOUS\"\nrole = \"external\"\n"
      "[[accounts]]\nname = \"ONE\"\nfirm = \"ONE\"\nopen_orders_max = 10\n";
  std::string users =
      "[[users]]\nname = \"USER1\"\npassword = \"basalt\"\nfirm = \"ONE\"\naccount = \"ONE\"\n";
  std::string instruments = instrument("AAPL", "0.01", "10", "20");
  std::string deposits =
      "[[deposits]]\nid = \"opening\"\naccounts = [\"ONE\"]\nassets = [\"USD\"]\n"
      "amount = \"1000.5\"\n";
  std::string more;

  static std::string instrument(const std::string& symbol, const std::string& tick,
                                const std::string& maker, const std::string& taker) {
    return "[[instruments]]\nsymbol = \"" + symbol + "\"\nbase = \"AAPL\"\nquote = \"USD\"\n" +
           "tick = \"" + tick + "\"\nlot = \"1\"\nprice_max = \"1000\"\n" +
           "quantity_max_lots = 1000\ncollar_ppm = 500000\nprotection_ppm = 50000\n" +
           "maker_ppm = " + maker + "\ntaker_ppm = " + taker + "\nfee_cap_ppm = 100\n" +
           "settlement_cycle_ms = 1000\n";
  }
  [[nodiscard]] std::string whole() const {
    return "name = \"t\"\nstream_name = \"S\"\nfeed_name = \"F\"\n[endpoints]\n"
           "ouch_tcp = \"127.0.0.1:1\"\nouch_udp = \"127.0.0.1:2\"\n"
           "ouch_udp_on_nic = \"10.0.0.1:2\"\nrerequest = \"127.0.0.1:3\"\n"
           "rerequest_on_nic = \"10.0.0.1:3\"\nfeed_a = \"239.0.0.1:4\"\n"
           "feed_b = \"239.0.0.2:5\"\n" +
           assets + firms + accounts + users + instruments + deposits + more;
  }
};

// What the journal knows: risk's core, fed as the engine feeds it.
class Journaled {
 public:
  explicit Journaled(ReferenceLimits reference = {.assets_max = 16,
                                                  .instruments_max = 16,
                                                  .accounts_max = 32,
                                                  .sessions_max = 32,
                                                  .firms_max = 32})
      : limits_{.reference = reference, .orders_max = 64, .external_ids_max = 1024},
        arena_(risk::RiskCore::memory_bytes(limits_)),
        core_(limits_, 1, arena_) {}

  // Journals what is missing. Returns how many commands those were.
  std::size_t start(const VenueLoad& venue) {
    EXPECT_THAT(texts(venue.findings), ::testing::IsEmpty());
    std::vector<Finding> findings;
    const std::vector<Command> missing = commands(venue, findings);
    EXPECT_THAT(texts(findings), ::testing::IsEmpty());
    for (Command command : missing) {
      EXPECT_EQ(core_.decide(command), risk::RiskCore::Outcome::sequence);
      EXPECT_EQ(command.order.verdict, Reject::none)
          << "kind " << static_cast<int>(command.order.kind);
      command.order.sequence = ++sequence_;
      core_.apply(command);
      core_.on_command(command);
    }
    return missing.size();
  }
  std::vector<Command> commands(const VenueLoad& venue, std::vector<Finding>& findings) const {
    return difference(
        venue, core_.reference(), core_.reference().limits(),
        [&](const ExternalId& id) { return core_.applied(id); }, findings);
  }
  [[nodiscard]] std::vector<std::string> contradictions(const VenueLoad& venue) const {
    EXPECT_THAT(texts(venue.findings), ::testing::IsEmpty());
    std::vector<Finding> findings;
    static_cast<void>(commands(venue, findings));
    return texts(findings);
  }

  [[nodiscard]] const ReferenceData& reference() const { return core_.reference(); }
  [[nodiscard]] Money free(std::uint32_t account, std::uint32_t asset) const {
    return core_.balance(AccountId{account}, AssetId{asset}).free;
  }

 private:
  risk::RiskCore::Limits limits_;
  Arena arena_;
  risk::RiskCore core_;
  Sequence sequence_ = 0;
};

template <std::size_t size>
std::string trimmed(const std::array<char, size>& padded) {
  const std::string text(padded.data(), size);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

inline Symbol symbol(std::string text) {
  text.resize(8, ' ');
  Symbol result;
  std::copy_n(text.begin(), 8, result.begin());
  return result;
}

}  // namespace basalt::test

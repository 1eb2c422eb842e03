// The venue file: who may trade what, with which money. Only a source of commands.
//
//   hw-config/venues/*.toml ─► load_venue() ─► definitions, in order, or every error in words
//   definitions ─► difference(…, what the journal has defined) ─► the commands that are missing
//
// After the first start the journal is the truth. A later start journals the difference, after
// checking it whole: what is there and equal costs nothing, new entries, changed fees and
// changed limits become commands, and what contradicts the journal stops the start.
//
// Entries are the same when their name, symbol or user is. In the file they may stand in any order
// and be left out: nothing is ever taken back by leaving it out. Ids are given in the order of the
// file at the first start, and further ones after the highest known.
//
// Amounts and prices are exact decimals in quotes ("0.01"), never floating point; one that is not a
// whole number of units is an error.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/finding.h"
#include "engine/reference.h"
#include "engine/settlement/domain.h"
#include "net/endpoint.h"

namespace basalt {

// Where the venue is reached. On kernel sockets, and on a NIC of our own; ports are the same.
struct VenueEndpoints {
  net::Endpoint ouch_tcp;         // Kernel TCP.
  net::Endpoint ouch_udp;         // With --nic uring.
  net::Endpoint ouch_udp_on_nic;  // With every other NIC.
  net::Endpoint rerequest;
  net::Endpoint rerequest_on_nic;
  net::Endpoint feed_a;  // Multicast groups.
  net::Endpoint feed_b;
};

struct VenueLoad {
  std::string file;
  std::string name;
  // SoupBinTCP's and MoldUDP64's session names, at most 10 characters.
  std::string stream_name;
  std::string feed_name;
  VenueEndpoints endpoints;

  // Refuse the first `batches` settlement batches of an account: so that failure can be tested.
  struct Refusal {
    std::string account;
    std::uint32_t batches = 0;
  };
  std::vector<Refusal> refusals;

  // In the order in which they can be applied, with the ids that the file's order gives. `lines`
  // says where each comes from; `passwords` are the sessions', in the same order.
  std::vector<Command> definitions;
  std::vector<std::uint32_t> lines;
  std::vector<std::string> passwords;

  std::vector<Finding> findings;  // With any, nothing above is to be used.
  [[nodiscard]] bool ok() const noexcept { return findings.empty(); }
};

// Cold. Never throws about the file: whatever is wrong with it, unreadable included, is a finding.
[[nodiscard]] VenueLoad load_venue(const std::filesystem::path& path);

using ExternalIdApplied = std::function<bool(const ExternalId&)>;

// The commands that make `present` what the file says, with the ids that hold there: at a first
// start all of them. `limits` are those of the epoch that begins. When something contradicts, or
// has no room, it is added to `findings`, all of it, and nothing is to be sent.
[[nodiscard]] std::vector<Command> difference(const VenueLoad& venue, const ReferenceData& present,
                                              const ReferenceLimits& limits,
                                              const ExternalIdApplied& applied,
                                              std::vector<Finding>& findings);

// The refusals by the ids that hold once difference() has been applied.
[[nodiscard]] std::vector<settlement::Refusal> refusals(const VenueLoad& venue,
                                                        const ReferenceData& present);

// What a session's password is kept as: SHA-256 of the salt and the password in upper case, padded
// with spaces to its ten characters of the wire (SoupBinTCP 3.00, section 2.2.3).
[[nodiscard]] std::array<std::uint8_t, 32> password_hash(const std::array<std::uint8_t, 8>& salt,
                                                         std::string_view password);

}  // namespace basalt

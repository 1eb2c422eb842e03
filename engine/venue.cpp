// From the file to definitions: the venue's parties. Terms and money are in venue_terms.cpp; what
// the journal already has is venue_difference.cpp's matter.
#include "engine/venue.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "engine/venue_reader.h"

namespace basalt {

void VenueReader::read_endpoints(TomlTable table) {
  std::map<std::string, std::string> taken;  // By transport and address.
  const auto endpoint = [&](std::string_view key, bool multicast,
                            const std::string& transport) -> net::Endpoint {
    const std::string text = table.text(key, 21);
    if (text.empty()) return {};
    const std::optional<net::Endpoint> found = net::endpoint_from_text(text);
    if (!found || found->port == 0 || net::is_multicast(found->ip) != multicast) {
      table.add(key,
                in_quotes(key) + " is " + in_quotes(text) + ", which is no " +
                    (multicast ? "multicast group" : "address") + " and port",
                multicast ? "take a group from 224.0.0.0/4, as in 239.192.77.1:7101"
                          : "take an IPv4 address and a port, as in 127.0.0.1:7001");
      return {};
    }
    const auto [place, fresh] = taken.emplace(transport + " " + text, key);
    if (!fresh) {
      table.add(key, in_quotes(key) + " and " + in_quotes(place->second) + " are both " + text,
                "give each an address of its own");
    }
    return *found;
  };
  VenueEndpoints& endpoints = load_.endpoints;
  endpoints.ouch_tcp = endpoint("ouch_tcp", false, "tcp");
  endpoints.ouch_udp = endpoint("ouch_udp", false, "udp");
  endpoints.ouch_udp_on_nic = endpoint("ouch_udp_on_nic", false, "udp");
  endpoints.rerequest = endpoint("rerequest", false, "udp");
  endpoints.rerequest_on_nic = endpoint("rerequest_on_nic", false, "udp");
  endpoints.feed_a = endpoint("feed_a", true, "udp");
  endpoints.feed_b = endpoint("feed_b", true, "udp");
  const auto same_port = [&](std::string_view key, net::Endpoint kernel, net::Endpoint nic) {
    if (kernel.port == 0 || nic.port == 0 || kernel.port == nic.port) return;
    table.add(key, in_quotes(key) + " has another port on the NIC than on kernel sockets",
              "take the same: clients find the venue alike on both");
  };
  same_port("ouch_udp_on_nic", endpoints.ouch_udp, endpoints.ouch_udp_on_nic);
  same_port("rerequest_on_nic", endpoints.rerequest, endpoints.rerequest_on_nic);
  table.finish();
}

void VenueReader::read_asset(TomlTable& table) {
  const std::string name = table.text("name", asset_name_max);
  const auto decimals =
      static_cast<std::uint8_t>(table.whole("decimals", 0, limits::asset_decimals_max));
  table.finish();
  const AssetId id{static_cast<std::uint32_t>(assets_.entries.size())};
  if (!enter(table, "name", "asset", name, assets_, {id, decimals})) return;
  put(command_of(CommandKind::define_asset, DefineAsset{.asset = id,
                                                        .decimals = decimals,
                                                        .name = padded<asset_name_max>(name),
                                                        .spare = {}}),
      table.line());
}

void VenueReader::read_firm(TomlTable& table) {
  const std::string name = table.text("name", firm_name_max);
  table.finish();
  const FirmId id{static_cast<std::uint32_t>(firms_.entries.size())};
  if (!enter(table, "name", "firm", name, firms_, {id})) return;
  put(command_of(CommandKind::define_firm,
                 DefineFirm{.firm = id, .name = padded<firm_name_max>(name), .spare = {}}),
      table.line());
}

void VenueReader::read_account(TomlTable& table) {
  const std::string name = table.text("name", account_name_max);
  const std::string firm_name = table.text("firm", firm_name_max);
  const FirmEntry* firm = look_up(table, "firm", "firm", firm_name, firms_);
  const AccountRole role =
      table.has("role")
          ? static_cast<AccountRole>(table.word("role", {"participant", "fees", "external"}))
          : AccountRole::participant;
  const auto open_orders_max =
      static_cast<std::uint32_t>(table.whole_or("open_orders_max", 0, UINT32_MAX, UINT32_MAX));
  table.finish();
  const AccountId id{static_cast<std::uint32_t>(accounts_.entries.size())};
  if (!enter(table, "name", "account", name, accounts_, {id, firm_name, role})) return;
  if (firm == nullptr) return;
  put(command_of(CommandKind::define_account,
                 DefineAccount{.account = id,
                               .firm = firm->id,
                               .open_orders_max = open_orders_max,
                               .is_venue = static_cast<std::uint8_t>(role),
                               .name = padded<account_name_max>(name),
                               .spare = {}}),
      table.line());
}

void VenueReader::read_user(TomlTable& table) {
  const std::string name = table.text("name", user_max);
  const std::string password = table.text("password", password_max);
  const std::string firm_name = table.text("firm", firm_name_max);
  const FirmEntry* firm = look_up(table, "firm", "firm", firm_name, firms_);
  DefineSession definition{};
  definition.default_account = no_account;
  if (table.has("account")) {
    const std::string account_name = table.text("account", account_name_max);
    const AccountEntry* account = look_up(table, "account", "account", account_name, accounts_);
    if (account != nullptr) definition.default_account = account->id;
    if (account != nullptr && account->firm != firm_name) {
      table.add(
          "account",
          "account " + in_quotes(account_name) + " is not one of firm " + in_quotes(firm_name),
          "a user acts for the accounts of its own firm");
    }
  }
  definition.cancel_on_disconnect = table.truth_or("cancel_on_disconnect", true) ? 1 : 0;
  definition.is_admin = table.truth_or("admin", false) ? 1 : 0;
  table.finish();
  const auto plain = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (!std::all_of(name.begin(), name.end(), plain)) {
    table.add("name", "user " + in_quotes(name) + " is not in capital letters and digits",
              "logins are compared in capitals: write it so");
    return;
  }
  definition.session = SessionId{static_cast<std::uint32_t>(users_.entries.size())};
  if (!enter(table, "name", "user", name, users_, definition.session) || firm == nullptr) return;
  definition.firm = firm->id;
  definition.user = padded<user_max>(name);
  if (::RAND_bytes(definition.salt.data(), static_cast<int>(definition.salt.size())) != 1) {
    table.add("password", "the system gives no randomness for a salt", "look at /dev/urandom");
  }
  definition.password_sha256 = password_hash(definition.salt, password);
  put(command_of(CommandKind::define_session, definition), table.line());
  load_.passwords.push_back(password);
}

void VenueReader::check_venue_accounts() {
  if (accounts_.entries.empty()) return;
  const auto check = [&](AccountRole role, const std::string& word, const std::string& why) {
    const auto count =
        std::count_if(accounts_.entries.begin(), accounts_.entries.end(),
                      [&](const AccountEntry& account) { return account.role == role; });
    if (count == 1) return;
    file_.add(0, std::to_string(count) + " accounts have the role " + in_quotes(word),
              "exactly one " + why);
  };
  check(AccountRole::fees, "fees", "takes the fees");
  check(AccountRole::external, "external", "stands for the world that pays in");
}

VenueLoad load_venue(const std::filesystem::path& path) {
  VenueLoad load;
  load.file = path.string();
  TomlFile file(path);
  TomlTable root = file.root();
  if (!root.absent()) VenueReader(file, load).read(root);
  load.findings = file.take_findings();
  return load;
}

std::array<std::uint8_t, 32> password_hash(const std::array<std::uint8_t, 8>& salt,
                                           std::string_view password) {
  std::array<unsigned char, 8 + password_max> salted{};
  std::copy(salt.begin(), salt.end(), salted.begin());
  const std::array<char, password_max> text = padded<password_max>(password);
  std::transform(text.begin(), text.end(), salted.begin() + salt.size(), [](char c) {
    return static_cast<unsigned char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  });
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(salted.data(), salted.size(), digest.data());
  return digest;
}

}  // namespace basalt

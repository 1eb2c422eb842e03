#include "net/port_holder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

namespace basalt::net {
namespace {

constexpr std::string_view listening_state = "0A";

// One line of /proc/net/{tcp,udp}{,6}: `sl local_address rem_address st … inode …`, addresses as
// hexadecimal words of the machine's order, so that an IPv4 address reads backwards.
struct SocketLine {
  std::uint32_t ip = 0;  // 0 is all addresses; the IPv6 tables are read for those alone.
  std::uint16_t port = 0;
  std::string state;
  std::string inode;
};

std::optional<SocketLine> socket_line(const std::string& line) {
  std::array<char, 33> address{};
  std::array<char, 3> state{};
  std::array<char, 21> inode{};
  unsigned port = 0;
  const int fields =
      std::sscanf(line.c_str(), "%*s %32[0-9A-F]:%4X %*s %2s %*s %*s %*s %*s %*s %20s",
                  address.data(), &port, state.data(), inode.data());
  if (fields != 4) return std::nullopt;
  SocketLine socket;
  const std::string_view text = address.data();
  const bool all_zero = text.find_first_not_of('0') == std::string_view::npos;
  if (text.size() == 8) {
    std::uint32_t word = 0;
    std::from_chars(text.data(), text.data() + text.size(), word, 16);
    socket.ip = __builtin_bswap32(word);
  } else if (!all_zero) {
    return std::nullopt;
  }
  socket.port = static_cast<std::uint16_t>(port);
  socket.state = state.data();
  socket.inode = inode.data();
  return socket;
}

std::vector<std::string> inodes_of(Transport transport, Endpoint endpoint) {
  std::vector<std::string> inodes;
  const std::string table = transport == Transport::udp ? "/proc/net/udp" : "/proc/net/tcp";
  for (const char* version : {"", "6"}) {
    std::ifstream file(table + version);
    for (std::string line; std::getline(file, line);) {
      const auto socket = socket_line(line);
      if (!socket || socket->port != endpoint.port) continue;
      if (socket->ip != 0 && socket->ip != endpoint.ip) continue;
      if (transport == Transport::tcp && socket->state != listening_state) continue;
      if (socket->inode != "0") inodes.push_back(socket->inode);
    }
  }
  return inodes;
}

bool holds(const std::filesystem::path& process, const std::vector<std::string>& links) {
  std::error_code error;
  std::filesystem::directory_iterator at(process / "fd", error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    std::error_code gone;
    const std::string link = std::filesystem::read_symlink(at->path(), gone).string();
    if (!gone && std::find(links.begin(), links.end(), link) != links.end()) return true;
  }
  return false;
}

}  // namespace

std::optional<PortHolder> find_port_holder(Transport transport, Endpoint endpoint) {
  std::vector<std::string> links = inodes_of(transport, endpoint);
  if (links.empty()) return std::nullopt;
  for (std::string& inode : links) inode = "socket:[" + inode + "]";
  std::error_code error;
  std::filesystem::directory_iterator at("/proc", error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const std::string pid = at->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!holds(at->path(), links)) continue;
    PortHolder holder{.pid = std::stoi(pid), .name = "a process that just ended"};
    std::ifstream comm(at->path() / "comm");
    std::getline(comm, holder.name);
    return holder;
  }
  return std::nullopt;
}

}  // namespace basalt::net

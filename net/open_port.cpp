#include "net/open_port.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "net/dpdk/dpdk_nic.h"
#include "net/frames/ethernet.h"
#include "net/udp_over_nic.h"
#include "net/uring/uring_datagram_port.h"

namespace basalt::net {
namespace {

constexpr std::array<std::pair<PortKind, std::string_view>, 6> names{{
    {PortKind::uring, "uring"},
    {PortKind::af_packet, "af_packet"},
    {PortKind::af_xdp, "af_xdp"},
    {PortKind::memif_server, "memif_server"},
    {PortKind::memif_client, "memif_client"},
    {PortKind::pci, "pci"},
}};

DpdkDriver driver_of(PortKind kind) {
  switch (kind) {
    case PortKind::af_packet:
      return DpdkDriver::af_packet;
    case PortKind::af_xdp:
      return DpdkDriver::af_xdp;
    case PortKind::memif_server:
      return DpdkDriver::memif_server;
    case PortKind::memif_client:
      return DpdkDriver::memif_client;
    case PortKind::pci:
      return DpdkDriver::pci;
    case PortKind::uring:
      break;
  }
  throw std::invalid_argument("not a NIC of DPDK's");
}

}  // namespace

std::optional<PortKind> port_kind_from_text(std::string_view text) noexcept {
  for (const auto& [kind, name] : names) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

std::string_view to_text(PortKind kind) noexcept {
  return names[static_cast<std::size_t>(kind)].second;
}

std::unique_ptr<DatagramPort> open_port(const PortConfig& config, WireClock clock) {
  if (config.kind == PortKind::uring) {
    return std::make_unique<UringDatagramPort>(
        UringDatagramConfig{.endpoints = config.endpoints, .group_interface = config.ip}, clock);
  }
  DpdkConfig dpdk;
  dpdk.driver = driver_of(config.kind);
  dpdk.device = config.device;
  dpdk.driver_arguments = config.driver_arguments;
  dpdk.huge_pages = config.huge_pages;
  const bool memif = config.kind == PortKind::memif_server || config.kind == PortKind::memif_client;
  if (memif) dpdk.mac = mac_from_ip(config.ip);
  return std::make_unique<UdpOverNic>(std::move(open_dpdk_nics(dpdk).front()), config.ip,
                                      config.endpoints, clock);
}

}  // namespace basalt::net

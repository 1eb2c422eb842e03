#include "net/dpdk/dpdk_nic.h"

#include <net/if.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <thread>

#include "engine/assert.h"
#include "net/dpdk/eal.h"
#include "net/dpdk/memif_gate.h"

namespace basalt::net {
namespace {

constexpr std::uint16_t descriptors = 1024;
constexpr std::uint32_t burst_max = 64;
// AF_XDP fills its ring with 4,096 buffers before the first frame; the rest is for descriptors and
// for what is on its way. One less than a power of two is what DPDK's ring stores without waste.
constexpr std::uint32_t mbufs_per_queue = 8'191;
static_assert(mbufs_per_queue > 4'096 + 2 * descriptors + 2 * burst_max);

constexpr auto link_patience = std::chrono::seconds(5);
constexpr auto link_pause = std::chrono::milliseconds(1);

constexpr unsigned mbuf_bytes = sizeof(rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE;
static_assert(RTE_MBUF_DEFAULT_BUF_SIZE - RTE_PKTMBUF_HEADROOM >= frame_bytes_max);

// The driver's counters cost a system call: read once in so many bursts.
constexpr std::uint64_t bursts_per_reading = std::uint64_t{1} << 18;

bool is_memif(DpdkDriver driver) {
  return driver == DpdkDriver::memif_server || driver == DpdkDriver::memif_client;
}

[[noreturn]] void fail(const DpdkConfig& config, const std::string& what, int error) {
  std::string text = config.device + ": " + what;
  if (error != 0) text += std::string(": ") + rte_strerror(error < 0 ? -error : error);
  const std::string words = eal_last_words();
  if (!words.empty()) text += ". DPDK said: " + words;
  throw std::runtime_error(text);
}

std::string text_of(const MacAddress& mac) {
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                mac[3], mac[4], mac[5]);
  return text.data();
}

// The device's name within DPDK, then its arguments.
std::pair<std::string, std::string> device_of(const DpdkConfig& config) {
  static int devices = 0;
  const std::string number = std::to_string(devices++);
  const std::string queues = std::to_string(config.queues);
  switch (config.driver) {
    case DpdkDriver::af_packet:
      return {"net_af_packet" + number, "iface=" + config.device + ",qpairs=" + queues +
                                            ",blocksz=65536,framesz=2048,framecnt=4096"};
    case DpdkDriver::af_xdp: {
      // Busy polling would be a system call for each empty burst; the kernel's own softirq brings
      // the frames as fast on a veth. A card whose interrupts are off asks for a budget of its own.
      const bool chosen = config.driver_arguments.find("busy_budget=") != std::string::npos;
      return {"net_af_xdp" + number, "iface=" + config.device + ",queue_count=" + queues +
                                         (chosen ? "" : ",busy_budget=0")};
    }
    case DpdkDriver::memif_server:
    case DpdkDriver::memif_client:
      return {"net_memif" + number,
              std::string("role=") +
                  (config.driver == DpdkDriver::memif_server ? "server" : "client") +
                  ",id=0,socket-abstract=no,socket=" + config.device +
                  ",rsize=10,mac=" + text_of(*config.mac)};
    case DpdkDriver::pci:
      break;
  }
  return {config.device, ""};
}

// Whether some process listens there. Not asked by connecting: a peer that hangs up before the
// server has said hello makes DPDK 22.11 panic. Its memif_listener_handler() then closes and frees
// a channel whose callback stays registered, and the next eal_intr_thread_main() round adds the
// closed socket to epoll. All of it happens between accept() and return, so no gate of ours can
// step in.
bool is_served(const std::string& socket_path) {
  std::ifstream sockets("/proc/net/unix");
  for (std::string line; std::getline(sockets, line);) {
    if (line.ends_with(" " + socket_path)) return true;
  }
  return false;
}

void check(const DpdkConfig& config) {
  const bool kernel_interface =
      config.driver == DpdkDriver::af_packet || config.driver == DpdkDriver::af_xdp;
  if (kernel_interface && ::if_nametoindex(config.device.c_str()) == 0) {
    throw std::runtime_error(config.device + ": there is no such network interface; see `ip link`");
  }
  if (kernel_interface && ::geteuid() != 0) {
    throw std::runtime_error(config.device +
                             ": raw frames need root (CAP_NET_RAW, and for af_xdp " +
                             "CAP_NET_ADMIN and CAP_BPF)");
  }
  if (!is_memif(config.driver)) return;
  if (config.queues != 1) throw std::runtime_error("memif: one queue, for one thread");
  if (!config.mac) throw std::runtime_error("memif: this end needs a hardware address");
  const std::filesystem::path folder = std::filesystem::path(config.device).parent_path();
  if (!std::filesystem::is_directory(folder)) {
    throw std::runtime_error("memif: the folder of its socket, " + folder.string() +
                             ", does not exist");
  }
  if (config.device.size() >= sizeof sockaddr_un::sun_path) {
    throw std::runtime_error("memif: " + config.device + ": the path of a socket is at most " +
                             std::to_string(sizeof sockaddr_un::sun_path - 1) + " bytes long");
  }
  if (config.driver == DpdkDriver::memif_client && !is_served(config.device)) {
    throw std::runtime_error("memif: nobody serves " + config.device +
                             ": start the other end, the server, first");
  }
}

// A socket that a killed server left behind would keep the next one from binding.
void clear_stale_socket(const DpdkConfig& config) {
  if (!std::filesystem::is_socket(config.device)) return;
  if (is_served(config.device)) {
    throw std::runtime_error("memif: another process serves " + config.device + " already");
  }
  ::unlink(config.device.c_str());
}

// A started port, shared by the Nics of its queues.
class Port {
 public:
  explicit Port(const DpdkConfig& config) : config_(config) {
    if (config.driver == DpdkDriver::memif_server) clear_stale_socket(config);
    const auto [name, arguments] = device_of(config);
    std::string devargs = name;
    for (const std::string& part : {arguments, config.driver_arguments}) {
      if (!part.empty()) devargs += "," + part;
    }
    const int probed = rte_dev_probe(devargs.c_str());
    if (probed < 0) fail(config, "DPDK cannot open it as " + devargs, probed);
    if (rte_eth_dev_get_port_by_name(name.c_str(), &id_) != 0) {
      fail(config, "DPDK has no network port for it", 0);
    }
  }

  ~Port() {
    gate_.reset();
    if (started_) rte_eth_dev_stop(id_);
    rte_eth_dev_close(id_);
    for (rte_mempool* pool : pools_) rte_mempool_free(pool);
    if (config_.driver == DpdkDriver::memif_server) ::unlink(config_.device.c_str());
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void start() {
    configure();
    for (std::uint16_t queue = 0; queue < config_.queues; ++queue) set_up_queue(queue);
    if (config_.mac) {
      rte_ether_addr address;
      std::memcpy(address.addr_bytes, config_.mac->data(), sizeof address.addr_bytes);
      const int changed = rte_eth_dev_default_mac_addr_set(id_, &address);
      const bool memif_has_it = changed == -ENOTSUP && mac() == *config_.mac;
      if (changed != 0 && !memif_has_it) fail(config_, "its address cannot be changed", changed);
    }
    const int status = rte_eth_dev_start(id_);
    if (status != 0) fail(config_, "it does not start", status);
    started_ = true;
    // Groups: a card without such a filter passes them anyway, and says that it cannot.
    rte_eth_allmulticast_enable(id_);
    if (config_.driver == DpdkDriver::memif_client) wait_for_link();
    if (is_memif(config_.driver)) gate_ = std::make_unique<MemifGate>(config_.device);
  }

  [[nodiscard]] std::uint16_t id() const { return id_; }
  [[nodiscard]] MemifGate* gate() const { return gate_.get(); }  // Null but for memif.
  [[nodiscard]] rte_mempool* pool(std::uint16_t queue) const { return pools_[queue]; }

  [[nodiscard]] MacAddress mac() const {
    rte_ether_addr address{};
    rte_eth_macaddr_get(id_, &address);
    MacAddress mac;
    std::memcpy(mac.data(), address.addr_bytes, mac.size());
    return mac;
  }

 private:
  // DPDK's interrupt thread shakes hands with the server.
  void wait_for_link() {
    const auto deadline = std::chrono::steady_clock::now() + link_patience;
    rte_eth_link link{};
    while (rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status != RTE_ETH_LINK_UP) {
      if (std::chrono::steady_clock::now() > deadline) {
        fail(config_, "the other end of memif does not answer; is its process alive?", 0);
      }
      std::this_thread::sleep_for(link_pause);
    }
  }

  void configure() {
    const int known = rte_eth_dev_info_get(id_, &info_);
    if (known != 0) fail(config_, "it does not say what it can do", known);
    rte_eth_conf conf{};
    constexpr std::uint64_t checksums =
        RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
    if ((info_.rx_offload_capa & checksums) == checksums) conf.rxmode.offloads |= checksums;
    conf.txmode.offloads = info_.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
    if (config_.queues > 1) {
      conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
      conf.rx_adv_conf.rss_conf.rss_hf =
          info_.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
    }
    const int status = rte_eth_dev_configure(id_, config_.queues, config_.queues, &conf);
    if (status != 0)
      fail(config_, "it does not take " + std::to_string(config_.queues) + " queues", status);
  }

  void set_up_queue(std::uint16_t queue) {
    const int socket = rte_eth_dev_socket_id(id_);
    rte_mempool* pool = make_pool(queue, socket);
    std::uint16_t receive = descriptors;
    std::uint16_t transmit = descriptors;
    rte_eth_dev_adjust_nb_rx_tx_desc(id_, &receive, &transmit);
    const auto on_node = static_cast<unsigned>(socket);
    const int rx = rte_eth_rx_queue_setup(id_, queue, receive, on_node, nullptr, pool);
    if (rx != 0) fail(config_, "no receive queue " + std::to_string(queue), rx);
    const int tx = rte_eth_tx_queue_setup(id_, queue, transmit, on_node, nullptr);
    if (tx != 0) fail(config_, "no transmit queue " + std::to_string(queue), tx);
  }

  // Buffers lie without gaps. DPDK's default keeps each within a page, which leaves holes, and the
  // AF_XDP driver shows the kernel only as many bytes as the buffers fill: those behind are refused
  // by the kernel and lost in silence. A card that does its own DMA needs the default.
  rte_mempool* make_pool(std::uint16_t queue, int socket) {
    const std::string name = "basalt_" + std::to_string(id_) + "_" + std::to_string(queue);
    const unsigned flags = config_.driver == DpdkDriver::pci ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
    rte_mempool* pool = rte_mempool_create_empty(name.c_str(), mbufs_per_queue, mbuf_bytes, 0,
                                                 sizeof(rte_pktmbuf_pool_private), socket, flags);
    if (pool == nullptr) fail(config_, "no buffers", rte_errno);
    pools_.push_back(pool);
    // One thread allocates and frees, so the pool's ring needs no atomic exchange and no cache.
    const int set = rte_mempool_set_ops_byname(pool, "ring_sp_sc", nullptr);
    if (set != 0) fail(config_, "DPDK has no ring for its buffers", set);
    rte_pktmbuf_pool_private shape{};
    shape.mbuf_data_room_size = RTE_MBUF_DEFAULT_BUF_SIZE;
    rte_pktmbuf_pool_init(pool, &shape);
    const int populated = rte_mempool_populate_default(pool);
    if (populated < 0) {
      fail(config_, "no memory for " + std::to_string(mbufs_per_queue) + " buffers", populated);
    }
    rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
    return pool;
  }

  const DpdkConfig config_;
  rte_eth_dev_info info_{};
  std::uint16_t id_ = 0;
  bool started_ = false;
  std::vector<rte_mempool*> pools_;
  std::unique_ptr<MemifGate> gate_;
};

class DpdkNic final : public Nic {
 public:
  DpdkNic(std::shared_ptr<Port> port, std::uint16_t queue)
      : port_(std::move(port)),
        id_(port_->id()),
        queue_(queue),
        pool_(port_->pool(queue)),
        gate_(port_->gate()) {}

  ~DpdkNic() override {
    rte_pktmbuf_free_bulk(lent_.data(), lent_count_);
    rte_pktmbuf_free_bulk(committed_.data(), committed_count_);
    if (claimed_ != nullptr) rte_pktmbuf_free(claimed_);
  }

  [[nodiscard]] std::uint32_t rx_burst(std::span<Frame> out) noexcept override {
    if (lent_count_ > 0) rte_pktmbuf_free_bulk(lent_.data(), lent_count_);
    lent_count_ = 0;
    if (gate_ != nullptr && !gate_->enter()) return 0;
    const auto wanted = static_cast<std::uint16_t>(std::min<std::size_t>(out.size(), burst_max));
    lent_count_ = rte_eth_rx_burst(id_, queue_, lent_.data(), wanted);
    for (std::uint32_t i = 0; i < lent_count_; ++i) {
      constexpr std::uint64_t verified = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
      const rte_mbuf* mbuf = lent_[i];
      out[i] = {.data = rte_pktmbuf_mtod(mbuf, const std::byte*),
                .size = mbuf->data_len,
                .oversized = mbuf->nb_segs != 1,
                .checksums_verified = (mbuf->ol_flags & verified) == verified};
    }
    counters_.received += lent_count_;
    if (++bursts_ % bursts_per_reading == 0) [[unlikely]]
      read_driver_counters();
    return lent_count_;
  }

  [[nodiscard]] std::span<std::byte> claim() noexcept override {
    if (committed_count_ == burst_max) tx_burst();
    if (claimed_ == nullptr && committed_count_ < burst_max) claimed_ = rte_pktmbuf_alloc(pool_);
    if (claimed_ == nullptr) [[unlikely]] {
      ++counters_.transmit_full;
      return {};
    }
    return {rte_pktmbuf_mtod(claimed_, std::byte*), frame_bytes_max};
  }

  void commit(std::size_t size) noexcept override {
    BASALT_ASSERT(claimed_ != nullptr);
    BASALT_ASSERT(size >= frame_bytes_min);
    BASALT_ASSERT(size <= frame_bytes_max);
    claimed_->data_len = static_cast<std::uint16_t>(size);
    claimed_->pkt_len = static_cast<std::uint32_t>(size);
    committed_[committed_count_++] = claimed_;
    claimed_ = nullptr;
  }

  std::uint32_t tx_burst() noexcept override {
    if (committed_count_ == 0) return 0;
    if (gate_ != nullptr && !gate_->enter()) return committed_count_;
    const std::uint32_t taken = rte_eth_tx_burst(id_, queue_, committed_.data(),
                                                 static_cast<std::uint16_t>(committed_count_));
    counters_.sent += taken;
    committed_count_ -= taken;
    std::memmove(committed_.data(), committed_.data() + taken,
                 committed_count_ * sizeof(rte_mbuf*));
    return committed_count_;
  }

  [[nodiscard]] MacAddress mac() const noexcept override { return port_->mac(); }

 private:
  void read_driver_counters() noexcept {
    rte_eth_stats stats{};
    if (rte_eth_stats_get(id_, &stats) != 0) return;
    counters_.receive_missed = stats.imissed + stats.rx_nombuf;
  }

  const std::shared_ptr<Port> port_;
  const std::uint16_t id_;
  const std::uint16_t queue_;
  rte_mempool* const pool_;
  MemifGate* const gate_;

  std::array<rte_mbuf*, burst_max> lent_{};  // Frames of the last rx_burst().
  std::uint32_t lent_count_ = 0;
  std::array<rte_mbuf*, burst_max> committed_{};  // For the next tx_burst(), oldest first.
  std::uint32_t committed_count_ = 0;
  rte_mbuf* claimed_ = nullptr;
  std::uint64_t bursts_ = 0;
};

}  // namespace

std::vector<std::unique_ptr<Nic>> open_dpdk_nics(const DpdkConfig& config) {
  check(config);
  EalConfig eal;
  eal.huge_pages = config.huge_pages;
  eal.memory_mb = 64 + 32u * config.queues;
  if (config.driver == DpdkDriver::pci) {
    eal.pci_device = config.device;
    if (!config.driver_arguments.empty()) eal.pci_device += "," + config.driver_arguments;
  }
  start_eal(eal);
  auto port = std::make_shared<Port>(config);
  port->start();
  std::vector<std::unique_ptr<Nic>> nics;
  for (std::uint16_t queue = 0; queue < config.queues; ++queue) {
    nics.push_back(std::make_unique<DpdkNic>(port, queue));
  }
  return nics;
}

}  // namespace basalt::net

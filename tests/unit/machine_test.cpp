// Machines that this one is not: each is a tree of files, as the kernel would show it.
#include "pinning/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <stdexcept>

namespace basalt::pinning {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FakeMachine {
 public:
  FakeMachine() {
    std::string name = testing::TempDir() + "machine-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = name;
  }
  ~FakeMachine() { fs::remove_all(root_); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  FakeMachine& file(const std::string& path, const std::string& line) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << line << '\n';
    return *this;
  }
  FakeMachine& folder(const std::string& path) {
    fs::create_directories(root_ / path);
    return *this;
  }
  [[nodiscard]] Machine read() const { return read_machine(root_); }

 private:
  fs::path root_;
};

const std::string cpus = "sys/devices/system/cpu/";
const std::string nodes = "sys/devices/system/node/";

// Two sockets, a node each, two physical cores with two threads on each: 0-3 are first threads.
FakeMachine& two_sockets(FakeMachine& machine) {
  machine.file(cpus + "online", "0-7").file(cpus + "isolated", "2-3,6-7");
  machine.file(cpus + "nohz_full", "2-3").file(cpus + "smt/active", "1");
  for (unsigned core = 0; core < 8; ++core) {
    const std::string one = cpus + "cpu" + std::to_string(core);
    const unsigned first = core % 4;
    machine.file(one + "/topology/physical_package_id", std::to_string(first / 2));
    machine.file(one + "/topology/thread_siblings_list",
                 std::to_string(first) + "," + std::to_string(first + 4));
    machine.file(one + "/cpufreq/scaling_governor", core == 3 ? "powersave" : "performance");
  }
  machine.file(nodes + "node0/cpulist", "0-1,4-5").file(nodes + "node1/cpulist", "2-3,6-7");
  const std::string huge = "node1/hugepages/hugepages-2048kB/";
  machine.file(nodes + huge + "nr_hugepages", "1024").file(nodes + huge + "free_hugepages", "1000");
  machine.file("proc/irq/30/smp_affinity_list", "2").folder("proc/irq/30/mlx5_comp0");
  machine.file("proc/irq/31/smp_affinity_list", "0-1").folder("proc/irq/31/nvme0q1");
  machine.file("proc/irq/5/smp_affinity_list", "0-7");
  machine.file("proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast 9000");
  machine.file("proc/sys/kernel/osrelease", "6.1.0-rt");
  machine.file("proc/cmdline", "isolcpus=2-3,6-7");
  machine.file("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
  return machine;
}

std::vector<std::string> texts_of(const std::vector<Remark>& remarks) {
  std::vector<std::string> texts;
  for (const Remark& remark : remarks) texts.push_back(remark.text);
  return texts;
}

TEST(Machine, two_sockets_are_read_whole) {
  FakeMachine fake;
  const Machine machine = two_sockets(fake).read();
  EXPECT_EQ(machine.cpu, "Fast 9000");
  EXPECT_EQ(machine.kernel, "6.1.0-rt");
  EXPECT_EQ(machine.isolated_list(), "2-3,6-7");
  EXPECT_EQ(machine.transparent_huge_pages, "madvise");
  EXPECT_EQ(machine.smt_active, true);
  ASSERT_EQ(machine.cores.size(), 8u);
  const Core* core = machine.core(6);
  ASSERT_NE(core, nullptr);
  EXPECT_EQ(core->node, 1u);
  EXPECT_EQ(core->socket, 1u);
  EXPECT_TRUE(core->isolated);
  EXPECT_FALSE(core->tickless);
  EXPECT_THAT(core->siblings, ElementsAre(2u));
  EXPECT_EQ(core->governor, "performance");
}

TEST(Machine, huge_pages_are_counted_on_each_node) {
  FakeMachine fake;
  const Machine machine = two_sockets(fake).read();
  ASSERT_EQ(machine.nodes.size(), 2u);
  EXPECT_THAT(machine.nodes[0].huge_pages, IsEmpty());
  ASSERT_EQ(machine.nodes[1].huge_pages.size(), 1u);
  EXPECT_EQ(machine.nodes[1].huge_pages[0].page_bytes, 2u * 1024 * 1024);
  EXPECT_EQ(machine.nodes[1].huge_pages[0].total, 1024u);
  EXPECT_EQ(machine.nodes[1].huge_pages[0].free, 1000u);
}

TEST(Machine, an_interrupt_that_nobody_listens_to_is_left_out) {
  FakeMachine fake;
  const Machine machine = two_sockets(fake).read();
  ASSERT_EQ(machine.interrupts.size(), 2u);
  EXPECT_EQ(machine.interrupts[0].number, 30u);
  EXPECT_EQ(machine.interrupts[0].name, "mlx5_comp0");
  EXPECT_THAT(machine.interrupts[1].cores, ElementsAre(0u, 1u));
}

TEST(Machine, what_a_bare_virtual_machine_does_not_show_is_absent) {
  FakeMachine fake;
  const Machine machine =
      fake.file(cpus + "online", "0-1").file(cpus + "nohz_full", "(null)").read();
  ASSERT_EQ(machine.cores.size(), 2u);
  EXPECT_EQ(machine.cores[1].governor, std::nullopt);
  EXPECT_FALSE(machine.cores[1].tickless);
  EXPECT_EQ(machine.smt_active, std::nullopt);
  EXPECT_EQ(machine.transparent_huge_pages, "");
  EXPECT_EQ(machine.isolated_list(), "none");
  ASSERT_EQ(machine.nodes.size(), 1u);
  EXPECT_THAT(machine.nodes[0].cores, ElementsAre(0u, 1u));
}

TEST(Machine, an_offline_core_is_not_there) {
  FakeMachine fake;
  const Machine machine = fake.file(cpus + "online", "0,2").read();
  EXPECT_EQ(machine.core(1), nullptr);
  EXPECT_NE(machine.core(2), nullptr);
}

TEST(Machine, a_tree_without_cores_is_refused_by_name) {
  FakeMachine fake;
  try {
    static_cast<void>(fake.file("proc/cmdline", "quiet").read());
    FAIL() << "read a machine from nothing";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cpu/online"));
  }
}

TEST(Machine, a_file_that_makes_no_sense_is_refused_by_name) {
  FakeMachine fake;
  fake.file(cpus + "online", "0-1").file(cpus + "isolated", "banana");
  try {
    static_cast<void>(fake.read());
    FAIL() << "understood a banana";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cpu/isolated"));
  }
}

TEST(Machine, this_machine_can_be_read) {
  const Machine machine = read_machine();
  EXPECT_FALSE(machine.cores.empty());
  EXPECT_NE(machine.kernel, "unknown");
}

TEST(ColdCores, what_is_isolated_hot_or_forbidden_is_left_out) {
  FakeMachine fake;
  two_sockets(fake);
  EXPECT_THAT(cold_cores(fake.read()), ElementsAre(0u, 1u, 4u, 5u));
  EXPECT_THAT(cold_cores(fake.read(), {1, 2, 4}), ElementsAre(0u, 5u));
  fake.file("proc/self/status", "Name:\tbasalt\nCpus_allowed:\t2f\nCpus_allowed_list:\t0-3,5");
  EXPECT_THAT(cold_cores(fake.read()), ElementsAre(0u, 1u, 5u));
  EXPECT_FALSE(fake.read().core(4)->allowed);
  EXPECT_THAT(cold_cores(fake.read(), {0, 1, 5}), IsEmpty());
}

TEST(ColdCores, this_process_may_use_those_that_it_runs_on) {
  EXPECT_FALSE(cold_cores(read_machine()).empty());
}

TEST(MachineRemarks, a_core_that_is_right_has_none) {
  FakeMachine fake;
  two_sockets(fake).file("proc/irq/30/smp_affinity_list", "0");
  fake.file(cpus + "cpu2/topology/thread_siblings_list", "2");
  EXPECT_THAT(texts_of(remarks_on(fake.read(), {2})), IsEmpty());
}

TEST(MachineRemarks, a_core_that_is_not_there_prevents_the_start) {
  FakeMachine fake;
  const auto remarks = remarks_on(two_sockets(fake).read(), {99});
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_TRUE(remarks[0].prevents);
  EXPECT_THAT(remarks[0].text, HasSubstr("core 99 is not online"));
}

TEST(MachineRemarks, every_disturbance_is_told_with_its_core) {
  FakeMachine fake;
  const auto remarks = remarks_on(two_sockets(fake).read(), {0, 2, 3, 6});
  EXPECT_THAT(texts_of(remarks),
              ElementsAre(HasSubstr("core 0 is not isolated"),
                          HasSubstr("core 0 shares its physical core with core 4: leave that one"),
                          HasSubstr("core 0 may be interrupted by 31 (nvme0q1)"),
                          HasSubstr("core 2 shares its physical core with core 6, which spins too"),
                          HasSubstr("core 2 may be interrupted by 30 (mlx5_comp0)"),
                          HasSubstr("core 3 has the frequency governor powersave"),
                          HasSubstr("core 3 shares its physical core with core 7"),
                          HasSubstr("core 6 has a timer tick")));
  for (const Remark& remark : remarks) EXPECT_FALSE(remark.prevents);
}

TEST(CoreList, what_the_kernel_writes_is_read_and_written_again) {
  for (const std::string text : {"0", "0-3", "0-3,8,10-11", "", "63-64"}) {
    EXPECT_EQ(core_list(parse_core_list(text)), text);
  }
  EXPECT_EQ(core_list(parse_core_list("3,1-2,2")), "1-3");
}

TEST(CoreList, what_is_no_list_is_refused) {
  for (const std::string text : {"a", "1-", "-1", "3-1", "1,,2", "0-99999999", "1 2"}) {
    EXPECT_THROW(static_cast<void>(parse_core_list(text)), std::runtime_error) << text;
  }
}

}  // namespace
}  // namespace basalt::pinning

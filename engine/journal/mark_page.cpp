#include "engine/journal/mark_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "engine/assert.h"

namespace basalt::journal {
namespace {

constexpr std::uint64_t page_magic = 0x3130'4B52'414D'5342;  // "BSMARK01"
constexpr std::uint64_t page_version = 1;
constexpr std::size_t page_bytes = 4096;
constexpr auto copy_interval = std::chrono::microseconds(500);

std::filesystem::path mark_path(const std::filesystem::path& data) {
  return journal_directory(data) / "mark";
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void sync_directory(const std::filesystem::path& directory) {
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) fail("cannot open " + directory.string());
  const int result = ::fsync(file);
  ::close(file);
  if (result != 0) fail("cannot sync " + directory.string());
}

MarkPageLayout* map(int file, int protection) {
  void* page = ::mmap(nullptr, page_bytes, protection, MAP_SHARED, file, 0);
  return page == MAP_FAILED ? nullptr : static_cast<MarkPageLayout*>(page);
}

}  // namespace

std::filesystem::path journal_directory(const std::filesystem::path& data) {
  return data / "journal";
}

MarkPage::MarkPage(const std::filesystem::path& data) {
  std::filesystem::create_directories(journal_directory(data));
  sync_directory(data);
  const std::string path = mark_path(data).string();
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail("cannot open " + path);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file_, F_OFD_SETLK, &lock) != 0) {
    const int error = errno;
    ::close(file_);
    if (error != EAGAIN && error != EACCES) {
      errno = error;
      fail("cannot lock " + path);
    }
    const MarkView::Marks marks = MarkView(data).read();
    throw std::runtime_error("the journal in " + data.string() + " is in use by process " +
                             std::to_string(marks.pid));
  }
  // Written, not truncated to size: a mapped hole could fault on a full disk.
  const char zeroes[page_bytes] = {};
  if (::pwrite(file_, zeroes, sizeof zeroes, 0) != static_cast<ssize_t>(sizeof zeroes) ||
      ::fdatasync(file_) != 0 || (page_ = map(file_, PROT_READ | PROT_WRITE)) == nullptr) {
    const int error = errno;
    ::close(file_);
    errno = error;
    fail("cannot make " + path);
  }
  page_->version.store(page_version, std::memory_order_relaxed);
  page_->pid.store(static_cast<std::uint64_t>(::getpid()), std::memory_order_relaxed);
  // Pairs with the acquire in MarkView::read().
  page_->magic.store(page_magic, std::memory_order_release);
}

MarkPage::~MarkPage() {
  release();
  ::munmap(page_, page_bytes);
  ::close(file_);  // Gives the lock back.
}

void MarkPage::keep(std::uint32_t engine, std::uint32_t epoch, const Marks& marks) {
  BASALT_ASSERT(marks_ == nullptr);
  BASALT_ASSERT(epoch != 0);
  marks_ = &marks;
  copy(marks);
  page_->engine.store(engine, std::memory_order_relaxed);
  // Pairs with the acquire in MarkView::read(): not recovering any more, and the counts are there.
  page_->epoch.store(epoch, std::memory_order_release);
  keeper_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      copy(*marks_);
      std::this_thread::sleep_for(copy_interval);
    }
  });
}

void MarkPage::release() {
  if (marks_ == nullptr) return;
  keeper_.request_stop();
  keeper_.join();
  copy(*marks_);
  marks_ = nullptr;
}

void MarkPage::copy(const Marks& marks) noexcept {
  // Each acquire pairs with the journal's release, each release with MarkView's acquire: what a
  // count promises is in the files when it is seen.
  const auto raise = [](std::atomic<std::uint64_t>& to, std::uint64_t value) {
    if (to.load(std::memory_order_relaxed) != value) to.store(value, std::memory_order_release);
  };
  raise(page_->error, static_cast<std::uint64_t>(marks.error.load(std::memory_order_acquire)));
  raise(page_->command_blocks, marks.command_blocks.load(std::memory_order_acquire));
  raise(page_->durable, marks.durable.load(std::memory_order_acquire));
  raise(page_->event_blocks, marks.event_blocks.load(std::memory_order_acquire));
  raise(page_->events, marks.events.load(std::memory_order_acquire));
}

MarkView::MarkView(const std::filesystem::path& data) : path_(mark_path(data)) {}

MarkView::~MarkView() {
  if (page_ != nullptr) ::munmap(const_cast<MarkPageLayout*>(page_), page_bytes);
  if (file_ >= 0) ::close(file_);
}

MarkView::Marks MarkView::read() {
  Marks marks;
  if (file_ < 0) file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) return marks;
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  marks.live = ::fcntl(file_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  marks.recovering = true;
  if (page_ == nullptr) {
    // A page that its engine has not filled yet must not be touched: there may be nothing to map.
    struct stat status {};
    if (::fstat(file_, &status) != 0 || status.st_size < static_cast<off_t>(page_bytes)) {
      return marks;
    }
    page_ = map(file_, PROT_READ);
    if (page_ == nullptr) return marks;
  }
  // Acquire everywhere: pairs with the releases of MarkPage.
  if (page_->magic.load(std::memory_order_acquire) != page_magic) return marks;
  marks.pid = page_->pid.load(std::memory_order_acquire);
  marks.epoch = static_cast<std::uint32_t>(page_->epoch.load(std::memory_order_acquire));
  marks.recovering = marks.epoch == 0;
  marks.engine = static_cast<std::uint32_t>(page_->engine.load(std::memory_order_acquire));
  marks.durable = page_->durable.load(std::memory_order_acquire);
  marks.events = page_->events.load(std::memory_order_acquire);
  marks.command_blocks = page_->command_blocks.load(std::memory_order_acquire);
  marks.event_blocks = page_->event_blocks.load(std::memory_order_acquire);
  return marks;
}

}  // namespace basalt::journal

#include "engine/journal/segment_maker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <stop_token>
#include <system_error>
#include <vector>

#include "engine/assert.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/scan.h"

namespace basalt::journal {
namespace {

constexpr std::size_t zero_write_bytes = 1 << 20;
constexpr auto look_interval = std::chrono::milliseconds(2);
constexpr auto retry_interval = std::chrono::milliseconds(100);

struct alignas(block_bytes) Zeroes {
  std::array<std::byte, zero_write_bytes> bytes{};
};
const Zeroes& zeroes() {
  static const Zeroes all;
  return all;
}

// Closes on every way out.
class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : file_(::open(path.c_str(), flags, 0644)) {}
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int file() const noexcept { return file_; }

 private:
  int file_;
};

std::int32_t sync_directory(const std::filesystem::path& directory) {
  const OpenFile opened(directory.string(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened.file() < 0 || ::fsync(opened.file()) != 0) return errno;
  return 0;
}

constexpr const char* temporary_suffix = ".making";

}  // namespace

std::string segment_name(FileKind kind, std::uint32_t number) {
  char name[40];
  std::snprintf(name, sizeof name, "%s-%010u.seg", name_of(kind), number);
  return name;
}

SegmentMaker::SegmentMaker(const std::filesystem::path& data, std::uint32_t first_commands,
                           std::uint32_t first_events, const Options& options, Arena& arena)
    : directory_(journal_directory(data)),
      options_(options),
      commands_(first_commands, arena),
      events_(first_events, arena) {
  BASALT_ASSERT(options.segment_bytes % block_bytes == 0);
  BASALT_ASSERT(options.segment_bytes >= 2 * block_bytes);
  adopt_or_remove_leftovers(FileKind::commands, first_commands);
  adopt_or_remove_leftovers(FileKind::events, first_events);
  if (options.try_direct) probe_direct();
  for (const FileKind kind : file_kinds) {
    const std::int32_t error = make(kind, file_of(kind), {});
    if (error != 0) {
      throw std::system_error(error, std::generic_category(),
                              "cannot make a journal segment in " + directory_.string());
    }
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

SegmentMaker::~SegmentMaker() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  for (File* file : {&commands_, &events_}) {
    close_retired(*file);
    while (const Segment* segment = file->ready.peek()) ::close(segment->file);
    file->ready.consume();
  }
  for (const std::int32_t file : in_use_) {
    if (file >= 0) ::close(file);
  }
}

Segment SegmentMaker::take(FileKind kind) noexcept {
  File& file = file_of(kind);
  const Segment* ready = file.ready.peek();
  if (ready == nullptr) return {};
  const Segment segment = *ready;
  file.ready.consume();
  in_use_[kind == FileKind::commands ? 0 : 1] = segment.file;
  return segment;
}

void SegmentMaker::retire(FileKind kind, const Segment& segment) noexcept {
  File& file = file_of(kind);
  Segment* place = file.retired.claim();
  // The thread closes what is retired before it makes another, and at most ring_slots exist.
  BASALT_ASSERT(place != nullptr);
  *place = segment;
  file.retired.publish();
  in_use_[kind == FileKind::commands ? 0 : 1] = -1;
}

void SegmentMaker::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    bool refused = false;
    for (const FileKind kind : file_kinds) {
      File& file = file_of(kind);
      close_retired(file);
      if (!file.ready.drained()) continue;  // One spare is enough.
      const std::int32_t error = make(kind, file, stop);
      if (stop.stop_requested()) return;
      error_.store(error, std::memory_order_relaxed);  // For people.
      refused = refused || error != 0;
    }
    std::this_thread::sleep_for(refused ? retry_interval : look_interval);
  }
}

void SegmentMaker::close_retired(File& file) {
  while (const Segment* segment = file.retired.peek()) ::close(segment->file);
  file.retired.consume();
}

// The next segment becomes ready. 0, or the errno that prevents it; then nothing is left behind.
std::int32_t SegmentMaker::make(FileKind kind, File& file, const std::stop_token& stop) {
  const std::string path = (directory_ / segment_name(kind, file.next)).string();
  if (!std::filesystem::exists(path)) {
    const std::string temporary = path + temporary_suffix;
    std::int32_t error = write_zeroes(temporary, stop);
    if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
    if (error == 0) error = sync_directory(directory_);
    if (error != 0) {
      ::unlink(temporary.c_str());
      return error;
    }
  }
  const int opened = open_segment(path);
  if (opened < 0) return errno;
  Segment* place = file.ready.claim();
  BASALT_ASSERT(place != nullptr);
  *place = {file.next, opened, static_cast<std::uint32_t>(options_.segment_bytes / block_bytes)};
  file.ready.publish();
  ++file.next;
  return 0;
}

std::int32_t SegmentMaker::write_zeroes(const std::string& path, const std::stop_token& stop) {
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | (direct_ ? O_DIRECT : 0);
  const OpenFile opened(path, flags);
  if (opened.file() < 0) return errno;
  for (std::uint64_t written = 0; written < options_.segment_bytes;) {
    if (stop.stop_requested()) return ECANCELED;
    const std::size_t size =
        std::min<std::uint64_t>(zero_write_bytes, options_.segment_bytes - written);
    const ssize_t result =
        options_.write(opened.file(), zeroes().bytes.data(), size, static_cast<off_t>(written));
    if (result < 0) return errno;
    if (static_cast<std::size_t>(result) != size) return ENOSPC;
    written += size;
  }
  if (::fsync(opened.file()) != 0) return errno;
  // Cached zeroes would only have to be dropped again by each direct write.
  ::posix_fadvise(opened.file(), 0, 0, POSIX_FADV_DONTNEED);
  return 0;
}

// What a stopped or killed engine left beyond the segments in use: temporaries go, a spare that is
// whole stays, any other goes.
void SegmentMaker::adopt_or_remove_leftovers(FileKind kind, std::uint32_t first) {
  const std::string prefix = std::string(name_of(kind)) + '-';
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(temporary_suffix)) {
      leftovers.push_back(entry.path());
    }
  }
  for (const auto& segment : open_segments(directory_.parent_path(), kind, first)) {
    const std::filesystem::path path = directory_ / segment_name(kind, segment->number());
    if (!is_spare(path)) leftovers.push_back(path);
  }
  for (const auto& path : leftovers) std::filesystem::remove(path);
}

bool SegmentMaker::is_spare(const std::filesystem::path& path) const {
  const OpenFile opened(path.string(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (opened.file() < 0 || ::fstat(opened.file(), &status) != 0) return false;
  if (static_cast<std::uint64_t>(status.st_size) != options_.segment_bytes) return false;
  std::vector<std::byte> bytes(zero_write_bytes);
  for (std::uint64_t at = 0; at < options_.segment_bytes;) {
    const ssize_t size = ::pread(opened.file(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (size <= 0) return false;
    if (!std::equal(bytes.begin(), bytes.begin() + size, zeroes().bytes.begin())) return false;
    at += static_cast<std::uint64_t>(size);
  }
  ::posix_fadvise(opened.file(), 0, 0, POSIX_FADV_DONTNEED);
  return true;
}

// Some file systems refuse O_DIRECT when opening, others when writing: one block tells.
void SegmentMaker::probe_direct() {
  const std::string path = (directory_ / "direct-probe").string();
  {
    const OpenFile opened(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_DIRECT | O_DSYNC);
    direct_ = opened.file() >= 0 && ::pwrite(opened.file(), zeroes().bytes.data(), block_bytes,
                                             0) == static_cast<ssize_t>(block_bytes);
  }
  ::unlink(path.c_str());
}

int SegmentMaker::open_segment(const std::string& path) const noexcept {
  return ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_DSYNC | (direct_ ? O_DIRECT : 0));
}

}  // namespace basalt::journal

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/journal/mark_page.h"
#include "engine/journal/scan.h"
#include "engine/journal/segment_maker.h"

namespace basalt::journal {
namespace {

// Past the page cache, as the engine writes: a page that is being read while its neighbours are
// written directly may stay behind as it was, and a follower would find zeroes below the mark.
// Where direct reading is refused so is direct writing, and the cache is the truth.
int open_uncached(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  return file >= 0 ? file : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

class FileBytes final : public SegmentBytes {
 public:
  FileBytes(std::filesystem::path path, std::uint32_t number)
      : path_(std::move(path)), number_(number), file_(open_uncached(path_)) {}
  ~FileBytes() override {
    if (file_ >= 0) ::close(file_);
  }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  [[nodiscard]] std::string name() const override { return path_.string(); }
  [[nodiscard]] std::uint32_t number() const override { return number_; }
  [[nodiscard]] std::uint64_t size() const override {
    struct stat status {};
    if (file_ < 0 || ::fstat(file_, &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.st_size);
  }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> into) const override {
    if (file_ < 0) return false;
    while (!into.empty()) {
      const ssize_t got = ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
      if (got < 0) return false;
      into = into.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
      // The end, which need not be at a sector; a direct read cannot go on from there.
      if (got == 0 || offset % sector_bytes != 0) break;
    }
    std::memset(into.data(), 0, into.size());
    return true;
  }

 private:
  const std::filesystem::path path_;
  const std::uint32_t number_;
  const int file_;
};

}  // namespace

Segments open_segments(const std::filesystem::path& data, FileKind kind, std::uint32_t first) {
  Segments segments;
  const std::filesystem::path directory = journal_directory(data);
  if (!std::filesystem::is_directory(directory)) return segments;
  const std::string prefix = std::string(name_of(kind)) + '-';
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    std::uint32_t number = 0;
    if (!name.starts_with(prefix)) continue;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    if (number < first || name != segment_name(kind, number)) continue;
    segments.push_back(std::make_unique<FileBytes>(entry.path(), number));
  }
  std::sort(segments.begin(), segments.end(),
            [](const auto& a, const auto& b) { return a->number() < b->number(); });
  return segments;
}

}  // namespace basalt::journal

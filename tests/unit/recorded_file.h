// A file of recorded flow made for one test: plain or packed, and gone with the test.
#pragma once

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace basalt::test {

enum class Packed { not_at_all, gzip, zstd };

class RecordedFile {
 public:
  explicit RecordedFile(std::string_view text, Packed packed = Packed::not_at_all) {
    std::string pattern = std::filesystem::temp_directory_path() / "basalt-recorded-XXXXXX";
    const int descriptor = ::mkstemp(pattern.data());
    if (descriptor < 0) std::abort();
    ::close(descriptor);
    path_ = pattern;
    if (packed == Packed::gzip) {
      const gzFile file = gzopen(path_.c_str(), "wb");
      if (!text.empty()) gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
      gzclose(file);
      return;
    }
    std::string bytes(text);
    if (packed == Packed::zstd) {
      bytes.resize(ZSTD_compressBound(text.size()));
      bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), text.data(), text.size(), 3));
    }
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~RecordedFile() { std::filesystem::remove(path_); }
  RecordedFile(const RecordedFile&) = delete;
  RecordedFile& operator=(const RecordedFile&) = delete;

  // Cuts the file to a part of its bytes.
  void cut_to(double share) const {
    const auto size = static_cast<double>(std::filesystem::file_size(path_));
    std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(size * share));
  }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Where real data lies, or nothing: BASALT_DATA is not set, or does not hold the file.
inline std::string real_file(const std::string& name) {
  const char* root = std::getenv("BASALT_DATA");
  if (root == nullptr) return {};
  const std::string path = std::string(root) + '/' + name;
  return std::filesystem::exists(path) ? path : std::string();
}

}  // namespace basalt::test

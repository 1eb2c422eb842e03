#include "feedhandlers/venues/text_file.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

namespace basalt::venues {
namespace {

constexpr std::size_t chunk_bytes = 1 << 16;

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
struct CloseGzip {
  void operator()(gzFile_s* file) const noexcept { gzclose_r(file); }
};
struct FreeZstd {
  void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
};

}  // namespace

// Bytes of the text, however they are packed.
class TextFile::Unpacker {
 public:
  // Throws std::runtime_error with the fault alone.
  explicit Unpacker(const std::string& path) : file_(std::fopen(path.c_str(), "rb")) {
    if (file_ == nullptr) throw std::runtime_error(std::strerror(errno));
    std::array<unsigned char, 4> magic{};
    const std::size_t read = std::fread(magic.data(), 1, magic.size(), file_.get());
    if (std::ferror(file_.get()) != 0) throw std::runtime_error(std::strerror(errno));
    if (read == 4 && magic == std::array<unsigned char, 4>{0x28, 0xB5, 0x2F, 0xFD}) {
      std::rewind(file_.get());
      zstd_.reset(ZSTD_createDStream());
      packed_.resize(ZSTD_DStreamInSize());
    } else {
      file_.reset();
      gzip_.reset(gzopen(path.c_str(), "rb"));  // Reads what is not packed as it is.
      if (gzip_ == nullptr) throw std::runtime_error(std::strerror(errno));
    }
  }

  // 0: the end.
  std::size_t read(char* to, std::size_t size) {
    return zstd_ == nullptr ? read_gzip(to, size) : read_zstd(to, size);
  }

 private:
  std::size_t read_gzip(char* to, std::size_t size) {
    const int read = gzread(gzip_.get(), to, static_cast<unsigned>(size));
    int error = Z_OK;
    const char* words = gzerror(gzip_.get(), &error);
    // A file that is cut gives what there is, and then this error.
    if (read < 0 || (read == 0 && error != Z_OK)) {
      throw std::runtime_error(error == Z_BUF_ERROR ? "the compressed data is cut off" : words);
    }
    return static_cast<std::size_t>(read);
  }

  std::size_t read_zstd(char* to, std::size_t size) {
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) {
        in_ = {packed_.data(), std::fread(packed_.data(), 1, packed_.size(), file_.get()), 0};
        if (in_.size == 0) {
          if (in_frame_) throw std::runtime_error("the compressed data is cut off");
          return 0;
        }
      }
      const std::size_t wanted = ZSTD_decompressStream(zstd_.get(), &out, &in_);
      if (ZSTD_isError(wanted)) throw std::runtime_error(ZSTD_getErrorName(wanted));
      in_frame_ = wanted != 0;
    }
    return out.pos;
  }

  std::unique_ptr<std::FILE, CloseFile> file_;
  std::unique_ptr<gzFile_s, CloseGzip> gzip_;
  std::unique_ptr<ZSTD_DStream, FreeZstd> zstd_;
  std::vector<char> packed_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool in_frame_ = false;
};

TextFile::TextFile(std::string path) : path_(std::move(path)) {
  try {
    unpacker_ = std::make_unique<Unpacker>(path_);
  } catch (const std::runtime_error& error) {
    fail(error.what());
  }
}

TextFile::~TextFile() = default;

bool TextFile::fill() {
  buffer_.erase(0, std::exchange(at_, 0));
  const std::size_t before = buffer_.size();
  buffer_.resize(before + chunk_bytes);
  std::size_t read = 0;
  try {
    read = unpacker_->read(buffer_.data() + before, chunk_bytes);
  } catch (const std::runtime_error& error) {
    fail(error.what());
  }
  buffer_.resize(before + read);
  return read > 0;
}

bool TextFile::line(std::string_view& text) {
  ++line_number_;
  std::size_t end = buffer_.find('\n', at_);
  while (end == buffer_.npos) {
    const std::size_t searched = buffer_.size() - at_;
    if (searched > line_bytes_max) fail("the line is too long");
    if (!fill()) break;
    end = buffer_.find('\n', searched);
  }
  const bool last = end == buffer_.npos;
  if (last && at_ == buffer_.size()) {
    --line_number_;
    return false;
  }
  text = std::string_view(buffer_).substr(at_, last ? text.npos : end - at_);
  at_ = last ? buffer_.size() : end + 1;
  if (text.ends_with('\r')) text.remove_suffix(1);
  return true;
}

char TextFile::first_byte() {
  for (std::size_t from = at_;;) {
    const std::size_t found = buffer_.find_first_not_of(" \t\r\n", from);
    if (found != buffer_.npos) return buffer_[found];
    from = buffer_.size() - at_;
    if (from > line_bytes_max || !fill()) return 0;
  }
}

std::string TextFile::rest() {
  while (fill()) {
    if (buffer_.size() > text_bytes_max) fail("the text is too large");
  }
  at_ = 0;
  return std::exchange(buffer_, {});
}

}  // namespace basalt::venues

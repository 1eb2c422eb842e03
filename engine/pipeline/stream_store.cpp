#include "engine/pipeline/stream_store.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <system_error>

#include "engine/assert.h"

namespace basalt::pipeline {
namespace {

constexpr std::size_t round_up(std::size_t size, std::size_t to) {
  return (size + to - 1) / to * to;
}

}  // namespace

StreamStore::StreamStore(std::uint32_t streams, std::size_t bytes_max)
    : bytes_max_(round_up(bytes_max, 4096)), stream_count_(streams) {
  const std::size_t directory_bytes =
      round_up(chunks_max(bytes_max_) * sizeof(std::uint64_t), false_sharing_bytes);
  const std::size_t table_bytes = round_up(streams * sizeof(Stream), 4096);
  mapped_bytes_ = table_bytes + streams * directory_bytes + bytes_max_;
  void* memory = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "cannot reserve room for history");
  }
  // A huge page is zeroed whole at its first touch, which would stall the writer for longer.
  ::madvise(memory, mapped_bytes_, MADV_NOHUGEPAGE);
  auto* at = static_cast<std::byte*>(memory);
  auto* first = reinterpret_cast<Stream*>(at);
  std::uninitialized_default_construct_n(first, streams);
  streams_ = {first, streams};
  at += table_bytes;
  for (Stream& stream : streams_) {
    stream.directory = reinterpret_cast<std::uint64_t*>(at);
    at += directory_bytes;
  }
  memory_ = at;
}

StreamStore::~StreamStore() {
  ::munmap(streams_.data(), mapped_bytes_);
}

bool StreamStore::has_room(std::uint32_t messages) const noexcept {
  const std::size_t each =
      sizeof(Header) + message_bytes_max + chunk_messages * sizeof(std::uint64_t);
  return bytes_max_ - used_.load(std::memory_order_relaxed) >= messages * each;  // Our own.
}

std::byte* StreamStore::take(std::size_t size) noexcept {
  const std::size_t used = used_.load(std::memory_order_relaxed);  // Our own.
  BASALT_ASSERT(bytes_max_ - used >= size);
  used_.store(used + size, std::memory_order_relaxed);  // Readers find messages by count alone.
  return memory_ + used;
}

std::span<std::byte> StreamStore::claim() noexcept {
  const std::size_t used = used_.load(std::memory_order_relaxed);  // Our own.
  std::byte* at = memory_ + used + sizeof(Header);
  BASALT_ASSERT(bytes_max_ - used >= sizeof(Header) + message_bytes_max);
  return {at, message_bytes_max};
}

void StreamStore::append(std::uint32_t number, Sequence sequence, std::size_t size,
                         Nanos received) noexcept {
  BASALT_ASSERT(number < stream_count_);
  BASALT_ASSERT(size <= message_bytes_max);
  BASALT_ASSERT(sequence >= last_sequence_);  // H2
  last_sequence_ = sequence;
  const std::size_t offset = used_.load(std::memory_order_relaxed);  // Our own.
  std::byte* at = take(round_up(sizeof(Header) + size, alignof(Header)));
  new (at) Header{sequence, received, size};

  Stream& stream = streams_[number];
  const std::uint64_t count = stream.count.load(std::memory_order_relaxed);  // Our own.
  const std::uint64_t chunk = count / chunk_messages;
  BASALT_ASSERT(chunk < chunks_max(bytes_max_));
  if (count % chunk_messages == 0) {
    stream.directory[chunk] =
        static_cast<std::uint64_t>(take(chunk_messages * sizeof(std::uint64_t)) - memory_);
  }
  auto* index = reinterpret_cast<std::uint64_t*>(memory_ + stream.directory[chunk]);
  index[count % chunk_messages] = offset;
  // Pairs with the acquire in count().
  stream.count.store(count + 1, std::memory_order_release);
}

StreamStore::Message StreamStore::at(std::uint32_t number, std::uint64_t message) const noexcept {
  BASALT_ASSERT(number < stream_count_);
  const Stream& stream = streams_[number];
  BASALT_ASSERT(message >= 1);
  // Relaxed: the caller has seen a count() that lets it ask; this only catches one that has not.
  BASALT_ASSERT(message <= stream.count.load(std::memory_order_relaxed));
  const std::uint64_t place = message - 1;
  const auto* index =
      reinterpret_cast<const std::uint64_t*>(memory_ + stream.directory[place / chunk_messages]);
  const std::byte* at = memory_ + index[place % chunk_messages];
  const auto* header = reinterpret_cast<const Header*>(at);
  return {{at + sizeof(Header), header->size}, header->sequence, header->received};
}

}  // namespace basalt::pipeline

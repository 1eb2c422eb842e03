#include "engine/state_hash.h"

#include <xxhash.h>

#include <new>

namespace basalt {

StateHash::StateHash() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state_);
}

StateHash::~StateHash() {
  XXH3_freeState(state_);
}

void StateHash::add_bytes(const void* bytes, std::size_t size) {
  XXH3_64bits_update(state_, bytes, size);
}

std::uint64_t StateHash::digest() const {
  return XXH3_64bits_digest(state_);
}

}  // namespace basalt

// The rings' hot paths, each as one function, for check_machine_code to read after the compiler.
// What is named hot_… may not call, lock or fence. What is named canary_… does, and the check fails
// when it does not notice.
#include <atomic>
#include <cstdlib>

#include "engine/command.h"
#include "engine/ring/broadcast_ring.h"
#include "engine/ring/spsc_ring.h"

using Spsc = basalt::ring::SpscRing<basalt::Slot>;
using Broadcast = basalt::ring::BroadcastRing<basalt::Slot>;

extern "C" {

bool hot_spsc_send(Spsc& ring, const basalt::Slot& message) {
  basalt::Slot* slot = ring.claim();
  if (slot == nullptr) return false;
  *slot = message;
  ring.publish();
  return true;
}

bool hot_spsc_receive(Spsc& ring, basalt::Slot& message) {
  const basalt::Slot* slot = ring.peek();
  if (slot == nullptr) return false;
  message = *slot;
  ring.consume();
  return true;
}

std::uint32_t hot_spsc_room(Spsc& ring, std::uint32_t wanted) {
  return ring.room(wanted);
}

bool hot_broadcast_send(Broadcast& ring, const basalt::Slot& message) {
  basalt::Slot* slot = ring.claim();
  if (slot == nullptr) return false;
  *slot = message;
  ring.publish();
  return true;
}

bool hot_broadcast_receive(Broadcast::Reader& reader, basalt::Slot& message) {
  const basalt::Slot* slot = reader.peek();
  if (slot == nullptr) return false;
  message = *slot;
  reader.consume();
  return true;
}

void canary_locks(std::atomic<int>& word) {
  word.fetch_add(1, std::memory_order_relaxed);  // Carries no data: a canary.
}
void canary_exchanges(std::atomic<int>& word) {
  word.store(1, std::memory_order_seq_cst);
}
void* canary_calls(std::size_t size_bytes) {
  return std::malloc(size_bytes);
}

}  // extern "C"

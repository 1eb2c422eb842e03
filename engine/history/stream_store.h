// The store's older address: it is not one role's, so it lives with the pipeline.
#pragma once

#include "engine/pipeline/stream_store.h"

namespace basalt::history {

using pipeline::StreamStore;

}  // namespace basalt::history

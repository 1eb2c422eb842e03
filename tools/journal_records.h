// Records of the journal as fields with names, for people and for other programs.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/command.h"
#include "engine/event.h"

namespace basalt::tools {

// In the order of the struct; what a command's kind does not use is left out. Money is a string of
// digits, because it is wider than what JSON's readers hold.
[[nodiscard]] nlohmann::ordered_json fields_of(const Command& command);
[[nodiscard]] nlohmann::ordered_json fields_of(const Event& event);

// "name=value name=value", in that order.
[[nodiscard]] std::string line_of(const nlohmann::ordered_json& fields);

}  // namespace basalt::tools

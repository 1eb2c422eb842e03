#include "engine/toml_table.h"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace basalt {
namespace {

const toml::table& as_table(const void* node) {
  return *static_cast<const toml::table*>(node);
}

const toml::node& as_node(const void* node) {
  return *static_cast<const toml::node*>(node);
}

std::uint32_t line_of_node(const toml::node& node) {
  return static_cast<std::uint32_t>(node.source().begin.line);
}

}  // namespace

struct TomlFile::Parsed {
  toml::table table;
};

TomlFile::TomlFile(const std::filesystem::path& path) : path_(path.string()) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) {
    add(0, "the file cannot be read", "name a file that exists and may be read");
    return;
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  try {
    parsed_ = std::make_unique<Parsed>(Parsed{toml::parse(text, path_)});
  } catch (const toml::parse_error& error) {
    add(static_cast<std::uint32_t>(error.source().begin.line),
        "this is not TOML: " + std::string(error.description()),
        "correct the syntax; what follows it was not looked at");
  }
}

TomlFile::~TomlFile() = default;

TomlTable TomlFile::root() {
  return {*this, parsed_ == nullptr ? nullptr : &parsed_->table, 0, ""};
}

void TomlFile::add(std::uint32_t line, std::string wrong, std::string mend) {
  const bool told = std::any_of(findings_.begin(), findings_.end(), [&](const Finding& finding) {
    return finding.line == line && finding.wrong == wrong;
  });
  if (!told) findings_.push_back({path_, line, std::move(wrong), std::move(mend)});
}

std::vector<Finding> TomlFile::take_findings() {
  std::stable_sort(findings_.begin(), findings_.end(),
                   [](const Finding& a, const Finding& b) { return a.line < b.line; });
  return std::move(findings_);
}

std::string TomlTable::full_name(std::string_view key) const {
  return in_quotes(name_.empty() ? std::string(key) : name_ + "." + std::string(key));
}

std::uint32_t TomlTable::line_of(std::string_view key) const {
  if (absent()) return line_;
  const toml::node* node = as_table(node_).get(key);
  return node == nullptr ? line_ : line_of_node(*node);
}

void TomlTable::add(std::string_view key, std::string wrong, std::string mend) {
  if (!absent()) file_->add(line_of(key), std::move(wrong), std::move(mend));
}

bool TomlTable::has(std::string_view key) {
  asked_.emplace_back(key);
  return !absent() && as_table(node_).contains(key);
}

const void* TomlTable::find(std::string_view key, std::string_view kind) {
  if (absent()) return nullptr;
  asked_.emplace_back(key);
  const toml::node* node = as_table(node_).get(key);
  if (node == nullptr) {
    file_->add(line_, full_name(key) + " is missing", "add it: " + std::string(kind));
  }
  return node;
}

void TomlTable::wrong_kind(std::string_view key, std::string_view kind) {
  add(key, full_name(key) + " is not what it should be", "make it " + std::string(kind));
}

std::int64_t TomlTable::signed_whole(std::string_view key, std::int64_t least, std::int64_t most) {
  const std::string kind =
      "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const void* found = find(key, kind);
  if (found == nullptr) return least;
  const toml::value<std::int64_t>* value = as_node(found).as_integer();
  if (value == nullptr || value->get() < least || value->get() > most) {
    wrong_kind(key, kind);
    return least;
  }
  return value->get();
}

std::uint64_t TomlTable::whole(std::string_view key, std::uint64_t least, std::uint64_t most) {
  return static_cast<std::uint64_t>(
      signed_whole(key, static_cast<std::int64_t>(least), static_cast<std::int64_t>(most)));
}

std::string TomlTable::text(std::string_view key, std::size_t size_max) {
  const std::string kind = "a text of 1 to " + std::to_string(size_max) + " printable characters";
  const void* found = find(key, kind);
  if (found == nullptr) return {};
  const toml::value<std::string>* value = as_node(found).as_string();
  const auto printable = [](char character) { return character >= ' ' && character <= '~'; };
  if (value == nullptr || value->get().empty() || value->get().size() > size_max ||
      !std::all_of(value->get().begin(), value->get().end(), printable)) {
    wrong_kind(key, kind);
    return {};
  }
  return value->get();
}

bool TomlTable::truth(std::string_view key) {
  const void* found = find(key, "true or false");
  if (found == nullptr) return false;
  const toml::value<bool>* value = as_node(found).as_boolean();
  if (value == nullptr) wrong_kind(key, "true or false");
  return value != nullptr && value->get();
}

std::size_t TomlTable::word(std::string_view key, const std::vector<std::string_view>& words) {
  std::string kind;
  for (const std::string_view word : words) kind += (kind.empty() ? "" : " or ") + in_quotes(word);
  const void* found = find(key, kind);
  if (found == nullptr) return 0;
  const toml::value<std::string>* value = as_node(found).as_string();
  const auto place =
      value == nullptr ? words.end() : std::find(words.begin(), words.end(), value->get());
  if (place != words.end()) return static_cast<std::size_t>(place - words.begin());
  wrong_kind(key, kind);
  return 0;
}

std::uint64_t TomlTable::whole_or(std::string_view key, std::uint64_t least, std::uint64_t most,
                                  std::uint64_t otherwise) {
  return has(key) ? whole(key, least, most) : otherwise;
}

std::string TomlTable::text_or(std::string_view key, std::size_t size_max, std::string otherwise) {
  return has(key) ? text(key, size_max) : std::move(otherwise);
}

bool TomlTable::truth_or(std::string_view key, bool otherwise) {
  return has(key) ? truth(key) : otherwise;
}

std::vector<std::string> TomlTable::texts(std::string_view key) {
  const std::string_view kind = "a list of texts, at least one";
  const void* found = find(key, kind);
  if (found == nullptr) return {};
  const toml::array* array = as_node(found).as_array();
  if (array == nullptr || array->empty() || !array->is_homogeneous<std::string>()) {
    wrong_kind(key, kind);
    return {};
  }
  std::vector<std::string> texts;
  for (const toml::node& element : *array) texts.push_back(element.as_string()->get());
  return texts;
}

std::vector<std::vector<std::uint64_t>> TomlTable::lists_of_wholes(std::string_view key) {
  const std::string_view kind = "a list of lists of whole numbers, none below zero";
  const void* found = find(key, kind);
  if (found == nullptr) return {};
  std::vector<std::vector<std::uint64_t>> lists;
  const toml::array* array = as_node(found).as_array();
  bool good = array != nullptr;
  for (std::size_t i = 0; good && i < array->size(); ++i) {
    const toml::array* list = array->get(i)->as_array();
    good = list != nullptr && (list->empty() || list->is_homogeneous<std::int64_t>());
    if (!good) break;
    lists.emplace_back();
    for (const toml::node& element : *list) {
      good = good && element.as_integer()->get() >= 0;
      lists.back().push_back(static_cast<std::uint64_t>(element.as_integer()->get()));
    }
  }
  if (good) return lists;
  wrong_kind(key, kind);
  return {};
}

TomlTable TomlTable::table(std::string_view key) {
  TomlTable none(*file_, nullptr, line_, "");
  const void* found = find(key, "a table, [" + std::string(key) + "]");
  if (found == nullptr) return none;
  const toml::table* table = as_node(found).as_table();
  if (table == nullptr) {
    wrong_kind(key, "a table, [" + std::string(key) + "]");
    return none;
  }
  return {*file_, table, line_of_node(*table), std::string(key)};
}

std::vector<TomlTable> TomlTable::tables(std::string_view key, bool needed) {
  const std::string kind = "one or more tables, [[" + std::string(key) + "]]";
  if (!needed && !has(key)) return {};
  const void* found = find(key, kind);
  if (found == nullptr) return {};
  const toml::array* array = as_node(found).as_array();
  if (array == nullptr || array->empty() || !array->is_array_of_tables()) {
    wrong_kind(key, kind);
    return {};
  }
  std::vector<TomlTable> tables;
  for (const toml::node& element : *array) {
    const std::string name = std::string(key) + "[" + std::to_string(tables.size()) + "]";
    tables.push_back(TomlTable(*file_, element.as_table(), line_of_node(element), name));
  }
  return tables;
}

void TomlTable::finish() {
  if (absent()) return;
  std::sort(asked_.begin(), asked_.end());
  asked_.erase(std::unique(asked_.begin(), asked_.end()), asked_.end());
  std::string known;
  for (const std::string& key : asked_) known += (known.empty() ? "" : ", ") + key;
  for (const auto& [key, node] : as_table(node_)) {
    if (std::binary_search(asked_.begin(), asked_.end(), key.str())) continue;
    add(key.str(), full_name(key.str()) + " means nothing here",
        "remove it, or take one of: " + known);
  }
}

}  // namespace basalt

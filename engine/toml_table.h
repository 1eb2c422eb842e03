// Reads a TOML file key by key, and lists everything that is wrong with it.
//
//   TomlFile ─► root() ─► TomlTable: whole("orders_max", 1, …), text(…), tables(…) ─► finish()
//
// A value that is missing or wrong becomes a finding, and reading goes on with a harmless one. What
// was never asked for is an unknown key: finish() lists those. Cold; a syntax error is one finding,
// since what follows it means nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/finding.h"

namespace basalt {

class TomlTable;

class TomlFile {
 public:
  explicit TomlFile(const std::filesystem::path& path);
  ~TomlFile();
  TomlFile(const TomlFile&) = delete;
  TomlFile& operator=(const TomlFile&) = delete;

  // Absent when the file could not be read or parsed.
  [[nodiscard]] TomlTable root();

  void add(std::uint32_t line, std::string wrong, std::string mend);
  // In order of line.
  [[nodiscard]] std::vector<Finding> take_findings();

 private:
  struct Parsed;

  const std::string path_;
  std::unique_ptr<Parsed> parsed_;
  std::vector<Finding> findings_;
};

// One table of the file. An absent one answers everything and finds nothing: that it is absent has
// been told. Copies know the same keys as asked for only until they part: use one.
class TomlTable {
 public:
  [[nodiscard]] bool absent() const noexcept { return node_ == nullptr; }
  [[nodiscard]] bool has(std::string_view key);

  // Required. Without a good value: the least, an empty text, false.
  [[nodiscard]] std::uint64_t whole(std::string_view key, std::uint64_t least, std::uint64_t most);
  [[nodiscard]] std::int64_t signed_whole(std::string_view key, std::int64_t least,
                                          std::int64_t most);
  [[nodiscard]] std::string text(std::string_view key, std::size_t size_max = 1024);
  [[nodiscard]] bool truth(std::string_view key);
  // One of `words`; its place among them.
  [[nodiscard]] std::size_t word(std::string_view key, const std::vector<std::string_view>& words);

  // Where the key is left out, `otherwise`.
  [[nodiscard]] std::uint64_t whole_or(std::string_view key, std::uint64_t least,
                                       std::uint64_t most, std::uint64_t otherwise);
  [[nodiscard]] std::string text_or(std::string_view key, std::size_t size_max,
                                    std::string otherwise);
  [[nodiscard]] bool truth_or(std::string_view key, bool otherwise);

  [[nodiscard]] std::vector<std::string> texts(std::string_view key);
  [[nodiscard]] std::vector<std::vector<std::uint64_t>> lists_of_wholes(std::string_view key);
  [[nodiscard]] TomlTable table(std::string_view key);
  // An array of tables; `needed`: a missing one is a finding.
  [[nodiscard]] std::vector<TomlTable> tables(std::string_view key, bool needed);

  // Lists the keys that nobody asked for.
  void finish();

  // Of the table, and of one of its keys.
  [[nodiscard]] std::uint32_t line() const noexcept { return line_; }
  [[nodiscard]] std::uint32_t line_of(std::string_view key) const;
  void add(std::string_view key, std::string wrong, std::string mend);

 private:
  friend class TomlFile;
  TomlTable(TomlFile& file, const void* node, std::uint32_t line, std::string name)
      : file_(&file), node_(node), line_(line), name_(std::move(name)) {}

  [[nodiscard]] const void* find(std::string_view key, std::string_view kind);
  void wrong_kind(std::string_view key, std::string_view kind);
  [[nodiscard]] std::string full_name(std::string_view key) const;

  TomlFile* file_;
  const void* node_;  // A toml::table: only toml_table.cpp knows of the library.
  std::uint32_t line_;
  std::string name_;  // Of the table in the file: limits, threads[2]; empty for the root.
  std::vector<std::string> asked_;
};

}  // namespace basalt

// The words of a line, as the judge reads them.
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {

// Every word is about one thing, which its `=` ends; and of a time in force there is one.
bool NaiveBook::says_twice(const std::vector<std::string>& words, std::size_t from) {
  const std::set<std::string> lives{"day", "gtc",     "ioc",      "fok",
                                    "gtd", "at-open", "at-close", "at-halt"};
  std::set<std::string> said;
  for (std::size_t i = from; i < words.size(); ++i) {
    const std::string thing = words[i].substr(0, words[i].find('='));
    if (!said.insert(lives.contains(thing) ? "life" : thing).second) return true;
  }
  return false;
}

}  // namespace basalt::oracle

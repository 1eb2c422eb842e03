// The command line of Basalt: one program, one verb a task.
#include <cstdio>
#include <cstring>

#include "tools/admin_verb.h"
#include "tools/book_verb.h"
#include "tools/journal_verb.h"
#include "tools/ledger_verb.h"
#include "tools/load_verb.h"
#include "tools/loopback_verb.h"
#include "tools/replay_verb.h"

namespace {

struct Verb {
  const char* name;
  const char* what;
  int (*run)(int argc, char** argv);
};

constexpr Verb verbs[] = {
    {"load", "order flow over the wire, every answer and every book accounted for",
     basalt::tools::load_verb},
    {"admin", "deposits, halts, fees: an administrative command to a running venue",
     basalt::tools::admin_verb},
    {"book", "the matching core in text: commands in, events out", basalt::tools::book_verb},
    {"loopback", "engine and client in one process, over an in-memory wire",
     basalt::tools::loopback_verb},
    {"replay", "the journal from its first record, and the state it tells of",
     basalt::tools::replay_verb},
    {"journal", "the journal's files: verify, list, dump", basalt::tools::journal_verb},
    {"ledger", "debits and credits of a journal, added up anew", basalt::tools::ledger_verb},
};

int usage(std::FILE* out, int status) {
  std::fputs("usage: basalt VERB [options]      basalt VERB --help tells more\n\n", out);
  for (const Verb& verb : verbs) std::fprintf(out, "  %-9s %s\n", verb.name, verb.what);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return usage(stderr, 2);
  if (std::strcmp(argv[1], "--help") == 0) return usage(stdout, 0);
  if (std::strcmp(argv[1], "--version") == 0) return std::puts("basalt " BASALT_VERSION) < 0;
  for (const Verb& verb : verbs) {
    if (std::strcmp(argv[1], verb.name) == 0) return verb.run(argc - 1, argv + 1);
  }
  std::fprintf(stderr, "basalt: no such verb: %s\n", argv[1]);
  return usage(stderr, 2);
}

// `basalt journal verify|list|dump --data DIR`: what the journal's files are and what they hold.
//
//   verify   walks every block of both files: exit status 0 when they are whole or end in a torn
//            tail, which it says; 1 when they are damaged, naming the file and the offset
//   list     the segments, one a line
//   dump     the records in order of the log, one a line; --from, --to, --json
//
// Beside a running engine all three end at its mark, and leave its cores alone. Files are checked
// by all cores that are neither isolated nor the engine's, many segments at once.
#pragma once

namespace basalt::tools {

// argv[0] is "journal". Exit status: 0 did it, 1 damaged or not readable, 2 used wrongly.
int journal_verb(int argc, char** argv);

}  // namespace basalt::tools

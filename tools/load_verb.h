// `basalt load`: order flow through the wire, from a process of its own.
#pragma once

namespace basalt::tools {

// argv[0] is "load". 0: every order answered, no gap in the feed, no mismatch of a book; 1: not so;
// 2: used wrongly.
int load_verb(int argc, char** argv);

}  // namespace basalt::tools

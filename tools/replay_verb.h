// `basalt replay`: the journal from its first record, and the state that it tells of.
#pragma once

namespace basalt::tools {

// argv[0] is "replay". 0: replayed (a torn tail is said); 1: damaged; 2: used wrongly.
int replay_verb(int argc, char** argv);

}  // namespace basalt::tools

// `basalt loopback`: engine and client in one process, over an in-memory wire. The frames are those
// of a real wire and so is the decoder; only the NIC is not there.
#pragma once

namespace basalt::tools {

// argv[0] is "loopback". What load_verb() says of the client; 1 too when the engine's end was not
// orderly.
int loopback_verb(int argc, char** argv);

}  // namespace basalt::tools

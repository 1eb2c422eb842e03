// `basalt load`: order flow through the wire, from a process of its own.
#pragma once

#include "net/datagram_port.h"
#include "net/endpoint.h"

namespace basalt::tools {

// argv[0] is "load". 0: every order answered, no gap in the feed, no mismatch of a book; 1: not so;
// 2: used wrongly.
int load_verb(int argc, char** argv);

// The same words, over a wire that ends in the caller: for an engine in the same process
// (loopback_verb.h). The port has client_endpoint() and the feed's groups.
int load_over(net::DatagramPort& wire, int argc, char** argv);

// The client's own end on a wire without a kernel.
[[nodiscard]] net::Endpoint client_endpoint();

}  // namespace basalt::tools

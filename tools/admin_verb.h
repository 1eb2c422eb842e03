// `basalt admin`: one administrative command to a running venue, and its answer.
//
//   words ─► one message (ouch50_admin.h) ─► a session of an administrator, over TCP ─► the answer
//
// Its external id makes it safe to send again: it is printed before anything is sent.
#pragma once

namespace basalt::tools {

// argv[0] is "admin". 0: applied, or applied before; 1: refused, or not answered; 2: used wrongly.
int admin_verb(int argc, char** argv);

}  // namespace basalt::tools

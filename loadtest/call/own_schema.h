// The schema of this project's own server, which the program was built with: nobody has to be asked for it.
//
// Thread: any.

#ifndef MEANWHILE_LOADTEST_CALL_OWN_SCHEMA_H_
#define MEANWHILE_LOADTEST_CALL_OWN_SCHEMA_H_

#include <memory>

#include "loadtest/call/schema.h"

namespace meanwhile {

// Meanwhile, Admin and gRPC's Health.
std::shared_ptr<const Schema> OwnSchema();

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_OWN_SCHEMA_H_

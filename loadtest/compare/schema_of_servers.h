// Where the schema of servers comes from that are compared, when no file has it.
//
// Thread: the main one (see server_process.h). Blocks.

#ifndef MEANWHILE_LOADTEST_COMPARE_SCHEMA_OF_SERVERS_H_
#define MEANWHILE_LOADTEST_COMPARE_SCHEMA_OF_SERVERS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/call/schema.h"
#include "loadtest/call/server_reflection.h"
#include "loadtest/compare/comparison_run.h"

namespace meanwhile {

// The first of the services that this project's server does not have; empty when it has all of them.
std::string ForeignService(const std::vector<std::string>& services);

// The schema of this project's own server if all of the services are its. Else the first server that runs already is
// asked by reflection, or, when there is none, the first of them, which is started for it; `reflection` says how,
// without targets. Errors: those of ServerProcess::Start and ReflectSchema.
absl::StatusOr<std::shared_ptr<const Schema>> SchemaOfServers(const std::vector<ComparedServer>& servers,
                                                              const std::vector<std::string>& services,
                                                              const ReflectionOptions& reflection,
                                                              const std::function<bool()>& stopped);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_SCHEMA_OF_SERVERS_H_

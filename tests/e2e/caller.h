// Caller: makes calls of one server, one after another, and says how the last one ended.
//
//   Caller caller(server.target());
//   EXPECT_EQ(caller.Fetch("query:item-1").value(), "value of item-1") << caller.error();
//
// LongComputation: a call that keeps a processor of the server busy for as long as it lives.
//
// Thread: a test's. No call goes on for longer than kPatience.

#ifndef MEANWHILE_TESTS_E2E_CALLER_H_
#define MEANWHILE_TESTS_E2E_CALLER_H_

#include <grpcpp/client_context.h>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/wait_until.h"

namespace meanwhile {

class Caller {
 public:
  explicit Caller(const std::string& target);

  // `wait` as on a command line: see client/wait_flag.h.
  v1::FetchResponse Fetch(const std::string& wait);
  v1::GatherResponse Gather(v1::GatherRequest::Mode mode, const std::vector<std::string>& waits);
  v1::ComputeResponse Compute(std::uint64_t rounds, absl::Duration timeout = kPatience);

  bool ok() const { return status_.ok(); }
  grpc::StatusCode code() const { return status_.error_code(); }
  std::string error() const { return status_.error_message(); }

  // For streams.
  v1::Meanwhile::Stub& stub() { return *stub_; }

 private:
  ChannelPool channels_;
  std::unique_ptr<v1::Meanwhile::Stub> stub_;
  grpc::Status status_;
};

class LongComputation {
 public:
  explicit LongComputation(const std::string& target);
  ~LongComputation();

 private:
  Caller caller_;
  v1::ComputeRequest request_;
  v1::ComputeResponse response_;
  grpc::ClientContext context_;
  std::future<grpc::Status> ended_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_E2E_CALLER_H_

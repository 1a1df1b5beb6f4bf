// StreamsTest: what the tests of streaming calls share. Each test runs against every model that streams; the client is
// gRPC's own, so that the server is tested without our loops on the other side.
//
// Thread: a test's.

#ifndef MEANWHILE_TESTS_SERVER_MODEL_STREAMS_H_
#define MEANWHILE_TESTS_SERVER_MODEL_STREAMS_H_

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "client/channel_pool.h"
#include "client/proto_duration.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/model/served_model.h"

namespace meanwhile {

using ExchangeStream = grpc::ClientReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>;

inline void SetWait(absl::Duration wait, v1::Wait* proto) {
  ToProto(wait, proto->mutable_simulated()->mutable_constant());
}

inline v1::WatchRequest WatchRequest(std::uint32_t count, absl::Duration wait, const std::string& payload = "") {
  v1::WatchRequest request;
  request.set_count(count);
  SetWait(wait, request.mutable_wait());
  request.set_payload(payload);
  return request;
}

// Of Collect or Exchange.
template <typename Request>
Request Message(const std::string& payload, absl::Duration wait = absl::ZeroDuration()) {
  Request request;
  request.set_payload(payload);
  SetWait(wait, request.mutable_wait());
  return request;
}

class StreamsTest : public testing::TestWithParam<ModelKind> {
 protected:
  explicit StreamsTest(const ServerOptions& options) : served_(options), channels_({.target = served_.target()}) {}
  StreamsTest() : StreamsTest(ServedModel::SmallServer(GetParam())) {}

  ServedModel& served() { return served_; }
  v1::Meanwhile::Stub& stub() { return *stub_; }
  bool HasFinished(const std::string& status) { return served_.HasFinished(status, 1); }

  // Sends a message and awaits its answer.
  static void ExpectEcho(ExchangeStream& stream, const std::string& payload) {
    ASSERT_TRUE(stream.Write(Message<v1::ExchangeRequest>(payload)));
    v1::ExchangeResponse answer;
    ASSERT_TRUE(stream.Read(&answer));
    EXPECT_EQ(answer.payload(), payload);
  }

 private:
  ServedModel served_;
  ChannelPool channels_;
  const std::unique_ptr<v1::Meanwhile::Stub> stub_ = v1::Meanwhile::NewStub(channels_.channel(0));
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_MODEL_STREAMS_H_

// EngineTest: an engine, a server that says what a test wants it to say (scripted_server.h), and calls between them.
//
// Thread: a test's.

#ifndef MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_ENGINE_TEST_H_
#define MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_ENGINE_TEST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "loadtest/engine/http2/endpoint.h"
#include "loadtest/engine/http2/http2_engine.h"
#include "tests/loadtest/engine/http2/scripted_server.h"
#include "tests/loadtest/engine/http2/sent_calls.h"

namespace meanwhile::http2 {

inline auto EndsWith(absl::StatusCode code, const std::string& message) {
  using testing::Field;
  return testing::AllOf(Field("code", &SentCall::code, code), Field("message", &SentCall::message, message));
}
inline const auto kGoodCall = SentCall{absl::StatusCode::kOk, "", "", {"hello"}};

struct Load {
  std::size_t connections = 1;
  std::size_t slots = 1;
  std::size_t total = 1;
  absl::Duration timeout = absl::InfiniteDuration();
};

class EngineTest : public testing::Test {
 protected:
  void Prepare(const ScriptedServer& server, const Load& load) {
    absl::StatusOr<Endpoint> endpoint = ResolveEndpoint(server.target());
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    Http2EngineOptions options;
    options.targets = {{*endpoint}};
    options.connections = load.connections;
    options.slots = load.slots;
    options.plan = RepeatedCall({"/test.Service/Method"}, {"hello"});
    options.timeout = load.timeout;
    engine_ = MakeHttp2Engine(options);
    calls_ = std::make_unique<SentCalls>(engine_.get(), load.slots, load.total);
  }
  const std::vector<SentCall>& Run() {
    engine_->Run(calls_.get());
    return calls_->ended();
  }
  const std::vector<SentCall>& Run(const ScriptedServer& server, const Load& load = {}) {
    Prepare(server, load);
    return Run();
  }

  std::unique_ptr<Http2Engine> engine_;
  std::unique_ptr<SentCalls> calls_;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_ENGINE_TEST_H_

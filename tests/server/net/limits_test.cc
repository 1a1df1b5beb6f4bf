// Each limit, at its bound and over it, and what a client sees.

#include "server/net/limits.h"

#include <dirent.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "server/server.h"
#include "tests/certificates.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/model/served_model.h"
#include "tests/server/net/raw_connection.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

// What a client is asked to wait for, much longer than a test takes.
constexpr absl::Duration kLong = absl::Minutes(10);

class LimitsTest : public testing::TestWithParam<ModelKind> {
 protected:
  // Serves with these limits.
  void Serve(const LimitOptions& limits, const TlsOptions& tls = {}) {
    ServerOptions options = ServedModel::SmallServer(GetParam());
    options.limits = limits;
    options.tls = tls;
    options.max_wait = absl::Hours(1);
    served_ = std::make_unique<ServedModel>(options);
    channels_ =
        std::make_unique<ChannelPool>(ChannelPoolOptions{.target = served_->target(), .max_message_bytes = 64 << 20});
  }

  const std::string& target() const { return served_->target(); }
  Acceptor& acceptor() { return served_->server().acceptor(); }

  // Calls Fetch; how it ended.
  grpc::Status Fetch(std::size_t payload = 0, std::size_t metadata = 0) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    if (metadata > 0) context.AddMetadata("x", std::string(metadata, 'x'));
    v1::FetchRequest request;
    request.set_payload(std::string(payload, 'x'));
    v1::FetchResponse response;
    return v1::Meanwhile::NewStub(channels_->channel(0))->Fetch(&context, request, &response);
  }

  // Waits until all connections have been closed.
  bool AllAreClosed() {
    return WaitUntil([&] { return acceptor().CountOpen() == 0; });
  }

  std::unique_ptr<ServedModel> served_;
  std::unique_ptr<ChannelPool> channels_;
};

INSTANTIATE_TEST_SUITE_P(Models, LimitsTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(LimitsTest, AMessageOverTheLimitIsResourceExhaustedAndTheConnectionGoesOn) {
  Serve({.max_message_bytes = 1000});
  // A request is its payload, a byte for the field and two for the length.
  EXPECT_TRUE(Fetch(997).ok());
  const grpc::Status over = Fetch(998);
  EXPECT_EQ(over.error_code(), StatusCode::RESOURCE_EXHAUSTED) << over.error_message();
  EXPECT_TRUE(Fetch(997).ok());
  EXPECT_EQ(acceptor().accepted(), 1u);
}

TEST_P(LimitsTest, MetadataOverTheLimitFailsTheCallAndEndsItsConnection) {
  Serve({.max_metadata_bytes = 4 << 10});
  EXPECT_TRUE(Fetch(0, 3000).ok());
  const grpc::Status over = Fetch(0, 5000);
  EXPECT_EQ(over.error_code(), StatusCode::RESOURCE_EXHAUSTED) << over.error_message();
  EXPECT_TRUE(WaitUntil([&] { return Fetch(0, 3000).ok(); })) << "at first perhaps on the connection that goes";
  EXPECT_EQ(acceptor().accepted(), 2u);
}

// The other limits are held by the same code in every model: one is enough.
class ConnectionLimitsTest : public LimitsTest {};
INSTANTIATE_TEST_SUITE_P(Async, ConnectionLimitsTest, testing::Values(ModelKind::kAsync),
                         [](const auto&) { return "async"; });

// The start of a call of Fetch, by hand; until its message comes, it is open. HPACK without its tables (RFC 7541,
// section 6.2.2).
Http2Frame CallFrame(std::uint32_t stream) {
  std::string block;
  for (const auto& [name, value] :
       {std::pair(":method", "POST"), std::pair(":scheme", "http"), std::pair(":path", "/meanwhile.v1.Meanwhile/Fetch"),
        std::pair(":authority", "x"), std::pair("te", "trailers"), std::pair("content-type", "application/grpc")}) {
    block.push_back(0);
    for (const std::string text : {name, value})
      absl::StrAppend(&block, std::string(1, static_cast<char>(text.size())), text);
  }
  return {.type = Http2Frame::kHeaders, .flags = kEndHeaders, .stream = stream, .payload = block};
}

// How many pings of a client, one after another's answer, the server answers before it closes the connection; no more
// than `most`. `last_words` gets what it says then.
int PingsAnswered(RawConnection& client, int most, std::string* last_words) {
  for (int answered = 0; answered < most; ++answered) {
    client.Send(Http2Frame{.type = Http2Frame::kPing, .payload = "12345678"});
    std::optional<Http2Frame> frame;
    do {
      frame = client.ReadFrame();
      if (frame && frame->type == Http2Frame::kGoaway) *last_words = frame->payload;
      if (!frame) return answered;
    } while (frame->type != Http2Frame::kPing || frame->flags != kAck);
  }
  return most;
}

TEST_P(ConnectionLimitsTest, CallsOverTheLimitOfAConnectionWaitInTheClient) {
  Serve({.max_streams = 2});
  FetchesInFlight fetches(target(), 5, absl::Milliseconds(50));
  EXPECT_EQ(fetches.Ended(), (std::map<StatusCode, std::size_t>{{StatusCode::OK, 5}}));
  EXPECT_EQ(served_->server().GetStats().peak_in_flight(), 2u);
}

TEST_P(ConnectionLimitsTest, AClientThatDoesNotKeepToTheLimitOfCallsLosesItsConnection) {
  Serve({.max_streams = 2});
  RawConnection client(target());
  client.SendHello();
  std::optional<Http2Frame> frame;
  do {
    frame = client.ReadFrame();
    ASSERT_TRUE(frame);
  } while (frame->type != Http2Frame::kSettings || frame->flags == kAck);
  const std::string max_streams_is_2("\0\3\0\0\0\2", 6);
  EXPECT_THAT(frame->payload, HasSubstr(max_streams_is_2));
  ASSERT_TRUE(client.Send(Http2Frame{.type = Http2Frame::kSettings, .flags = kAck}));
  for (const std::uint32_t stream : {1, 3, 5}) client.Send(CallFrame(stream));
  client.ReadToEnd();
  EXPECT_TRUE(AllAreClosed());
}

TEST_P(ConnectionLimitsTest, AConnectionOverTheLimitIsClosedAndThereIsRoomAgainWhenOneGoes) {
  Serve({.max_connections = 2, .handshake_timeout = absl::Minutes(10)});
  std::vector<std::unique_ptr<RawConnection>> clients;
  for (int i = 0; i < 2; ++i) clients.push_back(std::make_unique<RawConnection>(target()));
  RawConnection(target(), "127.0.0.2").ReadToEnd();
  EXPECT_TRUE(WaitUntil([&] { return acceptor().refused() == 1; }));
  EXPECT_EQ(acceptor().accepted(), 2u);
  clients.pop_back();
  EXPECT_TRUE(Fetch().ok()) << "it tries again until there is room";
}

TEST_P(ConnectionLimitsTest, APeerOverItsLimitLeavesRoomForOthers) {
  Serve({.max_connections_per_peer = 2, .handshake_timeout = absl::Minutes(10)});
  std::vector<std::unique_ptr<RawConnection>> clients;
  for (int i = 0; i < 2; ++i) clients.push_back(std::make_unique<RawConnection>(target(), "127.0.0.2"));
  RawConnection(target(), "127.0.0.2").ReadToEnd();
  EXPECT_TRUE(WaitUntil([&] { return acceptor().refused() == 1; }));
  EXPECT_TRUE(Fetch().ok());
}

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

TEST_P(ConnectionLimitsTest, ConnectionsThatComeAndGoLeaveNoDescriptorBehind) {
  Serve({.max_connections = 10});
  ASSERT_TRUE(Fetch().ok());  // What is opened once is open now.
  const std::size_t before = OpenDescriptors();
  for (int i = 0; i < 500; ++i) RawConnection(target()).Send(kHttp2Preface);
  EXPECT_TRUE(WaitUntil([&] { return acceptor().accepted() + acceptor().refused() == 501; }));
  EXPECT_TRUE(WaitUntil([&] { return acceptor().CountOpen() == 1; }));
  EXPECT_TRUE(WaitUntil([&] { return OpenDescriptors() == before; }));
}

// What a client says that then says nothing more.
TEST_P(ConnectionLimitsTest, AClientThatDoesNotBeginInTimeLosesItsPlace) {
  const TestAuthority authority;
  const KeyPair pair = authority.Issue();
  const TlsOptions tls = {.certificate = WriteFile("server.pem", pair.certificate),
                          .key = WriteFile("server.key", pair.key)};
  // A record of type handshake with 512 bytes, a ClientHello, of which 4 come.
  const std::string half_a_client_hello = absl::HexStringToBytes("1603010200010001fc");
  const std::string half_a_preface(kHttp2Preface.substr(0, 10));
  const std::pair<TlsOptions, std::string> cases[] = {
      {{}, ""}, {{}, half_a_preface}, {{}, std::string(kHttp2Preface)}, {tls, ""}, {tls, half_a_client_hello}};
  for (const auto& [options, said] : cases) {
    Serve({.max_connections = 1, .handshake_timeout = absl::Milliseconds(200)}, options);
    RawConnection silent(target());
    EXPECT_TRUE(silent.Send(said));
    silent.ReadToEnd();
    EXPECT_TRUE(AllAreClosed());
    if (!options.certificate.empty()) continue;
    EXPECT_TRUE(Fetch().ok()) << "there is room again";
  }
}

TEST_P(ConnectionLimitsTest, AConnectionThatHasBegunInTimeStays) {
  Serve({.handshake_timeout = absl::Milliseconds(200)});
  RawConnection quick(target());
  quick.SendHello();
  RawConnection(target()).ReadToEnd();  // Another one's time is over, and quick's with it.
  EXPECT_TRUE(WaitUntil([&] { return acceptor().CountOpen() == 1; }));
  std::string last_words;
  EXPECT_EQ(PingsAnswered(quick, 1, &last_words), 1);
}

TEST_P(ConnectionLimitsTest, AnOldConnectionIsReplacedWithoutAFailedCall) {
  Serve({.max_connection_age = absl::Milliseconds(50), .max_connection_age_grace = kLong});
  EXPECT_TRUE(WaitUntil([&] {
    const grpc::Status status = Fetch();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return acceptor().accepted() >= 3;
  }));
}

TEST_P(ConnectionLimitsTest, CallsOfAnOldConnectionEndWithTheGrace) {
  Serve({.max_connection_age = absl::Milliseconds(50), .max_connection_age_grace = absl::Milliseconds(50)});
  FetchesInFlight fetches(target(), 1, kLong);
  EXPECT_EQ(fetches.Ended(), (std::map<StatusCode, std::size_t>{{StatusCode::UNAVAILABLE, 1}}));
}

TEST_P(ConnectionLimitsTest, AnIdleConnectionIsClosedAndOneWithACallIsNot) {
  Serve({.max_connection_idle = absl::Milliseconds(100)});
  FetchesInFlight busy(target(), 1, kLong);
  ASSERT_TRUE(served_->HasInFlight(1));
  EXPECT_TRUE(Fetch().ok());
  EXPECT_TRUE(WaitUntil([&] { return acceptor().accepted() == 2 && acceptor().CountOpen() == 1; }));
  EXPECT_EQ(served_->server().GetStats().in_flight(), 1u);
  EXPECT_TRUE(Fetch().ok()) << "the client connects again by itself";
}

TEST_P(ConnectionLimitsTest, APeerThatDoesNotAnswerPingsIsClosed) {
  Serve({.keepalive_time = absl::Milliseconds(100), .keepalive_timeout = absl::Milliseconds(100)});
  RawConnection dead(target());
  dead.SendHello();
  dead.ReadToEnd();
  EXPECT_TRUE(AllAreClosed());
}

TEST_P(ConnectionLimitsTest, APeerThatAnswersPingsStays) {
  // More than two, which is all that gRPC sends by default while no data flows.
  Serve({.keepalive_time = absl::Milliseconds(20), .keepalive_timeout = kLong});
  RawConnection alive(target());
  alive.SendHello();
  for (int pings = 0; pings < 6;) {
    std::optional<Http2Frame> frame = alive.ReadFrame();
    ASSERT_TRUE(frame) << "closed after " << pings << " pings";
    if (frame->type != Http2Frame::kPing || frame->flags == kAck) continue;
    frame->flags = kAck;
    EXPECT_TRUE(alive.Send(*frame));
    ++pings;
  }
}

TEST_P(ConnectionLimitsTest, AClientThatPingsTooOftenIsToldSo) {
  Serve({.min_ping_interval = absl::Hours(1)});
  RawConnection client(target());
  client.SendHello();
  std::string last_words;
  EXPECT_LT(PingsAnswered(client, 1000, &last_words), 1000);
  EXPECT_THAT(last_words, HasSubstr("too_many_pings"));
}

TEST_P(ConnectionLimitsTest, AClientMayPingAsOftenAsItIsAllowedTo) {
  Serve({.min_ping_interval = absl::ZeroDuration()});
  RawConnection client(target());
  client.SendHello();
  std::string last_words;
  EXPECT_EQ(PingsAnswered(client, 10, &last_words), 10) << last_words;
}

TEST_P(ConnectionLimitsTest, PingsWithoutCallsAreTooManyWhereTheyAreNotAllowed) {
  Serve({.min_ping_interval = absl::ZeroDuration(), .keepalive_without_calls = false});
  RawConnection client(target());
  client.SendHello();
  std::string last_words;
  EXPECT_LT(PingsAnswered(client, 1000, &last_words), 1000);
  EXPECT_THAT(last_words, HasSubstr("too_many_pings"));
}

}  // namespace
}  // namespace meanwhile

// The engine over TLS, against gRPC's own server.

#include "loadtest/engine/http2/tls.h"

#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "loadtest/engine/http2/http2_engine.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/loadtest/engine/http2/scripted_server.h"
#include "tests/loadtest/engine/http2/sent_calls.h"

namespace meanwhile::http2 {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class EchoService final : public v1::Meanwhile::Service {
  grpc::Status Fetch(grpc::ServerContext* /*context*/, const v1::FetchRequest* request,
                     v1::FetchResponse* response) override {
    response->set_payload(request->payload());
    return grpc::Status();
  }
};

class TlsTest : public testing::Test {
 protected:
  // Authorities, each with a certificate for a server and for a client.
  static void SetUpTestSuite() {
    for (const std::string authority : {"good", "other"}) {
      const std::string ca = Path(authority + "-ca");
      Make(ca, "/CN=ca", "");
      const std::string by_ca = absl::StrCat(" -CA ", ca, ".pem -CAkey ", ca, ".key");
      Make(Path(authority + "-server"), "/CN=server",
           by_ca + " -addext subjectAltName=IP:127.0.0.1,DNS:meanwhile.test");
      Make(Path(authority + "-client"), "/CN=client", by_ca);
    }
  }
  static std::string Path(const std::string& name) { return testing::TempDir() + name; }
  static void Make(const std::string& path, const std::string& subject, const std::string& options) {
    const std::string command =
        absl::StrCat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj ",
                     subject, " -out ", path, ".pem -keyout ", path, ".key", options, " 2>", path, ".log");
    ASSERT_EQ(std::system(command.c_str()), 0) << ReadFile(path + ".log");
  }

  // A server with the good certificate, which wants one of its clients when it is `mutual`.
  void Serve(bool mutual) {
    grpc::SslServerCredentialsOptions options(mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                     : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_root_certs = ReadFile(Path("good-ca.pem"));
    options.pem_key_cert_pairs = {{ReadFile(Path("good-server.key")), ReadFile(Path("good-server.pem"))}};
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    target_ = absl::StrCat("127.0.0.1:", port);
  }
  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  TlsOptions Options() const { return {.cacert = Path("good-ca.pem"), .server_name = "127.0.0.1"}; }

  std::vector<SentCall> Send(const TlsOptions& tls, std::size_t payload_bytes, std::size_t calls) {
    const absl::StatusOr<std::shared_ptr<const TlsContext>> context = TlsContext::Make(tls);
    EXPECT_TRUE(context.ok()) << context.status();
    if (!context.ok()) return {};
    v1::FetchRequest request;
    request.set_payload(std::string(payload_bytes, 'x'));
    encoded_ = request.SerializeAsString();
    Http2EngineOptions options;
    options.targets = {{*ResolveEndpoint(target_), *context}};
    options.connections = 2;
    options.slots = 4;
    options.plan = RepeatedCall({"/meanwhile.v1.Meanwhile/Fetch"}, {encoded_});
    const std::unique_ptr<Http2Engine> engine = MakeHttp2Engine(options);
    SentCalls driver(engine.get(), options.slots, calls);
    engine->Run(&driver);
    return driver.ended();
  }
  void ExpectGood(const TlsOptions& tls, std::size_t payload_bytes = 10, std::size_t calls = 50) {
    const std::vector<SentCall> ended = Send(tls, payload_bytes, calls);
    // Request and response hold the payload in the same field.
    const SentCall good{absl::StatusCode::kOk, "", "", {encoded_}};
    EXPECT_THAT(ended, AllOf(SizeIs(calls), Each(good)));
  }
  void ExpectRefusal(const TlsOptions& tls, const std::string& reason) {
    for (const SentCall& call : Send(tls, 10, 4)) {
      EXPECT_EQ(call.code, absl::StatusCode::kUnavailable);
      EXPECT_THAT(call.message, HasSubstr(reason));
    }
  }

  EchoService service_;
  std::unique_ptr<grpc::Server> server_;
  std::string target_;
  std::string encoded_;
};

TEST_F(TlsTest, CallsAServerWhoseCertificateIsGood) {
  Serve(false);
  ExpectGood(Options());
}

TEST_F(TlsTest, SendsAndTakesLargeMessages) {
  Serve(false);
  ExpectGood(Options(), 1'000'000, 12);
}

TEST_F(TlsTest, TakesAServerByItsNameWhereverItIs) {
  Serve(false);
  TlsOptions options = Options();
  options.server_name = "meanwhile.test";
  ExpectGood(options);
}

TEST_F(TlsTest, RefusesAnotherName) {
  Serve(false);
  TlsOptions options = Options();
  options.server_name = "other.test";
  ExpectRefusal(options, "the server's certificate is refused: hostname mismatch");
  options.server_name = "127.0.0.2";
  ExpectRefusal(options, "the server's certificate is refused: IP address mismatch");
}

TEST_F(TlsTest, RefusesACertificateOfAnotherAuthority) {
  Serve(false);
  TlsOptions options = Options();
  options.cacert = Path("other-ca.pem");
  ExpectRefusal(options, "the server's certificate is refused: ");
}

TEST_F(TlsTest, ShowsItsOwnCertificateToAServerThatWantsOne) {
  Serve(true);
  TlsOptions options = Options();
  options.cert = Path("good-client.pem");
  options.key = Path("good-client.key");
  ExpectGood(options);
  // One of another authority, and none, are the server's to refuse.
  options.cert = Path("other-client.pem");
  options.key = Path("other-client.key");
  ExpectRefusal(options, "cannot connect to ");
  ExpectRefusal(Options(), "cannot connect to ");
}

TEST_F(TlsTest, SaysThatAServerSpeaksNoTls) {
  ScriptedServer server({.on_connect = [](Peer& peer) { peer.Close(); }});
  target_ = server.target();
  const SentCall refused{
      absl::StatusCode::kUnavailable,
      absl::StrCat("cannot connect to ", target_, ": TLS could not be agreed: the server closed the connection"),
      "",
      {}};
  EXPECT_THAT(Send(Options(), 10, 4), AllOf(SizeIs(4), Each(refused)));
}

TEST_F(TlsTest, SaysWhichFileCannotBeUsed) {
  TlsOptions options = Options();
  options.cacert = Path("nothing.pem");
  EXPECT_EQ(TlsContext::Make(options).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(TlsContext::Make(options).status().message()), HasSubstr("nothing.pem: "));
  options = Options();
  options.cert = Path("good-client.pem");
  EXPECT_THAT(std::string(TlsContext::Make(options).status().message()), HasSubstr("together"));
  options.key = Path("other-client.key");
  EXPECT_THAT(std::string(TlsContext::Make(options).status().message()), HasSubstr("other-client.key: "));
}

}  // namespace
}  // namespace meanwhile::http2

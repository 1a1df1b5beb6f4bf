// TLS transports against servers that close, break off or do not speak what a client needs. Both ends are on one thread
// and speak by turns, so that a test says what has come before the client reads.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "loadtest/engine/http2/tls.h"
#include "loadtest/engine/http2/transport.h"
#include "tests/certificates.h"

namespace meanwhile::http2 {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Agrees to the first protocol that the client offers by ALPN.
int AgreeToFirst(SSL* /*ssl*/, const unsigned char** name, unsigned char* size, const unsigned char* offered,
                 unsigned int /*offered_size*/, void* /*argument*/) {
  *size = offered[0];
  *name = offered + 1;
  return SSL_TLSEXT_ERR_OK;
}

class TlsFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    const KeyPair pair = authority_.Issue();
    SSL_CTX* const context = server_context_.get();
    ASSERT_EQ(
        SSL_CTX_use_certificate_file(context, WriteFile("server.pem", pair.certificate).c_str(), SSL_FILETYPE_PEM), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey_file(context, WriteFile("server.key", pair.key).c_str(), SSL_FILETYPE_PEM), 1);
    SSL_CTX_set_alpn_select_cb(context, &AgreeToFirst, nullptr);
  }
  void TearDown() override { Close(); }

  // Makes both ends. Neither has said anything.
  void Connect() {
    Close();
    const absl::StatusOr<std::shared_ptr<const TlsContext>> context =
        TlsContext::Make({.cacert = WriteFile("ca.pem", authority_.certificate()), .server_name = "localhost"});
    ASSERT_TRUE(context.ok()) << context.status();
    context_ = *context;
    std::array<int, 2> ends;
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    client_ = context_->MakeTransport(ends[0]);
    socket_ = ends[1];
    server_.reset(SSL_new(server_context_.get()));
    SSL_set_fd(server_.get(), socket_);
    SSL_set_accept_state(server_.get());
  }

  // Lets both ends go on until the client's is established, or has failed. The server has read everything then.
  absl::Status Establish() {
    absl::StatusOr<Transport::Wait> wait = client_->Establish();
    for (int turn = 0; turn < 10 && wait.ok() && *wait != Transport::Wait::kNothing; ++turn) {
      GoOnWithHandshake();
      wait = client_->Establish();
    }
    if (wait.ok() && *wait != Transport::Wait::kNothing) return absl::InternalError("the client waits in vain");
    GoOnWithHandshake();
    return wait.status();
  }
  void ConnectAndEstablish() {
    Connect();
    const absl::Status established = Establish();
    ASSERT_TRUE(established.ok()) << established;
  }

  absl::StatusOr<std::string> Read() {
    std::array<char, 1000> buffer;
    const absl::StatusOr<std::size_t> count = client_->Read(buffer.data(), buffer.size());
    if (!count.ok()) return count.status();
    return std::string(buffer.data(), *count);
  }
  absl::Status Write(std::string text) {
    const iovec piece{text.data(), text.size()};
    return client_->Write(&piece, 1).status();
  }

  // The server's end.
  void Say(const std::string& text) {
    ASSERT_EQ(SSL_write(server_.get(), text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
  }
  void SayBytes(absl::string_view bytes) const {
    ASSERT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void SayGoodbye() { SSL_shutdown(server_.get()); }
  void TakeBytes() const {
    std::array<char, 4096> bytes;
    ASSERT_GT(recv(socket_, bytes.data(), bytes.size(), 0), 0);
  }
  // Says no goodbye. The client's end is reset when there is something that the server has not read.
  void Close() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

  SSL_CTX* server_context() { return server_context_.get(); }
  Transport& client() { return *client_; }

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  void GoOnWithHandshake() {
    SSL_do_handshake(server_.get());
    ERR_clear_error();  // The client's end is on this thread, too.
  }

  const TestAuthority authority_;
  const std::unique_ptr<SSL_CTX, Deleter> server_context_{SSL_CTX_new(TLS_server_method())};
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<Transport> client_;
  std::unique_ptr<SSL, Deleter> server_;
  int socket_ = -1;  // The server's.
};

TEST_F(TlsFaultsTest, SaysWhyTlsIsNotAgreedWhenTheServerIsGone) {
  ASSERT_NO_FATAL_FAILURE(Connect());
  ASSERT_TRUE(client().Establish().ok());
  TakeBytes();
  Close();
  EXPECT_EQ(client().Establish().status(),
            absl::UnavailableError("TLS could not be agreed: the server closed the connection"));

  ASSERT_NO_FATAL_FAILURE(Connect());
  ASSERT_TRUE(client().Establish().ok());
  Close();
  EXPECT_EQ(client().Establish().status(), absl::UnavailableError("TLS could not be agreed: Connection reset by peer"));

  // A server that says goodbye (the alert close_notify) in the middle of it.
  ASSERT_NO_FATAL_FAILURE(Connect());
  ASSERT_TRUE(client().Establish().ok());
  SayBytes(absl::string_view("\x15\x03\x03\x00\x02\x01\x00", 7));
  EXPECT_EQ(client().Establish().status(),
            absl::UnavailableError("TLS could not be agreed: the server closed the connection"));
}

TEST_F(TlsFaultsTest, SaysThatTheServerHasClosedTheConnectionWithOrWithoutAGoodbye) {
  for (const bool goodbye : {true, false}) {
    ASSERT_NO_FATAL_FAILURE(ConnectAndEstablish());
    EXPECT_EQ(Read().value_or("failed"), "") << "nothing has come";
    if (goodbye) SayGoodbye();
    Close();
    EXPECT_EQ(Read().status(), absl::OutOfRangeError("the server closed the connection")) << goodbye;
  }
}

TEST_F(TlsFaultsTest, SaysWhyTheSocketFails) {
  ASSERT_NO_FATAL_FAILURE(ConnectAndEstablish());
  ASSERT_TRUE(Write("unread").ok());
  Close();
  EXPECT_EQ(Read().status(), absl::UnavailableError("the connection failed: Connection reset by peer"));

  ASSERT_NO_FATAL_FAILURE(ConnectAndEstablish());
  Close();
  EXPECT_EQ(Write("too late"), absl::UnavailableError("the connection failed: Broken pipe"));
}

TEST_F(TlsFaultsTest, TellsTheEndThatFollowsDataThoughTheSocketStaysOpen) {
  ASSERT_NO_FATAL_FAILURE(ConnectAndEstablish());
  Say("first");
  EXPECT_EQ(Read().value_or("failed"), "first");
  EXPECT_FALSE(client().has_read_ahead());
  EXPECT_EQ(Read().value_or("failed"), "") << "there is no end yet";
  Say("last");
  SayGoodbye();
  EXPECT_EQ(Read().value_or("failed"), "last");
  EXPECT_TRUE(client().has_read_ahead());
  EXPECT_EQ(Read().status(), absl::OutOfRangeError("the server closed the connection"));
}

TEST_F(TlsFaultsTest, TellsTheErrorThatFollowsData) {
  ASSERT_NO_FATAL_FAILURE(ConnectAndEstablish());
  Say("last");
  SayBytes("no record of TLS");
  EXPECT_EQ(Read().value_or("failed"), "last");
  EXPECT_TRUE(client().has_read_ahead());
  const absl::Status broken = Read().status();
  EXPECT_EQ(broken.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(broken.message()), AllOf(StartsWith("the connection failed: "), Not(HasSubstr("unknown"))));

  ASSERT_NO_FATAL_FAILURE(ConnectAndEstablish());
  Say("last");
  ASSERT_TRUE(Write("unread").ok());
  Close();
  EXPECT_EQ(Read().value_or("failed"), "last");
  EXPECT_TRUE(client().has_read_ahead());
  EXPECT_EQ(Read().status(), absl::UnavailableError("the connection failed: Connection reset by peer"));
}

TEST_F(TlsFaultsTest, RefusesAServerThatDoesNotAgreeToHttp2) {
  SSL_CTX_set_alpn_select_cb(server_context(), nullptr, nullptr);
  ASSERT_NO_FATAL_FAILURE(Connect());
  EXPECT_EQ(Establish(), absl::UnavailableError("the server does not agree to HTTP/2 over TLS (ALPN h2)"));
}

TEST_F(TlsFaultsTest, RefusesAServerThatSpeaksTls11AtMost) {
  const absl::Status refused = absl::UnavailableError("the server does not agree to TLS 1.2 or newer");
  // Even where an administrator lets programs speak more than that, as in openssl.cnf.
  const std::string lenient = WriteFile("openssl.cnf",
                                        "openssl_conf = openssl\n[openssl]\nssl_conf = ssl\n[ssl]\n"
                                        "system_default = lenient\n[lenient]\n"
                                        "MinProtocol = TLSv1\nCipherString = DEFAULT:@SECLEVEL=0\n");
  ASSERT_EQ(CONF_modules_load_file(lenient.c_str(), nullptr, 0), 1);
  SSL_CTX_set_security_level(server_context(), 0);
  SSL_CTX_set_min_proto_version(server_context(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(server_context(), TLS1_1_VERSION);
  Connect();
  EXPECT_EQ(Establish(), refused);

  // One that answers with its own version instead of a refusal.
  Connect();
  EXPECT_TRUE(client().Establish().ok());
  SayBytes(
      absl::string_view("\x16\x03\x02\x00\x2a"              // A record of TLS 1.1:
                        "\x02\x00\x00\x26\x03\x02"          // a ServerHello of TLS 1.1,
                        "01234567890123456789012345678901"  // a random number,
                        "\x00\xc0\x09\x00",                 // a cipher.
                        47));
  EXPECT_EQ(client().Establish().status(), refused);
  CONF_modules_unload(1);
}

}  // namespace
}  // namespace meanwhile::http2

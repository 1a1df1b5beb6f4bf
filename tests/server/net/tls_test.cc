// TLS and mutual TLS, in each model: who is served, who is not, and what becomes of certificates that are replaced.

#include "server/net/tls.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "client/credentials.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "server/server.h"
#include "tests/certificates.h"
#include "tests/server/model/served_model.h"
#include "tests/server/net/raw_connection.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

// On a connection of its own. A connection that fails fails the call.
grpc::Status Fetch(const std::string& target, const Credentials& credentials) {
  ChannelPool channels({.target = target, .credentials = credentials});
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  v1::FetchResponse response;
  return v1::Meanwhile::NewStub(channels.channel(0))->Fetch(&context, {}, &response);
}

// The name in the certificate that a new connection is shown, or why there is none. Speaks at most TLS `version`.
std::string NameShown(const std::string& target, int version = TLS1_3_VERSION) {
  const RawConnection connection(target);
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_security_level(context.get(), 0);  // Else OpenSSL would not offer the old versions.
  SSL_CTX_set_max_proto_version(context.get(), version);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  const unsigned char alpn[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), alpn, sizeof(alpn));
  SSL_set_fd(ssl.get(), connection.fd());
  if (SSL_connect(ssl.get()) != 1) return "no handshake";
  char name[64] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl.get())), NID_commonName, name,
                            sizeof(name));
  return name;
}

class TlsTest : public testing::TestWithParam<ModelKind> {
 protected:
  // The files of a server, in the test's directory.
  TlsOptions Files(const KeyPair& pair, bool mutual) {
    return {.certificate = WriteFile("server.pem", pair.certificate),
            .key = WriteFile("server.key", pair.key),
            .client_ca = mutual ? WriteFile("client-ca.pem", clients_.certificate()) : ""};
  }

  static ServerOptions Options(ModelKind model, const TlsOptions& tls) {
    ServerOptions options = ServedModel::SmallServer(model);
    options.tls = tls;
    return options;
  }

  // A client that trusts `authority`, and has a certificate of its own if one is given.
  static Credentials Client(const std::string& authority, const KeyPair& own = {}, const std::string& name = "") {
    CredentialFlags flags;
    flags.cacert = WriteFile("cacert.pem", authority);
    flags.authority = name;
    if (!own.key.empty()) {
      flags.cert = WriteFile("client.pem", own.certificate);
      flags.key = WriteFile("client.key", own.key);
    }
    const absl::StatusOr<Credentials> credentials = MakeCredentials(flags);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }

  const TestAuthority servers_{"servers"};
  const TestAuthority clients_{"clients"};
  const TestAuthority others_{"others"};
};

INSTANTIATE_TEST_SUITE_P(Models, TlsTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(TlsTest, ServesClientsThatTrustItsAuthorityAndNoOthers) {
  ServedModel served(Options(GetParam(), Files(servers_.Issue(), /*mutual=*/false)));
  EXPECT_TRUE(Fetch(served.target(), Client(servers_.certificate())).ok());
  EXPECT_EQ(Fetch(served.target(), Client(others_.certificate())).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(Fetch(served.target(), {}).error_code(), StatusCode::UNAVAILABLE) << "plaintext";
}

TEST_P(TlsTest, MutualTlsServesClientsWithACertificateOfTheirAuthorityAndNoOthers) {
  ServedModel served(Options(GetParam(), Files(servers_.Issue(), /*mutual=*/true)));
  const std::string& authority = servers_.certificate();
  EXPECT_TRUE(Fetch(served.target(), Client(authority, clients_.Issue({.name = "client"}))).ok());
  const KeyPair none;
  const KeyPair of_others = others_.Issue({.name = "client"});
  const KeyPair expired =
      clients_.Issue({.name = "client", .begin = absl::Now() - absl::Hours(2), .end = absl::Now() - absl::Hours(1)});
  for (const KeyPair* bad : {&none, &of_others, &expired}) {
    EXPECT_EQ(Fetch(served.target(), Client(authority, *bad)).error_code(), StatusCode::UNAVAILABLE);
  }
  EXPECT_EQ(served.server().GetStats().started(), 1u) << "none of them came as far as a handler";
}

class TlsFilesTest : public TlsTest {};
INSTANTIATE_TEST_SUITE_P(Async, TlsFilesTest, testing::Values(ModelKind::kAsync), [](const auto&) { return "async"; });

TEST_P(TlsFilesTest, AClientAcceptsAnotherNameOnlyIfItIsToldTo) {
  ServedModel served(Options(GetParam(), Files(servers_.Issue({.name = "server.example"}), /*mutual=*/false)));
  EXPECT_TRUE(Fetch(served.target(), Client(servers_.certificate(), {}, "server.example")).ok());
  EXPECT_EQ(Fetch(served.target(), Client(servers_.certificate(), {}, "other.example")).error_code(),
            StatusCode::UNAVAILABLE);
}

TEST_P(TlsFilesTest, SpeaksTls12And13AndNothingOlder) {
  ServedModel served(Options(GetParam(), Files(servers_.Issue({.name = "server"}), /*mutual=*/false)));
  EXPECT_EQ(NameShown(served.target(), TLS1_3_VERSION), "server");
  EXPECT_EQ(NameShown(served.target(), TLS1_2_VERSION), "server");
  EXPECT_EQ(NameShown(served.target(), TLS1_1_VERSION), "no handshake");
}

TEST_P(TlsFilesTest, WarnsOfAnExpiredCertificateAndServesItToClientsThatThenRefuseIt) {
  const KeyPair expired =
      servers_.Issue({.begin = absl::FromUnixSeconds(1'000'000'000), .end = absl::FromUnixSeconds(1'500'000'000)});
  const TlsOptions files = Files(expired, /*mutual=*/false);
  CaptureStderr();
  ServedModel served(Options(GetParam(), files));
  EXPECT_EQ(GetCapturedStderr(),
            "--tls-cert: " + files.certificate + ": the certificate expired at 2017-07-14 02:40:00 UTC\n");
  EXPECT_EQ(Fetch(served.target(), Client(servers_.certificate())).error_code(), StatusCode::UNAVAILABLE);
}

TEST_P(TlsFilesTest, AReplacedCertificateIsShownToNewConnectionsWhileOldOnesGoOn) {
  ServedModel served(Options(GetParam(), Files(servers_.Issue({.name = "first"}), /*mutual=*/false)));
  ChannelPool old({.target = served.target(), .credentials = Client(servers_.certificate())});
  ASSERT_TRUE(old.Connect(kPatience).ok());
  ASSERT_EQ(NameShown(served.target()), "first");
  CaptureStderr();
  Files(servers_.Issue({.name = "second"}), /*mutual=*/false);
  EXPECT_TRUE(WaitUntil([&] { return NameShown(served.target()) == "second"; }));
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("certificates read again: new connections get the new ones\n"));
  EXPECT_EQ(old.connected(), 1u);
  EXPECT_TRUE(Fetch(served.target(), Client(servers_.certificate())).ok());
}

TEST_P(TlsFilesTest, FilesThatAreHalfReplacedOrBadOrGoneLeaveTheOldOnesInUse) {
  const KeyPair first = servers_.Issue({.name = "first"});
  const KeyPair second = servers_.Issue({.name = "second"});
  const TlsOptions files = Files(first, /*mutual=*/false);
  ServedModel served(Options(GetParam(), files));
  const std::string still_used = "; the certificates read before stay in use\n";
  const struct {
    std::function<void()> harm;
    std::string said;
  } cases[] = {
      {[&] { WriteFile("server.key", second.key); },
       "--tls-key: " + files.key + ": is not the key of the certificate in " + files.certificate + still_used},
      {[&] { WriteFile("server.pem", "words"); },
       "--tls-cert: " + files.certificate + ": has no certificate in PEM form" + still_used},
      {[&] { unlink(files.certificate.c_str()); },
       "--tls-cert: " + files.certificate + ": No such file or directory" + still_used},
  };
  for (const auto& [harm, expected] : cases) {
    CaptureStderr();
    harm();
    std::string err;
    EXPECT_TRUE(WaitUntil([&, &expected = expected] {
      EXPECT_EQ(NameShown(served.target()), "first");
      err += GetCapturedStderr();
      CaptureStderr();
      return err.find(expected) != std::string::npos;
    })) << expected
        << "is not in:\n"
        << err;
    GetCapturedStderr();
  }
  WriteFile("server.pem", second.certificate);
  EXPECT_TRUE(WaitUntil([&] { return NameShown(served.target()) == "second"; }));
}

TEST_P(TlsFilesTest, AReplacedAuthorityDecidesOverNewClients) {
  ServedModel served(Options(GetParam(), Files(servers_.Issue(), /*mutual=*/true)));
  const Credentials of_clients = Client(servers_.certificate(), clients_.Issue());
  const Credentials of_others = Client(servers_.certificate(), others_.Issue());
  EXPECT_TRUE(Fetch(served.target(), of_clients).ok());
  EXPECT_FALSE(Fetch(served.target(), of_others).ok());
  WriteFile("client-ca.pem", others_.certificate());
  EXPECT_TRUE(WaitUntil([&] { return Fetch(served.target(), of_others).ok(); }));
  EXPECT_FALSE(Fetch(served.target(), of_clients).ok());
}

TEST_P(TlsFilesTest, ABadFileEndsTheStartBeforeAnythingListens) {
  const KeyPair pair = servers_.Issue();
  const TlsOptions good = Files(pair, /*mutual=*/true);
  const std::string other_key = WriteFile("other.key", servers_.Issue().key);
  const std::string words = WriteFile("words", "words");
  const struct {
    TlsOptions files;
    std::string error;
  } cases[] = {
      {{.certificate = good.certificate}, "--tls-cert: needs --tls-key"},
      {{.key = good.key}, "--tls-key: needs --tls-cert"},
      {{.client_ca = good.client_ca}, "--tls-client-ca: needs --tls-cert"},
      {{.certificate = "/nowhere", .key = good.key}, "--tls-cert: /nowhere: No such file or directory"},
      {{.certificate = good.certificate, .key = "/"}, "--tls-key: /: is not a file"},
      {{.certificate = words, .key = good.key}, "--tls-cert: " + words + ": has no certificate in PEM form"},
      {{.certificate = good.certificate, .key = words}, "--tls-key: " + words + ": has no private key in PEM form"},
      {{.certificate = good.certificate, .key = other_key},
       "--tls-key: " + other_key + ": is not the key of the certificate in " + good.certificate},
      {{.certificate = good.certificate, .key = good.key, .client_ca = words},
       "--tls-client-ca: " + words + ": has no certificate in PEM form"},
  };
  for (const auto& [files, error] : cases) {
    ServerOptions options = Options(GetParam(), files);
    options.listen = "nonsense";  // What would be complained of if listening came first.
    EXPECT_EQ(Server::Start(options).status().message(), error);
  }
}

}  // namespace
}  // namespace meanwhile

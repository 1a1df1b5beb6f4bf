#include "server/backend/database/postgres_endpoint.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

namespace meanwhile {
namespace {

class PostgresEndpointTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE"}) unsetenv(name);
  }

  static std::unique_ptr<PostgresEndpoint> Parse(const std::string& url) {
    auto endpoint = PostgresEndpoint::Parse(url);
    EXPECT_TRUE(endpoint.ok()) << endpoint.status();
    return *std::move(endpoint);
  }
  static std::string Error(const std::string& url) {
    const auto endpoint = PostgresEndpoint::Parse(url);
    return endpoint.ok() ? "none" : std::string(endpoint.status().message());
  }
};

const std::string kForm = "; must be like postgresql://USER:PASSWORD@HOST:PORT/DATABASE";

TEST_F(PostgresEndpointTest, IsCalledByItsHostAndPort) {
  EXPECT_EQ(Parse("postgresql://me:secret@10.1.2.3:6543/db")->name(), "10.1.2.3:6543");
  EXPECT_EQ(Parse("postgresql://db.example/db")->name(), "db.example:5432");
  EXPECT_EQ(Parse("postgresql://[::1]:6543")->name(), "[::1]:6543");
  EXPECT_EQ(Parse("postgresql:///db?host=/run/postgresql")->name(), "/run/postgresql:5432");
  EXPECT_EQ(Parse("hostaddr=10.1.2.3 password=secret")->name(), "10.1.2.3:5432");
  EXPECT_EQ(Parse("postgresql:///db")->name(), "the default socket:5432");
}

TEST_F(PostgresEndpointTest, TakesFromTheEnvironmentWhatTheUrlLeavesOut) {
  setenv("PGHOST", "db.example", 1);
  setenv("PGPORT", "6543", 1);
  EXPECT_EQ(Parse("postgresql:///db")->name(), "db.example:6543");
  EXPECT_TRUE(Parse("postgresql:///db")->needs_lookup());
  EXPECT_EQ(Parse("postgresql://10.1.2.3/db")->name(), "10.1.2.3:6543");
}

TEST_F(PostgresEndpointTest, OnlyANameIsLookedUp) {
  EXPECT_TRUE(Parse("postgresql://db.example/db")->needs_lookup());
  EXPECT_FALSE(Parse("postgresql://10.1.2.3/db")->needs_lookup());
  EXPECT_FALSE(Parse("postgresql://[::1]/db")->needs_lookup());
  EXPECT_FALSE(Parse("postgresql:///db?host=/run/postgresql")->needs_lookup());
  EXPECT_FALSE(Parse("postgresql:///db")->needs_lookup());
  EXPECT_FALSE(Parse("host=db.example hostaddr=10.1.2.3")->needs_lookup());
}

TEST_F(PostgresEndpointTest, SaysWhatIsWrongWithAUrl) {
  EXPECT_EQ(Error("postgresql://me:secret@h/db?sslmod=require"), "invalid URI query parameter: \"...\"" + kForm);
  EXPECT_EQ(Error("10.1.2.3"), "missing \"...\" in connection info string" + kForm);
  EXPECT_EQ(Error("postgresql://a,b/db"), "must name one host and one port" + kForm);
  EXPECT_EQ(Error("postgresql://h:0/db"), "port: must be from 1 to 65535" + kForm);
  EXPECT_EQ(Error("postgresql://h:65536/db"), "port: must be from 1 to 65535" + kForm);
  EXPECT_EQ(Error("service=other"), "service: not supported" + kForm);
}

TEST_F(PostgresEndpointTest, NoErrorTellsAPassword) {
  for (const char* url : {
           "postgresql://me:secret%zz@h/db",   // Not a percent-encoded letter.
           "postgresql://me:a@secret@h/db",    // The second part would be the host.
           "postgresql://me:secret/b@h/db",    // The first part would be the port.
           "postgresql://h/db?secret",         // Where a name and a value are expected.
           "http://me:secret@h/db",            // Another scheme.
           "host=h password=my secret",        // Without quotes.
           "host=h password=a secret=b",       // Likewise.
           "host=h password='secret",          // An end is missing.
           "postgresql://me:secret@[::1/db",   // Likewise.
           "postgresql://me:secret@h:x/db",    // Another part is wrong.
           "postgresql://me:sec\"secret%zz@h"  // A quote within.
       }) {
    const std::string error = Error(url);
    EXPECT_NE(error, "none") << url;
    EXPECT_EQ(error.find("secret"), std::string::npos) << error;
  }
}

class PostgresPauseTest : public PostgresEndpointTest {
 protected:
  using TimePoint = PostgresEndpoint::TimePoint;
  using Milliseconds = std::chrono::milliseconds;

  static grpc::Status Down(const std::string& how) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, how); }

  std::unique_ptr<PostgresEndpoint> endpoint_ = Parse("postgresql://10.1.2.3");
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(PostgresPauseTest, AFailureIsToldAgainUntilThePauseIsOver) {
  EXPECT_TRUE(endpoint_->MayConnect(now_).ok());
  endpoint_->OnFailed(now_, Down("refused"));
  EXPECT_EQ(endpoint_->MayConnect(now_ + Milliseconds(49)).error_message(), "refused");
  EXPECT_EQ(endpoint_->MayConnect(now_ + Milliseconds(49)).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(endpoint_->MayConnect(now_ + Milliseconds(50)).ok());
}

TEST_F(PostgresPauseTest, PausesGrowToASecond) {
  for (const int pause : {50, 100, 200, 400, 800, 1000, 1000}) {
    endpoint_->OnFailed(now_, Down("refused"));
    EXPECT_FALSE(endpoint_->MayConnect(now_ + Milliseconds(pause - 1)).ok()) << pause;
    now_ += Milliseconds(pause);
    EXPECT_TRUE(endpoint_->MayConnect(now_).ok()) << pause;
  }
}

TEST_F(PostgresPauseTest, ConnectionsThatFailTogetherCountAsOneFailure) {
  for (int i = 0; i < 8; ++i) endpoint_->OnFailed(now_, Down("refused"));
  EXPECT_TRUE(endpoint_->MayConnect(now_ + Milliseconds(50)).ok());
}

TEST_F(PostgresPauseTest, ASuccessEndsThePauseAndForgetsTheFailures) {
  endpoint_->OnFailed(now_, Down("refused"));
  endpoint_->OnFailed(now_ + Milliseconds(50), Down("refused"));
  endpoint_->OnConnected();
  EXPECT_TRUE(endpoint_->MayConnect(now_ + Milliseconds(51)).ok());
  endpoint_->OnFailed(now_ + Milliseconds(60), Down("slow"));
  EXPECT_EQ(endpoint_->MayConnect(now_ + Milliseconds(61)).error_message(), "slow");
  EXPECT_TRUE(endpoint_->MayConnect(now_ + Milliseconds(110)).ok());
}

TEST_F(PostgresEndpointTest, ALookUpIsSharedWhileItIsUnderWay) {
  const auto endpoint = Parse("postgresql://localhost");
  const auto first = endpoint->LookUp();
  const auto second = endpoint->LookUp();
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  // When the first had ended already, the second is another.
  EXPECT_TRUE(first == second || first->ended());
}

}  // namespace
}  // namespace meanwhile

// What becomes of queries when the PostgreSQL server is slow, full, down, back again, or refuses: a clear status within
// the call's deadline, and recovery.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/server/backend/database/postgres_queries.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using PostgresFaultsTest = PostgresDatabaseTest;

TEST_P(PostgresFaultsTest, ASlowQueryEndsAtItsDeadlineAndTheServerStopsIt) {
  const auto database = Create({.connections = 1});
  const Operator op(server->url());
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const TableLock lock(server->url());
  const Waited waited = Ask(database.get(), Store("item-1", "too late"), absl::Milliseconds(50));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_GE(waited.elapsed, absl::Milliseconds(50));
  // The lock is still held, but the server has seen that nobody waits for it any more.
  EXPECT_TRUE(WaitUntil([&] { return op.Connections() == 0; }));
  lock.End();
  EXPECT_EQ(Ask(database.get(), Read("item-1")).value, "value of item-1");
}

TEST_P(PostgresFaultsTest, ACancelledQueryEndsWhereverItIs) {
  const auto database = Create({.connections = 1});
  const Operator op(server->url());
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const TableLock lock(server->url());
  InFlight running(GetParam(), database.get(), Read("item-1"));
  EXPECT_TRUE(WaitUntil([&] { return op.Blocked() == 1; }));
  InFlight queued(GetParam(), database.get(), Read("item-2"));
  queued.Cancel();
  EXPECT_EQ(queued.Wait().status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_FALSE(running.ended());
  running.Cancel();
  EXPECT_EQ(running.Wait().status.error_code(), grpc::StatusCode::CANCELLED);
  lock.End();
  EXPECT_TRUE(Ask(database.get(), Read("item-1")).ok());
}

TEST_P(PostgresFaultsTest, AServerThatDoesNotAnswerCostsTheQueryItsDeadlineAndNoMore) {
  const auto database = Create();
  server->Pause();
  const Waited waited = Ask(database.get(), Read("item-1"), absl::Milliseconds(50));
  server->Continue();
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  const Waited next = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(next.ok()) << next.status.error_message();
}

TEST_P(PostgresFaultsTest, AServerThatGoesAwayIsUnavailableUntilItIsBack) {
  const auto database = Create();
  {
    ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
    const Operator op(server->url());
    const TableLock lock(server->url());
    InFlight running(GetParam(), database.get(), Read("item-1"));
    EXPECT_TRUE(WaitUntil([&] { return op.Blocked() == 1; }));
    server->Stop();
    const Waited& cut = running.Wait();
    EXPECT_EQ(cut.status.error_code(), grpc::StatusCode::UNAVAILABLE) << cut.status.error_message();
  }
  // Its first failure may be told a few times before it is tried again.
  EXPECT_TRUE(WaitUntil([&] {
    const Waited refused = Ask(database.get(), Read("item-1"));
    EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    return refused.status.error_message() ==
           absl::StrCat("postgres 127.0.0.1:", server->port(), ": Connection refused");
  }));
  ASSERT_EQ(server->Start(), "");
  EXPECT_TRUE(Recovers(database.get()));
}

TEST_P(PostgresFaultsTest, AConnectionThatWasLostWhileItWasIdleCostsNoQuery) {
  const auto database = Create();
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  server->Stop();
  ASSERT_EQ(server->Start(), "");
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(waited.ok()) << waited.status.error_message();
}

TEST_P(PostgresFaultsTest, ATableThatWasDroppedIsMadeAgain) {
  const auto database = Create();
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  Operator(server->url()).Say("DROP TABLE meanwhile_items");
  EXPECT_EQ(Ask(database.get(), Read("item-1")).value, "value of item-1");
}

TEST_P(PostgresFaultsTest, AUserWithoutTheRightToTheTableIsToldSo) {
  MakeGuest("");
  const auto database = CreateAt(guest_url());
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(waited.status.error_message(),
            absl::StrCat("postgres 127.0.0.1:", server->port(), ": permission denied for schema public"));
}

TEST_P(PostgresFaultsTest, WhileTheServerTakesNoMoreConnectionsThoseThatAreThereGoOn) {
  ASSERT_TRUE(Ask(Create().get(), Read("item-1")).ok());
  MakeGuest("CONNECTION LIMIT 2");
  const Operator op(server->url());
  op.Say("GRANT SELECT ON meanwhile_items TO guest");
  const auto database = CreateAt(guest_url());
  {
    const TableLock lock(server->url());
    InFlight one(GetParam(), database.get(), Read("item-1"));
    InFlight other(GetParam(), database.get(), Read("item-1"));
    EXPECT_TRUE(WaitUntil([&] { return op.Blocked() == 2; }));
    lock.End();
    EXPECT_TRUE(one.Wait().ok());
    EXPECT_TRUE(other.Wait().ok());
  }
  // The next query takes the connection that was used last.
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  op.Say("ALTER ROLE guest CONNECTION LIMIT 1");
  op.Say(
      "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE usename = 'guest'"
      " ORDER BY state_change DESC LIMIT 1");
  const Waited refused = Ask(database.get(), Read("item-1"));
  EXPECT_EQ(refused.status.error_message(),
            absl::StrCat("postgres 127.0.0.1:", server->port(), ": FATAL:  too many connections for role \"guest\""));
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  const Waited next = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(next.ok()) << next.status.error_message();
}

TEST_P(PostgresFaultsTest, AWrongPasswordIsUnavailableAndNotTold) {
  const auto database = CreateAt(absl::StrCat("postgresql://meanwhile:wrong-Passw0rd@127.0.0.1:", server->port()));
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(waited.status.error_message(),
            absl::StrCat("postgres 127.0.0.1:", server->port(),
                         ": FATAL:  password authentication failed for user \"meanwhile\""));
}

TEST_P(PostgresFaultsTest, AHostThatHasNoAddressIsUnavailable) {
  const auto database = CreateAt("postgresql://no..such..host/postgres");
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(waited.status.error_message(), "postgres no..such..host:5432: Name or service not known");
}

// A server that takes connections and hangs up at once.
TEST_P(PostgresFaultsTest, AServerThatIsDownIsNotTriedByEveryQuery) {
  constexpr int kQueries = 100;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 100), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::atomic<int> connections = 0;
  std::thread acceptor([&] {
    int connection;
    while ((connection = accept(listener, nullptr, nullptr)) >= 0) {
      ++connections;
      close(connection);
    }
  });
  const auto database = CreateAt(absl::StrCat("postgresql://127.0.0.1:", ntohs(address.sin_port), "/?sslmode=disable"));
  for (int i = 0; i < kQueries; ++i) {
    EXPECT_EQ(Ask(database.get(), Read("item-1")).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  shutdown(listener, SHUT_RDWR);
  acceptor.join();
  close(listener);
  EXPECT_GT(connections, 0);
  EXPECT_LT(connections, kQueries / 2);
}

INSTANTIATE_TEST_SUITE_P(Drivers, PostgresFaultsTest, testing::Values(Driver::kCoroutine, Driver::kBlocking),
                         [](const auto& info) { return info.param == Driver::kCoroutine ? "Coroutine" : "Blocking"; });

}  // namespace
}  // namespace meanwhile

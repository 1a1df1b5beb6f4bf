// The table of docs/idea.md: a test by the name of each row, which runs the real thing, server processes. Here what is
// slow: files, databases, other servers, anything.
//
// Where a test says --loops=1, a wait that blocked the loop would let no other call through.

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/proto_duration.h"
#include "tests/e2e/caller.h"
#include "tests/server/backend/database/postgres_server.h"
#include "tests/server/server_process.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

std::string NewDirectory() {
  std::string path = testing::TempDir() + "/idea.XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A call that waits, while others are served.
std::future<v1::FetchResponse> FetchMeanwhile(const ServerProcess& server, const std::string& wait) {
  return std::async(std::launch::async, [target = server.target(), wait] {
    Caller caller(target);
    const v1::FetchResponse response = caller.Fetch(wait);
    EXPECT_TRUE(caller.ok()) << caller.error();
    return response;
  });
}

// The only loop is free: calls are served, and the one that waits still does.
void ExpectServesMeanwhile(const ServerProcess& server) {
  Caller caller(server.target());
  for (int i = 0; i < 3; ++i) {
    caller.Fetch("simulated:1ms");
    EXPECT_TRUE(caller.ok()) << caller.error();
  }
  EXPECT_TRUE(server.HasInFlight(1));
}

TEST(IdeaTableTest, ContentsOfAFileReadFromDisk) {
  const std::string outside = NewDirectory();
  const std::string data_dir = outside + "/data";
  std::filesystem::create_directory(data_dir);
  std::ofstream(outside + "/secret") << "not to be read";
  std::string poem;
  for (int line = 0; poem.size() < (200 << 10); ++line) absl::StrAppend(&poem, "line ", line, "\n");
  std::ofstream(data_dir + "/poem") << poem;

  ServerProcess server({"--loops=1", "--data-dir=" + data_dir});
  Caller caller(server.target());
  EXPECT_EQ(caller.Fetch("file-read:poem").value(), poem) << caller.error();
  const v1::GatherResponse many =
      caller.Gather(v1::GatherRequest::AT_ONCE, std::vector<std::string>(10, "file-read:poem"));
  EXPECT_TRUE(caller.ok()) << caller.error();
  EXPECT_EQ(many.values(9), poem);
  std::ofstream(data_dir + "/poem") << "a new one";
  EXPECT_EQ(caller.Fetch("file-read:poem").value(), "a new one") << "what is on the disk now";

  std::filesystem::create_symlink(outside, data_dir + "/link");
  for (const std::string& path : {std::string("../secret"), std::string("link/secret"), outside + "/secret"}) {
    EXPECT_EQ(caller.Fetch("file-read:" + path).value(), "");
    EXPECT_EQ(caller.code(), StatusCode::INVALID_ARGUMENT) << path;
  }
}

TEST(IdeaTableTest, ContentsWrittenToDisk) {
  const std::string outside = NewDirectory();
  const std::string data_dir = outside + "/data";
  std::filesystem::create_directory(data_dir);
  ServerProcess server({"--loops=1", "--data-dir=" + data_dir});
  Caller caller(server.target());
  caller.Fetch("file-write:poem=Tyger Tyger");
  EXPECT_TRUE(caller.ok()) << caller.error();
  caller.Fetch("file-write:../poem=escaped");
  EXPECT_EQ(caller.code(), StatusCode::INVALID_ARGUMENT);
  server.Signal(SIGKILL);  // What was answered is on the disk, however the server ends.
  EXPECT_EQ(server.Wait(), -SIGKILL);
  EXPECT_EQ(Content(data_dir + "/poem"), "Tyger Tyger");
  EXPECT_FALSE(std::filesystem::exists(outside + "/poem"));

  ServerProcess next({"--data-dir=" + data_dir});
  EXPECT_EQ(Caller(next.target()).Fetch("file-read:poem").value(), "Tyger Tyger");
}

TEST(IdeaTableTest, ADatabaseQuery) {
  const std::string file = NewDirectory() + "/items";
  ServerProcess server({"--loops=1", "--database=" + file});
  Caller caller(server.target());
  EXPECT_EQ(caller.Fetch("query:item-7").value(), "value of item-7") << caller.error();
  caller.Fetch("query:item-700");
  EXPECT_EQ(caller.code(), StatusCode::NOT_FOUND);

  // Another process holds the lock; the query waits for it, and the loop for nobody.
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::future<v1::FetchResponse> store = FetchMeanwhile(server, "store:item-7=a new one");
  ASSERT_TRUE(server.HasInFlight(1));
  ExpectServesMeanwhile(server);
  EXPECT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_close(other), SQLITE_OK);
  store.get();

  server.Signal(SIGKILL);
  EXPECT_EQ(server.Wait(), -SIGKILL);
  ServerProcess next({"--database=" + file});
  EXPECT_EQ(Caller(next.target()).Fetch("query:item-7").value(), "a new one");
}

TEST(IdeaTableTest, ADatabaseQueryOfPostgres) {
  PostgresServer postgres;
  ASSERT_EQ(postgres.Start(), "");
  ServerProcess server({"--loops=1", "--postgres=" + postgres.url()});
  Caller caller(server.target());
  // Its first query makes the connection: the database takes it, and does not answer.
  postgres.Pause();
  std::future<v1::FetchResponse> query = FetchMeanwhile(server, "query:item-7");
  ASSERT_TRUE(server.HasInFlight(1));
  ExpectServesMeanwhile(server);
  postgres.Continue();
  EXPECT_EQ(query.get().value(), "value of item-7");

  caller.Fetch("store:item-7=a new one");
  EXPECT_TRUE(caller.ok()) << caller.error();
  postgres.Stop();
  caller.Fetch("query:item-7");
  EXPECT_EQ(caller.code(), StatusCode::UNAVAILABLE);
  ASSERT_EQ(postgres.Start(), "");
  EXPECT_TRUE(WaitUntil([&] { return caller.Fetch("query:item-7").value() == "a new one"; })) << caller.error();
}

TEST(IdeaTableTest, ARemoteApiOperation) {
  ServerProcess other({"--backend=constant:1ms"});
  ServerProcess server({"--remote=" + other.target()});
  Caller caller(server.target());
  caller.Fetch("remote:simulated:20ms");
  EXPECT_TRUE(caller.ok()) << caller.error();
  EXPECT_EQ(other.Stats().finished().at("OK"), 1u);
  // While it waits for the other server it holds no thread: many more are in flight than there are threads.
  const std::string long_wait = "remote:simulated:20s";
  std::future<void> many = std::async(std::launch::async, [&] {
    Caller(server.target()).Gather(v1::GatherRequest::FIRST_OF, std::vector<std::string>(100, long_wait));
  });
  EXPECT_TRUE(other.HasInFlight(100));
  EXPECT_LE(server.Stats().peak_threads(), std::thread::hardware_concurrency() + 16);
  other.Signal(SIGKILL);
  many.get();
}

TEST(IdeaTableTest, SlowFileAnySlowThing) {
  ServerProcess server({"--backend=uniform:5ms,6ms"});
  Caller caller(server.target());
  EXPECT_GE(FromProto(caller.Fetch("simulated:20ms").waited()), absl::Milliseconds(20));
  EXPECT_GT(FromProto(caller.Fetch("simulated:lognormal:20ms,30ms").waited()), absl::ZeroDuration());
  EXPECT_TRUE(caller.ok()) << caller.error();
  caller.Fetch("simulated:constant:1ms,fail=1:UNAVAILABLE");
  EXPECT_EQ(caller.code(), StatusCode::UNAVAILABLE);

  // A capacity: one at a time, one more queues, the next is refused.
  ServerProcess narrow({"--loops=1", "--backend=constant:60s,capacity=1,queue=1"});
  Caller narrow_caller(narrow.target());
  v1::GatherRequest two;
  two.set_mode(v1::GatherRequest::AT_ONCE);
  for (int i = 0; i < 2; ++i) two.add_waits();
  v1::GatherResponse never;
  grpc::ClientContext two_context;
  std::future<grpc::Status> waiting =
      std::async(std::launch::async, [&] { return narrow_caller.stub().Gather(&two_context, two, &never); });
  ASSERT_TRUE(narrow.HasInFlight(1));
  v1::FetchResponse response;
  grpc::ClientContext third_context;
  EXPECT_EQ(narrow_caller.stub().Fetch(&third_context, v1::FetchRequest(), &response).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  two_context.TryCancel();
  EXPECT_EQ(waiting.get().error_code(), StatusCode::CANCELLED);

  // Latencies measured elsewhere, replayed.
  const std::string trace = NewDirectory() + "/latencies";
  std::ofstream(trace) << "# measured on a Monday\n30ms\n";
  ServerProcess replaying({"--backend=trace:" + trace});
  grpc::ClientContext context;
  EXPECT_TRUE(Caller(replaying.target()).stub().Fetch(&context, v1::FetchRequest(), &response).ok());
  EXPECT_GE(FromProto(response.waited()), absl::Milliseconds(30));
}

}  // namespace
}  // namespace meanwhile

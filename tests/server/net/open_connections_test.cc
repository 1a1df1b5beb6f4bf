#include "server/net/open_connections.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "client/listener.h"
#include "tests/server/net/raw_connection.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using Room = OpenConnections::Room;

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

class OpenConnectionsTest : public testing::Test {
 protected:
  OpenConnectionsTest() : listener_(*Listener::Listen("127.0.0.1:0")) {}
  ~OpenConnectionsTest() override {
    for (const int fd : taken_) close(fd);
  }

  // The server's side of a connection that comes from an address.
  int Take(const char* from = "127.0.0.1") {
    clients_.push_back(std::make_unique<RawConnection>(listener_.address(), from));
    taken_.push_back(accept(listener_.fd(), nullptr, nullptr));
    EXPECT_GE(taken_.back(), 0);
    return taken_.back();
  }

  // A place may be seen as taken for a moment after its connection was closed.
  static bool FindsRoom(OpenConnections& open, int fd) {
    return WaitUntil([&] { return open.Add(fd) == Room::kThereIs; });
  }

  void Close(int fd) {
    close(fd);
    std::erase(taken_, fd);
  }

  Listener listener_;
  std::vector<std::unique_ptr<RawConnection>> clients_;
  std::vector<int> taken_;
};

TEST_F(OpenConnectionsTest, HasRoomUpToItsBoundAndAgainWhenOneHasBeenClosed) {
  OpenConnections open(3, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(open.Add(Take()), Room::kThereIs);
  const int one_more = Take();
  EXPECT_EQ(open.Add(one_more), Room::kNone);
  EXPECT_EQ(open.Count(), 3u);
  Close(taken_[1]);
  EXPECT_TRUE(FindsRoom(open, one_more));
  EXPECT_EQ(open.Count(), 3u);
  EXPECT_EQ(open.Add(Take()), Room::kNone);
}

TEST_F(OpenConnectionsTest, HasRoomForOthersWhenAPeerHasItsShare) {
  OpenConnections open(5, 2);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(open.Add(Take("127.0.0.2")), Room::kThereIs);
  const int one_more = Take("127.0.0.2");
  EXPECT_EQ(open.Add(one_more), Room::kNoneForItsPeer);
  EXPECT_EQ(open.Add(Take("127.0.0.3")), Room::kThereIs);
  EXPECT_EQ(open.Count(), 3u);
  Close(taken_[0]);
  EXPECT_TRUE(FindsRoom(open, one_more));
}

TEST_F(OpenConnectionsTest, ANumberThatIsGivenOutAgainIsANewConnection) {
  OpenConnections open(2, 2);
  const int first = Take();
  EXPECT_EQ(open.Add(first), Room::kThereIs);
  Close(first);
  const int second = Take();
  if (second != first) {
    ASSERT_EQ(dup2(second, first), first) << "make it the same number";
  }
  EXPECT_EQ(open.Add(first), Room::kThereIs);
  EXPECT_EQ(open.Count(), 1u);
  EXPECT_EQ(open.Add(Take("127.0.0.2")), Room::kThereIs) << "the first one still counts";
  if (second != first) close(first);
}

TEST_F(OpenConnectionsTest, ANumberThatStandsForSomethingElseNowIsNoConnection) {
  OpenConnections open(2, 2);
  const int fd = Take();
  EXPECT_EQ(open.Add(fd), Room::kThereIs);
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(dup2(file, fd), fd);
  EXPECT_EQ(open.Count(), 0u);
  const int other = Take();
  EXPECT_EQ(open.Add(fd), Room::kThereIs);
  ASSERT_EQ(dup2(other, fd), fd) << "another socket, under the number of the first";
  EXPECT_EQ(open.Count(), 0u);
  close(file);
}

TEST_F(OpenConnectionsTest, ClientsOfAUnixSocketHaveNoAddressAndShareAllPlaces) {
  OpenConnections open(3, 1);
  for (int i = 0; i < 3; ++i) {
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    taken_.insert(taken_.end(), pair.begin(), pair.end());
    EXPECT_EQ(open.Add(pair[0]), Room::kThereIs);
  }
  EXPECT_EQ(open.Add(Take()), Room::kNone);
}

TEST_F(OpenConnectionsTest, AnIpv4PeerIsTheSameOneOverAnIpv6Socket) {
  absl::StatusOr<Listener> both = Listener::Listen("[::]:0");
  if (!both.ok()) GTEST_SKIP() << both.status();
  OpenConnections open(5, 1);
  EXPECT_EQ(open.Add(Take("127.0.0.2")), Room::kThereIs);
  const RawConnection same(both->address(), "127.0.0.2");
  const RawConnection other(both->address(), "127.0.0.3");
  std::array<Room, 2> rooms{};
  for (Room& room : rooms) {
    taken_.push_back(accept(both->fd(), nullptr, nullptr));
    room = open.Add(taken_.back());
  }
  EXPECT_EQ(rooms[0], Room::kNoneForItsPeer);
  EXPECT_EQ(rooms[1], Room::kThereIs);
}

TEST_F(OpenConnectionsTest, TakesNoDescriptorOfItsOwn) {
  OpenConnections open(100, 100);
  const int fd = Take();
  const std::size_t before = OpenDescriptors();
  for (int i = 0; i < 1000; ++i) {
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    EXPECT_TRUE(FindsRoom(open, copy));
    close(copy);
  }
  EXPECT_EQ(open.Count(), 0u);
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace meanwhile

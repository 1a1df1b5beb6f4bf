// TestServer: a server of the whole Meanwhile service in the test's own process, on a free port of the loopback. It is
// what clients are tested against; the real server is tested by itself.
//
// Fetch waits its constant wait and echoes the payload; a payload of `fail` ends the call with UNAVAILABLE. Gather and
// Compute answer with what they were given. It remembers the peers that it saw.

#ifndef MEANWHILE_TESTS_CLIENT_TEST_SERVER_H_
#define MEANWHILE_TESTS_CLIENT_TEST_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>

namespace meanwhile {

class TestServer {
 public:
  // Listens on 127.0.0.1, or on `address`, such as `unix:/tmp/…`.
  explicit TestServer(const std::string& address = "127.0.0.1:0");
  ~TestServer();

  // What a client dials.
  const std::string& target() const;

  // Any thread: how many calls of Fetch have begun, and from how many different sockets.
  std::size_t fetches() const;
  std::size_t peers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_CLIENT_TEST_SERVER_H_

// Process: a program that a test starts, listens to, signals and waits for.
//
//   Process server({"server/server", "--listen=127.0.0.1:0"});
//   std::optional<std::string> line = server.ReadErrorLine();
//   server.Signal(SIGTERM);
//   EXPECT_EQ(server.Wait(), 0) << server.err();
//
// Whatever becomes of the test, the process ends: the destructor kills and reaps it, and the kernel kills it when the
// test's thread dies. It is started without a shell, so the signal reaches the program itself.
//
// Thread: the one that made it.

#ifndef MEANWHILE_TESTS_PROCESS_H_
#define MEANWHILE_TESTS_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/wait_until.h"

namespace meanwhile {

class Process {
 public:
  // Starts the program `arguments[0]`, a path or a name on the PATH. When it cannot be started it ends with exit code 127.
  explicit Process(const std::vector<std::string>& arguments);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  void Signal(int number) const;

  // The next line that the program writes to stderr, without its end; none when it ends first, or patience does.
  std::optional<std::string> ReadErrorLine(absl::Duration patience = kPatience);

  // The exit code, or minus the signal that ended the program; none when it still runs after `patience`. May be called again.
  std::optional<int> Wait(absl::Duration patience = kPatience);

  // What the program has written; all of it after Wait.
  const std::string& out() const { return out_.text; }
  const std::string& err() const { return err_.text; }

 private:
  struct Stream {
    int fd = -1;
    std::string text;
  };

  // Takes in what there is, or waits for it. False when both streams have ended or the deadline has passed.
  bool Read(absl::Time deadline);

  pid_t pid_ = 0;
  Stream out_;
  Stream err_;
  std::size_t err_lines_end_ = 0;  // Up to where ReadErrorLine has given out.
  std::optional<int> exit_code_;
};

// Runs a program to its end. The exit code as Wait gives it; a program that does not end is killed.
struct Outcome {
  std::optional<int> exit_code;
  std::string out;
  std::string err;
};
Outcome RunProcess(const std::vector<std::string>& arguments);

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_PROCESS_H_

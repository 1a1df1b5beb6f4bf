// Terminal: a pseudo-terminal with a program on it, as a person at a terminal has.
//
//   Terminal terminal({"loadtest/loadtest", "run", …});
//   EXPECT_TRUE(terminal.WaitFor("in flight"));
//   terminal.Type("\x03");  // Ctrl-C
//   EXPECT_EQ(terminal.Wait(), 105);
//
// The program's stdin, stdout and stderr are the terminal. It ends with the test, as that of a Process does.
//
// Thread: the one that made it.

#ifndef MEANWHILE_TESTS_TERMINAL_H_
#define MEANWHILE_TESTS_TERMINAL_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/wait_until.h"

namespace meanwhile {

class Terminal {
 public:
  // Of `columns` by `rows` characters.
  explicit Terminal(const std::vector<std::string>& arguments, unsigned short columns = 80, unsigned short rows = 24);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  void Type(const std::string& keys) const;

  // Whether `text` has come, or comes before patience ends.
  bool WaitFor(const std::string& text, absl::Duration patience = kPatience);

  // The exit code, or minus the signal that ended the program; none when it still runs after `patience`.
  std::optional<int> Wait(absl::Duration patience = kPatience);

  // All that was written, escape sequences included. A line ends with \r\n.
  const std::string& out() const { return out_; }

 private:
  // Takes in what there is, or waits for it a little. False when nobody writes any more.
  bool Read();

  int fd_ = -1;
  pid_t pid_ = 0;
  std::string out_;
  std::optional<int> exit_code_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_TERMINAL_H_

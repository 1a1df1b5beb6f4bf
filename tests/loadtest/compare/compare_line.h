// What the tests of `loadtest compare` have in common: its command line, and what it writes.

#ifndef MEANWHILE_TESTS_LOADTEST_COMPARE_COMPARE_LINE_H_
#define MEANWHILE_TESTS_LOADTEST_COMPARE_COMPARE_LINE_H_

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meanwhile {

// A server of other people.
inline constexpr char kBareServer[] = "--server=bare=tests/bench/bare_server --listen=127.0.0.1:{port} --wait=5ms";

// The command line of a comparison: words apart by spaces, then arguments as they are.
std::vector<std::string> Compare(const std::string& words, const std::vector<std::string>& arguments = {});

std::string TempPath(const std::string& name);
std::string ReadFile(const std::string& path);

template <typename Message>
Message FromJson(const std::string& json) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return message;
}

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_LOADTEST_COMPARE_COMPARE_LINE_H_

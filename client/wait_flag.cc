#include "client/wait_flag.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/flags.h"
#include "client/proto_duration.h"

namespace meanwhile {
namespace {

// More servers in a row than any server takes; a bound all the same, since each takes stack.
constexpr int kMostRemotes = 16;

// What is wrong with `text`, or nothing.
using Problem = std::optional<std::string>;

Problem ParseSimulated(absl::string_view spec, v1::SimulatedWait* wait) {
  absl::Duration constant;
  if (!absl::ParseDuration(spec, &constant)) {
    wait->set_spec(std::string(spec));
    return std::nullopt;
  }
  if (constant < absl::ZeroDuration() || constant > absl::Hours(24)) return "must be from 0 to 24h";
  ToProto(constant, wait->mutable_constant());
  return std::nullopt;
}

Problem ParseKind(absl::string_view text, int remotes, v1::Wait* wait) {
  if (text == "remote") {
    wait->mutable_remote();
    return std::nullopt;
  }
  const std::size_t equals = text.find('=');
  const bool has_equals = equals != absl::string_view::npos;
  const std::string value(has_equals ? text.substr(equals + 1) : "");
  absl::string_view parameter = text;
  if (absl::ConsumePrefix(&parameter, "simulated:") && !parameter.empty()) {
    return ParseSimulated(parameter, wait->mutable_simulated());
  }
  if (absl::ConsumePrefix(&parameter, "file-read:") && !parameter.empty()) {
    wait->mutable_file_read()->set_path(std::string(parameter));
    return std::nullopt;
  }
  if (absl::ConsumePrefix(&parameter, "file-write:") && has_equals) {
    wait->mutable_file_write()->set_path(std::string(parameter.substr(0, parameter.find('='))));
    wait->mutable_file_write()->set_content(value);
    return std::nullopt;
  }
  if (absl::ConsumePrefix(&parameter, "query:") && !parameter.empty()) {
    wait->mutable_query()->set_read(std::string(parameter));
    return std::nullopt;
  }
  if (absl::ConsumePrefix(&parameter, "store:") && has_equals) {
    wait->mutable_query()->mutable_store()->set_key(std::string(parameter.substr(0, parameter.find('='))));
    wait->mutable_query()->mutable_store()->set_value(value);
    return std::nullopt;
  }
  if (absl::ConsumePrefix(&parameter, "remote:") && remotes < kMostRemotes) {
    return ParseKind(parameter, remotes + 1, wait->mutable_remote()->mutable_wait());
  }
  return "must be simulated:SPEC (SPEC a duration or a backend, such as 50ms or normal:50ms,5ms), file-read:PATH, "
         "file-write:PATH=CONTENT, query:KEY, store:KEY=VALUE, remote or remote:WAIT";
}

}  // namespace

absl::StatusOr<v1::Wait> ParseWait(absl::string_view flag, absl::string_view text) {
  v1::Wait wait;
  if (Problem problem = ParseKind(text, 0, &wait)) return absl::InvalidArgumentError(FlagError(flag, text, *problem));
  return wait;
}

}  // namespace meanwhile

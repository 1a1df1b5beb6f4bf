#include "server/backend/database/postgres_endpoint.h"

#include <arpa/inet.h>
#include <postgresql/libpq-fe.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

constexpr std::string_view kForm = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE";

class OptionsDeleter {
 public:
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, OptionsDeleter>;

// The option's value; empty when it is not set.
std::string_view Find(const Options& options, std::string_view keyword) {
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword && option->val != nullptr) return option->val;
  }
  return {};
}

// libpq quotes the part of the URL that it did not understand, and that part may be a password. It may have quotes in
// it, so all goes from the first to the last.
std::string WithoutQuotedText(std::string message) {
  while (!message.empty() && message.back() == '\n') message.pop_back();
  const std::size_t first = message.find('"');
  const std::size_t last = message.rfind('"');
  if (first != std::string::npos) message.replace(first, last - first + 1, "\"...\"");
  return message;
}

bool IsNumericAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

absl::Status Invalid(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(absl::string_view(what.data(), what.size()), "; must be like ",
                                                 absl::string_view(kForm.data(), kForm.size())));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresEndpoint>> PostgresEndpoint::Parse(const std::string& url) {
  char* error = nullptr;
  const Options options(PQconninfoParse(url.c_str(), &error));
  if (options == nullptr) {
    const std::string message = error != nullptr ? WithoutQuotedText(error) : "out of memory";
    PQfreemem(error);
    return Invalid(message);
  }
  const Options defaults(PQconndefaults());
  const auto find = [&](std::string_view keyword) {
    const std::string_view value = Find(options, keyword);
    return std::string(value.empty() ? Find(defaults, keyword) : value);
  };
  if (!Find(options, "service").empty()) return Invalid("service: not supported");
  const std::string host = find("host");
  const std::string address = find("hostaddr");
  const std::string port = find("port");
  // libpq takes what follows the first '@' for the host, so this may be the end of a password.
  if (host.find('@') != std::string::npos) return Invalid("an '@' in the user or password must be written as %40");
  if ((host + address + port).find(',') != std::string::npos) return Invalid("must name one host and one port");
  std::uint32_t number = 0;
  // Not quoted: after a password with a '/' in it the port is a part of that.
  if (!absl::SimpleAtoi(port, &number) || number < 1 || number > 65535) return Invalid("port: must be from 1 to 65535");

  const bool is_socket = address.empty() && (host.empty() || host.front() == '/');
  const bool needs_lookup = address.empty() && !is_socket && !IsNumericAddress(host);
  std::string shown = host.empty() ? address : host;
  if (shown.empty()) shown = "the default socket";
  return std::unique_ptr<PostgresEndpoint>(new PostgresEndpoint(url, host, shown, port, needs_lookup));
}

PostgresEndpoint::PostgresEndpoint(std::string url, std::string host, const std::string& shown, const std::string& port,
                                   bool needs_lookup)
    : url_(std::move(url)),
      host_(std::move(host)),
      name_(shown.find(':') == std::string::npos ? absl::StrCat(shown, ":", port)
                                                 : absl::StrCat("[", shown, "]:", port)),
      needs_lookup_(needs_lookup) {}

std::shared_ptr<HostLookup> PostgresEndpoint::LookUp() {
  const std::lock_guard lock(mutex_);
  if (lookup_ == nullptr || lookup_->ended()) lookup_ = HostLookup::Start(host_);
  return lookup_;
}

grpc::Status PostgresEndpoint::MayConnect(TimePoint now) {
  const std::lock_guard lock(mutex_);
  return now < pause_ends_ ? failure_ : grpc::Status();
}

void PostgresEndpoint::OnConnected() {
  const std::lock_guard lock(mutex_);
  pause_ = pause_.zero();
  pause_ends_ = TimePoint();
}

void PostgresEndpoint::OnFailed(TimePoint now, const grpc::Status& failure) {
  const std::lock_guard lock(mutex_);
  // Of connections that were begun together only the first makes the pause longer.
  if (now < pause_ends_) return;
  pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
  pause_ends_ = now + pause_;
  failure_ = failure;
}

}  // namespace meanwhile

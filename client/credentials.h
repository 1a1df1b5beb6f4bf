// How a client speaks to a server: in plaintext, or over TLS, with a certificate of its own if the server wants one.
//
//   CredentialFlags flags;
//   AddCredentialFlags(app, &flags);
//   ...  // Once the command line is parsed.
//   const absl::StatusOr<Credentials> credentials = MakeCredentials(flags);
//   ChannelPool pool({.target = target, .credentials = *credentials});
//
// Plaintext is the default. --tls, --cacert or --cert turn TLS on; the server's certificate is always verified, against
// --cacert or the system's authorities, and must be for the host of the target or for --authority.
//
// Plain values, any thread. The files are read once, by MakeCredentials.

#ifndef MEANWHILE_CLIENT_CREDENTIALS_H_
#define MEANWHILE_CLIENT_CREDENTIALS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is CLI11's.
class App;
}

namespace grpc {
class ChannelCredentials;
}

namespace meanwhile {

struct CredentialFlags {
  bool insecure = false;
  bool tls = false;
  std::string cacert;
  std::string cert;
  std::string key;
  std::string authority;

  bool over_tls() const { return tls || !cacert.empty() || !cert.empty(); }
};

struct Credentials {
  // Null for plaintext.
  std::shared_ptr<grpc::ChannelCredentials> channel;
  // The server's name, in `:authority` and in its certificate. Empty: the target's host.
  std::string authority;
  // What `channel` was made of, for a client that is not gRPC's.
  CredentialFlags files = {};
};

// --tls, --cacert, --cert, --key, --authority and --insecure. `flags` outlives the parsing.
void AddCredentialFlags(CLI::App& app, CredentialFlags* flags);

// The error is complete: it names the flag, and the file and what is wrong with it. INVALID_ARGUMENT when one of the
// flags is wrong or needs another one. `prefix` is how the names of the flags begin where they are not the ones above.
absl::StatusOr<Credentials> MakeCredentials(const CredentialFlags& flags, const std::string& prefix = "--");

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_CREDENTIALS_H_

// TlsOptions: the files that a server speaks TLS with; and what makes gRPC's credentials of them.
//
// The files are looked at before the server listens. Afterwards they are read again for a new connection, at most once
// a second: a certificate, key or list of authorities that was replaced holds from the next connection on, without a
// restart; connections that stand keep what they began with. Files that do not fit together (one is replaced, the other
// not yet), or are bad or gone, leave the last good ones in their place, and stderr says so.
//
// gRPC has a provider that watches files by itself (FileWatcherCertificateProvider). It hands on whatever it reads, and
// its user gives the old pair up before it finds that the new one does not fit; the server then takes no connection
// until the files are good. Here gRPC asks for its certificates (a config fetcher), and is given only good ones.
//
// TLS 1.2 and 1.3, whatever else OpenSSL has been told: gRPC's own choice.

#ifndef MEANWHILE_SERVER_NET_TLS_H_
#define MEANWHILE_SERVER_NET_TLS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace grpc {
class ServerCredentials;
}

namespace meanwhile {

struct TlsOptions {
  // The server's certificate, the rest of its chain after it, and its private key, both in PEM form. Empty: plaintext.
  std::string certificate = {};
  std::string key = {};

  // The authorities that clients must have a certificate of (mutual TLS). Empty: clients are not asked for one.
  std::string client_ca = {};
};

// Plaintext, or TLS. InvalidArgument when one of the files needs another one, Unavailable when one is not good; the
// error names the flag, the file and the cause.
//
// The credentials may be used by one server. gRPC reads the files on the acceptor's thread.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const TlsOptions& options);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_NET_TLS_H_

#include "client/credentials.h"

#include <grpcpp/security/credentials.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/flags.h"
#include "client/pem.h"

namespace meanwhile {
namespace {

// See RFC 3986, 3.2: hosts have these, and addresses have colons and brackets.
bool IsOfAuthority(char c) { return absl::ascii_isalnum(c) || absl::StrContains("-._~%!$&'()*+,;=:[]", c); }

}  // namespace

void AddCredentialFlags(CLI::App& app, CredentialFlags* flags) {
  app.add_flag("--tls", flags->tls, "Speak TLS, and trust the system's authorities");
  app.add_option("--cacert", flags->cacert, "Speak TLS, and trust the authorities in this file")->type_name("FILE");
  app.add_option("--cert", flags->cert, "Speak TLS, with this certificate of the client's")->type_name("FILE");
  app.add_option("--key", flags->key, "The key of --cert")->type_name("FILE");
  app.add_option("--authority", flags->authority, "The server's name, if it is not the target's host")
      ->type_name("NAME");
  app.add_flag("--insecure", flags->insecure, "Speak plaintext, the default");
}

absl::StatusOr<Credentials> MakeCredentials(const CredentialFlags& flags, const std::string& prefix) {
  Credentials credentials{.channel = nullptr, .authority = flags.authority, .files = flags};
  const std::string cacert = prefix + "cacert", cert = prefix + "cert", key = prefix + "key";
  const auto needs = [](const std::string& flag, const std::string& other) {
    return absl::InvalidArgumentError(absl::StrCat(flag, ": needs ", other));
  };
  if (!flags.cert.empty() && flags.key.empty()) return needs(cert, key);
  if (!flags.key.empty() && flags.cert.empty()) return needs(key, cert);
  if (!std::all_of(flags.authority.begin(), flags.authority.end(), &IsOfAuthority)) {
    return absl::InvalidArgumentError(FlagError(prefix + "authority", flags.authority, "must be HOST or HOST:PORT"));
  }
  if (!flags.over_tls()) return credentials;
  if (flags.insecure) {
    return absl::InvalidArgumentError("--insecure: cannot stand beside --tls, --cacert or --cert");
  }

  grpc::SslCredentialsOptions options;
  if (!flags.cacert.empty()) {
    absl::StatusOr<PemFile> authorities = ReadPemFile(cacert, flags.cacert);
    if (!authorities.ok()) return authorities.status();
    if (absl::Status status = CheckAuthorities(*authorities); !status.ok()) return status;
    options.pem_root_certs = std::move(authorities->text);
  }
  if (!flags.cert.empty()) {
    absl::StatusOr<PemFile> certificate = ReadPemFile(cert, flags.cert);
    if (!certificate.ok()) return certificate.status();
    absl::StatusOr<PemFile> private_key = ReadPemFile(key, flags.key);
    if (!private_key.ok()) return private_key.status();
    if (absl::Status status = CheckCertificateAndKey(*certificate, *private_key); !status.ok()) return status;
    options.pem_cert_chain = std::move(certificate->text);
    options.pem_private_key = std::move(private_key->text);
  }
  credentials.channel = grpc::SslCredentials(options);
  return credentials;
}

}  // namespace meanwhile

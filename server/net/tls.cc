#include "server/net/tls.h"

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/pem.h"
#include "server/observe/log.h"

namespace meanwhile {
namespace {

// How long what was read holds.
constexpr std::chrono::seconds kLookPeriod{1};

// What the files hold. No client_ca: an empty text.
struct Certificates {
  PemFile certificate;
  PemFile key;
  PemFile client_ca;
};

bool operator==(const Certificates& a, const Certificates& b) {
  return a.certificate.text == b.certificate.text && a.key.text == b.key.text && a.client_ca.text == b.client_ca.text;
}

absl::StatusOr<Certificates> ReadCertificates(const TlsOptions& options) {
  absl::StatusOr<PemFile> certificate = ReadPemFile("--tls-cert", options.certificate);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<PemFile> key = ReadPemFile("--tls-key", options.key);
  if (!key.ok()) return key.status();
  Certificates read{.certificate = *std::move(certificate), .key = *std::move(key), .client_ca = {}};
  if (options.client_ca.empty()) return read;
  absl::StatusOr<PemFile> client_ca = ReadPemFile("--tls-client-ca", options.client_ca);
  if (!client_ca.ok()) return client_ca.status();
  read.client_ca = *std::move(client_ca);
  return read;
}

absl::Status Check(const Certificates& read) {
  if (absl::Status status = CheckCertificateAndKey(read.certificate, read.key); !status.ok()) return status;
  return read.client_ca.flag.empty() ? absl::OkStatus() : CheckAuthorities(read.client_ca);
}

void WarnOfDates(const Certificates& read) {
  for (const PemFile* file : {&read.certificate, &read.client_ca}) {
    if (const auto warning = WarningOfDates(*file, absl::Now())) {
      Log(LogLevel::kWarning, "certificate_dates", *warning);
    }
  }
}

// The last good certificates, and what has become of their files.
class CertificateFiles {
 public:
  CertificateFiles(TlsOptions options, Certificates good) : options_(std::move(options)), good_(std::move(good)) {}

  // What gRPC asks before each handshake.
  static grpc_ssl_certificate_config_reload_status Fetch(void* files, grpc_ssl_server_certificate_config** config) {
    return static_cast<CertificateFiles*>(files)->FetchNew(config);
  }

 private:
  grpc_ssl_certificate_config_reload_status FetchNew(grpc_ssl_server_certificate_config** config) {
    const absl::MutexLock lock(&mutex_);
    if (fetched_ && !Reload()) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    fetched_ = true;
    const grpc_ssl_pem_key_cert_pair pair{good_.key.text.c_str(), good_.certificate.text.c_str()};
    // gRPC insists on authorities even where no client is asked for a certificate, and then does not use them.
    const PemFile& authorities = options_.client_ca.empty() ? good_.certificate : good_.client_ca;
    *config = grpc_ssl_server_certificate_config_create(authorities.text.c_str(), &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  // Whether there are new certificates.
  bool Reload() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return false;
    next_look_ = now + kLookPeriod;
    absl::StatusOr<Certificates> read = ReadCertificates(options_);
    if (read.ok() && *read == good_) {
      said_ = absl::OkStatus();
      return false;
    }
    const absl::Status status = read.ok() ? Check(*read) : read.status();
    if (!status.ok()) {
      if (status != said_) {
        Log(LogLevel::kError, "certificates_not_read",
            absl::StrCat(status.message(), "; the certificates read before stay in use"));
      }
      said_ = status;
      return false;
    }
    said_ = absl::OkStatus();
    good_ = *std::move(read);
    Log(LogLevel::kInfo, "certificates_read", "certificates read again: new connections get the new ones");
    WarnOfDates(good_);
    return true;
  }

  const TlsOptions options_;
  absl::Mutex mutex_;
  Certificates good_ ABSL_GUARDED_BY(mutex_);
  bool fetched_ ABSL_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point next_look_ ABSL_GUARDED_BY(mutex_);
  absl::Status said_ ABSL_GUARDED_BY(mutex_);  // What was wrong with the files at the last look.
};

// gRPC's C++ interface has no config fetcher; these credentials take the C interface's.
class FetchingCredentials final : public grpc::ServerCredentials {
 public:
  FetchingCredentials(const TlsOptions& options, Certificates good) : files_(options, std::move(good)) {
    const auto request = options.client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                   : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request, CertificateFiles::Fetch, &files_));
  }
  ~FetchingCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  CertificateFiles files_;
  grpc_server_credentials* credentials_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const TlsOptions& options) {
  const bool has_pair = !options.certificate.empty() && !options.key.empty();
  if (!has_pair) {
    if (!options.certificate.empty()) return absl::InvalidArgumentError("--tls-cert: needs --tls-key");
    if (!options.key.empty()) return absl::InvalidArgumentError("--tls-key: needs --tls-cert");
    if (!options.client_ca.empty()) return absl::InvalidArgumentError("--tls-client-ca: needs --tls-cert");
    return grpc::InsecureServerCredentials();
  }
  absl::StatusOr<Certificates> read = ReadCertificates(options);
  if (!read.ok()) return read.status();
  if (absl::Status status = Check(*read); !status.ok()) return status;
  WarnOfDates(*read);
  return std::make_shared<FetchingCredentials>(options, *std::move(read));
}

}  // namespace meanwhile

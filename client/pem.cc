#include "client/pem.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace meanwhile {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

template <auto free>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;

std::string ErrorOf(const PemFile& file, absl::string_view cause) {
  return absl::StrCat(file.flag, ": ", file.path, ": ", cause);
}

absl::Status Bad(const PemFile& file, absl::string_view cause) { return absl::UnavailableError(ErrorOf(file, cause)); }

// OpenSSL's word for what was wrong last; forgets it and what came before.
std::string LastError() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "OpenSSL does not say why" : reason;
}

Bio ReadFrom(const PemFile& file) { return Bio(BIO_new_mem_buf(file.text.data(), static_cast<int>(file.text.size()))); }

// The next certificate; none at the end, which is no error of OpenSSL's then, and before what is none.
Certificate NextCertificate(BIO* from) {
  ERR_clear_error();
  Certificate certificate(PEM_read_bio_X509(from, nullptr, nullptr, nullptr));
  if (certificate == nullptr && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) ERR_clear_error();
  return certificate;
}

// The first certificate, if there are only good ones.
absl::StatusOr<Certificate> FirstCertificate(const PemFile& file) {
  const Bio bio = ReadFrom(file);
  Certificate first = NextCertificate(bio.get());
  if (first != nullptr) {
    while (NextCertificate(bio.get()) != nullptr) {
    }
  }
  if (ERR_peek_last_error() != 0) return Bad(file, absl::StrCat("a certificate cannot be read: ", LastError()));
  if (first == nullptr) return Bad(file, "has no certificate in PEM form");
  return first;
}

// Takes the place of OpenSSL's own, which asks at the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

absl::StatusOr<Key> PrivateKey(const PemFile& file) {
  ERR_clear_error();
  bool encrypted = false;
  Key key(PEM_read_bio_PrivateKey(ReadFrom(file).get(), nullptr, NoPassword, &encrypted));
  if (key != nullptr) return key;
  if (encrypted) {
    ERR_clear_error();
    return Bad(file, "is encrypted; a key without a password is needed");
  }
  // Here OpenSSL has the same word for nothing and for something bad.
  if (!absl::StrContains(file.text, "PRIVATE KEY-----")) {
    ERR_clear_error();
    return Bad(file, "has no private key in PEM form");
  }
  return Bad(file, absl::StrCat("the private key cannot be read: ", LastError()));
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return absl::InfinitePast();
  return absl::FromTM(utc, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<PemFile> ReadPemFile(const std::string& flag, const std::string& path) {
  PemFile file{.flag = flag, .path = path, .text = {}};
  // Opening a pipe would wait for its writer.
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Bad(file, std::strerror(errno));
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat status {};
  if (fstat(fd, &status) != 0) return Bad(file, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return Bad(file, "is not a file");
  file.text.resize(kMostBytes + 1);
  std::size_t size = 0;
  while (size <= kMostBytes) {
    const ssize_t got = read(fd, file.text.data() + size, file.text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Bad(file, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMostBytes) return Bad(file, "is longer than 1 MiB");
  file.text.resize(size);
  return file;
}

absl::Status CheckCertificateAndKey(const PemFile& certificate_file, const PemFile& key_file) {
  const absl::StatusOr<Certificate> certificate = FirstCertificate(certificate_file);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<Key> key = PrivateKey(key_file);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    ERR_clear_error();
    return Bad(key_file, absl::StrCat("is not the key of the certificate in ", certificate_file.path));
  }
  // What TLS itself has against them, such as a short key.
  const Context context(SSL_CTX_new(TLS_method()));
  if (SSL_CTX_use_certificate(context.get(), certificate->get()) != 1) return Bad(certificate_file, LastError());
  if (SSL_CTX_use_PrivateKey(context.get(), key->get()) != 1) return Bad(key_file, LastError());
  return absl::OkStatus();
}

absl::Status CheckAuthorities(const PemFile& authorities) { return FirstCertificate(authorities).status(); }

std::optional<std::string> WarningOfDates(const PemFile& file, absl::Time now) {
  const Certificate certificate = NextCertificate(ReadFrom(file).get());
  ERR_clear_error();
  if (certificate == nullptr) return std::nullopt;
  const absl::Time begin = TimeOf(X509_get0_notBefore(certificate.get()));
  const absl::Time end = TimeOf(X509_get0_notAfter(certificate.get()));
  const auto shown = [](absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M:%S", time, absl::UTCTimeZone()); };
  if (now > end) return ErrorOf(file, absl::StrCat("the certificate expired at ", shown(end), " UTC"));
  if (now < begin) return ErrorOf(file, absl::StrCat("the certificate is not valid before ", shown(begin), " UTC"));
  return std::nullopt;
}

}  // namespace meanwhile

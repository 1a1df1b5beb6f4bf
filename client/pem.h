// Certificates and keys from files in PEM form, looked at before TLS takes them: TLS itself would tell of a bad one in
// few words, and late, to whoever connects.
//
// Every error is complete and names the flag, the file and the cause:
//
//   --tls-key: key.pem: is not the key of the certificate in cert.pem
//
// Plain values and pure functions; any thread.

#ifndef MEANWHILE_CLIENT_PEM_H_
#define MEANWHILE_CLIENT_PEM_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace meanwhile {

// A file's text, and where it comes from.
struct PemFile {
  std::string flag;
  std::string path;
  std::string text;
};

// Reads a file that is there, is a file, may be read and has at most 1 MiB.
absl::StatusOr<PemFile> ReadPemFile(const std::string& flag, const std::string& path);

// Whether one file begins with a certificate, the rest of its chain after it, and the other has its private key, not
// encrypted. A key that is too weak for TLS is an error, too.
absl::Status CheckCertificateAndKey(const PemFile& certificate_file, const PemFile& key_file);

// Whether there is at least one certificate, and nothing that looks like one and is none.
absl::Status CheckAuthorities(const PemFile& authorities);

// When the first certificate of `file` expired, or is not valid yet at `now`: a sentence that names flag and file. Not
// an error: the clock may be wrong, and whoever verifies the certificate decides.
std::optional<std::string> WarningOfDates(const PemFile& file, absl::Time now);

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_PEM_H_

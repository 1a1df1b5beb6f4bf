// Certificates for tests: an authority of the test's own, and what it issues. Made with OpenSSL each time, so that none
// can expire in the source tree.
//
// Plain values and pure functions; any thread.

#ifndef MEANWHILE_TESTS_CERTIFICATES_H_
#define MEANWHILE_TESTS_CERTIFICATES_H_

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace meanwhile {

// Both in PEM form.
struct KeyPair {
  std::string certificate;
  std::string key;
};

// What a certificate says. It is for `localhost`, `127.0.0.1` and the name itself.
struct Subject {
  std::string name = "server";
  absl::Time begin = absl::Now() - absl::Hours(1);
  absl::Time end = absl::Now() + absl::Hours(1);
  // An RSA key of so many bits instead of one on the curve P-256.
  int rsa_bits = 0;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "authority");
  ~TestAuthority();

  // Its own certificate, which others trust.
  const std::string& certificate() const { return certificate_; }

  KeyPair Issue(const Subject& subject = {}) const;

 private:
  struct Keys;

  std::unique_ptr<Keys> keys_;
  std::string certificate_;
};

// The key, encrypted with a password.
std::string Encrypted(const std::string& key);

// Writes `text` to the file `name` in the test's own directory, at once: no reader sees a part. Gives its path.
std::string WriteFile(const std::string& name, const std::string& text);

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_CERTIFICATES_H_

#include "client/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/certificates.h"
#include "tests/server/backend/no_privileges.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

PemFile Pem(const std::string& flag, const std::string& text) {
  return {.flag = flag, .path = flag.substr(2), .text = text};
}

std::string CheckPair(const std::string& certificate, const std::string& key) {
  return std::string(CheckCertificateAndKey(Pem("--cert", certificate), Pem("--key", key)).message());
}

TEST(PemTest, ReadsAFileWhole) {
  const std::string path = WriteFile("file", std::string(1 << 20, 'x'));
  const absl::StatusOr<PemFile> file = ReadPemFile("--cert", path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->text, std::string(1 << 20, 'x'));
}

TEST(PemTest, NamesTheFlagTheFileAndWhyItCannotBeRead) {
  const std::string pipe = WriteFile("file", "") + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string locked = WriteFile("locked", "");
  ASSERT_EQ(chmod(locked.c_str(), 0), 0);
  const std::pair<std::string, std::string> cases[] = {
      {"/nowhere", "No such file or directory"},
      {"/", "is not a file"},
      {"/dev/zero", "is not a file"},
      {pipe, "is not a file"},
      {locked, "Permission denied"},
      {WriteFile("long", std::string((1 << 20) + 1, 'x')), "is longer than 1 MiB"}};
  const NoPrivileges no_privileges;
  for (const auto& [path, cause] : cases) {
    EXPECT_EQ(ReadPemFile("--cert", path).status().message(), absl::StrCat("--cert: ", path, ": ", cause));
  }
}

TEST(PemTest, TakesACertificateWithItsChainAndItsKey) {
  const TestAuthority authority;
  for (const int rsa_bits : {0, 2048}) {
    const KeyPair pair = authority.Issue({.rsa_bits = rsa_bits});
    EXPECT_EQ(CheckPair(pair.certificate + authority.certificate(), pair.key), "");
    EXPECT_EQ(CheckPair("Words before it.\n" + pair.certificate, pair.key), "");
    EXPECT_EQ(CheckPair(pair.key + pair.certificate, pair.certificate + pair.key), "") << "both in one file";
  }
}

TEST(PemTest, SaysWhatIsWrongWithACertificateOrItsKey) {
  const TestAuthority authority;
  const KeyPair pair = authority.Issue();
  const std::string half = pair.certificate.substr(0, pair.certificate.size() / 2);
  std::string garbled = pair.certificate;
  garbled.replace(100, 4, "AAAA");
  EXPECT_EQ(CheckPair("", pair.key), "--cert: cert: has no certificate in PEM form");
  EXPECT_EQ(CheckPair("words", pair.key), "--cert: cert: has no certificate in PEM form");
  EXPECT_EQ(CheckPair(pair.key, pair.key), "--cert: cert: has no certificate in PEM form");
  EXPECT_THAT(CheckPair(half, pair.key), StartsWith("--cert: cert: a certificate cannot be read: "));
  EXPECT_THAT(CheckPair(pair.certificate + half, pair.key), StartsWith("--cert: cert: a certificate cannot be read: "));
  EXPECT_EQ(CheckPair(pair.certificate, ""), "--key: key: has no private key in PEM form");
  EXPECT_EQ(CheckPair(pair.certificate, pair.certificate), "--key: key: has no private key in PEM form");
  EXPECT_THAT(CheckPair(pair.certificate, pair.key.substr(0, 100)),
              StartsWith("--key: key: the private key cannot be read: "));
  EXPECT_EQ(CheckPair(pair.certificate, Encrypted(pair.key)),
            "--key: key: is encrypted; a key without a password is needed");
  for (const int rsa_bits : {0, 2048}) {
    EXPECT_EQ(CheckPair(pair.certificate, authority.Issue({.rsa_bits = rsa_bits}).key),
              "--key: key: is not the key of the certificate in cert");
  }
  const KeyPair weak = authority.Issue({.rsa_bits = 1024});
  EXPECT_THAT(CheckPair(weak.certificate, weak.key), HasSubstr("key too small"));
}

TEST(PemTest, WantsAtLeastOneAuthorityAndOnlyGoodOnes) {
  const TestAuthority first;
  const TestAuthority second;
  const auto check = [](const std::string& text) { return std::string(CheckAuthorities(Pem("--ca", text)).message()); };
  EXPECT_EQ(check(first.certificate()), "");
  EXPECT_EQ(check(first.certificate() + second.certificate()), "");
  EXPECT_EQ(check(""), "--ca: ca: has no certificate in PEM form");
  EXPECT_THAT(check(first.certificate() + second.certificate().substr(0, 200)),
              StartsWith("--ca: ca: a certificate cannot be read: "));
}

TEST(PemTest, WarnsOfACertificateBeforeAndAfterItsTime) {
  const absl::Time begin = absl::FromUnixSeconds(1'000'000'000);
  const absl::Time end = absl::FromUnixSeconds(2'000'000'000);
  const PemFile file = Pem("--cert", TestAuthority().Issue({.begin = begin, .end = end}).certificate);
  EXPECT_EQ(WarningOfDates(file, begin), std::nullopt);
  EXPECT_EQ(WarningOfDates(file, end), std::nullopt);
  EXPECT_EQ(WarningOfDates(file, begin - absl::Seconds(1)),
            "--cert: cert: the certificate is not valid before 2001-09-09 01:46:40 UTC");
  EXPECT_EQ(WarningOfDates(file, end + absl::Seconds(1)),
            "--cert: cert: the certificate expired at 2033-05-18 03:33:20 UTC");
  EXPECT_EQ(WarningOfDates(Pem("--cert", ""), end), std::nullopt);
}

}  // namespace
}  // namespace meanwhile

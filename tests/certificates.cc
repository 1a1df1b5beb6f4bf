#include "tests/certificates.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace meanwhile {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string PemOf(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(PEM_write_bio_X509(bio.get(), certificate), 1);
  return TextOf(bio.get());
}

std::string PemOf(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  return TextOf(bio.get());
}

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  EXPECT_EQ(X509_add_ext(certificate, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

// `issuer` null: the certificate is its own.
Certificate Sign(const Subject& subject, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  static long serial = 0;
  Certificate certificate(X509_new(), X509_free);
  X509* const made = certificate.get();
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(made), absl::ToTimeT(subject.begin));
  ASN1_TIME_set(X509_getm_notAfter(made), absl::ToTimeT(subject.end));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.name.c_str()), -1, -1, 0);
  X509_set_pubkey(made, key);
  if (issuer == nullptr) {
    X509_set_issuer_name(made, X509_get_subject_name(made));
    AddExtension(made, made, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(made, made, NID_subject_key_identifier, "hash");
  } else {
    X509_set_issuer_name(made, X509_get_subject_name(issuer));
    AddExtension(made, issuer, NID_subject_alt_name, absl::StrCat("DNS:localhost,IP:127.0.0.1,DNS:", subject.name));
  }
  EXPECT_GT(X509_sign(made, issuer_key, EVP_sha256()), 0);
  return certificate;
}

}  // namespace

struct TestAuthority::Keys {
  Key key;
  Certificate certificate;
};

TestAuthority::TestAuthority(const std::string& name) {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  Certificate certificate = Sign({.name = name}, key.get(), nullptr, key.get());
  certificate_ = PemOf(certificate.get());
  keys_ = std::make_unique<Keys>(Keys{std::move(key), std::move(certificate)});
}

TestAuthority::~TestAuthority() = default;

KeyPair TestAuthority::Issue(const Subject& subject) const {
  const Key key(subject.rsa_bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(static_cast<unsigned>(subject.rsa_bits)),
                EVP_PKEY_free);
  const Certificate certificate = Sign(subject, key.get(), keys_->certificate.get(), keys_->key.get());
  return {.certificate = PemOf(certificate.get()), .key = PemOf(key.get())};
}

std::string Encrypted(const std::string& key) {
  const Bio in(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())), BIO_free);
  const Key read(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  const Bio out(BIO_new(BIO_s_mem()), BIO_free);
  unsigned char password[] = "password";
  EXPECT_EQ(PEM_write_bio_PrivateKey(out.get(), read.get(), EVP_aes_128_cbc(), password, sizeof(password) - 1, nullptr,
                                     nullptr),
            1);
  return TextOf(out.get());
}

std::string WriteFile(const std::string& name, const std::string& text) {
  const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string test_name =
      absl::StrReplaceAll(absl::StrCat(test->test_suite_name(), ".", test->name()), {{"/", "."}});
  const std::string directory = absl::StrCat(testing::TempDir(), test_name);
  mkdir(directory.c_str(), 0700);
  std::string path = absl::StrCat(directory, "/", name);
  const std::string fresh = path + ".new";
  std::ofstream(fresh) << text;
  EXPECT_EQ(std::rename(fresh.c_str(), path.c_str()), 0) << path;
  return path;
}

}  // namespace meanwhile

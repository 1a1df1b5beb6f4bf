#include "loadtest/engine/http2/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace meanwhile::http2 {
namespace {

// In the form of ALPN: a length and a name.
constexpr std::array<unsigned char, 3> kAlpn = {2, 'h', '2'};
constexpr absl::string_view kH2 = "h2";

// The reason of the first error that OpenSSL has noted on this thread; the others are forgotten.
std::string TakeError() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error" : reason;
}

constexpr char kClosed[] = "the server closed the connection";

// Whether the server refuses the versions of TLS that are offered, or wants an older one.
bool IsAboutVersion(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return false;
  const int reason = ERR_GET_REASON(error);
  return reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL;
}

// A socket, and what it said when it was last written or read.
struct Socket {
  const int fd;
  bool ended = false;  // The server sends no more.
  int error = 0;       // None if it is only to be tried again later.
};

// OpenSSL's way to a socket, but for two things: a server that is gone raises no SIGPIPE, and why the socket fails can
// be told.
Socket& SocketOf(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

bool IsForLater(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int WriteSocket(BIO* bio, const char* data, int size) {
  Socket& socket = SocketOf(bio);
  BIO_clear_retry_flags(bio);
  const ssize_t count = send(socket.fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  const bool later = count < 0 && IsForLater(errno);
  if (later) BIO_set_retry_write(bio);
  socket.ended = false;
  socket.error = count < 0 && !later ? errno : 0;
  return static_cast<int>(count);
}

int ReadSocket(BIO* bio, char* data, int size) {
  Socket& socket = SocketOf(bio);
  BIO_clear_retry_flags(bio);
  const ssize_t count = recv(socket.fd, data, static_cast<std::size_t>(size), 0);
  const bool later = count < 0 && IsForLater(errno);
  if (later) BIO_set_retry_read(bio);
  socket.ended = count == 0;
  socket.error = count < 0 && !later ? errno : 0;
  return static_cast<int>(count);
}

// It does not answer BIO_CTRL_EOF, so that an end without a goodbye is the socket's to tell (SSL_ERROR_SYSCALL).
long ControlSocket(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// The socket outlives it.
BIO* MakeSocketBio(Socket* socket) {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, &WriteSocket);
    BIO_meth_set_read(made, &ReadSocket);
    BIO_meth_set_ctrl(made, &ControlSocket);
    return made;
  }();
  BIO* const bio = BIO_new(kMethod);
  BIO_set_data(bio, socket);
  BIO_set_init(bio, 1);
  return bio;
}

bool IsAddress(const std::string& name) {
  in6_addr address;
  return inet_pton(AF_INET, name.c_str(), &address) == 1 || inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(int socket, SSL* ssl) : Transport(socket), ssl_(ssl), bio_socket_{.fd = socket} {
    BIO* const bio = MakeSocketBio(&bio_socket_);
    SSL_set_bio(ssl_, bio, bio);
  }
  ~TlsTransport() override {
    SSL_shutdown(ssl_);  // Says goodbye if it can be said at once.
    ERR_clear_error();
    SSL_free(ssl_);
  }

  absl::StatusOr<Wait> Establish() override {
    if (!connected_) {
      absl::StatusOr<Wait> wait = Transport::Establish();
      if (!wait.ok() || *wait != Wait::kNothing) return wait;
      connected_ = true;
    }
    const int result = SSL_connect(ssl_);
    if (result == 1) return CheckProtocol();
    const int error = SSL_get_error(ssl_, result);
    switch (error) {
      case SSL_ERROR_WANT_READ:
        return Wait::kReadable;
      case SSL_ERROR_WANT_WRITE:
        return Wait::kWritable;
      default:
        break;
    }
    const long verified = SSL_get_verify_result(ssl_);
    if (verified != X509_V_OK) {
      ERR_clear_error();
      return absl::UnavailableError(
          absl::StrCat("the server's certificate is refused: ", X509_verify_cert_error_string(verified)));
    }
    if (IsAboutVersion(ERR_peek_error())) {
      ERR_clear_error();
      return absl::UnavailableError("the server does not agree to TLS 1.2 or newer");
    }
    return absl::UnavailableError(absl::StrCat("TLS could not be agreed: ", TakeReason(error)));
  }

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    if (!end_.ok()) return end_;
    std::size_t total = 0;
    // A record is at most 16 KiB: as many as there are.
    while (total < size) {
      std::size_t count = 0;
      if (SSL_read_ex(ssl_, buffer + total, size - total, &count) != 1) {
        end_ = ErrorOf(0);
        if (end_.ok() || total > 0) break;
        return end_;
      }
      total += count;
    }
    return total;
  }

  // What TLS has decrypted and Read has not taken, or the end that followed what Read has taken: the socket, which may
  // stay open, does not tell of it again.
  bool has_read_ahead() const override { return !end_.ok() || SSL_pending(ssl_) > 0; }

  absl::StatusOr<std::size_t> Write(const iovec* pieces, std::size_t count) override {
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t written = 0;
      while (written < pieces[i].iov_len) {
        std::size_t part = 0;
        const auto* const from = static_cast<const char*>(pieces[i].iov_base) + written;
        if (SSL_write_ex(ssl_, from, pieces[i].iov_len - written, &part) != 1) {
          const absl::Status status = ErrorOf(0);
          if (!status.ok()) return status;
          return total;
        }
        written += part;
        total += part;
      }
    }
    return total;
  }

 private:
  absl::StatusOr<Wait> CheckProtocol() {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    if (absl::string_view(reinterpret_cast<const char*>(name), size) != kH2) {
      return absl::UnavailableError("the server does not agree to HTTP/2 over TLS (ALPN h2)");
    }
    return Wait::kNothing;
  }

  // With a goodbye (close_notify), or without.
  bool IsClosed(int error) const {
    return error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SYSCALL && bio_socket_.ended);
  }

  // Why an operation has failed for good: the socket's reason, or OpenSSL's own.
  std::string TakeReason(int error) {
    if (IsClosed(error)) return kClosed;
    if (error == SSL_ERROR_SYSCALL && bio_socket_.error != 0) return std::strerror(bio_socket_.error);
    return TakeError();
  }

  // OK when it is only to be tried again later.
  absl::Status ErrorOf(int result) {
    const int error = SSL_get_error(ssl_, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return absl::OkStatus();
    if (IsClosed(error)) return absl::OutOfRangeError(kClosed);
    return absl::UnavailableError(absl::StrCat("the connection failed: ", TakeReason(error)));
  }

  SSL* const ssl_;
  Socket bio_socket_;
  bool connected_ = false;
  absl::Status end_;  // Of what there is to read; OK until then.
};

}  // namespace

TlsContext::TlsContext(ssl_ctx_st* context, std::string server_name)
    : context_(context), server_name_(std::move(server_name)) {}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Make(const TlsOptions& options) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return absl::InternalError(TakeError());
  const std::shared_ptr<const TlsContext> made(new TlsContext(context, options.server_name));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_protos(context, kAlpn.data(), kAlpn.size());

  const auto refused = [](const std::string& file) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", TakeError()));
  };
  ERR_clear_error();
  if (options.cacert.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, options.cacert.c_str(), nullptr) != 1) {
    return refused(options.cacert);
  }
  if (options.cert.empty() != options.key.empty()) {
    return absl::InvalidArgumentError("a certificate and its key are given together, or neither");
  }
  if (!options.cert.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context, options.cert.c_str()) != 1) return refused(options.cert);
    if (SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1) return refused(options.key);
  }
  return made;
}

std::unique_ptr<Transport> TlsContext::MakeTransport(int socket) const {
  SSL* const ssl = SSL_new(context_);
  if (IsAddress(server_name_)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name_.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, server_name_.c_str());
    SSL_set1_host(ssl, server_name_.c_str());
  }
  return std::make_unique<TlsTransport>(socket, ssl);
}

}  // namespace meanwhile::http2

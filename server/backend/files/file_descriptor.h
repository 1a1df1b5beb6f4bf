// FileDescriptor: an open file, closed by whoever owns it.

#ifndef MEANWHILE_SERVER_BACKEND_FILES_FILE_DESCRIPTOR_H_
#define MEANWHILE_SERVER_BACKEND_FILES_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace meanwhile {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  // Takes it over; -1 for none.
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_FILES_FILE_DESCRIPTOR_H_

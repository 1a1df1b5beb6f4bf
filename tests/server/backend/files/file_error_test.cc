#include "server/backend/files/file_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace meanwhile {
namespace {

using absl::StatusCode;

TEST(FileErrorTest, EachErrorHasAStatusThatTheClientCanActUpon) {
  const struct {
    int error;
    StatusCode code;
    const char* problem;
  } kCases[] = {
      {ENOENT, StatusCode::kNotFound, "no such file"},
      {ENOTDIR, StatusCode::kNotFound, "a part of it is not a directory"},
      {EACCES, StatusCode::kPermissionDenied, "the server may not"},
      {EPERM, StatusCode::kPermissionDenied, "the server may not"},
      {EROFS, StatusCode::kPermissionDenied, "the file system is read-only"},
      {EXDEV, StatusCode::kInvalidArgument, "leads out of the data directory"},
      {ELOOP, StatusCode::kInvalidArgument, "leads through a link that is not to be followed"},
      {ENAMETOOLONG, StatusCode::kInvalidArgument, "the name is too long"},
      {EISDIR, StatusCode::kFailedPrecondition, "not a regular file"},
      {ENXIO, StatusCode::kFailedPrecondition, "not a regular file"},
      {ENODEV, StatusCode::kFailedPrecondition, "not a regular file"},
      {ENOSPC, StatusCode::kResourceExhausted, "the disk is full"},
      {EDQUOT, StatusCode::kResourceExhausted, "the disk is full"},
      {EFBIG, StatusCode::kOutOfRange, "larger than the system lets a file be"},
      {EMFILE, StatusCode::kResourceExhausted, "too many files are open"},
      {ENFILE, StatusCode::kResourceExhausted, "too many files are open"},
      {EAGAIN, StatusCode::kUnavailable, "its directories are being changed"},
      {EIO, StatusCode::kInternal, "Input/output error"},
  };
  for (const auto& [error, code, problem] : kCases) {
    const absl::Status status = FileError(error, "poems/tiger");
    EXPECT_EQ(status.code(), code) << problem;
    EXPECT_EQ(status.message(), std::string("file poems/tiger: ") + problem);
  }
}

TEST(FileErrorTest, APathThatCannotBePrintedIsEscaped) {
  EXPECT_EQ(FileError(ENOENT, "a\n\x01ü").message(), "file a\\n\\001ü: no such file");
}

}  // namespace
}  // namespace meanwhile

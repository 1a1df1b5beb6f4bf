// NoPrivileges: while it lives, the calling thread heeds the permissions of files, even root's.

#ifndef MEANWHILE_TESTS_SERVER_BACKEND_NO_PRIVILEGES_H_
#define MEANWHILE_TESTS_SERVER_BACKEND_NO_PRIVILEGES_H_

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace meanwhile {

class NoPrivileges {
 public:
  NoPrivileges() {
    EXPECT_EQ(syscall(SYS_capget, &header_, before_.data()), 0);
    Capabilities fewer = before_;
    for (const int capability : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) {
      fewer[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
    }
    EXPECT_EQ(syscall(SYS_capset, &header_, fewer.data()), 0);
  }
  NoPrivileges(const NoPrivileges&) = delete;
  NoPrivileges& operator=(const NoPrivileges&) = delete;
  ~NoPrivileges() { EXPECT_EQ(syscall(SYS_capset, &header_, before_.data()), 0); }

 private:
  using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

  __user_cap_header_struct header_{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  Capabilities before_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_BACKEND_NO_PRIVILEGES_H_

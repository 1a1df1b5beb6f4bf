// The version of Meanwhile, of all of its binaries alike.

#ifndef MEANWHILE_CLIENT_VERSION_H_
#define MEANWHILE_CLIENT_VERSION_H_

namespace meanwhile {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_VERSION_H_

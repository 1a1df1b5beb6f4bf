// The methods of Meanwhile's own service that are called without anybody having named them, as they go over the wire.

#ifndef MEANWHILE_LOADTEST_LOAD_OWN_METHODS_H_
#define MEANWHILE_LOADTEST_LOAD_OWN_METHODS_H_

namespace meanwhile {

inline constexpr char kFetchPath[] = "/meanwhile.v1.Meanwhile/Fetch";
inline constexpr char kComputePath[] = "/meanwhile.v1.Meanwhile/Compute";

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_OWN_METHODS_H_

// A mix of methods among the settings of a report, where runs are held against each other.
//
// Pure function, any thread.

#ifndef MEANWHILE_LOADTEST_FLAGS_MIX_SETTING_H_
#define MEANWHILE_LOADTEST_FLAGS_MIX_SETTING_H_

#include <vector>

#include "loadtest/call/mix_file.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// All that the entries say: `call a.B/C, weight 3, data {"x": 1}; call a.B/D, weight 1`.
v1::Setting SettingOfMix(const std::vector<MixEntry>& mix);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_MIX_SETTING_H_

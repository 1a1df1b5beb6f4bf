#include "loadtest/flags/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/flags.h"

namespace meanwhile {
namespace {

TEST(SettingsTest, TellsWhatWasGivenAndDefaultsButNoMetadata) {
  CLI::App app("Tests.", "test");
  std::size_t connections = 8, loops = 2;
  AddCountFlag(app, "--connections", &connections, {1, 100}, "");
  AddCountFlag(app, "-l,--loops", &loops, {1, 100}, "");
  const auto take = [](const std::string&) { return absl::OkStatus(); };
  AddRepeatedFlag(app, "--threshold", take, "CONDITION", "");
  AddRepeatedFlag(app, "-m,--metadata", take, "KEY:VALUE", "");
  AddParsedFlag(app, "--json", take, "FILE", "", "");
  AddParsedFlag(app, "TARGET", take, "", "", "");
  const char* const arguments[] = {"test", "here:1",    "--loops=3", "--threshold=a<1", "--threshold=b<2",
                                   "-m",   "key:secret"};
  ASSERT_EQ(ParseFlags(app, 7, arguments), std::nullopt);
  v1::RunReport report;
  AddSettings(app, &report);
  ASSERT_EQ(report.settings_size(), 5);
  EXPECT_FALSE(report.settings(0).given());
  EXPECT_TRUE(report.settings(1).given());
  std::vector<std::string> settings;
  for (const v1::Setting& setting : report.settings()) {
    settings.push_back(absl::StrCat(setting.name(), "=", setting.value()));
  }
  EXPECT_THAT(settings, testing::ElementsAre("connections=8", "loops=3", "threshold=a<1 b<2", "metadata=(not told)",
                                             "TARGET=here:1"));
}

}  // namespace
}  // namespace meanwhile

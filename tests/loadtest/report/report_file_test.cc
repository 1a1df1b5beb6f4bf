#include "loadtest/report/report_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace meanwhile {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class ReportFileTest : public ::testing::Test {
 protected:
  ReportFileTest()
      : directory_(fs::path(::testing::TempDir()) / ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~ReportFileTest() override { fs::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  static std::string Contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  const fs::path directory_;
};

TEST_F(ReportFileTest, WritesTheFileAndLeavesNothingElse) {
  const std::string contents(1 << 20, 'x');
  ASSERT_TRUE(WriteReportFile(Path("r.json"), contents).ok());
  EXPECT_EQ(Contents(Path("r.json")), contents);
  EXPECT_THAT(Names(), ElementsAre("r.json"));
}

TEST_F(ReportFileTest, PutsANewFileInPlaceOfTheOldOne) {
  ASSERT_TRUE(WriteReportFile(Path("r.json"), "old and longer").ok());
  std::ifstream reader(Path("r.json"));
  ASSERT_TRUE(WriteReportFile(Path("r.json"), "new").ok());
  EXPECT_EQ(Contents(Path("r.json")), "new");
  // Who had it open still reads the whole old one.
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "old and longer");
}

TEST_F(ReportFileTest, NamesTheFileInAnError) {
  const std::string path = Path("missing/r.json");
  const absl::Status status = WriteReportFile(path, "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "cannot write " + path + ": No such file or directory");
}

TEST_F(ReportFileTest, AnErrorLeavesNoPartialFile) {
  fs::create_directory(Path("r.json"));
  EXPECT_FALSE(WriteReportFile(Path("r.json"), "x").ok());
  EXPECT_THAT(Names(), ElementsAre("r.json"));
}

TEST_F(ReportFileTest, KeepsASymbolicLinkAndReplacesWhatItPointsTo) {
  ASSERT_TRUE(WriteReportFile(Path("target"), "old").ok());
  fs::create_symlink("target", Path("link"));
  ASSERT_TRUE(WriteReportFile(Path("link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Contents(Path("target")), "new");
}

TEST_F(ReportFileTest, WritesToADeviceWithoutReplacingIt) {
  fs::create_symlink("/dev/full", Path("full"));
  EXPECT_EQ(WriteReportFile(Path("full"), "x").code(), absl::StatusCode::kResourceExhausted);
  fs::create_symlink("/dev/null", Path("null"));
  EXPECT_TRUE(WriteReportFile(Path("null"), "x").ok());
  EXPECT_TRUE(fs::is_character_file(Path("null")));
  EXPECT_THAT(Names(), ElementsAre("full", "null"));
}

}  // namespace
}  // namespace meanwhile

#include "loadtest/compare/model_variant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(ModelVariantTest, AModelWithoutOptionsIsItself) {
  for (const char* name : {"async", "callback", "thread", "pool"}) {
    const absl::StatusOr<ModelVariant> variant = ParseModelVariant(name);
    ASSERT_TRUE(variant.ok()) << variant.status();
    EXPECT_EQ(variant->name, name);
    EXPECT_EQ(variant->model, name);
    EXPECT_THAT(variant->flags, IsEmpty());
  }
}

TEST(ModelVariantTest, OptionsAreFlagsOfTheServerInShort) {
  const absl::StatusOr<ModelVariant> thread = ParseModelVariant("thread:max_pollers=64");
  ASSERT_TRUE(thread.ok()) << thread.status();
  EXPECT_EQ(thread->name, "thread:max_pollers=64");
  EXPECT_EQ(thread->model, "thread");
  EXPECT_THAT(thread->flags, ElementsAre(Pair("--sync-max-pollers", 64u)));

  const absl::StatusOr<ModelVariant> pool = ParseModelVariant("pool:threads=8:queue=0:loops=2");
  ASSERT_TRUE(pool.ok()) << pool.status();
  EXPECT_EQ(pool->model, "pool");
  EXPECT_THAT(pool->flags, ElementsAre(Pair("--pool-threads", 8u), Pair("--pool-queue", 0u), Pair("--loops", 2u)));
  EXPECT_TRUE(pool->Has("--pool-queue"));
  EXPECT_FALSE(pool->Has("--sync-max-pollers"));
}

TEST(ModelVariantTest, SaysWhatIsWrongAndWhatIsKnown) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", ": must be one of async, callback, thread, pool"},
      {"fibers", "fibers: must be one of async, callback, thread, pool"},
      {"fibers:threads=1", "fibers:threads=1: must be one of async, callback, thread, pool"},
      {"thread:threads=1", "thread:threads=1: thread has no option threads, only max_pollers"},
      {"pool:speed=1", "pool:speed=1: pool has no option speed, only threads, queue, loops"},
      {"pool:", "pool:: pool has no option , only threads, queue, loops"},
      {"pool:threads", "pool:threads: threads must be a whole number: threads=64"},
      {"pool:threads=", "pool:threads=: threads must be a whole number: threads=64"},
      {"pool:threads=many", "pool:threads=many: threads must be a whole number: threads=64"},
      {"pool:threads=-1", "pool:threads=-1: threads must be a whole number: threads=64"},
      {"pool:threads=1:threads=2", "pool:threads=1:threads=2: threads must be given once"},
  };
  for (const auto& [text, message] : cases) {
    const absl::StatusOr<ModelVariant> variant = ParseModelVariant(text);
    EXPECT_TRUE(absl::IsInvalidArgument(variant.status())) << text;
    EXPECT_EQ(std::string(variant.status().message()), message);
  }
}

TEST(ModelVariantTest, AListHoldsEachVariantOnce) {
  const absl::StatusOr<std::vector<ModelVariant>> variants =
      ParseModelVariants("async,pool:threads=8,pool:threads=16,pool");
  ASSERT_TRUE(variants.ok()) << variants.status();
  ASSERT_EQ(variants->size(), 4u);
  EXPECT_EQ(variants->at(1).name, "pool:threads=8");
  EXPECT_EQ(variants->at(2).name, "pool:threads=16");

  EXPECT_EQ(std::string(ParseModelVariants("pool:threads=8,pool:threads=8").status().message()),
            "pool:threads=8: must be given once");
  EXPECT_EQ(std::string(ParseModelVariants("async,").status().message()),
            ": must be one of async, callback, thread, pool");
  EXPECT_THAT(*ParseModelVariants("none"), IsEmpty());
}

}  // namespace
}  // namespace meanwhile

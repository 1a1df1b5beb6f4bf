#include "async/cancellation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace meanwhile::async {
namespace {

using grpc::StatusCode;

class Recorder final : public CancellationCallback {
 public:
  explicit Recorder(std::function<void()> then = [] {}) : then_(std::move(then)) {}

  int told() const { return told_; }

 private:
  void OnCancel() override {
    ++told_;
    then_();
  }

  std::function<void()> then_;
  int told_ = 0;
};

TEST(CancellationTest, ATokenWithoutASourceIsNeverCancelled) {
  const CancellationToken token;
  EXPECT_FALSE(token.cancelled());
  EXPECT_TRUE(token.status().ok());
  Recorder recorder;
  recorder.Register(token);
  recorder.Unregister();
  EXPECT_EQ(recorder.told(), 0);
}

TEST(CancellationTest, TellsEachRegisteredCallbackOnce) {
  CancellationSource source;
  const CancellationToken token(&source);
  Recorder first, second;
  first.Register(token);
  second.Register(token);
  EXPECT_FALSE(token.cancelled());
  source.Cancel();
  source.Cancel();
  EXPECT_TRUE(token.cancelled());
  EXPECT_EQ(first.told(), 1);
  EXPECT_EQ(second.told(), 1);
}

TEST(CancellationTest, TheFirstCancelDecidesTheStatus) {
  CancellationSource source;
  const CancellationToken token(&source);
  EXPECT_EQ(token.code(), StatusCode::OK);
  source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  source.Cancel(StatusCode::CANCELLED);
  EXPECT_EQ(token.code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(token.status().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(token.status().error_message(), "deadline exceeded while waiting");

  CancellationSource other;
  other.Cancel();
  EXPECT_EQ(CancellationToken(&other).status().error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(CancellationToken(&other).status().error_message(), "cancelled while waiting");
}

TEST(CancellationTest, TheTokenIsCancelledBeforeTheCallbacksAreTold) {
  CancellationSource source;
  bool cancelled = false;
  Recorder recorder([&] { cancelled = CancellationToken(&source).cancelled(); });
  recorder.Register(CancellationToken(&source));
  source.Cancel();
  EXPECT_TRUE(cancelled);
}

TEST(CancellationTest, TellsNothingToACallbackThatLeft) {
  CancellationSource source;
  std::vector<std::unique_ptr<Recorder>> recorders;
  for (int i = 0; i < 3; ++i) {
    recorders.push_back(std::make_unique<Recorder>());
    recorders.back()->Register(CancellationToken(&source));
  }
  recorders[1]->Unregister();
  recorders[1]->Unregister();
  source.Cancel();
  EXPECT_EQ(recorders[0]->told(), 1);
  EXPECT_EQ(recorders[1]->told(), 0);
  EXPECT_EQ(recorders[2]->told(), 1);
}

// Leaving first, in the middle and last takes other paths through the list; so does every order of leaving.
TEST(CancellationTest, CallbacksLeaveInAnyOrder) {
  std::vector<int> order = {0, 1, 2, 3};
  do {
    for (std::size_t leaving = 0; leaving <= order.size(); ++leaving) {
      CancellationSource source;
      std::vector<std::unique_ptr<Recorder>> recorders;
      for (std::size_t i = 0; i < order.size(); ++i) {
        recorders.push_back(std::make_unique<Recorder>());
        recorders.back()->Register(CancellationToken(&source));
      }
      for (std::size_t i = 0; i < leaving; ++i) recorders[order[i]]->Unregister();
      source.Cancel();
      for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(recorders[order[i]]->told(), i < leaving ? 0 : 1);
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(CancellationTest, ACallbackLeavesWhenItIsDestroyed) {
  CancellationSource source;
  {
    Recorder recorder;
    recorder.Register(CancellationToken(&source));
  }
  source.Cancel();
  EXPECT_TRUE(source.cancelled());
}

TEST(CancellationTest, ACallbackMayTakeAnotherOutWhileAllAreTold) {
  CancellationSource source;
  Recorder victim;
  // Whichever of the two is told first takes the victim out; the other finds it gone.
  Recorder first([&] { victim.Unregister(); });
  Recorder second([&] { victim.Unregister(); });
  first.Register(CancellationToken(&source));
  victim.Register(CancellationToken(&source));
  second.Register(CancellationToken(&source));
  source.Cancel();
  EXPECT_EQ(first.told(), 1);
  EXPECT_EQ(second.told(), 1);
  EXPECT_EQ(victim.told(), 0);
}

TEST(CancellationTest, ACallbackMayRegisterAgainElsewhereOnceItWasTold) {
  CancellationSource source, other;
  Recorder recorder;
  recorder.Register(CancellationToken(&source));
  source.Cancel();
  recorder.Register(CancellationToken(&other));
  other.Cancel();
  EXPECT_EQ(recorder.told(), 2);
}

TEST(LinkedCancellationTest, FollowsItsParentWithTheParentsReason) {
  CancellationSource parent;
  LinkedCancellationSource child;
  child.LinkTo(CancellationToken(&parent));
  Recorder recorder;
  recorder.Register(CancellationToken(&child));
  parent.Cancel(StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(child.code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(recorder.told(), 1);
}

TEST(LinkedCancellationTest, IsCancelledAloneWithoutItsParent) {
  CancellationSource parent;
  LinkedCancellationSource child;
  child.LinkTo(CancellationToken(&parent));
  child.Cancel();
  EXPECT_FALSE(parent.cancelled());
  parent.Cancel(StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(child.code(), StatusCode::CANCELLED);
}

TEST(LinkedCancellationTest, IsCancelledAtOnceByAParentThatAlreadyIs) {
  CancellationSource parent;
  parent.Cancel(StatusCode::DEADLINE_EXCEEDED);
  LinkedCancellationSource child;
  child.LinkTo(CancellationToken(&parent));
  EXPECT_EQ(child.code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST(LinkedCancellationTest, LeavesItsParentWhenItIsDestroyed) {
  CancellationSource parent;
  {
    LinkedCancellationSource child;
    child.LinkTo(CancellationToken(&parent));
  }
  parent.Cancel();
  EXPECT_TRUE(parent.cancelled());
}

TEST(LinkedCancellationTest, HasTheDeadlineOfItsParent) {
  const TimePoint deadline{std::chrono::seconds(5)};
  CancellationSource top;
  top.set_deadline(deadline);
  LinkedCancellationSource middle, bottom;
  middle.LinkTo(CancellationToken(&top));
  bottom.LinkTo(CancellationToken(&middle));
  EXPECT_EQ(CancellationToken(&bottom).deadline(), deadline);
  EXPECT_EQ(CancellationToken().deadline(), TimePoint::max());
}

TEST(LinkedCancellationTest, AChainPassesItDown) {
  CancellationSource top;
  LinkedCancellationSource middle, bottom;
  middle.LinkTo(CancellationToken(&top));
  bottom.LinkTo(CancellationToken(&middle));
  top.Cancel();
  EXPECT_TRUE(bottom.cancelled());
}

}  // namespace
}  // namespace meanwhile::async

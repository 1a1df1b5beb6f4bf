#include "tests/e2e/caller.h"

#include "absl/time/clock.h"
#include "client/wait_flag.h"

namespace meanwhile {
namespace {

void SetTimeout(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

}  // namespace

Caller::Caller(const std::string& target)
    : channels_({.target = target}), stub_(v1::Meanwhile::NewStub(channels_.channel(0))) {}

v1::FetchResponse Caller::Fetch(const std::string& wait) {
  v1::FetchRequest request;
  *request.mutable_wait() = *ParseWait("wait", wait);
  v1::FetchResponse response;
  grpc::ClientContext context;
  SetTimeout(context, kPatience);
  status_ = stub_->Fetch(&context, request, &response);
  return response;
}

v1::GatherResponse Caller::Gather(v1::GatherRequest::Mode mode, const std::vector<std::string>& waits) {
  v1::GatherRequest request;
  request.set_mode(mode);
  for (const std::string& wait : waits) *request.add_waits() = *ParseWait("wait", wait);
  v1::GatherResponse response;
  grpc::ClientContext context;
  SetTimeout(context, kPatience);
  status_ = stub_->Gather(&context, request, &response);
  return response;
}

v1::ComputeResponse Caller::Compute(std::uint64_t rounds, absl::Duration timeout) {
  v1::ComputeRequest request;
  request.set_rounds(rounds);
  v1::ComputeResponse response;
  grpc::ClientContext context;
  SetTimeout(context, timeout);
  status_ = stub_->Compute(&context, request, &response);
  return response;
}

LongComputation::LongComputation(const std::string& target) : caller_(target) {
  request_.set_rounds(1'000'000'000);
  ended_ = std::async(std::launch::async, [this] { return caller_.stub().Compute(&context_, request_, &response_); });
}

LongComputation::~LongComputation() { context_.TryCancel(); }

}  // namespace meanwhile

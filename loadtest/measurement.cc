#include "loadtest/measurement.h"

#include <algorithm>

namespace meanwhile {

void Measurement::Add(const Measurement& other) {
  response_times_.Add(other.response_times_);
  for (std::size_t i = 0; i < statuses_.size(); ++i) statuses_[i] += other.statuses_[i];
  for (const ErrorGroup& group : other.errors_) CountError(group.code, group.message, group.count);
}

std::vector<Measurement::ErrorGroup> Measurement::ErrorGroups() const {
  std::vector<ErrorGroup> groups = errors_;
  std::stable_sort(groups.begin(), groups.end(),
                   [](const ErrorGroup& a, const ErrorGroup& b) { return a.count > b.count; });
  return groups;
}

void Measurement::CountError(absl::StatusCode code, absl::string_view message, uint64_t count) {
  const auto find = [&](absl::string_view wanted) {
    return std::find_if(errors_.begin(), errors_.end(),
                        [&](const ErrorGroup& group) { return group.code == code && group.message == wanted; });
  };
  auto group = find(message);
  // The groups of other messages, at most one a status, do not take the places of the others.
  const auto told_apart = std::count_if(errors_.begin(), errors_.end(),
                                        [](const ErrorGroup& group) { return group.message != kOtherMessages; });
  if (group == errors_.end() && static_cast<std::size_t>(told_apart) >= kMaxErrorGroups) {
    message = kOtherMessages;
    group = find(message);
  }
  if (group == errors_.end()) group = errors_.insert(group, {code, std::string(message)});
  group->count += count;
}

}  // namespace meanwhile

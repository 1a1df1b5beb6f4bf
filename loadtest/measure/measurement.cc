#include "loadtest/measure/measurement.h"

#include <algorithm>

namespace meanwhile {

void Measurement::Add(const Measurement& other) {
  for (std::size_t status = 0; status < response_times_.size(); ++status) {
    if (!other.response_times_[status]) continue;
    if (!response_times_[status]) response_times_[status].emplace();
    response_times_[status]->Add(*other.response_times_[status]);
  }
  service_times_.Add(other.service_times_);
  dispatch_delays_.Add(other.dispatch_delays_);
  for (const ErrorGroup& group : other.errors_) CountError(group, group.message);
  succeeded_ += other.succeeded_;
}

Histogram Measurement::response_times() const {
  Histogram all;
  for (const std::optional<Histogram>& times : response_times_) {
    if (times) all.Add(*times);
  }
  return all;
}

std::vector<Measurement::ErrorGroup> Measurement::ErrorGroups() const {
  std::vector<ErrorGroup> groups = errors_;
  std::stable_sort(groups.begin(), groups.end(),
                   [](const ErrorGroup& a, const ErrorGroup& b) { return a.count > b.count; });
  return groups;
}

void Measurement::CountError(const ErrorGroup& error, absl::string_view message) {
  const auto find = [&](absl::string_view wanted) {
    return std::find_if(errors_.begin(), errors_.end(), [&](const ErrorGroup& group) {
      return group.code == error.code && group.is_wrong_answer == error.is_wrong_answer && group.message == wanted;
    });
  };
  auto group = find(message);
  // The groups of other messages, at most one a status, do not take the places of the others.
  const auto told_apart = std::count_if(errors_.begin(), errors_.end(),
                                        [](const ErrorGroup& group) { return group.message != kOtherMessages; });
  if (group == errors_.end() && static_cast<std::size_t>(told_apart) >= kMaxErrorGroups) {
    message = kOtherMessages;
    group = find(message);
  }
  if (group == errors_.end()) {
    group = errors_.insert(group, {error.code, std::string(message), 0, error.is_wrong_answer});
  }
  group->count += error.count;
}

}  // namespace meanwhile

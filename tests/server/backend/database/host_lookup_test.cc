#include "server/backend/database/host_lookup.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace meanwhile {
namespace {

// Waits until the look-up has ended.
void Await(const HostLookup& lookup) {
  pollfd watched{.fd = lookup.NewDescriptor(), .events = POLLIN, .revents = 0};
  ASSERT_GE(watched.fd, 0);
  EXPECT_EQ(poll(&watched, 1, 30'000), 1);
  close(watched.fd);
  EXPECT_TRUE(lookup.ended());
}

TEST(HostLookupTest, GivesNumericAddresses) {
  const auto lookup = HostLookup::Start("127.0.0.1");
  ASSERT_NE(lookup, nullptr);
  Await(*lookup);
  ASSERT_TRUE(lookup->addresses().ok());
  EXPECT_EQ(*lookup->addresses(), std::vector<std::string>{"127.0.0.1"});
}

TEST(HostLookupTest, SaysInTheSystemsWordsWhyThereIsNoAddress) {
  const auto lookup = HostLookup::Start("no..such..host");
  ASSERT_NE(lookup, nullptr);
  Await(*lookup);
  EXPECT_EQ(lookup->addresses().status().message(), "Name or service not known");
}

TEST(HostLookupTest, TellsEverybodyWhoWaits) {
  const auto lookup = HostLookup::Start("::1");
  ASSERT_NE(lookup, nullptr);
  Await(*lookup);
  Await(*lookup);
  EXPECT_EQ(*lookup->addresses(), std::vector<std::string>{"::1"});
}

TEST(HostLookupTest, WhoeverHasLostInterestLetsGo) {
  for (int i = 0; i < 100; ++i) HostLookup::Start("127.0.0.1");
}

}  // namespace
}  // namespace meanwhile

#include "loadtest/engine/http2/linked_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace meanwhile::http2 {
namespace {

struct Item {
  ListLink<Item> link;
  int number = 0;
};
using Items = LinkedList<Item, &Item::link>;

std::vector<int> NumbersOf(Items& items) {
  std::vector<int> numbers;
  while (Item* item = items.PopFront()) numbers.push_back(item->number);
  return numbers;
}

TEST(LinkedListTest, GivesItsElementsInTheirOrder) {
  Item a{{}, 1}, b{{}, 2}, c{{}, 3};
  Items items;
  EXPECT_EQ(items.PopFront(), nullptr);
  for (Item* item : {&a, &b, &c}) items.PushBack(item);
  EXPECT_EQ(items.size(), 3u);
  EXPECT_EQ(items.front(), &a);
  EXPECT_EQ(NumbersOf(items), (std::vector{1, 2, 3}));
  EXPECT_TRUE(items.empty());
}

TEST(LinkedListTest, LetsAnElementGoFromAnyPlace) {
  for (int gone = 0; gone < 3; ++gone) {
    Item item[3] = {{{}, 0}, {{}, 1}, {{}, 2}};
    Items items;
    for (Item& each : item) items.PushBack(&each);
    items.Remove(&item[gone]);
    EXPECT_FALSE(items.Has(&item[gone]));
    EXPECT_EQ(items.size(), 2u);
    items.PushBack(&item[gone]);
    EXPECT_EQ(NumbersOf(items), (std::vector{gone == 0 ? 1 : 0, gone == 2 ? 1 : 2, gone}));
  }
}

TEST(LinkedListTest, KnowsWhichListAnElementIsIn) {
  Item item;
  Items one, other;
  EXPECT_FALSE(one.Has(&item));
  one.PushBack(&item);
  EXPECT_TRUE(one.Has(&item));
  EXPECT_FALSE(other.Has(&item));
  one.Remove(&item);
  other.PushBack(&item);
  EXPECT_TRUE(other.Has(&item));
}

}  // namespace
}  // namespace meanwhile::http2

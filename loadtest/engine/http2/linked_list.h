// LinkedList: a list through its elements, which it does not own. An element says itself which list it is in, so that
// it can leave it at any time; nothing is allocated.
//
//   struct Call { ListLink<Call> place; };
//   LinkedList<Call, &Call::place> waiting;
//
// Invariant: an element is in at most one list by the same link, and leaves it before either ends.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_LINKED_LIST_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_LINKED_LIST_H_

#include <cassert>
#include <cstddef>

namespace meanwhile::http2 {

template <typename T>
struct ListLink {
  T* previous = nullptr;
  T* next = nullptr;
  void* list = nullptr;  // Null when in none.
};

template <typename T, ListLink<T> T::*kLink>
class LinkedList {
 public:
  LinkedList() = default;
  LinkedList(const LinkedList&) = delete;
  LinkedList& operator=(const LinkedList&) = delete;

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  // Null when empty.
  T* front() const { return first_; }
  bool Has(const T* element) const { return (element->*kLink).list == this; }

  void PushBack(T* element) {
    ListLink<T>& link = element->*kLink;
    assert(link.list == nullptr);
    link = {last_, nullptr, this};
    (last_ == nullptr ? first_ : (last_->*kLink).next) = element;
    last_ = element;
    ++size_;
  }

  void Remove(T* element) {
    ListLink<T>& link = element->*kLink;
    assert(link.list == this);
    (link.previous == nullptr ? first_ : (link.previous->*kLink).next) = link.next;
    (link.next == nullptr ? last_ : (link.next->*kLink).previous) = link.previous;
    link = {};
    --size_;
  }

  T* PopFront() {
    T* element = first_;
    if (element != nullptr) Remove(element);
    return element;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_LINKED_LIST_H_

// Database: what calls ask with a QueryWait. A table of keys and values,
//
//   meanwhile_items (key, value), at first item-0 to item-99, whose value is `value of item-N`
//
// which is created and filled when the database is first used and has none. A statement reads the value of a key
// (NOT_FOUND when there is none) or stores one (what is there is replaced). Keys are text, values are any bytes.
//
// It has two entries, one for each way of writing a handler; what they do and how it ends is the same.
//
// Owned by the Backend and shared by its loops and threads. Outlives every wait.

#ifndef MEANWHILE_SERVER_BACKEND_DATABASE_DATABASE_H_
#define MEANWHILE_SERVER_BACKEND_DATABASE_DATABASE_H_

#include "async/event_loop.h"
#include "async/task.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/waited.h"

namespace meanwhile {

class Database {
 public:
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  // On `loop`'s thread, which does not block. `query`, which ServiceRules has checked, lives until the task has ended.
  virtual async::Task<Waited> Wait(async::EventLoop& loop, const v1::QueryWait& query) = 0;

  // On a thread that may block. Any number at once.
  virtual Waited WaitBlocking(const BlockingWaitLimit& limit, const v1::QueryWait& query) = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DATABASE_DATABASE_H_

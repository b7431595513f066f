#pragma once

#include <string>
#include <vector>

#include "digitry/tuning/database.h"

struct sqlite3;

namespace digitry {

/// A SQLite file. A writer waits up to a minute for another one, and takes the lock at once, so
/// that what it reads stays valid. Source of the journal's modes: the manual,
/// https://sqlite.org/wal.html.
class SqliteDatabase : public Database {
 public:
  /// Throws Error{kBadData} if the file is missing and not to be created, or is not a database.
  SqliteDatabase(const std::string& path, bool create);
  ~SqliteDatabase() override;
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  void transaction(Access access, const std::function<void()>& body) override;
  std::vector<SqlRow> query(const std::string& sql, const std::vector<SqlValue>& values) override;
  void lock_tables() override {}
  bool has_table(const std::string& name) override;
  std::string now() const override { return "((julianday('now') - 2440587.5) * 86400.0)"; }
  std::string up_since() const override { return "0"; }
  std::string skip_locked() const override { return ""; }
  std::string for_update() const override { return ""; }
  const std::string& name() const override { return path_; }

 private:
  void execute(const char* sql);
  [[noreturn]] void fail(const std::string& doing) const;

  std::string path_;
  sqlite3* handle_ = nullptr;
};

}  // namespace digitry

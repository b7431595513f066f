#include "digitry/tuning/sqlite_database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "digitry/base/error.h"
#include "digitry/base/file.h"

namespace digitry {
namespace {

constexpr int kWaitMilliseconds = 60'000;

std::string column_text(sqlite3_stmt* statement, int column) {
  if (sqlite3_column_type(statement, column) == SQLITE_FLOAT)  // SQLite's text has 15 digits.
    return fmt::format("{}", sqlite3_column_double(statement, column));
  const unsigned char* text = sqlite3_column_text(statement, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

}  // namespace

SqliteDatabase::SqliteDatabase(const std::string& path, bool create) : path_(path) {
  if (!create && !path_exists(path)) throw Error(ErrorCode::kBadData, "{}: study not found", path);
  const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
  const int status = sqlite3_open_v2(path_.c_str(), &handle_, flags, nullptr);
  try {
    if (status != SQLITE_OK) fail("open");
    sqlite3_busy_timeout(handle_, kWaitMilliseconds);
    // With WAL, readers do not wait for a writer, and a killed process loses nothing committed. The
    // log is checkpointed often because a study is small and its disk may be, too.
    execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; "
        "PRAGMA wal_autocheckpoint = 32");
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close(handle_); }

void SqliteDatabase::fail(const std::string& doing) const {
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_);
  const bool damaged = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
  const char* advice = "";
  if (code == SQLITE_FULL) advice = "; earlier results are safe: free some space and resume";
  if (code == SQLITE_READONLY) advice = "; the file and its folder must be writable";
  throw Error(damaged ? ErrorCode::kBadData : ErrorCode::kIo, "{}: cannot {}: {}{}", path_, doing,
              handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_), advice);
}

void SqliteDatabase::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("run a statement");
}

void SqliteDatabase::transaction(Access access, const std::function<void()>& body) {
  execute(access == Access::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
  try {
    body();
    execute("COMMIT");
  } catch (...) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

std::vector<SqlRow> SqliteDatabase::query(const std::string& sql,
                                          const std::vector<SqlValue>& values) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr) !=
      SQLITE_OK)
    fail("prepare a statement");
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement, sqlite3_finalize);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int index = sqlite3_bind_parameter_index(statement, fmt::format("${}", i + 1).c_str());
    int status = SQLITE_OK;
    if (const auto* integer = std::get_if<std::int64_t>(&values[i]))
      status = sqlite3_bind_int64(statement, index, *integer);
    else if (const auto* real = std::get_if<double>(&values[i]))
      status = sqlite3_bind_double(statement, index, *real);
    else if (const auto& text = std::get<std::string>(values[i]); true)
      status = sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()),
                                 SQLITE_TRANSIENT);
    if (status != SQLITE_OK) fail("bind a value");
  }
  std::vector<SqlRow> rows;
  int status = SQLITE_ROW;
  while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
    std::vector<std::string> texts;
    for (int column = 0; column < sqlite3_column_count(statement); ++column)
      texts.push_back(column_text(statement, column));
    rows.emplace_back(std::move(texts));
  }
  if (status != SQLITE_DONE) fail("run a statement");
  return rows;
}

bool SqliteDatabase::has_table(const std::string& name) {
  return !query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1", {name}).empty();
}

}  // namespace digitry

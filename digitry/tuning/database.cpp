#include "digitry/tuning/database.h"

#include <sqlite3.h>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr int kWaitMilliseconds = 60'000;

}  // namespace

Database::Database(const std::filesystem::path& path) : path_(path.string()) {
  const int status =
      sqlite3_open_v2(path_.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
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

Database::~Database() { sqlite3_close(handle_); }

void Database::fail(const std::string& doing) const {
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_);
  const bool damaged = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
  const char* advice = "";
  if (code == SQLITE_FULL) advice = "; earlier results are safe: free some space and resume";
  if (code == SQLITE_READONLY) advice = "; the file and its folder must be writable";
  throw Error(damaged ? ErrorCode::kBadData : ErrorCode::kIo, "{}: cannot {}: {}{}", path_, doing,
              handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_), advice);
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    fail("run a statement");
}

Database::Statement::Statement(Database& database, const std::string& sql) : database_(database) {
  if (sqlite3_prepare_v2(database.handle_, sql.c_str(), static_cast<int>(sql.size()), &statement_,
                         nullptr) != SQLITE_OK)
    database.fail("prepare a statement");
}

Database::Statement::~Statement() { sqlite3_finalize(statement_); }

Database::Statement& Database::Statement::bind(std::int64_t value) {
  if (sqlite3_bind_int64(statement_, next_++, value) != SQLITE_OK) database_.fail("bind a number");
  return *this;
}

Database::Statement& Database::Statement::bind(double value) {
  if (sqlite3_bind_double(statement_, next_++, value) != SQLITE_OK) database_.fail("bind a number");
  return *this;
}

Database::Statement& Database::Statement::bind(const std::string& value) {
  if (sqlite3_bind_text(statement_, next_++, value.data(), static_cast<int>(value.size()),
                        SQLITE_TRANSIENT) != SQLITE_OK)
    database_.fail("bind a string");
  return *this;
}

bool Database::Statement::step() {
  const int status = sqlite3_step(statement_);
  if (status == SQLITE_ROW) return true;
  if (status != SQLITE_DONE) database_.fail("run a statement");
  return false;
}

std::int64_t Database::Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Database::Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string Database::Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Database::Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Database::Transaction::Transaction(Database& database) : database_(database) {
  database.execute("BEGIN IMMEDIATE");
}

Database::Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace digitry

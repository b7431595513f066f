#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace digitry {

/// A value passed to a statement.
using SqlValue = std::variant<std::int64_t, double, std::string>;

/// A row of a result, as text. Numbers keep all their digits.
class SqlRow {
 public:
  explicit SqlRow(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  const std::string& text(std::size_t column) const { return texts_.at(column); }
  /// 0 for a text that is no number.
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;

 private:
  std::vector<std::string> texts_;
};

/// The storage of a study: tables in a SQLite file or on a PostgreSQL server, which several
/// processes share. Statements are the SQL that both understand, with parameters $1, $2...
///
/// Errors: kBadData if the file is not a database, kUnavailable if the server cannot be reached,
/// kIo for others. Messages name the place and never contain a password.
class Database {
 public:
  virtual ~Database() = default;

  enum class Access { kRead, kWrite };
  /// Runs `body` as one transaction: all of its statements take effect, or none; a reader sees one
  /// state throughout. A connection that is lost is opened again for two minutes, and `body` run
  /// again: it may run twice, even if it took effect the first time.
  virtual void transaction(Access access, const std::function<void()>& body) = 0;

  /// Runs a statement. Only inside `transaction`.
  virtual std::vector<SqlRow> query(const std::string& sql,
                                    const std::vector<SqlValue>& values = {}) = 0;

  /// Inside `transaction`: until its end no other process may create or change tables. Makes the
  /// place of the tables if it is missing.
  virtual void lock_tables() = 0;
  virtual bool has_table(const std::string& name) = 0;

  /// SQL of the time in seconds since 1970 by the one clock that all processes share, and of the
  /// time since when processes could write.
  virtual std::string now() const = 0;
  virtual std::string up_since() const = 0;
  /// SQL at the end of a SELECT: locks its rows and skips those that others have locked.
  virtual std::string skip_locked() const = 0;
  /// SQL at the end of a SELECT: locks its rows, after others have released them.
  virtual std::string for_update() const = 0;

  /// The place as it may be shown: without password.
  virtual const std::string& name() const = 0;
};

/// Whether `location` is the URL of a server: postgresql:// or postgres://.
bool is_server_url(const std::string& location);

/// `location` as it may be shown: a URL without its password.
std::string without_password(const std::string& location);

/// Opens a file, or connects to postgresql://[USER@]HOST[:PORT]/DATABASE[?study=NAME]; everything
/// else in a URL, and what it leaves out, is as in libpq (PGPASSWORD, ~/.pgpass). A missing file is
/// created if `create`, else Error{kBadData}.
std::unique_ptr<Database> open_database(const std::string& location, bool create);

/// Connects to a PostgreSQL server. Throws Error{kUnavailable} if Digitry was built without libpq.
std::unique_ptr<Database> open_postgresql(const std::string& url);

}  // namespace digitry

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace digitry {

/// A connection to a SQLite file that several processes may share. A writer waits up to a minute
/// for another one. All functions throw Error{kBadData} if the file is not a database, and
/// Error{kIo} for other errors.
class Database {
 public:
  /// Opens the file, or creates it.
  explicit Database(const std::filesystem::path& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs one or more statements without parameters.
  void execute(const std::string& sql);

  /// A statement. `bind` sets ?1, ?2... in order; `step` runs it row by row.
  class Statement {
   public:
    Statement(Database& database, const std::string& sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(std::int64_t value);
    Statement& bind(double value);
    Statement& bind(const std::string& value);
    /// True if there is another row, false at the end.
    bool step();

    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;
    bool is_null(int column) const;

   private:
    Database& database_;
    sqlite3_stmt* statement_ = nullptr;
    int next_ = 1;
  };

  /// Takes the write lock at once, so that what is read inside stays valid until `commit`. Rolls
  /// back if `commit` is not called.
  class Transaction {
   public:
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

   private:
    Database& database_;
    bool open_ = true;
  };

 private:
  [[noreturn]] void fail(const std::string& doing) const;

  std::string path_;
  sqlite3* handle_ = nullptr;
};

}  // namespace digitry

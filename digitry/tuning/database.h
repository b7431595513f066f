#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace digitry {

/// A connection to a SQLite file that several processes may share. Errors are Error{kIo}, or
/// Error{kBadData} where the file is no database; a writer waits up to a minute for another.
class Database {
 public:
  /// Opens, or creates.
  explicit Database(const std::filesystem::path& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// One statement, or several without values.
  void execute(const std::string& sql);
  std::int64_t last_row_id() const;

  /// A statement with ?1, ?2... bound in order, run row by row.
  class Statement {
   public:
    Statement(Database& database, const std::string& sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(std::int64_t value);
    Statement& bind(double value);
    Statement& bind(const std::string& value);
    /// True where there is another row; false at the end.
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

  /// Takes the right to write at once, so that what is read inside stays true until `commit`;
  /// undone without that.
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

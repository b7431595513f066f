#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/log.h"
#include "digitry/tuning/database.h"

// Source: the manual of PostgreSQL 15, chapters 34 (libpq), 13 (concurrency), appendix A (codes).

namespace digitry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kGiveUpAfter = std::chrono::seconds(120);
constexpr auto kFirstPause = std::chrono::milliseconds(100);
constexpr auto kLongestPause = std::chrono::milliseconds(3'000);
constexpr std::size_t kMaxNameBytes = 63;  // PostgreSQL's limit of a name.

// The connection is lost, or the server asks to try again: the transaction may be repeated.
struct Retry {
  std::string reason;
};

// A URL without its "study=NAME", and the name.
struct StudyUrl {
  std::string server;
  std::string study = "digitry";
};

StudyUrl parse_study_url(const std::string& url) {
  StudyUrl parsed{.server = url};
  const std::size_t question = url.find('?');
  if (question == std::string::npos) return parsed;
  parsed.server = url.substr(0, question);
  char separator = '?';
  std::size_t at = question + 1;
  while (at < url.size()) {
    const std::size_t end = std::min(url.find('&', at), url.size());
    const std::string part = url.substr(at, end - at);
    at = end + 1;
    if (part.starts_with("study=")) {
      parsed.study = part.substr(6);
      continue;
    }
    parsed.server += std::exchange(separator, '&') + part;
  }
  const bool valid =
      !parsed.study.empty() && parsed.study.size() <= kMaxNameBytes &&
      !parsed.study.starts_with("pg_") && std::ranges::all_of(parsed.study, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (!valid)
    throw Error(ErrorCode::kInvalidArgument,
                "{}: expected study=NAME of 1 to {} lower-case letters, digits, '-' and '_', not "
                "beginning with pg_, got '{}'",
                without_password(url), kMaxNameBytes, parsed.study);
  return parsed;
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;)
    text.replace(at, 1, "; ");
  std::erase(text, '\t');  // libpq indents what explains an error.
  return text;
}

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

class PostgresqlDatabase : public Database {
 public:
  explicit PostgresqlDatabase(const std::string& url)
      : url_(parse_study_url(url)), name_(without_password(url)) {
    read_options();
    if (const auto problem = connect())
      throw Error(ErrorCode::kUnavailable, "{}: cannot connect: {}", name_, *problem);
  }

  void transaction(Access access, const std::function<void()>& body) override;
  std::vector<SqlRow> query(const std::string& sql, const std::vector<SqlValue>& values) override;
  void lock_tables() override;
  bool has_table(const std::string& name) override {
    return query("SELECT to_regclass($1)", {quoted_study() + "." + name})[0].text(0) != "";
  }
  std::string now() const override { return "extract(epoch FROM clock_timestamp())::float8"; }
  std::string up_since() const override {
    return "extract(epoch FROM pg_postmaster_start_time())::float8";
  }
  std::string skip_locked() const override { return " FOR UPDATE SKIP LOCKED"; }
  std::string for_update() const override { return " FOR UPDATE"; }
  const std::string& name() const override { return name_; }

 private:
  void read_options();
  std::optional<std::string> connect();
  void run_once(Access access, const std::function<void()>& body);
  void reconnect(const Retry& retry, Clock::time_point started);
  void execute(const std::string& sql);
  void check(const PGresult* result);
  std::string without_secrets(const std::string& text) const;
  std::string quoted_study() const { return "\"" + url_.study + "\""; }

  StudyUrl url_;
  std::string name_;
  std::string password_;  // Of the URL.
  std::unique_ptr<PGconn, Finish> connection_;
  bool gave_up_ = false;
};

// Whether a password that is not encoded would be taken for a host, port or database.
bool has_stray_at(const std::string& url) {
  const std::size_t start = url.find("://") + 3;
  const std::string_view rest = std::string_view(url).substr(start, url.find('?') - start);
  const std::size_t at = rest.find('@');
  return at != std::string_view::npos && (at != rest.rfind('@') || rest.find('/') < at);
}

// Checks the URL, and notes its password to keep it out of messages.
void PostgresqlDatabase::read_options() {
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(url_.server.c_str(), &message);
  PQfreemem(message);  // Not shown: it may quote a part of the password.
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> owner(options,
                                                                             PQconninfoFree);
  if (options == nullptr || has_stray_at(url_.server))
    throw Error(ErrorCode::kInvalidArgument,
                "{}: expected postgresql://[USER@]HOST[:PORT]/DATABASE[?OPTION=VALUE&...], with "
                "special characters encoded (%40 for @); put a password into PGPASSWORD or "
                "~/.pgpass",
                name_);
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option)
    if (std::string_view(option->keyword) == "password" && option->val != nullptr)
      password_ = option->val;
}

std::string PostgresqlDatabase::without_secrets(const std::string& text) const {
  std::string clean = one_line(text);
  if (password_.empty()) return clean;
  for (std::size_t at = 0; (at = clean.find(password_, at)) != std::string::npos; at += 3)
    clean.replace(at, password_.size(), "***");
  return clean;
}

// What went wrong, if it did.
std::optional<std::string> PostgresqlDatabase::connect() {
  connection_.reset();
  // What follows "dbname", the URL, precedes these defaults. A server that is gone without a word
  // is noticed within half a minute.
  const char* wait = std::getenv("PGCONNECT_TIMEOUT") == nullptr ? "10" : nullptr;
  const char* keywords[] = {"application_name",    "client_encoding",  "keepalives_idle",
                            "keepalives_interval", "keepalives_count", "tcp_user_timeout",
                            "connect_timeout",     "dbname",           nullptr};
  const char* values[] = {"digitry",           "UTF8", "10", "5", "3", "30000", wait,
                          url_.server.c_str(), nullptr};
  connection_.reset(PQconnectdbParams(keywords, values, /*expand_dbname=*/1));
  if (PQstatus(connection_.get()) == CONNECTION_OK) {
    // The server's notes would go to standard error.
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    return std::nullopt;
  }
  return without_secrets(PQerrorMessage(connection_.get()));
}

void PostgresqlDatabase::transaction(Access access, const std::function<void()>& body) {
  const Clock::time_point started = Clock::now();
  bool interrupted = false;
  while (true) {
    try {
      run_once(access, body);
      if (interrupted) log(LogLevel::kInfo, name_ + ": connected again");
      return;
    } catch (const Retry& retry) {
      if (PQstatus(connection_.get()) == CONNECTION_OK) {  // Another transaction was in the way.
        if (Clock::now() - started > kGiveUpAfter)
          throw Error(ErrorCode::kUnavailable, "{}: {}", name_, retry.reason);
        std::this_thread::sleep_for(kFirstPause);
        continue;
      }
      interrupted = true;
      reconnect(retry, started);
    }
  }
}

void PostgresqlDatabase::reconnect(const Retry& retry, Clock::time_point started) {
  log(LogLevel::kWarning, format_message("{}: connection lost ({}); trying again for {} s", name_,
                                         retry.reason, kGiveUpAfter.count()));
  auto pause = kFirstPause;
  std::string reason = retry.reason;
  while (!gave_up_ && Clock::now() - started < kGiveUpAfter) {
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
    const auto problem = connect();
    if (!problem) return;
    reason = *problem;
  }
  if (gave_up_) {
    const auto problem = connect();
    if (!problem) {
      gave_up_ = false;
      return;
    }
    reason = *problem;
  }
  gave_up_ = true;  // The next call tries once.
  throw Error(ErrorCode::kUnavailable,
              "{}: connection lost, and not back after {} s: {}; all that was recorded is kept: "
              "resume when the server is back",
              name_, kGiveUpAfter.count(), reason);
}

void PostgresqlDatabase::run_once(Access access, const std::function<void()>& body) {
  // The tables of the study come first on the path of this transaction alone, so that connections
  // may be pooled.
  execute(fmt::format("BEGIN {}; SET LOCAL search_path TO {}",
                      access == Access::kWrite ? "ISOLATION LEVEL READ COMMITTED"
                                               : "ISOLATION LEVEL REPEATABLE READ READ ONLY",
                      quoted_study()));
  try {
    body();
    execute("COMMIT");
  } catch (...) {
    if (PQstatus(connection_.get()) == CONNECTION_OK)
      PQclear(PQexec(connection_.get(), "ROLLBACK"));
    throw;
  }
}

void PostgresqlDatabase::execute(const std::string& sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexec(connection_.get(), sql.c_str()), PQclear);
  check(result.get());
}

void PostgresqlDatabase::check(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string code = field == nullptr ? "" : field;
  const std::string message = without_secrets(PQerrorMessage(connection_.get()));
  // Connection lost; server shutting down, crashed or starting; serialization failure, deadlock.
  if (PQstatus(connection_.get()) != CONNECTION_OK || code.starts_with("08") || code == "57P01" ||
      code == "57P02" || code == "57P03" || code == "40001" || code == "40P01")
    throw Retry{message.empty() ? "no answer" : message};
  const char* advice = "";
  if (code == "25006") advice = "; the study needs a server that can be written to, no replica";
  if (code == "42501")
    advice = "; the user needs the right to create a schema in the database, and to its tables";
  if (code.starts_with("53")) advice = "; earlier results are safe: free resources and resume";
  throw Error(ErrorCode::kIo, "{}: {}{}", name_, message, advice);
}

std::vector<SqlRow> PostgresqlDatabase::query(const std::string& sql,
                                              const std::vector<SqlValue>& values) {
  std::vector<std::string> texts;
  for (const SqlValue& value : values) {
    if (const auto* text = std::get_if<std::string>(&value))
      texts.push_back(*text);
    else
      std::visit([&](const auto& number) { texts.push_back(fmt::format("{}", number)); }, value);
  }
  std::vector<const char*> pointers;
  for (const std::string& text : texts) {
    if (text.find('\0') != std::string::npos)
      throw Error(ErrorCode::kInvalidArgument, "{}: a text with a zero byte cannot be stored",
                  name_);
    pointers.push_back(text.c_str());
  }
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(pointers.size()), nullptr,
                   pointers.data(), nullptr, nullptr, /*resultFormat=*/0),
      PQclear);
  check(result.get());
  std::vector<SqlRow> rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    std::vector<std::string> columns;
    for (int column = 0; column < PQnfields(result.get()); ++column)
      columns.emplace_back(PQgetvalue(result.get(), row, column),
                           static_cast<std::size_t>(PQgetlength(result.get(), row, column)));
    rows.emplace_back(std::move(columns));
  }
  return rows;
}

void PostgresqlDatabase::lock_tables() {
  query("SELECT pg_advisory_xact_lock(hashtext('digitry study'))", {});
  query(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", quoted_study()), {});
}

}  // namespace

std::unique_ptr<Database> open_postgresql(const std::string& url) {
  return std::make_unique<PostgresqlDatabase>(url);
}

}  // namespace digitry

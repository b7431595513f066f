#include "digitry/tuning/study_tables.h"

#include <fmt/format.h>

#include <string_view>

#include "digitry/base/error.h"

namespace digitry {
namespace {

// Format 2, in the SQL that SQLite and PostgreSQL share.
constexpr const char* kFirstTables[] = {
    "CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    R"(CREATE TABLE trials (
  id BIGINT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'finished', 'stopped', 'failed')),
  point TEXT NOT NULL,
  parameters TEXT NOT NULL,
  epochs BIGINT NOT NULL DEFAULT 0,
  val_accuracy DOUBLE PRECISION NOT NULL DEFAULT 0,
  val_loss DOUBLE PRECISION NOT NULL DEFAULT 0,
  seconds DOUBLE PRECISION NOT NULL DEFAULT 0,
  message TEXT NOT NULL DEFAULT '',
  worker TEXT NOT NULL DEFAULT ''))",
    R"(CREATE TABLE epochs (
  trial BIGINT NOT NULL REFERENCES trials (id),
  epoch BIGINT NOT NULL,
  val_accuracy DOUBLE PRECISION NOT NULL,
  val_loss DOUBLE PRECISION NOT NULL,
  seconds DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (trial, epoch)))",
    R"(CREATE TABLE fresh_seeds (
  trial BIGINT NOT NULL REFERENCES trials (id),
  number BIGINT NOT NULL,
  val_accuracy DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (trial, number)))",
};

// From format 2 to 3: who works on a trial, and since when nothing was heard of it.
constexpr const char* kTo3[] = {
    "ALTER TABLE trials ADD COLUMN claim TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE trials ADD COLUMN heartbeat DOUBLE PRECISION NOT NULL DEFAULT 0",
    "ALTER TABLE trials ADD COLUMN begun DOUBLE PRECISION NOT NULL DEFAULT 0",
    "ALTER TABLE trials ADD COLUMN ended DOUBLE PRECISION NOT NULL DEFAULT 0",
    "CREATE INDEX trials_by_state ON trials (state, id)",
    "CREATE INDEX epochs_by_epoch ON epochs (epoch)",
};

std::string format_of(Database& database) {
  const auto rows = database.query("SELECT value FROM study WHERE key = 'format'");
  return rows.empty() ? "" : rows[0].text(0);
}

}  // namespace

void make_study_tables(Database& database) {
  for (const char* statement : kFirstTables) database.query(statement);
  for (const char* statement : kTo3) database.query(statement);
  database.query("INSERT INTO study VALUES ('format', $1)", {std::to_string(kStudyFormat)});
}

void migrate_study_tables(Database& database) {
  std::string format;
  const std::string current = std::to_string(kStudyFormat);
  database.transaction(Database::Access::kRead, [&] {
    if (!database.has_table("study") || !database.has_table("trials"))
      throw Error(ErrorCode::kBadData, "{}: expected a study made by digitry tune, found none",
                  database.name());
    format = format_of(database);
  });
  if (format == current) return;
  const bool is_number = !format.empty() && format.size() < 6 &&
                         format.find_first_not_of("0123456789") == std::string::npos;
  if (is_number && std::stoll(format) > kStudyFormat)
    throw Error(ErrorCode::kBadData,
                "{}: made by a newer version of digitry: expected study format {} or older, found "
                "{}; update this digitry",
                database.name(), kStudyFormat, format);
  if (format != "2")
    throw Error(ErrorCode::kBadData, "{}: expected study format 2 to {}, found '{}'",
                database.name(), kStudyFormat, format);
  database.transaction(Database::Access::kWrite, [&] {
    database.lock_tables();
    if (format_of(database) != "2") return;  // Another process was faster.
    for (const char* statement : kTo3) database.query(statement);
    database.query("UPDATE study SET value = $1 WHERE key = 'format'", {current});
  });
}

std::string take_trial_sql(const Database& database) {
  return fmt::format("SELECT {} FROM trials WHERE state = 'waiting' ORDER BY id LIMIT 1{}",
                     kTrialColumns, database.skip_locked());
}

std::string running_trials_sql(const Database& database) {
  return fmt::format(
      "SELECT id, worker, claim, CASE WHEN heartbeat < {0} - {1} AND {2} < {0} - {1} THEN 1 "
      "ELSE 0 END FROM trials WHERE state = 'running' ORDER BY id",
      database.now(), kLostAfterSeconds, database.up_since());
}

std::string other_scores_sql() {
  // The best until then, because the final score of a trial is its best epoch, too.
  return "SELECT (SELECT max(val_accuracy) FROM epochs AS earlier WHERE earlier.trial = "
         "reached.trial AND earlier.epoch <= reached.epoch) FROM epochs AS reached "
         "WHERE reached.epoch = $2 AND reached.trial <> $1 ORDER BY reached.trial";
}

std::string record_trial_sql(const Database& database) {
  return fmt::format(
      "UPDATE trials SET epochs = $2, seconds = $3, heartbeat = {}, val_loss = CASE WHEN "
      "$4 > val_accuracy OR ($4 = val_accuracy AND $5 < val_loss) OR epochs = 0 THEN $5 "
      "ELSE val_loss END, val_accuracy = CASE WHEN $4 > val_accuracy THEN $4 ELSE val_accuracy END "
      "WHERE id = $1 AND claim = $6 RETURNING id",
      database.now());
}

std::string record_epoch_sql() {
  return "INSERT INTO epochs VALUES ($1, $2, $3, $4, $5) ON CONFLICT (trial, epoch) DO UPDATE SET "
         "val_accuracy = $3, val_loss = $4, seconds = $5";
}

}  // namespace digitry

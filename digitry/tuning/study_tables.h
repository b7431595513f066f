#pragma once

#include <cstdint>
#include <string>

#include "digitry/tuning/database.h"

namespace digitry {

/// The format of a study's tables that this version writes. It reads all from 2 on.
inline constexpr std::int64_t kStudyFormat = 3;

/// A trial whose process has not reported for this long is started again by another.
inline constexpr double kLostAfterSeconds = 60;

/// Makes the tables. In a transaction, after `lock_tables`.
void make_study_tables(Database& database);

/// Brings the tables of an older format to this one. Throws Error{kBadData} for a newer format and
/// for tables that are not those of a study.
void migrate_study_tables(Database& database);

/// The statements that run while others hold locks; their plans use the indexes (a test asks the
/// server with EXPLAIN).
/// A waiting trial that nobody else is taking.
std::string take_trial_sql(const Database& database);
/// Running trials, and whether their process has not reported for too long.
std::string running_trials_sql(const Database& database);
/// Scores up to epoch $2 of the trials besides $1 that have reached it.
std::string other_scores_sql();
std::string record_trial_sql(const Database& database);
std::string record_epoch_sql();

/// Columns of a trial, in the order in which `Study` reads them.
inline constexpr const char* kTrialColumns =
    "id, state, point, epochs, val_accuracy, val_loss, seconds, message, worker, begun, ended";

}  // namespace digitry

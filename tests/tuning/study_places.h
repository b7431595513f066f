#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "digitry/tuning/database.h"

namespace digitry::test {

/// The location of the study `name` of a test that has `folder`. The tests of study_test.cpp run in
/// two programs, which define it: with files here, with a server in tests/postgresql.
std::string study_location(const std::filesystem::path& folder, const std::string& name);

/// Runs a statement on a study behind its back.
inline std::vector<SqlRow> run_sql(const std::string& location, const std::string& sql) {
  const auto database = open_database(location, /*create=*/true);
  std::vector<SqlRow> rows;
  database->transaction(Database::Access::kWrite, [&] { rows = database->query(sql); });
  return rows;
}

}  // namespace digitry::test

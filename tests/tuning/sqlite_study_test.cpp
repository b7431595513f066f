#include <gtest/gtest.h>

#include "digitry/base/file.h"
#include "digitry/tuning/study.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"
#include "tests/tuning/study_places.h"

namespace digitry::test {

std::string study_location(const std::filesystem::path& folder, const std::string& name) {
  return folder / (name + ".sqlite");
}

namespace {

TEST(SqliteStudy, IsNotReadFromWhatIsNone) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::kBadData, {"absent", "study not found"},
               [&] { Study study(folder / "absent"); });
  write_file_atomically(folder / "text", std::string(5000, 'x'));
  expect_error(ErrorCode::kBadData, {"/text"}, [&] { Study study(folder / "text"); });
  run_sql(folder / "other", "CREATE TABLE other (id INTEGER)");
  expect_error(ErrorCode::kBadData, {"/other", "expected a study"},
               [&] { Study study(folder / "other"); });
}

TEST(StudyUrl, IsShownWithoutItsPassword) {
  EXPECT_EQ(without_password("runs/study.sqlite"), "runs/study.sqlite");
  EXPECT_EQ(without_password("postgresql://host/db?study=a"), "postgresql://host/db?study=a");
  EXPECT_EQ(without_password("postgresql://me@host:5432/db"), "postgresql://me@host:5432/db");
  EXPECT_EQ(without_password("postgresql://me:secret@host:5432/db?study=a"),
            "postgresql://me@host:5432/db?study=a");
  EXPECT_EQ(without_password("postgres://me:s:e@c/r@host/db"), "postgres://me@host/db");
  EXPECT_EQ(without_password("postgresql://host/db?password=secret&study=a"),
            "postgresql://host/db?study=a");
  EXPECT_EQ(without_password("postgresql://host/db?user=me&password=secret"),
            "postgresql://host/db?user=me");
  EXPECT_EQ(without_password("postgresql://host/db?sslpassword=secret"), "postgresql://host/db");
}

}  // namespace
}  // namespace digitry::test

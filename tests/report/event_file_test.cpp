#include "digitry/report/event_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/report/read_events.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

using namespace std::string_literals;
using ::testing::MatchesRegex;

TEST(Crc32c, IsThatOfTheSource) {
  // RFC 3720, appendix B.4, and the usual check value.
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

// The bytes that TensorBoard's RecordWriter writes for "digit".
TEST(TfRecord, HasTheFrameOfTensorFlow) {
  EXPECT_EQ(tf_record("digit"),
            "\x05\0\0\0\0\0\0\0\xea\xb2\x04\x3e"
            "digit\x42\x54\xe5\x10"s);
}

TEST(EventFile, ContainsEachEventAtOnce) {
  const test::TemporaryFolder folder;
  EventFile file(folder / "new" / "events");
  EXPECT_THAT(file.path().filename().string(),
              MatchesRegex("events\\.out\\.tfevents\\.[0-9]{10}\\..+\\.[0-9]+\\.[0-9]+"));
  EXPECT_EQ(test::read_events(file.path()).size(), 1u);
  protobuf::Writer content;
  content.bytes(3, "later");
  file.write(7, content);
  const std::vector<test::Event> events = test::read_events(file.path());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_EQ(events[1].file_version, "later");
  EXPECT_EQ(events[1].step, 7);
  EXPECT_GT(events[1].wall_time, 1.7e9);
}

TEST(EventFile, HasANameOfItsOwn) {
  const test::TemporaryFolder folder;
  const EventFile a(folder.path());
  const EventFile b(folder.path());
  EXPECT_NE(a.path(), b.path());
}

TEST(EventFile, NamesAFolderThatCannotBeWritten) {
  const test::TemporaryFolder folder;
  test::expect_error(ErrorCode::kIo, {"cannot create folder /dev/null/none"},
                     [&] { EventFile("/dev/null/none/.."); });
}

}  // namespace
}  // namespace digitry

#include "digitry/data/zip.h"

#include "tests/data/array_files.h"
#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;

std::string content_of(const ZipArchive& archive, std::size_t member) {
  return read_rest(*archive.open(archive.members().at(member)), 1 << 24);
}

TEST(Zip, ReadsStoredDeflatedAndZip64Members) {
  const std::string text(100'000, 'x');
  for (const bool ended64 : {false, true}) {
    const ZipArchive archive(
        zip_of({zip_entry("a.npy", "abc", ZipStyle::kStored), zip_entry("folder/", ""),
                zip_entry("folder/b.npy", text), zip_entry("c.npy", text, ZipStyle::kZip64)},
               ended64),
        "a.npz");
    ASSERT_EQ(archive.members().size(), 3U);
    EXPECT_EQ(archive.members()[1].name, "folder/b.npy");
    EXPECT_EQ(content_of(archive, 0), "abc");
    EXPECT_EQ(content_of(archive, 1), text);
    EXPECT_EQ(content_of(archive, 2), text);
  }
}

TEST(Zip, ReadsWhatHasACommentOrNoMembers) {
  std::string commented = zip_of({zip_entry("a", "abc")});
  commented.replace(commented.size() - 2, 2, little_endian(5, 2));
  EXPECT_EQ(content_of(ZipArchive(commented + "PK\x05\x06!", "a.npz"), 0), "abc");
  // A comment that holds an end record, of which nothing is true.
  const std::string false_end = "PK\x05\x06" + std::string(30, 'x');
  commented.replace(commented.size() - 2, 2, little_endian(false_end.size(), 2));
  EXPECT_EQ(content_of(ZipArchive(commented + false_end, "a.npz"), 0), "abc");
  EXPECT_TRUE(ZipArchive(zip_of({}), "a.npz").members().empty());
}

void expect_bad(const std::string& archive, const std::string& part) {
  expect_error(ErrorCode::kBadData, {"a.npz", part}, [&] {
    const ZipArchive opened(archive, "a.npz");
    for (std::size_t i = 0; i < opened.members().size(); ++i) content_of(opened, i);
  });
}

// Each archive breaks one rule.
TEST(Zip, RejectsFalseEntries) {
  const ZipEntry sound = zip_entry("a", std::string(5000, 'a'));
  const auto changed = [&](const auto& change) {
    ZipEntry entry = sound;
    change(entry);
    return zip_of({entry});
  };
  expect_bad(changed([](ZipEntry& e) { e.flags = 1; }), "'a' is encrypted");
  expect_bad(changed([](ZipEntry& e) { e.method = 12; }), "compression method 12");
  expect_bad(changed([](ZipEntry& e) { e.method = 0; }), "cannot hold 5000");
  expect_bad(changed([](ZipEntry& e) { e.crc32 ^= 1; }), "wrong checksum");
  expect_bad(changed([](ZipEntry& e) { --e.num_bytes; }), "more than the announced 4999");
  expect_bad(changed([](ZipEntry& e) { ++e.num_bytes; }), "5000 bytes instead of 5001");
  expect_bad(changed([](ZipEntry& e) { e.num_bytes = 1'000'000'000; }), "cannot hold 1000000000");
  expect_bad(changed([](ZipEntry& e) { e.announced_packed += 50; }), "beyond the directory");
  expect_bad(changed([](ZipEntry& e) { e.offset = 1; }), "'a' is not at its place 1");
  expect_bad(changed([](ZipEntry& e) { e.packed[3] ^= 0x55; }),
             "a.npz: a: expected a sound member");
  expect_bad(changed([](ZipEntry& e) { e.announced_packed -= 2; }), "truncated data");
  expect_bad(zip_of({sound, sound}), "duplicate member 'a'");
  std::string renamed = zip_of({sound});
  renamed[30] = 'b';  // The name in front of the content, after the other 30 bytes.
  expect_bad(renamed, "the header of 'a' differs");
}

TEST(Zip, RejectsMembersThatOverlap) {
  ZipEntry inner = zip_entry("b", "bbb", ZipStyle::kStored);
  // The first member holds the second.
  const std::string hidden = zip_of({inner}).substr(0, 30 + 1 + 3);
  const ZipEntry outer = zip_entry("a", hidden, ZipStyle::kStored);
  inner.offset = 31;
  expect_bad(zip_of({outer, inner}), "two of its 2 members overlap");
}

// As many members as a bomb needs, each of which can make 1 GB of 1 MB.
TEST(Zip, RejectsBombs) {
  std::vector<ZipEntry> entries(3, zip_entry("", ""));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].name = std::string(1, static_cast<char>('a' + i));
    entries[i].packed.assign(std::size_t{1} << 20, '\0');
    entries[i].announced_packed = entries[i].packed.size();
    entries[i].num_bytes = std::uint64_t{1} << 30;
  }
  expect_bad(zip_of(entries), "expected at most 2147483648 bytes in all members");
}

// Every prefix of an archive is an error, and no byte that changes is read past the end.
TEST(Zip, SurvivesTruncationAndChanges) {
  const std::string archive =
      zip_of({zip_entry("a", "abcabcabc"), zip_entry("b", "", ZipStyle::kZip64)}, true);
  for (std::size_t length = 0; length < archive.size(); ++length)
    expect_bad(archive.substr(0, length), "not a valid ZIP archive");
  for (std::size_t i = 0; i < archive.size(); ++i) {
    std::string changed = archive;
    changed[i] = static_cast<char>(~changed[i]);
    try {
      const ZipArchive opened(changed, "a.npz");
      for (std::size_t member = 0; member < opened.members().size(); ++member)
        content_of(opened, member);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadData);
    }
  }
}

}  // namespace
}  // namespace digitry

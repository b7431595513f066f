#include <sys/resource.h>

#include "digitry/base/limits.h"
#include "digitry/data/byte_stream.h"
#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;

std::string inflated(const std::string& packed, std::uint64_t max_bytes = kMaxInputBytes) {
  return read_rest(*inflate_gzip(make_memory_stream(packed, "packed")), max_bytes);
}

// Compresses badly and is longer than the internal buffers.
std::string noise(std::size_t length) {
  std::string bytes;
  std::uint32_t state = 1;
  while (bytes.size() < length)
    bytes += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

TEST(Gzip, RoundTrips) {
  for (const std::string& content :
       {std::string(), std::string("digits"), noise(1'000'000), std::string(3'000'000, 'x')})
    EXPECT_EQ(inflated(deflate_gzip(content)), content);
}

TEST(Gzip, ReadsSeveralMembersAsOne) {
  EXPECT_EQ(inflated(deflate_gzip("one ") + deflate_gzip("") + deflate_gzip("two")), "one two");
}

TEST(Gzip, GoesByContentNotByName) {
  const TemporaryFolder folder;
  write_file(folder / "raw.gz", "plain");
  write_file(folder / "packed", deflate_gzip("content"));
  EXPECT_EQ(read_rest(*open_stream(folder / "raw.gz"), 100), "plain");
  EXPECT_EQ(read_rest(*open_stream(folder / "packed"), 100), "content");
}

TEST(Gzip, NoticesEveryCut) {
  const std::string packed = deflate_gzip(noise(500));
  for (std::size_t length = 2; length < packed.size(); ++length)
    expect_error(ErrorCode::kBadData, {"packed: ", "truncated"},
                 [&] { inflated(packed.substr(0, length)); });
}

TEST(Gzip, NoticesEveryFlippedByteOfContentAndCheckSum) {
  const std::string packed = deflate_gzip("some digits, some digits, some digits");
  for (std::size_t i = 10; i < packed.size();
       ++i) {  // the time and system in the header are not checked
    std::string corrupt = packed;
    corrupt[i] = static_cast<char>(corrupt[i] ^ 0x55);
    EXPECT_THROW(inflated(corrupt), Error) << "byte " << i;
  }
}

TEST(Gzip, NoticesBytesBehindTheEnd) {
  for (const char* garbage : {"x", "xyz", "\x1f"})
    expect_error(ErrorCode::kBadData, {"trailing bytes"},
                 [&] { inflated(deflate_gzip("content") + garbage); });
}

TEST(Gzip, StopsABombAtTheLimit) {
  const std::string bomb = deflate_gzip(std::string(200 << 20, '\0'));
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  expect_error(ErrorCode::kBadData, {"at most 1000 bytes"}, [&] { inflated(bomb, 1000); });
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 10'000) << "KiB";
}

TEST(ByteStream, ReadsPipesAndSaysWhatIsLeft) {
  const auto stream = make_memory_stream("abcdef", "m");
  EXPECT_EQ(stream->max_remaining(), 6U);
  EXPECT_EQ(stream->peek(2), "ab");
  EXPECT_EQ(stream->peek(4), "abcd");
  EXPECT_EQ(stream->max_remaining(), 6U);
  std::string part(3, '\0');
  EXPECT_EQ(stream->read(std::as_writable_bytes(std::span(part))), 3U);
  EXPECT_EQ(part, "abc");
  EXPECT_EQ(stream->peek(9), "def");
  EXPECT_EQ(read_rest(*stream, 3), "def");
  expect_error(ErrorCode::kBadData, {"at most 2 bytes"},
               [] { read_rest(*make_memory_stream("abc", "m"), 2); });
}

TEST(ByteStream, ReadsWhatHasNoSize) {
  const auto stream = open_stream("/proc/self/status");  // it reports a size of 0
  EXPECT_THAT(read_rest(*open_raw_stream("/dev/null"), 10), ::testing::IsEmpty());
  EXPECT_THAT(read_rest(*stream, 1 << 20), ::testing::HasSubstr("Name:"));
}

}  // namespace
}  // namespace digitry

#include "digitry/fetch/fetch_npm.h"
#include "tests/data/test_files.h"
#include "tests/data/tiny_dataset.h"

namespace digitry {
namespace {

using namespace digitry::test;
using Files = std::vector<std::pair<std::string, std::string>>;

Files files_of(const std::string& archive) {
  Files files;
  for_each_tar_file(*make_memory_stream(archive, "a.tar"),
                    [&](const std::string& name, ByteStream& in) {
                      files.emplace_back(name, read_rest(in, 1 << 20));
                    });
  return files;
}

TEST(Tar, ReadsFiles) {
  const std::string long_one(1000, 'x');
  EXPECT_EQ(files_of(tar_of({{"a", "1"}, {"b/c", long_one}, {"d", ""}})),
            (Files{{"a", "1"}, {"b/c", long_one}, {"d", ""}}));
}

TEST(Tar, SkipsWhatIsNotRead) {
  std::vector<std::string> names;
  const std::string archive = tar_of({{"a", std::string(600, 'x')}, {"b", "2"}});
  for_each_tar_file(*make_memory_stream(archive, "a.tar"),
                    [&](const std::string& name, ByteStream&) { names.push_back(name); });
  EXPECT_THAT(names, ::testing::ElementsAre("a", "b"));
}

TEST(Tar, RefusesBrokenArchives) {
  const std::string archive = tar_of({{"a", std::string(600, 'x')}});
  const auto bad = ErrorCode::kBadData;
  expect_error(bad, {"a.tar", "inside a header"}, [&] { files_of(archive.substr(0, 100)); });
  expect_error(bad, {"inside a file"}, [&] { files_of(archive.substr(0, 700)); });
  std::string corrupt = archive;
  corrupt[0] = 'z';
  expect_error(bad, {"checksum"}, [&] { files_of(corrupt); });
}

}  // namespace
}  // namespace digitry

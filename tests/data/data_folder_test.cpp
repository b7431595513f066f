#include "digitry/data/data_folder.h"

#include "tests/data/tiny_dataset.h"

namespace digitry {
namespace {

using namespace digitry::testing;

TEST(DataFolder, KeepsTheOldFileWhereTheNewOneIsWrong) {
  const TemporaryFolder work;
  const TinyDataset tiny;
  const DataFolder folder(work / "tiny", {});
  const KnownFile& file = tiny.known.files[0];
  folder.install(file, *make_memory_stream(tiny.content(0), "right"), {});
  expect_error(ErrorCode::kBadData, {"wrong: want 20 bytes", "found more"}, [&] {
    folder.install(file, *make_memory_stream(tiny.content(0) + "x", "wrong"), {});
  });
  EXPECT_EQ(read_back(folder.path() / kTinyNames[0]), tiny.content(0));
  EXPECT_TRUE(is_verified(folder.path(), file));
  EXPECT_FALSE(is_verified(folder.path(), tiny.known.files[1]));
}

TEST(DataFolder, VerifiesTheContentNotTheLengthAlone) {
  const TemporaryFolder work;
  const TinyDataset tiny;
  std::string flipped = tiny.content(0);
  flipped[17] = 'X';
  write_file(work / kTinyNames[0], flipped);
  EXPECT_FALSE(is_verified(work.path(), tiny.known.files[0]));
}

TEST(DataFolder, RemovesLeftoversButNothingElse) {
  const TemporaryFolder work;
  write_file(work / "train-images-idx3-ubyte.tmp.Ab3dEf", "half");
  write_file(work / "work.tmp.XYZ123/package.tgz", "half");
  write_file(work / "train-images-idx3-ubyte", "whole");
  const DataFolder folder(work.path(), {});
  EXPECT_THAT(names_in(work.path()),
              ::testing::UnorderedElementsAre(".lock", "train-images-idx3-ubyte"));
}

}  // namespace
}  // namespace digitry

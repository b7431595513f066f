#include "digitry/fetch/data_folder.h"

#include "tests/data/tiny_dataset.h"

namespace digitry {
namespace {

using namespace digitry::test;

TEST(DataFolder, KeepsTheOldFileWhereTheNewOneIsWrong) {
  const TemporaryFolder work;
  const TinyDataset tiny;
  const DataFolder folder(work / "tiny", tiny.known, {});
  const KnownFile& file = tiny.known.files[0];
  folder.install(file, *make_memory_stream(tiny.content(0), "right"), {});
  expect_error(ErrorCode::kBadData, {"wrong: expected 20 bytes", "got more"}, [&] {
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
  const TinyDataset tiny;
  write_file(work / "train-images-idx3-ubyte.tmp.0123abcd", "half");
  write_file(work / "work.tmp.XYZ123/package.tgz", "half");
  write_file(work / "train-images-idx3-ubyte", "whole");
  write_file(work / "notes.tmp.txt", "a person's own");
  write_file(work / "train-images-idx3-ubyte.tmp.old", "a person's own");
  write_file(work / "my.tmp.work/thesis.tex", "a person's own");
  const DataFolder folder(work.path(), tiny.known, {});
  EXPECT_THAT(names_in(work.path()),
              ::testing::UnorderedElementsAre(".lock", "train-images-idx3-ubyte", "notes.tmp.txt",
                                              "train-images-idx3-ubyte.tmp.old", "my.tmp.work"));
}

}  // namespace
}  // namespace digitry

#include "digitry/data/image_folder.h"

#include <fmt/format.h>

#include "digitry/data/idx.h"
#include "digitry/image/png.h"
#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;

std::string png_of(std::int64_t height, std::int64_t width, std::uint8_t grey) {
  return encode_png({height, width, 1,
                     std::vector<std::uint8_t>(static_cast<std::size_t>(height * width), grey)});
}

TEST(ImageFolder, SortsClassesAndFiles) {
  const TemporaryFolder root;
  write_file(root / "two/b.png", png_of(2, 3, 40));
  write_file(root / "two/a.PNG", png_of(2, 3, 30));
  write_file(root / "one/x.png", png_of(2, 3, 20));
  write_file(root / "one/notes.txt", "not an image");
  write_file(root / "one/.hidden.png", "not an image");
  write_file(root / ".cache/x", "no class");
  const ImageFiles files = read_image_folder(root.path(), list_classes(root.path()));
  EXPECT_THAT(files.class_names, ElementsAre("one", "two"));
  EXPECT_THAT(files.labels, ElementsAre(0, 1, 1));
  EXPECT_EQ(files.images.shape(), (Shape{3, 1, 2, 3}));
  EXPECT_EQ(values(files.images)[0], 20);
  EXPECT_EQ(values(files.images)[6], 30);
  EXPECT_EQ(values(files.images)[12], 40);
  EXPECT_EQ(files.files[1], (root / "two/a.PNG").string());
}

TEST(ImageFolder, ReportsTheFirstOfManyBrokenFiles) {
  const TemporaryFolder root;
  for (int i = 0; i < 300; ++i)
    write_file(root / fmt::format("c/{:03}.png", i), i % 2 ? "broken" : png_of(1, 1, 1));
  expect_error(ErrorCode::kBadData, {"c/001.png"}, [&] { read_image_folder(root.path(), {"c"}); });
}

TEST(ImageFolder, RefusesWhatDoesNotFit) {
  const TemporaryFolder root;
  const auto bad = ErrorCode::kBadData;
  const auto read = [&] { read_image_folder(root.path(), list_classes(root.path())); };
  expect_error(bad, {"folders of PNG images", "found none"}, read);
  write_file(root / "a/1.png", png_of(2, 2, 1));
  write_file(root / "b/1.png", png_of(2, 3, 1));
  expect_error(bad, {"b/1.png", "expected 2x2", "found 3x2"}, read);
  expect_error(bad, {"expected only the classes a, found the folder b"},
               [&] { read_image_folder(root.path(), {"a"}); });
  fs::remove(root / "b/1.png");
  expect_error(bad, {"/b", "found none"}, read);
}

// One large image, and many files that must have the same size.
TEST(ImageFolder, RefusesMoreThanTheLimitsBeforeReading) {
  const TemporaryFolder root;
  for (int i = 0; i < 129; ++i) write_file(root / fmt::format("{:03}.png", i), "");
  write_file(root / "000.png", png_of(4096, 4096, 0));
  expect_error(ErrorCode::kBadData, {root.path().string(), "at most", "129 images of 16777216"},
               [&] { read_unlabelled_images(root.path()); });
}

// The folders that digitry train leaves if it is run in the folder of images.
TEST(ImageFolder, TakesNoRunForAClass) {
  const TemporaryFolder root;
  for (const char* name : {"a", "runs", "configs"})
    write_file(root / name / "1.png", png_of(1, 1, 1));
  EXPECT_THAT(list_classes(root.path()), ElementsAre("a", "configs", "runs"));
  write_file(root / "runs/mlp-001/config.toml", "");
  write_file(root / "my-run/config.toml", "");
  EXPECT_THAT(list_classes(root.path()), ElementsAre("a", "configs"));
}

TEST(ImageFolder, ReadsFilesWithoutClasses) {
  const TemporaryFolder root;
  write_file(root / "2.png", png_of(1, 1, 2));
  write_file(root / "1.png", png_of(1, 1, 1));
  EXPECT_TRUE(holds_png_files(root.path()));
  EXPECT_THAT(values(read_unlabelled_images(root.path()).images), ElementsAre(1, 2));
}

}  // namespace
}  // namespace digitry

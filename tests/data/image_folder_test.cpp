#include "digitry/data/image_folder.h"

#include <fmt/format.h>

#include "digitry/image/decoder.h"
#include "digitry/image/png.h"
#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  expect_error(bad, {"folders of images", "found none"}, read);
  write_file(root / "a/1.png", png_of(2, 2, 1));
  write_file(root / "b/1.png", png_of(2, 2, 1));
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

TEST(ImageFolder, BringsMixedSizesToOne) {
  const TemporaryFolder root;
  write_file(root / "a/1.png", png_of(56, 28, 200));
  write_file(root / "a/2.png", png_of(10, 10, 100));
  const ImageFiles mixed = read_image_folder(root.path(), {"a"});
  EXPECT_EQ(mixed.images.shape(), (Shape{2, 1, 28, 28}));
  EXPECT_THAT(mixed.notes, ElementsAre(::testing::HasSubstr("different sizes")));
  EXPECT_EQ(values(mixed.images)[0], 200);
  EXPECT_EQ(values(mixed.images)[784], 100);
  const ImageFiles asked = read_image_folder(root.path(), {"a"}, {.image_size = {8, 6}});
  EXPECT_EQ(asked.images.shape(), (Shape{2, 1, 8, 6}));
  EXPECT_THAT(asked.notes, ElementsAre(::testing::HasSubstr("to 6x8 pixels")));
}

TEST(ImageFolder, CountsWhatItLeavesOut) {
  const TemporaryFolder root;
  write_file(root / "a/1.png", png_of(1, 1, 1));
  write_file(root / "a/note.txt", "");
  write_file(root / "a/b.TXT", "");
  write_file(root / "a/movie.gif", "");
  write_file(root / "a/inner/2.png", png_of(1, 1, 1));
  for (const char* litter : {".DS_Store", "._1.png", "Thumbs.db", "desktop.ini"})
    write_file(root / "a" / litter, "");
  write_file(root / "__MACOSX/a/._1.png", "");
  EXPECT_THAT(list_classes(root.path()), ElementsAre("a"));
  const ImageFiles files = read_image_folder(root.path(), {"a"});
  EXPECT_EQ(files.files.size(), 1U);
  EXPECT_THAT(files.notes,
              ElementsAre(::testing::HasSubstr("3 files that are not images: .gif (1), .txt (2)"),
                          ::testing::HasSubstr("1 folder inside")));
}

TEST(ImageFolder, FindsSplitsUnderAllNames) {
  const TemporaryFolder root;
  const auto splits_of = [&](const std::vector<const char*>& names) {
    const auto place = root / names.front();
    for (const char* name : names) write_file(place / name / "x/1.png", png_of(1, 1, 1));
    return list_splits(place.string());
  };
  EXPECT_THAT(splits_of({"train", "valid"}), ElementsAre(Split::kTrain, Split::kValidation));
  EXPECT_THAT(splits_of({"Training", "Testing"}), ElementsAre(Split::kTrain, Split::kTest));
  EXPECT_THAT(splits_of({"test", "val", "train"}),
              ElementsAre(Split::kTrain, Split::kValidation, Split::kTest));
  // Classes may be named so.
  EXPECT_THAT(splits_of({"bus", "car"}), IsEmpty());
  write_file(root / "vehicles/train/1.png", png_of(1, 1, 1));
  write_file(root / "vehicles/bus/1.png", png_of(1, 1, 1));
  EXPECT_THAT(list_splits((root / "vehicles").string()), IsEmpty());
  EXPECT_EQ(load_dataset((root / "vehicles").string(), Split::kTrain).num_classes(), 2);
  expect_error(ErrorCode::kBadData, {"one folder of validation images", "val and valid"}, [&] {
    splits_of({"val", "valid", "train"});
  });
}

TEST(ImageFolder, UsesItsOwnValidationImages) {
  const TemporaryFolder root;
  write_file(root / "set/train/a/1.png", png_of(2, 2, 10));
  write_file(root / "set/train/b/1.png", png_of(2, 2, 20));
  write_file(root / "set/valid/b/1.png", png_of(4, 4, 30));
  // In the only folder of an archive.
  const Dataset data = load_training_data(root.path().string());
  EXPECT_EQ(data.image_shape(), (Shape{1, 2, 2}));
  EXPECT_THAT(data.labels, ElementsAre(0, 1, 1));
  EXPECT_EQ(data.num_validation, 1);
  EXPECT_EQ(values(data.images)[8], 30);
  EXPECT_EQ(data.sources.size(), 3U);
  EXPECT_THAT(data.notes, ::testing::Contains(::testing::HasSubstr("used for validation")));
}

TEST(ImageFolder, ReadsClassesFromNames) {
  const TemporaryFolder root;
  for (const char* name : {"train/10_a.png", "train/9-b.png", "train/9 (2).png", "test/10.x.png"})
    write_file(root / name, png_of(1, 1, 1));
  const LoadOptions by_name{.label_from = LabelFrom::kName};
  const Dataset train = load_dataset(root.path().string(), Split::kTrain, by_name);
  EXPECT_THAT(train.class_names, ElementsAre("9", "10"));
  EXPECT_THAT(train.labels, ElementsAre(0, 0, 1));
  EXPECT_THAT(load_dataset(root.path().string(), Split::kTest, by_name).labels, ElementsAre(1));
  EXPECT_TRUE(has_labelled_test_split(root.path().string(), by_name));
  write_file(root / "train/7.png", png_of(1, 1, 1));
  expect_error(ErrorCode::kBadData, {"train/7.png", "as in 5_a.png"},
               [&] { load_dataset(root.path().string(), Split::kTrain, by_name); });
}

TEST(ImageFolder, DecodesWithTheDecoderOfTheProgram) {
  const TemporaryFolder root;
  write_file(root / "a/1.jpg", "pixel");
  const auto read = [&] { return read_image_folder(root.path(), {"a"}); };
  expect_error(ErrorCode::kBadData, {"a/1.jpg", "use_picture_decoder"}, read);
  set_image_decoder([](std::string_view bytes, const std::string&) {
    return Image{1, 1, 1, {static_cast<std::uint8_t>(bytes.size())}};
  });
  EXPECT_THAT(values(read().images), ElementsAre(5));
  set_image_decoder(nullptr);
}

TEST(ImageFolder, SortsFilesAsPeopleCount) {
  const TemporaryFolder root;
  for (const int i : {10, 2, 1, 11})
    write_file(root / fmt::format("{}.png", i), png_of(1, 1, static_cast<std::uint8_t>(i)));
  EXPECT_THAT(values(read_unlabelled_images(root.path()).images), ElementsAre(1, 2, 10, 11));
}

TEST(ImageFolder, ReadsFilesWithoutClasses) {
  const TemporaryFolder root;
  write_file(root / "2.png", png_of(1, 1, 2));
  write_file(root / "1.png", png_of(1, 1, 1));
  EXPECT_TRUE(holds_images(root.path()));
  EXPECT_THAT(values(read_unlabelled_images(root.path()).images), ElementsAre(1, 2));
}

}  // namespace
}  // namespace digitry

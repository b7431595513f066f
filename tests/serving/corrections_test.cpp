#include "digitry/serving/page/corrections.h"

#include <gmock/gmock.h>

#include "digitry/base/file.h"
#include "digitry/data/dataset.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/values.h"

namespace digitry::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

const std::vector<std::string> kNames = {"0", "1", "two"};

Tensor drawn_image(std::uint32_t stream, std::int64_t side = 4) {
  Tensor image({1, 1, side, side}, DType::kU8);
  std::ranges::copy(digitry::test::random_pixels(side * side, stream),
                    image.as<std::uint8_t>().begin());
  return image;
}

TEST(Corrections, AreADataSet) {
  const digitry::test::TemporaryFolder folder;
  Corrections corrections(folder / "mine");
  EXPECT_THAT(corrections.save(drawn_image(1), "two", kNames), StartsWith("two/"));
  corrections.save(drawn_image(2), "0", kNames);
  corrections.save(drawn_image(3), "0", kNames);
  corrections.save(drawn_image(3), "0", kNames);
  const Dataset data = load_dataset(folder / "mine", Split::kTrain);
  EXPECT_EQ(data.num_images(), 3);
  EXPECT_THAT(data.class_names, ElementsAre("0", "two"));
  EXPECT_THAT(data.labels, ElementsAre(0, 0, 1));
  EXPECT_EQ(data.images.as<std::uint8_t>()[2 * 16 + 5], drawn_image(1).as<std::uint8_t>()[5]);
}

TEST(Corrections, AnImageIsOfOneClass) {
  const digitry::test::TemporaryFolder folder;
  Corrections corrections(folder.path());
  const std::string wrong = corrections.save(drawn_image(1), "0", kNames);
  const std::string right = corrections.save(drawn_image(1), "1", kNames);
  EXPECT_FALSE(path_exists(folder / wrong));
  EXPECT_FALSE(path_exists(folder / "0")) << "an empty class is no data";
  EXPECT_TRUE(path_exists(folder / right));
}

// A full reading of a drawing cuts out other pixels for the same digit than a quick reading. So
// corrections of both have different files, of which only the later should be kept.
TEST(Corrections, ReplaceAnEarlierImageOfTheSameDigit) {
  const digitry::test::TemporaryFolder folder;
  Corrections corrections(folder.path(), 2);
  const std::string quick = corrections.save(drawn_image(1), "0", kNames);
  const std::string other = corrections.save(drawn_image(2), "two", kNames);
  const std::string full = corrections.save(drawn_image(3), "1", kNames, quick);
  EXPECT_FALSE(path_exists(folder / quick));
  EXPECT_FALSE(path_exists(folder / "0")) << "an empty class is no data";
  EXPECT_TRUE(path_exists(folder / other) && path_exists(folder / full));
  EXPECT_EQ(load_dataset(folder.path(), Split::kTrain).num_images(), 2);
  EXPECT_EQ(corrections.save(drawn_image(3), "1", kNames, full), full) << "the same image again";
  EXPECT_TRUE(path_exists(folder / full));
  digitry::test::expect_error(ErrorCode::kUnavailable, {"is full"},
                              [&] { corrections.save(drawn_image(4), "1", kNames, quick); });
}

TEST(Corrections, ReplaceNothingButCorrections) {
  const digitry::test::TemporaryFolder folder;
  Corrections corrections(folder / "in");
  make_folder(folder / "in/0");
  const std::string name = "0123456789abcdef.png";
  write_file_atomically(folder / name, "keep");
  write_file_atomically(folder / "in/0/mine.png", "keep");
  for (const std::string& path : std::vector<std::string>{
           "../" + name, "0/../../" + name, "/" + name, name, "3/" + name, "0/mine.png",
           "0/" + name + "x", "0/0123456789ABCDEF.png", "0/", std::string("0"), std::string("/")})
    digitry::test::expect_error(ErrorCode::kBadData, {"replaces: expected", path},
                                [&] { corrections.save(drawn_image(1), "0", kNames, path); });
  EXPECT_TRUE(path_exists(folder / name) && path_exists(folder / "in/0/mine.png"));
}

TEST(Corrections, AreNoMoreThanAllowed) {
  const digitry::test::TemporaryFolder folder;
  Corrections(folder.path(), 2).save(drawn_image(1), "0", kNames);
  Corrections corrections(folder.path(), 2);
  corrections.save(drawn_image(2), "0", kNames);
  digitry::test::expect_error(ErrorCode::kUnavailable, {"is full: it holds 2 images"},
                              [&] { corrections.save(drawn_image(3), "0", kNames); });
  EXPECT_NO_THROW(corrections.save(drawn_image(2), "0", kNames)) << "it is there already";
}

TEST(Corrections, RefuseWhatIsNoClassOrNoFolder) {
  const digitry::test::TemporaryFolder folder;
  Corrections corrections(folder / "in");
  digitry::test::expect_error(ErrorCode::kBadData, {"expected one of 0, 1, two", "\"3\""},
                              [&] { corrections.save(drawn_image(1), "3", kNames); });
  for (const char* name : {"..", ".", "", "a/b", "../out", "/out", ".hidden", "a\nb"})
    digitry::test::expect_error(ErrorCode::kBadData, {"cannot be the name of a folder"}, [&] {
      corrections.save(drawn_image(1), name, {"0", name});
    });
  digitry::test::expect_error(ErrorCode::kShapeMismatch, {"[1,2,2,1]"}, [&] {
    corrections.save(Tensor({1, 2, 2, 1}, DType::kU8), "0", kNames);
  });
  EXPECT_TRUE(list_folder(folder / "in").empty());
  EXPECT_EQ(list_folder(folder.path()).size(), 1U);
}

TEST(Corrections, AreOfOneModelsClasses) {
  const digitry::test::TemporaryFolder folder;
  Corrections corrections(folder.path());
  corrections.save(drawn_image(1), "0", kNames);
  digitry::test::expect_error(ErrorCode::kUnavailable, {"class \"0\"", "cat, dog"}, [&] {
    corrections.save(drawn_image(2), "cat", {"cat", "dog"});
  });
}

}  // namespace
}  // namespace digitry::serving

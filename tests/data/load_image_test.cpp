#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/data/dataset.h"
#include "digitry/data/idx.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

using test::expect_error;

// A grey PNG of two rows: 0, 50, 100 and 150, 200, 255.
constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEE"
    "lEQVR4nGNgMEphmHbiPwAHeQL0PYDtPwAAAABJRU5ErkJggg==";

TEST(LoadImage, ReadsThePixelsOfAPng) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "3.png", *from_base64(kPng));
  const Tensor image = load_image(folder / "3.png");
  EXPECT_EQ(image.shape(), (Shape{1, 1, 2, 3}));
  EXPECT_THAT(image.as<std::uint8_t>(), testing::ElementsAre(0, 50, 100, 150, 200, 255));
}

TEST(LoadImage, TakesOtherFilesOfOneImage) {
  const test::TemporaryFolder folder;
  write_idx_images(folder / "one-images-idx3-ubyte", Tensor({1, 1, 4, 5}, DType::kU8));
  EXPECT_EQ(load_image(folder / "one-images-idx3-ubyte").shape(), (Shape{1, 1, 4, 5}));
}

TEST(LoadImage, RefusesWhatIsNotOneImage) {
  const test::TemporaryFolder folder;
  write_idx_images(folder / "two-images-idx3-ubyte", Tensor({2, 1, 4, 5}, DType::kU8));
  expect_error(ErrorCode::kBadData,
               {"two-images-idx3-ubyte: expected one image, found 2", "load_inputs"},
               [&] { load_image(folder / "two-images-idx3-ubyte"); });
  expect_error(ErrorCode::kBadData, {"missing.png"}, [&] { load_image(folder / "missing.png"); });
  const std::string png = *from_base64(kPng);
  write_file_atomically(folder / "cut.png", png.substr(0, png.size() - 20));
  expect_error(ErrorCode::kBadData, {"cut.png"}, [&] { load_image(folder / "cut.png"); });
}

}  // namespace
}  // namespace digitry

#include "digitry/image/channels.h"

#include "digitry/data/dataset.h"
#include "digitry/data/set_form.h"
#include "digitry/image/fit.h"
#include "digitry/image/png.h"
#include "tests/data/array_files.h"
#include "tests/data/test_files.h"

// Images in colour, and what becomes of them.

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr LoadOptions kColour{.channels = Channels::kColour};

Dataset load(const fs::path& path, const LoadOptions& options) {
  return load_dataset(path.string(), Split::kTrain, options, Pixels::kAsFound);
}

TEST(Channels, KeepsTheColoursOfImageFilesOnRequest) {
  const TemporaryFolder root;
  write_file(root / "a/1.png", encode_png({1, 2, 3, {255, 0, 0, 0, 0, 255}}));
  write_file(root / "a/2.png", encode_png({1, 2, 1, {7, 9}}));
  // Ink whose shape is in the opacity alone, on white.
  write_file(root / "b/1.png", encode_png({1, 2, 4, {0, 0, 0, 255, 0, 0, 0, 0}}));
  const Dataset grey = load(root.path(), {});
  EXPECT_EQ(grey.images.shape(), (Shape{3, 1, 1, 2}));
  EXPECT_THAT(values(grey.images), ElementsAre(76, 29, 7, 9, 0, 255));
  const Dataset colour = load(root.path(), kColour);
  EXPECT_EQ(colour.images.shape(), (Shape{3, 3, 1, 2}));
  EXPECT_THAT(values(colour.images), ElementsAre(255, 0, 0, 0, 0, 255,  // Channel by channel.
                                                 7, 9, 7, 9, 7, 9,      //
                                                 0, 255, 0, 255, 0, 255));
  const Dataset one = load_inputs((root / "a/1.png").string(), Labels::kIgnore, kColour);
  EXPECT_THAT(values(one.images), ElementsAre(255, 0, 0, 0, 0, 255));
}

TEST(Channels, BringsColourImagesToOneSize) {
  const Image fitted = fit_image({1, 1, 3, {10, 20, 30}}, {2, 3});
  EXPECT_EQ(fitted.channels, 3);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = c; i < fitted.pixels.size(); i += 3)
      EXPECT_EQ(fitted.pixels[i], 10 * (c + 1)) << i;
  EXPECT_EQ(fitted.pixels.size(), 18U);
}

// The same image, its channels last and first.
TEST(Channels, TurnsColoursOfArraysToGreyOrKeepsThem) {
  const TemporaryFolder root;
  std::string last, first;
  for (int i = 0; i < 2 * 25; ++i) last += std::string("\xff\0\0", 3);
  for (int i = 0; i < 2; ++i) first += std::string(25, '\xff') + std::string(50, '\0');
  const std::string labels = npy_of("|u1", "(2,)", std::string("\0\1", 2));
  const auto npz = [&](const char* name, const std::string& images) {
    write_file(root / name, npz_of({{"x_train", images}, {"y_train", labels}}));
    return root / name;
  };
  for (const fs::path& path : {npz("last.npz", npy_of("|u1", "(2, 5, 5, 3)", last)),
                               npz("first.npz", npy_of("|u1", "(2, 3, 5, 5)", first))}) {
    const Dataset grey = load(path, {});
    EXPECT_EQ(grey.images.shape(), (Shape{2, 1, 5, 5})) << path;
    EXPECT_THAT(values(grey.images), Each(76));
    EXPECT_THAT(grey.notes, ElementsAre(HasSubstr("3 channels and became grey")));
    const Dataset colour = load(path, kColour);
    EXPECT_EQ(colour.images.shape(), (Shape{2, 3, 5, 5})) << path;
    EXPECT_EQ(values(colour.images)[0], 255);
    EXPECT_EQ(values(colour.images)[25], 0);
    EXPECT_THAT(colour.notes, IsEmpty());
  }
}

TEST(Channels, RepeatsGreyAndLeavesOtherNumbersOfChannels) {
  const Tensor repeated = with_channels(Tensor({2, 1, 1, 1}, DType::kU8), Channels::kColour);
  EXPECT_EQ(repeated.shape(), (Shape{2, 3, 1, 1}));
  for (const Channels channels : {Channels::kGrey, Channels::kColour})
    EXPECT_EQ(with_channels(Tensor({1, 2, 1, 1}, DType::kU8), channels).shape(),
              (Shape{1, 2, 1, 1}));
}

}  // namespace
}  // namespace digitry

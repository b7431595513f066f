#pragma once

#include <cstdint>

#include "digitry/base/random.h"
#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

// Pictures of 28×28 pixels in all the forms in which people have their digits, for tests and for
// bench/vision.

namespace digitry::test {

/// How the digit lies in its picture.
enum class InkPlace {
  kAsItIs,   ///< As in MNIST.
  kShifted,  ///< Anywhere, as far as its ink allows.
  kSmall,    ///< Reduced to 12 to 18 pixels, anywhere.
  kFilling,  ///< Enlarged to 24 to 28 pixels.
};
/// Which pixels its values are in.
enum class Coding {
  kGrey,
  kUnit,  ///< Grey, 0 and 1 instead of 0 and 255.
  kColor,
  kOpaque,   ///< Four channels, the opacity 255 everywhere.
  kOpacity,  ///< Ink of one colour; its shape is in the opacity alone.
  kLastRow,  ///< Opaque but for a transparent last row and column.
};
inline constexpr int kNumPlacements = 4;
inline constexpr int kNumCodings = 6;

struct SmallPictureOptions {
  InkPlace place = InkPlace::kAsItIs;
  Coding coding = Coding::kGrey;
  bool light_ink = true;
  bool full_contrast = true;  ///< Black and white; else two levels that differ by 100 to 200.
};

/// One digit of a data set (uint8 [N,1,28,28]) as such a picture.
Image draw_small_picture(const Tensor& images, std::int64_t image_index,
                         const SmallPictureOptions& options, RandomStream& random);

/// Options at random.
SmallPictureOptions random_small_picture_options(RandomStream& random);

}  // namespace digitry::test

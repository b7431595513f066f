#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "digitry/base/random.h"
#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

// Digits of a few large pixels without a margin, as the older data sets have them, for tests and
// for bench/vision.

namespace digitry::test {

/// After which data set the digits are made.
enum class LowResolution {
  kUsps,       ///< 16×16 grey pixels; the digit fills them along its longer side.
  kOptdigits,  ///< 8×8 counts of 0 to 16 dark pixels in cells of 4×4; somewhat stretched.
  kSemeion,    ///< 16×16 pixels, 0 or 1; stretched to fill the whole box.
};
inline constexpr std::array<std::string_view, 3> kLowResolutionNames = {"USPS", "optdigits",
                                                                        "Semeion"};

/// One digit of a data set (uint8 [N,1,28,28]), slanted and with strokes of random width, as an
/// image of that kind: one channel, light ink 255 on 0.
Image low_resolution_image(const Tensor& images, std::int64_t image_index, LowResolution kind,
                           RandomStream& random);

/// Such an image drawn at `side`×`side` pixels without a margin: as blocks, or smoothly; with dark
/// or light ink.
Image draw_low_resolution(const Tensor& images, std::int64_t image_index, LowResolution kind,
                          int side, RandomStream& random);

}  // namespace digitry::test

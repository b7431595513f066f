#pragma once

#include <cstdint>
#include <span>

#include "digitry/image/image.h"

// The polarity and the scale of a small image of one object, found from its pixels.

namespace digitry {

/// Side of MNIST's images, and of the box in them that a digit fills.
inline constexpr std::int64_t kMnistSide = 28;
inline constexpr std::int64_t kMnistBoxSide = 20;

/// Whether the object or its background is lighter.
enum class ImagePolarity {
  kLightOnDark,  ///< As in MNIST.
  kDarkOnLight,  ///< Ink on paper.
  kUnclear,      ///< The outermost pixels are neither clearly dark nor clearly light.
  kBlank,        ///< The pixels differ too little.
};

/// "light on dark", "dark on light", "unclear" or "blank".
const char* to_string(ImagePolarity polarity);

/// The polarity of a grey image, [height, width] row by row, with at least one pixel. The median of
/// the outermost pixels is taken as the background; it is clear if it lies in the lowest or the
/// highest third between the darkest and the lightest pixel. An image whose pixels differ by less
/// than 16 is blank.
ImagePolarity find_polarity(std::span<const std::uint8_t> pixels, ImageSize size);

/// Whether the pixels are on the scale 0 to 1 instead of 0 to 255: the largest is 1.
bool has_unit_scale(std::span<const std::uint8_t> pixels);

/// A grey image as light on dark, whichever polarity it is known to have: the background, the
/// median of its outermost pixels, becomes 0, and the pixel that differs most becomes 255. What is
/// on the other side of the background becomes 0. An image that is light on black is returned as it
/// is.
Image light_on_dark(const Image& grey, ImagePolarity polarity);

/// Whether a grey image is in the form of MNIST's: 28×28 pixels, light on black, the object in a
/// box of 20×20 pixels that it fills along one side, with its centre of mass in the middle. Pixels
/// up to 32 count as background. All 60,000 training images of MNIST are in this form. Source:
/// Yadav and Bottou, "Cold case: the lost MNIST digits", NeurIPS 2019, sec. 2.
bool in_mnist_form(const Image& grey);

/// A small image and its form.
struct ImageForm {
  ImagePolarity polarity = ImagePolarity::kBlank;
  bool unit_scale = false;  ///< Its pixels were 0 to 1, and were multiplied by 255.
  Image grey;               ///< One channel, 0 to 255, with the polarity that was found.
  Image light;              ///< The same as light on dark; unchanged if it is unclear or blank.
  /// Blank, or in MNIST's form and not two things of about the same height side by side: can be
  /// classified as it is.
  bool ready = false;
};

/// Finds the form of an image of any number of channels. Transparent parts become paper
/// (`to_grey`). Throws Error{kInvalidArgument} as `check_image` does.
ImageForm find_image_form(const Image& picture);

}  // namespace digitry

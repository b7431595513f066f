#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

// Between images of any number of channels, stored pixel by pixel, and the grey or colour images of
// a data set, stored channel by channel.

namespace digitry {

/// How many channels the images of a data set have.
enum class Channels {
  kGrey,    ///< One: colours become luminance.
  kColour,  ///< Three, RGB: grey is repeated.
};

/// 1 or 3.
constexpr std::int64_t count_of(Channels channels) { return channels == Channels::kColour ? 3 : 1; }

/// `to_grey` or `to_colour`.
Image with_channels(const Image& image, Channels channels);

/// The same for images uint8 [N, C, H, W] of 1, 3 or 4 channels, the fourth being the opacity.
/// Images of another number of channels are returned as they are.
Tensor with_channels(Tensor images, Channels channels);

/// The pixels channel by channel, [C, H, W].
std::vector<std::uint8_t> planes_of(const Image& image);

/// The inverse: an image of `planes`, [C, H, W] with C = size of `planes` / (H · W).
Image image_of_planes(std::span<const std::uint8_t> planes, ImageSize size);

}  // namespace digitry

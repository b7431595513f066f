#include "digitry/image/channels.h"

#include <algorithm>
#include <utility>

#include "digitry/base/parallel.h"

namespace digitry {
namespace {

constexpr std::int64_t kGrain = 64;

}  // namespace

Image with_channels(const Image& image, Channels channels) {
  return channels == Channels::kColour ? to_colour(image) : to_grey(image);
}

std::vector<std::uint8_t> planes_of(const Image& image) {
  const auto channels = static_cast<std::size_t>(image.channels);
  std::vector<std::uint8_t> planes;
  planes.reserve(image.pixels.size());
  for (std::size_t channel = 0; channel < channels; ++channel)
    for (std::size_t i = channel; i < image.pixels.size(); i += channels)
      planes.push_back(image.pixels[i]);
  return planes;
}

Image image_of_planes(std::span<const std::uint8_t> planes, ImageSize size) {
  const auto area = static_cast<std::size_t>(size.height * size.width);
  Image image{size.height, size.width, static_cast<std::int64_t>(planes.size() / area), {}};
  image.pixels.reserve(planes.size());
  for (std::size_t i = 0; i < area; ++i)
    for (std::size_t at = i; at < planes.size(); at += area) image.pixels.push_back(planes[at]);
  return image;
}

Tensor with_channels(Tensor images, Channels channels) {
  const Shape& shape = images.shape();
  const std::int64_t had = shape[1];
  if (had == count_of(channels) || (had != 1 && had != 3 && had != 4)) return images;
  const ImageSize size{shape[2], shape[3]};
  const auto from_length = static_cast<std::size_t>(had * size.height * size.width);
  Tensor result({shape[0], count_of(channels), size.height, size.width}, DType::kU8);
  const auto from = images.as<std::uint8_t>();
  const auto to = result.as<std::uint8_t>();
  const auto to_length = static_cast<std::size_t>(count_of(channels) * size.height * size.width);
  parallel_for(shape[0], kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const Image image = image_of_planes(from.subspan(i * from_length, from_length), size);
      std::ranges::copy(planes_of(with_channels(image, channels)),
                        to.begin() + static_cast<std::ptrdiff_t>(i * to_length));
    }
  });
  return result;
}

}  // namespace digitry

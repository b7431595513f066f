#include "apps/digitry/corruption_preview.h"

#include <algorithm>

#include "apps/digitry/draw_images.h"

namespace digitry::app {

CorruptionPreview make_corruption_preview(const Dataset& data, std::int64_t num_images,
                                          const std::vector<Corruption>& corruptions,
                                          std::uint64_t seed) {
  CorruptionPreview preview{.image_indices = pick_samples(data, num_images),
                            .images = {},
                            .per_row = 1 + std::ssize(corruptions)};
  const std::vector<std::int32_t> shown(preview.image_indices.begin(), preview.image_indices.end());
  const Shape image_shape = data.image_shape();
  const std::int64_t image_size = image_shape.num_elements();
  preview.images = Tensor(image_shape.with_batch(std::ssize(shown) * preview.per_row), DType::kU8);
  const auto to = preview.images.as<std::uint8_t>().begin();
  const auto put = [&](std::int64_t row, std::int64_t column, const std::uint8_t* image) {
    std::copy_n(image, image_size, to + (row * preview.per_row + column) * image_size);
  };
  for (std::int64_t row = 0; row < std::ssize(shown); ++row)
    put(row, 0,
        data.images.as<std::uint8_t>().data() + shown[static_cast<std::size_t>(row)] * image_size);
  for (std::int64_t column = 1; column < preview.per_row; ++column) {
    const Tensor corrupted =
        corrupt_images(data.images, shown, corruptions[static_cast<std::size_t>(column - 1)], seed);
    for (std::int64_t row = 0; row < std::ssize(shown); ++row)
      put(row, column, corrupted.as<std::uint8_t>().data() + row * image_size);
  }
  return preview;
}

}  // namespace digitry::app

#include "digitry/image/contact_sheet.h"

namespace digitry {
namespace {

// In pixels of the images.
constexpr std::int64_t kGap = 1;
constexpr std::int64_t kGapAfterFirst = 5;

}  // namespace

Image make_contact_sheet(const Tensor& images, const ContactSheetOptions& options) {
  const Thumbnailer thumbnailer(images);
  const std::int64_t num_images = images.shape()[0];
  const std::int64_t num_rows = (num_images + options.per_row - 1) / options.per_row;
  const std::int64_t pitch_x = thumbnailer.width() + kGap, pitch_y = thumbnailer.height() + kGap;
  const std::int64_t set_apart = options.per_row > 1 ? kGapAfterFirst - kGap : 0;
  const std::int64_t zoom = options.zoom;
  Image sheet{.height = (num_rows * pitch_y + kGap) * zoom,
              .width = (options.per_row * pitch_x + kGap + set_apart) * zoom,
              .channels = 1,
              .pixels = {}};
  sheet.pixels.assign(static_cast<std::size_t>(sheet.width * sheet.height), options.gap_ink);
  for (std::int64_t i = 0; i < num_images; ++i) {
    const Image image = thumbnailer.make(i);
    const std::int64_t column = i % options.per_row;
    const std::int64_t left = (kGap + column * pitch_x + (column > 0 ? set_apart : 0)) * zoom;
    const std::int64_t top = (kGap + i / options.per_row * pitch_y) * zoom;
    for (std::int64_t y = 0; y < image.height * zoom; ++y)
      for (std::int64_t x = 0; x < image.width * zoom; ++x)
        sheet.pixels[static_cast<std::size_t>((top + y) * sheet.width + left + x)] =
            image.pixels[static_cast<std::size_t>(y / zoom * image.width + x / zoom)];
  }
  return sheet;
}

}  // namespace digitry

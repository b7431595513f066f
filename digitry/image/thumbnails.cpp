#include "digitry/image/thumbnails.h"

#include <algorithm>
#include <cmath>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::int64_t kMaxSide = 64;
constexpr std::int64_t kThumbnailGap = 1;
// The number of images whose borders decide whether the background is light.
constexpr std::int64_t kSampled = 200;

}  // namespace

Thumbnailer::Thumbnailer(const Tensor& images) : images_(images) {
  const Shape& shape = images.shape();
  if (shape.rank() != 4 || shape.num_elements() == 0 || images.dtype() != DType::kU8) {
    throw Error(ErrorCode::kShapeMismatch,
                "thumbnails: expected u8 images [N,C,H,W], each extent at least 1, got {} {}",
                to_string(images.dtype()), shape.to_string());
  }
  const std::int64_t rows = shape[2], columns = shape[3];
  reduction_ = (std::max(rows, columns) + kMaxSide - 1) / kMaxSide;
  width_ = (columns + reduction_ - 1) / reduction_;
  height_ = (rows + reduction_ - 1) / reduction_;

  const std::int64_t num_images = shape[0];
  const std::int64_t stride = std::max<std::int64_t>(1, num_images / kSampled);
  double sum = 0, count = 0;
  for (std::int64_t n = 0; n < num_images; n += stride) {
    for (std::int64_t row = 0; row < rows; ++row) {
      const bool edge = row == 0 || row == rows - 1;
      const std::int64_t step = edge ? 1 : std::max<std::int64_t>(1, columns - 1);
      for (std::int64_t column = 0; column < columns; column += step) {
        sum += mean(n, row, column);
        ++count;
      }
    }
  }
  invert_ = sum > 127.5 * count;
}

double Thumbnailer::mean(std::int64_t image_index, std::int64_t row, std::int64_t column) const {
  const Shape& shape = images_.shape();
  const auto pixels = images_.as<std::uint8_t>();
  const std::int64_t area = shape[2] * shape[3];
  double sum = 0;
  for (std::int64_t channel = 0; channel < shape[1]; ++channel) {
    sum += pixels[static_cast<std::size_t>((image_index * shape[1] + channel) * area +
                                           row * shape[3] + column)];
  }
  return sum / static_cast<double>(shape[1]);
}

Image Thumbnailer::make(std::int64_t image_index) const {
  const std::int64_t rows = images_.shape()[2], columns = images_.shape()[3];
  Image thumbnail{height_, width_, 1, {}};
  thumbnail.pixels.reserve(static_cast<std::size_t>(width_ * height_));
  for (std::int64_t top = 0; top < rows; top += reduction_) {
    for (std::int64_t left = 0; left < columns; left += reduction_) {
      const std::int64_t bottom = std::min(top + reduction_, rows);
      const std::int64_t right = std::min(left + reduction_, columns);
      double sum = 0;
      for (std::int64_t row = top; row < bottom; ++row) {
        for (std::int64_t column = left; column < right; ++column) {
          sum += mean(image_index, row, column);
        }
      }
      const double value = sum / static_cast<double>((bottom - top) * (right - left));
      thumbnail.pixels.push_back(
          static_cast<std::uint8_t>(std::lround(invert_ ? 255 - value : value)));
    }
  }
  return thumbnail;
}

SpriteSheet::SpriteSheet(const Thumbnailer& thumbnailer,
                         std::span<const std::int64_t> image_indices) {
  std::vector<std::int64_t> order;
  for (const std::int64_t image_index : image_indices) {
    if (places_.try_emplace(image_index).second) order.push_back(image_index);
  }
  if (order.empty()) return;
  const std::int64_t pitch_x = thumbnailer.width() + 2 * kThumbnailGap;
  const std::int64_t pitch_y = thumbnailer.height() + 2 * kThumbnailGap;
  const auto count = static_cast<std::int64_t>(order.size());
  const auto columns = static_cast<std::int64_t>(
      std::ceil(std::sqrt(static_cast<double>(count * pitch_y) / static_cast<double>(pitch_x))));
  image_.width = columns * pitch_x;
  image_.height = (count + columns - 1) / columns * pitch_y;
  image_.pixels.assign(static_cast<std::size_t>(image_.width * image_.height), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t image_index = order[static_cast<std::size_t>(i)];
    const Place place{i % columns * pitch_x + kThumbnailGap, i / columns * pitch_y + kThumbnailGap};
    places_[image_index] = place;
    const Image thumbnail = thumbnailer.make(image_index);
    for (std::int64_t row = 0; row < thumbnail.height; ++row) {
      std::copy_n(thumbnail.pixels.begin() + row * thumbnail.width, thumbnail.width,
                  image_.pixels.begin() + (place.y + row) * image_.width + place.x);
    }
  }
}

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

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Makes thumbnails of `images` (uint8 [N, C, H, W]): one channel with ink 255 on background 0, of
/// at most 64 pixels per side. It averages the channels, reduces larger images by a whole factor
/// (the mean of each block), and inverts all images if their borders are light on average.
class Thumbnailer {
 public:
  /// Throws Error{kShapeMismatch} if the images are not uint8 [N, C, H, W] or an extent is 0. Keeps
  /// a reference to `images`.
  explicit Thumbnailer(const Tensor& images);

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  /// The factor by which the sides are reduced; 1 for images of at most 64 pixels per side.
  std::int64_t reduction() const { return reduction_; }
  /// Expects image_index in [0, N).
  Image make(std::int64_t image_index) const;

 private:
  double mean(std::int64_t image_index, std::int64_t row, std::int64_t column) const;

  const Tensor& images_;
  std::int64_t reduction_ = 1;
  std::int64_t width_ = 0;
  std::int64_t height_ = 0;
  bool invert_ = false;
};

/// Many thumbnails in one image, each of them once.
class SpriteSheet {
 public:
  /// The top left corner of an image, in pixels of the sheet.
  struct Place {
    std::int64_t x = 0;
    std::int64_t y = 0;
  };

  /// Draws the images `image_indices`, without duplicates, in rows that form about a square, with
  /// one pixel of background around each.
  SpriteSheet(const Thumbnailer& thumbnailer, std::span<const std::int64_t> image_indices);

  const Image& image() const { return image_; }
  std::size_t num_images() const { return places_.size(); }
  /// Throws std::out_of_range for images that are not on the sheet.
  Place place(std::int64_t image_index) const { return places_.at(image_index); }

 private:
  Image image_;
  std::unordered_map<std::int64_t, Place> places_;
};

struct ContactSheetOptions {
  std::int64_t per_row = 1;  ///< Images per row; a wider gap follows the first.
  std::int64_t zoom = 1;     ///< Side of each image pixel in pixels of the sheet.
  std::uint8_t gap_ink = 0;  ///< Ink of the gaps between images.
};

/// Thumbnails of `images` (uint8 [N, C, H, W]) in rows, e.g. an original and its variations per
/// row. Throws as Thumbnailer does.
Image make_contact_sheet(const Tensor& images, const ContactSheetOptions& options);

}  // namespace digitry

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Makes thumbnails of `images` (uint8 [N, C, H, W]), ink 255 on background 0 in one channel,
/// whatever they were stored as: the mean of the channels; images with a side above 64
/// area-averaged by a whole factor to less; inverted where most of the images' border is light.
class Thumbnailer {
 public:
  /// Throws Error{kShapeMismatch} for another rank or an empty side. Keeps a reference to `images`.
  explicit Thumbnailer(const Tensor& images);

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  /// By what factor a thumbnail's sides are less than its image's.
  std::int64_t reduction() const { return reduction_; }
  Image make(std::int64_t image_index) const;

 private:
  double mean(std::int64_t image_index, std::int64_t row, std::int64_t column) const;

  const Tensor& images_;
  std::int64_t reduction_ = 1;
  std::int64_t width_ = 0;
  std::int64_t height_ = 0;
  bool invert_ = false;
};

/// Many thumbnails in one picture, each once.
class SpriteSheet {
 public:
  /// The place of an image, in pixels of the sheet.
  struct Place {
    std::int64_t x = 0;
    std::int64_t y = 0;
  };

  /// The images named, duplicates once, in rows of about a square, a pixel of background about
  /// each.
  SpriteSheet(const Thumbnailer& thumbnailer, std::span<const std::int64_t> image_indices);

  const Image& image() const { return image_; }
  std::size_t num_images() const { return places_.size(); }
  Place place(std::int64_t image_index) const { return places_.at(image_index); }

 private:
  Image image_;
  std::unordered_map<std::int64_t, Place> places_;
};

struct ContactSheetOptions {
  std::int64_t per_row = 1;  ///< Images beside one another; the first is set apart.
  std::int64_t zoom = 1;     ///< Pixels a side for each of an image.
  std::uint8_t gap_ink = 0;  ///< Of the gaps between images.
};

/// Thumbnails of `images` (uint8 [N, C, H, W]) in rows, e.g. each original with its variations.
/// Throws as Thumbnailer does.
Image make_contact_sheet(const Tensor& images, const ContactSheetOptions& options);

}  // namespace digitry

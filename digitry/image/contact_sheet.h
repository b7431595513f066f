#pragma once

#include <cstdint>

#include "digitry/image/thumbnails.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

struct ContactSheetOptions {
  std::int64_t per_row = 1;  ///< Images beside one another; the first is set apart.
  std::int64_t zoom = 1;     ///< Pixels a side for each of an image.
  std::uint8_t gap_ink = 0;  ///< Of the gaps between images.
};

/// Thumbnails of `images` (uint8 [N, C, H, W]) in rows, e.g. each original with its variations.
/// Throws as Thumbnailer does.
Image make_contact_sheet(const Tensor& images, const ContactSheetOptions& options);

}  // namespace digitry

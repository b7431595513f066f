#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/attribution.h"
#include "digitry/tensor/tensor.h"

namespace digitry::app {

struct DrawOptions {
  int width = 80;      ///< Maximum number of columns.
  bool color = false;  ///< Grey tones in 24-bit colours; else plain characters.
  int per_row = 0;     ///< Images per row; 0: as many as fit at a legible size.
};

/// Draws images as text, several per row, with their class names below. Images are reduced by a
/// whole factor until a few fit in a row. One character represents two pixels, one above the other.
/// Expects at least one channel and draws the first.
std::string draw_images(const Dataset& dataset, std::span<const std::int64_t> image_indices,
                        const DrawOptions& options);

/// Draws an image as text, tinted by its attribution. One character represents two pixels, one
/// above the other. Without 24-bit colours, + marks support for the prediction, - support for the
/// other class, and dots other ink. Expects both arguments to have the same size.
std::string draw_attribution(const Image& image, const AttributionPicture& attribution, bool color);

/// Writes `images` (uint8 [N, C, H, W]) to a PNG file: one picture with `per_row` images per row,
/// with dark ink on light. The first image of each row is set apart.
void write_sheet(const std::string& path, const Tensor& images, std::int64_t per_row);

}  // namespace digitry::app
